//! Who belongs to which organization, and what its log tells of them.

use astroshield_api::ApiSettings;
use astroshield_domain::access::Scope;
use serde_json::{Value, json};

use crate::people::{ISSUER, accept, browser, program};
use crate::service::Service;
use crate::tenants::{id_of, with_two_and_people};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_works_in_one_organization_at_a_time_and_a_role_counts_at_once() {
    let (service, people, alpha, beta, _) = with_two_and_people().await;
    people.know("ann", &[]);
    let ann = json!({ "issuer": ISSUER, "subject": "ann", "role": "operator" });
    let of_alpha = id_of(&alpha.post("/api/v1/members", &ann).await);
    let browser = browser(&service, "ann").await;
    accept(&browser).await;
    beta.post("/api/v1/members", &json!({ "email": "Ann@example.org", "role": "viewer" })).await;
    assert_eq!(accept(&browser).await["organization"], "Organization beta");
    let who = browser.get("/api/v1/session").await.json();
    assert_eq!(
        (&who["tenant"], &who["scope"], &who["name"]),
        (&json!("alpha"), &json!("write"), &json!("ann@example.org"))
    );
    let organizations = browser.get("/api/v1/session/organizations").await.json();
    let expected = json!([
        { "tenant": "alpha", "scope": "write", "active": true },
        { "tenant": "beta", "scope": "read", "active": false }
    ]);
    assert_eq!(organizations["items"], expected);
    let list = json!({ "name": "x", "objects": [] });
    assert_eq!(browser.post("/api/v1/watch-lists", &list).await.status, 201);

    browser.put("/api/v1/session", &json!({ "tenant": "gamma" })).await.expect_problem(404, None);
    let switched = browser.put("/api/v1/session", &json!({ "tenant": "beta" })).await.json();
    assert_eq!((&switched["tenant"], &switched["scope"]), (&json!("beta"), &json!("read")));
    assert_eq!(browser.get("/api/v1/watch-lists").await.json()["items"], json!([]));
    browser.post("/api/v1/watch-lists", &list).await.expect_problem(403, None);
    browser.put("/api/v1/session", &json!({ "tenant": "alpha" })).await;

    let member = format!("/api/v1/members/{of_alpha}");
    assert_eq!(alpha.put(&member, &json!({ "role": "viewer" })).await.json()["role"], "viewer");
    browser.post("/api/v1/watch-lists", &list).await.expect_problem(403, None);
    assert_eq!(alpha.delete(&member).await.status, 204);
    browser.get("/api/v1/watch-lists").await.expect_problem(403, None);
    // A key has one organization, and does not switch.
    alpha.put("/api/v1/session", &json!({ "tenant": "beta" })).await.expect_problem(409, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_belongs_to_an_organization_without_having_accepted() {
    let (service, people, alpha, beta, _) = with_two_and_people().await;
    people.know("zoe", &["astroshield:beta:operator"]);
    people.know("robot", &["astroshield:beta:operator"]);
    people.know("bob", &[]);
    let (zoe, robot, bob) =
        (browser(&service, "zoe").await, program(&service, "robot"), browser(&service, "bob").await);
    assert_eq!(robot.get("/api/v1/session").await.json()["tenant"], "beta");
    // Whatever alpha's administrator does, they work where they did.
    for subject in ["zoe", "robot"] {
        let new = json!({ "issuer": ISSUER, "subject": subject, "role": "administrator" });
        let added = alpha.post("/api/v1/members", &new).await;
        assert_eq!((added.status.as_u16(), &added.json()["invited"]), (201, &json!(true)));
    }
    let by_address = json!({ "email": "zoe@example.org", "role": "viewer" });
    assert_eq!(alpha.post("/api/v1/members", &by_address).await.status, 201);
    let again = browser(&service, "zoe").await;
    for one in [&zoe, &again, &robot] {
        let who = one.get("/api/v1/session").await;
        assert_eq!((who.status.as_u16(), &who.json()["tenant"]), (200, &json!("beta")), "{}", who.text());
    }
    zoe.put("/api/v1/session", &json!({ "tenant": "alpha" })).await.expect_problem(404, None);
    robot.with("astroshield-tenant", "alpha").get("/api/v1/runs").await.expect_problem(403, None);

    // They are asked, and nobody else is.
    let asked = zoe.get("/api/v1/session/invitations").await.json();
    assert_eq!(asked["items"].as_array().unwrap().len(), 2, "{asked}");
    assert_eq!(asked["items"][0]["organization"], "Organization alpha");
    let path = format!("/api/v1/session/invitations/{}", asked["items"][0]["id"].as_str().unwrap());
    for other in [&bob, &robot, &beta, &alpha] {
        other.post(&path, &json!({})).await.expect_problem(404, None);
        other.delete(&path).await.expect_problem(404, None);
    }
    service.stranger().post(&path, &json!({})).await.expect_problem(401, None);
    assert_eq!(beta.get("/api/v1/session/invitations").await.json()["items"], json!([]));
    let elsewhere = zoe.with("sec-fetch-site", "cross-site");
    elsewhere.post(&path, &json!({})).await.expect_problem(403, Some("Origin"));
    // Who belongs to no organization yet can answer, too.
    alpha.post("/api/v1/members", &json!({ "email": "bob@example.org", "role": "viewer" })).await;
    bob.get("/api/v1/session").await.expect_problem(403, None);
    assert_eq!(accept(&bob).await["tenant"], "alpha");
    assert_eq!(bob.get("/api/v1/session").await.json()["tenant"], "alpha");

    // Having accepted, they work where they did until they choose, and what they chose last is where they begin.
    assert_eq!(zoe.post(&path, &json!({})).await.status, 200);
    assert_eq!(
        zoe.get("/api/v1/session/invitations").await.json()["items"],
        json!([]),
        "one answer for both"
    );
    assert_eq!(zoe.get("/api/v1/session").await.json()["tenant"], "beta");
    zoe.put("/api/v1/session", &json!({ "tenant": "beta" })).await;
    let next = browser(&service, "zoe").await;
    assert_eq!(next.get("/api/v1/session").await.json()["tenant"], "beta", "and not what sorts first");
    next.put("/api/v1/session", &json!({ "tenant": "alpha" })).await;
    let next = browser(&service, "zoe").await;
    assert_eq!(next.get("/api/v1/session").await.json()["tenant"], "alpha");
    let actions = alpha.get("/api/v1/audit?action=member.").await.json();
    let principal = format!("person {ISSUER} zoe");
    let line =
        actions["items"].as_array().unwrap().iter().find(|line| line["principal"] == principal.as_str());
    assert_eq!(line.unwrap()["action"], "member.accept", "{actions}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_assign_learn_the_names_of_their_own_organization_and_nothing_else() {
    let (service, people, alpha, beta, _) = with_two_and_people().await;
    for (tenant, subject, name, role) in [
        (&alpha, "zoe", Some("Zoe"), "operator"),
        (&alpha, "ann", Some("Ann"), "viewer"),
        (&alpha, "nameless", None, "operator"),
        (&beta, "bob", Some("Bob"), "operator"),
    ] {
        people.know(subject, &[]);
        let mut new = json!({ "issuer": ISSUER, "subject": subject, "role": role });
        if let Some(name) = name {
            new["name"] = json!(name);
        }
        assert_eq!(tenant.post("/api/v1/members", &new).await.status, 201);
        accept(&browser(&service, subject).await).await;
    }
    let waiting = json!({ "email": "eve@example.org", "name": "Eve", "role": "operator" });
    assert_eq!(alpha.post("/api/v1/members", &waiting).await.status, 201);

    let names = async |subject: &str| {
        let answer = browser(&service, subject).await.get("/api/v1/members/names").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["items"].clone()
    };
    // Whole rows: there is nothing beside the name in them.
    assert_eq!(names("zoe").await, json!([{ "name": "Ann" }, { "name": "Zoe" }]));
    assert_eq!(names("bob").await, json!([{ "name": "Bob" }]));
    let writer = service.client(Scope::Write).await;
    assert_eq!(writer.get("/api/v1/members/names").await.json()["items"], json!([]), "of local");
    for reader in [browser(&service, "ann").await, service.client(Scope::Read).await] {
        reader.get("/api/v1/members/names").await.expect_problem(403, None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_that_is_declined_is_gone() {
    let (service, people, alpha, _, made) = with_two_and_people().await;
    people.know("ann", &[]);
    let ann = json!({ "issuer": ISSUER, "subject": "ann", "role": "viewer" });
    let path = format!("/api/v1/session/invitations/{}", id_of(&alpha.post("/api/v1/members", &ann).await));
    let browser = browser(&service, "ann").await;
    assert_eq!(browser.delete(&path).await.status, 204);
    browser.post(&path, &json!({})).await.expect_problem(404, None);
    let members = alpha.get("/api/v1/members").await.json();
    assert_eq!(members["items"].as_array().unwrap().len(), 1, "{members}");
    assert_eq!(members["items"][0]["id"], made.member.as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_without_an_organization_is_told_so() {
    let (service, people, ..) = with_two_and_people().await;
    people.know("nobody", &["astroshield:gamma:administrator"]);
    let nobody = browser(&service, "nobody").await;
    let problem = nobody.get("/api/v1/watch-lists").await.expect_problem(403, None);
    assert!(problem["detail"].as_str().unwrap().contains("member of no organization"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_names_another_tenant_than_its_own_is_refused() {
    let (service, people, alpha, ..) = with_two_and_people().await;
    people.know("ann", &["astroshield:alpha:viewer", "astroshield:beta:viewer"]);
    let browser = browser(&service, "ann").await;
    for client in [&alpha, &browser] {
        assert_eq!(client.with("astroshield-tenant", "alpha").get("/api/v1/runs").await.status, 200);
        let other = client.with("astroshield-tenant", "beta").get("/api/v1/runs").await;
        other.expect_problem(403, Some("Astroshield-Tenant"));
        let none = client.with("astroshield-tenant", "Not One").get("/api/v1/runs").await;
        none.expect_problem(400, Some("Astroshield-Tenant"));
    }
    let program = program(&service, "ann");
    program.get("/api/v1/runs").await.expect_problem(403, Some("Astroshield-Tenant"));
    assert_eq!(program.with("astroshield-tenant", "beta").get("/api/v1/runs").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organization_that_is_removed_lets_nobody_in_from_that_moment() {
    let (service, people, alpha, beta, _) = with_two_and_people().await;
    people.know("ann", &["astroshield:beta:viewer"]);
    let session = browser(&service, "ann").await;
    let ann = json!({ "issuer": ISSUER, "subject": "ann", "role": "administrator" });
    assert_eq!(alpha.post("/api/v1/members", &ann).await.status, 201);
    accept(&session).await;
    session.put("/api/v1/session", &json!({ "tenant": "alpha" })).await;
    assert_eq!(session.get("/api/v1/members").await.status, 200);
    let removal = "/api/v1/organization/removal";
    alpha.post(removal, &json!({ "confirm": "Alpha" })).await.expect_problem(422, Some("confirm"));
    assert_eq!(alpha.get("/api/v1/members").await.status, 200);
    assert_eq!(alpha.post(removal, &json!({ "confirm": "alpha" })).await.status, 202);
    alpha.get("/api/v1/members").await.expect_problem(401, None);
    session.get("/api/v1/members").await.expect_problem(403, None);
    assert_eq!(beta.get("/api/v1/members").await.status, 200);
    // Not the platform's own.
    let platform = service.client(Scope::Admin).await;
    platform.post(removal, &json!({ "confirm": "local" })).await.expect_problem(409, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_called_like_somebody_else_is_told_from_them_in_the_log() {
    let (service, people, alpha, ..) = with_two_and_people().await;
    people.know("ann", &["astroshield:alpha:administrator"]);
    let ann = browser(&service, "ann").await;
    let body = json!({ "name": "ann@example.org", "scope": "write" });
    let key = alpha.post("/api/v1/api-keys", &body).await.json();
    let posing =
        service.stranger().with("authorization", &format!("Bearer {}", key["key"].as_str().unwrap()));
    for client in [&ann, &posing] {
        let list = json!({ "name": "x", "objects": [] });
        assert_eq!(client.post("/api/v1/watch-lists", &list).await.status, 201);
    }
    let lines = async |by: &str| {
        let path = format!("/api/v1/audit?action=watch_list.&by={}", by.replace(' ', "%20"));
        let found = alpha.get(&path).await.json();
        let principal = |line: &Value| line["principal"].as_str().unwrap().to_owned();
        found["items"].as_array().unwrap().iter().map(principal).collect::<Vec<_>>()
    };
    let of_ann = format!("person {ISSUER} ann");
    let of_key = format!("key {}", key["id"].as_str().unwrap());
    assert_eq!(lines("ann@example.org").await, [of_key.clone(), of_ann.clone()]);
    assert_eq!(lines(&of_ann).await, [of_ann]);
    assert_eq!(lines(&of_key).await, [of_key]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_log_is_searched_and_given_as_a_table() {
    let (_service, _, alpha, ..) = with_two_and_people().await;
    alpha.put("/api/v1/organization", &json!({ "name": "Alpha, Inc." })).await;
    let found = alpha.get("/api/v1/audit?action=organization.&limit=1").await.json();
    assert_eq!(found["items"][0]["action"], "organization.rename");
    assert!(found["next_cursor"].is_string(), "the export stands there, too");
    let table = alpha.get("/api/v1/audit?format=csv&limit=2").await;
    assert!(table.header("content-type").starts_with("text/csv"));
    let lines: Vec<String> = table.text().lines().map(str::to_owned).collect();
    assert_eq!((lines.len(), lines[0].as_str()), (3, "at,by,action,target,address,request_id,principal"));
    let next = table.header("link").split(['<', '>']).nth(1).unwrap().to_owned();
    let rest = alpha.get(&format!("/api/v1/audit{next}")).await;
    assert_eq!(rest.text().lines().next(), Some(lines[0].as_str()));
    assert_ne!(rest.text().lines().nth(1), Some(lines[1].as_str()));
    alpha.get("/api/v1/audit?from=yesterday").await.expect_problem(400, Some("from"));
    alpha.get("/api/v1/audit?target=").await.expect_problem(400, Some("target"));
}

#[tokio::test]
async fn an_organization_has_a_name_and_keeps_its_last_administrator() {
    let (service, people) = Service::with_people(ApiSettings::default()).await;
    let platform = service.client(Scope::Admin).await;
    assert_eq!(platform.get("/api/v1/organization").await.json()["name"], "Local");
    for bad in ["", "  ", &"x".repeat(101)] {
        platform.put("/api/v1/organization", &json!({ "name": bad })).await.expect_problem(422, Some("name"));
    }
    let named = platform.put("/api/v1/organization", &json!({ "name": "Operations" })).await;
    assert_eq!(named.json()["name"], "Operations");
    let admin = json!({ "issuer": ISSUER, "subject": "ann", "role": "administrator" });
    let id = id_of(&platform.post("/api/v1/members", &admin).await);
    platform.post("/api/v1/members", &admin).await.expect_problem(409, None);
    people.know("ann", &[]);
    accept(&browser(&service, "ann").await).await;
    platform.delete(&format!("/api/v1/members/{id}")).await.expect_problem(409, None);
    let path = format!("/api/v1/members/{id}");
    platform.put(&path, &json!({ "role": "viewer" })).await.expect_problem(409, None);
    for (bad, field) in [
        (json!({ "role": "viewer" }), "email"),
        (json!({ "role": "viewer", "email": "ann" }), "email"),
        (json!({ "role": "viewer", "issuer": "https://i" }), "subject"),
        (json!({ "role": "admin", "email": "a@b.example" }), "role"),
    ] {
        platform.post("/api/v1/members", &bad).await.expect_problem(422, Some(field));
    }
    // A writer is no administrator.
    let writer = service.client(Scope::Write).await;
    writer.get("/api/v1/members").await.expect_problem(403, None);
    assert_eq!(writer.get("/api/v1/organization").await.status, 200);
}

#[tokio::test]
async fn administrators_of_the_installation_make_organizations_and_remove_them() {
    let (service, people) = Service::with_people(ApiSettings::default()).await;
    let platform = service.client(Scope::Admin).await;
    let body =
        json!({ "tenant": "lunar-ops", "name": "Lunar Operations", "administrator": "Ann@Example.org" });
    let made = platform.post("/api/v1/organizations", &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let (tenant, name) = (&made.json()["tenant"], &made.json()["name"]);
    assert_eq!((tenant, name), (&json!("lunar-ops"), &json!("Lunar Operations")));
    let all = async || platform.get("/api/v1/organizations").await.json()["items"].clone();
    let known = all().await;
    assert_eq!(
        known.as_array().unwrap().iter().map(|one| &one["tenant"]).collect::<Vec<_>>(),
        ["local", "lunar-ops"]
    );

    // Its identity is taken, and what is wrong is said before anything is made.
    platform.post("/api/v1/organizations", &body).await.expect_problem(409, None);
    let wrong = [
        (json!({ "tenant": "Lunar", "name": "x" }), "tenant"),
        (json!({ "tenant": "x", "name": " " }), "name"),
        (json!({ "tenant": "x", "name": "x", "administrator": "ann" }), "administrator"),
    ];
    for (body, field) in wrong {
        platform.post("/api/v1/organizations", &body).await.expect_problem(422, Some(field));
    }
    for tenant in ["local", "public"] {
        let body = json!({ "tenant": tenant, "name": "x" });
        platform.post("/api/v1/organizations", &body).await.expect_problem(409, None);
    }
    assert_eq!(all().await, known);

    // The first administrator accepts, and administers it, and it alone.
    people.know("ann", &[]);
    let ann = browser(&service, "ann").await;
    assert_eq!(accept(&ann).await["role"], "administrator");
    assert_eq!(ann.get("/api/v1/organization").await.json()["tenant"], "lunar-ops");
    ann.get("/api/v1/organizations").await.expect_problem(403, None);
    ann.post("/api/v1/organizations", &json!({ "tenant": "y", "name": "y" })).await.expect_problem(403, None);
    let removal = json!({ "tenant": "lunar-ops", "confirm": "lunar-ops" });
    ann.post("/api/v1/organizations/removal", &removal).await.expect_problem(403, None);

    let unsure = json!({ "tenant": "lunar-ops", "confirm": "lunar" });
    platform.post("/api/v1/organizations/removal", &unsure).await.expect_problem(422, Some("confirm"));
    let own = json!({ "tenant": "local", "confirm": "local" });
    platform.post("/api/v1/organizations/removal", &own).await.expect_problem(409, None);
    assert_eq!(platform.post("/api/v1/organizations/removal", &removal).await.status, 202);
    assert!(ann.get("/api/v1/organization").await.status.is_client_error());
    assert!(all().await[1]["closed"].is_string());
}
