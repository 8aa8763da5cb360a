use serde_json::Value;

use super::tasks::USER;
use super::*;
use crate::application::{DRAIN_S, SHUTDOWN_S};
use crate::environment::{Name, Operator};
use crate::stacks::architecture;

/// The resources of a type in an environment.
fn resources(name: Name, kind: &str) -> Vec<(String, Value)> {
    resources_with("", name, kind)
}

/// The same, with settings of the operator.
fn resources_with(settings: &str, name: Name, kind: &str) -> Vec<(String, Value)> {
    let environment = Environment::new(name, Operator::parse(settings).unwrap());
    let mut found = Vec::new();
    for template in architecture(&environment).unwrap() {
        let resources = template.body["Resources"].as_object().unwrap();
        let of_kind = resources.iter().filter(|(_, of)| of["Type"] == kind);
        found.extend(of_kind.map(|(id, of)| (id.clone(), of["Properties"].clone())));
    }
    found
}

#[test]
fn an_image_is_what_it_was_when_it_was_pushed() {
    for name in Name::ALL {
        let (_, repository) = &resources(name, "AWS::ECR::Repository")[0];
        assert_eq!(repository["ImageTagMutability"], "IMMUTABLE", "{name}");
        assert_eq!(repository["ImageScanningConfiguration"]["ScanOnPush"], true, "{name}");
        let policy = repository["LifecyclePolicy"]["LifecyclePolicyText"].as_str().unwrap();
        assert!(serde_json::from_str::<Value>(policy).unwrap()["rules"][0]["selection"].is_object());
    }
}

#[test]
fn no_container_can_change_its_root_or_is_more_than_a_user() {
    for name in Name::ALL {
        for (id, task) in resources(name, "AWS::ECS::TaskDefinition") {
            for container in task["ContainerDefinitions"].as_array().unwrap() {
                assert_eq!(container["ReadonlyRootFilesystem"], true, "{name}/{id}");
                assert_eq!(container["Privileged"], false, "{name}/{id}");
                assert_eq!(container["LinuxParameters"]["Capabilities"]["Drop"][0], "ALL", "{name}/{id}");
                assert_eq!(container["LogConfiguration"]["LogDriver"], "awslogs", "{name}/{id}");
            }
        }
    }
}

#[test]
fn a_container_is_what_the_image_is() {
    let dockerfile = include_str!("../../../../../Dockerfile");
    assert!(dockerfile.contains(&format!("USER {USER}")));
    for (_, task) in resources(Name::Prod, "AWS::ECS::TaskDefinition") {
        let ours = &task["ContainerDefinitions"][0];
        if let Some(check) = ours["HealthCheck"]["Command"][1].as_str() {
            assert!(dockerfile.contains(&format!("/usr/bin/{check}")), "{check}");
        }
        // Volumes belong to the user of the image only where the image has them, too.
        let volumes = dockerfile.lines().find(|line| line.starts_with("VOLUME")).unwrap();
        for mount in ours["MountPoints"].as_array().unwrap() {
            let path = mount["ContainerPath"].as_str().unwrap();
            assert!(volumes.contains(&format!("\"{path}\"")), "{path}");
        }
    }
}

#[test]
fn a_task_has_the_time_to_end_that_its_process_takes() {
    let (_, targets) = &resources(Name::Prod, "AWS::ElasticLoadBalancingV2::TargetGroup")[0];
    let of = |key: &str| targets[key].as_u64().unwrap();
    let noticed_s = of("HealthCheckIntervalSeconds") * of("UnhealthyThresholdCount");
    assert!(u64::from(DRAIN_S) > noticed_s + 2, "the load balancer notices after {noticed_s} s");
    // docs/guides/scale-out.md; Fargate waits 120 s at most.
    for (id, task) in resources(Name::Prod, "AWS::ECS::TaskDefinition") {
        let stop_s = task["ContainerDefinitions"][0]["StopTimeout"].as_u64().unwrap();
        assert!((u64::from(DRAIN_S + SHUTDOWN_S) + 10..=120).contains(&stop_s), "{id}: {stop_s}");
    }
}

