//! Silence is an alarm, and ends when there is something to hear again.

use std::sync::Arc;
use std::time::Duration;

use astroshield_adapters::http::{HttpFeedClient, HttpFeedSettings};
use astroshield_domain::alert::Subject;
use astroshield_domain::feeds::FeedKind;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::Clock as _;
use astroshield_domain::screening::RunKind;
use astroshield_domain::silence::{SilenceSettings, SilenceWatch};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::http_server::{HttpServer, answer};
use crate::parts::{Parts, catalog, feed, feed_client};

/// A watch as it begins with each process.
fn watch(parts: &Parts, of_the_past: bool) -> SilenceWatch {
    let settings = SilenceSettings {
        no_screening_after: Duration::from_secs(6 * 3600),
        stale_catalog_after: Duration::from_secs(12 * 3600),
        of_the_past,
        heartbeat_url: None,
        heartbeat_interval: Duration::from_secs(60),
    };
    let client = Arc::new(HttpFeedClient::new(&HttpFeedSettings::default()).unwrap());
    SilenceWatch::new(settings, Vec::new(), parts.store.clone(), parts.clock.clone(), client)
}

/// What is alerted after a look, by subject.
async fn alerted(parts: &Parts, watch: &SilenceWatch) -> Vec<(String, String)> {
    watch.look().await.unwrap();
    let unresolved = parts.store.unresolved_alerts(&TenantId::local()).await.unwrap();
    let mut alerted: Vec<_> =
        unresolved.into_iter().map(|alert| (alert.subject.key(), alert.summary)).collect();
    alerted.sort();
    alerted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_catalog_and_no_screening_are_alerted_once_and_resolved_when_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let watch = watch(&parts, true);
    let subjects = async || {
        let alerted = alerted(&parts, &watch).await;
        alerted.into_iter().map(|(subject, _)| subject).collect::<Vec<_>>()
    };
    let [no_screening, stale] = [Subject::NoScreening.key(), Subject::StaleCatalog.key()];
    assert!(subjects().await.is_empty());
    parts.clock.forward(SignedDuration::from_hours(7));
    assert_eq!(subjects().await, std::slice::from_ref(&no_screening));
    parts.clock.forward(SignedDuration::from_hours(7));
    assert_eq!(subjects().await, [no_screening.clone(), stale]);
    parts.ingest(catalog(20)).await;
    assert_eq!(subjects().await, [no_screening]);
    let shutdown = CancellationToken::new();
    let run = parts.runner(1).run_once(&TenantId::public(), RunKind::Catalog, &[], &shutdown).await;
    run.unwrap().unwrap();
    assert!(subjects().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_started_again_and_again_does_not_put_the_alarm_off() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    parts.ingest(catalog(20)).await;
    assert_eq!(alerted(&parts, &watch(&parts, true)).await, []);
    // Nobody is there for a day, and then a supervisor starts what fails after five minutes.
    parts.clock.forward(SignedDuration::from_hours(24));
    for _ in 0..3 {
        let process = watch(&parts, true);
        assert_eq!(alerted(&parts, &process).await, [], "there is a quarter of an hour to catch up");
        parts.clock.forward(SignedDuration::from_mins(5));
        assert_eq!(alerted(&parts, &process).await, []);
    }
    parts.clock.forward(SignedDuration::from_mins(1));
    let alerted: Vec<_> =
        alerted(&parts, &watch(&parts, true)).await.into_iter().map(|(_, says)| says).collect();
    assert_eq!(alerted, ["no screening has completed for 24.3 h", "no element set has arrived for 24.3 h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_data_that_arrive_anew_are_a_stale_catalog_unless_the_past_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let (of_today, of_the_past) = (watch(&parts, false), watch(&parts, true));
    alerted(&parts, &of_today).await;
    parts.clock.forward(SignedDuration::from_hours(48));
    parts.ingest(catalog(20)).await;
    let stale = async |watch| {
        let alerted = alerted(&parts, watch).await;
        alerted.into_iter().find(|(subject, _)| *subject == Subject::StaleCatalog.key())
    };
    let (_, summary) = stale(&of_today).await.unwrap();
    assert!(summary.starts_with("the newest element sets of the catalog are of "), "{summary}");
    assert_eq!(stale(&of_the_past).await, None, "and the alert is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_is_new_in_an_old_store_has_time_to_be_asked() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    parts.ingest(catalog(20)).await;
    let old = watch(&parts, true);
    for _ in 0..2 {
        alerted(&parts, &old).await;
        parts.clock.forward(SignedDuration::from_hours(1_000));
    }
    alerted(&parts, &old).await;
    // The service is started again with one feed more.
    let new = parts.watch(&feed(FeedKind::Satcat, "https://example.org/satcat".to_owned()));
    let of_feed = async || {
        let alerted = alerted(&parts, &new).await;
        alerted.into_iter().any(|(_, summary)| summary.starts_with("feed "))
    };
    assert!(!of_feed().await, "nobody has asked it yet");
    parts.clock.forward(SignedDuration::from_mins(16));
    assert!(of_feed().await, "nobody asks it");
}

/// A watch that beats, and may go for six hours without a screening.
fn beating(parts: &Parts, server: &HttpServer) -> SilenceWatch {
    let settings = SilenceSettings {
        no_screening_after: Duration::from_secs(6 * 3600),
        stale_catalog_after: Duration::from_secs(12 * 3600),
        of_the_past: false,
        heartbeat_url: Some(server.url("/ping/f00")),
        heartbeat_interval: Duration::from_secs(1),
    };
    let client = Arc::new(HttpFeedClient::new(&feed_client()).unwrap());
    SilenceWatch::new(settings, Vec::new(), parts.store.clone(), parts.clock.clone(), client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_heartbeat_stops_with_the_screenings_and_comes_back_with_them() {
    let server = HttpServer::saying(vec![answer("200 OK", &[], b"OK")]).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    parts.ingest(catalog(20)).await;
    let watch = beating(&parts, &server);
    let beats = async || {
        watch.beat().await;
        server.received().len()
    };
    assert_eq!(beats().await, 1);
    assert_eq!(server.received()[0].line(), "GET /ping/f00");
    parts.clock.forward(SignedDuration::from_hours(6));
    assert_eq!(beats().await, 2);
    parts.clock.forward(SignedDuration::from_secs(1));
    assert_eq!(beats().await, 2, "nothing was screened");
    let shutdown = CancellationToken::new();
    let run = parts.runner(1).run_once(&TenantId::public(), RunKind::Catalog, &[], &shutdown).await;
    run.unwrap().unwrap();
    assert_eq!(beats().await, 3);
    parts.close_store().await;
    assert_eq!(beats().await, 3, "the store does not answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_heart_beats_while_the_watch_runs_whatever_the_monitor_answers() {
    let server =
        HttpServer::saying(vec![answer("500 Internal Server Error", &[], b""), answer("200 OK", &[], b"")])
            .await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let (watch, shutdown) = (beating(&parts, &server), CancellationToken::new());
    let stop = shutdown.clone();
    let running = tokio::spawn(async move { watch.run(stop).await });
    // Ends only when there is a second beat after one that failed.
    while server.received().len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    shutdown.cancel();
    running.await.unwrap();
    let beats = server.received().len();
    assert_eq!(server.connections(), beats);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_lives_for_seconds_has_noted_that_it_watched() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let seen = async || parts.store.watched().await.unwrap().map(|watched| watched.seen);
    let process = watch(&parts, true);
    let shutdown = CancellationToken::new();
    let watching = async {
        process.run(shutdown.clone()).await;
    };
    let living = async {
        // Far less than the half minute from look to look of a process that stays.
        for _ in 0..2 {
            let now = parts.clock.now();
            let noted = async {
                while seen().await != Some(now) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(15), noted).await.unwrap();
            parts.clock.forward(SignedDuration::from_secs(5));
        }
        shutdown.cancel();
    };
    tokio::join!(watching, living);
}
