//! What stands on servers, made from settings. None of them has to be there yet.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use astroshield_adapters::aws::AwsSettings;
use astroshield_adapters::gateway::{ManagementApi, ManagementSettings};
use astroshield_adapters::kafka::{
    self, Authentication, KafkaBus, KafkaHistory, KafkaSettings, MskIam, MskIamSettings,
};
use astroshield_adapters::otlp::OtlpError;
use astroshield_adapters::redis::{
    RedisBroadcast, RedisCache, RedisConnections, RedisSettings, RedisSettingsError,
};
use astroshield_adapters::s3::{S3Blobs, S3Encryption, S3Key, S3Settings, S3SettingsError};
use astroshield_adapters::secrets::SecretsManager;
use astroshield_domain::ports::{
    Broadcast, BusHistory, Cache, Downloads, SecretError, SecretSource, SecretText, Store, UploadLinks,
};
use astroshield_domain::reconciliation;
use astroshield_domain::secrets::Rotating;
use async_trait::async_trait;
use object_store::ObjectStoreExt as _;

use crate::serve::outside::{Blobs, Messaging, Outside, Placed, StreamGateway};
use crate::settings::{
    self, BlobsEncryption, BlobsKind, BusAuthentication, BusKind, CacheKind, Fetched, Settings,
};
use crate::telemetry;

/// Whether the adapters take the settings; else the key, and why not.
pub(crate) fn check(settings: &Settings) -> Result<(), (&'static str, String)> {
    if settings.blobs.kind == BlobsKind::S3 {
        S3Blobs::new(&s3(&settings.blobs)).map_err(|error| {
            let key = match error {
                S3SettingsError::Prefix { .. } => "blobs.prefix",
                _ => "blobs.bucket",
            };
            (key, format!("{:#}", anyhow::Error::from(error)))
        })?;
    }
    telemetry::check(&settings.telemetry).map_err(|error| {
        let key = match error {
            OtlpError::Header { .. } => "telemetry.headers",
            _ => "telemetry.endpoint",
        };
        (key, format!("{:#}", anyhow::Error::from(error)))
    })?;
    if settings.cache.kind == CacheKind::Redis {
        RedisCache::new(redis(&settings.cache)).map_err(|error| {
            let key = match error {
                RedisSettingsError::Prefix { .. } => "cache.prefix",
                _ => "cache.url",
            };
            (key, error.to_string())
        })?;
    }
    Ok(())
}

pub(crate) fn blobs(settings: &settings::Blobs) -> anyhow::Result<Blobs> {
    let blobs = Arc::new(S3Blobs::new(&s3(settings)).context("blobs")?);
    let downloads: Option<Arc<dyn Downloads>> = match settings.presigned_downloads {
        true => Some(Arc::<S3Blobs>::clone(&blobs)),
        false => None,
    };
    let upload_links: Option<Arc<dyn UploadLinks>> = match settings.presigned_uploads {
        true => Some(Arc::<S3Blobs>::clone(&blobs)),
        false => None,
    };
    Ok(Blobs { store: blobs, downloads, upload_links })
}

pub(crate) fn cache(settings: &settings::Cache) -> anyhow::Result<Placed<dyn Cache>> {
    let cache = Arc::new(RedisCache::new(redis(settings)).context("cache.url")?);
    Ok(Placed { port: Arc::<RedisCache>::clone(&cache), server: Some(cache) })
}

/// Events for the processes that share a cache.
pub(crate) fn broadcast(
    settings: &settings::Cache,
    store: Arc<dyn Store>,
    capacity: usize,
) -> anyhow::Result<Arc<dyn Broadcast>> {
    Ok(Arc::new(RedisBroadcast::new(redis(settings), store, capacity).context("cache.url")?))
}

pub(crate) fn messaging(settings: &settings::Bus, store: Arc<dyn Store>) -> anyhow::Result<Messaging> {
    let bus = Arc::new(KafkaBus::new(kafka(settings)?, store).context("bus")?);
    let tasks = Arc::new(bus.tasks());
    let bus = Placed { port: Arc::<KafkaBus>::clone(&bus) as _, server: Some(bus) };
    Ok(Messaging { bus, tasks: Some(tasks) })
}

