use astroshield_domain::access::Scope;
use astroshield_domain::catalog::Grade;
use astroshield_domain::ids::TenantId;
use serde_json::{Value, json};

use crate::service::Service;

const HEADER: &str = "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,\
ARG_OF_PERICENTER,MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,\
MEAN_MOTION_DOT,MEAN_MOTION_DDOT\n";

/// An object that does not exist, on a circular orbit through the node that all of them share.
fn element_set(number: u32, inclination_deg: u32) -> String {
    format!(
        "TEST {number},2056-001A,2026-01-01T00:00:00,15,0,{inclination_deg},0,0,0,0,U,{number},999,1,0,0,0\n"
    )
}

async fn service() -> Service {
    let service = Service::start().await;
    let catalog = format!("{HEADER}{}{}", element_set(81_001, 50), element_set(81_002, 130));
    let public = TenantId::public();
    service.ingestor.element_sets(&public, "test", Grade::Gp, "test", catalog.into()).await.unwrap();
    service
}

fn numbers(conjunction: &Value) -> [u64; 2] {
    [0, 1].map(|side| conjunction["objects"][side]["catalog_number"].as_u64().unwrap())
}

#[tokio::test]
async fn an_object_of_the_catalog_is_screened_against_all_others() {
    let service = service().await;
    let client = service.client(Scope::Write).await;
    let asked = json!({ "catalog_number": 81_001, "start": "2026-01-01T00:00:00Z", "window_days": 0.5 });
    let answer = client.post("/api/v1/screenings", &asked).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = answer.json();
    assert_eq!(found["start"], "2026-01-01T00:00:00Z");
    assert_eq!(found["stop"], "2026-01-01T12:00:00Z");
    let conjunctions = found["conjunctions"].as_array().unwrap();
    // Twice in each of seven and a half revolutions.
    assert!(conjunctions.len() >= 14, "{}", conjunctions.len());
    for one in conjunctions {
        assert_eq!(numbers(one), [81_001, 81_002], "the one that was asked for is the first");
        assert!(one["miss_distance_km"].as_f64().unwrap() <= 10.0);
    }
    assert!(conjunctions.is_sorted_by_key(|one| one["tca"].as_str().unwrap().to_owned()));
    assert_eq!(client.get("/api/v1/conjunctions").await.json()["items"], json!([]), "nothing is kept");
}

