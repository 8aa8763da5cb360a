//! The store.

use astroshield_formats::{CatalogNumber, EarthOrientationDay, SpaceWeatherDay};
use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::access::{ApiKey, Attempted, AuditEntry, AuditPlace, AuditQuery, StoredAnswer};
use crate::alert::{
    Alert, AlertChanges, AlertQuery, AlertRefresh, Delivery, DeliveryState, Rule, WatchList, Webhook,
};
use crate::catalog::{
    ElementSet, ElementSetPlace, Ingest, IngestSummary, ObjectQuery, SatcatEntry, SpaceObject,
};
use crate::conjunction::{CdmIdentity, Conjunction, ConjunctionQuery, HistoryEntry, ReceivedCdm};
use crate::daily::DayRange;
use crate::event::{Consumed, Event, Published, Topic};
use crate::feed::{FeedStatus, OperatorEphemeris, Upload};
use crate::figures::Figures;
use crate::identity::Grant;
use crate::ids::{
    AlertId, ApiKeyId, ConjunctionId, DeliveryId, EventId, MemberId, RuleId, RunId, TenantId, UploadId,
    WatchListId, WebhookId,
};
use crate::lease::Lease;
use crate::organization::{Account, Invitation, Invitee, Member, Organization, Role};
use crate::ports::ConjunctionStore;
use crate::reconciliation::{BlobKind, BlobOwner, KeptBlob, Reconciled, StoreState};
use crate::screening::{NotScreened, Run, RunConclusion};
use crate::silence::Watched;

/// Why the store did not do what was asked. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The consumer has dealt with this event already.
    #[error("{consumer} has dealt with event {event} already")]
    AlreadyConsumed {
        /// The consumer.
        consumer: &'static str,
        /// The event.
        event: EventId,
    },
    /// What was to be changed is not there, or is another tenant's.
    #[error("no such {kind}: {id}")]
    NotFound {
        /// What kind of thing.
        kind: &'static str,
        /// Which.
        id: String,
    },
    /// What was to be written contradicts what is there.
    #[error("{reason}")]
    Conflict {
        /// The contradiction.
        reason: String,
    },
    /// No room, no right, or no connection: the same call may go through later.
    #[error("the store is unavailable: {reason}")]
    Unavailable {
        /// The reason.
        reason: String,
        /// What lies behind it.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Rows that this program cannot have written, or a statement that is wrong.
    #[error("the store is damaged or of another version: {reason}")]
    Corrupt {
        /// The reason.
        reason: String,
        /// What lies behind it.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether there are more.
    pub more: bool,
}

/// How often a host may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimit {
    /// Most requests.
    pub requests: u32,
    /// In so much time.
    pub within: Duration,
}

/// A request that would be one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyRequests {
    /// The limit that it would break.
    pub limit: RequestLimit,
    /// How long it has to wait.
    pub wait: Duration,
}

/// A part of a list that is cut at places.
#[derive(Debug, Clone, PartialEq)]
pub struct Continued<T, P> {
    /// The rows.
    pub rows: Vec<T>,
    /// The place of the last one, if there are more.
    pub next: Option<P>,
}

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

/// What is forgotten when it is old. Element sets, uploads and alerts are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prunable {
    /// Entries of the history of conjunctions, by when they were made.
    History,
    /// Past and cleared conjunctions with what is left of their history and what was noted about them, by TCA, and what tenants
    /// covered by then.
    Conjunctions,
    /// Runs that ended, by when; the newest completed one of each tenant and kind stays.
    Runs,
    /// Events that every consumer has passed, by when they happened.
    Events,
    /// Messages that were taken or given up, by the last attempt.
    Deliveries,
    /// Answers under idempotency keys, by when they were given.
    Answers,
    /// Lines of the audit log, by when they were written.
    Audit,
}

/// Everything that must not be lost.
///
/// Each call is one transaction. What it writes is durable when it returns well, and its events are in the outbox with it; when it
/// fails, nothing of it is there. Calls for a tenant see that tenant's rows and the public ones; what users set up or are told
/// (watch lists, rules, webhooks, deliveries, keys, the audit log, answers) and ephemerides only that tenant's. Writes reach
/// that tenant's rows only.
#[async_trait]
pub trait Store: ConjunctionStore {
    /// Whether the store answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Whether the store takes a write that lasts; it changes nothing. Where a disk is full or takes no writes, reading still
    /// works.
    async fn try_write(&self) -> Result<(), StoreError>;

