//! Feeds that send garbage, and feeds that are left alone.

use std::path::Path;
use std::time::Duration;

use astroshield_domain::catalog::Grade;
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::feeds::{FeedKind, FeedPoller, FeedSettings};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::Clock;
use jiff::SignedDuration;

use crate::parts::{Parts, catalog, feed};

fn poller(parts: &Parts, file: &Path) -> FeedPoller {
    let kind = FeedKind::ElementSets { grade: Grade::Gp };
    parts.poller(&FeedSettings { name: "gp".to_owned(), ..feed(kind, file.display().to_string()) })
}

async fn status(parts: &Parts) -> FeedStatus {
    parts.store.feeds().await.unwrap().remove(0)
}

#[tokio::test]
async fn garbage_is_refused_with_a_reason_and_the_last_good_data_stays_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let file = folder.path().join("gp.csv");
    let poller = poller(&parts, &file);
    std::fs::write(&file, catalog(40)).unwrap();
    poller.poll_once("gp").await.unwrap();
    let good = parts.store.catalog_as_of(&TenantId::public(), parts.clock.now()).await.unwrap();
    assert_eq!((good.len(), status(&parts).await.records), (40, Some(40)));

    let whole = catalog(80).replace("15.0", "15.1");
    let cases: [(&str, &[u8], &str); 5] = [
        ("a web page", b"<html><body>Sorry</body></html>", "web page"),
        ("nothing", b"", "empty"),
        ("half a file", &whole.as_bytes()[..whole.len() - 20], "midst of a record"),
        ("a small part", &whole.as_bytes()[..=whole.find("TEST-12,").unwrap() - 1], "fewer than half"),
        ("a sentence", b"GP data has not updated since your last download", "not a message"),
    ];
    for (failures, (case, bytes, reason)) in (1..).zip(cases) {
        std::fs::write(&file, bytes).unwrap();
        parts.clock.forward(SignedDuration::from_hours(30));
        let error = poller.poll_once("gp").await.unwrap_err();
        assert!(error.reason.contains(reason), "{case}: {error}");
        let status = status(&parts).await;
        assert_eq!((status.failures, status.records), (failures, Some(40)), "{case}");
        assert_eq!(status.problem.as_deref(), Some(error.reason.as_str()), "{case}");
        let now = parts.store.catalog_as_of(&TenantId::public(), parts.clock.now()).await.unwrap();
        assert_eq!(now, good, "{case}");
    }

    std::fs::write(&file, &whole).unwrap();
    parts.clock.forward(SignedDuration::from_hours(30));
    poller.poll_once("gp").await.unwrap();
    let status = status(&parts).await;
    assert_eq!((status.failures, status.problem, status.records), (0, None, Some(80)));
}

#[tokio::test]
async fn a_feed_is_not_asked_again_within_its_interval_not_even_by_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gp.csv");
    std::fs::write(&file, catalog(4)).unwrap();
    let parts = Parts::on(&folder).await;
    poller(&parts, &file).poll_once("gp").await.unwrap();
    drop(parts);

    let parts = Parts::on(&folder).await;
    parts.clock.forward(SignedDuration::from_mins(59));
    let error = poller(&parts, &file).poll_once("gp").await.unwrap_err();
    assert!(error.reason.contains("not to be asked before"), "{error}");
    assert_eq!(error.retry_after, Some(Duration::from_secs(60)));
    assert_eq!(status(&parts).await.failures, 0);
    parts.clock.forward(SignedDuration::from_mins(1));
    poller(&parts, &file).poll_once("gp").await.unwrap();
}
