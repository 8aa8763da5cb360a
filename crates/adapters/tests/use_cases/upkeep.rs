//! What is over becomes past, what is old is forgotten, and blobs that nothing speaks of go.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use astroshield_domain::access::{AuditQuery, By, Caller, Principal, Scope};
use astroshield_domain::conjunction::{Conjunction, ConjunctionQuery, ConjunctionStatus};
use astroshield_domain::ids::TenantId;
use astroshield_domain::organization::{OrganizationError, Organizations};
use astroshield_domain::ports::Clock;
use astroshield_domain::runs::RunSettings;
use astroshield_domain::screening::{Run, RunKind, RunState};
use astroshield_domain::upkeep::{Upkeep, UpkeepSettings};
use astroshield_domain::uploads::Uploads;
use astroshield_testkit::entities;
use futures_util::TryStreamExt as _;
use jiff::SignedDuration;
use object_store::ObjectStore as _;
use tokio_util::sync::CancellationToken;

use crate::parts::{Parts, catalog};

fn upkeep(parts: &Parts) -> Upkeep {
    let day = SignedDuration::from_hours(24);
    let settings = UpkeepSettings {
        keep_conjunctions: day * 30,
        keep_runs: day * 30,
        keep_events: day * 7,
        keep_messages: day * 7,
        keep_answers: day * 2,
        keep_audit: None,
    };
    Upkeep::new(settings, parts.store.clone(), parts.blobs.clone(), parts.clock.clone())
}

async fn screened(parts: &Parts, settings: RunSettings) {
    let shutdown = CancellationToken::new();
    let run =
        parts.runner_with(settings).run_once(&TenantId::public(), RunKind::Catalog, &[], &shutdown).await;
    run.unwrap().unwrap();
}

async fn count(parts: &Parts, status: ConjunctionStatus) -> usize {
    let query = ConjunctionQuery { status: Some(status), limit: 100_000, ..ConjunctionQuery::default() };
    parts.store.conjunctions(&TenantId::local(), &query).await.unwrap().rows.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conjunctions_become_past_with_time_and_are_forgotten_after_the_days_that_they_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    parts.ingest(catalog(100)).await;
    screened(&parts, Parts::run_settings(2)).await;
    let all = parts.conjunctions().await;
    parts.clock.forward(SignedDuration::from_hours(20));
    upkeep(&parts).pass().await.unwrap();
    let now = parts.clock.now();
    let over = all.iter().filter(|found| found.solution.tca < now && !found.relation).count();
    assert!(over > 20 && over < all.len());
    assert_eq!(count(&parts, ConjunctionStatus::Past).await, over);
    assert_eq!(count(&parts, ConjunctionStatus::Active).await, all.len() - over);
    assert_eq!(upkeep(&parts).prune().await.unwrap(), 0);

    parts.clock.forward(SignedDuration::from_hours(24 * 33));
    upkeep(&parts).pass().await.unwrap();
    assert_eq!(count(&parts, ConjunctionStatus::Past).await, all.len());
    assert!(upkeep(&parts).prune().await.unwrap() >= 2 * all.len() as u64);
    assert_eq!(count(&parts, ConjunctionStatus::Past).await, 0);
    assert_eq!(parts.store.conjunction_history(&TenantId::public(), all[0].id).await.unwrap(), []);
    assert_eq!(parts.store.runs(&TenantId::public(), None, 10).await.unwrap().rows.len(), 1);
    assert_eq!(upkeep(&parts).prune().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_catalog_of_the_past_leads_to_is_not_past() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    parts.ingest(catalog(60)).await;
    parts.clock.forward(SignedDuration::from_hours(24 * 90));
    screened(&parts, RunSettings { start_from_catalog: true, ..Parts::run_settings(2) }).await;
    let found = count(&parts, ConjunctionStatus::Active).await;
    assert!(found > 5);
    assert_eq!(upkeep(&parts).pass().await.unwrap(), 0);
    upkeep(&parts).prune().await.unwrap();
    assert_eq!(count(&parts, ConjunctionStatus::Active).await, found);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_passes_while_the_first_run_over_a_catalog_of_the_past_is_being_concluded() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let now = parts.clock.now();
    let begin = now - SignedDuration::from_hours(24 * 90);
    let public = TenantId::public();
    let run = Run {
        window_start: begin,
        window_stop: begin + SignedDuration::from_hours(24 * 7),
        ..entities::run(&public, now)
    };
    parts.store.begin_run(&run, &[]).await.unwrap();
    let found: Vec<_> = (1..=6_000)
        .map(|number| {
            entities::conjunction(
                &run,
                [number, number + 10_000],
                begin + SignedDuration::from_secs(number.into()),
            )
        })
        .collect();
    let upkeep = upkeep(&parts);
    let passing = async {
        let mut passed = 0;
        loop {
            let state = parts.store.run(&public, run.id).await.unwrap().unwrap().state;
            passed += upkeep.pass().await.unwrap();
            if state == RunState::Completed {
                break passed;
            }
        }
    };
    let conclusion = entities::conclusion(&run);
    let (concluded, passed) = tokio::join!(parts.store.conclude_run(&public, &conclusion, &found), passing);
    concluded.unwrap();
    assert_eq!(passed, 0);
    assert_eq!(count(&parts, ConjunctionStatus::Active).await, 6_000);

    // What a later run does not find any more is not older than the rest.
    let later = Run {
        window_start: begin,
        window_stop: run.window_stop,
        ..entities::run(&public, now + SignedDuration::from_hours(8))
    };
    parts.store.begin_run(&later, &[]).await.unwrap();
    let found: Vec<_> = found[..5_000]
        .iter()
        .map(|found| Conjunction { run: later.id, last_seen: later.started, ..found.clone() })
        .collect();
    parts.store.conclude_run(&public, &entities::conclusion(&later), &found).await.unwrap();
    upkeep.prune().await.unwrap();
    assert_eq!(count(&parts, ConjunctionStatus::Cleared).await, 1_000);
}

fn files(folder: &Path, below: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(folder, &path, found);
        } else {
            found.insert(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
        }
    }
}

