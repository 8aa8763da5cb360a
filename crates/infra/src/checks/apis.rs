//! Integrations of API Gateway, and how it speaks TLS.

use serde_json::Value;

use super::{Architecture, Finding, list};

/// What a REST API takes as `type` of `x-amazon-apigateway-integration`.
const INTEGRATIONS: &[&str] = &["http", "http_proxy", "aws", "aws_proxy", "mock"];
const METHODS: &[&str] =
    &["get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"];

/// Operations of REST APIs without an integration, or with one that cannot be.
pub fn integrations(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.of("AWS::ApiGateway::RestApi") {
        let Some(body) = item.properties.get("Body") else { continue };
        let version = body["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.0.") && body["swagger"] != "2.0" {
            findings
                .push(item.finding(format!("the body is OpenAPI {version:?}, and API Gateway takes 3.0")));
        }
        for (path, operations) in body["paths"].as_object().into_iter().flatten() {
            for (method, operation) in operations.as_object().into_iter().flatten() {
                if METHODS.contains(&method.as_str())
                    && let Err(fault) = check(operation)
                {
                    findings.push(item.finding(format!("{method} {path}: {fault}")));
                }
            }
        }
    }
    for item in architecture.of("AWS::ApiGatewayV2::Integration") {
        let kind = item.properties["IntegrationType"].as_str().unwrap_or_default();
        if !["AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"].contains(&kind) {
            findings.push(item.finding(format!("{kind:?} is no type of integration")));
        }
    }
}

/// Policies of TLS for REST APIs of a region, and for their domains, as the service's own model has them (botocore, `apigateway`). To
/// cloudformation-validate and cfn-lint they are any text.
const POLICIES: &[&str] = &[
    "SecurityPolicy_TLS13_1_3_2025_09",
    "SecurityPolicy_TLS13_1_3_FIPS_2025_09",
    "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_Ext2_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_Ext2_FIPS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_2021_06",
];

/// APIs and domains that take TLS 1.0, that have a policy which there is not, or one that does not go with the rest.
pub fn tls(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for kind in ["AWS::ApiGateway::RestApi", "AWS::ApiGateway::DomainName"] {
        for item in architecture.of(kind) {
            let policy = item.properties["SecurityPolicy"].as_str().unwrap_or("TLS_1_0");
            let access = item.properties["EndpointAccessMode"].as_str().unwrap_or_default();
            let is_enhanced = POLICIES.contains(&policy);
            let fault = if !is_enhanced && policy != "TLS_1_2" {
                format!("{policy:?} is no policy of TLS that a region's API may have here")
            } else if is_enhanced && !["BASIC", "STRICT"].contains(&access) {
                format!("{policy} wants an access mode, BASIC or STRICT, and this is {access:?}")
            } else if !is_enhanced && !access.is_empty() {
                format!("{policy} has no access mode")
            } else {
                continue;
            };
            findings.push(item.finding(fault));
        }
    }
    // HTTP and WebSocket APIs know the old policies alone.
    for item in architecture.of("AWS::ApiGatewayV2::DomainName") {
        for configuration in list(&item.properties["DomainNameConfigurations"]) {
            if configuration["SecurityPolicy"] != "TLS_1_2" {
                findings.push(item.finding(format!(
                    "the policy of TLS is {}, and not TLS_1_2",
                    configuration["SecurityPolicy"]
                )));
            }
        }
    }
}

