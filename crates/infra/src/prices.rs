//! What AWS asks for, at list, in us-east-1: `prices.toml`.

#[cfg(feature = "deploy")]
pub mod amount;
#[cfg(feature = "deploy")]
pub mod file;
#[cfg(feature = "deploy")]
pub mod product;
pub mod query;
#[cfg(feature = "deploy")]
pub mod refresh;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use query::{Lookup, Query};

/// The prices, as they are written down.
pub const PRICES: &str = include_str!("../prices.toml");

/// How sure a price is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// AWS's price list says so, two sources agree, or the owner gave it.
    Confirmed,
    /// One source, or several that contradict it.
    SingleSource,
    /// Nothing was looked up.
    Estimated,
}

impl Confidence {
    /// As it is written in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::SingleSource => "single-source",
            Self::Estimated => "estimated",
        }
    }
}

/// A price.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Row")]
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
    /// How it is looked up.
    pub lookup: Lookup,
}

/// A price as it is written down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    service: String,
    unit: String,
    usd: f64,
    region: String,
    source: String,
    date: jiff::civil::Date,
    confidence: Confidence,
    query: Option<Query>,
    by_hand: Option<String>,
}

impl TryFrom<Row> for Price {
    type Error = String;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        if !(row.usd.is_finite() && row.usd > 0.0) {
            return Err(format!("usd is {}, and not above 0", row.usd));
        }
        if row.region.is_empty() {
            return Err("region is empty".to_owned());
        }
        let lookup = match (row.query, row.by_hand) {
            (Some(query), None) => match query.fault() {
                Some(fault) => return Err(format!("query: {fault}")),
                None => Lookup::Query(query),
            },
            (None, Some(why)) if !why.is_empty() => Lookup::ByHand(why),
            _ => return Err("it has either a query or by_hand, the reason why there is none".to_owned()),
        };
        let Row { service, unit, usd, region, source, date, confidence, .. } = row;
        Ok(Self { service, unit, usd, region, source, date, confidence, lookup })
    }
}

/// Prices by their id (`nat.hour`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Prices(BTreeMap<String, Price>);

impl Prices {
    /// Those that are written down here, or in a file.
    ///
    /// # Errors
    /// When the file cannot be read, or a row lacks something or has it wrong: the row is named.
    pub fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(file) = file else { return Self::parse(PRICES).context("prices.toml") };
        let name = || file.display().to_string();
        Self::parse(&std::fs::read_to_string(file).with_context(name)?).with_context(name)
    }

    /// Those of a text.
    ///
    /// # Errors
    /// When it is no TOML, or a row lacks something or has it wrong: the row is named.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let table: toml::Table = text.parse()?;
        serde_path_to_error::deserialize(table)
            .map_err(|error| anyhow::anyhow!("{}: {}", error.path(), error.inner()))
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Price> {
        self.0.get(id)
    }

    /// One of them, to be changed.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Price> {
        self.0.get_mut(id)
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
        let prices = Prices::read(None).unwrap();
        for (id, price) in prices.iter() {
            assert!(price.usd > 0.0, "{id}");
            assert_eq!(price.region, "us-east-1", "{id}");
            let looked_up = price.confidence != Confidence::Estimated;
            assert_eq!(looked_up, !price.source.contains("not looked up"), "{id}: {}", price.source);
        }
    }

    #[test]
    fn anchors_of_the_owner_are_as_given() {
        let prices = Prices::read(None).unwrap();
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
