//! Security groups: who speaks with whom.
//!
//! Each flow is written once, with the group that it comes from; the rule that lets it in elsewhere follows from it. A
//! group that asks nobody has one rule for what goes out, to the machine itself, as AWS lets everything out of a group
//! without any.
//!
//! What is not in a group's way: DNS and the clock of the VPC, credentials of tasks, and health checks that come from
//! the load balancer by the port of requests.
//!
//! CloudFront comes in by the managed prefix list of its addresses. The group `CloudFront-VPCOrigins-Service-SG`,
//! which AWS makes with the first VPC origin in a VPC, would let in VPC origins of this account alone; but it is not
//! there when the network is made, and no template can name it. An internal load balancer has no address in the
//! Internet, so what the wider rule lets in beyond that is VPC origins of this VPC, which only this account can make.

use astroshield_domain::deployment::PORT;
use serde_json::{Value, json};

use super::{BROKERS_IAM_PORT, BROKERS_SCRAM_PORT, CACHE_PORT, DATABASE_PORT, HTTPS_PORT, MAIL_PORTS, name};
use crate::environment::Environment;
use crate::template::kinds::{SecurityGroup, SecurityGroupIngress, Vpc};
use crate::template::{Resource, Stack};

/// `com.amazonaws.global.cloudfront.origin-facing` in each region, as `aws ec2 describe-managed-prefix-lists` says; it
/// counts as 55 of the 60 rules that a group may have.
const CLOUDFRONT: [(&str, &str); 16] = [
    ("ap-northeast-1", "pl-58a04531"),
    ("ap-northeast-2", "pl-22a6434b"),
    ("ap-south-1", "pl-9aa247f3"),
    ("ap-southeast-1", "pl-31a34658"),
    ("ap-southeast-2", "pl-b8a742d1"),
    ("ca-central-1", "pl-38a64351"),
    ("eu-central-1", "pl-a3a144ca"),
    ("eu-north-1", "pl-fab65393"),
    ("eu-west-1", "pl-4fa04526"),
    ("eu-west-2", "pl-93a247fa"),
    ("eu-west-3", "pl-75b1541c"),
    ("sa-east-1", "pl-5da64334"),
    ("us-east-1", "pl-3b927c52"),
    ("us-east-2", "pl-b6a144df"),
    ("us-west-1", "pl-4ea04527"),
    ("us-west-2", "pl-82a045eb"),
];

/// The groups.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) load_balancer: Resource<SecurityGroup>,
    pub(super) link: Resource<SecurityGroup>,
    pub(super) tasks: Resource<SecurityGroup>,
    pub(super) functions: Resource<SecurityGroup>,
    pub(super) rotation: Resource<SecurityGroup>,
    pub(super) database: Resource<SecurityGroup>,
    pub(super) cache: Resource<SecurityGroup>,
    pub(super) streaming: Resource<SecurityGroup>,
    pub(super) endpoints: Option<Resource<SecurityGroup>>,
}

/// Where a group asks.
enum To<'a> {
    /// Another group, at a port.
    Group(&'a Resource<SecurityGroup>, u16),
    /// Any address, at a port.
    Anywhere(u16),
}

