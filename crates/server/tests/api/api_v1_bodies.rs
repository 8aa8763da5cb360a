//! Bodies that mean harm, whatever the address.

use std::io::Write as _;

use astroshield_api::ApiSettings;
use astroshield_domain::access::Scope;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::service::Service;

const WRITES: [(&str, &str); 5] = [
    ("POST", "/api/v1/rules"),
    ("POST", "/api/v1/watch-lists"),
    ("POST", "/api/v1/webhooks"),
    ("POST", "/api/v1/screenings"),
    ("POST", "/api/v1/api-keys"),
];

#[tokio::test]
async fn deeply_nested_bodies_are_refused_everywhere() {
    let service = Service::start().await;
    let client = service.client(Scope::Admin).await.with("content-type", "application/json");
    let nested = format!("{{\"name\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for (method, path) in WRITES {
        let answer = client.send(method, path, nested.clone()).await;
        assert!([400, 422].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn oversized_bodies_are_refused_everywhere_whether_or_not_they_say_their_size() {
    let settings =
        ApiSettings { upload_limit_bytes: 20_000, body_limit_bytes: 10_000, ..ApiSettings::default() };
    let service = Service::with(settings, 64).await;
    let client = service.client(Scope::Admin).await.with("content-type", "application/json");
    let large = json!({ "name": "x".repeat(20_000) }).to_string();
    for (method, path) in WRITES {
        client.send(method, path, large.clone()).await.expect_problem(413, None);
        let stated = client.with("content-length", "10");
        stated.send(method, path, large.clone()).await.expect_problem(413, None);
    }
}

#[tokio::test]
async fn compressed_bodies_are_refused_everywhere() {
    let service = Service::start().await;
    let client = service.client(Scope::Admin).await.with("content-type", "application/json");
    for encoding in ["gzip", "br", "zstd", "deflate", "gzip, identity"] {
        for (method, path) in WRITES {
            let packed = client.with("content-encoding", encoding);
            packed.send(method, path, "{}").await.expect_problem(415, Some("Content-Encoding"));
        }
    }
}

/// A gzip file of zeros.
fn bomb(megabytes: usize) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..megabytes {
        packed.write_all(&zeros).unwrap();
    }
    packed.finish().unwrap()
}

#[tokio::test]
async fn a_file_that_is_a_bomb_is_refused_and_the_next_one_is_taken() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let bomb = bomb(300);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    let answer = client.send("POST", "/api/v1/uploads?name=bomb.gz", bomb).await;
    assert!([413, 422].contains(&answer.status.as_u16()), "{}: {}", answer.status, answer.text());
    let listed = client.get("/api/v1/uploads").await.json();
    assert!(
        listed["items"].as_array().unwrap().iter().all(|upload| upload["state"] == "rejected"),
        "{listed}"
    );
}

#[tokio::test]
async fn deeply_nested_files_are_refused_as_files() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    for (name, file) in [
        ("deep.json", "[".repeat(100_000)),
        ("deep.json", format!("[{{\"NORAD_CAT_ID\":{}", "[".repeat(100_000))),
        ("deep.xml", "<cdm>".repeat(100_000)),
        ("deep.xml", format!("<ndm>{}", "<omm><body>".repeat(50_000))),
    ] {
        let answer = client.send("POST", &format!("/api/v1/uploads?name={name}"), file).await;
        let problem = answer.expect_problem(422, None);
        assert!(!problem["errors"].as_array().unwrap().is_empty(), "{problem}");
    }
}
