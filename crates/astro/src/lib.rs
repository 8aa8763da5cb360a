#![doc = include_str!("../README.md")]

pub mod cpu;
pub mod elements;
pub mod frames;
pub mod probability;
pub mod screening;
pub mod sgp4;
pub mod state;
pub mod time;

/// An instant in time, with its time scale ([`hifitime`]).
pub use hifitime::Epoch;
