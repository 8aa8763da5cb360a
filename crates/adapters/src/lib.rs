#![doc = include_str!("../README.md")]

pub mod http;
pub mod memory;
pub mod smtp;
pub mod trust;
