//! The HTTP interface over a real store, asked as a program or a browser asks it. A module is named by the address that
//! it asks.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod access;
mod api_v1;
mod api_v1_alerts;
mod api_v1_api_keys;
mod api_v1_backups;
mod api_v1_bodies;
mod api_v1_changes;
mod api_v1_conjunctions;
mod api_v1_days;
mod api_v1_geometry;
mod api_v1_idempotency;
mod api_v1_notes;
mod api_v1_objects;
mod api_v1_operations;
mod api_v1_runs;
mod api_v1_screenings;
mod api_v1_session;
mod api_v1_stream;
mod api_v1_uploads;
mod api_v1_watch_lists;
mod api_v1_webhooks;
mod console;
mod organizations;
mod page;
mod people;
mod service;
mod tenants;
