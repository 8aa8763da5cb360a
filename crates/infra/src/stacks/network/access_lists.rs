//! Network ACLs: what may cross the border of a tier at all, whatever a security group says.
//!
//! They have no memory, so the answers to what is let through have to be let through, too: to the port that the asking
//! side chose. NAT gateways, load balancers and functions choose from 1024 to 65535, a range that also has the ports
//! of tasks, database, cache and brokers. What these lists keep out is therefore less than what the groups do: ports
//! below 1024 that nobody uses (SSH, plain HTTP, SMTP between servers), and anything between the Internet and the
//! isolated tier, in either direction.

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::subnets::{Subnets, Tier};
use super::{BROKERS_IAM_PORT, BROKERS_SCRAM_PORT, CACHE_PORT, DATABASE_PORT, HTTPS_PORT, MAIL_PORTS, name};
use crate::environment::Environment;
use crate::template::kinds::{NetworkAcl, NetworkAclEntry, SubnetNetworkAclAssociation, Vpc};
use crate::template::{Resource, Stack};

/// Ports that the asking side chooses from.
const CHOSEN: (u16, u16) = (1024, u16::MAX);

#[derive(Debug, Clone, Copy)]
enum What {
    Tcp((u16, u16)),
    /// ICMP "fragmentation needed", without which large packets vanish on a path with a smaller limit.
    FragmentationNeeded,
}

impl What {
    const fn port(port: u16) -> Self {
        Self::Tcp((port, port))
    }
}

/// What a tier lets in and out: what, and from or to where.
struct Rules {
    incoming: Vec<(What, Ipv4Net)>,
    outgoing: Vec<(What, Ipv4Net)>,
}

fn rules(tier: Tier, vpc: Ipv4Net) -> Rules {
    let anywhere = Ipv4Net::default();
    let (private, isolated) = (Tier::Private.network(vpc), Tier::Isolated.network(vpc));
    let [mail, mail_starttls] = MAIL_PORTS.map(What::port);
    let https = What::port(HTTPS_PORT);
    let answers = What::Tcp(CHOSEN);
    match tier {
        Tier::Public => Rules {
            incoming: vec![
                (https, private),
                (mail, private),
                (mail_starttls, private),
                (answers, anywhere),
                (What::FragmentationNeeded, anywhere),
            ],
            outgoing: vec![
                (https, anywhere),
                (mail, anywhere),
                (mail_starttls, anywhere),
                (answers, private),
                (What::FragmentationNeeded, private),
            ],
        },
        Tier::Private => Rules {
            // CloudFront comes by interfaces in this tier, but under addresses of its own. No route from the Internet
            // leads here.
            incoming: vec![(https, anywhere), (answers, anywhere), (What::FragmentationNeeded, anywhere)],
            outgoing: vec![
                (https, anywhere),
                (mail, anywhere),
                (mail_starttls, anywhere),
                (answers, anywhere),
                (What::FragmentationNeeded, anywhere),
            ],
        },
        Tier::Isolated => Rules {
            // Among themselves, copies follow and nodes elect by ports that AWS does not name.
            incoming: vec![
                (What::port(DATABASE_PORT), private),
                (What::port(CACHE_PORT), private),
                (What::port(BROKERS_SCRAM_PORT), private),
                (What::port(BROKERS_IAM_PORT), private),
                (What::Tcp((1, u16::MAX)), isolated),
            ],
            outgoing: vec![(answers, private), (What::Tcp((1, u16::MAX)), isolated)],
        },
    }
}

pub(super) fn add(stack: &Stack, environment: &Environment, vpc: &Resource<Vpc>, subnets: &Subnets) {
    for tier in Tier::ALL {
        let title = tier.title();
        let list: Resource<NetworkAcl> = stack.add(
            format!("{title}AccessList"),
            json!({ "VpcId": vpc.id(), "Tags": name(environment, &title.to_lowercase()) }),
        );
        let rules = rules(tier, environment.operator.network);
        for (egress, direction, rules) in [(false, "In", rules.incoming), (true, "Out", rules.outgoing)] {
            for (number, (what, network)) in (1..).zip(rules) {
                let entry = entry(&list, number * 100, egress, what, network);
                stack.add::<NetworkAclEntry>(format!("{title}{direction}{number}"), entry);
            }
        }
        for subnet in subnets.of(tier) {
            stack.add::<SubnetNetworkAclAssociation>(
                format!("{}AccessList", subnet.logical_id()),
                json!({ "SubnetId": subnet.id(), "NetworkAclId": list.id() }),
            );
        }
    }
}

