//! Events of a WebSocket API, as API Gateway hands them to functions: the proxy format, version 1.0. What else is in them is of no
//! concern.

use std::collections::HashMap;

use astroshield_domain::ports::ConnectionId;
use serde::Deserialize;
use serde_json::Value;

/// That somebody connects, says something, or has left.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    pub(super) request_context: RequestContext,
    #[serde(default)]
    pub(super) body: Option<String>,
    #[serde(default)]
    pub(super) is_base64_encoded: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestContext {
    pub(super) event_type: EventType,
    pub(super) connection_id: ConnectionId,
    /// What the authorizer says of who connects.
    #[serde(default)]
    pub(super) authorizer: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum EventType {
    Connect,
    Message,
    Disconnect,
}

/// That somebody wants to connect, or asks a REST API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    pub(super) method_arn: String,
    /// The method, of a REST API alone.
    #[serde(default)]
    pub(super) http_method: Option<String>,
    #[serde(default)]
    headers: Option<HashMap<String, String>>,
    #[serde(default)]
    multi_value_headers: Option<HashMap<String, Vec<String>>>,
    #[serde(default)]
    request_context: Option<RequestOrigin>,
}

#[derive(Debug, Default, Deserialize)]
struct RequestOrigin {
    #[serde(default)]
    identity: Option<Identity>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    #[serde(default)]
    source_ip: Option<String>,
}

impl Request {
    /// Everything that was sent under the name of a header, which is in lower case.
    pub(super) fn header(&self, name: &str) -> Vec<&str> {
        let is_it = |other: &str| other.eq_ignore_ascii_case(name);
        if let Some(headers) = &self.multi_value_headers {
            let of_name = headers.iter().filter(|(other, _)| is_it(other));
            return of_name.flat_map(|(_, values)| values).map(String::as_str).collect();
        }
        let headers = self.headers.iter().flatten();
        headers.filter(|(other, _)| is_it(other)).map(|(_, value)| value.as_str()).collect()
    }

    /// The address that it comes from, as API Gateway has seen it.
    pub(super) fn address(&self) -> Option<&str> {
        self.request_context.as_ref()?.identity.as_ref()?.source_ip.as_deref()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use rand_core::{Rng as _, SeedableRng as _};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    /// As in the guide of API Gateway, with what is of no concern.
    pub(crate) const REQUEST: &str = r#"{"type":"REQUEST",
        "methodArn":"arn:aws:execute-api:us-east-1:123456789012:abcdef123/default/$connect",
        "headers":{"Connection":"upgrade","content-length":"0","Authorization":"Bearer ask_1","Host":"abcdef123.execute-api.us-east-1.amazonaws.com"},
        "multiValueHeaders":{"Connection":["upgrade"],"content-length":["0"],"Authorization":["Bearer ask_1"],
            "Host":["abcdef123.execute-api.us-east-1.amazonaws.com"],"X-Forwarded-For":["203.0.113.7"]},
        "queryStringParameters":{"a":"b"},"multiValueQueryStringParameters":{"a":["b"]},"stageVariables":{},
        "requestContext":{"routeKey":"$connect","eventType":"CONNECT","extendedRequestId":"...","requestTime":"19/Jan/2023:21:13:26 +0000",
            "messageDirection":"IN","stage":"default","connectedAt":1674162806344,"requestTimeEpoch":1674162806345,
            "identity":{"sourceIp":"192.0.2.9"},"requestId":"...","domainName":"abcdef123.execute-api.us-east-1.amazonaws.com",
            "connectionId":"L0SM9cOFvHcCIhw=","apiId":"abcdef123"}}"#;

