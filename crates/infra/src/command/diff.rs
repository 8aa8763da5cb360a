//! `astroshield-infra diff`.

use astroshield_infra::deploy::state;
use astroshield_infra::diff::differences;
use clap::Args;
use serde_json::json;

use super::{Stacks, run};

#[derive(Debug, Args)]
pub(crate) struct Diff {
    #[command(flatten)]
    stacks: Stacks,
}

impl Diff {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let (manifest, templates) = self.stacks.describe()?;
        run(async {
            let cloud = self.stacks.connect().await?;
            let (mut changed, mut losses) = (0, 0);
            for (entry, template) in manifest.stacks.iter().zip(&templates) {
                if !self.stacks.has(entry.stack) {
                    continue;
                }
                let deployed = match state::read(&cloud, entry).await? {
                    Some(_) => state::template(&cloud, entry).await?,
                    None => json!({}),
                };
                let found = differences(&deployed, &template.body);
                println!("{} ({}): {} changes", entry.name, entry.region, found.len());
                for difference in &found {
                    println!("  {difference}");
                }
                changed += found.len();
                losses += found.iter().filter(|difference| difference.loss.is_some()).count();
            }
            println!("diff: {changed} changes, {losses} with data loss");
            Ok(())
        })
    }
}
