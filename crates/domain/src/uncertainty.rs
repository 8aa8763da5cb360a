//! How uncertain an operator's ephemeris is: the covariances of an OEM, at any time between two of them.

use astroshield_astro::Epoch;
use astroshield_astro::probability::{Covariance, CovarianceError, Rtn};
use astroshield_astro::screening::{Instant, Trajectory};
use astroshield_astro::state::{State, Teme};
use astroshield_formats::{Fault, Oem, OemCovariance, OemSegment};
use nalgebra::{Matrix3, Matrix6};

use crate::daily::OrientationOfWindow;
use crate::trajectory::{self, OemError};

/// Between two covariances that are further apart than this, in s, nothing is known: about a tenth of a revolution of the lowest
/// orbits.
///
/// Variances along radial and in-track rise and fall with the rate n of the orbit, and with 2 n. An error dv of the velocity
/// in-track makes that along radial (2 dv/n)^2 (1 - cos n t)^2: at a quarter and at three quarters of a revolution (2 dv/n)^2,
/// and four times that in the middle, of which a line between the two knows nothing.
const LONGEST_GAP_S: f64 = 10.0 * 60.0;

/// Position is singular where an eigenvalue of its covariance, scaled to unit variances, is not above this: rounding.
const ROUNDING: f64 = 1e-12;

/// Why covariances of an OEM are not used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum UncertaintyError {
    /// A time that is none.
    #[error(transparent)]
    Time(#[from] Fault),
    /// Not one after the other.
    #[error("the covariance of {epoch} does not come after the one before it")]
    Order {
        /// Its time.
        epoch: Epoch,
    },
    /// A frame that is not known here.
    #[error("COV_REF_FRAME {frame} is not one of RTN, RSW, TNW, {}", trajectory::FRAMES)]
    Frame {
        /// What it says.
        frame: String,
    },
    /// A covariance that is none.
    #[error("the covariance of {epoch}: {error}")]
    Covariance {
        /// Its time.
        epoch: Epoch,
        /// What is wrong with it.
        error: CovarianceError,
    },
    /// One that says that the position is known exactly, in some direction: zeros that hold a place, for one.
    #[error("the covariance of {epoch}: its block of position is not positive definite")]
    Position {
        /// Its time.
        epoch: Epoch,
    },
}

/// Covariances of an ephemeris, segment by segment in the order of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Uncertainty {
    segments: Vec<Vec<Known>>,
}

/// A covariance along the axes of the orbit, as the entries of its lower triangle (km^2, km^2/s, km^2/s^2): an ephemeris may
/// have thousands, which stay in memory while a run goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Known {
    epoch: Epoch,
    entries: [f64; 21],
}

impl Known {
    fn new(epoch: Epoch, covariance: &Covariance<Rtn>) -> Self {
        let places = (0..6).flat_map(|row| (0..=row).map(move |column| (row, column)));
        let mut entries = [0.0; 21];
        for (entry, place) in entries.iter_mut().zip(places) {
            *entry = covariance.matrix()[place];
        }
        Self { epoch, entries }
    }
}

impl Uncertainty {
    /// The covariances of an OEM whose motion is this. Those outside of the useable states of their segment are
    /// left out.
    ///
    /// They are turned to the axes of the orbit, as whose components they change least from one time to the next.
    pub(crate) fn of_oem(
        oem: &Oem,
        motion: &Trajectory,
        orientation: Option<&OrientationOfWindow>,
    ) -> Result<Self, UncertaintyError> {
        let segments = oem.segments.iter().map(|one| segment(one, motion, orientation));
        Ok(Self { segments: segments.collect::<Result<_, _>>()? })
    }

    /// The covariance at a time: (1 - w) C0 + w C1 of those before and after it, each along the axes of the orbit of its time, w
    /// the part of the time between them that has passed. So it is a covariance where they are. Nothing outside of them, and
    /// where they are more than 10 min apart.
    pub(crate) fn at(&self, epoch: Epoch) -> Option<Covariance<Rtn>> {
        self.segments.iter().find_map(|covariances| {
            let after = covariances.partition_point(|known| known.epoch < epoch);
            let after_it = covariances.get(after)?;
            if after_it.epoch == epoch {
                return Covariance::from_lower_triangle(&after_it.entries).ok();
            }
            let before_it = covariances.get(after.checked_sub(1)?)?;
            let gap_s = (after_it.epoch - before_it.epoch).to_seconds();
            if gap_s > LONGEST_GAP_S {
                return None;
            }
            let weight = (epoch - before_it.epoch).to_seconds() / gap_s;
            let mut between = before_it.entries;
            for (entry, after) in between.iter_mut().zip(&after_it.entries) {
                *entry = *entry * (1.0 - weight) + after * weight;
            }
            Covariance::from_lower_triangle(&between).ok()
        })
    }
}

