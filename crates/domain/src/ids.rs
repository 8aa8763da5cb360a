//! Identities. Each kind has a type of its own, so that one cannot be taken for another.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Attempt;

/// Who a row, event, cache key or blob belongs to: lower-case letters, digits and hyphens, at most 32.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TenantId(String);

/// A name that cannot be a tenant's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tenant {name:?}: 1 to 32 lower-case letters, digits and hyphens are due")]
pub struct TenantIdError {
    /// The name.
    pub name: String,
}

impl TenantId {
    /// What everybody may read: public catalogs, and what is found in them.
    #[must_use]
    pub fn public() -> Self {
        Self("public".to_owned())
    }

    /// The one tenant of a laptop.
    #[must_use]
    pub fn local() -> Self {
        Self("local".to_owned())
    }

    /// A tenant of this name.
    ///
    /// # Errors
    /// When the name is not 1 to 32 lower-case letters, digits and hyphens.
    pub fn new(name: impl Into<String>) -> Result<Self, TenantIdError> {
        let name = name.into();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=32).contains(&name.len()) && name.chars().all(allowed) {
            Ok(Self(name))
        } else {
            Err(TenantIdError { name })
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TenantId {
    type Err = TenantIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for TenantId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identity; later ones sort after earlier ones.
            #[must_use]
            pub fn at(now: Timestamp) -> Self {
                let since_1970 = now.as_duration();
                let seconds = u64::try_from(since_1970.as_secs()).unwrap_or_default();
                let nanoseconds = since_1970.subsec_nanos().unsigned_abs();
                Self(Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds)))
            }

            /// The identity of what a request under an idempotency key makes: the same however often it is tried.
            #[must_use]
            pub fn of_attempt(attempt: &Attempt) -> Self {
                Self(attempt.id(stringify!($name)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A delivery of a feed or an upload that brought element sets.
    IngestId;
    /// A screening run.
    RunId;
    /// A conjunction, the same from run to run.
    ConjunctionId;
    /// A file that a user gave.
    UploadId;
    /// An operator's ephemeris.
    EphemerisId;
    /// A list of satellites that somebody cares for.
    WatchListId;
    /// A rule that makes alerts.
    RuleId;
    /// An alert.
    AlertId;
    /// A message about an alert on its way to somebody.
    DeliveryId;
    /// A webhook.
    WebhookId;
    /// An event on the bus.
    EventId;
    /// An API key.
    ApiKeyId;
    /// A conjunction data message that somebody sent.
    CdmId;
    /// A note about a conjunction.
    NoteId;
    /// A backup.
    BackupId;
    /// A member of an organization, or an invitation to become one.
    MemberId;
    /// An export of everything that a tenant has.
    DataExportId;
}

/// Names the conjunctions of AstroShield among all version 5 UUIDs.
const CONJUNCTIONS: Uuid = Uuid::from_u128(0x6f1d_3c2e_8a54_4c1b_9d37_2b60_5e8f_a911);

impl ConjunctionId {
    /// The identity of a conjunction that was not known before: the same whenever and wherever the same run is concluded.
    #[must_use]
    pub fn first_seen(tenant: &TenantId, objects: [u32; 2], first_tca: Option<Timestamp>) -> Self {
        let [a, b] = [objects[0].min(objects[1]), objects[0].max(objects[1])];
        let when = first_tca.map_or_else(|| "relation".to_owned(), |tca| tca.as_millisecond().to_string());
        Self(Uuid::new_v5(&CONJUNCTIONS, format!("{tenant}/{a}/{b}/{when}").as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_have_plain_names() {
        for name in ["local", "a", "operator-7"] {
            assert_eq!(TenantId::new(name).unwrap().as_str(), name);
        }
        for name in ["", "Local", "a/b", "a b", "..", &"x".repeat(33)] {
            assert!(TenantId::new(name).is_err(), "{name}");
            assert!(serde_json::from_value::<TenantId>(name.into()).is_err(), "{name}");
        }
    }

    #[test]
    fn a_conjunction_is_named_by_its_pair_whatever_the_order() {
        let tca = Some(Timestamp::from_second(1_700_000_000).unwrap());
        let local = TenantId::local();
        let id = ConjunctionId::first_seen(&local, [5, 7], tca);
        assert_eq!(id, ConjunctionId::first_seen(&local, [7, 5], tca));
        assert_ne!(id, ConjunctionId::first_seen(&local, [5, 8], tca));
        assert_ne!(id, ConjunctionId::first_seen(&TenantId::public(), [5, 7], tca));
        assert_ne!(id, ConjunctionId::first_seen(&local, [5, 7], None));
    }

    #[test]
    fn ids_sort_by_their_time() {
        let at = |second| RunId::at(Timestamp::from_second(second).unwrap());
        assert!(at(1_700_000_000) < at(1_700_000_001));
    }
}
