//! Orbit ephemeris messages that are being read.

use crate::assemble::{Assemble, Message, unknown_keyword};
use crate::covariance::CartesianCovarianceDraft;
use crate::error::{Fault, Located, Location, excerpt};
use crate::field::{Field, SectionDraft as _, put, read_number};
use crate::header::HeaderDraft;
use crate::oem::{Oem, OemCovariance, OemMetadataDraft, OemSegment, OemState, OemStateFieldsDraft};
use crate::timestamp::Timestamp;

/// Names of the numbers in a row of KVN.
const STATE_COLUMNS: [&str; 9] = ["X", "Y", "Z", "X_DOT", "Y_DOT", "Z_DOT", "X_DDOT", "Y_DDOT", "Z_DDOT"];

/// Keywords of a covariance in the order of the rows of KVN.
const COVARIANCE_KEYS: [&str; 21] = [
    "CX_X",
    "CY_X",
    "CY_Y",
    "CZ_X",
    "CZ_Y",
    "CZ_Z",
    "CX_DOT_X",
    "CX_DOT_Y",
    "CX_DOT_Z",
    "CX_DOT_X_DOT",
    "CY_DOT_X",
    "CY_DOT_Y",
    "CY_DOT_Z",
    "CY_DOT_X_DOT",
    "CY_DOT_Y_DOT",
    "CZ_DOT_X",
    "CZ_DOT_Y",
    "CZ_DOT_Z",
    "CZ_DOT_X_DOT",
    "CZ_DOT_Y_DOT",
    "CZ_DOT_Z_DOT",
];

/// Where the reading of a KVN message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Header,
    Metadata,
    States,
    Covariances,
}

#[derive(Debug, Default)]
struct CovarianceDraft {
    location: Location,
    epoch: Option<Timestamp>,
    covariance: CartesianCovarianceDraft,
    /// Numbers read from rows.
    numbers: usize,
}

#[derive(Debug, Default)]
struct SegmentDraft {
    location: Location,
    metadata: OemMetadataDraft,
    comments: Vec<String>,
    states: Vec<OemState>,
    state: OemStateFieldsDraft,
    covariances: Vec<CovarianceDraft>,
}

/// A message that is being read.
#[derive(Debug)]
pub(crate) struct OemDraft {
    location: Location,
    version: String,
    header: HeaderDraft,
    segments: Vec<SegmentDraft>,
    part: Part,
    pending: Vec<String>,
}

impl OemDraft {
    pub(crate) fn new(version: &str, location: Location) -> Self {
        Self {
            location,
            version: version.to_owned(),
            header: HeaderDraft::default(),
            segments: Vec::new(),
            part: Part::Header,
            pending: Vec::new(),
        }
    }

    /// A line of KVN that opens or closes a block.
    fn marker(&mut self, text: &str, location: Location) -> Option<Result<(), Located>> {
        let (before, after): (&[Part], Part) = match text {
            "META_START" => (&[Part::Header, Part::States], Part::Metadata),
            "META_STOP" => (&[Part::Metadata], Part::States),
            "COVARIANCE_START" => (&[Part::States], Part::Covariances),
            "COVARIANCE_STOP" => (&[Part::Covariances], Part::States),
            _ => return None,
        };
        if !before.contains(&self.part) {
            return Some(Err(Fault::Unexpected(text.to_owned()).on(location)));
        }
        let complete = self.end_covariance(location);
        match after {
            Part::Metadata => {
                self.flush_comments();
                self.segments.push(SegmentDraft { location, ..SegmentDraft::default() });
            }
            Part::Covariances => self.flush_comments(),
            _ => {}
        }
        self.part = after;
        Some(complete)
    }

