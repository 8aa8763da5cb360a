//! Wrong keys and tokens by address: whoever sends too many has to wait.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

use crate::state::ApiState;

/// For how long wrong secrets are counted together, from the first of them on.
const WINDOW: Duration = Duration::from_mins(1);

/// Most addresses that are remembered; beyond them, the longest known is forgotten.
const ADDRESSES: usize = 10_000;

/// Who is counted as one: an address, or a network of IPv6, which one customer has all of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sender(IpAddr);

impl Sender {
    pub(super) fn new(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
            v4 => v4,
        })
    }

    /// The sender of a request.
    pub(crate) fn of(extensions: &Extensions, headers: &HeaderMap, proxies: &[IpNet]) -> Option<Self> {
        address_of(extensions, headers, proxies).map(Self::new)
    }

    /// The name that it is counted under.
    pub(crate) fn name(self) -> String {
        self.0.to_string()
    }
}

/// The address that a request comes from. A proxy that is trusted says for whom it asks, and if that is one too, it was told so
/// by that one; what anybody else says may be made up.
pub(crate) fn address_of(extensions: &Extensions, headers: &HeaderMap, proxies: &[IpNet]) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let is_trusted = |address: &IpAddr| proxies.iter().any(|network| network.contains(address));
    let mut sender = peer.ip().to_canonical();
    let lists = headers.get_all("x-forwarded-for").iter().rev();
    let mut told = lists.flat_map(|list| list.to_str().unwrap_or_default().rsplit(','));
    while is_trusted(&sender)
        && let Some(before) = told.next().and_then(|text| address(text.trim()))
    {
        sender = before.to_canonical();
    }
    Some(sender)
}

/// An address as proxies write it: alone, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().or_else(|_| text.parse().map(|with_port: SocketAddr| with_port.ip())).ok()
}

/// [`Sender`] for a route.
pub(crate) struct From(pub(crate) Option<Sender>);

impl FromRequestParts<ApiState> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        Ok(Self(Sender::of(&parts.extensions, &parts.headers, &state.settings.trusted_proxies)))
    }
}

/// How many wrong secrets came from where.
#[derive(Debug)]
pub(crate) struct WrongSecrets {
    /// So many in a window; 0 is any number.
    allowed: u32,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    counts: HashMap<Sender, Count>,
    /// Those of `counts`, in the order of their windows.
    order: VecDeque<Sender>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    since: Instant,
    wrong: u32,
}

impl WrongSecrets {
    pub(crate) fn new(allowed: u32) -> Self {
        Self { allowed, seen: Mutex::default() }
    }

    /// How long a sender has to wait before another secret of theirs is looked at.
    pub(crate) fn wait(&self, sender: Option<Sender>, now: Instant) -> Option<Duration> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seen.counts.get(&sender?)?;
        let left = WINDOW.checked_sub(now.saturating_duration_since(count.since))?;
        (self.allowed > 0 && count.wrong >= self.allowed && !left.is_zero()).then_some(left)
    }

    /// Counts a wrong one.
    pub(crate) fn count(&self, sender: Option<Sender>, now: Instant) {
        let Some(sender) = sender else { return };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget(now);
        if let Some(count) = seen.counts.get_mut(&sender) {
            count.wrong = count.wrong.saturating_add(1);
        } else {
            seen.counts.insert(sender, Count { since: now, wrong: 1 });
            seen.order.push_back(sender);
        }
    }
}

impl Seen {
    /// Forgets those whose window is over, and makes room for one.
    fn forget(&mut self, now: Instant) {
        while let Some(oldest) = self.order.front() {
            let over = |count: &Count| now.saturating_duration_since(count.since) >= WINDOW;
            if self.order.len() < ADDRESSES && !self.counts.get(oldest).is_none_or(over) {
                break;
            }
            self.counts.remove(oldest);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(address: &str) -> Option<Sender> {
        Some(Sender::new(address.parse().unwrap()))
    }

    #[test]
    fn a_sender_of_too_many_wrong_secrets_waits_until_the_minute_is_over_and_others_do_not() {
        let (wrong, start) = (WrongSecrets::new(3), Instant::now());
        let (guesser, other) = (sender("192.0.2.1"), sender("192.0.2.2"));
        for second in 0..3 {
            let now = start + Duration::from_secs(second);
            assert_eq!(wrong.wait(guesser, now), None);
            wrong.count(guesser, now);
        }
        let now = start + Duration::from_secs(20);
        assert_eq!(wrong.wait(guesser, now), Some(Duration::from_secs(40)));
        assert_eq!(wrong.wait(other, now), None);
        assert_eq!(wrong.wait(None, now), None);
        let now = start + WINDOW;
        assert_eq!(wrong.wait(guesser, now), None);
        wrong.count(guesser, now);
        assert_eq!(wrong.wait(guesser, now), None, "counted anew");
    }

    #[test]
    fn no_limit_is_none() {
        let (wrong, now) = (WrongSecrets::new(0), Instant::now());
        wrong.count(sender("192.0.2.1"), now);
        assert_eq!(wrong.wait(sender("192.0.2.1"), now), None);
    }

    #[test]
    fn so_many_senders_are_remembered_and_no_more() {
        let (wrong, now) = (WrongSecrets::new(1), Instant::now());
        let first = sender("10.0.0.0");
        for number in 0..u32::try_from(ADDRESSES).unwrap() + 500 {
            wrong.count(Some(Sender::new(IpAddr::from((0x0a00_0000 + number).to_be_bytes()))), now);
        }
        let seen = wrong.seen.lock().unwrap();
        assert_eq!((seen.counts.len(), seen.order.len()), (ADDRESSES, ADDRESSES));
        drop(seen);
        assert_eq!(wrong.wait(first, now), None);
    }

    #[test]
    fn a_network_of_ipv6_is_one_sender_and_only_a_trusted_proxy_is_believed() {
        assert_eq!(sender("2001:db8::1"), sender("2001:db8::ffff:1"));
        assert_ne!(sender("2001:db8::1"), sender("2001:db8:0:1::1"));
        assert_eq!(sender("::ffff:192.0.2.1"), sender("192.0.2.1"));

        let of = |peer: &str, forwarded: &str| {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
            let headers: HeaderMap =
                [("x-forwarded-for".parse().unwrap(), forwarded.parse().unwrap())].into_iter().collect();
            Sender::of(
                &extensions,
                &headers,
                &["127.0.0.0/8".parse().unwrap(), "10.1.0.0/16".parse().unwrap()],
            )
        };
        assert_eq!(of("127.0.0.1", "203.0.113.7, 192.0.2.9"), sender("192.0.2.9"));
        assert_eq!(of("10.1.2.3", "192.0.2.9:4711"), sender("192.0.2.9"));
        assert_eq!(of("10.1.2.3", "[2001:db8::1]:4711"), sender("2001:db8::1"));
        assert_eq!(of("127.0.0.1", "nonsense"), sender("127.0.0.1"));
        assert_eq!(of("127.0.0.1", "203.0.113.7, 10.1.0.9"), sender("203.0.113.7"), "a chain of ours");
        assert_eq!(of("127.0.0.1", "198.51.100.1, 203.0.113.7, 10.1.0.9"), sender("203.0.113.7"));
        assert_eq!(of("127.0.0.1", "nonsense, 10.1.0.9"), sender("10.1.0.9"));
        assert_eq!(of("10.2.0.1", "203.0.113.7"), sender("10.2.0.1"));
        assert_eq!(of("192.0.2.5", "203.0.113.7"), sender("192.0.2.5"));
    }
}
