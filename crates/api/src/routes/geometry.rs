//! `/conjunctions/{id}/geometry`: what the encounter looks like, for those who draw it.

use astroshield_astro::probability::EncounterPlane;
use astroshield_domain::catalog::Grade;
use astroshield_domain::conjunction::{Participant, ProbabilityMethod};
use astroshield_domain::export::{CovarianceBasis as Basis, Geometry, PlaneCovariance, ReceivedGeometry};
use astroshield_domain::ids::{CdmId, ConjunctionId, RunId};
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Reader;
use crate::answer;
use crate::problem::Problem;
use crate::request::Id;
use crate::schema;
use crate::state::ApiState;

/// One of the two objects at closest approach.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ObjectGeometryRow {
    /// Catalog number.
    catalog_number: u32,
    /// Name at the time of the run.
    name: Option<String>,
    /// How good the data of its motion is.
    #[schema(schema_with = schema::grade)]
    grade: Grade,
    /// Epoch of its element set, or when its ephemeris arrived, UTC.
    #[schema(schema_with = schema::time_or_null)]
    epoch: Option<Timestamp>,
    /// From then to closest approach, in days.
    data_age_days: Option<f64>,
    /// Hard-body radius, in m.
    hard_body_radius_m: f64,
    /// Position, in km.
    position_km: [f64; 3],
    /// Velocity, in km/s.
    velocity_km_s: [f64; 3],
    /// Whether its covariance at closest approach is known: from the covariances of its operator's ephemeris. That of one object
    /// alone is not used, nor are those of both where no method's assumptions hold for them.
    covariance_is_known: bool,
}

/// What a covariance in the encounter plane is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CovarianceBasis {
    /// Assumed, as that of one object or of both is not known, or not used: standard deviations of 1:3:1 along each object's
    /// radial, velocity and cross-track direction, at the scale at which the probability is largest. No estimate of an error.
    Assumed,
    /// The sum of the covariances of both objects, whose errors are taken as independent.
    Known,
}

/// The covariance of the relative position in the encounter plane, and where it is within one standard deviation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlaneCovarianceRow {
    /// What it is.
    basis: CovarianceBasis,
    /// Standard deviation that is assumed of each object across its velocity, in km; along it, three times that. Null for one
    /// that is known.
    sigma_across_km: Option<f64>,
    /// Variance along x, in km^2.
    variance_x_km2: f64,
    /// Covariance of x and y, in km^2.
    covariance_xy_km2: f64,
    /// Variance along y, in km^2.
    variance_y_km2: f64,
    /// Semi-major axis of the ellipse of one standard deviation, in km.
    sigma_major_km: f64,
    /// Semi-minor axis of the ellipse of one standard deviation, in km.
    sigma_minor_km: f64,
    /// From the x axis to the major axis toward the y axis, in degrees: above -90, at most 90.
    major_axis_angle_deg: f64,
    /// Miss distance in standard deviations.
    mahalanobis_distance: f64,
}

/// The plane across the relative velocity, through the first object. Source: Foster and Estes, NASA JSC-25898 (1992).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EncounterPlaneRow {
    /// Unit vector along the miss vector, from the first object to the second.
    x_axis: [f64; 3],
    /// Unit vector that completes x and z to a right-handed set: z cross x.
    y_axis: [f64; 3],
    /// Unit vector along the velocity of the second object against the first.
    z_axis: [f64; 3],
    /// From the time that is given to the true closest approach on straight lines, in s: what rounding to the microsecond
    /// leaves.
    tca_shift_s: f64,
    /// Miss vector along x, in km: the miss distance.
    miss_x_km: f64,
    /// Miss vector along y, in km: 0.
    miss_y_km: f64,
    /// Covariance in x and y (Alfano, Journal of the Astronautical Sciences 53(1), 2005): the one behind the probability. Null for
    /// objects that touch, whose largest probability is 1 at any, and where the known one is not positive definite.
    covariance: Option<PlaneCovarianceRow>,
}

/// What a probability of collision was computed from.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProbabilityBasis {
    /// From the miss distance, the combined hard-body radius, and the aspect ratio of the assumed covariance, whose scale is
    /// that of the largest probability and along whose major axis the miss vector is laid (Alfano, Journal of the
    /// Astronautical Sciences 53(2), 2005): an upper bound under that assumption, for awareness and no basis of a maneuver
    /// decision.
    AssumedCovariance,
    /// From the covariances of both objects.
    Covariances,
}

