//! A conjunction as a conjunction data message (CCSDS 508.0-B-1).

use astroshield_astro::frames::{EarthAttitude, EarthOrientation};
use astroshield_astro::probability::{Covariance, Rtn, socrates};
use astroshield_astro::state::{Gcrf, State, Teme};
use astroshield_formats::{Cdm, CdmHeader, CdmMetadata, CdmObject, CdmRelative, CdmState, RtnCovariance};
use jiff::Timestamp;
use nalgebra::{Matrix3, Matrix6};

use super::geometry::axes;
use super::{ExportError, reading};
use crate::alert::{self, WatchList};
use crate::catalog::Grade;
use crate::conjunction::{Conjunction, Participant, ProbabilityMethod};
use crate::screening::Run;
use crate::time;

const M_PER_KM: f64 = 1e3;

/// What is known of one object beside what the conjunction says.
pub(super) struct Side {
    pub(super) international_designator: Option<String>,
    /// State at the time of closest approach.
    pub(super) state: State<Teme>,
    /// Its covariance, where that is known.
    pub(super) covariance: Option<Covariance<Rtn>>,
}

/// The message. Whether the objects can maneuver is what watch lists say.
pub(super) fn of(
    conjunction: &Conjunction,
    run: &Run,
    sides: &[Side; 2],
    watch_lists: &[WatchList],
    originator: &str,
    now: Timestamp,
) -> Result<Cdm, ExportError> {
    let [first, second] = &conjunction.objects;
    let radius_m = first.hard_body_radius_m + second.hard_body_radius_m;
    let attitude = EarthAttitude::new(time::to_epoch(conjunction.solution.tca), &EarthOrientation::NEGLECTED);
    let states = sides.each_ref().map(|side| attitude.teme_to_gcrf(&side.state));
    let sigma_km = assumed_sigma_km(&states, conjunction.solution.dilution_km, radius_m / M_PER_KM);
    let created = reading(time::to_microsecond(now))?;
    let maneuverable = |object: &Participant| alert::maneuverable(watch_lists, object.number);
    let is_known = sides.iter().all(|side| side.covariance.is_some());
    let assumed: &[&str] = match (is_known, conjunction.solution.probability) {
        (true, Some(_)) => &[],
        (true, None) => &[
            "The covariances of both objects are known, and the probability is not from them: it is the maximum for",
            "assumed ones (1:3:1 along radial, velocity and cross-track, at the scale at which the probability is",
            "largest) and no estimate.",
        ],
        (false, _) => &[
            "No covariance is known for an object whose COVARIANCE_METHOD is DEFAULT. The standard demands one: it is",
            "the assumption behind the maximum probability (1:3:1 along radial, velocity and cross-track, at the scale",
            "at which the probability is largest) and no estimate of an error.",
        ],
    };
    Ok(Cdm {
        version: "1.0".to_owned(),
        header: CdmHeader {
            comments: assumed.iter().map(|&line| line.to_owned()).collect(),
            classification: None,
            creation_date: created,
            originator: originator.to_owned(),
            message_for: None,
            message_id: format!("{}/{}", conjunction.id, conjunction.run),
        },
        relative: relative(conjunction, run, &states, radius_m)?,
        user_defined: Vec::new(),
        object1: object("OBJECT1", first, &sides[0], &states[0], sigma_km, maneuverable(first)),
        object2: object("OBJECT2", second, &sides[1], &states[1], sigma_km, maneuverable(second)),
    })
}

