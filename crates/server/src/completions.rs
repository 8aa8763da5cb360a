//! `astroshield completions`.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::Cli;
use crate::exit::Completion;
use crate::output::Output;

/// Print the completions of a shell
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield completions bash > ~/.local/share/bash-completion/completions/astroshield
  astroshield completions zsh > ~/.zfunc/_astroshield
  astroshield completions fish > ~/.config/fish/completions/astroshield.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        // Into memory first: the generator panics where it cannot write.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "astroshield", &mut script);
        let mut output = Output::create(None)?;
        output.write_all(&script)?;
        output.finish()?;
        Ok(Completion::Whole)
    }
}
