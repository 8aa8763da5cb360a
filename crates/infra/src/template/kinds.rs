//! Types of resources, and what can be asked of each: by `Ref`, or by the attribute that is named.

use serde_json::Value;

use super::{Kind, Resource};

/// What a method gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// What `Ref` gives.
    Ref,
    /// An attribute.
    Attribute(&'static str),
}

macro_rules! gives {
    (Ref) => {
        Gives::Ref
    };
    ($attribute:literal) => {
        Gives::Attribute($attribute)
    };
}

macro_rules! value {
    ($resource:ident, Ref) => {
        $resource.reference()
    };
    ($resource:ident, $attribute:literal) => {
        $resource.attribute($attribute)
    };
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $kind:literal { $($method:ident: $gives:tt),* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Kind for $name {
                const TYPE: &'static str = $kind;
            }

            impl Resource<$name> {
                $(
                    #[doc = concat!("Its ", stringify!($method), ".")]
                    #[must_use]
                    pub fn $method(&self) -> Value {
                        value!(self, $gives)
                    }
                )*
            }
        )*

        /// All of them, with what can be asked of each.
        pub const ALL: &[(&str, &[(&str, Gives)])] =
            &[$(($kind, &[$((stringify!($method), gives!($gives))),*])),*];
    };
}

kinds! {
    /// An application of Amplify Hosting.
    AmplifyApp: "AWS::Amplify::App" { arn: Ref, app_id: "AppId", default_domain: "DefaultDomain" }

    /// A branch that Amplify builds.
    AmplifyBranch: "AWS::Amplify::Branch" { arn: Ref }

    /// A domain of an application of Amplify.
    AmplifyDomain: "AWS::Amplify::Domain" { arn: Ref }

    /// What API Gateway may do in this account and region.
    ApiAccount: "AWS::ApiGateway::Account" { id: Ref }

    /// A key of API Gateway.
    ApiKey: "AWS::ApiGateway::ApiKey" { id: Ref }

    /// An authorizer of a REST API.
    ApiAuthorizer: "AWS::ApiGateway::Authorizer" { id: "AuthorizerId" }

    /// A stage of a REST API under a domain.
    ApiBasePathMapping: "AWS::ApiGateway::BasePathMapping" {}

    /// A REST API as it was at a time.
    ApiDeployment: "AWS::ApiGateway::Deployment" { id: "DeploymentId" }

    /// A domain of REST APIs.
    ApiDomainName: "AWS::ApiGateway::DomainName" { name: Ref, regional_domain_name: "RegionalDomainName", regional_hosted_zone_id: "RegionalHostedZoneId" }

    /// What a REST API answers by itself.
    ApiGatewayResponse: "AWS::ApiGateway::GatewayResponse" {}

    /// A REST API.
    RestApi: "AWS::ApiGateway::RestApi" { id: Ref, root_resource_id: "RootResourceId" }

    /// A stage of a REST API.
    ApiStage: "AWS::ApiGateway::Stage" { name: Ref }

    /// How much callers of a REST API may ask.
    UsagePlan: "AWS::ApiGateway::UsagePlan" { id: Ref }

    /// A key under a usage plan.
    UsagePlanKey: "AWS::ApiGateway::UsagePlanKey" {}

    /// A WebSocket API.
    WebSocketApi: "AWS::ApiGatewayV2::Api" { id: Ref, endpoint: "ApiEndpoint" }

    /// A stage of a WebSocket API under a domain.
    WebSocketApiMapping: "AWS::ApiGatewayV2::ApiMapping" {}

    /// An authorizer of a WebSocket API.
    WebSocketAuthorizer: "AWS::ApiGatewayV2::Authorizer" { id: "AuthorizerId" }

    /// A WebSocket API as it was at a time.
    WebSocketDeployment: "AWS::ApiGatewayV2::Deployment" { id: "DeploymentId" }

    /// A domain of WebSocket APIs.
    WebSocketDomainName: "AWS::ApiGatewayV2::DomainName" { name: Ref, regional_domain_name: "RegionalDomainName", regional_hosted_zone_id: "RegionalHostedZoneId" }

    /// What answers a route of a WebSocket API.
    WebSocketIntegration: "AWS::ApiGatewayV2::Integration" { id: "IntegrationId" }

    /// A route of a WebSocket API.
    WebSocketRoute: "AWS::ApiGatewayV2::Route" { id: "RouteId" }

    /// A stage of a WebSocket API.
    WebSocketStage: "AWS::ApiGatewayV2::Stage" { name: Ref }

    /// A way from API Gateway into a VPC (version 2).
    VpcLink: "AWS::ApiGatewayV2::VpcLink" { id: Ref }

    /// Something that is scaled.
    ScalableTarget: "AWS::ApplicationAutoScaling::ScalableTarget" { id: "Id" }

    /// When it is scaled.
    ScalingPolicy: "AWS::ApplicationAutoScaling::ScalingPolicy" { arn: Ref }

    /// When backups are made, and how long they are kept.
    BackupPlan: "AWS::Backup::BackupPlan" { id: Ref, arn: "BackupPlanArn" }

    /// What a backup plan is for.
    BackupSelection: "AWS::Backup::BackupSelection" {}

    /// Where backups are.
    BackupVault: "AWS::Backup::BackupVault" { name: Ref, arn: "BackupVaultArn" }

    /// When restores are tried.
    RestoreTestingPlan: "AWS::Backup::RestoreTestingPlan" { name: Ref }

    /// What is restored to try it.
    RestoreTestingSelection: "AWS::Backup::RestoreTestingSelection" {}

    /// A budget.
    Budget: "AWS::Budgets::Budget" {}

    /// Looks for costs that are out of the ordinary.
    AnomalyMonitor: "AWS::CE::AnomalyMonitor" { arn: Ref }

    /// Who is told of them.
    AnomalySubscription: "AWS::CE::AnomalySubscription" { arn: Ref }

    /// A certificate of ACM.
    Certificate: "AWS::CertificateManager::Certificate" { arn: Ref }

    /// What CloudFront keeps, and under which key.
    CachePolicy: "AWS::CloudFront::CachePolicy" { id: Ref }

    /// A distribution of CloudFront.
    Distribution: "AWS::CloudFront::Distribution" { id: Ref, domain_name: "DomainName" }

    /// A function at the edge.
    CloudFrontFunction: "AWS::CloudFront::Function" { arn: Ref }

    /// More metrics of a distribution.
    MonitoringSubscription: "AWS::CloudFront::MonitoringSubscription" {}

    /// How CloudFront shows who it is.
    OriginAccessControl: "AWS::CloudFront::OriginAccessControl" { id: Ref }

    /// What CloudFront sends on to an origin.
    OriginRequestPolicy: "AWS::CloudFront::OriginRequestPolicy" { id: Ref }

    /// Headers that CloudFront adds.
    ResponseHeadersPolicy: "AWS::CloudFront::ResponseHeadersPolicy" { id: Ref }

    /// A way from CloudFront into a VPC.
    VpcOrigin: "AWS::CloudFront::VpcOrigin" { id: Ref, arn: "Arn" }

    /// A record of what is done to the account.
    Trail: "AWS::CloudTrail::Trail" { name: Ref, arn: "Arn" }

    /// An alarm on a metric.
    Alarm: "AWS::CloudWatch::Alarm" { name: Ref, arn: "Arn" }

    /// An alarm on alarms.
    CompositeAlarm: "AWS::CloudWatch::CompositeAlarm" { name: Ref, arn: "Arn" }

    /// A dashboard.
    Dashboard: "AWS::CloudWatch::Dashboard" { name: Ref }

    /// A build.
    BuildProject: "AWS::CodeBuild::Project" { name: Ref, arn: "Arn" }

    /// A connection to a host of repositories.
    CodeConnection: "AWS::CodeConnections::Connection" { arn: Ref }

    /// A pipeline.
    Pipeline: "AWS::CodePipeline::Pipeline" { name: Ref }

    /// Where a user pool tells what it does.
    LogDeliveryConfiguration: "AWS::Cognito::LogDeliveryConfiguration" {}

    /// How the pages of a user pool look.
    ManagedLoginBranding: "AWS::Cognito::ManagedLoginBranding" {}

    /// A user pool.
    UserPool: "AWS::Cognito::UserPool" { id: Ref, arn: "Arn", provider_name: "ProviderName" }

    /// A client of a user pool.
    UserPoolClient: "AWS::Cognito::UserPoolClient" { id: "ClientId" }

    /// The domain of the pages of a user pool.
    UserPoolDomain: "AWS::Cognito::UserPoolDomain" { cloud_front_distribution: "CloudFrontDistribution" }

    /// A group of a user pool.
    UserPoolGroup: "AWS::Cognito::UserPoolGroup" {}

    /// A provider behind a user pool.
    UserPoolIdentityProvider: "AWS::Cognito::UserPoolIdentityProvider" {}

    /// Scopes of a user pool.
    UserPoolResourceServer: "AWS::Cognito::UserPoolResourceServer" {}

    /// What a user pool does when a sign-in looks wrong.
    RiskConfiguration: "AWS::Cognito::UserPoolRiskConfigurationAttachment" {}

    /// A rule that AWS Config holds resources against.
    ConfigRule: "AWS::Config::ConfigRule" { name: Ref }

    /// What AWS Config records.
    ConfigurationRecorder: "AWS::Config::ConfigurationRecorder" { name: Ref }

    /// Where AWS Config puts it.
    ConfigDeliveryChannel: "AWS::Config::DeliveryChannel" { name: Ref }

    /// An address.
    ElasticIp: "AWS::EC2::EIP" { allocation_id: "AllocationId" }

    /// A record of who speaks with whom in a VPC.
    FlowLog: "AWS::EC2::FlowLog" { id: Ref }

    /// A way out of a VPC.
    InternetGateway: "AWS::EC2::InternetGateway" { id: Ref }

    /// A way out for those that cannot be reached.
    NatGateway: "AWS::EC2::NatGateway" { id: Ref }

    /// What may go into subnets and out of them.
    NetworkAcl: "AWS::EC2::NetworkAcl" { id: Ref }

    /// A rule of a network ACL.
    NetworkAclEntry: "AWS::EC2::NetworkAclEntry" {}

    /// A route.
    Route: "AWS::EC2::Route" {}

    /// Routes of subnets.
    RouteTable: "AWS::EC2::RouteTable" { id: Ref }

    /// What may reach a tier, and what it may reach.
    SecurityGroup: "AWS::EC2::SecurityGroup" { id: "GroupId" }

    /// Something that a tier may reach.
    SecurityGroupEgress: "AWS::EC2::SecurityGroupEgress" {}

    /// Something that may reach a tier.
    SecurityGroupIngress: "AWS::EC2::SecurityGroupIngress" {}

    /// A subnet.
    Subnet: "AWS::EC2::Subnet" { id: Ref }

    /// The network ACL of a subnet.
    SubnetNetworkAclAssociation: "AWS::EC2::SubnetNetworkAclAssociation" {}

    /// The routes of a subnet.
    SubnetRouteTableAssociation: "AWS::EC2::SubnetRouteTableAssociation" {}

    /// A VPC.
    Vpc: "AWS::EC2::VPC" { id: Ref, default_security_group: "DefaultSecurityGroup" }

    /// A way from a VPC to a service of AWS.
    VpcEndpoint: "AWS::EC2::VPCEndpoint" { id: Ref }

    /// The gateway of a VPC.
    VpcGatewayAttachment: "AWS::EC2::VPCGatewayAttachment" {}

    /// Where images are copied to.
    RegistryReplication: "AWS::ECR::ReplicationConfiguration" {}

    /// A repository of images.
    Repository: "AWS::ECR::Repository" { name: Ref, arn: "Arn", uri: "RepositoryUri" }

    /// A cluster of ECS.
    Cluster: "AWS::ECS::Cluster" { name: Ref, arn: "Arn" }

    /// On what tasks of a cluster run.
    ClusterCapacityProviders: "AWS::ECS::ClusterCapacityProviderAssociations" {}

    /// A service of ECS.
    Service: "AWS::ECS::Service" { arn: Ref, name: "Name" }

    /// What a task is.
    TaskDefinition: "AWS::ECS::TaskDefinition" { arn: Ref }

    /// Settings of a cache.
    CacheParameterGroup: "AWS::ElastiCache::ParameterGroup" { name: Ref }

    /// A cache.
    ReplicationGroup: "AWS::ElastiCache::ReplicationGroup" { id: Ref, primary_address: "PrimaryEndPoint.Address", primary_port: "PrimaryEndPoint.Port", configuration_address: "ConfigurationEndPoint.Address", configuration_port: "ConfigurationEndPoint.Port" }

    /// Subnets of a cache.
    CacheSubnetGroup: "AWS::ElastiCache::SubnetGroup" { name: Ref }

    /// A user of a cache.
    CacheUser: "AWS::ElastiCache::User" { id: Ref, arn: "Arn" }

    /// Users of a cache.
    CacheUserGroup: "AWS::ElastiCache::UserGroup" { id: Ref }

    /// What a load balancer listens on.
    Listener: "AWS::ElasticLoadBalancingV2::Listener" { arn: Ref }

    /// What it does with some requests.
    ListenerRule: "AWS::ElasticLoadBalancingV2::ListenerRule" { arn: Ref }

    /// A load balancer.
    LoadBalancer: "AWS::ElasticLoadBalancingV2::LoadBalancer" { arn: Ref, dns_name: "DNSName", hosted_zone_id: "CanonicalHostedZoneID", full_name: "LoadBalancerFullName" }

    /// Those among whom requests are spread.
    TargetGroup: "AWS::ElasticLoadBalancingV2::TargetGroup" { arn: Ref, full_name: "TargetGroupFullName" }

    /// What is done when something happens.
    EventRule: "AWS::Events::Rule" { arn: "Arn" }

    /// GuardDuty in this account and region.
    Detector: "AWS::GuardDuty::Detector" { id: Ref }

    /// A policy that roles share.
    ManagedPolicy: "AWS::IAM::ManagedPolicy" { arn: Ref }

    /// An issuer whose tokens stand for roles.
    OidcProvider: "AWS::IAM::OIDCProvider" { arn: Ref }

    /// A role.
    Role: "AWS::IAM::Role" { name: Ref, arn: "Arn" }

    /// A name of a key.
    KeyAlias: "AWS::KMS::Alias" { name: Ref }

    /// A key.
    Key: "AWS::KMS::Key" { id: Ref, arn: "Arn" }

    /// A stream into a bucket.
    DeliveryStream: "AWS::KinesisFirehose::DeliveryStream" { name: Ref, arn: "Arn" }

    /// A name of a version of a function.
    FunctionAlias: "AWS::Lambda::Alias" { arn: Ref }

    /// A function.
    Function: "AWS::Lambda::Function" { name: Ref, arn: "Arn" }

    /// Who may call a function.
    FunctionPermission: "AWS::Lambda::Permission" {}

    /// A function as it was at a time.
    FunctionVersion: "AWS::Lambda::Version" { arn: Ref, version: "Version" }

    /// From a source to a destination.
    LogDelivery: "AWS::Logs::Delivery" { id: Ref }

    /// Where logs go.
    LogDeliveryDestination: "AWS::Logs::DeliveryDestination" { name: Ref, arn: "Arn" }

    /// Where logs come from.
    LogDeliverySource: "AWS::Logs::DeliverySource" { name: Ref }

    /// Logs.
    LogGroup: "AWS::Logs::LogGroup" { name: Ref, arn: "Arn" }

    /// A metric made of logs.
    MetricFilter: "AWS::Logs::MetricFilter" {}

    /// A saved question to logs.
    QueryDefinition: "AWS::Logs::QueryDefinition" {}

    /// Who may write logs.
    LogResourcePolicy: "AWS::Logs::ResourcePolicy" {}

    /// Where logs are sent on to.
    SubscriptionFilter: "AWS::Logs::SubscriptionFilter" {}

    /// Users of a cluster of MSK.
    BatchScramSecret: "AWS::MSK::BatchScramSecret" {}

    /// A cluster of MSK.
    MskCluster: "AWS::MSK::Cluster" { arn: Ref }

    /// Who may use a cluster of MSK.
    MskClusterPolicy: "AWS::MSK::ClusterPolicy" {}

    /// Settings of a cluster of MSK.
    MskConfiguration: "AWS::MSK::Configuration" { arn: Ref, revision: "LatestRevision.Revision" }

    /// A topic.
    MskTopic: "AWS::MSK::Topic" { arn: Ref }

    /// A database.
    DbInstance: "AWS::RDS::DBInstance" { id: Ref, arn: "DBInstanceArn", address: "Endpoint.Address", port: "Endpoint.Port", master_secret: "MasterUserSecret.SecretArn", resource_id: "DbiResourceId" }

    /// Settings of a database.
    DbParameterGroup: "AWS::RDS::DBParameterGroup" { name: Ref }

    /// Subnets of a database.
    DbSubnetGroup: "AWS::RDS::DBSubnetGroup" { name: Ref }

    /// Who is told what a database does.
    DbEventSubscription: "AWS::RDS::EventSubscription" {}

    /// A look from outside.
    HealthCheck: "AWS::Route53::HealthCheck" { id: Ref }

    /// A zone of DNS.
    HostedZone: "AWS::Route53::HostedZone" { id: Ref }

    /// A record of DNS.
    RecordSet: "AWS::Route53::RecordSet" { name: Ref }

    /// A bucket.
    Bucket: "AWS::S3::Bucket" { name: Ref, arn: "Arn", regional_domain_name: "RegionalDomainName" }

    /// Who may do what with a bucket.
    BucketPolicy: "AWS::S3::BucketPolicy" {}

    /// Who is told.
    Subscription: "AWS::SNS::Subscription" { arn: Ref }

    /// A subject of notifications.
    NotificationTopic: "AWS::SNS::Topic" { arn: Ref, name: "TopicName" }

    /// Who may tell.
    NotificationTopicPolicy: "AWS::SNS::TopicPolicy" {}

    /// A queue.
    Queue: "AWS::SQS::Queue" { url: Ref, arn: "Arn" }

    /// A value that is kept.
    SsmParameter: "AWS::SSM::Parameter" { name: Ref }

    /// What is done at some time.
    Schedule: "AWS::Scheduler::Schedule" { name: Ref, arn: "Arn" }

    /// Who may have a secret.
    SecretResourcePolicy: "AWS::SecretsManager::ResourcePolicy" {}

    /// When a secret is changed.
    RotationSchedule: "AWS::SecretsManager::RotationSchedule" {}

    /// A secret.
    Secret: "AWS::SecretsManager::Secret" { arn: Ref }

    /// What a secret is for.
    SecretTargetAttachment: "AWS::SecretsManager::SecretTargetAttachment" {}

    /// Addresses.
    IpSet: "AWS::WAFv2::IPSet" { arn: "Arn" }

    /// Where a web ACL tells what it does.
    WafLogging: "AWS::WAFv2::LoggingConfiguration" {}

    /// Rules for requests.
    WebAcl: "AWS::WAFv2::WebACL" { arn: "Arn" }

    /// What a web ACL is before.
    WebAclAssociation: "AWS::WAFv2::WebACLAssociation" {}

    /// Traces of a kind.
    TraceGroup: "AWS::XRay::Group" { arn: Ref }

    /// Who may write traces.
    TraceResourcePolicy: "AWS::XRay::ResourcePolicy" {}

    /// How many traces are kept.
    SamplingRule: "AWS::XRay::SamplingRule" { arn: Ref }

    /// Whether all spans can be searched.
    TransactionSearch: "AWS::XRay::TransactionSearchConfig" {}
}
