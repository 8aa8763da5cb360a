#![doc = include_str!("../README.md")]

pub mod access;
pub mod alert;
pub mod blobs;
pub mod catalog;
pub mod conjunction;
pub mod epochs;
pub mod event;
pub mod feed;
pub mod ids;
pub mod ingest;
mod patience;
mod population;
pub mod ports;
pub mod relay;
pub mod runs;
pub mod satcat;
pub mod screening;
pub mod sizes;
pub mod time;
pub mod trajectory;