/// The probability of collision, and what it is worth.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProbabilityRow {
    /// Probability.
    probability: f64,
    /// How it was computed.
    #[schema(schema_with = schema::probability_method)]
    probability_method: ProbabilityMethod,
    /// From what.
    basis: ProbabilityBasis,
}

/// An encounter as a message tells it, of its own states and covariances at its own closest approach. Vectors are in the axes of
/// `frame`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceivedGeometryRow {
    /// The message: one of `/conjunctions/{id}/cdms`.
    #[schema(schema_with = schema::id)]
    cdm: CdmId,
    /// Who made it.
    originator: String,
    /// When it was made, UTC.
    #[schema(schema_with = schema::time)]
    created: Timestamp,
    /// Its time of closest approach, UTC.
    #[schema(schema_with = schema::time)]
    tca: Timestamp,
    /// Frame of the vectors: geocentric celestial reference frame.
    frame: &'static str,
    /// Unit vector radial to the orbit of the conjunction's first object.
    radial_axis: [f64; 3],
    /// Unit vector in-track: cross-track cross radial.
    in_track_axis: [f64; 3],
    /// Unit vector cross-track: along the angular momentum.
    cross_track_axis: [f64; 3],
    /// The encounter plane, from the conjunction's first object to its second, and in it the covariances of both objects.
    encounter_plane: EncounterPlaneRow,
    /// Sum of the hard-body radii, in m: of the message, else by the names of the objects.
    combined_hard_body_radius_m: f64,
    /// The probability that is computed from it.
    collision: Option<ProbabilityRow>,
}

impl From<ReceivedGeometry> for ReceivedGeometryRow {
    fn from(geometry: ReceivedGeometry) -> Self {
        let ReceivedGeometry { cdm, ric_axes, plane, covariance, combined_hard_body_radius_m } = geometry;
        let axis = |row: usize| ric_axes.row(row).transpose().into();
        Self {
            cdm: cdm.id,
            originator: cdm.originator,
            created: cdm.created,
            tca: cdm.tca,
            frame: "GCRF",
            radial_axis: axis(0),
            in_track_axis: axis(1),
            cross_track_axis: axis(2),
            encounter_plane: plane_row(&plane, covariance),
            combined_hard_body_radius_m,
            collision: cdm.probability.map(|(probability, method)| ProbabilityRow::of(probability, method)),
        }
    }
}

/// A conjunction at closest approach, computed again from the data that its run had. Vectors are in the axes of `frame`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GeometryRow {
    /// Identity of the conjunction.
    #[schema(schema_with = schema::id)]
    id: ConjunctionId,
    /// The run that gave the solution.
    #[schema(schema_with = schema::id)]
    run: RunId,
    /// Time of closest approach, UTC.
    #[schema(schema_with = schema::time)]
    tca: Timestamp,
    /// Scale of the times.
    time_scale: &'static str,
    /// Frame of states and vectors: true equator, mean equinox of date, from the Earth's center.
    frame: &'static str,
    /// The two objects, the primary first.
    objects: [ObjectGeometryRow; 2],
    /// Position of the second object from the first, in km.
    relative_position_km: [f64; 3],
    /// Velocity of the second object against the first, in km/s.
    relative_velocity_km_s: [f64; 3],
    /// Distance, in km.
    miss_distance_km: f64,
    /// Relative position along the first object's radial direction, in km.
    miss_radial_km: f64,
    /// Relative position along its in-track direction, in km.
    miss_in_track_km: f64,
    /// Relative position along its cross-track direction, in km.
    miss_cross_track_km: f64,
    /// Relative speed, in km/s.
    relative_speed_km_s: f64,
    /// Angle between the two velocities, in degrees.
    approach_angle_deg: Option<f64>,
    /// Unit vector radial to the first object's orbit: along its position (RTN of CCSDS 508.0-B-1, annex E).
    radial_axis: [f64; 3],
    /// Unit vector in-track: cross-track cross radial.
    in_track_axis: [f64; 3],
    /// Unit vector cross-track: along the angular momentum.
    cross_track_axis: [f64; 3],
    /// The encounter plane; null where the two do not move against each other.
    encounter_plane: Option<EncounterPlaneRow>,
    /// Sum of the hard-body radii, in m.
    combined_hard_body_radius_m: f64,
    /// The probability of collision to go by.
    collision: ProbabilityRow,
    /// The encounter as the newest message tells it that was received with the covariances of both objects; null without one.
    received: Option<ReceivedGeometryRow>,
}

