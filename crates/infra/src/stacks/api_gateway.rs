//! API Gateway: REST and WebSocket, for programs.
//!
//! A web ACL is put before the REST API by [`firewall`](super::firewall); WebSocket APIs take none.

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::openapi::{self, Backend};
use crate::stacks::functions::{Functions, invocation};
use crate::stacks::{Data, compute::Compute, network::Network, title};
use crate::template::kinds::{
    ApiAccount, ApiBasePathMapping, ApiDeployment, ApiDomainName, ApiKey, ApiStage, Certificate,
    FunctionPermission, ListenerRule, LogGroup, RecordSet, RestApi, Role, Subnet, UsagePlan, UsagePlanKey,
    VpcLink, WebSocketApi, WebSocketApiMapping, WebSocketAuthorizer, WebSocketDeployment,
    WebSocketDomainName, WebSocketIntegration, WebSocketRoute, WebSocketStage,
};
use crate::template::policy::{Statement, document};
use crate::template::value::{account, partition};
use crate::template::{Kept, Kind, Resource, Stack};
use crate::{arn, join};

/// The two APIs.
#[derive(Debug, Clone)]
pub struct ApiGateway {
    /// REST.
    pub rest: Resource<RestApi>,
    /// Its stage.
    pub rest_stage: Resource<ApiStage>,
    /// How much its callers may ask, where nothing else is said.
    pub usage_plan: Resource<UsagePlan>,
    /// WebSocket.
    pub stream: Resource<WebSocketApi>,
    /// Its stage.
    pub stream_stage: Resource<WebSocketStage>,
    /// Who asked what of REST.
    pub rest_logs: Resource<LogGroup>,
    /// Who connected, and said something.
    pub stream_logs: Resource<LogGroup>,
}

/// TLS 1.3 and 1.2 with forward secrecy, and a key exchange that holds against quantum computers where the client has one: that of the
/// load balancer. A domain has the policy of its API, as API Gateway goes by the API's whatever the domain says. WebSocket APIs have
/// no choice: `TLS_1_2`, which takes 1.3, too.
const TLS: &str = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09";

/// What is asked for must be what TLS was set up for (SNI). Policies of this kind have to say whether that is so.
const ACCESS: &str = "STRICT";

/// Name of the stages.
pub const STAGE: &str = "live";

/// What takes the stage away from the path of a request, where it is there.
pub(super) fn without_stage() -> Value {
    json!([{
        "Type": "url-rewrite",
        "UrlRewriteConfig": { "Rewrites": [{ "Regex": format!("^/{STAGE}/(.*)$"), "Replace": "/$1" }] },
    }])
}

/// Usage plans: that of everybody, and that of those who may ask more.
pub const PLANS: [&str; 2] = ["default", "generous"];

/// Logical id of the WebSocket API, which tasks and functions name before it is there.
const STREAM: &str = "StreamApi";

/// The WebSocket API, for what is made before it. That it is there is seen when the templates are made.
#[must_use]
pub fn stream(stack: &Stack) -> Resource<WebSocketApi> {
    Stack::new(stack.name(), "").add(STREAM, json!({}))
}

/// Key of a usage plan. It lets nobody in: API Gateway takes it from the authorizer alone.
#[must_use]
pub fn usage_key(environment: &Environment, plan: &str) -> Value {
    join!(environment.named(plan), "-", account())
}

/// Adds the APIs.
pub fn add(
    stack: &Stack,
    environment: &Environment,
    network: &Network,
    data: &Data,
    compute: &Compute,
    functions: &Functions,
) -> ApiGateway {
    let making = Making {
        stack,
        environment,
        data,
        account: writes_logs(stack),
        certificate: compute.certificate.clone(),
    };
    let (rest, rest_stage, rest_logs) = making.rest(network, compute, functions);
    let plans = PLANS.map(|plan| making.usage_plan(plan, &rest, &rest_stage));
    let (stream, stream_stage, stream_logs) = making.stream(functions);
    stack.show("ApiUrl", json!(format!("https://{}/api/v1", environment.host("api"))));
    stack.show("StreamUrl", json!(format!("wss://{}", environment.host("stream"))));
    let [usage_plan, _] = plans;
    ApiGateway { rest, rest_stage, usage_plan, stream, stream_stage, rest_logs, stream_logs }
}

