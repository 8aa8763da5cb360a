//! `astroshield-infra check`.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::bail;
use astroshield_infra::checks::{self, Architecture, Finding, exceptions, policies, tools};
use astroshield_infra::environment::{Environment, Name, Operator};
use astroshield_infra::stacks::architecture;
use astroshield_infra::template::Template;
use clap::Args;

use super::synth;

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Environment; without it, all of them
    #[arg(long)]
    env: Option<Name>,
    /// Settings of the operator, where they are not the defaults (infra.default.toml)
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Go without cloudformation-validate, cfn-lint and checkov, which need Python
    #[arg(long)]
    without_tools: bool,
}

impl Check {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let operator = Operator::read(self.settings.as_deref())?;
        let names = self.env.map_or_else(|| Name::ALL.to_vec(), |name| vec![name]);
        let mut environments = Vec::new();
        for name in names {
            let environment = Environment::new(name, operator.clone());
            let templates = architecture(&environment)?;
            environments.push((environment, templates));
        }
        let mut count = 0;
        for (environment, templates) in &environments {
            let findings = self.findings(environment, templates)?;
            for finding in &findings {
                println!("{}: {finding}", environment.name);
            }
            count += findings.len();
        }
        // An exception may be for one environment alone.
        if self.env.is_none() {
            let all: Vec<_> =
                environments.iter().map(|(_, templates)| Architecture::new(templates)).collect();
            for action in policies::unused(&all) {
                println!("{action} may be allowed on everything, and no policy does");
                count += 1;
            }
        }
        let stacks: usize = environments.iter().map(|(_, templates)| templates.len()).sum();
        let tools = if self.without_tools { ", without the tools of others" } else { "" };
        println!("check: {stacks} templates{tools}, {count} findings");
        if count > 0 {
            bail!("the architecture has findings");
        }
        Ok(())
    }

    fn findings(&self, environment: &Environment, templates: &[Template]) -> anyhow::Result<Vec<Finding>> {
        let mut findings = checks::findings(templates);
        if !self.without_tools {
            let scripts = tools::scripts()?;
            let folder = tempfile::tempdir()?;
            synth::write(environment, folder.path())?;
            findings.extend(tools::lint(&scripts, folder.path())?);
            let now = jiff::Timestamp::try_from(SystemTime::now())?;
            let today = jiff::tz::Offset::UTC.to_datetime(now).date();
            let found = tools::checkov(&scripts, folder.path())?;
            findings.extend(exceptions::apply(exceptions::ALL, environment.name, found, today));
        }
        findings.sort();
        Ok(findings)
    }
}
