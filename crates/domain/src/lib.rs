#![doc = include_str!("../README.md")]

pub mod access;
pub mod alert;
pub mod catalog;
pub mod conjunction;
pub mod event;
pub mod feed;
pub mod ids;
pub mod ports;
pub mod screening;
