//! Prices as AWS's Price List service has them today.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::Context as _;
use aws_sdk_pricing::error::SdkError;
use aws_sdk_pricing::operation::get_products::GetProductsError;
use aws_sdk_pricing::types::{Filter, FilterType};
use jiff::civil::Date;

use super::amount::Amount;
use super::product::Product;
use super::query::{Lookup, Query};
use super::{Confidence, Price, Prices};
use crate::deploy::cloud::Cloud;

/// Pages that are read for one row. A query that has more is about no one product.
const PAGES: usize = 20;

/// A price that grows or shrinks by more than this is looked at by somebody first.
const DOUBTFUL: f64 = 2.0;

/// What was found of a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it costs in the row's unit, USD.
    pub usd: Amount,
    /// The product.
    pub sku: String,
    /// When the list was made, as the service says it.
    pub published: String,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The price is what it was.
    Unchanged(Found),
    /// The price is another one.
    Changed(Found),
    /// The price is so much another one that it may be that of something else: it is not taken.
    Doubtful(Found),
    /// No product is what the query is about.
    NotFound {
        /// An attribute and a value of it that has products.
        instead: Option<(String, String)>,
    },
    /// Several products are.
    Ambiguous(Vec<Candidate>),
    /// There are answers, and none of them is a price.
    NoPrice(String),
    /// It is not asked for.
    ByHand(String),
}

/// One of several products that a query is about: what tells it from the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which it is.
    pub sku: String,
    /// What it costs, or why that is not known.
    pub price: String,
    /// What the others do not say of themselves.
    pub differs: BTreeMap<String, String>,
}

impl Outcome {
    /// What was found and is taken.
    #[must_use]
    pub const fn taken(&self) -> Option<&Found> {
        match self {
            Self::Unchanged(found) | Self::Changed(found) => Some(found),
            _ => None,
        }
    }

    /// In a word or two.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unchanged(_) => "unchanged",
            Self::Changed(_) => "changed",
            Self::Doubtful(_) => "doubtful",
            Self::NotFound { .. } => "not found",
            Self::Ambiguous(_) => "ambiguous",
            Self::NoPrice(_) => "no price",
            Self::ByHand(_) => "by hand",
        }
    }
}

/// What became of each row.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// By the id of the row: what it was, and what became of it.
    pub rows: BTreeMap<String, (f64, Outcome)>,
}

impl Report {
    /// How many have this outcome.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.rows.values().filter(|(_, outcome)| outcome.name() == name).count()
    }

    /// Whether each row that is asked for has its price.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.rows
            .values()
            .all(|(_, outcome)| outcome.taken().is_some() || matches!(outcome, Outcome::ByHand(_)))
    }

    /// The prices, with what was found.
    #[must_use]
    pub fn applied(&self, prices: &Prices, from: &Origin, today: Date) -> Prices {
        let mut prices = prices.clone();
        for (id, (_, outcome)) in &self.rows {
            if let (Some(found), Some(price)) = (outcome.taken(), prices.get_mut(id))
                && let Lookup::Query(query) = &price.lookup
            {
                price.source = from.source(&query.service, found);
                price.usd = found.usd.nearest();
                price.date = today;
                price.confidence = from.confidence();
            }
        }
        prices
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.keys().map(String::len).max().unwrap_or(0);
        for (id, (old, outcome)) in &self.rows {
            write!(f, "  {id:width$}  {:9}  ", outcome.name())?;
            match outcome {
                Outcome::Unchanged(found) => writeln!(f, "{} (SKU {})", found.usd, found.sku)?,
                Outcome::Changed(found) => writeln!(f, "{old} -> {} (SKU {})", found.usd, found.sku)?,
                Outcome::Doubtful(found) => writeln!(
                    f,
                    "{old} -> {} (SKU {}); if that is the price, --accept {id}",
                    found.usd, found.sku
                )?,
                Outcome::NotFound { instead: None } => writeln!(f, "no product is what the query is about")?,
                Outcome::NotFound { instead: Some((name, value)) } => {
                    writeln!(
                        f,
                        "no product is what the query is about; there is one with {name} = {value:?}"
                    )?;
                }
                Outcome::Ambiguous(candidates) => {
                    writeln!(f, "{} products are what the query is about", candidates.len())?;
                    for candidate in candidates {
                        writeln!(f, "  {:width$}    {candidate}", "")?;
                    }
                }
                Outcome::NoPrice(why) | Outcome::ByHand(why) => writeln!(f, "{why}")?,
            }
        }
        let names = ["unchanged", "changed", "doubtful", "not found", "ambiguous", "no price", "by hand"];
        let counts: Vec<String> = names.iter().map(|name| format!("{} {name}", self.count(name))).collect();
        write!(f, "prices: {} rows, {}", self.rows.len(), counts.join(", "))
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SKU {}: {}", self.sku, self.price)?;
        for (name, value) in &self.differs {
            write!(f, ", {name} = {value:?}")?;
        }
        Ok(())
    }
}

/// Who answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// AWS.
    Aws,
    /// What stands for it, at this address.
    Elsewhere(String),
}

impl Origin {
    fn source(&self, service: &str, found: &Found) -> String {
        let published = found.published.get(..10).unwrap_or(&found.published);
        let published = if published.is_empty() { String::new() } else { format!(", of {published}") };
        let list = match self {
            Self::Aws => "AWS Price List".to_owned(),
            Self::Elsewhere(address) => format!("price list of {address}"),
        };
        format!("{list}: {service}, SKU {}{published}", found.sku)
    }

    /// Nobody knows how sure another one's answers are.
    const fn confidence(&self) -> Confidence {
        match self {
            Self::Aws => Confidence::Confirmed,
            Self::Elsewhere(_) => Confidence::SingleSource,
        }
    }
}

