use astroshield_api::ApiSettings;
use astroshield_domain::access::Scope;
use astroshield_domain::ids::TenantId;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::service::{Client, Service};

fn ids(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

async fn changes(client: &Client, query: &str) -> Value {
    let answer = client.get(&format!("/api/v1/conjunctions/changes?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn a_count_is_the_length_of_the_list() {
    let service = Service::start().await;
    service.conclude_run(&TenantId::public(), 10).await;
    service.conclude_run(&TenantId::local(), 3).await;
    service.conclude_run(&TenantId::new("other").unwrap(), 2).await;
    let client = service.client(Scope::Write).await;
    let list = json!({ "name": "mine", "objects": [{ "catalog_number": 3 }, { "catalog_number": 8 }] });
    let list = client.post("/api/v1/watch-lists", &list).await.json();
    let of_list = format!("watch_list={}", list["id"].as_str().unwrap());
    for query in [
        "",
        "object=5",
        "max_miss_distance_km=1",
        "min_probability=2.9e-6",
        "min_probability=1e-6&max_miss_distance_km=2",
        "status=cleared",
        "status=past",
        "status=superseded",
        "relation=true",
        "relation=false",
        "tca_to=2020-01-01T00:00:00Z",
        "tca_from=2020-01-01T00:00:00Z",
        &of_list,
    ] {
        let listed = client.get(&format!("/api/v1/conjunctions?{query}")).await.json();
        let count = client.get(&format!("/api/v1/conjunctions/count?{query}")).await.json();
        assert_eq!(count, json!({ "count": listed["items"].as_array().unwrap().len() }), "{query}");
    }
    assert_eq!(client.get("/api/v1/conjunctions/count").await.json()["count"], 13);
    for (query, field) in [
        ("tca_from=yesterday", "tca_from"),
        ("min_probability=2", "min_probability"),
        ("object=1000000000", "object"),
        ("tca_from=2026-01-02T00:00:00Z&tca_to=2026-01-01T00:00:00Z", "tca_to"),
    ] {
        client.get(&format!("/api/v1/conjunctions/count?{query}")).await.expect_problem(400, Some(field));
    }
    client.get("/api/v1/conjunctions/count?limit=5").await.expect_problem(400, Some("limit"));
}

#[tokio::test]
async fn a_list_has_trends_where_they_are_asked_for() {
    for response_cache in [true, false] {
        let settings = ApiSettings { response_cache, ..ApiSettings::default() };
        let service = Service::with(settings, 64).await;
        service.conclude_run(&TenantId::public(), 3).await;
        let client = service.client(Scope::Read).await;
        let plain = client.get("/api/v1/conjunctions").await.json();
        let with = client.get("/api/v1/conjunctions?trend=true").await.json();
        assert_eq!(client.get("/api/v1/conjunctions?trend=false").await.json(), plain);
        for (row, plain) in with["items"].as_array().unwrap().iter().zip(plain["items"].as_array().unwrap()) {
            let history = format!("/api/v1/conjunctions/{}/history", row["id"].as_str().unwrap());
            let history = client.get(&history).await.json();
            let points: Vec<Value> = history["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| {
                    json!({
                        "at": entry["at"],
                        "leading_probability": entry["maximum_probability"],
                        "miss_distance_km": entry["miss_distance_km"],
                    })
                })
                .collect();
            assert_eq!(row["trend"], json!(points));
            let mut without = row.clone();
            without.as_object_mut().unwrap().remove("trend");
            assert_eq!(&without, plain);
        }
    }
    let service = Service::start().await;
    let client = service.client(Scope::Read).await;
    for format in ["csv", "parquet"] {
        let path = format!("/api/v1/conjunctions?trend=true&format={format}");
        client.get(&path).await.expect_problem(400, Some("trend"));
    }
    let csv = client.with("accept", "text/csv").get("/api/v1/conjunctions?trend=true").await;
    csv.expect_problem(400, Some("trend"));
}

#[tokio::test]
async fn changes_are_told_since_a_time() {
    let service = Service::start().await;
    let before = Timestamp::now();
    service.conclude_run(&TenantId::public(), 4).await;
    service.relay().await;
    let client = service.client(Scope::Write).await;
    let told = changes(&client, &format!("since={before}")).await;
    assert_eq!(told["since"].as_str().unwrap().parse::<Timestamp>().unwrap(), before);
    let likely = client.get("/api/v1/conjunctions?sort=probability").await.json();
    assert_eq!(told["new"], likely["items"]);
    assert_eq!((&told["raised"], &told["cleared"]), (&json!([]), &json!([])));
    let two = changes(&client, &format!("since={before}&limit=2")).await;
    assert_eq!(ids(&two["new"]), ids(&likely["items"])[..2]);
    let some = changes(&client, &format!("since={before}&min_probability=9e-7")).await;
    assert_eq!(ids(&some["new"]), ids(&likely["items"])[..2]);

    // Other ones, an hour later each: those of before are not found again.
    let between = Timestamp::now();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    service.conclude_run(&TenantId::public(), 1).await;
    service.relay().await;
    let told = changes(&client, &format!("since={between}")).await;
    let cleared = client.get("/api/v1/conjunctions?status=cleared").await.json();
    assert_eq!((told["new"].as_array().unwrap().len(), &told["cleared"]), (1, &cleared["items"]));
    assert_eq!(cleared["items"].as_array().unwrap().len(), 4, "{cleared}");

    let list = json!({ "name": "mine", "objects": [{ "catalog_number": 8 }] });
    let list = client.post("/api/v1/watch-lists", &list).await.json();
    let query = format!("since={between}&watch_list={}", list["id"].as_str().unwrap());
    let told = changes(&client, &query).await;
    let [watched] = &told["cleared"].as_array().unwrap()[..] else { panic!("{told}") };
    assert_eq!((&told["new"], &watched["objects"][1]["catalog_number"]), (&json!([]), &json!(8)));

    for (query, field) in [
        ("", None),
        ("since=yesterday", Some("since")),
        ("since=2026-01-01T00:00:00Z&limit=201", Some("limit")),
        ("since=2026-01-01T00:00:00Z&min_probability=1.5", Some("min_probability")),
    ] {
        let path = format!("/api/v1/conjunctions/changes?{query}");
        client.get(&path).await.expect_problem(400, field);
    }
}
