//! Two-body motion in equinoctial elements.

use nalgebra::{Matrix3, Matrix6, Vector3, Vector6};
use thiserror::Error;

/// Gravitational parameter of the Earth, in km^3/s^2. Source: EGM-96, as in NASA CARA's tools.
pub(super) const EARTH_MU_KM3_S2: f64 = 398_600.441_8;

/// Why a state has no equinoctial elements, or elements no state.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum OrbitError {
    /// The orbit is not an ellipse.
    #[error("orbit is not an ellipse: semi-major axis {semi_major_axis_km} km, eccentricity {eccentricity}")]
    NotElliptic {
        /// Semi-major axis, in km.
        semi_major_axis_km: f64,
        /// Eccentricity.
        eccentricity: f64,
    },
    /// The angular momentum vanishes or points to the frame's south pole, where the elements are singular.
    #[error("orbit plane has no equinoctial elements: z component of its normal is {normal_z}")]
    Plane {
        /// Cosine of the inclination.
        normal_z: f64,
    },
    /// Kepler's equation was not solved.
    #[error("Kepler's equation did not converge for eccentricity {eccentricity}")]
    Kepler {
        /// Eccentricity.
        eccentricity: f64,
    },
}

/// Equinoctial elements of a two-body orbit at an epoch.
///
/// Direct set: singular only for an inclination of 180 deg, so the frame is chosen with its z axis on the
/// same side as the orbit's normal. Source: Broucke and Cefola, *On the Equinoctial Orbit Elements*,
/// Celestial Mechanics 5, 1972; with the mean motion in place of the semi-major axis as in Vallado and
/// Alfano, AAS 15-537.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Equinoctial {
    /// Mean motion n, in rad/s.
    pub(super) mean_motion_rad_s: f64,
    /// e cos(argument of perigee + node).
    pub(super) af: f64,
    /// e sin(argument of perigee + node).
    pub(super) ag: f64,
    /// tan(i/2) sin(node).
    pub(super) chi: f64,
    /// tan(i/2) cos(node).
    pub(super) psi: f64,
    /// Mean longitude (mean anomaly + argument of perigee + node) at epoch, in rad.
    pub(super) mean_longitude_rad: f64,
}

/// Position (km) and velocity (km/s) of two-body motion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cartesian {
    pub(super) position_km: Vector3<f64>,
    pub(super) velocity_km_s: Vector3<f64>,
}

/// In-plane quantities at one eccentric longitude, in units of a and n a.
struct InPlane {
    semi_major_axis_km: f64,
    sine: f64,
    cosine: f64,
    /// r/a.
    radius: f64,
    /// sqrt(1 - e^2).
    root: f64,
    b: f64,
}

impl Equinoctial {
    /// Elements of a state.
    pub(super) fn from_cartesian(state: &Cartesian) -> Result<Self, OrbitError> {
        let (r, v) = (&state.position_km, &state.velocity_km_s);
        let radius = r.norm();
        let momentum = r.cross(v);
        let normal = momentum / momentum.norm();
        let one_plus = 1.0 + normal.z;
        if one_plus.is_nan() || one_plus <= 1e-8 {
            return Err(OrbitError::Plane { normal_z: normal.z });
        }
        let (chi, psi) = (normal.x / one_plus, -normal.y / one_plus);
        let (f, g) = plane_axes(chi, psi);
        let eccentricity = v.cross(&momentum) / EARTH_MU_KM3_S2 - r / radius;
        let (af, ag) = (eccentricity.dot(&f), eccentricity.dot(&g));
        let squared = af * af + ag * ag;
        let semi_major_axis_km = 1.0 / (2.0 / radius - v.norm_squared() / EARTH_MU_KM3_S2);
        if !(semi_major_axis_km > 0.0 && squared < 1.0) {
            return Err(OrbitError::NotElliptic { semi_major_axis_km, eccentricity: libm::sqrt(squared) });
        }
        let mean_motion_rad_s = libm::sqrt(EARTH_MU_KM3_S2 / semi_major_axis_km) / semi_major_axis_km;
        let root = libm::sqrt(1.0 - squared);
        let b = 1.0 / (1.0 + root);
        let scale = 1.0 / (semi_major_axis_km * root);
        let (x, y) = (r.dot(&f) * scale, r.dot(&g) * scale);
        let cosine = af + (1.0 - af * af * b) * x - af * ag * b * y;
        let sine = ag + (1.0 - ag * ag * b) * y - af * ag * b * x;
        let eccentric_longitude = libm::atan2(sine, cosine);
        let mean_longitude_rad =
            eccentric_longitude + ag * libm::cos(eccentric_longitude) - af * libm::sin(eccentric_longitude);
        Ok(Self { mean_motion_rad_s, af, ag, chi, psi, mean_longitude_rad })
    }

