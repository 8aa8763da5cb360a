//! What goes out in a standard's notation, and states of an object in any frame.

use std::time::Duration;

use astroshield_domain::daily::{OrientationTaken, OrientationUsed};
use astroshield_domain::export::{
    self, EphemerisRequest, ExportError, LIMIT_STATES, MotionData, ObjectStates, ReferenceFrame, StateAt,
    StatesSource,
};
use astroshield_domain::feed::OperatorEphemeris;
use astroshield_domain::ids::{ConjunctionId, EphemerisId, UploadId};
use astroshield_formats::{
    EarthOrientationKind, HeaderDefaults, Message, Notation, Timestamp as Reading, write_messages,
};
use axum::extract::State;
use axum::response::Response;
use hifitime::TimeScale;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::objects::number;
use crate::access::Reader;
use crate::answer;
use crate::problem::{Problem, chain};
use crate::request::{Id, Parameters};
use crate::schema;
use crate::state::ApiState;

const ORIGINATOR: &str = "ASTROSHIELD";

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::NotFound { kind, id } => Self::not_found(kind, id),
            ExportError::Store(error) => error.into(),
            ExportError::Blob(_) => Self::unavailable(chain(&error)),
            ExportError::NoEphemeris { .. } | ExportError::NotCovered { .. } => {
                Self::unprocessable(chain(&error)).at("source")
            }
            other => Self::unprocessable(chain(&other)),
        }
    }
}

/// Messages in a notation, with its media type.
pub(super) fn written(
    state: &ApiState,
    messages: &[Message],
    notation: Notation,
) -> Result<Response, Problem> {
    let text = write_messages(messages, notation, &header_defaults(state)?)
        .map_err(|error| Problem::unprocessable(chain(&error)).at("format"))?;
    answer::text(media_type(notation), text)
}

/// What messages of now say of their making.
pub(super) fn header_defaults(state: &ApiState) -> Result<HeaderDefaults, Problem> {
    let now = astroshield_domain::time::to_epoch(state.now());
    let creation_date = Reading::from_epoch(now, TimeScale::UTC);
    let creation_date =
        creation_date.ok_or_else(|| Problem::internal("the clock is beyond the year 9999"))?;
    Ok(HeaderDefaults { creation_date, originator: ORIGINATOR.to_owned() })
}

pub(super) const fn media_type(notation: Notation) -> &'static str {
    match notation {
        Notation::Json => "application/json",
        Notation::Xml => "application/xml",
        Notation::Csv => "text/csv; charset=utf-8; header=present",
        Notation::Kvn | Notation::Tle | Notation::ThreeLine => "text/plain; charset=utf-8",
    }
}

/// Notation of a conjunction data message.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CdmFormat {
    /// Keyword = value.
    #[default]
    Kvn,
    /// XML.
    Xml,
    /// JSON, as Space-Track has it.
    Json,
}

/// In which notation.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CdmParams {
    /// Notation; `kvn` without it.
    #[param(inline)]
    format: Option<CdmFormat>,
}

/// Our solution of a conjunction as a conjunction data message (CCSDS 508.0-B-1).
#[utoipa::path(get, path = "/conjunctions/{id}/cdm", tag = "conjunctions",
    params(("id" = uuid::Uuid, Path, description = "Identity"), CdmParams),
    responses((status = 200, description = "The message", content(
        (String = "text/plain"), (String = "application/xml"), (schema::Messages = "application/json")))))]
pub(crate) async fn cdm(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<ConjunctionId>,
    Parameters(params): Parameters<CdmParams>,
) -> Result<Response, Problem> {
    let cdm = state.exporter().cdm(&caller.tenant, id).await?;
    let notation = match params.format.unwrap_or_default() {
        CdmFormat::Kvn => Notation::Kvn,
        CdmFormat::Xml => Notation::Xml,
        CdmFormat::Json => Notation::Json,
    };
    written(&state, &[Message::Cdm(Box::new(cdm))], notation)
}

/// A reference frame.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FrameName {
    /// True equator, mean equinox of date: SGP4's own.
    Teme,
    /// Fixed to the Earth.
    Itrf,
    /// Geocentric celestial.
    Gcrf,
    /// Mean equator and equinox of J2000.0.
    Eme2000,
}

