//! How the price of a row is asked for at AWS's Price List service.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use serde::Deserialize;

/// How the price of a row is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// By asking AWS.
    Query(Query),
    /// By somebody, for this reason.
    ByHand(String),
}

/// What selects one price of AWS's list: a product on demand, and one of its tiers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The service's code in the list (`AmazonECS`).
    pub service: String,
    /// What the product says of itself. Its family goes by the name `productFamily`; an empty value stands for one that the
    /// product does not have.
    #[serde(rename = "where")]
    pub attributes: BTreeMap<String, String>,
    /// What AWS counts in.
    pub unit: String,
    /// How many of AWS's unit make one of the row's.
    #[serde(default = "one")]
    pub per: NonZeroU64,
    /// Which of its prices.
    #[serde(default)]
    pub tier: Tier,
    /// The product is of no region, or names it otherwise.
    #[serde(default)]
    pub anywhere: bool,
}

const fn one() -> NonZeroU64 {
    NonZeroU64::MIN
}

/// Which price of a product that costs less, or begins to cost, when more of it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub enum Tier {
    /// The one that begins at this quantity, in AWS's unit.
    From(u64),
    /// The first one that costs something: no free tier is counted.
    Paid,
}

impl Default for Tier {
    fn default() -> Self {
        Self::From(0)
    }
}

impl TryFrom<toml::Value> for Tier {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, Self::Error> {
        match &value {
            toml::Value::Integer(start) => u64::try_from(*start).map(Self::From).ok(),
            toml::Value::String(word) => (word == "paid").then_some(Self::Paid),
            _ => None,
        }
        .ok_or_else(|| format!("{value} is neither the quantity that a tier begins at nor \"paid\""))
    }
}

/// The attribute that says where a product is sold.
pub const REGION: &str = "regionCode";

impl Query {
    /// What the product has to say of itself, for a row of this region.
    pub fn wanted<'a>(&'a self, region: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let region = (!self.anywhere).then_some((REGION, region));
        region.into_iter().chain(self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// What is wrong with it, if anything is.
    pub(super) fn fault(&self) -> Option<String> {
        let word = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric());
        if !word(&self.service) {
            return Some(format!("{:?} is no code of a service", self.service));
        }
        if self.unit.trim().is_empty() {
            return Some("the unit is empty".to_owned());
        }
        if self.attributes.values().all(String::is_empty) {
            return Some("nothing of the product is asked for".to_owned());
        }
        if self.attributes.contains_key(REGION) {
            return Some(format!("{REGION} is the row's region, or none is asked for (anywhere)"));
        }
        let name = self.attributes.keys().find(|name| !word(name))?;
        Some(format!("{name:?} is no attribute of a product"))
    }
}
