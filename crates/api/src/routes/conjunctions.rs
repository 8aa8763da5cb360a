//! `/conjunctions`: close approaches, their history, and messages about them.

use std::collections::HashMap;

use astroshield_domain::access::Caller;
use astroshield_domain::catalog::Grade;
use astroshield_domain::conjunction::{
    Conjunction, ConjunctionCursor, ConjunctionOrder, ConjunctionQuery, ConjunctionStatus, Direction,
    HistoryEntry, Participant, ProbabilityMethod, ReceivedCdm, Solution,
};
use astroshield_domain::ids::{CdmId, ConjunctionId, TenantId, WatchListId};
use astroshield_domain::ports::{Continued, Page};
use astroshield_formats::CatalogNumber;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::changes::TrendPoint;
use super::notes::HandledRow;
use super::tables;
use super::uploads::kept;
use crate::access::Reader;
use crate::answer::{self, List};
use crate::cursor;
use crate::problem::Problem;
use crate::request::{Id, Ids, Parameters, limit};
use crate::schema;
use crate::state::ApiState;

/// One of the two objects of a conjunction.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ParticipantRow {
    /// Catalog number.
    catalog_number: u32,
    /// Name at the time of the run.
    name: Option<String>,
    /// How good the data of its motion is.
    #[schema(schema_with = schema::grade)]
    grade: Grade,
    /// Epoch of its element set, or when its ephemeris arrived, UTC.
    #[schema(schema_with = schema::time_or_null)]
    epoch: Option<Timestamp>,
    /// Hard-body radius, in m.
    hard_body_radius_m: f64,
}

impl From<Participant> for ParticipantRow {
    fn from(participant: Participant) -> Self {
        Self {
            catalog_number: participant.number.get(),
            name: participant.name,
            grade: participant.grade,
            epoch: participant.epoch,
            hard_body_radius_m: participant.hard_body_radius_m,
        }
    }
}

/// What a run says of a conjunction.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SolutionRow {
    /// Time of closest approach, UTC.
    #[schema(schema_with = schema::time)]
    tca: Timestamp,
    /// Miss distance, in km.
    miss_distance_km: f64,
    /// Position of the second object from the first along the first one's radial direction, in km.
    miss_radial_km: f64,
    /// The same along its in-track direction, in km.
    miss_in_track_km: f64,
    /// The same along its cross-track direction, in km.
    miss_cross_track_km: f64,
    /// Relative speed, in km/s.
    relative_speed_km_s: f64,
    /// Largest probability of collision over all sizes of covariance.
    maximum_probability: f64,
    /// Minor sigma at which that is reached, in km.
    dilution_km: Option<f64>,
    /// Probability of collision with the covariances of the objects, where both are known and used.
    probability: Option<f64>,
    /// How it was computed.
    #[schema(schema_with = schema::probability_method)]
    probability_method: ProbabilityMethod,
    /// Whether the distance may be smaller outside what was screened.
    at_edge: bool,
}

impl From<Solution> for SolutionRow {
    fn from(solution: Solution) -> Self {
        let [miss_radial_km, miss_in_track_km, miss_cross_track_km] = solution.miss_ric_km;
        Self {
            tca: solution.tca,
            miss_distance_km: solution.miss_distance_km,
            miss_radial_km,
            miss_in_track_km,
            miss_cross_track_km,
            relative_speed_km_s: solution.relative_speed_km_s,
            maximum_probability: solution.maximum_probability,
            dilution_km: solution.dilution_km,
            probability: solution.probability,
            probability_method: solution.method,
            at_edge: solution.at_edge,
        }
    }
}

/// A conjunction with its newest solution.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConjunctionRow {
    /// Identity, the same from run to run.
    #[schema(schema_with = schema::id)]
    id: ConjunctionId,
    /// Whether everybody sees it; else it is the caller's own.
    public: bool,
    /// Where it stands.
    #[schema(schema_with = schema::conjunction_status)]
    status: ConjunctionStatus,
    /// Whether the two never part in the window.
    relation: bool,
    #[serde(flatten)]
    solution: SolutionRow,
    /// The two objects, the primary first.
    objects: [ParticipantRow; 2],
    /// The run that gave the solution.
    #[schema(schema_with = schema::id)]
    run: astroshield_domain::ids::RunId,
    /// When it was first found, UTC.
    #[schema(schema_with = schema::time)]
    first_seen: Timestamp,
    /// When a run last found it, UTC.
    #[schema(schema_with = schema::time)]
    last_seen: Timestamp,
    /// What the newest runs said of it, the oldest of these first: where `trend` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_items = 20)]
    trend: Option<Vec<TrendPoint>>,
    /// What the caller's organization noted about it: where `handling` asks for it, and anything is noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    handling: Option<HandledRow>,
}

