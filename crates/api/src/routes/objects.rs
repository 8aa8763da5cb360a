//! `/objects`: the catalog.

use astroshield_domain::catalog::{ElementSet, ElementSetPlace, Grade, ObjectKind, ObjectQuery, SpaceObject};
use astroshield_domain::export::omm_in;
use astroshield_domain::ports::{Continued, Page};
use astroshield_domain::time::from_epoch;
use astroshield_formats::{CatalogNumber, Message, Notation};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::conjunctions::{accepts_csv, grade_name, quoted};
use super::exports::written;
use super::tables;
use crate::access::Reader;
use crate::answer::{self, List};
use crate::cursor;
use crate::problem::Problem;
use crate::request::{Id, Parameters, limit};
use crate::schema;
use crate::state::ApiState;

/// An object of the catalog.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ObjectRow {
    /// Catalog number.
    catalog_number: u32,
    /// Name.
    name: Option<String>,
    /// International designator (`1998-067A`).
    international_designator: Option<String>,
    /// Kind.
    #[schema(schema_with = schema::object_kind)]
    kind: ObjectKind,
    /// Operational status, in CelesTrak's code.
    status: Option<char>,
    /// Owner, in CelesTrak's code.
    owner: Option<String>,
    /// Launch date.
    launch_date: Option<String>,
    /// Date of decay.
    decay_date: Option<String>,
    /// Radar cross-section, in m^2.
    radar_cross_section_m2: Option<f64>,
    /// Epoch of the current element set, UTC.
    #[schema(schema_with = schema::time_or_null)]
    epoch: Option<Timestamp>,
    /// Feed or upload that the current element set came from.
    source: Option<String>,
    /// How good the current element set is.
    #[schema(schema_with = schema::grade_or_null)]
    grade: Option<Grade>,
    /// Mean height of perigee above 6378.135 km, in km.
    perigee_km: Option<f64>,
    /// Mean height of apogee above 6378.135 km, in km.
    apogee_km: Option<f64>,
    /// Inclination, in degrees.
    inclination_deg: Option<f64>,
    /// Period, in minutes.
    period_min: Option<f64>,
}

impl From<SpaceObject> for ObjectRow {
    fn from(object: SpaceObject) -> Self {
        Self {
            catalog_number: object.number.get(),
            name: object.name,
            international_designator: object.international_designator,
            kind: object.kind,
            status: object.status,
            owner: object.owner,
            launch_date: object.launch_date,
            decay_date: object.decay_date,
            radar_cross_section_m2: object.radar_cross_section_m2,
            epoch: object.epoch,
            source: object.source,
            grade: object.grade,
            perigee_km: object.perigee_km,
            apogee_km: object.apogee_km,
            inclination_deg: object.inclination_deg,
            period_min: object.period_min,
        }
    }
}

/// Form of the list of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ObjectsFormat {
    /// JSON.
    Json,
    /// CSV with a header line; where the list goes on is in the header `Link`.
    Csv,
    /// A table in Parquet of every row, without `cursor` and `limit`; in builds with the feature `parquet`.
    Parquet,
}

/// Which objects to list.
#[derive(Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ObjectsParams {
    /// Part of the name or the designator, or a catalog number; case does not count.
    #[param(max_length = 100)]
    search: Option<String>,
    /// Kind.
    #[param(schema_with = schema::object_kind)]
    kind: Option<ObjectKind>,
    /// Owner, in CelesTrak's code.
    #[param(max_length = 16)]
    owner: Option<String>,
    /// Least height of perigee, in km.
    min_perigee_km: Option<f64>,
    /// Largest height of apogee, in km.
    max_apogee_km: Option<f64>,
    /// Form; else as the header `Accept` says.
    #[param(inline)]
    format: Option<ObjectsFormat>,
    /// Where the list goes on.
    #[param(min_length = 1, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
    /// At most so many rows; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Longest text that is searched for, in characters.
const LONGEST_SEARCH: usize = 100;

/// A text of a query that is not longer than it may be.
fn short(name: &'static str, text: Option<String>, most: usize) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.chars().count() > most => {
            Err(Problem::invalid(name, format!("at most {most} characters are taken")))
        }
        other => Ok(other.filter(|text| !text.is_empty())),
    }
}

