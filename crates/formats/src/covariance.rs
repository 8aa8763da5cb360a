//! Covariance of position and velocity in the orbit data messages.

use crate::field::section;

section! {
    /// Lower triangle of the covariance of Cartesian position and velocity.
    pub struct CartesianCovariance (CartesianCovarianceDraft) in "covarianceMatrix" {
        /// Reference frame, if it is not that of the state.
        ref_frame: Option<String> = "COV_REF_FRAME",
        /// x-x, in km².
        cx_x_km2: f64 = "CX_X" ["km**2"],
        /// y-x, in km².
        cy_x_km2: f64 = "CY_X" ["km**2"],
        /// y-y, in km².
        cy_y_km2: f64 = "CY_Y" ["km**2"],
        /// z-x, in km².
        cz_x_km2: f64 = "CZ_X" ["km**2"],
        /// z-y, in km².
        cz_y_km2: f64 = "CZ_Y" ["km**2"],
        /// z-z, in km².
        cz_z_km2: f64 = "CZ_Z" ["km**2"],
        /// vx-x, in km²/s.
        cx_dot_x_km2_s: f64 = "CX_DOT_X" ["km**2/s"],
        /// vx-y, in km²/s.
        cx_dot_y_km2_s: f64 = "CX_DOT_Y" ["km**2/s"],
        /// vx-z, in km²/s.
        cx_dot_z_km2_s: f64 = "CX_DOT_Z" ["km**2/s"],
        /// vx-vx, in km²/s².
        cx_dot_x_dot_km2_s2: f64 = "CX_DOT_X_DOT" ["km**2/s**2"],
        /// vy-x, in km²/s.
        cy_dot_x_km2_s: f64 = "CY_DOT_X" ["km**2/s"],
        /// vy-y, in km²/s.
        cy_dot_y_km2_s: f64 = "CY_DOT_Y" ["km**2/s"],
        /// vy-z, in km²/s.
        cy_dot_z_km2_s: f64 = "CY_DOT_Z" ["km**2/s"],
        /// vy-vx, in km²/s².
        cy_dot_x_dot_km2_s2: f64 = "CY_DOT_X_DOT" ["km**2/s**2"],
        /// vy-vy, in km²/s².
        cy_dot_y_dot_km2_s2: f64 = "CY_DOT_Y_DOT" ["km**2/s**2"],
        /// vz-x, in km²/s.
        cz_dot_x_km2_s: f64 = "CZ_DOT_X" ["km**2/s"],
        /// vz-y, in km²/s.
        cz_dot_y_km2_s: f64 = "CZ_DOT_Y" ["km**2/s"],
        /// vz-z, in km²/s.
        cz_dot_z_km2_s: f64 = "CZ_DOT_Z" ["km**2/s"],
        /// vz-vx, in km²/s².
        cz_dot_x_dot_km2_s2: f64 = "CZ_DOT_X_DOT" ["km**2/s**2"],
        /// vz-vy, in km²/s².
        cz_dot_y_dot_km2_s2: f64 = "CZ_DOT_Y_DOT" ["km**2/s**2"],
        /// vz-vz, in km²/s².
        cz_dot_z_dot_km2_s2: f64 = "CZ_DOT_Z_DOT" ["km**2/s**2"],
    }
}

impl CartesianCovariance {
    /// Symmetric covariance of position and velocity, in the order x, y, z, ẋ, ẏ, ż, in km², km²/s and km²/s².
    #[must_use]
    pub fn matrix_km_s(&self) -> [[f64; 6]; 6] {
        let triangle: [&[f64]; 6] = [
            &[self.cx_x_km2],
            &[self.cy_x_km2, self.cy_y_km2],
            &[self.cz_x_km2, self.cz_y_km2, self.cz_z_km2],
            &[self.cx_dot_x_km2_s, self.cx_dot_y_km2_s, self.cx_dot_z_km2_s, self.cx_dot_x_dot_km2_s2],
            &[
                self.cy_dot_x_km2_s,
                self.cy_dot_y_km2_s,
                self.cy_dot_z_km2_s,
                self.cy_dot_x_dot_km2_s2,
                self.cy_dot_y_dot_km2_s2,
            ],
            &[
                self.cz_dot_x_km2_s,
                self.cz_dot_y_km2_s,
                self.cz_dot_z_km2_s,
                self.cz_dot_x_dot_km2_s2,
                self.cz_dot_y_dot_km2_s2,
                self.cz_dot_z_dot_km2_s2,
            ],
        ];
        symmetric(triangle)
    }
}

/// The matrix of a lower triangle.
pub(crate) fn symmetric(triangle: [&[f64]; 6]) -> [[f64; 6]; 6] {
    let mut matrix = [[0.0; 6]; 6];
    for (row, values) in triangle.into_iter().enumerate() {
        for (column, value) in values.iter().enumerate() {
            matrix[row][column] = *value;
            matrix[column][row] = *value;
        }
    }
    matrix
}
