//! ECS on Fargate, images, and the internal load balancer.

use serde_json::json;

use crate::environment::Environment;
use crate::stacks::{Data, identity::Identity, network::Network};
use crate::template::kinds::{
    Cluster, Listener, LoadBalancer, LogGroup, Repository, Role, Service, TargetGroup, TaskDefinition,
};
use crate::template::{Resource, Stack};

/// A service of ECS.
#[derive(Debug, Clone)]
pub struct Process {
    /// Its name (`api`).
    pub name: &'static str,
    /// The service.
    pub service: Resource<Service>,
    /// What its tasks are.
    pub task: Resource<TaskDefinition>,
    /// What its tasks may do.
    pub role: Resource<Role>,
    /// What its tasks say.
    pub logs: Resource<LogGroup>,
}

/// Where the application runs.
#[derive(Debug, Clone)]
pub struct Compute {
    /// Images.
    pub repository: Resource<Repository>,
    /// The cluster.
    pub cluster: Resource<Cluster>,
    /// The internal load balancer.
    pub load_balancer: Resource<LoadBalancer>,
    /// HTTPS.
    pub listener: Resource<Listener>,
    /// Tasks that answer requests.
    pub targets: Resource<TargetGroup>,
    /// The services.
    pub processes: Vec<Process>,
}

/// Adds the services.
pub fn add(
    stack: &Stack,
    environment: &Environment,
    _network: &Network,
    _identity: &Identity,
    _data: &Data,
) -> Compute {
    Compute {
        repository: stack.add("Repository", json!({})),
        cluster: stack.add("Cluster", json!({})),
        load_balancer: stack.add("LoadBalancer", json!({})),
        listener: stack.add("Listener", json!({})),
        targets: stack.add("Targets", json!({})),
        processes: (environment.sizes.services.iter())
            .map(|size| {
                let title = crate::stacks::title(size.name);
                Process {
                    name: size.name,
                    service: stack.add(format!("{title}Service"), json!({})),
                    task: stack.add(format!("{title}Task"), json!({})),
                    role: stack.add(format!("{title}Role"), json!({})),
                    logs: stack.add(format!("{title}Logs"), json!({})),
                }
            })
            .collect(),
    }
}
