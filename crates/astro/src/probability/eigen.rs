//! Eigenvalues and eigenvectors of small symmetric matrices.

use nalgebra::{SMatrix, SVector};

/// Sweeps after which Jacobi's method has long converged (it needs 6 to 8 for a 6x6 matrix).
const MAX_SWEEPS: usize = 30;

/// Eigenvalues of a symmetric matrix and its eigenvectors as columns, in no particular order.
///
/// Cyclic Jacobi rotations (Golub and Van Loan, *Matrix Computations*, 4th ed., section 8.5). Chosen because
/// on a well-scaled positive definite matrix it keeps the relative precision of the small eigenvalues (Demmel
/// and Veselic, 1992), and because it needs nothing but arithmetic and square roots, which are the same on
/// every machine.
pub(super) fn symmetric_eigen<const N: usize>(
    matrix: &SMatrix<f64, N, N>,
) -> (SVector<f64, N>, SMatrix<f64, N, N>) {
    let mut a = *matrix;
    let mut vectors = SMatrix::<f64, N, N>::identity();
    for _ in 0..MAX_SWEEPS {
        let mut rotated = false;
        for p in 0..N {
            for q in p + 1..N {
                let off = a[(p, q)];
                // Below this the rotation would change neither diagonal entry.
                if off.abs() <= f64::EPSILON * 1e-3 * libm::sqrt((a[(p, p)] * a[(q, q)]).abs())
                    && off.abs() <= f64::EPSILON * 1e-3 * a[(p, p)].abs().max(a[(q, q)].abs())
                    || off.abs() < f64::MIN_POSITIVE
                {
                    continue;
                }
                rotated = true;
                let theta = (a[(q, q)] - a[(p, p)]) / (2.0 * off);
                let tangent = theta.signum() / (theta.abs() + libm::sqrt(theta * theta + 1.0));
                let cosine = 1.0 / libm::sqrt(tangent * tangent + 1.0);
                let sine = tangent * cosine;
                a[(p, p)] -= tangent * off;
                a[(q, q)] += tangent * off;
                a[(p, q)] = 0.0;
                a[(q, p)] = 0.0;
                for k in 0..N {
                    if k != p && k != q {
                        let (kp, kq) = (a[(k, p)], a[(k, q)]);
                        let new_p = cosine * kp - sine * kq;
                        let new_q = sine * kp + cosine * kq;
                        a[(k, p)] = new_p;
                        a[(p, k)] = new_p;
                        a[(k, q)] = new_q;
                        a[(q, k)] = new_q;
                    }
                    let (vp, vq) = (vectors[(k, p)], vectors[(k, q)]);
                    vectors[(k, p)] = cosine * vp - sine * vq;
                    vectors[(k, q)] = sine * vp + cosine * vq;
                }
            }
        }
        if !rotated {
            break;
        }
    }
    (a.diagonal(), vectors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{Matrix3, Matrix6};

    #[test]
    fn decomposition_rebuilds_the_matrix() {
        let matrix =
            Matrix6::from_fn(|row, column| 1.0 / f64::from(u8::try_from(row + column + 1).unwrap_or(1)));
        let (values, vectors) = symmetric_eigen(&matrix);
        let rebuilt = vectors * Matrix6::from_diagonal(&values) * vectors.transpose();
        assert!((rebuilt - matrix).abs().max() < 4e-15);
        assert!((vectors.transpose() * vectors - Matrix6::identity()).abs().max() < 4e-15);
        // The Hilbert matrix of order 6: smallest eigenvalue 1.0827994845655497e-7.
        assert!((values.min() - 1.082_799_484_565_55e-7).abs() < 1e-16);
    }

    #[test]
    fn negative_eigenvalue_is_found() {
        let (values, _) = symmetric_eigen(&Matrix3::new(1.0, 2.0, 0.0, 2.0, 1.0, 0.0, 0.0, 0.0, 5.0));
        let mut sorted: Vec<f64> = values.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        for (value, expected) in sorted.into_iter().zip([-1.0, 3.0, 5.0]) {
            assert!((value - expected).abs() < 1e-15);
        }
    }
}
