//! Lambda functions: authorizers, connections of WebSockets, and what rotates passwords. All of them are the program
//! `astroshield` in the image that tasks have, of the same release: a release changes the one parameter that names both. Lambda takes
//! an image of one processor, and not a list of several; the pipeline pushes each under a tag of its own before it makes
//! the list.

mod rotation;

use astroshield_domain::deployment::variable;
use serde_json::{Map, Value, json};

use crate::application;
use crate::environment::Environment;
use crate::stacks::api_gateway::{self, STAGE};
use crate::stacks::compute::{self, Compute};
use crate::stacks::{Data, network::Network};
use crate::template::kinds::{Function, LogGroup, RecordSet, Role, SecurityGroup, Subnet};
use crate::template::policy::{Statement, document};
use crate::template::value::{account, partition, region};
use crate::template::{Resource, Stack};
use crate::{arn, join};

/// Seconds that an event of API Gateway may take.
const TIMEOUT_S: u32 = 10;

/// MiB: of which a part of a processor follows, and with it how long a first start takes.
const MEMORY_MIB: u32 = 512;

/// The functions.
#[derive(Debug, Clone)]
pub struct Functions {
    /// Says who may ask the REST API.
    pub authorizer: Resource<Function>,
    /// Says who may connect to the WebSocket API.
    pub stream_authorizer: Resource<Function>,
    /// Notes who connects, says something, leaves.
    pub connections: Resource<Function>,
    /// What `connections` may do.
    pub connections_role: Resource<Role>,
    /// What each of them says: the authorizers', and that of `connections`.
    pub logs: Vec<Resource<LogGroup>>,
    /// What rotates passwords, by its name.
    pub rotations: Vec<(&'static str, Resource<Function>)>,
}

/// What API Gateway invokes a function by.
#[must_use]
pub fn invocation(function: &Value) -> Value {
    join!(
        "arn:",
        partition(),
        ":apigateway:",
        region(),
        ":lambda:path/2015-03-31/functions/",
        function,
        "/invocations"
    )
}

/// Name under which functions find the load balancer: one of those of its certificate. Each region has its own, so that the
/// second one can be there at the same time.
#[must_use]
pub fn internal_host(environment: &Environment) -> String {
    environment.host(&format!("internal-{}", environment.region))
}

/// What functions stand in.
struct Surroundings<'a> {
    stack: &'a Stack,
    environment: &'a Environment,
    network: &'a Network,
    data: &'a Data,
    compute: &'a Compute,
    image: Value,
}

/// A function in the making.
struct Making<'a> {
    id: &'a str,
    /// As it is in names: `authorizer`.
    name: &'a str,
    /// Which function of the program it is.
    which: &'a str,
    what: &'a str,
    settings: Vec<(&'a str, Value)>,
    /// What it may do besides what all may.
    allowed: Vec<Statement>,
    /// Whom it may reach.
    group: &'a Resource<SecurityGroup>,
    /// Seconds that an event may take.
    timeout_s: u32,
    /// How many may run at once, whatever else runs in the account.
    reserved: Option<u32>,
}

