//! The geometry of a conjunction at its time of closest approach, from the data that it was found with.

use astroshield_astro::probability::{
    Covariance, Ellipse, Encounter, EncounterPlane, Inertial, ObjectState, Rtn, approach_angle_rad, socrates,
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
    /// Whether the covariance of each object at closest approach is known.
    pub covariance_is_known: [bool; 2],
    /// The covariance in that plane that stands behind the probability; nothing where there is no such: objects that touch have
    /// the maximum probability 1 at any, and one that is known may be short of positive definite.
    pub covariance: Option<PlaneCovariance>,
}

/// What a covariance in the encounter plane is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CovarianceBasis {
    /// Assumed, as that of one object or of both is not known, or not used: 1:3:1 along each object's radial, velocity and
    /// cross-track direction, at the scale at which the probability is largest. No estimate of an error.
    ///
    /// The maximum lays the miss vector along the major axis; here the ellipse lies as the orbits do.
    Assumed {
        /// Standard deviation of each object across its velocity, in km.
        sigma_km: f64,
    },
    /// The sum of the covariances of both objects, whose errors are taken as independent.
    Known,
}

/// The covariance of the relative position in the encounter plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlaneCovariance {
    /// What it is.
    pub basis: CovarianceBasis,
    /// Of both together.
    pub ellipse: Ellipse,
    /// Miss distance in standard deviations: sqrt(m' C^-1 m).
    pub mahalanobis_distance: f64,
}

impl PlaneCovariance {
    /// That of a plane; nothing where it is not positive definite.
    pub(super) fn of(plane: &EncounterPlane, basis: CovarianceBasis) -> Option<Self> {
        let (ellipse, mahalanobis_distance) = plane.ellipse().zip(plane.mahalanobis_distance())?;
        Some(Self { basis, ellipse, mahalanobis_distance })
    }
}

/// Rows: the unit vectors radial, in-track and cross-track (also: R, T, N) of an orbit.
pub(super) fn axes<F: Inertial>(state: &State<F>) -> Matrix3<f64> {
    let radial = state.position_km.normalize();
    let normal = state.position_km.cross(&state.velocity_km_s).normalize();
    Matrix3::from_rows(&[radial.transpose(), normal.cross(&radial).transpose(), normal.transpose()])
}

