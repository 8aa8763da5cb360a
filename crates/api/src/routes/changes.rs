//! `/conjunctions/count` and `/conjunctions/changes`: how many there are, and what became of them.

use astroshield_domain::changes::{self, ChangesQuery};
use astroshield_domain::conjunction::ConjunctionStatus;
use astroshield_domain::ids::WatchListId;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::conjunctions::{ConjunctionRow, ConjunctionsParams, between, query_of};
use crate::access::Reader;
use crate::answer;
use crate::problem::Problem;
use crate::request::Parameters;
use crate::schema;
use crate::state::ApiState;

/// What a run said of a conjunction, in short.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrendPoint {
    /// When, UTC.
    #[schema(schema_with = schema::time)]
    at: Timestamp,
    /// The probability of collision with covariances, else the largest.
    leading_probability: f64,
    /// Miss distance, in km.
    miss_distance_km: f64,
}

impl From<changes::TrendPoint> for TrendPoint {
    fn from(point: changes::TrendPoint) -> Self {
        let changes::TrendPoint { at, leading_probability, maximum_probability: _, miss_distance_km } = point;
        Self { at, leading_probability, miss_distance_km }
    }
}

/// Which conjunctions to count: the filters of the list.
#[derive(Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConjunctionCountParams {
    /// Those of this object, on either side.
    #[param(maximum = 999_999_999)]
    object: Option<u32>,
    /// Those of objects on this watch list.
    #[param(value_type = Option<uuid::Uuid>)]
    watch_list: Option<WatchListId>,
    /// Where they stand; without it, the active ones, which are to come.
    #[param(schema_with = schema::conjunction_status)]
    status: Option<ConjunctionStatus>,
    /// TCA not before, UTC.
    #[param(value_type = Option<String>, format = DateTime)]
    tca_from: Option<Timestamp>,
    /// TCA not after, UTC.
    #[param(value_type = Option<String>, format = DateTime)]
    tca_to: Option<Timestamp>,
    /// Miss distance at most, in km.
    #[param(minimum = 0)]
    max_miss_distance_km: Option<f64>,
    /// Leading probability at least: that with covariances, else the largest.
    #[param(minimum = 0, maximum = 1)]
    min_probability: Option<f64>,
    /// Relations only, or none of them.
    relation: Option<bool>,
}

impl From<&ConjunctionCountParams> for ConjunctionsParams {
    fn from(params: &ConjunctionCountParams) -> Self {
        Self {
            object: params.object,
            watch_list: params.watch_list,
            status: params.status,
            tca_from: params.tca_from,
            tca_to: params.tca_to,
            max_miss_distance_km: params.max_miss_distance_km,
            min_probability: params.min_probability,
            relation: params.relation,
            ..Self::default()
        }
    }
}

/// How many conjunctions there are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConjunctionCount {
    /// How many.
    count: u64,
}

/// How many conjunctions there are.
#[utoipa::path(get, path = "/conjunctions/count", tag = "conjunctions", params(ConjunctionCountParams),
    responses((status = 200, description = "How many", body = ConjunctionCount)))]
pub(crate) async fn count(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Parameters(params): Parameters<ConjunctionCountParams>,
) -> Result<Response, Problem> {
    const LIST: &str = "conjunctions/count";
    let query = query_of(&ConjunctionsParams::from(&params))?;
    let load = async {
        Ok(ConjunctionCount { count: state.ports.store.count_conjunctions(&caller.tenant, &query).await? })
    };
    // Which objects a list has changes without an event.
    if params.watch_list.is_some() {
        return answer::json(&load.await?);
    }
    answer::cached_list(&state, &caller, LIST, &params, load).await
}

/// What of all conjunctions is told of, without a watch list: rows below this are a crowd that nobody looks at.
const WORTH_TELLING: f64 = 1e-7;

/// Most rows of each kind.
const MOST_ROWS: u32 = 200;

/// Rows of each kind without a limit.
const ROWS: u32 = 50;

/// Which changes to tell of.
#[derive(Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangesParams {
    /// Since when, UTC: what was there by then is known.
    #[param(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Of objects on this watch list.
    #[param(value_type = Option<uuid::Uuid>)]
    watch_list: Option<WatchListId>,
    /// Leading probability at least; 1e-7 without it, unless a watch list is named.
    #[param(minimum = 0, maximum = 1)]
    min_probability: Option<f64>,
    /// At most so many rows of each kind; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A conjunction that is more probable than it was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RaisedConjunction {
    /// The conjunction.
    conjunction: ConjunctionRow,
    /// What was known of it.
    before: TrendPoint,
}

/// What changed since a time; relations are left out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConjunctionChanges {
    /// Since when, UTC.
    #[schema(schema_with = schema::time)]
    since: Timestamp,
    /// Active ones that no run had found by then, the most probable first.
    new: Vec<ConjunctionRow>,
    /// Active ones that are at least ten times as probable as they were then, the most probable first; of the 1,000 most
    /// probable ones.
    raised: Vec<RaisedConjunction>,
    /// Those that were cleared since then, by TCA.
    cleared: Vec<ConjunctionRow>,
}

/// What changed since a time.
#[utoipa::path(get, path = "/conjunctions/changes", tag = "conjunctions", params(ChangesParams),
    responses((status = 200, description = "What changed", body = ConjunctionChanges)))]
pub(crate) async fn changes(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Parameters(params): Parameters<ChangesParams>,
) -> Result<Response, Problem> {
    const LIST: &str = "conjunctions/changes";
    let limit = params.limit.unwrap_or(ROWS);
    if !(1..=MOST_ROWS).contains(&limit) {
        return Err(Problem::invalid("limit", format!("{limit}: 1 to {MOST_ROWS} rows are given")));
    }
    let least = between("min_probability", params.min_probability, 1.0)?;
    let query = ChangesQuery {
        since: params.since,
        watch_list: params.watch_list,
        min_probability: least.or(params.watch_list.is_none().then_some(WORTH_TELLING)),
        limit,
    };
    let load = async {
        let found = state.ports.store.conjunction_changes(&caller.tenant, &query).await?;
        let raised = found.raised.into_iter().map(|(conjunction, before)| RaisedConjunction {
            conjunction: conjunction.into(),
            before: before.into(),
        });
        Ok(ConjunctionChanges {
            since: query.since,
            new: found.new.into_iter().map(ConjunctionRow::from).collect(),
            raised: raised.collect(),
            cleared: found.cleared.into_iter().map(ConjunctionRow::from).collect(),
        })
    };
    // Which objects a list has changes without an event.
    if params.watch_list.is_some() {
        return answer::json(&load.await?);
    }
    answer::cached_list(&state, &caller, LIST, &params, load).await
}