/// The gateway that holds WebSockets, if there is one, and who is connected through it.
pub(crate) fn gateway(settings: &Settings) -> anyhow::Result<Option<StreamGateway>> {
    let gateway = &settings.gateway;
    let Some(endpoint) = gateway.endpoint.clone() else { return Ok(None) };
    let connections = RedisConnections::new(redis(&settings.cache)).context("cache.url")?;
    let management = ManagementApi::new(&ManagementSettings {
        endpoint,
        region: gateway.region.clone(),
        requests: gateway.requests,
        roots_pem: gateway.authorities.clone().map(String::into_bytes),
    });
    let gateway = Arc::new(management.context("gateway.endpoint")?);
    Ok(Some(StreamGateway { gateway, connections: Arc::new(connections) }))
}

/// What the brokers know beside the store.
pub(crate) fn bus_history(settings: &settings::Bus) -> anyhow::Result<Arc<dyn BusHistory>> {
    Ok(Arc::new(KafkaHistory::new(kafka(settings)?, &reconciliation::CONSUMERS)))
}

/// Asks Secrets Manager for the secrets of these names, each with the key that it is of.
pub(crate) fn fetch_secrets(
    settings: &settings::Secrets,
    names: &[(String, String)],
) -> Result<Vec<Fetched>, (String, String)> {
    let place = || "secrets.endpoint".to_owned();
    let manager = SecretsManager::new(&aws(settings, settings.endpoint.as_deref()))
        .map_err(|error| (place(), format!("{:#}", anyhow::Error::from(error))))?;
    let fetch_all = async {
        let mut fetched = Vec::new();
        for (key, name) in names {
            let source = manager.secret(name);
            let refused = |error| (format!("{key}_secret"), format!("{:#}", anyhow::Error::from(error)));
            let text = fetch(source.as_ref()).await.map_err(refused)?;
            fetched.push((source, text));
        }
        Ok(fetched)
    };
    // The settings are read before there is a runtime, or beside one.
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|error| (place(), error.to_string()))?.block_on(fetch_all)
        });
        asking.join().unwrap_or_else(|_| Err((place(), "asking has failed".to_owned())))
    })
}

/// AWS in the region of the secrets, with the credentials that the process has.
pub(crate) fn aws(settings: &settings::Secrets, endpoint: Option<&str>) -> AwsSettings {
    AwsSettings {
        region: settings.region.clone(),
        endpoint: endpoint.map(str::to_owned),
        key: None,
        roots_pem: settings.authorities.clone().map(String::into_bytes),
    }
}

/// Whether the cache takes its user with another password.
pub(crate) async fn cache_takes(settings: &settings::Cache, password: &SecretText) -> anyhow::Result<bool> {
    let password = Some(Rotating::fixed(password.clone()));
    let cache = RedisCache::new(RedisSettings { password, ..redis(settings) }).context("cache.url")?;
    Ok(cache.ping().await)
}

/// Signs in to the brokers as a user, whatever the settings say of one.
pub(crate) async fn reach_brokers(
    settings: &settings::Bus,
    user: &str,
    password: &SecretText,
) -> anyhow::Result<()> {
    let (user, password) = (user.to_owned(), password.reveal().to_owned());
    let authentication = Authentication::Scram { user, password };
    kafka::reach(&KafkaSettings { authentication, ..kafka(settings)? }).await?;
    Ok(())
}

/// A secret, asked for a few times: at the start of a machine its credentials may be late.
async fn fetch(source: &dyn SecretSource) -> Result<SecretText, SecretError> {
    let mut fetched = source.fetch().await;
    for wait in [1, 2, 4].map(Duration::from_secs) {
        if fetched.is_ok() {
            break;
        }
        tokio::time::sleep(wait).await;
        fetched = source.fetch().await;
    }
    fetched
}

