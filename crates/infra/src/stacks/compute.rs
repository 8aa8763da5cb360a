//! ECS on Fargate, images, and the internal load balancer.

mod balancer;
mod collector;
mod scaling;
mod tasks;

use astroshield_domain::deployment::{PORT, Role};
use serde_json::{Value, json};

use crate::application::{Surroundings, roles};
use crate::arn;
use crate::environment::{Environment, ServiceSize};
use crate::stacks::storage::Storage;
use crate::stacks::{Data, api_gateway, identity::Identity, network::Network, title};
use crate::template::kinds::{
    Alarm, Certificate, Cluster, ClusterCapacityProviders, Listener, LoadBalancer, LogGroup,
    RegistryReplication, Repository, Role as IamRole, Service, Subnet, TargetGroup, TaskDefinition,
};
use crate::template::policy::{Statement, document};
use crate::template::value::account;
use crate::template::{Resource, Stack};

pub use self::collector::{dimensions, namespace};

use self::balancer::Balancer;
pub use self::balancer::Canary;
use self::tasks::{Common, Tasks};

/// Name of the container of the application in each task.
pub const CONTAINER: &str = "astroshield";

/// Parameter with the tag of the image that is deployed.
pub const IMAGE_TAG: &str = "ImageTag";

/// The tag of the image that is deployed.
#[must_use]
pub fn image_tag(stack: &Stack) -> Value {
    stack.ask(
        IMAGE_TAG,
        "Tag of the image in the repository that is deployed, which is there with -arm64 at its end for the functions, too. Each \
         release has one of its own",
        None,
    )
}

/// Seconds in which a new task is not judged by its health.
const GRACE_S: u32 = 90;

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
    pub role: Resource<IamRole>,
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
    /// Of the domain and all names below it.
    pub certificate: Resource<Certificate>,
    /// Tasks that answer requests.
    pub targets: Resource<TargetGroup>,
    /// What moves requests from one release to the next, where that is done by parts.
    pub canary: Option<Canary>,
    /// The services.
    pub processes: Vec<Process>,
    /// What brings the store to a release before its services are there.
    pub migration: Resource<TaskDefinition>,
    /// What that may do.
    pub migration_role: Resource<IamRole>,
    /// What ECS may do to start a task.
    pub execution_role: Resource<IamRole>,
    /// Metrics of the application, before CloudWatch makes metrics of them.
    pub metrics: Resource<LogGroup>,
    /// What takes a release back.
    pub alarms: Vec<Resource<Alarm>>,
}

