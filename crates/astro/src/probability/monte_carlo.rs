//! Monte Carlo on two-body motion: the referee.

use super::covariance::Inertial;
use super::encounter::Encounter;
use super::equinoctial::{Cartesian, Equinoctial, OrbitError};
use super::interval::clopper_pearson;
use super::pair::OrbitPair;
use super::random::Random;
use super::repair::{CovarianceRepair, square_root};
use nalgebra::{Matrix6, Vector6};
use thiserror::Error;

/// What to sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Number of pairs of orbits to draw: the work grows with it (a few microseconds each for a short
    /// window).
    pub samples: u64,
    /// Seed of the generator: the same seed gives the same result on every machine.
    pub seed: u64,
    /// Stretch of time in which a contact counts, in s from the encounter's instant; by default the whole
    /// encounter, between the two maxima of the distance (each at most half a period away).
    pub window_s: Option<[f64; 2]>,
    /// Confidence of the interval.
    pub confidence: f64,
}

impl Default for Options {
    /// 100,000 samples, seed 1, the whole encounter, 95 % confidence.
    fn default() -> Self {
        Self { samples: 100_000, seed: 1, window_s: None, confidence: 0.95 }
    }
}

/// A counted probability.
#[derive(Debug, Clone, PartialEq)]
pub struct MonteCarlo {
    /// Share of the samples that came within the combined hard-body radius.
    pub probability: f64,
    /// Clopper-Pearson confidence interval of the probability.
    pub interval: [f64; 2],
    /// Samples that came within the radius.
    pub hits: u64,
    /// Samples that were within the radius when the window opened: no hits, as they did not come from
    /// outside.
    pub in_contact_at_start: u64,
    /// Samples drawn.
    pub samples: u64,
    /// Samples that were no ellipse, and so count as no hit.
    pub unbound: u64,
    /// The stretch of time in which a contact counted, in s from the encounter's instant.
    pub window_s: [f64; 2],
    /// Covariances that had to be repaired.
    pub repairs: Vec<CovarianceRepair>,
}

/// Why nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum MonteCarloError {
    /// No samples were asked for.
    #[error("no samples asked for")]
    NoSamples,
    /// The confidence is not between 0 and 1.
    #[error("confidence {value} is not between 0 and 1")]
    Confidence {
        /// The refused value.
        value: f64,
    },
    /// The window is empty or not finite.
    #[error("window from {from_s} s to {to_s} s is empty or not finite")]
    Window {
        /// Start, in s.
        from_s: f64,
        /// End, in s.
        to_s: f64,
    },
    /// A mean orbit is not an ellipse.
    #[error("mean orbit cannot be sampled")]
    Orbit(#[source] OrbitError),
}

/// Intervals a shorter period is cut into when looking for minima of the distance: over a fortieth of a
/// revolution (140 s in a low orbit) the distance of two orbits has at most one minimum.
const INTERVALS_PER_PERIOD: f64 = 40.0;

