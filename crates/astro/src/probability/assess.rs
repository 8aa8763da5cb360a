//! Every method on one encounter, where each holds, and the one to stand behind.

use super::covariance::Inertial;
use super::encounter::{Encounter, EncounterError, EncounterPlane};
use super::equinoctial::OrbitError;
use super::hall_2023::{StraightPeak, log_correction};
use super::monte_carlo::{self, MonteCarlo};
use super::pair::OrbitPair;
use super::planar::PlanarGaussian;
use super::repair::{CovarianceRepair, plane_covariance, position_floor_km2};
use super::timing::{Peak, bounds, find_peak};
pub use super::usage::Warning;
use super::usage::{EXTENDED_LIMITS, ISOLATED_LIMITS, PLANAR_LIMITS, duration_and_reach};
use super::{alfano_2005, alfano_2005_maximum, chan_1997, foster_1992, hall_2021, hall_2023};

/// A method of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// [`foster_1992`]: exact two-dimensional integral.
    Foster1992,
    /// [`chan_1997`]: two-dimensional series.
    Chan1997,
    /// [`alfano_2005`]: two-dimensional error-function sum.
    Alfano2005,
    /// [`alfano_2005_maximum`]: largest two-dimensional probability over all scales of the covariance.
    Alfano2005Maximum,
    /// 2D-Nc: one isolated encounter, curved motion (Hall, Baars, Casali, AAS 23-398, 2023).
    Hall2023,
    /// 3D-Nc: time integral of the collision rate (Hall, JSR 58(3), 2021).
    Hall2021,
    /// [`monte_carlo`] on two-body motion.
    MonteCarlo,
}

impl Method {
    /// The name in reports: `foster_1992` and so on.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Foster1992 => "foster_1992",
            Self::Chan1997 => "chan_1997",
            Self::Alfano2005 => "alfano_2005",
            Self::Alfano2005Maximum => "alfano_2005_maximum",
            Self::Hall2023 => "hall_2023",
            Self::Hall2021 => "hall_2021",
            Self::MonteCarlo => "monte_carlo",
        }
    }
}

/// One method's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodResult {
    /// Which method.
    pub method: Method,
    /// Its probability, where it could compute one.
    pub probability: Option<f64>,
    /// Whether its assumptions hold for this encounter.
    pub applies: bool,
    /// What limits it.
    pub warnings: Vec<Warning>,
}

impl MethodResult {
    /// Whether there is a number that the method itself does not disown.
    fn is_usable(&self) -> bool {
        self.probability.is_some() && !self.warnings.contains(&Warning::NotConverged)
    }
}

/// When to run the Monte Carlo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MonteCarloUse {
    /// Not at all.
    Never,
    /// Where no other method's assumptions hold and enough samples are likely to hit.
    #[default]
    WhenNeeded,
    /// Always.
    Always,
}

/// What to compute.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Options {
    /// When to run the Monte Carlo.
    pub monte_carlo_use: MonteCarloUse,
    /// How to run it; without a window of its own it takes [`Self::window_s`], or the encounter segment.
    pub monte_carlo: monte_carlo::Options,
    /// The stretch of time in which collisions count for 3D-Nc and Monte Carlo, in s from the states'
    /// instant; by default the encounter segment. With a window given, the limits that compare with the
    /// segment do not arise.
    pub window_s: Option<[f64; 2]>,
}

/// All that the methods say about one encounter.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// The method to stand behind: see [`assess`]. Nothing if no method gave a number.
    pub best: Option<Method>,
    /// Every method's answer, in a fixed order.
    pub methods: Vec<MethodResult>,
    /// The encounter plane, where there is one.
    pub plane: Option<EncounterPlane>,
    /// Scale (minor sigma, in km) at which the maximum probability is reached.
    pub dilution_km: Option<f64>,
    /// The counts behind the Monte Carlo's probability, where it ran.
    pub monte_carlo: Option<MonteCarlo>,
    /// Covariances that were not positive definite, and what was done.
    pub repairs: Vec<CovarianceRepair>,
}

