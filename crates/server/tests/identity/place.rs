//! A service that knows an issuer, and the issuer as tests steer it.

use std::fs;
use std::path::Path;

use astroshield_testkit::servers::{Server as Outside, variable};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::{Browser, client};
use crate::server::Server;

/// Name and secret of the service at the issuer.
pub(crate) const SECRET: &str = "a secret: of & tests";

/// Where an issuer is.
#[derive(Clone)]
pub(crate) struct Issuer {
    pub(crate) address: String,
    pub(crate) authority: String,
    pub(crate) client: Client,
}

impl Issuer {
    /// The one that all tests share.
    pub(crate) fn shared() -> Option<Self> {
        let address = variable("ASTROSHIELD_TEST_ISSUER")?;
        let authority = fs::read_to_string(variable("ASTROSHIELD_TEST_ISSUER_CA")?).unwrap();
        Some(Self { address, client: client(&authority), authority })
    }

    /// One of a test's own.
    pub(crate) fn of(server: &Outside) -> Self {
        let authority = server.authority();
        Self { address: server.address.clone(), client: client(&authority), authority }
    }

    /// Tells it what it is to do.
    pub(crate) async fn tell(&self, name: &str, body: Value) -> Value {
        let url = format!("{}/test/{name}", self.address);
        let response = self.client.post(url).body(body.to_string()).send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{name}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Makes an account, and puts it into groups.
    pub(crate) async fn account(&self, name: &str, groups: &[&str]) {
        let email = format!("{name}@example.org");
        let claims = json!({ "groups": groups, "email": email, "email_verified": true });
        self.tell("accounts", json!({ name: claims })).await;
    }

    /// A token that the issuer signs, for the audience of the service.
    pub(crate) async fn token(&self, algorithm: &str, claims: Value) -> String {
        let mut all =
            json!({ "sub": "robot", "aud": "astroshield-api", "groups": ["astroshield:local:operator"] });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let made = self.tell("token", json!({ "alg": algorithm, "claims": all })).await;
        made["token"].as_str().unwrap().to_owned()
    }
}

/// Settings of a service that knows an issuer.
pub(crate) fn settings(issuer: &str, client_id: &str, more: &str) -> String {
    let feeds = ["celestrak-active", "satcat", "space-weather", "earth-orientation"]
        .map(|feed| format!("[feeds.{feed}]\nenabled = false\n"))
        .concat();
    format!(
        "{feeds}[demo]\nfallback = false\n[log]\nlevel = \"error\"\n[identity]\nkind = \"oidc\"\nissuer = \"{issuer}\"\n\
         client_id = \"{client_id}\"\nclient_secret = \"{SECRET}\"\naudiences = [\"astroshield-api\"]\n\
         scopes = [\"email\", \"groups\"]\nkeys_interval = \"1s\"\nauthorities_file = \"issuer.pem\"\n{more}\n"
    )
}

/// A service in a folder of its own, known at the issuer by the name of the folder.
pub(crate) struct Place {
    pub(crate) issuer: Issuer,
    pub(crate) service: Server,
    pub(crate) client_id: String,
    _folder: TempDir,
}

impl Place {
    /// On the issuer that tests share; `None` without it.
    pub(crate) async fn shared(more: &str) -> Option<Self> {
        let place = Self::start(Issuer::shared()?, more);
        place.register().await;
        Some(place)
    }

    /// A service that the issuer does not know yet; `more` ends the section `identity` of its settings.
    pub(crate) fn start(issuer: Issuer, more: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), issuer, more)
    }

    /// The same service, with what it holds, which knows another issuer only.
    pub(crate) fn at_another(self, issuer: Issuer) -> Self {
        assert_eq!(self.service.stop().0, 0);
        Self::start_in(self._folder, issuer, "")
    }

    fn start_in(folder: TempDir, issuer: Issuer, more: &str) -> Self {
        let client_id = folder.path().file_name().unwrap().to_str().unwrap().replace('.', "");
        fs::write(folder.path().join("issuer.pem"), &issuer.authority).unwrap();
        let settings = settings(&issuer.address, &client_id, more);
        fs::write(folder.path().join("astroshield.toml"), settings).unwrap();
        let service = Server::start(folder.path(), "");
        Self { issuer, service, client_id, _folder: folder }
    }

    pub(crate) async fn register(&self) {
        self.register_at(&[&self.service.address]).await;
    }

    /// Makes the service known at the issuer, by these addresses.
    pub(crate) async fn register_at(&self, addresses: &[&str]) {
        let of = |path: &str| -> Vec<String> {
            addresses.iter().map(|address| format!("{address}{path}")).collect()
        };
        let client = json!({
            "client_id": self.client_id,
            "client_secret": SECRET,
            "redirect_uris": of("/auth/callback"),
            "post_logout_redirect_uris": of("/signin"),
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        });
        self.issuer.tell("client", client).await;
    }

    pub(crate) fn folder(&self) -> &Path {
        self._folder.path()
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.issuer.client)
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.service.address)
    }

    /// Asks who a token is of: status and answer.
    pub(crate) async fn who(&self, token: &str) -> (u16, Value) {
        let request = self.issuer.client.get(self.at("/api/v1/session"));
        let response = request.header("authorization", format!("Bearer {token}")).send().await.unwrap();
        (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }
}