pub(super) fn add(stack: &Stack, environment: &Environment, vpc: &Resource<Vpc>) -> Groups {
    let group = |id: &str, what: &str, flows: &[To<'_>]| group(stack, environment, vpc, id, what, flows);
    let database = group("DatabaseGroup", "database", &[]);
    let cache = group("CacheGroup", "cache", &[]);
    let streaming = group("StreamingGroup", "streaming", &[]);
    let endpoints = (environment.sizes.interface_endpoints).then(|| group("EndpointGroup", "endpoints", &[]));

    // Feeds, identity provider, webhooks and services of AWS are reached by HTTPS at addresses that nobody knows
    // beforehand.
    let mut flows =
        vec![To::Group(&database, DATABASE_PORT), To::Group(&cache, CACHE_PORT), To::Anywhere(HTTPS_PORT)];
    flows.extend(MAIL_PORTS.map(To::Anywhere));
    if environment.sizes.streaming.is_some() {
        flows.extend([BROKERS_SCRAM_PORT, BROKERS_IAM_PORT].map(|port| To::Group(&streaming, port)));
    }
    flows.extend(endpoints.iter().map(|endpoints| To::Group(endpoints, HTTPS_PORT)));
    let tasks = group("TaskGroup", "tasks", &flows);

    let load_balancer = group("LoadBalancerGroup", "load-balancer", &[To::Group(&tasks, PORT)]);
    let link = group("LinkGroup", "link", &[To::Group(&load_balancer, HTTPS_PORT)]);
    // The management API of the WebSocket API, which an endpoint in a VPC does not offer.
    let mut flows =
        vec![To::Group(&load_balancer, HTTPS_PORT), To::Group(&cache, CACHE_PORT), To::Anywhere(HTTPS_PORT)];
    flows.extend(endpoints.iter().map(|endpoints| To::Group(endpoints, HTTPS_PORT)));
    let functions = group("FunctionGroup", "functions", &flows);

    // What has a password of ours, and the services of AWS that keep or set one.
    let mut flows =
        vec![To::Group(&database, DATABASE_PORT), To::Group(&cache, CACHE_PORT), To::Anywhere(HTTPS_PORT)];
    if environment.sizes.streaming.is_some() {
        flows.push(To::Group(&streaming, BROKERS_SCRAM_PORT));
    }
    flows.extend(endpoints.iter().map(|endpoints| To::Group(endpoints, HTTPS_PORT)));
    let rotation = group("RotationGroup", "rotation", &flows);

    let known = CLOUDFRONT.iter().find(|(region, _)| *region == environment.region);
    let prefix_list = stack.ask(
        "CloudFrontPrefixList",
        "Id of the managed prefix list com.amazonaws.global.cloudfront.origin-facing in this region",
        known.map(|(_, id)| *id),
    );
    let mut rule = tcp(HTTPS_PORT, "VPC origins of CloudFront");
    rule["GroupId"] = load_balancer.id();
    rule["SourcePrefixListId"] = prefix_list;
    stack.add::<SecurityGroupIngress>("LoadBalancerFromCloudFront", rule);

    Groups { load_balancer, link, tasks, functions, rotation, database, cache, streaming, endpoints }
}

fn tcp(port: u16, description: &str) -> Value {
    json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "Description": description })
}

