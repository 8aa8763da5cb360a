use astroshield_domain::access::Scope;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::RunUpdate;
use astroshield_domain::screening::{Run, RunKind};
use astroshield_testkit::entities;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

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
    assert_eq!((&status["of_the_past"], &status["present"]), (&json!(false), &status["now"]));
}

#[tokio::test]
async fn a_run_of_ephemerides_and_one_that_is_under_way_are_not_taken_for_a_screening_of_the_catalog() {
    let service = Service::start().await;
    let client = service.client(Scope::Read).await;
    let status = async || client.get("/api/v1/status").await.json();
    let first = status().await;
    assert!(first["newest_run"].is_null() && first["newest_screening"].is_null(), "{first}");
    let screened = service.conclude_run(&TenantId::public(), 1).await;
    let own = entities::run(&TenantId::local(), Timestamp::now());
    let own = Run { kind: RunKind::Ephemerides, ..own };
    service.store.begin_run(&own, &[]).await.unwrap();
    let under_way = entities::run(&TenantId::public(), Timestamp::now());
    service.store.begin_run(&under_way, &[]).await.unwrap();
    let status = status().await;
    assert_ne!(status["newest_run"]["id"], screened.to_string());
    assert_eq!(status["newest_screening"]["id"], screened.to_string());
}

#[tokio::test]
async fn of_a_catalog_of_the_past_the_status_says_what_counts_as_now() {
    let service = Service::start().await;
    let public = TenantId::public();
    let ago = |seconds| Timestamp::now() - SignedDuration::from_secs(seconds);
    let past = entities::run(&public, ago(10));
    let past = Run { window_start: "2024-11-03T13:17:20Z".parse().unwrap(), ..past };
    service.store.begin_run(&past, &[]).await.unwrap();
    let client = service.client(Scope::Read).await;
    let expect = async |of_the_past: bool| {
        let status = client.get("/api/v1/status").await.json();
        let present = if of_the_past { json!("2024-11-03T13:17:20Z") } else { status["now"].clone() };
        assert_eq!((&status["of_the_past"], &status["present"]), (&json!(of_the_past), &present), "{status}");
    };
    // One that is under way and one that is concluded; what failed after it says nothing.
    expect(true).await;
    service.store.conclude_run(&public, &entities::conclusion(&past), &[]).await.unwrap();
    expect(true).await;
    let failed = entities::run(&public, ago(5));
    service.store.begin_run(&failed, &[]).await.unwrap();
    let failure = RunUpdate::Failed { problem: "no catalog".to_owned(), at: Timestamp::now() };
    service.store.update_run(&public, failed.id, &failure).await.unwrap();
    expect(true).await;
    service.conclude_run(&public, 1).await;
    expect(false).await;
}

#[tokio::test]
async fn another_tenants_run_is_not_there() {
    let service = Service::start().await;
    let run = service.conclude_run(&TenantId::new("other").unwrap(), 0).await;
    let client = service.client(Scope::Read).await;
    client.get(&format!("/api/v1/runs/{run}")).await.expect_problem(404, None);
    client.get(&format!("/api/v1/runs/{run}/not-screened")).await.expect_problem(404, None);
}
