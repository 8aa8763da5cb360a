//! How uncertain an operator's ephemeris is: the covariances of an OEM, at any time between two of them.

use astroshield_astro::Epoch;
use astroshield_astro::probability::{Covariance, CovarianceError, Rtn};
use astroshield_astro::screening::{Instant, Trajectory};
use astroshield_astro::state::{State, Teme};
use astroshield_formats::{Fault, Oem, OemCovariance, OemSegment};
use nalgebra::{Matrix3, Matrix6};

use crate::daily::OrientationOfWindow;
use crate::trajectory::{self, OemError};

/// Between two covariances that are further apart than this, in s, nothing is known: half a revolution of the lowest orbits, in
/// which errors along radial and in-track rise and fall.
const LONGEST_GAP_S: f64 = 45.0 * 60.0;

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
    #[error("COV_REF_FRAME {frame} is not one of RTN, RSW, TNW, TEME, EME2000, GCRF, ITRF")]
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
}

/// Covariances of an ephemeris, segment by segment in the order of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Uncertainty {
    segments: Vec<Vec<(Epoch, Covariance<Rtn>)>>,
}

impl Uncertainty {
    /// The covariances of an OEM whose motion is this. Those of a time at which there is no state are left out.
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
    /// where they are more than 45 min apart.
    pub(crate) fn at(&self, epoch: Epoch) -> Option<Covariance<Rtn>> {
        self.segments.iter().find_map(|covariances| {
            let after = covariances.partition_point(|(time, _)| *time < epoch);
            let (time_after, covariance_after) = covariances.get(after)?;
            if *time_after == epoch {
                return Some(*covariance_after);
            }
            let (time_before, covariance_before) = covariances.get(after.checked_sub(1)?)?;
            let gap_s = (*time_after - *time_before).to_seconds();
            if gap_s > LONGEST_GAP_S {
                return None;
            }
            let weight = (epoch - *time_before).to_seconds() / gap_s;
            let between = covariance_before.matrix() * (1.0 - weight) + covariance_after.matrix() * weight;
            Covariance::new(between).ok()
        })
    }
}

fn segment(
    segment: &OemSegment,
    motion: &Trajectory,
    orientation: Option<&OrientationOfWindow>,
) -> Result<Vec<(Epoch, Covariance<Rtn>)>, UncertaintyError> {
    let metadata = &segment.metadata;
    let mut covariances: Vec<(Epoch, Covariance<Rtn>)> = Vec::new();
    for OemCovariance { epoch, covariance } in &segment.covariances {
        let epoch = epoch.to_epoch(&metadata.time_system)?;
        if covariances.last().is_some_and(|(before, _)| *before >= epoch) {
            return Err(UncertaintyError::Order { epoch });
        }
        let state = Instant::from_epoch(epoch).and_then(|instant| motion.state(instant, 0.0).ok());
        let Some(state) = state else { continue };
        let entries_km_s = covariance.matrix_km_s();
        let matrix = Matrix6::from_fn(|row, column| entries_km_s[row][column]);
        let frame = covariance.ref_frame.as_ref().unwrap_or(&metadata.ref_frame);
        let refused = |error| UncertaintyError::Covariance { epoch, error };
        let in_orbit = match frame.to_ascii_uppercase().as_str() {
            // Two names of the same axes (CCSDS 502.0-B-2, annex A).
            "RTN" | "RSW" => Covariance::new(matrix).map_err(refused)?,
            "TNW" => in_rtn(&along_velocity(&state), &matrix, &state).map_err(refused)?,
            _ => match trajectory::to_teme(epoch, frame, orientation) {
                Ok(turn) => in_rtn(&turn, &matrix, &state).map_err(refused)?,
                Err(OemError::Time(fault)) => return Err(fault.into()),
                Err(_) => return Err(UncertaintyError::Frame { frame: frame.clone() }),
            },
        };
        covariances.push((epoch, in_orbit));
    }
    Ok(covariances)
}

/// A covariance along the axes of the orbit; `turn` makes its axes those of TEME.
fn in_rtn(
    turn: &Matrix6<f64>,
    matrix: &Matrix6<f64>,
    state: &State<Teme>,
) -> Result<Covariance<Rtn>, CovarianceError> {
    // A negative variance is refused as it was given: turned, it could hide.
    Covariance::<Teme>::new(*matrix)?;
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
        let mut text = format!(
            "CCSDS_OEM_VERS = 2.0\nCREATION_DATE = {start}\nORIGINATOR = TEST\nMETA_START\nOBJECT_NAME = A\nOBJECT_ID = \
             2026-001A\nCENTER_NAME = EARTH\nREF_FRAME = {frame}\nTIME_SYSTEM = UTC\nSTART_TIME = {start}\nSTOP_TIME = \
             {stop}\nMETA_STOP\n",
            start = reading(0),
            stop = reading(100),
        );
        for minutes in 0..=100 {
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
        let given = [(10, rtn, diagonal(1.0)), (50, rtn, diagonal(4.0)), (96, rtn, diagonal(9.0))];
        let uncertainty = uncertainty("TEME", &given).unwrap();
        for (minutes, expected) in [(10, 1.0), (20, 1.75), (40, 3.25), (50, 4.0), (96, 9.0)] {
            let apart = position(&uncertainty, minutes) - Matrix3::identity() * expected;
            assert!(apart.norm() < 1e-12, "{minutes}: {apart}");
        }
        // Before the first, after the last, and between two that are 46 minutes apart.
        for minutes in [9, 97, 51, 95] {
            assert_eq!(uncertainty.at(time::to_epoch(at(minutes))), None, "{minutes}");
        }
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
        // In whatever frame the states are: one part in a hundred of an error along the position is radial.
        for frame in ["TEME", "EME2000", "GCRF", "ITRF2000"] {
            let along = state(30).0.map(|part| part / 7000.0);
            let given = [(30, None, along.map(|row| along.map(|column| row * column * 0.01)))];
            let found = position(&uncertainty(frame, &given).unwrap(), 30);
            let apart = found - Matrix3::from_diagonal(&nalgebra::Vector3::new(0.01, 0.0, 0.0));
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
}
