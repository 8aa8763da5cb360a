//! What all [`Tasks`] keep to, and such in the process of a test. [`tasks_suite!`](crate::tasks_suite) makes a test of each fact.

use std::any::Any;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use astroshield_domain::ids::RunId;
use astroshield_domain::ports::{BusError, SliceTask, TASK_VERSION, Tasks, Worker};
use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::entities::{at, tenant};

/// Nothing handed out, and what has to live as long.
pub struct Fresh {
    /// The tasks.
    pub tasks: Arc<dyn Tasks>,
    /// Its folder or the like.
    pub keep: Box<dyn Any + Send>,
}

/// How long a slice may take to be handed out again, which is as long as it takes to notice that somebody is gone.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait for a slice that must not come.
const SILENCE: Duration = Duration::from_millis(300);

/// Slices of a run.
#[must_use]
pub fn slices(count: u32) -> Vec<SliceTask> {
    let run = RunId::at(at(0));
    let trace = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    let task = |slice| SliceTask {
        schema_version: TASK_VERSION,
        tenant: tenant("own"),
        run,
        slice,
        trace: trace.clone(),
    };
    (0..count).map(task).collect()
}

async fn next(worker: &mut dyn Worker) -> SliceTask {
    timeout(PATIENCE, worker.next()).await.expect("a slice in time").unwrap()
}

async fn assert_silent(worker: &mut dyn Worker) {
    let task = timeout(SILENCE, worker.next()).await;
    assert!(task.is_err(), "{task:?}");
}

/// What is handed out arrives as it was, once, also at whoever comes later.
pub async fn slices_arrive_as_they_were_handed_out(fresh: &Fresh) {
    let sent = slices(5);
    fresh.tasks.put(&sent).await.unwrap();
    let mut worker = fresh.tasks.join().await.unwrap();
    let mut taken = Vec::new();
    for _ in &sent {
        taken.push(next(&mut *worker).await);
        worker.done().await.unwrap();
    }
    taken.sort_by_key(|task| task.slice);
    assert_eq!(taken, sent);
    assert_silent(&mut *worker).await;
    drop(worker);
    let mut late = fresh.tasks.join().await.unwrap();
    assert_silent(&mut *late).await;
}

/// Until a slice is dealt with, it is the next one, however often somebody asks or gives up asking.
pub async fn a_slice_stays_until_it_is_dealt_with(fresh: &Fresh) {
    let mut worker = fresh.tasks.join().await.unwrap();
    for _ in 0..5 {
        assert!(timeout(Duration::ZERO, worker.next()).await.is_err());
    }
    fresh.tasks.put(&slices(2)).await.unwrap();
    let first = next(&mut *worker).await;
    assert_eq!(next(&mut *worker).await, first);
    worker.done().await.unwrap();
    assert_ne!(next(&mut *worker).await, first);
}

/// What somebody took who is gone is handed out again, to those who are there.
pub async fn what_a_worker_leaves_goes_to_others(fresh: &Fresh) {
    fresh.tasks.put(&slices(6)).await.unwrap();
    let mut dies = fresh.tasks.join().await.unwrap();
    let mut done = BTreeSet::from([next(&mut *dies).await.slice]);
    dies.done().await.unwrap();
    let left = next(&mut *dies).await.slice;
    drop(dies);
    let (mut one, mut other) = (fresh.tasks.join().await.unwrap(), fresh.tasks.join().await.unwrap());
    let everything = async {
        while done.len() < 6 {
            let (task, by) = tokio::select! {
                task = one.next() => (task.unwrap(), &mut one),
                task = other.next() => (task.unwrap(), &mut other),
            };
            by.done().await.unwrap();
            done.insert(task.slice);
        }
    };
    timeout(PATIENCE, everything).await.expect("nothing is left behind");
    assert!(done.contains(&left));
}

/// Makes a test of every fact of the suite. The argument is an async function that makes a [`Fresh`](crate::tasks::Fresh),
/// or `None` where that is not possible and the tests are skipped.
#[macro_export]
macro_rules! tasks_suite {
    ($fresh:path) => {
        $crate::tasks_suite!($fresh:
            slices_arrive_as_they_were_handed_out
            a_slice_stays_until_it_is_dealt_with
            what_a_worker_leaves_goes_to_others
        );
    };
    ($fresh:path: $($fact:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $fact() {
            if let Some(fresh) = $fresh().await {
                $crate::tasks::$fact(&fresh).await;
            }
        }
    )*};
}

/// Slices that tests hand out within their process.
#[derive(Clone, Default)]
pub struct LocalTasks(Arc<Queue>);

#[derive(Default)]
struct Queue {
    waiting: Mutex<VecDeque<SliceTask>>,
    more: Notify,
}

#[async_trait]
impl Tasks for LocalTasks {
    async fn put(&self, tasks: &[SliceTask]) -> Result<(), BusError> {
        self.0.waiting.lock().unwrap().extend(tasks.iter().cloned());
        self.0.more.notify_waiters();
        Ok(())
    }

    async fn join(&self) -> Result<Box<dyn Worker>, BusError> {
        Ok(Box::new(LocalWorker { queue: Arc::clone(&self.0), taken: None }))
    }
}

struct LocalWorker {
    queue: Arc<Queue>,
    taken: Option<SliceTask>,
}

#[async_trait]
impl Worker for LocalWorker {
    async fn next(&mut self) -> Result<SliceTask, BusError> {
        loop {
            let more = self.queue.more.notified();
            tokio::pin!(more);
            more.as_mut().enable();
            if self.taken.is_none() {
                self.taken = self.queue.waiting.lock().unwrap().pop_front();
            }
            if let Some(task) = &self.taken {
                return Ok(task.clone());
            }
            more.await;
        }
    }

    async fn done(&mut self) -> Result<(), BusError> {
        self.taken = None;
        Ok(())
    }
}

impl Drop for LocalWorker {
    fn drop(&mut self) {
        if let Some(task) = self.taken.take() {
            self.queue.waiting.lock().unwrap().push_front(task);
            self.queue.more.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fresh() -> Option<Fresh> {
        Some(Fresh { tasks: Arc::new(LocalTasks::default()), keep: Box::new(()) })
    }

    crate::tasks_suite!(fresh);
}
