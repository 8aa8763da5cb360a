//! What servers send instead of data, through the client and the poller, on a store that stays.

use std::io::Write as _;
use std::time::Duration;

use astroshield_domain::catalog::{Grade, ObjectKind, ObjectQuery, SpaceObject};
use astroshield_domain::event::{Payload, Topic};
use astroshield_domain::feeds::{FeedKind, FeedSettings};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::Clock as _;
use astroshield_domain::runs::RunSettings;
use astroshield_domain::screening::RunState;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::http_server::{Answer, HttpServer, answer, head};
use crate::parts::{Parts, catalog, feed};

const GP: FeedKind = FeedKind::ElementSets { grade: Grade::Gp };

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn ok(bytes: &[u8]) -> Answer {
    answer("200 OK", &["content-type: text/csv"], bytes)
}

fn ok_packed(bytes: &[u8]) -> Answer {
    answer("200 OK", &["content-type: text/csv", "content-encoding: gzip"], bytes)
}

/// Far enough for any wait after failures.
fn two_days() -> SignedDuration {
    SignedDuration::from_hours(48)
}

/// A catalog with a million records.
fn a_million() -> Vec<u8> {
    let whole = catalog(1);
    let (header, record) = whole.split_once('\n').unwrap();
    format!("{header}\n{}", record.repeat(1_000_000)).into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_instead_of_data_is_refused_shown_and_alerted_and_the_last_good_data_stays_in_use() {
    let whole = catalog(80).replace("15.0", "15.1").into_bytes();
    let half = &whole[..whole.len() / 2];
    let gzip = packed(&whole);
    let cut_off = [head("200 OK", &["content-type: text/csv"], Some(whole.len())), half.to_vec()].concat();
    let html = b"<!DOCTYPE html><html><body>Please come back later</body></html>";
    let cases: [(&str, Answer, &str); 13] = [
        ("half of the promised bytes", Answer::Bytes(cut_off), "error decoding response body"),
        ("half of a packed file", ok_packed(&gzip[..gzip.len() / 2]), "damaged gzip"),
        ("half of a file that seems whole", ok(half), "midst of a record"),
        ("a page", answer("200 OK", &["content-type: text/html"], html), "a page for people (HTML)"),
        ("a page that is called data", ok(html), "a page for people (HTML)"),
        ("nothing", ok(b""), "is empty"),
        ("a sentence", ok(b"No GP data found"), "not a message"),
        ("a million records", ok_packed(&packed(&a_million())), "at most 300000 are taken"),
        ("a bomb", ok_packed(&packed(&vec![b' '; 257 << 20])), "more than the limit of 268435456 bytes"),
        ("an unasked not-modified", answer("304 Not Modified", &[], b""), "without a condition"),
        ("a refusal", answer("403 Forbidden", &[], b"too often"), "403 Forbidden: too often"),
        ("an error", answer("500 Internal Server Error", &[], b""), "500 Internal Server Error"),
        ("a circle of redirects", answer("302 Found", &["location: /gp"], b""), "more than 5 redirects"),
    ];
    let redirects = 5;
    let mut answers = vec![ok(catalog(40).as_bytes())];
    answers.extend(cases.iter().map(|(_, answer, _)| answer.clone()));
    answers.extend(vec![cases[12].1.clone(); redirects]);
    answers.push(ok(&whole));
    let server = HttpServer::saying(answers).await;

    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let feed = feed(GP, server.url("/gp"));
    let (poller, watch) = (parts.poller(&feed), parts.watch(&feed));
    poller.poll_once("feed").await.unwrap();
    let in_use = async || parts.store.catalog_as_of(&TenantId::public(), parts.clock.now()).await.unwrap();
    let (good, files) = (in_use().await, parts.files());
    let confirmed = parts.feed_status().await.confirmed;
    assert_eq!((good.len(), parts.alerted(&watch).await.len()), (40, 0));
    parts.new_payloads().await;
    for (failures, (case, _, reason)) in (1..).zip(&cases) {
        parts.clock.forward(two_days());
        let error = poller.poll_once("feed").await.unwrap_err();
        assert!(error.reason.contains(reason), "{case}: {error}");
        let status = parts.feed_status().await;
        assert_eq!(
            (status.failures, status.records, status.confirmed),
            (failures, Some(40), confirmed),
            "{case}"
        );
        assert_eq!(status.problem.as_deref(), Some(error.reason.as_str()), "{case}");
        assert_eq!(in_use().await, good, "{case}");
        assert_eq!(parts.files(), files, "{case}: nothing of it is kept");
        let events = parts.new_payloads().await;
        assert!(events.iter().all(|event| matches!(event, Payload::FeedAsked { .. })), "{case}: {events:?}");
    }
    let alerted = parts.alerted(&watch).await;
    assert!(alerted.len() == 1 && alerted[0].contains("failed 13 times: "), "{alerted:?}");

    parts.clock.forward(two_days());
    poller.poll_once("feed").await.unwrap();
    let status = parts.feed_status().await;
    assert_eq!((status.failures, status.problem, status.records), (0, None, Some(80)));
    assert_eq!(parts.alerted(&watch).await, [""; 0]);
    assert_eq!(in_use().await.len(), 80);
}

#[tokio::test]
async fn a_server_that_wants_patience_gets_it() {
    for (status, retry_after_h) in [("429 Too Many Requests", 20), ("503 Service Unavailable", 5)] {
        let retry_after = format!("retry-after: {}", retry_after_h * 3600);
        let server = HttpServer::saying(vec![answer(status, &[&retry_after], b"")]).await;
        let folder = tempfile::tempdir().unwrap();
        let parts = Parts::on(&folder).await;
        let poller = parts.poller(&feed(GP, server.url("/gp")));
        let error = poller.poll_once("feed").await.unwrap_err();
        assert!(error.reason.contains(status), "{error}");
        let not_before = parts.feed_status().await.not_before.unwrap();
        assert!(not_before >= parts.clock.now() + SignedDuration::from_hours(retry_after_h), "{not_before}");
        parts.clock.forward(SignedDuration::from_hours(retry_after_h) - SignedDuration::from_secs(1));
        let early = poller.poll_once("feed").await.unwrap_err();
        assert!(early.reason.contains("not to be asked before"), "{early}");
        assert_eq!(server.connections(), 1);
        parts.clock.forward(SignedDuration::from_secs(1));
        poller.poll_once("feed").await.unwrap_err();
        assert_eq!(server.connections(), 2);
    }
}

#[tokio::test]
async fn not_modified_confirms_what_is_there() {
    let tagged = answer("200 OK", &["etag: \"1\""], catalog(4).as_bytes());
    let server = HttpServer::saying(vec![tagged, answer("304 Not Modified", &[], b"")]).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let poller = parts.poller(&feed(GP, server.url("/gp")));
    poller.poll_once("feed").await.unwrap();
    let (before, files) = (parts.feed_status().await, parts.files());
    parts.clock.forward(SignedDuration::from_hours(2));
    poller.poll_once("feed").await.unwrap();
    assert_eq!(server.received()[1].header("if-none-match"), Some("\"1\""));
    let after = parts.feed_status().await;
    assert_eq!(after.confirmed, Some(parts.clock.now()));
    assert_eq!((after.changed, after.records, after.etag), (before.changed, Some(4), before.etag));
    assert_eq!(parts.files(), files);
}

fn stored(payloads: &[Payload]) -> usize {
    payloads.iter().filter(|payload| matches!(payload, Payload::ElementSetsStored { .. })).count()
}

#[tokio::test]
async fn yesterdays_data_again_writes_nothing_begins_no_run_and_is_stale_at_last() {
    let server = HttpServer::saying(vec![ok(catalog(40).as_bytes())]).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let feed = feed(GP, server.url("/gp"));
    let (poller, watch) = (parts.poller(&feed), parts.watch(&feed));
    poller.poll_once("feed").await.unwrap();
    let first = parts.clock.now();
    let sets = async || {
        let sets = parts.store.catalog_as_of(&TenantId::public(), parts.clock.now()).await.unwrap();
        sets.iter().map(|set| (set.object, set.arrived, set.ingest)).collect::<Vec<_>>()
    };
    let (good, files) = (sets().await, parts.files());
    // What a run would begin with.
    assert_eq!(stored(&parts.new_payloads().await), 1);
    for hours in 1..=12 {
        parts.clock.forward(SignedDuration::from_hours(1));
        poller.poll_once("feed").await.unwrap();
        assert_eq!((sets().await == good, parts.files()), (true, files), "{hours} h");
        assert_eq!(stored(&parts.new_payloads().await), 0, "{hours} h");
        assert_eq!(parts.alerted(&watch).await, [""; 0], "{hours} h");
    }
    let status = parts.feed_status().await;
    assert_eq!((status.confirmed, status.changed), (Some(parts.clock.now()), Some(first)));
    parts.clock.forward(SignedDuration::from_hours(1));
    poller.poll_once("feed").await.unwrap();
    let alerted = parts.alerted(&watch).await;
    assert_eq!(alerted, ["feed feed has sent nothing new for 13.0 h"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_data_than_is_known_is_kept_begins_no_run_and_is_nothing_new() {
    let older = catalog(40).replace("2026-01-02T00", "2026-01-01T00");
    let server = HttpServer::saying(vec![ok(catalog(40).as_bytes()), ok(older.as_bytes())]).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let feed = feed(GP, server.url("/gp"));
    let (poller, watch) = (parts.poller(&feed), parts.watch(&feed));
    let shutdown = CancellationToken::new();
    let relay = parts.relay(&shutdown);
    let settings = RunSettings { interval: Duration::from_secs(1_000 * 3600), ..Parts::run_settings(2) };
    let running = {
        let (runner, shutdown) = (parts.runner_with(settings), shutdown.clone());
        tokio::spawn(async move { runner.run(shutdown).await })
    };
    let runs = async || {
        let runs = parts.store.runs(&TenantId::public(), None, 10).await.unwrap().rows;
        runs.iter().map(|run| run.state).collect::<Vec<_>>()
    };
    poller.poll_once("feed").await.unwrap();
    let told = async || parts.store.events_after(0, &[Topic::Catalog], 10).await.unwrap();
    let heard_of = async |count: usize| {
        let heard = parts.store.consumer_position("runs").await.unwrap();
        let told = told().await;
        told.len() == count && told.iter().all(|event| event.position <= heard)
    };
    // One by the event, and perhaps one before it, as there is a catalog and no run.
    eventually("the first is screened", async || {
        heard_of(1).await && runs().await.iter().all(|state| *state == RunState::Completed)
    })
    .await;
    let before = runs().await;
    let first = parts.clock.now();
    assert_eq!(parts.alerted(&watch).await, [""; 0]);
    parts.clock.forward(SignedDuration::from_hours(13));
    poller.poll_once("feed").await.unwrap();
    let set = parts.store.catalog_as_of(&TenantId::public(), parts.clock.now()).await.unwrap();
    assert!(set.iter().all(|set| set.arrived == first), "the newer ones stay current");
    eventually("the runner has heard of both", async || heard_of(2).await).await;
    assert_eq!(runs().await, before);
    let status = parts.feed_status().await;
    assert_eq!((status.confirmed, status.changed), (Some(parts.clock.now()), Some(first)));
    assert_eq!(parts.alerted(&watch).await, ["feed feed has sent nothing new for 13.0 h"]);
    shutdown.cancel();
    running.await.unwrap();
    relay.await.unwrap();
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), waiting).await.is_ok(), "{what}");
}

#[tokio::test]
async fn a_feed_that_is_set_up_anew_begins_anew() {
    let tagged = answer("200 OK", &["etag: \"1\""], catalog(40).as_bytes());
    let server = HttpServer::saying(vec![tagged, ok(catalog(3).as_bytes())]).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    parts.poller(&feed(GP, server.url("/all"))).poll_once("feed").await.unwrap();
    let changed = parts.feed_status().await.changed;
    // Another address is another source: neither its wait nor its tags nor its size are those of the first.
    let other = parts.poller(&feed(GP, server.url("/few")));
    other.poll_once("feed").await.unwrap();
    assert_eq!(server.received()[1].header("if-none-match"), None);
    let status = parts.feed_status().await;
    assert_eq!((status.records, status.changed), (Some(3), changed), "those three were known");
    let error = other.poll_once("feed").await.unwrap_err();
    assert!(error.reason.contains("not to be asked before"), "{error}");
}

#[tokio::test]
async fn a_clock_that_was_ahead_silences_no_feed() {
    let server = HttpServer::saying(vec![ok(catalog(4).as_bytes())]).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let feed = feed(GP, server.url("/gp"));
    let years = SignedDuration::from_hours(4 * 365 * 24);
    parts.clock.forward(years);
    parts.poller(&feed).poll_once("feed").await.unwrap();
    parts.clock.forward(-years);
    parts.poller(&feed).poll_once("feed").await.unwrap();
    assert_eq!(server.connections(), 2);
    let not_before = parts.feed_status().await.not_before.unwrap();
    assert_eq!(not_before, parts.clock.now() + SignedDuration::from_hours(1));
}

const SPACE_WEATHER: &str = include_str!("../../../formats/tests/table_samples/space_weather.csv");
const EARTH_ORIENTATION: &str = include_str!("../../../formats/tests/table_samples/earth_orientation.csv");

fn of_days(kind: FeedKind, server: &HttpServer) -> FeedSettings {
    feed(kind, server.url("/SpaceData/table.csv"))
}

#[tokio::test]
async fn space_weather_is_kept_by_day_and_garbage_changes_none_of_it() {
    let corrected = SPACE_WEATHER.replace(",101,150.5,", ",103,150.5,");
    let faulty = SPACE_WEATHER.replace("OBS,148.1", "???,148.1");
    let answers = [SPACE_WEATHER, SPACE_WEATHER, EARTH_ORIENTATION, &faulty, "DATE,X\n", &corrected];
    let server = HttpServer::saying(answers.iter().map(|text| ok(text.as_bytes())).collect()).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let feed = of_days(FeedKind::SpaceWeather, &server);
    let (poller, watch) = (parts.poller(&feed), parts.watch(&feed));
    let (from, to) = (jiff::civil::date(2026, 1, 1), jiff::civil::date(2026, 12, 31));
    let known = async || parts.store.space_weather(from, to).await.unwrap();

    poller.poll_once("feed").await.unwrap();
    let good = known().await;
    let first = parts.clock.now();
    assert_eq!((good.days.len(), good.days[0].source.as_str()), (4, "feed"));
    parts.clock.forward(SignedDuration::from_hours(7));
    poller.poll_once("feed").await.unwrap();
    let status = parts.feed_status().await;
    assert_eq!((status.records, status.changed, status.failures), (Some(4), Some(first), 0));
    for reason in
        ["BSRN: mandatory", "F10.7_DATA_TYPE: \"???\" is not one of OBS, INT, PRD, PRM", "BSRN: mandatory"]
    {
        parts.clock.forward(two_days());
        let error = poller.poll_once("feed").await.unwrap_err();
        assert!(error.reason.contains(reason), "{error}");
        assert_eq!(known().await, good);
    }
    let alerted = parts.alerted(&watch).await;
    assert!(alerted.len() == 1 && alerted[0].contains("failed 3 times"), "{alerted:?}");
    parts.clock.forward(two_days());
    poller.poll_once("feed").await.unwrap();
    let found = known().await;
    assert_eq!(found.days[1..], good.days[1..]);
    assert_eq!(found.days[0].value.sunspot_number, Some(103));
    assert_eq!(parts.alerted(&watch).await, [""; 0]);
}

#[tokio::test]
async fn earth_orientation_is_kept_by_day_and_says_how_far_it_was_observed() {
    let server = HttpServer::saying(vec![ok(EARTH_ORIENTATION.as_bytes())]).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let feed = of_days(FeedKind::EarthOrientation, &server);
    parts.poller(&feed).poll_once("feed").await.unwrap();
    drop(parts);
    // After a restart it is there still.
    let parts = Parts::on(&folder).await;
    let day = |month, day| jiff::civil::date(if month == 1 { 2017 } else { 2016 }, month, day);
    let found = parts.store.earth_orientation(day(12, 30), day(1, 2)).await.unwrap();
    assert_eq!((found.days.len(), found.last_observed, found.last), (4, Some(day(1, 1)), Some(day(1, 2))));
    let watch = parts.watch(&feed);
    assert_eq!(parts.alerted(&watch).await, [""; 0]);
    parts.clock.forward(SignedDuration::from_hours(13));
    let alerted = parts.alerted(&watch).await;
    assert_eq!(alerted, ["feed feed has sent nothing new for 13.0 h"]);
    assert_eq!(feed.stale_after, Duration::from_secs(12 * 3600));
}

#[tokio::test]
async fn supplemental_element_sets_keep_their_grade_and_source_and_outlast_what_is_no_data() {
    let fitted =
        catalog(20).replace("2025-001A,2026-01-02T00:00:00,15.0", "2025-001A,2026-01-02T00:00:00,15.1");
    let page = answer("200 OK", &["content-type: text/html"], b"<!DOCTYPE html><p>Too often</p>");
    let server = HttpServer::saying(vec![
        ok(fitted.as_bytes()),
        ok(&fitted.as_bytes()[..fitted.len() / 2]),
        page,
        ok(fitted.as_bytes()),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let kind = FeedKind::ElementSets { grade: Grade::SupplementalGp };
    let feed = FeedSettings { name: "sup".to_owned(), ..feed(kind, server.url("/sup-gp.php?FILE=x")) };
    let poller = parts.poller(&feed);
    // Of the same epochs as those of the operators.
    parts.ingest(catalog(40)).await;
    poller.poll_once("sup").await.unwrap();
    let first = parts.clock.now();
    let in_use = async || {
        let sets = parts.store.catalog_as_of(&TenantId::public(), parts.clock.now()).await.unwrap();
        sets.into_iter()
            .map(|set| (set.object.get(), set.source, set.grade, set.elements.mean_motion_rev_day))
            .collect::<Vec<_>>()
    };
    let good = in_use().await;
    assert_eq!(good.len(), 40);
    for (number, source, grade, mean_motion) in &good {
        let expected = if *number <= 20 {
            ("sup", Grade::SupplementalGp, 15.1 + f64::from(*number) / 1e4)
        } else {
            ("test", Grade::Gp, 15.0 + f64::from(*number) / 1e4)
        };
        assert_eq!((source.as_str(), *grade), (expected.0, expected.1), "{number}");
        assert!((mean_motion - expected.2).abs() < 1e-9, "{number}: {mean_motion}");
    }
    let status = parts.feed_status().await;
    assert_eq!((status.records, status.confirmed, status.changed), (Some(20), Some(first), Some(first)));

    for (failures, reason) in [(1, "midst of a record"), (2, "a page for people (HTML)")] {
        parts.clock.forward(two_days());
        let error = poller.poll_once("sup").await.unwrap_err();
        assert!(error.reason.contains(reason), "{error}");
        let status = parts.feed_status().await;
        assert_eq!((status.failures, status.confirmed), (failures, Some(first)));
        assert_eq!(status.problem.as_deref(), Some(error.reason.as_str()));
        assert_eq!(in_use().await, good);
    }
    parts.clock.forward(two_days());
    poller.poll_once("sup").await.unwrap();
    let status = parts.feed_status().await;
    assert_eq!((status.failures, status.problem), (0, None));
    assert_eq!((status.confirmed, status.changed), (Some(parts.clock.now()), Some(first)));
    // What everybody gets of the same epoch, fitted anew, is not as good.
    parts.ingest(catalog(40).replace(",15.0", ",15.2")).await;
    let of_operators = |sets: &[(u32, String, Grade, f64)]| sets[..20].to_vec();
    assert_eq!(of_operators(&in_use().await), of_operators(&good));
}

const SATCAT_HEADER: &str = "OBJECT_NAME,OBJECT_ID,NORAD_CAT_ID,OBJECT_TYPE,OPS_STATUS_CODE,OWNER,LAUNCH_DATE,\
                             LAUNCH_SITE,DECAY_DATE,PERIOD,INCLINATION,APOGEE,PERIGEE,RCS,DATA_STATUS_CODE,\
                             ORBIT_CENTER,ORBIT_TYPE\n";

/// A SATCAT of so many objects, whose names end like this.
fn satcat(objects: u32, suffix: &str) -> String {
    let row = |number: u32| {
        format!(
            "THING {number}{suffix},2025-001A,{number},PAY,+,US,2025-01-01,AFETR,,92.9,51.6,421,413,3.5,,EA,ORB\n"
        )
    };
    (1..=objects).map(row).fold(SATCAT_HEADER.to_owned(), |text, row| text + &row)
}

async fn objects(parts: &Parts) -> Vec<SpaceObject> {
    let query = ObjectQuery { limit: 1_000, ..ObjectQuery::default() };
    parts.store.objects(&TenantId::public(), &query).await.unwrap().rows
}

#[tokio::test]
async fn what_is_sent_instead_of_a_satcat_is_refused_and_shown_and_the_last_good_one_stays_in_use() {
    let whole = satcat(40, " NEW");
    let in_a_row = whole.find("THING 30").unwrap() + 20;
    let at_a_line_end = whole.find("THING 20").unwrap();
    let html = b"<!DOCTYPE html><html><body>Please come back later</body></html>";
    let mostly_bad = whole.replace(",2025-001A,1", ",2025-001A,x");
    let cases: [(&str, Answer, &str); 7] = [
        (
            "half a file",
            ok(&whole.as_bytes()[..in_a_row]),
            "feed ends in the midst of a record: feed: line 31: ",
        ),
        (
            "half a file of whole lines",
            ok(&whole.as_bytes()[..at_a_line_end]),
            "19 records, fewer than half of the 40",
        ),
        ("a page", answer("200 OK", &["content-type: text/html"], html), "a page for people (HTML)"),
        ("a page that is called data", ok(html), "a page for people (HTML)"),
        ("nothing", ok(b""), "is empty"),
        ("another table", ok(b"DATE,X\n2026-01-01,1\n"), "line 1: OBJECT_NAME: mandatory, but missing"),
        (
            "more than a tenth of the lines bad",
            ok(mostly_bad.as_bytes()),
            "11 of 40 records cannot be read, the first because: feed: line 2: NORAD_CAT_ID: not a catalog number: \"x\"",
        ),
    ];
    let mut answers = vec![ok(satcat(40, "").as_bytes())];
    answers.extend(cases.iter().map(|(_, answer, _)| answer.clone()));
    answers.push(ok(whole.as_bytes()));
    let server = HttpServer::saying(answers).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let feed = feed(FeedKind::Satcat, server.url("/pub/satcat.csv"));
    let (poller, watch) = (parts.poller(&feed), parts.watch(&feed));
    poller.poll_once("feed").await.unwrap();
    let (good, first) = (objects(&parts).await, parts.clock.now());
    assert_eq!(good.len(), 40);
    assert_eq!(
        (good[0].name.as_deref(), good[0].kind, good[0].status),
        (Some("THING 1"), ObjectKind::Payload, Some('+'))
    );
    assert_eq!((good[0].owner.as_deref(), good[0].radar_cross_section_m2), (Some("US"), Some(3.5)));
    let status = parts.feed_status().await;
    assert_eq!((status.records, status.confirmed, status.changed), (Some(40), Some(first), Some(first)));
    for (failures, (case, _, reason)) in (1..).zip(&cases) {
        parts.clock.forward(two_days());
        let error = poller.poll_once("feed").await.unwrap_err();
        assert!(error.reason.contains(reason), "{case}: {error}");
        let status = parts.feed_status().await;
        assert_eq!(
            (status.failures, status.records, status.confirmed),
            (failures, Some(40), Some(first)),
            "{case}"
        );
        assert_eq!(status.problem.as_deref(), Some(error.reason.as_str()), "{case}");
        assert_eq!(objects(&parts).await, good, "{case}");
    }
    let alerted = parts.alerted(&watch).await;
    assert!(alerted.len() == 1 && alerted[0].contains("failed 7 times: "), "{alerted:?}");

    parts.clock.forward(two_days());
    poller.poll_once("feed").await.unwrap();
    let status = parts.feed_status().await;
    assert_eq!((status.failures, status.problem, status.changed), (0, None, Some(parts.clock.now())));
    assert_eq!(parts.alerted(&watch).await, [""; 0]);
    assert!(objects(&parts).await.iter().all(|object| object.name.as_ref().unwrap().ends_with(" NEW")));
}

#[tokio::test]
async fn a_bad_line_of_satcat_costs_its_object_only_which_keeps_what_was_known_of_it() {
    let one_bad = satcat(40, " NEW").replace("THING 7 NEW,2025-001A,7,", "THING 7 NEW,2025-001A,seven,");
    let server = HttpServer::saying(vec![ok(satcat(40, "").as_bytes()), ok(one_bad.as_bytes())]).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let poller = parts.poller(&feed(FeedKind::Satcat, server.url("/pub/satcat.csv")));
    poller.poll_once("feed").await.unwrap();
    parts.clock.forward(two_days());
    poller.poll_once("feed").await.unwrap();
    let status = parts.feed_status().await;
    assert_eq!((status.failures, status.records, status.confirmed), (0, Some(39), Some(parts.clock.now())));
    for object in objects(&parts).await {
        let number = object.number.get();
        let suffix = if number == 7 { "" } else { " NEW" };
        assert_eq!(object.name, Some(format!("THING {number}{suffix}")));
    }
}

#[tokio::test]
async fn yesterdays_satcat_again_is_confirmed_and_nothing_new() {
    let tagged = answer("200 OK", &["etag: \"1\""], satcat(40, "").as_bytes());
    let not_modified = answer("304 Not Modified", &[], b"");
    let server = HttpServer::saying(vec![tagged.clone(), not_modified, tagged]).await;
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let feed = feed(FeedKind::Satcat, server.url("/pub/satcat.csv"));
    let (poller, watch) = (parts.poller(&feed), parts.watch(&feed));
    poller.poll_once("feed").await.unwrap();
    let (good, first) = (objects(&parts).await, parts.clock.now());
    for how in ["not modified", "sent again"] {
        parts.clock.forward(two_days());
        poller.poll_once("feed").await.unwrap();
        let status = parts.feed_status().await;
        assert_eq!((status.confirmed, status.changed), (Some(parts.clock.now()), Some(first)), "{how}");
        assert_eq!((status.failures, status.records), (0, Some(40)), "{how}");
        assert_eq!(objects(&parts).await, good, "{how}");
        // It names the objects as it did before: that is no silence.
        assert_eq!(parts.alerted(&watch).await, [""; 0], "{how}");
    }
}
