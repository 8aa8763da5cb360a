//! The commands.

pub(crate) mod check;
pub(crate) mod cost;
pub(crate) mod deploy;
pub(crate) mod destroy;
pub(crate) mod diagram;
pub(crate) mod diff;
pub(crate) mod prices;
pub(crate) mod synth;

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::ensure;
use astroshield_infra::deploy::Terminal;
use astroshield_infra::deploy::cloud::Cloud;
use astroshield_infra::environment::{Environment, Name, Operator};
use astroshield_infra::manifest::Manifest;
use astroshield_infra::stacks::architecture;
use astroshield_infra::template::{StackName, Template};
use clap::Args;

/// The environment that a command is about.
#[derive(Debug, Args)]
pub(crate) struct Chosen {
    /// Environment
    #[arg(long)]
    env: Name,
    /// Settings of the operator, where they are not the defaults (infra.default.toml)
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

impl Chosen {
    pub(crate) fn environment(&self) -> anyhow::Result<Environment> {
        Ok(Environment::new(self.env, Operator::read(self.settings.as_deref())?))
    }
}

/// Stacks of an environment, and where AWS is.
#[derive(Debug, Args)]
pub(crate) struct Stacks {
    #[command(flatten)]
    chosen: Chosen,
    /// These alone
    #[arg(long = "stack", value_name = "STACK", value_parser = stack, num_args = 1..)]
    stacks: Vec<StackName>,
    /// Address of an emulator, instead of AWS
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

fn stack(text: &str) -> Result<StackName, String> {
    let found = StackName::ALL.into_iter().find(|stack| stack.name() == text);
    let all: Vec<&str> = StackName::ALL.iter().map(|stack| stack.name()).collect();
    found.ok_or_else(|| format!("there are {}", all.join(", ")))
}

impl Stacks {
    fn describe(&self) -> anyhow::Result<(Manifest, Vec<Template>)> {
        let environment = self.chosen.environment()?;
        let templates = architecture(&environment)?;
        Ok((Manifest::new(&environment, &templates), templates))
    }

    fn has(&self, stack: StackName) -> bool {
        self.stacks.is_empty() || self.stacks.contains(&stack)
    }

    async fn connect(&self) -> anyhow::Result<Cloud> {
        Cloud::connect(self.endpoint_url.as_deref()).await
    }
}

/// Runs something that asks AWS.
fn run<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Whoever runs the command.
struct Console<'a> {
    /// Whether all is agreed to already.
    yes: bool,
    /// The word that agrees.
    word: &'a str,
}

impl Terminal for Console<'_> {
    fn show(&mut self, line: &str) {
        println!("{line}");
    }

    fn ask(&mut self, question: &str) -> anyhow::Result<bool> {
        println!("{question}");
        if self.yes {
            return Ok(true);
        }
        let input = std::io::stdin();
        ensure!(input.is_terminal(), "nobody is there to ask (--yes agrees to it)");
        print!("Type {} to go on: ", self.word);
        std::io::stdout().flush()?;
        let mut answer = String::new();
        input.lock().read_line(&mut answer)?;
        Ok(answer.trim() == self.word)
    }
}
