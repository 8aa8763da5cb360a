//! The service, run as operators run it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod backup;
mod configuration;
mod first_start;
mod lifecycle;
mod limits;
mod server;
mod shutdown;
mod signals;
mod tenants;