impl From<FrameName> for ReferenceFrame {
    fn from(name: FrameName) -> Self {
        match name {
            FrameName::Teme => Self::Teme,
            FrameName::Itrf => Self::Itrf,
            FrameName::Gcrf => Self::Gcrf,
            FrameName::Eme2000 => Self::Eme2000,
        }
    }
}

/// Form of an ephemeris.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EphemerisFormat {
    /// JSON.
    #[default]
    Json,
    /// Orbit ephemeris message (OEM), keyword = value.
    OemKvn,
    /// Orbit ephemeris message (OEM), XML.
    OemXml,
}

/// What states follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SourceName {
    /// The current element set.
    ElementSet,
    /// An ephemeris that its operator gave.
    OperatorEphemeris,
}

/// Which states.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EphemerisParams {
    /// First time, UTC.
    #[param(value_type = String, format = DateTime)]
    start: Timestamp,
    /// Time not to go beyond, UTC.
    #[param(value_type = String, format = DateTime)]
    stop: Timestamp,
    /// From one state to the next, in seconds; 60 without it.
    #[param(minimum = 0.001, maximum = 86400)]
    step_s: Option<f64>,
    /// From which data; without it, from the newest ephemeris of the operator that covers some of the time, which has to cover
    /// all of it then, and where there is none, from the element set.
    #[param(inline)]
    source: Option<SourceName>,
    /// Frame; `teme` without it.
    #[param(inline)]
    frame: Option<FrameName>,
    /// Form; `json` without it.
    #[param(inline)]
    format: Option<EphemerisFormat>,
}

impl EphemerisParams {
    fn request(&self) -> Result<EphemerisRequest, Problem> {
        let step_s = self.step_s.unwrap_or(60.0);
        if !(1e-3..=86_400.0).contains(&step_s) {
            return Err(Problem::invalid("step_s", format!("{step_s:?}: 0.001 to 86400 is due")));
        }
        if self.stop < self.start {
            return Err(Problem::invalid("stop", format!("{} is before start, {}", self.stop, self.start)));
        }
        let span_s = self.stop.duration_since(self.start).as_secs_f64();
        let states = (span_s / step_s).floor() + 1.0;
        #[expect(clippy::cast_precision_loss, reason = "a limit far below 2^53")]
        let limit = LIMIT_STATES as f64;
        if states > limit {
            return Err(Problem::invalid(
                "step_s",
                format!("{states} states; at most {LIMIT_STATES} are given"),
            ));
        }
        Ok(EphemerisRequest {
            data: match self.source {
                None => MotionData::Best,
                Some(SourceName::ElementSet) => MotionData::ElementSet,
                Some(SourceName::OperatorEphemeris) => MotionData::Ephemeris,
            },
            frame: self.frame.unwrap_or(FrameName::Teme).into(),
            start: self.start,
            stop: self.stop,
            step: Duration::from_secs_f64(step_s),
        })
    }
}

/// A state of an ephemeris.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StateRow {
    /// When, UTC.
    #[schema(schema_with = schema::time)]
    time: Timestamp,
    /// Position in the frame, in km.
    position_km: [f64; 3],
    /// Velocity in the frame, in km/s.
    velocity_km_s: [f64; 3],
}

impl From<StateAt> for StateRow {
    fn from(StateAt { time, position_km, velocity_km_s }: StateAt) -> Self {
        Self { time, position_km, velocity_km_s }
    }
}

/// States of an object.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EphemerisRow {
    /// Catalog number.
    catalog_number: u32,
    /// Frame of the states.
    frame: &'static str,
    /// Which orientation of the Earth the frame follows from; nothing for frames that do not turn with it.
    earth_orientation: Option<OrientationRow>,
    /// What they follow from.
    source: SourceName,
    /// Epoch of the element set that they follow from, UTC.
    #[schema(schema_with = schema::time_or_null)]
    epoch: Option<Timestamp>,
    /// The ephemeris that they are interpolated from.
    operator_ephemeris: Option<OperatorEphemerisRow>,
    /// The states.
    states: Vec<StateRow>,
}

/// An ephemeris that its operator gave.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorEphemerisRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: EphemerisId,
    /// The upload that brought it.
    #[schema(schema_with = schema::id)]
    upload: UploadId,
    /// When it arrived, UTC.
    #[schema(schema_with = schema::time)]
    arrived: Timestamp,
    /// First time that it covers, UTC.
    #[schema(schema_with = schema::time)]
    start: Timestamp,
    /// Last time that it covers, UTC.
    #[schema(schema_with = schema::time)]
    stop: Timestamp,
}

