#![doc = include_str!("../README.md")]

pub mod environment;
pub mod estimate;
pub mod prices;
pub mod stacks;
pub mod template;
