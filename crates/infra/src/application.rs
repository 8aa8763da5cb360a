//! What the tasks of the application are configured with: its own settings, by the names that it reads them under.

use astroshield_domain::deployment::{PORT, Role, variable};
use serde_json::{Value, json};

use crate::environment::{Environment, ServiceSize};
use crate::join;
use crate::stacks::api_gateway::STAGE;
use crate::stacks::{Data, identity::Identity};
use crate::template::kinds::WebSocketApi;
use crate::template::value::region;
use crate::template::{Lookup, Resource, Stack};

/// Name of the database, and of its owner.
pub const DATABASE: &str = "astroshield";

/// User of the cache.
pub const CACHE_USER: &str = "astroshield";

/// File in the image with the authorities of RDS, which are none of the Web's (the stage `aws` of the Dockerfile).
pub const RDS_AUTHORITIES: &str = "/usr/share/astroshield/rds.pem";

/// Where the collector beside a process listens for OTLP over HTTP.
pub const COLLECTOR: &str = "127.0.0.1:4318";

/// Folder of this installation in the bucket of blobs (`blobs.prefix`).
pub const BLOBS_PREFIX: &str = "astroshield";

/// Seconds for which requests are still answered at a shutdown: longer than the load balancer takes to notice.
pub const DRAIN_S: u32 = 20;

/// Seconds that connections have to end after that.
pub const SHUTDOWN_S: u32 = 25;

/// Roles that know the feeds.
pub const FEEDS: [Role; 3] = [Role::Ingest, Role::Api, Role::Notify];

/// What a task is configured with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Configuration {
    /// Settings as they are: key and value.
    pub plain: Vec<(&'static str, Value)>,
    /// Settings that ECS reads from a secret when it starts a task: key, and the secret with its JSON key.
    pub injected: Vec<(&'static str, Value)>,
}

impl Configuration {
    /// `Environment` of a container.
    #[must_use]
    pub fn environment(&self) -> Value {
        self.plain.iter().map(|(key, value)| json!({ "Name": variable(key), "Value": value })).collect()
    }

    /// `Secrets` of a container.
    #[must_use]
    pub fn secrets(&self) -> Value {
        self.injected.iter().map(|(key, from)| json!({ "Name": variable(key), "ValueFrom": from })).collect()
    }

    fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        self.plain.push((key, value.into()));
    }
}

/// The roles of a service.
#[must_use]
pub fn roles(size: &ServiceSize) -> Vec<Role> {
    size.roles.split(',').filter_map(|name| name.parse().ok()).collect()
}

/// What processes of a service are started with. All roles at once are not named: only then a process may be alone.
#[must_use]
pub fn command(size: &ServiceSize) -> Vec<&'static str> {
    if roles(size).len() == Role::ALL.len() { vec!["serve"] } else { vec!["serve", "--role", size.roles] }
}

/// What tasks find around them.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Sizes and settings.
    pub environment: &'a Environment,
    /// Who signs in.
    pub identity: &'a Identity,
    /// Data.
    pub data: &'a Data,
    /// The API that holds WebSockets.
    pub stream: &'a Resource<WebSocketApi>,
}

