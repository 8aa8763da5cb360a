//! Covariances of position and velocity, tied to their axes by type.

use super::pair::block_diagonal;
use crate::state::{Eme2000, Frame, Gcrf, State, Teme};
use core::marker::PhantomData;
use nalgebra::{Matrix3, Matrix6};
use thiserror::Error;

/// A frame whose axes do not turn while an encounter lasts: velocities in it are inertial velocities.
pub trait Inertial: Frame {}

impl Inertial for Teme {}
impl Inertial for Gcrf {}
impl Inertial for Eme2000 {}

/// Axes of an object's own orbit: radial (along the position), transverse, normal (along the angular
/// momentum); also written RIC (radial, in-track, cross-track).
///
/// As in a CDM, the components are those of the *inertial* position and velocity errors, taken along these
/// axes at one instant: the axes' turning does not enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rtn;

impl Frame for Rtn {
    const NAME: &'static str = "RTN";
}

/// Covariance of position and velocity along the axes of `F`.
///
/// Rows and columns: position (km), then velocity (km/s); so km^2, km^2/s and km^2/s^2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Covariance<F: Frame> {
    matrix: Matrix6<f64>,
    axes: PhantomData<F>,
}

/// Why a matrix is not a covariance.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum CovarianceError {
    /// An entry is not finite.
    #[error("covariance entry ({row}, {column}) is not finite: {value}")]
    NotFinite {
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The entry.
        value: f64,
    },
    /// The two entries across the diagonal differ.
    #[error("covariance is not symmetric: entries ({row}, {column}) {upper} and ({column}, {row}) {lower}")]
    NotSymmetric {
        /// Row of the upper entry, from 0.
        row: usize,
        /// Column of the upper entry, from 0.
        column: usize,
        /// The entry above the diagonal.
        upper: f64,
        /// The entry below the diagonal.
        lower: f64,
    },
    /// A variance is negative.
    #[error("variance of component {component} is negative: {value}")]
    NegativeVariance {
        /// Component: 0 to 2 position, 3 to 5 velocity.
        component: usize,
        /// The variance.
        value: f64,
    },
    /// RTN axes do not exist: position and velocity are parallel or zero.
    #[error("no radial-transverse-normal axes: angular momentum is {angular_momentum_km2_s} km^2/s")]
    NoOrbitAxes {
        /// Size of the angular momentum, in km^2/s.
        angular_momentum_km2_s: f64,
    },
}

/// Entries across the diagonal may differ by this part of the product of their standard deviations: messages
/// carry rounded decimals (one of Alfano's published cases is off by 2e-4), a swapped entry is off by far
/// more.
const SYMMETRY_TOLERANCE: f64 = 1e-3;

impl<F: Frame> Covariance<F> {
    /// A covariance from its full matrix (km^2, km^2/s, km^2/s^2).
    ///
    /// The lower triangle is kept where the two sides differ within rounding. Positive definiteness is not
    /// asked for here: real messages fall short of it, and what to do then is the method's decision.
    ///
    /// # Errors
    /// [`CovarianceError`] for an entry that is not finite, sides that differ by more than 1e-3 of the
    /// product of the standard deviations, or a negative variance.
    pub fn new(matrix: Matrix6<f64>) -> Result<Self, CovarianceError> {
        for row in 0..6 {
            for column in 0..6 {
                let value = matrix[(row, column)];
                if !value.is_finite() {
                    return Err(CovarianceError::NotFinite { row, column, value });
                }
            }
        }
        for component in 0..6 {
            let value = matrix[(component, component)];
            if value < 0.0 {
                return Err(CovarianceError::NegativeVariance { component, value });
            }
        }
        let mut symmetric = matrix;
        for row in 0..6 {
            for column in row + 1..6 {
                let (upper, lower) = (matrix[(row, column)], matrix[(column, row)]);
                let scale = libm::sqrt(matrix[(row, row)] * matrix[(column, column)]);
                if (upper - lower).abs() > SYMMETRY_TOLERANCE * scale.max(upper.abs()) {
                    return Err(CovarianceError::NotSymmetric { row, column, upper, lower });
                }
                symmetric[(row, column)] = lower;
            }
        }
        Ok(Self { matrix: symmetric, axes: PhantomData })
    }

    /// A covariance from the 21 entries of its lower triangle, row by row as a CDM lists them, in km^2,
    /// km^2/s and km^2/s^2 (a CDM has m^2, m^2/s, m^2/s^2: times 1e-6).
    ///
    /// # Errors
    /// As [`Covariance::new`].
    pub fn from_lower_triangle(entries: &[f64; 21]) -> Result<Self, CovarianceError> {
        let mut matrix = Matrix6::zeros();
        let mut entries = entries.iter();
        for row in 0..6 {
            for column in 0..=row {
                if let Some(&entry) = entries.next() {
                    matrix[(row, column)] = entry;
                    matrix[(column, row)] = entry;
                }
            }
        }
        Self::new(matrix)
    }

    /// A covariance of the position alone (km^2); the velocity is taken as known exactly.
    ///
    /// # Errors
    /// As [`Covariance::new`].
    pub fn from_position(position_km2: &Matrix3<f64>) -> Result<Self, CovarianceError> {
        let mut matrix = Matrix6::zeros();
        matrix.fixed_view_mut::<3, 3>(0, 0).copy_from(position_km2);
        Self::new(matrix)
    }

