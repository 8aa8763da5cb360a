//! How near to the Earth's center, and how far from it, an object gets in a span of time: bounds that every state of the
//! theory keeps to, without computing one.
//!
//! Each term of AIAA 2006-6753, `sgp4`, is bounded in turn. Lengths are in Earth radii, times in minutes.
//!
//! | term | bound over the span |
//! |---|---|
//! | `tempa`, a polynomial `f` of time | its values at both ends, and `max abs(f'') h^2 / 8` beyond them, `h` the length |
//! | mean motion with resonance | the integrator's own steps, each with its Taylor polynomial's largest change |
//! | `tempe` | its linear part at both ends, and the whole swing of `cc5 (sin M - sin M0)` |
//! | lunar-solar periodics of the eccentricity | `hypot(e2, e3) / 4` of both bodies, as `f2 = -cos(2 f) / 4`, `f3 = -sin(2 f) / 4` |
//! | length of the eccentricity vector, `E` | `e + abs(aycof) / (a (1 - e^2))` |
//! | `r = a (1 - e cos E)` | `a (1 - E)` to `a (1 + E)` |
//! | short-period periodics | `1.5 temp2 abs(con41)` of `r`, and `temp1 x1mth2 / 2`, with `pl >= a (1 - E^2)` |

use core::ops::RangeInclusive;

use libm::pow;

use super::constants::{EARTH_RADIUS_KM, J2, J3_OVER_J2, XKE};
use super::deep_space::DeepSpace;
use super::initialization::{FullDrag, SecularRates};
use super::short_period::InclinationTerms;
use super::{ECCENTRICITY_FLOOR, ECCENTRICITY_TOLERANCE, Propagator, Regime};

/// What rounding may add to a radius, in km: some thousand times what it does.
const ROUNDING_KM: f64 = 1.0e-3;

/// A lower and an upper bound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Bounds {
    pub(super) fn of(values: [f64; 2]) -> Self {
        let [a, b] = values;
        Self { low: a.min(b), high: a.max(b) }
    }

    pub(super) fn widened(self, by: f64) -> Self {
        Self { low: self.low - by, high: self.high + by }
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    fn map(self, rising: impl Fn(f64) -> f64) -> Self {
        Self { low: rising(self.low), high: rising(self.high) }
    }
}

/// What the inclination contributes to the bounds: absolute values of its polynomials.
struct Inclined {
    three_cos2_minus_1: f64,
    one_minus_cos2: f64,
    eccentricity: f64,
}

impl Propagator {
    /// Bounds of the geocentric distance, in km, of every position between two times in minutes since epoch. `None` where the
    /// theory's terms do not bound it: orbits that may come down to the surface, or open, in that time.
    pub(crate) fn reach_km(&self, minutes: &RangeInclusive<f64>) -> Option<[f64; 2]> {
        let (axis, eccentricity, inclined) = match &self.regime {
            Regime::NearEarth { drag, inclination } => {
                let axis = sqrt_axis_factor(&self.rates, drag.as_ref(), minutes)?
                    .map(|factor| self.orbit.semi_major_axis * factor * factor);
                let decrease = eccentricity_decrease(&self.rates, drag.as_ref(), minutes);
                let eccentricity = Bounds {
                    low: self.orbit.eccentricity - decrease.high,
                    high: self.orbit.eccentricity - decrease.low,
                };
                (axis, eccentricity, Inclined::of(inclination))
            }
            Regime::DeepSpace(deep_space) => self.deep_space_mean(deep_space, minutes)?,
        };
        // An eccentricity that may leave the theory's domain bounds nothing.
        if !(eccentricity.low >= ECCENTRICITY_TOLERANCE && eccentricity.high < 1.0 && axis.low > 0.0) {
            return None;
        }
        let e = eccentricity.high.max(ECCENTRICITY_FLOOR);
        let length = e + inclined.eccentricity / (axis.low * (1.0 - e * e));
        let p = axis.low * (1.0 - length * length);
        if !(length < 1.0 && p > 0.0) {
            return None;
        }
        let j2_over_p = 0.5 * J2 / p;
        let relative = 1.5 * j2_over_p / p * inclined.three_cos2_minus_1;
        let absolute = 0.5 * j2_over_p * inclined.one_minus_cos2;
        let radius = Bounds {
            low: axis.low * (1.0 - length) * (1.0 - relative) - absolute,
            high: axis.high * (1.0 + length) * (1.0 + relative) + absolute,
        };
        let radius_km = radius.map(|radius| radius * EARTH_RADIUS_KM).widened(ROUNDING_KM);
        (radius.low > 1.0 && radius_km.high.is_finite()).then_some([radius_km.low, radius_km.high])
    }

