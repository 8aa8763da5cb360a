//! The process: the service that it shows, and the made-up population in its place where no feed brings a catalog.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::feeds::{self, FirstAnswer};
use super::front::Front;
use super::lock::DataFolder;
use super::roles::Roles;
use super::service::{House, Service};
use super::tasks::Tasks;
use crate::settings::Settings;

/// A running process.
pub(super) struct Process {
    pub(super) house: House,
    pub(super) front: Arc<Front>,
    pub(super) service: Service,
    pub(super) tasks: Tasks,
    /// That the process is to end.
    pub(super) stop: CancellationToken,
    /// What ends everything.
    pub(super) shutdown: CancellationToken,
    pub(super) shutdown_timeout: Duration,
    /// That connections are to end after the request that they are at.
    pub(super) draining: CancellationToken,
    /// How long requests are still answered at the end.
    pub(super) drain: Duration,
}

/// Where the made-up population is kept, and what it is shown with.
pub(super) struct Demo {
    pub(super) settings: Settings,
    pub(super) folder: PathBuf,
}

impl Process {
    /// Waits for the first catalog. Where no feed brings one, shows the made-up population instead.
    pub(super) async fn await_catalog(
        &mut self,
        first: mpsc::Receiver<FirstAnswer>,
        demo: Demo,
    ) -> anyhow::Result<()> {
        let decision = async {
            tokio::select! {
                () = self.stop.cancelled() => None,
                problem = feeds::nothing_to_show(first, self.service.store()) => problem,
            }
        };
        let Some(problem) = self.tasks.until(decision).await? else {
            self.front.decide();
            return Ok(());
        };
        // A stop is heard meanwhile: what writes may take long to end.
        let opened = self.open(demo);
        let stop = self.stop.clone();
        let Some(opened) = stop.run_until_cancelled(opened).await else { return Ok(()) };
        match opened {
            Ok(demo) => self.show(demo, &problem).await,
            Err(error) => {
                tracing::error!("no catalog: {problem}; the made-up population cannot be shown: {error:#}");
                self.front.decide();
                Ok(())
            }
        }
    }

    /// The service of the made-up population.
    async fn open(&self, Demo { mut settings, folder }: Demo) -> anyhow::Result<Service> {
        let owned = DataFolder::take(&folder)?;
        // It takes some time, in which requests are answered.
        let (given, path) = (settings.clone(), folder);
        let feed = tokio::task::spawn_blocking(move || feeds::demo(&given, &path)).await??;
        settings.feeds = [(feeds::DEMO_FEED.to_owned(), feed)].into();
        Service::open(settings, Roles::all(), true, owned, &self.house, self.shutdown.child_token()).await
    }

    /// Shows another service, unless somebody works with the one before.
    async fn show(&mut self, demo: Service, problem: &str) -> anyhow::Result<()> {
        let stop = self.stop.clone();
        let replaced = stop.run_until_cancelled(self.front.replace(demo.routes(&self.house))).await;
        let Some(replaced) = replaced else {
            demo.close().await;
            return Ok(());
        };
        if !replaced {
            tracing::warn!(
                "no catalog: {problem}; something was written meanwhile, so that no demo is shown"
            );
            demo.close().await;
            return Ok(());
        }
        eprintln!("No catalog: {problem}. Showing a made-up population instead; its objects do not exist.");
        demo.start(&mut self.tasks, None);
        let empty = std::mem::replace(&mut self.service, demo);
        let ended = self.tasks.end(empty.shutdown(), self.shutdown_timeout).await;
        empty.close().await;
        ended
    }

    /// Runs until it is to end, or a task fails, and then ends everything.
    pub(super) async fn run(mut self, ran: anyhow::Result<()>) -> anyhow::Result<()> {
        let ran = match ran {
            Ok(()) => self.tasks.until(self.stop.cancelled()).await,
            failed => failed,
        };
        // What others can go on with ends at once; requests are answered until nobody sends any.
        self.service.shutdown().cancel();
        self.draining.cancel();
        let ran = match ran {
            Ok(()) => self.tasks.until(tokio::time::sleep(self.drain)).await,
            failed => failed,
        };
        let ended = self.tasks.end(&self.shutdown, self.shutdown_timeout).await;
        self.service.close().await;
        ran.and(ended)
    }
}