fn segment(
    segment: &OemSegment,
    motion: &Trajectory,
    orientation: Option<&OrientationOfWindow>,
) -> Result<Vec<Known>, UncertaintyError> {
    let metadata = &segment.metadata;
    // Whose states are no motion has no covariances, either: that is told of the states.
    let Ok(Some((first, last))) = trajectory::span_of(segment) else { return Ok(Vec::new()) };
    let mut covariances: Vec<Known> = Vec::new();
    for OemCovariance { epoch, covariance } in &segment.covariances {
        let epoch = epoch.to_epoch(&metadata.time_system)?;
        if covariances.last().is_some_and(|before| before.epoch >= epoch) {
            return Err(UncertaintyError::Order { epoch });
        }
        if epoch < first || epoch > last {
            continue;
        }
        let state = Instant::from_epoch(epoch).and_then(|instant| motion.state(instant, 0.0).ok());
        let Some(state) = state else { continue };
        let entries_km_s = covariance.matrix_km_s();
        let matrix = Matrix6::from_fn(|row, column| entries_km_s[row][column]);
        let frame = covariance.ref_frame.as_ref().unwrap_or(&metadata.ref_frame);
        let refused = |error| UncertaintyError::Covariance { epoch, error };
        // Refused as it was given: turned, a negative variance could hide.
        let given = Covariance::<Rtn>::new(matrix).map_err(refused)?;
        if !is_positive_definite(&given.position_km2()) {
            return Err(UncertaintyError::Position { epoch });
        }
        let in_orbit = match frame.to_ascii_uppercase().as_str() {
            // Two names of the same axes (CCSDS 502.0-B-2, annex A).
            "RTN" | "RSW" => given,
            "TNW" => in_rtn(&along_velocity(&state), given.matrix(), &state).map_err(refused)?,
            _ => match trajectory::to_teme(epoch, frame, orientation) {
                Ok(turn) => in_rtn(&turn, given.matrix(), &state).map_err(refused)?,
                Err(OemError::Time(fault)) => return Err(fault.into()),
                Err(_) => return Err(UncertaintyError::Frame { frame: frame.clone() }),
            },
        };
        covariances.push(Known::new(epoch, &in_orbit));
    }
    Ok(covariances)
}

/// Whether no direction is without an error, scaled so that large and small variances count alike.
fn is_positive_definite(position_km2: &Matrix3<f64>) -> bool {
    let sigmas_km = position_km2.diagonal().map(f64::sqrt);
    let scaled = position_km2.component_div(&(sigmas_km * sigmas_km.transpose()));
    // A variance of zero makes it no number, which has no factors.
    (scaled - Matrix3::identity() * ROUNDING).cholesky().is_some()
}

/// A covariance along the axes of the orbit; `turn` makes its axes those of TEME.
fn in_rtn(
    turn: &Matrix6<f64>,
    matrix: &Matrix6<f64>,
    state: &State<Teme>,
) -> Result<Covariance<Rtn>, CovarianceError> {
    let turned = turn * matrix * turn.transpose();
    Covariance::<Teme>::new((turned + turned.transpose()) * 0.5)?.to_rtn(state)
}