/// Adds the repository of images. It is in a stack before that of the services, so that an image is there before they are.
pub fn repository(stack: &Stack, environment: &Environment, storage: &Storage) -> Resource<Repository> {
    // The images of the second region are copies, under the name that they have in the first.
    let of = environment.original();
    // Each release is a list and an image for each of two processors.
    let rules = json!({ "rules": [
        {
            "rulePriority": 1,
            "description": "What no tag names any more",
            "selection": {
                "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7,
            },
            "action": { "type": "expire" },
        },
        {
            "rulePriority": 2,
            "description": "The last thirty releases",
            "selection": { "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 90 },
            "action": { "type": "expire" },
        },
    ] });
    let repository = stack.add(
        "Repository",
        json!({
            "RepositoryName": format!("astroshield-{of}"),
            "ImageTagMutability": "IMMUTABLE",
            "ImageScanningConfiguration": { "ScanOnPush": true },
            "EncryptionConfiguration": { "EncryptionType": "KMS", "KmsKey": storage.key.arn() },
            "EmptyOnDelete": !environment.sizes.protected,
            "LifecyclePolicy": { "LifecyclePolicyText": rules.to_string() },
            // Lambda fetches the image of the functions itself.
            "RepositoryPolicyText": document(&[Statement::allow_here(&[
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ])
            .by(json!({ "Service": "lambda.amazonaws.com" }))
            .when(json!({ "ArnLike": { "aws:SourceArn": arn!("lambda", format!("function:{}", environment.named("*"))) } }))]),
        }),
    );
    stack.keep(&repository, environment.kept());
    stack.show("RepositoryUri", repository.uri());
    if let Some(other) = environment.copies() {
        // A setting of the whole account: dev's images need no copies.
        stack.add::<RegistryReplication>(
            "ImageCopies",
            json!({ "ReplicationConfiguration": { "Rules": [{
                "Destinations": [{ "Region": other.region, "RegistryId": account() }],
                "RepositoryFilters": [{ "Filter": format!("astroshield-{of}"), "FilterType": "PREFIX_MATCH" }],
            }] } }),
        );
    }
    repository
}

/// Adds the services.
pub fn add(
    stack: &Stack,
    environment: &Environment,
    network: &Network,
    identity: &Identity,
    data: &Data,
    repository: &Resource<Repository>,
) -> Compute {
    let stream = api_gateway::stream(stack);
    let surroundings = Surroundings { environment, identity, data, stream: &stream };
    let (cluster, capacity) = cluster(stack, environment);
    let Balancer { load_balancer, listener, certificate, targets, canary, alarms } =
        balancer::add(stack, environment, network, &data.storage);
    let tasks = Tasks::new(stack, surroundings, repository);
    let migration = tasks.migration();
    let processes = (environment.sizes.services.iter())
        .map(|size| {
            let task = tasks.of(size);
            let answers = roles(size).contains(&Role::Api);
            let alarms = if answers { &alarms[..] } else { &[] };
            let mut properties = service(environment, network, size, &cluster, &task.definition, alarms);
            if answers {
                properties["HealthCheckGracePeriodSeconds"] = json!(GRACE_S);
                properties["LoadBalancers"] = json!([{
                    "ContainerName": CONTAINER,
                    "ContainerPort": PORT,
                    "TargetGroupArn": targets.arn(),
                }]);
                if let Some(canary) = &canary {
                    canary.deploys(&mut properties);
                }
            }
            let service = stack.add(format!("{}Service", title(size.name)), properties);
            stack.after(&service, &capacity);
            if answers {
                stack.after(&service, &listener);
            }
            Process { name: size.name, service, task: task.definition, role: task.role, logs: task.logs }
        })
        .collect();
    let Common { execution_role, metrics, .. } = tasks.common;
    let compute = Compute {
        repository: repository.clone(),
        cluster,
        load_balancer,
        listener,
        certificate,
        targets,
        canary,
        processes,
        migration: migration.definition,
        migration_role: migration.role,
        execution_role,
        metrics,
        alarms,
    };
    scaling::add(stack, environment, &compute);
    show(stack, network, &compute);
    compute
}

/// Shows what a release is made with: the cluster, and what runs the migration, in which network.
fn show(stack: &Stack, network: &Network, compute: &Compute) {
    let subnets: Vec<Value> = network.private.iter().map(Resource::<Subnet>::id).collect();
    stack.show("Cluster", compute.cluster.name());
    stack.show("MigrationTask", compute.migration.arn());
    stack.show("TaskSubnets", json!({ "Fn::Join": [",", subnets] }));
    stack.show("TaskSecurityGroup", network.tasks.id());
}

fn cluster(
    stack: &Stack,
    environment: &Environment,
) -> (Resource<Cluster>, Resource<ClusterCapacityProviders>) {
    // Insights into each task and container cost by the metric.
    let insights = if environment.sizes.watching.container_insights { "enhanced" } else { "disabled" };
    let cluster: Resource<Cluster> = stack.add(
        "Cluster",
        json!({
            "ClusterName": format!("astroshield-{}", environment.name),
            "ClusterSettings": [{ "Name": "containerInsights", "Value": insights }],
        }),
    );
    let capacity = stack.add(
        "Capacity",
        json!({
            "Cluster": cluster.name(),
            "CapacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "DefaultCapacityProviderStrategy": [{ "CapacityProvider": "FARGATE", "Weight": 1 }],
        }),
    );
    (cluster, capacity)
}

fn service(
    environment: &Environment,
    network: &Network,
    size: &ServiceSize,
    cluster: &Resource<Cluster>,
    task: &Resource<TaskDefinition>,
    alarms: &[Resource<Alarm>],
) -> Value {
    let subnets: Vec<Value> = network.private.iter().map(Resource::<Subnet>::id).collect();
    // Two processes at a time would each deal with the events of its own alone.
    let alone = environment.sizes.streaming.is_none();
    let (least, most) = if alone { (0, 100) } else { (100, 200) };
    let mut deployment = json!({
        "Strategy": "ROLLING",
        "MinimumHealthyPercent": least,
        "MaximumPercent": most,
        "DeploymentCircuitBreaker": { "Enable": true, "Rollback": true },
    });
    if !alarms.is_empty() {
        let names: Vec<Value> = alarms.iter().map(Resource::<Alarm>::name).collect();
        deployment["Alarms"] = json!({ "AlarmNames": names, "Enable": true, "Rollback": true });
    }
    let mut properties = json!({
        "ServiceName": size.name,
        "Cluster": cluster.arn(),
        "TaskDefinition": task.arn(),
        "CapacityProviderStrategy": capacity(size),
        "PlatformVersion": "LATEST",
        "SchedulingStrategy": "REPLICA",
        "DeploymentController": { "Type": "ECS" },
        "DeploymentConfiguration": deployment,
        "AvailabilityZoneRebalancing": if alone { "DISABLED" } else { "ENABLED" },
        "EnableExecuteCommand": false,
        "EnableECSManagedTags": true,
        "PropagateTags": "SERVICE",
        "NetworkConfiguration": { "AwsvpcConfiguration": {
            "AssignPublicIp": "DISABLED",
            "Subnets": subnets,
            "SecurityGroups": [network.tasks.id()],
        } },
    });
    // Where it is scaled, a deployment must not set back how many there are.
    if size.least == size.most {
        properties["DesiredCount"] = json!(size.least);
    }
    properties
}

/// What tasks run on: some never on Spot, the others by weight.
fn capacity(size: &ServiceSize) -> Value {
    let mut strategy = Vec::new();
    if size.base > 0 || size.on_demand_weight > 0 {
        let (base, weight) = (size.base, size.on_demand_weight);
        strategy.push(json!({ "CapacityProvider": "FARGATE", "Base": base, "Weight": weight }));
    }
    if size.spot_weight > 0 {
        strategy.push(json!({ "CapacityProvider": "FARGATE_SPOT", "Weight": size.spot_weight }));
    }
    json!(strategy)
}

#[cfg(test)]
mod tests;
