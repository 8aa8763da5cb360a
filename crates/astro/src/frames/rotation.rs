//! Rotations of the axes, in the sense of astronomy: R(a) turns the frame by +a, so vectors turn by -a.

use nalgebra::Matrix3;

/// Rotation of the axes about x.
pub(super) fn about_x(angle_rad: f64) -> Matrix3<f64> {
    let (s, c) = libm::sincos(angle_rad);
    Matrix3::new(1.0, 0.0, 0.0, 0.0, c, s, 0.0, -s, c)
}

/// Rotation of the axes about y.
pub(super) fn about_y(angle_rad: f64) -> Matrix3<f64> {
    let (s, c) = libm::sincos(angle_rad);
    Matrix3::new(c, 0.0, -s, 0.0, 1.0, 0.0, s, 0.0, c)
}

/// Rotation of the axes about z.
pub(super) fn about_z(angle_rad: f64) -> Matrix3<f64> {
    let (s, c) = libm::sincos(angle_rad);
    Matrix3::new(c, s, 0.0, -s, c, 0.0, 0.0, 0.0, 1.0)
}
