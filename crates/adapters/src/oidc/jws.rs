//! Signed tokens: JWS in its compact form (RFC 7515), as JWT has it (RFC 7519), and the keys that they are checked with
//! (RFC 7517). Two algorithms are known. What a token says of keys itself (`jwk`, `jku`, `x5c`, `x5u`) is not looked at.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Longest token, in bytes.
const LONGEST: usize = 16 << 10;

/// Most keys of one issuer.
const MOST_KEYS: usize = 100;

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

/// Why a token is none that we take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum JwsError {
    #[error("the token is no JWT: {reason}")]
    Malformed { reason: &'static str },
    #[error("the token is signed with {algorithm:?}; RS256 and ES256 are taken")]
    Algorithm { algorithm: String },
    #[error("the key of the token is not known")]
    UnknownKey,
    #[error("the signature of the token does not hold")]
    Signature,
}

const fn malformed(reason: &'static str) -> JwsError {
    JwsError::Malformed { reason }
}

/// A token whose signature has not been looked at.
#[derive(Debug)]
pub(super) struct Unverified<'a> {
    algorithm: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
    signed: &'a [u8],
    payload: &'a str,
    signature: Vec<u8>,
}

/// A token that the issuer has signed.
#[derive(Debug)]
pub(super) struct Verified {
    /// What kind of token its head says that it is, in lower case, without `application/`.
    pub(super) typ: Option<String>,
    /// What it says.
    pub(super) claims: Map<String, Value>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

impl<'a> Unverified<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, JwsError> {
        if token.len() > LONGEST {
            return Err(malformed("it is too long"));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(malformed("it has no parts"))?;
        let (header, payload) = signed.split_once('.').ok_or(malformed("it has two parts"))?;
        if payload.contains('.') {
            return Err(malformed("it has more than three parts"));
        }
        let decode =
            |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed("a part is no base64url"));
        let header: Header =
            serde_json::from_slice(&decode(header)?).map_err(|_| malformed("its head cannot be read"))?;
        if header.crit.is_some() {
            return Err(malformed("it demands extensions (crit)"));
        }
        let algorithm = match header.alg.as_str() {
            "RS256" => Algorithm::Rs256,
            "ES256" => Algorithm::Es256,
            other => return Err(JwsError::Algorithm { algorithm: other.chars().take(20).collect() }),
        };
        let typ = header.typ.map(|typ| {
            let typ = typ.to_ascii_lowercase();
            typ.strip_prefix("application/").map(str::to_owned).unwrap_or(typ)
        });
        let signature = decode(signature)?;
        Ok(Self { algorithm, kid: header.kid, typ, signed: signed.as_bytes(), payload, signature })
    }

    /// What the token says, if one of these keys has signed it.
    pub(super) fn verify(self, keys: &[Key]) -> Result<Verified, JwsError> {
        let key = find(keys, self.algorithm, self.kid.as_deref()).ok_or(JwsError::UnknownKey)?;
        key.verify(self.signed, &self.signature)?;
        let payload =
            URL_SAFE_NO_PAD.decode(self.payload).map_err(|_| malformed("a part is no base64url"))?;
        let claims = serde_json::from_slice(&payload).map_err(|_| malformed("its claims cannot be read"))?;
        Ok(Verified { typ: self.typ, claims })
    }
}

/// The key that a token means: that of its name, or where it names none, the only one.
fn find<'k>(keys: &'k [Key], algorithm: Algorithm, kid: Option<&str>) -> Option<&'k Key> {
    let mut fitting = keys
        .iter()
        .filter(|key| key.algorithm() == algorithm && (kid.is_none() || key.kid.as_deref() == kid));
    let first = fitting.next()?;
    (kid.is_some() || fitting.next().is_none()).then_some(first)
}

/// A public key of an issuer.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key {
    kid: Option<String>,
    material: Material,
}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point of P-256, uncompressed.
    P256 {
        point: Vec<u8>,
    },
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Key {
    /// The keys of a set that tokens can be checked with. Keys of other kinds and purposes are passed over.
    pub(super) fn of_set(set: &Value) -> Option<Vec<Self>> {
        let keys = set.get("keys")?.as_array()?;
        let usable = |key: &Value| Self::of(serde_json::from_value(key.clone()).ok()?);
        Some(keys.iter().take(MOST_KEYS).filter_map(usable).collect())
    }

    fn of(jwk: Jwk) -> Option<Self> {
        let is_for = |name: &str| jwk.alg.as_deref().is_none_or(|algorithm| algorithm == name);
        if jwk.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let decode = |part: &Option<String>| URL_SAFE_NO_PAD.decode(part.as_deref()?).ok();
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) if is_for("RS256") => {
                // ring refuses leading zeros, which some write.
                let n: Vec<u8> = decode(&jwk.n)?.into_iter().skip_while(|&byte| byte == 0).collect();
                Material::Rsa { n, e: decode(&jwk.e)? }
            }
            ("EC", Some("P-256")) if is_for("ES256") => {
                let (x, y) = (decode(&jwk.x)?, decode(&jwk.y)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                Material::P256 { point: [&[4], x.as_slice(), &y].concat() }
            }
            _ => return None,
        };
        Some(Self { kid: jwk.kid, material })
    }

    fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256 { .. } => Algorithm::Es256,
        }
    }

    fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), JwsError> {
        let verified = match &self.material {
            // Keys of fewer than 2048 bits are refused here.
            Material::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
            Material::P256 { point } => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
        };
        verified.map_err(|_| JwsError::Signature)
    }
}

#[cfg(test)]
mod tests;
