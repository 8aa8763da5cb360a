#![doc = include_str!("../README.md")]

pub mod application;
pub mod checks;
pub mod coverage;
#[cfg(feature = "deploy")]
pub mod deploy;
pub mod diagram;
pub mod diff;
pub mod environment;
pub mod estimate;
mod layered;
pub mod manifest;
pub mod openapi;
pub mod prices;
pub mod stacks;
pub mod template;
