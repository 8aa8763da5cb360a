//! How values of the domain stand in columns.

use astroshield_astro::elements::MeanElements;
use astroshield_astro::time::to_utc;
use astroshield_domain::access::Scope;
use astroshield_domain::alert::{AlertChange, AlertState, DeliveryState, Severity};
use astroshield_domain::catalog::{Grade, ObjectKind};
use astroshield_domain::conjunction::{ConjunctionStatus, ProbabilityMethod};
use astroshield_domain::daily::Certainty;
use astroshield_domain::feed::UploadState;
use astroshield_domain::ids::TenantId;
use astroshield_domain::note::{Decision, NoteKind};
use astroshield_domain::organization::Role;
use astroshield_domain::screening::{RunKind, RunState};
use astroshield_formats::CatalogNumber;
use hifitime::{Duration, Epoch, TimeScale};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::failure::{Failure, Outcome};

/// From 1900-01-01, where hifitime counts from, to 1970-01-01: 25,567 days.
const UNIX_SINCE_1900_NS: i128 = 25_567 * 86_400 * 1_000_000_000;

pub(crate) fn microseconds(time: Timestamp) -> i64 {
    time.as_microsecond()
}

pub(crate) fn time(microseconds: i64) -> Outcome<Timestamp> {
    Timestamp::from_microsecond(microseconds)
        .map_err(|_| Failure::corrupt(format!("{microseconds} us is no time")))
}

pub(crate) fn nanoseconds(time: Timestamp) -> Outcome<i64> {
    i64::try_from(time.as_nanosecond())
        .map_err(|_| Failure::conflict(format!("epoch {time} is not within 292 years of 1970")))
}

pub(crate) fn time_of_nanoseconds(nanoseconds: i64) -> Outcome<Timestamp> {
    Timestamp::from_nanosecond(i128::from(nanoseconds))
        .map_err(|_| Failure::corrupt(format!("{nanoseconds} ns is no time")))
}

pub(crate) fn epoch_nanoseconds(epoch: Epoch) -> Outcome<i64> {
    i64::try_from(to_utc(epoch).duration.total_nanoseconds() - UNIX_SINCE_1900_NS)
        .map_err(|_| Failure::conflict(format!("epoch {epoch} is not within 292 years of 1970")))
}

pub(crate) fn epoch(nanoseconds: i64) -> Epoch {
    let since_1900 = Duration::from_total_nanoseconds(i128::from(nanoseconds) + UNIX_SINCE_1900_NS);
    Epoch::from_duration(since_1900, TimeScale::UTC)
}

/// Stands for the elements beside the epoch: equal elements have equal digests, others differ but for one chance in 2^64.
pub(crate) fn digest(elements: &MeanElements) -> i64 {
    let mut hash = Sha256::new();
    for value in [
        elements.mean_motion_rev_day,
        elements.eccentricity,
        elements.inclination_deg,
        elements.raan_deg,
        elements.argument_of_perigee_deg,
        elements.mean_anomaly_deg,
        elements.bstar_inv_earth_radii,
    ] {
        // The sum makes one zero of the two.
        hash.update((value + 0.0).to_le_bytes());
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    i64::from_le_bytes(first)
}

pub(crate) fn count(number: i64) -> Outcome<u64> {
    u64::try_from(number).map_err(|_| Failure::corrupt(format!("{number} is no count")))
}

pub(crate) fn small_count(number: i64) -> Outcome<u32> {
    u32::try_from(number).map_err(|_| Failure::corrupt(format!("{number} is no count")))
}

pub(crate) fn stored_count(count: u64) -> Outcome<i64> {
    i64::try_from(count).map_err(|_| Failure::conflict(format!("{count} is beyond what can be stored")))
}

pub(crate) fn catalog_number(number: i64) -> Outcome<CatalogNumber> {
    u32::try_from(number)
        .ok()
        .and_then(CatalogNumber::new)
        .ok_or_else(|| Failure::corrupt(format!("{number} is no catalog number")))
}

pub(crate) fn tenant(name: String) -> Outcome<TenantId> {
    TenantId::new(name).map_err(|error| Failure::corrupt(error.to_string()))
}

pub(crate) fn letter(text: Option<String>) -> Option<char> {
    text.and_then(|text| text.chars().next())
}

pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Outcome<String> {
    serde_json::to_string(value).map_err(|error| Failure::conflict(format!("cannot be written: {error}")))
}

pub(crate) fn of_json<T: DeserializeOwned>(text: &str) -> Outcome<T> {
    serde_json::from_str(text).map_err(|error| Failure::corrupt(format!("{text:?}: {error}")))
}

pub(crate) fn hash(bytes: Vec<u8>) -> Outcome<[u8; 32]> {
    bytes
        .try_into()
        .map_err(|bytes: Vec<u8>| Failure::corrupt(format!("a hash of {} bytes, 32 are due", bytes.len())))
}

/// A kind that a column holds as a word.
pub(crate) trait Word: Copy + 'static {
    const WORDS: &'static [(Self, &'static str)];

    fn of_word(word: &str) -> Outcome<Self> {
        Self::WORDS
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(value, _)| *value)
            .ok_or_else(|| Failure::corrupt(format!("{word:?} is no {}", std::any::type_name::<Self>())))
    }

    fn word(self) -> &'static str
    where
        Self: PartialEq,
    {
        Self::WORDS.iter().find(|(value, _)| *value == self).map_or("", |(_, word)| word)
    }
}

