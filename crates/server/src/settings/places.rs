//! Checks of where store, blobs, cache and bus are.

use std::time::Duration;

use astroshield_adapters::trust::TrustedRoots;
use astroshield_adapters::{ApplicationUser, PostgresSettings};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::SecretText;
use astroshield_domain::this_machine;
use url::Url;

use super::sections::{BlobsEncryption, BusAuthentication};
use super::{BlobsKind, BusKind, CacheKind, Layers, Settings, SettingsError, Store, StoreKind, not_below};
use crate::managed;

/// Most partitions of the bus: what is spread over them has as many shards.
const MOST_PARTITIONS: i32 = 64;

/// What a build without the adapters says.
pub(crate) const NOT_BUILT: &str =
    "this program was built without it; cargo build --features managed makes one that has it";

impl Settings {
    pub(super) fn read_authorities(&mut self, layers: &Layers) -> Result<(), SettingsError> {
        for (key, file, authorities) in [
            ("store.authorities_file", &self.store.authorities_file, &mut self.store.authorities),
            ("identity.authorities_file", &self.identity.authorities_file, &mut self.identity.authorities),
            ("blobs.authorities_file", &self.blobs.authorities_file, &mut self.blobs.authorities),
            ("cache.authorities_file", &self.cache.authorities_file, &mut self.cache.authorities),
            ("bus.authorities_file", &self.bus.authorities_file, &mut self.bus.authorities),
            ("gateway.authorities_file", &self.gateway.authorities_file, &mut self.gateway.authorities),
            ("secrets.authorities_file", &self.secrets.authorities_file, &mut self.secrets.authorities),
            ("telemetry.authorities_file", &self.telemetry.authorities_file, &mut self.telemetry.authorities),
        ] {
            let Some(file) = file else { continue };
            let refuse = |reason: String| layers.refuse(key, format!("{}: {reason}", file.display()));
            let pem = std::fs::read_to_string(file).map_err(|error| refuse(error.to_string()))?;
            TrustedRoots::default().and_pem(pem.as_bytes()).map_err(|error| refuse(error.to_string()))?;
            *authorities = Some(pem);
        }
        Ok(())
    }

