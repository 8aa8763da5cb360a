//! Integrations of API Gateway.

use serde_json::Value;

use super::{Architecture, Finding};

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
    fn an_integration_of_a_websocket_api_has_a_type() {
        let resources = json!({ "Connect": { "Type": "AWS::ApiGatewayV2::Integration", "Properties": {
            "IntegrationType": "LAMBDA",
        } } });
        assert_eq!(found(integrations, &resources), ["Connect: \"LAMBDA\" is no type of integration"]);
    }
}
