//! How many requests a key, and an address, may send: buckets of tokens that all processes share.

use std::time::Duration;

use astroshield_domain::ids::TenantId;
use astroshield_domain::metrics;
use astroshield_domain::ports::{Bucket, CacheKey, Taken};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::wrong_secrets::Sender;
use crate::BASE;
use crate::problem::Problem;
use crate::state::{ApiSettings, ApiState};

/// What is allowed in a minute may come at once.
const MINUTE: Duration = Duration::from_mins(1);

/// Sign-ins that one address may begin in a minute. A company behind one address begins its day with less.
const SIGN_INS: u32 = 120;

/// draft-ietf-httpapi-ratelimit-headers-10.
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A limit that is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    name: &'static str,
    bucket: Bucket,
}

/// What a limit says of a caller.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    limit: Limit,
    taken: Taken,
}

impl Limit {
    fn new(name: &'static str, in_a_minute: u32) -> Option<Self> {
        let bucket = Bucket { capacity: in_a_minute, filled_in: MINUTE };
        (in_a_minute > 0).then_some(Self { name, bucket })
    }

    /// Of a key or a person.
    pub(super) fn keys(settings: &ApiSettings) -> Option<Self> {
        Self::new("key", settings.requests_per_minute_per_key)
    }

    /// Of an address.
    pub(super) fn addresses(settings: &ApiSettings) -> Option<Self> {
        Self::new("address", settings.requests_per_minute_per_address)
    }

    /// Of wrong keys and tokens from an address.
    pub(super) fn wrong_secrets(settings: &ApiSettings) -> Option<Self> {
        Self::new("wrong-secret", settings.wrong_secrets_per_minute)
    }

    /// Of sign-ins that an address begins: each is kept for a while, in what everybody shares.
    fn sign_ins() -> Option<Self> {
        Self::new("sign-in", SIGN_INS)
    }

    pub(super) async fn take(self, state: &ApiState, whose: &str, tokens: u32) -> Taken {
        let (tenant, name) = (TenantId::public(), format!("{}/{whose}", self.name));
        state.ports.cache.take(&CacheKey { tenant, space: "limit", name }, self.bucket, tokens).await
    }

    /// What it says where there is no token.
    pub(super) async fn used_up(self, state: &ApiState, whose: &str) -> Option<Standing> {
        let taken = self.take(state, whose, 0).await;
        (taken.left == 0).then_some(Standing { limit: self, taken })
    }

    /// What it says where there is no token for a time, and all of them after it.
    pub(super) fn used_up_for(self, wait: Duration) -> Standing {
        Standing { limit: self, taken: Taken { granted: false, left: 0, wait, full_after: wait } }
    }

    /// Lets a request through that costs so many tokens, or puts it off.
    pub(super) async fn pass(self, state: &ApiState, whose: &str, cost: u32) -> Result<Standing, Problem> {
        let taken = self.take(state, whose, cost).await;
        let standing = Standing { limit: self, taken };
        if taken.granted {
            return Ok(standing);
        }
        metrics::RATE_LIMITED.increment([self.name]);
        let detail = match self.name {
            "key" => "too many requests came of this key or person",
            _ => "too many requests came from this address",
        };
        Err(standing.put_off(detail))
    }
}

/// Lets somebody begin to sign in, unless their address has begun too many.
pub(crate) async fn admit_sign_in(state: &ApiState, sender: Option<Sender>) -> Result<(), Problem> {
    if let (Some(limit), Some(sender)) = (Limit::sign_ins(), sender) {
        limit.pass(state, &sender.name(), 1).await?;
    }
    Ok(())
}

impl Standing {
    /// Puts a caller off, who is told when to come again.
    pub(super) fn put_off(&self, detail: &'static str) -> Problem {
        let mut headers = HeaderMap::new();
        self.tell(&mut headers);
        Problem::too_many(detail, self.taken.wait).with_headers(headers)
    }

    /// Says in the headers what is left. Where several limits say so, the first one is nearest to the route.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        let Self { limit: Limit { name, bucket }, taken } = self;
        let seconds = |time: Duration| time.as_secs() + u64::from(time.subsec_nanos() > 0);
        let policy = format!("\"{name}\";q={};w={}", bucket.capacity, bucket.filled_in.as_secs());
        let left = format!("\"{name}\";r={};t={}", taken.left, seconds(taken.full_after));
        for (header, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, left)] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.append(header, value);
            }
        }
    }
}

/// The route of a request, without where they all are.
fn route(request: &Request) -> &str {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    path.strip_prefix(BASE).unwrap_or_default()
}

/// Whether a request only has something computed, which ends with whoever wants it.
pub(super) fn keeps_nothing(request: &Request) -> bool {
    route(request) == "/screenings"
}

/// Tokens of a request: as many as it makes work.
pub(super) fn cost(request: &Request) -> u32 {
    match (request.method(), route(request)) {
        // Seconds of every processor.
        (&Method::POST, "/screenings") => 50,
        // Everything that there is.
        (&Method::POST, "/backups" | "/organization/exports") => 50,
        // Files that are read through.
        (&Method::POST, "/uploads") => 10,
        // Tables, and orbits that are computed.
        (&Method::GET, "/element-sets" | "/objects/{number}/ephemeris" | "/conjunctions/{id}/geometry") => 5,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_that_cost_more_are_routes() {
        let document = serde_json::to_value(crate::openapi()).unwrap();
        for route in [
            "/screenings",
            "/backups",
            "/organization/exports",
            "/uploads",
            "/element-sets",
            "/objects/{number}/ephemeris",
            "/conjunctions/{id}/geometry",
        ] {
            assert!(document["paths"].get(format!("{BASE}{route}")).is_some(), "{route}");
        }
    }
}
