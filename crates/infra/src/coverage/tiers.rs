//! Rows of the tiers and their services.

use super::Holds::{AtLeast, AtMost, Has, Is, Something};
use super::Proof::Operator;
use super::{Row, dev, prod, row, with};

/// Them, in the order of the document.
pub(super) const ROWS: &[Row] = &[
    row(
        "AWS Amplify",
        "Hosting Next.js application",
        &[
            prod("AWS::Amplify::App", "/Repository", Has("https://github.com/")),
            prod("AWS::Amplify::Branch", "/Framework", Has("Next.js")),
        ],
    ),
    row(
        "AWS Amplify",
        "CI/CD pipeline integration",
        &[prod("AWS::Amplify::Branch", "/EnableAutoBuild", Is("true"))],
    ),
    row(
        "AWS Amplify",
        "Environment management",
        &[
            prod("AWS::Amplify::App", "/EnvironmentVariables/*/Name", Something),
            prod("AWS::Amplify::Branch", "/Stage", Is("PRODUCTION")),
        ],
    ),
    row(
        "AWS Amplify",
        "Preview deployments",
        &[prod("AWS::Amplify::Branch", "/EnablePullRequestPreview", Is("true"))],
    ),
    row(
        "AWS Amplify",
        "Custom domains and SSL",
        &[
            prod("AWS::CloudFront::Distribution", "/DistributionConfig/Aliases/*", Something),
            prod("AWS::CertificateManager::Certificate", "/ValidationMethod", Is("DNS")),
        ],
    ),
    row("API Gateway", "REST API endpoints", &[prod("AWS::ApiGateway::RestApi", "/Body/paths", Something)]),
    row(
        "API Gateway",
        "WebSocket support for real-time features",
        &[prod("AWS::ApiGatewayV2::Api", "/ProtocolType", Is("WEBSOCKET"))],
    ),
    row(
        "API Gateway",
        "Request throttling",
        &[
            prod("AWS::ApiGateway::Stage", "/MethodSettings/*/ThrottlingRateLimit", AtLeast(1.0)),
            prod("AWS::ApiGateway::UsagePlan", "/Throttle/RateLimit", AtLeast(1.0)),
        ],
    ),
    row(
        "API Gateway",
        "API key management",
        &[
            prod("AWS::ApiGateway::RestApi", "/ApiKeySourceType", Is("AUTHORIZER")),
            prod("AWS::ApiGateway::ApiKey", "/Enabled", Is("true")),
        ],
    ),
    row(
        "API Gateway",
        "OpenAPI integration",
        &[prod("AWS::ApiGateway::RestApi", "/Body/openapi", Has("3.0"))],
    ),
    row(
        "ECS Fargate",
        "Main application containers",
        &[
            prod("AWS::ECS::TaskDefinition", "/ContainerDefinitions/*/Name", Is("astroshield")),
            prod("AWS::ECS::TaskDefinition", "/RequiresCompatibilities/*", Is("FARGATE")),
        ],
    ),
    row(
        "ECS Fargate",
        "Auto-scaling groups",
        &[
            prod("AWS::ApplicationAutoScaling::ScalableTarget", "/MaxCapacity", AtLeast(2.0)),
            prod("AWS::ApplicationAutoScaling::ScalingPolicy", "/PolicyType", Is("TargetTrackingScaling")),
        ],
    ),
    row(
        "ECS Fargate",
        "Load balancing",
        &[
            prod("AWS::ECS::Service", "/LoadBalancers/*/TargetGroupArn", Something),
            prod("AWS::ElasticLoadBalancingV2::LoadBalancer", "/Scheme", Is("internal")),
        ],
    ),
    row(
        "ECS Fargate",
        "Health monitoring",
        &[
            prod("AWS::ElasticLoadBalancingV2::TargetGroup", "/HealthCheckPath", Is("/health/ready")),
            prod("AWS::ECS::TaskDefinition", "/ContainerDefinitions/*/HealthCheck/Command", Something),
        ],
    ),
    row(
        "ECS Fargate",
        "Resource optimization",
        &[
            prod("AWS::ECS::TaskDefinition", "/RuntimePlatform/CpuArchitecture", Is("ARM64")),
            prod("AWS::ECS::Service", "/CapacityProviderStrategy/*/CapacityProvider", Is("FARGATE_SPOT")),
        ],
    ),
    row(
        "RDS (PostgreSQL)",
        "Primary data storage",
        &[
            prod("AWS::RDS::DBInstance", "/Engine", Is("postgres")),
            prod("AWS::RDS::DBInstance", "/EngineVersion", Has("17.")),
        ],
    ),
    row("RDS (PostgreSQL)", "Multi-AZ deployment", &[prod("AWS::RDS::DBInstance", "/MultiAZ", Is("true"))]),
    row(
        "RDS (PostgreSQL)",
        "Automated backups",
        &[prod("AWS::RDS::DBInstance", "/BackupRetentionPeriod", AtLeast(35.0))],
    ),
    row(
        "RDS (PostgreSQL)",
        "Point-in-time recovery",
        &[
            prod("AWS::RDS::DBInstance", "/BackupRetentionPeriod", AtLeast(1.0)),
            Operator("Restore the database to a time"),
        ],
    ),
    row(
        "RDS (PostgreSQL)",
        "Read replicas for scaling",
        &[prod("AWS::RDS::DBInstance", "/SourceDBInstanceIdentifier", Something)],
    ),
    row(
        "ElastiCache (Redis)",
        "Session management",
        &[
            // What ends by itself, as sessions do, may be forgotten for want of room; nothing else.
            prod("AWS::ElastiCache::ParameterGroup", "/Properties/maxmemory-policy", Is("volatile-lru")),
            prod("AWS::ElastiCache::User", "/AccessString", Has("~astroshield*")),
            // Sessions are in the cache, of people who sign in at a provider.
            prod(
                "AWS::ECS::TaskDefinition",
                "/ContainerDefinitions/*/Environment/*",
                Is(r#"{"Name":"ASTROSHIELD__CACHE__KIND","Value":"redis"}"#),
            ),
            prod(
                "AWS::ECS::TaskDefinition",
                "/ContainerDefinitions/*/Environment/*",
                Is(r#"{"Name":"ASTROSHIELD__IDENTITY__KIND","Value":"oidc"}"#),
            ),
        ],
    ),
    row(
        "ElastiCache (Redis)",
        "API response caching",
        &[
            prod(
                "AWS::ECS::TaskDefinition",
                "/ContainerDefinitions/*/Environment/*/Name",
                Is("ASTROSHIELD__SERVER__RESPONSE_CACHE"),
            ),
            prod(
                "AWS::ECS::TaskDefinition",
                "/ContainerDefinitions/*/Environment/*/Name",
                Is("ASTROSHIELD__CACHE__KIND"),
            ),
        ],
    ),
    row(
        "ElastiCache (Redis)",
        "Real-time data caching",
        &[
            // Who is connected to the WebSocket API, and to what.
            prod("AWS::Lambda::Function", "/Environment/Variables/ASTROSHIELD__CACHE__KIND", Is("redis")),
            prod("AWS::ElastiCache::ReplicationGroup", "/MultiAZEnabled", Is("true")),
        ],
    ),
    row(
        "ElastiCache (Redis)",
        "Pub/Sub capabilities",
        &[prod("AWS::ElastiCache::User", "/AccessString", Has("&astroshield*"))],
    ),
    row("Amazon MSK (Kafka)", "Event streaming", &[prod("AWS::MSK::Topic", "/TopicName", Has("events"))]),
    row(
        "Amazon MSK (Kafka)",
        "Real-time data processing",
        &[
            prod("AWS::MSK::Topic", "/TopicName", Has("screening-tasks")),
            prod("AWS::ECS::TaskDefinition", "/ContainerDefinitions/*/Command/*", Is("screen")),
        ],
    ),
    row(
        "Amazon MSK (Kafka)",
        "SASL/SSL security",
        &[
            prod("AWS::MSK::Cluster", "/ClientAuthentication/Sasl/Scram/Enabled", Is("true")),
            prod("AWS::MSK::Cluster", "/EncryptionInfo/EncryptionInTransit/ClientBroker", Is("TLS")),
        ],
    ),
    row(
        "Amazon MSK (Kafka)",
        "Multi-AZ deployment",
        &[prod("AWS::MSK::Cluster", "/NumberOfBrokerNodes", AtLeast(3.0))],
    ),
    row(
        "S3",
        "Static assets",
        &[
            prod("AWS::S3::Bucket", "/BucketName", Has("assets")),
            prod(
                "AWS::CloudFront::Distribution",
                "/DistributionConfig/Origins/*/OriginAccessControlId",
                Something,
            ),
            prod("AWS::CodeBuild::Project", "/Source/BuildSpec", Has("s3://$ASSETS/assets")),
            prod("AWS::IAM::Role", "/Policies/*/PolicyDocument/Statement/*/Resource/*", Has("/assets/*.js")),
        ],
    ),
    row(
        "S3",
        "Data backups",
        &[
            prod(
                "AWS::Backup::BackupSelection",
                "/BackupSelection/Resources/*",
                Has("astroshield-prod-blobs-"),
            ),
            // Those of `/api/v1/backups` are blobs, in the folder that tasks write to.
            prod(
                "AWS::IAM::Role",
                "/Policies/*/PolicyDocument/Statement/*/Resource/*",
                Has("/astroshield/*"),
            ),
        ],
    ),
    row(
        "S3",
        "Log archives",
        &[
            prod("AWS::S3::Bucket", "/BucketName", Has("logs")),
            prod(
                "AWS::KinesisFirehose::DeliveryStream",
                "/ExtendedS3DestinationConfiguration/BucketARN",
                Something,
            ),
        ],
    ),
    row(
        "S3",
        "User uploads",
        &[
            prod("AWS::S3::Bucket", "/BucketName", Has("blobs")),
            prod(
                "AWS::ECS::TaskDefinition",
                "/ContainerDefinitions/*/Environment/*/Name",
                Is("ASTROSHIELD__BLOBS__BUCKET"),
            ),
        ],
    ),
    row(
        "CloudFront",
        "Global content delivery",
        &[prod("AWS::CloudFront::Distribution", "/DistributionConfig/HttpVersion", Is("http2and3"))],
    ),
    row(
        "CloudFront",
        "Edge caching",
        &[prod(
            "AWS::CloudFront::Distribution",
            "/DistributionConfig/DefaultCacheBehavior/CachePolicyId",
            Something,
        )],
    ),
    row(
        "CloudFront",
        "DDoS protection",
        &[
            prod("AWS::CloudFront::Distribution", "/DistributionConfig/WebACLId", Something),
            Operator("Shield Standard protects the edge"),
        ],
    ),
    row(
        "CloudFront",
        "SSL/TLS termination",
        &[prod(
            "AWS::CloudFront::Distribution",
            "/DistributionConfig/ViewerCertificate/MinimumProtocolVersion",
            Has("TLSv1.2"),
        )],
    ),
    row("Cognito", "User authentication", &[prod("AWS::Cognito::UserPool", "/MfaConfiguration", Is("ON"))]),
    row(
        "Cognito",
        "OAuth2/OIDC support",
        &[prod("AWS::Cognito::UserPoolClient", "/AllowedOAuthFlows/*", Is("code"))],
    ),
    row(
        "Cognito",
        "JWT token management",
        &[
            prod("AWS::Cognito::UserPoolClient", "/RefreshTokenRotation/Feature", Is("ENABLED")),
            prod("AWS::Cognito::UserPoolClient", "/AccessTokenValidity", AtMost(60.0)),
        ],
    ),
    row(
        "Cognito",
        "Social login integration",
        &[
            with("google = true", "AWS::Cognito::UserPoolIdentityProvider", "/ProviderType", Is("Google")),
            Operator("Social sign-in"),
        ],
    ),
    row(
        "WAF",
        "Web application firewall",
        &[
            prod(
                "AWS::WAFv2::WebACL",
                "/Rules/*/Statement/ManagedRuleGroupStatement/Name",
                Is("AWSManagedRulesCommonRuleSet"),
            ),
            prod("AWS::WAFv2::WebACLAssociation", "/WebACLArn", Something),
        ],
    ),
    row(
        "WAF",
        "SQL injection protection",
        &[prod(
            "AWS::WAFv2::WebACL",
            "/Rules/*/Statement/ManagedRuleGroupStatement/Name",
            Is("AWSManagedRulesSQLiRuleSet"),
        )],
    ),
    row(
        "WAF",
        "Rate limiting",
        &[prod("AWS::WAFv2::WebACL", "/Rules/*/Statement/RateBasedStatement/Limit", AtLeast(10.0))],
    ),
    row(
        "WAF",
        "IP blocking",
        &[
            prod("AWS::WAFv2::IPSet", "/IPAddressVersion", Is("IPV4")),
            prod("AWS::WAFv2::WebACL", "/Rules/*/Statement/IPSetReferenceStatement/Arn", Something),
        ],
    ),
    row(
        "Secrets Manager",
        "API keys",
        &[
            prod("AWS::ApiGateway::ApiKey", "/Value", Something),
            Operator("API keys are made by the application"),
        ],
    ),
    row(
        "Secrets Manager",
        "Database credentials",
        &[
            prod("AWS::SecretsManager::SecretTargetAttachment", "/TargetType", Is("AWS::RDS::DBInstance")),
            dev("AWS::RDS::DBInstance", "/ManageMasterUserPassword", Is("true")),
            prod("AWS::SecretsManager::RotationSchedule", "/RotationRules/ScheduleExpression", Something),
        ],
    ),
    row(
        "Secrets Manager",
        "Service accounts",
        &[
            prod("AWS::SecretsManager::Secret", "/Name", Has("feeds")),
            prod("AWS::SecretsManager::Secret", "/Name", Has("mail")),
        ],
    ),
    row(
        "Secrets Manager",
        "Certificate management",
        &[
            prod("AWS::CertificateManager::Certificate", "/ValidationMethod", Is("DNS")),
            prod("AWS::CloudWatch::Alarm", "/MetricName", Is("DaysToExpiry")),
        ],
    ),
    row(
        "CloudWatch",
        "Metrics collection",
        &[
            prod("AWS::ECS::TaskDefinition", "/ContainerDefinitions/*/Image", Has("aws-otel-collector")),
            // What the collector beside each process is configured with.
            prod("AWS::ECS::TaskDefinition", "/ContainerDefinitions/*/Environment/*", Has("awsemf")),
        ],
    ),
    row(
        "CloudWatch",
        "Log aggregation",
        &[
            prod(
                "AWS::ECS::TaskDefinition",
                "/ContainerDefinitions/*/LogConfiguration/LogDriver",
                Is("awslogs"),
            ),
            prod("AWS::Logs::LogGroup", "/RetentionInDays", AtLeast(1.0)),
        ],
    ),
    row(
        "CloudWatch",
        "Alarm management",
        &[
            prod("AWS::CloudWatch::Alarm", "/AlarmActions/*", Something),
            prod("AWS::CloudWatch::CompositeAlarm", "/AlarmRule", Something),
        ],
    ),
    row(
        "CloudWatch",
        "Dashboard creation",
        &[prod("AWS::CloudWatch::Dashboard", "/DashboardBody", Something)],
    ),
    row(
        "X-Ray",
        "Distributed tracing",
        &[
            prod("AWS::ApiGateway::Stage", "/TracingEnabled", Is("true")),
            prod("AWS::Lambda::Function", "/TracingConfig/Mode", Is("Active")),
            prod(
                "AWS::ECS::TaskDefinition",
                "/ContainerDefinitions/*/Environment/*",
                Is(r#"{"Name":"ASTROSHIELD__TELEMETRY__ENDPOINT","Value":"http://127.0.0.1:4318"}"#),
            ),
            prod("AWS::ECS::TaskDefinition", "/ContainerDefinitions/*/Environment/*", Has("awsxray")),
            prod("AWS::XRay::SamplingRule", "/SamplingRule/FixedRate", Something),
        ],
    ),
    row(
        "X-Ray",
        "Performance monitoring",
        &[prod("AWS::XRay::Group", "/FilterExpression", Has("responsetime"))],
    ),
    row("X-Ray", "Error tracking", &[prod("AWS::XRay::Group", "/FilterExpression", Has("fault"))]),
    row(
        "X-Ray",
        "Service map visualization",
        &[
            prod("AWS::XRay::TransactionSearchConfig", "/IndexingPercentage", Something),
            Operator("service map"),
        ],
    ),
];
