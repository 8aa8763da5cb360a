//! Covariances of conjunction data messages.

use crate::covariance::symmetric;
use crate::field::section;

section! {
    /// Lower triangle of the covariance in the object's RTN frame, in m and s, with drag, radiation pressure and
    /// thrust where the message has them.
    pub struct RtnCovariance (RtnCovarianceDraft) in "covarianceMatrix" {
        /// r, r, in m².
        cr_r_m2: f64 = "CR_R" ["m**2"],
        /// t, r, in m².
        ct_r_m2: f64 = "CT_R" ["m**2"],
        /// t, t, in m².
        ct_t_m2: f64 = "CT_T" ["m**2"],
        /// n, r, in m².
        cn_r_m2: f64 = "CN_R" ["m**2"],
        /// n, t, in m².
        cn_t_m2: f64 = "CN_T" ["m**2"],
        /// n, n, in m².
        cn_n_m2: f64 = "CN_N" ["m**2"],
        /// r velocity, r, in m²/s.
        crdot_r_m2_s: f64 = "CRDOT_R" ["m**2/s"],
        /// r velocity, t, in m²/s.
        crdot_t_m2_s: f64 = "CRDOT_T" ["m**2/s"],
        /// r velocity, n, in m²/s.
        crdot_n_m2_s: f64 = "CRDOT_N" ["m**2/s"],
        /// r velocity, r velocity, in m²/s².
        crdot_rdot_m2_s2: f64 = "CRDOT_RDOT" ["m**2/s**2"],
        /// t velocity, r, in m²/s.
        ctdot_r_m2_s: f64 = "CTDOT_R" ["m**2/s"],
        /// t velocity, t, in m²/s.
        ctdot_t_m2_s: f64 = "CTDOT_T" ["m**2/s"],
        /// t velocity, n, in m²/s.
        ctdot_n_m2_s: f64 = "CTDOT_N" ["m**2/s"],
        /// t velocity, r velocity, in m²/s².
        ctdot_rdot_m2_s2: f64 = "CTDOT_RDOT" ["m**2/s**2"],
        /// t velocity, t velocity, in m²/s².
        ctdot_tdot_m2_s2: f64 = "CTDOT_TDOT" ["m**2/s**2"],
        /// n velocity, r, in m²/s.
        cndot_r_m2_s: f64 = "CNDOT_R" ["m**2/s"],
        /// n velocity, t, in m²/s.
        cndot_t_m2_s: f64 = "CNDOT_T" ["m**2/s"],
        /// n velocity, n, in m²/s.
        cndot_n_m2_s: f64 = "CNDOT_N" ["m**2/s"],
        /// n velocity, r velocity, in m²/s².
        cndot_rdot_m2_s2: f64 = "CNDOT_RDOT" ["m**2/s**2"],
        /// n velocity, t velocity, in m²/s².
        cndot_tdot_m2_s2: f64 = "CNDOT_TDOT" ["m**2/s**2"],
        /// n velocity, n velocity, in m²/s².
        cndot_ndot_m2_s2: f64 = "CNDOT_NDOT" ["m**2/s**2"],
        /// drag, r, in m³/kg.
        cdrg_r_m3_kg: Option<f64> = "CDRG_R" ["m**3/kg"],
        /// drag, t, in m³/kg.
        cdrg_t_m3_kg: Option<f64> = "CDRG_T" ["m**3/kg"],
        /// drag, n, in m³/kg.
        cdrg_n_m3_kg: Option<f64> = "CDRG_N" ["m**3/kg"],
        /// drag, r velocity, in m³/(kg·s).
        cdrg_rdot_m3_kg_s: Option<f64> = "CDRG_RDOT" ["m**3/(kg*s)"],
        /// drag, t velocity, in m³/(kg·s).
        cdrg_tdot_m3_kg_s: Option<f64> = "CDRG_TDOT" ["m**3/(kg*s)"],
        /// drag, n velocity, in m³/(kg·s).
        cdrg_ndot_m3_kg_s: Option<f64> = "CDRG_NDOT" ["m**3/(kg*s)"],
        /// drag, drag, in m⁴/kg².
        cdrg_drg_m4_kg2: Option<f64> = "CDRG_DRG" ["m**4/kg**2"],
        /// radiation pressure, r, in m³/kg.
        csrp_r_m3_kg: Option<f64> = "CSRP_R" ["m**3/kg"],
        /// radiation pressure, t, in m³/kg.
        csrp_t_m3_kg: Option<f64> = "CSRP_T" ["m**3/kg"],
        /// radiation pressure, n, in m³/kg.
        csrp_n_m3_kg: Option<f64> = "CSRP_N" ["m**3/kg"],
        /// radiation pressure, r velocity, in m³/(kg·s).
        csrp_rdot_m3_kg_s: Option<f64> = "CSRP_RDOT" ["m**3/(kg*s)"],
        /// radiation pressure, t velocity, in m³/(kg·s).
        csrp_tdot_m3_kg_s: Option<f64> = "CSRP_TDOT" ["m**3/(kg*s)"],
        /// radiation pressure, n velocity, in m³/(kg·s).
        csrp_ndot_m3_kg_s: Option<f64> = "CSRP_NDOT" ["m**3/(kg*s)"],
        /// radiation pressure, drag, in m⁴/kg².
        csrp_drg_m4_kg2: Option<f64> = "CSRP_DRG" ["m**4/kg**2"],
        /// radiation pressure, radiation pressure, in m⁴/kg².
        csrp_srp_m4_kg2: Option<f64> = "CSRP_SRP" ["m**4/kg**2"],
        /// thrust, r, in m²/s².
        cthr_r_m2_s2: Option<f64> = "CTHR_R" ["m**2/s**2"],
        /// thrust, t, in m²/s².
        cthr_t_m2_s2: Option<f64> = "CTHR_T" ["m**2/s**2"],
        /// thrust, n, in m²/s².
        cthr_n_m2_s2: Option<f64> = "CTHR_N" ["m**2/s**2"],
        /// thrust, r velocity, in m²/s³.
        cthr_rdot_m2_s3: Option<f64> = "CTHR_RDOT" ["m**2/s**3"],
        /// thrust, t velocity, in m²/s³.
        cthr_tdot_m2_s3: Option<f64> = "CTHR_TDOT" ["m**2/s**3"],
        /// thrust, n velocity, in m²/s³.
        cthr_ndot_m2_s3: Option<f64> = "CTHR_NDOT" ["m**2/s**3"],
        /// thrust, drag, in m³/(kg·s²).
        cthr_drg_m3_kg_s2: Option<f64> = "CTHR_DRG" ["m**3/(kg*s**2)"],
        /// thrust, radiation pressure, in m³/(kg·s²).
        cthr_srp_m3_kg_s2: Option<f64> = "CTHR_SRP" ["m**3/(kg*s**2)"],
        /// thrust, thrust, in m²/s⁴.
        cthr_thr_m2_s4: Option<f64> = "CTHR_THR" ["m**2/s**4"],
    }
}

