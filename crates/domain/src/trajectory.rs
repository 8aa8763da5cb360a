//! Motions for screening from what operators give: an OEM as a trajectory.

use astroshield_astro::Epoch;
use astroshield_astro::frames::{EarthAttitude, EarthOrientation, gcrf_to_eme2000};
use astroshield_astro::screening::{Ephemeris, EphemerisError, Instant, Trajectory};
use astroshield_astro::state::{State, Teme};
use astroshield_formats::{Fault, Oem, OemSegment, OemState, Timestamp};
use nalgebra::{Matrix6, Vector3};

use crate::daily::OrientationOfWindow;
use crate::time;

/// The frames of states that are known here, in messages.
pub(crate) const FRAMES: &str = "TEME, EME2000, GCRF, ICRF, ITRF (with or without its year)";

/// Why an OEM is no trajectory.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OemError {
    /// Not about the Earth.
    #[error("CENTER_NAME {center} is not EARTH")]
    Center {
        /// What it says.
        center: String,
    },
    /// A frame that is not known here.
    #[error("REF_FRAME {frame} is not one of {FRAMES}")]
    Frame {
        /// What it says.
        frame: String,
    },
    /// A time that is none.
    #[error(transparent)]
    Time(#[from] Fault),
    /// A time outside the years that screening covers.
    #[error("{epoch} is centuries away")]
    FarAway {
        /// The time.
        epoch: Epoch,
    },
    /// The states cannot be interpolated.
    #[error(transparent)]
    Ephemeris(#[from] EphemerisError),
}

/// The trajectory of an OEM, states outside the useable spans of its segments left out. Those in a frame that turns with the
/// Earth are turned with the orientation that is given; without one, UT1 - UTC and polar motion are taken as zero.
///
/// # Errors
/// When center, frame or times are not known, or the states cannot be interpolated.
pub fn of_oem(oem: &Oem, orientation: Option<&OrientationOfWindow>) -> Result<Trajectory, OemError> {
    let segments = oem.segments.iter().map(|one| segment(one, orientation));
    let segments = segments.collect::<Result<Vec<_>, OemError>>()?;
    Ok(Trajectory::of_ephemeris(Ephemeris::new(segments)?))
}

/// The times that the useable states of an OEM cover without a gap, one span after the other.
///
/// # Errors
/// As [`of_oem`].
pub fn spans(oem: &Oem) -> Result<Vec<(Epoch, Epoch)>, OemError> {
    let mut spans: Vec<(Epoch, Epoch)> = Vec::new();
    for segment in &oem.segments {
        let Some((first, last)) = span_of(segment)? else { continue };
        match spans.last_mut() {
            Some((_, stop)) if first <= *stop => *stop = (*stop).max(last),
            _ => spans.push((first, last)),
        }
    }
    Ok(spans)
}

/// First and last time that the useable states of an OEM cover; `None` if there are none.
///
/// # Errors
/// As [`of_oem`].
pub fn span(oem: &Oem) -> Result<Option<(Epoch, Epoch)>, OemError> {
    let mut span: Option<(Epoch, Epoch)> = None;
    for segment in &oem.segments {
        for epoch in useable(segment)?.into_iter().map(|(epoch, _)| epoch) {
            span = Some(span.map_or((epoch, epoch), |(from, to)| (from.min(epoch), to.max(epoch))));
        }
    }
    Ok(span)
}

fn is_earth_fixed(frame: &str) -> bool {
    frame.to_ascii_uppercase().starts_with("ITRF")
}

/// Whether states of an OEM are in a frame that turns with the Earth.
#[must_use]
pub fn turns_with_earth(oem: &Oem) -> bool {
    oem.segments.iter().any(|segment| is_earth_fixed(&segment.metadata.ref_frame))
}

/// First and last time of the useable states of a segment; `None` if there are none.
pub(crate) fn span_of(segment: &OemSegment) -> Result<Option<(Epoch, Epoch)>, OemError> {
    let states = useable(segment)?;
    Ok(states.first().zip(states.last()).map(|((first, _), (last, _))| (*first, *last)))
}

fn useable(segment: &OemSegment) -> Result<Vec<(Epoch, &OemState)>, OemError> {
    let metadata = &segment.metadata;
    let limit =
        |time: &Option<Timestamp>| time.as_ref().map(|time| time.to_epoch(&metadata.time_system)).transpose();
    let (from, to) = (limit(&metadata.useable_start_time)?, limit(&metadata.useable_stop_time)?);
    let inside = |epoch: &Epoch| from.is_none_or(|from| *epoch >= from) && to.is_none_or(|to| *epoch <= to);
    Ok(segment.epochs()?.into_iter().zip(&segment.states).filter(|(epoch, _)| inside(epoch)).collect())
}

fn segment(
    segment: &OemSegment,
    orientation: Option<&OrientationOfWindow>,
) -> Result<Vec<(Instant, State<Teme>)>, OemError> {
    let metadata = &segment.metadata;
    if !metadata.center_name.eq_ignore_ascii_case("EARTH") {
        return Err(OemError::Center { center: metadata.center_name.clone() });
    }
    let states = useable(segment)?.into_iter();
    states
        .map(|(epoch, state)| {
            let instant = Instant::from_epoch(epoch).ok_or(OemError::FarAway { epoch })?;
            let axes = Axes::of(&metadata.ref_frame, epoch, orientation)?;
            Ok((instant, axes.to_teme(state.position_km.into(), state.velocity_km_s.into())))
        })
        .collect()
}

/// What makes position and velocity in a frame those in TEME, as a matrix: the change of frame is linear in both.
pub(crate) fn to_teme(
    epoch: Epoch,
    frame: &str,
    orientation: Option<&OrientationOfWindow>,
) -> Result<Matrix6<f64>, OemError> {
    let axes = Axes::of(frame, epoch, orientation)?;
    let mut matrix = Matrix6::zeros();
    for (column, unit) in Matrix6::<f64>::identity().column_iter().enumerate() {
        let state = axes.to_teme(unit.fixed_rows::<3>(0).into_owned(), unit.fixed_rows::<3>(3).into_owned());
        matrix.fixed_view_mut::<3, 1>(0, column).copy_from(&state.position_km);
        matrix.fixed_view_mut::<3, 1>(3, column).copy_from(&state.velocity_km_s);
    }
    Ok(matrix)
}

/// The axes of a frame at a time.
enum Axes {
    Teme,
    Eme2000(EarthAttitude),
    Gcrf(EarthAttitude),
    Itrf(EarthAttitude),
}

impl Axes {
    /// Only ITRF depends on the Earth's orientation.
    fn of(frame: &str, epoch: Epoch, orientation: Option<&OrientationOfWindow>) -> Result<Self, OemError> {
        let attitude = || {
            let known = orientation.and_then(|window| window.at(time::from_epoch(epoch)?));
            EarthAttitude::new(epoch, &known.unwrap_or(EarthOrientation::NEGLECTED))
        };
        Ok(match frame.to_ascii_uppercase().as_str() {
            "TEME" => Self::Teme,
            "EME2000" => Self::Eme2000(attitude()),
            "GCRF" | "ICRF" => Self::Gcrf(attitude()),
            name if is_earth_fixed(name) => Self::Itrf(attitude()),
            _ => return Err(OemError::Frame { frame: frame.to_owned() }),
        })
    }

    fn to_teme(&self, position_km: Vector3<f64>, velocity_km_s: Vector3<f64>) -> State<Teme> {
        match self {
            Self::Teme => State::new(position_km, velocity_km_s),
            Self::Eme2000(attitude) => attitude.eme2000_to_teme(&State::new(position_km, velocity_km_s)),
            Self::Gcrf(attitude) => {
                attitude.eme2000_to_teme(&gcrf_to_eme2000(&State::new(position_km, velocity_km_s)))
            }
            Self::Itrf(attitude) => attitude.itrf_to_teme(&State::new(position_km, velocity_km_s)),
        }
    }
}
