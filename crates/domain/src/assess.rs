//! What a conjunction message that was received says, and what we compute from it.

use astroshield_astro::probability::assess::{Assessment, Method, MonteCarloUse, Options, assess};
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
    best(&assess(&encounter::of_cdm(cdm, encounter::radius_m(cdm)).ok()?, &Options::default()))
}

/// The probability of an approach from the covariances of both operators; nothing where no method's assumptions hold, or a
/// covariance would have to be repaired: there the maximum says more.
///
/// Without Monte Carlo: a run has many approaches, and draws no samples for each.
pub(crate) fn of_approach<F: Inertial>(encounter: &Encounter<F>) -> Option<(f64, ProbabilityMethod)> {
    let options = Options { monte_carlo_use: MonteCarloUse::Never, ..Options::default() };
    let assessment = assess(encounter, &options);
    let is_sound = assessment.repairs.is_empty() && assessment.best_result()?.applies;
    // The maximum has a place of its own.
    best(&assessment).filter(|(_, method)| is_sound && *method != ProbabilityMethod::Maximum)
}

/// The probability by the method to stand behind.
fn best(assessment: &Assessment) -> Option<(f64, ProbabilityMethod)> {
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

#[cfg(test)]
mod tests {
    use astroshield_astro::probability::{Covariance, ObjectState};
    use astroshield_astro::state::{State, Teme};
    use nalgebra::{Matrix6, Vector3, Vector6};

    use super::*;

    /// Two objects that pass 0.3 km apart along x, the second one at a speed along y and z, each with this covariance.
    fn passing(covariance: Matrix6<f64>, along_y_km_s: f64, along_z_km_s: f64) -> Encounter<Teme> {
        let covariance = Covariance::new(covariance).unwrap();
        let object = |x_km, velocity_km_s| ObjectState {
            state: State::new(Vector3::new(x_km, 0.0, 0.0), velocity_km_s),
            covariance,
        };
        let one = object(7000.0, Vector3::new(0.0, 7.5, 0.0));
        let other = object(7000.3, Vector3::new(0.0, along_y_km_s, along_z_km_s));
        Encounter::new(one, other, 0.01).unwrap()
    }

    #[test]
    fn an_approach_has_no_probability_from_covariances_that_no_method_takes_as_they_are() {
        let of = |variances: [f64; 6]| Matrix6::from_diagonal(&Vector6::from(variances));
        let sound = of([0.01, 0.01, 0.01, 1e-10, 1e-10, 1e-10]);
        let (probability, method) = of_approach(&passing(sound, 0.0, 7.5)).unwrap();
        assert!(probability > 0.0 && method == ProbabilityMethod::TwoDimensional, "{probability} {method:?}");

        let in_one_direction = of([0.01, 0.0, 0.0, 1e-10, 1e-10, 1e-10]);
        // Position and velocity cannot be correlated by more than one.
        let mut beyond_one = sound;
        (beyond_one[(0, 3)], beyond_one[(3, 0)]) = (2e-6, 2e-6);
        let crossing = [of([0.0; 6]), in_one_direction, beyond_one].map(|unsound| passing(unsound, 0.0, 7.5));
        // 1 m/s is too slow for straight motion, and without errors of the velocity no other method has a number.
        let slow = passing(of([0.01, 0.01, 0.01, 0.0, 0.0, 0.0]), 7.5, 0.001);
        for encounter in crossing.iter().chain([&slow]) {
            let best = best(&assess(encounter, &Options::default()));
            assert!(best.is_some(), "there is a number to leave out");
            assert_eq!(of_approach(encounter), None, "{encounter:?}");
        }
    }
}
