//! States of an object in a frame.

use std::time::Duration;

use astroshield_astro::Epoch;
use astroshield_astro::frames::{EarthAttitude, EarthOrientation};
use astroshield_astro::sgp4::Propagator;
use astroshield_astro::state::{State, Teme};
use astroshield_formats::CatalogNumber;
use jiff::Timestamp;
use nalgebra::Vector3;

use super::{ExportError, Exporter, LIMIT_STATES, state};
use crate::catalog::ElementSet;
use crate::daily::{OrientationOfWindow, OrientationUsed};
use crate::feed::OperatorEphemeris;
use crate::ids::TenantId;
use crate::population::KeptEphemeris;
use crate::{population, time};

/// Frames that states are given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReferenceFrame {
    /// True equator, mean equinox of date: SGP4's own.
    #[default]
    Teme,
    /// Fixed to the Earth. Where UT1 - UTC and polar motion are not known, they are neglected: off by up to 50 m in low orbit
    /// while UT1 - UTC is below 0.1 s.
    Itrf,
    /// Geocentric celestial.
    Gcrf,
    /// Mean equator and equinox of J2000.0.
    Eme2000,
}

impl ReferenceFrame {
    /// The name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Teme => "TEME",
            Self::Itrf => "ITRF",
            Self::Gcrf => "GCRF",
            Self::Eme2000 => "EME2000",
        }
    }
}

/// What the states of an object follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MotionData {
    /// The newest ephemeris of its operator that covers some of the window, else the element set: as in screening.
    #[default]
    Best,
    /// The current element set.
    ElementSet,
    /// The newest ephemeris of its operator that covers some of the window.
    Ephemeris,
}

/// Which states to give of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EphemerisRequest {
    /// From which data.
    pub data: MotionData,
    /// Frame.
    pub frame: ReferenceFrame,
    /// First time.
    pub start: Timestamp,
    /// Time not to go beyond.
    pub stop: Timestamp,
    /// From one state to the next.
    pub step: Duration,
}

/// A state in the frame that was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StateAt {
    /// When, UTC.
    pub time: Timestamp,
    /// Position, in km.
    pub position_km: [f64; 3],
    /// Velocity, in km/s.
    pub velocity_km_s: [f64; 3],
}

/// What states follow from.
#[derive(Debug, Clone, PartialEq)]
pub enum StatesSource {
    /// The current element set.
    ElementSet(Box<ElementSet>),
    /// An ephemeris of the operator.
    Ephemeris(Box<OperatorEphemeris>),
}

/// States of an object, and what they follow from.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectStates {
    /// Catalog number.
    pub object: CatalogNumber,
    /// Name.
    pub name: Option<String>,
    /// International designator.
    pub international_designator: Option<String>,
    /// What they follow from.
    pub source: StatesSource,
    /// Frame.
    pub frame: ReferenceFrame,
    /// The orientation of the Earth, where the frame needs it and it is known for the whole window.
    pub orientation: Option<OrientationUsed>,
    /// The states.
    pub states: Vec<StateAt>,
}

impl Exporter {
    /// The states of an object.
    ///
    /// # Errors
    /// When there is no such data, it does not cover the window, there are too many states, or SGP4 refuses.
    pub async fn states(
        &self,
        tenant: &TenantId,
        object: CatalogNumber,
        request: EphemerisRequest,
    ) -> Result<ObjectStates, ExportError> {
        let ephemeris = match request.data {
            MotionData::ElementSet => None,
            MotionData::Best | MotionData::Ephemeris => self.ephemeris(tenant, object, request).await?,
        };
        let EphemerisRequest { start, stop, .. } = request;
        match (ephemeris, request.data) {
            (Some(ephemeris), _) => self.states_of_ephemeris(object, ephemeris, request).await,
            (None, MotionData::Ephemeris) => Err(ExportError::NoEphemeris { object, start, stop }),
            (None, _) => self.states_of_element_set(tenant, object, request).await,
        }
    }

    /// The newest ephemeris of an object that covers some of the window.
    async fn ephemeris(
        &self,
        tenant: &TenantId,
        object: CatalogNumber,
        EphemerisRequest { start, stop, .. }: EphemerisRequest,
    ) -> Result<Option<OperatorEphemeris>, ExportError> {
        let ephemerides = self.store.ephemerides_as_of(tenant, self.clock.now(), (start, stop)).await?;
        Ok(ephemerides.into_iter().find(|ephemeris| ephemeris.object == object.get()))
    }

    async fn states_of_element_set(
        &self,
        tenant: &TenantId,
        object: CatalogNumber,
        request: EphemerisRequest,
    ) -> Result<ObjectStates, ExportError> {
        let set = self.element_set(tenant, object).await?;
        let orientation = self.orientation(request).await?;
        let used = orientation.as_ref().and_then(OrientationOfWindow::used);
        let elements = set.elements;
        let working = move || {
            let propagator = Propagator::new(&elements)?;
            states(|time| by_element_set(&propagator, time), request, orientation.as_ref())
        };
        let states = in_background(working).await?;
        Ok(ObjectStates {
            object,
            name: set.name.clone(),
            international_designator: set.international_designator.clone(),
            source: StatesSource::ElementSet(Box::new(set)),
            frame: request.frame,
            orientation: used,
            states,
        })
    }

