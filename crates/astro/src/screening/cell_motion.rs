//! The motion of every object over one cell, as the search for candidates needs it: linear, with a bound on what
//! linear leaves out. The proof in the module's documentation names the quantities.

use super::EARTH_MU_KM3_S2;
use super::grid::Knot;
use super::sampling::{BLOCK, KNOTS_AROUND, Lanes, MIDDLE_RATE_WEIGHTS, MIDDLE_WEIGHTS, Samples};
use crate::cpu::{Kernel, Path, multiply_add};

/// Half the length of a cell.
pub(super) const HALF_S: f32 = (Knot::STEP_S / 2.0) as f32;

/// Smallest error bound of the interpolation: well above the rounding of positions, and above a jump that the smooth
/// part of the sixth difference might hide.
const ERROR_FLOOR_KM: f64 = 0.01;

/// What positions lose by single precision, relative to the geocentric distance: two roundings of 2^-24.
const SINGLE_PRECISION: f32 = 2.4e-7;

/// By how much faster than the escape speed an object may be for each km of its bound, in s^-1.
const OVERSPEED_S: f32 = 1.0;

/// What a partner's bound adds to the separation, and so to what linear motion leaves out.
const BOUND_MARGIN: f32 = 1.02;

/// What the arithmetic of the test on single-precision values may lose, and what the bends of both add to their separation.
const ARITHMETIC_SLACK_KM: f32 = 0.05;

/// One value for each lane, as wide as the samples' stride.
type Column = Vec<f32>;

/// Motion over one cell, about its middle. A lane that has no motion there has NaN.
pub(super) struct CellMotion {
    /// Position at the middle, in km (TEME).
    pub(super) position_km: [Column; 3],
    /// Velocity at the middle, in km/s.
    pub(super) velocity_km_s: [Column; 3],
    /// Bound of the distance between the true trajectory and the harmonic one, in km.
    pub(super) pad_km: Column,
}

impl CellMotion {
    /// No motion, for a number of lanes that is filled up to whole blocks of the index.
    pub(super) fn new(lanes: usize) -> Self {
        let lanes = || vec![f32::NAN; lanes.next_multiple_of(BLOCK)];
        Self {
            position_km: core::array::from_fn(|_| lanes()),
            velocity_km_s: core::array::from_fn(|_| lanes()),
            pad_km: lanes(),
        }
    }

    /// Sets the motion of one lane from a position and velocity at the middle and the bound that goes with them.
    pub(super) fn set(&mut self, lane: usize, position_km: [f64; 3], velocity_km_s: [f64; 3], pad_km: f64) {
        for component in 0..3 {
            self.position_km[component][lane] = position_km[component] as f32;
            self.velocity_km_s[component][lane] = velocity_km_s[component] as f32;
        }
        self.pad_km[lane] = pad_km as f32;
    }

    /// Takes a lane out of the cell.
    pub(super) fn clear(&mut self, lane: usize) {
        for component in &mut self.position_km {
            component[lane] = f32::NAN;
        }
    }
}

/// The motion of all lanes over consecutive cells, the first of which starts at slot [`KNOTS_BEFORE`].
pub(super) fn interpolate(samples: &Samples, motions: &mut [CellMotion], path: Path) {
    path.run(Interpolation { samples, motions });
}

struct Interpolation<'a> {
    samples: &'a Samples,
    motions: &'a mut [CellMotion],
}

impl Kernel for Interpolation<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const DOUBLES: usize, const FMA: bool>(self) {
        // A block's knots are read once for all cells.
        for block in 0..self.samples.blocks() {
            let knots = self.samples.block(block);
            for (motion, knots) in self.motions.iter_mut().zip(knots.windows(KNOTS_AROUND)) {
                interpolate_block::<FMA>(knots, motion, block * BLOCK);
            }
        }
    }
}

