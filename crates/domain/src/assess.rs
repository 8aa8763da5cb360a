//! What a conjunction message that was received says, and what we compute from it.

use astroshield_astro::probability::assess::{Method, Options, assess};
use astroshield_astro::probability::{Encounter, Inertial};
use astroshield_formats::{CatalogNumber, Cdm, CdmSummary, TimeSystem};
use jiff::Timestamp;

use crate::conjunction::{CdmIdentity, ProbabilityMethod};
use crate::{encounter, time};

const KM_PER_M: f64 = 1e-3;

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) objects: [CatalogNumber; 2],
    pub(crate) originator: String,
    pub(crate) created: Timestamp,
    pub(crate) tca: Timestamp,
    pub(crate) miss_distance_km: f64,
    pub(crate) stated_probability: Option<f64>,
    /// What we compute from it, and how.
    pub(crate) probability: Option<(f64, ProbabilityMethod)>,
}

impl Told {
    /// What tells the message from others.
    pub(crate) fn identity(&self) -> CdmIdentity {
        CdmIdentity {
            originator: self.originator.clone(),
            objects: self.objects,
            created: self.created,
            tca: self.tca,
        }
    }
}

/// What a CDM says; the reason if it is not about two objects of the catalog.
pub(crate) fn of_cdm(cdm: &Cdm) -> Result<Told, String> {
    let number = |object: &astroshield_formats::CdmObject| {
        let designator = &object.metadata.object_designator;
        let number: Result<CatalogNumber, _> = designator.trim().parse();
        number.map_err(|fault| format!("OBJECT_DESIGNATOR of {}: {fault}", object.metadata.object))
    };
    Ok(Told {
        objects: [number(&cdm.object1)?, number(&cdm.object2)?],
        originator: cdm.header.originator.clone(),
        created: utc(cdm.header.creation_date, "CREATION_DATE")?,
        tca: utc(cdm.relative.tca, "TCA")?,
        miss_distance_km: cdm.relative.miss_distance_m * KM_PER_M,
        stated_probability: cdm.relative.collision_probability,
        probability: probability(cdm),
    })
}

/// What a row of Space-Track's `cdm_public` says.
pub(crate) fn of_summary(summary: &CdmSummary, arrived: Timestamp) -> Result<Told, String> {
    let fields = &summary.fields;
    Ok(Told {
        objects: [fields.sat_1_id, fields.sat_2_id],
        originator: "Space-Track".to_owned(),
        created: fields.created.map_or(Ok(arrived), |created| utc(created, "CREATED"))?,
        tca: utc(fields.tca, "TCA")?,
        miss_distance_km: fields.min_rng_m.ok_or("MIN_RNG: mandatory, but missing or empty")? * KM_PER_M,
        stated_probability: fields.pc,
        probability: None,
    })
}

/// Our probability from the states and covariances of a message; nothing where they do not give one.
#[must_use]
pub fn probability(cdm: &Cdm) -> Option<(f64, ProbabilityMethod)> {
    of_encounter(&encounter::of_cdm(cdm, encounter::radius_m(cdm)).ok()?)
}

/// The probability of an encounter by the method to stand behind.
pub(crate) fn of_encounter<F: Inertial>(encounter: &Encounter<F>) -> Option<(f64, ProbabilityMethod)> {
    let assessment = assess(encounter, &Options::default());
    let best = assessment.best_result()?;
    let method = match best.method {
        Method::Foster1992 | Method::Chan1997 | Method::Alfano2005 => ProbabilityMethod::TwoDimensional,
        Method::Alfano2005Maximum => ProbabilityMethod::Maximum,
        Method::Hall2023 => ProbabilityMethod::TwoDimensionalNc,
        Method::Hall2021 => ProbabilityMethod::ThreeDimensionalNc,
        Method::MonteCarlo => ProbabilityMethod::MonteCarlo,
    };
    Some((best.probability?, method))
}

fn utc(reading: astroshield_formats::Timestamp, field: &str) -> Result<Timestamp, String> {
    let epoch = reading.to_epoch(&TimeSystem::utc()).map_err(|fault| format!("{field}: {fault}"))?;
    time::from_epoch(epoch)
        .map(time::to_microsecond)
        .ok_or_else(|| format!("{field}: {reading} is out of range"))
}
