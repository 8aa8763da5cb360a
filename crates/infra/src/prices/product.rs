//! A product of AWS's Price List service, and which of its prices a query is about.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::amount::{Amount, NoAmount};
use super::query::{Query, Tier};

/// A product with its prices, as `GetProducts` writes it (`aws_v1`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    product: Described,
    #[serde(default)]
    terms: Terms,
    /// When the list was made.
    #[serde(default)]
    pub publication_date: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    sku: String,
    #[serde(default)]
    product_family: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Terms {
    #[serde(rename = "OnDemand", default)]
    on_demand: BTreeMap<String, Term>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term {
    price_dimensions: BTreeMap<String, Dimension>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dimension {
    unit: String,
    #[serde(default = "nothing")]
    begin_range: String,
    price_per_unit: BTreeMap<String, String>,
}

fn nothing() -> String {
    "0".to_owned()
}

/// Why a product has no price for a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPrice {
    /// It is not sold on demand, or at several terms.
    #[error("it has {0} terms on demand, and not one")]
    Terms(usize),
    /// No price, or several, are of the tier.
    #[error("{found} of its prices begin at {from}; they begin at {starts}")]
    Tier {
        /// What was asked for.
        from: u64,
        /// How many there are.
        found: usize,
        /// What there is.
        starts: String,
    },
    /// It costs nothing from the start of the tier.
    #[error("it costs nothing; the prices begin at {0}")]
    Free(String),
    /// It counts in something else.
    #[error("it counts in {found:?}, and not in {wanted:?}")]
    Unit {
        /// What it counts in.
        found: String,
        /// What was expected.
        wanted: String,
    },
    /// It is paid in something else.
    #[error("it is paid in {0}, and not in USD")]
    Currency(String),
    /// A number cannot be read.
    #[error(transparent)]
    Amount(#[from] NoAmount),
}

impl Product {
    /// Which it is.
    #[must_use]
    pub fn sku(&self) -> &str {
        &self.product.sku
    }

    /// What it says of itself; nothing where it does not have the attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> &str {
        match name {
            "productFamily" => &self.product.product_family,
            name => self.product.attributes.get(name).map_or("", String::as_str),
        }
    }

    /// Names of what it says of itself.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.product.attributes.keys().map(String::as_str).chain(["productFamily"])
    }

    /// Whether it is what a query of a region is about.
    #[must_use]
    pub fn matches(&self, query: &Query, region: &str) -> bool {
        query.wanted(region).all(|(name, value)| self.attribute(name) == value)
    }

    /// What it costs, in the unit of the row.
    ///
    /// # Errors
    /// When it is not one price in USD and in the unit of the query.
    pub fn price(&self, query: &Query) -> Result<Amount, NoPrice> {
        let terms = &self.terms.on_demand;
        let Some(term) = terms.values().next().filter(|_| terms.len() == 1) else {
            return Err(NoPrice::Terms(terms.len()));
        };
        let mut tiers = Vec::new();
        for dimension in term.price_dimensions.values() {
            tiers.push((dimension.begin_range.parse::<Amount>()?, dimension));
        }
        tiers.sort_by_key(|(start, _)| *start);
        let starts = || {
            let all: Vec<String> =
                tiers.iter().map(|(start, of)| format!("{start} ({})", of.price())).collect();
            if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
        };
        let dimension = match query.tier {
            Tier::From(from) => {
                let of: Vec<_> = tiers.iter().filter(|(start, _)| *start == from.into()).collect();
                match of[..] {
                    [(_, dimension)] => *dimension,
                    _ => return Err(NoPrice::Tier { from, found: of.len(), starts: starts() }),
                }
            }
            Tier::Paid => {
                let mut paid = None;
                for (_, dimension) in &tiers {
                    if !dimension.usd()?.is_zero() {
                        paid = Some(*dimension);
                        break;
                    }
                }
                paid.ok_or_else(|| NoPrice::Free(starts()))?
            }
        };
        // Sizes of letters differ from service to service.
        if !dimension.unit.eq_ignore_ascii_case(&query.unit) {
            return Err(NoPrice::Unit { found: dimension.unit.clone(), wanted: query.unit.clone() });
        }
        let usd = dimension.usd()?;
        if usd.is_zero() {
            return Err(NoPrice::Free(starts()));
        }
        Ok(usd.times(query.per))
    }
}

