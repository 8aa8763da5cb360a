//! Position and velocity, tied to a reference frame by type.

use core::fmt;
use core::marker::PhantomData;
use nalgebra::Vector3;

/// A reference frame, as a type.
pub trait Frame: Copy + fmt::Debug + PartialEq + Send + Sync + 'static {
    /// Name of the frame as CCSDS messages write it (`REF_FRAME`).
    const NAME: &'static str;
}

macro_rules! frames {
    ($($(#[$doc:meta])* $name:ident => $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;
        impl Frame for $name {
            const NAME: &'static str = $text;
        }
    )*};
}

frames! {
    /// True equator, mean equinox of date: the output frame of SGP4.
    Teme => "TEME";
    /// Pseudo Earth-fixed: true equator of date, turning with the Earth, before polar motion.
    Pef => "TDR";
    /// International Terrestrial Reference Frame: fixed to the rotating Earth.
    Itrf => "ITRF";
    /// Geocentric Celestial Reference Frame.
    Gcrf => "GCRF";
    /// Mean equator and equinox of J2000.0.
    Eme2000 => "EME2000";
}

/// Position and velocity of an object, in frame `F`, relative to the Earth's center.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State<F: Frame> {
    /// Position, in km.
    pub position_km: Vector3<f64>,
    /// Velocity, in km/s.
    pub velocity_km_s: Vector3<f64>,
    frame: PhantomData<F>,
}

impl<F: Frame> State<F> {
    /// A state from its position in km and velocity in km/s.
    pub const fn new(position_km: Vector3<f64>, velocity_km_s: Vector3<f64>) -> Self {
        Self { position_km, velocity_km_s, frame: PhantomData }
    }
}