/// The motion of a block of lanes from the knots around the cell. Straight loops over arrays, no values carried between lanes: it is to become
/// vector code.
#[inline(always)]
fn interpolate_block<const FMA: bool>(knots: &[[Lanes; 3]], motion: &mut CellMotion, first_lane: usize) {
    let half_s = f64::from(HALF_S);
    let [near, far, farther] = MIDDLE_WEIGHTS;
    let [near_rate, far_rate, farther_rate] = MIDDLE_RATE_WEIGHTS.map(|weight| weight / (2.0 * half_s));
    let fused = multiply_add::<FMA>;
    let to = first_lane..first_lane + BLOCK;

    let (mut early_errors, mut late_errors) = ([0.0; BLOCK], [0.0; BLOCK]);
    let (mut centers, mut rates) = ([[0.0; BLOCK]; 3], [[0.0; BLOCK]; 3]);
    let (mut evens, mut odds) = ([[0.0; BLOCK]; 3], [[0.0; BLOCK]; 3]);
    let (mut quartics, mut quintics) = ([0.0; BLOCK], [0.0; BLOCK]);
    for component in 0..3 {
        let [first, farther_left, far_left, left, right, far_right, farther_right, last]: [&Lanes;
            KNOTS_AROUND] = core::array::from_fn(|k| &knots[k][component]);
        for lane in 0..BLOCK {
            let near_sum = left[lane] + right[lane];
            let far_sum = far_left[lane] + far_right[lane];
            let farther_sum = farther_left[lane] + farther_right[lane];
            let near_difference = right[lane] - left[lane];
            let far_difference = far_right[lane] - far_left[lane];
            let farther_difference = farther_right[lane] - farther_left[lane];
            centers[component][lane] = fused(near, near_sum, fused(far, far_sum, farther * farther_sum));
            rates[component][lane] = fused(
                near_rate,
                near_difference,
                fused(far_rate, far_difference, farther_rate * farther_difference),
            );
            evens[component][lane] = 0.5 * near_sum;
            odds[component][lane] = 0.5 * near_difference;
            let early = fused(
                -6.0,
                farther_left[lane] + far_right[lane],
                fused(
                    15.0,
                    far_left[lane] + right[lane],
                    fused(-20.0, left[lane], first[lane] + farther_right[lane]),
                ),
            );
            let late = fused(
                -6.0,
                far_left[lane] + farther_right[lane],
                fused(
                    15.0,
                    left[lane] + far_right[lane],
                    fused(-20.0, right[lane], farther_left[lane] + last[lane]),
                ),
            );
            // Newton's divided differences in the square of time: the coefficients of its fourth and fifth power.
            let quartic = fused(2.0, near_sum, fused(-3.0, far_sum, farther_sum)) / 48.0;
            let quintic =
                fused(10.0, near_difference, fused(-5.0, far_difference, farther_difference)) / 120.0;
            quartics[lane] = fused(quartic, quartic, quartics[lane]);
            quintics[lane] = fused(quintic, quintic, quintics[lane]);
            early_errors[lane] = fused(early, early, early_errors[lane]);
            late_errors[lane] = fused(late, late, late_errors[lane]);
        }
    }

    let mut pads = [0.0; BLOCK];
    for lane in 0..BLOCK {
        let mut squared_radius = 0.0;
        for center in &centers {
            squared_radius = fused(center[lane], center[lane], squared_radius);
        }
        let gradient = EARTH_MU_KM3_S2 / (squared_radius * squared_radius.sqrt());
        let bend = gradient * half_s * half_s;
        let (along, across) = (bend / 2.0 - 1.0, (bend / 6.0 - 1.0) * half_s);
        let (mut even_residual, mut odd_residual) = (0.0, 0.0);
        for component in 0..3 {
            let even = fused(centers[component][lane], along, evens[component][lane]);
            let odd = fused(rates[component][lane], across, odds[component][lane]);
            even_residual = fused(even, even, even_residual);
            odd_residual = fused(odd, odd, odd_residual);
        }
        // Over the half cell, |a s + b s^2| <= |a + b| + |b| / 4 and |a s^1.5 + b s^2.5| <= |a + b| + 0.19 |b|.
        let curves = quartics[lane].sqrt() / 64.0 + quintics[lane].sqrt() * (0.19 / 32.0);
        let residual = even_residual.sqrt() + odd_residual.sqrt() + curves;
        let (early, late) = (early_errors[lane], late_errors[lane]);
        // The sum is NaN where a knot is missing, which a maximum would hide.
        let error = (if early > late { early } else { late }).sqrt() + 0.0 * (early + late);
        pads[lane] = residual + error + ERROR_FLOOR_KM;
    }

    for component in 0..3 {
        motion.position_km[component][to.clone()].copy_from_slice(&single(&centers[component]));
        motion.velocity_km_s[component][to.clone()].copy_from_slice(&single(&rates[component]));
    }
    motion.pad_km[to].copy_from_slice(&single(&pads));
}

#[inline(always)]
fn single(values: &[f64; BLOCK]) -> [f32; BLOCK] {
    let mut rounded = [0.0; BLOCK];
    for lane in 0..BLOCK {
        rounded[lane] = values[lane] as f32;
    }
    rounded
}

