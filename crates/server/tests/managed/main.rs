//! The binary on PostgreSQL, Redis, Kafka, an emulator of S3 and a collector of telemetry, which `scripts/services` and its like start.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../identity/browser.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod browser;
#[path = "../faults/chance.rs"]
mod chance;
mod database;
mod faults;
mod fleet;
mod gateway;
mod guesses;
mod load;
#[path = "../identity/place.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod place;
mod reconcile;
mod roles;
mod rotating;
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