impl Surroundings<'_> {
    /// What the tasks of a service are configured with. `stack` is that of the tasks.
    #[must_use]
    pub fn configuration(&self, stack: &Stack, size: &ServiceSize) -> Configuration {
        let mut configuration = self.store_alone();
        self.blobs(&mut configuration);
        self.cache(&mut configuration);
        self.bus(stack, &mut configuration);
        self.telemetry(&mut configuration);
        // In links of mails, too.
        configuration.set("server.public_url", format!("https://{}", self.environment.domain));
        let roles = roles(size);
        if roles.contains(&Role::Api) {
            self.server(&mut configuration);
        }
        if roles.contains(&Role::Screen) {
            configuration.set("screening.threads", (size.cpu / 1024).max(1).to_string());
        }
        // Who asks a feed, and who says that it is stale.
        if roles.iter().any(|role| FEEDS.contains(role)) {
            self.space_track(&mut configuration);
        }
        if roles.contains(&Role::Notify) {
            self.mail(&mut configuration);
        }
        configuration
    }

    /// What a command is configured with that is about the store alone.
    #[must_use]
    pub fn store_alone(&self) -> Configuration {
        let mut configuration = Configuration::default();
        configuration.set("log.format", "json");
        configuration.set("secrets.region", self.environment.region.as_str());
        configuration.plain.extend(store(self.data));
        configuration.set("store.password_secret", join!(self.data.database.secret(), "#password"));
        configuration
    }

    fn blobs(&self, configuration: &mut Configuration) {
        let storage = &self.data.storage;
        configuration.set("blobs.kind", "s3");
        configuration.set("blobs.bucket", storage.blobs.name());
        configuration.set("blobs.prefix", BLOBS_PREFIX);
        configuration.set("blobs.region", self.environment.region.as_str());
        configuration.set("blobs.encryption", "kms");
        configuration.set("blobs.kms_key_id", storage.key.arn());
        // API Gateway passes on 10 MB at most.
        configuration.set("blobs.presigned_uploads", "true");
    }

    fn cache(&self, configuration: &mut Configuration) {
        configuration.plain.extend(cache(self.environment, self.data));
        configuration.set("cache.password_secret", join!(self.data.cache.secret.arn(), "#password"));
    }

    fn bus(&self, stack: &Stack, configuration: &mut Configuration) {
        let (Some(streaming), Some(size)) = (&self.data.streaming, &self.environment.sizes.streaming) else {
            configuration.set("bus.kind", "embedded");
            return;
        };
        configuration.set("bus.kind", "kafka");
        let brokers = stack.look_up("Brokers", Lookup::BrokersScram, &streaming.cluster.arn());
        configuration.set("bus.brokers", brokers);
        configuration.set("bus.authentication", "scram");
        configuration.injected.push(("bus.user", join!(streaming.secret.arn(), ":username::")));
        configuration.set("bus.password_secret", join!(streaming.secret.arn(), "#password"));
        configuration.set("bus.partitions", size.partitions.to_string());
    }

    fn space_track(&self, configuration: &mut Configuration) {
        if self.environment.operator.space_track {
            let account = self.data.secrets.feeds.arn();
            configuration.set("feeds.space-track-gp.enabled", "true");
            configuration
                .injected
                .push(("feeds.space-track-gp.space_track_user", join!(account, ":username::")));
            configuration
                .set("feeds.space-track-gp.space_track_password_secret", join!(account, "#password"));
        }
    }

    fn mail(&self, configuration: &mut Configuration) {
        let (environment, account) = (self.environment, self.data.secrets.mail.arn());
        if !environment.operator.sends_mail() {
            return;
        }
        configuration.set("notify.smtp.host", environment.operator.mail_host.as_str());
        configuration.set("notify.smtp.from", environment.operator.mail_from.as_str());
        configuration.injected.push(("notify.smtp.user", join!(account, ":username::")));
        configuration.set("notify.smtp.password_secret", join!(account, "#password"));
    }

    fn telemetry(&self, configuration: &mut Configuration) {
        let name = self.environment.name;
        configuration.set("telemetry.endpoint", format!("http://{COLLECTOR}"));
        // Those of standard error are kept already.
        configuration.set("telemetry.logs", "false");
        configuration.set("telemetry.attributes", format!("deployment.environment.name={name}"));
        configuration.set("telemetry.sampling", self.environment.sizes.watching.trace_share.to_string());
    }

    fn server(&self, configuration: &mut Configuration) {
        let environment = self.environment;
        configuration.set("server.listen", format!("0.0.0.0:{PORT}"));
        configuration.set("server.allow_remote", "true");
        configuration.set("server.response_cache", "true");
        configuration.set("server.trusted_proxies", environment.operator.network.to_string());
        configuration.set("server.drain", format!("{DRAIN_S}s"));
        configuration.set("server.shutdown_timeout", format!("{SHUTDOWN_S}s"));
        configuration.set("access.requests_per_minute_per_key", "6000");
        configuration.set("access.requests_per_minute_per_address", "12000");
        configuration.set("identity.kind", "oidc");
        configuration.set("identity.issuer", self.identity.issuer());
        configuration.set("identity.client_id", self.identity.client.id());
        configuration.set("identity.groups_claim", "cognito:groups");
        configuration.set("gateway.endpoint", management(&self.stream.id()));
        configuration.set("gateway.region", environment.region.as_str());
    }
}

/// Where the database is, without the password.
#[must_use]
pub fn store(data: &Data) -> Vec<(&'static str, Value)> {
    let address = |address: Value| {
        join!("postgres://", DATABASE, "@", address, ":5432/", DATABASE, "?sslmode=verify-full")
    };
    let database = &data.database;
    let mut settings = vec![
        ("store.kind", json!("postgres")),
        ("store.url", address(database.writer.address())),
        ("store.authorities_file", json!(RDS_AUTHORITIES)),
    ];
    settings.extend(database.reader.iter().map(|reader| ("store.reader_url", address(reader.address()))));
    settings
}

/// Where the cache is, without the password.
#[must_use]
pub fn cache(environment: &Environment, data: &Data) -> Vec<(&'static str, Value)> {
    let (group, is_cluster) = (&data.cache.group, environment.sizes.cache.shards > 1);
    let (address, port) = if is_cluster {
        (group.configuration_address(), group.configuration_port())
    } else {
        (group.primary_address(), group.primary_port())
    };
    vec![
        ("cache.kind", json!("redis")),
        ("cache.url", join!("rediss://", CACHE_USER, "@", address, ":", port)),
        ("cache.cluster", json!(is_cluster.to_string())),
    ]
}

