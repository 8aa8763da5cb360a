//! Rows of deployment, scaling, cost, security, monitoring and recovery.

use super::Holds::{AtLeast, Has, Is, Something};
use super::Proof::{Command, Operator};
use super::{Row, dev, prod, row};

/// Them, in the order of the document.
pub(super) const ROWS: &[Row] = &[
    row("Frontend Deployment", "Code push to repository", &[Operator("Push to the repository")]),
    row(
        "Frontend Deployment",
        "Amplify triggers build",
        &[prod("AWS::Amplify::Branch", "/EnableAutoBuild", Is("true"))],
    ),
    row(
        "Frontend Deployment",
        "Next.js build and optimization",
        &[prod("AWS::Amplify::Branch", "/Framework", Has("Next.js"))],
    ),
    row(
        "Frontend Deployment",
        "Deploy to global CDN",
        &[prod("AWS::CloudFront::Distribution", "/DistributionConfig/Origins/*/DomainName", Something)],
    ),
    row(
        "Frontend Deployment",
        "Invalidate cache if needed",
        &[prod(
            "AWS::IAM::Role",
            "/Policies/*/PolicyDocument/Statement/*/Action/*",
            Is("cloudfront:CreateInvalidation"),
        )],
    ),
    row(
        "Backend Deployment",
        "Container build",
        &[prod("AWS::CodeBuild::Project", "/Environment/Type", Something)],
    ),
    row(
        "Backend Deployment",
        "Push to ECR",
        &[
            prod("AWS::ECR::Repository", "/ImageTagMutability", Is("IMMUTABLE")),
            prod("AWS::IAM::Role", "/Policies/*/PolicyDocument/Statement/*/Action/*", Is("ecr:PutImage")),
        ],
    ),
    row(
        "Backend Deployment",
        "ECS task definition update",
        &[
            prod("AWS::CodePipeline::Pipeline", "/Stages/*/Name", Is("Release")),
            prod("AWS::CodeBuild::Project", "/Source/BuildSpec", Has("cloudformation update-stack")),
            Command("deploy"),
        ],
    ),
    row(
        "Backend Deployment",
        "Rolling deployment",
        &[
            prod("AWS::ECS::Service", "/DeploymentConfiguration/Strategy", Is("ROLLING")),
            prod(
                "AWS::ECS::Service",
                "/DeploymentConfiguration/DeploymentCircuitBreaker/Rollback",
                Is("true"),
            ),
        ],
    ),
    row(
        "Backend Deployment",
        "Health check verification",
        &[
            prod("AWS::ECS::Service", "/HealthCheckGracePeriodSeconds", AtLeast(1.0)),
            prod("AWS::ElasticLoadBalancingV2::TargetGroup", "/HealthCheckPath", Is("/health/ready")),
        ],
    ),
    row(
        "Horizontal Scaling",
        "ECS Service auto-scaling",
        &[prod(
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            "/TargetTrackingScalingPolicyConfiguration/TargetValue",
            Something,
        )],
    ),
    row(
        "Horizontal Scaling",
        "RDS read replicas",
        &[prod("AWS::RDS::DBInstance", "/SourceDBInstanceIdentifier", Something)],
    ),
    row(
        "Horizontal Scaling",
        "ElastiCache cluster scaling",
        &[prod("AWS::ElastiCache::ReplicationGroup", "/NumCacheClusters", AtLeast(2.0))],
    ),
    row(
        "Horizontal Scaling",
        "MSK partition management",
        &[prod("AWS::MSK::Topic", "/PartitionCount", AtLeast(12.0))],
    ),
    row(
        "Vertical Scaling",
        "ECS task size adjustment",
        &[prod("AWS::ECS::TaskDefinition", "/Cpu", Something), Command("diff")],
    ),
    row(
        "Vertical Scaling",
        "RDS instance class updates",
        &[prod("AWS::RDS::DBInstance", "/DBInstanceClass", Something), Command("diff")],
    ),
    row(
        "Vertical Scaling",
        "ElastiCache node type updates",
        &[prod("AWS::ElastiCache::ReplicationGroup", "/CacheNodeType", Something), Command("diff")],
    ),
    row(
        "Development Environment",
        "Smaller instance types",
        &[
            dev("AWS::RDS::DBInstance", "/DBInstanceClass", Is("db.t4g.micro")),
            dev("AWS::ElastiCache::ReplicationGroup", "/CacheNodeType", Is("cache.t4g.micro")),
        ],
    ),
    row(
        "Development Environment",
        "Reduced redundancy",
        &[dev("AWS::RDS::DBInstance", "/MultiAZ", Is("false"))],
    ),
    row(
        "Development Environment",
        "Spot instances where possible",
        &[dev("AWS::ECS::Service", "/CapacityProviderStrategy/*/CapacityProvider", Is("FARGATE_SPOT"))],
    ),
    row(
        "Development Environment",
        "Development-tier RDS",
        &[dev("AWS::RDS::DBInstance", "/DBInstanceClass", Is("db.t4g.micro"))],
    ),
    row(
        "Production Environment",
        "Auto-scaling based on metrics",
        &[prod(
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            "/TargetTrackingScalingPolicyConfiguration/PredefinedMetricSpecification/PredefinedMetricType",
            Something,
        )],
    ),
    row(
        "Production Environment",
        "Reserved instances for baseline",
        &[Command("cost"), Operator("Reserve the baseline")],
    ),
    row(
        "Production Environment",
        "S3 lifecycle policies",
        &[prod("AWS::S3::Bucket", "/LifecycleConfiguration/Rules/*/Status", Is("Enabled"))],
    ),
    row(
        "Production Environment",
        "CloudFront optimization",
        &[prod(
            "AWS::CloudFront::Distribution",
            "/DistributionConfig/DefaultCacheBehavior/Compress",
            Is("true"),
        )],
    ),
    row(
        "Network Security",
        "VPC isolation",
        &[
            prod("AWS::EC2::VPC", "/CidrBlock", Something),
            prod("AWS::EC2::Subnet", "/MapPublicIpOnLaunch", Is("false")),
        ],
    ),
    row(
        "Network Security",
        "Security groups",
        &[prod("AWS::EC2::SecurityGroupIngress", "/SourceSecurityGroupId", Something)],
    ),
    row("Network Security", "Network ACLs", &[prod("AWS::EC2::NetworkAclEntry", "/RuleNumber", Something)]),
    row("Network Security", "VPC endpoints", &[prod("AWS::EC2::VPCEndpoint", "/ServiceName", Something)]),
    row("Application Security", "WAF rules", &[prod("AWS::WAFv2::WebACL", "/Rules/*/Name", Something)]),
    row(
        "Application Security",
        "SSL/TLS encryption",
        &[
            prod("AWS::ElasticLoadBalancingV2::Listener", "/SslPolicy", Has("TLS13")),
            prod("AWS::ApiGateway::RestApi", "/SecurityPolicy", Has("TLS13")),
            prod("AWS::ApiGateway::DomainName", "/EndpointAccessMode", Is("STRICT")),
            prod(
                "AWS::CloudFront::VpcOrigin",
                "/VpcOriginEndpointConfig/OriginSSLProtocols/*",
                Is("TLSv1.2"),
            ),
        ],
    ),
    row(
        "Application Security",
        "JWT token validation",
        &[
            prod(
                "AWS::ECS::TaskDefinition",
                "/ContainerDefinitions/*/Environment/*/Name",
                Is("ASTROSHIELD__IDENTITY__ISSUER"),
            ),
            prod("AWS::Lambda::Function", "/ImageConfig/Command/*", Is("authorizer")),
        ],
    ),
    row(
        "Application Security",
        "Rate limiting",
        &[prod("AWS::WAFv2::WebACL", "/Rules/*/Statement/RateBasedStatement/AggregateKeyType", Something)],
    ),
    row(
        "Data Security",
        "At-rest encryption",
        &[
            prod("AWS::RDS::DBInstance", "/StorageEncrypted", Is("true")),
            prod("AWS::ElastiCache::ReplicationGroup", "/AtRestEncryptionEnabled", Is("true")),
            prod("AWS::MSK::Cluster", "/EncryptionInfo/EncryptionAtRest/DataVolumeKMSKeyId", Something),
            prod(
                "AWS::S3::Bucket",
                "/BucketEncryption/ServerSideEncryptionConfiguration/*/ServerSideEncryptionByDefault/SSEAlgorithm",
                Has("aws:kms"),
            ),
        ],
    ),
    row(
        "Data Security",
        "In-transit encryption",
        &[
            prod("AWS::RDS::DBParameterGroup", "/Parameters/rds.force_ssl", Is("1")),
            prod("AWS::ElastiCache::ReplicationGroup", "/TransitEncryptionMode", Is("required")),
            prod("AWS::MSK::Cluster", "/EncryptionInfo/EncryptionInTransit/InCluster", Is("true")),
        ],
    ),
    row(
        "Data Security",
        "Backup encryption",
        &[prod("AWS::Backup::BackupVault", "/EncryptionKeyArn", Something)],
    ),
    row(
        "Data Security",
        "Key rotation",
        &[
            prod("AWS::KMS::Key", "/EnableKeyRotation", Is("true")),
            prod("AWS::SecretsManager::RotationSchedule", "/RotationLambdaARN", Something),
        ],
    ),
    row(
        "Metrics",
        "Application metrics",
        &[prod("AWS::CloudWatch::Dashboard", "/DashboardName", Has("application"))],
    ),
    row(
        "Metrics",
        "Infrastructure metrics",
        &[prod("AWS::CloudWatch::Dashboard", "/DashboardName", Has("infrastructure"))],
    ),
    row(
        "Metrics",
        "Business metrics",
        &[prod("AWS::CloudWatch::Dashboard", "/DashboardName", Has("business"))],
    ),
    row("Metrics", "Cost metrics", &[prod("AWS::CloudWatch::Dashboard", "/DashboardName", Has("cost"))]),
    row(
        "Alerts",
        "Service health",
        &[
            prod("AWS::CloudWatch::Alarm", "/MetricName", Has("UnHealthyHostCount")),
            prod("AWS::CloudWatch::Alarm", "/MetricName", Is("HealthCheckStatus")),
        ],
    ),
    row(
        "Alerts",
        "Performance thresholds",
        &[prod("AWS::CloudWatch::Alarm", "/MetricName", Has("CPUUtilization"))],
    ),
    row(
        "Alerts",
        "Security events",
        &[
            prod("AWS::CloudWatch::Alarm", "/MetricName", Has("astroshield_sign_ins_total")),
            prod("AWS::CloudWatch::Alarm", "/MetricName", Is("BlockedRequests")),
            prod("AWS::GuardDuty::Detector", "/Enable", Is("true")),
        ],
    ),
    row(
        "Alerts",
        "Cost thresholds",
        &[
            prod(
                "AWS::Budgets::Budget",
                "/NotificationsWithSubscribers/*/Notification/Threshold",
                AtLeast(50.0),
            ),
            prod("AWS::CE::AnomalySubscription", "/ThresholdExpression", Something),
        ],
    ),
    row(
        "Backup Strategy",
        "RDS automated backups",
        &[prod("AWS::RDS::DBInstance", "/AutomaticBackupReplicationRegion", Something)],
    ),
    row(
        "Backup Strategy",
        "S3 cross-region replication",
        &[prod("AWS::S3::Bucket", "/ReplicationConfiguration/Rules/*/Destination/Bucket", Something)],
    ),
    row(
        "Backup Strategy",
        "Configuration backups",
        &[Command("synth"), Command("deploy"), Operator("Keep the settings")],
    ),
    row(
        "Backup Strategy",
        "State management",
        &[prod("AWS::Backup::RestoreTestingPlan", "/ScheduleExpression", Something), Command("diff")],
    ),
    row(
        "Recovery Strategy",
        "Multi-AZ failover",
        &[
            prod("AWS::ElastiCache::ReplicationGroup", "/AutomaticFailoverEnabled", Is("true")),
            prod("AWS::RDS::DBInstance", "/MultiAZ", Is("true")),
        ],
    ),
    row(
        "Recovery Strategy",
        "Cross-region recovery",
        &[prod(
            "AWS::Backup::BackupPlan",
            "/BackupPlan/BackupPlanRule/*/CopyActions/*/DestinationBackupVaultArn",
            Something,
        )],
    ),
    row(
        "Recovery Strategy",
        "Data restoration",
        &[
            prod("AWS::Backup::RestoreTestingSelection", "/ProtectedResourceType", Is("RDS")),
            Operator("Restore the database to a time"),
        ],
    ),
    row(
        "Recovery Strategy",
        "Service reconstruction",
        &[Command("deploy"), Operator("Raise the service in the second region")],
    ),
];
