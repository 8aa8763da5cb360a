//! Orbits drawn from distributions that resemble the public catalog's.
//!
//! Shares and spreads were read off the catalog of 2024-11-01 (26,834 objects). Nothing of an individual object is in here.
//! Objects meet about as often as the real ones: 27,000 of them, with seed 1, have some 27,000 approaches below 5 km in a
//! day, the real catalog some 25,000 (`astroshield screen demo.csv --start 2026-01-01 --days 1`).

use core::f64::consts::TAU;

use astroshield_astro::elements::MeanElements;
use hifitime::{Duration, Epoch};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

/// Radius of the Earth and gravitational parameter of WGS-72, which element sets are made with.
const EARTH_RADIUS_KM: f64 = 6_378.135;
const EARTH_MU_KM3_S2: f64 = 398_600.8;

/// Perigee below which a drawn orbit is drawn again, unless it is meant to decay.
const LOWEST_PERIGEE_KM: f64 = 250.0;

/// Lowest perigee of an orbit that is meant to decay.
const LOWEST_DECAYING_KM: f64 = 160.0;

/// An object that does not exist.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DemoObject {
    pub(super) name: String,
    pub(super) elements: MeanElements,
}

/// A part of the population.
struct Group {
    name: &'static str,
    /// Share of the population, in thousandths.
    share: u32,
    orbits: Orbits,
    drag: Drag,
}

/// How the orbits of a group are drawn. Heights are above the equatorial radius.
enum Orbits {
    /// A constellation: planes evenly around the pole, satellites evenly in each plane, stations kept.
    Walker { height_km: f64, inclination_deg: f64, planes: u32 },
    /// Near-circular at a height with a spread, all around.
    NearCircular { height_km: Normal, eccentricity: f64, inclination_deg: Normal },
    /// As [`Orbits::NearCircular`], at the inclination that keeps local time.
    SunSynchronous { height_km: Normal, eccentricity: f64 },
    /// Fragments of a near-circular parent: speeds changed along the track and across it.
    Cloud { height_km: f64, inclination_deg: f64, along_km_s: f64, inclination_spread_deg: f64 },
    /// Between two heights that are drawn evenly.
    Elliptic { perigee_km: (f64, f64), apogee_km: (f64, f64), inclination_deg: Normal },
    /// A 12-hour orbit with a frozen argument of perigee.
    Molniya,
    /// Near the geostationary height: station-kept, or drifting with an inclination that grows to 15 degrees.
    Geostationary { height_spread_km: f64, kept: bool },
}

struct Normal {
    mean: f64,
    sigma: f64,
}

const fn normal(mean: f64, sigma: f64) -> Normal {
    Normal { mean, sigma }
}

/// B*, log-normal: median in inverse Earth radii, and standard deviation of its natural logarithm.
enum Drag {
    None,
    LogNormal { median: f64, sigma: f64 },
}

const fn drag(median: f64, sigma: f64) -> Drag {
    Drag::LogNormal { median, sigma }
}

