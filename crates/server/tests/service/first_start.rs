//! The first start, with a feed that takes its time.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::lifecycle::folder;
use crate::server::{PATIENCE, Server};

/// A feed that is asked once and hangs until it is told what to do.
struct Feed {
    /// That it was asked.
    asked: Receiver<()>,
    /// What it sends; nothing: it hangs up.
    answer: Sender<Option<String>>,
}

impl Feed {
    /// In the configuration of a folder.
    fn of(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = format!(
            "[feeds.celestrak-active]\nurl = \"http://{}/catalog.csv\"\n[feeds.satcat]\nenabled = false\n\
             [feeds.space-weather]\nenabled = false\n[feeds.earth-orientation]\nenabled = false\n\
             [demo]\nobjects = 500\n[screening]\nsettle = \"0s\"\ndays = 0.1\n",
            listener.local_addr().unwrap()
        );
        fs::write(folder.join("astroshield.toml"), settings).unwrap();
        let (tell_asked, asked) = channel();
        let (answer, answers) = channel::<Option<String>>();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // Nobody comes a second time.
            drop(listener);
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).unwrap() > 0);
            tell_asked.send(()).unwrap();
            if let Ok(Some(body)) = answers.recv() {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\nconnection: close\r\ncontent-length";
                write!(stream, "{head}: {}\r\n\r\n{body}", body.len()).unwrap();
            }
        });
        Self { asked, answer }
    }
}

/// A server whose only feed hangs, and which answers all the same; with a session.
fn started() -> (TempDir, Feed, Server, String) {
    let folder = folder();
    let feed = Feed::of(folder.path());
    let server = Server::start(folder.path(), "");
    feed.asked.recv_timeout(PATIENCE).unwrap();
    assert_eq!(server.get("/health/live").0, 200);
    let (status, ready) = server.get("/health/ready");
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert_eq!((status, &ready["status"], &ready["catalog"]), (200, &json!("ready"), &json!("none yet")));
    let cookie = server.sign_in();
    assert_eq!(status_of(&server, &cookie)["newest_arrival"], Value::Null);
    (folder, feed, server, cookie)
}

fn status_of(server: &Server, cookie: &str) -> Value {
    let (status, body) = server.get_with("/api/v1/status", &[("cookie", cookie)]);
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn data(folder: &TempDir) -> PathBuf {
    folder.path().join("data/astroshield")
}

#[test]
fn a_feed_that_hangs_keeps_nobody_waiting_and_what_it_brings_in_the_end_is_shown() {
    let (folder, feed, server, cookie) = started();
    feed.answer.send(Some(fs::read_to_string(folder.path().join("two.csv")).unwrap())).unwrap();
    server.until("/api/v1/objects", &[("cookie", &cookie)], |_, body| body.contains("81001"));
    assert_eq!(status_of(&server, &cookie)["demo"], false);
    let ready: Value = serde_json::from_str(&server.get("/health/ready").1).unwrap();
    assert_eq!(ready["catalog"], "there");
    assert_eq!(server.stop().0, 0);
    assert!(!data(&folder).join("demo").exists());
}

#[test]
fn a_feed_that_hangs_up_in_the_end_is_followed_by_the_demo_in_the_same_session() {
    let (folder, feed, server, cookie) = started();
    feed.answer.send(None).unwrap();
    server.until("/api/v1/objects", &[("cookie", &cookie)], |_, body| body.contains("DEMO-"));
    assert_eq!(status_of(&server, &cookie)["demo"], true);
    server.until("/health/ready", &[], |status, body| status == 200 && body.contains("\"catalog\":\"demo\""));
    // The folder of what is real is free again, once who was there has ended.
    let began = Instant::now();
    let lock = fs::File::options().write(true).open(data(&folder).join("astroshield.lock")).unwrap();
    while lock.try_lock().is_err() {
        assert!(began.elapsed() < PATIENCE, "the folder is still held");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(data(&folder).join("demo").join("astroshield.db").exists());
    let (status, log) = server.stop();
    assert_eq!(status, 0, "{log}");
    assert!(log.contains("Showing a made-up population instead"), "{log}");
}

#[test]
fn who_works_while_a_feed_hangs_is_not_shown_the_demo_instead_of_their_work() {
    let (folder, feed, server, cookie) = started();
    let own =
        [("cookie", cookie.as_str()), ("origin", &server.address), ("content-type", "application/json")];
    let list = json!({ "name": "mine", "objects": [{ "catalog_number": 81001 }] }).to_string();
    let (status, made) = server.post_with("/api/v1/watch-lists", &own, &list);
    assert_eq!(status, 201, "{made}");
    feed.answer.send(None).unwrap();
    // It is made before it is decided whether to show it, and taken away again.
    let began = Instant::now();
    while !data(&folder).join("demo/astroshield.db").exists() {
        assert!(began.elapsed() < PATIENCE, "nothing is decided");
        std::thread::sleep(Duration::from_millis(50));
    }
    let lock = fs::File::options().write(true).open(data(&folder).join("demo/astroshield.lock")).unwrap();
    while lock.try_lock().is_err() {
        assert!(began.elapsed() < PATIENCE, "the folder of the demo is still held");
        std::thread::sleep(Duration::from_millis(50));
    }
    let (status, log) = server.stop();
    assert_eq!(status, 0, "{log}");
    assert!(log.contains("so that no demo is shown"), "{log}");

    // A start with no feed to ask shows what was made.
    let settings = ["satcat", "space-weather", "earth-orientation", "celestrak-active"]
        .map(|feed| format!("[feeds.{feed}]\nenabled = false\n"));
    fs::write(folder.path().join("astroshield.toml"), settings.concat()).unwrap();
    let server = Server::start(folder.path(), "");
    let (_, lists) = server.get_with("/api/v1/watch-lists", &[("cookie", &server.sign_in())]);
    assert!(lists.contains("mine"), "{lists}");
    assert_eq!(server.stop().0, 0);
}
