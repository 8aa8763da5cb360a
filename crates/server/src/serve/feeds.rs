//! Which feeds are asked, and whether there is anything to show without them.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use astroshield_domain::catalog::Grade;
use astroshield_domain::feeds::{FeedKind, FeedSettings};
use astroshield_domain::ids::TenantId;

use super::parts::Parts;
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

/// Why there is nothing to show: no catalog from before, and no feed that can be reached now. Feeds are asked only where
/// there is no catalog, and remember that they were.
pub(super) async fn nothing_to_show(settings: &Settings, parts: &Parts) -> anyhow::Result<Option<String>> {
    if parts.store.catalog_age(&TenantId::public()).await?.is_some() {
        return Ok(None);
    }
    let feeds = enabled(settings);
    let catalogs: Vec<String> = feeds
        .iter()
        .filter(|feed| matches!(feed.kind, FeedKind::ElementSets { .. }))
        .map(|feed| feed.name.clone())
        .collect();
    let poller = parts.poller(feeds);
    let mut problems = Vec::new();
    for name in catalogs {
        eprintln!("No catalog yet: asking the feed {name} for one.");
        match poller.poll_once(&name).await {
            Ok(()) => return Ok(None),
            Err(error) => problems.push(format!("{name}: {error}")),
        }
    }
    // A feed that was asked a moment ago is left alone, and what it brought is there.
    if parts.store.catalog_age(&TenantId::public()).await?.is_some() || problems.is_empty() {
        return Ok(None);
    }
    Ok(Some(problems.join("; ")))
}