impl Assessment {
    /// The answer of one method.
    #[must_use]
    pub fn result(&self, method: Method) -> Option<&MethodResult> {
        self.methods.iter().find(|result| result.method == method)
    }

    /// The answer of the best method.
    #[must_use]
    pub fn best_result(&self) -> Option<&MethodResult> {
        self.best.and_then(|best| self.result(best))
    }
}

/// A two-dimensional approximation applies while it is within this part of the exact integral.
const APPROXIMATION_LIMIT: f64 = 0.01;
/// States further than this from the closest approach, in s, are reported: a message's instant is rounded to
/// a millisecond.
const NOTABLE_SHIFT_S: f64 = 1.0;
/// Hits for a 95 % interval of about a fifth either way.
const NEEDED_HITS: u64 = 100;

/// Applies every method to an encounter and says which one holds.
///
/// The usage limits are those of NASA CARA's multistep algorithm. Let T +- 8.2 S be the time in which the
/// probability accrues and P the shorter period:
///
/// | method | extended | offset | inaccurate |
/// |---|---|---|---|
/// | two-dimensional | 16.4 S/P <= 0.02 | max abs(T +- 8.2 S)/P <= 0.01 | 1 - exp(-abs(ln c)) <= 0.02, c the curved over the straight probability for a small radius |
/// | 2D-Nc | 0.05 | 0.1 | 0.1: sphere against effective plane |
/// | 3D-Nc | 0.5 of the encounter segment | 0.75 of it | - |
///
/// The encounter segment lies between the two maxima of the mean orbits' distance around the encounter. Where
/// 3D-Nc holds on it and differs from one of the first two by more than that method's limit of inaccuracy,
/// the latter does not: it has missed part of the encounter, such as a second approach.
///
/// `best` is the first of these whose limits hold: the exact two-dimensional integral, 2D-Nc, 3D-Nc, Monte
/// Carlo with at least 100 hits. Where none holds it is the most general that converged (3D-Nc, then 2D-Nc,
/// then the two-dimensional integral), and its `applies` is false.
///
/// Source: Hall, Baars, Casali, AAS 23-398, 2023.
#[must_use]
pub fn assess<F: Inertial>(encounter: &Encounter<F>, options: &Options) -> Assessment {
    let mut assessment = Assessment {
        best: None,
        methods: Vec::new(),
        plane: None,
        dilution_km: None,
        monte_carlo: None,
        repairs: Vec::new(),
    };
    let curved = Curved::of(encounter);
    if let Ok(curved) = &curved {
        assessment.repairs.extend(curved.repairs.iter().cloned());
    }
    planar_methods(encounter, &curved, &mut assessment);
    let window_s = options.window_s.or_else(|| curved.as_ref().ok().map(|curved| curved.segment_s));
    isolated_method(&curved, &mut assessment);
    extended_method(&curved, options.window_s, &mut assessment);
    cross_check(&mut assessment);
    run_monte_carlo(encounter, options, window_s, &mut assessment);
    assessment.best = choose(&assessment);
    assessment
}

/// The encounter in two-body motion, as far as it can be had.
struct Curved {
    pair: OrbitPair,
    segment_s: [f64; 2],
    straight: Option<StraightPeak>,
    peak: Option<Peak>,
    repairs: Vec<CovarianceRepair>,
    velocity_is_exact: bool,
}

impl Curved {
    fn of<F: Inertial>(encounter: &Encounter<F>) -> Result<Self, OrbitError> {
        let (pair, repairs) = OrbitPair::new(encounter)?;
        let (primary, secondary) = (encounter.primary(), encounter.secondary());
        let straight = StraightPeak::of(
            &(secondary.state.position_km - primary.state.position_km),
            &(secondary.state.velocity_km_s - primary.state.velocity_km_s),
            &(primary.covariance.position_km2() + secondary.covariance.position_km2()),
            position_floor_km2(encounter.hard_body_radius_km()),
        );
        let peak = straight.as_ref().and_then(|straight| find_peak(&pair, straight.time_s, straight.sigma_s));
        Ok(Self {
            segment_s: pair.segment_s(peak.as_ref().map_or(0.0, |peak| peak.time_s))?,
            pair,
            straight,
            peak,
            repairs,
            velocity_is_exact: primary.covariance.velocity_is_exact()
                || secondary.covariance.velocity_is_exact(),
        })
    }

