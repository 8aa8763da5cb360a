//! Access tokens in place of an API key.

use std::time::{Duration, Instant};

use astroshield_testkit::servers::{Server as Outside, can_start};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::hmac;
use serde_json::{Value, json};

use crate::place::{Issuer, Place};

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The parts of a token.
fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_is_taken_for_what_it_says_and_others_are_not() {
    let Some(place) = Place::shared("").await else { return };
    let issuer = &place.issuer;
    for algorithm in ["RS256", "ES256"] {
        let (status, who) = place.who(&issuer.token(algorithm, json!({})).await).await;
        assert_eq!(status, 200, "{who}");
        assert_eq!(who, json!({ "tenant": "local", "name": "robot", "scope": "write" }));
    }
    for (claims, reason) in [
        (json!({ "exp": now() - 60 }), "expired"),
        (json!({ "exp": Value::Null }), "exp"),
        (json!({ "nbf": now() + 120 }), "not valid yet"),
        (json!({ "iat": now() + 120 }), "not valid yet"),
        (json!({ "iss": "https://elsewhere.example" }), "another issuer"),
        (json!({ "aud": "another-api" }), "for others"),
        (json!({ "aud": Value::Null }), "for others"),
        (json!({ "nonce": "x" }), "another kind"),
        (json!({ "sub": "" }), "sub"),
    ] {
        let (status, answer) = place.who(&issuer.token("RS256", claims.clone()).await).await;
        let detail = answer["detail"].as_str().unwrap();
        assert!(status == 401 && detail.contains(reason), "{claims}: {status} {answer}");
    }
    let none = issuer.token("RS256", json!({ "groups": [] })).await;
    assert_eq!(place.who(&none).await.0, 403);
    let viewer = issuer.token("RS256", json!({ "groups": ["astroshield:local:viewer"] })).await;
    let request =
        issuer.client.post(place.at("/api/v1/watch-lists")).header("content-type", "application/json");
    let request = request.bearer_auth(&viewer).body(r#"{"name":"x","objects":[]}"#);
    assert_eq!(request.send().await.unwrap().status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_tokens_are_refused() {
    let Some(place) = Place::shared("").await else { return };
    let good = place.issuer.token("RS256", json!({})).await;
    let [head, claims, signature] = parts(&good);
    let claimed: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
    let mut administrator = claimed.clone();
    administrator["groups"] = json!(["astroshield:local:administrator"]);

    // What everybody knows of the issuer's key, as a secret.
    let jwks = place.issuer.client.get(format!("{}/jwks", place.issuer.address)).send().await.unwrap();
    let jwks: Value = serde_json::from_str(&jwks.text().await.unwrap()).unwrap();
    let public = URL_SAFE_NO_PAD.decode(jwks["keys"][0]["n"].as_str().unwrap()).unwrap();
    let confused = |alg: &str, secret: &[u8]| {
        let signed =
            format!("{}.{}", encode(&json!({ "alg": alg, "kid": header["kid"] })), encode(&administrator));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let mut forged = vec![
        format!("{head}.{}.{signature}", encode(&administrator)),
        format!("{head}.{claims}."),
        format!("{head}.{claims}"),
        format!("{head}.{claims}.{}", &signature[..signature.len() - 4]),
        confused("HS256", &public),
        confused("RS256", &public),
        confused("HS256", jwks.to_string().as_bytes()),
        confused("HS256", b""),
        "x.y.z".to_owned(),
        "..".to_owned(),
    ];
    for alg in ["none", "None", "NONE", ""] {
        forged.push(format!("{}.{}.", encode(&json!({ "alg": alg })), encode(&administrator)));
        forged.push(format!("{}.{}.{signature}", encode(&json!({ "alg": alg })), encode(&administrator)));
    }
    // Keys of the attacker's, where the attacker says that they are.
    for place_of_key in ["jku", "x5u", "jwk"] {
        let header =
            json!({ "alg": "RS256", "kid": header["kid"], place_of_key: "https://attacker.example/keys" });
        forged.push(format!("{}.{}.{signature}", encode(&header), encode(&administrator)));
    }
    for (number, token) in forged.iter().enumerate() {
        let (status, answer) = place.who(token).await;
        // After too many of them, this address is put off.
        assert!(status == 401 || (status == 429 && number >= 25), "{number}: {status} {answer}");
    }
    let (status, who) = place.who(&good).await;
    assert_eq!(status, 200, "a good token is not put off: {who}");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_are_picked_up_and_unknown_ones_are_asked_for_seldom() {
    if !can_start(&["issuer"]) {
        return;
    }
    let server = Outside::start("issuer");
    let place = Place::start(Issuer::of(&server), "");
    place.register().await;
    let issuer = &place.issuer;
    let before = issuer.token("RS256", json!({})).await;
    assert_eq!(place.who(&before).await.0, 200);
    issuer.tell("rotate", json!({ "keep": true })).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let after = issuer.token("RS256", json!({})).await;
    assert_ne!(parts(&before)[0], parts(&after)[0]);
    assert_eq!(place.who(&after).await.0, 200);
    assert_eq!(place.who(&before).await.0, 200, "the old key is there still");
    // The old key is withdrawn.
    issuer.tell("rotate", json!({ "keep": false })).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(place.who(&issuer.token("ES256", json!({})).await).await.0, 200);
    assert_eq!(place.who(&after).await.0, 401);

    // A flood of keys that do not exist.
    issuer.tell("requests", json!({})).await;
    let (began, mut asked) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(3) || asked < 60 {
        let token = format!(
            "{}.{}.AAAA",
            encode(&json!({ "alg": "RS256", "kid": asked.to_string() })),
            encode(&json!({}))
        );
        // Each may be of a new key, unless the issuer was just asked: that is no reason to put a sender off.
        assert_eq!(place.who(&token).await.0, 401, "after {asked}");
        asked += 1;
    }
    let requests = issuer.tell("requests", json!({})).await;
    let allowed = began.elapsed().as_secs() + 2;
    let counted = requests["/jwks"].as_u64().unwrap_or_default();
    assert!(counted <= allowed, "{asked} tokens made {counted} requests in {allowed} s");
    assert_eq!(place.who(&issuer.token("RS256", json!({})).await).await.0, 200);
}