fn blobs(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    files(folder, folder, &mut found);
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_that_nothing_speaks_of_go_and_those_that_are_on_their_way_stay() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    parts.ingest(catalog(20)).await;
    let kept = folder.path().join("blobs");
    let named = blobs(&kept);
    assert_eq!(named.len(), 1);
    let put = |path: &str, text: &str| {
        let path = kept.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("public/ingest/nobodys.gz", "x");
    put("local/runs/one/3", "x");
    // What other programs put there is not ours to remove.
    put("notes/readme/first.txt", "x");
    put("lost+found/ingest/file", "x");
    let others = ["notes/readme/first.txt", "lost+found/ingest/file"].map(str::to_owned);
    let done = CancellationToken::new();
    let growing = {
        let (done, path) = (done.clone(), kept.join("local/uploads/growing"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "x").unwrap();
        tokio::spawn(async move {
            let mut text = "x".to_owned();
            while !done.is_cancelled() {
                text.push('x');
                std::fs::write(&path, &text).unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
    };
    assert_eq!(upkeep(&parts).sweep(Duration::from_secs(3)).await.unwrap(), 2);
    done.cancel();
    growing.await.unwrap();
    let mut expected: BTreeSet<String> = named.iter().cloned().chain(others).collect();
    expected.insert("local/uploads/growing".to_owned());
    assert_eq!(blobs(&kept), expected);
    assert_eq!(upkeep(&parts).sweep(Duration::ZERO).await.unwrap(), 1, "nothing spoke of it after all");
    expected.remove("local/uploads/growing");
    assert_eq!(blobs(&kept), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_removed_organization_has_is_erased_and_what_comes_late_is_too() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let organizations = Organizations::new(parts.store.clone(), parts.clock.clone());
    let by = By { name: "test", principal: &Principal::Operator };
    let (gone, kept) = (TenantId::new("gone").unwrap(), TenantId::new("kept").unwrap());
    let give = async |tenant: &TenantId| {
        let caller = Caller {
            tenant: tenant.clone(),
            name: "ann".to_owned(),
            principal: Principal::Operator,
            scope: Scope::Write,
        };
        let (store, clock) = (parts.store.clone(), parts.clock.clone());
        let uploads = Uploads::new(store, parts.blobs.clone(), clock, parts.ingestor.clone());
        uploads.receive(&caller, "noise", None, b"nothing".to_vec()).await.unwrap();
    };
    let blobs = async |tenant: &TenantId| {
        let prefix = object_store::path::Path::from(tenant.as_str());
        parts.blobs.list(Some(&prefix)).try_collect::<Vec<_>>().await.unwrap().len()
    };
    for tenant in [&gone, &kept] {
        organizations.create(by, tenant, "An organization").await.unwrap();
        give(tenant).await;
        assert_eq!(blobs(tenant).await, 1);
    }
    assert_eq!(upkeep(&parts).erase().await.unwrap(), 0);
    for refused in ["kept", "Gone", ""] {
        let refused = organizations.close(by, &gone, refused).await;
        assert!(matches!(refused, Err(OrganizationError::NotConfirmed { .. })), "{refused:?}");
    }
    for platform in [TenantId::local(), TenantId::public()] {
        let refused = organizations.close(by, &platform, platform.as_str()).await;
        assert!(matches!(refused, Err(OrganizationError::Stays { .. })), "{refused:?}");
    }
    organizations.close(by, &gone, "gone").await.unwrap();
    assert!(matches!(organizations.find(&gone).await, Err(OrganizationError::NotFound { .. })));
    assert!(upkeep(&parts).erase().await.unwrap() > 2);
    assert_eq!((blobs(&gone).await, blobs(&kept).await), (0, 1));
    assert_eq!(parts.store.uploads(&gone, None, 10).await.unwrap().rows, []);
    assert_eq!(parts.store.uploads(&kept, None, 10).await.unwrap().rows.len(), 1);
    // What was begun before it was closed.
    give(&gone).await;
    parts.clock.forward(SignedDuration::from_hours(1));
    assert!(upkeep(&parts).erase().await.unwrap() > 2);
    assert_eq!(blobs(&gone).await, 0);
    parts.clock.forward(SignedDuration::from_hours(48));
    assert_eq!(upkeep(&parts).erase().await.unwrap(), 0);
    let query = AuditQuery { limit: 10, ..AuditQuery::default() };
    let log = parts.store.audit(&TenantId::local(), &query).await.unwrap().rows;
    assert_eq!((log[0].action.as_str(), log[0].target.as_str()), ("organization.remove", "gone"));
    assert_eq!(parts.store.audit(&gone, &query).await.unwrap().rows, []);
}
