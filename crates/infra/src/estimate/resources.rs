//! Prices of resources: by what they say of themselves, and by what is used of them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Discounts, EstimateError, Line, Tier, Used};
use crate::prices::Prices;
use crate::template::Template;

/// Types that cost nothing by themselves, by service. What they carry is priced with what carries it.
pub const FREE: &[&str] = &[
    "AWS::Amplify::Branch",
    "AWS::Amplify::Domain",
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::DomainName",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Deployment",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::ApiGatewayV2::VpcLink",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Backup::BackupPlan",
    "AWS::Backup::BackupSelection",
    "AWS::Backup::RestoreTestingSelection",
    "AWS::Budgets::Budget",
    "AWS::CE::AnomalyMonitor",
    "AWS::CE::AnomalySubscription",
    "AWS::CertificateManager::Certificate",
    "AWS::CloudFront::CachePolicy",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::MonitoringSubscription",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::OriginRequestPolicy",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudFront::VpcOrigin",
    // The first copy of management events is free.
    "AWS::CloudTrail::Trail",
    "AWS::CodeConnections::Connection",
    "AWS::Cognito::LogDeliveryConfiguration",
    "AWS::Cognito::ManagedLoginBranding",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup",
    "AWS::Cognito::UserPoolIdentityProvider",
    "AWS::Cognito::UserPoolResourceServer",
    "AWS::Cognito::UserPoolRiskConfigurationAttachment",
    "AWS::Config::ConfigRule",
    "AWS::Config::DeliveryChannel",
    "AWS::EC2::FlowLog",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::NetworkAcl",
    "AWS::EC2::NetworkAclEntry",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetNetworkAclAssociation",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::ECR::ReplicationConfiguration",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    // Priced with the service that runs it.
    "AWS::ECS::TaskDefinition",
    "AWS::ElastiCache::ParameterGroup",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::ElastiCache::User",
    "AWS::ElastiCache::UserGroup",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    // Events of AWS's own services are free.
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::OIDCProvider",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::Delivery",
    "AWS::Logs::DeliveryDestination",
    "AWS::Logs::DeliverySource",
    // The metrics of filters are among `metrics`.
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    "AWS::Logs::ResourcePolicy",
    "AWS::Logs::SubscriptionFilter",
    "AWS::MSK::BatchScramSecret",
    "AWS::MSK::ClusterPolicy",
    "AWS::MSK::Configuration",
    "AWS::MSK::Topic",
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::RDS::EventSubscription",
    "AWS::Route53::RecordSet",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SSM::Parameter",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::SecretsManager::RotationSchedule",
    "AWS::SecretsManager::SecretTargetAttachment",
    "AWS::WAFv2::IPSet",
    "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::WebACLAssociation",
    "AWS::XRay::Group",
    "AWS::XRay::ResourcePolicy",
    "AWS::XRay::SamplingRule",
    "AWS::XRay::TransactionSearchConfig",
];

/// How something may be paid for otherwise than on demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Plan {
    Never,
    Spot,
    Savings,
    ReservedDatabase,
    ReservedCache,
}

/// What has been written down so far.
pub(super) struct Book<'a> {
    prices: &'a Prices,
    used: &'a Used,
    discounts: &'a Discounts,
    /// Quantities by tier, what it is, price, and plan.
    quantities: BTreeMap<(Tier, String, String, Plan), f64>,
    /// Where the first of each was, for errors.
    first: BTreeMap<String, String>,
}

impl<'a> Book<'a> {
    pub(super) fn new(prices: &'a Prices, used: &'a Used, discounts: &'a Discounts) -> Self {
        Self { prices, used, discounts, quantities: BTreeMap::new(), first: BTreeMap::new() }
    }

    fn put(&mut self, at: &Place<'_>, tier: Tier, what: &str, price: &str, plan: Plan, quantity: f64) {
        self.first.entry(price.to_owned()).or_insert_with(|| at.name());
        *self.quantities.entry((tier, what.to_owned(), price.to_owned(), plan)).or_default() += quantity;
    }