impl From<Conjunction> for ConjunctionRow {
    fn from(conjunction: Conjunction) -> Self {
        Self {
            id: conjunction.id,
            public: conjunction.tenant == TenantId::public(),
            status: conjunction.status,
            relation: conjunction.relation,
            solution: conjunction.solution.into(),
            objects: conjunction.objects.map(ParticipantRow::from),
            run: conjunction.run,
            first_seen: conjunction.first_seen,
            last_seen: conjunction.last_seen,
            trend: None,
            handling: None,
        }
    }
}

/// Form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ListFormat {
    /// JSON.
    Json,
    /// CSV with a header line; where the list goes on is in the header `Link`.
    Csv,
    /// A table in Parquet of every row, without `cursor` and `limit`; in builds with the feature `parquet`.
    Parquet,
}

/// Which conjunctions to list, and how.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConjunctionsParams {
    /// Those of this object, on either side.
    #[param(maximum = 999_999_999)]
    pub(super) object: Option<u32>,
    /// Those of objects on this watch list.
    #[param(value_type = Option<uuid::Uuid>)]
    pub(super) watch_list: Option<WatchListId>,
    /// Where they stand; without it, the active ones, which are to come. `superseded` are public ones of objects that the
    /// caller has better data of.
    #[param(schema_with = schema::conjunction_status)]
    pub(super) status: Option<ConjunctionStatus>,
    /// TCA not before, UTC.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) tca_from: Option<Timestamp>,
    /// TCA not after, UTC.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) tca_to: Option<Timestamp>,
    /// Miss distance at most, in km.
    #[param(minimum = 0)]
    pub(super) max_miss_distance_km: Option<f64>,
    /// Leading probability at least: that with covariances, else the largest.
    #[param(minimum = 0, maximum = 1)]
    pub(super) min_probability: Option<f64>,
    /// Relations only, or none of them.
    pub(super) relation: Option<bool>,
    /// Order: `tca`, the soonest first; `probability`, the most likely first by the leading one; `miss_distance`, the closest
    /// first; `relative_speed`, the fastest first; `maximum_probability`, the greatest first; `first_seen`, the newest first;
    /// `data_age`, the oldest first by the older data of the two objects at TCA, where an unknown age is the oldest.
    #[param(schema_with = schema::conjunction_order)]
    pub(super) sort: Option<ConjunctionOrder>,
    /// Which way, in place of the order's own.
    #[param(schema_with = schema::direction)]
    pub(super) direction: Option<Direction>,
    /// With the trend of each: what the newest 20 runs said of it. In JSON only.
    pub(super) trend: Option<bool>,
    /// With what the caller's organization noted about each. In JSON only.
    pub(super) handling: Option<bool>,
    /// Form of the list; else as the header `Accept` says.
    #[param(inline)]
    pub(super) format: Option<ListFormat>,
    /// Where the list goes on.
    #[param(min_length = 1, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    pub(super) cursor: Option<String>,
    /// At most so many rows; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    pub(super) limit: Option<u32>,
}

const LIST: &str = "conjunctions";

/// A number of a query that is from 0 to a limit.
pub(super) fn between(name: &'static str, number: Option<f64>, most: f64) -> Result<Option<f64>, Problem> {
    match number {
        Some(number) if !(0.0..=most).contains(&number) => {
            let due = if most < f64::MAX { format!("0 to {most}") } else { "at least 0".to_owned() };
            Err(Problem::invalid(name, format!("{number:?}: {due} is due")))
        }
        other => Ok(other),
    }
}

