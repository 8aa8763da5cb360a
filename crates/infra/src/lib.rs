#![doc = include_str!("../README.md")]

pub mod application;
pub mod environment;
pub mod estimate;
pub mod openapi;
pub mod prices;
pub mod stacks;
pub mod template;
