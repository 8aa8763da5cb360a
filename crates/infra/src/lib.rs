#![doc = include_str!("../README.md")]

pub mod application;
pub mod environment;
pub mod openapi;
pub mod stacks;
pub mod template;