    fn check_application_user(&self, layers: &Layers) -> Result<(), SettingsError> {
        let store = &self.store;
        let refuse = |key: &str, reason: &str| Err(layers.refuse(key, reason.to_owned()));
        match &store.application_user {
            None if !store.application_password.is_empty() => {
                refuse("store.application_password", "store.application_user is due, too")
            }
            Some(_) if store.kind != StoreKind::Postgres => {
                refuse("store.application_user", "only PostgreSQL has users")
            }
            Some(name) if !ApplicationUser::is_name(name) => {
                let reason = "a lower-case letter, then such letters, digits and _, are due: at most 63";
                refuse("store.application_user", reason)
            }
            Some(_) if store.application_password.is_empty() => {
                refuse("store.application_user", "store.application_password is due, too")
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_store(&self, layers: &Layers) -> Result<(), SettingsError> {
        let store = &self.store;
        let refuse = |key: &str, reason: &str| Err(layers.refuse(key, reason.to_owned()));
        if store.kind == StoreKind::Postgres && store.url.is_empty() {
            return refuse("store.url", "PostgreSQL needs an address");
        }
        for (key, url) in [("store.url", &store.url), ("store.reader_url", &store.reader_url)] {
            let is_one = |url: Url| matches!(url.scheme(), "postgres" | "postgresql");
            if !url.is_empty() && !Url::parse(url.reveal()).is_ok_and(is_one) {
                return refuse(key, "postgres://user:password@host/database is due");
            }
        }
        if !store.reader_url.is_empty() && store.kind != StoreKind::Postgres {
            return refuse("store.reader_url", "only PostgreSQL has a reader");
        }
        self.check_application_user(layers)?;
        if !(2..=1_000).contains(&store.connections) {
            return refuse("store.connections", &format!("{}: 2 to 1000 are due", store.connections));
        }
        for (key, limit) in [
            ("store.connect_timeout", store.connect_timeout),
            ("store.statement_timeout", store.statement_timeout),
            ("store.lock_timeout", store.lock_timeout),
            ("store.idle_transaction_timeout", store.idle_transaction_timeout),
            ("store.answer_timeout", store.answer_timeout),
            ("store.reader_lag", store.reader_lag),
        ] {
            not_below(layers, key, limit, Duration::from_millis(100))?;
        }
        if store.kind == StoreKind::Postgres
            && let Err(error) = store.postgres().check()
        {
            return refuse("store.url", &error.to_string());
        }
        Ok(())
    }

    pub(super) fn check_places(&self, layers: &Layers) -> Result<(), SettingsError> {
        // First, as nothing else helps.
        if let (false, Some((key, _))) = (cfg!(feature = "managed"), self.shared()) {
            return Err(layers.refuse(key, NOT_BUILT));
        }
        for (key, wants) in [
            ("telemetry.endpoint", self.telemetry.endpoint.is_some()),
            ("gateway.endpoint", self.gateway.endpoint.is_some()),
            ("gateway.service", self.gateway.service.is_some()),
        ] {
            if !cfg!(feature = "managed") && wants {
                return Err(layers.refuse(key, NOT_BUILT));
            }
        }
        self.check_gateway(layers)?;
        let checked = self.check_blobs().and_then(|()| self.check_cache()).and_then(|()| self.check_bus());
        checked.and_then(|()| managed::check(self)).map_err(|(key, reason)| layers.refuse(key, reason))
    }

    fn check_blobs(&self) -> Result<(), (&'static str, String)> {
        let blobs = &self.blobs;
        if blobs.access_key_id.is_some() == blobs.secret_access_key.is_empty() {
            return Err(("blobs.access_key_id", "name and secret of a key belong together".to_owned()));
        }
        if (blobs.encryption == BlobsEncryption::Kms) != blobs.kms_key_id.is_some() {
            let reason = "a key of KMS goes with blobs.encryption = \"kms\", and only with it";
            return Err(("blobs.kms_key_id", reason.to_owned()));
        }
        if let Some(endpoint) = &blobs.endpoint {
            let is_whole = |url: Url| url.scheme() == "https" && url.host().is_some() && url.path() == "/";
            if !Url::parse(endpoint).is_ok_and(is_whole) {
                return Err(("blobs.endpoint", "https://host:port is due".to_owned()));
            }
        }
        if blobs.kind == BlobsKind::S3 && blobs.bucket.is_none() {
            return Err(("blobs.bucket", "S3 needs the name of a bucket".to_owned()));
        }
        Ok(())
    }

    fn check_cache(&self) -> Result<(), (&'static str, String)> {
        let url = self.cache.url.reveal();
        if self.cache.kind == CacheKind::Redis && url.is_empty() {
            return Err(("cache.url", "Redis needs an address".to_owned()));
        }
        for (place, url) in (1..).zip(url.split(',').filter(|url| !url.is_empty())) {
            let refuse = |reason| Err(("cache.url", format!("address {place}: {reason}")));
            match Url::parse(url.trim()) {
                Ok(url) if url.scheme() == "rediss" => {}
                Ok(url) if url.scheme() == "redis" && is_this_machine(&url) => {}
                Ok(url) if url.scheme() == "redis" => {
                    return refuse("redis: would be readable on the way; rediss: is due");
                }
                _ => return refuse("rediss://user:password@host:port is due"),
            }
        }
        if !self.cache.cluster && url.contains(',') {
            return Err(("cache.url", "several addresses are those of a cluster (cache.cluster)".to_owned()));
        }
        Ok(())
    }

    fn check_bus(&self) -> Result<(), (&'static str, String)> {
        let bus = &self.bus;
        if bus.kind == BusKind::Kafka && bus.brokers.is_none() {
            return Err(("bus.brokers", "Kafka needs brokers".to_owned()));
        }
        for (key, is_missing) in [("bus.user", bus.user.is_none()), ("bus.password", bus.password.is_empty())]
        {
            match bus.authentication {
                BusAuthentication::Scram if bus.kind == BusKind::Kafka && is_missing => {
                    return Err((key, "Kafka needs a user and a password".to_owned()));
                }
                BusAuthentication::MskIam if !is_missing => {
                    let reason = "bus.authentication = \"msk_iam\" takes credentials of AWS, and no user";
                    return Err((key, reason.to_owned()));
                }
                _ => {}
            }
        }
        let is_broker = |broker: &str| {
            let port =
                broker.trim().rsplit_once(':').map(|(host, port)| (host.is_empty(), port.parse::<u16>()));
            matches!(port, Some((false, Ok(1..))))
        };
        for broker in bus.brokers.iter().flat_map(|brokers| brokers.split(',')) {
            if !is_broker(broker) {
                return Err(("bus.brokers", format!("{broker:?}: host:port is due")));
            }
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if bus.prefix.len() > 100 || !bus.prefix.chars().all(plain) {
            let reason = format!("{:?}: up to 100 letters, digits, '.', '_' and '-' are due", bus.prefix);
            return Err(("bus.prefix", reason));
        }
        if !(1..=MOST_PARTITIONS).contains(&bus.partitions) {
            return Err(("bus.partitions", format!("{}: 1 to {MOST_PARTITIONS} are due", bus.partitions)));
        }
        if !(0..=9).contains(&bus.replicas) {
            return Err(("bus.replicas", format!("{}: 0 to 9 are due", bus.replicas)));
        }
        Ok(())
    }

    fn check_gateway(&self, layers: &Layers) -> Result<(), SettingsError> {
        let gateway = &self.gateway;
        for (key, address) in [("gateway.endpoint", &gateway.endpoint), ("gateway.service", &gateway.service)]
        {
            let Some(address) = address else { continue };
            match Url::parse(address) {
                Ok(url) if url.scheme() == "https" && url.host().is_some() => {}
                Ok(url) if url.scheme() == "http" && is_this_machine(&url) => {}
                Ok(url) if url.scheme() == "http" => {
                    return Err(layers.refuse(key, "http: would be readable on the way; https: is due"));
                }
                _ => return Err(layers.refuse(key, "an address of https: is due")),
            }
        }
        if gateway.endpoint.is_some() && self.cache.kind != CacheKind::Redis {
            let reason = "connections are remembered in Redis: cache.kind has to be \"redis\"";
            return Err(layers.refuse("gateway.endpoint", reason));
        }
        for pair in &gateway.usage_keys {
            let is_one = |(tenant, key): (&str, &str)| {
                // What API Gateway takes for a key.
                (tenant == "*" || TenantId::new(tenant).is_ok()) && (20..=128).contains(&key.len())
            };
            if !pair.split_once('=').is_some_and(is_one) {
                let reason = "TENANT=KEY is due, with a key of 20 to 128 characters";
                return Err(layers.refuse("gateway.usage_keys", reason));
            }
        }
        for (key, number, most) in [
            ("gateway.connections", gateway.connections, 1_000_000),
            ("gateway.requests", gateway.requests, 1_000),
        ] {
            if !(1..=most).contains(&number) {
                return Err(layers.refuse(key, format!("{number}: 1 to {most} are due")));
            }
        }
        not_below(layers, "gateway.keep_alive", gateway.keep_alive, Duration::from_secs(1))?;
        not_below(layers, "gateway.patience", gateway.patience, Duration::from_secs(1))
    }

    pub(super) fn check_telemetry(&self, layers: &Layers) -> Result<(), SettingsError> {
        let telemetry = &self.telemetry;
        if let Some(endpoint) = &telemetry.endpoint {
            match Url::parse(endpoint) {
                Ok(url) if url.scheme() == "https" && url.host().is_some() => {}
                Ok(url) if url.scheme() == "http" && is_this_machine(&url) => {}
                Ok(url) if url.scheme() == "http" => {
                    let reason = "http: would be readable on the way; https: is due";
                    return Err(layers.refuse("telemetry.endpoint", reason));
                }
                _ => return Err(layers.refuse("telemetry.endpoint", "https://host:port is due")),
            }
        }
        for (key, text) in [
            ("telemetry.headers", telemetry.headers.reveal()),
            ("telemetry.attributes", &telemetry.attributes),
        ] {
            // Without the text, as a key may be in it.
            pairs(text).map_err(|place| {
                layers.refuse(key, format!("name=value, with commas, is due; part {place} is none"))
            })?;
        }
        not_below(layers, "telemetry.metrics_interval", telemetry.metrics_interval, Duration::from_secs(1))?;
        super::in_range(layers, "telemetry.sampling", telemetry.sampling, 0.0, 1.0)
    }

    /// Settings of what other processes use, too, as key and what it would have to be to be alone.
    pub(crate) fn shared(&self) -> Option<(&'static str, &'static str)> {
        [
            ("blobs.kind", "folder", self.blobs.kind == BlobsKind::Folder),
            ("cache.kind", "memory", self.cache.kind == CacheKind::Memory),
            ("bus.kind", "embedded", self.bus.kind == BusKind::Embedded),
        ]
        .into_iter()
        .find_map(|(key, alone, is_alone)| (!is_alone).then_some((key, alone)))
    }

    /// A setting of what no other process can use, as key and what it would have to be.
    pub(crate) fn own(&self) -> Option<(&'static str, &'static str)> {
        [
            ("store.kind", "postgres", self.store.kind == StoreKind::Postgres),
            ("blobs.kind", "s3", self.blobs.kind == BlobsKind::S3),
            ("cache.kind", "redis", self.cache.kind == CacheKind::Redis),
            ("bus.kind", "kafka", self.bus.kind == BusKind::Kafka),
        ]
        .into_iter()
        .find_map(|(key, shared, is_shared)| (!is_shared).then_some((key, shared)))
    }
}

impl Store {
    /// The user of the processes that serve, where it is another one than that of the address.
    pub(crate) fn application_user(&self) -> Option<ApplicationUser> {
        let password = SecretText::new(self.application_password.reveal().to_owned());
        Some(ApplicationUser { name: self.application_user.clone()?, password })
    }

    /// What PostgreSQL is to be.
    pub(crate) fn postgres(&self) -> PostgresSettings {
        PostgresSettings {
            url: self.url.reveal().to_owned(),
            reader_url: Some(self.reader_url.reveal().to_owned()).filter(|url| !url.is_empty()),
            roots_pem: self.authorities.clone().map(String::into_bytes),
            connections: self.connections,
            connect_timeout: self.connect_timeout,
            statement_timeout: self.statement_timeout,
            lock_timeout: self.lock_timeout,
            idle_transaction_timeout: self.idle_transaction_timeout,
            answer_timeout: self.answer_timeout,
            reader_lag: self.reader_lag,
        }
    }
}

/// What `name=value,name=value` says; else, which part says nothing.
pub(crate) fn pairs(text: &str) -> Result<Vec<(String, String)>, usize> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let pair = |(place, part): (usize, &str)| {
        let (name, value) = part.split_once('=').ok_or(place)?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() { Err(place) } else { Ok((name.to_owned(), value.to_owned())) }
    };
    (1..).zip(parts).map(pair).collect()
}

fn is_this_machine(url: &Url) -> bool {
    url.host_str().is_some_and(this_machine::is_this_machine)
}