/// Adds the functions.
pub fn add(
    stack: &Stack,
    environment: &Environment,
    network: &Network,
    data: &Data,
    compute: &Compute,
) -> Functions {
    let image = join!(compute.repository.uri(), ":", compute::image_tag(stack), "-arm64");
    // Its addresses are private ones: the name leads nowhere from elsewhere.
    stack.add::<RecordSet>(
        "InternalName",
        json!({
            "HostedZoneId": environment.operator.hosted_zone_id,
            "Name": internal_host(environment),
            "Type": "A",
            "AliasTarget": {
                "DNSName": compute.load_balancer.dns_name(),
                "HostedZoneId": compute.load_balancer.hosted_zone_id(),
                "EvaluateTargetHealth": false,
            },
        }),
    );
    let surroundings = Surroundings { stack, environment, network, data, compute, image };
    let reserved = environment.sizes.api.reserved_functions;
    let asking = || {
        vec![
            ("gateway.service", json!(format!("https://{}", internal_host(environment)))),
            ("server.public_url", json!(format!("https://{}", environment.domain))),
        ]
    };
    let mut settings = asking();
    settings.push(("gateway.usage_keys", usage_keys(environment)));
    let (authorizer, _, authorizer_logs) = surroundings.make(Making {
        id: "Authorizer",
        name: "authorizer",
        which: "authorizer",
        what: "Says who may ask the REST API, and for which usage plan that counts",
        settings,
        allowed: Vec::new(),
        group: &network.functions,
        timeout_s: TIMEOUT_S,
        reserved,
    });
    let (stream_authorizer, _, stream_logs) = surroundings.make(Making {
        id: "StreamAuthorizer",
        name: "stream-authorizer",
        which: "authorizer",
        what: "Says who may connect to the WebSocket API",
        settings: asking(),
        allowed: Vec::new(),
        group: &network.functions,
        timeout_s: TIMEOUT_S,
        reserved,
    });
    let stream = api_gateway::stream(stack);
    let secret = &data.cache.secret;
    let (connections, connections_role, connections_logs) = surroundings.make(Making {
        id: "Connections",
        name: "connections",
        which: "connections",
        what: "Notes who connects to the WebSocket API, says something, leaves",
        settings: connection_settings(environment, data, &stream.id()),
        allowed: vec![
            Statement::allow(&["secretsmanager:GetSecretValue"], [secret.arn()]),
            Statement::allow(
                &["execute-api:ManageConnections"],
                [arn!("execute-api", stream.id(), format!("/{STAGE}/*/@connections/*"))],
            ),
        ],
        group: &network.functions,
        timeout_s: TIMEOUT_S,
        reserved,
    });
    let logs = vec![authorizer_logs, stream_logs, connections_logs];
    let rotations = surroundings.rotations();
    Functions { authorizer, stream_authorizer, connections, connections_role, logs, rotations }
}

/// `gateway.usage_keys`: the plan of everybody, and that of the organization that the installation belongs to.
fn usage_keys(environment: &Environment) -> Value {
    let [default, generous] = api_gateway::PLANS;
    join!(
        "*=",
        api_gateway::usage_key(environment, default),
        ",local=",
        api_gateway::usage_key(environment, generous)
    )
}

fn connection_settings(environment: &Environment, data: &Data, api: &Value) -> Vec<(&'static str, Value)> {
    let mut settings = application::cache(environment, data);
    settings.extend([
        ("cache.password_secret", join!(data.cache.secret.arn(), "#password")),
        ("gateway.endpoint", application::management(api)),
        ("gateway.region", json!(environment.region)),
        ("secrets.region", json!(environment.region)),
    ]);
    settings
}

