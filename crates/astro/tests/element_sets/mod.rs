//! Element sets made to pass through a given place at a given time.

use astroshield_astro::Epoch;
use astroshield_astro::elements::MeanElements;
use astroshield_astro::sgp4::Propagator;
use nalgebra::{Matrix3x4, Vector3, Vector4};

/// Shape and plane of an orbit; the rest follows from where it is to pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub perigee_altitude_km: f64,
    pub apogee_altitude_km: f64,
    pub inclination_deg: f64,
    pub raan_deg: f64,
    pub argument_of_perigee_deg: f64,
    pub mean_anomaly_deg: f64,
    pub bstar_inv_earth_radii: f64,
}

const EARTH_RADIUS_KM: f64 = 6_378.135;
const EARTH_MU_KM3_S2: f64 = 398_600.8;

impl Shape {
    /// A circular orbit without drag.
    pub(crate) const fn circular(
        altitude_km: f64,
        inclination_deg: f64,
        raan_deg: f64,
        mean_anomaly_deg: f64,
    ) -> Self {
        Self {
            perigee_altitude_km: altitude_km,
            apogee_altitude_km: altitude_km,
            inclination_deg,
            raan_deg,
            argument_of_perigee_deg: 0.0,
            mean_anomaly_deg,
            bstar_inv_earth_radii: 0.0,
        }
    }

    /// Mean elements of this shape at an epoch.
    pub(crate) fn elements(&self, epoch: Epoch) -> MeanElements {
        let (perigee, apogee) =
            (EARTH_RADIUS_KM + self.perigee_altitude_km, EARTH_RADIUS_KM + self.apogee_altitude_km);
        let axis = 0.5 * (perigee + apogee);
        let seconds_per_revolution = core::f64::consts::TAU * (axis * axis * axis / EARTH_MU_KM3_S2).sqrt();
        MeanElements {
            epoch,
            mean_motion_rev_day: 86_400.0 / seconds_per_revolution,
            eccentricity: (apogee - perigee) / (apogee + perigee),
            inclination_deg: self.inclination_deg,
            raan_deg: self.raan_deg,
            argument_of_perigee_deg: self.argument_of_perigee_deg,
            mean_anomaly_deg: self.mean_anomaly_deg,
            bstar_inv_earth_radii: self.bstar_inv_earth_radii,
        }
    }
}

fn position(elements: &MeanElements, time: Epoch) -> Option<Vector3<f64>> {
    let propagator = Propagator::new(elements).ok()?;
    Some(propagator.propagate(propagator.minutes_since_epoch(time)).ok()?.position_km)
}

/// Changes mean motion, node, mean anomaly and inclination, as little as possible, until the orbit passes through `target_km` (TEME) at `time`, to 1 mm;
/// `None` where that does not converge, as with a target outside the orbit's reach.
pub(crate) fn through(
    target_km: Vector3<f64>,
    time: Epoch,
    mut elements: MeanElements,
) -> Option<MeanElements> {
    let adjusted = |elements: &MeanElements, change: Vector4<f64>| MeanElements {
        mean_motion_rev_day: elements.mean_motion_rev_day * (1.0 + change.x),
        raan_deg: (elements.raan_deg + change.y.to_degrees()).rem_euclid(360.0),
        mean_anomaly_deg: (elements.mean_anomaly_deg + change.z.to_degrees()).rem_euclid(360.0),
        inclination_deg: elements.inclination_deg + change.w.to_degrees(),
        ..*elements
    };
    for _ in 0..50 {
        let missed = target_km - position(&elements, time)?;
        if missed.norm() < 1.0e-6 {
            return Some(elements);
        }
        let step = 1.0e-6;
        let here = position(&elements, time)?;
        let slope = |axis: usize| -> Option<Vector3<f64>> {
            let mut change = Vector4::zeros();
            change[axis] = step;
            Some((position(&adjusted(&elements, change), time)? - here) / step)
        };
        let jacobian = Matrix3x4::from_columns(&[slope(0)?, slope(1)?, slope(2)?, slope(3)?]);
        let change = jacobian.transpose() * (jacobian * jacobian.transpose()).try_inverse()? * missed;
        let largest = change.amax();
        elements = adjusted(&elements, change * (0.1 / largest).min(1.0));
    }
    None
}

/// Puts the perigee argument and anomaly of a shape so that it is at a target's direction: a start for [`through`].
pub(crate) fn toward(target_km: Vector3<f64>, shape: Shape, epoch: Epoch) -> Option<MeanElements> {
    // The anomalies and nodes are tried on a grid, the nearest start is taken.
    let mut best: Option<(f64, MeanElements)> = None;
    for node in 0..36 {
        for anomaly in 0..72 {
            let shape = Shape {
                raan_deg: 10.0 * f64::from(node),
                mean_anomaly_deg: 5.0 * f64::from(anomaly),
                ..shape
            };
            let elements = shape.elements(epoch);
            let distance = (position(&elements, epoch)? - target_km).norm();
            if best.as_ref().is_none_or(|(least, _)| distance < *least) {
                best = Some((distance, elements));
            }
        }
    }
    best.map(|(_, elements)| elements)
}
