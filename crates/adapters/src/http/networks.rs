//! Which addresses a tenant's webhook may have us connect to: those of the public Internet, and what the operator
//! allows besides.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::Deserialize;

/// Networks inside of ours that webhooks may be in, in CIDR notation; a bare address is a network of one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct AllowedNetworks(Vec<IpNet>);

/// What is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Not an address with a length of prefix.
    #[error("{text:?} is no network, such as 10.1.0.0/16 or fd00::/8")]
    Syntax {
        /// What was given.
        text: String,
    },
    /// An address within a network, with the network's length of prefix.
    #[error("{text:?} has bits beyond its prefix: is {network} meant?")]
    HostBits {
        /// What was given.
        text: String,
        /// The network that it is in.
        network: IpNet,
    },
}

/// An address that a webhook must not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address} is not allowed for a webhook: {kind}")]
pub struct ForbiddenAddress {
    /// The address.
    pub address: IpAddr,
    /// What it is.
    pub kind: &'static str,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

/// From the IANA IPv4 Special-Purpose Address Registry, and the fixed public address of Azure's metadata.
const FORBIDDEN_V4: &[(Ipv4Net, &str)] = &[
    (v4(0, 0, 0, 0, 8), "unspecified"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(100, 64, 0, 0, 10), "shared by a carrier's customers"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(168, 63, 129, 16, 32), "a cloud's metadata"),
    (v4(169, 254, 0, 0, 16), "link-local, where clouds have their metadata"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "for protocols"),
    (v4(192, 0, 2, 0, 24), "for documentation"),
    (v4(192, 88, 99, 0, 24), "a 6to4 relay"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(198, 18, 0, 0, 15), "for benchmarks"),
    (v4(198, 51, 100, 0, 24), "for documentation"),
    (v4(203, 0, 113, 0, 24), "for documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved or broadcast"),
];

const fn v6(segments: [u16; 8], prefix: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

/// What is allocated to the public Internet.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// What is not public in there, from the IANA IPv6 Special-Purpose Address Registry.
const FORBIDDEN_V6: &[(Ipv6Net, &str)] = &[
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), "for protocols, such as Teredo"),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "for documentation"),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "6to4"),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "for documentation"),
];

/// Names for what lies outside of the public Internet, for a message that helps.
const OTHER_V6: &[(Ipv6Net, &str)] = &[
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "unspecified"),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), "loopback"),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "private"),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "link-local"),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "multicast"),
];

/// IPv6 addresses whose last 32 bits are the IPv4 address that a connection ends at, and which are as good as that:
/// mapped ones, and the well-known prefix of NAT64. Older ways to embed addresses are forbidden altogether.
const EMBEDDING: &[Ipv6Net] =
    &[v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96)];

impl AllowedNetworks {
    /// Networks, one from each text.
    ///
    /// # Errors
    /// When a text is no network.
    pub fn parse<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self, NetworkError> {
        texts.into_iter().map(|text| network(text.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a webhook may be at an address.
    ///
    /// # Errors
    /// When it may not: the address is not one of the public Internet, or stands for one that is not.
    pub fn check(&self, address: IpAddr) -> Result<(), ForbiddenAddress> {
        let embedded = embedded(address).map(IpAddr::V4);
        let allowed = |address: &IpAddr| self.0.iter().any(|network| network.contains(address));
        if allowed(&address) || embedded.is_some_and(|embedded| allowed(&embedded)) {
            return Ok(());
        }
        let kind = match (address, embedded) {
            (IpAddr::V4(address), _) | (IpAddr::V6(_), Some(IpAddr::V4(address))) => forbidden_v4(address),
            (IpAddr::V6(address), _) => forbidden_v6(address),
        };
        kind.map_or(Ok(()), |kind| Err(ForbiddenAddress { address, kind }))
    }
}

fn network(text: &str) -> Result<IpNet, NetworkError> {
    if let Ok(address) = IpAddr::from_str(text) {
        return Ok(address.into());
    }
    let network = IpNet::from_str(text).map_err(|_| NetworkError::Syntax { text: text.to_owned() })?;
    if network == network.trunc() {
        Ok(network)
    } else {
        Err(NetworkError::HostBits { text: text.to_owned(), network: network.trunc() })
    }
}

/// The IPv4 address that an IPv6 address stands for.
fn embedded(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    let [.., a, b, c, d] = address.octets();
    EMBEDDING.iter().any(|network| network.contains(&address)).then(|| Ipv4Addr::new(a, b, c, d))
}

fn forbidden_v4(address: Ipv4Addr) -> Option<&'static str> {
    FORBIDDEN_V4.iter().find(|(network, _)| network.contains(&address)).map(|&(_, kind)| kind)
}

fn forbidden_v6(address: Ipv6Addr) -> Option<&'static str> {
    let named = FORBIDDEN_V6.iter().chain(OTHER_V6).find(|(network, _)| network.contains(&address));
    match named {
        Some(&(_, kind)) => Some(kind),
        None => (!GLOBAL_V6.contains(&address)).then_some("not of the public Internet"),
    }
}

impl TryFrom<Vec<String>> for AllowedNetworks {
    type Error = NetworkError;