/// Which orientation of the Earth was used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrientationRow {
    /// `observed`; `predicted`, where a day of it is; or `none`: UT1 - UTC and polar motion are not known for the whole window
    /// and taken as zero.
    #[schema(schema_with = schema::orientation_used)]
    kind: &'static str,
    /// First day of the values that were used, UTC.
    #[schema(schema_with = schema::date_or_null)]
    first_day: Option<Date>,
    /// Last day of the values that were used, UTC.
    #[schema(schema_with = schema::date_or_null)]
    last_day: Option<Date>,
    /// Feed that they came from.
    source: Option<String>,
    /// When the oldest of them arrived, UTC.
    #[schema(schema_with = schema::time_or_null)]
    arrived: Option<Timestamp>,
}

impl From<Option<OrientationUsed>> for OrientationRow {
    fn from(used: Option<OrientationUsed>) -> Self {
        let Some(used) = used else {
            return Self { kind: "none", first_day: None, last_day: None, source: None, arrived: None };
        };
        Self {
            kind: match used.kind {
                EarthOrientationKind::Observed => "observed",
                EarthOrientationKind::Predicted => "predicted",
            },
            first_day: Some(used.first_day),
            last_day: Some(used.last_day),
            source: Some(used.source),
            arrived: Some(used.arrived),
        }
    }
}

impl From<OrientationTaken> for OrientationRow {
    fn from(taken: OrientationTaken) -> Self {
        match taken {
            OrientationTaken::Known(used) => Some(used).into(),
            OrientationTaken::Neglected => None.into(),
        }
    }
}

/// States of an object, in a frame: by the ephemeris of its operator, or by its current element set.
#[utoipa::path(get, path = "/objects/{number}/ephemeris", tag = "objects",
    params(("number" = u32, Path, description = "Catalog number", maximum = 999_999_999), EphemerisParams),
    responses((status = 200, description = "States", content(
        (EphemerisRow = "application/json"), (String = "text/plain"), (String = "application/xml")))))]
pub(crate) async fn ephemeris(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<u32>,
    Parameters(params): Parameters<EphemerisParams>,
) -> Result<Response, Problem> {
    let request = params.request()?;
    let found = state.exporter().states(&caller.tenant, number(id)?, request).await?;
    let notation = match params.format.unwrap_or_default() {
        EphemerisFormat::Json => {
            let ObjectStates { object, source, frame, orientation, states, .. } = found;
            let (source, epoch, operator_ephemeris) = match source {
                StatesSource::ElementSet(set) => {
                    (SourceName::ElementSet, astroshield_domain::time::from_epoch(set.elements.epoch), None)
                }
                StatesSource::Ephemeris(ephemeris) => {
                    let OperatorEphemeris { id, upload, arrived, start, stop, .. } = *ephemeris;
                    let row = OperatorEphemerisRow { id, upload, arrived, start, stop };
                    (SourceName::OperatorEphemeris, None, Some(row))
                }
            };
            return answer::json(&EphemerisRow {
                catalog_number: object.get(),
                frame: frame.name(),
                earth_orientation: (frame == ReferenceFrame::Itrf).then(|| orientation.into()),
                source,
                epoch,
                operator_ephemeris,
                states: states.into_iter().map(StateRow::from).collect(),
            });
        }
        EphemerisFormat::OemKvn => Notation::Kvn,
        EphemerisFormat::OemXml => Notation::Xml,
    };
    let oem = export::oem(&found)?;
    written(&state, &[Message::Oem(Box::new(oem))], notation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_cannot_be_given_is_refused_by_name() {
        let asked = |start: &str, stop: &str, step_s| {
            let (start, stop) = (start.parse().unwrap(), stop.parse().unwrap());
            EphemerisParams { start, stop, step_s, source: None, frame: None, format: None }.request()
        };
        let (a, b) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        assert_eq!(asked(a, b, None).unwrap().step, Duration::from_secs(60));
        for (problem, field) in [
            (asked(b, a, None).unwrap_err(), "\"stop\""),
            (asked(a, b, Some(0.0)).unwrap_err(), "\"step_s\""),
            (asked(a, b, Some(f64::NAN)).unwrap_err(), "\"step_s\""),
            (asked(a, b, Some(0.1)).unwrap_err(), "\"step_s\""),
        ] {
            assert!(format!("{problem:?}").contains(field), "{problem:?}");
        }
    }
}
