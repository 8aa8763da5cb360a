//! Element sets and conjunction messages of an account, from a stand-in for Space-Track.

use std::sync::atomic::{AtomicUsize, Ordering};

use astroshield_adapters::http::{HttpFeedClient, HttpFeedSettings};
use astroshield_domain::catalog::Grade;
use astroshield_domain::event::Payload;
use astroshield_domain::feeds::{FeedKind, FeedSettings};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Clock as _, FeedClient as _, FeedRequest};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::http_server::{HttpServer, answer};
use crate::parts::{Parts, catalog, feed, feed_client};

const LOGIN: &str = "POST /ajaxauth/login";
const CLASS: &str = "/basicspacedata/query/class/cdm_public/CREATED/%3E";

const GP: &str =
    "/basicspacedata/query/class/gp/decay_date/null-val/epoch/%3Enow-30/orderby/norad_cat_id/format/json";

/// Rows of the class `gp`: every value a text, as Space-Track writes it, and columns beside the elements.
fn gp(objects: u32) -> String {
    let csv = catalog(objects);
    let mut lines = csv.lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        let mut row: serde_json::Map<_, _> = columns
            .iter()
            .zip(line.split(','))
            .map(|(column, value)| ((*column).to_owned(), json!(value)))
            .collect();
        for (key, value) in [
            ("CCSDS_OMM_VERS", json!("3.0")),
            ("ORIGINATOR", json!("DEMO")),
            ("CREATION_DATE", json!("2026-01-02T01:00:00")),
            ("CENTER_NAME", json!("EARTH")),
            ("REF_FRAME", json!("TEME")),
            ("TIME_SYSTEM", json!("UTC")),
            ("MEAN_ELEMENT_THEORY", json!("SGP4")),
            ("DECAY_DATE", json!(null)),
            ("GP_ID", json!("1")),
        ] {
            row.insert(key.to_owned(), value);
        }
        serde_json::Value::from(row)
    };
    serde_json::Value::from(lines.map(row).collect::<Vec<_>>()).to_string()
}

/// Rows of `cdm_public` that were made at these times.
fn rows(made: &[&str]) -> String {
    let row = |made: &&str| {
        json!({
            "CDM_ID": "1", "CREATED": made, "EMERGENCY_REPORTABLE": "Y", "TCA": "2026-01-03T22:37:52.618000",
            "MIN_RNG": "715", "PC": "0.00004835", "SAT_1_ID": "5", "SAT_1_NAME": "A", "SAT1_OBJECT_TYPE": "PAYLOAD",
            "SAT1_RCS": "SMALL", "SAT_1_EXCL_VOL": "5.00", "SAT_2_ID": "7", "SAT_2_NAME": "B",
            "SAT2_OBJECT_TYPE": "DEBRIS", "SAT2_RCS": "SMALL", "SAT_2_EXCL_VOL": "5.00"
        })
    };
    serde_json::Value::from(made.iter().map(row).collect::<Vec<_>>()).to_string()
}

/// Signs in whoever knows the password; a session is good for so many queries, each of which gets the next answer.
async fn space_track(queries_per_session: usize, answers: Vec<String>) -> HttpServer {
    let (sessions, used, asked) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    HttpServer::start(None, move |_, received| {
        if received.line() == LOGIN {
            if received.body != b"identity=me%40example.com&password=hunter2" {
                return answer("200 OK", &["set-cookie: chocolatechip=0"], b"{\"Login\":\"Failed\"}");
            }
            let number = sessions.fetch_add(1, Ordering::Relaxed) + 1;
            used.store(0, Ordering::Relaxed);
            let cookie = format!("set-cookie: chocolatechip=c{number}; path=/; HttpOnly");
            return answer("200 OK", &[&cookie], b"\"\"");
        }
        let cookie = format!("chocolatechip=c{}", sessions.load(Ordering::Relaxed));
        if received.header("cookie") != Some(&cookie)
            || used.fetch_add(1, Ordering::Relaxed) >= queries_per_session
        {
            return answer("401 Unauthorized", &[], b"{\"error\":\"You must be logged in\"}");
        }
        let number = asked.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
        answer("200 OK", &["content-type: application/json"], answers[number].as_bytes())
    })
    .await
}

fn messages(server: &HttpServer, password: &str) -> FeedSettings {
    FeedSettings {
        space_track: Some(("me@example.com".to_owned(), password.to_owned())),
        ..feed(FeedKind::Cdms, server.url(&format!("{CLASS}{{since}}/format/json")))
    }
}

fn lines(server: &HttpServer) -> Vec<String> {
    server.received().iter().map(|received| received.line().to_owned()).collect()
}

async fn created(parts: &Parts) -> Vec<String> {
    let all = (Timestamp::MIN, "2100-01-01T00:00:00Z".parse().unwrap());
    let known = parts.store.known_cdms(&TenantId::local(), all).await.unwrap();
    let mut created: Vec<String> = known.iter().map(|known| known.created.to_string()).collect();
    created.sort();
    created
}

fn received(payloads: &[Payload]) -> usize {
    payloads.iter().filter(|payload| matches!(payload, Payload::CdmReceived { .. })).count()
}

