//! The binary on PostgreSQL, Redis, Kafka, an emulator of S3 and a collector of telemetry, which `scripts/services` and its like start.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../faults/chance.rs"]
mod chance;
mod fleet;
mod reconcile;
mod roles;
mod rotation;
#[path = "../service/server.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod server;
mod socket;
#[path = "../faults/target.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod target;
mod telemetry;
mod tiers;
