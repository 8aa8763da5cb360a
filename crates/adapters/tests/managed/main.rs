//! The managed adapters on real servers, which `scripts/test` starts, and what they do while those are away.

mod kafka;
mod redis;
mod servers;