/// That API Gateway may write logs: one setting for the whole account and region, which stays when this stack goes.
fn writes_logs(stack: &Stack) -> Resource<ApiAccount> {
    let role: Resource<Role> = stack.add(
        "ApiLogsRole",
        json!({
            "AssumeRolePolicyDocument": document(&[Statement::assumed_by("apigateway.amazonaws.com")]),
            // API Gateway takes no role that may write less than all logs.
            "ManagedPolicyArns": [join!(
                "arn:",
                partition(),
                ":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
            )],
        }),
    );
    let account: Resource<ApiAccount> = stack.add("ApiAccount", json!({ "CloudWatchRoleArn": role.arn() }));
    stack.keep(&role, Kept::Yes);
    stack.keep(&account, Kept::Yes);
    account
}

/// What both APIs are made with.
struct Making<'a> {
    stack: &'a Stack,
    environment: &'a Environment,
    data: &'a Data,
    account: Resource<ApiAccount>,
    certificate: Resource<Certificate>,
}

impl Making<'_> {
    fn rest(
        &self,
        network: &Network,
        compute: &Compute,
        functions: &Functions,
    ) -> (Resource<RestApi>, Resource<ApiStage>, Resource<LogGroup>) {
        let Self { stack, environment, .. } = self;
        let link: Resource<VpcLink> = stack.add(
            "VpcLink",
            json!({
                "Name": environment.named("api"),
                "SubnetIds": network.private.iter().map(Resource::<Subnet>::id).collect::<Vec<_>>(),
                "SecurityGroupIds": [network.link.id()],
            }),
        );
        let backend = Backend {
            host: environment.domain.clone(),
            link: link.id(),
            load_balancer: compute.load_balancer.arn(),
            authorizer: functions.authorizer.arn(),
        };
        let name = environment.named("api");
        let body = openapi::definition(&name, &backend);
        let version = fingerprint(&body.to_string());
        let rest: Resource<RestApi> = stack.add(
            "RestApi",
            json!({
                "Name": name,
                "Description": "AstroShield for programs",
                "Body": body,
                "EndpointConfiguration": { "Types": ["REGIONAL"] },
                "ApiKeySourceType": "AUTHORIZER",
                "SecurityPolicy": TLS,
                "EndpointAccessMode": ACCESS,
                "DisableExecuteApiEndpoint": true,
            }),
        );
        self.may_invoke("AuthorizerPermission", &functions.authorizer.arn(), &rest.id(), "/authorizers/*");
        self.without_stage(compute);
        // A deployment is what the body was when it was made: another body is another deployment.
        let deployment: Resource<ApiDeployment> =
            stack.add(format!("RestDeployment{version}"), json!({ "RestApiId": rest.id() }));
        let logs = self.log_group("RestAccessLogs", "api-access");
        let api = &environment.sizes.api;
        let stage: Resource<ApiStage> = stack.add(
            "RestStage",
            json!({
                "RestApiId": rest.id(),
                "DeploymentId": deployment.id(),
                "StageName": STAGE,
                "TracingEnabled": true,
                "CacheClusterEnabled": false,
                "AccessLogSetting": {
                    "DestinationArn": arn!("logs", "log-group:", logs.name()),
                    "Format": access_log(&[
                        ("method", "$context.httpMethod"),
                        ("path", "$context.path"),
                        ("resource", "$context.resourcePath"),
                        ("response_length", "$context.responseLength"),
                        ("waf", "$context.waf.status"),
                        ("plan", "$context.identity.apiKeyId"),
                        ("tls", "$context.tlsVersion"),
                    ]),
                },
                "MethodSettings": [{
                    "HttpMethod": "*",
                    "ResourcePath": "/*",
                    "LoggingLevel": "ERROR",
                    "MetricsEnabled": true,
                    "DataTraceEnabled": false,
                    "CachingEnabled": false,
                    "ThrottlingRateLimit": api.requests_per_s,
                    "ThrottlingBurstLimit": api.burst,
                }],
            }),
        );
        stack.after(&stage, &self.account);
        let domain: Resource<ApiDomainName> = stack.add(
            "RestDomain",
            json!({
                "DomainName": environment.host("api"),
                "RegionalCertificateArn": self.certificate.arn(),
                "EndpointConfiguration": { "Types": ["REGIONAL"] },
                "SecurityPolicy": TLS,
                "EndpointAccessMode": ACCESS,
            }),
        );
        stack.add::<ApiBasePathMapping>(
            "RestMapping",
            json!({ "DomainName": domain.name(), "RestApiId": rest.id(), "Stage": stage.name() }),
        );
        self.record("RestRecord", "api", &domain.regional_domain_name(), &domain.regional_hosted_zone_id());
        (rest, stage, logs)
    }

    /// API Gateway puts the stage before the path that it asks a private integration for, where AWS does not say how not to for
    /// `HTTP_PROXY`: the load balancer takes it away.
    fn without_stage(&self, compute: &Compute) {
        // With a canary there is one rule for all requests, as ECS moves those of one rule.
        if compute.canary.is_some() {
            return;
        }
        self.stack.add::<ListenerRule>(
            "StageRule",
            json!({
                "ListenerArn": compute.listener.arn(),
                "Priority": 100,
                "Conditions": [{
                    "Field": "path-pattern",
                    "PathPatternConfig": { "Values": [format!("/{STAGE}/*")] },
                }],
                "Transforms": without_stage(),
                "Actions": [{ "Type": "forward", "TargetGroupArn": compute.targets.arn() }],
            }),
        );
    }

    fn usage_plan(
        &self,
        plan: &str,
        rest: &Resource<RestApi>,
        stage: &Resource<ApiStage>,
    ) -> Resource<UsagePlan> {
        let (environment, title) = (self.environment, title(plan));
        let api = &environment.sizes.api;
        let times = if plan == PLANS[0] { 1 } else { api.generous_times };
        let made: Resource<UsagePlan> = self.stack.add(
            if plan == PLANS[0] { "UsagePlan".to_owned() } else { format!("{title}UsagePlan") },
            json!({
                "UsagePlanName": environment.named(plan),
                "ApiStages": [{ "ApiId": rest.id(), "Stage": stage.name() }],
                "Throttle": {
                    "RateLimit": api.plan_requests_per_s * times,
                    "BurstLimit": api.plan_requests_per_s * times * 2,
                },
                "Quota": { "Period": "MONTH", "Limit": api.plan_requests_per_month * times },
            }),
        );
        let key: Resource<ApiKey> = self.stack.add(
            format!("{title}Key"),
            json!({
                "Name": environment.named(plan),
                "Description": "Given by the authorizer alone: it lets nobody in",
                "Value": usage_key(environment, plan),
                "Enabled": true,
            }),
        );
        self.stack.add::<UsagePlanKey>(
            format!("{title}PlanKey"),
            json!({ "UsagePlanId": made.id(), "KeyId": key.id(), "KeyType": "API_KEY" }),
        );
        made
    }

    fn stream(
        &self,
        functions: &Functions,
    ) -> (Resource<WebSocketApi>, Resource<WebSocketStage>, Resource<LogGroup>) {
        let Self { stack, environment, .. } = self;
        let api: Resource<WebSocketApi> = stack.add(
            STREAM,
            json!({
                "Name": environment.named("stream"),
                "Description": "AstroShield's events, for programs",
                "ProtocolType": "WEBSOCKET",
                "RouteSelectionExpression": "$request.body.action",
                // The service sends to clients by the name that API Gateway gives it.
                "DisableExecuteApiEndpoint": false,
            }),
        );
        // Without identity sources: who sends nothing is to be refused by the service.
        let authorizer: Resource<WebSocketAuthorizer> = stack.add(
            "StreamApiAuthorizer",
            json!({
                "ApiId": api.id(),
                "Name": "caller",
                "AuthorizerType": "REQUEST",
                "AuthorizerUri": invocation(&functions.stream_authorizer.arn()),
            }),
        );
        let of = join!("/authorizers/", authorizer.id());
        self.may_invoke("StreamAuthorizerPermission", &functions.stream_authorizer.arn(), &api.id(), of);
        let integration: Resource<WebSocketIntegration> = stack.add(
            "StreamIntegration",
            json!({
                "ApiId": api.id(),
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": invocation(&functions.connections.arn()),
                "TimeoutInMillis": 10_000,
            }),
        );
        let routes = ["connect", "disconnect", "default"].map(|route| {
            let mut properties = json!({
                "ApiId": api.id(),
                "RouteKey": format!("${route}"),
                "OperationName": route,
                "Target": join!("integrations/", integration.id()),
            });
            // Messages come over a connection that was let in.
            properties["AuthorizationType"] = json!(if route == "connect" { "CUSTOM" } else { "NONE" });
            if route == "connect" {
                properties["AuthorizerId"] = authorizer.id();
            }
            let (id, at) = (title(route), format!("/{STAGE}/${route}"));
            self.may_invoke(format!("{id}Permission"), &functions.connections.arn(), &api.id(), at);
            (stack.add::<WebSocketRoute>(format!("{id}Route"), properties.clone()), properties)
        });
        let version = fingerprint(&json!(routes.each_ref().map(|(_, of)| of)).to_string());
        let deployment: Resource<WebSocketDeployment> =
            stack.add(format!("StreamDeployment{version}"), json!({ "ApiId": api.id() }));
        for (route, _) in &routes {
            stack.after(&deployment, route);
        }
        let logs = self.log_group("StreamAccessLogs", "stream-access");
        let stage: Resource<WebSocketStage> = stack.add(
            "StreamStage",
            json!({
                "ApiId": api.id(),
                "StageName": STAGE,
                "DeploymentId": deployment.id(),
                "AccessLogSettings": {
                    "DestinationArn": arn!("logs", "log-group:", logs.name()),
                    "Format": access_log(&[
                        ("connection", "$context.connectionId"),
                        ("event", "$context.eventType"),
                        ("route", "$context.routeKey"),
                    ]),
                },
                "DefaultRouteSettings": {
                    "DataTraceEnabled": false,
                    "DetailedMetricsEnabled": true,
                    "LoggingLevel": "ERROR",
                    "ThrottlingRateLimit": environment.sizes.api.requests_per_s,
                    "ThrottlingBurstLimit": environment.sizes.api.burst,
                },
            }),
        );
        stack.after(&stage, &self.account);
        let domain: Resource<WebSocketDomainName> = stack.add(
            "StreamDomain",
            json!({
                "DomainName": environment.host("stream"),
                "DomainNameConfigurations": [{
                    "CertificateArn": self.certificate.arn(),
                    "EndpointType": "REGIONAL",
                    "SecurityPolicy": "TLS_1_2",
                }],
            }),
        );
        stack.add::<WebSocketApiMapping>(
            "StreamMapping",
            json!({ "DomainName": domain.name(), "ApiId": api.id(), "Stage": stage.name() }),
        );
        self.record(
            "StreamRecord",
            "stream",
            &domain.regional_domain_name(),
            &domain.regional_hosted_zone_id(),
        );
        (api, stage, logs)
    }

    /// Lets a part of an API invoke a function.
    fn may_invoke(&self, id: impl AsRef<str>, function: &Value, api: &Value, part: impl Into<Value>) {
        self.stack.add::<FunctionPermission>(
            id,
            json!({
                "Action": "lambda:InvokeFunction",
                "FunctionName": function,
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": arn!("execute-api", api, part.into()),
            }),
        );
    }

    fn log_group(&self, id: &str, of: &str) -> Resource<LogGroup> {
        let environment = self.environment;
        let logs = self.stack.add(
            id,
            json!({
                "LogGroupName": format!("/astroshield/{}/{of}", environment.name),
                "KmsKeyId": self.data.storage.key.arn(),
                "RetentionInDays": environment.sizes.log_days,
            }),
        );
        self.keep_if_protected(&logs);
        logs
    }

    fn keep_if_protected<K: Kind>(&self, resource: &Resource<K>) {
        self.stack.keep(resource, self.environment.kept());
    }

    /// The name of an API. The second region has none until a person moves it there: nothing fails over by itself, as the database of
    /// the second region would be written to.
    fn record(&self, id: &str, label: &str, to: &Value, zone: &Value) {
        let environment = self.environment;
        if environment.stands_by {
            return;
        }
        let properties = json!({
            "HostedZoneId": environment.operator.hosted_zone_id,
            "Name": environment.host(label),
            "Type": "A",
            "AliasTarget": { "DNSName": to, "HostedZoneId": zone, "EvaluateTargetHealth": false },
        });
        self.stack.add::<RecordSet>(id, properties);
    }
}

