//! Conjunctions, which keep their identity from run to run.

use astroshield_formats::CatalogNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::Grade;
use crate::ids::{CdmId, ConjunctionId, RunId, TenantId};

/// Two approaches of a pair are one conjunction if their times of closest approach differ by at most this, in minutes.
pub const IDENTITY_MINUTES: i64 = 20;

/// Where a conjunction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConjunctionStatus {
    /// Found by the newest run that looked, and still to come.
    Active,
    /// No longer found by the newest run that looked.
    Cleared,
    /// Its time is over.
    Past,
    /// Public, but of an object that the tenant who asks has better data of at that time: its own run decides.
    Superseded,
}

/// How a probability was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbabilityMethod {
    /// Largest value over all sizes of covariance: none is known, or that of one object alone, or those of both are not used.
    Maximum,
    /// Two-dimensional, Foster.
    TwoDimensional,
    /// Two-dimensional with the non-linear correction (2D-Nc).
    TwoDimensionalNc,
    /// Three-dimensional (3D-Nc).
    ThreeDimensionalNc,
    /// Monte Carlo.
    MonteCarlo,
}

/// One of the two objects.
#[derive(Debug, Clone, PartialEq)]
pub struct Participant {
    /// Catalog number.
    pub number: CatalogNumber,
    /// Name at the time of the run.
    pub name: Option<String>,
    /// How good the data of its motion is.
    pub grade: Grade,
    /// Epoch of its element set, or when its ephemeris arrived.
    pub epoch: Option<Timestamp>,
    /// Hard-body radius, in m.
    pub hard_body_radius_m: f64,
}

/// What a run, or a message, says of a conjunction.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Time of closest approach, UTC.
    pub tca: Timestamp,
    /// Miss distance, in km.
    pub miss_distance_km: f64,
    /// Position of the second object from the first along the first one's radial, in-track and cross-track directions, in km.
    pub miss_ric_km: [f64; 3],
    /// Relative speed, in km/s.
    pub relative_speed_km_s: f64,
    /// Largest probability over all sizes of covariance.
    pub maximum_probability: f64,
    /// Minor sigma at which that is reached, in km.
    pub dilution_km: Option<f64>,
    /// Probability with the covariances of the objects, where both are known and used.
    pub probability: Option<f64>,
    /// How it was computed.
    pub method: ProbabilityMethod,
    /// Whether the distance may be smaller outside what was screened.
    pub at_edge: bool,
}

/// A conjunction with its newest solution.
#[derive(Debug, Clone, PartialEq)]
pub struct Conjunction {
    /// Identity.
    pub id: ConjunctionId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The two objects, the primary first.
    pub objects: [Participant; 2],
    /// Whether the two never part in the window.
    pub relation: bool,
    /// Where it stands.
    pub status: ConjunctionStatus,
    /// The newest solution.
    pub solution: Solution,
    /// The run that gave it.
    pub run: RunId,
    /// When it was first found.
    pub first_seen: Timestamp,
    /// When a run last found it.
    pub last_seen: Timestamp,
}

impl Conjunction {
    /// The probability to sort and alert by: that with covariances, else the largest.
    #[must_use]
    pub fn leading_probability(&self) -> f64 {
        self.solution.probability.unwrap_or(self.solution.maximum_probability)
    }

    /// Age of the older data of the two objects at TCA, in microseconds. Data of an unknown epoch is as old as 1970.
    #[must_use]
    pub fn data_age_us(&self) -> i64 {
        let epoch_us = |object: &Participant| {
            let nanoseconds = object.epoch.map_or(0, Timestamp::as_nanosecond);
            i64::try_from(nanoseconds / 1_000).unwrap_or_default()
        };
        let [first, second] = self.objects.each_ref().map(epoch_us);
        self.solution.tca.as_microsecond() - first.min(second)
    }

    /// Whether the newest run that looked found it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == ConjunctionStatus::Active
    }
}

/// A past solution of a conjunction.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// The run that gave it.
    pub run: RunId,
    /// When.
    pub at: Timestamp,
    /// Whether the run still found it.
    pub status: ConjunctionStatus,
    /// What it said.
    pub solution: Solution,
    /// Epochs of the element sets, or when the ephemerides arrived.
    pub epochs: [Option<Timestamp>; 2],
    /// Grades of the data.
    pub grades: [Grade; 2],
}

/// What tells a conjunction message from others, however often it arrives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CdmIdentity {
    /// Who made it.
    pub originator: String,
    /// The two objects, in its order.
    pub objects: [CatalogNumber; 2],
    /// When it was made.
    pub created: Timestamp,
    /// Time of closest approach.
    pub tca: Timestamp,
}

