//! The port, call by call.

use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::access::{ApiKey, Attempted, AuditEntry, AuditPlace, AuditQuery, StoredAnswer};
use astroshield_domain::alert::{
    Alert, AlertChanges, AlertQuery, AlertRefresh, Delivery, DeliveryState, Rule, WatchList, Webhook,
};
use astroshield_domain::catalog::{
    ElementSet, ElementSetPlace, Ingest, IngestSummary, ObjectQuery, SatcatEntry, SpaceObject,
};
use astroshield_domain::conjunction::{
    CdmIdentity, Conjunction, ConjunctionQuery, HistoryEntry, ReceivedCdm,
};
use astroshield_domain::daily::DayRange;
use astroshield_domain::event::{Consumed, Event, Published, Topic};
use astroshield_domain::feed::{FeedStatus, OperatorEphemeris, Upload};
use astroshield_domain::figures::Figures;
use astroshield_domain::identity::Grant;
use astroshield_domain::ids::{
    AlertId, ApiKeyId, ConjunctionId, DeliveryId, EventId, MemberId, RuleId, RunId, TenantId, UploadId,
    WatchListId, WebhookId,
};
use astroshield_domain::lease::Lease;
use astroshield_domain::organization::{Account, Invitation, Invitee, Member, Organization, Role};
use astroshield_domain::ports::{
    Continued, Page, Prunable, RequestLimit, RunUpdate, Store, StoreError, TooManyRequests,
};
use astroshield_domain::reconciliation::{BlobKind, BlobOwner, KeptBlob, Reconciled, StoreState};
use astroshield_domain::screening::{NotScreened, Run, RunConclusion};
use astroshield_domain::silence::Watched;
use astroshield_formats::{CatalogNumber, EarthOrientationDay, SpaceWeatherDay};
use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::Notify;
use tracing::Instrument as _;
use uuid::Uuid;

use super::calls::call;
use super::days::{self, Series};
use super::{
    ThisStore, access, alerts, catalog, conclusion, conjunctions, coverage, deliveries, erasure, events,
    figures, inbound, installation, leases, make_months, objects, organizations, reconciliation, requests,
    runs, silence, upkeep, watching,
};
use crate::sql::failure::Failure;
use crate::sql::whose::Whose;

#[async_trait]
impl Store for ThisStore {
    async fn ping(&self) -> Result<(), StoreError> {
        read!(self, Whose::Everybody, connection, events::ping(connection))
    }

    async fn try_write(&self) -> Result<(), StoreError> {
        write!(self, Whose::Everybody, connection, events::try_write(connection))
    }

    fn outbox(&self) -> Arc<Notify> {
        Arc::clone(&self.outbox)
    }

    async fn figures(&self, now: Timestamp) -> Result<Figures, StoreError> {
        read!(self, Whose::Everybody, connection, figures::figures(connection, now))
    }

    async fn ingest(&self, ingest: &Ingest, causes: &[EventId]) -> Result<IngestSummary, StoreError> {
        write_events!(self, &ingest.tenant, connection, catalog::ingest(connection, ingest, causes))
    }

    async fn put_satcat(&self, entries: &[SatcatEntry]) -> Result<u64, StoreError> {
        write!(self, Whose::Everybody, connection, objects::put_satcat(connection, entries))
    }

    async fn catalog_as_of(
        &self,
        tenant: &TenantId,
        as_of: Timestamp,
    ) -> Result<Vec<ElementSet>, StoreError> {
        read!(self, tenant, connection, catalog::catalog_as_of(connection, tenant, as_of))
    }

    async fn current_element_sets(
        &self,
        tenant: &TenantId,
        after: Option<CatalogNumber>,
        limit: u32,
    ) -> Result<Page<ElementSet>, StoreError> {
        read!(self, tenant, connection, catalog::current_element_sets(connection, tenant, after, limit))
    }