#[test]
fn a_service_takes_back_a_release_that_fails() {
    for name in Name::ALL {
        for (id, service) in resources(name, "AWS::ECS::Service") {
            let deployment = &service["DeploymentConfiguration"];
            assert_eq!(deployment["DeploymentCircuitBreaker"]["Rollback"], true, "{name}/{id}");
            let answers = service.get("LoadBalancers").is_some();
            assert_eq!(deployment["Alarms"]["Rollback"] == true, answers, "{name}/{id}");
            assert_eq!(answers, matches!(id.as_str(), "ApiService" | "AllService"), "{name}/{id}");
            assert_eq!(service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"], "DISABLED");
            assert!(service.get("LaunchType").is_none(), "{name}/{id}");
        }
    }
}

#[test]
fn a_process_that_has_the_bus_for_itself_is_never_two() {
    let (_, alone) = &resources(Name::Dev, "AWS::ECS::Service")[0];
    assert_eq!(alone["DeploymentConfiguration"]["MaximumPercent"], 100);
    for (id, service) in resources(Name::Prod, "AWS::ECS::Service") {
        assert_eq!(service["DeploymentConfiguration"]["MinimumHealthyPercent"], 100, "{id}");
    }
}

#[test]
fn spot_is_all_of_dev_and_the_overflow_of_prod() {
    let strategy = |name| resources(name, "AWS::ECS::Service")[0].1["CapacityProviderStrategy"].clone();
    assert_eq!(strategy(Name::Dev), json!([{ "CapacityProvider": "FARGATE_SPOT", "Weight": 1 }]));
    let base = json!({ "CapacityProvider": "FARGATE", "Base": 2, "Weight": 0 });
    assert_eq!(strategy(Name::Prod), json!([base, { "CapacityProvider": "FARGATE_SPOT", "Weight": 1 }]));
}

#[test]
fn prod_is_scaled_and_dev_is_not() {
    assert!(resources(Name::Dev, "AWS::ApplicationAutoScaling::ScalingPolicy").is_empty());
    let policies = resources(Name::Prod, "AWS::ApplicationAutoScaling::ScalingPolicy");
    let ids: Vec<&str> = policies.iter().map(|(id, _)| id.as_str()).collect();
    for wanted in ["ApiByCpu", "ApiByRequests", "ScreenByCpu", "ScreenByLag"] {
        assert!(ids.contains(&wanted), "{ids:?}");
    }
    // Where it is scaled, how many there are is not the template's to say.
    for (id, service) in resources(Name::Prod, "AWS::ECS::Service") {
        let is_scaled =
            ids.iter().any(|policy| id.strip_suffix("Service").is_some_and(|of| policy.starts_with(of)));
        assert_ne!(service.get("DesiredCount").is_some(), is_scaled, "{id}");
    }
}

#[test]
fn the_load_balancer_is_inside_and_speaks_tls_alone() {
    for name in Name::ALL {
        let (_, balancer) = &resources(name, "AWS::ElasticLoadBalancingV2::LoadBalancer")[0];
        assert_eq!(balancer["Scheme"], "internal");
        let protected =
            json!({ "Key": "deletion_protection.enabled", "Value": (name != Name::Dev).to_string() });
        assert!(balancer["LoadBalancerAttributes"].as_array().unwrap().contains(&protected), "{name}");
        let listeners = resources(name, "AWS::ElasticLoadBalancingV2::Listener");
        let protocols: Vec<&Value> = listeners.iter().map(|(_, of)| &of["Protocol"]).collect();
        assert_eq!(protocols, ["HTTPS"], "{name}");
    }
}

#[test]
fn the_collector_is_told_where_to_listen_and_what_to_count() {
    let (_, task) = &resources(Name::Prod, "AWS::ECS::TaskDefinition")[0];
    let collector =
        task["ContainerDefinitions"].as_array().unwrap().iter().find(|of| of["Name"] == "collector");
    let parts = collector.unwrap()["Environment"][0]["Value"]["Fn::Join"][1].as_array().unwrap();
    let text: String = parts.iter().map(|part| part.as_str().unwrap_or("/logs")).collect();
    let configuration: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        configuration["receivers"]["otlp"]["protocols"]["http"]["endpoint"],
        crate::application::COLLECTOR
    );
    let declared = configuration["exporters"]["awsemf"]["metric_declarations"].as_array().unwrap();
    let selectors: usize =
        declared.iter().map(|of| of["metric_name_selectors"].as_array().unwrap().len()).sum();
    assert_eq!(selectors, astroshield_domain::metrics::ALL.len());
}

