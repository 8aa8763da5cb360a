//! `astroshield catalog fetch`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use astroshield_formats::{Strictness, read_catalog};
use clap::Args;

use super::cache::{Cache, Received};
use crate::exit::Completion;
use crate::input;
use crate::output::Output;

/// Get a catalog of element sets, from the cache where it is less than two hours old
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield catalog fetch --output active.csv
  astroshield catalog fetch --group stations | astroshield screen - --days 1
  astroshield catalog fetch --source https://example.org/catalog.csv.gz --output catalog.csv

A source is asked at most once in two hours for what it has already sent, by any process, and after a failure it is
left alone for longer each time. Without a network the cache answers, whatever its age, and the age is said.
The cache is the folder astroshield/catalog in $XDG_CACHE_HOME (~/.cache).")]
pub(crate) struct Fetch {
    /// CelesTrak's group of objects: active, stations, starlink, geo, last-30-days, ...
    #[arg(long, default_value = "active", value_parser = group)]
    group: String,
    /// Where from: celestrak, a URL, or a file
    #[arg(long, default_value = "celestrak", value_name = "celestrak|URL|FILE")]
    source: String,
    /// Use the cache only
    #[arg(long)]
    offline: bool,
    /// File to write; standard output otherwise
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Fetch {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        let now = SystemTime::now();
        let bytes = match self.url() {
            Some(url) => {
                let received = Cache::open()?.get(&url, self.offline, now, |bytes| count(bytes).map(drop))?;
                eprintln!("{url}: {}", describe(&received, now)?);
                received.bytes
            }
            None => {
                let input = input::read(Path::new(&self.source))?;
                let objects = count(&input.bytes).with_context(|| input.name.clone())?;
                eprintln!("{}: {objects} element sets", input.name);
                input.bytes
            }
        };
        let mut output = Output::create(self.output.as_deref())?;
        output.write_all(&bytes)?;
        output.finish()?;
        Ok(Completion::Whole)
    }

    fn url(&self) -> Option<String> {
        match self.source.as_str() {
            "celestrak" => Some(celestrak_url(&self.group)),
            source if source.starts_with("https://") || source.starts_with("http://") => {
                Some(source.to_owned())
            }
            _ => None,
        }
    }
}

/// Address of a group's current element sets, as OMM in CSV (the one form that carries every catalog number).
fn celestrak_url(group: &str) -> String {
    format!("https://celestrak.org/NORAD/elements/gp.php?GROUP={group}&FORMAT=csv")
}

fn group(text: &str) -> anyhow::Result<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if text.is_empty() || !text.chars().all(allowed) {
        bail!("a group is made of letters, digits and hyphens");
    }
    Ok(text.to_owned())
}

/// Number of element sets in a catalog, which has to have some.
fn count(bytes: &[u8]) -> anyhow::Result<usize> {
    let bytes = input::unpack(bytes.to_vec())?;
    let catalog = read_catalog(&bytes, "answer", Strictness::Tolerant)?;
    if catalog.objects.is_empty() {
        bail!("no element sets in it");
    }
    Ok(catalog.objects.len())
}

fn describe(received: &Received, now: SystemTime) -> anyhow::Result<String> {
    let objects = count(&received.bytes)?;
    let age = match received.confirmed {
        Some(time) => age(now.duration_since(time).unwrap_or_default()),
        None => "of unknown age".to_owned(),
    };
    let note = received.note.as_ref().map_or(String::new(), |note| format!(" ({note})"));
    Ok(format!("{objects} element sets, {age}{note}"))
}

fn age(age: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match age.as_secs() {
        0..MINUTE => "received just now".to_owned(),
        seconds @ MINUTE..HOUR => format!("{} min old", seconds / MINUTE),
        seconds @ HOUR..DAY => format!("{} h old", seconds / HOUR),
        seconds => format!("{} days old", seconds / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_cannot_change_the_address() {
        assert!(group("last-30-days").is_ok());
        for text in ["", "a&FORMAT=tle", "a b", "../x"] {
            assert!(group(text).is_err(), "{text:?}");
        }
        assert_eq!(
            celestrak_url("active"),
            "https://celestrak.org/NORAD/elements/gp.php?GROUP=active&FORMAT=csv"
        );
    }
}
