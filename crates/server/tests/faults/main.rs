//! The service under faults: killed at chosen points and under load, without room, on a disk that takes no writes, with a
//! clock that steps, and with the power cut. It is the built binary in a process of its own, with `layer.c` between it and
//! the C library.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod chance;
mod clock;
mod disk;
mod found;
mod kills;
mod layer;
mod orbits;
mod power;
mod process;
mod script;
mod soak;
#[expect(dead_code, reason = "other tests use more of it")]
mod target;
