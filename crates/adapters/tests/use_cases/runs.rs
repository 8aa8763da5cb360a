//! Runs: what a crash leaves behind is taken up to the same result.

use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::catalog::Grade;
use astroshield_domain::conjunction::{Conjunction, ConjunctionStatus};
use astroshield_domain::ids::{RunId, TenantId};
use astroshield_domain::runs::{RunSettings, Runner};
use astroshield_domain::screening::{RunKind, RunState};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::parts::{Parts, catalog};

const OBJECTS: u32 = 150;

async fn run(runner: &Runner) -> Option<RunId> {
    runner.run_once(&TenantId::public(), RunKind::Catalog, &[], &CancellationToken::new()).await.unwrap()
}

/// What a run found, apart from its own identity.
fn found(conjunctions: &[Conjunction]) -> Vec<Conjunction> {
    let run: RunId = "00000000-0000-0000-0000-000000000000".parse().unwrap();
    conjunctions.iter().map(|conjunction| Conjunction { run, ..conjunction.clone() }).collect()
}

async fn undisturbed() -> Vec<Conjunction> {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    parts.ingest(catalog(OBJECTS)).await;
    run(&parts.runner(2)).await.unwrap();
    parts.conjunctions().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_dies_at_any_slice_is_taken_up_to_the_same_conjunctions() {
    let expected = undisturbed().await;
    assert!(expected.len() > 50, "{} conjunctions say nothing", expected.len());
    for (limit, is_made, threads) in [(0, false, 1), (1, true, 1), (3, false, 2), (5, true, 1), (8, false, 2)]
    {
        let case = format!("{limit} writes, the next made: {is_made}");
        let folder = tempfile::tempdir().unwrap();
        let dying = Parts::stopping(&folder, Some((limit, is_made))).await;
        dying.ingest(catalog(OBJECTS)).await;
        let runner = dying.runner(threads);
        let task = tokio::spawn(async move { run(&runner).await });
        drop(dying.blobs.stopped.acquire().await.unwrap());
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        let unfinished = dying.store.unfinished_runs().await.unwrap();
        assert_eq!(
            unfinished.iter().map(|run| run.slices_done).collect::<Vec<_>>(),
            [limit as u32],
            "{case}"
        );
        assert!(dying.conjunctions().await.is_empty());
        drop(dying);

        let parts = Parts::on(&folder).await;
        // Later, and with a catalog that has changed: the run is of its own instant.
        parts.clock.forward(SignedDuration::from_hours(3));
        parts.ingest(catalog(OBJECTS + 50).replace("2026-01-02T00", "2026-01-02T05")).await;
        let taken_up = parts.runner(2).take_up(&CancellationToken::new()).await.unwrap();
        assert_eq!(taken_up, 1, "{case}");
        assert!(found(&parts.conjunctions().await) == found(&expected), "other conjunctions: {case}");
        let run = parts.store.run(&TenantId::public(), unfinished[0].id).await.unwrap().unwrap();
        assert_eq!((run.state, run.slices_done), (RunState::Completed, run.slices), "{case}");
        let left = std::fs::read_dir(folder.path().join(format!("blobs/public/runs/{}", run.id)));
        assert_eq!(left.map_or(0, Iterator::count), 0, "slices stay: {case}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slice_that_was_damaged_on_disk_is_screened_again() {
    let expected = undisturbed().await;
    let folder = tempfile::tempdir().unwrap();
    let dying = Parts::stopping(&folder, Some((4, false))).await;
    dying.ingest(catalog(OBJECTS)).await;
    let runner = dying.runner(1);
    let task = tokio::spawn(async move { run(&runner).await });
    drop(dying.blobs.stopped.acquire().await.unwrap());
    task.abort();
    let unfinished = dying.store.unfinished_runs().await.unwrap().remove(0);
    let slices = folder.path().join(format!("blobs/public/runs/{}", unfinished.id));
    // After its number, the name of a slice has that of its inputs.
    let of = |number: &str| {
        let names = std::fs::read_dir(&slices).unwrap().map(|entry| entry.unwrap().path());
        let is_of = |path: &std::path::PathBuf| {
            path.file_name()
                .and_then(|name| name.to_str()?.split_once('-'))
                .is_some_and(|(of, _)| of == number)
        };
        names.into_iter().find(is_of).unwrap()
    };
    let whole = std::fs::read(of("1")).unwrap();
    std::fs::write(of("1"), &whole[..whole.len() / 2]).unwrap();
    std::fs::remove_file(of("2")).unwrap();

    let parts = Parts::on(&folder).await;
    assert_eq!(parts.runner(1).take_up(&CancellationToken::new()).await.unwrap(), 1);
    assert!(found(&parts.conjunctions().await) == found(&expected), "other conjunctions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conjunctions_keep_their_identity_from_run_to_run_and_are_cleared_when_they_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    parts.ingest(catalog(OBJECTS)).await;
    run(&parts.runner(2)).await.unwrap();
    let first = parts.conjunctions().await;
    parts.clock.forward(SignedDuration::from_hours(1));
    run(&parts.runner(2)).await.unwrap();
    let second = parts.conjunctions().await;
    let ahead = |conjunction: &&Conjunction| {
        let hour = SignedDuration::from_hours(1);
        conjunction.solution.tca > crate::parts::start() + hour + SignedDuration::from_mins(1)
    };
    let kept = first.iter().filter(ahead).filter(|old| {
        let same = |new: &&Conjunction| new.id == old.id && new.first_seen == old.first_seen;
        second.iter().find(same).is_some_and(|new| new.status == ConjunctionStatus::Active)
    });
    let ahead_of_all = first.iter().filter(ahead).count();
    assert!(ahead_of_all > 50);
    assert_eq!(kept.count(), ahead_of_all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalog_that_arrives_is_screened_once_and_a_shutdown_ends_the_runner() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let shutdown = CancellationToken::new();
    let relay = parts.relay(&shutdown);
    let running = {
        let (runner, shutdown) = (Arc::new(parts.runner(2)), shutdown.clone());
        tokio::spawn(async move { runner.run(shutdown).await })
    };
    parts.ingest(catalog(40)).await;
    let completed = async {
        loop {
            let runs = parts.store.runs(&TenantId::public(), None, 10).await.unwrap().rows;
            if runs.iter().any(|run| run.state == RunState::Completed) {
                return runs;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let runs = tokio::time::timeout(Duration::from_secs(60), completed).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].objects, 40);
    shutdown.cancel();
    running.await.unwrap();
    relay.await.unwrap();
}

#[tokio::test]
async fn nothing_is_screened_where_there_is_no_catalog() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    assert_eq!(run(&parts.runner(1)).await, None);
    assert!(parts.store.runs(&TenantId::public(), None, 10).await.unwrap().rows.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalog_of_which_nothing_is_fit_is_not_looked_at_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let shutdown = CancellationToken::new();
    let relay = parts.relay(&shutdown);
    let running = {
        let (runner, shutdown) = (Arc::new(parts.runner(1)), shutdown.clone());
        tokio::spawn(async move { runner.run(shutdown).await })
    };
    parts.ingest(catalog(2).replace("2026-01-02T00", "2025-01-02T00")).await;
    let dealt_with = async {
        while parts.store.consumer_position("runs").await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), dealt_with).await.unwrap();
    let looks = parts.clock.looks();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // The relay may look once for the events; the runner asks once when it is due again.
    let more = parts.clock.looks() - looks;
    assert!(more <= 10, "{more} looks at the clock within 300 ms");
    assert!(parts.store.runs(&TenantId::public(), None, 10).await.unwrap().rows.is_empty());
    // What arrives later is screened at once.
    parts.ingest(catalog(40)).await;
    let completed = async {
        while !parts.conjunctions().await.iter().any(|found| found.status == ConjunctionStatus::Active) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), completed).await.unwrap();
    shutdown.cancel();
    running.await.unwrap();
    relay.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slices_of_runs_that_are_over_are_removed_at_the_start_and_others_stay() {
    let expected = undisturbed().await;
    let folder = tempfile::tempdir().unwrap();
    let dying = Parts::stopping(&folder, Some((3, false))).await;
    dying.ingest(catalog(OBJECTS)).await;
    let over = dying.store.clone();
    let runner = dying.runner(1);
    let task = tokio::spawn(async move { run(&runner).await });
    drop(dying.blobs.stopped.acquire().await.unwrap());
    task.abort();
    let unfinished = over.unfinished_runs().await.unwrap().remove(0);
    // As a process leaves it that dies after the conclusion of a run.
    let left = [
        folder.path().join("blobs/public/runs/018f3c2e-8a54-7c1b-9d37-2b605e8fa911"),
        folder.path().join("blobs/flies/runs/018f3c2e-8a54-7c1b-9d37-2b605e8fa912"),
    ];
    for path in &left {
        std::fs::create_dir_all(path).unwrap();
        std::fs::write(path.join("0"), "a slice").unwrap();
        std::fs::write(path.join("1"), "another").unwrap();
    }
    let kept = folder.path().join("blobs/public/uploads");
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(kept.join("0"), "no slice").unwrap();

    // The slices of the unfinished run have to be there still: it may write no more than those that it lacks.
    let lacking = unfinished.slices as usize - 3;
    let parts = Parts::stopping(&folder, Some((lacking, false))).await;
    let shutdown = CancellationToken::new();
    let running = {
        let (runner, shutdown) = (Arc::new(parts.runner(2)), shutdown.clone());
        tokio::spawn(async move { runner.run(shutdown).await })
    };
    let completed = async {
        let public = TenantId::public();
        while parts.store.run(&public, unfinished.id).await.unwrap().unwrap().state != RunState::Completed {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), completed).await.unwrap();
    shutdown.cancel();
    running.await.unwrap();
    assert!(found(&parts.conjunctions().await) == found(&expected), "other conjunctions");
    for path in &left {
        assert_eq!(std::fs::read_dir(path).map_or(0, Iterator::count), 0, "{}", path.display());
    }
    assert!(kept.join("0").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_the_public_catalog_concerns_tenants_of_before_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let flies = TenantId::new("flies").unwrap();
    let before = Parts::on(&folder).await;
    let own = catalog(1).replace(",1,999,1,", ",900001,999,1,").into_bytes();
    before.ingestor.element_sets(&flies, "upload", Grade::Gp, "own", own).await.unwrap();
    // That it came is dealt with.
    let last = before.store.sequence_events(100).await.unwrap().pop().unwrap();
    before.store.advance_consumer("runs", last.position).await.unwrap();
    drop(before);

    let parts = Parts::on(&folder).await;
    let shutdown = CancellationToken::new();
    let relay = parts.relay(&shutdown);
    let running = {
        let (runner, shutdown) = (Arc::new(parts.runner(2)), shutdown.clone());
        tokio::spawn(async move { runner.run(shutdown).await })
    };
    parts.ingest(catalog(40)).await;
    let concerned = async {
        loop {
            let runs = parts.store.runs(&flies, None, 10).await.unwrap().rows;
            let own = runs.into_iter().find(|run| run.tenant == flies);
            if let Some(run) = own.filter(|run| run.state == RunState::Completed) {
                return run;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let run = tokio::time::timeout(Duration::from_secs(60), concerned).await.unwrap();
    assert_eq!((run.kind, run.objects), (RunKind::Ephemerides, 41));
    shutdown.cancel();
    running.await.unwrap();
    relay.await.unwrap();
}

/// Screens on schedule only: no relay tells of a change. Looks at the clock often.
async fn on_schedule(interval: Duration, folder: &tempfile::TempDir) -> (Parts, impl AsyncFnOnce()) {
    let parts = Parts::on(folder).await;
    parts.ingest(catalog(40)).await;
    let settings = RunSettings { interval, look: Duration::from_millis(5), ..Parts::run_settings(2) };
    let (runner, shutdown) = (parts.runner_with(settings), CancellationToken::new());
    let running = {
        let shutdown = shutdown.clone();
        tokio::spawn(async move { runner.run(shutdown).await })
    };
    let stop = async move || {
        shutdown.cancel();
        running.await.unwrap();
    };
    (parts, stop)
}

/// Waits until so many runs are completed; there are no others.
async fn completed(parts: &Parts, count: usize) {
    let waiting = async {
        loop {
            let runs = parts.store.runs(&TenantId::public(), None, 10).await.unwrap().rows;
            if runs.len() >= count && runs.iter().all(|run| run.state == RunState::Completed) {
                return runs.len();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap(), count);
}

/// Waits until the runner has looked at the clock several times.
async fn looked(parts: &Parts) {
    let before = parts.clock.looks();
    let waiting = async {
        while parts.clock.looks() < before + 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_new_data_the_catalog_is_screened_again_after_the_interval_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let (parts, stop) = on_schedule(Duration::from_secs(8 * 3600), &folder).await;
    completed(&parts, 1).await;
    let second = SignedDuration::from_secs(1);
    for runs in 2..=3 {
        looked(&parts).await;
        parts.clock.forward(SignedDuration::from_hours(8) - second);
        looked(&parts).await;
        completed(&parts, runs - 1).await;
        parts.clock.forward(second);
        completed(&parts, runs).await;
    }
    stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back_puts_no_scheduled_run_off_for_longer_than_the_interval() {
    let folder = tempfile::tempdir().unwrap();
    let interval = Duration::from_millis(1_500);
    let began = std::time::Instant::now();
    let (parts, stop) = on_schedule(interval, &folder).await;
    completed(&parts, 1).await;
    parts.clock.forward(-SignedDuration::from_hours(2));
    // By the clock there are hours to go; by how long it took there is the interval.
    completed(&parts, 2).await;
    assert!(began.elapsed() >= interval, "{:?}", began.elapsed());
    stop().await;
}