fn relative(
    conjunction: &Conjunction,
    run: &Run,
    states: &[State<Gcrf>; 2],
    radius_m: f64,
) -> Result<CdmRelative, ExportError> {
    let solution = &conjunction.solution;
    let [radial_m, in_track_m, cross_track_m] = solution.miss_ric_km.map(|km| km * M_PER_KM);
    let velocity_m_s = axes(&states[0]) * (states[1].velocity_km_s - states[0].velocity_km_s) * M_PER_KM;
    let method = match solution.method {
        ProbabilityMethod::Maximum => "MAXIMUM-ALFANO-2005",
        ProbabilityMethod::TwoDimensional => "FOSTER-1992",
        ProbabilityMethod::TwoDimensionalNc => "2D-NC-HALL-2023",
        ProbabilityMethod::ThreeDimensionalNc => "3D-NC-HALL-2021",
        ProbabilityMethod::MonteCarlo => "MONTE-CARLO",
    };
    Ok(CdmRelative {
        comments: vec![format!("HBR = {radius_m}")],
        conjunction_id: None,
        tca: reading(solution.tca)?,
        miss_distance_m: solution.miss_distance_km * M_PER_KM,
        mahalanobis_distance: None,
        relative_speed_m_s: Some(solution.relative_speed_km_s * M_PER_KM),
        approach_angle_deg: None,
        relative_position_r_m: Some(radial_m),
        relative_position_t_m: Some(in_track_m),
        relative_position_n_m: Some(cross_track_m),
        relative_velocity_r_m_s: Some(velocity_m_s.x),
        relative_velocity_t_m_s: Some(velocity_m_s.y),
        relative_velocity_n_m_s: Some(velocity_m_s.z),
        start_screen_period: Some(reading(run.window_start)?),
        stop_screen_period: Some(reading(run.window_stop)?),
        screen_type: None,
        screen_volume_frame: Some("RTN".to_owned()),
        screen_volume_shape: Some("ELLIPSOID".to_owned()),
        screen_volume_x_m: Some(run.threshold_km * M_PER_KM),
        screen_volume_y_m: Some(run.threshold_km * M_PER_KM),
        screen_volume_z_m: Some(run.threshold_km * M_PER_KM),
        screen_entry_time: None,
        screen_exit_time: None,
        screen_pc_threshold: None,
        collision_percentile: None,
        collision_probability: Some(conjunction.leading_probability()),
        collision_probability_method: Some(method.to_owned()),
        collision_max_probability: None,
        collision_max_pc_method: None,
        sefi_collision_probability: None,
        sefi_collision_probability_method: None,
        sefi_fragmentation_model: None,
        previous_message_id: None,
        previous_message_epoch: None,
        next_message_epoch: None,
    })
}

fn object(
    place: &str,
    participant: &Participant,
    side: &Side,
    state: &State<Gcrf>,
    sigma_km: f64,
    maneuverable: Option<bool>,
) -> CdmObject {
    let unknown = || "UNKNOWN".to_owned();
    let data = match participant.grade {
        Grade::Gp => "general perturbations element set",
        Grade::SupplementalGp => "element set fitted to the operator's ephemeris",
        Grade::Ephemeris => "ephemeris of the operator",
        Grade::Cdm => "state of a conjunction data message",
    };
    let maneuverable = match maneuverable {
        Some(true) => "YES",
        Some(false) => "NO",
        None => "N/A",
    };
    let epoch = participant.epoch.map_or(String::new(), |epoch| format!(" of {epoch}"));
    let (position_km, velocity_km_s) = (&state.position_km, &state.velocity_km_s);
    CdmObject {
        metadata: CdmMetadata {
            comments: vec![format!("State from: {data}{epoch}")],
            object: place.to_owned(),
            object_designator: participant.number.to_string(),
            catalog_name: "SATCAT".to_owned(),
            object_name: participant.name.clone().unwrap_or_else(unknown),
            international_designator: side.international_designator.clone().unwrap_or_else(unknown),
            object_type: None,
            operator_contact_position: None,
            operator_organization: None,
            operator_phone: None,
            operator_email: None,
            ephemeris_name: "NONE".to_owned(),
            odm_msg_link: None,
            adm_msg_link: None,
            obs_before_next_message: None,
            covariance_method: if side.covariance.is_some() { "CALCULATED" } else { "DEFAULT" }.to_owned(),
            covariance_source: None,
            maneuverable: maneuverable.to_owned(),
            orbit_center: Some("EARTH".to_owned()),
            ref_frame: "GCRF".to_owned(),
            alt_cov_type: None,
            alt_cov_ref_frame: None,
            gravity_model: None,
            atmospheric_model: None,
            n_body_perturbations: None,
            solar_rad_pressure: None,
            earth_tides: None,
            intrack_thrust: None,
        },
        od_parameters: None,
        additional_parameters: None,
        state: CdmState {
            comments: Vec::new(),
            x_km: position_km.x,
            y_km: position_km.y,
            z_km: position_km.z,
            x_dot_km_s: velocity_km_s.x,
            y_dot_km_s: velocity_km_s.y,
            z_dot_km_s: velocity_km_s.z,
        },
        covariance: Some(match &side.covariance {
            Some(known) => {
                rtn_covariance(known.matrix(), "from the operator's ephemeris, between its covariances")
            }
            None => assumed_covariance(state, sigma_km),
        }),
        alternate_covariance: None,
        covariance_metadata: None,
        user_defined: Vec::new(),
    }
}

