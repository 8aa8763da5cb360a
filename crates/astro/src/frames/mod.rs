//! Reference frames: TEME, PEF, ITRF, EME2000, GCRF, and geodetic coordinates on WGS-84.
//!
//! The system is that of the FK5 (IAU 1976 precession, 1980 nutation, 1982 sidereal time), which TEME is defined in:
//!
//! ```text
//! GCRF --- frame bias --- EME2000 --- precession, nutation, equation of the equinoxes --- TEME
//!   \------ the same, with the observed celestial pole offsets ---------------------------/
//! TEME --- mean sidereal time (UT1) --- PEF --- polar motion --- ITRF
//! ```
//!
//! Source: Vallado, Crawford, Hujsak and Kelso, *Revisiting Spacetrack Report #3*, AIAA 2006-6753, appendix C, for
//! TEME; Vallado, *Fundamentals of Astrodynamics and Applications*, 4th edition, section 3.7; IERS Conventions
//! (1996) and (2010), chapter 5.

mod geodetic;
mod nutation_1980;
mod precession_1976;
mod rotation;
mod sidereal;

use hifitime::Epoch;
use nalgebra::{Matrix3, Vector3};

pub use self::geodetic::{Geodetic, GeodeticError, WGS84_EQUATORIAL_RADIUS_KM, WGS84_INVERSE_FLATTENING};
use self::nutation_1980::nutation_1980;
use self::precession_1976::precession_1976;
use self::rotation::{about_x, about_y, about_z};
pub use self::sidereal::gmst_1982_rad;
use crate::state::{Eme2000, Frame, Gcrf, Itrf, Pef, State, Teme};
use crate::time::{self, Ut1};

/// One second of arc, in radians.
const ARCSEC_RAD: f64 = core::f64::consts::PI / 648_000.0;

/// Rotation rate of the Earth against the stars, in rad/s, on a day without excess length.
///
/// The rate of the Earth rotation angle, 2 pi 1.00273781191135448 / 86400 s.
/// Source: Capitaine, Guinot and others, Astronomy and Astrophysics 355, 398 (2000); IERS Conventions (2010), 5.15.
pub const EARTH_ROTATION_RATE_RAD_S: f64 = 7.292_115_146_706_979e-5;

/// Orientation of the Earth at one time, as the IERS observes or predicts it (Bulletin A, file `finals.all`).
///
/// What it costs to take a value as zero, in position, is said at each field: first in low orbit (7,000 km), then at
/// the geostationary radius.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarthOrientation {
    /// UT1 - UTC, in seconds. It stays below 0.9 s: 460 m and 2.8 km; 0.1 s, as in the years around 2025, is 50 m and 310 m.
    pub ut1_minus_utc_s: f64,
    /// Pole coordinate x, in arcseconds. It stays below 0.6: 20 m and 120 m.
    pub polar_motion_x_arcsec: f64,
    /// Pole coordinate y, in arcseconds, as x.
    pub polar_motion_y_arcsec: f64,
    /// Excess of the length of day over 86,400 s, in seconds. Below 0.004 s: no position, 0.03 mm/s and 0.15 mm/s.
    pub length_of_day_excess_s: f64,
    /// Celestial pole offsets against the 1980 theory. Without them the inertial frames were off by 50 milliarcseconds
    /// at most up to 2026: 1.7 m and 10 m.
    pub celestial_pole: Option<CelestialPoleOffsets>,
}

/// Observed celestial pole offsets against the IAU 1976/1980 precession and nutation (not dX, dY).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CelestialPoleOffsets {
    /// Offset in longitude, dPsi, in arcseconds.
    pub longitude_arcsec: f64,
    /// Offset in obliquity, dEpsilon, in arcseconds.
    pub obliquity_arcsec: f64,
}

