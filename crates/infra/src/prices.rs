//! What AWS asks for, at list, in us-east-1: `prices.toml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The prices, as they are written down.
pub const PRICES: &str = include_str!("../prices.toml");

/// How sure a price is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Two sources agree, or the owner gave it.
    Confirmed,
    /// One source, or several that contradict it.
    SingleSource,
    /// Nothing was looked up.
    Estimated,
}

/// A price.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Service of AWS.
    pub service: String,
    /// What it is for.
    pub unit: String,
    /// How much, USD.
    pub usd: f64,
    /// Region.
    pub region: String,
    /// Where it is from.
    pub source: String,
    /// When it was looked at.
    pub date: jiff::civil::Date,
    /// How sure it is.
    pub confidence: Confidence,
}

/// Prices by their id (`nat.hour`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Prices(BTreeMap<String, Price>);

impl Prices {
    /// Those that are written down.
    ///
    /// # Errors
    /// When a row lacks something, or has it wrong: the row is named.
    pub fn read() -> anyhow::Result<Self> {
        let table: toml::Table = PRICES.parse()?;
        serde_path_to_error::deserialize(table)
            .map_err(|error| anyhow::anyhow!("prices.toml: {}: {}", error.path(), error.inner()))
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Price> {
        self.0.get(id)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Price)> {
        self.0.iter().map(|(id, price)| (id.as_str(), price))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_says_where_it_is_from() {
        let prices = Prices::read().unwrap();
        for (id, price) in prices.iter() {
            assert!(price.usd > 0.0, "{id}");
            assert_eq!(price.region, "us-east-1", "{id}");
            let looked_up = price.confidence != Confidence::Estimated;
            assert_eq!(looked_up, !price.source.contains("not looked up"), "{id}: {}", price.source);
        }
    }

    #[test]
    fn anchors_of_the_owner_are_as_given() {
        let prices = Prices::read().unwrap();
        for (id, usd) in [
            ("fargate.vcpu.arm64", 0.03238),
            ("fargate.memory.arm64", 0.00356),
            ("nat.hour", 0.045),
            ("nat.data", 0.045),
            ("rds.storage.gp3.multi_az", 0.23),
            ("apigateway.rest", 3.5),
            ("waf.acl", 5.0),
            ("waf.rule", 1.0),
        ] {
            let price = prices.get(id).unwrap();
            assert!((price.usd - usd).abs() < 1e-9, "{id}: {}", price.usd);
            assert_eq!(price.confidence, Confidence::Confirmed, "{id}");
        }
    }
}