/// A group with what it may ask, and the rules by which that is let in where it is asked.
fn group(
    stack: &Stack,
    environment: &Environment,
    vpc: &Resource<Vpc>,
    id: &str,
    what: &str,
    flows: &[To<'_>],
) -> Resource<SecurityGroup> {
    let mut out: Vec<Value> = flows
        .iter()
        .map(|flow| match flow {
            To::Group(to, port) => {
                let mut rule = tcp(*port, &format!("to {}", to.logical_id()));
                rule["DestinationSecurityGroupId"] = to.id();
                rule
            }
            To::Anywhere(port) => {
                let mut rule = tcp(*port, "to any address");
                rule["CidrIp"] = json!("0.0.0.0/0");
                rule
            }
        })
        .collect();
    if out.is_empty() {
        out.push(json!({ "IpProtocol": "-1", "CidrIp": "127.0.0.1/32", "Description": "nowhere" }));
    }
    let group: Resource<SecurityGroup> = stack.add(
        id,
        json!({
            "GroupDescription": environment.named(what),
            "VpcId": vpc.id(),
            "SecurityGroupEgress": out,
            "Tags": name(environment, what),
        }),
    );
    for flow in flows {
        if let To::Group(to, port) = flow {
            let mut rule = tcp(*port, &format!("from {id}"));
            rule["GroupId"] = to.id();
            rule["SourceSecurityGroupId"] = group.id();
            stack.add::<SecurityGroupIngress>(format!("{}From{id}{port}", to.logical_id()), rule);
        }
    }
    group
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::tests::template;
    use super::*;
    use crate::environment::Name;
    use crate::template::Template;

    fn target(rule: &Value, key: &str) -> Option<String> {
        Some(rule[key]["Fn::GetAtt"][0].as_str()?.to_owned())
    }

    /// Who may be asked by whom, at which port.
    fn let_in(template: &Template) -> BTreeSet<(String, String, u64)> {
        (template.resources())
            .filter(|(_, kind, _)| *kind == "AWS::EC2::SecurityGroupIngress")
            .map(|(_, _, rule)| {
                assert_eq!(rule["FromPort"], rule["ToPort"]);
                let from = target(rule, "SourceSecurityGroupId").unwrap_or_else(|| "CloudFront".to_owned());
                (from, target(rule, "GroupId").unwrap(), rule["FromPort"].as_u64().unwrap())
            })
            .collect()
    }

    #[test]
    fn exactly_what_flows_is_let_in() {
        let flows = [
            ("CloudFront", "LoadBalancerGroup", 443),
            ("LinkGroup", "LoadBalancerGroup", 443),
            ("FunctionGroup", "LoadBalancerGroup", 443),
            ("LoadBalancerGroup", "TaskGroup", 7878),
            ("TaskGroup", "DatabaseGroup", 5432),
            ("TaskGroup", "CacheGroup", 6379),
            ("FunctionGroup", "CacheGroup", 6379),
            ("TaskGroup", "StreamingGroup", 9096),
            ("TaskGroup", "StreamingGroup", 9098),
            ("TaskGroup", "EndpointGroup", 443),
            ("FunctionGroup", "EndpointGroup", 443),
            ("RotationGroup", "DatabaseGroup", 5432),
            ("RotationGroup", "CacheGroup", 6379),
            ("RotationGroup", "StreamingGroup", 9096),
            ("RotationGroup", "EndpointGroup", 443),
        ];
        let flows: BTreeSet<_> =
            flows.into_iter().map(|(from, to, port)| (from.to_owned(), to.to_owned(), port)).collect();
        assert_eq!(let_in(&template(Name::Prod)), flows);
        let in_dev = |(_, to, _): &(String, String, u64)| to != "StreamingGroup" && to != "EndpointGroup";
        assert_eq!(let_in(&template(Name::Dev)), flows.into_iter().filter(in_dev).collect());
    }

    #[test]
    fn no_group_lets_everything_out_or_anything_in_from_everywhere() {
        for environment in Name::ALL {
            for (id, kind, properties) in template(environment).resources() {
                if kind != "AWS::EC2::SecurityGroup" {
                    assert!(properties.get("CidrIp").is_none(), "{id}");
                    continue;
                }
                assert!(properties.get("SecurityGroupIngress").is_none(), "{id}");
                let out = properties["SecurityGroupEgress"].as_array().unwrap();
                assert!(!out.is_empty(), "{id}: AWS would let everything out");
                for rule in out {
                    let everything = rule["IpProtocol"] == "-1" && rule["CidrIp"] != "127.0.0.1/32";
                    assert!(!everything, "{id}: {rule}");
                }
            }
        }
    }

    #[test]
    fn what_is_kept_asks_nobody() {
        let template = template(Name::Prod);
        for kept in ["DatabaseGroup", "CacheGroup", "StreamingGroup", "EndpointGroup"] {
            let (_, _, properties) = template.resources().find(|(id, ..)| *id == kept).unwrap();
            let out = properties["SecurityGroupEgress"].as_array().unwrap();
            assert_eq!((out.len(), out[0]["CidrIp"].as_str()), (1, Some("127.0.0.1/32")), "{kept}");
        }
    }

    #[test]
    fn a_region_that_is_not_known_has_its_prefix_list_asked_for() {
        let default = |region: &str| {
            let operator = crate::environment::Operator::parse(&format!("region = {region:?}\n")).unwrap();
            let template = super::super::tests::template_of(&Environment::new(Name::Prod, operator));
            template.body["Parameters"]["CloudFrontPrefixList"].get("Default").cloned()
        };
        assert_eq!(default("eu-central-1"), Some(json!("pl-a3a144ca")));
        assert_eq!(default("mx-central-1"), None);
    }
}
