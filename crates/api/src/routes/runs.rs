//! `/runs`: screening runs.

use astroshield_domain::access::Caller;
use astroshield_domain::ids::{RunId, TenantId};
use astroshield_domain::ports::Page;
use astroshield_domain::screening::{NotScreened, Run, RunKind, RunState};
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Reader;
use crate::answer::{self, List};
use crate::cursor;
use crate::problem::Problem;
use crate::request::{Id, Parameters, limit};
use crate::schema;
use crate::state::ApiState;

/// A screening of a window of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: RunId,
    /// Whether it screens the public catalog; else it is the caller's own.
    public: bool,
    /// What it screens.
    #[schema(schema_with = schema::run_kind)]
    kind: RunKind,
    /// How far it is.
    #[schema(schema_with = schema::run_state)]
    state: RunState,
    /// The catalog that it screens: what had arrived by then, UTC.
    #[schema(schema_with = schema::time)]
    as_of: Timestamp,
    /// Start of the window, UTC.
    #[schema(schema_with = schema::time)]
    window_start: Timestamp,
    /// Stop of the window, UTC.
    #[schema(schema_with = schema::time)]
    window_stop: Timestamp,
    /// Largest distance, in km.
    threshold_km: f64,
    /// Slices that the window is cut into.
    slices: u32,
    /// Slices that are done.
    slices_done: u32,
    /// Objects that it screens.
    objects: u64,
    /// Objects that could not be screened, or not to the end of the window.
    not_screened: u64,
    /// Conjunctions that it found.
    conjunctions: u64,
    /// When it began, UTC.
    #[schema(schema_with = schema::time)]
    started: Timestamp,
    /// When it ended, UTC.
    #[schema(schema_with = schema::time_or_null)]
    finished: Option<Timestamp>,
    /// Why it failed.
    problem: Option<String>,
    /// Version and build of the program.
    build: String,
}

impl From<Run> for RunRow {
    fn from(run: Run) -> Self {
        Self {
            id: run.id,
            public: run.tenant == TenantId::public(),
            kind: run.kind,
            state: run.state,
            as_of: run.as_of,
            window_start: run.window_start,
            window_stop: run.window_stop,
            threshold_km: run.threshold_km,
            slices: run.slices,
            slices_done: run.slices_done,
            objects: run.objects,
            not_screened: run.not_screened,
            conjunctions: run.conjunctions,
            started: run.started,
            finished: run.finished,
            problem: run.problem,
            build: run.build,
        }
    }
}

/// Which runs to list.
#[derive(Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunsParams {
    /// Where the list goes on.
    #[param(min_length = 1, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
    /// At most so many rows; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Screening runs, the newest first.
#[utoipa::path(get, path = "/runs", tag = "runs", params(RunsParams),
    responses((status = 200, description = "Runs", body = List<RunRow>)))]
pub(crate) async fn runs(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Parameters(params): Parameters<RunsParams>,
) -> Result<Response, Problem> {
    const LIST: &str = "runs";
    let before = params.cursor.as_deref().map(|cursor| cursor::decode(LIST, cursor)).transpose()?;
    let limit = limit(params.limit)?;
    answer::cached_list(&state, &caller, LIST, &params, async {
        let Page { rows, more } = state.ports.store.runs(&caller.tenant, before, limit).await?;
        let next_cursor =
            rows.last().filter(|_| more).map(|last| cursor::encode(LIST, last.id)).transpose()?;
        Ok(List { items: rows.into_iter().map(RunRow::from).collect(), next_cursor })
    })
    .await
}

async fn found(state: &ApiState, caller: &Caller, id: RunId) -> Result<Run, Problem> {
    let run = state.ports.store.run(&caller.tenant, id).await?;
    run.ok_or_else(|| Problem::not_found("run", id))
}

/// One run.
#[utoipa::path(get, path = "/runs/{id}", tag = "runs",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The run", body = RunRow)))]
pub(crate) async fn run(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<RunId>,
) -> Result<Response, Problem> {
    answer::json(&RunRow::from(found(&state, &caller, id).await?))
}

/// An object that a run could not screen, or not to the end of its window.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotScreenedRow {
    /// Catalog number.
    catalog_number: u32,
    /// From when on, UTC; without it, from the start.
    #[schema(schema_with = schema::time_or_null)]
    from: Option<Timestamp>,
    /// Why.
    reason: String,
}

impl From<NotScreened> for NotScreenedRow {
    fn from(NotScreened { object, from, reason }: NotScreened) -> Self {
        Self { catalog_number: object, from, reason }
    }
}

/// Objects that a run could not screen.
#[utoipa::path(get, path = "/runs/{id}/not-screened", tag = "runs",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "Objects", body = List<NotScreenedRow>)))]
pub(crate) async fn not_screened(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<RunId>,
) -> Result<Response, Problem> {
    // Whose run it is, is known of the run only.
    found(&state, &caller, id).await?;
    let rows = state.ports.store.not_screened(&caller.tenant, id).await?;
    answer::json(&List { items: rows.into_iter().map(NotScreenedRow::from).collect(), next_cursor: None })
}