#[tokio::test]
async fn whoever_takes_lines_is_told_how_far_it_is_and_then_what_was_found() {
    let service = service().await;
    let client = service.client(Scope::Write).await;
    let asked = json!({ "catalog_number": 81_001, "start": "2026-01-01T00:00:00Z", "window_days": 3 });
    let whole = client.post("/api/v1/screenings", &asked).await.json();
    let lines = client.with("accept", "application/x-ndjson");
    let answer = lines.with("accept-encoding", "gzip").post("/api/v1/screenings", &asked).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/x-ndjson"));
    assert_eq!(answer.header("content-encoding"), "", "packing would hold the lines up");
    let text = answer.text();
    let lines_of =
        |text: &str| -> Vec<Value> { text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    let told = lines_of(&text);
    let (result, progress) = told.split_last().unwrap();
    assert_eq!(result, &json!({ "result": whole }));
    let done: Vec<u64> = progress.iter().map(|line| line["progress"]["done"].as_u64().unwrap()).collect();
    let of = progress[0]["progress"]["of"].as_u64().unwrap();
    assert!(of > 1 && progress.iter().all(|line| line["progress"]["of"] == of), "{text}");
    assert!(done.is_sorted_by(|a, b| a < b) && done.last() == Some(&of), "{done:?}");

    // What is wrong before it begins is answered as ever, and what is kept for a key is kept as a whole.
    let nobody = json!({ "catalog_number": 5 });
    lines.post("/api/v1/screenings", &nobody).await.expect_problem(404, None);
    lines.post("/api/v1/screenings", &json!({})).await.expect_problem(422, Some("message"));
    for _ in 0..2 {
        let kept = lines.with("idempotency-key", "k").post("/api/v1/screenings", &asked).await;
        assert_eq!(kept.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn a_message_is_screened_and_not_against_the_object_that_it_is_of() {
    let service = service().await;
    let client = service.client(Scope::Write).await;
    let asked = json!({
        "message": format!("{HEADER}{}", element_set(81_001, 50)),
        "start": "2026-01-01T00:00:00Z", "window_days": 0.25, "threshold_km": 20.0,
    });
    let answer = client.post("/api/v1/screenings", &asked).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = answer.json();
    let conjunctions = found["conjunctions"].as_array().unwrap();
    assert!(!conjunctions.is_empty());
    assert!(conjunctions.iter().all(|one| numbers(one) == [81_001, 81_002]), "{found}");
}

#[tokio::test]
async fn an_ephemeris_finds_what_the_element_set_finds_that_it_was_made_from() {
    let service = service().await;
    let client = service.client(Scope::Write).await;
    let window = "start=2025-12-31T23:00:00Z&stop=2026-01-01T07:00:00Z";
    let oem = client.get(&format!("/api/v1/objects/81001/ephemeris?{window}&format=oem_kvn")).await;
    assert_eq!(oem.status, 200, "{}", oem.text());
    let asked = json!({ "catalog_number": 81_001, "start": "2026-01-01T00:00:00Z", "window_days": 0.25 });
    let mut with_message = asked.clone();
    with_message["message"] = json!(oem.text());
    let mut found = Vec::new();
    for asked in [asked, with_message] {
        let answer = client.post("/api/v1/screenings", &asked).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        found.push(answer.json()["conjunctions"].as_array().unwrap().clone());
    }
    let [by_elements, by_ephemeris] = &found[..] else { panic!("two answers") };
    assert!(by_elements.len() >= 6, "{}", by_elements.len());
    assert_eq!(by_ephemeris.len(), by_elements.len());
    for (one, other) in by_ephemeris.iter().zip(by_elements) {
        assert_eq!((numbers(one), &one["objects"][0]["grade"]), ([81_001, 81_002], &json!("ephemeris")));
        let tca = |found: &Value| found["tca"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        // Interpolation between states a minute apart is off by meters, at relative speeds of kilometers a second.
        assert!(tca(one).duration_since(tca(other)).abs().as_secs_f64() < 0.01, "{one}\n{other}");
        let miss_km = |found: &Value| found["miss_distance_km"].as_f64().unwrap();
        assert!((miss_km(one) - miss_km(other)).abs() < 0.01, "{one}\n{other}");
    }
}

#[tokio::test]
async fn an_ephemeris_whose_covariances_cannot_be_used_is_refused_with_the_reason() {
    let service = service().await;
    let client = service.client(Scope::Write).await;
    let window = "start=2025-12-31T23:00:00Z&stop=2026-01-01T07:00:00Z";
    let oem = client.get(&format!("/api/v1/objects/81001/ephemeris?{window}&format=oem_kvn")).await;
    let rows = (1..=6).map(|entries| format!("{}\n", vec!["0.0"; entries].join(" ")));
    let zeros = format!(
        "COVARIANCE_START\nEPOCH = 2026-01-01T00:00:00\nCOV_REF_FRAME = RTN\n{}COVARIANCE_STOP\n",
        rows.collect::<String>()
    );
    let asked = json!({
        "catalog_number": 81_001, "start": "2026-01-01T00:00:00Z", "window_days": 0.25,
        "message": format!("{}{zeros}", oem.text()),
    });
    let answer = client.post("/api/v1/screenings", &asked).await;
    assert!(
        answer.text().contains("its covariances cannot be used: the covariance of 2026-01-01"),
        "{}",
        answer.text()
    );
    answer.expect_problem(422, Some("message"));
}

#[tokio::test]
async fn what_cannot_be_screened_is_refused_by_name() {
    let service = service().await;
    let client = service.client(Scope::Write).await;
    for (asked, status, field) in [
        (json!({ "catalog_number": 5 }), 404, None),
        (json!({ "message": "no message" }), 422, Some("message")),
        (json!({ "message": "<".repeat(100_000) }), 422, Some("message")),
        (json!({ "catalog_number": 81_001, "window_days": 0.0 }), 422, Some("window_days")),
        (json!({ "catalog_number": 81_001, "threshold_km": 1e-4 }), 422, Some("threshold_km")),
    ] {
        client.post("/api/v1/screenings", &asked).await.expect_problem(status, field);
    }
}
