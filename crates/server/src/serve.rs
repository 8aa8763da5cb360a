//! `astroshield serve`: puts the service together and keeps it running.

mod descriptors;
mod exposition;
mod feeds;
mod front;
mod health;
mod http;
pub(crate) mod identity;
pub(crate) mod lock;
mod metrics;
mod operations;
pub(crate) mod outside;
pub(crate) mod parts;
mod process;
mod requests;
mod roles;
mod rotation;
mod service;
mod sign_in;
mod tasks;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use astroshield_domain::deployment::{READY, Role};
use astroshield_domain::ports::SystemClock;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::front::Front;
use self::http::Limits;
use self::lock::DataFolder;
use self::process::{Demo, Process};
use self::roles::Roles;
use self::service::{House, Service, spawn};
use self::sign_in::SignIn;
use self::tasks::Tasks;
use crate::exit::Completion;
use crate::logging;
use crate::settings::{Feed, IdentityKind, Layers, Settings, SettingsArgs, StoreKind, file_address};
use crate::telemetry::Telemetry;

/// Run the service: catalogs, screening, alerts, API and page
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield serve
  astroshield serve --demo
  astroshield serve --catalog catalog.csv.gz --listen 127.0.0.1:9000
  astroshield serve --config /etc/astroshield.toml
  astroshield serve --config /etc/astroshield.toml --role screen --listen 127.0.0.1:7879 --data /var/lib/astroshield/screen-1

It prints a link that signs you in once. SIGHUP prints another one; SIGTERM or Ctrl-C ends it, after what it is doing.
One process at a time uses a data folder. Processes of some roles each share PostgreSQL, S3, Redis and Kafka, and there may
be any number of each; one that does not answer requests has /health and /metrics only. --demo and --catalog keep their data in folders of their own inside it, apart
from what feeds bring.")]
pub(crate) struct Serve {
    #[command(flatten)]
    settings: SettingsArgs,
    /// What this process does, beside others that do the rest; without it, everything
    #[arg(long, value_parser = roles::reader(), value_delimiter = ',')]
    role: Vec<Role>,
    /// Show a made-up population, and ask no feed
    #[arg(long)]
    demo: bool,
    /// Show the catalog of this file, and ask no feed; it may be of any day
    #[arg(long, value_name = "FILE", conflicts_with = "demo")]
    catalog: Option<PathBuf>,
    /// Address and port, in place of server.listen
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Folder, in place of data.folder
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

/// Where the made-up population is kept, inside the data folder.
const DEMO_FOLDER: &str = "demo";

/// What the service shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// What the feeds bring.
    Feeds,
    /// A file.
    File,
    /// The made-up population.
    Demo,
}