#[tokio::test]
async fn messages_are_asked_for_from_the_newest_on_and_each_counts_once() {
    let first = ["2025-12-30 07:00:00.000000", "2026-01-01 09:30:00.000000"];
    let second = [first[1], "2026-01-02 04:00:00.000000"];
    let answers = vec![rows(&first), rows(&first), "[]".to_owned(), rows(&second)];
    let server = space_track(100, answers).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let feed = messages(&server, "hunter2");
    let poller = parts.poller(&feed);
    let poll = async || {
        poller.poll_once("feed").await.unwrap();
        parts.clock.forward(SignedDuration::from_hours(2));
    };

    poll().await;
    let taken = ["2025-12-30T07:00:00Z", "2026-01-01T09:30:00Z"];
    assert_eq!(created(&parts).await, taken);
    let status = parts.feed_status().await;
    assert_eq!((status.records, status.newest), (Some(2), Some(taken[1].parse().unwrap())));
    let events = parts.new_payloads().await;
    assert_eq!(received(&events), 2, "{events:?}");
    let (files, changed) = (parts.files(), status.changed);
    assert_eq!(parts.store.uploads(&TenantId::local(), None, 10).await.unwrap().rows.len(), 1);

    // The same again, and nothing: neither writes anything but the feed's own status.
    for _ in 0..2 {
        poll().await;
        assert_eq!(created(&parts).await, taken);
        let events = parts.new_payloads().await;
        assert!(events.iter().all(|event| matches!(event, Payload::FeedAsked { problem: None, .. })));
        assert_eq!((parts.files(), parts.feed_status().await.changed), (files, changed));
    }
    poll().await;
    assert_eq!(created(&parts).await, [taken[0], taken[1], "2026-01-02T04:00:00Z"]);
    assert_eq!(received(&parts.new_payloads().await), 1);

    // Without anything known, a week back; then from the day before the newest one's. One session for all.
    let query = |day: &str| format!("GET {CLASS}{day}/format/json");
    let (week_ago, day_before) = (query("2025-12-26"), query("2025-12-31"));
    assert_eq!(lines(&server), [LOGIN, &week_ago, &day_before, &day_before, &day_before]);
    let cookies: Vec<_> =
        server.received()[1..].iter().map(|one| one.header("cookie").unwrap().to_owned()).collect();
    assert!(cookies.iter().all(|cookie| cookie == "chocolatechip=c1"), "{cookies:?}");
}

#[tokio::test]
async fn a_session_that_ends_between_two_polls_is_begun_anew() {
    let server = space_track(1, vec![rows(&["2026-01-01 09:30:00"]), "[]".to_owned()]).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let poller = parts.poller(&messages(&server, "hunter2"));
    for _ in 0..2 {
        poller.poll_once("feed").await.unwrap();
        parts.clock.forward(SignedDuration::from_hours(2));
    }
    assert_eq!(lines(&server).iter().filter(|line| *line == LOGIN).count(), 2);
    assert_eq!((created(&parts).await.len(), parts.feed_status().await.failures), (1, 0));
}

