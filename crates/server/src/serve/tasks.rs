//! The long-lived tasks of the server: none may end before the shutdown, and then all have to.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use anyhow::{anyhow, bail};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// Tasks by name.
pub(super) struct Tasks {
    running: JoinSet<anyhow::Result<()>>,
    names: HashMap<Id, &'static str>,
    shutdown: CancellationToken,
}

impl Tasks {
    /// None yet; all of them end when the token is canceled.
    pub(super) fn new(shutdown: CancellationToken) -> Self {
        Self { running: JoinSet::new(), names: HashMap::new(), shutdown }
    }

    /// Starts a task.
    pub(super) fn spawn(
        &mut self,
        name: &'static str,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        let id = self.running.spawn(task).id();
        self.names.insert(id, name);
    }

    /// Runs until `stop` is there, then ends all tasks, within `timeout`. A task that ends before is an error, and ends the
    /// others.
    pub(super) async fn run_until(
        mut self,
        stop: impl Future<Output = ()>,
        timeout: Duration,
    ) -> anyhow::Result<()> {
        let early = tokio::select! {
            () = stop => None,
            Some(ended) = self.running.join_next_with_id() => Some(self.describe(ended)),
        };
        self.shutdown.cancel();
        let rest = tokio::time::timeout(timeout, self.end()).await;
        if rest.is_err() {
            let mut late: Vec<&str> = self.names.values().copied().collect();
            late.sort_unstable();
            tracing::warn!(tasks = late.join(", "), ?timeout, "tasks that did not end in time were cut off");
            self.running.shutdown().await;
        }
        match early {
            Some(error) => Err(error),
            None => rest.unwrap_or(Ok(())),
        }
    }

    async fn end(&mut self) -> anyhow::Result<()> {
        let mut problem = None;
        while let Some(ended) = self.running.join_next_with_id().await {
            match ended {
                Ok((id, Ok(()))) => {
                    self.names.remove(&id);
                }
                other => {
                    let error = self.describe(other);
                    problem = problem.or(Some(error));
                }
            }
        }
        match problem {
            Some(error) => bail!(error),
            None => Ok(()),
        }
    }

    fn describe(&mut self, ended: Result<(Id, anyhow::Result<()>), JoinError>) -> anyhow::Error {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let name = self.names.remove(&id).unwrap_or("a task");
        match ended {
            Ok((_, Ok(()))) => anyhow!("{name} has ended, which it must not"),
            Ok((_, Err(error))) => error.context(format!("{name} has failed")),
            Err(error) => anyhow!(error).context(format!("{name} has failed")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    fn tasks() -> (Tasks, CancellationToken) {
        let shutdown = CancellationToken::new();
        let mut tasks = Tasks::new(shutdown.clone());
        let obedient = shutdown.clone();
        tasks.spawn("obedient", async move {
            obedient.cancelled().await;
            Ok(())
        });
        (tasks, shutdown)
    }

    #[tokio::test]
    async fn tasks_end_when_told_to() {
        let (tasks, shutdown) = tasks();
        tasks.run_until(async {}, TIMEOUT).await.unwrap();
        assert!(shutdown.is_cancelled());
    }

    #[tokio::test]
    async fn a_task_that_ends_or_fails_or_panics_ends_all_and_is_named() {
        let (mut ends, shutdown) = tasks();
        ends.spawn("brief", async { Ok(()) });
        let error = ends.run_until(std::future::pending(), TIMEOUT).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "brief has ended, which it must not");
        assert!(shutdown.is_cancelled());

        let (mut fails, _) = tasks();
        fails.spawn("weak", async { Err(anyhow!("disk full")) });
        let error = fails.run_until(std::future::pending(), TIMEOUT).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "weak has failed: disk full");

        let (mut panics, _) = tasks();
        panics.spawn("wild", async { panic!("oh") });
        let error = panics.run_until(std::future::pending(), TIMEOUT).await.unwrap_err();
        assert!(format!("{error:#}").starts_with("wild has failed: "), "{error:#}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_end_is_cut_off() {
        let (mut tasks, _) = tasks();
        tasks.spawn("stubborn", std::future::pending());
        tasks.run_until(async {}, TIMEOUT).await.unwrap();
    }
}