const GROUPS: [Group; 26] = [
    walker("SHELL-53A", 93, 545.0, 53.22, 72),
    walker("SHELL-53B", 58, 468.0, 53.05, 72),
    walker("SHELL-43", 80, 575.0, 43.00, 58),
    walker("SHELL-70", 15, 590.0, 70.00, 36),
    walker("SHELL-88", 24, 1_200.0, 87.90, 12),
    Group {
        name: "SSO-LOW",
        share: 42,
        orbits: Orbits::SunSynchronous { height_km: normal(503.0, 13.0), eccentricity: 0.001 },
        drag: drag(5e-4, 1.0),
    },
    Group {
        name: "SSO",
        share: 48,
        orbits: Orbits::SunSynchronous { height_km: normal(740.0, 80.0), eccentricity: 0.001 },
        drag: drag(3e-4, 1.0),
    },
    Group {
        name: "LEO",
        share: 40,
        orbits: Orbits::NearCircular {
            height_km: normal(560.0, 110.0),
            eccentricity: 0.001,
            inclination_deg: normal(52.0, 9.0),
        },
        drag: drag(5e-4, 1.0),
    },
    Group {
        name: "LEO-HIGH",
        share: 62,
        orbits: Orbits::NearCircular {
            height_km: normal(1_200.0, 230.0),
            eccentricity: 0.003,
            inclination_deg: normal(77.0, 9.0),
        },
        drag: drag(3e-4, 1.0),
    },
    cloud("DEB-98A", 95, 850.0, 98.7, 0.080, 0.7),
    cloud("DEB-98B", 75, 710.0, 98.3, 0.060, 0.6),
    cloud("DEB-98C", 30, 800.0, 99.2, 0.050, 0.4),
    cloud("DEB-86", 10, 780.0, 86.4, 0.060, 0.3),
    cloud("DEB-82", 48, 880.0, 82.5, 0.070, 0.7),
    cloud("DEB-74", 44, 790.0, 74.0, 0.070, 0.4),
    cloud("DEB-66", 35, 900.0, 66.0, 0.090, 1.0),
    cloud("DEB-30", 12, 600.0, 30.0, 0.150, 2.0),
    Group {
        name: "RB",
        share: 36,
        orbits: Orbits::NearCircular {
            height_km: normal(830.0, 170.0),
            eccentricity: 0.006,
            inclination_deg: normal(82.0, 9.0),
        },
        drag: drag(3e-4, 0.8),
    },
    Group {
        name: "HEO",
        share: 56,
        orbits: Orbits::Elliptic {
            perigee_km: (280.0, 2_000.0),
            apogee_km: (2_500.0, 28_000.0),
            inclination_deg: normal(35.0, 25.0),
        },
        drag: drag(1e-3, 1.5),
    },
    Group {
        name: "GTO",
        share: 22,
        orbits: Orbits::Elliptic {
            perigee_km: (260.0, 900.0),
            apogee_km: (32_000.0, 36_500.0),
            inclination_deg: normal(18.0, 9.0),
        },
        drag: drag(2e-3, 1.2),
    },
    Group { name: "MOLNIYA", share: 5, orbits: Orbits::Molniya, drag: Drag::None },
    Group {
        name: "MEO-NAV",
        share: 15,
        orbits: Orbits::NearCircular {
            height_km: normal(20_300.0, 1_200.0),
            eccentricity: 0.003,
            inclination_deg: normal(58.0, 4.0),
        },
        drag: Drag::None,
    },
    Group {
        name: "GEO",
        share: 20,
        orbits: Orbits::Geostationary { height_spread_km: 2.0, kept: true },
        drag: Drag::None,
    },
    Group {
        name: "GEO-DRIFT",
        share: 26,
        orbits: Orbits::Geostationary { height_spread_km: 90.0, kept: false },
        drag: Drag::None,
    },
    Group {
        name: "GEO-GRAVE",
        share: 12,
        orbits: Orbits::Geostationary { height_spread_km: 350.0, kept: false },
        drag: Drag::None,
    },
    Group {
        name: "DECAY",
        share: 7,
        orbits: Orbits::NearCircular {
            height_km: normal(215.0, 25.0),
            eccentricity: 0.001,
            inclination_deg: normal(55.0, 15.0),
        },
        drag: drag(1.2e-3, 0.6),
    },
];

const fn walker(name: &'static str, share: u32, height_km: f64, inclination_deg: f64, planes: u32) -> Group {
    Group {
        name,
        share,
        orbits: Orbits::Walker { height_km, inclination_deg, planes },
        drag: drag(2e-4, 0.7),
    }
}

const fn cloud(
    name: &'static str,
    share: u32,
    height_km: f64,
    inclination_deg: f64,
    along_km_s: f64,
    inclination_spread_deg: f64,
) -> Group {
    let orbits = Orbits::Cloud { height_km, inclination_deg, along_km_s, inclination_spread_deg };
    Group { name, share, orbits, drag: drag(3e-3, 1.2) }
}

/// A population of so many objects, with epochs up to two days before `epoch`.
pub(super) fn population(objects: u32, seed: u64, epoch: Epoch) -> Vec<DemoObject> {
    let mut random = Random(Pcg64::seed_from_u64(seed));
    let mut drawn = Vec::with_capacity(objects as usize);
    let total: u32 = GROUPS.iter().map(|group| group.share).sum();
    let mut shares = 0;
    for group in &GROUPS {
        shares += group.share;
        // The cumulated share rounded down, so that the parts always add up to the whole.
        let until = u64::from(objects) * u64::from(shares) / u64::from(total);
        let count = u32::try_from(until - drawn.len() as u64).unwrap_or(0);
        // A constellation is kept at one epoch: its phases hold at one moment only.
        let group_age_s = random.uniform(0.0, 86_400.0);
        for (orbit, index) in group.orbits.draw(count, &mut random).into_iter().zip(1_u32..) {
            let bstar = match group.drag {
                Drag::None => 0.0,
                Drag::LogNormal { median, sigma } => median * libm::exp(sigma * random.normal()),
            };
            let age_s = match group.orbits {
                Orbits::Walker { .. } => group_age_s,
                _ => random.uniform(0.0, 2.0 * 86_400.0),
            };
            drawn.push(DemoObject {
                name: format!("DEMO-{}-{:05}", group.name, index),
                elements: orbit.elements(epoch, age_s, bstar),
            });
        }
    }
    drawn
}

