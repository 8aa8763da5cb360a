//! The application's OpenAPI 3.1 as the OpenAPI 3.0 that a REST API of API Gateway is imported from.
//!
//! What API Gateway documents that it does not take is left out: `anyOf`, `additionalProperties`, `discriminator`, `example`,
//! `deprecated`, formats of numbers, other names of models than letters and digits, references to responses, and every attribute
//! of a parameter but its type. Bodies are validated by the application alone. The whole document is the application's own,
//! under `/api/v1/openapi.json`.

use serde_json::{Map, Value, json};

use crate::stacks::functions::invocation;

/// The application's document, as its tests hold it.
pub const SNAPSHOT: &str = include_str!("../../api/openapi.json");

/// Paths that programs do not find at API Gateway, and all below them, with the reason.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("/api/v1/stream", "is a WebSocket, which the API of type WEBSOCKET has"),
    ("/api/v1/session", "is of browsers, whose cookie is of the name of the console"),
];

/// Longest time for an answer that API Gateway holds back until it is whole: what an account has without asking.
pub const TIMEOUT_MS: u32 = 29_000;

/// Longest time for an answer that is passed on as it comes.
pub const STREAM_TIMEOUT_MS: u32 = 300_000;

/// Seconds for which an answer of the authorizer counts for the same `Authorization` from the same address. The application judges
/// every request again.
pub const AUTHORIZER_TTL_S: u32 = 60;

/// What may be larger than the 10 MB that API Gateway holds back: lists in these forms are not cut into pages, and files are whole.
const STREAMED: [&str; 3] = ["text/csv", "application/vnd.apache.parquet", "application/octet-stream"];

/// What API Gateway takes of a schema, besides `type`.
const KEYWORDS: [&str; 14] = [
    "title",
    "required",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "default",
    "multipleOf",
    "nullable",
];

/// What is behind the API.
#[derive(Debug, Clone)]
pub struct Backend {
    /// Name that the application is called by, and that its certificate is of.
    pub host: String,
    /// Id of the VPC link, version 2.
    pub link: Value,
    /// ARN of the load balancer.
    pub load_balancer: Value,
    /// ARN of the function that says who may ask.
    pub authorizer: Value,
}

/// Why a path is left out, if it is.
#[must_use]
pub fn left_out(path: &str) -> Option<&'static str> {
    let is_of = |of: &str| path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    LEFT_OUT.iter().find(|(of, _)| is_of(of)).map(|(_, reason)| *reason)
}

