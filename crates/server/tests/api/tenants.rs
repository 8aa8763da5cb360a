//! Every route, with what is another tenant's. The routes are those of the OpenAPI document, so that a new one cannot be
//! forgotten: it has to be given what these tests need to know of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use astroshield_api::ApiSettings;
use astroshield_domain::access::{AuditQuery, Scope};
use astroshield_domain::alert::{AlertChange, AlertChanges};
use astroshield_domain::conjunction::ConjunctionQuery;
use astroshield_domain::ids::TenantId;
use astroshield_testkit::entities::{alert, cdm, organization, upload};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::people::{People, browser};
use crate::service::{Answer, Client, Service};

/// An object that nobody else has.
const TLE: &str = "ALPHA ONLY\n\
1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753\n\
2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667\n";

/// Method and path of every operation.
fn operations() -> Vec<(String, String)> {
    let document = serde_json::to_value(astroshield_api::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let methods =
        |item: &Value| item.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect::<Vec<_>>();
    paths
        .iter()
        .flat_map(|(path, item)| methods(item).into_iter().map(|method| (method, path.clone())))
        .collect()
}

async fn client_of(service: &Service, tenant: &str, scope: Scope) -> Client {
    let key = service.key_of(tenant, scope).await;
    service.stranger().with("authorization", &format!("Bearer {key}"))
}

/// The identity of what was just made.
#[track_caller]
pub(crate) fn id_of(answer: &Answer) -> String {
    assert!(answer.status.is_success(), "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// One of each thing that a tenant has, by identity.
pub(crate) struct Made {
    upload: String,
    list: String,
    rule: String,
    webhook: String,
    alert: String,
    run: String,
    conjunction: String,
    cdm: String,
    note: String,
    key: String,
    pub(crate) member: String,
    export: String,
}

impl Made {
    async fn of(service: &Service, client: &Client, tenant: &TenantId) -> Self {
        let now = astroshield_domain::time::to_microsecond(Timestamp::now());
        let store = &service.store;
        let given = client.send("POST", "/api/v1/uploads?name=alpha.tle", TLE).await;
        let run = service.conclude_run(tenant, 1).await;
        let query = ConjunctionQuery { limit: 1, ..ConjunctionQuery::default() };
        let found = store.conjunctions(tenant, &query).await.unwrap().rows.remove(0);
        let received = upload(tenant, now);
        let message = cdm(&received, &found);
        store.add_upload(&received, &[], std::slice::from_ref(&message), &[], None).await.unwrap();
        service.put_blob(&message.blob, "a message of alpha");
        let opened = alert(tenant, "alpha-feed", now);
        let changes =
            AlertChanges { alerts: vec![(opened.clone(), AlertChange::Opened)], ..AlertChanges::default() };
        store.change_alerts(tenant, &changes, None, now).await.unwrap();
        let post =
            async |path: &str, body: Value| id_of(&client.post(&format!("/api/v1{path}"), &body).await);
        let list =
            post("/watch-lists", json!({ "name": "alpha list", "objects": [{ "catalog_number": 5 }] })).await;
        let hook = json!({ "name": "alpha hook", "url": "https://hooks.example.org/alpha" });
        let made = Self {
            upload: id_of(&given),
            rule: post("/rules", json!({ "name": "alpha rule", "severity": "info", "watch_list": list }))
                .await,
            list,
            webhook: post("/webhooks", hook).await,
            alert: opened.id.to_string(),
            run: run.to_string(),
            conjunction: found.id.to_string(),
            cdm: message.id.to_string(),
            note: post(
                &format!("/conjunctions/{}/notes", found.id),
                json!({ "kind": "note", "text": "alpha note" }),
            )
            .await,
            key: post("/api-keys", json!({ "name": "alpha key", "scope": "read" })).await,
            member: post("/members", json!({ "email": "ann@alpha.example", "role": "viewer" })).await,
            export: post("/organization/exports", json!({})).await,
        };
        made.await_export(client).await;
        made
    }

    async fn await_export(&self, client: &Client) {
        for _ in 0..3_000 {
            let export = client.get(&format!("/api/v1/organization/exports/{}", self.export)).await.json();
            if export["state"] != "running" {
                assert_eq!(export["state"], "completed", "{export}");
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the export does not end");
    }

    fn ids(&self) -> [&str; 12] {
        [
            &self.upload,
            &self.list,
            &self.rule,
            &self.webhook,
            &self.alert,
            &self.run,
            &self.conjunction,
            &self.cdm,
            &self.note,
            &self.key,
            &self.member,
            &self.export,
        ]
    }

    /// A path with these in the place of its parameters.
    fn place(&self, path: &str) -> String {
        let id = match path.trim_start_matches("/api/v1/").split('/').next().unwrap() {
            "uploads" => &self.upload,
            "watch-lists" => &self.list,
            "rules" => &self.rule,
            "webhooks" => &self.webhook,
            "alerts" => &self.alert,
            "runs" => &self.run,
            "conjunctions" => &self.conjunction,
            "api-keys" => &self.key,
            // One that is offered to somebody else is not there.
            "members" | "session" => &self.member,
            "organization" => &self.export,
            // Of the platform, for nobody else: whether there is one, nobody else is told.
            "backups" => "018f3c2e-8a54-7c1b-9d37-2b605e8fa911",
            "objects" => "5",
            _ if !path.contains('{') => "",
            _ => panic!("{path}: let this test make what it speaks of"),
        };
        let path = path.replace("{id}", id).replace("{number}", id).replace("{cdm}", &self.cdm);
        assert!(!path.contains('{'), "{path}: let this test make what it speaks of");
        match path.ends_with("/ephemeris") {
            true => format!("{path}?start=2000-06-28T00:00:00Z&stop=2000-06-28T01:00:00Z"),
            false => path,
        }
    }
}

/// A body that a write takes.
fn body_of(method: &str, path: &str) -> Value {
    match (method, path.trim_start_matches("/api/v1")) {
        ("PUT", "/watch-lists/{id}") | ("POST", "/watch-lists") => json!({ "name": "x", "objects": [] }),
        ("PUT", "/rules/{id}") | ("POST", "/rules") => json!({ "name": "x", "severity": "info" }),
        ("PUT", "/webhooks/{id}") | ("POST", "/webhooks") => {
            json!({ "name": "x", "url": "https://hooks.example.org/x" })
        }
        ("POST", "/conjunctions/{id}/notes") => json!({ "kind": "assigned", "assignee": "x" }),
        ("POST", "/alerts/{id}/mute") => json!({ "until": "2100-01-01T00:00:00Z" }),
        ("POST", "/api-keys") => json!({ "name": "x", "scope": "read" }),
        ("POST", "/backups") => json!({ "recipients": ["age1a"] }),
        ("POST", "/members") => json!({ "email": "x@example.org", "role": "viewer" }),
        ("PUT", "/members/{id}") => json!({ "role": "operator" }),
        ("PUT", "/organization") => json!({ "name": "x" }),
        ("POST", "/organization/removal") => json!({ "confirm": "" }),
        ("POST", "/organizations") => json!({ "tenant": "gamma", "name": "x" }),
        ("POST", "/organizations/removal") => json!({ "tenant": "gamma", "confirm": "gamma" }),
        ("POST", "/screenings") => json!({ "catalog_number": 5 }),
        ("PUT", "/session") => json!({ "tenant": "alpha" }),
        _ => json!({}),
    }
}

async fn send(client: &Client, method: &str, path: &str, body: &Value) -> Answer {
    match method {
        "GET" => client.get(path).await,
        "DELETE" => client.delete(path).await,
        _ if path.ends_with("/uploads") => {
            client.send("POST", "/api/v1/uploads?name=x.tle", TLE.replace("ALPHA ONLY", "X")).await
        }
        _ => client.with("content-type", "application/json").send(method, path, body.to_string()).await,
    }
}

/// A service with the organizations alpha and beta.
async fn with_two() -> (Service, Client, Client, Made) {
    let (service, _, alpha, beta, made) = with_two_and_people().await;
    (service, alpha, beta, made)
}

/// The same, and those who sign in at its identity provider.
pub(crate) async fn with_two_and_people() -> (Service, Arc<People>, Client, Client, Made) {
    let (service, people) = Service::with_people(ApiSettings::default()).await;
    for name in ["alpha", "beta"] {
        let tenant = TenantId::new(name).unwrap();
        let audit = astroshield_testkit::entities::audit_entry(&TenantId::local(), "organization.create");
        service.store.add_organization(&organization(&tenant), &audit).await.unwrap();
    }
    let (alpha, beta) =
        (client_of(&service, "alpha", Scope::Admin).await, client_of(&service, "beta", Scope::Admin).await);
    let made = Made::of(&service, &alpha, &TenantId::new("alpha").unwrap()).await;
    (service, people, alpha, beta, made)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_another_tenants_is_not_there_by_any_route() {
    let (_service, alpha, beta, made) = with_two().await;
    let mut asked = BTreeSet::new();
    let reading: Vec<(String, String)> =
        operations().into_iter().filter(|(method, _)| method == "GET").collect();
    let mut before = Vec::new();
    for (_, path) in &reading {
        if path.contains('{') && !path.contains("/backups") {
            let path = made.place(path);
            let own = alpha.get(&path).await;
            assert_ne!(own.status, 404, "{path} is there for whose it is: {}", own.text());
            before.push((path, own.status, own.body));
        }
    }
    for (method, path) in operations() {
        if !path.contains('{') {
            continue;
        }
        let (place, body) = (made.place(&path), body_of(&method, &path));
        let answer = send(&beta, &method, &place, &body).await;
        if path.contains("/backups") {
            // The same whether there is one or not.
            answer.expect_problem(403, None);
        } else {
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
        }
        for id in made.ids().into_iter().filter(|id| !place.contains(id)) {
            assert!(!answer.text().contains(id), "{method} {path} tells of {id}: {}", answer.text());
        }
        asked.insert(path);
    }
    assert!(asked.len() > 25, "{asked:?}");
    for (path, status, body) in before {
        let after = alpha.get(&path).await;
        // What is made when it is asked for, and a problem, differ from time to time.
        let same = after.body == body || path.contains("/ephemeris") || !status.is_success();
        assert_eq!((after.status, same), (status, true), "{path} was changed by another tenant");
    }
}

/// What an answer says, in words: a table of Parquet is packed.
fn readable(answer: &Answer) -> String {
    #[cfg(feature = "parquet")]
    if answer.header("content-type") == "application/vnd.apache.parquet" {
        use parquet::file::reader::{FileReader as _, SerializedFileReader};
        let reader = SerializedFileReader::new(axum::body::Bytes::from(answer.body.clone())).unwrap();
        return reader.get_row_iter(None).unwrap().map(|row| format!("{}\n", row.unwrap())).collect();
    }
    answer.text()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_list_and_no_table_shows_what_is_another_tenants() {
    let (_service, alpha, beta, made) = with_two().await;
    let mut shown = BTreeSet::new();
    for (method, path) in operations() {
        if method != "GET" || path.contains('{') || path.ends_with("/stream") {
            continue;
        }
        for query in [
            "",
            "?format=csv",
            "?format=omm_csv",
            "?format=parquet",
            "?search=alpha",
            "?object=5",
            "?trend=true",
            "?handling=true",
            "?since=2020-01-01T00:00:00Z&min_probability=0",
        ] {
            let path = format!("{path}{query}");
            // By turns, so that what was kept for one would be given to the other.
            let (own, others) = (alpha.get(&path).await, beta.get(&path).await);
            assert!(own.status.as_u16() < 500 && others.status.as_u16() < 500, "{path}");
            let (of_own, of_others) = (readable(&own), readable(&others));
            if own.status == 200 && made.ids().iter().any(|id| of_own.contains(id)) {
                shown.insert(path.clone());
            }
            for told in made.ids().into_iter().chain(["alpha", "ALPHA"]) {
                // A problem repeats what was asked for.
                let is_told = others.status == 200 && of_others.contains(told);
                assert!(!is_told, "{path} tells of {told}: {of_others}");
            }
            let etag = own.header("etag");
            if !etag.is_empty() && own.body != others.body {
                let asked = beta.with("if-none-match", etag).get(&path).await;
                assert_eq!(asked.status, 200, "{path}: the tag of another tenant's answer is a match");
            }
        }
    }
    assert!(shown.len() > 8, "those whose it is see it: {shown:?}");
    let in_parquet = shown.iter().any(|path| path.ends_with("=parquet") && path.contains("/conjunctions"));
    assert_eq!(in_parquet, cfg!(feature = "parquet"), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_another_tenants_cannot_be_spoken_of_in_what_is_written() {
    let (_service, _alpha, beta, made) = with_two().await;
    let rule = json!({ "name": "x", "severity": "info", "watch_list": made.list });
    let refused = beta.post("/api/v1/rules", &rule).await;
    assert!([404, 409, 422].contains(&refused.status.as_u16()), "{}", refused.text());
    let channel = json!([{ "kind": "webhook", "webhook": made.webhook }]);
    let rule = json!({ "name": "x", "severity": "info", "channels": channel });
    let refused = beta.post("/api/v1/rules", &rule).await;
    assert!([404, 409, 422].contains(&refused.status.as_u16()), "{}", refused.text());
    let refused = beta.post("/api/v1/screenings", &json!({ "catalog_number": 5 })).await;
    assert!([404, 409, 422].contains(&refused.status.as_u16()), "{}", refused.text());
    for path in [
        format!("/api/v1/conjunctions?watch_list={}", made.list),
        "/api/v1/conjunctions?object=5".to_owned(),
        "/api/v1/alerts?object=5".to_owned(),
    ] {
        let answer = beta.get(&path).await;
        assert!(answer.status == 404 || answer.json()["items"] == json!([]), "{path}: {}", answer.text());
    }
    let list = format!("watch_list={}", made.list);
    let count = beta.get(&format!("/api/v1/conjunctions/count?{list}")).await;
    assert_eq!(count.json(), json!({ "count": 0 }));
    let since = "2020-01-01T00:00:00Z";
    let changes = beta.get(&format!("/api/v1/conjunctions/changes?since={since}&{list}")).await;
    assert_eq!(changes.json(), json!({ "since": since, "new": [], "raised": [], "cleared": [] }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotency_key_of_another_tenant_gives_nothing_of_its_answer() {
    let (_service, alpha, beta, _) = with_two().await;
    let body = json!({ "name": "the same", "objects": [] });
    let (alpha, beta) = (alpha.with("idempotency-key", "k-1"), beta.with("idempotency-key", "k-1"));
    let first = alpha.post("/api/v1/watch-lists", &body).await;
    let others = beta.post("/api/v1/watch-lists", &body).await;
    assert_eq!((first.status.as_u16(), others.status.as_u16()), (201, 201));
    assert_eq!(others.header("idempotency-replayed"), "");
    assert_ne!(first.json()["id"], others.json()["id"]);
    let again = alpha.post("/api/v1/watch-lists", &body).await;
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &first.body));
    // What either uses the key for is no matter for the other.
    let other = json!({ "name": "another", "objects": [] });
    for tenant in [alpha, beta] {
        tenant.post("/api/v1/watch-lists", &other).await.expect_problem(422, Some("Idempotency-Key"));
    }
}

/// Writes that change nothing that lasts, with why.
const NO_CHANGE: [(&str, &str); 2] = [("POST", "/api/v1/screenings"), ("POST", "/api/v1/uploads/links")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_write_leaves_a_line_of_who_from_where_by_which_request() {
    let (mut service, people, _, _, made) = with_two_and_people().await;
    let peer: std::net::SocketAddr = "192.0.2.44:4711".parse().unwrap();
    service.routes = service.routes.layer(axum::Extension(axum::extract::ConnectInfo(peer)));
    let alpha = client_of(&service, "alpha", Scope::Admin).await;
    let platform = service.client(Scope::Admin).await;
    let backup = id_of(&platform.post("/api/v1/backups", &json!({ "recipients": ["age1a"] })).await);
    for _ in 0..3_000 {
        if platform.get(&format!("/api/v1/backups/{backup}")).await.json()["state"] != "running" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let second = id_of(
        &alpha
            .post("/api/v1/members", &json!({ "issuer": "https://i", "subject": "s", "role": "viewer" }))
            .await,
    );
    let both = ["astroshield:alpha:administrator", "astroshield:beta:viewer"];
    for subject in ["switcher", "leaver"] {
        people.know(subject, &both);
    }
    people.know("guest", &[]);
    let mut writes: Vec<(String, String)> =
        operations().into_iter().filter(|(method, _)| method != "GET").collect();
    // What is removed goes last, the organization after all else.
    writes.sort_by_key(|(method, path)| {
        (path.ends_with("/removal"), path.contains("{id}") && method == "DELETE", method == "DELETE")
    });
    for (number, (method, path)) in writes.iter().enumerate() {
        if NO_CHANGE.contains(&(method.as_str(), path.as_str())) {
            continue;
        }
        let id = format!("write-{number}");
        let (mut client, mut tenant, mut place) = (alpha.clone(), "alpha", made.place(path));
        let mut body = body_of(method, path);
        match (method.as_str(), path.trim_start_matches("/api/v1")) {
            ("POST", "/session") => {
                (client, tenant) = (service.stranger(), "local");
                body = json!({ "token": service.token(std::time::Duration::from_secs(60)) });
            }
            ("PUT", "/session") => {
                client = browser(&service, "switcher").await;
                (tenant, body) = ("beta", json!({ "tenant": "beta" }));
            }
            ("DELETE", "/session") => client = browser(&service, "leaver").await,
            (_, "/session/invitations/{id}") => {
                let guest = json!({ "email": "guest@example.org", "role": "viewer" });
                place = path.replace("{id}", &id_of(&alpha.post("/api/v1/members", &guest).await));
                client = browser(&service, "guest").await;
            }
            (_, "/backups" | "/backups/{id}") => {
                (client, tenant) = (platform.clone(), "local");
                place = path.replace("{id}", &backup);
            }
            (_, "/organizations" | "/organizations/removal") => {
                (client, tenant) = (platform.clone(), "local");
            }
            ("DELETE", "/members/{id}") => place = path.replace("{id}", &second),
            ("DELETE", "/watch-lists/{id}") => {
                // A rule may speak of the list.
                alpha.delete(&made.place("/api/v1/rules/{id}")).await;
            }
            ("DELETE", "/rules/{id}") => {
                let rule = alpha.post("/api/v1/rules", &json!({ "name": "y", "severity": "info" })).await;
                place = path.replace("{id}", &id_of(&rule));
            }
            ("POST", "/organization/removal") => (tenant, body) = ("local", json!({ "confirm": "alpha" })),
            _ => {}
        }
        let answer = send(&client.with("x-request-id", &id), method, &place, &body).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.text());
        let query = AuditQuery { limit: 100, ..AuditQuery::default() };
        let log = service.store.audit(&TenantId::new(tenant).unwrap(), &query).await.unwrap().rows;
        let line = log.iter().find(|line| line.request_id.as_deref() == Some(&id));
        let line = line.unwrap_or_else(|| panic!("{method} {path} left no line: {log:?}"));
        assert_eq!(line.address, Some(peer.ip()), "{method} {path}");
        assert!(!line.by.is_empty() && !line.target.is_empty() && line.action.contains('.'), "{line:?}");
    }
    assert!(writes.len() > 25, "{writes:?}");
}
