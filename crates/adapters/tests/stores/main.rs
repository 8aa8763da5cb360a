//! The stores and the bus, held to their ports.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod application_user;
mod archive;
mod fence;
mod months;
mod older;
mod postgres;
mod postgres_servers;
mod sqlite;