/// What the index needs to know of one object's motion over a cell.
pub(super) struct Geometry {
    /// Bound of the distance between true and harmonic trajectory, roundings of single precision included, in km.
    pub(super) pad_km: f32,
    /// Geocentric distance at the middle, in km.
    pub(super) radius_km: f32,
    /// Bound of the change of geocentric distance from the middle to either edge, in km.
    pub(super) radial_extent_km: f32,
    /// Bound of the angle that the direction sweeps from the middle to either edge, in rad.
    pub(super) sweep_rad: f32,
    /// Speed at the middle, in km/s.
    pub(super) speed_km_s: f32,
    /// Sine and cosine of the declination, and right ascension in -pi..pi, at the middle.
    pub(super) sin_declination: f32,
    pub(super) cos_declination: f32,
    pub(super) right_ascension_rad: f32,
}

impl Geometry {
    #[inline(always)]
    pub(super) fn of([x, y, z]: [f32; 3], [vx, vy, vz]: [f32; 3], pad_km: f32) -> Self {
        let equatorial_squared = x * x + y * y;
        let radius = (equatorial_squared + z * z).sqrt();
        let inverse_radius = 1.0 / radius;
        let radial_speed = (x * vx + y * vy + z * vz) * inverse_radius;
        let squared_speed = vx * vx + vy * vy + vz * vz;
        let transverse_squared = squared_speed - radial_speed * radial_speed;
        let transverse_squared = if transverse_squared > 0.0 { transverse_squared } else { 0.0 };

        let gravity = EARTH_MU_KM3_S2 as f32 * inverse_radius * inverse_radius;
        let pad_km = rounded_pad_km(pad_km, radius, squared_speed);
        let radial_shift = radial_speed.abs() * HALF_S;
        let centrifugal = transverse_squared * inverse_radius;
        let bend = gravity * inverse_radius * HALF_S * HALF_S;
        let radial_extent_km = radial_shift
            + 0.5
                * HALF_S
                * HALF_S
                * ((centrifugal - gravity).abs()
                    + centrifugal * (1.1 * radial_shift * inverse_radius + 2.0 * bend))
            + pad_km;
        let sweep_rad =
            (transverse_squared.sqrt() * HALF_S + pad_km) / at_least_one_km(radius - radial_extent_km);

        Self {
            pad_km,
            radius_km: radius,
            radial_extent_km,
            sweep_rad,
            speed_km_s: squared_speed.sqrt(),
            sin_declination: z * inverse_radius,
            cos_declination: equatorial_squared.sqrt() * inverse_radius,
            right_ascension_rad: arc_tangent(y, x),
        }
    }
}

/// The bound of an object's motion with the roundings of single precision and what its excess over the escape speed adds,
/// in km, from the bound without them (km), geocentric distance (km) and squared speed (km^2/s^2): section 3 of the proof.
#[inline(always)]
pub(super) fn rounded_pad_km(pad_km: f32, radius_km: f32, squared_speed: f32) -> f32 {
    let overspeed_squared = squared_speed - 2.0 * EARTH_MU_KM3_S2 as f32 / radius_km;
    let overspeed = if overspeed_squared > 0.0 { overspeed_squared.sqrt() } else { 0.0 };
    BOUND_MARGIN * pad_km + SINGLE_PRECISION * radius_km + ARITHMETIC_SLACK_KM + OVERSPEED_S * overspeed
}

/// An object may reach the center by its bounds; its sweep is then as large as any.
#[inline(always)]
fn at_least_one_km(distance_km: f32) -> f32 {
    if distance_km > 1.0 { distance_km } else { 1.0 }
}

