#![doc = include_str!("../README.md")]

pub mod environment;
pub mod manifest;
pub mod stacks;
pub mod template;