    async fn states_of_ephemeris(
        &self,
        object: CatalogNumber,
        ephemeris: OperatorEphemeris,
        request: EphemerisRequest,
    ) -> Result<ObjectStates, ExportError> {
        let unreadable = || ExportError::Unreadable { object, arrived: ephemeris.arrived };
        let kept = population::kept(&ephemeris, &self.blobs).await?.ok_or_else(unreadable)?;
        let KeptEphemeris { subject, motion, spans, turns_with_earth } = kept;
        if !spans.iter().any(|(from, to)| *from <= request.start && request.stop <= *to) {
            let spans: Vec<String> = spans.iter().map(|(from, to)| format!("{from} to {to}")).collect();
            return Err(ExportError::NotCovered { object, spans: spans.join(", ") });
        }
        // What was fixed to the Earth goes out as it came in.
        let orientation = if turns_with_earth && request.frame == ReferenceFrame::Itrf {
            ephemeris.orientation.clone()
        } else {
            self.orientation(request).await?
        };
        let used = orientation.as_ref().and_then(OrientationOfWindow::used);
        let working = move || states(|time| state(&motion, time), request, orientation.as_ref());
        let states = in_background(working).await?;
        Ok(ObjectStates {
            object,
            name: subject.name,
            international_designator: subject.international_designator,
            source: StatesSource::Ephemeris(Box::new(ephemeris)),
            frame: request.frame,
            orientation: used,
            states,
        })
    }

    /// The orientation of the Earth over a window, for the frame that needs it.
    async fn orientation(
        &self,
        EphemerisRequest { frame, start, stop, .. }: EphemerisRequest,
    ) -> Result<Option<OrientationOfWindow>, ExportError> {
        if frame != ReferenceFrame::Itrf {
            return Ok(None);
        }
        Ok(OrientationOfWindow::known(&*self.store, start, stop).await?)
    }
}

pub(super) fn by_element_set(propagator: &Propagator, time: Timestamp) -> Result<State<Teme>, ExportError> {
    propagator
        .propagate(propagator.minutes_since_epoch(time::to_epoch(time)))
        .map_err(|error| ExportError::Propagation { time, error })
}

/// Computes on a thread of its own.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ExportError> + Send + 'static,
) -> Result<T, ExportError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ExportError::States { states: 0 })?
}

pub(super) fn states(
    motion: impl Fn(Timestamp) -> Result<State<Teme>, ExportError>,
    request: EphemerisRequest,
    orientation: Option<&OrientationOfWindow>,
) -> Result<Vec<StateAt>, ExportError> {
    let EphemerisRequest { frame, start, stop, step, .. } = request;
    let span = Duration::try_from(stop.duration_since(start)).unwrap_or_default();
    let count = match step.as_nanos() {
        0 => 0,
        step => u64::try_from(span.as_nanos() / step + 1).unwrap_or(u64::MAX),
    };
    if stop < start || !(1..=LIMIT_STATES).contains(&count) {
        return Err(ExportError::States { states: if stop < start { 0 } else { count } });
    }
    let mut states = Vec::new();
    let mut next = start;
    for _ in 0..count {
        let epoch = time::to_epoch(next);
        let teme = motion(next)?;
        let earth = orientation.and_then(|window| window.at(next)).unwrap_or(EarthOrientation::NEGLECTED);
        let (position_km, velocity_km_s) = in_frame(&teme, epoch, frame, &earth);
        states.push(StateAt {
            time: next,
            position_km: position_km.into(),
            velocity_km_s: velocity_km_s.into(),
        });
        next = next.saturating_add(step).unwrap_or(Timestamp::MAX);
    }
    Ok(states)
}

fn in_frame(
    teme: &State<Teme>,
    epoch: Epoch,
    frame: ReferenceFrame,
    orientation: &EarthOrientation,
) -> (Vector3<f64>, Vector3<f64>) {
    let attitude = || EarthAttitude::new(epoch, orientation);
    match frame {
        ReferenceFrame::Teme => (teme.position_km, teme.velocity_km_s),
        ReferenceFrame::Itrf => {
            let state = attitude().teme_to_itrf(teme);
            (state.position_km, state.velocity_km_s)
        }
        ReferenceFrame::Gcrf => {
            let state = attitude().teme_to_gcrf(teme);
            (state.position_km, state.velocity_km_s)
        }
        ReferenceFrame::Eme2000 => {
            let state = attitude().teme_to_eme2000(teme);
            (state.position_km, state.velocity_km_s)
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::samples::set;
    use super::*;

    #[test]
    fn absurd_windows_are_refused_with_the_number_of_states() {
        let propagator = Propagator::new(&set().elements).unwrap();
        let start: Timestamp = "2008-09-20T12:00:00Z".parse().unwrap();
        let refused = |hours, step| {
            let stop = start + SignedDuration::from_hours(hours);
            let (data, frame) = (MotionData::Best, ReferenceFrame::Teme);
            let request = EphemerisRequest { data, frame, start, stop, step };
            match states(|time| by_element_set(&propagator, time), request, None) {
                Err(ExportError::States { states }) => states,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(refused(24, Duration::from_millis(1)), 86_400_001);
        assert_eq!(refused(24, Duration::ZERO), 0);
        assert_eq!(refused(-1, Duration::from_secs(1)), 0);
    }
}