    /// Elements from a vector in the order of the fields.
    pub(super) fn from_vector(elements: &Vector6<f64>) -> Self {
        Self {
            mean_motion_rad_s: elements[0],
            af: elements[1],
            ag: elements[2],
            chi: elements[3],
            psi: elements[4],
            mean_longitude_rad: elements[5],
        }
    }

    /// The elements as a vector in the order of the fields.
    pub(super) fn to_vector(self) -> Vector6<f64> {
        Vector6::new(self.mean_motion_rad_s, self.af, self.ag, self.chi, self.psi, self.mean_longitude_rad)
    }

    /// Orbital period, in s.
    pub(super) fn period_s(&self) -> f64 {
        2.0 * core::f64::consts::PI / self.mean_motion_rad_s
    }

    fn in_plane(&self, time_s: f64) -> Result<InPlane, OrbitError> {
        let squared = self.af * self.af + self.ag * self.ag;
        let ratio = EARTH_MU_KM3_S2 / (self.mean_motion_rad_s * self.mean_motion_rad_s);
        let semi_major_axis_km = libm::cbrt(ratio);
        if !(squared < 1.0 && self.mean_motion_rad_s > 0.0) {
            return Err(OrbitError::NotElliptic { semi_major_axis_km, eccentricity: libm::sqrt(squared) });
        }
        let longitude = self.mean_longitude_rad + self.mean_motion_rad_s * time_s;
        // lambda = F + ag cos F - af sin F, solved for F by Newton's method.
        let mut eccentric = longitude;
        let mut converged = false;
        let (mut sine, mut cosine) = libm::sincos(eccentric);
        for _ in 0..50 {
            let residual = eccentric + self.ag * cosine - self.af * sine - longitude;
            let slope = 1.0 - self.ag * sine - self.af * cosine;
            // A full step can overshoot at high eccentricity: half a radian is within the basin.
            let step = (residual / slope).clamp(-0.5, 0.5);
            eccentric -= step;
            if step.abs() < 1e-9 {
                // Quadratic convergence: the next step would be below rounding; turn the sine and cosine by
                // it.
                let (s, c) = (sine - step * cosine, cosine + step * sine);
                (sine, cosine) = (s, c);
                converged = true;
                break;
            }
            (sine, cosine) = libm::sincos(eccentric);
        }
        if !converged {
            return Err(OrbitError::Kepler { eccentricity: libm::sqrt(squared) });
        }
        let root = libm::sqrt(1.0 - squared);
        Ok(InPlane {
            semi_major_axis_km,
            sine,
            cosine,
            radius: 1.0 - self.af * cosine - self.ag * sine,
            root,
            b: 1.0 / (1.0 + root),
        })
    }

    /// State `time_s` seconds after the epoch of the elements.
    pub(super) fn state(&self, time_s: f64) -> Result<Cartesian, OrbitError> {
        let p = self.in_plane(time_s)?;
        let (h, k) = (self.af, self.ag);
        let a = p.semi_major_axis_km;
        let x = (1.0 - k * k * p.b) * p.cosine + h * k * p.b * p.sine - h;
        let y = (1.0 - h * h * p.b) * p.sine + h * k * p.b * p.cosine - k;
        let x_rate = h * k * p.b * p.cosine - (1.0 - k * k * p.b) * p.sine;
        let y_rate = (1.0 - h * h * p.b) * p.cosine - h * k * p.b * p.sine;
        let (f, g) = plane_axes(self.chi, self.psi);
        let speed = self.mean_motion_rad_s * a / p.radius;
        Ok(Cartesian { position_km: (f * x + g * y) * a, velocity_km_s: (f * x_rate + g * y_rate) * speed })
    }