/// The management API of a WebSocket API.
#[must_use]
pub fn management(api: &Value) -> Value {
    join!("https://", api, ".execute-api.", region(), ".amazonaws.com/", STAGE)
}

#[cfg(test)]
mod tests {
    use astroshield_domain::deployment::SECRETS;

    use super::*;
    use crate::environment::{Name, Operator};
    use crate::stacks::architecture;

    /// With little, and with everything.
    const OPERATORS: [&str; 2] = [
        "",
        "dev_streaming = true\nspace_track = true\nmail_host = 'smtp.example.org'\nmail_from = 'alerts@example.org'",
    ];

    /// The containers of the application in each environment: where, name and value of each variable.
    fn variables() -> Vec<(String, String, Value)> {
        let mut found = Vec::new();
        for name in Name::ALL {
            for more in OPERATORS {
                let operator = Operator::parse(more).unwrap();
                for template in architecture(&Environment::new(name, operator)).unwrap() {
                    let resources = template.body["Resources"].as_object().unwrap();
                    for (id, resource) in
                        resources.iter().filter(|(_, of)| of["Type"] == "AWS::ECS::TaskDefinition")
                    {
                        let containers = resource["Properties"]["ContainerDefinitions"].as_array().unwrap();
                        let ours = containers.iter().find(|of| of["Name"] == "astroshield").unwrap();
                        for variable in ours["Environment"].as_array().unwrap() {
                            let of = variable["Name"].as_str().unwrap().to_owned();
                            found.push((format!("{name}/{id}"), of, variable["Value"].clone()));
                        }
                        for variable in ours["Secrets"].as_array().into_iter().flatten() {
                            let of = variable["Name"].as_str().unwrap().to_owned();
                            found.push((format!("{name}/{id}"), of, variable["ValueFrom"].clone()));
                        }
                    }
                }
            }
        }
        assert!(found.len() > 100, "{}", found.len());
        found
    }

    /// Whether a text matches a pattern with `*` for one name.
    fn is_secret(key: &str) -> bool {
        SECRETS.iter().any(|pattern| {
            pattern.split('.').count() == key.split('.').count()
                && pattern
                    .split('.')
                    .zip(key.split('.'))
                    .all(|(pattern, part)| pattern == "*" || pattern == part)
        })
    }

    /// Every setting that there is, by its variable.
    fn settings() -> Vec<(String, String)> {
        fn leaves(prefix: &str, table: &toml::Table, found: &mut Vec<String>) {
            for (key, value) in table {
                let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                match value {
                    toml::Value::Table(inner) => leaves(&key, inner, found),
                    _ => found.push(key),
                }
            }
        }
        let mut found = Vec::new();
        leaves("", &include_str!("../../server/config.default.toml").parse().unwrap(), &mut found);
        // The first feed has the keys of every one.
        let model = "feeds.celestrak-active.";
        let of_feeds: Vec<_> =
            found.iter().filter_map(|key| key.strip_prefix(model).map(str::to_owned)).collect();
        found.extend(of_feeds.iter().map(|key| format!("feeds.space-track-gp.{key}")));
        let named: Vec<String> =
            found.iter().filter(|key| is_secret(key)).map(|key| format!("{key}_secret")).collect();
        found.extend(named);
        found.into_iter().map(|key| (variable(&key), key)).collect()
    }

    #[test]
    fn every_variable_is_a_setting_of_the_application() {
        let settings = settings();
        for (at, name, _) in variables() {
            assert!(settings.iter().any(|(variable, _)| *variable == name), "{at}: {name}");
        }
    }

    #[test]
    fn no_secret_is_written_into_a_task() {
        let settings = settings();
        for (at, name, value) in variables() {
            let key = &settings.iter().find(|(variable, _)| *variable == name).unwrap().1;
            let text = value.to_string();
            assert!(!text.contains("resolve:secretsmanager"), "{at}: {name}: {text}");
            // Addresses are secrets for the password that they may hold.
            if is_secret(key) {
                assert!(key.ends_with("url"), "{at}: {name} is plain");
                let parts = value["Fn::Join"][1].as_array().unwrap();
                let user = parts[1].as_str().unwrap();
                assert!(!user.contains(':'), "{at}: {name}: {user}");
            }
        }
    }

    #[test]
    fn the_image_has_what_tasks_name() {
        let dockerfile = include_str!("../../../Dockerfile");
        assert!(dockerfile.contains(RDS_AUTHORITIES));
        assert!(dockerfile.contains(&format!("EXPOSE {PORT}")));
    }

    #[test]
    fn a_process_is_alone_only_with_all_roles() {
        for name in Name::ALL {
            let environment = Environment::new(name, Operator::parse("").unwrap());
            let embedded = environment.sizes.streaming.is_none();
            for size in &environment.sizes.services {
                assert_eq!(command(size).contains(&"--role"), !embedded, "{name}: {}", size.name);
                assert_eq!(roles(size).len(), size.roles.split(',').count(), "{name}: {}", size.roles);
            }
        }
    }
}