section! {
    /// Lower triangle of the covariance in the frame that `ALT_COV_REF_FRAME` names, in m and s (version 2).
    pub struct XyzCovariance (XyzCovarianceDraft) in "covarianceMatrix" {
        /// x, x, in m².
        cx_x_m2: f64 = "CX_X" ["m**2"],
        /// y, x, in m².
        cy_x_m2: f64 = "CY_X" ["m**2"],
        /// y, y, in m².
        cy_y_m2: f64 = "CY_Y" ["m**2"],
        /// z, x, in m².
        cz_x_m2: f64 = "CZ_X" ["m**2"],
        /// z, y, in m².
        cz_y_m2: f64 = "CZ_Y" ["m**2"],
        /// z, z, in m².
        cz_z_m2: f64 = "CZ_Z" ["m**2"],
        /// x velocity, x, in m²/s.
        cxdot_x_m2_s: f64 = "CXDOT_X" ["m**2/s"],
        /// x velocity, y, in m²/s.
        cxdot_y_m2_s: f64 = "CXDOT_Y" ["m**2/s"],
        /// x velocity, z, in m²/s.
        cxdot_z_m2_s: f64 = "CXDOT_Z" ["m**2/s"],
        /// x velocity, x velocity, in m²/s².
        cxdot_xdot_m2_s2: f64 = "CXDOT_XDOT" ["m**2/s**2"],
        /// y velocity, x, in m²/s.
        cydot_x_m2_s: f64 = "CYDOT_X" ["m**2/s"],
        /// y velocity, y, in m²/s.
        cydot_y_m2_s: f64 = "CYDOT_Y" ["m**2/s"],
        /// y velocity, z, in m²/s.
        cydot_z_m2_s: f64 = "CYDOT_Z" ["m**2/s"],
        /// y velocity, x velocity, in m²/s².
        cydot_xdot_m2_s2: f64 = "CYDOT_XDOT" ["m**2/s**2"],
        /// y velocity, y velocity, in m²/s².
        cydot_ydot_m2_s2: f64 = "CYDOT_YDOT" ["m**2/s**2"],
        /// z velocity, x, in m²/s.
        czdot_x_m2_s: f64 = "CZDOT_X" ["m**2/s"],
        /// z velocity, y, in m²/s.
        czdot_y_m2_s: f64 = "CZDOT_Y" ["m**2/s"],
        /// z velocity, z, in m²/s.
        czdot_z_m2_s: f64 = "CZDOT_Z" ["m**2/s"],
        /// z velocity, x velocity, in m²/s².
        czdot_xdot_m2_s2: f64 = "CZDOT_XDOT" ["m**2/s**2"],
        /// z velocity, y velocity, in m²/s².
        czdot_ydot_m2_s2: f64 = "CZDOT_YDOT" ["m**2/s**2"],
        /// z velocity, z velocity, in m²/s².
        czdot_zdot_m2_s2: f64 = "CZDOT_ZDOT" ["m**2/s**2"],
        /// drag, x, in m³/kg.
        cdrg_x_m3_kg: Option<f64> = "CDRG_X" ["m**3/kg"],
        /// drag, y, in m³/kg.
        cdrg_y_m3_kg: Option<f64> = "CDRG_Y" ["m**3/kg"],
        /// drag, z, in m³/kg.
        cdrg_z_m3_kg: Option<f64> = "CDRG_Z" ["m**3/kg"],
        /// drag, x velocity, in m³/(kg·s).
        cdrg_xdot_m3_kg_s: Option<f64> = "CDRG_XDOT" ["m**3/(kg*s)"],
        /// drag, y velocity, in m³/(kg·s).
        cdrg_ydot_m3_kg_s: Option<f64> = "CDRG_YDOT" ["m**3/(kg*s)"],
        /// drag, z velocity, in m³/(kg·s).
        cdrg_zdot_m3_kg_s: Option<f64> = "CDRG_ZDOT" ["m**3/(kg*s)"],
        /// drag, drag, in m⁴/kg².
        cdrg_drg_m4_kg2: Option<f64> = "CDRG_DRG" ["m**4/kg**2"],
        /// radiation pressure, x, in m³/kg.
        csrp_x_m3_kg: Option<f64> = "CSRP_X" ["m**3/kg"],
        /// radiation pressure, y, in m³/kg.
        csrp_y_m3_kg: Option<f64> = "CSRP_Y" ["m**3/kg"],
        /// radiation pressure, z, in m³/kg.
        csrp_z_m3_kg: Option<f64> = "CSRP_Z" ["m**3/kg"],
        /// radiation pressure, x velocity, in m³/(kg·s).
        csrp_xdot_m3_kg_s: Option<f64> = "CSRP_XDOT" ["m**3/(kg*s)"],
        /// radiation pressure, y velocity, in m³/(kg·s).
        csrp_ydot_m3_kg_s: Option<f64> = "CSRP_YDOT" ["m**3/(kg*s)"],
        /// radiation pressure, z velocity, in m³/(kg·s).
        csrp_zdot_m3_kg_s: Option<f64> = "CSRP_ZDOT" ["m**3/(kg*s)"],
        /// radiation pressure, drag, in m⁴/kg².
        csrp_drg_m4_kg2: Option<f64> = "CSRP_DRG" ["m**4/kg**2"],
        /// radiation pressure, radiation pressure, in m⁴/kg².
        csrp_srp_m4_kg2: Option<f64> = "CSRP_SRP" ["m**4/kg**2"],
        /// thrust, x, in m²/s².
        cthr_x_m2_s2: Option<f64> = "CTHR_X" ["m**2/s**2"],
        /// thrust, y, in m²/s².
        cthr_y_m2_s2: Option<f64> = "CTHR_Y" ["m**2/s**2"],
        /// thrust, z, in m²/s².
        cthr_z_m2_s2: Option<f64> = "CTHR_Z" ["m**2/s**2"],
        /// thrust, x velocity, in m²/s³.
        cthr_xdot_m2_s3: Option<f64> = "CTHR_XDOT" ["m**2/s**3"],
        /// thrust, y velocity, in m²/s³.
        cthr_ydot_m2_s3: Option<f64> = "CTHR_YDOT" ["m**2/s**3"],
        /// thrust, z velocity, in m²/s³.
        cthr_zdot_m2_s3: Option<f64> = "CTHR_ZDOT" ["m**2/s**3"],
        /// thrust, drag, in m³/(kg·s²).
        cthr_drg_m3_kg_s2: Option<f64> = "CTHR_DRG" ["m**3/(kg*s**2)"],
        /// thrust, radiation pressure, in m³/(kg·s²).
        cthr_srp_m3_kg_s2: Option<f64> = "CTHR_SRP" ["m**3/(kg*s**2)"],
        /// thrust, thrust, in m²/s⁴.
        cthr_thr_m2_s4: Option<f64> = "CTHR_THR" ["m**2/s**4"],
    }
}