impl Serve {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        let layers = self.layers()?;
        let mut settings = Settings::from_layers(&layers)?;
        if let Some(file) = &self.catalog {
            show_file(&mut settings, file)?;
        }
        let telemetry = Telemetry::new(&settings, &Roles::chosen(&self.role, &settings)?.names())?;
        logging::start(&settings, &telemetry)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("threads")?;
        runtime.block_on(self.serve(settings, telemetry))?;
        // What still blocks a thread has nothing left to lose.
        runtime.shutdown_background();
        Ok(Completion::Whole)
    }

    fn layers(&self) -> anyhow::Result<Layers> {
        let mut layers = self.settings.layers()?;
        if let Some(listen) = &self.listen {
            layers.add_option("--listen", &["server", "listen"], listen.to_string());
        }
        if let Some(folder) = &self.data {
            let folder = folder.to_str().context("--data: the name of the folder is not UTF-8")?;
            layers.add_option("--data", &["data", "folder"], folder);
        }
        Ok(layers)
    }

    async fn serve(&self, mut settings: Settings, telemetry: Telemetry) -> anyhow::Result<()> {
        // Before anything else, so that no signal finds the process unprepared.
        let stop = stop_token()?;
        let roles = Roles::chosen(&self.role, &settings)?;
        let folder = settings.data_folder().context("data.folder: there is no home folder to put it into")?;
        let (folder, shown) = match &self.catalog {
            Some(file) => (folder.join("catalogs").join(folder_name(file)), Shown::File),
            None if self.demo => (folder.join(DEMO_FOLDER), Shown::Demo),
            None => (folder, Shown::Feeds),
        };
        if shown == Shown::Demo && settings.store.kind != StoreKind::Sqlite {
            bail!("--demo keeps its data in a file: store.kind has to be \"sqlite\"");
        }
        if let (Shown::Demo | Shown::File, Some((key, alone))) = (shown, settings.shared()) {
            bail!("--demo and --catalog keep their data apart: {key} has to be {alone:?}");
        }
        let owned = DataFolder::take(&folder)?;
        let listen = settings.server.listen;
        let listener =
            TcpListener::bind(listen).await.with_context(|| format!("{listen} (server.listen)"))?;
        if shown == Shown::Demo {
            settings.feeds = [(feeds::DEMO_FEED.to_owned(), feeds::demo(&settings, &folder)?)].into();
        }
        parts::leave_cache_of_before(&mut settings, owned.path()).await?;
        let house = House::new(&settings, listener.local_addr().context("server.listen")?, &telemetry)?;
        let links = settings.identity.kind == IdentityKind::Local || settings.identity.one_time_link;
        let (shutdown, draining) = (CancellationToken::new(), CancellationToken::new());
        let server = settings.server.clone();
        let (mut telemetry, metrics_interval) = (telemetry.start(), settings.telemetry.metrics_interval);
        let keepers = settings.keepers.clone();
        let mut tasks = Tasks::new();
        let may_fall_back = shown == Shown::Feeds
            && roles.are_all()
            && settings.demo.fallback
            && settings.store.kind == StoreKind::Sqlite
            && settings.shared().is_none();
        let demo = Demo { settings: settings.clone(), folder: folder.join(DEMO_FOLDER) };
        let is_demo = shown == Shown::Demo;
        let service =
            Service::open(settings, roles.clone(), is_demo, owned, &house, shutdown.child_token()).await?;
        let undecided = may_fall_back && !service.has_catalog().await?;

        let front = Arc::new(Front::new(service.routes(&house), undecided));
        let limits = Limits {
            connections: descriptors::room_for(server.connections),
            head_timeout: server.head_timeout,
            send_timeout: server.send_timeout,
        };
        let answers = http::answer(listener, Arc::clone(&front), limits, draining.clone(), shutdown.clone());
        tasks.spawn("the HTTP server", &shutdown, answers);
        let recorded = house.recorded.clone();
        spawn(&mut tasks, "the upkeep of metrics", &shutdown, |shutdown| {
            metrics::keep_up(recorded, shutdown)
        });
        if let Some(metrics) = telemetry.metrics() {
            let shown = Arc::clone(&house.shown);
            spawn(&mut tasks, "the telling of metrics", &shutdown, |shutdown| {
                metrics::keep_telling(metrics, shown, metrics_interval, shutdown)
            });
        }
        for keeper in keepers.take() {
            spawn(&mut tasks, "the keeping of secrets", &shutdown, |shutdown| keeper.run(shutdown));
        }
        if !roles.has(Role::Api) {
            println!("AstroShield ({}): http://{}{READY}", roles.names(), house.listening);
        } else if links {
            print_links(&mut tasks, &house, &shutdown)?;
        } else {
            println!("AstroShield: {}/signin", house.address);
        }
        let names = roles.names();
        tracing::info!(listening = %house.listening, folder = %folder.display(), demo = is_demo, roles = names, "started");

        let (told, first) = mpsc::channel(1);
        service.start(&mut tasks, undecided.then_some(told));
        service.stream_through_gateway(&mut tasks, &house)?;
        let (shutdown_timeout, drain) = (server.shutdown_timeout, server.drain);
        let mut process =
            Process { house, front, service, tasks, stop, shutdown, shutdown_timeout, draining, drain };
        let ran = if undecided { process.await_catalog(first, demo).await } else { Ok(()) };
        let ran = process.run(ran).await;
        tracing::info!("ended");
        telemetry.stop().await;
        ran
    }
}

/// A token that is canceled when the process is to end.
fn stop_token() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
    let stop = CancellationToken::new();
    let stops = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: shutting down"),
            _ = interrupt.recv() => tracing::info!("interrupt: shutting down"),
        }
        stops.cancel();
    });
    Ok(stop)
}

/// Prints the link that signs in, and another one whenever it is asked for.
fn print_links(tasks: &mut Tasks, house: &House, shutdown: &CancellationToken) -> anyhow::Result<()> {
    let sign_in = SignIn::new(Arc::clone(&house.tokens), Arc::new(SystemClock), house.address.clone());
    let mut hang_up = signal(SignalKind::hangup()).context("SIGHUP")?;
    sign_in.print();
    spawn(tasks, "the printing of links", shutdown, |shutdown| async move {
        while shutdown.run_until_cancelled(hang_up.recv()).await.is_some() {
            sign_in.print();
        }
    });
    Ok(())
}

/// Makes a file the only feed.
fn show_file(settings: &mut Settings, file: &Path) -> anyhow::Result<()> {
    let file = std::fs::canonicalize(file).with_context(|| file.display().to_string())?;
    let url = file_address(&file).with_context(|| file.display().to_string())?;
    settings.feeds = [("file".to_owned(), Feed::of_file(url))].into();
    settings.screening.start_from_catalog = true;
    Ok(())
}

/// A folder for the data of a catalog file: its name, and a hash of where it is.
fn folder_name(file: &Path) -> String {
    use sha2::{Digest, Sha256};
    let full = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let hash = Sha256::digest(full.as_os_str().as_encoded_bytes());
    let stem = full.file_name().and_then(|name| name.to_str()).unwrap_or("catalog");
    format!("{stem}-{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3])
}
