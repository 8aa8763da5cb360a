//! Orbit ephemeris messages (CCSDS 502.0-B-3, section 5).

use hifitime::Epoch;

use crate::covariance::CartesianCovariance;
use crate::error::{Fault, WriteError};
use crate::field::{Emit, Section as _, emit, section, write_number};
use crate::header::Header;
use crate::kvn;
use crate::timestamp::{TimeSystem, Timestamp};

section! {
    /// Metadata of a segment of an OEM.
    pub struct OemMetadata (OemMetadataDraft) in "metadata" {
        /// Name of the object.
        object_name: String = "OBJECT_NAME",
        /// International designator, or what stands for it.
        object_id: String = "OBJECT_ID",
        /// Central body.
        center_name: String = "CENTER_NAME",
        /// Reference frame of the states.
        ref_frame: String = "REF_FRAME",
        /// Epoch of the reference frame, if it has one.
        ref_frame_epoch: Option<Timestamp> = "REF_FRAME_EPOCH",
        /// Time system of every time in the message but the creation date, which is UTC.
        time_system: TimeSystem = "TIME_SYSTEM",
        /// Start of the states.
        start_time: Timestamp = "START_TIME",
        /// Start of the span in which interpolation is good.
        useable_start_time: Option<Timestamp> = "USEABLE_START_TIME",
        /// End of the span in which interpolation is good.
        useable_stop_time: Option<Timestamp> = "USEABLE_STOP_TIME",
        /// End of the states.
        stop_time: Timestamp = "STOP_TIME",
        /// Recommended interpolation.
        interpolation: Option<String> = "INTERPOLATION",
        /// Degree of the interpolation.
        interpolation_degree: Option<u32> = "INTERPOLATION_DEGREE",
    }
}

section! {
    /// A state as XML spells it out.
    pub(crate) struct OemStateFields (OemStateFieldsDraft) in "stateVector" {
        /// Epoch.
        epoch: Timestamp = "EPOCH",
        /// Position x, in km.
        x_km: f64 = "X" ["km"],
        /// Position y, in km.
        y_km: f64 = "Y" ["km"],
        /// Position z, in km.
        z_km: f64 = "Z" ["km"],
        /// Velocity x, in km/s.
        x_dot_km_s: f64 = "X_DOT" ["km/s"],
        /// Velocity y, in km/s.
        y_dot_km_s: f64 = "Y_DOT" ["km/s"],
        /// Velocity z, in km/s.
        z_dot_km_s: f64 = "Z_DOT" ["km/s"],
        /// Acceleration x, in km/s².
        x_ddot_km_s2: Option<f64> = "X_DDOT" ["km/s**2"],
        /// Acceleration y, in km/s².
        y_ddot_km_s2: Option<f64> = "Y_DDOT" ["km/s**2"],
        /// Acceleration z, in km/s².
        z_ddot_km_s2: Option<f64> = "Z_DDOT" ["km/s**2"],
    }
}

/// A state of an ephemeris.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OemState {
    /// Epoch, in the time system of the message.
    pub epoch: Timestamp,
    /// Position in the frame of the segment, in km.
    pub position_km: [f64; 3],
    /// Velocity in the frame of the segment, in km/s.
    pub velocity_km_s: [f64; 3],
    /// Acceleration in the frame of the segment, in km/s².
    pub acceleration_km_s2: Option<[f64; 3]>,
}

/// A covariance of an ephemeris.
#[derive(Debug, Clone, PartialEq)]
pub struct OemCovariance {
    /// Epoch, in the time system of the message.
    pub epoch: Timestamp,
    /// Covariance of position and velocity.
    pub covariance: CartesianCovariance,
}

/// A part of an ephemeris that may be interpolated.
#[derive(Debug, Clone, PartialEq)]
pub struct OemSegment {
    /// Metadata.
    pub metadata: OemMetadata,
    /// Comments before and among the states.
    pub comments: Vec<String>,
    /// States, in the order of the message.
    pub states: Vec<OemState>,
    /// Covariances, in the order of the message.
    pub covariances: Vec<OemCovariance>,
}

impl OemSegment {
    /// Epochs of the states.
    ///
    /// # Errors
    /// [`Fault::TimeSystem`] if the time system has no conversion, [`Fault::NotATime`] if a reading does not exist.
    pub fn epochs(&self) -> Result<Vec<Epoch>, Fault> {
        self.states.iter().map(|state| state.epoch.to_epoch(&self.metadata.time_system)).collect()
    }
}

/// An orbit ephemeris message.
#[derive(Debug, Clone, PartialEq)]
pub struct Oem {
    /// Version of the standard (`CCSDS_OEM_VERS`).
    pub version: String,
    /// Header.
    pub header: Header,
    /// Segments, in the order of the message.
    pub segments: Vec<OemSegment>,
}

