//! Cognito's tokens, as moto makes them.

use std::fs;

use astroshield_testkit::servers::variable;
use reqwest::Client;
use serde_json::{Value, json};

use crate::browser::client;
use crate::place::settings;
use crate::server::{Server, run};

/// What moto takes requests for Cognito by.
const CREDENTIAL: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/cognito-idp/aws4_request, \
SignedHeaders=host, Signature=0";

async fn ask(client: &Client, address: &str, action: &str, body: Value) -> Value {
    let request = client
        .post(format!("{address}/"))
        .header("authorization", CREDENTIAL)
        .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{action}"))
        .header("content-type", "application/x-amz-json-1.1")
        .body(body.to_string());
    let response = request.send().await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert!(status.is_success(), "{action}: {status} {text}");
    serde_json::from_str(if text.is_empty() { "{}" } else { &text }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn access_tokens_of_cognito_are_taken_by_their_client_and_groups() {
    let (Some(moto), Some(authority)) = (variable("ASTROSHIELD_TEST_S3"), variable("ASTROSHIELD_TEST_S3_CA"))
    else {
        return;
    };
    let authority = fs::read_to_string(authority).unwrap();
    let client = client(&authority);
    let ask = async |action: &str, body: Value| ask(&client, &moto, action, body).await;
    let pool = ask("CreateUserPool", json!({ "PoolName": "astroshield" })).await;
    let pool = pool["UserPool"]["Id"].as_str().unwrap().to_owned();
    let mut clients = Vec::new();
    for name in ["ours", "theirs"] {
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let body = json!({ "UserPoolId": pool, "ClientName": name, "ExplicitAuthFlows": flows });
        let made = ask("CreateUserPoolClient", body).await;
        clients.push(made["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned());
    }
    let group = "astroshield:local:operator";
    ask("CreateGroup", json!({ "UserPoolId": pool, "GroupName": group })).await;
    let user = json!({ "UserPoolId": pool, "Username": "ada" });
    ask("AdminCreateUser", user.clone()).await;
    ask(
        "AdminSetUserPassword",
        json!({ "UserPoolId": pool, "Username": "ada", "Password": "P4ssword!", "Permanent": true }),
    )
    .await;
    ask("AdminAddUserToGroup", json!({ "UserPoolId": pool, "Username": "ada", "GroupName": group })).await;
    let tokens = async |client_id: &str| {
        let parameters = json!({ "USERNAME": "ada", "PASSWORD": "P4ssword!" });
        let body =
            json!({ "ClientId": client_id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
        ask("InitiateAuth", body).await["AuthenticationResult"].clone()
    };
    let (ours, theirs) = (tokens(&clients[0]).await, tokens(&clients[1]).await);

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("issuer.pem"), &authority).unwrap();
    let more = format!("discovery = \"{moto}/{pool}/.well-known/openid-configuration\"");
    let issuer = format!("https://cognito-idp.us-east-1.amazonaws.com/{pool}");
    let settings = settings(&issuer, &clients[0], &more)
        .replace("audiences = [\"astroshield-api\"]\n", "groups_claim = \"cognito:groups\"\n");
    fs::write(folder.path().join("astroshield.toml"), settings).unwrap();
    let (_, report, problem) = run(folder.path(), "doctor");
    assert!(report.contains("ok       identity: the identity provider answers"), "{report}{problem}");
    let service = Server::start(folder.path(), "");
    let who = |token: &Value| {
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        service.get_with("/api/v1/session", &[("authorization", &bearer)])
    };
    let (status, body) = who(&ours["AccessToken"]);
    assert_eq!(status, 200, "{body}");
    let said: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(said, json!({ "tenant": "local", "name": "ada", "scope": "write" }));
    let (status, body) = who(&theirs["AccessToken"]);
    assert!(status == 401 && body.contains("for others"), "{body}");
    let (status, body) = who(&ours["IdToken"]);
    assert!(status == 401 && body.contains("another kind"), "{body}");
}
