//! The binary, run as users run it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod catalog;
mod command;
mod convert;
mod pc;
mod process;
mod propagate;
mod screen;
mod version;