impl ProbabilityRow {
    fn of(probability: f64, method: ProbabilityMethod) -> Self {
        let basis = match method {
            ProbabilityMethod::Maximum => ProbabilityBasis::AssumedCovariance,
            ProbabilityMethod::TwoDimensional
            | ProbabilityMethod::TwoDimensionalNc
            | ProbabilityMethod::ThreeDimensionalNc
            | ProbabilityMethod::MonteCarlo => ProbabilityBasis::Covariances,
        };
        Self { probability, probability_method: method, basis }
    }
}

impl GeometryRow {
    fn of(geometry: &Geometry, received: Option<ReceivedGeometry>) -> Self {
        let [miss_radial_km, miss_in_track_km, miss_cross_track_km] = geometry.miss_ric_km().into();
        let axis = |row: usize| geometry.ric_axes.row(row).transpose().into();
        let object = |side: usize| {
            let Participant { number, name, grade, epoch, hard_body_radius_m } =
                geometry.conjunction.objects[side].clone();
            ObjectGeometryRow {
                catalog_number: number.get(),
                name,
                grade,
                epoch,
                data_age_days: geometry.data_age_days[side],
                hard_body_radius_m,
                position_km: geometry.states[side].position_km.into(),
                velocity_km_s: geometry.states[side].velocity_km_s.into(),
                covariance_is_known: geometry.covariance_is_known[side],
            }
        };
        let solution = &geometry.conjunction.solution;
        Self {
            id: geometry.conjunction.id,
            run: geometry.conjunction.run,
            tca: solution.tca,
            time_scale: "UTC",
            frame: "TEME",
            objects: [object(0), object(1)],
            relative_position_km: geometry.relative_position_km().into(),
            relative_velocity_km_s: geometry.relative_velocity_km_s().into(),
            miss_distance_km: geometry.relative_position_km().norm(),
            miss_radial_km,
            miss_in_track_km,
            miss_cross_track_km,
            relative_speed_km_s: geometry.relative_velocity_km_s().norm(),
            approach_angle_deg: geometry.approach_angle_rad.map(f64::to_degrees),
            radial_axis: axis(0),
            in_track_axis: axis(1),
            cross_track_axis: axis(2),
            encounter_plane: geometry.plane.as_ref().map(|plane| plane_row(plane, geometry.covariance)),
            combined_hard_body_radius_m: geometry.combined_hard_body_radius_m(),
            collision: ProbabilityRow::of(geometry.conjunction.leading_probability(), solution.method),
            received: received.map(ReceivedGeometryRow::from),
        }
    }
}

fn plane_row(plane: &EncounterPlane, covariance: Option<PlaneCovariance>) -> EncounterPlaneRow {
    let [miss_x_km, miss_y_km] = plane.miss_km().into();
    let row = |PlaneCovariance { basis, ellipse, mahalanobis_distance }| {
        let (basis, sigma_across_km) = match basis {
            Basis::Assumed { sigma_km } => (CovarianceBasis::Assumed, Some(sigma_km)),
            Basis::Known => (CovarianceBasis::Known, None),
        };
        PlaneCovarianceRow {
            basis,
            sigma_across_km,
            variance_x_km2: plane.covariance_km2[(0, 0)],
            covariance_xy_km2: plane.covariance_km2[(0, 1)],
            variance_y_km2: plane.covariance_km2[(1, 1)],
            sigma_major_km: ellipse.sigma_major_km,
            sigma_minor_km: ellipse.sigma_minor_km,
            major_axis_angle_deg: ellipse.major_axis_angle_rad.to_degrees(),
            mahalanobis_distance,
        }
    };
    EncounterPlaneRow {
        x_axis: plane.x_axis.into(),
        y_axis: plane.y_axis.into(),
        z_axis: plane.z_axis.into(),
        tca_shift_s: plane.tca_shift_s,
        miss_x_km,
        miss_y_km,
        covariance: covariance.map(row),
    }
}

/// The geometry of a conjunction at closest approach: states, encounter plane, and what the probability follows from.
#[utoipa::path(get, path = "/conjunctions/{id}/geometry", tag = "conjunctions",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The geometry", body = GeometryRow),
        (status = 422, description = "The data that it was found with is not there any more")))]
pub(crate) async fn geometry(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<ConjunctionId>,
) -> Result<Response, Problem> {
    let exporter = state.exporter();
    let geometry = exporter.geometry(&caller.tenant, id).await?;
    let received = exporter.received(&caller.tenant, &geometry.conjunction).await?;
    answer::json(&GeometryRow::of(&geometry, received))
}