    /// The full matrix: km^2, km^2/s, km^2/s^2.
    #[must_use]
    pub const fn matrix(&self) -> &Matrix6<f64> {
        &self.matrix
    }

    /// The position block, in km^2.
    #[must_use]
    pub fn position_km2(&self) -> Matrix3<f64> {
        self.matrix.fixed_view::<3, 3>(0, 0).into_owned()
    }

    /// Whether every velocity variance is zero, as when only the position's covariance was given.
    #[must_use]
    pub fn velocity_is_exact(&self) -> bool {
        (3..6).all(|component| self.matrix[(component, component)] <= 0.0)
    }
}

impl Covariance<Rtn> {
    /// The same covariance along the axes of the inertial frame in which `state` is given.
    ///
    /// Equation: C' = B C B' with B = diag(M, M), the columns of M being the unit vectors R = r/|r|,
    /// T = N x R, N = (r x v)/|r x v|. Source: CCSDS 508.0-B-1, annex E (RTN).
    ///
    /// # Errors
    /// [`CovarianceError::NoOrbitAxes`] when position and velocity are parallel or zero.
    pub fn to_inertial<F: Inertial>(&self, state: &State<F>) -> Result<Covariance<F>, CovarianceError> {
        Ok(turned(&self.matrix, &orbit_axes(state)?))
    }
}

impl<F: Inertial> Covariance<F> {
    /// The same covariance along the axes of the orbit of `state`: the reverse of [`Covariance::to_inertial`].
    ///
    /// # Errors
    /// [`CovarianceError::NoOrbitAxes`] when position and velocity are parallel or zero.
    pub fn to_rtn(&self, state: &State<F>) -> Result<Covariance<Rtn>, CovarianceError> {
        Ok(turned(&self.matrix, &orbit_axes(state)?.transpose()))
    }
}

/// B C B', where B turns position and velocity alike.
fn turned<F: Frame>(matrix: &Matrix6<f64>, rotation: &Matrix3<f64>) -> Covariance<F> {
    let rotation = block_diagonal(rotation);
    let turned = rotation * matrix * rotation.transpose();
    Covariance { matrix: (turned + turned.transpose()) * 0.5, axes: PhantomData }
}

/// Unit vectors R, T, N of the state's orbit as the columns of a matrix.
pub(super) fn orbit_axes<F: Inertial>(state: &State<F>) -> Result<Matrix3<f64>, CovarianceError> {
    let momentum = state.position_km.cross(&state.velocity_km_s);
    let size = momentum.norm();
    // A NaN must be refused too.
    if !(size > 0.0 && size.is_finite()) {
        return Err(CovarianceError::NoOrbitAxes { angular_momentum_km2_s: size });
    }
    let radial = state.position_km / state.position_km.norm();
    let normal = momentum / size;
    Ok(Matrix3::from_columns(&[radial, normal.cross(&radial), normal]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Vector3;

    #[test]
    fn rtn_covariance_turns_with_the_orbit() {
        // At the node of a polar orbit, moving north: R = x, T = z, N = -y.
        let state = State::<Gcrf>::new(Vector3::new(7000.0, 0.0, 0.0), Vector3::new(0.0, 0.0, 7.5));
        let rtn = Covariance::<Rtn>::new(Matrix6::from_diagonal(&nalgebra::Vector6::new(
            1.0, 4.0, 9.0, 0.1, 0.2, 0.3,
        )))
        .unwrap();
        let inertial = rtn.to_inertial(&state).unwrap();
        let expected = [1.0, 9.0, 4.0, 0.1, 0.3, 0.2];
        for (component, value) in expected.into_iter().enumerate() {
            assert!((inertial.matrix()[(component, component)] - value).abs() < 1e-14);
        }
        assert!((inertial.to_rtn(&state).unwrap().matrix() - rtn.matrix()).norm() < 1e-14);
    }

    #[test]
    fn swapped_entry_is_refused_with_its_place() {
        let mut matrix = Matrix6::identity();
        matrix[(1, 4)] = 0.5;
        assert_eq!(
            Covariance::<Rtn>::new(matrix),
            Err(CovarianceError::NotSymmetric { row: 1, column: 4, upper: 0.5, lower: 0.0 })
        );
    }

    #[test]
    fn negative_variance_and_nan_are_refused() {
        let mut matrix = Matrix6::identity();
        matrix[(2, 2)] = -1e-9;
        assert_eq!(
            Covariance::<Rtn>::new(matrix),
            Err(CovarianceError::NegativeVariance { component: 2, value: -1e-9 })
        );
        matrix[(2, 2)] = f64::NAN;
        assert!(matches!(Covariance::<Rtn>::new(matrix), Err(CovarianceError::NotFinite { row: 2, .. })));
    }

    #[test]
    fn radial_fall_has_no_orbit_axes() {
        let state = State::<Gcrf>::new(Vector3::new(7000.0, 0.0, 0.0), Vector3::new(-1.0, 0.0, 0.0));
        let covariance = Covariance::<Rtn>::new(Matrix6::identity()).unwrap();
        assert_eq!(
            covariance.to_inertial(&state),
            Err(CovarianceError::NoOrbitAxes { angular_momentum_km2_s: 0.0 })
        );
    }
}
