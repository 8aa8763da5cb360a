//! The diagram of the architecture's document, drawn from what the templates have: a part is there if resources of it are, and an
//! arrow if one of them refers to one of the other part, be it by a role, a target group or a link between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use crate::checks::{Architecture, Item, each, list, policies};
use crate::template::StackName;

/// A part of the diagram.
#[derive(Debug, Clone, Copy)]
struct Part {
    id: &'static str,
    label: &'static str,
    kinds: &'static [&'static str],
    /// Frame that it is in.
    frame: Option<&'static str>,
}

const SECURITY: Option<&str> = Some("Security");
const MONITORING: Option<&str> = Some("Monitoring");

const PARTS: &[Part] = &[
    part("CF", "CloudFront", &["AWS::CloudFront::Distribution"], None),
    part("Amplify", "Amplify", &["AWS::Amplify::App", "AWS::Amplify::Branch"], None),
    part(
        "API",
        "API Gateway",
        &[
            "AWS::ApiGateway::RestApi",
            "AWS::ApiGateway::Authorizer",
            "AWS::ApiGateway::Stage",
            "AWS::ApiGatewayV2::Api",
            "AWS::ApiGatewayV2::Authorizer",
            "AWS::ApiGatewayV2::Integration",
            "AWS::ApiGatewayV2::Stage",
        ],
        None,
    ),
    part("ALB", "Application Load Balancer", &["AWS::ElasticLoadBalancingV2::LoadBalancer"], None),
    part("ECS", "ECS Fargate", &["AWS::ECS::Service", "AWS::ECS::TaskDefinition"], None),
    part("Lambda", "Lambda Functions", &["AWS::Lambda::Function"], None),
    part("RDS", "RDS PostgreSQL", &["AWS::RDS::DBInstance"], None),
    part("Redis", "ElastiCache", &["AWS::ElastiCache::ReplicationGroup"], None),
    part("MSK", "Amazon MSK", &["AWS::MSK::Cluster"], None),
    part("S3", "S3 Storage", &["AWS::S3::Bucket"], None),
    part("Cognito", "Cognito", &["AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient"], SECURITY),
    part("WAF", "WAF", &["AWS::WAFv2::WebACL"], SECURITY),
    part("CW", "CloudWatch", &["AWS::Logs::LogGroup"], MONITORING),
    part("XR", "X-Ray", &[], MONITORING),
];

const fn part(
    id: &'static str,
    label: &'static str,
    kinds: &'static [&'static str],
    frame: Option<&'static str>,
) -> Part {
    Part { id, label, kinds, frame }
}

/// Where requests flow against the reference: who guards is named by what it guards, and who answers by where it registers.
const AGAINST: &[(&str, &str)] =
    &[("CF", "WAF"), ("API", "Cognito"), ("ECS", "ALB"), ("API", "WAF"), ("ECS", "Cognito")];

/// What everything refers to, and nothing flows through.
const NO_WAY: &[&str] = &[
    "AWS::KMS::Key",
    "AWS::EC2::VPC",
    "AWS::EC2::Subnet",
    "AWS::EC2::SecurityGroup",
    "AWS::SNS::Topic",
    "AWS::ECS::Cluster",
];

/// Types whose resource joins two others: what they refer to, each by a property, refers to the other.
const JOINTS: &[(&str, &str, &str)] = &[
    // Who it stands before, and what it is.
    ("AWS::WAFv2::WebACLAssociation", "ResourceArn", "WebACLArn"),
    ("AWS::ElasticLoadBalancingV2::Listener", "DefaultActions", "LoadBalancerArn"),
    ("AWS::ElasticLoadBalancingV2::ListenerRule", "Actions", "ListenerArn"),
];

/// The diagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagram {
    /// Ids of the parts that are there.
    parts: Vec<&'static str>,
    /// From one to another.
    arrows: BTreeSet<(&'static str, &'static str)>,
}

type Key<'a> = (StackName, &'a str);

fn part_of(kind: &str) -> Option<&'static str> {
    PARTS.iter().find(|part| part.kinds.contains(&kind)).map(|part| part.id)
}

impl Diagram {
    /// Of the templates of an environment.
    #[must_use]
    pub fn new(architecture: &Architecture<'_>) -> Self {
        let references = references(architecture);
        let mut parts: BTreeSet<&str> = architecture.items().filter_map(|item| part_of(item.kind)).collect();
        let mut arrows = BTreeSet::new();
        for item in architecture.items() {
            let Some(from) = part_of(item.kind) else { continue };
            let (reached, traces) = reached(architecture, &references, item);
            for to in reached.into_iter().filter(|to| *to != from) {
                let against = AGAINST.contains(&(from, to));
                arrows.insert(if against { (to, from) } else { (from, to) });
            }
            if traces {
                parts.insert("XR");
                arrows.insert((from, "XR"));
            }
        }
        let parts = PARTS.iter().map(|part| part.id).filter(|id| parts.contains(id)).collect();
        Self { parts, arrows }
    }