    /// What the two-dimensional method's assumptions lack.
    fn planar_warnings(&self) -> Vec<Warning> {
        let period_s = self.pair.shorter_period_s();
        let Some(straight) = &self.straight else {
            return vec![Warning::NotConverged];
        };
        if self.velocity_is_exact {
            let [extended, offset] = duration_and_reach(bounds(straight.time_s, straight.sigma_s), period_s);
            let mut warnings = PLANAR_LIMITS.check(extended, offset, 0.0);
            warnings.push(Warning::VelocityCovarianceMissing);
            return warnings;
        }
        let Some(peak) = &self.peak else {
            return vec![Warning::NotConverged];
        };
        let [extended, offset] = duration_and_reach(bounds(peak.time_s, peak.sigma_s), period_s);
        let inaccurate = 1.0 - libm::exp(-log_correction(straight, peak).abs());
        PLANAR_LIMITS.check(extended, offset, inaccurate)
    }
}

/// The two-dimensional methods.
fn planar_methods<F: Inertial>(
    encounter: &Encounter<F>,
    curved: &Result<Curved, OrbitError>,
    assessment: &mut Assessment,
) {
    let planar = [Method::Foster1992, Method::Chan1997, Method::Alfano2005, Method::Alfano2005Maximum];
    let mut decline = |warning: Warning| {
        assessment.methods.extend(planar.map(|method| MethodResult {
            method,
            probability: None,
            applies: false,
            warnings: vec![warning],
        }));
    };
    let plane = match encounter.plane() {
        Ok(plane) => plane,
        Err(EncounterError::NoRelativeVelocity { relative_speed_km_s }) => {
            decline(Warning::NoEncounterPlane { relative_speed_km_s });
            return;
        }
        Err(EncounterError::NotFinite { .. } | EncounterError::HardBodyRadius { .. }) => {
            decline(Warning::NotConverged);
            return;
        }
    };
    let radius = encounter.hard_body_radius_km();
    let (covariance, repair) = plane_covariance(&plane, radius);
    let Ok(problem) = PlanarGaussian::new(&plane.miss_km(), &covariance, radius) else {
        decline(Warning::NotConverged);
        return;
    };

    let mut warnings = match curved {
        Ok(curved) => curved.planar_warnings(),
        Err(error) => vec![Warning::NoEllipse(*error)],
    };
    // A missing velocity covariance leaves the other checks standing; anything else rules the method out.
    let mut applies = warnings.iter().all(|warning| *warning == Warning::VelocityCovarianceMissing);
    if repair.is_some() {
        warnings.push(Warning::CovarianceRepaired);
        applies = false;
    }
    if plane.tca_shift_s.abs() > NOTABLE_SHIFT_S {
        warnings.push(Warning::StatesFarFromClosestApproach { shift_s: plane.tca_shift_s });
    }
    assessment.repairs.extend(repair);
    assessment.plane = Some(plane);

    let exact = foster_1992::probability(&problem);
    assessment.methods.push(MethodResult {
        method: Method::Foster1992,
        probability: Some(exact),
        applies,
        warnings: warnings.clone(),
    });
    for (method, probability) in [
        (Method::Chan1997, chan_1997::probability(&problem)),
        (Method::Alfano2005, alfano_2005::probability(&problem)),
    ] {
        let error = if exact > 0.0 { (probability / exact - 1.0).abs() } else { 0.0 };
        let mut warnings = warnings.clone();
        if error > APPROXIMATION_LIMIT {
            warnings.push(Warning::Inaccurate { indicator: error, limit: APPROXIMATION_LIMIT });
        }
        assessment.methods.push(MethodResult {
            method,
            probability: Some(probability),
            applies: applies && error <= APPROXIMATION_LIMIT,
            warnings,
        });
    }
    let aspect_ratio = problem.sigma_major_km / problem.sigma_minor_km;
    let maximum = alfano_2005_maximum::maximum(plane.miss_distance_km, aspect_ratio, radius).ok();
    assessment.dilution_km = maximum.map(|maximum| maximum.sigma_minor_km);
    warnings.push(Warning::UpperBound);
    assessment.methods.push(MethodResult {
        method: Method::Alfano2005Maximum,
        probability: maximum.map(|maximum| maximum.probability),
        applies: applies && maximum.is_some(),
        warnings,
    });
}