    /// Something that runs for all hours.
    fn hourly(&mut self, at: &Place<'_>, tier: Tier, what: &str, price: &str, count: f64) {
        self.put(at, tier, what, price, Plan::Never, count * self.used.hours);
    }

    /// Something by the piece.
    fn each(&mut self, at: &Place<'_>, tier: Tier, what: &str, price: &str, count: f64) {
        self.put(at, tier, what, price, Plan::Never, count);
    }

    /// What is used of a service, however many resources of it there are.
    fn once(&mut self, at: &Place<'_>, tier: Tier, what: &str, price: &str, quantity: f64) {
        if quantity > 0.0 {
            let key = (tier, what.to_owned(), price.to_owned(), Plan::Never);
            if !self.quantities.contains_key(&key) {
                self.put(at, tier, what, price, Plan::Never, quantity);
            }
        }
    }

    /// Prices a resource.
    pub(super) fn resource(
        &mut self,
        template: &Template,
        id: &str,
        kind: &str,
        properties: &Value,
    ) -> Result<(), EstimateError> {
        let at = Place { template, id, properties };
        let used = *self.used;
        match kind {
            "AWS::ECS::Service" => self.service(&at)?,
            "AWS::RDS::DBInstance" => self.database(&at)?,
            "AWS::ElastiCache::ReplicationGroup" => self.cache(&at)?,
            "AWS::MSK::Cluster" => self.brokers(&at)?,
            "AWS::EC2::VPCEndpoint" => self.endpoint(&at)?,
            "AWS::WAFv2::WebACL" => self.web_acl(&at)?,
            "AWS::CloudWatch::Alarm" => self.alarm(&at),
            "AWS::Cognito::UserPool" => {
                let plan = at.text("UserPoolTier").unwrap_or("ESSENTIALS").to_lowercase();
                self.once(&at, Tier::Security, "people who sign in", &format!("cognito.{plan}"), used.users);
            }
            "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
                self.hourly(&at, Tier::Compute, "load balancer", "alb.hour", 1.0);
                let units = used.load_balancer_units * used.hours;
                self.once(&at, Tier::Compute, "its capacity", "alb.unit", units);
            }
            "AWS::ECS::Cluster" => self.insights(&at),
            "AWS::ECR::Repository" => self.once(&at, Tier::Compute, "images", "ecr.storage", used.images_gb),
            "AWS::EC2::NatGateway" => {
                self.hourly(&at, Tier::Network, "NAT gateways", "nat.hour", 1.0);
                self.once(&at, Tier::Network, "data through NAT gateways", "nat.data", used.nat_gb);
                self.once(&at, Tier::Network, "data between zones", "transfer.zones", used.zones_gb);
            }
            "AWS::EC2::EIP" => self.hourly(&at, Tier::Network, "public addresses", "ipv4.hour", 1.0),
            "AWS::Route53::HealthCheck" => {
                self.each(&at, Tier::Network, "health checks", "route53.health_check", 1.0);
            }
            "AWS::Route53::HostedZone" => self.each(&at, Tier::Network, "zones of DNS", "route53.zone", 1.0),
            "AWS::ApiGateway::RestApi" => {
                let requests = used.rest_requests_millions;
                self.once(&at, Tier::Api, "REST requests", "apigateway.rest", requests);
            }
            "AWS::ApiGatewayV2::Api" => {
                let (messages, minutes) = (used.stream_messages_millions, used.stream_minutes_millions);
                self.once(
                    &at,
                    Tier::Api,
                    "messages of WebSockets",
                    "apigateway.websocket.messages",
                    messages,
                );
                self.once(&at, Tier::Api, "open WebSockets", "apigateway.websocket.minutes", minutes);
            }
            "AWS::Lambda::Function" => {
                let (requests, duration) =
                    (used.function_requests_millions, used.function_gb_seconds_millions);
                self.once(&at, Tier::Api, "invocations", "lambda.requests", requests);
                self.once(&at, Tier::Api, "duration", "lambda.duration.arm64", duration);
            }
            "AWS::S3::Bucket" => {
                self.once(&at, Tier::Storage, "storage", "s3.storage", used.bucket_gb);
                self.once(&at, Tier::Storage, "writes", "s3.write", used.bucket_writes_thousands);
                self.once(&at, Tier::Storage, "reads", "s3.read", used.bucket_reads_thousands);
                self.once(
                    &at,
                    Tier::Storage,
                    "copies to the other region",
                    "transfer.region",
                    used.region_gb,
                );
            }
            "AWS::CloudFront::Distribution" => {
                self.once(&at, Tier::Cdn, "requests", "cloudfront.requests", used.page_requests_millions);
                self.once(&at, Tier::Cdn, "data to browsers", "cloudfront.out", used.page_gb);
                self.once(&at, Tier::Network, "DNS queries", "route53.query", used.queries_millions);
            }
            "AWS::Amplify::App" => {
                self.once(&at, Tier::Frontend, "builds", "amplify.build", used.console_build_minutes);
                self.once(&at, Tier::Frontend, "data", "amplify.served", used.console_gb);
            }
            "AWS::KMS::Key" => {
                self.each(&at, Tier::Security, "keys", "kms.key", 1.0);
                self.once(&at, Tier::Security, "calls of KMS", "kms.requests", used.key_requests_millions);
            }
            "AWS::SecretsManager::Secret" => self.secret(&at),
            "AWS::GuardDuty::Detector" => {
                self.once(&at, Tier::Security, "events", "guardduty.events", used.audited_millions);
                self.once(&at, Tier::Security, "flow and DNS logs", "guardduty.flows", used.watched_gb);
            }
            "AWS::Config::ConfigurationRecorder" => {
                self.once(&at, Tier::Security, "items", "config.items", used.config_items);
                self.once(&at, Tier::Security, "evaluations", "config.evaluations", used.config_evaluations);
            }
            "AWS::CloudWatch::CompositeAlarm" => {
                self.each(&at, Tier::Monitoring, "composite alarms", "cloudwatch.composite", 1.0);
            }
            "AWS::CloudWatch::Dashboard" => {
                self.each(&at, Tier::Monitoring, "dashboards", "cloudwatch.dashboard", 1.0);
            }
            "AWS::Logs::LogGroup" => {
                self.once(&at, Tier::Monitoring, "logs", "cloudwatch.logs", used.logs_gb);
                self.once(&at, Tier::Monitoring, "flow logs", "cloudwatch.logs.vended", used.flow_logs_gb);
                self.once(&at, Tier::Monitoring, "logs kept", "cloudwatch.logs.stored", used.logs_kept_gb);
                self.once(&at, Tier::Monitoring, "metrics", "cloudwatch.metric", used.metrics);
                self.once(&at, Tier::Monitoring, "traces", "xray.traces", used.traces_millions);
            }
            "AWS::KinesisFirehose::DeliveryStream" => {
                self.once(&at, Tier::Monitoring, "archive of logs", "firehose.data", used.logs_gb);
            }
            "AWS::SNS::Topic" => self.once(&at, Tier::Monitoring, "mails", "sns.mail", used.mails_thousands),
            "AWS::SQS::Queue" => {
                let requests = used.function_requests_millions;
                self.once(&at, Tier::Api, "queued invocations", "sqs.requests", requests);
            }
            "AWS::Scheduler::Schedule" => {
                // Even one a minute is 0.04 million a month.
                self.each(&at, Tier::Deployment, "schedules", "events.schedules", 0.04);
            }
            "AWS::CodePipeline::Pipeline" => {
                self.once(&at, Tier::Deployment, "pipelines", "codepipeline.minutes", used.pipeline_minutes);
            }
            "AWS::CodeBuild::Project" => self.builds(&at),
            "AWS::Backup::BackupVault" => {
                self.once(&at, Tier::Recovery, "backups", "backup.storage", used.backup_gb);
            }
            "AWS::Backup::RestoreTestingPlan" => {
                self.once(&at, Tier::Recovery, "restores tried", "backup.restore_test", used.restore_tests);
            }
            free if FREE.contains(&free) => {}
            _ => return Err(EstimateError::Unpriced { resource: at.name(), kind: kind.to_owned() }),
        }
        Ok(())
    }

    fn service(&mut self, at: &Place<'_>) -> Result<(), EstimateError> {
        let definition = at.properties["TaskDefinition"]["Ref"].as_str().ok_or(at.lacks("TaskDefinition"))?;
        let task = &at.template.body["Resources"][definition]["Properties"];
        let number = |name: &'static str| {
            let text = task[name].as_str().and_then(|text| text.parse::<f64>().ok());
            text.or(task[name].as_f64()).map(|value| value / 1024.0).ok_or(at.lacks(name))
        };
        let (cpu, memory) = (number("Cpu")?, number("Memory")?);
        let architecture = match task["RuntimePlatform"]["CpuArchitecture"].as_str() {
            Some("ARM64") => "arm64",
            _ => "x86_64",
        };
        let tasks = at.number("DesiredCount").or_else(|| at.least_tasks()).unwrap_or(1.0);
        let (on_demand, spot) = shares(&at.properties["CapacityProviderStrategy"], tasks);
        let hours = self.used.hours;
        let beyond = if at.scales() { self.used.overflow_task_hours } else { 0.0 };
        for (unit, of, size) in [("vcpu", "vCPU", cpu), ("memory", "memory", memory)] {
            let price = format!("fargate.{unit}.{architecture}");
            let what = format!("{of}, {architecture}");
            self.put(at, Tier::Compute, &what, &price, Plan::Savings, size * on_demand * hours);
            let spot_hours = size * (spot * hours + beyond);
            self.put(at, Tier::Compute, &format!("{what}, Spot"), &price, Plan::Spot, spot_hours);
        }
        Ok(())
    }

    fn database(&mut self, at: &Place<'_>) -> Result<(), EstimateError> {
        let class = at.text("DBInstanceClass").ok_or(at.lacks("DBInstanceClass"))?;
        let multi_az = at.properties["MultiAZ"] == true;
        let replica = ["SourceDBInstanceIdentifier", "SourceDbiResourceId"]
            .iter()
            .any(|source| at.properties.get(*source).is_some());
        let gib = match at.number("AllocatedStorage") {
            Some(gib) => gib,
            // A replica has what its source has.
            None if replica => at.source_storage().ok_or(at.lacks("AllocatedStorage"))?,
            None => return Err(at.lacks("AllocatedStorage")),
        };
        let instances = if multi_az { 2.0 } else { 1.0 };
        let what = if replica { "read replica" } else { "database" };
        let hours = instances * self.used.hours;
        self.put(at, Tier::Database, what, &format!("rds.{class}"), Plan::ReservedDatabase, hours);
        let storage = if multi_az { "rds.storage.gp3.multi_az" } else { "rds.storage.gp3" };
        self.each(at, Tier::Database, &format!("storage of the {what}"), storage, gib);
        Ok(())
    }

    fn cache(&mut self, at: &Place<'_>) -> Result<(), EstimateError> {
        let node = at.text("CacheNodeType").ok_or(at.lacks("CacheNodeType"))?;
        let engine = at.text("Engine").ok_or(at.lacks("Engine"))?;
        let nodes = at.number("NumCacheClusters").unwrap_or_else(|| {
            let shards = at.number("NumNodeGroups").unwrap_or(1.0);
            shards * (1.0 + at.number("ReplicasPerNodeGroup").unwrap_or(0.0))
        });
        let price = format!("elasticache.{engine}.{node}");
        let hours = nodes * self.used.hours;
        self.put(at, Tier::Cache, "nodes", &price, Plan::ReservedCache, hours);
        Ok(())
    }

    fn brokers(&mut self, at: &Place<'_>) -> Result<(), EstimateError> {
        let group = &at.properties["BrokerNodeGroupInfo"];
        let broker = group["InstanceType"].as_str().ok_or(at.lacks("InstanceType"))?;
        let brokers = at.number("NumberOfBrokerNodes").ok_or(at.lacks("NumberOfBrokerNodes"))?;
        let gib =
            group["StorageInfo"]["EBSStorageInfo"]["VolumeSize"].as_f64().ok_or(at.lacks("VolumeSize"))?;
        self.hourly(at, Tier::Streaming, "brokers", &format!("msk.{broker}"), brokers);
        self.each(at, Tier::Streaming, "storage", "msk.storage", brokers * gib);
        Ok(())
    }

    fn endpoint(&mut self, at: &Place<'_>) -> Result<(), EstimateError> {
        if at.text("VpcEndpointType") != Some("Interface") {
            return Ok(());
        }
        let zones = at.properties["SubnetIds"].as_array().ok_or(at.lacks("SubnetIds"))?.len();
        self.hourly(at, Tier::Network, "interface endpoints", "endpoint.hour", count(zones));
        let data = self.used.endpoint_gb;
        self.once(at, Tier::Network, "data through interface endpoints", "endpoint.data", data);
        Ok(())
    }

    fn web_acl(&mut self, at: &Place<'_>) -> Result<(), EstimateError> {
        let rules = at.properties["Rules"].as_array().ok_or(at.lacks("Rules"))?.len();
        self.each(at, Tier::Security, "web ACLs", "waf.acl", 1.0);
        self.each(at, Tier::Security, "rules of web ACLs", "waf.rule", count(rules));
        // Each request passes one of the two: people's that of the edge, programs' that of the region.
        let requests = self.used.page_requests_millions + self.used.rest_requests_millions;
        self.once(at, Tier::Security, "requests that are held against them", "waf.requests", requests);
        Ok(())
    }

    /// An alarm is paid for by the metrics that it looks at.
    fn alarm(&mut self, at: &Place<'_>) {
        let metrics = at.properties["Metrics"].as_array().map_or(1, |metrics| {
            metrics.iter().filter(|metric| metric.get("MetricStat").is_some()).count().max(1)
        });
        self.each(at, Tier::Monitoring, "alarms, by metric", "cloudwatch.alarm", count(metrics));
    }

    fn insights(&mut self, at: &Place<'_>) {
        let settings = at.properties["ClusterSettings"].as_array().into_iter().flatten();
        let price =
            settings.filter(|setting| setting["Name"] == "containerInsights").find_map(
                |setting| match setting["Value"].as_str() {
                    Some("enhanced") => Some("cloudwatch.insights.enhanced"),
                    Some("enabled") => Some("cloudwatch.metric"),
                    _ => None,
                },
            );
        if let Some(price) = price {
            self.once(at, Tier::Monitoring, "Container Insights", price, self.used.insights_metrics);
        }
    }

    fn secret(&mut self, at: &Place<'_>) {
        self.each(at, Tier::Security, "secrets", "secrets.secret", 1.0);
        let copies = at.properties["ReplicaRegions"].as_array().map_or(0, Vec::len);
        if copies > 0 {
            self.each(at, Tier::Security, "secrets", "secrets.secret", count(copies));
        }
        let calls = self.used.secret_calls_millions;
        self.once(at, Tier::Security, "calls of Secrets Manager", "secrets.calls", calls);
    }

    fn builds(&mut self, at: &Place<'_>) {
        let size = at.properties["Environment"]["ComputeType"].as_str();
        let price =
            if size == Some("BUILD_GENERAL1_SMALL") { "codebuild.arm.small" } else { "codebuild.arm.large" };
        self.once(at, Tier::Deployment, "builds", price, self.used.build_minutes);
    }

    /// All of it, with prices.
    pub(super) fn close(self) -> Result<Vec<Line>, EstimateError> {
        let mut lines = Vec::new();
        for ((tier, what, id, plan), mut quantity) in self.quantities {
            let missing = || EstimateError::Price { resource: self.first[&id].clone(), id: id.clone() };
            let price = self.prices.get(&id).ok_or_else(missing)?;
            if id == "cloudwatch.dashboard" {
                // Three in each account are free.
                quantity = (quantity - 3.0).max(0.0);
            }
            if quantity <= 0.0 {
                continue;
            }
            let discounts = self.discounts;
            let (off, off_reserved) = match plan {
                Plan::Never => (0.0, 0.0),
                Plan::Spot => (discounts.spot, discounts.spot),
                Plan::Savings => (0.0, discounts.savings_plan),
                Plan::ReservedDatabase => (0.0, discounts.reserved_database),
                Plan::ReservedCache => (0.0, discounts.reserved_cache),
            };
            lines.push(Line {
                tier,
                service: price.service.clone(),
                what,
                quantity,
                unit: price.unit.clone(),
                unit_usd: price.usd,
                confidence: price.confidence,
                on_demand_usd: quantity * price.usd * (1.0 - off),
                reserved_usd: quantity * price.usd * (1.0 - off_reserved),
            });
        }
        Ok(lines)
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Tasks on demand and on Spot, as ECS spreads them: the base first, the others by weight.
fn shares(strategy: &Value, tasks: f64) -> (f64, f64) {
    let Some(providers) = strategy.as_array().filter(|providers| !providers.is_empty()) else {
        return (tasks, 0.0);
    };
    let (mut base, mut weight) = ([0.0, 0.0], [0.0, 0.0]);
    for provider in providers {
        let spot = usize::from(provider["CapacityProvider"] == "FARGATE_SPOT");
        base[spot] += provider["Base"].as_f64().unwrap_or(0.0);
        weight[spot] += provider["Weight"].as_f64().unwrap_or(0.0);
    }
    let beyond = (tasks - base[0] - base[1]).max(0.0);
    let weights = weight[0] + weight[1];
    let spot_share = if weights > 0.0 { weight[1] / weights } else { 0.0 };
    (base[0].min(tasks) + beyond * (1.0 - spot_share), base[1].min(tasks) + beyond * spot_share)
}

/// A resource in its template.
struct Place<'a> {
    template: &'a Template,
    id: &'a str,
    properties: &'a Value,
}