    /// Notified after each commit through this store that may have put events into the outbox.
    fn outbox(&self) -> Arc<Notify>;

    /// What there is and how far everybody is, as of a time.
    async fn figures(&self, now: Timestamp) -> Result<Figures, StoreError>;

    // Catalog

    /// Stores element sets, those that are known already left alone. An element set is known if its tenant, object, epoch and
    /// elements are. The current one of an object is that of the newest epoch not more than seven days after arrival; of
    /// equal epochs, the better grade, then the later arrival. Adds [`Payload::ElementSetsStored`](crate::event::Payload)
    /// caused by `causes` if anything was new.
    async fn ingest(&self, ingest: &Ingest, causes: &[EventId]) -> Result<IngestSummary, StoreError>;

    /// What SATCAT says, in place of what it said before of the same objects. Returns of how many it says something new.
    async fn put_satcat(&self, entries: &[SatcatEntry]) -> Result<u64, StoreError>;

    /// The current element set of every object, of what had arrived by a time, by catalog number: a tenant's own and the
    /// public ones.
    async fn catalog_as_of(&self, tenant: &TenantId, as_of: Timestamp)
    -> Result<Vec<ElementSet>, StoreError>;

    /// The current element sets of now, as [`Store::catalog_as_of`] has them, those after a catalog number.
    async fn current_element_sets(
        &self,
        tenant: &TenantId,
        after: Option<CatalogNumber>,
        limit: u32,
    ) -> Result<Page<ElementSet>, StoreError>;

    /// When the newest element set of a tenant's own arrived, and its newest epoch: that after which one in a hundred objects
    /// has its own, so that a few wrong or predicted dates do not make a catalog fresh. The public catalog is that of the
    /// tenant `public`: what somebody else has given says nothing of its age.
    async fn catalog_age(&self, tenant: &TenantId) -> Result<Option<(Timestamp, Timestamp)>, StoreError>;

    /// Objects with element sets that SATCAT says have decayed, a tenant's own and the public ones, and on which day
    /// (`2026-01-31`), by catalog number.
    async fn decayed(&self, tenant: &TenantId) -> Result<Vec<(CatalogNumber, String)>, StoreError>;

    /// Objects, by catalog number.
    async fn objects(&self, tenant: &TenantId, query: &ObjectQuery) -> Result<Page<SpaceObject>, StoreError>;

    /// One object.
    async fn object(
        &self,
        tenant: &TenantId,
        number: CatalogNumber,
    ) -> Result<Option<SpaceObject>, StoreError>;

    /// Element sets of an object, the newest epoch first, of equal epochs the better grade and then the later arrival;
    /// those after a place in this order.
    async fn element_history(
        &self,
        tenant: &TenantId,
        number: CatalogNumber,
        after: Option<&ElementSetPlace>,
        limit: u32,
    ) -> Result<Continued<ElementSet, ElementSetPlace>, StoreError>;

    // Days

    /// Stores space weather, and returns how many days are new or changed. What is less certain never takes the place of
    /// what is more; what is the same is left alone, with its source and its time of arrival.
    async fn put_space_weather(
        &self,
        source: &str,
        arrived: Timestamp,
        days: &[SpaceWeatherDay],
    ) -> Result<u64, StoreError>;

    /// Space weather from a day to a day, both included.
    async fn space_weather(&self, from: Date, to: Date) -> Result<DayRange<SpaceWeatherDay>, StoreError>;

    /// Stores the orientation of the Earth, as [`Store::put_space_weather`] does.
    async fn put_earth_orientation(
        &self,
        source: &str,
        arrived: Timestamp,
        days: &[EarthOrientationDay],
    ) -> Result<u64, StoreError>;

    /// The orientation of the Earth from a day to a day, both included.
    async fn earth_orientation(
        &self,
        from: Date,
        to: Date,
    ) -> Result<DayRange<EarthOrientationDay>, StoreError>;

    // Feeds, uploads, ephemerides

    /// Counts a request of now to a host that wants few of them, whichever process makes it. One that would be more than a
    /// limit allows is not counted, and has to wait.
    async fn count_request(
        &self,
        host: &str,
        now: Timestamp,
        limits: &[RequestLimit],
    ) -> Result<Option<TooManyRequests>, StoreError>;

    /// What is known of every feed that was ever asked.
    async fn feeds(&self) -> Result<Vec<FeedStatus>, StoreError>;

    /// What a feed said now, with an event.
    async fn put_feed(&self, status: &FeedStatus, event: &Event) -> Result<(), StoreError>;

