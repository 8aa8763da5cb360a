use astroshield_domain::access::Scope;
use astroshield_domain::metrics;
use serde_json::json;

use crate::service::Service;

#[tokio::test]
async fn whoever_may_read_sees_how_the_process_is_and_what_it_has_measured() {
    let service = Service::start().await;
    service.stranger().get("/api/v1/operations").await.expect_problem(401, None);
    let answer = service.client(Scope::Read).await.get("/api/v1/operations").await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
    let row = answer.json();
    assert_eq!(row["status"], "degraded");
    let dependencies = json!([
        { "name": "bus", "needed": false, "problem": "does not answer" },
        { "name": "store", "needed": true, "problem": null },
    ]);
    assert_eq!(row["dependencies"], dependencies);
    let listed = row["metrics"].as_array().unwrap();
    let names: Vec<&str> = listed.iter().map(|metric| metric["name"].as_str().unwrap()).collect();
    assert_eq!(names, metrics::ALL.iter().map(|metric| metric.name).collect::<Vec<_>>());
    let of = |name: &str| listed.iter().find(|metric| metric["name"] == name).unwrap();

    let sign_ins = of("astroshield_sign_ins_total");
    assert_eq!((&sign_ins["kind"], &sign_ins["unit"]), (&json!("counter"), &json!("count")));
    assert!(sign_ins["description"].as_str().unwrap().starts_with("attempts to sign in"));
    let value = json!([{
        "labels": { "outcome": "signed_in" }, "value": 2.0, "count": null, "mean": null, "p50": null, "p99": null,
    }]);
    assert_eq!(sign_ins["series"], value);

    let seconds = of("astroshield_http_request_seconds");
    assert_eq!((&seconds["kind"], &seconds["unit"]), (&json!("histogram"), &json!("seconds")));
    let series = &seconds["series"][0];
    assert_eq!((&series["value"], &series["count"]), (&json!(null), &json!(3)));
    // The mean of three; the rank 1.5 of two between 0.1 s and 0.3 s; the rank 2.97 of the third between 0.3 s and 1 s.
    for (name, expected) in [("mean", 0.2), ("p50", 0.25), ("p99", 0.979)] {
        let found = series[name].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-9, "{name}: {found}");
    }
    assert_eq!(of("astroshield_alert_delay_seconds")["series"], json!([]));
}
