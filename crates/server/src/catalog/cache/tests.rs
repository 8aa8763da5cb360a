use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::*;

/// A server on the loopback interface that gives prepared answers, one a request, and keeps the requests.
struct Source {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Source {
    fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/gp.php?GROUP=test", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                let mut lines = BufReader::new(&stream).lines().map(Result::unwrap);
                let request: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
                kept.lock().unwrap().push(request.join("\n"));
                (&stream).write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn ok(body: &str, headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
}

fn status(line: &str, headers: &str) -> String {
    format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n{headers}\r\n")
}

fn anything(_: &[u8]) -> anyhow::Result<()> {
    Ok(())
}

fn cache(folder: &tempfile::TempDir) -> Cache {
    Cache::at(folder.path().join("cache"), Duration::from_millis(1)).unwrap()
}

fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000)
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn fresh_data_is_not_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::start(&[&ok("first", "ETag: \"1\"\r\n"), &ok("second", "")]);
    let cache = cache(&folder);
    let get = |now| cache.get(&source.url, false, now, anything).unwrap();

    assert_eq!(get(noon()).bytes, b"first");
    let again = get(noon() + FRESH - MINUTE);
    assert_eq!((again.bytes.as_slice(), again.confirmed), (b"first".as_slice(), Some(noon())));
    assert_eq!(source.requests().len(), 1);
    assert_eq!(get(noon() + FRESH).bytes, b"second");
    assert_eq!(source.requests().len(), 2);
}

#[test]
fn requests_are_conditional_and_not_modified_confirms_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let validators = "ETag: \"abc\"\r\nLast-Modified: Mon, 09 Mar 2026 12:00:00 GMT\r\n";
    let source = Source::start(&[&ok("data", validators), &status("304 Not Modified", "")]);
    let cache = cache(&folder);
    let get = |now| cache.get(&source.url, false, now, anything).unwrap();

    get(noon());
    let later = noon() + FRESH;
    let confirmed = get(later);
    assert_eq!((confirmed.bytes.as_slice(), confirmed.confirmed), (b"data".as_slice(), Some(later)));
    let requests = source.requests().join("\n").to_lowercase();
    assert!(requests.contains("if-none-match: \"abc\""), "{requests}");
    assert!(requests.contains("if-modified-since: mon, 09 mar 2026 12:00:00 gmt"), "{requests}");
    // The confirmation counts as data: no request for two hours from it.
    get(later + FRESH - MINUTE);
    assert_eq!(source.requests().len(), 2);
}

#[test]
fn refusal_keeps_the_old_data_and_the_source_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::start(&[&ok("data", ""), &status("403 Forbidden", ""), &ok("new", "")]);
    let cache = cache(&folder);
    let get = |now| cache.get(&source.url, false, now, anything).unwrap();

    get(noon());
    let later = noon() + FRESH;
    let refused = get(later);
    assert_eq!((refused.bytes.as_slice(), refused.confirmed), (b"data".as_slice(), Some(noon())));
    assert!(refused.note.unwrap().contains("403"));
    get(later + FRESH - MINUTE);
    assert_eq!(source.requests().len(), 2, "a refusal is not repeated within two hours");
    assert_eq!(get(later + FRESH).bytes, b"new");
}

#[test]
fn overloaded_source_is_tried_again_and_then_left_alone_for_longer_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let overloaded = status("503 Service Unavailable", "");
    let data = ok("data", "");
    let answers = [&overloaded, &overloaded, &data].map(String::as_str);
    let source = Source::start(&answers);
    assert_eq!(cache(&folder).get(&source.url, false, noon(), anything).unwrap().bytes, b"data");

    let folder = tempfile::tempdir().unwrap();
    let source = Source::start(&[overloaded.as_str(); 6]);
    let cache = cache(&folder);
    let failed = |now| cache.get(&source.url, false, now, anything).unwrap_err().to_string();
    assert!(failed(noon()).contains("503"));
    assert_eq!(source.requests().len(), 3);
    // At least half of the first pause, at most all of it.
    assert!(failed(noon() + FIRST_PAUSE / 2 - Duration::from_secs(1)).contains("not asked again"));
    assert_eq!(source.requests().len(), 3);
    let second = noon() + FIRST_PAUSE;
    failed(second);
    assert_eq!(source.requests().len(), 6);
    assert!(failed(second + FIRST_PAUSE - Duration::from_secs(1)).contains("not asked again"));
    assert_eq!(source.requests().len(), 6);
}

