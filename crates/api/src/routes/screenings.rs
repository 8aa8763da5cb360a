//! `/screenings`: one object against the whole catalog, on demand.

mod lines;

use astroshield_domain::on_demand::{
    LIMIT_DAYS, LIMIT_KM, OnDemandConjunction, OnDemandError, OnDemandRequest, OnDemandResult,
    OnDemandSubject,
};
use astroshield_formats::CatalogNumber;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use self::lines::LINES;
use self::lines::ScreeningLine;
use super::conjunctions::{ParticipantRow, SolutionRow};
use super::exports::OrientationRow;
use super::runs::NotScreenedRow;
use crate::access::Writer;
use crate::answer;
use crate::idempotency::Tried;
use crate::problem::{Problem, chain};
use crate::request::{LongJson, whole_or_null};
use crate::schema;
use crate::state::ApiState;

/// What is screened, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScreeningBody {
    /// A message with one object: an element set (OMM or TLE in any notation) or an ephemeris (OEM). Without it,
    /// `catalog_number` is screened as the catalog has it.
    #[serde(default)]
    message: Option<String>,
    /// The object of the catalog that it is, which is then not screened against itself.
    #[serde(default, deserialize_with = "whole_or_null")]
    #[schema(maximum = 999_999_999)]
    catalog_number: Option<u32>,
    /// Start of the window, UTC; now without it.
    #[serde(default)]
    #[schema(schema_with = schema::time_or_null)]
    start: Option<Timestamp>,
    /// Length of the window, in days.
    #[serde(default = "seven")]
    #[schema(minimum = 0.001, maximum = 14)]
    window_days: f64,
    /// Largest distance, in km.
    #[serde(default = "ten")]
    #[schema(minimum = 0.001, maximum = 100)]
    threshold_km: f64,
}

/// Least length of a window, in days, and least distance, in km: less is a slip of the pen.
const LEAST: f64 = 1e-3;

fn seven() -> f64 {
    7.0
}

fn ten() -> f64 {
    10.0
}

impl ScreeningBody {
    fn into_request(self) -> Result<OnDemandRequest, Problem> {
        let object = self.catalog_number.map(|number| {
            CatalogNumber::new(number).ok_or_else(|| {
                let detail = format!("{number}: at most nine digits are due");
                Problem::unprocessable(detail).at("catalog_number")
            })
        });
        let subject = match (self.message, object.transpose()?) {
            (Some(text), object) => OnDemandSubject::Message { text, object },
            (None, Some(object)) => OnDemandSubject::Object(object),
            (None, None) => {
                return Err(Problem::unprocessable("message or catalog_number is due").at("message"));
            }
        };
        let inside = |field: &'static str, value: f64, limit: f64| {
            if (LEAST..=limit).contains(&value) {
                return Ok(value);
            }
            let detail = format!("{value:?}: {LEAST} to {limit} is due");
            Err(Problem::unprocessable(detail).at(field))
        };
        Ok(OnDemandRequest {
            subject,
            start: self.start,
            days: inside("window_days", self.window_days, LIMIT_DAYS)?,
            threshold_km: inside("threshold_km", self.threshold_km, LIMIT_KM)?,
        })
    }
}

/// A close approach that was found. It has no identity: nothing of it is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundRow {
    /// Whether the two never part in the window.
    relation: bool,
    #[serde(flatten)]
    solution: SolutionRow,
    /// The two objects, the one that was asked for first.
    objects: [ParticipantRow; 2],
}

impl From<OnDemandConjunction> for FoundRow {
    fn from(found: OnDemandConjunction) -> Self {
        Self {
            relation: found.relation,
            solution: found.solution.into(),
            objects: found.objects.map(ParticipantRow::from),
        }
    }
}

/// What a screening found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScreeningRow {
    /// Start of the window, UTC.
    #[schema(schema_with = schema::time)]
    start: Timestamp,
    /// Stop of the window, UTC.
    #[schema(schema_with = schema::time)]
    stop: Timestamp,
    /// Objects that it was screened against.
    objects: u64,
    /// Close approaches, by time.
    conjunctions: Vec<FoundRow>,
    /// Objects that could not be screened, or not to the end.
    not_screened: Vec<NotScreenedRow>,
    /// Which orientation of the Earth a posted ephemeris was turned with; nothing for others than those fixed to the Earth.
    earth_orientation: Option<OrientationRow>,
}

