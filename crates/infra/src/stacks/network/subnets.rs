//! Subnets, and the ways between them and out.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::json;

use super::name;
use crate::environment::Environment;
use crate::template::kinds::{
    ElasticIp, InternetGateway, NatGateway, Route, RouteTable, Subnet, SubnetRouteTableAssociation, Vpc,
    VpcGatewayAttachment,
};
use crate::template::{Resource, Stack};

/// Zones, by the id that is the same in every account, in which VPC origins of CloudFront cannot be; nor, in part, MSK
/// and tasks on ARM64. Names of zones (`us-east-1a`) are dealt out anew in each account, so `Fn::GetAZs` could give
/// one of these.
const UNFIT_ZONES: [&str; 4] = ["use1-az3", "usw1-az2", "cac1-az3", "apne1-az3"];

/// A tier: a quarter of the VPC's network, so that one rule can be about all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    Private,
    Isolated,
    Public,
}

impl Tier {
    pub(super) const ALL: [Self; 3] = [Self::Public, Self::Private, Self::Isolated];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Private => "Private",
            Self::Isolated => "Isolated",
            Self::Public => "Public",
        }
    }

    /// Network of the tier, of that of the VPC.
    pub(super) fn network(self, vpc: Ipv4Net) -> Ipv4Net {
        let number = match self {
            Self::Private => 0,
            Self::Isolated => 1,
            Self::Public => 2,
        };
        part(vpc, 18, number)
    }

    /// Network of its subnet in a zone.
    fn subnet(self, vpc: Ipv4Net, zone: u32) -> Ipv4Net {
        part(self.network(vpc), 20, zone)
    }
}

fn part(of: Ipv4Net, prefix: u8, number: u32) -> Ipv4Net {
    let first = u32::from(of.network()) + (number << (32 - u32::from(prefix)));
    Ipv4Net::new_assert(Ipv4Addr::from(first), prefix)
}

/// Ids of zones of a region, in which everything of ours can be.
fn zones(region: &str) -> impl Iterator<Item = String> {
    let mut parts = region.split('-');
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        short += match part {
            "northeast" => "ne",
            "northwest" => "nw",
            "southeast" => "se",
            "southwest" => "sw",
            // A letter of a word (`central`), or the number.
            _ => part.get(..1).unwrap_or_default(),
        };
    }
    (1..)
        .map(move |number: u32| format!("{short}-az{number}"))
        .filter(|zone| !UNFIT_ZONES.contains(&zone.as_str()))
}

/// The subnets of each tier, by zone, and where those without an address of their own find their way.
#[derive(Debug)]
pub(super) struct Subnets {
    pub(super) public: Vec<Resource<Subnet>>,
    pub(super) private: Vec<Resource<Subnet>>,
    pub(super) isolated: Vec<Resource<Subnet>>,
    /// Routes of the private ones.
    pub(super) private_routes: Vec<Resource<RouteTable>>,
}

impl Subnets {
    pub(super) fn of(&self, tier: Tier) -> &[Resource<Subnet>] {
        match tier {
            Tier::Public => &self.public,
            Tier::Private => &self.private,
            Tier::Isolated => &self.isolated,
        }
    }
}