/// What API Gateway is given for `Body`.
#[must_use]
pub fn definition(name: &str, backend: &Backend) -> Value {
    let document: Value = serde_json::from_str(SNAPSHOT).unwrap_or_default();
    let mut paths = Map::new();
    for (path, operations) in members(&document["paths"]).filter(|(path, _)| left_out(path).is_none()) {
        let converted: Map<String, Value> = members(operations)
            .map(|(method, of)| (method.to_owned(), operation(method, path, of, &document, backend)))
            .collect();
        paths.insert(path.to_owned(), Value::Object(converted));
    }
    let schemas: Map<String, Value> =
        members(&document["components"]["schemas"]).map(|(name, of)| (model(name), schema(of))).collect();
    json!({
        "openapi": "3.0.1",
        "info": { "title": name, "version": document["info"]["version"] },
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": security_schemes(backend) },
        "x-amazon-apigateway-api-key-source": "AUTHORIZER",
        // Bytes pass as they are: uploads, Parquet.
        "x-amazon-apigateway-binary-media-types": ["*/*"],
        "x-amazon-apigateway-request-validators": {
            "parameters": { "validateRequestParameters": true, "validateRequestBody": false },
        },
        "x-amazon-apigateway-gateway-responses": gateway_responses(),
    })
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn security_schemes(backend: &Backend) -> Value {
    json!({
        "caller": {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {
                "type": "request",
                "authorizerUri": invocation(&backend.authorizer),
                "identitySource": "method.request.header.Authorization, context.identity.sourceIp",
                "authorizerResultTtlInSeconds": AUTHORIZER_TTL_S,
            },
        },
        // Never sent by clients: the authorizer says which key of a usage plan a request counts for.
        "plan": { "type": "apiKey", "name": "x-api-key", "in": "header" },
    })
}

fn operation(method: &str, path: &str, of: &Value, document: &Value, backend: &Backend) -> Value {
    let parameters: Vec<Value> =
        of["parameters"].as_array().into_iter().flatten().map(|of| parameter(of, document)).collect();
    let responses: Map<String, Value> =
        members(&of["responses"]).map(|(status, of)| (status.to_owned(), response(of, document))).collect();
    let mut converted = json!({
        "summary": of["summary"],
        "operationId": model(of["operationId"].as_str().unwrap_or_default()),
        "parameters": parameters,
        "responses": responses,
        "security": [{ "caller": [] }, { "plan": [] }],
        "x-amazon-apigateway-request-validator": "parameters",
        "x-amazon-apigateway-integration": integration(method, path, of, backend),
    });
    if let Some(body) = of.get("requestBody") {
        converted["requestBody"] = json!({ "content": content(&body["content"]), "required": true });
    }
    converted
}

fn integration(method: &str, path: &str, of: &Value, backend: &Backend) -> Value {
    // Whatever a client says of where it comes from.
    let mut mapped = json!({ "integration.request.header.X-Forwarded-For": "context.identity.sourceIp" });
    for name in path_parameters(path) {
        mapped[format!("integration.request.path.{name}")] = json!(format!("method.request.path.{name}"));
    }
    let streams = members(&of["responses"])
        .flat_map(|(_, of)| members(&of["content"]))
        .any(|(kind, _)| STREAMED.contains(&kind));
    json!({
        "type": "http_proxy",
        "httpMethod": method.to_uppercase(),
        "uri": format!("https://{}{path}", backend.host),
        "connectionType": "VPC_LINK",
        "connectionId": backend.link,
        "integrationTarget": backend.load_balancer,
        "requestParameters": mapped,
        "passthroughBehavior": "when_no_match",
        "responseTransferMode": if streams { "STREAM" } else { "BUFFERED" },
        "timeoutInMillis": if streams { STREAM_TIMEOUT_MS } else { TIMEOUT_MS },
    })
}

/// Names of the parameters of a path.
fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// A parameter: of its schema, API Gateway takes the type.
fn parameter(of: &Value, document: &Value) -> Value {
    let of = followed(of, document);
    let kind = &schema(followed(&of["schema"], document))["type"];
    json!({
        "name": of["name"],
        "in": of["in"],
        "required": of["required"].as_bool().unwrap_or_default(),
        "schema": { "type": kind.as_str().unwrap_or("string") },
    })
}

/// A response. Those of problems have no model, as API Gateway passes them on as they are.
fn response(of: &Value, document: &Value) -> Value {
    let inline = of.get("$ref").is_none();
    let of = followed(of, document);
    let mut converted = json!({ "description": of["description"] });
    if inline && of.get("content").is_some() {
        converted["content"] = content(&of["content"]);
    }
    converted
}

fn content(of: &Value) -> Value {
    let schema_of = |kind: &str, of: &Value| match kind {
        // OpenAPI 3.1 has no word for bytes.
        "application/octet-stream" => json!({ "type": "string", "format": "binary" }),
        _ => schema(&of["schema"]),
    };
    members(of).map(|(kind, of)| (kind.to_owned(), json!({ "schema": schema_of(kind, of) }))).collect()
}

/// What a reference within the document leads to.
fn followed<'a>(of: &'a Value, document: &'a Value) -> &'a Value {
    let Some(to) = of.get("$ref").and_then(Value::as_str) else { return of };
    document.pointer(to.trim_start_matches('#')).unwrap_or(of)
}

/// Name of a model: letters and digits.
fn model(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// A schema of JSON Schema 2020-12 as one of OpenAPI 3.0.
fn schema(of: &Value) -> Value {
    if let Some(to) = of.get("$ref").and_then(Value::as_str) {
        let name = to.rsplit('/').next().unwrap_or_default();
        // Beside a reference, nothing else counts.
        return json!({ "$ref": format!("#/components/schemas/{}", model(name)) });
    }
    let mut converted = Map::new();
    for (keyword, value) in members(of) {
        let is_number = matches!(of["type"].as_str(), Some("number" | "integer"));
        match keyword {
            "type" => typed(value, &mut converted),
            "properties" => {
                let properties: Map<String, Value> =
                    members(value).map(|(name, of)| (name.to_owned(), schema(of))).collect();
                converted.insert(keyword.to_owned(), Value::Object(properties));
            }
            "items" => drop(converted.insert(keyword.to_owned(), schema(value))),
            "const" => drop(converted.insert("enum".to_owned(), json!([value]))),
            "format" if !is_number && value.is_string() && of["type"].is_string() => {
                converted.insert(keyword.to_owned(), value.clone());
            }
            "allOf" | "oneOf" => alternatives(keyword, value, &mut converted),
            known if KEYWORDS.contains(&known) => drop(converted.insert(known.to_owned(), value.clone())),
            _ => {}
        }
    }
    Value::Object(converted)
}

/// The type, where `null` is one of several.
fn typed(of: &Value, converted: &mut Map<String, Value>) {
    let Some(several) = of.as_array() else {
        converted.insert("type".to_owned(), of.clone());
        return;
    };
    let mut others = several.iter().filter(|kind| *kind != "null");
    // OpenAPI 3.0 has one type, or says none.
    if let (Some(kind), None) = (others.next(), others.next()) {
        converted.insert("type".to_owned(), kind.clone());
    }
    if several.iter().any(|kind| kind == "null") {
        converted.insert("nullable".to_owned(), json!(true));
    }
}

/// Schemas of which all or one have to fit; `null` is none of them in OpenAPI 3.0.
fn alternatives(keyword: &str, of: &Value, converted: &mut Map<String, Value>) {
    let all = of.as_array().map(Vec::as_slice).unwrap_or_default();
    let others: Vec<Value> = all.iter().filter(|of| of["type"] != "null").map(schema).collect();
    if others.len() < all.len() {
        converted.insert("nullable".to_owned(), json!(true));
    }
    let keyword = if others.len() == 1 { "allOf" } else { keyword };
    converted.insert(keyword.to_owned(), Value::Array(others));
}

/// What API Gateway itself answers: problems like the application's.
fn gateway_responses() -> Value {
    let headers = json!({
        "gatewayresponse.header.Content-Type": "'application/problem+json'",
        "gatewayresponse.header.Cache-Control": "'no-store'",
        "gatewayresponse.header.Strict-Transport-Security": "'max-age=63072000'",
        "gatewayresponse.header.X-Content-Type-Options": "'nosniff'",
    });
    let problem = |status: Option<u16>, kind: &str, title: &str| {
        let mut template = json!({
            "type": format!("urn:astroshield:problem:{kind}"),
            "title": title,
            "request_id": "$context.requestId",
        });
        let mut response = json!({ "responseParameters": headers });
        // Without a status, that of what happened.
        if let Some(status) = status {
            template["status"] = json!(status);
            response["statusCode"] = json!(status.to_string());
        }
        response["responseTemplates"] = json!({ "application/json": template.to_string() });
        response
    };
    json!({
        "ACCESS_DENIED": problem(Some(403), "forbidden", "this is not yours to do"),
        "AUTHORIZER_FAILURE": problem(Some(503), "unavailable", "the server cannot do this right now"),
        "BAD_REQUEST_PARAMETERS": problem(Some(400), "bad-request", "a parameter is missing"),
        "DEFAULT_4XX": problem(None, "bad-request", "the request cannot be done"),
        "DEFAULT_5XX": problem(None, "internal", "the server failed at this request"),
        "INTEGRATION_FAILURE": problem(Some(502), "unavailable", "the server does not answer"),
        "INTEGRATION_TIMEOUT": problem(Some(504), "unavailable", "the server did not answer in time"),
        "MISSING_AUTHENTICATION_TOKEN": problem(Some(404), "no-such-route", "nothing is at this address"),
        "QUOTA_EXCEEDED": problem(Some(429), "too-many", "the requests of this month are used up"),
        "REQUEST_TOO_LARGE": problem(Some(413), "too-large", "the body is too large: a link for uploads takes it"),
        "RESOURCE_NOT_FOUND": problem(Some(404), "no-such-route", "nothing is at this address"),
        "THROTTLED": problem(Some(429), "too-many", "there were too many requests"),
        "UNAUTHORIZED": problem(Some(401), "unauthenticated", "an API key or an access token is due"),
        "WAF_FILTERED": problem(Some(403), "forbidden", "this is not yours to do"),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn document() -> Value {
        serde_json::from_str(SNAPSHOT).unwrap()
    }

    fn converted() -> Value {
        let backend = Backend {
            host: "sda.example.org".to_owned(),
            link: json!("abc123"),
            load_balancer: json!("arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/a/1"),
            authorizer: json!("arn:aws:lambda:us-east-1:1:function:authorizer"),
        };
        definition("test", &backend)
    }

    fn operations(of: &Value) -> Vec<(String, String, Value)> {
        members(&of["paths"])
            .flat_map(|(path, of)| {
                members(of).map(|(method, of)| (path.to_owned(), method.to_owned(), of.clone()))
            })
            .collect()
    }

    /// Every object that is a schema, wherever it is.
    fn schemas(of: &Value, found: &mut Vec<Value>) {
        let mut all: Vec<&Value> = Vec::new();
        all.extend(members(&of["components"]["schemas"]).map(|(_, of)| of));
        for (_, of) in members(&of["paths"]).flat_map(|(_, of)| members(of)) {
            all.extend(of["parameters"].as_array().into_iter().flatten().map(|of| &of["schema"]));
            let bodies = members(&of["responses"]).map(|(_, of)| of).chain(of.get("requestBody"));
            all.extend(bodies.flat_map(|of| members(&of["content"])).map(|(_, of)| &of["schema"]));
        }
        while let Some(of) = all.pop() {
            found.push(of.clone());
            all.extend(members(&of["properties"]).map(|(_, of)| of));
            all.extend(of.get("items"));
            for keyword in ["allOf", "oneOf"] {
                all.extend(of[keyword].as_array().into_iter().flatten());
            }
        }
    }

    #[test]
    fn every_path_is_there_or_left_out_with_a_reason() {
        let (before, after) = (document(), converted());
        for (path, method, _) in operations(&before) {
            let there = after["paths"][&path].get(&method).is_some();
            assert_ne!(there, left_out(&path).is_some(), "{method} {path}");
        }
        for (of, _) in LEFT_OUT {
            assert!(members(&before["paths"]).any(|(path, _)| path == *of), "{of} is no path any more");
        }
        assert_eq!(left_out("/api/v1/session/invitations/{id}"), left_out("/api/v1/session"));
        assert_eq!(left_out("/api/v1/sessions"), None);
    }

    #[test]
    fn schemas_have_nothing_but_what_api_gateway_takes() {
        let after = converted();
        assert_eq!(after["openapi"], "3.0.1");
        let mut found = Vec::new();
        schemas(&after, &mut found);
        assert!(found.len() > 500);
        let known: BTreeSet<&str> = ["$ref", "type", "format", "properties", "items", "allOf", "oneOf"]
            .into_iter()
            .chain(KEYWORDS)
            .collect();
        for of in &found {
            for (keyword, value) in members(of) {
                assert!(known.contains(keyword), "{keyword}: {of}");
                assert!(keyword != "type" || value.is_string(), "{of}");
                assert!(keyword != "type" || value != "null", "{of}");
            }
            let is_number = matches!(of["type"].as_str(), Some("number" | "integer"));
            assert!(!is_number || of.get("format").is_none(), "{of}");
        }
        assert!(found.iter().any(|of| of["nullable"] == true && of["type"] == "string"));
        assert!(found.iter().any(|of| of["nullable"] == true && of["allOf"].is_array()));
        let body = &after["paths"]["/api/v1/uploads"]["post"]["requestBody"]["content"];
        assert_eq!(
            body["application/octet-stream"]["schema"],
            json!({ "type": "string", "format": "binary" })
        );
    }

    #[test]
    fn references_lead_to_models_whose_names_are_letters_and_digits() {
        let after = converted();
        let models = after["components"]["schemas"].as_object().unwrap();
        assert_eq!(models.len(), document()["components"]["schemas"].as_object().unwrap().len());
        assert!(models.keys().all(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric())));
        let mut found = Vec::new();
        schemas(&after, &mut found);
        let references: Vec<&str> = found.iter().filter_map(|of| of["$ref"].as_str()).collect();
        assert!(references.len() > 50);
        for to in references {
            let name = to.strip_prefix("#/components/schemas/").unwrap();
            assert!(models.contains_key(name), "{to}");
        }
    }

    #[test]
    fn every_operation_goes_to_the_load_balancer_with_its_parameters() {
        let mut names = BTreeSet::new();
        for (path, method, of) in operations(&converted()) {
            let to = &of["x-amazon-apigateway-integration"];
            assert_eq!(to["type"], "http_proxy");
            assert_eq!(to["connectionType"], "VPC_LINK");
            assert_eq!(to["httpMethod"], method.to_uppercase());
            assert_eq!(to["uri"], format!("https://sda.example.org{path}"));
            for name in path_parameters(&path) {
                let mapped = &to["requestParameters"][format!("integration.request.path.{name}")];
                assert_eq!(*mapped, format!("method.request.path.{name}"), "{method} {path}");
                let declared = of["parameters"].as_array().unwrap().iter();
                assert!(
                    declared.clone().any(|of| of["name"] == name && of["in"] == "path"),
                    "{method} {path}"
                );
            }
            assert_eq!(of["security"], json!([{ "caller": [] }, { "plan": [] }]), "{method} {path}");
            assert!(names.insert(of["operationId"].to_string()), "{method} {path}: {}", of["operationId"]);
        }
    }

    #[test]
    fn what_may_be_larger_than_api_gateway_holds_is_passed_on_as_it_comes() {
        let after = converted();
        let mode = |path: &str, method: &str| {
            let to = &after["paths"][path][method]["x-amazon-apigateway-integration"];
            (to["responseTransferMode"].clone(), to["timeoutInMillis"].as_u64().unwrap())
        };
        assert_eq!(mode("/api/v1/element-sets", "get"), (json!("STREAM"), 300_000));
        assert_eq!(mode("/api/v1/uploads/{id}/file", "get").0, "STREAM");
        assert_eq!(mode("/api/v1/alerts", "get"), (json!("BUFFERED"), 29_000));
    }

    #[test]
    fn answers_of_api_gateway_are_problems_of_the_application() {
        let known = include_str!("../../api/src/problem.rs");
        for (kind, of) in members(&gateway_responses()) {
            let body = of["responseTemplates"]["application/json"].as_str().unwrap();
            let body: Value = serde_json::from_str(body).unwrap();
            let problem = body["type"].as_str().unwrap().strip_prefix("urn:astroshield:problem:").unwrap();
            assert!(known.contains(&format!("\"{problem}\"")), "{kind}: {problem}");
            let status = of.get("statusCode").map(|of| of.as_str().unwrap().parse::<u16>().unwrap());
            assert_eq!(body.get("status").map(|of| of.as_u64().unwrap() as u16), status, "{kind}");
        }
    }
}
