//! `astroshield-infra synth`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use astroshield_infra::environment::Environment;
use astroshield_infra::manifest::{INLINE_BYTES, Manifest};
use astroshield_infra::stacks::architecture;
use clap::Args;

use super::Chosen;

#[derive(Debug, Args)]
pub(crate) struct Synth {
    #[command(flatten)]
    chosen: Chosen,
    /// Folder for them; templates that are there from before are replaced
    #[arg(long, value_name = "DIR", default_value = "infra.out")]
    out: PathBuf,
}

impl Synth {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let environment = self.chosen.environment()?;
        let manifest = write(&environment, &self.out)?;
        for entry in &manifest.stacks {
            let how =
                if entry.through_s3 { format!(" (above {INLINE_BYTES}: through S3)") } else { String::new() };
            println!("{}: {}, {} bytes{how}", entry.name, entry.region, entry.bytes);
        }
        Ok(())
    }
}

/// Writes the templates and the manifest of an environment into a folder.
pub(crate) fn write(environment: &Environment, folder: &Path) -> anyhow::Result<Manifest> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let templates = architecture(environment)?;
    let manifest = Manifest::new(environment, &templates);
    let mut files = vec![("manifest.json".to_owned(), manifest.text())];
    for (template, entry) in templates.iter().zip(&manifest.stacks) {
        files.push((entry.template.clone(), template.text()));
    }
    for (name, text) in files {
        let file = folder.join(name);
        fs::write(&file, text).with_context(|| file.display().to_string())?;
    }
    Ok(manifest)
}