#[test]
fn retry_after_is_honored() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::start(&[&status("429 Too Many Requests", "Retry-After: 7200\r\n"), &ok("data", "")]);
    let cache = cache(&folder);
    let get = |now| cache.get(&source.url, false, now, anything);
    assert!(get(noon()).is_err());
    assert_eq!(source.requests().len(), 1, "a long wait is not waited for");
    assert!(get(noon() + FRESH - MINUTE).is_err());
    assert_eq!(get(noon() + FRESH).unwrap().bytes, b"data");
}

#[test]
fn answer_that_is_not_a_catalog_never_replaces_data() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::start(&[&ok("catalog", ""), &ok("Invalid query", "")]);
    let cache = cache(&folder);
    let check = |bytes: &[u8]| if bytes == b"catalog" { Ok(()) } else { bail!("no catalog") };
    cache.get(&source.url, false, noon(), check).unwrap();
    let later = cache.get(&source.url, false, noon() + FRESH, check).unwrap();
    assert_eq!(later.bytes, b"catalog");
    assert!(later.note.unwrap().contains("no catalog"));
}

#[test]
fn truncated_answer_never_replaces_data() {
    let folder = tempfile::tempdir().unwrap();
    let truncated = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf";
    let source = Source::start(&[&ok("data", ""), truncated, truncated, truncated]);
    let cache = cache(&folder);
    cache.get(&source.url, false, noon(), anything).unwrap();
    assert_eq!(cache.get(&source.url, false, noon() + FRESH, anything).unwrap().bytes, b"data");
}

#[test]
fn unreachable_source_serves_from_the_cache_and_is_asked_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::start(&[&ok("data", "")]);
    let cache = cache(&folder);
    cache.get(&source.url, false, noon(), anything).unwrap();
    let address =
        source.url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).unwrap().to_owned();
    // The only answer has been given and the listener is closed once its thread has ended.
    while std::net::TcpStream::connect(&address).is_ok() {
        thread::yield_now();
    }
    let later = noon() + FRESH;
    let received = cache.get(&source.url, false, later, anything).unwrap();
    assert_eq!((received.bytes.as_slice(), received.confirmed), (b"data".as_slice(), Some(noon())));

    let soon = cache.get(&source.url, false, later + MINUTE, anything).unwrap();
    assert_eq!(soon.note, received.note, "the connection is tried again");
    assert!(!soon.note.unwrap().contains("not asked"));
}

#[test]
fn offline_serves_any_age_and_never_connects() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::start(&[&ok("data", "")]);
    let cache = cache(&folder);
    let nothing = cache.get(&source.url, true, noon(), anything).unwrap_err();
    assert!(nothing.to_string().contains("not in the cache"), "{nothing}");
    cache.get(&source.url, false, noon(), anything).unwrap();
    let old = cache.get(&source.url, true, noon() + 1000 * FRESH, anything).unwrap();
    assert_eq!((old.bytes.as_slice(), old.confirmed), (b"data".as_slice(), Some(noon())));
    assert_eq!(source.requests().len(), 1);
}

#[test]
fn two_processes_ask_once() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::start(&[&ok("data", ""), &ok("again", "")]);
    let (first, second) = (cache(&folder), cache(&folder));
    thread::scope(|scope| {
        for cache in [&first, &second] {
            scope.spawn(|| {
                assert_eq!(cache.get(&source.url, false, noon(), anything).unwrap().bytes, b"data");
            });
        }
    });
    assert_eq!(source.requests().len(), 1);
}

#[test]
fn clock_that_was_wrong_does_not_block_the_source_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::start(&[&ok("data", ""), &ok("new", "")]);
    let cache = cache(&folder);
    cache.get(&source.url, false, noon() + 10_000 * FRESH, anything).unwrap();
    assert_eq!(cache.get(&source.url, true, noon(), anything).unwrap().confirmed, None);
    assert_eq!(cache.get(&source.url, false, noon(), anything).unwrap().bytes, b"new");
}

#[test]
fn sources_have_files_of_their_own() {
    let names =
        ["https://a.example/x?y=1", "https://a.example/x?y=2", "https://a.example/x/y=1"].map(file_name);
    assert!(names[0] != names[1] && names[0] != names[2] && names[1] != names[2]);
    assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')));
}
