#![doc = include_str!("../README.md")]

pub mod checks;
pub mod deploy;
pub mod diagram;
pub mod diff;
pub mod environment;
pub mod manifest;
pub mod stacks;
pub mod template;