impl EarthOrientation {
    /// No observation at all: UT1 as UTC, the pole at the origin, the 1980 theory as it stands.
    ///
    /// Positions relative to the Earth are then off by up to 460 m in low orbit and 2.8 km at the geostationary radius
    /// (50 m and 310 m while UT1 - UTC is below 0.1 s), inertial ones by a few meters. Enough for a picture or a search,
    /// not for a station that has to point.
    pub const NEGLECTED: Self = Self {
        ut1_minus_utc_s: 0.0,
        polar_motion_x_arcsec: 0.0,
        polar_motion_y_arcsec: 0.0,
        length_of_day_excess_s: 0.0,
        celestial_pole: None,
    };
}

/// The Earth's attitude at an instant: what turns a state of one frame into a state of another.
///
/// It costs some 200 trigonometric functions to make and next to nothing to apply: make one an instant.
///
/// TEME, EME2000 and GCRF count as inertial: TEME's own motion, precession, is not in the velocity (0.05 mm/s at
/// 7,000 km).
#[derive(Debug, Clone, PartialEq)]
pub struct EarthAttitude {
    teme_to_pef: Matrix3<f64>,
    pef_to_itrf: Matrix3<f64>,
    teme_to_gcrf: Matrix3<f64>,
    teme_to_eme2000: Matrix3<f64>,
    rotation_rate_rad_s: f64,
}

impl EarthAttitude {
    /// The attitude at an epoch (any time scale), with the orientation observed or predicted for it.
    #[must_use]
    pub fn new(epoch: Epoch, orientation: &EarthOrientation) -> Self {
        let gmst_rad = gmst_1982_rad(Ut1::new(epoch, orientation.ut1_minus_utc_s));
        let centuries_tt = time::julian_centuries_tt(epoch);
        let (teme_to_gcrf, teme_to_eme2000) = teme_to_inertial(centuries_tt, orientation.celestial_pole);
        Self {
            teme_to_pef: about_z(gmst_rad),
            pef_to_itrf: about_x(-orientation.polar_motion_y_arcsec * ARCSEC_RAD)
                * about_y(-orientation.polar_motion_x_arcsec * ARCSEC_RAD),
            teme_to_gcrf,
            teme_to_eme2000,
            rotation_rate_rad_s: EARTH_ROTATION_RATE_RAD_S
                * (1.0 - orientation.length_of_day_excess_s / 86_400.0),
        }
    }

    /// From TEME to the pseudo Earth-fixed frame, which turns with the Earth about the celestial pole.
    #[must_use]
    pub fn teme_to_pef(&self, state: &State<Teme>) -> State<Pef> {
        let position = self.teme_to_pef * state.position_km;
        let velocity = self.teme_to_pef * state.velocity_km_s - self.rotation_velocity_km_s(&position);
        State::new(position, velocity)
    }

    /// From the pseudo Earth-fixed frame to TEME.
    #[must_use]
    pub fn pef_to_teme(&self, state: &State<Pef>) -> State<Teme> {
        let velocity = state.velocity_km_s + self.rotation_velocity_km_s(&state.position_km);
        State::new(self.teme_to_pef.tr_mul(&state.position_km), self.teme_to_pef.tr_mul(&velocity))
    }

    /// From the pseudo Earth-fixed frame to ITRF, by polar motion.
    #[must_use]
    pub fn pef_to_itrf(&self, state: &State<Pef>) -> State<Itrf> {
        rotated(&self.pef_to_itrf, state)
    }

    /// From ITRF to the pseudo Earth-fixed frame.
    #[must_use]
    pub fn itrf_to_pef(&self, state: &State<Itrf>) -> State<Pef> {
        rotated(&self.pef_to_itrf.transpose(), state)
    }

    /// From TEME to ITRF.
    #[must_use]
    pub fn teme_to_itrf(&self, state: &State<Teme>) -> State<Itrf> {
        self.pef_to_itrf(&self.teme_to_pef(state))
    }

    /// From ITRF to TEME.
    #[must_use]
    pub fn itrf_to_teme(&self, state: &State<Itrf>) -> State<Teme> {
        self.pef_to_teme(&self.itrf_to_pef(state))
    }

    /// From TEME to GCRF.
    #[must_use]
    pub fn teme_to_gcrf(&self, state: &State<Teme>) -> State<Gcrf> {
        rotated(&self.teme_to_gcrf, state)
    }