pub(super) fn add(stack: &Stack, environment: &Environment, vpc: &Resource<Vpc>) -> Subnets {
    let subnets = |tier: Tier| -> Vec<Resource<Subnet>> {
        (0..)
            .zip(zones(&environment.region))
            .take(environment.sizes.zones)
            .map(|(number, zone)| {
                let properties = json!({
                    "VpcId": vpc.id(),
                    "CidrBlock": tier.subnet(environment.operator.network, number),
                    "AvailabilityZoneId": zone,
                    "MapPublicIpOnLaunch": false,
                    "Tags": name(environment, &format!("{}-{zone}", tier.title().to_lowercase())),
                });
                stack.add(format!("{}{number}", tier.title()), properties)
            })
            .collect()
    };
    let (public, private, isolated) =
        (subnets(Tier::Public), subnets(Tier::Private), subnets(Tier::Isolated));

    let gateway: Resource<InternetGateway> =
        stack.add("InternetGateway", json!({ "Tags": name(environment, "internet") }));
    let attached: Resource<VpcGatewayAttachment> = stack
        .add("InternetGatewayAttachment", json!({ "VpcId": vpc.id(), "InternetGatewayId": gateway.id() }));

    let routes = |id: &str, what: &str| -> Resource<RouteTable> {
        stack.add(id, json!({ "VpcId": vpc.id(), "Tags": name(environment, what) }))
    };
    let public_routes = routes("PublicRoutes", "public");
    let out: Resource<Route> = stack.add(
        "PublicRoute",
        json!({
            "RouteTableId": public_routes.id(),
            "DestinationCidrBlock": "0.0.0.0/0",
            "GatewayId": gateway.id(),
        }),
    );
    stack.after(&out, &attached);

    let translators: Vec<Resource<NatGateway>> = (public.iter().enumerate())
        .take(environment.sizes.nat_gateways)
        .map(|(number, subnet)| {
            let what = format!("nat-{number}");
            let address: Resource<ElasticIp> = stack.add(
                format!("NatAddress{number}"),
                json!({ "Domain": "vpc", "Tags": name(environment, &what) }),
            );
            stack.after(&address, &attached);
            let translator = stack.add(
                format!("Nat{number}"),
                json!({
                    "AllocationId": address.allocation_id(),
                    "SubnetId": subnet.id(),
                    "Tags": name(environment, &what),
                }),
            );
            // What starts when it is there has to find its way.
            stack.after(&translator, &out);
            translator
        })
        .collect();

    let isolated_routes = routes("IsolatedRoutes", "isolated");
    let mut private_routes = Vec::new();
    for (number, translator) in (0..private.len()).zip(translators.iter().cycle()) {
        let table = routes(&format!("PrivateRoutes{number}"), &format!("private-{number}"));
        stack.add::<Route>(
            format!("PrivateRoute{number}"),
            json!({
                "RouteTableId": table.id(),
                "DestinationCidrBlock": "0.0.0.0/0",
                "NatGatewayId": translator.id(),
            }),
        );
        private_routes.push(table);
    }

    for (subnet, table) in (public.iter().map(|subnet| (subnet, &public_routes)))
        .chain(private.iter().zip(&private_routes))
        .chain(isolated.iter().map(|subnet| (subnet, &isolated_routes)))
    {
        stack.add::<SubnetRouteTableAssociation>(
            format!("{}Routes", subnet.logical_id()),
            json!({ "SubnetId": subnet.id(), "RouteTableId": table.id() }),
        );
    }
    Subnets { public, private, isolated, private_routes }
}

#[cfg(test)]
mod tests {
    use super::super::tests::template;
    use super::*;
    use crate::environment::Name;

    #[test]
    fn zones_in_which_something_of_ours_cannot_be_are_left_out() {
        let three = |region: &str| zones(region).take(3).collect::<Vec<_>>();
        assert_eq!(three("us-east-1"), ["use1-az1", "use1-az2", "use1-az4"]);
        assert_eq!(three("ap-northeast-1"), ["apne1-az1", "apne1-az2", "apne1-az4"]);
        assert_eq!(three("eu-central-1"), ["euc1-az1", "euc1-az2", "euc1-az3"]);
        assert_eq!(three("ap-southeast-2")[0], "apse2-az1");
    }

    #[test]
    fn subnets_are_in_their_tier_and_overlap_nowhere() {
        let vpc: Ipv4Net = "10.40.0.0/16".parse().unwrap();
        let all: Vec<Ipv4Net> = (Tier::ALL.into_iter())
            .flat_map(|tier| (0..4).map(move |zone| (tier, zone)))
            .map(|(tier, zone)| {
                let subnet = tier.subnet(vpc, zone);
                assert!(tier.network(vpc).contains(&subnet) && vpc.contains(&subnet), "{subnet}");
                subnet
            })
            .collect();
        for (number, one) in all.iter().enumerate() {
            for other in &all[number + 1..] {
                assert!(!one.contains(other) && !other.contains(one), "{one} and {other}");
            }
        }
    }

    #[test]
    fn only_public_subnets_have_a_route_to_the_internet_gateway_and_isolated_ones_have_no_route() {
        for environment in Name::ALL {
            let template = template(environment);
            let routes: Vec<_> = (template.resources())
                .filter(|(_, kind, _)| *kind == "AWS::EC2::Route")
                .map(|(_, _, properties)| {
                    (
                        properties["RouteTableId"]["Ref"].as_str().unwrap(),
                        properties.get("GatewayId").is_some(),
                    )
                })
                .collect();
            assert!(routes.iter().all(|(table, internet)| (*table == "PublicRoutes") == *internet));
            assert!(routes.iter().all(|(table, _)| *table != "IsolatedRoutes"));
        }
    }

    #[test]
    fn a_zone_of_prod_does_not_need_another_one_to_find_its_way_out() {
        let nat = |environment| {
            let template = template(environment);
            let mut used: Vec<String> = (template.resources())
                .filter_map(|(_, _, properties)| {
                    properties["NatGatewayId"]["Ref"].as_str().map(str::to_owned)
                })
                .collect();
            used.dedup();
            used
        };
        assert_eq!(nat(Name::Prod), ["Nat0", "Nat1", "Nat2"]);
        assert_eq!(nat(Name::Dev), ["Nat0"]);
    }
}
