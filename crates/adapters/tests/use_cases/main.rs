//! The use cases over a real store, on files that crashes leave behind.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::clone_on_ref_ptr, reason = "a part becomes its port as it is cloned")]

mod alerts;
mod ephemerides;
mod escalation;
mod feeds;
mod feeds_over_http;
mod fitness;
#[path = "../outside/http_server.rs"]
#[expect(dead_code, reason = "shared with the tests of what goes out, which need more of it")]
mod http_server;
mod kept_files;
mod notifiers;
mod parts;
mod received;
mod requests;
mod runs;
mod silence;
#[path = "../outside/smtp_server.rs"]
mod smtp_server;
mod space_track;
mod spread;
mod upkeep;
