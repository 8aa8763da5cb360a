//! The managed adapters on real servers, which `scripts/test` starts, and what they do while those are away.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod kafka;
mod reconciliation;
mod redis;
mod s3;
