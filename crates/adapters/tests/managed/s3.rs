//! S3: blobs. The server is an emulator (moto), which checks neither signatures nor rights.

use std::sync::Arc;
use std::time::{Duration, Instant};

use astroshield_adapters::s3::{S3Blobs, S3Encryption, S3Key, S3Settings};
use astroshield_domain::ports::{Downloads as _, UploadLinks as _};
use astroshield_testkit::blobs::blobs_suite;
use astroshield_testkit::servers::{Server, can_start, variable};
use object_store::path::Path;
use object_store::{Error, ObjectStore as _, ObjectStoreExt as _};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use url::Url;

/// On the server that all tests share, in a folder of its own that no earlier run has used.
fn shared(prefix: &str) -> Option<S3Settings> {
    let prefix = format!("{}/{prefix}", std::process::id());
    let endpoint = variable("ASTROSHIELD_TEST_S3")?;
    let authority = std::fs::read(variable("ASTROSHIELD_TEST_S3_CA")?).unwrap();
    Some(settings(endpoint, authority, &prefix))
}

fn settings(endpoint: String, authority: Vec<u8>, prefix: &str) -> S3Settings {
    S3Settings {
        bucket: "astroshield".to_owned(),
        prefix: prefix.to_owned(),
        region: Some("eu-central-1".to_owned()),
        endpoint: Some(endpoint),
        key: Some(S3Key { id: "astroshield".to_owned(), secret: "hush".to_owned() }),
        encryption: S3Encryption::default(),
        roots_pem: Some(authority),
    }
}

fn blobs(settings: &S3Settings) -> S3Blobs {
    S3Blobs::new(settings).unwrap()
}

/// Asks for a link, as a browser does that was sent there.
async fn fetch(settings: &S3Settings, link: &str) -> reqwest::Response {
    client(settings).get(link).send().await.unwrap()
}