/// An orbit as it is drawn.
struct Orbit {
    perigee_km: f64,
    apogee_km: f64,
    inclination_deg: f64,
    raan_deg: f64,
    argument_of_perigee_deg: f64,
    mean_anomaly_deg: f64,
}

impl Orbit {
    /// Rounded to the digits of an element set, which also takes away what little machines could differ in.
    fn elements(&self, epoch: Epoch, age_s: f64, bstar: f64) -> MeanElements {
        let semi_major_axis_km = EARTH_RADIUS_KM + 0.5 * (self.perigee_km + self.apogee_km);
        let motion_rad_s = (EARTH_MU_KM3_S2 / semi_major_axis_km).sqrt() / semi_major_axis_km;
        let angle = |degrees: f64| rounded(degrees.rem_euclid(360.0), 1e4).rem_euclid(360.0);
        MeanElements {
            epoch: epoch - Duration::from_microseconds(libm::floor(age_s * 1e6)),
            mean_motion_rev_day: rounded(motion_rad_s * 86_400.0 / TAU, 1e8),
            eccentricity: rounded(0.5 * (self.apogee_km - self.perigee_km) / semi_major_axis_km, 1e7),
            inclination_deg: rounded(self.inclination_deg, 1e4),
            raan_deg: angle(self.raan_deg),
            argument_of_perigee_deg: angle(self.argument_of_perigee_deg),
            mean_anomaly_deg: angle(self.mean_anomaly_deg),
            bstar_inv_earth_radii: rounded(bstar, 1e8),
        }
    }
}

fn rounded(value: f64, scale: f64) -> f64 {
    libm::round(value * scale) / scale
}

impl Orbits {
    fn draw(&self, count: u32, random: &mut Random) -> Vec<Orbit> {
        if let Self::Walker { height_km, inclination_deg, planes } = *self {
            return constellation(count, height_km, inclination_deg, planes, random);
        }
        let decaying =
            matches!(self, Self::NearCircular { height_km, .. } if height_km.mean < LOWEST_PERIGEE_KM);
        let lowest_km = if decaying { LOWEST_DECAYING_KM } else { LOWEST_PERIGEE_KM };
        let mut draw = || loop {
            let orbit = self.draw_one(random);
            if orbit.perigee_km >= lowest_km {
                return orbit;
            }
        };
        (0..count).map(|_| draw()).collect()
    }

