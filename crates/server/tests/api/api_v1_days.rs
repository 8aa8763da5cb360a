use astroshield_domain::access::Scope;
use astroshield_domain::catalog::Grade;
use astroshield_domain::ids::TenantId;
use serde_json::{Value, json};

use crate::service::Service;

const SPACE_WEATHER: &[u8] = include_bytes!("../../../formats/tests/table_samples/space_weather.csv");

/// UT1 - UTC of a tenth of a second, and a pole far off: the second day is a prediction.
const EARTH_ORIENTATION: &str = "DATE,MJD,X,Y,UT1-UTC,LOD,DPSI,DEPS,DX,DY,DAT,DATA_TYPE\n\
    2026-01-01,61041,0.2,0.3,0.1,0.001,0,0,0,0,37,O\n\
    2026-01-02,61042,0.2,0.3,0.1,0.001,0,0,0,0,37,O\n\
    2026-01-03,61043,0.2,0.3,0.1,,,,,,37,P\n";

const ELEMENT_SET: &str = "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,\
ARG_OF_PERICENTER,MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,\
MEAN_MOTION_DOT,MEAN_MOTION_DDOT\n\
DEMO,2020-001A,2026-01-01T00:00:00,15.5,.0005,51.6,10,20,30,0,U,5,999,100,.0001,.00001,0\n";

