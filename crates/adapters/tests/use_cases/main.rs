//! The use cases over a real store, on files that crashes leave behind.

mod alerts;
mod feeds;
mod parts;
mod requests;
mod runs;
mod silence;
