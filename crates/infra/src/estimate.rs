//! What an environment costs in a month: resources of its templates, prices, and assumptions about use.

mod resources;
mod usage;

use std::fmt::Write as _;

use serde::Serialize;

use crate::environment::Name;
use crate::prices::{Confidence, Prices};
use crate::template::Template;

pub use resources::FREE;
pub use usage::{DEFAULTS, Discounts, Usage, Used};

/// Part of the architecture, as its document has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Amplify.
    Frontend,
    /// API Gateway and functions.
    Api,
    /// Fargate, images and the load balancer.
    Compute,
    /// RDS.
    Database,
    /// ElastiCache.
    Cache,
    /// MSK.
    Streaming,
    /// Buckets.
    Storage,
    /// CloudFront.
    Cdn,
    /// WAF, Cognito, secrets, keys, GuardDuty, Config.
    Security,
    /// CloudWatch and X-Ray.
    Monitoring,
    /// NAT gateways, endpoints, DNS.
    Network,
    /// Pipelines.
    Deployment,
    /// Backups.
    Recovery,
}

impl Tier {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frontend => "Frontend",
            Self::Api => "API",
            Self::Compute => "Compute",
            Self::Database => "Database",
            Self::Cache => "Caching",
            Self::Streaming => "Message queue",
            Self::Storage => "Storage",
            Self::Cdn => "CDN",
            Self::Security => "Security",
            Self::Monitoring => "Monitoring",
            Self::Network => "Network",
            Self::Deployment => "Deployment",
            Self::Recovery => "Disaster recovery",
        }
    }
}

/// Something that is paid for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Part of the architecture.
    pub tier: Tier,
    /// Service of AWS.
    pub service: String,
    /// What of it.
    pub what: String,
    /// How much of it in a month.
    pub quantity: f64,
    /// In what.
    pub unit: String,
    /// Price of one.
    pub unit_usd: f64,
    /// How sure the price is.
    pub confidence: Confidence,
    /// On demand, USD a month.
    pub on_demand_usd: f64,
    /// With reservations of a year, nothing upfront, USD a month.
    pub reserved_usd: f64,
}

/// What an environment costs in a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Which.
    pub environment: Name,
    /// What is paid for, by tier.
    pub lines: Vec<Line>,
}

/// Why there is no estimate.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EstimateError {
    /// A type of resource has no price, and is not known to be free.
    #[error("{resource}: {kind} has no price and is not declared free")]
    Unpriced {
        /// Where.
        resource: String,
        /// Its type.
        kind: String,
    },
    /// A resource does not say how large it is.
    #[error("{resource}: no {property} to price it by")]
    Property {
        /// Where.
        resource: String,
        /// What is missing.
        property: &'static str,
    },
    /// A price is not known.
    #[error("{resource}: no price {id:?} in prices.toml")]
    Price {
        /// Where.
        resource: String,
        /// Its id.
        id: String,
    },
}

/// Estimates what the templates of an environment cost in a month.
///
/// # Errors
/// When a resource has no price, or does not say how large it is.
pub fn estimate(
    environment: Name,
    templates: &[Template],
    prices: &Prices,
    usage: &Usage,
) -> Result<Estimate, EstimateError> {
    let mut book = resources::Book::new(prices, usage.of(environment), &usage.discounts);
    for template in templates {
        for (id, kind, properties) in template.resources() {
            book.resource(template, id, kind, properties)?;
        }
    }
    let mut lines = book.close()?;
    lines.sort_by(|a, b| (a.tier, &a.service, &a.what).cmp(&(b.tier, &b.service, &b.what)));
    Ok(Estimate { environment, lines })
}

/// On demand, and with reservations: USD a month.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Sum {
    /// On demand.
    pub on_demand_usd: f64,
    /// With reservations.
    pub reserved_usd: f64,
}

impl Estimate {
    fn sum<'a>(lines: impl Iterator<Item = &'a Line>) -> Sum {
        lines.fold(Sum::default(), |sum, line| Sum {
            on_demand_usd: sum.on_demand_usd + line.on_demand_usd,
            reserved_usd: sum.reserved_usd + line.reserved_usd,
        })
    }

    /// Everything.
    #[must_use]
    pub fn total(&self) -> Sum {
        Self::sum(self.lines.iter())
    }

    /// By tier.
    #[must_use]
    pub fn tiers(&self) -> Vec<(Tier, Sum)> {
        let mut tiers: Vec<Tier> = self.lines.iter().map(|line| line.tier).collect();
        tiers.dedup();
        (tiers.into_iter())
            .map(|tier| (tier, Self::sum(self.lines.iter().filter(|line| line.tier == tier))))
            .collect()
    }

    /// Share of the total that rests on prices of this confidence, from 0 to 1.
    #[must_use]
    pub fn share(&self, confidence: Confidence) -> f64 {
        let part = Self::sum(self.lines.iter().filter(|line| line.confidence == confidence));
        part.on_demand_usd / self.total().on_demand_usd
    }

    /// As tables of Markdown: by tier, then what each consists of.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text =
            String::from("| tier | on demand, USD a month | reserved, USD a month |\n|---|---:|---:|\n");
        let mut row = |name: &str, sum: Sum| {
            let _ = writeln!(text, "| {name} | {:.2} | {:.2} |", sum.on_demand_usd, sum.reserved_usd);
        };
        for (tier, sum) in self.tiers() {
            row(tier.name(), sum);
        }
        row("**total**", self.total());
        let _ = writeln!(
            text,
            "\nOf the total on demand, {:.0} % rest on confirmed prices, {:.0} % on a single source, {:.0} % on estimates.\n",
            100.0 * self.share(Confidence::Confirmed),
            100.0 * self.share(Confidence::SingleSource),
            100.0 * self.share(Confidence::Estimated),
        );
        text += "| tier | service | what | quantity | unit | USD each | on demand | reserved | price |\n";
        text += "|---|---|---|---:|---|---:|---:|---:|---|\n";
        for line in &self.lines {
            let sure = match line.confidence {
                Confidence::Confirmed => "confirmed",
                Confidence::SingleSource => "single source",
                Confidence::Estimated => "estimated",
            };
            let quantity = format!("{:.3}", line.quantity);
            let quantity = quantity.trim_end_matches('0').trim_end_matches('.');
            let _ = writeln!(
                text,
                "| {} | {} | {} | {quantity} | {} | {} | {:.2} | {:.2} | {sure} |",
                line.tier.name(),
                line.service,
                line.what,
                line.unit,
                line.unit_usd,
                line.on_demand_usd,
                line.reserved_usd,
            );
        }
        text
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let tiers: serde_json::Map<_, _> = self
            .tiers()
            .into_iter()
            .map(|(tier, sum)| (tier.name().to_owned(), serde_json::json!(sum)))
            .collect();
        serde_json::json!({
            "environment": self.environment,
            "region": "us-east-1",
            "total": self.total(),
            "tiers": tiers,
            "lines": self.lines,
        })
    }
}

#[cfg(test)]
mod tests;
