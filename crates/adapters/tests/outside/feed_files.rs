//! Feeds that are files or folders.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use astroshield_adapters::http::{HttpFeedClient, HttpFeedSettings};
use astroshield_domain::ports::{FeedAnswer, FeedClient, FeedError, FeedRequest};
use flate2::Compression;
use flate2::write::GzEncoder;

async fn fetch(url: &str, etag: Option<String>) -> Result<FeedAnswer, FeedError> {
    let client = HttpFeedClient::new(&HttpFeedSettings::default()).unwrap();
    let request = FeedRequest { url: url.to_owned(), etag, limit_bytes: 1000, ..FeedRequest::default() };
    client.fetch(&request).await
}

fn write(path: &Path, bytes: &[u8], minutes_ago: u64) {
    let mut file = File::create(path).unwrap();
    file.write_all(bytes).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(60 * minutes_ago)).unwrap();
}

fn bytes(answer: Result<FeedAnswer, FeedError>) -> (Vec<u8>, Option<String>) {
    let FeedAnswer::Data { bytes, etag, .. } = answer.unwrap() else { panic!("unchanged") };
    (bytes, etag)
}

#[tokio::test]
async fn a_file_is_read_once_and_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("with space.csv");
    write(&path, b"one", 5);
    let url = url::Url::from_file_path(&path).unwrap();
    for address in [url.as_str(), path.to_str().unwrap()] {
        let (first, etag) = bytes(fetch(address, None).await);
        assert_eq!(first, b"one");
        assert_eq!(fetch(address, etag).await, Ok(FeedAnswer::Unchanged));
    }
    let (_, etag) = bytes(fetch(url.as_str(), None).await);
    write(&path, b"two", 4);
    assert_eq!(bytes(fetch(url.as_str(), etag).await).0, b"two");
}

#[tokio::test]
async fn of_a_folder_the_newest_finished_file_counts() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("new.csv"), b"new", 10);
    write(&at("old.csv"), b"old", 20);
    write(&at(".hidden"), b"hidden", 1);
    write(&at("next.csv.part"), b"part", 1);
    write(&at("next.csv.tmp"), b"tmp", 1);
    fs::create_dir(at("folder")).unwrap();
    let address = folder.path().to_str().unwrap();
    let (newest, etag) = bytes(fetch(address, None).await);
    assert_eq!(newest, b"new");
    assert_eq!(fetch(address, etag.clone()).await, Ok(FeedAnswer::Unchanged));
    // A file of the same length and time is another one all the same.
    let renamed = at("renamed.csv");
    fs::rename(at("new.csv"), &renamed).unwrap();
    assert_eq!(bytes(fetch(address, etag).await).0, b"new");
    write(&at("newer.csv"), b"newer", 5);
    assert_eq!(bytes(fetch(&format!("file://{address}/"), None).await).0, b"newer");
}

#[tokio::test]
async fn gzip_is_unpacked_within_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let packed = |length: usize| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![b'x'; length]).unwrap();
        encoder.finish().unwrap()
    };
    let path = folder.path().join("catalog.csv.gz");
    write(&path, &packed(1000), 1);
    assert_eq!(bytes(fetch(path.to_str().unwrap(), None).await).0, vec![b'x'; 1000]);
    for too_large in [packed(1001), packed(10 << 20), vec![b'x'; 1001]] {
        write(&path, &too_large, 1);
        let error = fetch(path.to_str().unwrap(), None).await.unwrap_err();
        assert!(error.permanent && error.reason.contains("more than the limit of 1000 bytes"), "{error}");
    }
}

#[tokio::test]
async fn what_is_not_there_may_come() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.csv");
    for address in [folder.path(), &missing] {
        let error = fetch(address.to_str().unwrap(), None).await.unwrap_err();
        assert!(!error.permanent && error.reason.contains(address.to_str().unwrap()), "{error}");
    }
}

#[tokio::test]
async fn devices_are_not_read() {
    let error = fetch("/dev/zero", None).await.unwrap_err();
    assert!(error.permanent, "{error}");
}