impl Geometry {
    /// The geometry of a conjunction whose objects are in these states, with their covariances where these are known.
    pub(super) fn of(
        conjunction: Conjunction,
        states: [State<Teme>; 2],
        known: [Option<Covariance<Rtn>>; 2],
    ) -> Self {
        let tca = conjunction.solution.tca;
        let age_days = |epoch: Timestamp| tca.duration_since(epoch).as_secs_f64() / S_PER_DAY;
        let data_age_days = conjunction.objects.each_ref().map(|object| object.epoch.map(age_days));
        let [one, other] = &states;
        let approach_angle_rad = approach_angle_rad(one, other);
        let radius_km = combined_radius_km(&conjunction);
        // The ellipse is the one behind the probability that is given.
        let behind = known[0].zip(known[1]).filter(|_| conjunction.solution.probability.is_some());
        let of_known = behind.and_then(|(first, second)| {
            let covariances = [first.to_inertial(one).ok()?, second.to_inertial(other).ok()?];
            plane(&states, covariances, radius_km)
        });
        let (plane, covariance) = match of_known {
            Some(plane) => (Some(plane), PlaneCovariance::of(&plane, CovarianceBasis::Known)),
            None => assumed(&states, conjunction.solution.dilution_km, radius_km),
        };
        Self {
            ric_axes: axes(one),
            conjunction,
            states,
            data_age_days,
            approach_angle_rad,
            plane,
            covariance_is_known: known.map(|covariance| covariance.is_some()),
            covariance,
        }
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

/// The encounter plane of two states, and the covariance in it that stands behind the maximum probability.
fn assumed(
    states: &[State<Teme>; 2],
    dilution_km: Option<f64>,
    radius_km: f64,
) -> (Option<EncounterPlane>, Option<PlaneCovariance>) {
    let [one, other] = states;
    let dilution_km = dilution_km.filter(|dilution_km| *dilution_km > 0.0);
    let sigma_km =
        dilution_km.and_then(|dilution_km| socrates::assumed_sigma_km(one, other, dilution_km).ok());
    let of = |state| {
        let covariance_km2 = socrates::assumed_covariance_km2(state, sigma_km.unwrap_or(0.0)).ok()?;
        Covariance::from_position(&covariance_km2).ok()
    };
    let plane = of(one).zip(of(other)).and_then(|(first, second)| plane(states, [first, second], radius_km));
    let covariance = sigma_km
        .zip(plane.as_ref())
        .and_then(|(sigma_km, plane)| PlaneCovariance::of(plane, CovarianceBasis::Assumed { sigma_km }));
    (plane, covariance)
}

/// The encounter plane of two states with their covariances; none for states that have no such plane.
fn plane(
    states: &[State<Teme>; 2],
    covariances: [Covariance<Teme>; 2],
    radius_km: f64,
) -> Option<EncounterPlane> {
    let [one, other] = states;
    let [first, second] = covariances;
    let uncertain = |state: &State<Teme>, covariance| ObjectState { state: *state, covariance };
    Encounter::new(uncertain(one, first), uncertain(other, second), radius_km).ok()?.plane().ok()
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
        Geometry::of(conjunction(&states), states, [None, None])
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
        let assumed = geometry.covariance.unwrap();
        let CovarianceBasis::Assumed { sigma_km: s } = assumed.basis else { panic!("{:?}", assumed.basis) };
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

    /// Standard deviations along radial, in-track and cross-track, in km, and a covariance of the latter two, in km^2.
    fn known(sigmas_km: [f64; 3], in_cross_km2: f64) -> Covariance<Rtn> {
        let [radial, in_track, cross_track] = sigmas_km.map(|sigma_km| sigma_km * sigma_km);
        let mut position_km2 = Matrix3::from_diagonal(&Vector3::new(radial, in_track, cross_track));
        (position_km2[(1, 2)], position_km2[(2, 1)]) = (in_cross_km2, in_cross_km2);
        Covariance::from_position(&position_km2).unwrap()
    }

    #[test]
    fn the_covariances_of_both_are_summed_in_one_frame_and_only_where_the_probability_is_from_them() {
        let states = crossing().states;
        let known = [Some(known([0.1, 0.5, 0.2], 0.0)), Some(known([0.3, 0.4, 0.2], 0.05))];
        let mut conjunction = conjunction(&states);
        conjunction.solution.probability = Some(1e-5);
        let geometry = Geometry::of(conjunction.clone(), states, known);
        let covariance = geometry.covariance.unwrap();
        assert_eq!((covariance.basis, geometry.covariance_is_known), (CovarianceBasis::Known, [true, true]));
        // The first moves along y: its R, T, N are x, y, z. The second moves along z, and is so little aside of the x axis, 0.4
        // km in 7000, that its R, T, N are x, z, -y but for 6e-5. So the sum has, along x, y and z, the variances 0.01 + 0.09,
        // 0.25 + 0.04 and 0.04 + 0.16, and of y and z the covariance -0.05. The plane's axes are (0.6, 0.8 h, 0.8 h) and (-0.8, 0.6
        // h, 0.6 h), h the root of a half.
        let [x, y, z, yz] = [0.10, 0.29, 0.20, -0.05];
        let aside = (y + z) / 2.0 + yz;
        let expected = [
            ((0, 0), 0.36 * x + 0.64 * aside),
            ((0, 1), 0.48 * (aside - x)),
            ((1, 1), 0.64 * x + 0.36 * aside),
        ];
        let plane = geometry.plane.unwrap();
        for (entry, expected) in expected {
            let found = plane.covariance_km2[entry];
            assert!((found - expected).abs() < 6e-5 * y, "{entry:?}: {found} against {expected}");
        }
        // Nothing that is not behind the probability is drawn.
        for (probability, known) in [(None, known), (Some(1e-5), [known[0], None])] {
            conjunction.solution.probability = probability;
            let covariance = Geometry::of(conjunction.clone(), states, known).covariance.unwrap();
            assert!(matches!(covariance.basis, CovarianceBasis::Assumed { .. }));
        }
    }

    #[test]
    fn data_has_an_age_of_either_kind() {
        let mut conjunction = crossing().conjunction;
        conjunction.objects[0].epoch = Some(conjunction.solution.tca - jiff::SignedDuration::from_hours(36));
        conjunction.objects[1].epoch = None;
        let states = crossing().states;
        assert_eq!(Geometry::of(conjunction, states, [None, None]).data_age_days, [Some(1.5), None]);
    }

    #[test]
    fn docked_objects_have_neither_plane_nor_ellipse() {
        let state = State::<Teme>::new(Vector3::new(7000.0, 0.0, 0.0), Vector3::new(0.0, 7.5, 0.0));
        let geometry = Geometry::of(conjunction(&crossing().states), [state, state], [None, None]);
        assert_eq!((geometry.plane, geometry.covariance), (None, None));
        assert_eq!(geometry.approach_angle_rad, Some(0.0));
    }
}