/// A number of a query that is one.
fn finite(name: &'static str, number: Option<f64>) -> Result<Option<f64>, Problem> {
    match number {
        Some(number) if !number.is_finite() => {
            Err(Problem::invalid(name, format!("{number}: a finite number is due")))
        }
        other => Ok(other),
    }
}

const LIST: &str = "objects";

pub(super) fn number(number: u32) -> Result<CatalogNumber, Problem> {
    CatalogNumber::new(number).ok_or_else(|| Problem::not_found("object", number))
}

/// Objects, by catalog number.
#[utoipa::path(get, path = "/objects", tag = "objects", params(ObjectsParams),
    responses((status = 200, description = "Objects", content(
        (List<ObjectRow> = "application/json"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.apache.parquet")))))]
pub(crate) async fn objects(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    headers: HeaderMap,
    uri: Uri,
    Parameters(params): Parameters<ObjectsParams>,
) -> Result<Response, Problem> {
    let after = params.cursor.as_deref().map(|cursor| cursor::decode::<u32>(LIST, cursor)).transpose()?;
    let query = ObjectQuery {
        search: short("search", params.search.clone(), LONGEST_SEARCH)?,
        kind: params.kind,
        owner: short("owner", params.owner.clone(), 16)?,
        min_perigee_km: finite("min_perigee_km", params.min_perigee_km)?,
        max_apogee_km: finite("max_apogee_km", params.max_apogee_km)?,
        after: after.map(number).transpose()?,
        limit: limit(params.limit)?,
    };
    if params.format == Some(ObjectsFormat::Parquet) {
        tables::require_whole(params.cursor.as_deref(), params.limit)?;
        let query = ObjectQuery { limit: tables::ROWS, ..query };
        let first = state.ports.store.objects(&caller.tenant, &query).await?;
        return tables::objects(&state, &caller.tenant, query, first);
    }
    let page = async {
        let Page { rows, more } = state.ports.store.objects(&caller.tenant, &query).await?;
        let last = rows.last().filter(|_| more);
        let next_cursor = last.map(|last| cursor::encode(LIST, last.number.get())).transpose()?;
        Ok::<_, Problem>((rows, next_cursor))
    };
    if params.format == Some(ObjectsFormat::Csv) || params.format.is_none() && accepts_csv(&headers) {
        let (rows, next_cursor) = page.await?;
        let mut response = answer::text("text/csv; charset=utf-8; header=present", csv(&rows))?;
        if let Some(next) = next_cursor {
            response.headers_mut().insert(header::LINK, answer::next_link(&uri, &next)?);
        }
        return Ok(response);
    }
    answer::cached_list(&state, &caller, LIST, &params, async {
        let (rows, next_cursor) = page.await?;
        Ok(List { items: rows.into_iter().map(ObjectRow::from).collect(), next_cursor })
    })
    .await
}

/// Columns of the CSV.
const COLUMNS: &str = "NORAD_CAT_ID,OBJECT_NAME,OBJECT_ID,OBJECT_TYPE,OPS_STATUS_CODE,OWNER,LAUNCH_DATE,DECAY_DATE,RCS_M2,\
EPOCH_UTC,SOURCE,GRADE,PERIGEE_KM,APOGEE_KM,INCLINATION_DEG,PERIOD_MIN\r\n";

/// Rows of CSV (RFC 4180).
fn csv(rows: &[SpaceObject]) -> String {
    let mut out = String::with_capacity(COLUMNS.len() + 200 * rows.len());
    out.push_str(COLUMNS);
    let text = |text: &Option<String>| quoted(text.as_deref().unwrap_or_default());
    let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    for row in rows {
        let kind = match row.kind {
            ObjectKind::Payload => "payload",
            ObjectKind::RocketBody => "rocket_body",
            ObjectKind::Debris => "debris",
            ObjectKind::Unknown => "unknown",
        };
        let fields = [
            row.number.to_string(),
            text(&row.name),
            text(&row.international_designator),
            kind.to_owned(),
            quoted(&row.status.map(String::from).unwrap_or_default()),
            text(&row.owner),
            text(&row.launch_date),
            text(&row.decay_date),
            number(row.radar_cross_section_m2),
            row.epoch.map(|epoch| epoch.to_string()).unwrap_or_default(),
            text(&row.source),
            row.grade.map(grade_name).unwrap_or_default().to_owned(),
            number(row.perigee_km),
            number(row.apogee_km),
            number(row.inclination_deg),
            number(row.period_min),
        ];
        out.push_str(&fields.join(","));
        out.push_str("\r\n");
    }
    out
}

/// One object.
#[utoipa::path(get, path = "/objects/{number}", tag = "objects",
    params(("number" = u32, Path, description = "Catalog number", maximum = 999_999_999)),
    responses((status = 200, description = "The object", body = ObjectRow)))]
pub(crate) async fn object(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<u32>,
) -> Result<Response, Problem> {
    let object = state.ports.store.object(&caller.tenant, number(id)?).await?;
    answer::json(&ObjectRow::from(object.ok_or_else(|| Problem::not_found("object", id))?))
}

/// An element set of the history of an object.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ElementSetRow {
    /// Catalog number.
    catalog_number: u32,
    /// Name that it came with.
    name: Option<String>,
    /// International designator.
    international_designator: Option<String>,
    /// Epoch, UTC.
    #[schema(schema_with = schema::time)]
    epoch: Timestamp,
    /// Mean motion after Kozai, in revolutions per day.
    mean_motion_rev_day: f64,
    /// Eccentricity.
    eccentricity: f64,
    /// Inclination, in degrees.
    inclination_deg: f64,
    /// Right ascension of the ascending node, in degrees.
    raan_deg: f64,
    /// Argument of perigee, in degrees.
    argument_of_perigee_deg: f64,
    /// Mean anomaly, in degrees.
    mean_anomaly_deg: f64,
    /// SGP4 drag term B*, in inverse Earth radii.
    bstar_inv_earth_radii: f64,
    /// First derivative of mean motion over two, in rev/day^2.
    mean_motion_dot_rev_day2: f64,
    /// Second derivative of mean motion over six, in rev/day^3.
    mean_motion_ddot_rev_day3: f64,
    /// Number of the element set.
    element_set_number: Option<u32>,
    /// Revolutions at epoch.
    revolution_at_epoch: Option<u32>,
    /// Feed or upload that brought it.
    source: String,
    /// How good it is.
    #[schema(schema_with = schema::grade)]
    grade: Grade,
    /// The delivery that it was part of.
    ingest: Uuid,
    /// When it arrived, UTC.
    #[schema(schema_with = schema::time)]
    arrived: Timestamp,
}

impl TryFrom<ElementSet> for ElementSetRow {
    type Error = Problem;

    fn try_from(set: ElementSet) -> Result<Self, Problem> {
        Ok(Self {
            catalog_number: set.object.get(),
            name: set.name,
            international_designator: set.international_designator,
            epoch: from_epoch(set.elements.epoch)
                .ok_or_else(|| Problem::internal("an epoch beyond the years 9999"))?,
            mean_motion_rev_day: set.elements.mean_motion_rev_day,
            eccentricity: set.elements.eccentricity,
            inclination_deg: set.elements.inclination_deg,
            raan_deg: set.elements.raan_deg,
            argument_of_perigee_deg: set.elements.argument_of_perigee_deg,
            mean_anomaly_deg: set.elements.mean_anomaly_deg,
            bstar_inv_earth_radii: set.elements.bstar_inv_earth_radii,
            mean_motion_dot_rev_day2: set.mean_motion_dot,
            mean_motion_ddot_rev_day3: set.mean_motion_ddot,
            element_set_number: set.element_set_number,
            revolution_at_epoch: set.revolution_at_epoch,
            source: set.source,
            grade: set.grade,
            ingest: set.ingest.0,
            arrived: set.arrived,
        })
    }
}

/// Form of a list of element sets.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ElementSetFormat {
    /// JSON of this interface.
    Json,
    /// Orbit mean-elements messages (OMM) in JSON, as CelesTrak has it.
    OmmJson,
    /// The same in CSV.
    OmmCsv,
    /// The same in XML.
    OmmXml,
    /// The same in keyword = value.
    OmmKvn,
    /// Two-line element sets; an object above 339999 has none.
    Tle,
    /// A table in Parquet of all of them, without `cursor` and `limit`; in builds with the feature `parquet`.
    Parquet,
}