impl Dimension {
    fn usd(&self) -> Result<Amount, NoPrice> {
        match self.price_per_unit.get("USD") {
            Some(usd) => Ok(usd.parse()?),
            None => Err(NoPrice::Currency(self.currencies())),
        }
    }

    fn currencies(&self) -> String {
        let all: Vec<&str> = self.price_per_unit.keys().map(String::as_str).collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
    }

    /// For people.
    fn price(&self) -> String {
        match self.usd() {
            Ok(usd) => format!("{usd} USD"),
            Err(_) => self.currencies(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn query(tier: Tier) -> Query {
        let attributes = [("usagetype", "USE1-Fargate-ARM-vCPU-Hours:perCPU"), ("operation", "")];
        Query {
            service: "AmazonECS".to_owned(),
            attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            unit: "hours".to_owned(),
            per: std::num::NonZeroU64::MIN,
            tier,
            anywhere: false,
        }
    }

    /// As the service writes one (its documentation and recorded answers have this shape).
    fn item(dimensions: &[(&str, &str, Value)]) -> Value {
        let dimensions: serde_json::Map<String, Value> = (dimensions.iter().enumerate())
            .map(|(number, (start, unit, price))| {
                let code = format!("XSZATS4VYMDC9CYN.JRTCKXETXF.{number}");
                let body = json!({
                    "unit": unit, "endRange": "Inf", "description": "AWS Fargate - ARM - vCPU - US East (N. Virginia)",
                    "appliesTo": [], "rateCode": &code, "beginRange": start, "pricePerUnit": price,
                });
                (code, body)
            })
            .collect();
        json!({
            "product": {
                "productFamily": "Compute",
                "attributes": {
                    "regionCode": "us-east-1", "servicecode": "AmazonECS", "resource": "per vCPU per hour",
                    "cpuArchitecture": "ARM", "tenancy": "Shared",
                    "usagetype": "USE1-Fargate-ARM-vCPU-Hours:perCPU", "locationType": "AWS Region",
                    "location": "US East (N. Virginia)", "servicename": "Amazon Elastic Container Service",
                    "cputype": "perCPU", "operation": "",
                },
                "sku": "XSZATS4VYMDC9CYN",
            },
            "serviceCode": "AmazonECS",
            "terms": { "OnDemand": { "XSZATS4VYMDC9CYN.JRTCKXETXF": {
                "priceDimensions": dimensions, "sku": "XSZATS4VYMDC9CYN",
                "effectiveDate": "2022-11-01T00:00:00Z", "offerTermCode": "JRTCKXETXF", "termAttributes": {},
            } } },
            "version": "20221121182130",
            "publicationDate": "2022-11-21T18:21:30Z",
        })
    }

    fn product(value: Value) -> Product {
        serde_json::from_value(value).unwrap()
    }

    fn price(dimensions: &[(&str, &str, Value)], tier: Tier) -> Result<String, String> {
        let found = product(item(dimensions)).price(&query(tier));
        found.map(|amount| amount.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_product_of_one_price_has_it() {
        let usd = json!({ "USD": "0.0323800000" });
        assert_eq!(price(&[("0", "hours", usd.clone())], Tier::From(0)).unwrap(), "0.03238");
        assert_eq!(price(&[("0", "Hours", usd)], Tier::Paid).unwrap(), "0.03238");
    }

    #[test]
    fn of_tiers_the_one_that_is_named_is_taken() {
        let usd = |amount: &str| json!({ "USD": amount });
        let tiers = [
            ("1000", "hours", usd("0.00002")),
            ("0", "hours", usd("0.0000000000")),
            ("51200", "hours", usd("0.00001")),
        ];
        assert_eq!(price(&tiers, Tier::Paid).unwrap(), "0.00002");
        assert_eq!(price(&tiers, Tier::From(51_200)).unwrap(), "0.00001");
        assert_eq!(
            price(&tiers, Tier::From(0)).unwrap_err(),
            "it costs nothing; the prices begin at 0 (0 USD), 1000 (0.00002 USD), 51200 (0.00001 USD)"
        );
        assert_eq!(
            price(&tiers, Tier::From(7)).unwrap_err(),
            "0 of its prices begin at 7; they begin at 0 (0 USD), 1000 (0.00002 USD), 51200 (0.00001 USD)"
        );
        let twice = [("0", "hours", usd("1")), ("0", "hours", usd("2"))];
        assert!(price(&twice, Tier::From(0)).unwrap_err().starts_with("2 of its prices begin at 0"));
    }

    #[test]
    fn what_is_free_counted_otherwise_or_paid_otherwise_is_no_price() {
        let of = |unit: &'static str, price: Value| [("0", unit, price)];
        assert_eq!(
            price(&of("Hrs", json!({ "USD": "1" })), Tier::From(0)).unwrap_err(),
            "it counts in \"Hrs\", and not in \"hours\""
        );
        assert_eq!(
            price(&of("hours", json!({ "CNY": "1" })), Tier::From(0)).unwrap_err(),
            "it is paid in CNY, and not in USD"
        );
        assert_eq!(
            price(&of("hours", json!({})), Tier::Paid).unwrap_err(),
            "it is paid in nothing, and not in USD"
        );
        assert_eq!(
            price(&of("hours", json!({ "USD": "0" })), Tier::Paid).unwrap_err(),
            "it costs nothing; the prices begin at 0 (0 USD)"
        );
        for odd in ["-1", "1e3", "", "NaN"] {
            let error = price(&of("hours", json!({ "USD": odd })), Tier::From(0)).unwrap_err();
            assert_eq!(error, format!("{odd:?} is no amount"));
        }
        assert_eq!(
            price(&[], Tier::From(0)).unwrap_err(),
            "0 of its prices begin at 0; they begin at nothing"
        );
    }

    #[test]
    fn a_product_that_is_reserved_or_of_two_terms_has_no_price() {
        let mut reserved = item(&[("0", "hours", json!({ "USD": "1" }))]);
        let term = reserved["terms"]["OnDemand"]["XSZATS4VYMDC9CYN.JRTCKXETXF"].clone();
        reserved["terms"] = json!({ "Reserved": { "a": &term } });
        assert_eq!(product(reserved.clone()).price(&query(Tier::Paid)), Err(NoPrice::Terms(0)));
        reserved["terms"] = json!({ "OnDemand": { "a": &term, "b": &term } });
        assert_eq!(product(reserved.clone()).price(&query(Tier::Paid)), Err(NoPrice::Terms(2)));
        reserved.as_object_mut().unwrap().remove("terms");
        assert_eq!(product(reserved).price(&query(Tier::Paid)), Err(NoPrice::Terms(0)));
    }

    #[test]
    fn a_product_is_held_against_what_was_asked_for() {
        let product = product(item(&[]));
        let mut query = query(Tier::Paid);
        assert!(product.matches(&query, "us-east-1"));
        assert!(!product.matches(&query, "eu-west-1"));
        query.anywhere = true;
        assert!(product.matches(&query, "eu-west-1"));
        query.attributes.insert("productFamily".to_owned(), "Compute".to_owned());
        assert!(product.matches(&query, "us-east-1"));
        query.attributes.insert("tenancy".to_owned(), String::new());
        assert!(!product.matches(&query, "us-east-1"));
    }
}
