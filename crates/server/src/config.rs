//! `astroshield config`.

use std::io::Write;

use clap::Args;

use crate::exit::Completion;
use crate::output::Output;
use crate::settings::{Layers, Settings, SettingsArgs, printable};

/// Print the configuration in force, with where each value comes from
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield config
  astroshield config --defaults > astroshield.toml
  ASTROSHIELD__SCREENING__DAYS=3 astroshield config --config /etc/astroshield.toml

Secrets are printed as (hidden), and so is what may be one in the addresses of feeds and of the heartbeat. What each setting means stands in the defaults (--defaults).")]
pub(crate) struct Config {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Print the defaults, with what each setting means
    #[arg(long)]
    defaults: bool,
}

impl Config {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        let mut output = Output::create(None)?;
        if self.defaults {
            output.write_all(crate::settings::DEFAULTS.as_bytes())?;
        } else {
            let layers = self.settings.layers()?;
            Settings::from_layers(&layers)?;
            output.write_all(listing(&layers).as_bytes())?;
        }
        output.finish()?;
        Ok(Completion::Whole)
    }
}

/// A line of TOML for each setting, with its source as a comment.
fn listing(layers: &Layers) -> String {
    layers
        .leaves()
        .into_iter()
        .map(|(key, value)| {
            let origin = layers.origin(&key);
            format!("{key} = {}  # {origin}\n", printable(&key, value, &origin))
        })
        .collect()
}