#[tokio::test]
async fn a_refused_password_is_alerted_at_once_and_not_tried_again_until_it_is_changed() {
    let server = space_track(100, vec![rows(&["2026-01-01 09:30:00"])]).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let wrong = messages(&server, "hunter3");
    let watch = parts.watch(&wrong);
    let error = parts.poller(&wrong).poll_once("feed").await.unwrap_err();
    assert!(error.permanent && error.reason.contains("sign-in was refused"), "{error}");
    let alerted = parts.alerted(&watch).await;
    assert!(
        alerted.len() == 1 && alerted[0].contains("not asked any more until its settings change"),
        "{alerted:?}"
    );
    assert!(!alerted[0].contains("hunter3"), "{alerted:?}");
    drop(parts);

    // Neither later nor by the next process.
    let parts = Parts::on(&folder).await;
    parts.clock.forward(SignedDuration::from_hours(24 * 30));
    let error = parts.poller(&wrong).poll_once("feed").await.unwrap_err();
    assert!(error.reason.contains("not asked until its settings change"), "{error}");
    assert_eq!(lines(&server), [LOGIN]);
    assert_eq!(parts.feed_status().await.failures, 1);

    parts.poller(&messages(&server, "hunter2")).poll_once("feed").await.unwrap();
    assert_eq!(created(&parts).await.len(), 1);
    assert!(!parts.feed_status().await.stopped);
    assert_eq!(parts.alerted(&watch).await, [""; 0]);
    let rows = serde_json::to_string(&parts.feed_status().await.settings).unwrap();
    assert!(!rows.contains("hunter2"), "{rows}");
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_named_and_stops_no_other() {
    let good = rows(&["2026-01-01 09:30:00"]);
    let bad = good.replace("\"715\"", "\"near\"");
    let mixed = format!("{},{}", good.trim_end_matches(']'), bad.trim_start_matches('['));
    let server = space_track(100, vec![mixed, bad]).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let poller = parts.poller(&messages(&server, "hunter2"));
    poller.poll_once("feed").await.unwrap();
    assert_eq!(created(&parts).await, ["2026-01-01T09:30:00Z"]);
    let uploads = parts.store.uploads(&TenantId::local(), None, 10).await.unwrap().rows;
    assert_eq!((uploads.len(), uploads[0].records, uploads[0].by.as_str()), (1, 1, "feed"));
    assert!(uploads[0].problems.len() == 1 && uploads[0].problems[0].contains("MIN_RNG"), "{uploads:?}");

    let files = parts.files();
    parts.clock.forward(SignedDuration::from_hours(2));
    let error = poller.poll_once("feed").await.unwrap_err();
    assert!(error.reason.contains("none of 1 messages can be read"), "{error}");
    assert_eq!(parts.files(), files, "nothing is kept of a delivery that is refused");
}

#[tokio::test]
async fn requests_are_counted_beyond_the_end_of_a_process() {
    let server = space_track(100, vec!["[]".to_owned()]).await;
    let folder = tempfile::tempdir().unwrap();
    let settings = HttpFeedSettings { space_track_per_hour: 3, ..feed_client() };
    let space_track = Some(("me@example.com".to_owned(), "hunter2".to_owned()));
    let url = server.url(CLASS);
    let request = FeedRequest { url, space_track, limit_bytes: 1 << 20, ..FeedRequest::default() };
    let client = async || {
        let parts = Parts::on(&folder).await;
        HttpFeedClient::counting_in(&settings, parts.store.clone()).unwrap()
    };
    // A sign-in and a query; the process after it may still sign in.
    client().await.fetch(&request).await.unwrap();
    let error = client().await.fetch(&request).await.unwrap_err();
    assert!(!error.permanent && error.reason.contains("3 requests in 3600 s"), "{error}");
    let wait_s = error.retry_after.unwrap().as_secs();
    assert!((3_000..=3_600).contains(&wait_s), "{wait_s}");
    let error = client().await.fetch(&request).await.unwrap_err();
    assert!(error.reason.contains("3 requests in 3600 s"), "{error}");
    assert_eq!(lines(&server), [LOGIN, &format!("GET {CLASS}"), LOGIN]);
}

#[tokio::test]
async fn element_sets_of_an_account_are_taken_within_its_session_and_half_of_them_changes_nothing() {
    let whole = gp(40);
    let too_often = "{\"error\":\"You've violated your query rate limit.\"}";
    let page = "<!DOCTYPE html><html><body>Down for maintenance</body></html>";
    let answers = vec![
        whole.clone(),
        whole[..whole.len() / 2].to_owned(),
        gp(19),
        too_often.to_owned(),
        page.to_owned(),
        "[]".to_owned(),
        gp(41),
    ];
    // Each session ends after two queries: it is begun anew within a poll, and nobody notices.
    let server = space_track(2, answers).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let feed = FeedSettings {
        space_track: Some(("me@example.com".to_owned(), "hunter2".to_owned())),
        ..feed(FeedKind::ElementSets { grade: Grade::Gp }, server.url(GP))
    };
    let poller = parts.poller(&feed);
    poller.poll_once("feed").await.unwrap();
    let first = parts.clock.now();
    let in_use = async || parts.store.catalog_as_of(&TenantId::public(), parts.clock.now()).await.unwrap();
    let good = in_use().await;
    assert_eq!(good.len(), 40);
    for set in &good {
        assert_eq!((set.source.as_str(), set.grade, set.arrived), ("feed", Grade::Gp, first));
        assert_eq!(set.name, Some(format!("TEST-{}", set.object.get())));
        let mean_motion = 15.0 + f64::from(set.object.get()) / 1e4;
        assert!((set.elements.mean_motion_rev_day - mean_motion).abs() < 1e-9, "{set:?}");
    }
    let files = parts.files();
    for (failures, reason) in [
        (1, "EOF while parsing"),
        (2, "19 records, fewer than half of the 40"),
        (3, "not a message in a known notation"),
        (4, "a page for people (HTML)"),
        (5, "not a message in a known notation"),
    ] {
        parts.clock.forward(SignedDuration::from_hours(48));
        let error = poller.poll_once("feed").await.unwrap_err();
        assert!(error.reason.contains(reason), "{reason}: {error}");
        let status = parts.feed_status().await;
        assert_eq!((status.failures, status.records, status.confirmed), (failures, Some(40), Some(first)));
        assert_eq!(status.problem.as_deref(), Some(error.reason.as_str()));
        assert!(!status.stopped, "{reason}: the password is good");
        assert_eq!((in_use().await, parts.files()), (good.clone(), files), "{reason}");
    }
    parts.clock.forward(SignedDuration::from_hours(48));
    poller.poll_once("feed").await.unwrap();
    let status = parts.feed_status().await;
    assert_eq!((status.failures, status.problem, status.records), (0, None, Some(41)));
    assert_eq!(in_use().await.len(), 41);

    let query = format!("GET {GP}");
    let (first_session, others) = ([LOGIN, &query, &query], [&query, LOGIN, &query, &query]);
    assert_eq!(lines(&server), [&first_session[..], &others, &others, &[&query, LOGIN, &query]].concat());
}
