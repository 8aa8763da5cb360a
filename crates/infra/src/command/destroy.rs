//! `astroshield-infra destroy`.

use anyhow::ensure;
use astroshield_infra::deploy::{self, Done, Terminal as _, bucket, state};
use clap::Args;

use super::{Console, Stacks, run};

#[derive(Debug, Args)]
pub(crate) struct Destroy {
    #[command(flatten)]
    stacks: Stacks,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Destroy {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let environment = self.stacks.chosen.environment()?;
        ensure!(!environment.sizes.protected, "{} is not destroyed by a command", environment.name);
        let (manifest, _) = self.stacks.describe()?;
        let question = format!("This deletes {} with all data in it.", environment.name);
        let mut console = Console { yes: self.yes, word: environment.name.name() };
        ensure!(console.ask(&question)?, "nothing was done");
        run(async {
            let cloud = self.stacks.connect().await?;
            for entry in manifest.stacks.iter().rev().filter(|entry| self.stacks.has(entry.stack)) {
                if state::read(&cloud, entry).await?.is_some() {
                    bucket::empty(&cloud, entry).await?;
                }
                let done = deploy::delete(&cloud, entry, &mut console).await?;
                println!("{}: {}", entry.name, if done == Done::Absent { "not there" } else { "deleted" });
            }
            Ok(())
        })
    }
}