    /// Semi-major axis and eccentricity with third-body and drag terms.
    fn deep_space_mean(
        &self,
        deep_space: &DeepSpace,
        minutes: &RangeInclusive<f64>,
    ) -> Option<(Bounds, Bounds, Inclined)> {
        let motion = match deep_space.resonance() {
            Some(resonance) => resonance.mean_motion_bounds(minutes),
            None => Bounds::of([self.orbit.mean_motion; 2]),
        };
        if motion.low <= 0.0 {
            return None;
        }
        let factor = sqrt_axis_factor(&self.rates, None, minutes)?;
        let axis_of = |motion: f64| pow(XKE / motion, 2.0 / 3.0);
        let axis = Bounds {
            low: axis_of(motion.high) * factor.low * factor.low,
            high: axis_of(motion.low) * factor.high * factor.high,
        };
        let rate = deep_space.rates().eccentricity - self.rates.bstar_c4;
        let secular =
            Bounds::of([minutes.start(), minutes.end()].map(|t| self.orbit.eccentricity + rate * t));
        // A nearly circular orbit stays so, or has no position: what lies below zero is no lower bound of a distance.
        let swing = deep_space.periodics().eccentricity_amplitude();
        let eccentricity =
            Bounds { low: secular.low.max(0.0), high: secular.high.max(ECCENTRICITY_FLOOR) + swing };
        let inclined =
            Inclined { three_cos2_minus_1: 2.0, one_minus_cos2: 1.0, eccentricity: 0.5 * J3_OVER_J2.abs() };
        Some((axis, eccentricity, inclined))
    }
}

impl Inclined {
    fn of(terms: &InclinationTerms) -> Self {
        Self {
            three_cos2_minus_1: terms.three_cos2_minus_1.abs(),
            one_minus_cos2: terms.one_minus_cos2.abs(),
            eccentricity: terms.eccentricity.abs(),
        }
    }
}

/// "tempa", if it stays above zero.
fn sqrt_axis_factor(
    rates: &SecularRates,
    drag: Option<&FullDrag>,
    minutes: &RangeInclusive<f64>,
) -> Option<Bounds> {
    let [d2, d3, d4] = drag.map_or([0.0; 3], |drag| drag.d);
    let (from, to) = (*minutes.start(), *minutes.end());
    let factor = |t: f64| 1.0 - t * (rates.c1 + t * (d2 + t * (d3 + t * d4)));
    let farthest = from.abs().max(to.abs());
    let bend = 2.0 * d2.abs() + farthest * (6.0 * d3.abs() + farthest * 12.0 * d4.abs());
    let factors = Bounds::of([factor(from), factor(to)]).widened(bend * (to - from) * (to - from) / 8.0);
    (factors.low > 0.0).then_some(factors)
}