fn entry(list: &Resource<NetworkAcl>, number: u32, egress: bool, what: What, network: Ipv4Net) -> Value {
    let mut entry = json!({
        "NetworkAclId": list.id(),
        "RuleNumber": number,
        "Egress": egress,
        "RuleAction": "allow",
        "CidrBlock": network,
    });
    match what {
        What::Tcp((from, to)) => {
            entry["Protocol"] = json!(6);
            entry["PortRange"] = json!({ "From": from, "To": to });
        }
        What::FragmentationNeeded => {
            entry["Protocol"] = json!(1);
            entry["Icmp"] = json!({ "Type": 3, "Code": 4 });
        }
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(rules: &[(What, Ipv4Net)], port: u16, other: &str) -> bool {
        let other: std::net::Ipv4Addr = other.parse().unwrap();
        rules.iter().any(|(what, network)| match what {
            What::Tcp((from, to)) => (*from..=*to).contains(&port) && network.contains(&other),
            What::FragmentationNeeded => false,
        })
    }

    const VPC: &str = "10.40.0.0/16";
    const PRIVATE: &str = "10.40.16.9";
    const ISOLATED: &str = "10.40.80.9";
    const INTERNET: &str = "192.0.2.9";

    /// Whether a connection from one tier to another (or the Internet) passes, and what is answered to a port that was
    /// chosen.
    fn connects(from: Tier, from_address: &str, to: Tier, to_address: &str, port: u16) -> bool {
        let vpc = VPC.parse().unwrap();
        let (from, to) = (rules(from, vpc), rules(to, vpc));
        [1024, 32768, 65535].into_iter().all(|chosen| {
            passes(&from.outgoing, port, to_address)
                && passes(&to.incoming, port, from_address)
                && passes(&to.outgoing, chosen, from_address)
                && passes(&from.incoming, chosen, to_address)
        })
    }

    #[test]
    fn tasks_reach_what_is_kept_and_get_its_answers() {
        for port in [DATABASE_PORT, CACHE_PORT, BROKERS_SCRAM_PORT, BROKERS_IAM_PORT] {
            assert!(connects(Tier::Private, PRIVATE, Tier::Isolated, ISOLATED, port), "{port}");
        }
        assert!(!connects(Tier::Private, PRIVATE, Tier::Isolated, ISOLATED, 22));
        assert!(!connects(Tier::Private, PRIVATE, Tier::Isolated, ISOLATED, 9094));
    }

    #[test]
    fn the_internet_is_reached_through_both_tiers_on_the_way() {
        for port in [HTTPS_PORT, 465, 587] {
            // To the NAT gateway, whose list sees the address in the Internet; then from there on.
            let (private, public) =
                (rules(Tier::Private, VPC.parse().unwrap()), rules(Tier::Public, VPC.parse().unwrap()));
            assert!(passes(&private.outgoing, port, INTERNET) && passes(&public.incoming, port, PRIVATE));
            assert!(passes(&public.outgoing, port, INTERNET) && passes(&public.incoming, 1024, INTERNET));
            assert!(passes(&public.outgoing, 65535, PRIVATE) && passes(&private.incoming, 65535, INTERNET));
        }
        let public = rules(Tier::Public, VPC.parse().unwrap());
        assert!(!passes(&public.incoming, HTTPS_PORT, INTERNET) && !passes(&public.outgoing, 25, INTERNET));
    }

    #[test]
    fn nothing_passes_between_the_internet_and_what_is_kept() {
        let isolated = rules(Tier::Isolated, VPC.parse().unwrap());
        for port in [1, 22, HTTPS_PORT, DATABASE_PORT, 40_000] {
            assert!(
                !passes(&isolated.incoming, port, INTERNET) && !passes(&isolated.outgoing, port, INTERNET)
            );
        }
    }
}
