//! `CelesTrak`'s catalog of what each object is (SATCAT, CSV).

use std::collections::HashMap;
use std::path::Path;

use astroshield_domain::catalog::{ObjectKind, SatcatEntry};
use astroshield_domain::satcat;
use astroshield_formats::{CatalogNumber, RecordProblem, Strictness};

use crate::{input, objects};

/// What SATCAT says of the objects.
#[derive(Debug, Default)]
pub(crate) struct Satcat {
    entries: HashMap<CatalogNumber, Entry>,
    /// Lines that could not be read.
    problems: Vec<RecordProblem>,
}

/// One object.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    name: String,
    status: Status,
}

/// Operational status of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Status {
    Operational,
    NonOperational,
    PartiallyOperational,
    Standby,
    Spare,
    ExtendedMission,
    Decayed,
    #[default]
    Unknown,
}

impl Status {
    /// From SATCAT's code. Rocket bodies and debris have none, and operate as little as their mark in SOCRATES says.
    fn of(entry: &SatcatEntry) -> Self {
        match entry.status {
            Some('+') => Self::Operational,
            Some('-') => Self::NonOperational,
            Some('P') => Self::PartiallyOperational,
            Some('B') => Self::Standby,
            Some('S') => Self::Spare,
            Some('X') => Self::ExtendedMission,
            Some('D') => Self::Decayed,
            None if matches!(entry.kind, ObjectKind::RocketBody | ObjectKind::Debris) => Self::NonOperational,
            _ => Self::Unknown,
        }
    }

    /// The mark behind a name in SOCRATES.
    fn mark(self) -> &'static str {
        match self {
            Self::Operational => "[+]",
            Self::NonOperational => "[-]",
            Self::PartiallyOperational => "[P]",
            Self::Standby => "[B]",
            Self::Spare => "[S]",
            Self::ExtendedMission => "[X]",
            Self::Decayed => "[D]",
            Self::Unknown => "[?]",
        }
    }

    /// Whether `CelesTrak` counts it as active.
    fn is_active(self) -> bool {
        use Status::{ExtendedMission, Operational, PartiallyOperational, Spare, Standby};
        matches!(self, Operational | PartiallyOperational | Standby | Spare | ExtendedMission)
    }
}

impl Satcat {
    /// Reads SATCAT in CSV and says on standard error what was left out.
    pub(crate) fn read(path: &Path, strictness: Strictness) -> anyhow::Result<Self> {
        let input = input::read(path)?;
        let satcat = Self::parse(&input.bytes, &input.name, strictness)?;
        objects::report_problems(&satcat.problems);
        Ok(satcat)
    }

    fn parse(bytes: &[u8], name: &str, strictness: Strictness) -> Result<Self, RecordProblem> {
        let satcat::Satcat { entries, problems } = satcat::read(bytes, name, strictness)?;
        let entries = entries.into_iter().map(|entry| {
            let status = Status::of(&entry);
            (entry.object, Entry { name: entry.name, status })
        });
        Ok(Self { entries: entries.collect(), problems })
    }

    /// Lines that could not be read.
    pub(crate) fn skipped_records(&self) -> usize {
        self.problems.len()
    }

    /// SATCAT's name of an object.
    pub(crate) fn name(&self, number: CatalogNumber) -> Option<&str> {
        self.entries.get(&number).map(|entry| entry.name.as_str())
    }

    /// Whether an object is an active payload.
    pub(crate) fn is_active(&self, number: CatalogNumber) -> bool {
        self.entries.get(&number).is_some_and(|entry| entry.status.is_active())
    }

    /// The name with the mark of the operational status, as SOCRATES prints it: SATCAT's name where there is one.
    pub(crate) fn marked_name(&self, number: Option<CatalogNumber>, name: Option<&str>) -> String {
        match number.and_then(|number| self.entries.get(&number)) {
            Some(Entry { name, status }) => format!("{name} {}", status.mark()),
            None => format!("{} {}", name.unwrap_or("UNKNOWN"), Status::Unknown.mark()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SATCAT: &[u8] = b"\
OBJECT_NAME,OBJECT_ID,NORAD_CAT_ID,OBJECT_TYPE,OPS_STATUS_CODE,OWNER,LAUNCH_DATE,LAUNCH_SITE,DECAY_DATE,PERIOD,\
INCLINATION,APOGEE,PERIGEE,RCS,DATA_STATUS_CODE,ORBIT_CENTER,ORBIT_TYPE
OBJECT ONE,2030-001A,700000001,PAY,+,US,2030-01-01,AFETR,,92.9,51.6,421,413,399.05,,EA,ORB
OBJECT TWO,2030-001B,700000002,DEB,,US,2030-01-01,AFETR,,92.9,51.6,421,413,,,EA,ORB
OBJECT THREE,2030-001C,700000003,PAY,,US,2030-01-01,AFETR,,92.9,51.6,421,413,,,EA,ORB
OBJECT FOUR,2030-001D,700000004,PAY,P,US,2030-01-01,AFETR,,92.9,51.6,421,413,,,EA,ORB
";

    #[test]
    fn names_carry_the_mark_of_their_status() {
        let satcat = Satcat::parse(SATCAT, "satcat", Strictness::Strict).unwrap();
        let name = |number: u32| satcat.marked_name(CatalogNumber::new(number), Some("OTHER"));
        assert_eq!(name(700_000_001), "OBJECT ONE [+]");
        assert_eq!(name(700_000_002), "OBJECT TWO [-]");
        assert_eq!(name(700_000_003), "OBJECT THREE [?]");
        assert_eq!(name(700_000_004), "OBJECT FOUR [P]");
        assert_eq!(name(700_000_005), "OTHER [?]");
    }

    #[test]
    fn partially_operational_payloads_are_active_and_debris_is_not() {
        let satcat = Satcat::parse(SATCAT, "satcat", Strictness::Strict).unwrap();
        let active = |number: u32| satcat.is_active(CatalogNumber::new(number).unwrap());
        assert_eq!([1, 2, 3, 4, 5].map(|n| active(700_000_000 + n)), [true, false, false, true, false]);
    }
}
