//! `/feeds`: where data comes from, and how it is doing.

use astroshield_domain::feed::FeedStatus;
use astroshield_domain::feeds::FeedSettings;
use astroshield_domain::ids::TenantId;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Reader;
use crate::answer::{self, List};
use crate::problem::Problem;
use crate::schema;
use crate::state::ApiState;

/// A feed, and what it said when it was last asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeedRow {
    /// Name, as in the configuration.
    name: String,
    /// What it brings: `element_sets`, `satcat`, `cdms`, `space_weather` or `earth_orientation`. Null of one that was asked once
    /// and is not any more.
    kind: Option<&'static str>,
    /// Time from one request to the next, in s.
    interval_s: Option<u64>,
    /// Whether it has sent nothing new for longer than `stale_after` (of SATCAT and messages: has not answered). What it sent
    /// last stays in use.
    stale: bool,
    /// Age from which on what it sent is stale, in s.
    stale_after_s: Option<u64>,
    /// Whether it is not asked any more until its settings change: the sign-in was refused.
    stopped: bool,
    /// When it was last asked, UTC.
    #[schema(schema_with = schema::time_or_null)]
    asked: Option<Timestamp>,
    /// When it last confirmed that what we have is its data, or sent new data, UTC.
    #[schema(schema_with = schema::time_or_null)]
    confirmed: Option<Timestamp>,
    /// When it last sent something new, UTC.
    #[schema(schema_with = schema::time_or_null)]
    changed: Option<Timestamp>,
    /// When it may be asked again, UTC.
    #[schema(schema_with = schema::time_or_null)]
    not_before: Option<Timestamp>,
    /// Failures since it last answered well.
    failures: u32,
    /// Why the last attempt failed.
    problem: Option<String>,
    /// Records in what it last sent.
    records: Option<u64>,
}

impl FeedRow {
    fn new(settings: Option<&FeedSettings>, status: FeedStatus, now: Timestamp) -> Self {
        Self {
            kind: settings.map(|settings| settings.kind.name()),
            interval_s: settings.map(|settings| settings.interval.as_secs()),
            stale: settings.is_some_and(|settings| settings.is_stale(&status, now)),
            stale_after_s: settings.map(|settings| settings.stale_after.as_secs()),
            name: status.feed,
            stopped: status.stopped,
            asked: status.asked,
            confirmed: status.confirmed,
            changed: status.changed,
            not_before: status.not_before,
            failures: status.failures,
            problem: status.problem,
            records: status.records,
        }
    }
}

/// Every feed that is asked, or was. Those of other tenants are theirs alone.
#[utoipa::path(get, path = "/feeds", tag = "feeds",
    responses((status = 200, description = "Feeds", body = List<FeedRow>)))]
pub(crate) async fn feeds(
    State(state): State<ApiState>,
    Reader(caller): Reader,
) -> Result<Response, Problem> {
    let (mut known, now) = (state.ports.store.feeds().await?, state.now());
    let mut items = Vec::new();
    for settings in &state.settings.feeds {
        let place = known.iter().position(|status| status.feed == settings.name);
        let unasked = || FeedStatus { feed: settings.name.clone(), ..FeedStatus::default() };
        let status = place.map_or_else(unasked, |place| known.remove(place));
        if settings.tenant == caller.tenant || settings.tenant == TenantId::public() {
            items.push(FeedRow::new(Some(settings), status, now));
        }
    }
    // Nobody can tell any more whose the others were.
    if caller.tenant == TenantId::local() {
        items.extend(known.into_iter().map(|status| FeedRow::new(None, status, now)));
    }
    items.sort_by(|one, other| one.name.cmp(&other.name));
    answer::json(&List { items, next_cursor: None })
}