/// The query of a request; everything that is wrong with it is named.
pub(super) fn query_of(params: &ConjunctionsParams) -> Result<ConjunctionQuery, Problem> {
    let (order, direction) = (params.sort.unwrap_or_default(), params.direction);
    let object = params.object.map(|number| {
        CatalogNumber::new(number)
            .ok_or_else(|| Problem::invalid("object", format!("{number}: at most nine digits are due")))
    });
    if let (Some(from), Some(to)) = (params.tca_from, params.tca_to)
        && to < from
    {
        return Err(Problem::invalid("tca_to", format!("{to} is before tca_from, {from}")));
    }
    Ok(ConjunctionQuery {
        object: object.transpose()?,
        watch_list: params.watch_list,
        status: params.status,
        tca_from: params.tca_from,
        tca_to: params.tca_to,
        max_miss_distance_km: between("max_miss_distance_km", params.max_miss_distance_km, f64::MAX)?,
        min_probability: between("min_probability", params.min_probability, 1.0)?,
        relation: params.relation,
        order,
        direction,
        after: params
            .cursor
            .as_deref()
            .map(|text| cursor::decode_conjunction(order, direction, text))
            .transpose()?,
        limit: limit(params.limit)?,
    })
}

/// A page with the place where the list goes on.
fn continued(
    Page { rows, more }: Page<Conjunction>,
    query: &ConjunctionQuery,
) -> Continued<Conjunction, ConjunctionCursor> {
    let next = rows
        .last()
        .filter(|_| more)
        .map(|last| ConjunctionCursor { value: query.order.value_of(last), id: last.id });
    Continued { rows, next }
}

async fn page(
    state: &ApiState,
    caller: &Caller,
    query: &ConjunctionQuery,
) -> Result<(Vec<Conjunction>, Option<String>), Problem> {
    let page = state.ports.store.conjunctions(&caller.tenant, query).await?;
    let Continued { rows, next } = continued(page, query);
    let next_cursor =
        next.map(|place| cursor::encode_conjunction(query.order, query.direction, place)).transpose()?;
    Ok((rows, next_cursor))
}

/// Rows with what the newest runs said of each, and what is noted about each, where that is asked for.
async fn told(
    state: &ApiState,
    caller: &Caller,
    rows: Vec<Conjunction>,
    params: &ConjunctionsParams,
) -> Result<Vec<ConjunctionRow>, Problem> {
    let ids: Vec<ConjunctionId> = rows.iter().map(|row| row.id).collect();
    let mut rows: Vec<ConjunctionRow> = rows.into_iter().map(ConjunctionRow::from).collect();
    if params.trend == Some(true) {
        let trends = state.ports.store.conjunction_trends(&caller.tenant, &ids).await?;
        for (row, trend) in rows.iter_mut().zip(trends) {
            row.trend = Some(trend.into_iter().map(TrendPoint::from).collect());
        }
    }
    if params.handling == Some(true) {
        let handled = state.ports.store.handling_of(&caller.tenant, &ids).await?;
        let mut handled: HashMap<_, _> = handled.into_iter().map(|one| (one.conjunction, one)).collect();
        for row in &mut rows {
            row.handling = handled.remove(&row.id).map(HandledRow::from);
        }
    }
    Ok(rows)
}

/// Whether a header `Accept` begins with CSV.
pub(super) fn accepts_csv(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/csv"))
}