    /// From GCRF to TEME.
    #[must_use]
    pub fn gcrf_to_teme(&self, state: &State<Gcrf>) -> State<Teme> {
        rotated(&self.teme_to_gcrf.transpose(), state)
    }

    /// From TEME to EME2000.
    #[must_use]
    pub fn teme_to_eme2000(&self, state: &State<Teme>) -> State<Eme2000> {
        rotated(&self.teme_to_eme2000, state)
    }

    /// From EME2000 to TEME.
    #[must_use]
    pub fn eme2000_to_teme(&self, state: &State<Eme2000>) -> State<Teme> {
        rotated(&self.teme_to_eme2000.transpose(), state)
    }

    /// Velocity of a point fixed to the Earth, omega x r, at a position in PEF.
    fn rotation_velocity_km_s(&self, position_km: &Vector3<f64>) -> Vector3<f64> {
        Vector3::new(-position_km.y, position_km.x, 0.0) * self.rotation_rate_rad_s
    }
}

/// From GCRF to EME2000: the frame bias, 23 milliarcseconds (0.8 m in low orbit).
#[must_use]
pub fn gcrf_to_eme2000(state: &State<Gcrf>) -> State<Eme2000> {
    rotated(&frame_bias(), state)
}

/// From EME2000 to GCRF.
#[must_use]
pub fn eme2000_to_gcrf(state: &State<Eme2000>) -> State<Gcrf> {
    rotated(&frame_bias().transpose(), state)
}

fn rotated<A: Frame, B: Frame>(rotation: &Matrix3<f64>, state: &State<A>) -> State<B> {
    State::new(rotation * state.position_km, rotation * state.velocity_km_s)
}

/// The rotations from TEME to GCRF and to EME2000, for a time in Julian centuries of TT since J2000.0.
///
/// The pole offsets are observed against GCRF and so contain the bias of the pole. With them the theory's rotation leads
/// to GCRF, without them to EME2000, and the frame bias gives the other of the two.
fn teme_to_inertial(centuries_tt: f64, pole: Option<CelestialPoleOffsets>) -> (Matrix3<f64>, Matrix3<f64>) {
    let mut nutation = nutation_1980(centuries_tt);
    if let Some(pole) = pole {
        nutation.longitude_rad += pole.longitude_arcsec * ARCSEC_RAD;
        nutation.obliquity_rad += pole.obliquity_arcsec * ARCSEC_RAD;
    }
    let true_of_date = about_x(-(nutation.mean_obliquity_rad + nutation.obliquity_rad))
        * about_z(-nutation.longitude_rad)
        * about_x(nutation.mean_obliquity_rad);
    let inertial_to_teme = about_z(sidereal::equation_of_equinoxes_1994_rad(&nutation))
        * true_of_date
        * precession_1976(centuries_tt);
    let teme_to_inertial = inertial_to_teme.transpose();
    match pole {
        Some(_) => (teme_to_inertial, frame_bias() * teme_to_inertial),
        None => (frame_bias().tr_mul(&teme_to_inertial), teme_to_inertial),
    }
}

/// Rotation from GCRF to EME2000.
///
/// B = R1(-deta) R2(dxi) R3(dalpha), with the offset of the equinox of J2000.0 in right ascension dalpha = -14.6 mas and
/// of its pole dxi = -16.617 mas, deta = -6.8192 mas.
///
/// Source: IERS Conventions (2003), section 5.4; Chapront, Chapront-Touze and Francou, Astronomy and Astrophysics
/// 387, 700 (2002).
fn frame_bias() -> Matrix3<f64> {
    const RIGHT_ASCENSION_ARCSEC: f64 = -0.0146;
    const POLE_XI_ARCSEC: f64 = -0.016_617;
    const POLE_ETA_ARCSEC: f64 = -0.006_819_2;
    about_x(-POLE_ETA_ARCSEC * ARCSEC_RAD)
        * about_y(POLE_XI_ARCSEC * ARCSEC_RAD)
        * about_z(RIGHT_ASCENSION_ARCSEC * ARCSEC_RAD)
}
