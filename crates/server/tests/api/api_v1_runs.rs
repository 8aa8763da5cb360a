use astroshield_domain::access::Scope;
use astroshield_domain::ids::TenantId;

use crate::service::Service;

#[tokio::test]
async fn runs_are_listed_the_newest_first_and_shown() {
    let service = Service::start().await;
    let first = service.conclude_run(&TenantId::public(), 1).await;
    let second = service.conclude_run(&TenantId::public(), 2).await;
    let client = service.client(Scope::Read).await;
    let list = client.get("/api/v1/runs?limit=1").await.json();
    assert_eq!(list["items"][0]["id"], second.to_string());
    let cursor = list["next_cursor"].as_str().unwrap();
    let rest = client.get(&format!("/api/v1/runs?limit=1&cursor={cursor}")).await.json();
    assert_eq!(rest["items"][0]["id"], first.to_string());
    let one = client.get(&format!("/api/v1/runs/{second}")).await.json();
    assert_eq!((one["state"].as_str(), one["conjunctions"].as_u64()), (Some("completed"), Some(2)));
    let none = client.get(&format!("/api/v1/runs/{second}/not-screened")).await.json();
    assert_eq!(none["items"].as_array().unwrap().len(), 0);
    let status = client.get("/api/v1/status").await.json();
    assert_eq!(status["newest_run"]["id"], second.to_string());
}

#[tokio::test]
async fn another_tenants_run_is_not_there() {
    let service = Service::start().await;
    let run = service.conclude_run(&TenantId::new("other").unwrap(), 0).await;
    let client = service.client(Scope::Read).await;
    client.get(&format!("/api/v1/runs/{run}")).await.expect_problem(404, None);
    client.get(&format!("/api/v1/runs/{run}/not-screened")).await.expect_problem(404, None);
}
