//! The geometry of a conjunction at its time of closest approach, from the data that it was found with.

use astroshield_astro::probability::{
    Covariance, Ellipse, Encounter, EncounterPlane, Inertial, ObjectState, approach_angle_rad, socrates,
};
use astroshield_astro::state::{State, Teme};
use jiff::Timestamp;
use nalgebra::{Matrix3, Vector3};

use crate::conjunction::Conjunction;

const M_PER_KM: f64 = 1e3;
const S_PER_DAY: f64 = 86_400.0;

/// Two objects at closest approach, in TEME (km and km/s), the first one being the origin of what is relative.
///
/// | quantity | definition |
/// |---|---|
/// | relative position, velocity | second object less first, in the same axes |
/// | radial, in-track, cross-track | R = r/abs(r), C = (r x v)/abs(r x v), I = C x R, of the first object: RTN of CCSDS 508.0-B-1, annex E |
/// | approach angle | between the two velocities: `APPROACH_ANGLE` of a CDM |
/// | encounter plane | z along the relative velocity, x along the miss vector, y = z x x: Foster and Estes, JSC-25898 (1992); see [`EncounterPlane`] |
/// | projected covariance | P (C1 + C2) P', the rows of P being x and y: Alfano, JAS 53(1), 2005 |
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    /// The conjunction.
    pub conjunction: Conjunction,
    /// States at closest approach.
    pub states: [State<Teme>; 2],
    /// Time from the epoch of each object's data to closest approach, in days. An ephemeris counts from its arrival.
    pub data_age_days: [Option<f64>; 2],
    /// Rows: the unit vectors radial, in-track and cross-track of the first object.
    pub ric_axes: Matrix3<f64>,
    /// Angle between the velocities, in radians; nothing for an object at rest.
    pub approach_angle_rad: Option<f64>,
    /// The encounter plane; nothing where the two do not move against each other.
    pub plane: Option<EncounterPlane>,
    /// The covariance in that plane that stands behind the maximum probability; nothing where there is no such: objects that
    /// touch have probability 1 at any.
    pub assumed: Option<AssumedCovariance>,
}

/// The covariance that is assumed where none is known: 1:3:1 along each object's radial, velocity and cross-track direction,
/// at the scale at which the probability is largest. No estimate of an error.
///
/// The maximum lays the miss vector along the major axis; here the ellipse lies as the orbits do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AssumedCovariance {
    /// Standard deviation of each object across its velocity, in km.
    pub sigma_km: f64,
    /// Of both together in the encounter plane.
    pub ellipse: Ellipse,
    /// Miss distance in standard deviations: sqrt(m' C^-1 m).
    pub mahalanobis_distance: f64,
}

/// Rows: the unit vectors radial, in-track and cross-track (also: R, T, N) of an orbit.
pub(super) fn axes<F: Inertial>(state: &State<F>) -> Matrix3<f64> {
    let radial = state.position_km.normalize();
    let normal = state.position_km.cross(&state.velocity_km_s).normalize();
    Matrix3::from_rows(&[radial.transpose(), normal.cross(&radial).transpose(), normal.transpose()])
}

impl Geometry {
    /// The geometry of a conjunction whose objects are in these states.
    pub(super) fn of(conjunction: Conjunction, states: [State<Teme>; 2]) -> Self {
        let tca = conjunction.solution.tca;
        let age_days = |epoch: Timestamp| tca.duration_since(epoch).as_secs_f64() / S_PER_DAY;
        let data_age_days = conjunction.objects.each_ref().map(|object| object.epoch.map(age_days));
        let [one, other] = &states;
        let approach_angle_rad = approach_angle_rad(one, other);
        let radius_km = combined_radius_km(&conjunction);
        let dilution_km = conjunction.solution.dilution_km.filter(|dilution_km| *dilution_km > 0.0);
        let sigma_km =
            dilution_km.and_then(|dilution_km| socrates::assumed_sigma_km(one, other, dilution_km).ok());
        let plane = plane(&states, sigma_km.unwrap_or(0.0), radius_km);
        let assumed = sigma_km.zip(plane.as_ref()).and_then(|(sigma_km, plane)| {
            let (ellipse, mahalanobis_distance) = plane.ellipse().zip(plane.mahalanobis_distance())?;
            Some(AssumedCovariance { sigma_km, ellipse, mahalanobis_distance })
        });
        Self { ric_axes: axes(one), conjunction, states, data_age_days, approach_angle_rad, plane, assumed }
    }

    /// Position of the second object from the first, in km.
    #[must_use]
    pub fn relative_position_km(&self) -> Vector3<f64> {
        self.states[1].position_km - self.states[0].position_km
    }

    /// Velocity of the second object against the first, in km/s.
    #[must_use]
    pub fn relative_velocity_km_s(&self) -> Vector3<f64> {
        self.states[1].velocity_km_s - self.states[0].velocity_km_s
    }

    /// The relative position along the first object's radial, in-track and cross-track directions, in km.
    #[must_use]
    pub fn miss_ric_km(&self) -> Vector3<f64> {
        self.ric_axes * self.relative_position_km()
    }

    /// Sum of the hard-body radii, in m.
    #[must_use]
    pub fn combined_hard_body_radius_m(&self) -> f64 {
        combined_radius_km(&self.conjunction) * M_PER_KM
    }
}