/// Passes the fields of a covariance on, after its epoch.
struct AfterEpoch<'a, E> {
    epoch: Option<&'a Timestamp>,
    out: &'a mut E,
}

impl<E: Emit> Emit for AfterEpoch<'_, E> {
    fn open(&mut self, tag: &str) {
        self.out.open(tag);
    }

    fn close(&mut self, tag: &str) {
        self.out.close(tag);
    }

    fn comment(&mut self, text: &str) -> Result<(), WriteError> {
        self.out.comment(text)
    }

    fn field(
        &mut self,
        key: &str,
        value: &str,
        unit: Option<&'static str>,
        numeric: bool,
    ) -> Result<(), WriteError> {
        if let Some(epoch) = self.epoch.take() {
            emit(epoch, "EPOCH", None, self.out)?;
        }
        self.out.field(key, value, unit, numeric)
    }
}

/// Collects the numbers of a covariance as the rows of KVN.
#[derive(Default)]
struct Rows {
    comments: Vec<String>,
    frame: Option<String>,
    numbers: Vec<String>,
}

impl Emit for Rows {
    fn open(&mut self, _: &str) {}

    fn close(&mut self, _: &str) {}

    fn comment(&mut self, text: &str) -> Result<(), WriteError> {
        self.comments.push(text.to_owned());
        Ok(())
    }

    fn field(
        &mut self,
        _: &str,
        value: &str,
        _: Option<&'static str>,
        numeric: bool,
    ) -> Result<(), WriteError> {
        if numeric {
            self.numbers.push(value.to_owned());
        } else {
            self.frame = Some(value.to_owned());
        }
        Ok(())
    }
}

impl Oem {
    /// Emits the segments as XML.
    pub(crate) fn emit_xml(&self, out: &mut impl Emit) -> Result<(), WriteError> {
        for OemSegment { metadata, comments, states, covariances } in &self.segments {
            out.open("segment");
            metadata.emit(out)?;
            out.open("data");
            for comment in comments {
                out.comment(comment)?;
            }
            for state in states {
                let [x_km, y_km, z_km] = state.position_km;
                let [x_dot_km_s, y_dot_km_s, z_dot_km_s] = state.velocity_km_s;
                let [x_ddot_km_s2, y_ddot_km_s2, z_ddot_km_s2] = match state.acceleration_km_s2 {
                    Some(acceleration) => acceleration.map(Some),
                    None => [None; 3],
                };
                let fields = OemStateFields {
                    comments: Vec::new(),
                    epoch: state.epoch,
                    x_km,
                    y_km,
                    z_km,
                    x_dot_km_s,
                    y_dot_km_s,
                    z_dot_km_s,
                    x_ddot_km_s2,
                    y_ddot_km_s2,
                    z_ddot_km_s2,
                };
                fields.emit(out)?;
            }
            for OemCovariance { epoch, covariance } in covariances {
                covariance.emit(&mut AfterEpoch { epoch: Some(epoch), out })?;
            }
            out.close("data");
            out.close("segment");
        }
        Ok(())
    }

    /// Writes the segments as KVN.
    pub(crate) fn write_kvn(&self, out: &mut kvn::Writer) -> Result<(), WriteError> {
        for OemSegment { metadata, comments, states, covariances } in &self.segments {
            out.out.push_str("\nMETA_START\n");
            metadata.emit(out)?;
            out.out.push_str("META_STOP\n\n");
            for comment in comments {
                out.comment(comment)?;
            }
            for state in states {
                out.out.push_str(&state.epoch.to_string());
                let acceleration = state.acceleration_km_s2.iter().flatten();
                for number in state.position_km.iter().chain(&state.velocity_km_s).chain(acceleration) {
                    out.out.push(' ');
                    write_number(*number, &mut out.out);
                }
                out.out.push('\n');
            }
            if !covariances.is_empty() {
                out.out.push_str("\nCOVARIANCE_START\n");
                for OemCovariance { epoch, covariance } in covariances {
                    let mut rows = Rows::default();
                    covariance.emit(&mut rows)?;
                    for comment in &rows.comments {
                        out.comment(comment)?;
                    }
                    emit(epoch, "EPOCH", None, out)?;
                    if let Some(frame) = &rows.frame {
                        out.field("COV_REF_FRAME", frame, None, false)?;
                    }
                    let mut numbers = rows.numbers.as_slice();
                    for length in 1..=6 {
                        let Some((row, rest)) = numbers.split_at_checked(length) else { break };
                        out.out.push_str(&row.join(" "));
                        out.out.push('\n');
                        numbers = rest;
                    }
                }
                out.out.push_str("COVARIANCE_STOP\n");
            }
        }
        Ok(())
    }
}