/// A conjunction data message that was received, beside our own solution.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedCdm {
    /// Identity.
    pub id: CdmId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The conjunction that it speaks of, if we have it.
    pub conjunction: Option<ConjunctionId>,
    /// The two objects.
    pub objects: [CatalogNumber; 2],
    /// Who made it.
    pub originator: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it arrived.
    pub arrived: Timestamp,
    /// Time of closest approach.
    pub tca: Timestamp,
    /// Miss distance, in km.
    pub miss_distance_km: f64,
    /// Probability that it states.
    pub stated_probability: Option<f64>,
    /// Probability that we compute from it, and how.
    pub probability: Option<(f64, ProbabilityMethod)>,
    /// Where the message is kept as it was received: a path in the blobs.
    pub blob: String,
}

impl ReceivedCdm {
    /// The probability to alert by: the greater of that which it states and that which we compute from it. What is computed
    /// without covariances is a bound, and counts only where nothing is stated.
    #[must_use]
    pub fn leading_probability(&self) -> Option<f64> {
        let is_bound = |method| method == ProbabilityMethod::Maximum && self.stated_probability.is_some();
        let computed = self.probability.filter(|(_, method)| !is_bound(*method)).map(|(value, _)| value);
        match (self.stated_probability, computed) {
            (Some(stated), Some(computed)) => Some(stated.max(computed)),
            (stated, computed) => stated.or(computed),
        }
    }
}

/// What a list of conjunctions is in the order of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConjunctionOrder {
    /// TCA, the soonest first.
    #[default]
    Tca,
    /// Leading probability, the most likely collision first.
    Probability,
    /// Miss distance, the closest first.
    MissDistance,
    /// Relative speed, the fastest first.
    RelativeSpeed,
    /// Largest probability over all sizes of covariance, the greatest first.
    MaximumProbability,
    /// When they were first found, the newest first.
    FirstSeen,
    /// Age of the older data of the two objects at TCA, the oldest first.
    DataAge,
}

impl ConjunctionOrder {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Tca,
        Self::Probability,
        Self::MissDistance,
        Self::RelativeSpeed,
        Self::MaximumProbability,
        Self::FirstSeen,
        Self::DataAge,
    ];

    /// The way in which it is usually wanted.
    #[must_use]
    pub fn usual(self) -> Direction {
        match self {
            Self::Tca | Self::MissDistance => Direction::Ascending,
            Self::Probability
            | Self::RelativeSpeed
            | Self::MaximumProbability
            | Self::FirstSeen
            | Self::DataAge => Direction::Descending,
        }
    }

    /// What it compares of a conjunction; times in microseconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "microseconds are below 2^53 until the year 2255")]
    pub fn value_of(self, conjunction: &Conjunction) -> f64 {
        let solution = &conjunction.solution;
        match self {
            Self::Tca => solution.tca.as_microsecond() as f64,
            Self::Probability => conjunction.leading_probability(),
            Self::MissDistance => solution.miss_distance_km,
            Self::RelativeSpeed => solution.relative_speed_km_s,
            Self::MaximumProbability => solution.maximum_probability,
            Self::FirstSeen => conjunction.first_seen.as_microsecond() as f64,
            Self::DataAge => conjunction.data_age_us() as f64,
        }
    }
}

/// Which way an order goes. Rows that are equal go by their identities: up in the usual direction, down in the other one, so
/// that a list backward is the same list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// Where a list goes on: the sort value and the identity of the last row that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConjunctionCursor {
    /// What its [order](ConjunctionOrder::value_of) compares.
    pub value: f64,
    /// Its identity.
    pub id: ConjunctionId,
}

/// Which conjunctions to list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConjunctionQuery {
    /// Those of this object, on either side.
    pub object: Option<CatalogNumber>,
    /// Those of objects on this watch list.
    pub watch_list: Option<crate::ids::WatchListId>,
    /// Where they stand; without it, the active ones. Those that are superseded are listed only where they are asked for.
    pub status: Option<ConjunctionStatus>,
    /// TCA not before.
    pub tca_from: Option<Timestamp>,
    /// TCA not after.
    pub tca_to: Option<Timestamp>,
    /// Miss distance at most, in km.
    pub max_miss_distance_km: Option<f64>,
    /// Leading probability at least.
    pub min_probability: Option<f64>,
    /// Relations only, or none of them.
    pub relation: Option<bool>,
    /// What they are in the order of.
    pub order: ConjunctionOrder,
    /// Which way; without it, the usual one.
    pub direction: Option<Direction>,
    /// Those after this one in the order.
    pub after: Option<ConjunctionCursor>,
    /// At most so many.
    pub limit: u32,
}

impl ConjunctionQuery {
    /// Which way the list goes.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction.unwrap_or_else(|| self.order.usual())
    }
}
