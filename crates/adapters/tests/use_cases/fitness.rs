//! What has decayed or is too old is told, not screened.

use astroshield_domain::catalog::{ObjectKind, SatcatEntry};
use astroshield_domain::ids::TenantId;
use astroshield_domain::on_demand::{OnDemand, OnDemandRequest, OnDemandSubject};
use astroshield_domain::runs::RunSettings;
use astroshield_domain::screening::RunKind;
use astroshield_formats::CatalogNumber;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::parts::{Parts, catalog, start};

const OBJECTS: u32 = 60;
const DECAYED: u32 = 7;
const OLD: u32 = 9;

/// A catalog with one object that has decayed and one whose element set is two months old.
async fn arrived(parts: &Parts) {
    let old = |line: &str| line.replace("2026-01-02T00:00:00", "2025-11-01T00:00:00");
    let name = format!("TEST-{OLD},");
    let csv: String = catalog(OBJECTS)
        .lines()
        .map(|line| if line.starts_with(&name) { old(line) } else { line.to_owned() } + "\n")
        .collect();
    parts
        .ingest(csv.replace(
            &format!("TEST-{DECAYED},2025-001A,2026-01-02"),
            &format!("TEST-{DECAYED},2025-001A,2025-12-30"),
        ))
        .await;
    let entry = SatcatEntry {
        object: CatalogNumber::new(DECAYED).unwrap(),
        name: "TEST".to_owned(),
        international_designator: None,
        kind: ObjectKind::Debris,
        status: Some('D'),
        owner: None,
        launch_date: None,
        decay_date: Some("2025-12-31".to_owned()),
        radar_cross_section_m2: None,
    };
    parts.store.put_satcat(&[entry]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_lists_decayed_objects_and_old_element_sets_with_the_reason_instead_of_screening_them() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    arrived(&parts).await;
    let shutdown = CancellationToken::new();
    let run = parts.runner(2).run_once(&TenantId::public(), RunKind::Catalog, &[], &shutdown).await;
    let run = run.unwrap().unwrap();
    let reasons = parts.store.not_screened(&TenantId::public(), run).await.unwrap();
    let reason = |object| &reasons.iter().find(|entry| entry.object == object).unwrap().reason;
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert_eq!(reason(DECAYED), "decayed on 2025-12-31, as SATCAT says");
    assert_eq!(reason(OLD), "its element set is 62.1 days old; at most 30.0 are screened");
    let run = parts.store.run(&TenantId::public(), run).await.unwrap().unwrap();
    assert_eq!((run.objects, run.not_screened), (u64::from(OBJECTS) - 2, 2));
    assert_eq!(run.build, "0.0.0+test");
    let found = parts.conjunctions().await;
    assert!(found.len() > 5);
    let is_of =
        |number: u32| found.iter().any(|found| found.objects.iter().any(|one| one.number.get() == number));
    assert!(!is_of(DECAYED) && !is_of(OLD));

    // Whoever wants it, screens old element sets.
    let settings =
        RunSettings { element_set_age: SignedDuration::from_hours(90 * 24), ..Parts::run_settings(2) };
    let run =
        parts.runner_with(settings).run_once(&TenantId::public(), RunKind::Catalog, &[], &shutdown).await;
    assert_eq!(parts.store.not_screened(&TenantId::public(), run.unwrap().unwrap()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_demand_the_same_objects_are_left_out_as_in_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    arrived(&parts).await;
    let on_demand = OnDemand::new(parts.store.clone(), parts.blobs.clone(), parts.clock.clone(), 2);
    let request = |start| OnDemandRequest {
        subject: OnDemandSubject::Object(CatalogNumber::new(1).unwrap()),
        start: Some(start),
        days: 0.1,
        threshold_km: 20.0,
    };
    let result = on_demand.screen(&TenantId::local(), request(start())).await.unwrap();
    assert_eq!(result.objects, u64::from(OBJECTS) - 3);
    let objects: Vec<u32> = result.not_screened.iter().map(|entry| entry.object).collect();
    assert_eq!(objects, [DECAYED, OLD]);
    // In a window of those days both are good.
    let then = start() - SignedDuration::from_hours(60 * 24);
    let result = on_demand.screen(&TenantId::local(), request(then)).await.unwrap();
    assert_eq!(result.objects, u64::from(OBJECTS) - 1);
}
