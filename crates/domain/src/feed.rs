//! Feeds, uploads and operator ephemerides: how data comes in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::daily::OrientationOfWindow;
use crate::ids::{EphemerisId, TenantId, UploadId};

/// What a feed said when it was last asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeedStatus {
    /// Name, as in the configuration.
    pub feed: String,
    /// When it was last asked.
    pub asked: Option<Timestamp>,
    /// When it last confirmed that what we have is its data, or sent new data.
    pub confirmed: Option<Timestamp>,
    /// When it last sent something new.
    pub changed: Option<Timestamp>,
    /// When it may be asked again.
    pub not_before: Option<Timestamp>,
    /// Failures since it last answered well.
    pub failures: u32,
    /// Why the last attempt failed.
    pub problem: Option<String>,
    /// Validators for a conditional request.
    pub etag: Option<String>,
    /// Validators for a conditional request.
    pub last_modified: Option<String>,
    /// Records in what it last sent.
    pub records: Option<u64>,
    /// Of feeds of messages: when the newest one was made.
    pub newest: Option<Timestamp>,
    /// Whether it is not asked any more until its settings change: the sign-in was refused.
    pub stopped: bool,
    /// What tells the settings that it was asked with from others; what is known of a feed with others counts no more.
    pub settings: Option<String>,
}

/// What became of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// In use.
    Accepted,
    /// Refused, with its problems.
    Rejected,
}

/// A file that a user gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    /// Identity.
    pub id: UploadId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Name of the file, as it was given.
    pub name: String,
    /// Kind of message (`OMM`, `OEM`, `OPM`, `CDM`, `TLE`), as it was recognized.
    pub kind: Option<String>,
    /// Who gave it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub state: UploadState,
    /// Messages or records that were taken.
    pub records: u64,
    /// What is wrong with it: place and reason.
    pub problems: Vec<String>,
    /// SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
    /// Where it is kept as it was received: a path in the blobs.
    pub blob: String,
}

/// An ephemeris that an operator gave for an object; the newest one takes the place of the element set.
#[derive(Debug, Clone, PartialEq)]
pub struct OperatorEphemeris {
    /// Identity.
    pub id: EphemerisId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its object.
    pub object: u32,
    /// The upload that brought it.
    pub upload: UploadId,
    /// Which segment of which message of the upload it is.
    pub message: u32,
    /// First time that it covers.
    pub start: Timestamp,
    /// Last time that it covers.
    pub stop: Timestamp,
    /// When it arrived.
    pub arrived: Timestamp,
    /// Where the message is kept: a path in the blobs.
    pub blob: String,
    /// The orientation of the Earth that states fixed to it are turned with, as it was known on arrival: whoever reads the
    /// ephemeris later gets the same motion. Nothing where none was known, or none is needed.
    pub orientation: Option<OrientationOfWindow>,
}