    /// State `time_s` seconds after epoch and its derivatives by the elements at epoch (rows: position in km,
    /// velocity in km/s; columns in the order of the fields).
    ///
    /// Equations: derivatives of Broucke and Cefola's position and velocity with the eccentric longitude F
    /// from lambda = F + ag cos F - af sin F, so dF = (d lambda + sin F d af - cos F d ag) a/r, and lambda =
    /// lambda0 + n t.
    pub(super) fn state_and_jacobian(&self, time_s: f64) -> Result<(Cartesian, Matrix6<f64>), OrbitError> {
        let p = self.in_plane(time_s)?;
        let (h, k, b, s, c) = (self.af, self.ag, p.b, p.sine, p.cosine);
        let (a, n, d) = (p.semi_major_axis_km, self.mean_motion_rad_s, p.radius);
        let (b_h, b_k) = (b * b * h / p.root, b * b * k / p.root);
        let (hk, hk_h, hk_k) = (h * k * b, k * b + h * k * b_h, h * b + h * k * b_k);
        let (kk, kk_h, kk_k) = (1.0 - k * k * b, -k * k * b_h, -2.0 * k * b - k * k * b_k);
        let (hh, hh_h, hh_k) = (1.0 - h * h * b, -2.0 * h * b - h * h * b_h, -h * h * b_k);

        let (x, y) = (kk * c + hk * s - h, hh * s + hk * c - k);
        let (x_f, y_f) = (hk * c - kk * s, hh * c - hk * s);
        let (x_ff, y_ff) = (-hk * s - kk * c, -hh * s - hk * c);
        let (x_h, y_h) = (kk_h * c + hk_h * s - 1.0, hh_h * s + hk_h * c);
        let (x_k, y_k) = (kk_k * c + hk_k * s, hh_k * s + hk_k * c - 1.0);
        let (x_fh, y_fh) = (hk_h * c - kk_h * s, hh_h * c - hk_h * s);
        let (x_fk, y_fk) = (hk_k * c - kk_k * s, hh_k * c - hk_k * s);

        // Velocity in units of n a: u = x_f/d.
        let (d_f, d_h, d_k) = (h * s - k * c, -c, -s);
        let quotient =
            |numerator: f64, derivative: f64, of_d: f64| derivative / d - numerator * of_d / (d * d);
        let (u, w) = (x_f / d, y_f / d);
        let (u_f, w_f) = (quotient(x_f, x_ff, d_f), quotient(y_f, y_ff, d_f));
        let (u_h, w_h) = (quotient(x_f, x_fh, d_h), quotient(y_f, y_fh, d_h));
        let (u_k, w_k) = (quotient(x_f, x_fk, d_k), quotient(y_f, y_fk, d_k));

        let (f_h, f_k, f_l) = (s / d, -c / d, 1.0 / d);
        let (axis_f, axis_g) = plane_axes(self.chi, self.psi);
        let mut jacobian = Matrix6::zeros();
        let mut set = |column: usize, position: Vector3<f64>, velocity: Vector3<f64>| {
            jacobian.fixed_view_mut::<3, 1>(0, column).copy_from(&position);
            jacobian.fixed_view_mut::<3, 1>(3, column).copy_from(&velocity);
        };
        let in_plane = |along_f: f64, along_g: f64| axis_f * along_f + axis_g * along_g;
        let na = n * a;
        // da/dn = -2a/(3n), d(na)/dn = a/3.
        let drift = f_l * time_s;
        set(
            0,
            in_plane(a * (x_f * drift - x / (1.5 * n)), a * (y_f * drift - y / (1.5 * n))),
            in_plane(a * u / 3.0 + na * u_f * drift, a * w / 3.0 + na * w_f * drift),
        );
        set(
            1,
            in_plane(a * (x_h + x_f * f_h), a * (y_h + y_f * f_h)),
            in_plane(na * (u_h + u_f * f_h), na * (w_h + w_f * f_h)),
        );
        set(
            2,
            in_plane(a * (x_k + x_f * f_k), a * (y_k + y_f * f_k)),
            in_plane(na * (u_k + u_f * f_k), na * (w_k + w_f * f_k)),
        );
        let [[f_chi, g_chi], [f_psi, g_psi]] = plane_axes_derivatives(self.chi, self.psi);
        set(3, (f_chi * x + g_chi * y) * a, (f_chi * u + g_chi * w) * na);
        set(4, (f_psi * x + g_psi * y) * a, (f_psi * u + g_psi * w) * na);
        set(5, in_plane(a * x_f * f_l, a * y_f * f_l), in_plane(na * u_f * f_l, na * w_f * f_l));
        let state =
            Cartesian { position_km: in_plane(a * x, a * y), velocity_km_s: in_plane(na * u, na * w) };
        Ok((state, jacobian))
    }

