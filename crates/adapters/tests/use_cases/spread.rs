//! Several processes, as far as a test can have them in one: slices that are handed out, and leases.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use astroshield_domain::conjunction::Conjunction;
use astroshield_domain::ids::{RunId, TenantId};
use astroshield_domain::lease::Leases;
use astroshield_domain::ports::{SliceTask, TASK_VERSION, Tasks};
use astroshield_domain::runs::Runner;
use astroshield_domain::screening::{RunKind, RunState};
use astroshield_testkit::tasks::LocalTasks;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::parts::{Parts, catalog};

const OBJECTS: u32 = 150;

/// Longer than a lease holds.
const PATIENCE: Duration = Duration::from_secs(40);

async fn run(runner: &Runner) -> RunId {
    let (public, never) = (TenantId::public(), CancellationToken::new());
    let ran = runner.run_once(&public, RunKind::Catalog, &[], &never);
    tokio::time::timeout(PATIENCE, ran).await.expect("a run in time").unwrap().unwrap()
}

/// What a run found, apart from its own identity.
async fn found(parts: &Parts) -> Vec<Conjunction> {
    let run: RunId = "00000000-0000-0000-0000-000000000000".parse().unwrap();
    parts.conjunctions().await.iter().map(|conjunction| Conjunction { run, ..conjunction.clone() }).collect()
}

async fn in_one_process() -> Vec<Conjunction> {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    parts.ingest(catalog(OBJECTS)).await;
    run(&parts.runner(2)).await;
    found(&parts).await
}

fn working(runner: Runner) -> (JoinHandle<()>, CancellationToken) {
    let shutdown = CancellationToken::new();
    let end = shutdown.clone();
    (tokio::spawn(async move { runner.work(end).await }), shutdown)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slices_that_others_screen_come_to_the_same_as_in_one_process() {
    let expected = in_one_process().await;
    assert!(expected.len() > 50, "{} conjunctions say nothing", expected.len());
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    parts.ingest(catalog(OBJECTS)).await;
    let tasks: Arc<dyn Tasks> = Arc::new(LocalTasks::default());
    // Those of a run that nobody knows are dropped.
    let nobodys = SliceTask {
        schema_version: TASK_VERSION,
        tenant: TenantId::public(),
        run: RunId::at(crate::parts::start()),
        slice: 0,
        trace: None,
    };
    tasks.put(&[nobodys]).await.unwrap();
    let worker = || working(parts.runner(1).spread_over(Arc::clone(&tasks)));
    let workers = [worker(), worker()];
    let id = run(&parts.runner(1).spread_over(Arc::clone(&tasks))).await;
    assert!(found(&parts).await == expected, "other conjunctions");
    let run = parts.store.run(&TenantId::public(), id).await.unwrap().unwrap();
    assert_eq!((run.state, run.slices_done), (RunState::Completed, run.slices));
    for (task, shutdown) in workers {
        shutdown.cancel();
        task.await.unwrap();
    }
    let mut rest = tasks.join().await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(100), rest.next()).await.is_err(), "a slice is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_at_a_slice_leaves_it_to_another_one() {
    let expected = in_one_process().await;
    for (limit, is_made) in [(0, false), (2, true), (5, false)] {
        let folder = tempfile::tempdir().unwrap();
        let dying = Parts::stopping(&folder, Some((limit, is_made))).await;
        dying.ingest(catalog(OBJECTS)).await;
        let tasks: Arc<dyn Tasks> = Arc::new(LocalTasks::default());
        let (worker, _) = working(dying.runner(1).spread_over(Arc::clone(&tasks)));
        let parts = Parts::on(&folder).await;
        let coordinator = parts.runner(1).spread_over(Arc::clone(&tasks));
        let running = tokio::spawn(async move { run(&coordinator).await });
        drop(dying.blobs.stopped.acquire().await.unwrap());
        worker.abort();
        assert!(worker.await.unwrap_err().is_cancelled());
        let (worker, shutdown) = working(parts.runner(2).spread_over(Arc::clone(&tasks)));
        running.await.unwrap();
        assert!(found(&parts).await == expected, "other conjunctions after {limit} slices");
        shutdown.cancel();
        worker.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_processes_leads_and_another_one_when_it_ends_or_dies() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let (leading, terms) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let process = |shutdown: CancellationToken| {
        let leases = Leases::among_others(parts.store.clone());
        let (leading, terms) = (Arc::clone(&leading), Arc::clone(&terms));
        tokio::spawn(async move {
            let work = |_, end: CancellationToken| {
                let (leading, terms) = (Arc::clone(&leading), Arc::clone(&terms));
                async move {
                    assert_eq!(leading.fetch_add(1, Ordering::SeqCst), 0, "two lead");
                    terms.fetch_add(1, Ordering::SeqCst);
                    end.cancelled().await;
                    leading.fetch_sub(1, Ordering::SeqCst);
                }
            };
            leases.lead("something", shutdown, work).await;
        })
    };
    let until = async |count| {
        let waiting = async {
            while terms.load(Ordering::SeqCst) < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("somebody leads");
    };
    let ends = [(); 3].map(|()| CancellationToken::new());
    let first = process(ends[0].clone());
    until(1).await;
    let second = process(ends[1].clone());
    // Longer than a lease holds: who has it keeps it.
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(terms.load(Ordering::SeqCst), 1);
    ends[0].cancel();
    first.await.unwrap();
    until(2).await;
    // This one dies: nobody gives the lease back.
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    leading.fetch_sub(1, Ordering::SeqCst);
    let third = process(ends[2].clone());
    until(3).await;
    ends[2].cancel();
    third.await.unwrap();
}