    fn draw_one(&self, random: &mut Random) -> Orbit {
        let circular = |height_km: f64, eccentricity: f64| {
            let half_width_km = eccentricity * (EARTH_RADIUS_KM + height_km);
            (height_km - half_width_km, height_km + half_width_km)
        };
        let ((perigee_km, apogee_km), inclination_deg) = match self {
            Self::Walker { height_km, inclination_deg, .. } => (circular(*height_km, 0.0), *inclination_deg),
            Self::NearCircular { height_km, eccentricity, inclination_deg } => (
                circular(random.of(height_km), eccentricity * random.rayleigh()),
                random.of(inclination_deg).clamp(0.05, 144.0),
            ),
            Self::SunSynchronous { height_km, eccentricity } => {
                let height_km = random.of(height_km);
                let inclination_deg = sun_synchronous_inclination_deg(height_km) + 0.15 * random.normal();
                (circular(height_km, eccentricity * random.rayleigh()), inclination_deg)
            }
            Self::Cloud { height_km, inclination_deg, along_km_s, inclination_spread_deg } => {
                // A push along the track moves the opposite side of the orbit by 4 a dv / v.
                let radius_km = EARTH_RADIUS_KM + height_km;
                let speed_km_s = (EARTH_MU_KM3_S2 / radius_km).sqrt();
                let opposite_km = height_km + 4.0 * radius_km * along_km_s * random.normal() / speed_km_s;
                let height_km = height_km + 15.0 * random.normal();
                (
                    (height_km.min(opposite_km), height_km.max(opposite_km)),
                    inclination_deg + inclination_spread_deg * random.normal(),
                )
            }
            Self::Elliptic { perigee_km, apogee_km, inclination_deg } => (
                (random.uniform(perigee_km.0, perigee_km.1), random.uniform(apogee_km.0, apogee_km.1)),
                random.of(inclination_deg).abs().clamp(0.05, 144.0),
            ),
            Self::Molniya => {
                let perigee_km = random.uniform(500.0, 3_000.0);
                // The semi-major axis of half a sidereal day.
                (
                    (perigee_km, 2.0 * 26_561.7 - 2.0 * EARTH_RADIUS_KM - perigee_km),
                    63.4 + 0.8 * random.normal(),
                )
            }
            Self::Geostationary { height_spread_km, kept } => {
                let height_km = 35_786.0 + height_spread_km * random.normal();
                let inclination_deg =
                    if *kept { 0.03 * random.rayleigh() } else { random.uniform(0.1, 15.0) };
                (circular(height_km, if *kept { 2e-4 } else { 1e-3 } * random.rayleigh()), inclination_deg)
            }
        };
        let argument_of_perigee_deg = match self {
            Self::Molniya => 270.0 + 5.0 * random.normal(),
            _ => random.uniform(0.0, 360.0),
        };
        Orbit {
            perigee_km,
            apogee_km,
            inclination_deg,
            raan_deg: random.uniform(0.0, 360.0),
            argument_of_perigee_deg,
            mean_anomaly_deg: random.uniform(0.0, 360.0),
        }
    }
}

/// Satellites of one height in a constellation; more of them take the next height.
const LAYER: u32 = 1_000;

/// Distance between the heights of a constellation.
const LAYER_STEP_KM: f64 = 8.0;

fn constellation(
    count: u32,
    height_km: f64,
    inclination_deg: f64,
    planes: u32,
    random: &mut Random,
) -> Vec<Orbit> {
    let layers = count.div_ceil(LAYER);
    let in_layer = count.div_ceil(layers.max(1));
    let planes = planes.min(in_layer);
    let slots = in_layer.div_ceil(planes.max(1));
    let phasing = f64::from(phasing(planes, slots, inclination_deg.to_radians()));
    let satellite = |index: u32| {
        let (layer, index) = (f64::from(index % layers), index / layers);
        let (plane, slot) = (f64::from(index % planes), f64::from(index / planes));
        let plane = plane / f64::from(planes);
        let phase_deg = 360.0 / f64::from(slots) * (slot + phasing * plane) + 0.01 * random.normal();
        // Frozen orbits, and as equal as station-keeping makes them.
        let eccentricity = 1e-4 * (1.0 + 0.1 * random.normal());
        let height_km = height_km - LAYER_STEP_KM * layer + 0.02 * random.normal();
        let half_width_km = eccentricity * (EARTH_RADIUS_KM + height_km);
        Orbit {
            perigee_km: height_km - half_width_km,
            apogee_km: height_km + half_width_km,
            inclination_deg: inclination_deg + 0.002 * random.normal(),
            raan_deg: 360.0 * plane,
            argument_of_perigee_deg: 90.0,
            mean_anomaly_deg: phase_deg - 90.0,
        }
    };
    (0..count).map(satellite).collect()
}

/// The phasing (0 to planes - 1) of a Walker constellation that keeps its satellites farthest apart.
///
/// Two satellites of equal circular orbits, nodes apart by W and arguments of latitude by U, come as near as
/// 2 a sqrt((1 + cos^2 i + sin^2 i cos W) / 2) |sin(U / 2 + atan(cos i tan(W / 2)))|.
/// Source: Speckman, Lang and Boyce, AAS 90-2954, equation 6.
fn phasing(planes: u32, slots: u32, inclination_rad: f64) -> u32 {
    let (sin_i, cos_i) = libm::sincos(inclination_rad);
    let slot_rad = TAU / f64::from(slots);
    let nearest = |phasing: u32| {
        (1..planes)
            .map(|apart| {
                let node_rad = TAU * f64::from(apart) / f64::from(planes);
                let offset_rad = slot_rad * f64::from(phasing) * f64::from(apart) / f64::from(planes)
                    + 2.0 * libm::atan(cos_i * libm::tan(0.5 * node_rad));
                let from_nearest_slot_rad =
                    (offset_rad - slot_rad * libm::round(offset_rad / slot_rad)).abs();
                let width = libm::sqrt(0.5 * (1.0 + cos_i * cos_i + sin_i * sin_i * libm::cos(node_rad)));
                width * libm::sin(0.5 * from_nearest_slot_rad)
            })
            .fold(f64::INFINITY, f64::min)
    };
    // Rounded, so that equals are equal on every machine and the first of them is taken.
    let score = |phasing: u32| (rounded(nearest(phasing), 1e9), core::cmp::Reverse(phasing));
    (0..planes)
        .max_by(|a, b| score(*a).0.total_cmp(&score(*b).0).then(score(*a).1.cmp(&score(*b).1)))
        .unwrap_or(0)
}