/// Conjunctions in an order.
#[utoipa::path(get, path = "/conjunctions", tag = "conjunctions", params(ConjunctionsParams),
    responses((status = 200, description = "Conjunctions", content(
        (List<ConjunctionRow> = "application/json"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.apache.parquet")))))]
pub(crate) async fn conjunctions(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    headers: HeaderMap,
    uri: Uri,
    Parameters(params): Parameters<ConjunctionsParams>,
) -> Result<Response, Problem> {
    let query = query_of(&params)?;
    let is_csv = params.format == Some(ListFormat::Csv) || params.format.is_none() && accepts_csv(&headers);
    if is_csv || params.format == Some(ListFormat::Parquet) {
        for (name, is_asked) in [("trend", params.trend), ("handling", params.handling)] {
            if is_asked == Some(true) {
                return Err(Problem::invalid(name, "it is given in JSON only"));
            }
        }
    }
    if params.format == Some(ListFormat::Parquet) {
        tables::require_whole(params.cursor.as_deref(), params.limit)?;
        let query = ConjunctionQuery { limit: tables::ROWS, ..query };
        let first = continued(state.ports.store.conjunctions(&caller.tenant, &query).await?, &query);
        return tables::conjunctions(&state, &caller.tenant, query, first, continued);
    }
    if is_csv {
        let (rows, next_cursor) = page(&state, &caller, &query).await?;
        let mut response = answer::text("text/csv; charset=utf-8; header=present", csv(&rows))?;
        if let Some(next) = next_cursor {
            response.headers_mut().insert(header::LINK, answer::next_link(&uri, &next)?);
        }
        return Ok(response);
    }
    let load = async {
        let (rows, next_cursor) = page(&state, &caller, &query).await?;
        let items = told(&state, &caller, rows, &params).await?;
        Ok(List { items, next_cursor })
    };
    // Which objects a list has changes without an event.
    if params.watch_list.is_some() {
        return answer::json(&load.await?);
    }
    answer::cached_list(&state, &caller, LIST, &params, load).await
}

/// Columns of the CSV.
const COLUMNS: &str = "ID,STATUS,TCA_UTC,MISS_DISTANCE_KM,MISS_RADIAL_KM,MISS_IN_TRACK_KM,MISS_CROSS_TRACK_KM,\
RELATIVE_SPEED_KM_S,MAXIMUM_PROBABILITY,DILUTION_KM,PROBABILITY,RELATION,AT_EDGE,NORAD_CAT_ID_1,OBJECT_NAME_1,GRADE_1,\
EPOCH_1_UTC,NORAD_CAT_ID_2,OBJECT_NAME_2,GRADE_2,EPOCH_2_UTC\r\n";

pub(super) fn grade_name(grade: Grade) -> &'static str {
    match grade {
        Grade::Gp => "gp",
        Grade::SupplementalGp => "supplemental_gp",
        Grade::Ephemeris => "ephemeris",
        Grade::Cdm => "cdm",
    }
}

/// Rows of CSV (RFC 4180).
fn csv(rows: &[Conjunction]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(COLUMNS.len() + 300 * rows.len());
    out.push_str(COLUMNS);
    for row in rows {
        let status = match row.status {
            ConjunctionStatus::Active => "active",
            ConjunctionStatus::Cleared => "cleared",
            ConjunctionStatus::Past => "past",
            ConjunctionStatus::Superseded => "superseded",
        };
        let Solution { miss_ric_km: [radial, in_track, cross_track], .. } = row.solution;
        let solution = &row.solution;
        let optional = |value: Option<f64>| value.map(|value| format!("{value:e}")).unwrap_or_default();
        // Writing to a string does not fail.
        let _ = write!(
            out,
            "{},{status},{},{:.6},{radial:.6},{in_track:.6},{cross_track:.6},{:.6},{:e},{},{},{},{}",
            row.id,
            solution.tca,
            solution.miss_distance_km,
            solution.relative_speed_km_s,
            solution.maximum_probability,
            optional(solution.dilution_km),
            optional(solution.probability),
            row.relation,
            solution.at_edge,
        );
        for object in &row.objects {
            let name = quoted(object.name.as_deref().unwrap_or_default());
            let epoch = object.epoch.map(|epoch| epoch.to_string()).unwrap_or_default();
            let _ = write!(out, ",{},{name},{},{epoch}", object.number, grade_name(object.grade));
        }
        out.push_str("\r\n");
    }
    out
}

/// A text as a field of CSV. One that a spreadsheet would take for a formula gets an apostrophe.
pub(super) fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

pub(super) async fn found(
    state: &ApiState,
    caller: &Caller,
    id: ConjunctionId,
) -> Result<Conjunction, Problem> {
    let conjunction = state.ports.store.conjunction(&caller.tenant, id).await?;
    conjunction.ok_or_else(|| Problem::not_found("conjunction", id))
}

/// One conjunction.
#[utoipa::path(get, path = "/conjunctions/{id}", tag = "conjunctions",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The conjunction", body = ConjunctionRow)))]
pub(crate) async fn conjunction(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<ConjunctionId>,
) -> Result<Response, Problem> {
    answer::json(&ConjunctionRow::from(found(&state, &caller, id).await?))
}

/// A past solution.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryRow {
    /// The run that gave it.
    #[schema(schema_with = schema::id)]
    run: astroshield_domain::ids::RunId,
    /// When, UTC.
    #[schema(schema_with = schema::time)]
    at: Timestamp,
    /// Whether the run still found it.
    #[schema(schema_with = schema::conjunction_status)]
    status: ConjunctionStatus,
    #[serde(flatten)]
    solution: SolutionRow,
    /// Epochs of the two element sets, or when the ephemerides arrived, UTC.
    #[schema(schema_with = schema::two_times_or_null)]
    epochs: [Option<Timestamp>; 2],
    /// Grades of the data of the two.
    #[schema(schema_with = schema::two_grades)]
    grades: [Grade; 2],
}

impl From<HistoryEntry> for HistoryRow {
    fn from(entry: HistoryEntry) -> Self {
        Self {
            run: entry.run,
            at: entry.at,
            status: entry.status,
            solution: entry.solution.into(),
            epochs: entry.epochs,
            grades: entry.grades,
        }
    }
}

/// The history of a conjunction, the oldest first.
#[utoipa::path(get, path = "/conjunctions/{id}/history", tag = "conjunctions",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "Past solutions", body = List<HistoryRow>)))]
pub(crate) async fn history(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<ConjunctionId>,
) -> Result<Response, Problem> {
    let entries = state.ports.store.conjunction_history(&caller.tenant, id).await?;
    if entries.is_empty() {
        found(&state, &caller, id).await?;
    }
    let items = entries.into_iter().map(HistoryRow::from).collect::<Vec<_>>();
    answer::json(&List { items, next_cursor: None })
}

/// A conjunction data message that was received.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CdmRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: CdmId,
    /// Catalog numbers of the two objects.
    catalog_numbers: [u32; 2],
    /// Who made it.
    originator: String,
    /// When it was made, UTC.
    #[schema(schema_with = schema::time)]
    created: Timestamp,
    /// When it arrived, UTC.
    #[schema(schema_with = schema::time)]
    arrived: Timestamp,
    /// Time of closest approach, UTC.
    #[schema(schema_with = schema::time)]
    tca: Timestamp,
    /// Miss distance, in km.
    miss_distance_km: f64,
    /// Probability of collision that it states.
    stated_probability: Option<f64>,
    /// Probability of collision that we compute from it.
    probability: Option<f64>,
    /// How we computed it.
    #[schema(schema_with = schema::probability_method_or_null)]
    probability_method: Option<ProbabilityMethod>,
}

impl From<ReceivedCdm> for CdmRow {
    fn from(cdm: ReceivedCdm) -> Self {
        let (probability, probability_method) = cdm.probability.unzip();
        Self {
            id: cdm.id,
            catalog_numbers: cdm.objects.map(CatalogNumber::get),
            originator: cdm.originator,
            created: cdm.created,
            arrived: cdm.arrived,
            tca: cdm.tca,
            miss_distance_km: cdm.miss_distance_km,
            stated_probability: cdm.stated_probability,
            probability,
            probability_method,
        }
    }
}

/// Conjunction data messages that were received for a conjunction, the newest first.
#[utoipa::path(get, path = "/conjunctions/{id}/cdms", tag = "conjunctions",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "Messages", body = List<CdmRow>)))]
pub(crate) async fn cdms(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<ConjunctionId>,
) -> Result<Response, Problem> {
    let cdms = state.ports.store.cdms_of(&caller.tenant, id).await?;
    if cdms.is_empty() {
        found(&state, &caller, id).await?;
    }
    answer::json(&List { items: cdms.into_iter().map(CdmRow::from).collect(), next_cursor: None })
}

/// A conjunction data message in the file in which it was received, byte for byte; others may be in it, too.
#[utoipa::path(get, path = "/conjunctions/{id}/cdms/{cdm}/file", tag = "conjunctions",
    params(("id" = uuid::Uuid, Path, description = "Identity of the conjunction"),
        ("cdm" = uuid::Uuid, Path, description = "Identity of the message")),
    responses((status = 200, description = "The file", content((Vec<u8> = "application/octet-stream"))),
        (status = 307, description = "The file is at the address in `Location`, for some minutes")))]
pub(crate) async fn received_cdm(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Ids(id, cdm): Ids<ConjunctionId, CdmId>,
) -> Result<Response, Problem> {
    let cdms = state.ports.store.cdms_of(&caller.tenant, id).await?;
    let found = cdms.iter().find(|known| known.id == cdm);
    let found = found.ok_or_else(|| Problem::not_found("message of this conjunction", cdm))?;
    kept(&state, &found.blob, &format!("{cdm}.cdm")).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_csv_are_quoted_and_no_formulas() {
        assert_eq!(quoted("ISS (ZARYA)"), "ISS (ZARYA)");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
    }
}
