//! Screening runs.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{RunId, TenantId};
use crate::trace::Trace;

/// What a run screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Everything against everything.
    Catalog,
    /// The objects that a tenant has ephemerides of, against everything.
    Ephemerides,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Slices are being screened; after a crash, to be taken up again.
    Running,
    /// Done, its conjunctions stored.
    Completed,
    /// Given up, with a reason.
    Failed,
}

/// A screening of a window of time, and what is needed to do it again.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Identity.
    pub id: RunId,
    /// Whose it is; that of the public catalog is everybody's.
    pub tenant: TenantId,
    /// What it screens.
    pub kind: RunKind,
    /// How far it is.
    pub state: RunState,
    /// The catalog that it screens: what had arrived by then.
    pub as_of: Timestamp,
    /// Start of the window.
    pub window_start: Timestamp,
    /// Stop of the window.
    pub window_stop: Timestamp,
    /// Largest distance, in km.
    pub threshold_km: f64,
    /// Slices that the window is cut into.
    pub slices: u32,
    /// Slices that are done.
    pub slices_done: u32,
    /// Objects that it screens.
    pub objects: u64,
    /// Objects that could not be screened, or not to the end of the window.
    pub not_screened: u64,
    /// Conjunctions that it found.
    pub conjunctions: u64,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Why it failed.
    pub problem: Option<String>,
    /// Version and build of the program.
    pub build: String,
    /// The trace that it belongs to, to be followed on when it is taken up.
    pub trace: Option<Trace>,
}

/// Runs, the newest first, among which the newest that did not fail is looked for.
pub const RECENT_RUNS: u32 = 50;

/// From this on, the start of a run's window is another time than that of the run: that of a catalog of the past.
const OF_ANOTHER_TIME: SignedDuration = SignedDuration::from_hours(24);

/// Where the newest of some runs that did not fail screened a catalog of the past from its own time on: that time, which counts as
/// now for what it found.
#[must_use]
pub fn past_start(newest_first: &[Run]) -> Option<Timestamp> {
    // One that is under way, too: what it found is stored part by part, before it is completed.
    let newest = newest_first.iter().find(|run| run.state != RunState::Failed)?;
    (newest.as_of.duration_since(newest.window_start) > OF_ANOTHER_TIME).then_some(newest.window_start)
}

/// An object that a run could not screen, or not to the end of its window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotScreened {
    /// Catalog number.
    pub object: u32,
    /// From when on; without it, from the start.
    pub from: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

/// An object whose motion a tenant's own data says for some time: its conjunctions then are those that the tenant's run found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Covered {
    /// Catalog number.
    pub object: u32,
    /// From when on.
    pub start: Timestamp,
    /// Until when.
    pub stop: Timestamp,
}

/// What a run came to, when it is concluded.
#[derive(Debug, Clone, PartialEq)]
pub struct RunConclusion {
    /// The run.
    pub run: RunId,
    /// When.
    pub finished: Timestamp,
    /// Objects that could not be screened.
    pub not_screened: Vec<NotScreened>,
    /// What a tenant's run screened by that tenant's own data, in place of what is public.
    pub covered: Vec<Covered>,
}