/// "tempe".
fn eccentricity_decrease(
    rates: &SecularRates,
    drag: Option<&FullDrag>,
    minutes: &RangeInclusive<f64>,
) -> Bounds {
    let linear = Bounds::of([rates.bstar_c4 * minutes.start(), rates.bstar_c4 * minutes.end()]);
    let Some(drag) = drag else { return linear };
    let swing = Bounds::of([-1.0, 1.0].map(|sin_m| drag.bstar_c5 * (sin_m - drag.sin_m0)));
    Bounds { low: linear.low + swing.low, high: linear.high + swing.high }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use hifitime::{Epoch, Unit};
    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::elements::MeanElements;

    fn elements(
        mean_motion_rev_day: f64,
        eccentricity: f64,
        inclination_deg: f64,
        bstar: f64,
    ) -> MeanElements {
        MeanElements {
            epoch: Epoch::from_gregorian_utc_at_midnight(2026, 1, 1),
            mean_motion_rev_day,
            eccentricity,
            inclination_deg,
            raan_deg: 40.0,
            argument_of_perigee_deg: 80.0,
            mean_anomaly_deg: 10.0,
            bstar_inv_earth_radii: bstar,
        }
    }

    /// Every position that is computed lies within the bounds, and the bounds are not far from the nearest and the farthest.
    #[test]
    fn every_distance_is_within_the_bounds_and_they_are_tight() {
        // Orbit, and what the bounds may be wider than the distances, in km, on each side.
        let cases = [
            (elements(15.5, 0.0005, 51.6, 2.0e-4), 25.0),
            (elements(15.9, 0.001, 97.0, 1.0e-3), 60.0),
            (elements(14.0, 0.02, 74.0, 1.0e-4), 25.0),
            (elements(11.0, 0.18, 34.0, 3.0e-5), 25.0),
            (elements(13.5, 0.0001, 0.01, -1.0e-4), 25.0),
            (elements(1.0027, 0.0002, 0.05, 0.0), 60.0),
            (elements(1.0027, 0.004, 14.0, 0.0), 60.0),
            (elements(2.0057, 0.7, 63.4, 1.0e-4), 150.0),
            (elements(2.0057, 0.01, 55.0, 0.0), 60.0),
            (elements(2.3, 0.72, 7.0, 1.0e-3), 400.0),
            (elements(4.5, 0.5, 28.0, 1.0e-4), 60.0),
        ];
        for (elements, slack_km) in cases {
            let propagator = Propagator::new(&elements).unwrap();
            for from in [-20_000.0, -3.0, 7_000.0] {
                let span = from..=from + 10_080.0;
                let [low, high] = propagator.reach_km(&span).unwrap();
                let radii: Vec<f64> = (0..=10_080)
                    .map(|minute| propagator.propagate(from + f64::from(minute)).unwrap().position_km.norm())
                    .collect();
                let nearest = radii.iter().copied().fold(f64::INFINITY, f64::min);
                let farthest = radii.iter().copied().fold(0.0, f64::max);
                assert!(
                    low <= nearest && farthest <= high,
                    "{elements:?}: {low} {nearest} {farthest} {high}"
                );
                assert!(
                    nearest - low < slack_km && high - farthest < slack_km,
                    "{elements:?} from {from}: {low} {nearest} {farthest} {high}"
                );
            }
        }
    }

    prop_compose! {
        /// Orbits whose perigee is above the surface: low ones, those of both resonances, and what lies between, at any time of
        /// the Moon's and the Sun's course.
        fn any_orbit()(
            mean_motion_rev_day in prop_oneof![6.4..16.4_f64, 0.9..6.4_f64, 0.98..1.02_f64, 1.95..2.05_f64],
            circular in prop_oneof![1 => Just(1e-4), 1 => Just(0.05), 3 => Just(1.0)],
            part in 0.0..1.0_f64,
            inclination_deg in prop_oneof![0.0..=180.0_f64, 0.0..1.0_f64, 62.0..65.0_f64],
            raan_deg in 0.0..360.0_f64,
            argument_of_perigee_deg in 0.0..360.0_f64,
            mean_anomaly_deg in 0.0..360.0_f64,
            bstar_inv_earth_radii in prop_oneof![Just(0.0), -1e-4..1e-3_f64, -0.01..0.02_f64],
            day in 0..40_000_i64,
        ) -> MeanElements {
            // By Kepler's third law, with a perigee some 50 km above the surface at most.
            let semi_major_axis = pow(XKE * 1440.0 / (mean_motion_rev_day * core::f64::consts::TAU), 2.0 / 3.0);
            let most = (1.0 - 1.008 / semi_major_axis).clamp(0.0, 0.98);
            MeanElements {
                epoch: Epoch::from_gregorian_utc_at_midnight(1960, 1, 1) + day * Unit::Day,
                mean_motion_rev_day,
                eccentricity: most * circular * part,
                inclination_deg,
                raan_deg,
                argument_of_perigee_deg,
                mean_anomaly_deg,
                bstar_inv_earth_radii,
            }
        }
    }

    #[test]
    fn bounds_of_any_orbit_hold_every_distance_that_is_computed() {
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) };
        let (bounded, near_earth) = (Cell::new(0), Cell::new(0));
        let times = (-30_000.0..30_000.0_f64, 1.0..20_160.0_f64, 0.0..1.0_f64);
        let holds = |(elements, (from, minutes, place)): (MeanElements, (f64, f64, f64))| {
            let Ok(propagator) = Propagator::new(&elements) else { return Ok(()) };
            let span = from..=from + minutes;
            let Some([low, high]) = propagator.reach_km(&span) else { return Ok(()) };
            bounded.set(bounded.get() + 1);
            near_earth.set(near_earth.get() + usize::from(elements.mean_motion_rev_day > 6.4));
            // All over the span, and closely over one revolution of it: an eccentric orbit passes its perigee quickly.
            let period = (1440.0 / elements.mean_motion_rev_day).min(minutes);
            let revolution = from + place * (minutes - period);
            let all = (0..=400).map(|step| from + minutes * f64::from(step) / 400.0);
            let closely = (0..=300).map(|step| revolution + period * f64::from(step) / 300.0);
            for time in all.chain(closely).filter(|time| span.contains(time)) {
                let Ok(state) = propagator.propagate(time) else { continue };
                let distance_km = state.position_km.norm();
                prop_assert!(
                    low <= distance_km && distance_km <= high,
                    "{distance_km} km after {time} min, not from {low} to {high}"
                );
            }
            Ok(())
        };
        TestRunner::new(config).run(&(any_orbit(), times), holds).unwrap();
        // Nearly all have bounds: a test of orbits without any would say nothing.
        let (bounded, near_earth) = (bounded.get(), near_earth.get());
        assert!(
            near_earth > 300 && bounded - near_earth > 600,
            "{bounded} bounded, {near_earth} near the Earth"
        );
    }

    #[test]
    fn what_may_come_down_or_open_has_no_bounds() {
        let falling = Propagator::new(&elements(16.3, 0.001, 51.6, 5.0e-3)).unwrap();
        assert_eq!(falling.reach_km(&(0.0..=10_080.0)), None);
        let open = Propagator::new(&elements(1.0, 0.99, 51.6, 1.0)).unwrap();
        assert_eq!(open.reach_km(&(0.0..=10_080.0)), None);
    }
}
