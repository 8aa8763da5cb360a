//! What a browser does: follows redirects, and keeps cookies by site and path.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

/// A client that trusts an authority, and follows nothing.
pub(crate) fn client(authority: &str) -> Client {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(Policy::none())
        .timeout(Duration::from_secs(60))
        .no_proxy()
        .build()
        .unwrap()
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) url: Url,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Where it sends the browser.
    pub(crate) fn location(&self) -> Option<Url> {
        let location = self.headers.get(LOCATION)?.to_str().unwrap();
        Some(self.url.join(location).unwrap())
    }

    /// The cookies that it sets.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect()
    }
}

/// A cookie: site, path, name and value.
#[derive(Clone)]
struct Cookie(String, String, String, String);

#[derive(Clone)]
pub(crate) struct Browser {
    client: Client,
    cookies: Vec<Cookie>,
}

fn site(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl Browser {
    pub(crate) fn new(client: &Client) -> Self {
        Self { client: client.clone(), cookies: Vec::new() }
    }

    /// The value of a cookie that a site would get.
    pub(crate) fn cookie(&self, of: &str, name: &str) -> Option<String> {
        let found = self.cookies.iter().find(|cookie| cookie.0 == of && cookie.2 == name);
        found.map(|cookie| cookie.3.clone())
    }

    pub(crate) fn plant(&mut self, of: &str, name: &str, value: &str) {
        self.cookies.retain(|cookie| cookie.0 != of || cookie.2 != name);
        self.cookies.push(Cookie(of.to_owned(), "/".to_owned(), name.to_owned(), value.to_owned()));
    }

    pub(crate) async fn send(&mut self, method: Method, url: &str, form: Option<&str>) -> Answer {
        let url: Url = url.parse().unwrap();
        let site = site(&url);
        let fits = |cookie: &&Cookie| cookie.0 == site && url.path().starts_with(cookie.1.as_str());
        let pairs: Vec<String> =
            self.cookies.iter().filter(fits).map(|cookie| format!("{}={}", cookie.2, cookie.3)).collect();
        let writes = !method.is_safe();
        let mut request = self.client.request(method, url.clone()).header(COOKIE, pairs.join("; "));
        if writes {
            request = request.header("origin", &site);
        }
        if let Some(form) = form {
            let kind = "application/x-www-form-urlencoded";
            request = request.header("content-type", kind).body(form.to_owned());
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { status, headers, body: response.text().await.unwrap(), url };
        for cookie in answer.cookies() {
            self.keep(&site, cookie);
        }
        answer
    }

    fn keep(&mut self, site: &str, cookie: &str) {
        let mut parts = cookie.split(';').map(str::trim);
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let attribute = |wanted: &str| {
            parts.clone().find_map(|part| {
                let (name, value) = part.split_once('=')?;
                name.eq_ignore_ascii_case(wanted).then_some(value)
            })
        };
        let path = attribute("path").unwrap_or("/").to_owned();
        self.cookies.retain(|kept| kept.0 != site || kept.1 != path || kept.2 != name);
        if !value.is_empty() && attribute("max-age") != Some("0") {
            self.cookies.push(Cookie(site.to_owned(), path, name.to_owned(), value.to_owned()));
        }
    }

    pub(crate) async fn get(&mut self, url: &str) -> Answer {
        self.send(Method::GET, url, None).await
    }

    /// Follows redirects, until an address begins with `stop`, or there is an answer that is none.
    pub(crate) async fn follow(&mut self, url: &str, stop: &str) -> Result<Answer, String> {
        let mut url = url.to_owned();
        for _ in 0..10 {
            if url.starts_with(stop) {
                return Err(url);
            }
            let answer = self.get(&url).await;
            match answer.location() {
                Some(location) if (300..400).contains(&answer.status) => url = location.into(),
                _ => return Ok(answer),
            }
        }
        panic!("too many redirects: {url}")
    }

    /// Begins to sign in at a service, signs in at the provider, and returns where the provider sends it back to.
    pub(crate) async fn sign_in_at_provider(&mut self, service: &str, query: &str, account: &str) -> String {
        let callback = format!("{service}/auth/callback");
        let page = match self.follow(&format!("{service}/auth/login{query}"), &callback).await {
            // The provider knows this browser already.
            Err(back) => return back,
            Ok(page) => page,
        };
        assert!(page.status == 200 && page.url.path().starts_with("/interaction/"), "{page:?}");
        let form = format!("prompt=login&login={account}&password=x");
        let answer = self.send(Method::POST, page.url.as_str(), Some(&form)).await;
        let next = answer.location().unwrap_or_else(|| panic!("{answer:?}"));
        match self.follow(next.as_str(), &callback).await {
            Err(back) => back,
            Ok(answer) => panic!("not sent back: {answer:?}"),
        }
    }

    /// Signs in.
    pub(crate) async fn sign_in(&mut self, service: &str, account: &str) -> Answer {
        let back = self.sign_in_at_provider(service, "", account).await;
        self.get(&back).await
    }
}