    /// Inverse of the jacobian at epoch: derivatives of the elements by position and velocity.
    ///
    /// Scaled to a, n a and n before the inversion, so that it loses no digits to the units.
    pub(super) fn inverse_jacobian(&self) -> Result<Matrix6<f64>, OrbitError> {
        let (_, jacobian) = self.state_and_jacobian(0.0)?;
        let a = libm::cbrt(EARTH_MU_KM3_S2 / (self.mean_motion_rad_s * self.mean_motion_rad_s));
        let na = self.mean_motion_rad_s * a;
        let rows = Matrix6::from_diagonal(&Vector6::new(a, a, a, na, na, na));
        let rows_inverse = Matrix6::from_diagonal(&rows.diagonal().map(|scale| 1.0 / scale));
        let columns = Matrix6::from_diagonal(&Vector6::new(self.mean_motion_rad_s, 1.0, 1.0, 1.0, 1.0, 1.0));
        let scaled = rows_inverse * jacobian * columns;
        let eccentricity = libm::hypot(self.af, self.ag);
        let inverse =
            scaled.try_inverse().ok_or(OrbitError::NotElliptic { semi_major_axis_km: a, eccentricity })?;
        Ok(columns * inverse * rows_inverse)
    }
}

/// Unit vectors f and g of the orbit plane.
fn plane_axes(chi: f64, psi: f64) -> (Vector3<f64>, Vector3<f64>) {
    let (cc, pp, cp) = (chi * chi, psi * psi, 2.0 * chi * psi);
    let scale = 1.0 / (1.0 + cc + pp);
    (Vector3::new(1.0 - cc + pp, cp, -2.0 * chi) * scale, Vector3::new(cp, 1.0 + cc - pp, 2.0 * psi) * scale)
}

/// Derivatives of f and g by chi, then by psi.
fn plane_axes_derivatives(chi: f64, psi: f64) -> [[Vector3<f64>; 2]; 2] {
    let (f, g) = plane_axes(chi, psi);
    let scale = 2.0 / (1.0 + chi * chi + psi * psi);
    [
        [(Vector3::new(-chi, psi, -1.0) - f * chi) * scale, (Vector3::new(psi, chi, 0.0) - g * chi) * scale],
        [(Vector3::new(psi, chi, 0.0) - f * psi) * scale, (Vector3::new(chi, -psi, 1.0) - g * psi) * scale],
    ]
}