    /// As Mermaid draws it.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut text = "graph TD\n".to_owned();
        for frame in [None, SECURITY, MONITORING] {
            let indent = if frame.is_some() { "        " } else { "    " };
            let within = PARTS.iter().filter(|part| part.frame == frame && self.parts.contains(&part.id));
            let lines: Vec<String> =
                within.map(|part| format!("{indent}{}[{}]\n", part.id, part.label)).collect();
            if let (Some(frame), false) = (frame, lines.is_empty()) {
                let _ = writeln!(text, "    subgraph {frame}");
            }
            text.extend(lines.iter().map(String::as_str));
            if frame.is_some() && !lines.is_empty() {
                text.push_str("    end\n");
            }
        }
        for (from, to) in &self.arrows {
            let _ = writeln!(text, "    {from} --> {to}");
        }
        text
    }

    /// As a picture: who is asked stands below who asks.
    #[must_use]
    pub fn svg(&self) -> String {
        let rows = self.rows();
        let widest = rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = MARGIN * 2 + widest * (WIDTH + GAP_X) - GAP_X.min(widest * GAP_X);
        let height = MARGIN * 2 + rows.len() * (HEIGHT + GAP_Y) - GAP_Y.min(rows.len() * GAP_Y);
        let mut places = BTreeMap::new();
        for (number, row) in rows.iter().enumerate() {
            let left = (width - (row.len() * (WIDTH + GAP_X) - GAP_X)) / 2;
            for (column, id) in row.iter().enumerate() {
                places.insert(*id, (left + column * (WIDTH + GAP_X), MARGIN + number * (HEIGHT + GAP_Y)));
            }
        }
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
             font-size=\"14\">\n<title>AstroShield on AWS</title>\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" \
             refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 8 4 0 8z\" fill=\"#555\"/></marker>\
             </defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        );
        for (from, to) in &self.arrows {
            let ((x1, y1), (x2, y2)) = (places[from], places[to]);
            // From the lower edge to the upper one; sideways, or back up, from the side.
            let (y1, y2) =
                if y2 > y1 { (y1 + HEIGHT, y2) } else { (y1, y2 + if y2 < y1 { HEIGHT } else { 0 }) };
            let (x1, x2) = (x1 + WIDTH / 2, x2 + WIDTH / 2);
            let _ = writeln!(
                text,
                "<path d=\"M{x1} {y1} L{x2} {y2}\" stroke=\"#555\" fill=\"none\" marker-end=\"url(#tip)\"/>"
            );
        }
        for part in PARTS {
            let Some((x, y)) = places.get(part.id) else { continue };
            let fill = match part.frame {
                Some("Security") => "#fde8e8",
                Some(_) => "#e8f3e8",
                None => "#e8eefb",
            };
            let (middle, base) = (x + WIDTH / 2, y + HEIGHT / 2 + 5);
            let _ = writeln!(
                text,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\" fill=\"{fill}\" stroke=\"#555\"/>\
                 <text x=\"{middle}\" y=\"{base}\" text-anchor=\"middle\">{}</text>",
                part.label
            );
        }
        text.push_str("</svg>\n");
        text
    }

    /// The parts in rows, each below all that have an arrow to it; but for arrows that close a circle, which go up.
    fn rows(&self) -> Vec<Vec<&'static str>> {
        let mut down: Vec<(&str, &str)> = Vec::new();
        for part in &self.parts {
            for (from, to) in self.arrows.iter().filter(|(from, _)| from == part) {
                if !leads(&down, to, from) {
                    down.push((from, to));
                }
            }
        }
        let mut row: BTreeMap<&str, usize> = self.parts.iter().map(|id| (*id, 0)).collect();
        for _ in &self.parts {
            for (from, to) in &down {
                row.insert(to, row[to].max(row[from] + 1));
            }
        }
        let mut rows: BTreeMap<usize, Vec<&'static str>> = BTreeMap::new();
        for id in &self.parts {
            rows.entry(row[id]).or_default().push(id);
        }
        rows.into_values().collect()
    }
}

const WIDTH: usize = 190;
const HEIGHT: usize = 44;
const GAP_X: usize = 24;
const GAP_Y: usize = 70;
const MARGIN: usize = 20;

/// Whether one can come from a part to another one by these arrows.
fn leads(arrows: &[(&str, &str)], from: &str, to: &str) -> bool {
    from == to || arrows.iter().any(|(begin, end)| *begin == from && leads(arrows, end, to))
}

