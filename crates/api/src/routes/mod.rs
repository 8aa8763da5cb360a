//! The routes under `/api/v1`, a module for each first part of the path, and those under `/auth`.

pub(crate) mod alerts;
pub(crate) mod api_keys;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod backups;
pub(crate) mod changes;
pub(crate) mod conjunctions;
pub(crate) mod days;
pub(crate) mod element_sets;
pub(crate) mod exports;
pub(crate) mod feeds;
pub(crate) mod geometry;
pub(crate) mod invitations;
pub(crate) mod notes;
pub(crate) mod objects;
pub(crate) mod operations;
pub(crate) mod organization;
pub(crate) mod organizations;
pub(crate) mod rules;
pub(crate) mod runs;
pub(crate) mod screenings;
pub(crate) mod session;
pub(crate) mod status;
mod tables;
pub(crate) mod uploads;
pub(crate) mod watch_lists;
pub(crate) mod webhooks;

use astroshield_domain::access::{AuditEntry, Caller};
use jiff::Timestamp;

/// The line of the audit log for a write.
fn audit_entry(caller: &Caller, at: Timestamp, action: &str, target: &impl ToString) -> AuditEntry {
    AuditEntry::of(&caller.tenant, caller.by(), at, action, target)
}