/// Rotation into axes in which both orbits have equinoctial elements far from their singularity: rows are the
/// new axes, z along the sum of the two orbit normals (or across them when they are opposite), so that both
/// inclinations are at most 90 deg.
pub(super) fn regular_axes(first: &Cartesian, second: &Cartesian) -> Matrix3<f64> {
    let normal = |state: &Cartesian| state.position_km.cross(&state.velocity_km_s).normalize();
    let (n1, n2) = (normal(first), normal(second));
    let sum = n1 + n2;
    let z = if sum.norm() > 1e-3 { sum.normalize() } else { super::encounter::perpendicular(&n1) };
    let x = super::encounter::perpendicular(&z);
    let y = z.cross(&x);
    Matrix3::from_rows(&[x.transpose(), y.transpose(), z.transpose()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orbits() -> Vec<Cartesian> {
        let state = |r: [f64; 3], v: [f64; 3]| Cartesian { position_km: r.into(), velocity_km_s: v.into() };
        vec![
            state([6415.1, 870.3, 2418.0], [-1.870, 6.947, 2.446]),
            state([7000.0, 0.0, 0.0], [0.0, 1.2, 7.45]),
            state([-5532.7, 20132.7, 40010.5], [-1.4509, -0.3116, -0.6713]),
            state([42164.0, 10.0, 3.0], [0.001, 3.0746, 0.0]),
            state([6600.0, 200.0, 100.0], [0.3, 10.0, 2.0]),
        ]
    }

    #[test]
    fn elements_return_the_state() {
        for state in orbits() {
            let back = Equinoctial::from_cartesian(&state).unwrap().state(0.0).unwrap();
            assert!((back.position_km - state.position_km).norm() < 1e-14 * 40.0 * state.position_km.norm());
            assert!(
                (back.velocity_km_s - state.velocity_km_s).norm() < 1e-14 * 40.0 * state.velocity_km_s.norm()
            );
        }
    }

    #[test]
    fn motion_conserves_energy_and_returns_after_a_period() {
        for state in orbits() {
            let elements = Equinoctial::from_cartesian(&state).unwrap();
            let after = elements.state(elements.period_s()).unwrap();
            assert!((after.position_km - state.position_km).norm() < 1e-8);
            // Acceleration by central difference is that of gravity.
            let (time, step) = (1234.5, 0.01);
            let [before, now, after] = [time - step, time, time + step].map(|t| elements.state(t).unwrap());
            let acceleration = (after.velocity_km_s - before.velocity_km_s) / (2.0 * step);
            let radius = now.position_km.norm();
            let gravity = now.position_km * (-EARTH_MU_KM3_S2 / (radius * radius * radius));
            assert!((acceleration - gravity).norm() < 1e-7 * gravity.norm());
            let velocity = (after.position_km - before.position_km) / (2.0 * step);
            assert!((velocity - now.velocity_km_s).norm() < 1e-8 * now.velocity_km_s.norm());
        }
    }

    #[test]
    fn jacobian_agrees_with_finite_differences() {
        for state in orbits() {
            let elements = Equinoctial::from_cartesian(&state).unwrap();
            for time in [0.0, -300.0, 5000.0] {
                let (_, jacobian) = elements.state_and_jacobian(time).unwrap();
                // A component far below the others has the rounding of the position over the step.
                for column in 0..6 {
                    let mut step = Vector6::zeros();
                    step[column] = if column == 0 { 1e-6 * elements.mean_motion_rad_s } else { 1e-6 };
                    let at = |sign: f64| {
                        Equinoctial::from_vector(&(elements.to_vector() + step * sign)).state(time).unwrap()
                    };
                    let (high, low) = (at(1.0), at(-1.0));
                    let position = (high.position_km - low.position_km) / (2.0 * step[column]);
                    let velocity = (high.velocity_km_s - low.velocity_km_s) / (2.0 * step[column]);
                    let analytic = jacobian.column(column);
                    let difference = (analytic.fixed_rows::<3>(0) - position).norm();
                    assert!(
                        difference < 2e-8 * position.norm() + 1e-5,
                        "column {column}, position: {difference}"
                    );
                    let difference = (analytic.fixed_rows::<3>(3) - velocity).norm();
                    assert!(
                        difference < 2e-8 * velocity.norm() + 1e-8,
                        "column {column}, velocity: {difference}"
                    );
                }
            }
        }
    }

    #[test]
    fn inverse_jacobian_inverts() {
        for state in orbits() {
            let elements = Equinoctial::from_cartesian(&state).unwrap();
            let (_, jacobian) = elements.state_and_jacobian(0.0).unwrap();
            let product = elements.inverse_jacobian().unwrap() * jacobian;
            assert!((product.diagonal() - Vector6::repeat(1.0)).abs().max() < 1e-12);
        }
    }

    #[test]
    fn hyperbola_is_refused() {
        let state = Cartesian {
            position_km: Vector3::new(7000.0, 0.0, 0.0),
            velocity_km_s: Vector3::new(0.0, 12.0, 0.0),
        };
        assert!(matches!(Equinoctial::from_cartesian(&state), Err(OrbitError::NotElliptic { .. })));
    }

    #[test]
    fn regular_axes_bring_both_normals_to_the_north() {
        let states = orbits();
        for first in &states {
            for second in &states {
                let opposite = Cartesian { velocity_km_s: -second.velocity_km_s, ..*second };
                for second in [second, &opposite] {
                    let rotation = regular_axes(first, second);
                    for state in [first, second] {
                        let normal = rotation * state.position_km.cross(&state.velocity_km_s).normalize();
                        assert!(normal.z > -1e-3);
                    }
                }
            }
        }
    }
}