    async fn catalog_age(&self, tenant: &TenantId) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        read!(self, tenant, connection, catalog::catalog_age(connection, tenant))
    }

    async fn decayed(&self, tenant: &TenantId) -> Result<Vec<(CatalogNumber, String)>, StoreError> {
        read!(self, tenant, connection, objects::decayed(connection, tenant))
    }

    async fn objects(&self, tenant: &TenantId, query: &ObjectQuery) -> Result<Page<SpaceObject>, StoreError> {
        look!(self, tenant, connection, [tenant, query], objects::objects(connection, tenant, query))
    }

    async fn object(
        &self,
        tenant: &TenantId,
        number: CatalogNumber,
    ) -> Result<Option<SpaceObject>, StoreError> {
        look!(self, tenant, connection, [tenant], objects::object(connection, tenant, number))
    }

    async fn element_history(
        &self,
        tenant: &TenantId,
        number: CatalogNumber,
        after: Option<&ElementSetPlace>,
        limit: u32,
    ) -> Result<Continued<ElementSet, ElementSetPlace>, StoreError> {
        read!(self, tenant, connection, catalog::element_history(connection, tenant, number, after, limit))
    }

    async fn put_space_weather(
        &self,
        source: &str,
        arrived: Timestamp,
        days: &[SpaceWeatherDay],
    ) -> Result<u64, StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            days::put(connection, Series::SpaceWeather, source, arrived, days)
        )
    }

    async fn space_weather(&self, from: Date, to: Date) -> Result<DayRange<SpaceWeatherDay>, StoreError> {
        read!(self, Whose::Everybody, connection, days::range(connection, Series::SpaceWeather, from, to))
    }

    async fn put_earth_orientation(
        &self,
        source: &str,
        arrived: Timestamp,
        days: &[EarthOrientationDay],
    ) -> Result<u64, StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            days::put(connection, Series::EarthOrientation, source, arrived, days)
        )
    }

    async fn earth_orientation(
        &self,
        from: Date,
        to: Date,
    ) -> Result<DayRange<EarthOrientationDay>, StoreError> {
        read!(self, Whose::Everybody, connection, days::range(connection, Series::EarthOrientation, from, to))
    }

    async fn count_request(
        &self,
        host: &str,
        now: Timestamp,
        limits: &[RequestLimit],
    ) -> Result<Option<TooManyRequests>, StoreError> {
        write!(self, Whose::Everybody, connection, requests::count(connection, host, now, limits))
    }

    async fn feeds(&self) -> Result<Vec<FeedStatus>, StoreError> {
        read!(self, Whose::Everybody, connection, inbound::feeds(connection))
    }

    async fn put_feed(&self, status: &FeedStatus, event: &Event) -> Result<(), StoreError> {
        write_events!(self, &event.tenant, connection, inbound::put_feed(connection, status, event))
    }

    async fn add_upload(
        &self,
        upload: &Upload,
        ephemerides: &[OperatorEphemeris],
        cdms: &[ReceivedCdm],
        events: &[Event],
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError> {
        let held = (ephemerides, cdms);
        write_events!(
            self,
            &upload.tenant,
            connection,
            inbound::add_upload(connection, upload, held, events, audit)
        )
    }

    async fn add_upload_of_element_sets(
        &self,
        upload: &Upload,
        ingest: &Ingest,
        ephemerides: &[OperatorEphemeris],
        cdms: &[ReceivedCdm],
        events: &[Event],
        audit: Option<&AuditEntry>,
    ) -> Result<IngestSummary, StoreError> {
        let held = (ephemerides, cdms);
        write_events!(self, &upload.tenant, connection, async {
            let summary = catalog::ingest(connection, ingest, &[]).await?;
            inbound::add_upload(connection, upload, held, events, audit).await?;
            Ok::<_, Failure>(summary)
        })
    }

    async fn uploads(
        &self,
        tenant: &TenantId,
        before: Option<UploadId>,
        limit: u32,
    ) -> Result<Page<Upload>, StoreError> {
        read!(self, tenant, connection, inbound::uploads(connection, tenant, before, limit))
    }

    async fn upload(&self, tenant: &TenantId, id: UploadId) -> Result<Option<Upload>, StoreError> {
        read!(self, tenant, connection, inbound::upload(connection, tenant, id))
    }

    async fn ephemerides_as_of(
        &self,
        tenant: &TenantId,
        as_of: Timestamp,
        window: (Timestamp, Timestamp),
    ) -> Result<Vec<OperatorEphemeris>, StoreError> {
        read!(self, tenant, connection, inbound::ephemerides_as_of(connection, tenant, as_of, window))
    }

    async fn tenants_with_subjects(&self, at: Timestamp) -> Result<Vec<TenantId>, StoreError> {
        read!(self, Whose::Everybody, connection, inbound::tenants_with_subjects(connection, at))
    }

    async fn begin_run(&self, run: &Run, causes: &[EventId]) -> Result<(), StoreError> {
        write_events!(self, &run.tenant, connection, runs::begin_run(connection, run, causes))
    }

    async fn unfinished_runs(&self) -> Result<Vec<Run>, StoreError> {
        read!(self, Whose::Everybody, connection, runs::unfinished_runs(connection))
    }

    async fn update_run(&self, tenant: &TenantId, run: RunId, update: &RunUpdate) -> Result<(), StoreError> {
        write_events!(self, tenant, connection, runs::update_run(connection, tenant, run, update))
    }

    async fn slices_done(&self, run: RunId) -> Result<Vec<(u32, String)>, StoreError> {
        read!(self, Whose::Everybody, connection, runs::slices_done(connection, run))
    }

    async fn runs(
        &self,
        tenant: &TenantId,
        before: Option<RunId>,
        limit: u32,
    ) -> Result<Page<Run>, StoreError> {
        read!(self, tenant, connection, runs::runs(connection, tenant, before, limit))
    }

    async fn last_screened(&self, tenant: &TenantId, by: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        read!(self, tenant, connection, runs::last_screened(connection, tenant, by))
    }

    async fn run(&self, tenant: &TenantId, id: RunId) -> Result<Option<Run>, StoreError> {
        read!(self, tenant, connection, runs::run(connection, tenant, id))
    }

    async fn not_screened(&self, tenant: &TenantId, run: RunId) -> Result<Vec<NotScreened>, StoreError> {
        read!(self, tenant, connection, runs::not_screened(connection, tenant, run))
    }

    async fn covers(&self, tenant: &TenantId, from: Timestamp) -> Result<bool, StoreError> {
        read!(self, tenant, connection, coverage::covers(connection, tenant, from))
    }

    async fn conclude_run(
        &self,
        tenant: &TenantId,
        conclusion: &RunConclusion,
        found: &[Conjunction],
    ) -> Result<(), StoreError> {
        let sorted = conclusion::in_order(tenant, conclusion.run, found)?;
        for part in sorted.chunks(conclusion::AT_ONCE) {
            let put: Result<_, StoreError> =
                write!(self, tenant, connection, conclusion::put_part(connection, tenant, conclusion, part));
            put?;
        }
        write_events!(
            self,
            tenant,
            connection,
            conclusion::conclude_run(connection, tenant, conclusion, found)
        )
    }

    async fn known_conjunctions(
        &self,
        tenant: &TenantId,
        window: (Timestamp, Timestamp),
    ) -> Result<Vec<(ConjunctionId, [u32; 2], bool, Timestamp, Timestamp)>, StoreError> {
        read!(self, tenant, connection, conjunctions::known_conjunctions(connection, tenant, window))
    }

    async fn conjunctions(
        &self,
        tenant: &TenantId,
        query: &ConjunctionQuery,
    ) -> Result<Page<Conjunction>, StoreError> {
        look!(
            self,
            tenant,
            connection,
            [tenant, query],
            conjunctions::conjunctions(connection, tenant, query)
        )
    }

    async fn conjunction(
        &self,
        tenant: &TenantId,
        id: ConjunctionId,
    ) -> Result<Option<Conjunction>, StoreError> {
        look!(self, tenant, connection, [tenant], conjunctions::conjunction(connection, tenant, id))
    }

    async fn conjunction_history(
        &self,
        tenant: &TenantId,
        id: ConjunctionId,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        look!(self, tenant, connection, [tenant], conjunctions::conjunction_history(connection, tenant, id))
    }

    async fn known_cdms(
        &self,
        tenant: &TenantId,
        window: (Timestamp, Timestamp),
    ) -> Result<Vec<CdmIdentity>, StoreError> {
        read!(self, tenant, connection, inbound::known_cdms(connection, tenant, window))
    }

    async fn cdms_of(&self, tenant: &TenantId, id: ConjunctionId) -> Result<Vec<ReceivedCdm>, StoreError> {
        read!(self, tenant, connection, inbound::cdms_of(connection, tenant, id))
    }

    async fn cdms_from(&self, tenant: &TenantId, from: Timestamp) -> Result<Vec<ReceivedCdm>, StoreError> {
        read!(self, tenant, connection, inbound::cdms_from(connection, tenant, from))
    }

    async fn conjunctions_at(
        &self,
        tenant: &TenantId,
        pairs: &[([CatalogNumber; 2], Timestamp)],
    ) -> Result<Vec<Option<ConjunctionId>>, StoreError> {
        read!(self, tenant, connection, inbound::conjunctions_at(connection, tenant, pairs))
    }

    async fn watch_lists(&self, tenant: &TenantId) -> Result<Vec<WatchList>, StoreError> {
        read!(self, tenant, connection, watching::watch_lists(connection, tenant, None))
    }

    async fn watch_list(&self, tenant: &TenantId, id: WatchListId) -> Result<Option<WatchList>, StoreError> {
        let lists = read!(self, tenant, connection, watching::watch_lists(connection, tenant, Some(id)));
        lists.map(|lists: Vec<_>| lists.into_iter().next())
    }

    async fn put_watch_list(&self, list: &WatchList, audit: &AuditEntry) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(&list.tenant, audit),
            connection,
            watching::put_watch_list(connection, list, audit)
        )
    }

    async fn remove_watch_list(
        &self,
        tenant: &TenantId,
        id: WatchListId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            watching::remove_watch_list(connection, tenant, id, audit)
        )
    }

    async fn rules(&self, tenant: &TenantId) -> Result<Vec<Rule>, StoreError> {
        read!(self, tenant, connection, watching::rules(connection, tenant))
    }

    async fn rule(&self, tenant: &TenantId, id: RuleId) -> Result<Option<Rule>, StoreError> {
        read!(self, tenant, connection, watching::rule(connection, tenant, id))
    }

    async fn enabled_rules(&self) -> Result<Vec<Rule>, StoreError> {
        read!(self, Whose::Everybody, connection, watching::enabled_rules(connection))
    }

    async fn put_rule(&self, rule: &Rule, audit: &AuditEntry) -> Result<(), StoreError> {
        write!(self, Whose::of(&rule.tenant, audit), connection, watching::put_rule(connection, rule, audit))
    }

    async fn remove_rule(&self, tenant: &TenantId, id: RuleId, audit: &AuditEntry) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            watching::remove_rule(connection, tenant, id, audit)
        )
    }

    async fn unresolved_alerts(&self, tenant: &TenantId) -> Result<Vec<Alert>, StoreError> {
        read!(self, tenant, connection, alerts::unresolved_alerts(connection, tenant))
    }

    async fn alerts_due(&self, now: Timestamp) -> Result<Vec<Alert>, StoreError> {
        read!(self, Whose::Everybody, connection, alerts::alerts_due(connection, now))
    }

    async fn alerts(&self, tenant: &TenantId, query: &AlertQuery) -> Result<Page<Alert>, StoreError> {
        read!(self, tenant, connection, alerts::alerts(connection, tenant, query))
    }

    async fn alert(&self, tenant: &TenantId, id: AlertId) -> Result<Option<Alert>, StoreError> {
        read!(self, tenant, connection, alerts::alert(connection, tenant, id))
    }

    async fn resolved_alert(
        &self,
        tenant: &TenantId,
        subject_key: &str,
    ) -> Result<Option<Alert>, StoreError> {
        read!(self, tenant, connection, alerts::resolved_alert(connection, tenant, subject_key))
    }

    async fn change_alerts(
        &self,
        tenant: &TenantId,
        changes: &AlertChanges,
        consumed: Option<Consumed>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        write_events!(
            self,
            tenant,
            connection,
            alerts::change_alerts(connection, tenant, changes, consumed, at)
        )
    }

    async fn refresh_alerts(&self, tenant: &TenantId, refreshed: &[AlertRefresh]) -> Result<(), StoreError> {
        write!(self, tenant, connection, alerts::refresh_alerts(connection, tenant, refreshed))
    }

    async fn take_deliveries(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        write!(self, Whose::Everybody, connection, deliveries::take_deliveries(connection, now, until, limit))
    }

    async fn put_delivery(
        &self,
        id: DeliveryId,
        state: DeliveryState,
        next_attempt: Timestamp,
        problem: Option<&str>,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            deliveries::put_delivery(connection, id, state, next_attempt, problem)
        )
    }

    async fn given_up(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        read!(self, tenant, connection, deliveries::given_up(connection, tenant))
    }

    async fn deliveries_of(&self, tenant: &TenantId, alert: AlertId) -> Result<Vec<Delivery>, StoreError> {
        read!(self, tenant, connection, deliveries::deliveries_of(connection, tenant, alert))
    }

    async fn webhooks(&self, tenant: &TenantId) -> Result<Vec<Webhook>, StoreError> {
        read!(self, tenant, connection, watching::webhooks(connection, tenant))
    }

    async fn webhook(&self, tenant: &TenantId, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        read!(self, tenant, connection, watching::webhook(connection, tenant, id))
    }

    async fn put_webhook(&self, webhook: &Webhook, audit: &AuditEntry) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(&webhook.tenant, audit),
            connection,
            watching::put_webhook(connection, webhook, audit)
        )
    }

    async fn replace_webhook(
        &self,
        webhook: &Webhook,
        before: &Webhook,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(&webhook.tenant, audit),
            connection,
            watching::replace_webhook(connection, webhook, before, audit)
        )
    }

    async fn rotate_webhook(
        &self,
        webhook: &Webhook,
        before: &str,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(&webhook.tenant, audit),
            connection,
            watching::rotate_webhook(connection, webhook, before, audit)
        )
    }

    async fn remove_webhook(
        &self,
        tenant: &TenantId,
        id: WebhookId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            watching::remove_webhook(connection, tenant, id, audit)
        )
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        read!(self, Whose::Everybody, connection, organizations::organizations(connection))
    }

    async fn organization(&self, tenant: &TenantId) -> Result<Option<Organization>, StoreError> {
        // Not of a reader, which may not know yet that it is closed.
        read!(self, Whose::Everybody, connection, organizations::organization(connection, tenant))
    }

    async fn add_organization(
        &self,
        organization: &Organization,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            organizations::add_organization(connection, organization, audit)
        )
    }

    async fn rename_organization(
        &self,
        organization: &Organization,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            organizations::rename_organization(connection, organization, audit)
        )
    }

    async fn close_organization(
        &self,
        tenant: &TenantId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            organizations::close_organization(connection, tenant, at, audit)
        )
    }

    async fn erase(&self, tenant: &TenantId, limit: u32) -> Result<u64, StoreError> {
        write!(self, Whose::Everybody, connection, erasure::erase(connection, tenant, limit))
    }

    async fn put_erased(&self, tenant: &TenantId, at: Timestamp) -> Result<(), StoreError> {
        write!(self, Whose::Everybody, connection, organizations::put_erased(connection, tenant, at))
    }

    async fn members(&self, tenant: &TenantId) -> Result<Vec<Member>, StoreError> {
        read!(self, tenant, connection, organizations::members(connection, tenant))
    }

    async fn add_member(&self, member: &Member, audit: &AuditEntry) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(&member.tenant, audit),
            connection,
            organizations::add_member(connection, member, audit)
        )
    }

    async fn change_role(
        &self,
        tenant: &TenantId,
        id: MemberId,
        role: Role,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            organizations::change_role(connection, tenant, id, role, audit)
        )
    }

    async fn remove_member(
        &self,
        tenant: &TenantId,
        id: MemberId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            organizations::remove_member(connection, tenant, id, audit)
        )
    }

    async fn memberships(&self, account: &Account) -> Result<Vec<Grant>, StoreError> {
        read!(self, Whose::Everybody, connection, organizations::memberships(connection, account))
    }

    async fn invitations(&self, invitee: &Invitee) -> Result<Vec<Invitation>, StoreError> {
        read!(self, Whose::Everybody, connection, organizations::invitations(connection, invitee))
    }

    async fn accept_invitation(
        &self,
        invitee: &Invitee,
        tenant: &TenantId,
        id: MemberId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            organizations::accept_invitation(connection, invitee, tenant, id, audit)
        )
    }

    async fn decline_invitation(
        &self,
        invitee: &Invitee,
        tenant: &TenantId,
        id: MemberId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            organizations::decline_invitation(connection, invitee, tenant, id, audit)
        )
    }

    async fn chosen_organization(&self, account: &Account) -> Result<Option<TenantId>, StoreError> {
        read!(self, Whose::Everybody, connection, organizations::chosen_organization(connection, account))
    }

    async fn choose_organization(
        &self,
        account: &Account,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            organizations::choose_organization(connection, account, tenant, at)
        )
    }

    async fn api_keys(&self, tenant: &TenantId) -> Result<Vec<ApiKey>, StoreError> {
        read!(self, tenant, connection, access::api_keys(connection, tenant))
    }

    async fn add_api_key(&self, key: &ApiKey, audit: &AuditEntry) -> Result<(), StoreError> {
        write!(self, Whose::of(&key.tenant, audit), connection, access::add_api_key(connection, key, audit))
    }

    async fn revoke_api_key(
        &self,
        tenant: &TenantId,
        id: ApiKeyId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            access::revoke_api_key(connection, tenant, id, at, audit)
        )
    }

    async fn api_key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        read!(self, Whose::Everybody, connection, access::api_key_by_hash(connection, hash))
    }

    async fn add_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        write!(self, &entry.tenant, connection, access::add_audit(connection, entry))
    }

    async fn audit(
        &self,
        tenant: &TenantId,
        query: &AuditQuery,
    ) -> Result<Continued<AuditEntry, AuditPlace>, StoreError> {
        read!(self, tenant, connection, access::audit(connection, tenant, query))
    }

    async fn attempt(
        &self,
        tenant: &TenantId,
        key: &str,
        request: &[u8; 32],
        at: Timestamp,
    ) -> Result<Attempted, StoreError> {
        write!(self, tenant, connection, access::attempt(connection, tenant, key, request, at))
    }

    async fn was_consumed(&self, consumed: Consumed) -> Result<bool, StoreError> {
        read!(self, Whose::Everybody, connection, alerts::was_consumed(connection, consumed))
    }

    async fn answer(&self, tenant: &TenantId, key: &str) -> Result<Option<StoredAnswer>, StoreError> {
        read!(self, tenant, connection, access::answer(connection, tenant, key))
    }

    async fn put_answer(
        &self,
        tenant: &TenantId,
        key: &str,
        answer: &StoredAnswer,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        write!(self, tenant, connection, access::put_answer(connection, tenant, key, answer, at))
    }

    async fn sequence_events(&self, limit: u32) -> Result<Vec<Published>, StoreError> {
        let sequenced: Result<Vec<Published>, StoreError> =
            write!(self, Whose::Everybody, connection, events::sequence_events(connection, limit));
        if let Ok(published) = &sequenced {
            self.told(published).await;
        }
        sequenced
    }

    async fn sequence_events_under(&self, lease: &Lease, limit: u32) -> Result<Vec<Published>, StoreError> {
        let sequenced: Result<Vec<Published>, StoreError> =
            write!(self, Whose::Everybody, connection, leases::sequence_events(connection, lease, limit));
        if let Ok(published) = &sequenced {
            self.told(published).await;
        }
        sequenced
    }

    async fn events_after(
        &self,
        position: i64,
        topics: &[Topic],
        limit: u32,
    ) -> Result<Vec<Published>, StoreError> {
        read!(
            self,
            Whose::Everybody,
            connection,
            events::events_after(connection, None, position, topics, limit)
        )
    }

    async fn events_seen_by(
        &self,
        tenant: &TenantId,
        position: i64,
        topics: &[Topic],
        limit: u32,
    ) -> Result<Vec<Published>, StoreError> {
        // Not of a reader, which may lag behind what others were told.
        read!(
            self,
            Whose::Everybody,
            connection,
            events::events_after(connection, Some(tenant), position, topics, limit)
        )
    }

    async fn last_position(&self) -> Result<i64, StoreError> {
        read!(self, Whose::Everybody, connection, events::last_position(connection))
    }

    async fn oldest_position(&self) -> Result<i64, StoreError> {
        read!(self, Whose::Everybody, connection, events::oldest_position(connection))
    }

    async fn consumer_position(&self, consumer: &str) -> Result<i64, StoreError> {
        read!(self, Whose::Everybody, connection, events::consumer_position(connection, consumer))
    }

    async fn advance_consumer(&self, consumer: &str, position: i64) -> Result<(), StoreError> {
        write!(self, Whose::Everybody, connection, events::advance_consumer(connection, consumer, position))
    }

    async fn take_lease(&self, name: &str, holder: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        write!(self, Whose::Everybody, connection, leases::take(connection, name, holder, ttl))
    }

    async fn give_lease_back(&self, lease: &Lease) -> Result<(), StoreError> {
        write!(self, Whose::Everybody, connection, leases::give_back(connection, lease))
    }

    async fn installation(&self) -> Result<Uuid, StoreError> {
        let new = Uuid::now_v7();
        write!(self, Whose::Everybody, connection, installation::installation(connection, new))
    }

    async fn state(&self) -> Result<StoreState, StoreError> {
        read!(self, Whose::Everybody, connection, reconciliation::state(connection))
    }

    async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, StoreError> {
        read!(self, Whose::Everybody, connection, reconciliation::known_events(connection, ids))
    }

    async fn events_between(&self, after: i64, last: i64) -> Result<u64, StoreError> {
        read!(self, Whose::Everybody, connection, reconciliation::events_between(connection, after, last))
    }

    async fn blob_owners(
        &self,
        kind: BlobKind,
        after: Option<&(TenantId, Uuid)>,
        limit: u32,
    ) -> Result<Vec<BlobOwner>, StoreError> {
        read!(self, Whose::Everybody, connection, reconciliation::blob_owners(connection, kind, after, limit))
    }

    async fn kept_blobs(&self) -> Result<Vec<KeptBlob>, StoreError> {
        read!(self, Whose::Everybody, connection, reconciliation::kept_blobs(connection))
    }

    async fn missing_since(&self, tenant: &TenantId, path: &str) -> Result<Option<Timestamp>, StoreError> {
        read!(self, tenant, connection, reconciliation::missing_since(connection, tenant, path))
    }

    async fn reconcile(&self, reconciled: &Reconciled) -> Result<(), StoreError> {
        write!(self, Whose::Everybody, connection, reconciliation::reconcile(connection, reconciled))
    }

    async fn watched(&self) -> Result<Option<Watched>, StoreError> {
        read!(self, Whose::Everybody, connection, silence::watched(connection))
    }

    async fn put_watched(&self, watched: &Watched) -> Result<(), StoreError> {
        write!(self, Whose::Everybody, connection, silence::put_watched(connection, watched))
    }

    async fn tenants_with_conjunctions(&self) -> Result<Vec<TenantId>, StoreError> {
        read!(self, Whose::Everybody, connection, upkeep::tenants_with_conjunctions(connection))
    }

    async fn pass_conjunctions(
        &self,
        tenant: &TenantId,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        write!(self, tenant, connection, upkeep::pass_conjunctions(connection, tenant, before, limit))
    }

    async fn prune(&self, what: Prunable, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        write!(self, Whose::Everybody, connection, upkeep::prune(connection, what, before, limit))
    }

    async fn make_room(&self, now: Timestamp) -> Result<u64, StoreError> {
        write!(self, Whose::Everybody, connection, make_months(connection, now))
    }

    async fn named_blobs(&self, paths: &[String]) -> Result<Vec<String>, StoreError> {
        read!(self, Whose::Everybody, connection, upkeep::named_blobs(connection, paths))
    }
}
