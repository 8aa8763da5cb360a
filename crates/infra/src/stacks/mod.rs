//! The architecture, in modules named after the sections of its document (`docs/aws/architecture.md`), and stacks that change alone.

pub mod api_gateway;
pub mod backup;
pub mod cache;
pub mod cdn;
pub mod compute;
pub mod cost;
pub mod database;
pub mod deployment;
pub mod firewall;
pub mod frontend;
pub mod functions;
pub mod identity;
pub mod monitoring;
pub mod network;
pub mod recovery;
pub mod secrets;
pub mod storage;
pub mod streaming;
pub mod tracing;

use crate::environment::Environment;
use crate::template::{Stack, StackName, SynthesisError, Template, synthesize};

/// What must not be lost, and what is quick to ask.
#[derive(Debug, Clone)]
pub struct Data {
    /// Buckets and their key.
    pub storage: storage::Storage,
    /// Secrets.
    pub secrets: secrets::Secrets,
    /// The database.
    pub database: database::Database,
    /// The cache.
    pub cache: cache::Cache,
    /// The brokers.
    pub streaming: Option<streaming::Streaming>,
}

/// All that is built before it is watched, deployed to, and backed up.
#[derive(Debug, Clone)]
pub struct Built {
    /// The network.
    pub network: network::Network,
    /// Who signs in.
    pub identity: identity::Identity,
    /// Data.
    pub data: Data,
    /// Where the application runs.
    pub compute: compute::Compute,
    /// Functions.
    pub functions: functions::Functions,
    /// APIs.
    pub api: api_gateway::ApiGateway,
    /// The console.
    pub frontend: frontend::Frontend,
    /// The edge.
    pub cdn: cdn::Cdn,
}

/// A name as it is written in logical ids: `api` is `Api`.
#[must_use]
pub fn title(name: &str) -> String {
    let mut title = name.to_owned();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

/// The templates of an environment, in the order in which they are deployed.
///
/// # Errors
/// When a reference leads nowhere: a mistake of the program.
pub fn architecture(environment: &Environment) -> Result<Vec<Template>, SynthesisError> {
    let stack = |name: StackName, what: &str| {
        Stack::new(name, &format!("AstroShield ({}): {what}", environment.name))
    };
    let network_stack = stack(StackName::Network, "VPC, subnets, and what each tier lets through");
    let identity_stack = stack(StackName::Identity, "who signs in");
    let storage_stack = stack(StackName::Storage, "buckets and the key of what is stored");
    let data_stack = stack(StackName::Data, "database, cache, brokers and secrets");
    let application_stack = stack(StackName::Application, "images, tasks, load balancer, APIs and functions");
    let frontend_stack = stack(StackName::Frontend, "the console");
    let edge_stack =
        stack(StackName::Edge, "CloudFront with its web ACL and certificate, and what is watched there");
    let observability_stack = stack(StackName::Observability, "alarms, dashboards, traces and budgets");
    let deployment_stack = stack(StackName::Deployment, "pipelines");
    let recovery_stack = stack(StackName::Recovery, "backups and their copies");

    let network = network::add(&network_stack, environment);
    let identity = identity::add(&identity_stack, environment);
    let storage = storage::add(&storage_stack, environment);
    let data = Data {
        secrets: secrets::add(&data_stack, environment, &storage),
        database: database::add(&data_stack, environment, &network, &storage),
        cache: cache::add(&data_stack, environment, &network, &storage),
        streaming: streaming::add(&data_stack, environment, &network, &storage),
        storage,
    };
    let images = compute::repository(&storage_stack, environment, &data.storage);
    let compute = compute::add(&application_stack, environment, &network, &identity, &data, &images);
    let functions = functions::add(&application_stack, environment, &network, &data, &compute);
    let api = api_gateway::add(&application_stack, environment, &network, &data, &compute, &functions);
    firewall::regional(&application_stack, environment, &api, &data.storage);
    let frontend = frontend::add(&frontend_stack, environment);
    let acl = firewall::edge(&edge_stack, environment);
    let cdn = cdn::add(&edge_stack, environment, &acl, &data.storage, &compute, &frontend);
    let check = recovery::look(&edge_stack, environment);
    monitoring::edge::add(&edge_stack, environment, &cdn, check.as_ref(), &data.storage);
    let built = Built { network, identity, data, compute, functions, api, frontend, cdn };
    let monitoring = monitoring::add(&observability_stack, environment, &built);
    tracing::add(&observability_stack, environment);
    cost::add(&observability_stack, environment, &monitoring);
    deployment::add(&deployment_stack, environment, &built);
    backup::add(&recovery_stack, environment, &built);
    let stacks = [
        network_stack,
        identity_stack,
        storage_stack,
        data_stack,
        application_stack,
        frontend_stack,
        edge_stack,
        observability_stack,
        deployment_stack,
        recovery_stack,
    ];
    // Some environments have nothing of one.
    let stacks: Vec<Stack> = stacks.into_iter().filter(|stack| !stack.is_empty()).collect();
    synthesize(&stacks)
}
