#![doc = include_str!("../README.md")]

pub mod access;
pub mod alert;
pub mod archive;
pub mod assess;
pub mod backups;
pub mod blobs;
pub mod catalog;
pub mod changes;
pub mod conjunction;
pub mod daily;
pub mod data_exports;
pub mod deployment;
pub mod encounter;
pub mod epochs;
pub mod event;
pub mod export;
pub mod feed;
pub mod feeds;
pub mod figures;
pub mod fitness;
pub mod identity;
pub mod ids;
pub mod ingest;
pub mod installation;
pub mod kept_files;
pub mod lease;
pub mod metrics;
pub mod note;
pub mod notify;
pub mod on_demand;
pub mod operations;
pub mod organization;
pub mod patience;
mod population;
pub mod ports;
pub mod reconciliation;
pub mod relay;
pub mod runs;
pub mod satcat;
pub mod screening;
pub mod secrets;
pub mod silence;
pub mod sizes;
pub mod this_machine;
pub mod time;
pub mod trace;
pub mod trajectory;
mod uncertainty;
pub mod upkeep;
pub mod uploads;

/// An error with what lies behind it.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let reason = error.to_string();
        if !text.ends_with(&reason) {
            text = format!("{text}: {reason}");
        }
        source = error.source();
    }
    text
}
