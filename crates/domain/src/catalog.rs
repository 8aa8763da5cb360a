//! The catalog: objects, and every element set of theirs that ever arrived.

use astroshield_astro::elements::MeanElements;
use astroshield_formats::CatalogNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{IngestId, TenantId};

/// How good the data behind an object's motion is, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// General perturbations element set, fitted to tracking by a third party.
    Gp,
    /// General perturbations element set fitted to the operator's own ephemeris.
    SupplementalGp,
    /// Ephemeris of the operator.
    Ephemeris,
    /// State and covariance of a conjunction data message.
    Cdm,
}

/// A place in the history of an object, in its order: equal epochs are told apart by what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElementSetPlace {
    /// Epoch, in nanoseconds of UTC since 1970.
    pub epoch_ns: i64,
    /// Code of the grade.
    pub grade: i16,
    /// When it arrived.
    pub arrived: Timestamp,
    /// Stands for the elements.
    pub digest: i64,
    /// Whose it is.
    pub tenant: TenantId,
}

impl ElementSetPlace {
    /// The place before everything of an epoch and after all later ones.
    #[must_use]
    pub fn before(epoch: Timestamp) -> Self {
        let epoch_ns = i64::try_from(epoch.as_nanosecond()).unwrap_or(i64::MAX);
        // Nothing of this epoch comes after it, as there is no such grade.
        Self {
            epoch_ns,
            grade: i16::MIN,
            arrived: Timestamp::MIN,
            digest: i64::MIN,
            tenant: TenantId::public(),
        }
    }
}

/// An element set of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct ElementSet {
    /// Whose it is; those of public feeds are everybody's.
    pub tenant: TenantId,
    /// Object.
    pub object: CatalogNumber,
    /// Name that it came with.
    pub name: Option<String>,
    /// International designator that it came with, in its long form (`1998-067A`).
    pub international_designator: Option<String>,
    /// Elements for SGP4; the epoch is UTC, to the nanosecond.
    pub elements: MeanElements,
    /// First derivative of mean motion over two, in rev/day^2: carried, not used by SGP4.
    pub mean_motion_dot: f64,
    /// Second derivative of mean motion over six, in rev/day^3: carried, not used by SGP4.
    pub mean_motion_ddot: f64,
    /// Number of the element set.
    pub element_set_number: Option<u32>,
    /// Revolutions at epoch.
    pub revolution_at_epoch: Option<u32>,
    /// Classification (`U`).
    pub classification: Option<char>,
    /// Feed or upload that brought it.
    pub source: String,
    /// How good it is.
    pub grade: Grade,
    /// The delivery that it was part of.
    pub ingest: IngestId,
    /// When it arrived.
    pub arrived: Timestamp,
}

/// What arrived at once, to be stored at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Ingest {
    /// Its identity.
    pub id: IngestId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Feed or upload that brought it.
    pub source: String,
    /// When it arrived.
    pub arrived: Timestamp,
    /// Where the bytes are kept as they were received: a path in the blobs.
    pub blob: Option<String>,
    /// Records that could not be read.
    pub skipped_records: u64,
    /// The element sets.
    pub element_sets: Vec<ElementSet>,
}

/// What an ingest changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IngestSummary {
    /// Element sets that were not known.
    pub new_element_sets: u64,
    /// Element sets that were known already.
    pub known_element_sets: u64,
    /// Objects that were not known.
    pub new_objects: u64,
    /// Objects whose current element set changed.
    pub changed_objects: u64,
    /// Records that could not be read.
    pub skipped_records: u64,
}

/// What kind of thing an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// Payload.
    Payload,
    /// Rocket body.
    RocketBody,
    /// Debris.
    Debris,
    /// Not known.
    #[default]
    Unknown,
}

/// What SATCAT says of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct SatcatEntry {
    /// Object.
    pub object: CatalogNumber,
    /// Name.
    pub name: String,
    /// International designator.
    pub international_designator: Option<String>,
    /// Kind.
    pub kind: ObjectKind,
    /// Operational status, in `CelesTrak`'s code (`+`, `-`, `P`, `B`, `S`, `X`, `D`, or none).
    pub status: Option<char>,
    /// Owner, in `CelesTrak`'s code.
    pub owner: Option<String>,
    /// Launch date (`2026-01-31`).
    pub launch_date: Option<String>,
    /// Date of decay.
    pub decay_date: Option<String>,
    /// Radar cross-section, in m^2.
    pub radar_cross_section_m2: Option<f64>,
}

/// An object, with its current element set.
#[derive(Debug, Clone, PartialEq)]
pub struct SpaceObject {
    /// Catalog number.
    pub number: CatalogNumber,
    /// Name: SATCAT's, else the element set's.
    pub name: Option<String>,
    /// International designator.
    pub international_designator: Option<String>,
    /// Kind.
    pub kind: ObjectKind,
    /// Operational status, in `CelesTrak`'s code.
    pub status: Option<char>,
    /// Owner, in `CelesTrak`'s code.
    pub owner: Option<String>,
    /// Launch date.
    pub launch_date: Option<String>,
    /// Date of decay.
    pub decay_date: Option<String>,
    /// Radar cross-section, in m^2.
    pub radar_cross_section_m2: Option<f64>,
    /// Epoch of the current element set.
    pub epoch: Option<Timestamp>,
    /// Where the current element set came from.
    pub source: Option<String>,
    /// How good it is.
    pub grade: Option<Grade>,
    /// Mean height of perigee above 6378.135 km, in km.
    pub perigee_km: Option<f64>,
    /// Mean height of apogee above 6378.135 km, in km.
    pub apogee_km: Option<f64>,
    /// Inclination, in degrees.
    pub inclination_deg: Option<f64>,
    /// Period, in minutes.
    pub period_min: Option<f64>,
}

/// Which objects to list, in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObjectQuery {
    /// Part of the name or the designator, or a catalog number; case does not count.
    pub search: Option<String>,
    /// Kind.
    pub kind: Option<ObjectKind>,
    /// Owner, in `CelesTrak`'s code.
    pub owner: Option<String>,
    /// Least height of perigee, in km.
    pub min_perigee_km: Option<f64>,
    /// Largest height of apogee, in km.
    pub max_apogee_km: Option<f64>,
    /// Those after this number.
    pub after: Option<CatalogNumber>,
    /// At most so many.
    pub limit: u32,
}