impl ElementSetFormat {
    /// The notation, where it is one of a standard.
    fn notation(self) -> Option<Notation> {
        match self {
            Self::Json | Self::Parquet => None,
            Self::OmmJson => Some(Notation::Json),
            Self::OmmCsv => Some(Notation::Csv),
            Self::OmmXml => Some(Notation::Xml),
            Self::OmmKvn => Some(Notation::Kvn),
            Self::Tle => Some(Notation::Tle),
        }
    }

    /// The form that a header `Accept` begins with.
    fn accepted(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
        match accept {
            _ if accept.starts_with(b"application/xml") => Self::OmmXml,
            _ if accept.starts_with(b"text/csv") => Self::OmmCsv,
            _ if accept.starts_with(b"text/plain") => Self::Tle,
            _ => Self::Json,
        }
    }
}

/// Which element sets to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ElementSetsParams {
    /// Where the list goes on.
    #[param(min_length = 1, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
    /// At most so many rows; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Form; else as the header `Accept` says. Where the list goes on is in the header `Link`, but for `json`.
    #[param(inline)]
    format: Option<ElementSetFormat>,
}

/// Element sets of an object, the newest epoch first.
#[utoipa::path(get, path = "/objects/{number}/element-sets", tag = "objects",
    params(("number" = u32, Path, description = "Catalog number", maximum = 999_999_999), ElementSetsParams),
    responses((status = 200, description = "Element sets", content((schema::ListOrMessages<ElementSetRow> = "application/json"),
        (String = "text/csv"), (String = "application/xml"), (String = "text/plain"),
        (Vec<u8> = "application/vnd.apache.parquet")))))]
