//! `astroshield-infra deploy`.

use std::collections::BTreeMap;
use std::time::SystemTime;

use anyhow::ensure;
use astroshield_infra::deploy::cloud::Cloud;
use astroshield_infra::deploy::{self, Done, configuration, state};
use astroshield_infra::manifest::Manifest;
use astroshield_infra::template::{Given, Template};
use clap::Args;
use jiff::Timestamp;

use super::{Console, Stacks, run};

#[derive(Debug, Args)]
pub(crate) struct Deploy {
    #[command(flatten)]
    stacks: Stacks,
    /// Value of a parameter that the operator gives; what was given before stays
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// Agree to everything, loss of data included
    #[arg(long)]
    yes: bool,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("is not NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Deploy {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let operator = self.stacks.chosen.environment()?.operator;
        let (manifest, templates) = self.stacks.describe()?;
        let said: BTreeMap<String, String> = self.parameters.iter().cloned().collect();
        for name in said.keys() {
            let asked = manifest
                .stacks
                .iter()
                .any(|entry| matches!(entry.parameters.get(name), Some(Given::Operator { .. })));
            ensure!(asked, "no stack asks for {name}");
        }
        run(async {
            let cloud = self.stacks.connect().await?;
            let mut changed = false;
            let done = self.deploy(&cloud, &manifest, &templates, &said, &mut changed).await;
            if changed || done.is_ok() {
                // What was done before something failed is kept, too.
                let now = Timestamp::try_from(SystemTime::now())?;
                let kept = configuration::keep(&cloud, &manifest, &operator, now).await;
                match (kept, &done) {
                    (Ok(Some(place)), _) => println!("configuration: {place}"),
                    (Ok(None), _) => println!("configuration: not kept, as there is no stack storage yet"),
                    (Err(error), Ok(())) => return Err(error.context("the configuration was not kept")),
                    (Err(error), Err(_)) => println!("configuration: not kept: {error:#}"),
                }
            }
            done
        })
    }

    /// Deploys the stacks in their order, and says whether one of them has changed.
    async fn deploy(
        &self,
        cloud: &Cloud,
        manifest: &Manifest,
        templates: &[Template],
        said: &BTreeMap<String, String>,
        changed: &mut bool,
    ) -> anyhow::Result<()> {
        for (entry, template) in manifest.stacks.iter().zip(templates) {
            if !self.stacks.has(entry.stack) {
                continue;
            }
            // CloudFormation has no stacks without resources.
            if template.resources().next().is_none() {
                println!("{}: nothing in this environment", entry.name);
                continue;
            }
            println!("{} ({})", entry.name, entry.region);
            let mut console = Console { yes: self.yes, word: &entry.name };
            let done = deploy::deploy(cloud, manifest, entry, template, said, &mut console).await?;
            if done == Done::Unchanged {
                println!("{}: unchanged", entry.name);
                continue;
            }
            println!("{}: deployed", entry.name);
            *changed = true;
            // Outputs that no other stack takes are for whoever deploys.
            let taken = |output: &str| {
                let given = Given::Output { stack: entry.stack, output: output.to_owned() };
                manifest.stacks.iter().any(|other| other.parameters.values().any(|of| *of == given))
            };
            let outputs = state::read(cloud, entry).await?.map(|state| state.outputs).unwrap_or_default();
            for (output, value) in outputs.iter().filter(|(output, _)| !taken(output)) {
                println!("  {output} = {value}");
            }
        }
        Ok(())
    }
}
