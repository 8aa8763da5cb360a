use astroshield_api::ApiSettings;
use astroshield_domain::access::Scope;
use serde_json::json;

use crate::service::Service;

/// A made-up object.
const TLE: &str = "MADE UP\n\
1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753\n\
2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667\n";

#[tokio::test]
async fn without_a_bucket_there_are_no_links_and_a_place_where_nothing_is_says_so() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let hash = "0".repeat(64);
    client.send("POST", &format!("/api/v1/uploads/links?sha256={hash}"), "").await.expect_problem(409, None);
    for bad in ["", "0", &"g".repeat(64), &"A".repeat(64)] {
        let path = format!("/api/v1/uploads/links?sha256={bad}");
        client.send("POST", &path, "").await.expect_problem(400, Some("sha256"));
    }
    let taking = "/api/v1/uploads?name=x.tle&place=018f3c2e-8a54-7c1b-9d37-2b605e8fa911";
    client.send("POST", taking, "").await.expect_problem(400, Some("place"));
}

#[tokio::test]
async fn a_file_is_taken_and_listed() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let named = client.with("content-disposition", "attachment; filename=\"five.tle\"");
    let answer = named.send("POST", "/api/v1/uploads", TLE).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let upload = answer.json();
    assert_eq!(
        (&upload["name"], &upload["state"], &upload["records"], &upload["by"]),
        (&json!("five.tle"), &json!("accepted"), &json!(1), &json!("test"))
    );
    let path = format!("/api/v1/uploads/{}", upload["id"].as_str().unwrap());
    assert_eq!(client.get(&path).await.json(), upload);
    assert_eq!(client.get("/api/v1/uploads").await.json()["items"], json!([upload]));
    assert_eq!(client.get("/api/v1/objects/5").await.json()["name"], "MADE UP");
    let other = service.key_of("other", Scope::Read).await;
    let other = service.stranger().with("authorization", &format!("Bearer {other}"));
    other.get(&path).await.expect_problem(404, None);
    other.get("/api/v1/objects/5").await.expect_problem(404, None);
}

#[tokio::test]
async fn a_file_with_a_fault_is_refused_with_its_place_and_changes_nothing() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let broken = TLE.replace("348.7242", "348.7243");
    let answer = client.send("POST", "/api/v1/uploads?name=five.tle", broken.clone()).await;
    let problem = answer.expect_problem(422, None);
    assert!(problem["errors"][0].as_str().unwrap().contains('3'), "{problem}");
    client.get("/api/v1/objects/5").await.expect_problem(404, None);
    let listed = client.get("/api/v1/uploads").await.json();
    let rejected = &listed["items"][0];
    assert_eq!((&rejected["state"], &rejected["records"]), (&json!("rejected"), &json!(0)));
    assert_eq!(rejected["problems"], problem["errors"]);
    let path = format!("/api/v1/uploads/{}", rejected["id"].as_str().unwrap());
    assert!(problem["detail"].as_str().unwrap().contains(rejected["id"].as_str().unwrap()), "{problem}");
    assert_eq!(client.get(&path).await.json(), *rejected);
    assert_eq!(client.get(&format!("{path}/file")).await.text(), broken, "it is kept as it was given");
    let log = service.client(Scope::Admin).await.get("/api/v1/audit").await.json();
    let act = log["items"].as_array().unwrap().iter().find(|act| act["action"] == "upload.create").unwrap();
    assert_eq!(
        (&act["target"], &act["by"]),
        (&rejected["id"], &json!("test")),
        "a refused one is an act, too"
    );
}