impl Place<'_> {
    fn name(&self) -> String {
        format!("{}/{}", self.template.stack, self.id)
    }

    fn text(&self, property: &str) -> Option<&str> {
        self.properties[property].as_str()
    }

    fn number(&self, property: &str) -> Option<f64> {
        number(&self.properties[property])
    }

    fn lacks(&self, property: &'static str) -> EstimateError {
        EstimateError::Property { resource: self.name(), property }
    }

    /// What scales this service.
    fn target(&self) -> Option<&Value> {
        let this = format!("\"{}\"", self.id);
        (self.template.resources())
            .filter(|(_, kind, _)| *kind == "AWS::ApplicationAutoScaling::ScalableTarget")
            .map(|(_, _, properties)| properties)
            .find(|properties| properties["ResourceId"].to_string().contains(&this))
    }

    fn least_tasks(&self) -> Option<f64> {
        self.target()?["MinCapacity"].as_f64()
    }

    fn scales(&self) -> bool {
        self.target().is_some_and(|target| target["MaxCapacity"].as_f64() > target["MinCapacity"].as_f64())
    }

    /// GiB of another database of the same template.
    fn source_storage(&self) -> Option<f64> {
        (self.template.resources())
            .filter(|(_, kind, _)| *kind == "AWS::RDS::DBInstance")
            .find_map(|(_, _, properties)| number(&properties["AllocatedStorage"]))
    }
}

/// A number, also as text. Of a choice (`Fn::If`) the first one, which holds where nothing is restored.
fn number(value: &Value) -> Option<f64> {
    let value = value["Fn::If"].get(1).unwrap_or(value);
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}
