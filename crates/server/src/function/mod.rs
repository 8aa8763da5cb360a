//! `astroshield function`: what AWS Lambda runs, behind the APIs of API Gateway and when passwords are rotated.

mod authorizer;
mod connections;
mod event;
mod rotation;

use std::borrow::Cow;

use anyhow::{Context, anyhow};
use astroshield_adapters::gateway::Runtime;
use clap::{Args, ValueEnum};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use self::authorizer::Authorizer;
use self::connections::ConnectionFunctions;
use self::rotation::{Account, Rotation};
use crate::exit::Completion;
use crate::logging;
use crate::settings::{Settings, SettingsArgs};
use crate::telemetry::Telemetry;

/// Answer events of API Gateway and Secrets Manager, started by AWS Lambda
#[derive(Debug, Args)]
#[command(after_long_help = "\
In an image, it is the command; in a package, what the file `bootstrap` beside the program executes:
  #!/bin/sh
  exec ./astroshield function \"$_HANDLER\"

The settings are variables, as ASTROSHIELD__GATEWAY__SERVICE.")]
pub(crate) struct Function {
    /// Which one
    #[arg(value_enum)]
    which: Which,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Says who may connect
    Authorizer,
    /// Deals with $connect, $disconnect and $default
    Connections,
    /// Rotates the password of PostgreSQL
    RotateDatabase,
    /// Rotates the password of the cache's user in ElastiCache
    RotateCache,
    /// Rotates the password of the user of MSK's brokers
    RotateBrokers,
}

/// What answers events.
enum Handler {
    Authorizer(Authorizer),
    Connections(ConnectionFunctions),
    Rotation(Box<Rotation>),
}

/// That an event cannot be answered: what whoever asked is told.
#[derive(Debug, PartialEq, Eq)]
struct Failure(Cow<'static, str>);

impl Failure {
    const fn new(message: &'static str) -> Self {
        Self(Cow::Borrowed(message))
    }
}

impl Function {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        let settings = Settings::from_layers(&self.settings.layers()?)?;
        let telemetry = Telemetry::new(&settings, "function")?;
        logging::start(&settings, &telemetry)?;
        let handler = match self.which {
            Which::Authorizer => Handler::Authorizer(Authorizer::new(&settings)?),
            Which::Connections => Handler::Connections(ConnectionFunctions::new(&settings)?),
            Which::RotateDatabase => Handler::rotating(&settings, Account::database(&settings))?,
            Which::RotateCache => Handler::rotating(&settings, Account::cache(&settings)?)?,
            Which::RotateBrokers => Handler::rotating(&settings, Account::brokers(&settings)?)?,
        };
        let runtime = Runtime::of_environment().map_err(|reason| anyhow!(reason))?;
        let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        threads.context("threads")?.block_on(async {
            let _told = telemetry.start();
            for keeper in settings.keepers.take() {
                tokio::spawn(keeper.run(CancellationToken::new()));
            }
            handler.answer(&runtime).await
        })
    }
}

impl Handler {
    fn rotating(settings: &Settings, account: Account) -> anyhow::Result<Self> {
        Ok(Self::Rotation(Box::new(Rotation::new(settings, account)?)))
    }

    /// Answers events, one after the other, until there are no more.
    async fn answer(&self, runtime: &Runtime) -> anyhow::Result<Completion> {
        loop {
            let invocation = runtime.next().await.map_err(|reason| anyhow!(reason))?;
            let answer = match self {
                Self::Authorizer(authorizer) => authorizer.answer(&invocation.event).await,
                Self::Connections(functions) => Ok(functions.answer(&invocation.event).await),
                Self::Rotation(rotation) => rotation.answer(&invocation.event).await,
            };
            let taken = match answer {
                Ok(answer) => runtime.answer::<Value>(&invocation.id, &answer).await,
                Err(Failure(message)) => runtime.fail(&invocation.id, "Refused", &message).await,
            };
            // Lambda may have given up waiting; the next event is another one.
            if let Err(reason) = taken {
                tracing::error!(reason, "an answer was not taken");
            }
        }
    }
}