/// A line of an access log, as JSON: what both APIs know, and more.
fn access_log(more: &[(&str, &str)]) -> String {
    let common = [
        ("request", "$context.requestId"),
        ("extended_request", "$context.extendedRequestId"),
        ("time", "$context.requestTimeEpoch"),
        ("trace", "$context.xrayTraceId"),
        ("address", "$context.identity.sourceIp"),
        ("agent", "$context.identity.userAgent"),
        ("caller", "$context.authorizer.principalId"),
        ("tenant", "$context.authorizer.tenant"),
        ("status", "$context.status"),
        ("latency_ms", "$context.responseLatency"),
        ("integration_status", "$context.integrationStatus"),
        ("integration_latency_ms", "$context.integrationLatency"),
        ("error", "$context.error.responseType"),
        ("integration_error", "$context.integrationErrorMessage"),
    ];
    let line: serde_json::Map<String, Value> =
        (common.iter().chain(more)).map(|(name, variable)| ((*name).to_owned(), json!(variable))).collect();
    Value::Object(line).to_string()
}

/// What tells one description of an API from another: FNV-1a, which is the same everywhere and for ever.
fn fingerprint(of: &str) -> String {
    let hash = of.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{Name, Operator};
    use crate::stacks::architecture;
    use crate::template::StackName;

    /// The resources of a type, by logical id.
    fn found(name: Name, settings: &str, kind: &str) -> Vec<(String, Value)> {
        let environment = Environment::new(name, Operator::parse(settings).unwrap());
        let templates = architecture(&environment).unwrap();
        let all =
            templates.iter().find(|template| template.stack == StackName::Application).unwrap().resources();
        all.filter(|(_, of, _)| *of == kind).map(|(id, _, of)| (id.to_owned(), of.clone())).collect()
    }

    #[test]
    fn another_body_is_another_deployment() {
        let id = |settings: &str| found(Name::Prod, settings, "AWS::ApiGateway::Deployment").remove(0).0;
        assert_eq!(id(""), id(""));
        assert_ne!(id(""), id("domain = \"sda.example.net\""));
        // As its authors publish it.
        assert_eq!(
            (fingerprint("a"), fingerprint("foobar")),
            ("af63dc4c8601ec8c".to_owned(), "85944171f73967e8".to_owned())
        );
    }

    #[test]
    fn what_api_gateway_invokes_it_may_invoke() {
        let permissions = found(Name::Prod, "", "AWS::Lambda::Permission");
        let mut of: Vec<String> =
            (permissions.iter().filter(|(_, of)| of["Principal"] == "apigateway.amazonaws.com"))
                .map(|(_, of)| of["FunctionName"]["Fn::GetAtt"][0].to_string())
                .collect();
        of.sort_unstable();
        of.dedup();
        assert_eq!(of, ["\"Authorizer\"", "\"Connections\"", "\"StreamAuthorizer\""]);
        let routes = found(Name::Prod, "", "AWS::ApiGatewayV2::Route");
        assert_eq!(routes.len(), 3);
        for (id, route) in routes {
            let key = route["RouteKey"].as_str().unwrap();
            let exact = format!("/{STAGE}/{key}");
            let may = |of: &Value| of["SourceArn"].to_string().contains(&format!("\"{exact}\""));
            assert_eq!(permissions.iter().filter(|(_, of)| may(of)).count(), 1, "{id}");
            assert_eq!(route["AuthorizationType"] == "CUSTOM", key == "$connect", "{id}");
        }
    }

    #[test]
    fn the_authorizer_names_keys_of_plans() {
        let keys = found(Name::Prod, "", "AWS::ApiGateway::ApiKey");
        assert_eq!(keys.len(), PLANS.len());
        let authorizer = found(Name::Prod, "", "AWS::Lambda::Function");
        let authorizer = &authorizer.iter().find(|(id, _)| id == "Authorizer").unwrap().1;
        let named = authorizer["Environment"]["Variables"]["ASTROSHIELD__GATEWAY__USAGE_KEYS"].to_string();
        for (id, key) in keys {
            assert!(named.contains(&key["Value"].to_string()), "{id}: {named}");
            assert_eq!(key["Enabled"], true);
            // API Gateway takes 20 to 128 characters; an account has 12.
            let parts = key["Value"]["Fn::Join"][1].as_array().unwrap();
            let length: usize = parts.iter().map(|part| part.as_str().map_or(12, str::len)).sum();
            assert!((20..=128).contains(&length), "{id}");
        }
    }

    #[test]
    fn the_generous_plan_is_more_and_both_are_limited() {
        for name in Name::ALL {
            let plans = found(name, "", "AWS::ApiGateway::UsagePlan");
            let limits = |id: &str| {
                let of = &plans.iter().find(|(of, _)| of == id).unwrap().1;
                (of["Throttle"]["RateLimit"].as_u64().unwrap(), of["Quota"]["Limit"].as_u64().unwrap())
            };
            let (default, generous) = (limits("UsagePlan"), limits("GenerousUsagePlan"));
            assert!(generous.0 > default.0 && generous.1 > default.1, "{name}");
            let stage = found(name, "", "AWS::ApiGateway::Stage").remove(0).1;
            let whole = stage["MethodSettings"][0]["ThrottlingRateLimit"].as_u64().unwrap();
            assert!(whole >= generous.0, "{name}: the plan cannot be used up");
        }
    }

    #[test]
    fn access_logs_say_who_and_how_long_but_not_what() {
        let stages = [
            found(Name::Prod, "", "AWS::ApiGateway::Stage").remove(0).1["AccessLogSetting"].clone(),
            found(Name::Prod, "", "AWS::ApiGatewayV2::Stage").remove(0).1["AccessLogSettings"].clone(),
        ];
        for log in stages {
            let line: Value = serde_json::from_str(log["Format"].as_str().unwrap()).unwrap();
            let line = line.as_object().unwrap();
            for field in ["request", "caller", "status", "latency_ms"] {
                assert!(line.contains_key(field), "{field}");
            }
            let text = log["Format"].as_str().unwrap();
            assert!(!text.contains("header") && !text.contains("identity.apiKey\""), "{text}");
        }
    }

    #[test]
    fn the_names_are_those_of_prod_until_somebody_moves_them_and_dev_has_its_own() {
        let names = |name| {
            let all = found(name, "", "AWS::Route53::RecordSet");
            let of_apis =
                all.into_iter().filter(|(of, _)| ["RestRecord", "StreamRecord"].contains(&of.as_str()));
            of_apis.map(|(_, of)| of["Name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let (dev, prod) = (names(Name::Dev), names(Name::Prod));
        assert_eq!((dev.len(), prod.len()), (2, 2));
        assert!(dev.iter().all(|name| !prod.contains(name)));
        assert!(names(Name::Recovery).is_empty());
    }
}