/// A kind that a column of a large table, or one that is compared by rank, holds as a number.
pub(crate) trait Code: Copy + PartialEq + 'static {
    /// In the order of their numbers.
    const VALUES: &'static [Self];

    fn of_code(code: i16) -> Outcome<Self> {
        usize::try_from(code)
            .ok()
            .and_then(|index| Self::VALUES.get(index).copied())
            .ok_or_else(|| Failure::corrupt(format!("{code} is no {}", std::any::type_name::<Self>())))
    }

    fn code(self) -> i16 {
        (0..).zip(Self::VALUES).find(|(_, value)| **value == self).map_or(-1, |(code, _)| code)
    }
}

impl Code for Grade {
    const VALUES: &'static [Self] = &[Self::Gp, Self::SupplementalGp, Self::Ephemeris, Self::Cdm];
}

impl Code for Certainty {
    const VALUES: &'static [Self] = &[Self::Predicted, Self::Interpolated, Self::Observed];
}

impl Code for Severity {
    const VALUES: &'static [Self] = &[Self::Info, Self::Warning, Self::Critical];
}

impl Code for ConjunctionStatus {
    // What is past is stored as cleared, and who sees what is superseded depends on the tenant.
    const VALUES: &'static [Self] = &[Self::Active, Self::Cleared];
}

impl Code for ProbabilityMethod {
    const VALUES: &'static [Self] = &[
        Self::Maximum,
        Self::TwoDimensional,
        Self::TwoDimensionalNc,
        Self::ThreeDimensionalNc,
        Self::MonteCarlo,
    ];
}

impl Word for ObjectKind {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Payload, "payload"),
        (Self::RocketBody, "rocket_body"),
        (Self::Debris, "debris"),
        (Self::Unknown, "unknown"),
    ];
}

impl Word for UploadState {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Accepted, "accepted"), (Self::Rejected, "rejected")];
}

impl Word for RunKind {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Catalog, "catalog"), (Self::Ephemerides, "ephemerides")];
}

impl Word for RunState {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Running, "running"), (Self::Completed, "completed"), (Self::Failed, "failed")];
}

impl Word for AlertState {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Open, "open"),
        (Self::Acknowledged, "acknowledged"),
        (Self::Resolved, "resolved"),
        (Self::Muted, "muted"),
    ];
}

impl Word for AlertChange {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Opened, "opened"),
        (Self::Raised, "raised"),
        (Self::Acknowledged, "acknowledged"),
        (Self::Muted, "muted"),
        (Self::Escalated, "escalated"),
        (Self::Resolved, "resolved"),
    ];
}

impl Word for DeliveryState {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Due, "due"), (Self::Delivered, "delivered"), (Self::Failed, "failed")];
}

impl Word for NoteKind {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Note, "note"),
        (Self::Acknowledged, "acknowledged"),
        (Self::Assigned, "assigned"),
        (Self::Decided, "decided"),
    ];
}

impl Word for Decision {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::NoAction, "no_action"), (Self::Monitor, "monitor"), (Self::Maneuver, "maneuver")];
}

impl Word for Scope {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Read, "read"), (Self::Write, "write"), (Self::Admin, "admin")];
}

impl Word for Role {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Viewer, "viewer"), (Self::Operator, "operator"), (Self::Administrator, "administrator")];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_counted_as_utc_is_written() {
        // 2026-10-01T00:00:00Z is 20,727 days after 1970-01-01 (`date -u -d 2026-10-01 +%s` / 86,400).
        let epoch_2026 = Epoch::from_gregorian_utc(2026, 10, 1, 0, 0, 0, 123_456_789);
        let nanoseconds = 20_727 * 86_400 * 1_000_000_000 + 123_456_789;
        assert_eq!(epoch_nanoseconds(epoch_2026).unwrap(), nanoseconds);
        assert_eq!(epoch(nanoseconds), epoch_2026);
        let time: Timestamp = "2026-10-01T00:00:00.123456789Z".parse().unwrap();
        assert_eq!(time_of_nanoseconds(nanoseconds).unwrap(), time);
    }

    #[test]
    fn elements_that_differ_in_the_last_bit_are_told_apart() {
        let elements = MeanElements {
            epoch: epoch(0),
            mean_motion_rev_day: 15.5,
            eccentricity: 0.0,
            inclination_deg: 51.6,
            raan_deg: 123.4,
            argument_of_perigee_deg: 12.3,
            mean_anomaly_deg: 210.9,
            bstar_inv_earth_radii: 1.2e-5,
        };
        let moved = MeanElements { raan_deg: 123.4_f64.next_up(), ..elements };
        let swapped = MeanElements { raan_deg: 12.3, argument_of_perigee_deg: 123.4, ..elements };
        assert_ne!(digest(&elements), digest(&moved));
        assert_ne!(digest(&elements), digest(&swapped));
        assert_eq!(digest(&elements), digest(&MeanElements { eccentricity: -0.0, ..elements }));
    }

    #[test]
    fn words_and_codes_stand_for_their_values() {
        assert_eq!((Grade::Gp.code(), Grade::Cdm.code()), (0, 3));
        assert_eq!(Severity::of_code(2).unwrap(), Severity::Critical);
        assert!(Severity::of_code(3).is_err() && Severity::of_code(-1).is_err());
        assert_eq!(AlertState::of_word(AlertState::Muted.word()).unwrap(), AlertState::Muted);
        assert!(AlertState::of_word("").is_err());
    }
}
