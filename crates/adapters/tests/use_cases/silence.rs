//! Silence is an alarm, and ends when there is something to hear again.

use std::sync::Arc;
use std::time::Duration;

use astroshield_adapters::http::{HttpFeedClient, HttpFeedSettings};
use astroshield_domain::alert::Subject;
use astroshield_domain::ids::TenantId;
use astroshield_domain::screening::RunKind;
use astroshield_domain::silence::{SilenceSettings, SilenceWatch};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::parts::{Parts, catalog};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_catalog_and_no_screening_are_alerted_once_and_resolved_when_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let settings = SilenceSettings {
        no_screening_after: Duration::from_secs(6 * 3600),
        stale_catalog_after: Duration::from_secs(12 * 3600),
        heartbeat_url: None,
        heartbeat_interval: Duration::from_secs(60),
    };
    let client = Arc::new(HttpFeedClient::new(&HttpFeedSettings::default()).unwrap());
    let watch = SilenceWatch::new(settings, Vec::new(), parts.store.clone(), parts.clock.clone(), client);
    let subjects = || async {
        watch.look().await.unwrap();
        let unresolved = parts.store.unresolved_alerts(&TenantId::local()).await.unwrap();
        let mut subjects: Vec<String> = unresolved.iter().map(|alert| alert.subject.key()).collect();
        subjects.sort();
        subjects
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