/// Inclination at which J2 turns a near-circular orbit's node once a year, in degrees.
///
/// cos i = -(2/3) (dnode/dt) / (J2 n) (a / R)^2, from the secular rate of the node (Vallado, 4th edition, 9-41).
fn sun_synchronous_inclination_deg(height_km: f64) -> f64 {
    const J2: f64 = 1.082_616e-3;
    const NODE_RATE_RAD_S: f64 = TAU / (365.2422 * 86_400.0);
    let semi_major_axis_km = EARTH_RADIUS_KM + height_km;
    let motion_rad_s = (EARTH_MU_KM3_S2 / semi_major_axis_km).sqrt() / semi_major_axis_km;
    let radii = semi_major_axis_km / EARTH_RADIUS_KM;
    libm::acos(-NODE_RATE_RAD_S * radii * radii / (1.5 * J2 * motion_rad_s)).to_degrees()
}

/// Random numbers that are the same on every machine.
struct Random(Pcg64);

impl Random {
    /// Evenly from `low` to below `high`.
    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        // The upper 53 bits, exact in an f64.
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let unit = (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        low + (high - low) * unit
    }

    /// Normal with mean 0 and standard deviation 1, by Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = self.rayleigh();
        radius * libm::cos(self.uniform(0.0, TAU))
    }

    /// Length of a vector of two standard normal components.
    fn rayleigh(&mut self) -> f64 {
        libm::sqrt(-2.0 * libm::log(1.0 - self.uniform(0.0, 1.0)))
    }

    fn of(&mut self, normal: &Normal) -> f64 {
        normal.mean + normal.sigma * self.normal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch() -> Epoch {
        Epoch::from_gregorian_utc_at_midnight(2026, 1, 1)
    }

    #[test]
    fn population_has_the_number_of_objects_asked_for_in_every_regime() {
        for objects in [1, 7, 999, 5_000] {
            assert_eq!(population(objects, 1, epoch()).len(), objects as usize);
        }
        let large = population(5_000, 1, epoch());
        for group in &GROUPS {
            assert!(large.iter().any(|object| object.name.contains(group.name)), "{}", group.name);
        }
    }

    #[test]
    fn same_seed_gives_the_same_population_and_another_seed_another() {
        assert_eq!(population(500, 7, epoch()), population(500, 7, epoch()));
        assert_ne!(population(500, 7, epoch()), population(500, 8, epoch()));
    }

    #[test]
    fn elements_are_within_their_domains_and_epochs_within_two_days() {
        for object in population(20_000, 3, epoch()) {
            let elements = &object.elements;
            assert!((0.0..0.9).contains(&elements.eccentricity), "{object:?}");
            assert!((0.0..=180.0).contains(&elements.inclination_deg), "{object:?}");
            assert!((0.9..16.6).contains(&elements.mean_motion_rev_day), "{object:?}");
            for angle in [elements.raan_deg, elements.argument_of_perigee_deg, elements.mean_anomaly_deg] {
                assert!((0.0..360.0).contains(&angle), "{object:?}");
            }
            let age_days = (epoch() - elements.epoch).to_unit(hifitime::Unit::Day);
            assert!((0.0..=2.0).contains(&age_days), "{object:?}");
        }
    }

    #[test]
    fn sun_synchronous_inclination_is_the_textbook_one() {
        // Vallado, 4th edition, example 11-2: 98.6 degrees at 800 km.
        assert!((sun_synchronous_inclination_deg(800.0) - 98.6).abs() < 0.05);
    }
}