    fn try_from(texts: Vec<String>) -> Result<Self, NetworkError> {
        Self::parse(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allowed: &[&str], address: &str) -> Result<(), ForbiddenAddress> {
        AllowedNetworks::parse(allowed).unwrap().check(address.parse().unwrap())
    }

    #[test]
    fn addresses_inside_networks_are_forbidden() {
        for address in [
            // loopback and unspecified
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "::1",
            // private, shared, link-local, site-local
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.0.1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            // metadata of clouds: AWS, GCP and Azure; ECS; Azure; Alibaba; Oracle; AWS and GCP over IPv6
            "169.254.169.254",
            "169.254.170.2",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd20:ce::254",
            // multicast, broadcast, reserved, documentation, benchmarks
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "ff02::1",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "198.18.0.1",
            "198.19.255.255",
            "192.88.99.1",
            "2001:db8::1",
            "3fff::1",
            // IPv4 inside IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "2002:a00:1::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "2001::1",
            "2001:0:4136:e378::1",
            // not allocated to the public Internet
            "100::1",
            "4000::1",
            "5f00::1",
            "::2:0:0:0:1",
            "1::1",
        ] {
            let forbidden = check(&[], address).unwrap_err();
            assert_eq!(forbidden.address, address.parse::<IpAddr>().unwrap());
        }
    }

    #[test]
    fn addresses_of_the_public_internet_are_not() {
        for address in [
            "8.8.8.8",
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            assert_eq!(check(&[], address), Ok(()), "{address}");
        }
    }

    #[test]
    fn what_the_operator_allows_is_allowed_and_nothing_beside_it() {
        let allowed = ["10.1.0.0/16", "192.168.7.9", "fd12:3456::/32"];
        for address in ["10.1.2.3", "192.168.7.9", "fd12:3456::1", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3"] {
            assert_eq!(check(&allowed, address), Ok(()), "{address}");
        }
        for address in ["10.2.0.1", "192.168.7.8", "fd12:3457::1", "127.0.0.1", "::ffff:10.2.0.1", "::1"] {
            assert!(check(&allowed, address).is_err(), "{address}");
        }
        assert_eq!(check(&["0.0.0.0/0"], "127.0.0.1"), Ok(()));
        assert!(check(&["0.0.0.0/0"], "::1").is_err());
    }

    #[test]
    fn what_is_no_network_is_refused_with_its_text() {
        for text in ["", "10.0.0.0/33", "10.0.0/8", "example.com", "fd00::/129", "10.0.0.0/-1", "10.0.0.0 /8"]
        {
            let error = AllowedNetworks::parse([text]).unwrap_err();
            assert_eq!(error, NetworkError::Syntax { text: text.to_owned() });
        }
        let error = AllowedNetworks::parse(["10.1.2.3/8"]).unwrap_err();
        assert_eq!(error.to_string(), "\"10.1.2.3/8\" has bits beyond its prefix: is 10.0.0.0/8 meant?");
    }

    #[test]
    fn networks_are_read_from_a_list() {
        let networks: AllowedNetworks = serde_json::from_str(r#"["10.0.0.0/8", "::1"]"#).unwrap();
        assert_eq!(networks, AllowedNetworks::parse(["10.0.0.0/8", "::1/128"]).unwrap());
        assert!(serde_json::from_str::<AllowedNetworks>(r#"["ten"]"#).is_err());
    }
}
