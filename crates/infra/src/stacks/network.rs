//! VPC, subnets, and what each tier lets through.

use serde_json::json;

use crate::environment::Environment;
use crate::template::kinds::{SecurityGroup, Subnet, Vpc};
use crate::template::{Resource, Stack};

/// What others stand in.
#[derive(Debug, Clone)]
pub struct Network {
    /// The VPC.
    pub vpc: Resource<Vpc>,
    /// Subnets with a way in and out, one for each zone: NAT gateways alone.
    pub public: Vec<Resource<Subnet>>,
    /// Subnets with a way out: tasks, functions, the internal load balancer.
    pub private: Vec<Resource<Subnet>>,
    /// Subnets without a way out: database, cache, brokers.
    pub isolated: Vec<Resource<Subnet>>,
    /// Of the internal load balancer.
    pub load_balancer: Resource<SecurityGroup>,
    /// Of the VPC link of API Gateway.
    pub link: Resource<SecurityGroup>,
    /// Of the tasks.
    pub tasks: Resource<SecurityGroup>,
    /// Of the functions.
    pub functions: Resource<SecurityGroup>,
    /// Of the database.
    pub database: Resource<SecurityGroup>,
    /// Of the cache.
    pub cache: Resource<SecurityGroup>,
    /// Of the brokers.
    pub streaming: Resource<SecurityGroup>,
}

/// Adds the network.
pub fn add(stack: &Stack, environment: &Environment) -> Network {
    let group = |id: &str| stack.add(id, json!({ "GroupDescription": id }));
    let subnets = |kind: &str| {
        (0..environment.sizes.zones).map(|zone| stack.add(format!("{kind}{zone}"), json!({}))).collect()
    };
    Network {
        vpc: stack.add("Vpc", json!({})),
        public: subnets("Public"),
        private: subnets("Private"),
        isolated: subnets("Isolated"),
        load_balancer: group("LoadBalancerGroup"),
        link: group("LinkGroup"),
        tasks: group("TaskGroup"),
        functions: group("FunctionGroup"),
        database: group("DatabaseGroup"),
        cache: group("CacheGroup"),
        streaming: group("StreamingGroup"),
    }
}