    /// All segments of a message have the same time system.
    fn check_time_system(&self) -> Result<(), Fault> {
        let mut systems = self.segments.iter().map(|segment| segment.metadata.time_system.as_ref());
        match (systems.next(), systems.next_back()) {
            (Some(Some(first)), Some(Some(last))) if first != last => {
                Err(Fault::Inconsistent(first.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Comments that no field has taken belong to the states of the segment.
    fn flush_comments(&mut self) {
        if let Some(segment) = self.segments.last_mut() {
            segment.comments.append(&mut self.pending);
        }
    }

    /// Checks that the covariance before has all its rows.
    fn end_covariance(&self, location: Location) -> Result<(), Located> {
        let last = self.segments.last().and_then(|segment| segment.covariances.last());
        match last {
            Some(covariance) if self.part == Part::Covariances && covariance.numbers < 21 => {
                Err(Fault::Unexpected("end of a covariance with fewer than 6 rows".to_owned()).on(location))
            }
            _ => Ok(()),
        }
    }

    fn state_row(&mut self, text: &str, location: Location) -> Result<(), Located> {
        self.flush_comments();
        let mut parts = text.split_ascii_whitespace();
        let epoch = parts.next().unwrap_or("").parse().map_err(|fault: Fault| fault.at(location, "EPOCH"))?;
        let mut numbers = [0.0; 9];
        let mut count = 0;
        for part in parts {
            if let (Some(number), Some(column)) = (numbers.get_mut(count), STATE_COLUMNS.get(count)) {
                *number = read_number(part).map_err(|fault| fault.at(location, column))?;
            }
            count += 1;
        }
        if count != 6 && count != 9 {
            return Err(Fault::RowLength { expected: "6 or 9 after the epoch", found: count }.on(location));
        }
        let [x, y, z, vx, vy, vz, ax, ay, az] = numbers;
        if let Some(segment) = self.segments.last_mut() {
            segment.states.push(OemState {
                epoch,
                position_km: [x, y, z],
                velocity_km_s: [vx, vy, vz],
                acceleration_km_s2: (count == 9).then_some([ax, ay, az]),
            });
        }
        Ok(())
    }

    fn covariance_row(&mut self, text: &str, location: Location) -> Result<(), Located> {
        const EXPECTED: [&str; 6] = ["1", "2", "3", "4", "5", "6"];
        let covariances = self.segments.last_mut().map(|segment| &mut segment.covariances);
        let Some(covariance) = covariances.and_then(|covariances| covariances.last_mut()) else {
            return Err(Fault::Missing.at(location, "EPOCH"));
        };
        let row = (0..6).find(|row| row * (row + 1) / 2 == covariance.numbers);
        let Some(row) = row.filter(|row| *row < 6) else {
            return Err(Fault::Unexpected("seventh row of a covariance".to_owned()).on(location));
        };
        let found = text.split_ascii_whitespace().count();
        if found != row + 1 {
            return Err(Fault::RowLength { expected: EXPECTED[row], found }.on(location));
        }
        for value in text.split_ascii_whitespace() {
            let key = COVARIANCE_KEYS[covariance.numbers];
            let field = Field { key, value, unit: None, container: "" };
            covariance
                .covariance
                .offer(&field, &mut self.pending)
                .map_err(|fault| fault.at(location, key))?;
            covariance.numbers += 1;
        }
        Ok(())
    }

    /// A field of the part of KVN that is being read.
    fn kvn_field(&mut self, field: &Field<'_>, location: Location) -> Result<bool, Fault> {
        let pending = &mut self.pending;
        match (self.part, self.segments.last_mut()) {
            (Part::Header, _) => self.header.offer(field, pending),
            (Part::Metadata, Some(segment)) => segment.metadata.offer(field, pending),
            (Part::Covariances, Some(_)) if field.key == "EPOCH" => {
                self.end_covariance(location).map_err(|located| located.fault)?;
                let covariance = CovarianceDraft {
                    location,
                    epoch: Some(field.value.parse()?),
                    covariance: CartesianCovarianceDraft {
                        comments: std::mem::take(&mut self.pending),
                        ..CartesianCovarianceDraft::default()
                    },
                    numbers: 0,
                };
                if let Some(segment) = self.segments.last_mut() {
                    segment.covariances.push(covariance);
                }
                Ok(true)
            }
            (Part::Covariances, Some(segment)) if field.key == "COV_REF_FRAME" => {
                match segment.covariances.last_mut() {
                    Some(covariance) if covariance.numbers == 0 => {
                        covariance.covariance.offer(field, pending)
                    }
                    _ => Ok(false),
                }
            }
            _ => Ok(false),
        }
    }

    /// A field inside the element of XML that names its block.
    fn xml_field(&mut self, field: &Field<'_>) -> Result<bool, Fault> {
        let pending = &mut self.pending;
        if field.container == "header" {
            return self.header.offer(field, pending);
        }
        let Some(segment) = self.segments.last_mut() else { return Ok(false) };
        match field.container {
            "metadata" => segment.metadata.offer(field, pending),
            "stateVector" => {
                segment.comments.append(pending);
                segment.state.offer(field, pending)
            }
            "covarianceMatrix" => {
                let Some(covariance) = segment.covariances.last_mut() else { return Ok(false) };
                if field.key == "EPOCH" {
                    covariance.covariance.comments.append(pending);
                    put(&mut covariance.epoch, field, None)?;
                    return Ok(true);
                }
                covariance.covariance.offer(field, pending)
            }
            _ => Ok(false),
        }
    }
}

impl Assemble for OemDraft {
    fn field(&mut self, field: &Field<'_>, location: Location) -> Result<(), Fault> {
        let known = if field.container.is_empty() {
            self.kvn_field(field, location)?
        } else {
            self.xml_field(field)?
        };
        if field.key == "TIME_SYSTEM" {
            self.check_time_system()?;
        }
        unknown_keyword(known)
    }

    fn comment(&mut self, text: String) {
        self.pending.push(text);
    }

    fn row(&mut self, text: &str, location: Location) -> Result<(), Located> {
        if let Some(result) = self.marker(text, location) {
            return result;
        }
        match self.part {
            Part::States => self.state_row(text, location),
            Part::Covariances => self.covariance_row(text, location),
            Part::Header | Part::Metadata => {
                Err(Fault::Unexpected(format!("line {:?}", excerpt(text))).on(location))
            }
        }
    }

    fn open(&mut self, tag: &str, location: Location) {
        match (tag, self.segments.last_mut()) {
            ("segment", _) => self.segments.push(SegmentDraft { location, ..SegmentDraft::default() }),
            ("covarianceMatrix", Some(segment)) => {
                segment.covariances.push(CovarianceDraft { location, ..CovarianceDraft::default() });
            }
            _ => {}
        }
    }

    fn close(&mut self, tag: &str, location: Location) -> Result<(), Located> {
        match tag {
            "data" => self.flush_comments(),
            "stateVector" => {
                let Some(segment) = self.segments.last_mut() else { return Ok(()) };
                let fields = std::mem::take(&mut segment.state);
                let fields = fields.finish().map_err(|key| Fault::Missing.at(location, key))?;
                let acceleration = match (fields.x_ddot_km_s2, fields.y_ddot_km_s2, fields.z_ddot_km_s2) {
                    (Some(x), Some(y), Some(z)) => Some([x, y, z]),
                    (None, None, None) => None,
                    _ => return Err(Fault::Missing.at(location, "X_DDOT, Y_DDOT or Z_DDOT")),
                };
                segment.states.push(OemState {
                    epoch: fields.epoch,
                    position_km: [fields.x_km, fields.y_km, fields.z_km],
                    velocity_km_s: [fields.x_dot_km_s, fields.y_dot_km_s, fields.z_dot_km_s],
                    acceleration_km_s2: acceleration,
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Message, Located> {
        let location = self.location;
        self.end_covariance(location)?;
        if matches!(self.part, Part::Metadata | Part::Covariances) {
            let block = if self.part == Part::Metadata { "META_STOP" } else { "COVARIANCE_STOP" };
            return Err(Fault::Missing.at(location, block));
        }
        match self.segments.last_mut() {
            Some(segment) => segment.comments.append(&mut self.pending),
            None => return Err(Fault::Missing.at(location, "META_START")),
        }
        let header = self.header.finish().map_err(|key| Fault::Missing.at(location, key))?;
        let mut segments: Vec<OemSegment> = Vec::with_capacity(self.segments.len());
        for segment in self.segments {
            let location = segment.location;
            let metadata = segment.metadata.finish().map_err(|key| Fault::Missing.at(location, key))?;
            if segment.states.is_empty() {
                return Err(Fault::Unexpected("segment without states".to_owned()).on(location));
            }
            let covariances = segment.covariances.into_iter().map(|draft| {
                let missing = |key: &'static str| Fault::Missing.at(draft.location, key);
                Ok(OemCovariance {
                    epoch: draft.epoch.ok_or_else(|| missing("EPOCH"))?,
                    covariance: draft.covariance.finish().map_err(missing)?,
                })
            });
            segments.push(OemSegment {
                metadata,
                comments: segment.comments,
                states: segment.states,
                covariances: covariances.collect::<Result<_, Located>>()?,
            });
        }
        Ok(Message::Oem(Box::new(Oem { version: self.version, header, segments })))
    }
}