pub(crate) async fn element_sets(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    headers: HeaderMap,
    uri: Uri,
    Id(id): Id<u32>,
    Parameters(params): Parameters<ElementSetsParams>,
) -> Result<Response, Problem> {
    const LIST: &str = "element sets";
    let after = params.cursor.as_deref().map(|cursor| cursor::decode::<ElementSetPlace>(LIST, cursor));
    let after = after.transpose()?;
    let form = params.format.unwrap_or_else(|| ElementSetFormat::accepted(&headers));
    let is_table = form == ElementSetFormat::Parquet;
    if is_table {
        tables::require_whole(params.cursor.as_deref(), params.limit)?;
    }
    let (number, limit) = (number(id)?, if is_table { tables::ROWS } else { limit(params.limit)? });
    let part = state.ports.store.element_history(&caller.tenant, number, after.as_ref(), limit).await?;
    if part.rows.is_empty()
        && after.is_none()
        && state.ports.store.object(&caller.tenant, number).await?.is_none()
    {
        return Err(Problem::not_found("object", id));
    }
    if is_table {
        return tables::element_sets(&state, &caller.tenant, number, part);
    }
    let Continued { rows, next } = part;
    let next_cursor = next.map(|place| cursor::encode(LIST, place)).transpose()?;
    let Some(notation) = form.notation() else {
        let items = rows.into_iter().map(ElementSetRow::try_from).collect::<Result<Vec<_>, _>>()?;
        return answer::json(&List { items, next_cursor });
    };
    let messages = rows.iter().map(|set| Ok(Message::Omm(Box::new(omm_in(set, notation)?))));
    let messages = messages.collect::<Result<Vec<_>, Problem>>()?;
    let mut response = written(&state, &messages, notation)?;
    if let Some(next) = next_cursor {
        response.headers_mut().insert(header::LINK, answer::next_link(&uri, &next)?);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_none_are_refused_by_name() {
        assert!(finite("x", Some(f64::NAN)).is_err());
        assert_eq!(finite("x", Some(1.5)).unwrap(), Some(1.5));
        assert!(short("x", Some("abc".to_owned()), 2).is_err());
        assert_eq!(short("x", Some(String::new()), 2).unwrap(), None);
    }
}