fn client(settings: &S3Settings) -> reqwest::Client {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(settings.roots_pem.as_deref().unwrap()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).build().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_keeps_to_the_port() {
    let Some(settings) = shared("suite") else { return };
    // The emulator looks whether a blob is there and then writes it, so that of two at once both may succeed.
    blobs_suite(&blobs(&settings), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_of_a_bucket_know_nothing_of_each_other() {
    let (Some(one), Some(other)) = (shared("shared/one"), shared("shared/two")) else { return };
    let (one, other) = (blobs(&one), blobs(&other));
    let path = Path::from("local/a");
    one.put(&path, "one".into()).await.unwrap();
    assert!(matches!(other.get(&path).await, Err(Error::NotFound { .. })));
    assert_eq!(other.list_with_delimiter(None).await.unwrap().common_prefixes, []);
    other.put(&path, "two".into()).await.unwrap();
    assert_eq!(one.get(&path).await.unwrap().bytes().await.unwrap(), "one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blob_is_encrypted_as_the_settings_say_whether_it_is_in_parts_or_not() {
    let Some(settings) = shared("encrypted") else { return };
    let kms = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    for (encryption, kind, key) in [
        (S3Encryption::S3, "AES256", None),
        (S3Encryption::Kms { key_id: kms.to_owned() }, "aws:kms", Some(kms)),
    ] {
        let settings = S3Settings { encryption, ..settings.clone() };
        let blobs = blobs(&settings);
        for length in [5, 20 << 20] {
            let content: Vec<u8> = b"hello".iter().copied().cycle().take(length).collect();
            blobs.put(&Path::from("a"), content.clone().into()).await.unwrap();
            let answer = fetch(&settings, &blobs.link("a", "inline").await.unwrap()).await;
            let header = |name| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(header("x-amz-server-side-encryption").as_deref(), Some(kind), "{length}");
            assert_eq!(header("x-amz-server-side-encryption-aws-kms-key-id").as_deref(), key, "{length}");
            assert!(answer.bytes().await.unwrap() == content);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_signed_for_five_minutes_and_gives_the_blob_under_its_name() {
    let Some(settings) = shared("links/of/one") else { return };
    let blobs = blobs(&settings);
    let disposition = "attachment; filename=\"a b.cdm\"; filename*=UTF-8''a%20b.cdm";
    blobs.put(&Path::from("local/uploads/1"), "hello".into()).await.unwrap();
    let link = blobs.link("local/uploads/1", disposition).await.unwrap();
    let parsed: Url = link.parse().unwrap();
    assert_eq!(parsed.path(), format!("/astroshield/{}/local/uploads/1", settings.prefix));
    let parameter = |name: &str| parsed.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(parameter("X-Amz-Expires"), "300");
    assert!(parameter("X-Amz-Credential").starts_with("astroshield/"));
    assert_eq!(parameter("X-Amz-Signature").len(), 64);
    assert!(!link.contains("hush"));
    let answer = fetch(&settings, &link).await;
    assert_eq!(answer.headers()["content-disposition"], disposition);
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    assert_eq!(answer.text().await.unwrap(), "hello");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_takes_a_blob_whose_checksum_and_encryption_are_signed() {
    // SHA-256 of `hello`.
    const HASH: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let Some(settings) = shared("links/to/one") else { return };
    let sha256: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&HASH[2 * at..2 * at + 2], 16).unwrap()).collect();
    let sha256: [u8; 32] = sha256.try_into().unwrap();
    for (encryption, signed) in [
        (S3Encryption::OfBucket, "host;x-amz-checksum-sha256"),
        (S3Encryption::S3, "host;x-amz-checksum-sha256;x-amz-server-side-encryption"),
    ] {
        let settings = S3Settings { encryption, ..settings.clone() };
        let blobs = blobs(&settings);
        let link = blobs.upload_link("local/uploads/sent-1", sha256).await.unwrap();
        let parsed: Url = link.url.parse().unwrap();
        let parameter =
            |name: &str| parsed.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        assert_eq!(parameter("X-Amz-SignedHeaders"), signed);
        assert_eq!(parameter("X-Amz-Expires"), link.lifetime.as_secs().to_string());
        assert_eq!(link.headers[0].1, "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
        let put = link
            .headers
            .iter()
            .fold(client(&settings).put(&link.url), |request, (name, value)| request.header(name, value));
        assert!(put.body("hello").send().await.unwrap().status().is_success());
        let blob = blobs.get(&Path::from("local/uploads/sent-1")).await.unwrap();
        assert_eq!(blob.bytes().await.unwrap(), "hello");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_another_authority_or_without_tls_is_not_used() {
    let Some(settings) = shared("trust") else { return };
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap().cert.pem();
    let stranger = S3Settings { roots_pem: Some(other.into_bytes()), ..settings.clone() };
    let plain = settings.endpoint.as_ref().unwrap().replace("https:", "http:");
    let readable = S3Settings { endpoint: Some(plain), ..settings.clone() };
    for untrusted in [stranger, readable] {
        let put = blobs(&untrusted).put(&Path::from("a"), "secret".into()).await;
        assert!(put.is_err());
    }
    assert!(matches!(blobs(&settings).get(&Path::from("a")).await, Err(Error::NotFound { .. })));
}

#[test]
fn settings_that_cannot_be_are_refused_and_the_secret_is_not_printed() {
    let whole = settings("https://127.0.0.1:1".to_owned(), Vec::new(), "a");
    assert!(!format!("{whole:?}").contains("hush"));
    assert!(S3Blobs::new(&whole).unwrap_err().to_string().contains("certificates in PEM are due"));
    let folder = S3Settings { roots_pem: None, prefix: "a//b".to_owned(), ..whole };
    assert_eq!(S3Blobs::new(&folder).unwrap_err().to_string(), "\"a//b\" is no folder in a bucket");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_to_a_frozen_server_is_there_when_it_goes_on_and_one_that_is_gone_is_an_error_in_time() {
    if !can_start(&["s3"]) {
        return;
    }
    let server = Server::start("s3");
    let settings = settings(server.address.clone(), server.authority().into_bytes(), "");
    let (blobs, path) = (blobs(&settings), Path::from("local/a"));
    blobs.put(&path, "before".into()).await.unwrap();
    server.tell("freeze");
    let putting = {
        let (blobs, path) = (blobs.clone(), path.clone());
        tokio::spawn(async move { blobs.put(&path, "after".into()).await })
    };
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!putting.is_finished());
    server.tell("thaw");
    putting.await.unwrap().unwrap();
    assert_eq!(blobs.get(&path).await.unwrap().bytes().await.unwrap(), "after");
    server.tell("kill");
    let began = Instant::now();
    assert!(blobs.put(&path, "lost".into()).await.is_err());
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}