impl Curved {
    /// Why 2D-Nc and 3D-Nc cannot be had at all.
    fn obstacle(curved: &Result<Self, OrbitError>) -> Result<&Self, Warning> {
        match curved {
            Err(error) => Err(Warning::NoEllipse(*error)),
            Ok(curved) if curved.velocity_is_exact => Err(Warning::VelocityCovarianceMissing),
            Ok(curved) => Ok(curved),
        }
    }

    /// The warnings, and one more if a covariance was repaired.
    fn with_repairs(&self, mut warnings: Vec<Warning>) -> Vec<Warning> {
        if !self.repairs.is_empty() {
            warnings.push(Warning::CovarianceRepaired);
        }
        warnings
    }
}

fn declined(method: Method, warning: Warning) -> MethodResult {
    MethodResult { method, probability: None, applies: false, warnings: vec![warning] }
}

/// 2D-Nc.
fn isolated_method(curved: &Result<Curved, OrbitError>, assessment: &mut Assessment) {
    let method = Method::Hall2023;
    let result = match Curved::obstacle(curved) {
        Err(warning) => declined(method, warning),
        Ok(curved) => {
            let isolated = curved.peak.as_ref().and_then(|peak| hall_2023::probability(&curved.pair, peak));
            isolated.map_or_else(
                || declined(method, Warning::NotConverged),
                |isolated| {
                    let [extended, offset] = duration_and_reach(
                        bounds(isolated.mean_time_s, isolated.sigma_time_s),
                        curved.pair.shorter_period_s(),
                    );
                    let inaccurate = relative_difference(isolated.probability, isolated.in_effective_plane);
                    let warnings = ISOLATED_LIMITS.check(extended, offset, inaccurate);
                    MethodResult {
                        method,
                        probability: Some(isolated.probability),
                        applies: warnings.is_empty(),
                        warnings: curved.with_repairs(warnings),
                    }
                },
            )
        }
    };
    assessment.methods.push(result);
}

/// 3D-Nc, over the given window or the encounter segment.
fn extended_method(
    curved: &Result<Curved, OrbitError>,
    window_s: Option<[f64; 2]>,
    assessment: &mut Assessment,
) {
    let method = Method::Hall2021;
    let result = match Curved::obstacle(curved) {
        Err(warning) => declined(method, warning),
        Ok(curved) => {
            let [start, end] = curved.segment_s;
            let window = window_s.unwrap_or(curved.segment_s);
            hall_2021::probability(&curved.pair, window, curved.peak.as_ref()).map_or_else(
                || declined(method, Warning::NotConverged),
                |extended| {
                    let [first, last] = extended.active_s;
                    let mut warnings = match window_s {
                        Some(_) => Vec::new(),
                        None => EXTENDED_LIMITS.check(
                            (last - first) / (end - start),
                            (first / start).max(last / end),
                            0.0,
                        ),
                    };
                    // Without a known peak a narrow one could lie between the samples in time.
                    let sampling = (window[1] - window[0]) / 64.0;
                    let may_be_missed = curved.peak.is_none()
                        && curved.straight.is_some_and(|straight| straight.sigma_s < sampling);
                    if !extended.converged || may_be_missed {
                        warnings.push(Warning::NotConverged);
                    }
                    MethodResult {
                        method,
                        probability: Some(extended.probability),
                        applies: warnings.is_empty(),
                        warnings: curved.with_repairs(warnings),
                    }
                },
            )
        }
    };
    assessment.methods.push(result);
}