    /// The same of a REST API.
    pub(crate) const REST_REQUEST: &str = r#"{"type":"REQUEST",
        "methodArn":"arn:aws:execute-api:us-east-1:123456789012:abcdef123/live/GET/api/v1/alerts/1",
        "resource":"/api/v1/alerts/{id}","path":"/api/v1/alerts/1","httpMethod":"GET",
        "headers":{"Authorization":"Bearer ask_1","Host":"api.sda.example.org"},
        "multiValueHeaders":{"Authorization":["Bearer ask_1"],"Host":["api.sda.example.org"]},
        "queryStringParameters":{},"multiValueQueryStringParameters":{},"pathParameters":{"id":"1"},"stageVariables":{},
        "requestContext":{"path":"/api/v1/alerts/1","accountId":"123456789012","resourceId":"05c7jb","stage":"live","requestId":"...",
            "identity":{"apiKey":"...","sourceIp":"192.0.2.9"},"resourcePath":"/api/v1/alerts/{id}","httpMethod":"GET","apiId":"abcdef123"}}"#;

    /// A message, as API Gateway hands it on.
    pub(crate) const MESSAGE: &str = r#"{"requestContext":{"routeKey":"$default","messageId":"L0SM9dGFPHcCIhw=","eventType":"MESSAGE",
        "extendedRequestId":"L0SM9FpoPHcFYGA=","requestTime":"19/Jan/2023:21:13:26 +0000","messageDirection":"IN","stage":"default",
        "connectedAt":1674162806344,"requestTimeEpoch":1674162806345,"identity":{"sourceIp":"192.0.2.9"},"requestId":"L0SM9FpoPHcFYGA=",
        "domainName":"abcdef123.execute-api.us-east-1.amazonaws.com","connectionId":"L0SM9cOFvHcCIhw=","apiId":"abcdef123",
        "authorizer":{"principalId":"local/program","tenant":"local","name":"program","scope":"read","proof":"{\"key\":\"00\"}","integrationLatency":12}},
        "body":"{\"subscribe\":[\"alerts\"]}","isBase64Encoded":false}"#;

    #[test]
    fn events_are_read_as_api_gateway_documents_them() {
        let event: Event = serde_json::from_str(MESSAGE).unwrap();
        assert_eq!(event.request_context.event_type, EventType::Message);
        assert_eq!(event.request_context.connection_id.as_str(), "L0SM9cOFvHcCIhw=");
        assert_eq!(event.request_context.authorizer.unwrap()["tenant"], "local");
        assert_eq!(event.body.as_deref(), Some(r#"{"subscribe":["alerts"]}"#));
        let request: Request = serde_json::from_str(REQUEST).unwrap();
        assert_eq!(request.header("authorization"), ["Bearer ask_1"]);
        assert_eq!(request.header("cookie"), [""; 0]);
        assert_eq!(request.address(), Some("192.0.2.9"));
        let alone = REQUEST.replace("\"multiValueHeaders\"", "\"other\"");
        let request: Request = serde_json::from_str(&alone).unwrap();
        assert_eq!(request.header("authorization"), ["Bearer ask_1"]);
    }

    #[test]
    fn what_is_no_event_is_refused_and_never_ends_the_process() {
        for bad in
            ["", "null", "[]", "{}", r#"{"requestContext":null}"#, &MESSAGE.replace("MESSAGE", "message")]
        {
            assert!(serde_json::from_str::<Event>(bad).is_err(), "{bad}");
        }
        let spaces = MESSAGE.replace("L0SM9cOFvHcCIhw=", "a b");
        assert!(serde_json::from_str::<Event>(&spaces).is_err());
        // Bytes of true events changed, taken away and put in by chance.
        let mut chance = Pcg64Mcg::seed_from_u64(31);
        for round in 0..20_000 {
            let whole = if round % 2 == 0 { MESSAGE } else { REQUEST };
            let mut bytes = whole.as_bytes().to_vec();
            for _ in 0..=chance.next_u32() % 8 {
                let place = chance.next_u32() as usize % bytes.len();
                match chance.next_u32() % 4 {
                    0 => bytes[place] = chance.next_u32() as u8,
                    1 => bytes.truncate(place.max(1)),
                    2 => bytes.insert(place, b"{}[]\",:0\\"[chance.next_u32() as usize % 9]),
                    _ => drop(bytes.remove(place)),
                }
                if bytes.is_empty() {
                    break;
                }
            }
            if let Ok(request) = serde_json::from_slice::<Request>(&bytes) {
                request.header("cookie");
                request.address();
            }
            drop(serde_json::from_slice::<Event>(&bytes));
        }
    }
}