/// The angle of a direction in the plane, in -pi..pi, to 2e-5 rad (Abramowitz & Stegun 4.4.49).
#[inline(always)]
fn arc_tangent(y: f32, x: f32) -> f32 {
    use core::f32::consts::{FRAC_PI_2, PI};
    let (across, along) = (y.abs(), x.abs());
    let (smaller, larger) = if across < along { (across, along) } else { (along, across) };
    let tangent = smaller / if larger > 0.0 { larger } else { 1.0 };
    let squared = tangent * tangent;
    let octant = tangent
        * (0.999_866
            + squared
                * (-0.330_299_5 + squared * (0.180_141 + squared * (-0.085_133 + squared * 0.020_835_1))));
    let quadrant = if across < along { octant } else { FRAC_PI_2 - octant };
    let half = if x < 0.0 { PI - quadrant } else { quadrant };
    if y < 0.0 { -half } else { half }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arc_tangent_is_within_its_stated_error_in_every_octant() {
        for step in -3_600..3_600 {
            let angle = f64::from(step) * core::f64::consts::PI / 3_600.0;
            let found = f64::from(arc_tangent(libm::sin(angle) as f32, libm::cos(angle) as f32));
            assert!((found - angle).abs() < 2.0e-5, "{angle} {found}");
        }
    }

    /// Position on a Kepler orbit with its perigee on the x axis, in km.
    fn kepler(perigee_km: f64, eccentricity: f64, seconds_since_perigee: f64) -> [f64; 3] {
        let axis = perigee_km / (1.0 - eccentricity);
        let rate = libm::sqrt(EARTH_MU_KM3_S2 / (axis * axis * axis));
        let mean = libm::remainder(rate * seconds_since_perigee, core::f64::consts::TAU);
        // Bisection, as the sides of pi have the sign that it needs: slow and sure.
        let (mut low, mut high) = (-core::f64::consts::PI, core::f64::consts::PI);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if middle - eccentricity * libm::sin(middle) < mean { low = middle } else { high = middle }
        }
        let anomaly = 0.5 * (low + high);
        let minor = axis * libm::sqrt(1.0 - eccentricity * eccentricity);
        [axis * (libm::cos(anomaly) - eccentricity), minor * libm::sin(anomaly), 0.0]
    }

    #[test]
    fn sixth_differences_bound_the_interpolation_error_of_every_orbit() {
        let mut worst: f64 = 0.0;
        for perigee_km in [6_378.0, 6_800.0, 7_400.0, 10_000.0, 20_000.0, 42_164.0] {
            for eccentricity in [0.0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95] {
                let axis: f64 = perigee_km / (1.0 - eccentricity);
                let period_s = core::f64::consts::TAU * (axis * axis * axis / EARTH_MU_KM3_S2).sqrt();
                // All phases of short orbits; of long ones the hours about perigee, where they bend.
                let phases = 720;
                let span_s = period_s.min(6.0 * 3_600.0);
                for phase in 0..phases {
                    let start_s = span_s * (f64::from(phase) / f64::from(phases) - 0.5);
                    let at = |u: f64| kepler(perigee_km, eccentricity, start_s + u * Knot::STEP_S);
                    let mut samples = Samples::new(1, Knot(0), KNOTS_AROUND);
                    for slot in 0..KNOTS_AROUND {
                        samples.set(slot, 0, at(slot as f64 - 3.5));
                    }
                    let mut motions = [CellMotion::new(1)];
                    interpolate(&samples, &mut motions, Path::Portable);
                    let pad_km = f64::from(motions[0].pad_km[0]) - ERROR_FLOOR_KM;
                    let value = |columns: &[Column; 3]| columns.each_ref().map(|column| f64::from(column[0]));
                    let (center, rate) = (value(&motions[0].position_km), value(&motions[0].velocity_km_s));
                    let squared: f64 = center.iter().map(|x| x * x).sum();
                    let gradient = EARTH_MU_KM3_S2 / (squared * squared.sqrt());
                    for tick in -12..=12 {
                        let time = 5.0 * f64::from(tick);
                        let truth = at(time / Knot::STEP_S);
                        let missed: f64 = (0..3)
                            .map(|c| {
                                let harmonic = center[c] * (1.0 - gradient * time * time / 2.0)
                                    + rate[c] * (time - gradient * time * time * time / 6.0);
                                (truth[c] - harmonic) * (truth[c] - harmonic)
                            })
                            .sum::<f64>()
                            .sqrt();
                        // Single precision costs what the index adds for it.
                        let rounding = f64::from(SINGLE_PRECISION) * squared.sqrt();
                        assert!(
                            missed <= pad_km + rounding,
                            "perigee {perigee_km} e {eccentricity} at {start_s}: {missed} > {pad_km}"
                        );
                    }
                    // The interpolation itself, at the middle where its error is largest.
                    let truth = at(0.0);
                    let error =
                        (0..3).map(|c| (truth[c] - center[c]) * (truth[c] - center[c])).sum::<f64>().sqrt();
                    let bound = sixth_difference(&samples);
                    let rounding = f64::from(SINGLE_PRECISION) * squared.sqrt();
                    worst = worst.max((error - rounding) / bound);
                }
            }
        }
        // The proof says less than a thirtieth.
        assert!(worst < 1.0 / 30.0, "{worst}");
    }

    fn sixth_difference(samples: &Samples) -> f64 {
        const BINOMIAL: [f64; 7] = [1.0, -6.0, 15.0, -20.0, 15.0, -6.0, 1.0];
        let size = |first: usize| -> f64 {
            let component = |c: usize| -> f64 {
                BINOMIAL
                    .iter()
                    .enumerate()
                    .map(|(k, factor)| factor * samples.position(first + k, 0)[c])
                    .sum()
            };
            (0..3).map(|c| component(c) * component(c)).sum::<f64>().sqrt()
        };
        size(0).max(size(1))
    }
}