/// Difference of two numbers over their mean; zero for two zeros.
fn relative_difference(a: f64, b: f64) -> f64 {
    let mean = 0.5 * (a + b);
    if mean > 0.0 { (a - b).abs() / mean } else { 0.0 }
}

/// Holds the methods for a single encounter against 3D-Nc, where that holds.
fn cross_check(assessment: &mut Assessment) {
    let Some(reference) = assessment
        .result(Method::Hall2021)
        .filter(|result| result.applies)
        .and_then(|result| result.probability)
    else {
        return;
    };
    for result in &mut assessment.methods {
        let limit = match result.method {
            Method::Foster1992 | Method::Chan1997 | Method::Alfano2005 | Method::Alfano2005Maximum => {
                PLANAR_LIMITS.inaccurate
            }
            Method::Hall2023 => ISOLATED_LIMITS.inaccurate,
            Method::Hall2021 | Method::MonteCarlo => continue,
        };
        let (true, Some(probability)) = (result.applies, result.probability) else { continue };
        let indicator = relative_difference(probability, reference);
        if result.method != Method::Alfano2005Maximum && indicator > limit {
            result.applies = false;
            result.warnings.push(Warning::Inaccurate { indicator, limit });
        }
    }
}

/// The Monte Carlo, where it is asked for or needed.
fn run_monte_carlo<F: Inertial>(
    encounter: &Encounter<F>,
    options: &Options,
    window_s: Option<[f64; 2]>,
    assessment: &mut Assessment,
) {
    let probability = |method| assessment.result(method).and_then(|result| result.probability);
    let expected = probability(Method::Hall2021).or_else(|| probability(Method::Foster1992)).unwrap_or(0.0);
    #[expect(clippy::cast_precision_loss, reason = "an estimate of a count")]
    let likely_hits = expected * options.monte_carlo.samples as f64;
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    let enough = likely_hits >= NEEDED_HITS as f64;
    let run = match options.monte_carlo_use {
        MonteCarloUse::Never => false,
        MonteCarloUse::Always => true,
        MonteCarloUse::WhenNeeded => choose(assessment)
            .is_some_and(|best| enough && assessment.result(best).is_some_and(|result| !result.applies)),
    };
    if !run {
        return;
    }
    let options =
        monte_carlo::Options { window_s: options.monte_carlo.window_s.or(window_s), ..options.monte_carlo };
    let result = match monte_carlo::probability(encounter, &options) {
        Ok(counted) => {
            let applies = counted.hits >= NEEDED_HITS;
            let mut warnings = Vec::new();
            if !applies {
                warnings.push(Warning::FewHits { hits: counted.hits, needed: NEEDED_HITS });
            }
            let probability = Some(counted.probability);
            assessment.monte_carlo = Some(counted);
            MethodResult { method: Method::MonteCarlo, probability, applies, warnings }
        }
        Err(monte_carlo::MonteCarloError::Orbit(error)) => MethodResult {
            method: Method::MonteCarlo,
            probability: None,
            applies: false,
            warnings: vec![Warning::NoEllipse(error)],
        },
        Err(_) => MethodResult {
            method: Method::MonteCarlo,
            probability: None,
            applies: false,
            warnings: vec![Warning::NotConverged],
        },
    };
    assessment.methods.push(result);
}

/// The method to stand behind.
fn choose(assessment: &Assessment) -> Option<Method> {
    let results = |order: [Method; 4]| order.into_iter().filter_map(|method| assessment.result(method));
    results([Method::Foster1992, Method::Hall2023, Method::Hall2021, Method::MonteCarlo])
        .find(|result| result.applies)
        .or_else(|| {
            results([Method::Hall2021, Method::Hall2023, Method::Foster1992, Method::MonteCarlo])
                .find(|result| result.is_usable())
        })
        .or_else(|| assessment.methods.iter().find(|result| result.probability.is_some()))
        .map(|result| result.method)
}
