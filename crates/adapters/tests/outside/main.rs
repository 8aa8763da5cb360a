//! Feeds, webhooks and mail against real servers on this machine, which do what servers do on bad days.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its servers too")]

mod authority;
mod feed;
mod feed_files;
mod http_server;
mod mail;
mod smtp_server;
mod space_track;
mod webhook;

use std::time::Duration;

/// Long enough for anything that happens at all on a busy machine, and shorter than the timeouts that tests must not
/// run into.
const PATIENCE: Duration = Duration::from_secs(30);