/// Standard deviation of each object across its velocity at which the probability is largest, in km.
///
/// Objects that touch, or do not move against each other, have no dilution: there the combined radius stands for it, as the
/// standard demands a covariance.
fn assumed_sigma_km(states: &[State<Gcrf>; 2], dilution_km: Option<f64>, radius_km: f64) -> f64 {
    let [one, other] = states;
    let dilution_km = dilution_km.filter(|dilution_km| *dilution_km > 0.0);
    let sigma_km =
        dilution_km.and_then(|dilution_km| socrates::assumed_sigma_km(one, other, dilution_km).ok());
    sigma_km.unwrap_or(radius_km)
}

fn assumed_covariance(state: &State<Gcrf>, sigma_km: f64) -> RtnCovariance {
    // One at rest has no direction in which it would be less certain.
    let round = |_| Matrix3::from_diagonal_element(sigma_km * sigma_km);
    let inertial_km2 = socrates::assumed_covariance_km2(state, sigma_km).unwrap_or_else(round);
    let axes = axes(state);
    let mut matrix = Matrix6::zeros();
    matrix.fixed_view_mut::<3, 3>(0, 0).copy_from(&(axes * inertial_km2 * axes.transpose()));
    rtn_covariance(&matrix, "assumed, not known")
}

/// A covariance along the axes of the orbit, in km and s, as messages write it.
fn rtn_covariance(matrix_km_s: &Matrix6<f64>, origin: &str) -> RtnCovariance {
    let m_s = matrix_km_s * (M_PER_KM * M_PER_KM);
    RtnCovariance {
        comments: vec![origin.to_owned()],
        cr_r_m2: m_s[(0, 0)],
        ct_r_m2: m_s[(1, 0)],
        ct_t_m2: m_s[(1, 1)],
        cn_r_m2: m_s[(2, 0)],
        cn_t_m2: m_s[(2, 1)],
        cn_n_m2: m_s[(2, 2)],
        crdot_r_m2_s: m_s[(3, 0)],
        crdot_t_m2_s: m_s[(3, 1)],
        crdot_n_m2_s: m_s[(3, 2)],
        crdot_rdot_m2_s2: m_s[(3, 3)],
        ctdot_r_m2_s: m_s[(4, 0)],
        ctdot_t_m2_s: m_s[(4, 1)],
        ctdot_n_m2_s: m_s[(4, 2)],
        ctdot_rdot_m2_s2: m_s[(4, 3)],
        ctdot_tdot_m2_s2: m_s[(4, 4)],
        cndot_r_m2_s: m_s[(5, 0)],
        cndot_t_m2_s: m_s[(5, 1)],
        cndot_n_m2_s: m_s[(5, 2)],
        cndot_rdot_m2_s2: m_s[(5, 3)],
        cndot_tdot_m2_s2: m_s[(5, 4)],
        cndot_ndot_m2_s2: m_s[(5, 5)],
        cdrg_r_m3_kg: None,
        cdrg_t_m3_kg: None,
        cdrg_n_m3_kg: None,
        cdrg_rdot_m3_kg_s: None,
        cdrg_tdot_m3_kg_s: None,
        cdrg_ndot_m3_kg_s: None,
        cdrg_drg_m4_kg2: None,
        csrp_r_m3_kg: None,
        csrp_t_m3_kg: None,
        csrp_n_m3_kg: None,
        csrp_rdot_m3_kg_s: None,
        csrp_tdot_m3_kg_s: None,
        csrp_ndot_m3_kg_s: None,
        csrp_drg_m4_kg2: None,
        csrp_srp_m4_kg2: None,
        cthr_r_m2_s2: None,
        cthr_t_m2_s2: None,
        cthr_n_m2_s2: None,
        cthr_rdot_m2_s3: None,
        cthr_tdot_m2_s3: None,
        cthr_ndot_m2_s3: None,
        cthr_drg_m3_kg_s2: None,
        cthr_srp_m3_kg_s2: None,
        cthr_thr_m2_s4: None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use astroshield_astro::probability::socrates::maximum_probability;
    use astroshield_formats::{CatalogNumber, HeaderDefaults, Message, Notation, Strictness};
    use astroshield_formats::{read_messages, write_messages};
    use nalgebra::Vector3;

    use super::*;
    use crate::alert::WatchedObject;
    use crate::assess;
    use crate::conjunction::{ConjunctionStatus, Solution};
    use crate::ids::{ConjunctionId, RunId, TenantId, WatchListId};
    use crate::screening::{RunKind, RunState};

    /// The conjunction of two states.
    pub(in crate::export) fn conjunction(states: &[State<Teme>; 2]) -> Conjunction {
        let at: Timestamp = "2026-01-02T03:04:05.123456Z".parse().unwrap();
        let maximum = maximum_probability(&states[0], &states[1], 0.011).unwrap();
        let (one, other) = (&states[0], &states[1]);
        let participant = |number, hard_body_radius_m| Participant {
            number: CatalogNumber::new(number).unwrap(),
            name: None,
            grade: Grade::Gp,
            epoch: Some(at),
            hard_body_radius_m,
        };
        Conjunction {
            id: ConjunctionId::first_seen(&TenantId::public(), [5, 7], Some(at)),
            tenant: TenantId::public(),
            objects: [participant(5, 10.0), participant(7, 1.0)],
            relation: false,
            status: ConjunctionStatus::Active,
            solution: Solution {
                tca: at,
                miss_distance_km: (other.position_km - one.position_km).norm(),
                miss_ric_km: (axes(one) * (other.position_km - one.position_km)).into(),
                relative_speed_km_s: (other.velocity_km_s - one.velocity_km_s).norm(),
                maximum_probability: maximum.probability,
                dilution_km: Some(maximum.sigma_minor_km),
                probability: None,
                method: ProbabilityMethod::Maximum,
                at_edge: false,
            },
            run: RunId::at(at),
            first_seen: at,
            last_seen: at,
        }
    }

    fn watched(object: u32, maneuverable: Option<bool>) -> WatchedObject {
        WatchedObject {
            object,
            hard_body_radius_m: None,
            maneuverable,
            min_probability: None,
            max_miss_distance_km: None,
        }
    }

    fn message() -> (Cdm, Solution) {
        message_beside(&[])
    }

    /// The message of a tenant with watch lists.
    fn message_beside(watch_lists: &[WatchList]) -> (Cdm, Solution) {
        message_of([None, None], None, watch_lists)
    }

    /// The message of objects with covariances, and a probability that is from them.
    fn message_of(
        covariances: [Option<Covariance<Rtn>>; 2],
        probability: Option<f64>,
        watch_lists: &[WatchList],
    ) -> (Cdm, Solution) {
        let states = [
            State::<Teme>::new(Vector3::new(7000.0, 0.0, 0.0), Vector3::new(0.1, 7.5, 0.0)),
            State::<Teme>::new(Vector3::new(7000.1, 0.0, 0.2), Vector3::new(0.0, 1.0, 7.4)),
        ];
        let mut conjunction = conjunction(&states);
        conjunction.solution.probability = probability;
        conjunction.solution.method =
            probability.map_or(ProbabilityMethod::Maximum, |_| ProbabilityMethod::TwoDimensional);
        let (at, solution) = (conjunction.first_seen, conjunction.solution.clone());
        let run = Run {
            id: RunId::at(at),
            tenant: TenantId::public(),
            kind: RunKind::Catalog,
            state: RunState::Completed,
            as_of: at,
            window_start: at,
            window_stop: at,
            threshold_km: 5.0,
            slices: 1,
            slices_done: 1,
            objects: 2,
            not_screened: 0,
            conjunctions: 1,
            started: at,
            finished: Some(at),
            problem: None,
            build: "test".to_owned(),
            trace: None,
        };
        let [first, second] = states;
        let side = |state, covariance| Side { international_designator: None, state, covariance };
        let sides = [side(first, covariances[0]), side(second, covariances[1])];
        (of(&conjunction, &run, &sides, watch_lists, "TEST", at).unwrap(), solution)
    }

    #[test]
    fn a_message_is_of_the_standard_and_says_that_its_covariance_is_assumed() {
        let (cdm, solution) = message();
        let defaults =
            HeaderDefaults { creation_date: cdm.header.creation_date, originator: "TEST".to_owned() };
        for notation in [Notation::Kvn, Notation::Xml] {
            let text = write_messages(&[Message::Cdm(Box::new(cdm.clone()))], notation, &defaults).unwrap();
            let document = read_messages(text.as_bytes(), "test", Strictness::Strict).unwrap();
            assert_eq!(document.messages, [Message::Cdm(Box::new(cdm.clone()))], "{notation}");
            assert!(text.contains("No covariance is known") && text.contains("DEFAULT"));
        }
        let told = assess::of_cdm(&cdm).unwrap();
        assert_eq!((told.objects.map(CatalogNumber::get), told.tca), ([5, 7], solution.tca));
        assert_eq!(cdm.combined_hard_body_radius_m(), Some(11.0));
    }

    #[test]
    fn a_message_says_whether_its_probability_is_from_the_covariances_in_it() {
        let known = Covariance::from_position(&Matrix3::from_diagonal_element(0.01)).unwrap();
        let said = |covariances, probability| {
            let (cdm, _) = message_of(covariances, probability, &[]);
            let methods =
                [&cdm.object1, &cdm.object2].map(|object| object.metadata.covariance_method.clone());
            let of_probability = cdm.relative.collision_probability_method.unwrap();
            (cdm.header.comments.join(" "), methods.join(" "), of_probability)
        };
        let (comments, methods, of_probability) = said([Some(known); 2], Some(1e-5));
        assert_eq!((comments.as_str(), methods.as_str()), ("", "CALCULATED CALCULATED"));
        assert_eq!(of_probability, "FOSTER-1992");
        let (comments, methods, of_probability) = said([Some(known); 2], None);
        assert!(comments.contains("the probability is not from them: it is the maximum"), "{comments}");
        assert_eq!(
            (methods.as_str(), of_probability.as_str()),
            ("CALCULATED CALCULATED", "MAXIMUM-ALFANO-2005")
        );
        let (comments, methods, _) = said([Some(known), None], None);
        assert!(
            comments.contains("No covariance is known for an object whose COVARIANCE_METHOD"),
            "{comments}"
        );
        assert_eq!(methods, "CALCULATED DEFAULT");
    }

    #[test]
    fn a_message_says_of_a_watched_object_whether_it_can_maneuver() {
        let list = |maneuverable: &[(u32, Option<bool>)]| WatchList {
            id: WatchListId::at(Timestamp::UNIX_EPOCH),
            tenant: TenantId::local(),
            name: "mine".to_owned(),
            objects: maneuverable
                .iter()
                .map(|&(object, maneuverable)| watched(object, maneuverable))
                .collect(),
            updated: Timestamp::UNIX_EPOCH,
        };
        let said = |lists: &[WatchList]| {
            let (cdm, _) = message_beside(lists);
            [cdm.object1, cdm.object2].map(|object| object.metadata.maneuverable)
        };
        assert_eq!(said(&[]), ["N/A", "N/A"]);
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(said(&[list(&[(5, yes), (6, yes)])]), ["YES", "N/A"]);
        assert_eq!(said(&[list(&[(5, no), (7, yes)])]), ["NO", "YES"]);
        assert_eq!(said(&[list(&[(5, None), (7, no)])]), ["N/A", "NO"], "nothing is stated of the first");
        assert_eq!(said(&[list(&[(7, yes)]), list(&[(7, no)])]), ["N/A", "YES"], "one list says so");
        assert_eq!(said(&[list(&[(7, None)]), list(&[(7, no)])]), ["N/A", "NO"], "the other says nothing");
    }

    #[test]
    fn the_probability_of_the_message_is_the_maximum_that_it_was_made_from() {
        let (cdm, solution) = message();
        let (probability, _) = assess::probability(&cdm).unwrap();
        // The maximum lays the miss along the major axis, where the probability is at least that of the true direction.
        assert!(probability <= solution.maximum_probability * 1.001, "{probability:e}");
        assert!(probability > solution.maximum_probability * 0.01, "{probability:e}");
    }
}