/// The parts that a resource refers to, by itself or by what has no part, and whether what it may do includes sending traces.
fn reached<'a>(
    architecture: &Architecture<'a>,
    references: &BTreeMap<Key<'a>, BTreeSet<Key<'a>>>,
    from: Item<'a>,
) -> (BTreeSet<&'static str>, bool) {
    let mut parts = BTreeSet::new();
    let mut traces = false;
    let mut seen = BTreeSet::from([(from.stack, from.id)]);
    let mut next = vec![(from.stack, from.id)];
    while let Some(key) = next.pop() {
        if let Some(item) = architecture.item(key.0, key.1) {
            policies::statements(item.properties, &mut |statement| {
                traces |= list(&statement["Action"]).iter().any(|action| action == "xray:PutTraceSegments");
            });
        }
        for to in references.get(&key).into_iter().flatten() {
            let Some(item) = architecture.item(to.0, to.1) else { continue };
            match part_of(item.kind) {
                Some(part) => {
                    parts.insert(part);
                }
                None if !NO_WAY.contains(&item.kind) && seen.insert(*to) => next.push(*to),
                None => {}
            }
        }
    }
    (parts, traces)
}

/// What each resource refers to.
fn references<'a>(architecture: &Architecture<'a>) -> BTreeMap<Key<'a>, BTreeSet<Key<'a>>> {
    let mut all: BTreeMap<Key<'a>, BTreeSet<Key<'a>>> = BTreeMap::new();
    for item in architecture.items() {
        let found = within(architecture, item, item.properties);
        all.entry((item.stack, item.id)).or_default().extend(found);
        for (kind, of, to) in JOINTS {
            if item.kind == *kind {
                for from in within(architecture, item, &item.properties[*of]) {
                    let to = within(architecture, item, &item.properties[*to]);
                    all.entry(from).or_default().extend(to);
                }
            }
        }
    }
    all
}

/// What a value refers to.
fn within<'a>(architecture: &Architecture<'a>, item: Item<'a>, value: &'a Value) -> BTreeSet<Key<'a>> {
    let mut found = BTreeSet::new();
    each(value, &mut |value| {
        if let Some(target) = architecture.target(item.stack, value) {
            found.insert((target.item.stack, target.item.id));
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::planted;

    fn diagram(resources: &Value) -> Diagram {
        let templates = [planted::template(resources)];
        Diagram::new(&Architecture::new(&templates))
    }

    fn small() -> Value {
        json!({
            "Balancer": { "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {} },
            "Listener": { "Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
                "LoadBalancerArn": { "Ref": "Balancer" }, "DefaultActions": [{ "TargetGroupArn": { "Ref": "Targets" } }],
            } },
            "Targets": { "Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {} },
            "Service": { "Type": "AWS::ECS::Service", "Properties": {
                "TaskDefinition": { "Ref": "Task" }, "LoadBalancers": [{ "TargetGroupArn": { "Ref": "Targets" } }],
            } },
            "Task": { "Type": "AWS::ECS::TaskDefinition", "Properties": { "TaskRoleArn": { "Fn::GetAtt": ["Role", "Arn"] } } },
            "Role": { "Type": "AWS::IAM::Role", "Properties": { "Policies": [{ "PolicyDocument": { "Statement": [
                { "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [
                    { "Fn::Join": ["", [{ "Fn::GetAtt": ["Blobs", "Arn"] }, "/*"]] },
                ] },
                { "Effect": "Allow", "Action": ["xray:PutTraceSegments"], "Resource": "*" },
            ] } }] } },
            "Blobs": { "Type": "AWS::S3::Bucket", "Properties": {} },
            "Distribution": { "Type": "AWS::CloudFront::Distribution", "Properties": {
                "WebACLId": { "Fn::GetAtt": ["Acl", "Arn"] }, "Origin": { "Ref": "Origin" },
            } },
            "Origin": { "Type": "AWS::CloudFront::VpcOrigin", "Properties": { "Arn": { "Ref": "Balancer" } } },
            "Acl": { "Type": "AWS::WAFv2::WebACL", "Properties": {} },
        })
    }

    #[test]
    fn arrows_follow_references_through_roles_links_and_target_groups() {
        let expected = [("ALB", "ECS"), ("CF", "ALB"), ("ECS", "S3"), ("ECS", "XR"), ("WAF", "CF")]
            .into_iter()
            .collect();
        assert_eq!(diagram(&small()).arrows, expected);
        let mut without = small();
        without["Listener"]["Properties"]["DefaultActions"] = json!([]);
        assert!(!diagram(&without).arrows.contains(&("ALB", "ECS")));
    }

    #[test]
    fn mermaid_has_every_part_once_and_frames() {
        let text = diagram(&small()).mermaid();
        assert!(text.starts_with("graph TD\n    CF[CloudFront]\n"), "{text}");
        assert!(text.contains("    subgraph Security\n        WAF[WAF]\n    end\n"), "{text}");
        assert!(text.contains("    CF --> ALB\n"), "{text}");
        assert!(!text.contains("RDS"), "{text}");
    }

    #[test]
    fn the_picture_has_who_is_asked_below_who_asks() {
        let diagram = diagram(&small());
        assert_eq!(diagram.rows(), [vec!["WAF"], vec!["CF"], vec!["ALB"], vec!["ECS"], vec!["S3", "XR"]]);
        let picture = diagram.svg();
        assert_eq!(picture.matches("<path d=\"M").count(), diagram.arrows.len() + 1);
        assert_eq!(picture.matches("<text ").count(), diagram.parts.len());
    }
}