section! {
    /// Eigenvalue form and quality of a covariance (version 2).
    pub struct CovarianceMetadata (CovarianceMetadataDraft) in "covarianceMatrix" {
        /// Three standard deviations and their three eigenvectors, as written.
        csig3eigvec3: Option<String> = "CSIG3EIGVEC3",
        /// Uncertainty of the density forecast.
        density_forecast_uncertainty: Option<f64> = "DENSITY_FORECAST_UNCERTAINTY",
        /// Smallest scale factor.
        cscale_factor_min: Option<f64> = "CSCALE_FACTOR_MIN",
        /// Scale factor.
        cscale_factor: Option<f64> = "CSCALE_FACTOR",
        /// Largest scale factor.
        cscale_factor_max: Option<f64> = "CSCALE_FACTOR_MAX",
        /// Source of the screening data.
        screening_data_source: Option<String> = "SCREENING_DATA_SOURCE",
        /// Dynamic consider parameters, position, as written.
        dcp_sensitivity_vector_position: Option<String> = "DCP_SENSITIVITY_VECTOR_POSITION",
        /// Dynamic consider parameters, velocity, as written.
        dcp_sensitivity_vector_velocity: Option<String> = "DCP_SENSITIVITY_VECTOR_VELOCITY",
    }
}

impl RtnCovariance {
    /// Symmetric covariance of position and velocity, in the order R, T, N, Ṙ, Ṫ, Ṅ, in m², m²/s and m²/s².
    #[must_use]
    pub fn matrix_m_s(&self) -> [[f64; 6]; 6] {
        let triangle: [&[f64]; 6] = [
            &[self.cr_r_m2],
            &[self.ct_r_m2, self.ct_t_m2],
            &[self.cn_r_m2, self.cn_t_m2, self.cn_n_m2],
            &[self.crdot_r_m2_s, self.crdot_t_m2_s, self.crdot_n_m2_s, self.crdot_rdot_m2_s2],
            &[
                self.ctdot_r_m2_s,
                self.ctdot_t_m2_s,
                self.ctdot_n_m2_s,
                self.ctdot_rdot_m2_s2,
                self.ctdot_tdot_m2_s2,
            ],
            &[
                self.cndot_r_m2_s,
                self.cndot_t_m2_s,
                self.cndot_n_m2_s,
                self.cndot_rdot_m2_s2,
                self.cndot_tdot_m2_s2,
                self.cndot_ndot_m2_s2,
            ],
        ];
        symmetric(triangle)
    }
}