#[tokio::test]
async fn a_file_comes_out_as_it_went_in_under_its_name_for_its_owner_alone() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let upload = client.send("POST", "/api/v1/uploads?name=%C3%A9%20%22five%22.tle", TLE).await.json();
    let path = format!("/api/v1/uploads/{}/file", upload["id"].as_str().unwrap());
    let file = client.get(&path).await;
    assert_eq!((file.status.as_u16(), file.text().as_str()), (200, TLE));
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"_ _five_.tle\"; filename*=UTF-8''%C3%A9%20%22five%22.tle"
    );
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    let other = service.key_of("other", Scope::Admin).await;
    let other = service.stranger().with("authorization", &format!("Bearer {other}"));
    other.get(&path).await.expect_problem(404, None);
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    for name in ["..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "a%5Cb", "%00", ""] {
        let path = format!("/api/v1/uploads?name={name}");
        client.send("POST", &path, TLE).await.expect_problem(400, Some("name"));
    }
    client.send("POST", "/api/v1/uploads", TLE).await.expect_problem(400, Some("name"));
    for name in ["../../etc/passwd", "/etc/passwd", "a\\b", "..", ""] {
        let named = client.with("content-disposition", &format!("attachment; filename=\"{name}\""));
        named.send("POST", "/api/v1/uploads", TLE).await.expect_problem(400, Some("name"));
    }
    assert_eq!(client.get("/api/v1/uploads").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_file_that_is_too_large_or_packed_is_refused() {
    let settings = ApiSettings { upload_limit_bytes: 1_000, ..ApiSettings::default() };
    let service = Service::with(settings, 64).await;
    let client = service.client(Scope::Write).await;
    let path = "/api/v1/uploads?name=x.tle";
    client.send("POST", path, "x".repeat(1_001)).await.expect_problem(413, None);
    let packed = client.with("content-encoding", "gzip");
    packed.send("POST", path, TLE).await.expect_problem(415, Some("Content-Encoding"));
}

#[tokio::test]
async fn a_packed_file_that_holds_more_than_may_be_taken_is_refused_by_the_limit() {
    use std::io::Write as _;

    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(TLE.as_bytes()).unwrap();
    for _ in 0..65 {
        packer.write_all(&vec![b'\n'; 1 << 20]).unwrap();
    }
    let bomb = packer.finish().unwrap();
    assert!(bomb.len() < 1 << 17);
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let problem = client.send("POST", "/api/v1/uploads?name=x.tle.gz", bomb).await.expect_problem(422, None);
    assert!(problem["errors"][0].as_str().unwrap().contains("67108864 bytes"), "{problem}");
    client.get("/api/v1/objects/5").await.expect_problem(404, None);
}

#[tokio::test]
async fn messages_of_every_kind_are_taken_each_as_what_it_is() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let five = client.send("POST", "/api/v1/uploads?name=five.tle", TLE).await;
    assert_eq!(five.status, 201, "{}", five.text());
    let omm_xml = client.get("/api/v1/objects/5/element-sets?format=omm_xml").await.text();
    let window = "start=2000-06-28T00:00:00Z&stop=2000-06-28T06:00:00Z";
    let oem = client.get(&format!("/api/v1/objects/5/ephemeris?{window}&format=oem_kvn")).await.text();
    let opm = include_str!("../../../formats/tests/samples/opm.kvn").to_owned();
    let cdm = include_str!("../../../formats/tests/samples/cdm.kvn").to_owned();
    for (name, body, kind, note) in [
        ("five.xml", omm_xml, "omm", None),
        ("five.oem&object=5", oem, "oem", None),
        ("one.opm", opm, "opm", Some("not screened")),
        ("one.cdm", cdm, "cdm", None),
    ] {
        let answer = client.send("POST", &format!("/api/v1/uploads?name={name}"), body.clone()).await;
        assert_eq!(answer.status, 201, "{name}: {}", answer.text());
        let upload = answer.json();
        assert_eq!(
            (&upload["state"], &upload["records"]),
            (&json!("accepted"), &json!(1)),
            "{name}: {upload}"
        );
        let told = upload["kind"].as_str().unwrap().to_lowercase();
        assert_eq!(told, kind, "{name}");
        let problems: Vec<&str> =
            upload["problems"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect();
        assert_eq!(
            problems.iter().any(|said| note.is_some_and(|note| said.contains(note))),
            note.is_some(),
            "{upload}"
        );
        let file = format!("/api/v1/uploads/{}/file", upload["id"].as_str().unwrap());
        assert_eq!(client.get(&file).await.text(), body, "{name}");
    }
}