#[test]
fn only_who_answers_speaks_through_the_gateway() {
    for name in Name::ALL {
        let speaking = |of: &Value| of.to_string().contains("execute-api:ManageConnections");
        let roles = resources(name, "AWS::IAM::Role");
        let speaking: Vec<&str> =
            roles.iter().filter(|(_, role)| speaking(role)).map(|(id, _)| id.as_str()).collect();
        let expected = if name == Name::Dev { "AllRole" } else { "ApiRole" };
        assert!(speaking.contains(&expected), "{name}: {speaking:?}");
        for process in ["ScreenRole", "IngestRole", "NotifyRole", "RelayRole", "MigrationRole"] {
            assert!(!speaking.contains(&process), "{name}: {process}");
        }
    }
}

#[test]
fn each_role_reads_the_secrets_that_its_tasks_name_and_no_others() {
    for (id, task) in resources(Name::Prod, "AWS::ECS::TaskDefinition") {
        let ours = &task["ContainerDefinitions"][0];
        let named = ours["Environment"].as_array().unwrap().iter();
        let named = named.filter(|of| of["Name"].as_str().unwrap().ends_with("_SECRET"));
        let named: Vec<Value> = named.map(|of| of["Value"]["Fn::Join"][1][0].clone()).collect();
        let role = id.replace("Task", "Role");
        let (_, role) =
            resources(Name::Prod, "AWS::IAM::Role").into_iter().find(|(of, _)| *of == role).unwrap();
        let statements = role["Policies"][0]["PolicyDocument"]["Statement"].clone();
        let read = statements.as_array().unwrap().iter();
        let read = read.filter(|of| of["Action"][0] == "secretsmanager:GetSecretValue");
        let read: Vec<Value> = read.flat_map(|of| of["Resource"].as_array().unwrap().clone()).collect();
        assert_eq!(read, named, "{id}");
    }
}

#[test]
fn with_a_canary_ecs_moves_every_request_by_one_rule_and_without_streaming_there_is_none() {
    let settings = "deployment = \"canary\"";
    let services = resources_with(settings, Name::Prod, "AWS::ECS::Service");
    let (_, api) = services.iter().find(|(_, service)| service["ServiceName"] == "api").unwrap();
    assert_eq!(api["DeploymentConfiguration"]["Strategy"], "CANARY");
    let advanced = &api["LoadBalancers"][0]["AdvancedConfiguration"];
    assert_eq!(advanced["AlternateTargetGroupArn"]["Ref"], "AlternateTargets");
    assert_eq!(advanced["ProductionListenerRule"]["Ref"], "CanaryRule");
    for (id, service) in services.iter().filter(|(_, service)| service["ServiceName"] != "api") {
        assert_eq!(service["DeploymentConfiguration"]["Strategy"], "ROLLING", "{id}");
    }
    // Another rule, or a default that forwards, would go on to ask the tasks of the release before.
    let rules = resources_with(settings, Name::Prod, "AWS::ElasticLoadBalancingV2::ListenerRule");
    assert_eq!(rules.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["CanaryRule"]);
    let weights = rules[0].1["Actions"][0]["ForwardConfig"]["TargetGroups"].as_array().unwrap();
    assert_eq!(weights.iter().map(|group| group["Weight"].as_u64().unwrap()).collect::<Vec<_>>(), [100, 0]);
    let (_, listener) = &resources_with(settings, Name::Prod, "AWS::ElasticLoadBalancingV2::Listener")[0];
    assert_eq!(listener["DefaultActions"][0]["Type"], "fixed-response");
    let alarms = &api["DeploymentConfiguration"]["Alarms"]["AlarmNames"];
    assert_eq!(alarms.as_array().unwrap().len(), 3);

    for (id, service) in resources_with(settings, Name::Dev, "AWS::ECS::Service") {
        assert_eq!(service["DeploymentConfiguration"]["Strategy"], "ROLLING", "{id}");
    }
}
