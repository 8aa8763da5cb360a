//! `/feeds`: where data comes from, and how it is doing.

use astroshield_domain::feed::FeedStatus;
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

/// What a feed said when it was last asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeedRow {
    /// Name, as in the configuration.
    name: String,
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

impl From<FeedStatus> for FeedRow {
    fn from(status: FeedStatus) -> Self {
        Self {
            name: status.feed,
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

/// Every feed that was ever asked.
#[utoipa::path(get, path = "/feeds", tag = "feeds",
    responses((status = 200, description = "Feeds", body = List<FeedRow>)))]
pub(crate) async fn feeds(State(state): State<ApiState>, _: Reader) -> Result<Response, Problem> {
    let rows = state.ports.store.feeds().await?;
    answer::json(&List { items: rows.into_iter().map(FeedRow::from).collect(), next_cursor: None })
}
