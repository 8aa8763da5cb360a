//! Spacecraft parameters of the orbit data messages.

use crate::field::section;

section! {
    /// Spacecraft parameters of an OPM or OMM.
    pub struct SpacecraftParameters (SpacecraftParametersDraft) in "spacecraftParameters" {
        /// Mass, in kg.
        mass_kg: Option<f64> = "MASS" ["kg"],
        /// Area exposed to solar radiation pressure, in m².
        solar_rad_area_m2: Option<f64> = "SOLAR_RAD_AREA" ["m**2"],
        /// Solar radiation pressure coefficient.
        solar_rad_coeff: Option<f64> = "SOLAR_RAD_COEFF",
        /// Area exposed to drag, in m².
        drag_area_m2: Option<f64> = "DRAG_AREA" ["m**2"],
        /// Drag coefficient.
        drag_coeff: Option<f64> = "DRAG_COEFF",
    }
}
