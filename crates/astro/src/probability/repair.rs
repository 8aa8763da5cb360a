//! Covariances short of positive definite, and what was done about them.

use super::covariance::{Covariance, Inertial};
use super::eigen::symmetric_eigen;
use super::encounter::EncounterPlane;
use super::planar::principal_axes;
use nalgebra::{Matrix2, Matrix6, Vector6};

/// How a covariance was made positive definite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairMethod {
    /// Eigenvalues below a floor are raised to it, eigenvectors kept: Hall, Hejduk, Johnson, *Remediating
    /// Non-Positive Definite State Covariances for Collision Probability Estimation*, AAS 17-567, 2017.
    EigenvalueClipping,
}

impl RepairMethod {
    /// The method's name for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EigenvalueClipping => "eigenvalue clipping",
        }
    }
}

/// Which matrix had to be repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairedMatrix {
    /// Summed position covariance in the encounter plane; eigenvalues in km^2.
    EncounterPlane,
    /// The primary's 6x6 covariance, scaled to unit variances; eigenvalues without unit.
    Primary,
    /// The secondary's 6x6 covariance, scaled to unit variances; eigenvalues without unit.
    Secondary,
}

impl RepairedMatrix {
    /// The matrix's name for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EncounterPlane => "encounter plane",
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        }
    }
}

/// A covariance that was not positive definite and was used in a repaired form.
#[derive(Debug, Clone, PartialEq)]
pub struct CovarianceRepair {
    /// The matrix.
    pub matrix: RepairedMatrix,
    /// What was done.
    pub method: RepairMethod,
    /// Eigenvalues before the repair, ascending, in the unit that [`RepairedMatrix`] states.
    pub eigenvalues_before: Vec<f64>,
    /// The floor to which eigenvalues were raised, in the same unit.
    pub floor: f64,
}

/// Standard deviation to which a vanishing one is raised, in hard-body radii: CARA's `Fclip`. A probability
/// does not notice it.
const FLOOR_IN_RADII: f64 = 1e-4;

/// Negative eigenvalues of a matrix of unit variances down to this size are rounding.
const ROUNDING: f64 = 1e-12;

/// The floor for position variances, in km^2: the square of 1e-4 hard-body radii.
pub(super) fn position_floor_km2(hard_body_radius_km: f64) -> f64 {
    let sigma = FLOOR_IN_RADII * hard_body_radius_km;
    sigma * sigma
}

/// The plane's covariance with eigenvalues of at least (1e-4 R)^2, and the repair if one was not positive.
///
/// Positive eigenvalues below the floor are raised without report: that changes no probability.
pub(super) fn plane_covariance(
    plane: &EncounterPlane,
    hard_body_radius_km: f64,
) -> (Matrix2<f64>, Option<CovarianceRepair>) {
    let floor = position_floor_km2(hard_body_radius_km);
    let principal = principal_axes(&plane.covariance_km2);
    if principal.minor >= floor {
        return (plane.covariance_km2, None);
    }
    let across = nalgebra::Vector2::new(-principal.axis.y, principal.axis.x);
    let clipped = principal.axis * principal.axis.transpose() * principal.major.max(floor)
        + across * across.transpose() * floor;
    let repair = (principal.minor <= 0.0).then(|| CovarianceRepair {
        matrix: RepairedMatrix::EncounterPlane,
        method: RepairMethod::EigenvalueClipping,
        eigenvalues_before: vec![principal.minor, principal.major],
        floor,
    });
    (clipped, repair)
}

/// An object's covariance without negative eigenvalues, and the repair if it had one.
///
/// The eigenvalues are those of the matrix scaled to unit variances, D^-1 C D^-1 with D the standard
/// deviations, so that km and km/s do not mix; they are clipped at zero. A singular covariance (a velocity
/// that is known exactly) is no fault and stays.
pub(super) fn object_covariance<F: Inertial>(
    covariance: &Covariance<F>,
    matrix: RepairedMatrix,
) -> (Matrix6<f64>, Option<CovarianceRepair>) {
    let (scaled, sigmas) = unit_variances(covariance.matrix());
    let (values, vectors) = symmetric_eigen(&scaled);
    if values.min() >= -ROUNDING {
        return (*covariance.matrix(), None);
    }
    let clipped = vectors * Matrix6::from_diagonal(&values.map(|value| value.max(0.0))) * vectors.transpose();
    let rescale = Matrix6::from_diagonal(&sigmas);
    let mut eigenvalues_before: Vec<f64> = values.iter().copied().collect();
    eigenvalues_before.sort_by(f64::total_cmp);
    let repair =
        CovarianceRepair { matrix, method: RepairMethod::EigenvalueClipping, eigenvalues_before, floor: 0.0 };
    (rescale * clipped * rescale, Some(repair))
}

/// A covariance scaled to unit variances, and its standard deviations. A component without variance keeps
/// zeros.
pub(super) fn unit_variances(covariance: &Matrix6<f64>) -> (Matrix6<f64>, Vector6<f64>) {
    let sigmas = covariance.diagonal().map(|variance| libm::sqrt(variance.max(0.0)));
    let inverse = sigmas.map(|sigma| if sigma > 0.0 { 1.0 / sigma } else { 0.0 });
    let scale = Matrix6::from_diagonal(&inverse);
    (scale * covariance * scale, sigmas)
}

/// Square root L of a covariance, C = L L', by the eigenvalues of the matrix of unit variances; what is
/// negative by rounding counts as zero.
pub(super) fn square_root(covariance: &Matrix6<f64>) -> Matrix6<f64> {
    let (scaled, sigmas) = unit_variances(covariance);
    let (values, vectors) = symmetric_eigen(&scaled);
    Matrix6::from_diagonal(&sigmas)
        * vectors
        * Matrix6::from_diagonal(&values.map(|value| libm::sqrt(value.max(0.0))))
}
