//! Services of ECS: how they are deployed, where they run, and what their load balancer finds.

use serde_json::Value;

use super::{Architecture, Finding, Item, list};

/// Services whose deployment would not be rolled back, or whose strategy lacks what it needs.
pub fn deployments(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.of("AWS::ECS::Service") {
        let configuration = &item.properties["DeploymentConfiguration"];
        let breaker = &configuration["DeploymentCircuitBreaker"];
        for part in ["Enable", "Rollback"] {
            if breaker[part] != true {
                findings.push(item.finding(format!("DeploymentCircuitBreaker has no {part}")));
            }
        }
        let alarms = &configuration["Alarms"];
        if alarms.is_object() && (alarms["Rollback"] != true || list(&alarms["AlarmNames"]).is_empty()) {
            findings.push(item.finding("the alarms of the deployment do not roll it back"));
        }
        let strategy = configuration["Strategy"].as_str().unwrap_or("ROLLING");
        let wants = match strategy {
            "ROLLING" => continue,
            "CANARY" => Some("CanaryConfiguration"),
            "LINEAR" => Some("LinearConfiguration"),
            "BLUE_GREEN" => None,
            other => {
                findings.push(item.finding(format!("{other} is no strategy")));
                continue;
            }
        };
        if let Some(wants) = wants.filter(|wants| configuration.get(*wants).is_none()) {
            findings.push(item.finding(format!("the strategy {strategy} has no {wants}")));
        }
        for balancer in list(&item.properties["LoadBalancers"]) {
            let advanced = &balancer["AdvancedConfiguration"];
            for part in ["AlternateTargetGroupArn", "ProductionListenerRule", "RoleArn"] {
                if advanced.get(part).is_none() {
                    findings.push(item.finding(format!("the strategy {strategy} has no {part}")));
                }
            }
        }
    }
}

/// Services with a launch type beside capacity providers, and tasks with a public address.
pub fn capacity(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.of("AWS::ECS::Service") {
        let providers = list(&item.properties["CapacityProviderStrategy"]);
        let launch = item.properties.get("LaunchType");
        match (launch, providers.is_empty()) {
            (Some(_), false) => findings.push(item.finding("has a launch type beside capacity providers")),
            (None, true) => findings.push(item.finding("has neither a launch type nor capacity providers")),
            _ => {}
        }
        let network = &item.properties["NetworkConfiguration"]["AwsvpcConfiguration"];
        // Without a word, a service of Fargate has none; said, nobody has to know that.
        if network["AssignPublicIp"] != "DISABLED" {
            findings.push(item.finding("does not say that its tasks have no public address"));
        }
    }
}

/// The containers of the task of a service.
fn containers<'a>(architecture: &Architecture<'a>, service: Item<'a>) -> &'a [Value] {
    let task = architecture.target(service.stack, &service.properties["TaskDefinition"]);
    task.map_or(&[], |task| list(&task.item.properties["ContainerDefinitions"]))
}

/// Services whose load balancer asks for a container or a port that the task does not have.
pub fn containers_of_services(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.of("AWS::ECS::Service") {
        let containers = containers(architecture, item);
        if containers.is_empty() {
            findings.push(item.finding("has no task with containers"));
        }
        for balancer in list(&item.properties["LoadBalancers"]) {
            let (name, port) = (&balancer["ContainerName"], &balancer["ContainerPort"]);
            let Some(container) = containers.iter().find(|container| container["Name"] == *name) else {
                findings.push(item.finding(format!("the load balancer asks {name}, which is no container")));
                continue;
            };
            let mappings = list(&container["PortMappings"]);
            if !mappings.iter().any(|mapping| mapping["ContainerPort"] == *port) {
                findings.push(
                    item.finding(format!("the load balancer asks port {port}, which {name} does not open")),
                );
            }
        }
    }
}

/// Target groups that a service of its own network cannot use.
pub fn targets(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.of("AWS::ECS::Service") {
        for balancer in list(&item.properties["LoadBalancers"]) {
            let Some(target) = architecture.target(item.stack, &balancer["TargetGroupArn"]) else { continue };
            let group = target.item;
            if group.properties["TargetType"] != "ip" {
                findings.push(
                    group.finding("is for tasks with addresses of their own, and its TargetType is not ip"),
                );
            }
            let (port, asked) = (&group.properties["Port"], &balancer["ContainerPort"]);
            if port != asked {
                findings.push(group.finding(format!("has port {port}, and {} answers on {asked}", item.id)));
            }
        }
    }
}