impl Surroundings<'_> {
    fn make(&self, made: Making<'_>) -> (Resource<Function>, Resource<Role>, Resource<LogGroup>) {
        let Self { stack, environment, network, data, .. } = self;
        let (name, key) = (environment.named(made.name), &data.storage.key);
        let logs: Resource<LogGroup> = stack.add(
            format!("{}Logs", made.id),
            json!({
                "LogGroupName": format!("/astroshield/{}/{}", environment.name, made.name),
                "KmsKeyId": key.arn(),
                "RetentionInDays": environment.sizes.log_days,
            }),
        );
        stack.keep(&logs, environment.kept());
        let mut statements = self.common(&name, &logs);
        statements.extend(made.allowed);
        let role: Resource<Role> = stack.add(
            format!("{}Role", made.id),
            json!({
                "AssumeRolePolicyDocument": document(&[Statement::assumed_by("lambda.amazonaws.com")
                    .when(json!({ "StringEquals": { "aws:SourceAccount": account() } }))]),
                "Policies": [{ "PolicyName": "work", "PolicyDocument": document(&statements) }],
            }),
        );
        let mut variables: Map<String, Value> =
            made.settings.into_iter().map(|(key, value)| (variable(key), value)).collect();
        variables.insert(variable("log.format"), json!("json"));
        let mut properties = json!({
            "FunctionName": name,
            "Description": made.what,
            "PackageType": "Image",
            "Architectures": ["arm64"],
            "Code": { "ImageUri": self.image },
            "ImageConfig": {
                "EntryPoint": ["/usr/bin/astroshield"],
                "Command": ["function", made.which],
                // The image's own is for the user of the service, who is not Lambda's.
                "WorkingDirectory": "/tmp",
            },
            "Role": role.arn(),
            "MemorySize": MEMORY_MIB,
            "Timeout": made.timeout_s,
            "Environment": { "Variables": variables },
            "KmsKeyArn": key.arn(),
            "TracingConfig": { "Mode": "Active" },
            "LoggingConfig": { "LogFormat": "JSON", "LogGroup": logs.name() },
            "VpcConfig": {
                "SecurityGroupIds": [made.group.id()],
                "SubnetIds": network.private.iter().map(Resource::<Subnet>::id).collect::<Vec<_>>(),
            },
        });
        if let Some(reserved) = made.reserved {
            properties["ReservedConcurrentExecutions"] = json!(reserved);
        }
        (stack.add(made.id, properties), role, logs)
    }

    /// What every function may do.
    fn common(&self, name: &str, logs: &Resource<LogGroup>) -> Vec<Statement> {
        let interfaces = [
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ];
        let described = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"];
        vec![
            Statement::allow(
                &["logs:CreateLogStream", "logs:PutLogEvents"],
                [arn!("logs", "log-group:", logs.name(), ":log-stream:*")],
            ),
            Statement::allow_on_all(&["xray:PutTraceSegments", "xray:PutTelemetryRecords"]),
            Statement::allow(&["kms:Decrypt"], [self.data.storage.key.arn()]),
            // Lambda puts the function into the VPC with these, and asks for all resources of the kind.
            Statement::allow(&interfaces, [arn!("ec2", "*/*")]),
            Statement::allow_on_all(&described),
            // Its code has no use for them.
            Statement::deny(&interfaces, [arn!("ec2", "*/*")]).when(json!({
                "ArnEquals": { "lambda:SourceFunctionArn": arn!("lambda", "function:", name) },
            })),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{Name, Operator};
    use crate::stacks::architecture;
    use crate::template::StackName;

    /// The resources of a type, by logical id.
    fn found(name: Name, kind: &str) -> Vec<(String, Value)> {
        let environment = Environment::new(name, Operator::parse("").unwrap());
        let templates = architecture(&environment).unwrap();
        let all =
            templates.iter().find(|template| template.stack == StackName::Application).unwrap().resources();
        all.filter(|(_, of, _)| *of == kind).map(|(id, _, of)| (id.to_owned(), of.clone())).collect()
    }

    #[test]
    fn every_variable_is_a_setting_of_the_application() {
        let settings: toml::Table = include_str!("../../../server/config.default.toml").parse().unwrap();
        for name in Name::ALL {
            let functions = found(name, "AWS::Lambda::Function");
            assert_eq!(functions.len(), if name == Name::Dev { 4 } else { 6 }, "{name}");
            for (id, function) in functions {
                for variable in function["Environment"]["Variables"].as_object().unwrap().keys() {
                    let setting = variable.strip_prefix("ASTROSHIELD__").unwrap().to_lowercase();
                    let (section, key) = setting.split_once("__").unwrap();
                    let known = settings[section].as_table().unwrap();
                    let of_secret = key.strip_suffix("_secret").is_some_and(|key| known.contains_key(key));
                    assert!(known.contains_key(key) || of_secret, "{id}: {variable}");
                }
            }
        }
    }

    #[test]
    fn functions_are_in_the_network_and_keep_their_variables_encrypted() {
        for (id, function) in found(Name::Prod, "AWS::Lambda::Function") {
            assert_eq!(function["VpcConfig"]["SubnetIds"].as_array().unwrap().len(), 3, "{id}");
            assert!(function["KmsKeyArn"]["Ref"].is_string(), "{id}");
            assert_eq!(function["TracingConfig"]["Mode"], "Active", "{id}");
            assert!(function["ReservedConcurrentExecutions"].is_number(), "{id}");
        }
        // A new account cannot set any apart.
        for (id, function) in found(Name::Dev, "AWS::Lambda::Function") {
            assert!(function.get("ReservedConcurrentExecutions").is_none(), "{id}");
        }
    }

    #[test]
    fn authorizers_may_neither_read_secrets_nor_send_to_clients() {
        for (id, role) in found(Name::Prod, "AWS::IAM::Role") {
            let text = role["Policies"].to_string();
            if ["AuthorizerRole", "StreamAuthorizerRole"].contains(&id.as_str()) {
                assert!(text.contains("xray:PutTraceSegments"), "{id}");
                assert!(!text.contains("secretsmanager:"), "{id}");
                assert!(!text.contains("execute-api:"), "{id}");
            }
            if id == "ConnectionsRole" {
                assert!(text.contains("/live/*/@connections/*"), "{text}");
            }
        }
    }

    #[test]
    fn the_name_of_the_load_balancer_is_one_of_its_certificate_and_of_one_region() {
        let host = |name| internal_host(&Environment::new(name, Operator::parse("").unwrap()));
        assert_eq!(host(Name::Prod), "internal-us-east-1.astroshield.example.org");
        assert_ne!(host(Name::Prod), host(Name::Recovery));
    }
}
