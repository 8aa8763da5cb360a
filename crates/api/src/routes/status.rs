//! `/status`: how old the data is, in one look.

use std::sync::atomic::Ordering;

use astroshield_domain::ids::TenantId;
use astroshield_domain::screening::{RECENT_RUNS, RunKind, RunState, past_start};
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::runs::RunRow;
use crate::access::Reader;
use crate::answer;
use crate::problem::Problem;
use crate::schema;
use crate::state::ApiState;

/// Where the service stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Status {
    /// Version and build of the program.
    build: String,
    /// The server's time, UTC.
    #[schema(schema_with = schema::time)]
    now: Timestamp,
    /// What counts as now for conjunctions, UTC: the server's time; of a catalog of the past, the start of what was screened.
    #[schema(schema_with = schema::time)]
    present: Timestamp,
    /// Whether a catalog of the past is screened: nothing that is found in it is to come.
    of_the_past: bool,
    /// Whether the catalog is the made-up demo population.
    demo: bool,
    /// When the newest element set of the public catalog arrived, UTC.
    #[schema(schema_with = schema::time_or_null)]
    newest_arrival: Option<Timestamp>,
    /// Newest epoch of an element set of the public catalog, UTC.
    #[schema(schema_with = schema::time_or_null)]
    newest_epoch: Option<Timestamp>,
    /// Newest position of the events, from which a WebSocket may go on.
    position: i64,
    /// Messages about alerts that were given up and are not forgotten.
    messages_given_up: u64,
    /// The newest run, of the public catalog or of ephemerides of the caller's own, whatever became of it.
    newest_run: Option<RunRow>,
    /// The newest screening of the public catalog that was completed.
    newest_screening: Option<RunRow>,
}

/// How old the data is, and how far the newest runs.
#[utoipa::path(get, path = "/status", tag = "status",
    responses((status = 200, description = "Where the service stands", body = Status)))]
pub(crate) async fn status(
    State(state): State<ApiState>,
    Reader(caller): Reader,
) -> Result<Response, Problem> {
    let store = &state.ports.store;
    // The position first: what is read after it is at least as new.
    let position = store.last_position().await?;
    let (newest_arrival, newest_epoch) = store.catalog_age(&TenantId::public()).await?.unzip();
    let runs = store.runs(&caller.tenant, None, RECENT_RUNS).await?.rows;
    let (now, past) = (state.now(), past_start(&runs));
    let of_catalog = store.runs(&TenantId::public(), None, RECENT_RUNS).await?.rows.into_iter();
    let screened = of_catalog.filter(|run| run.kind == RunKind::Catalog && run.state == RunState::Completed);
    answer::json(&Status {
        build: state.settings.build.clone(),
        now,
        present: past.unwrap_or(now),
        of_the_past: past.is_some(),
        demo: state.demo.load(Ordering::Relaxed),
        newest_arrival,
        newest_epoch,
        position,
        messages_given_up: store.given_up(&caller.tenant).await?,
        newest_run: runs.into_iter().next().map(RunRow::from),
        newest_screening: screened.map(RunRow::from).next(),
    })
}
