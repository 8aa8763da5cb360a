//! Which feeds are asked, and whether the first catalog comes from them.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use astroshield_domain::catalog::Grade;
use astroshield_domain::feeds::{FeedKind, FeedPoller, FeedSettings};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::Store;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::catalog::demo;
use crate::settings::{self, Feed, FeedGrade, Settings};
use crate::time;

/// Name of the feed that brings the made-up population.
pub(super) const DEMO_FEED: &str = "demo";

/// Name of the file with the made-up population.
const DEMO_FILE: &str = "demo.csv";

/// The feeds of the configuration that are to be asked.
pub(super) fn enabled(settings: &Settings) -> Vec<FeedSettings> {
    settings.feeds.iter().filter(|(_, feed)| feed.enabled).map(|(name, feed)| of(name, feed)).collect()
}

fn of(name: &str, feed: &Feed) -> FeedSettings {
    let grade = match feed.grade {
        FeedGrade::Gp => Grade::Gp,
        FeedGrade::SupplementalGp => Grade::SupplementalGp,
    };
    let (kind, tenant) = match feed.kind {
        settings::FeedKind::ElementSets => (FeedKind::ElementSets { grade }, TenantId::public()),
        settings::FeedKind::Satcat => (FeedKind::Satcat, TenantId::public()),
        settings::FeedKind::SpaceWeather => (FeedKind::SpaceWeather, TenantId::public()),
        settings::FeedKind::EarthOrientation => (FeedKind::EarthOrientation, TenantId::public()),
        // Messages are made for an operator.
        settings::FeedKind::Cdms => (FeedKind::Cdms, TenantId::local()),
    };
    let password = feed.space_track_password.reveal();
    FeedSettings {
        name: name.to_owned(),
        kind,
        url: feed.url.clone(),
        interval: feed.interval,
        stale_after: feed.stale_after,
        space_track: feed.space_track_user.clone().map(|user| (user, password.to_owned())),
        tenant,
    }
}

/// How long a made-up population stays: then its element sets would be too old to screen well.
const DEMO_LIFETIME: Duration = Duration::from_hours(72);

/// The made-up population as a feed: a file in the data folder with epochs of these days.
pub(super) fn demo(settings: &Settings, folder: &Path) -> anyhow::Result<Feed> {
    let path = std::path::absolute(folder.join(DEMO_FILE))?;
    let made = std::fs::metadata(&path).and_then(|metadata| metadata.modified());
    let fresh = made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age < DEMO_LIFETIME));
    if !fresh {
        let csv = demo::csv(settings.demo.objects, time::now()?)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(csv.as_bytes())
            .and_then(|()| file.flush())
            .with_context(|| path.display().to_string())?;
        file.persist(&path)?;
    }
    let url = settings::file_address(&path).with_context(|| path.display().to_string())?;
    Ok(Feed::of_file(url))
}

/// What became of asking a feed of a catalog for the first time.
pub(super) type FirstAnswer = Result<(), String>;

/// Asks a feed of a catalog until the shutdown, and tells what became of the first time.
pub(super) async fn ask_for_first_catalog(
    poller: FeedPoller,
    name: String,
    told: mpsc::Sender<FirstAnswer>,
    shutdown: CancellationToken,
) {
    eprintln!("No catalog yet: asking the feed {name} for one.");
    let Some(first) = shutdown.run_until_cancelled(poller.poll_once(&name)).await else { return };
    // Once there is a catalog, nobody listens.
    let _ = told.send(first.map_err(|error| format!("{name}: {error}"))).await;
    drop(told);
    poller.run(shutdown).await;
}

/// Waits until there is a catalog, or no feed has brought one: then, why. Feeds remember that they were asked.
pub(super) async fn nothing_to_show(
    mut answers: mpsc::Receiver<FirstAnswer>,
    store: &dyn Store,
) -> Option<String> {
    let mut problems = Vec::new();
    while let Some(answer) = answers.recv().await {
        match answer {
            Ok(()) => return None,
            Err(problem) => problems.push(problem),
        }
    }
    // A feed that was asked a moment ago is left alone, and what it brought is there.
    let there = store.catalog_age(&TenantId::public()).await.is_ok_and(|age| age.is_some());
    (!there && !problems.is_empty()).then(|| problems.join("; "))
}
