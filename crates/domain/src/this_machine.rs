//! Which names and addresses are this machine's own: what goes there is read by nobody on the way.

use std::net::IpAddr;

/// Whether a host, as it stands in a URL or beside a port, is this machine itself.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    let plain = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    plain.eq_ignore_ascii_case("localhost")
        || plain.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_and_localhost_are_this_machine_and_what_only_begins_so_is_not() {
        for own in ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "[::1]"] {
            assert!(is_this_machine(own), "{own}");
        }
        for other in [
            "",
            "localhost.example.org",
            "127.0.0.1.example.org",
            "0.0.0.0",
            "[::]",
            "::2",
            "192.0.2.1",
            "local",
        ] {
            assert!(!is_this_machine(other), "{other}");
        }
    }
}