/// Asks each server: what it is, and where, or what is wrong.
pub(crate) async fn examine(settings: &Settings) -> Vec<(&'static str, anyhow::Result<String>)> {
    let mut found = Vec::new();
    if settings.blobs.kind == BlobsKind::S3 {
        found.push(("blobs", examine_bucket(&settings.blobs).await));
    }
    if settings.cache.kind == CacheKind::Redis {
        found.push(("cache", examine_redis(&settings.cache).await));
    }
    if settings.bus.kind == BusKind::Kafka {
        found.push(("bus", examine_brokers(&settings.bus).await));
    }
    if let Some(reached) = telemetry::examine(&settings.telemetry).await {
        found.push(("telemetry", reached));
    }
    found
}

async fn examine_bucket(settings: &settings::Blobs) -> anyhow::Result<String> {
    let bucket = settings.bucket.clone().unwrap_or_default();
    match blobs(settings)?.store.head(&"public/health".into()).await {
        Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(format!("the bucket {bucket} answers")),
        Err(error) => Err(error).with_context(|| format!("blobs.bucket: {bucket}")),
    }
}

async fn examine_brokers(settings: &settings::Bus) -> anyhow::Result<String> {
    kafka::reach(&kafka(settings)?).await.context("bus.brokers: Kafka does not answer")?;
    Ok("Kafka answers".to_owned())
}

async fn examine_redis(settings: &settings::Cache) -> anyhow::Result<String> {
    let cache = RedisCache::new(redis(settings)).context("cache.url")?;
    match cache.ping().await {
        true => Ok("Redis answers".to_owned()),
        false => Err(anyhow!("cache.url: Redis does not answer, or refuses the user")),
    }
}

#[async_trait]
impl Outside for RedisCache {
    async fn prepare(&self) -> anyhow::Result<()> {
        Ok(())
    }

    async fn answers(&self) -> bool {
        self.ping().await
    }
}

#[async_trait]
impl Outside for KafkaBus {
    async fn prepare(&self) -> anyhow::Result<()> {
        Ok(self.make_topics().await?)
    }

    async fn answers(&self) -> bool {
        self.ping().await
    }

    async fn lag(&self, consumers: &[&'static str]) -> anyhow::Result<Vec<(&'static str, i64)>> {
        Ok(KafkaBus::lag(self, consumers).await?)
    }
}

fn s3(settings: &settings::Blobs) -> S3Settings {
    let encryption = match (settings.encryption, &settings.kms_key_id) {
        (BlobsEncryption::Kms, Some(key_id)) => S3Encryption::Kms { key_id: key_id.clone() },
        (BlobsEncryption::S3, _) => S3Encryption::S3,
        _ => S3Encryption::OfBucket,
    };
    let secret = || settings.secret_access_key.reveal().to_owned();
    S3Settings {
        bucket: settings.bucket.clone().unwrap_or_default(),
        prefix: settings.prefix.clone(),
        region: settings.region.clone(),
        endpoint: settings.endpoint.clone(),
        key: settings.access_key_id.clone().map(|id| S3Key { id, secret: secret() }),
        encryption,
        roots_pem: settings.authorities.clone().map(String::into_bytes),
    }
}

fn redis(settings: &settings::Cache) -> RedisSettings {
    RedisSettings {
        urls: settings.url.reveal().split(',').map(|url| url.trim().to_owned()).collect(),
        cluster: settings.cluster,
        prefix: settings.prefix.clone(),
        password: settings.rotating.clone(),
        roots_pem: settings.authorities.clone().map(String::into_bytes),
    }
}

fn kafka(settings: &settings::Bus) -> anyhow::Result<KafkaSettings> {
    let authentication = match settings.authentication {
        BusAuthentication::Scram => Authentication::Scram {
            user: settings.user.clone().unwrap_or_default(),
            password: settings.password.reveal().to_owned(),
        },
        BusAuthentication::MskIam => {
            let signer = MskIam::new(&MskIamSettings { region: settings.region.clone() });
            Authentication::Tokens(Arc::new(signer.context("bus.authentication")?))
        }
    };
    Ok(KafkaSettings {
        brokers: settings.brokers.clone().unwrap_or_default(),
        authentication,
        roots_pem: settings.authorities.clone(),
        prefix: settings.prefix.clone(),
        partitions: settings.partitions,
        replicas: Some(settings.replicas).filter(|&replicas| replicas > 0),
    })
}