fn combined_radius_km(conjunction: &Conjunction) -> f64 {
    conjunction.objects.iter().map(|object| object.hard_body_radius_m).sum::<f64>() / M_PER_KM
}

/// The encounter plane of two states with the assumed covariance of that scale; none for states that have no such plane.
fn plane(states: &[State<Teme>; 2], sigma_km: f64, radius_km: f64) -> Option<EncounterPlane> {
    let uncertain = |state: &State<Teme>| {
        let covariance_km2 = socrates::assumed_covariance_km2(state, sigma_km).ok()?;
        let covariance = Covariance::from_position(&covariance_km2).ok()?;
        Some(ObjectState { state: *state, covariance })
    };
    let [one, other] = states;
    Encounter::new(uncertain(one)?, uncertain(other)?, radius_km).ok()?.plane().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::cdm::tests::conjunction;

    /// Circular orbits at a right angle, the second object 0.3 km above the first and 0.4 km aside, across the relative
    /// velocity.
    fn crossing() -> Geometry {
        let states = [
            State::<Teme>::new(Vector3::new(7000.0, 0.0, 0.0), Vector3::new(0.0, 7.5, 0.0)),
            State::<Teme>::new(
                Vector3::new(7000.3, 0.4 * 0.5f64.sqrt(), 0.4 * 0.5f64.sqrt()),
                Vector3::new(0.0, 0.0, 7.5),
            ),
        ];
        Geometry::of(conjunction(&states), states)
    }

    #[test]
    fn two_orbits_that_cross_at_a_right_angle_have_the_geometry_that_is_done_by_hand() {
        let geometry = crossing();
        let half = 0.5f64.sqrt();
        let close = |one: Vector3<f64>, other: Vector3<f64>| (one - other).norm() < 1e-11;
        assert!(close(geometry.relative_position_km(), Vector3::new(0.3, 0.4 * half, 0.4 * half)));
        assert_eq!(geometry.relative_velocity_km_s(), Vector3::new(0.0, -7.5, 7.5));
        assert!(close(geometry.miss_ric_km(), Vector3::new(0.3, 0.4 * half, 0.4 * half)));
        assert!((geometry.approach_angle_rad.unwrap().to_degrees() - 90.0).abs() < 1e-11);
        let plane = geometry.plane.unwrap();
        assert!((plane.miss_distance_km - 0.5).abs() < 1e-11);
        assert!((plane.relative_speed_km_s - 7.5 / half).abs() < 1e-11);
        assert!(close(plane.z_axis, Vector3::new(0.0, -half, half)));
        assert!(close(plane.x_axis, Vector3::new(0.6, 0.8 * half, 0.8 * half)));
        assert!(close(plane.y_axis, Vector3::new(-0.8, 0.6 * half, 0.6 * half)));
        // Each object's 3:1 axis lies at 45 degrees to the relative velocity, and both project on the same line, (y + z)/sqrt 2:
        // the variance along it is 2 (1 + 8/2), across it 2. The line has the components 0.8 along x and 0.6 along y.
        let assumed = geometry.assumed.unwrap();
        let s = assumed.sigma_km;
        assert!((assumed.ellipse.sigma_major_km / s - 10f64.sqrt()).abs() < 1e-11);
        assert!((assumed.ellipse.sigma_minor_km / s - 2f64.sqrt()).abs() < 1e-11);
        assert!((assumed.ellipse.major_axis_angle_rad - 0.75f64.atan()).abs() < 1e-11);
        let expected = ((0.4f64 / 10f64.sqrt()).powi(2) + (0.3 / 2f64.sqrt()).powi(2)).sqrt() / s;
        assert!((assumed.mahalanobis_distance / expected - 1.0).abs() < 1e-11);
        let covariance = plane.covariance_km2 / (s * s);
        // In x and y: 10 (0.8, 0.6)(0.8, 0.6)' + 2 (-0.6, 0.8)(-0.6, 0.8)'.
        for (entry, expected) in [((0, 0), 7.12), ((0, 1), 3.84), ((1, 0), 3.84), ((1, 1), 4.88)] {
            assert!((covariance[entry] - expected).abs() < 1e-11, "{entry:?}: {}", covariance[entry]);
        }
        // The minor axis is what the dilution says.
        let dilution_km = geometry.conjunction.solution.dilution_km.unwrap();
        assert!((assumed.ellipse.sigma_minor_km / dilution_km - 1.0).abs() < 1e-11);
    }

    #[test]
    fn data_has_an_age_of_either_kind() {
        let mut conjunction = crossing().conjunction;
        conjunction.objects[0].epoch = Some(conjunction.solution.tca - jiff::SignedDuration::from_hours(36));
        conjunction.objects[1].epoch = None;
        let states = crossing().states;
        assert_eq!(Geometry::of(conjunction, states).data_age_days, [Some(1.5), None]);
    }

    #[test]
    fn docked_objects_have_neither_plane_nor_ellipse() {
        let state = State::<Teme>::new(Vector3::new(7000.0, 0.0, 0.0), Vector3::new(0.0, 7.5, 0.0));
        let geometry = Geometry::of(conjunction(&crossing().states), [state, state]);
        assert_eq!((geometry.plane, geometry.assumed), (None, None));
        assert_eq!(geometry.approach_angle_rad, Some(0.0));
    }
}
