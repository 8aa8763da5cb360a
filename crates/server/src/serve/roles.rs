//! What a process of the service does.

use std::collections::BTreeSet;

use clap::ValueEnum;

/// A part of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Role {
    /// Answers requests.
    Api,
    /// Asks feeds.
    Ingest,
    /// Screens.
    Screen,
    /// Evaluates rules, sends messages, watches over silence.
    Notify,
    /// Publishes events, and forgets what is old.
    Relay,
}

impl Role {
    /// What they are called, with commas.
    pub(crate) fn names(roles: &BTreeSet<Self>) -> String {
        roles.iter().map(|role| format!("{role:?}").to_lowercase()).collect::<Vec<_>>().join(",")
    }

    /// The roles that were asked for; all, if none was.
    pub(crate) fn chosen(asked: &[Self]) -> BTreeSet<Self> {
        if asked.is_empty() {
            Self::value_variants().iter().copied().collect()
        } else {
            asked.iter().copied().collect()
        }
    }
}
