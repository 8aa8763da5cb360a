//! Geodetic latitude, longitude and height on the ellipsoid of WGS-84.

use core::f64::consts::FRAC_PI_2;

use nalgebra::Vector3;
use thiserror::Error;

/// Equatorial radius of the WGS-84 ellipsoid, in km. Source: NIMA TR8350.2, 3rd edition, table 3.1.
pub const WGS84_EQUATORIAL_RADIUS_KM: f64 = 6_378.137;

/// Inverse flattening of the WGS-84 ellipsoid. Source: NIMA TR8350.2, 3rd edition, table 3.1.
pub const WGS84_INVERSE_FLATTENING: f64 = 298.257_223_563;

const FLATTENING: f64 = 1.0 / WGS84_INVERSE_FLATTENING;
const ECCENTRICITY_SQUARED: f64 = FLATTENING * (2.0 - FLATTENING);
const AXIS_RATIO: f64 = 1.0 - FLATTENING;

/// Below this distance from the Earth's center several points of the ellipsoid are nearest (its evolute reaches 43 km),
/// and the geodetic latitude loses its meaning.
const MINIMUM_RADIUS_KM: f64 = 50.0;

/// Geodetic coordinates on WGS-84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geodetic {
    /// Geodetic latitude, in radians, positive north.
    pub latitude_rad: f64,
    /// Longitude, in radians, positive east, within (-pi, pi]. At a pole, the longitude of the vector as given.
    pub longitude_rad: f64,
    /// Height above the ellipsoid along its normal, in km.
    pub height_km: f64,
}

/// Why a position has no geodetic coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum GeodeticError {
    /// The position is too near the Earth's center, or is not a number.
    #[error(
        "distance from the Earth's center is {radius_km} km, geodetic coordinates need at least {MINIMUM_RADIUS_KM} km"
    )]
    NearCenter {
        /// Distance from the center, in km.
        radius_km: f64,
    },
}

impl Geodetic {
    /// Geodetic coordinates of a position in ITRF, in km.
    ///
    /// Solves P T - Z - e^2 T / sqrt(1 + T^2) = 0 for T, the tangent of the reduced latitude, by Halley's method, where P is
    /// the distance from the axis and Z the height over the equator times sqrt(1 - e^2), both in equatorial radii. T is kept
    /// as a quotient, which has no pole. Iterated to rounding, from 50 km off the center to beyond the Moon.
    ///
    /// Source: Fukushima, Journal of Geodesy 79, 689 (2006), equations 14 to 20.
    ///
    /// # Errors
    /// [`GeodeticError::NearCenter`] within 50 km of the Earth's center, or for a position that is not finite.
    pub fn from_itrf(position_km: &Vector3<f64>) -> Result<Self, GeodeticError> {
        let axis_distance_km = libm::hypot(position_km.x, position_km.y);
        let radius_km = libm::hypot(axis_distance_km, position_km.z);
        if !radius_km.is_finite() || radius_km < MINIMUM_RADIUS_KM {
            return Err(GeodeticError::NearCenter { radius_km });
        }
        let longitude_rad = libm::atan2(position_km.y, position_km.x);
        let p = axis_distance_km / WGS84_EQUATORIAL_RADIUS_KM;
        // So near the axis the quotient below underflows; the latitude is that of the pole to every digit.
        if p < 1e-150 {
            return Ok(Self {
                latitude_rad: libm::copysign(FRAC_PI_2, position_km.z),
                longitude_rad,
                height_km: radius_km - WGS84_EQUATORIAL_RADIUS_KM * AXIS_RATIO,
            });
        }
        let z = AXIS_RATIO * position_km.z.abs() / WGS84_EQUATORIAL_RADIUS_KM;

        let e2 = ECCENTRICITY_SQUARED;
        let (mut s, mut c) = normalized(z, AXIS_RATIO * p);
        // One step reaches 1e-9 rad near the surface; deep inside it takes up to nine.
        for _ in 0..20 {
            let d = z + e2 * s * s * s;
            let f = p - e2 * c * c * c;
            let b = 1.5 * e2 * s * c * c * ((p * s - z * c) - e2 * s * c);
            let (next_s, next_c) = normalized(d * f - b * s, f * f - b * c);
            let change = (next_s * c - next_c * s).abs();
            (s, c) = (next_s, next_c);
            if change < f64::EPSILON {
                break;
            }
        }
        let (sin_latitude, cos_latitude) = normalized(s, AXIS_RATIO * c);
        let normal_km = WGS84_EQUATORIAL_RADIUS_KM * (1.0 - e2 * sin_latitude * sin_latitude).sqrt();
        Ok(Self {
            latitude_rad: libm::copysign(libm::atan2(sin_latitude, cos_latitude), position_km.z),
            longitude_rad,
            height_km: axis_distance_km * cos_latitude + position_km.z.abs() * sin_latitude - normal_km,
        })
    }

    /// The position in ITRF, in km.
    ///
    /// Source: Hofmann-Wellenhof, Lichtenegger and Wasle, *GNSS* (2008), equation 8.8.
    #[must_use]
    pub fn to_itrf(&self) -> Vector3<f64> {
        let (sin_latitude, cos_latitude) = libm::sincos(self.latitude_rad);
        let (sin_longitude, cos_longitude) = libm::sincos(self.longitude_rad);
        let prime_vertical_km =
            WGS84_EQUATORIAL_RADIUS_KM / (1.0 - ECCENTRICITY_SQUARED * sin_latitude * sin_latitude).sqrt();
        let axis_distance_km = (prime_vertical_km + self.height_km) * cos_latitude;
        Vector3::new(
            axis_distance_km * cos_longitude,
            axis_distance_km * sin_longitude,
            (prime_vertical_km * AXIS_RATIO * AXIS_RATIO + self.height_km) * sin_latitude,
        )
    }
}

fn normalized(s: f64, c: f64) -> (f64, f64) {
    let norm = libm::hypot(s, c);
    (s / norm, c / norm)
}