    /// Stores an upload, and the ephemerides and conjunction messages that it holds, with its events, and a line of the
    /// audit log if it was somebody's act.
    async fn add_upload(
        &self,
        upload: &Upload,
        ephemerides: &[OperatorEphemeris],
        cdms: &[ReceivedCdm],
        events: &[Event],
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError>;

    /// As [`Store::add_upload`], of an upload that holds element sets: these are stored with it, as by [`Store::ingest`].
    async fn add_upload_of_element_sets(
        &self,
        upload: &Upload,
        ingest: &Ingest,
        ephemerides: &[OperatorEphemeris],
        cdms: &[ReceivedCdm],
        events: &[Event],
        audit: Option<&AuditEntry>,
    ) -> Result<IngestSummary, StoreError>;

    /// Uploads, the newest first, those before one.
    async fn uploads(
        &self,
        tenant: &TenantId,
        before: Option<UploadId>,
        limit: u32,
    ) -> Result<Page<Upload>, StoreError>;

    /// One upload.
    async fn upload(&self, tenant: &TenantId, id: UploadId) -> Result<Option<Upload>, StoreError>;

    /// The newest ephemeris of each object of a tenant that had arrived by a time and covers some of a window, by object.
    async fn ephemerides_as_of(
        &self,
        tenant: &TenantId,
        as_of: Timestamp,
        window: (Timestamp, Timestamp),
    ) -> Result<Vec<OperatorEphemeris>, StoreError>;

    /// Tenants other than `public` that have a subject of their own: an ephemeris that goes on at a time, or element sets.
    async fn tenants_with_subjects(&self, at: Timestamp) -> Result<Vec<TenantId>, StoreError>;

    // Runs

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

    // Conjunctions

    /// Identities of what a tenant itself has in a window, to be matched with what a run finds: identity, objects in
    /// ascending order, whether a relation, TCA and when first seen. Relations are known in every window.
    async fn known_conjunctions(
        &self,
        tenant: &TenantId,
        window: (Timestamp, Timestamp),
    ) -> Result<Vec<(ConjunctionId, [u32; 2], bool, Timestamp, Timestamp)>, StoreError>;

    /// Conjunctions in the order of the query. Public ones that are superseded for the tenant are among them only if the query
    /// asks for these.
    async fn conjunctions(
        &self,
        tenant: &TenantId,
        query: &ConjunctionQuery,
    ) -> Result<Page<Conjunction>, StoreError>;

    /// One conjunction.
    async fn conjunction(
        &self,
        tenant: &TenantId,
        id: ConjunctionId,
    ) -> Result<Option<Conjunction>, StoreError>;

    /// The history of a conjunction, the oldest first.
    async fn conjunction_history(
        &self,
        tenant: &TenantId,
        id: ConjunctionId,
    ) -> Result<Vec<HistoryEntry>, StoreError>;

    /// Identities of the conjunction messages that a tenant itself has with a TCA in a window, both ends included.
    async fn known_cdms(
        &self,
        tenant: &TenantId,
        window: (Timestamp, Timestamp),
    ) -> Result<Vec<CdmIdentity>, StoreError>;

    /// Conjunction messages of a conjunction, the newest first: those that were received for it, and those of the same pair
    /// and time that came before it was found.
    async fn cdms_of(&self, tenant: &TenantId, id: ConjunctionId) -> Result<Vec<ReceivedCdm>, StoreError>;

    /// Conjunction messages that a tenant sees with a TCA from a time on.
    async fn cdms_from(&self, tenant: &TenantId, from: Timestamp) -> Result<Vec<ReceivedCdm>, StoreError>;

    /// The conjunction of each pair around a time, in the order of the pairs, not more than
    /// [`IDENTITY_MINUTES`](crate::conjunction::IDENTITY_MINUTES) from it: the tenant's own before a public one, an active one
    /// before others, the nearest of these.
    async fn conjunctions_at(
        &self,
        tenant: &TenantId,
        pairs: &[([CatalogNumber; 2], Timestamp)],
    ) -> Result<Vec<Option<ConjunctionId>>, StoreError>;

    // Watch lists, rules, alerts

    /// Watch lists, by name.
    async fn watch_lists(&self, tenant: &TenantId) -> Result<Vec<WatchList>, StoreError>;

    /// One watch list.
    async fn watch_list(&self, tenant: &TenantId, id: WatchListId) -> Result<Option<WatchList>, StoreError>;

    /// Makes or replaces a watch list.
    async fn put_watch_list(&self, list: &WatchList, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Removes a watch list. A conflict while a rule speaks of it.
    async fn remove_watch_list(
        &self,
        tenant: &TenantId,
        id: WatchListId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Rules, by name.
    async fn rules(&self, tenant: &TenantId) -> Result<Vec<Rule>, StoreError>;

    /// One rule.
    async fn rule(&self, tenant: &TenantId, id: RuleId) -> Result<Option<Rule>, StoreError>;

    /// Rules of every tenant that are in force.
    async fn enabled_rules(&self) -> Result<Vec<Rule>, StoreError>;

    /// Makes or replaces a rule.
    async fn put_rule(&self, rule: &Rule, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Removes a rule.
    async fn remove_rule(&self, tenant: &TenantId, id: RuleId, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Alerts that are not resolved, of one tenant.
    async fn unresolved_alerts(&self, tenant: &TenantId) -> Result<Vec<Alert>, StoreError>;

    /// Alerts to escalate by now, or whose muting is over, of every tenant.
    async fn alerts_due(&self, now: Timestamp) -> Result<Vec<Alert>, StoreError>;

    /// Alerts, the newest first.
    async fn alerts(&self, tenant: &TenantId, query: &AlertQuery) -> Result<Page<Alert>, StoreError>;

    /// The alert of a subject that was resolved last, by the [key](crate::alert::Subject::key) of the subject.
    async fn resolved_alert(&self, tenant: &TenantId, subject_key: &str)
    -> Result<Option<Alert>, StoreError>;

    /// One alert.
    async fn alert(&self, tenant: &TenantId, id: AlertId) -> Result<Option<Alert>, StoreError>;

    /// Stores changed alerts and their messages, with an event for each change and the lines of the audit log. A second unresolved alert of the same
    /// subject is a conflict, and so is an alert that is not of the version before. With `consumed`, refuses what that
    /// consumer has dealt with.
    async fn change_alerts(
        &self,
        tenant: &TenantId,
        changes: &AlertChanges,
        consumed: Option<Consumed>,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Lets the lines of unresolved alerts of a tenant follow what they are about. Nothing else of them changes, and nothing is
    /// told.
    async fn refresh_alerts(&self, tenant: &TenantId, refreshed: &[AlertRefresh]) -> Result<(), StoreError>;

    /// Messages to send by now, of every tenant, taken for a time: nobody else gets them before `until`. Channels take turns,
    /// and no more than [`DELIVERIES_PER_CHANNEL`](crate::alert::DELIVERIES_PER_CHANNEL) of one are taken at a time.
    async fn take_deliveries(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// How an attempt ended.
    async fn put_delivery(
        &self,
        id: DeliveryId,
        state: DeliveryState,
        next_attempt: Timestamp,
        problem: Option<&str>,
    ) -> Result<(), StoreError>;

    /// How many messages of a tenant were given up and are not forgotten.
    async fn given_up(&self, tenant: &TenantId) -> Result<u64, StoreError>;

    /// Messages of an alert.
    async fn deliveries_of(&self, tenant: &TenantId, alert: AlertId) -> Result<Vec<Delivery>, StoreError>;

    /// Webhooks, by name.
    async fn webhooks(&self, tenant: &TenantId) -> Result<Vec<Webhook>, StoreError>;

    /// One webhook.
    async fn webhook(&self, tenant: &TenantId, id: WebhookId) -> Result<Option<Webhook>, StoreError>;

    /// Makes a webhook, or gives one another name, address and whether it is in use. Its secrets stay.
    async fn put_webhook(&self, webhook: &Webhook, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Gives a webhook another name, address and whether it is in use; its secrets stay. A conflict if one of these is not as in
    /// `before` any more.
    async fn replace_webhook(
        &self,
        webhook: &Webhook,
        before: &Webhook,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Gives a webhook the secrets of this one. A conflict if the secret is not the one before it any more.
    async fn rotate_webhook(
        &self,
        webhook: &Webhook,
        before: &str,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Removes a webhook. A conflict while a rule names it.
    async fn remove_webhook(
        &self,
        tenant: &TenantId,
        id: WebhookId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    // Organizations

    /// Organizations, by identity; those that are being removed and what is left of those that were, too.
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;

    /// One organization.
    async fn organization(&self, tenant: &TenantId) -> Result<Option<Organization>, StoreError>;

    /// Makes an organization. A conflict if there is or was one of this identity.
    async fn add_organization(
        &self,
        organization: &Organization,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Gives an organization another name. That of the platform may not have been made yet, and is then.
    async fn rename_organization(
        &self,
        organization: &Organization,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Lets nobody into an organization any more: it is closed, and its keys are revoked. A conflict if it is closed.
    async fn close_organization(
        &self,
        tenant: &TenantId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Erases some of a closed organization's rows, in every table that has a tenant's: about so many. Returns how many went;
    /// 0 when nothing is left but the organization. A conflict if it is open.
    async fn erase(&self, tenant: &TenantId, limit: u32) -> Result<u64, StoreError>;

    /// Notes that nothing is left of a closed organization: its name goes, too, and what was told the first time stays.
    async fn put_erased(&self, tenant: &TenantId, at: Timestamp) -> Result<(), StoreError>;

    /// Members and invitations of an organization, by when they were added.
    async fn members(&self, tenant: &TenantId) -> Result<Vec<Member>, StoreError>;

    /// Adds a member or an invitation. A conflict if the account or the address has one.
    async fn add_member(&self, member: &Member, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Gives a member another role. A conflict if it was the last administrator.
    async fn change_role(
        &self,
        tenant: &TenantId,
        id: MemberId,
        role: Role,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Removes a member or an invitation. A conflict if it was the last administrator.
    async fn remove_member(
        &self,
        tenant: &TenantId,
        id: MemberId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// What an account may do by its memberships in organizations that are open, by their identity.
    async fn memberships(&self, account: &Account) -> Result<Vec<Grant>, StoreError>;

    /// Invitations of somebody, by account and by address, to organizations that are open, by their identity.
    async fn invitations(&self, invitee: &Invitee) -> Result<Vec<Invitation>, StoreError>;

    /// Makes an invitation a membership. Where the account has another one in the organization, invitation or membership, both
    /// become one, with the greater role. Not found if somebody else is invited, or it was accepted.
    async fn accept_invitation(
        &self,
        invitee: &Invitee,
        tenant: &TenantId,
        id: MemberId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Removes an invitation. Not found if somebody else is invited, or it was accepted.
    async fn decline_invitation(
        &self,
        invitee: &Invitee,
        tenant: &TenantId,
        id: MemberId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// The organization that somebody chose last, whether they may do anything in it still or not.
    async fn chosen_organization(&self, account: &Account) -> Result<Option<TenantId>, StoreError>;

    /// Keeps which organization somebody chose.
    async fn choose_organization(
        &self,
        account: &Account,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    // Access

    /// API keys, revoked ones too.
    async fn api_keys(&self, tenant: &TenantId) -> Result<Vec<ApiKey>, StoreError>;

    /// Makes a key. One of the same identity is replaced: nobody was told what it was.
    async fn add_api_key(&self, key: &ApiKey, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Revokes a key.
    async fn revoke_api_key(
        &self,
        tenant: &TenantId,
        id: ApiKeyId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// The key of this hash, revoked or not; those of organizations that are closed are none.
    async fn api_key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError>;

    /// Adds a line to the audit log, for what is written elsewhere.
    async fn add_audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;

    /// What was written by whom, the newest first, entries of one time in reverse.
    async fn audit(
        &self,
        tenant: &TenantId,
        query: &AuditQuery,
    ) -> Result<Continued<AuditEntry, AuditPlace>, StoreError>;

    /// Keeps that a request is tried under an idempotency key, and when first. A request that was not answered gives its
    /// place to another one under the same key.
    async fn attempt(
        &self,
        tenant: &TenantId,
        key: &str,
        request: &[u8; 32],
        at: Timestamp,
    ) -> Result<Attempted, StoreError>;

    /// Whether a consumer has dealt with an event.
    async fn was_consumed(&self, consumed: Consumed) -> Result<bool, StoreError>;

    /// The answer that was given under an idempotency key.
    async fn answer(&self, tenant: &TenantId, key: &str) -> Result<Option<StoredAnswer>, StoreError>;

    /// Keeps an answer. A conflict if the key has one.
    async fn put_answer(
        &self,
        tenant: &TenantId,
        key: &str,
        answer: &StoredAnswer,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    // Events

    /// Gives events of the outbox that have none a position, in the order in which they were committed, and returns them.
    async fn sequence_events(&self, limit: u32) -> Result<Vec<Published>, StoreError>;

    /// As [`Store::sequence_events`], of whoever holds a lease: a conflict if that is somebody else by now. Nobody is given the
    /// lease before this is done.
    async fn sequence_events_under(&self, lease: &Lease, limit: u32) -> Result<Vec<Published>, StoreError>;

    /// Events that have a position after one, of some topics, in the order of positions.
    async fn events_after(
        &self,
        position: i64,
        topics: &[Topic],
        limit: u32,
    ) -> Result<Vec<Published>, StoreError>;

    /// As [`Store::events_after`], those that a tenant may see: its own and public ones.
    async fn events_seen_by(
        &self,
        tenant: &TenantId,
        position: i64,
        topics: &[Topic],
        limit: u32,
    ) -> Result<Vec<Published>, StoreError>;

    /// The newest position.
    async fn last_position(&self) -> Result<i64, StoreError>;

    /// The position from which on every event is there: those before it are forgotten. One more than the newest if none is
    /// there.
    async fn oldest_position(&self) -> Result<i64, StoreError>;

    /// Where a consumer is; 0 if it never was anywhere.
    async fn consumer_position(&self, consumer: &str) -> Result<i64, StoreError>;

    /// Moves a consumer on; never back.
    async fn advance_consumer(&self, consumer: &str, position: i64) -> Result<(), StoreError>;

    // Leases

    /// Gives the lease of something to a holder for a time from now on by the clock of the store, or lets the one who has it
    /// keep it; `None` while somebody else holds it. Everybody asks for the same time.
    async fn take_lease(&self, name: &str, holder: &str, ttl: Duration) -> Result<Option<Lease>, StoreError>;

    /// Ends a lease; nothing if it is somebody else's by now.
    async fn give_lease_back(&self, lease: &Lease) -> Result<(), StoreError>;

    // Reconciliation after a restore

    /// What the store says of itself.
    async fn state(&self) -> Result<StoreState, StoreError>;

    /// Those of some events that the store knows.
    async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, StoreError>;

    /// How many events have a position after one and up to another.
    async fn events_between(&self, after: i64, last: i64) -> Result<u64, StoreError>;

    /// Rows of a kind that speak of blobs, by tenant and identity, those after one.
    async fn blob_owners(
        &self,
        kind: BlobKind,
        after: Option<&(TenantId, Uuid)>,
        limit: u32,
    ) -> Result<Vec<BlobOwner>, StoreError>;

    /// Blobs that nothing spoke of at the last reconciliation. They are named by it ([`Store::named_blobs`]).
    async fn kept_blobs(&self) -> Result<Vec<KeptBlob>, StoreError>;

    /// Since when it is known that a blob of a tenant is gone that something speaks of.
    async fn missing_since(&self, tenant: &TenantId, path: &str) -> Result<Option<Timestamp>, StoreError>;

    /// Goes on from a restore: with positions and the relay from where it is said, and with leases that nobody of before can hold.
    /// What was known of blobs is replaced; a blob that was known to be unnamed or missing stays so since then.
    async fn reconcile(&self, reconciled: &Reconciled) -> Result<(), StoreError>;

    // Silence

    /// What this store is called: a name of its own from the first time that somebody asks. A backup does not have it, so
    /// that what is restored from it is another one.
    async fn installation(&self) -> Result<Uuid, StoreError>;

    /// For how long it has been watched for silence; `None` if it never was.
    async fn watched(&self) -> Result<Option<Watched>, StoreError>;

    /// Notes for how long it has been watched.
    async fn put_watched(&self, watched: &Watched) -> Result<(), StoreError>;

    // Upkeep

    /// Makes what has to be there before something comes: a store may keep element sets by the month. Returns how many parts were
    /// made.
    async fn make_room(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Tenants that have conjunctions, `public` among them.
    async fn tenants_with_conjunctions(&self) -> Result<Vec<TenantId>, StoreError>;

    /// Lets active conjunctions of a tenant's own become past whose TCA is before a time, at most so many. A relation goes on
    /// after its TCA: it becomes past when no run has found it for a day. Returns how many did.
    async fn pass_conjunctions(
        &self,
        tenant: &TenantId,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError>;

    /// Forgets some of what is older than a time, in one short transaction: looks at no more than about so many rows. Returns
    /// how many went; 0 when nothing is left to forget.
    async fn prune(&self, what: Prunable, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Those of some paths of blobs that something in the store speaks of: deliveries, uploads, ephemerides, messages, and
    /// slices of runs that are not ended.
    async fn named_blobs(&self, paths: &[String]) -> Result<Vec<String>, StoreError>;
}