#[tokio::test]
async fn space_weather_is_given_from_day_to_day_with_its_source_and_age() {
    let service = Service::start().await;
    service.ingestor.space_weather("sw", SPACE_WEATHER.to_vec()).await.unwrap();
    let client = service.client(Scope::Read).await;
    let answer = client.get("/api/v1/space-weather?from=2026-01-02&to=2026-02-01").await;
    let found = answer.json();
    let of_days = |name: &str| -> Vec<Value> {
        found["items"].as_array().unwrap().iter().map(|day| day[name].clone()).collect()
    };
    assert_eq!(of_days("day"), [json!("2026-01-02"), json!("2026-01-03"), json!("2026-02-01")]);
    assert_eq!(
        of_days("kind"),
        [json!("interpolated"), json!("daily_prediction"), json!("monthly_prediction")]
    );
    assert_eq!((&found["last_observed"], &found["last"]), (&json!("2026-01-01"), &json!("2026-02-01")));
    let first = &found["items"][0];
    assert_eq!(first["kp"], json!([2.0, 2.0, 1.7, 1.7, 2.0, 2.3, 2.7, 3.0]));
    assert_eq!((&first["f10_7_observed_sfu"], &first["ap_average_2nt"]), (&json!(151.0), &json!(9)));
    assert_eq!(first["source"], "sw");
    assert!(first["arrived"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert_eq!(found["items"][2]["kp"], json!([null, null, null, null, null, null, null, null]));

    let again = client.with("if-none-match", answer.header("etag"));
    let again = again.get("/api/v1/space-weather?from=2026-01-02&to=2026-02-01").await;
    assert_eq!(again.status, 304);
    client.get("/api/v1/space-weather?from=2026-02-01&to=2026-01-02").await.expect_problem(400, Some("to"));
    client.get("/api/v1/space-weather?from=2020-01-01&to=2026-01-02").await.expect_problem(400, Some("to"));
    client.get("/api/v1/space-weather?from=yesterday").await.expect_problem(400, Some("from"));
    client.get("/api/v1/space-weather?form=2026-01-01").await.expect_problem(400, Some("form"));
}

#[tokio::test]
async fn nothing_is_known_of_days_before_a_feed_has_brought_them() {
    let service = Service::start().await;
    let client = service.client(Scope::Read).await;
    for path in ["/api/v1/space-weather", "/api/v1/earth-orientation"] {
        let expected = json!({"items": [], "last_observed": null, "last": null});
        assert_eq!(client.get(path).await.json(), expected, "{path}");
    }
}

#[tokio::test]
async fn earth_orientation_is_given_from_day_to_day() {
    let service = Service::start().await;
    service.ingestor.earth_orientation("eop", EARTH_ORIENTATION.into()).await.unwrap();
    let client = service.client(Scope::Read).await;
    let found = client.get("/api/v1/earth-orientation?from=2026-01-02&to=2026-01-31").await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 2);
    let (second, third) = (&found["items"][0], &found["items"][1]);
    assert_eq!((&second["day"], &second["kind"]), (&json!("2026-01-02"), &json!("observed")));
    assert_eq!((&second["ut1_minus_utc_s"], &second["tai_minus_utc_s"]), (&json!(0.1), &json!(37.0)));
    assert_eq!((&third["kind"], &third["length_of_day_excess_s"]), (&json!("predicted"), &json!(null)));
    assert_eq!((&found["last_observed"], &found["last"]), (&json!("2026-01-02"), &json!("2026-01-03")));
}

fn position_km(answer: &Value) -> [f64; 3] {
    std::array::from_fn(|axis| answer["states"][0]["position_km"][axis].as_f64().unwrap())
}

fn distance_km(one: [f64; 3], other: [f64; 3]) -> f64 {
    (0..3).map(|axis| (one[axis] - other[axis]).powi(2)).sum::<f64>().sqrt()
}

#[tokio::test]
async fn an_earth_fixed_ephemeris_follows_the_orientation_of_its_days_and_says_which() {
    let service = Service::start().await;
    let public = TenantId::public();
    service.ingestor.element_sets(&public, "gp", Grade::Gp, "gp.csv", ELEMENT_SET.into()).await.unwrap();
    let client = service.client(Scope::Read).await;
    let ask = async |frame: &str, start: &str, stop: &str| {
        let path = format!("/api/v1/objects/5/ephemeris?frame={frame}&start={start}&stop={stop}&step_s=60");
        client.get(&path).await.json()
    };
    let (noon, evening) = ("2026-01-01T12:00:00Z", "2026-01-01T18:00:00Z");
    let without = ask("itrf", noon, evening).await;
    let none = json!({"kind": "none", "first_day": null, "last_day": null, "source": null, "arrived": null});
    assert_eq!(without["earth_orientation"], none);

    service.ingestor.earth_orientation("eop", EARTH_ORIENTATION.into()).await.unwrap();
    let with = ask("itrf", noon, evening).await;
    let used = &with["earth_orientation"];
    assert_eq!((&used["kind"], &used["source"]), (&json!("observed"), &json!("eop")));
    assert_eq!((&used["first_day"], &used["last_day"]), (&json!("2026-01-01"), &json!("2026-01-02")));
    // The Earth turns by 7.292e-5 rad in a second: what lies 0.1 s ahead in it is moved by that part of its distance from
    // the axis. The pole adds 0.36 arcseconds of the distance from the center at most, 12 m.
    let [x, y, _] = position_km(&with);
    let turned_km = 7.292e-6 * x.hypot(y);
    let moved_km = distance_km(position_km(&with), position_km(&without));
    assert!(turned_km > 0.02 && (moved_km - turned_km).abs() < 0.013, "{moved_km} {turned_km}");

    let predicted = ask("itrf", "2026-01-02T12:00:00Z", "2026-01-02T13:00:00Z").await;
    assert_eq!(predicted["earth_orientation"]["kind"], "predicted");
    let beyond = ask("itrf", evening, "2026-01-03T00:01:00Z").await;
    assert_eq!(beyond["earth_orientation"], none, "not in part");
    assert_eq!(ask("teme", noon, evening).await["earth_orientation"], json!(null));

    let kvn = format!("/api/v1/objects/5/ephemeris?frame=itrf&start={noon}&stop={evening}&format=oem_kvn");
    let text = client.get(&kvn).await.text();
    let comment = "COMMENT UT1-UTC and polar motion of 2026-01-01 to 2026-01-02, observed, from eop";
    assert!(text.contains(comment), "{text}");
}