/// Share of sampled pairs of orbits whose distance falls below the combined hard-body radius.
///
/// Each object's elements are drawn from the normal distribution in equinoctial elements whose first-order
/// image is the given Cartesian covariance: real uncertainty volumes bend along the orbit, as a Cartesian
/// normal distribution does not, and equinoctial elements stay close to normal. Both orbits then move as two
/// bodies, and every minimum of the distance inside the window is found: where d(r^2)/dt changes sign from
/// minus to plus between the nodes, by safeguarded Newton steps, or at the window's end. A pair counts once;
/// one that is in contact when the window opens is counted apart, for it collided before.
///
/// Valid for ellipses, and for windows over which two-body motion describes the *relative* motion (a few
/// revolutions). The interval is exact for the counting, not for the modeling.
///
/// Source: the method of CARA's simplified-dynamics Monte Carlo, Hall, Casali, Johnson, Skrehart, Baars,
/// *High-fidelity Collision Probabilities Estimated using Brute Force Monte Carlo Simulations*, AAS 18-244,
/// 2018.
///
/// # Errors
/// [`MonteCarloError`] for options outside their domain or a mean orbit that is not an ellipse.
pub fn probability<F: Inertial>(
    encounter: &Encounter<F>,
    options: &Options,
) -> Result<MonteCarlo, MonteCarloError> {
    if options.samples == 0 {
        return Err(MonteCarloError::NoSamples);
    }
    if !(options.confidence > 0.0 && options.confidence < 1.0) {
        return Err(MonteCarloError::Confidence { value: options.confidence });
    }
    let (pair, repairs) = OrbitPair::new(encounter).map_err(MonteCarloError::Orbit)?;
    let window_s = match options.window_s {
        Some(window) => window,
        None => pair.segment_s(0.0).map_err(MonteCarloError::Orbit)?,
    };
    let [from_s, to_s] = window_s;
    if !(from_s < to_s && from_s.is_finite() && to_s.is_finite()) {
        return Err(MonteCarloError::Window { from_s, to_s });
    }
    let step = pair.shorter_period_s() / INTERVALS_PER_PERIOD;
    let nodes = nodes(window_s, step);

    let means = pair.orbits.map(|orbit| orbit.mean.to_vector());
    let roots = pair.orbits.map(|orbit| square_root(&orbit.covariance));
    let mut random = Random::new(options.seed);
    let mut draw = |mean: &Vector6<f64>, root: &Matrix6<f64>| {
        let normal = Vector6::from_fn(|_, _| random.normal());
        Equinoctial::from_vector(&(mean + root * normal))
    };
    let (mut hits, mut in_contact_at_start, mut unbound) = (0, 0, 0);
    for _ in 0..options.samples {
        let sample = [draw(&means[0], &roots[0]), draw(&means[1], &roots[1])];
        match touches(&sample, &nodes, pair.hard_body_radius_km) {
            Ok(Contact::Comes) => hits += 1,
            Ok(Contact::AtStart) => in_contact_at_start += 1,
            Ok(Contact::Never) => {}
            Err(_) => unbound += 1,
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 are not reached")]
    let probability = hits as f64 / options.samples as f64;
    Ok(MonteCarlo {
        probability,
        interval: clopper_pearson(hits, options.samples, options.confidence),
        hits,
        in_contact_at_start,
        samples: options.samples,
        unbound,
        window_s,
        repairs,
    })
}

/// Times from the start to the end of the window, at most `step` apart.
fn nodes([from, to]: [f64; 2], step: f64) -> Vec<f64> {
    let intervals = libm::ceil((to - from) / step).max(1.0);
    let mut nodes = Vec::new();
    let mut index = 0.0;
    while index <= intervals {
        nodes.push(from + (to - from) * (index / intervals));
        index += 1.0;
    }
    nodes
}

/// Half the rate of the squared distance, in km^2/s: negative while approaching.
fn closing(separation: &Cartesian) -> f64 {
    separation.position_km.dot(&separation.velocity_km_s)
}

fn separation(orbits: &[Equinoctial; 2], time: f64) -> Result<Cartesian, OrbitError> {
    let [first, second] = [orbits[0].state(time)?, orbits[1].state(time)?];
    Ok(Cartesian {
        position_km: second.position_km - first.position_km,
        velocity_km_s: second.velocity_km_s - first.velocity_km_s,
    })
}

/// How a pair of orbits meets inside a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contact {
    /// It does not.
    Never,
    /// It is in contact when the window opens.
    AtStart,
    /// It comes into contact later.
    Comes,
}

/// Whether the two orbits come within `radius` of each other between the first and the last node.
fn touches(orbits: &[Equinoctial; 2], nodes: &[f64], radius: f64) -> Result<Contact, OrbitError> {
    let squared = radius * radius;
    let mut previous: Option<(f64, Cartesian)> = None;
    for &time in nodes {
        let now = separation(orbits, time)?;
        if now.position_km.norm_squared() <= squared {
            return Ok(if previous.is_some() { Contact::Comes } else { Contact::AtStart });
        }
        if let Some((before, earlier)) = previous
            && closing(&earlier) < 0.0
            && closing(&now) > 0.0
            && minimum_is_within(orbits, (before, &earlier), (time, &now), squared)?
        {
            return Ok(Contact::Comes);
        }
        previous = Some((time, now));
    }
    Ok(Contact::Never)
}

/// Whether the squared distance at the minimum between `low` (approaching) and `high` (receding) is at most
/// `limit_km2`.
fn minimum_is_within(
    orbits: &[Equinoctial; 2],
    low: (f64, &Cartesian),
    high: (f64, &Cartesian),
    limit_km2: f64,
) -> Result<bool, OrbitError> {
    let (mut from, mut to) = (low.0, high.0);
    // Straight relative motion from the end that is nearer to it.
    let straight = |(time, at): (f64, &Cartesian)| time - closing(at) / at.velocity_km_s.norm_squared();
    let nearer =
        if low.1.position_km.norm_squared() < high.1.position_km.norm_squared() { low } else { high };
    let mut time = straight(nearer);
    for _ in 0..60 {
        if !(time > from && time < to) {
            time = 0.5 * (from + to);
        }
        let now = separation(orbits, time)?;
        let distance_squared = now.position_km.norm_squared();
        if distance_squared <= limit_km2 {
            return Ok(true);
        }
        let rate = closing(&now);
        if rate < 0.0 {
            from = time;
        } else {
            to = time;
        }
        let speed_squared = now.velocity_km_s.norm_squared();
        let step = -rate / speed_squared;
        // What is left to gain along a straight line; curvature over so short a step adds less than it.
        let gain = rate * rate / speed_squared;
        if distance_squared - 4.0 * gain > limit_km2 && step.abs() < 1.0 || to - from < 1e-9 {
            return Ok(false);
        }
        time += step;
    }
    Ok(false)
}
