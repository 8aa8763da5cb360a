use astroshield_domain::access::Scope;
use astroshield_domain::catalog::Grade;
use astroshield_domain::ids::TenantId;
use serde_json::json;

use crate::service::Service;

/// Made-up objects in CelesTrak's columns.
fn catalog(objects: u32, epoch: &str) -> Vec<u8> {
    let mut text = "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,ARG_OF_PERICENTER,\
MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,MEAN_MOTION_DOT,\
MEAN_MOTION_DDOT\n"
        .to_owned();
    for number in 1..=objects {
        text.push_str(&format!(
            "SATELLITE {number},2020-{number:03}A,{epoch},15.5,.0005,51.6,{number},20,30,0,U,{number},999,100,.0001,.00001,0\n"
        ));
    }
    text.into_bytes()
}

async fn with_objects(objects: u32) -> Service {
    let service = Service::start().await;
    let today = jiff::Timestamp::now().to_string();
    let bytes = catalog(objects, today.get(..19).unwrap());
    let ingestor = &service.ingestor;
    ingestor.element_sets(&TenantId::public(), "test", Grade::Gp, "test.csv", bytes).await.unwrap();
    service
}

#[tokio::test]
async fn objects_are_listed_by_number_searched_and_shown() {
    let service = with_objects(12).await;
    let client = service.client(Scope::Read).await;
    let first = client.get("/api/v1/objects?limit=10").await.json();
    let numbers = |list: &serde_json::Value| -> Vec<u64> {
        list["items"].as_array().unwrap().iter().map(|row| row["catalog_number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers(&first), (1..=10).collect::<Vec<_>>());
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = client.get(&format!("/api/v1/objects?limit=10&cursor={cursor}")).await.json();
    assert_eq!((numbers(&rest), &rest["next_cursor"]), (vec![11, 12], &json!(null)));

    let found = client.get("/api/v1/objects?search=satellite%2011").await.json();
    assert_eq!(numbers(&found), [11]);
    let one = client.get("/api/v1/objects/11").await.json();
    assert_eq!(one, found["items"][0]);
    assert_eq!((&one["name"], &one["grade"]), (&json!("SATELLITE 11"), &json!("gp")));
    assert!((one["inclination_deg"].as_f64().unwrap() - 51.6).abs() < 1e-9);

    client.get("/api/v1/objects/13").await.expect_problem(404, None);
    client.get("/api/v1/objects/13/element-sets").await.expect_problem(404, None);
    let long = "x".repeat(101);
    client.get(&format!("/api/v1/objects?search={long}")).await.expect_problem(400, Some("search"));
}

#[tokio::test]
async fn the_history_of_an_object_is_its_element_sets() {
    let service = with_objects(2).await;
    let older = catalog(1, "2026-01-02T03:04:05.678901");
    let ingestor = &service.ingestor;
    ingestor.element_sets(&TenantId::public(), "old", Grade::Gp, "old.csv", older).await.unwrap();
    let client = service.client(Scope::Read).await;
    let newest = client.get("/api/v1/objects/1/element-sets?limit=1").await.json();
    let cursor = newest["next_cursor"].as_str().unwrap();
    let next = client.get(&format!("/api/v1/objects/1/element-sets?limit=1&cursor={cursor}")).await.json();
    assert_eq!(next["items"][0]["epoch"], "2026-01-02T03:04:05.678901Z");
    assert_eq!((&next["items"][0]["source"], &next["next_cursor"]), (&json!("old"), &json!(null)));
    assert_eq!(newest["items"][0]["mean_motion_rev_day"], 15.5);
}
