//! Whose password it is: how it is set, tried, and brought to those who use it.

use std::future::Future;
use std::time::Duration;

use anyhow::Context;
use astroshield_adapters::PostgresSettings;
use astroshield_adapters::accounts::{CacheUsers, ContainerServices};
use astroshield_domain::ports::SecretText;
use tokio::time::{Instant, sleep};

use super::{Credentials, Failure, failure};
use crate::managed;
use crate::settings::{self, Settings, with_password};

/// How often something is tried again that takes its time.
const INTERVAL: Duration = Duration::from_secs(2);

/// An account whose password is rotated.
pub(in crate::function) enum Account {
    /// The owner of the database, who changes his own password.
    Database(Database),
    /// A user of ElastiCache.
    Cache(Cache),
    /// A user of MSK's brokers.
    Brokers(Brokers),
}

pub(in crate::function) struct Database {
    store: settings::Store,
    patience: Duration,
}

pub(in crate::function) struct Cache {
    cache: settings::Cache,
    users: CacheUsers,
    user: String,
    patience: Duration,
}

pub(in crate::function) struct Brokers {
    bus: settings::Bus,
    services: ContainerServices,
    /// Clusters and services.
    clients: Vec<(String, String)>,
    patience: Duration,
}

impl Account {
    pub(in crate::function) fn database(settings: &Settings) -> Self {
        Self::Database(Database { store: settings.store.clone(), patience: settings.rotation.patience })
    }

    pub(in crate::function) fn cache(settings: &Settings) -> anyhow::Result<Self> {
        let rotation = &settings.rotation;
        let user = rotation.cache_user.clone().context("rotation.cache_user: its identity is due")?;
        let aws = managed::aws(&settings.secrets, rotation.endpoint.as_deref());
        let users = CacheUsers::new(&aws).context("rotation.endpoint")?;
        Ok(Self::Cache(Cache { cache: settings.cache.clone(), users, user, patience: rotation.patience }))
    }

    pub(in crate::function) fn brokers(settings: &Settings) -> anyhow::Result<Self> {
        let rotation = &settings.rotation;
        let pair = |name: &String| {
            let pair =
                name.split_once('/').map(|(cluster, service)| (cluster.to_owned(), service.to_owned()));
            pair.with_context(|| format!("rotation.services: {name}: CLUSTER/SERVICE is due"))
        };
        let clients = rotation.services.iter().map(pair).collect::<Result<_, _>>()?;
        let aws = managed::aws(&settings.secrets, rotation.endpoint.as_deref());
        let services = ContainerServices::new(&aws).context("rotation.endpoint")?;
        Ok(Self::Brokers(Brokers {
            bus: settings.bus.clone(),
            services,
            clients,
            patience: rotation.patience,
        }))
    }

    /// Has the next password taken.
    pub(super) async fn set(
        &self,
        current: &Credentials,
        previous: Option<&Credentials>,
        next: &Credentials,
    ) -> Result<(), Failure> {
        match self {
            Self::Database(database) => database.set(current, previous, next).await,
            Self::Cache(cache) => {
                let passwords = [current.password(), next.password()];
                let set = cache.users.set_passwords(&cache.user, &passwords.each_ref()).await;
                set.map_err(failure)
            }
            // They read the secret themselves.
            Self::Brokers(_) => Ok(()),
        }
    }

    /// Sees that the next password is taken. Brokers know the one that is current alone; it is tried that they are there, as
    /// what follows in the last step would otherwise be in vain.
    pub(super) async fn test(&self, current: &Credentials, next: &Credentials) -> Result<(), Failure> {
        match self {
            Self::Database(database) => database.test(next).await,
            Self::Cache(cache) => {
                let password = next.password();
                within(cache.patience, || async {
                    match managed::cache_takes(&cache.cache, &password).await {
                        Ok(true) => Ok(()),
                        Ok(false) => Err(Failure::new("the cache does not take the password")),
                        Err(error) => Err(failure(error)),
                    }
                })
                .await
            }
            Self::Brokers(brokers) => brokers.take(current).await,
        }
    }

    /// Brings the password, which is current now, to those who do not follow it.
    pub(super) async fn finish(&self, current: &Credentials) -> Result<(), Failure> {
        let Self::Brokers(brokers) = self else { return Ok(()) };
        // MSK takes some minutes to know it. Tasks that began before that would try in vain for as long.
        within(brokers.patience, || brokers.take(current)).await?;
        for (cluster, service) in &brokers.clients {
            brokers.services.replace_tasks(cluster, service).await.map_err(failure)?;
        }
        Ok(())
    }
}

impl Database {
    /// The server of an address, with a password.
    fn server(&self, url: &settings::Secret, password: &SecretText) -> Result<PostgresSettings, Failure> {
        let url = with_password(url.reveal(), password.reveal());
        let url = url.ok_or_else(|| Failure::new("store.url is no address to put a password into"))?;
        Ok(PostgresSettings { url, reader_url: None, ..self.store.postgres() })
    }

    async fn set(
        &self,
        current: &Credentials,
        previous: Option<&Credentials>,
        next: &Credentials,
    ) -> Result<(), Failure> {
        let next = next.password();
        let server = |password: &SecretText| self.server(&self.store.url, password);
        if server(&next)?.signs_in().await.map_err(failure)? {
            return Ok(());
        }
        // The one before, where somebody has put another one into the secret that the server was not told of.
        for known in [Some(current), previous].into_iter().flatten() {
            let server = server(&known.password())?;
            if server.signs_in().await.map_err(failure)? {
                return server.set_password(&next).await.map_err(failure);
            }
        }
        Err(Failure::new("the database takes neither the password that is current nor the one before"))
    }

    async fn test(&self, next: &Credentials) -> Result<(), Failure> {
        let urls = [&self.store.url, &self.store.reader_url];
        for url in urls.into_iter().filter(|url| !url.is_empty()) {
            let server = self.server(url, &next.password())?;
            // A server that follows another one is told of the password a little later.
            within(self.patience, || async {
                match server.signs_in().await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(Failure::new("the database does not take the password")),
                    Err(error) => Err(failure(error)),
                }
            })
            .await?;
        }
        Ok(())
    }
}

impl Brokers {
    async fn take(&self, credentials: &Credentials) -> Result<(), Failure> {
        let signed_in = managed::reach_brokers(&self.bus, credentials.user(), &credentials.password()).await;
        signed_in.map_err(failure)
    }
}

/// Tries something until it succeeds, for so long.
async fn within<F: Future<Output = Result<(), Failure>>>(
    patience: Duration,
    mut attempt: impl FnMut() -> F,
) -> Result<(), Failure> {
    let until = Instant::now() + patience;
    loop {
        let tried = attempt().await;
        if tried.is_ok() || Instant::now() + INTERVAL > until {
            return tried;
        }
        sleep(INTERVAL).await;
    }
}
