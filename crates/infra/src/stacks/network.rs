//! VPC, subnets, and what each tier lets through.
//!
//! Three tiers in each zone. *Public* subnets hold NAT gateways and nothing else. *Private* ones hold what answers and
//! asks: the internal load balancer, tasks, functions, interface endpoints, and the interfaces by which CloudFront
//! (VPC origin) and API Gateway (VPC link) come in. *Isolated* ones hold database, cache and brokers, and have no
//! route out.
//!
//! Security groups say who speaks with whom (`groups`); network ACLs hold the tiers apart a second time, as well as
//! something without memory can (`access_lists`). The VPC's default security group, which CloudFormation cannot
//! change, is given to nothing.

mod access_lists;
mod endpoints;
mod groups;
mod logs;
mod subnets;

use serde_json::{Value, json};

pub use self::logs::key as logs_key;
use crate::environment::Environment;
use crate::template::kinds::{SecurityGroup, Subnet, Vpc};
use crate::template::{Resource, Stack};
/// PostgreSQL.
pub const DATABASE_PORT: u16 = 5432;
/// Valkey or Redis.
pub const CACHE_PORT: u16 = 6379;
/// Brokers, for user and password (SASL/SCRAM) over TLS.
pub const BROKERS_SCRAM_PORT: u16 = 9096;
/// Brokers, for roles of IAM over TLS.
pub const BROKERS_IAM_PORT: u16 = 9098;
/// HTTPS.
pub const HTTPS_PORT: u16 = 443;
/// Mail: TLS from the start, and STARTTLS.
pub const MAIL_PORTS: [u16; 2] = [465, 587];

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
    /// Of the functions behind APIs.
    pub functions: Resource<SecurityGroup>,
    /// Of the functions that rotate passwords.
    pub rotation: Resource<SecurityGroup>,
    /// Of the database.
    pub database: Resource<SecurityGroup>,
    /// Of the cache.
    pub cache: Resource<SecurityGroup>,
    /// Of the brokers.
    pub streaming: Resource<SecurityGroup>,
    /// Of interface endpoints, where there are some.
    pub endpoints: Option<Resource<SecurityGroup>>,
}

/// Adds the network.
pub fn add(stack: &Stack, environment: &Environment) -> Network {
    let vpc = stack.add(
        "Vpc",
        json!({
            "CidrBlock": environment.operator.network,
            // Interface endpoints answer under the names that services have everywhere.
            "EnableDnsHostnames": true,
            "EnableDnsSupport": true,
            "Tags": name(environment, "vpc"),
        }),
    );
    let subnets = subnets::add(stack, environment, &vpc);
    access_lists::add(stack, environment, &vpc, &subnets);
    let groups = groups::add(stack, environment, &vpc);
    endpoints::add(stack, environment, &vpc, &subnets, groups.endpoints.as_ref());
    logs::add(stack, environment, &vpc);
    Network {
        vpc,
        public: subnets.public,
        private: subnets.private,
        isolated: subnets.isolated,
        load_balancer: groups.load_balancer,
        link: groups.link,
        tasks: groups.tasks,
        functions: groups.functions,
        rotation: groups.rotation,
        database: groups.database,
        cache: groups.cache,
        streaming: groups.streaming,
        endpoints: groups.endpoints,
    }
}

/// The tag by which the console shows a resource of a network.
fn name(environment: &Environment, what: &str) -> Value {
    json!([{ "Key": "Name", "Value": environment.named(what) }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{Name, Operator};
    use crate::template::{StackName, Template, synthesize};
    use astroshield_domain::deployment::PORT;

    /// The network of an environment.
    pub(super) fn template(environment: Name) -> Template {
        template_of(&Environment::new(environment, Operator::parse("").unwrap()))
    }

    pub(super) fn template_of(environment: &Environment) -> Template {
        let stack = Stack::new(StackName::Network, "network");
        add(&stack, environment);
        synthesize(&[stack]).unwrap().remove(0)
    }

    #[test]
    fn the_image_exposes_the_port_that_groups_open() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Dockerfile");
        let image = std::fs::read_to_string(path).unwrap();
        let exposed: Vec<_> = image.lines().filter_map(|line| line.strip_prefix("EXPOSE ")).collect();
        assert_eq!(exposed, [PORT.to_string()]);
    }
}