impl From<OnDemandResult> for ScreeningRow {
    fn from(result: OnDemandResult) -> Self {
        Self {
            start: result.start,
            stop: result.stop,
            objects: result.objects,
            conjunctions: result.conjunctions.into_iter().map(FoundRow::from).collect(),
            not_screened: result.not_screened.into_iter().map(NotScreenedRow::from).collect(),
            earth_orientation: result.turned_with.map(OrientationRow::from),
        }
    }
}

impl From<OnDemandError> for Problem {
    fn from(error: OnDemandError) -> Self {
        match error {
            OnDemandError::Store(error) => error.into(),
            OnDemandError::Subject { reason } => Self::unprocessable(reason).at("message"),
            OnDemandError::NoObject { object } => Self::not_found("object", object),
            OnDemandError::NoCatalog => Self::conflict("there is no catalog yet"),
            OnDemandError::OutOfDomain { .. } | OnDemandError::Window(_) | OnDemandError::Screening(_) => {
                Self::unprocessable(chain(&error))
            }
            OnDemandError::Busy { .. } => Self::unavailable(&error).because(error.to_string()),
            OnDemandError::Population(_) | OnDemandError::Stopped => Self::internal(chain(&error)),
        }
    }
}

/// Screen one object against the whole catalog. It takes seconds; nothing of it is kept. Who accepts `application/x-ndjson` is
/// told on the way how far it is, in a line for each part that is done, and then in the last line what was found, or why not;
/// not so under an idempotency key.
#[utoipa::path(post, path = "/screenings", tag = "screenings", request_body = ScreeningBody,
    responses((status = 200, description = "What was found",
            content((ScreeningRow = "application/json"), (ScreeningLine = "application/x-ndjson"))),
        (status = 503, description = "Too many others wait; `Retry-After` says when to come again")))]
pub(crate) async fn screen(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    Tried(attempt): Tried,
    headers: HeaderMap,
    LongJson(body): LongJson<ScreeningBody>,
) -> Result<Response, Problem> {
    let request = body.into_request()?;
    // An answer that is kept for its key is sent as a whole.
    if attempt.is_none() && lines::are_wanted(&headers) {
        return lines::answer(&state, caller.tenant.clone(), request, &headers).await;
    }
    let result = state.use_cases.on_demand.screen(&caller.tenant, request).await?;
    answer::json(&ScreeningRow::from(result))
}

#[cfg(test)]
mod tests {
    use axum::http::{StatusCode, header};

    use super::*;

    fn request(json: &str) -> Result<OnDemandRequest, Problem> {
        serde_json::from_str::<ScreeningBody>(json).unwrap().into_request()
    }

    #[test]
    fn seven_days_and_ten_kilometers_are_screened_unless_said_otherwise() {
        let asked = request(r#"{"catalog_number":25544}"#).unwrap();
        let object = OnDemandSubject::Object(CatalogNumber::new(25_544).unwrap());
        assert_eq!(asked, OnDemandRequest { subject: object, start: None, days: 7.0, threshold_km: 10.0 });
    }

    #[test]
    fn who_comes_when_too_many_wait_is_told_when_to_come_again() {
        let problem = Problem::from(OnDemandError::Busy { waiting: 4, limit: 4 });
        let response = problem.render("/api/v1/screenings", "r-1");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key(header::RETRY_AFTER));
    }

    #[test]
    fn what_is_wrong_with_a_screening_is_named() {
        for (json, field) in [
            ("{}", "\"message\""),
            (r#"{"catalog_number":1000000000}"#, "catalog_number"),
            (r#"{"catalog_number":5,"window_days":0}"#, "window_days"),
            (r#"{"catalog_number":5,"window_days":15}"#, "window_days"),
            (r#"{"catalog_number":5,"threshold_km":101}"#, "threshold_km"),
        ] {
            let problem = request(json).unwrap_err();
            assert!(format!("{problem:?}").contains(field), "{json}: {problem:?}");
        }
    }
}
