//! Mean elements at a time: secular gravity and atmospheric drag.
//!
//! AIAA 2006-6753, `sgp4`, "update for secular gravity and atmospheric drag"; Spacetrack Report #3, section 6.

use super::initialization::{BrouwerElements, FullDrag, SecularRates};
use libm::{cos, sin};

/// Angles at a time, not reduced to one revolution, in radians.
#[derive(Debug, Clone, Copy)]
pub(super) struct MeanAngles {
    pub(super) raan: f64,
    pub(super) argument_of_perigee: f64,
    pub(super) mean_anomaly: f64,
}

/// Factors and increments by which drag changes the elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct DragEffect {
    /// Factor of the square root of the semi-major axis ("tempa").
    pub(super) sqrt_axis_factor: f64,
    /// Decrease of the eccentricity ("tempe").
    pub(super) eccentricity_decrease: f64,
    /// Increase of the mean longitude, in units of the mean motion times minutes ("templ").
    pub(super) longitude_minutes: f64,
}

/// Secular change of the angles and effect of drag, `t` minutes after the epoch.
pub(super) fn secular_and_drag(
    orbit: &BrouwerElements,
    rates: &SecularRates,
    full_drag: Option<&FullDrag>,
    t: f64,
) -> (MeanAngles, DragEffect) {
    let t2 = t * t;
    let mut angles = MeanAngles {
        raan: orbit.raan + rates.raan_rate * t + rates.raan_drag * t2,
        argument_of_perigee: orbit.argument_of_perigee + rates.argument_of_perigee_rate * t,
        mean_anomaly: orbit.mean_anomaly + rates.mean_anomaly_rate * t,
    };
    let mut drag = DragEffect {
        sqrt_axis_factor: 1.0 - rates.c1 * t,
        eccentricity_decrease: rates.bstar_c4 * t,
        longitude_minutes: rates.t2 * t2,
    };
    if let Some(full) = full_drag {
        let delta = 1.0 + full.eta * cos(angles.mean_anomaly);
        let shift = full.perigee_drag * t + full.anomaly_drag * (delta * delta * delta - full.delta_m0);
        angles.mean_anomaly += shift;
        angles.argument_of_perigee -= shift;

        let t3 = t2 * t;
        let t4 = t3 * t;
        let [d2, d3, d4] = full.d;
        let [l3, l4, l5] = full.t345;
        drag.sqrt_axis_factor = drag.sqrt_axis_factor - d2 * t2 - d3 * t3 - d4 * t4;
        drag.eccentricity_decrease += full.bstar_c5 * (sin(angles.mean_anomaly) - full.sin_m0);
        drag.longitude_minutes = drag.longitude_minutes + l3 * t3 + t4 * (l4 + t * l5);
    }
    (angles, drag)
}
