//! The part of the store about runs.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Page, StoreError};
use crate::conjunction::Conjunction;
use crate::ids::{EventId, RunId, TenantId};
use crate::screening::{NotScreened, Run, RunConclusion};

/// How a run changed.
#[derive(Debug, Clone, PartialEq)]
pub enum RunUpdate {
    /// A slice is done; what it found is kept under this path in the blobs. Once done it stays so.
    SliceDone {
        /// Which, from 0.
        slice: u32,
        /// Where.
        blob: String,
    },
    /// It was given up.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        problem: String,
    },
}

/// Screening runs, and what they cover; as [`Store`](super::Store), of which it is a part.
#[async_trait]
pub trait RunStore: Send + Sync + 'static {
    /// Begins a run, with [`Payload::RunStarted`](crate::event::Payload). Refused as a conflict while another run of the
    /// same tenant and kind is running.
    async fn begin_run(&self, run: &Run, causes: &[EventId]) -> Result<(), StoreError>;

    /// Runs that are not ended, the oldest first, of every tenant.
    async fn unfinished_runs(&self) -> Result<Vec<Run>, StoreError>;

    /// Changes a run, with its event. A slice that is done already is left alone, without an event.
    async fn update_run(&self, tenant: &TenantId, run: RunId, update: &RunUpdate) -> Result<(), StoreError>;

    /// The slices of a run that are done, with their blobs.
    async fn slices_done(&self, run: RunId) -> Result<Vec<(u32, String)>, StoreError>;

    /// Runs, the newest first, those before one.
    async fn runs(
        &self,
        tenant: &TenantId,
        before: Option<RunId>,
        limit: u32,
    ) -> Result<Page<Run>, StoreError>;

    /// When the last run of a tenant's own ended that was completed by a time.
    async fn last_screened(&self, tenant: &TenantId, by: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// One run.
    async fn run(&self, tenant: &TenantId, id: RunId) -> Result<Option<Run>, StoreError>;

    /// Objects that a run could not screen.
    async fn not_screened(&self, tenant: &TenantId, run: RunId) -> Result<Vec<NotScreened>, StoreError>;

    /// Whether a tenant's own data stands in place of what is public of any object at a time or after it.
    async fn covers(&self, tenant: &TenantId, from: Timestamp) -> Result<bool, StoreError>;

    /// Concludes a run: `found` are the conjunctions in their new state, active; they replace those of the same identity.
    /// They are stored part by part, each part at once, so that others can write between them; all else is done at once
    /// after them. A conclusion that was cut short is made whole by concluding again. Those first seen since the run began
    /// count as new.
    /// Active conjunctions of the same tenant that the run looked at (TCA inside its window, last found by a run of the same
    /// kind) and did not find become cleared. Every conjunction that was found or cleared gets an entry in its
    /// history. What is covered takes the place, from the start of the window on, of what the tenant's runs covered before:
    /// public conjunctions of these objects at these times are superseded for the tenant. Adds
    /// [`Payload::RunCompleted`](crate::event::Payload) and `ConjunctionsChanged`. A run that is concluded already is left
    /// alone.
    async fn conclude_run(
        &self,
        tenant: &TenantId,
        conclusion: &RunConclusion,
        found: &[Conjunction],
    ) -> Result<(), StoreError>;
}
