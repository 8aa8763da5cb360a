//! The long-lived tasks of the server: none may end before it is told to, and then it has to.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use anyhow::anyhow;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// Tasks by name.
#[derive(Default)]
pub(super) struct Tasks {
    running: JoinSet<anyhow::Result<()>>,
    tasks: HashMap<Id, Task>,
}

struct Task {
    name: &'static str,
    /// What tells it to end.
    end: CancellationToken,
    handle: AbortHandle,
}

type Ended = Result<(Id, anyhow::Result<()>), JoinError>;

impl Tasks {
    /// None yet.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Starts a task, which ends when `end` is canceled.
    pub(super) fn spawn(
        &mut self,
        name: &'static str,
        end: &CancellationToken,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        let handle = self.running.spawn(task);
        self.tasks.insert(handle.id(), Task { name, end: end.clone(), handle });
    }

    /// Runs until `event` is there. A task that ends before it is told to is an error.
    pub(super) async fn until<T>(&mut self, event: impl Future<Output = T>) -> anyhow::Result<T> {
        tokio::pin!(event);
        loop {
            let ended = tokio::select! {
                outcome = &mut event => return Ok(outcome),
                Some(ended) = self.running.join_next_with_id() => ended,
            };
            self.settle(ended)?;
        }
    }

    /// Ends the tasks that end with a token or a child of it, within `timeout`.
    pub(super) async fn end(&mut self, token: &CancellationToken, timeout: Duration) -> anyhow::Result<()> {
        token.cancel();
        let mut problem = None;
        let all = async {
            while self.tasks.values().any(|task| task.end.is_cancelled())
                && let Some(ended) = self.running.join_next_with_id().await
            {
                problem = problem.take().or(self.settle(ended).err());
            }
        };
        if tokio::time::timeout(timeout, all).await.is_ok() {
            return problem.map_or(Ok(()), Err);
        }
        let late: Vec<&Task> = self.tasks.values().filter(|task| task.end.is_cancelled()).collect();
        let mut names: Vec<&str> = late.iter().map(|task| task.name).collect();
        names.sort_unstable();
        tracing::warn!(tasks = names.join(", "), ?timeout, "tasks that did not end in time were cut off");
        for task in late {
            task.handle.abort();
        }
        problem.map_or(Ok(()), Err)
    }

    /// Forgets a task that has ended: an error, unless it was told to.
    fn settle(&mut self, ended: Ended) -> anyhow::Result<()> {
        let (id, result) = match ended {
            Ok((id, result)) => (id, result),
            Err(error) => (error.id(), Err(error.into())),
        };
        let task = self.tasks.remove(&id);
        let told = task.as_ref().is_none_or(|task| task.end.is_cancelled());
        let name = task.map_or("a task", |task| task.name);
        match result {
            Ok(()) if told => Ok(()),
            Ok(()) => Err(anyhow!("{name} has ended, which it must not")),
            Err(error) if told && is_cut_off(&error) => Ok(()),
            Err(error) => Err(error.context(format!("{name} has failed"))),
        }
    }
}

fn is_cut_off(error: &anyhow::Error) -> bool {
    error.downcast_ref::<JoinError>().is_some_and(JoinError::is_cancelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    fn tasks() -> (Tasks, CancellationToken) {
        let shutdown = CancellationToken::new();
        let mut tasks = Tasks::new();
        let obedient = shutdown.clone();
        tasks.spawn("obedient", &shutdown, async move {
            obedient.cancelled().await;
            Ok(())
        });
        (tasks, shutdown)
    }

    async fn run_until(
        mut tasks: Tasks,
        shutdown: &CancellationToken,
        stop: impl Future<Output = ()>,
    ) -> anyhow::Result<()> {
        let ran = tasks.until(stop).await;
        ran.and(tasks.end(shutdown, TIMEOUT).await)
    }

    #[tokio::test]
    async fn tasks_end_when_told_to() {
        let (tasks, shutdown) = tasks();
        run_until(tasks, &shutdown, async {}).await.unwrap();
        assert!(shutdown.is_cancelled());
    }

    #[tokio::test]
    async fn a_task_that_ends_or_fails_or_panics_ends_all_and_is_named() {
        let (mut ends, shutdown) = tasks();
        ends.spawn("brief", &shutdown, async { Ok(()) });
        let error = run_until(ends, &shutdown, std::future::pending()).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "brief has ended, which it must not");
        assert!(shutdown.is_cancelled());

        let (mut fails, shutdown) = tasks();
        fails.spawn("weak", &shutdown, async { Err(anyhow!("disk full")) });
        let error = run_until(fails, &shutdown, std::future::pending()).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "weak has failed: disk full");

        let (mut panics, shutdown) = tasks();
        panics.spawn("wild", &shutdown, async { panic!("oh") });
        let error = run_until(panics, &shutdown, std::future::pending()).await.unwrap_err();
        assert!(format!("{error:#}").starts_with("wild has failed: "), "{error:#}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_end_is_cut_off() {
        let (mut tasks, shutdown) = tasks();
        tasks.spawn("stubborn", &shutdown, std::future::pending());
        run_until(tasks, &shutdown, async {}).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn some_tasks_end_while_the_others_go_on() {
        let (mut tasks, shutdown) = tasks();
        let some = shutdown.child_token();
        let told = some.clone();
        tasks.spawn("done", &some, async move {
            told.cancelled().await;
            Ok(())
        });
        tasks.spawn("stubborn", &some, std::future::pending());
        tasks.end(&some, TIMEOUT).await.unwrap();
        assert!(!shutdown.is_cancelled());
        // What was cut off is no failure of those that go on.
        tasks.until(tokio::time::sleep(TIMEOUT)).await.unwrap();
        run_until(tasks, &shutdown, async {}).await.unwrap();
    }
}