/// The axes of TNW in TEME: along the velocity, W along the angular momentum, N = W x T (CCSDS 502.0-B-2, annex A).
fn along_velocity(state: &State<Teme>) -> Matrix6<f64> {
    let along = state.velocity_km_s.normalize();
    let momentum = state.position_km.cross(&state.velocity_km_s).normalize();
    let axes = Matrix3::from_columns(&[along, momentum.cross(&along), momentum]);
    let mut turn = Matrix6::zeros();
    turn.fixed_view_mut::<3, 3>(0, 0).copy_from(&axes);
    turn.fixed_view_mut::<3, 3>(3, 3).copy_from(&axes);
    turn
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use astroshield_formats::{Message, Strictness, read_messages};
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::time;

    const START: &str = "2026-07-20T12:00:00Z";

    fn at(minutes: i64) -> Timestamp {
        START.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
    }

    fn reading(minutes: i64) -> String {
        at(minutes).to_string().trim_end_matches('Z').to_owned()
    }

    /// Position of a circular orbit over the poles, and its velocity.
    fn state(minutes: i64) -> ([f64; 3], [f64; 3]) {
        const RATE_RAD_S: f64 = 1e-3;
        let seconds = 60.0 * f64::from(i32::try_from(minutes).unwrap());
        let (sine, cosine) = (RATE_RAD_S * seconds).sin_cos();
        ([7000.0 * cosine, 0.0, 7000.0 * sine], [-7.0 * sine, 0.0, 7.0 * cosine])
    }

    /// A covariance of an OEM: the minute, the frame unless it is that of the states, and position in km^2.
    type Given<'a> = (i64, Option<&'a str>, [[f64; 3]; 3]);

    /// What an OEM of 100 minutes says whose states are in a frame.
    fn uncertainty(frame: &str, covariances: &[Given<'_>]) -> Result<Uncertainty, UncertaintyError> {
        of_segments(&[segment_of(frame, [0, 100], 100, covariances)])
    }

    /// A segment between two minutes, useable up to another.
    fn segment_of(frame: &str, [from, to]: [i64; 2], useable: i64, covariances: &[Given<'_>]) -> String {
        let mut text = format!(
            "META_START\nOBJECT_NAME = A\nOBJECT_ID = 2026-001A\nCENTER_NAME = EARTH\nREF_FRAME = {frame}\nTIME_SYSTEM = \
             UTC\nSTART_TIME = {start}\nUSEABLE_START_TIME = {start}\nUSEABLE_STOP_TIME = {useable}\nSTOP_TIME = \
             {stop}\nMETA_STOP\n",
            start = reading(from),
            useable = reading(useable),
            stop = reading(to),
        );
        for minutes in from..=to {
            let ([x, y, z], [vx, vy, vz]) = state(minutes);
            writeln!(text, "{} {x} {y} {z} {vx} {vy} {vz}", reading(minutes)).unwrap();
        }
        text.push_str("COVARIANCE_START\n");
        for (minutes, frame, position) in covariances {
            writeln!(text, "EPOCH = {}", reading(*minutes)).unwrap();
            if let Some(frame) = frame {
                writeln!(text, "COV_REF_FRAME = {frame}").unwrap();
            }
            for row in 0..6 {
                let entry = |column: usize| position.get(row).map_or(0.0, |of_row| of_row[column]);
                let entries: Vec<String> = (0..=row).map(|column| entry(column).to_string()).collect();
                writeln!(text, "{}", entries.join(" ")).unwrap();
            }
        }
        text.push_str("COVARIANCE_STOP\n");
        text
    }

    fn of_segments(segments: &[String]) -> Result<Uncertainty, UncertaintyError> {
        let start = reading(0);
        let header = format!("CCSDS_OEM_VERS = 2.0\nCREATION_DATE = {start}\nORIGINATOR = TEST\n");
        let text = header + &segments.concat();
        let document = read_messages(text.as_bytes(), "test", Strictness::Strict).unwrap();
        let Some(Message::Oem(oem)) = document.messages.into_iter().next() else { panic!("{text}") };
        let motion = trajectory::of_oem(&oem, None).unwrap();
        Uncertainty::of_oem(&oem, &motion, None)
    }

    fn diagonal(variance_km2: f64) -> [[f64; 3]; 3] {
        [[variance_km2, 0.0, 0.0], [0.0, variance_km2, 0.0], [0.0, 0.0, variance_km2]]
    }

    /// The position along radial, transverse and normal.
    #[track_caller]
    fn position(uncertainty: &Uncertainty, minutes: i64) -> Matrix3<f64> {
        uncertainty.at(time::to_epoch(at(minutes))).unwrap().position_km2()
    }

    #[test]
    fn between_two_covariances_it_changes_in_proportion_and_elsewhere_it_is_not_known() {
        let rtn = Some("RTN");
        let given = [(10, rtn, diagonal(1.0)), (20, rtn, diagonal(4.0)), (31, rtn, diagonal(9.0))];
        let uncertainty = uncertainty("TEME", &given).unwrap();
        for (minutes, expected) in [(10, 1.0), (12, 1.6), (18, 3.4), (20, 4.0), (31, 9.0)] {
            let apart = position(&uncertainty, minutes) - Matrix3::identity() * expected;
            assert!(apart.norm() < 1e-12, "{minutes}: {apart}");
        }
        // Before the first, after the last, and between two that are 11 minutes apart.
        for minutes in [9, 32, 21, 30] {
            assert_eq!(uncertainty.at(time::to_epoch(at(minutes))), None, "{minutes}");
        }
    }

    #[test]
    fn only_covariances_inside_the_useable_states_of_their_own_segment_are_known() {
        let rtn = Some("RTN");
        let given = [(40, rtn, diagonal(1.0)), (50, rtn, diagonal(4.0)), (56, rtn, diagonal(9.0))];
        // From the 50th minute on, the motion is that of the second segment.
        let segments = [segment_of("TEME", [0, 60], 50, &given), segment_of("TEME", [50, 100], 100, &[])];
        let uncertainty = of_segments(&segments).unwrap();
        let known = |minutes| uncertainty.at(time::to_epoch(at(minutes))).is_some();
        assert_eq!([40, 45, 50, 53, 56].map(known), [true, true, true, false, false]);
    }

    #[test]
    fn axes_of_every_frame_become_those_of_the_orbit() {
        // Radial is -N of TNW where the orbit is a circle, and transverse is T.
        let tnw = [[4.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 9.0]];
        let expected = Matrix3::new(1.0, -0.5, 0.0, -0.5, 4.0, 0.0, 0.0, 0.0, 9.0);
        let given = [(30, Some("TNW"), tnw)];
        let apart = position(&uncertainty("TEME", &given).unwrap(), 30) - expected;
        // States are interpolated to some micrometers.
        assert!(apart.norm() < 1e-8, "{apart}");
        // In whatever frame the states are: what is along the position is radial.
        for frame in ["TEME", "EME2000", "GCRF", "ICRF", "ITRF2000"] {
            let along = state(30).0.map(|part| part / 7000.0);
            let along_position = along.map(|row| along.map(|column| row * column * 0.01));
            let given =
                Matrix3::from_fn(|row, column| along_position[row][column]) + Matrix3::identity() * 1e-4;
            let given = [0, 1, 2].map(|row| [0, 1, 2].map(|column| given[(row, column)]));
            let found = position(&uncertainty(frame, &[(30, None, given)]).unwrap(), 30);
            let apart = found - Matrix3::from_diagonal(&nalgebra::Vector3::new(0.0101, 1e-4, 1e-4));
            assert!(apart.norm() < 1e-9, "{frame}: {found}");
        }
    }

    #[test]
    fn what_is_no_covariance_is_refused_with_its_place() {
        let refused = |given: &[_]| uncertainty("TEME", given).unwrap_err().to_string();
        let text = refused(&[(10, None, diagonal(1.0)), (20, Some("LVLH"), diagonal(1.0))]);
        assert!(text.starts_with("COV_REF_FRAME LVLH is not one of RTN"), "{text}");
        let text = refused(&[(20, None, diagonal(1.0)), (10, None, diagonal(1.0))]);
        assert!(text.starts_with("the covariance of 2026-07-20T12:10:00"), "{text}");
        let mut wrong = diagonal(1.0);
        wrong[1][1] = -1.0;
        for frame in [None, Some("RTN"), Some("TNW")] {
            let text = refused(&[(10, frame, wrong)]);
            assert!(text.contains("variance of component 1 is negative: -1"), "{text}");
        }
    }

    #[test]
    fn a_position_that_would_be_known_exactly_in_some_direction_is_refused() {
        let in_a_plane = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]];
        // Of standard deviations 1 km, 2 km and 10 m, the first two at a correlation of 1, and beyond.
        let [on_a_line, beyond] =
            [2.0, 2.1].map(|joint| [[1.0, joint, 0.0], [joint, 4.0, 0.0], [0.0, 0.0, 1e-4]]);
        for position in [diagonal(0.0), in_a_plane, on_a_line, beyond] {
            for frame in [None, Some("RTN"), Some("TNW")] {
                let text = uncertainty("TEME", &[(10, frame, position)]).unwrap_err().to_string();
                assert!(text.starts_with("the covariance of 2026-07-20T12:10:00"), "{text}");
                assert!(text.ends_with("its block of position is not positive definite"), "{text}");
            }
        }
        // 10 km along the motion and 1 m across it are far apart, and both known.
        let mut slender = diagonal(1e-6);
        slender[1][1] = 100.0;
        assert!(uncertainty("TEME", &[(10, Some("RTN"), slender)]).is_ok());
        assert!(uncertainty("TEME", &[(10, Some("TNW"), slender)]).is_ok());
    }
}
