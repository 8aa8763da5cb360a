#![doc = include_str!("../README.md")]
#![expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "a suite fails by panicking")]

pub mod blobs;
pub mod bus;
pub mod cache;
pub mod connections;
pub mod entities;
pub mod gateway;
pub mod postgres;
pub mod proxy;
pub mod servers;
mod skips;
pub mod store;
pub mod tasks;
