use astroshield_astro::Epoch;
use astroshield_astro::frames::{EarthAttitude, EarthOrientation};
use astroshield_astro::state::{Frame, State, Teme};
use astroshield_domain::access::Scope;
use astroshield_domain::catalog::Grade;
use astroshield_domain::ids::TenantId;
use astroshield_formats::{Message, Strictness, read_catalog, read_messages};
use nalgebra::Vector3;
use serde_json::{Value, json};

use crate::service::Service;

/// Made-up objects in CelesTrak's columns.
fn catalog(objects: u32, epoch: &str) -> Vec<u8> {
    let mut text = "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,ARG_OF_PERICENTER,\
MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,MEAN_MOTION_DOT,\
MEAN_MOTION_DDOT\n"
        .to_owned();
    for number in 1..=objects {
        text.push_str(&format!(
            "SATELLITE {number},2020-{:03}A,{epoch},15.5,.0005,51.6,{},20,30,0,U,{number},999,100,.0001,.00001,0\n",
 number % 1_000, number % 360
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
    let numbers = |list: &Value| -> Vec<u64> {
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
async fn objects_are_csv_for_those_who_want_it() {
    let service = with_objects(12).await;
    let client = service.client(Scope::Read).await;
    for answer in [
        client.get("/api/v1/objects?format=csv&limit=10").await,
        client.with("accept", "text/csv").get("/api/v1/objects?limit=10").await,
    ] {
        assert!(answer.header("content-type").starts_with("text/csv"), "{}", answer.text());
        let next = answer.header("link").strip_suffix(">; rel=\"next\"").unwrap().strip_prefix('<').unwrap();
        let rest = client.with("accept", "text/csv").get(&format!("/api/v1/objects{next}")).await.text();
        let text = answer.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), rest.lines().count()), (11, 3));
        let columns = lines[0].split(',').count();
        assert!(lines.iter().all(|line| line.split(',').count() == columns), "{text}");
        assert!(lines[1].starts_with("1,SATELLITE 1,2020-001A,unknown,"), "{text}");
    }
    let json = client.with("accept", "text/csv").get("/api/v1/objects?format=json").await;
    assert_eq!(json.json()["items"].as_array().unwrap().len(), 12);
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

#[tokio::test]
async fn element_sets_go_out_in_the_notation_that_is_asked_for() {
    let service = with_objects(1).await;
    let client = service.client(Scope::Read).await;
    for (format, kind, part) in [
        ("omm_json", "application/json", "\"OBJECT_NAME\""),
        ("omm_csv", "text/csv", "OBJECT_NAME"),
        ("omm_xml", "application/xml", "<OBJECT_NAME>SATELLITE 1</OBJECT_NAME>"),
        ("omm_kvn", "text/plain", "CCSDS_OMM_VERS"),
        ("tle", "text/plain", "\n1 00001U 20001A"),
    ] {
        let answer = client.get(&format!("/api/v1/objects/1/element-sets?format={format}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.header("content-type").starts_with(kind), "{format}");
        assert!(answer.text().contains(part), "{format}: {}", answer.text());
    }
    let csv = client.with("accept", "text/csv").get("/api/v1/objects/1/element-sets").await;
    assert!(csv.text().contains("SATELLITE 1"));
}

#[tokio::test]
async fn the_whole_catalog_goes_out_as_it_came_in() {
    // More than are read at once, twice.
    let service = with_objects(1_203).await;
    let old = catalog(1, "2026-01-02T03:04:05.678901");
    let ingestor = &service.ingestor;
    ingestor.element_sets(&TenantId::public(), "old", Grade::Gp, "old.csv", old).await.unwrap();
    let client = service.client(Scope::Read).await;
    let read = |bytes: &[u8]| -> Vec<_> {
        let catalog = read_catalog(bytes, "test", Strictness::Strict).unwrap();
        let objects = catalog.objects.into_iter();
        objects
            .map(|set| (set.catalog_number, set.name, set.international_designator, set.elements))
            .collect()
    };
    let epoch = client.get("/api/v1/objects/1").await.json()["epoch"].as_str().unwrap()[..19].to_owned();
    let came_in = read(&catalog(1_203, &epoch));
    assert_eq!(came_in.len(), 1_203);
    for (format, kind) in [
        ("omm_json", "application/json"),
        ("omm_csv", "text/csv; charset=utf-8; header=present"),
        ("omm_xml", "application/xml"),
        ("omm_kvn", "text/plain; charset=utf-8"),
    ] {
        let answer = client.get(&format!("/api/v1/element-sets?format={format}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, kind), "{format}");
        assert!(read(&answer.body) == came_in, "{format}");
    }
    let plain = client.get("/api/v1/element-sets").await;
    assert_eq!(plain.json().as_array().unwrap().len(), 1_203);
    let csv = client.with("accept", "text/csv").get("/api/v1/element-sets").await;
    assert_eq!(csv.text().lines().count(), 1_204);
    client.get("/api/v1/element-sets?limit=5").await.expect_problem(400, Some("limit"));
}

#[tokio::test]
async fn a_catalog_of_nothing_is_an_empty_list() {
    let service = Service::start().await;
    let client = service.client(Scope::Read).await;
    assert_eq!(client.get("/api/v1/element-sets").await.json(), json!([]));
    assert_eq!(client.get("/api/v1/element-sets?format=omm_csv").await.text().lines().count(), 1);
}

#[cfg(not(feature = "parquet"))]
#[tokio::test]
async fn tables_that_were_not_built_in_are_not_acceptable() {
    let service = Service::start().await;
    let client = service.client(Scope::Read).await;
    for path in ["objects", "element-sets"] {
        let problem = client.get(&format!("/api/v1/{path}?format=parquet")).await;
        let problem = problem.expect_problem(406, Some("format"));
        assert!(problem["detail"].as_str().unwrap().contains("feature `parquet`"), "{problem}");
    }
}

#[cfg(feature = "parquet")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_have_every_object_and_every_current_element_set() {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::{Row, RowAccessor as _};

    const OBJECTS: u32 = 5_003;
    // More than are read at once.
    let service = with_objects(OBJECTS).await;
    let client = service.client(Scope::Read).await;
    let table = async |path: &str| -> Vec<Row> {
        let answer = client.get(&format!("/api/v1/{path}format=parquet")).await;
        assert_eq!(answer.header("content-type"), "application/vnd.apache.parquet");
        let table = SerializedFileReader::new(axum::body::Bytes::from(answer.body)).unwrap();
        table.get_row_iter(None).unwrap().map(Result::unwrap).collect()
    };
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/api/v1/objects?limit=1000{cursor}")).await.json();
        listed.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let objects = table("objects?").await;
    assert_eq!((objects.len(), listed.len()), (OBJECTS as usize, OBJECTS as usize));
    for (row, listed) in objects.iter().zip(&listed) {
        assert_eq!(row.get_int(0).unwrap(), listed["catalog_number"]);
        assert_eq!(row.get_string(1).unwrap(), listed["name"].as_str().unwrap());
        assert_eq!(row.get_string(3).unwrap(), "unknown");
        let epoch: jiff::Timestamp = listed["epoch"].as_str().unwrap().parse().unwrap();
        assert_eq!(row.get_timestamp_micros(9).unwrap(), epoch.as_microsecond());
        assert_eq!(
            (row.get_string(10).unwrap().as_str(), row.get_string(11).unwrap().as_str()),
            ("test", "gp")
        );
        for (place, name) in
            [(12, "perigee_km"), (13, "apogee_km"), (14, "inclination_deg"), (15, "period_min")]
        {
            assert_eq!(row.get_double(place).unwrap().to_bits(), listed[name].as_f64().unwrap().to_bits());
        }
    }
    assert_eq!(table("objects?search=satellite%20500&").await.len(), 5);

    let sets = table("element-sets?").await;
    assert_eq!(sets.len(), OBJECTS as usize);
    for (row, number) in sets.iter().zip(1..) {
        assert_eq!((row.get_int(0).unwrap(), row.get_double(7).unwrap()), (number, f64::from(number % 360)));
    }
    client.get("/api/v1/objects?format=parquet&limit=5").await.expect_problem(400, Some("limit"));
}

/// Position and velocity of a state of an answer.
fn state<F: Frame>(state: &Value) -> State<F> {
    let three = |name: &str| Vector3::from_fn(|axis, _| state[name][axis].as_f64().unwrap());
    State::new(three("position_km"), three("velocity_km_s"))
}

#[tokio::test]
async fn the_frames_of_an_ephemeris_are_those_that_they_are_called() {
    let service = with_objects(1).await;
    let client = service.client(Scope::Read).await;
    let start = jiff::Timestamp::now();
    let path = format!(
        "/api/v1/objects/1/ephemeris?start={start}&stop={}",
        start + jiff::SignedDuration::from_mins(5)
    );
    let in_frame =
        async |frame: &str| client.get(&format!("{path}&frame={frame}")).await.json()["states"][3].clone();
    let teme = in_frame("teme").await;
    let truth: State<Teme> = state(&teme);
    let epoch: Epoch = teme["time"].as_str().unwrap().parse().unwrap();
    let attitude = EarthAttitude::new(epoch, &EarthOrientation::NEGLECTED);
    let back = [
        attitude.itrf_to_teme(&state(&in_frame("itrf").await)),
        attitude.gcrf_to_teme(&state(&in_frame("gcrf").await)),
        attitude.eme2000_to_teme(&state(&in_frame("eme2000").await)),
    ];
    for (frame, back) in ["ITRF", "GCRF", "EME2000"].into_iter().zip(back) {
        // A microsecond of time is some mm; positions are given to more digits than that.
        assert!((back.position_km - truth.position_km).norm() < 1e-5, "{frame}: {back:?} {truth:?}");
        assert!((back.velocity_km_s - truth.velocity_km_s).norm() < 1e-8, "{frame}: {back:?} {truth:?}");
    }
}

#[tokio::test]
async fn an_ephemeris_is_given_in_every_frame() {
    let service = with_objects(1).await;
    let client = service.client(Scope::Read).await;
    let start = jiff::Timestamp::now();
    let stop = start + jiff::SignedDuration::from_mins(10);
    let path = format!("/api/v1/objects/1/ephemeris?start={start}&stop={stop}");
    for frame in ["teme", "itrf", "gcrf", "eme2000"] {
        let ephemeris = client.get(&format!("{path}&frame={frame}")).await.json();
        assert_eq!(ephemeris["frame"], frame.to_uppercase());
        assert_eq!(ephemeris["states"].as_array().unwrap().len(), 11);
        let position = ephemeris["states"][3]["position_km"].as_array().unwrap();
        let distance_km = position.iter().map(|x| x.as_f64().unwrap().powi(2)).sum::<f64>().sqrt();
        assert!((6_700.0..6_900.0).contains(&distance_km), "{frame}: {distance_km}");
    }
    for (format, sign) in [("oem_kvn", "CCSDS_OEM_VERS"), ("oem_xml", "<oem ")] {
        let oem = client.get(&format!("{path}&format={format}")).await;
        assert!(oem.text().contains(sign), "{}", oem.text());
        let document = read_messages(&oem.body, format, Strictness::Strict).unwrap();
        let [Message::Oem(read)] = document.messages.as_slice() else { panic!("{}", oem.text()) };
        assert_eq!(read.segments[0].states.len(), 11);
    }
    client.get(&format!("{path}&frame=moon")).await.expect_problem(400, Some("frame"));
    client.get(&format!("{path}&step_s=0")).await.expect_problem(400, Some("step_s"));
    client.get("/api/v1/objects/1/ephemeris").await.expect_problem(400, None);
    let other = path.replace("objects/1/", "objects/2/");
    client.get(&other).await.expect_problem(404, None);
}
