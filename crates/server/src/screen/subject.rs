//! The objects of a screening: element sets of the catalog, and ephemerides that their operators give.

use anyhow::{Context, bail};
use astroshield_astro::Epoch;
use astroshield_astro::frames::{EarthAttitude, EarthOrientation, gcrf_to_eme2000};
use astroshield_astro::screening::{Ephemeris, Instant, Trajectory};
use astroshield_astro::sgp4::Propagator;
use astroshield_astro::state::{State, Teme};
use astroshield_formats::{CatalogNumber, ElementSetRecord, Oem, OemSegment, OemState, Timestamp};

use super::report::NotScreened;

/// What is known of an object beside its motion.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subject {
    pub(super) catalog_number: Option<CatalogNumber>,
    pub(super) name: Option<String>,
    /// Epoch of its elements; an ephemeris has none.
    pub(super) epoch: Option<Epoch>,
    pub(super) grade: Grade,
}

/// Grade of the data behind an object's motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grade {
    /// General perturbations element set.
    Gp,
    /// Ephemeris of the operator.
    Ephemeris,
}

impl Grade {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gp => "GP",
            Self::Ephemeris => "EPHEMERIS",
        }
    }
}

/// Objects and their motions, in the same order.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    pub(super) subjects: Vec<Subject>,
    pub(super) trajectories: Vec<Trajectory>,
    /// Objects that SGP4 refuses.
    pub(super) refused: Vec<NotScreened>,
}

impl Subjects {
    pub(super) fn add_element_set(&mut self, record: ElementSetRecord) {
        let subject = Subject {
            catalog_number: Some(record.catalog_number),
            name: record.name,
            epoch: Some(record.elements.epoch),
            grade: Grade::Gp,
        };
        match Propagator::new(&record.elements) {
            Ok(propagator) => {
                self.subjects.push(subject);
                self.trajectories.push(Trajectory::of_element_set(propagator));
            }
            Err(error) => self.refused.push(NotScreened::new(&subject, None, &error)),
        }
    }

    pub(super) fn add_ephemeris(&mut self, oem: &Oem) -> anyhow::Result<()> {
        let name = oem.segments.first().map(|segment| segment.metadata.object_name.clone());
        let trajectory = trajectory(oem).with_context(|| name.clone().unwrap_or_default())?;
        self.trajectories.push(trajectory);
        self.subjects.push(Subject { catalog_number: None, name, epoch: None, grade: Grade::Ephemeris });
        Ok(())
    }
}

fn trajectory(oem: &Oem) -> anyhow::Result<Trajectory> {
    let segments = oem.segments.iter().map(segment).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Trajectory::of_ephemeris(Ephemeris::new(segments)?))
}

/// States of a segment in TEME, those outside its useable span left out.
fn segment(segment: &OemSegment) -> anyhow::Result<Vec<(Instant, State<Teme>)>> {
    let metadata = &segment.metadata;
    if !metadata.center_name.eq_ignore_ascii_case("EARTH") {
        bail!("CENTER_NAME {} is not EARTH", metadata.center_name);
    }
    let limit =
        |time: &Option<Timestamp>| time.as_ref().map(|time| time.to_epoch(&metadata.time_system)).transpose();
    let (from, to) = (limit(&metadata.useable_start_time)?, limit(&metadata.useable_stop_time)?);
    let useable = |epoch: &Epoch| from.is_none_or(|from| *epoch >= from) && to.is_none_or(|to| *epoch <= to);
    let states = segment.epochs()?.into_iter().zip(&segment.states).filter(|(epoch, _)| useable(epoch));
    states
        .map(|(epoch, state)| {
            let instant = Instant::from_epoch(epoch).with_context(|| format!("{epoch} is centuries away"))?;
            Ok((instant, teme(epoch, state, &metadata.ref_frame)?))
        })
        .collect()
}

/// A state in TEME. The Earth's orientation is not known here: only ITRF suffers from it, and is warned of.
fn teme(epoch: Epoch, state: &OemState, frame: &str) -> anyhow::Result<State<Teme>> {
    let (position_km, velocity_km_s) = (state.position_km.into(), state.velocity_km_s.into());
    let attitude = || EarthAttitude::new(epoch, &EarthOrientation::NEGLECTED);
    Ok(match frame.to_ascii_uppercase().as_str() {
        "TEME" => State::new(position_km, velocity_km_s),
        "EME2000" => attitude().eme2000_to_teme(&State::new(position_km, velocity_km_s)),
        "GCRF" | "ICRF" => {
            attitude().eme2000_to_teme(&gcrf_to_eme2000(&State::new(position_km, velocity_km_s)))
        }
        frame if is_earth_fixed(frame) => attitude().itrf_to_teme(&State::new(position_km, velocity_km_s)),
        frame => bail!("REF_FRAME {frame} is not one of TEME, EME2000, GCRF, ITRF"),
    })
}

/// Whether a frame of an OEM turns with the Earth.
pub(super) fn is_earth_fixed(frame: &str) -> bool {
    frame.to_ascii_uppercase().starts_with("ITRF")
}