fn check(operation: &Value) -> Result<(), String> {
    let integration = operation.get("x-amazon-apigateway-integration").ok_or("has no integration")?;
    let kind = integration["type"].as_str().unwrap_or_default();
    if !INTEGRATIONS.contains(&kind.to_ascii_lowercase().as_str()) {
        return Err(format!("{kind:?} is no type of integration"));
    }
    if kind.eq_ignore_ascii_case("mock") {
        return Ok(());
    }
    if integration.get("uri").is_none() {
        return Err("the integration has no uri".to_owned());
    }
    if integration["httpMethod"].as_str().is_none() {
        return Err("the integration has no httpMethod".to_owned());
    }
    let through_link = integration["connectionType"] == "VPC_LINK";
    if through_link && integration.get("connectionId").is_none() {
        return Err("the integration is through a VPC link, and names none".to_owned());
    }
    if through_link && !kind.to_ascii_lowercase().starts_with("http") {
        return Err(format!("an integration through a VPC link is http or http_proxy, and this is {kind}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::planted::found;
    use super::*;

    fn api(integration: &Value) -> Value {
        json!({ "Api": { "Type": "AWS::ApiGateway::RestApi", "Properties": { "Body": {
            "openapi": "3.0.1",
            "paths": { "/events": {
                "parameters": [],
                "get": { "x-amazon-apigateway-integration": integration },
            } },
        } } } })
    }

    #[test]
    fn an_integration_that_cannot_be_is_found() {
        let good = json!({
            "type": "http_proxy", "httpMethod": "GET", "uri": "https://x", "connectionType": "VPC_LINK", "connectionId": "l",
        });
        assert!(found(integrations, &api(&good)).is_empty());
        for (field, value, fault) in [
            ("type", json!("https"), "\"https\" is no type of integration"),
            (
                "type",
                json!("aws_proxy"),
                "an integration through a VPC link is http or http_proxy, and this is aws_proxy",
            ),
            ("httpMethod", Value::Null, "the integration has no httpMethod"),
        ] {
            let mut bad = good.clone();
            bad[field] = value;
            assert_eq!(found(integrations, &api(&bad)), [format!("Api: get /events: {fault}")]);
        }
    }

    #[test]
    fn a_body_of_openapi_3_1_and_an_operation_without_integration_are_found() {
        let resources = json!({ "Api": { "Type": "AWS::ApiGateway::RestApi", "Properties": { "Body": {
            "openapi": "3.1.0", "paths": { "/events": { "get": {} } },
        } } } });
        let expected = [
            "Api: the body is OpenAPI \"3.1.0\", and API Gateway takes 3.0",
            "Api: get /events: has no integration",
        ];
        assert_eq!(found(integrations, &resources), expected);
    }

    #[test]
    fn a_policy_of_tls_that_api_gateway_would_refuse_is_found() {
        let rest = |policy: Value, access: Value| {
            let properties = json!({ "SecurityPolicy": policy, "EndpointAccessMode": access });
            found(
                tls,
                &json!({
                    "Api": { "Type": "AWS::ApiGateway::RestApi", "Properties": properties },
                    "Domain": { "Type": "AWS::ApiGateway::DomainName", "Properties": properties },
                }),
            )
        };
        let enhanced = json!("SecurityPolicy_TLS13_1_3_2025_09");
        assert_eq!(rest(enhanced.clone(), json!("STRICT")), [""; 0]);
        assert_eq!(rest(json!("TLS_1_2"), Value::Null), [""; 0]);
        for (policy, access, fault) in [
            (Value::Null, Value::Null, "\"TLS_1_0\" is no policy"),
            (
                json!("SecurityPolicy_TLS13_1_4_2025_09"),
                json!("STRICT"),
                "\"SecurityPolicy_TLS13_1_4_2025_09\" is no policy",
            ),
            // One of the edge.
            (
                json!("SecurityPolicy_TLS13_2025_EDGE"),
                json!("STRICT"),
                "\"SecurityPolicy_TLS13_2025_EDGE\" is no policy",
            ),
            (enhanced.clone(), Value::Null, "wants an access mode"),
            (enhanced, json!("LAX"), "wants an access mode"),
            (json!("TLS_1_2"), json!("STRICT"), "has no access mode"),
        ] {
            let said = rest(policy.clone(), access);
            assert!(said.len() == 2 && said.iter().all(|said| said.contains(fault)), "{policy}: {said:?}");
        }
        let stream = |policy: &str| {
            let configurations = json!([{ "SecurityPolicy": policy }]);
            found(
                tls,
                &json!({ "Stream": { "Type": "AWS::ApiGatewayV2::DomainName", "Properties": {
                "DomainNameConfigurations": configurations,
            } } }),
            )
        };
        assert_eq!(stream("TLS_1_2"), [""; 0]);
        assert_eq!(
            stream("SecurityPolicy_TLS13_1_3_2025_09"),
            ["Stream: the policy of TLS is \"SecurityPolicy_TLS13_1_3_2025_09\", and not TLS_1_2"]
        );
    }

    #[test]
    fn an_integration_of_a_websocket_api_has_a_type() {
        let resources = json!({ "Connect": { "Type": "AWS::ApiGatewayV2::Integration", "Properties": {
            "IntegrationType": "LAMBDA",
        } } });
        assert_eq!(found(integrations, &resources), ["Connect: \"LAMBDA\" is no type of integration"]);
    }
}
