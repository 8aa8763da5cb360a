//! The use cases over a real store, on files that crashes leave behind.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::clone_on_ref_ptr, reason = "a part becomes its port as it is cloned")]

mod alerts;
mod ephemerides;
mod feeds;
mod fitness;
mod parts;
mod requests;
mod runs;
mod silence;
mod upkeep;
