use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

use super::*;

/// RFC 7515, A.2: the example of RS256.
const RS256: &str = "eyJhbGciOiJSUzI1NiJ9\
.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

/// RFC 7515, A.3: the example of ES256.
const ES256: &str = "eyJhbGciOiJFUzI1NiJ9\
.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

fn rfc_keys() -> Vec<Key> {
    let set = json!({ "keys": [
        { "kty": "RSA", "n": N, "e": "AQAB" },
        { "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
          "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" },
    ]});
    Key::of_set(&set).unwrap()
}

fn verify(token: &str, keys: &[Key]) -> Result<Verified, JwsError> {
    Unverified::parse(token)?.verify(keys)
}

fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(sign(signed.as_bytes())))
}

/// A pair of keys: what signs, and the public one by a name.
fn pair(kid: &str) -> (impl Fn(&[u8]) -> Vec<u8>, Key, Value) {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let [x, y] = [&point[1..33], &point[33..]].map(|part| URL_SAFE_NO_PAD.encode(part));
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y });
    let key = Key::of_set(&json!({ "keys": [jwk] })).unwrap().remove(0);
    (move |bytes: &[u8]| pair.sign(&random, bytes).unwrap().as_ref().to_vec(), key, jwk)
}

#[test]
fn the_examples_of_rfc_7515_hold_and_nothing_changed_of_them_does() {
    for example in [RS256, ES256] {
        assert_eq!(verify(example, &rfc_keys()).unwrap().claims["iss"], "joe");
        for place in (0..example.len()).step_by(7) {
            let mut changed = example.as_bytes().to_vec();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(&changed, &rfc_keys()).is_err(), "{place}");
        }
    }
}

#[test]
fn no_other_algorithm_is_taken_whatever_the_signature() {
    let (_, key, _) = pair("a");
    let claims = json!({ "iss": "joe" });
    for alg in ["none", "None", "", "HS256", "HS512", "RS384", "PS256", "ES384", "EdDSA", "rs256"] {
        let forged = token(&json!({ "alg": alg, "kid": "a" }), &claims, |_| Vec::new());
        let error = verify(&forged, std::slice::from_ref(&key)).unwrap_err();
        assert_eq!(error, JwsError::Algorithm { algorithm: alg.to_owned() });
    }
}

#[test]
fn a_public_key_is_no_secret_of_hmac_and_no_key_of_another_algorithm() {
    let (sign, key, _) = pair("a");
    let Material::P256 { point } = key.material.clone() else { panic!("it is of P-256") };
    let by_hmac =
        |bytes: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &point), bytes).as_ref().to_vec();
    let claims = json!({ "iss": "joe" });
    for (alg, is_taken) in [("HS256", false), ("ES256", true), ("RS256", true)] {
        let forged = token(&json!({ "alg": alg, "kid": "a" }), &claims, by_hmac);
        assert_eq!(Unverified::parse(&forged).is_ok(), is_taken, "{alg}");
        assert!(verify(&forged, std::slice::from_ref(&key)).is_err(), "{alg}");
    }
    let as_rsa = token(&json!({ "alg": "RS256", "kid": "a" }), &claims, sign);
    assert_eq!(verify(&as_rsa, &[key]).unwrap_err(), JwsError::UnknownKey);
}

#[test]
fn a_key_that_a_token_brings_along_is_not_looked_at() {
    let (_, known, _) = pair("a");
    let (sign, _, jwk) = pair("b");
    let claims = json!({ "iss": "joe" });
    for kid in ["a", "b"] {
        let header = json!({ "alg": "ES256", "kid": kid, "jwk": jwk, "jku": "https://example.net/keys" });
        let error = verify(&token(&header, &claims, &sign), std::slice::from_ref(&known)).unwrap_err();
        let expected = if kid == "a" { JwsError::Signature } else { JwsError::UnknownKey };
        assert_eq!(error, expected);
    }
}

#[test]
fn a_token_without_a_name_of_a_key_means_the_only_one() {
    let ((sign, a, _), (_, b, _)) = (pair("a"), pair("b"));
    let unnamed = token(&json!({ "alg": "ES256" }), &json!({}), sign);
    assert!(verify(&unnamed, std::slice::from_ref(&a)).is_ok());
    assert_eq!(verify(&unnamed, &[a, b]).unwrap_err(), JwsError::UnknownKey);
}

#[test]
fn what_is_no_token_is_refused_by_what_is_wrong() {
    let (sign, key, _) = pair("a");
    let good = token(&json!({ "alg": "ES256", "kid": "a" }), &json!({}), &sign);
    let [head, body, tail] = <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
    for bad in [
        String::new(),
        head.to_owned(),
        format!("{head}.{body}"),
        format!("{good}.{tail}"),
        format!("{good}="),
        format!("{head}.{body}."),
        format!(" {good}"),
        format!("e30.{body}.{tail}"),
        token(&json!({ "alg": "ES256", "kid": "a", "crit": ["exp"] }), &json!({}), &sign),
        token(&json!({ "alg": "ES256", "kid": 1 }), &json!({}), &sign),
        token(&json!({ "alg": "ES256", "kid": "a" }), &json!([]), &sign),
        token(&json!({ "alg": "ES256", "kid": "a" }), &json!("x".repeat(LONGEST)), &sign),
    ] {
        assert!(verify(&bad, std::slice::from_ref(&key)).is_err(), "{bad}");
    }
    let twice = r#"{"alg":"ES256","alg":"none","kid":"a"}"#;
    let twice = format!("{}.{body}.{tail}", URL_SAFE_NO_PAD.encode(twice));
    assert!(matches!(verify(&twice, &[key]), Err(JwsError::Malformed { .. })));
}

#[test]
fn keys_of_other_kinds_and_purposes_are_passed_over() {
    let set = json!({ "keys": [
        { "kty": "oct", "k": "c2VjcmV0" },
        { "kty": "RSA", "use": "enc", "n": N, "e": "AQAB" },
        { "kty": "RSA", "alg": "RS512", "n": N, "e": "AQAB" },
        { "kty": "RSA", "n": N },
        { "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA" },
        { "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" },
        { "kty": "OKP", "crv": "Ed25519", "x": "AA" },
        { "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" },
        "nonsense",
        { "kty": "RSA", "kid": "good", "use": "sig", "alg": "RS256", "n": N, "e": "AQAB" },
    ]});
    let keys = Key::of_set(&set).unwrap();
    assert_eq!(keys.iter().map(|key| key.kid.as_deref()).collect::<Vec<_>>(), [Some("good")]);
    assert!(Key::of_set(&json!({})).is_none() && Key::of_set(&json!({ "keys": {} })).is_none());
}