/// Containers with more rights than they need.
pub fn privilege(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.of("AWS::ECS::TaskDefinition") {
        if item.properties["NetworkMode"] != "awsvpc" {
            findings.push(item.finding("is not in the network of its own (awsvpc)"));
        }
        for container in list(&item.properties["ContainerDefinitions"]) {
            let name = container["Name"].as_str().unwrap_or_default();
            if container["Privileged"] == true {
                findings.push(item.finding(format!("{name} is privileged")));
            }
            if container["ReadonlyRootFilesystem"] != true {
                findings.push(item.finding(format!("{name} can write to its root")));
            }
            if ["root", "0"].iter().any(|root| container["User"] == *root) {
                findings.push(item.finding(format!("{name} runs as root")));
            }
            if !list(&container["LinuxParameters"]["Capabilities"]["Add"]).is_empty() {
                findings.push(item.finding(format!("{name} has capabilities added")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::planted::found;
    use super::*;

    /// A service without a fault, changed at a pointer.
    fn service(pointer: &str, value: Value) -> Value {
        let mut resources = json!({
            "Api": { "Type": "AWS::ECS::Service", "Properties": {
                "TaskDefinition": { "Ref": "Task" },
                "CapacityProviderStrategy": [{ "CapacityProvider": "FARGATE" }],
                "NetworkConfiguration": { "AwsvpcConfiguration": { "AssignPublicIp": "DISABLED" } },
                "DeploymentConfiguration": { "DeploymentCircuitBreaker": { "Enable": true, "Rollback": true } },
                "LoadBalancers": [{
                    "ContainerName": "astroshield", "ContainerPort": 8080, "TargetGroupArn": { "Ref": "Targets" },
                }],
            } },
            "Targets": { "Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
                "TargetType": "ip", "Port": 8080,
            } },
            "Task": { "Type": "AWS::ECS::TaskDefinition", "Properties": {
                "NetworkMode": "awsvpc",
                "ContainerDefinitions": [{
                    "Name": "astroshield", "ReadonlyRootFilesystem": true, "User": "10001",
                    "PortMappings": [{ "ContainerPort": 8080 }],
                }],
            } },
        });
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        let parent = resources.pointer_mut(parent).unwrap();
        match (field.parse::<usize>(), parent) {
            (Ok(number), Value::Array(values)) => values[number] = value,
            (_, parent) => parent[field] = value,
        }
        resources
    }

    #[test]
    fn faults_of_services_are_found() {
        let api = "/Api/Properties";
        let task = "/Task/Properties/ContainerDefinitions/0";
        for (check, pointer, value, fault) in [
            (
                deployments as super::super::Check,
                format!("{api}/DeploymentConfiguration/DeploymentCircuitBreaker/Rollback"),
                json!(false),
                "Api: DeploymentCircuitBreaker has no Rollback",
            ),
            (
                deployments,
                format!("{api}/DeploymentConfiguration/Alarms"),
                json!({ "Enable": true, "Rollback": false, "AlarmNames": ["a"] }),
                "Api: the alarms of the deployment do not roll it back",
            ),
            (
                capacity,
                format!("{api}/LaunchType"),
                json!("FARGATE"),
                "Api: has a launch type beside capacity providers",
            ),
            (
                capacity,
                format!("{api}/CapacityProviderStrategy"),
                json!([]),
                "Api: has neither a launch type nor capacity providers",
            ),
            (
                capacity,
                format!("{api}/NetworkConfiguration/AwsvpcConfiguration/AssignPublicIp"),
                json!("ENABLED"),
                "Api: does not say that its tasks have no public address",
            ),
            (
                containers_of_services,
                format!("{api}/LoadBalancers/0/ContainerName"),
                json!("app"),
                "Api: the load balancer asks \"app\", which is no container",
            ),
            (
                containers_of_services,
                format!("{task}/PortMappings"),
                json!([{ "ContainerPort": 9090 }]),
                "Api: the load balancer asks port 8080, which \"astroshield\" does not open",
            ),
            (
                targets,
                "/Targets/Properties/TargetType".to_owned(),
                json!("instance"),
                "Targets: is for tasks with addresses of their own, and its TargetType is not ip",
            ),
            (
                targets,
                "/Targets/Properties/Port".to_owned(),
                json!(80),
                "Targets: has port 80, and Api answers on 8080",
            ),
            (privilege, format!("{task}/Privileged"), json!(true), "Task: astroshield is privileged"),
            (
                privilege,
                format!("{task}/ReadonlyRootFilesystem"),
                json!(false),
                "Task: astroshield can write to its root",
            ),
            (privilege, format!("{task}/User"), json!("root"), "Task: astroshield runs as root"),
        ] {
            assert_eq!(found(check, &service(&pointer, value)), [fault], "{pointer}");
            let whole = service("/Api/Properties/DesiredCount", json!(2));
            assert_eq!(found(check, &whole), [""; 0], "{pointer}");
        }
    }

    #[test]
    fn a_strategy_without_its_parts_is_found() {
        let canary = service("/Api/Properties/DeploymentConfiguration/Strategy", json!("CANARY"));
        let expected = [
            "Api: the strategy CANARY has no CanaryConfiguration",
            "Api: the strategy CANARY has no AlternateTargetGroupArn",
            "Api: the strategy CANARY has no ProductionListenerRule",
            "Api: the strategy CANARY has no RoleArn",
        ];
        assert_eq!(found(deployments, &canary), expected);
    }
}
