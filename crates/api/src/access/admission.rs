//! What every request has to pass, whoever sends it and whatever it asks for: by the address that it comes from.

use std::net::IpAddr;

use astroshield_domain::metrics;
use astroshield_domain::trace::Trace;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

use super::limits::Limit;
use super::wrong_secrets::{Sender, address_of};
use crate::envelope::REQUEST_ID;
use crate::problem::Problem;
use crate::state::ApiState;

/// Lets a request in from an address that is not shut out and does not send too many, and remembers where it came from.
pub(crate) async fn admit(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (extensions, headers) = (request.extensions(), request.headers());
    let address = address_of(extensions, headers, &state.settings.trusted_proxies);
    if !is_let_in(address, &state.settings.allow, &state.settings.deny) {
        metrics::REFUSED_CALLERS.increment(["network"]);
        return Err(Problem::forbidden("requests from this address are not taken"));
    }
    let passed = match (Limit::addresses(&state.settings), address) {
        (Some(limit), Some(address)) => Some(limit.pass(&state, &Sender::new(address).name(), 1).await?),
        _ => None,
    };
    let id = headers.get(REQUEST_ID).map(HeaderValue::to_str);
    let trace = Trace::current().unwrap_or_else(Trace::begin).with_address(address);
    let trace = match id {
        Some(Ok(id)) if trace.request().is_none() => trace.with_request(id),
        _ => trace,
    };
    let mut response = trace.scope(next.run(request)).await;
    if let Some(passed) = passed {
        passed.tell(response.headers_mut());
    }
    Ok(response)
}

/// What is denied stays out even if it is allowed; with something allowed, all else stays out.
fn is_let_in(address: Option<IpAddr>, allow: &[IpNet], deny: &[IpNet]) -> bool {
    let within = |networks: &[IpNet]| {
        address.is_some_and(|address| networks.iter().any(|network| network.contains(&address)))
    };
    !within(deny) && (allow.is_empty() || within(allow))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denied_stays_out_and_so_does_what_is_not_allowed() {
        let networks =
            |list: &[&str]| -> Vec<IpNet> { list.iter().map(|text| text.parse().unwrap()).collect() };
        let let_in = |address: Option<&str>, allow: &[&str], deny: &[&str]| {
            is_let_in(address.map(|text| text.parse().unwrap()), &networks(allow), &networks(deny))
        };
        assert!(let_in(Some("192.0.2.1"), &[], &[]) && let_in(None, &[], &["192.0.2.0/24"]));
        assert!(!let_in(Some("192.0.2.1"), &[], &["192.0.2.0/24"]));
        assert!(let_in(Some("192.0.2.1"), &["192.0.2.0/24"], &["192.0.2.9/32"]));
        assert!(!let_in(Some("192.0.2.9"), &["192.0.2.0/24"], &["192.0.2.9/32"]));
        assert!(
            !let_in(Some("198.51.100.1"), &["192.0.2.0/24"], &[]) && !let_in(None, &["192.0.2.0/24"], &[])
        );
        assert!(!let_in(Some("2001:db8::1"), &[], &["2001:db8::/32"]));
    }
}