/// Asks for each row. Those of `accepted` are taken however much they differ.
///
/// # Errors
/// When the service cannot be asked, or refuses: an answer about one row alone is an outcome of that row.
pub async fn refresh(cloud: &Cloud, prices: &Prices, accepted: &BTreeSet<String>) -> anyhow::Result<Report> {
    let list = List { client: cloud.pricing() };
    let mut rows = BTreeMap::new();
    for (id, price) in prices.iter() {
        let outcome = match &price.lookup {
            Lookup::ByHand(why) => Outcome::ByHand(why.clone()),
            Lookup::Query(query) => {
                let outcome = list.look(query, price).await.with_context(|| format!("asking for {id}"))?;
                match outcome {
                    Outcome::Doubtful(found) if accepted.contains(id) => Outcome::Changed(found),
                    outcome => outcome,
                }
            }
        };
        rows.insert(id.to_owned(), (price.usd, outcome));
    }
    Ok(Report { rows })
}

struct List {
    client: aws_sdk_pricing::Client,
}

/// What the service says of a query.
enum Answer {
    Products(Vec<Product>),
    /// Why there are none that can be used.
    Unusable(String),
}

impl List {
    async fn look(&self, query: &Query, price: &Price) -> anyhow::Result<Outcome> {
        let products = match self.products(query, &price.region).await? {
            Answer::Products(products) => products,
            Answer::Unusable(why) => return Ok(Outcome::NoPrice(why)),
        };
        Ok(match &products[..] {
            [] => Outcome::NotFound { instead: self.instead(query, &price.region).await? },
            [product] => match product.price(query) {
                Err(why) => Outcome::NoPrice(format!("SKU {}: {why}", product.sku())),
                Ok(usd) => {
                    let (sku, published) = (product.sku().to_owned(), product.publication_date.clone());
                    judge(price.usd, Found { usd, sku, published })
                }
            },
            products => Outcome::Ambiguous(candidates(query, products)),
        })
    }

    /// The products that a query is about.
    async fn products(&self, query: &Query, region: &str) -> anyhow::Result<Answer> {
        let mut products = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let mut request = self.client.get_products().service_code(&query.service).max_results(100);
            // The service takes no empty value: an attribute that is not there is looked at below.
            for (name, value) in query.wanted(region).filter(|(_, value)| !value.is_empty()) {
                let filter =
                    Filter::builder().r#type(FilterType::TermMatch).field(name).value(value).build()?;
                request = request.filters(filter);
            }
            let answer = match request.set_next_token(token).send().await {
                Ok(answer) => answer,
                Err(error) => return refused(error).map(Answer::Unusable),
            };
            for item in answer.price_list() {
                match serde_json::from_str::<Product>(item) {
                    Ok(product) if product.matches(query, region) => products.push(product),
                    // Whoever answers may not know of all filters.
                    Ok(_) => {}
                    Err(error) => return Ok(Answer::Unusable(format!("an answer cannot be read: {error}"))),
                }
            }
            token = answer.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(Answer::Products(products));
            }
        }
        Ok(Answer::Unusable(format!("there are more than {PAGES} pages of products")))
    }

    /// Some services put the region before their types of usage in us-east-1, and some do not: the other form, where it is
    /// that of one product.
    async fn instead(&self, query: &Query, region: &str) -> anyhow::Result<Option<(String, String)>> {
        const NAME: &str = "usagetype";
        const PREFIX: &str = "USE1-";
        let Some(usage) = query.attributes.get(NAME).filter(|_| region == "us-east-1") else {
            return Ok(None);
        };
        let other = usage.strip_prefix(PREFIX).map_or_else(|| format!("{PREFIX}{usage}"), str::to_owned);
        let mut query = query.clone();
        query.attributes.insert(NAME.to_owned(), other.clone());
        let found = self.products(&query, region).await?;
        let one = matches!(found, Answer::Products(products) if products.len() == 1);
        Ok(one.then(|| (NAME.to_owned(), other)))
    }
}

/// Why a query is refused, where another one need not be.
fn refused(error: SdkError<GetProductsError>) -> anyhow::Result<String> {
    let of_the_query = error.as_service_error().and_then(|error| {
        let of_it = error.is_invalid_parameter_exception() || error.is_not_found_exception();
        let message = error.meta().message().unwrap_or("without a reason");
        of_it.then(|| format!("the query is refused: {message}"))
    });
    match of_the_query {
        Some(why) => Ok(why),
        None => Err(error.into()),
    }
}

fn judge(old: f64, found: Found) -> Outcome {
    let new = found.usd.nearest();
    if new.to_bits() == old.to_bits() {
        Outcome::Unchanged(found)
    } else if new > old * DOUBTFUL || new < old / DOUBTFUL {
        Outcome::Doubtful(found)
    } else {
        Outcome::Changed(found)
    }
}

fn candidates(query: &Query, products: &[Product]) -> Vec<Candidate> {
    let names: BTreeSet<&str> = products.iter().flat_map(Product::attributes).collect();
    let differing: Vec<&str> = (names.into_iter())
        .filter(|name| products.iter().any(|product| product.attribute(name) != products[0].attribute(name)))
        .collect();
    (products.iter())
        .map(|product| Candidate {
            sku: product.sku().to_owned(),
            price: match product.price(query) {
                Ok(usd) => format!("{usd} USD"),
                Err(why) => why.to_string(),
            },
            differs: (differing.iter())
                .map(|name| ((*name).to_owned(), product.attribute(name).to_owned()))
                .collect(),
        })
        .collect()
}
