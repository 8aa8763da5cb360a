//! The rows.

use super::Holds::{AtLeast, AtMost, Has, Is, Something};
use super::Proof::{self, Command, On, Operator};
use super::{Bullet, Row};
use crate::environment::Name::{Dev, Prod};

const fn row(of: &'static str, text: &'static str, proofs: &'static [Proof]) -> Row {
    Row { bullet: Bullet { of, text }, proofs }
}

/// Every line, in the order of the document.
pub const ROWS: &[Row] = &[
    row(
        "AWS Amplify",
        "Hosting Next.js application",
        &[
            On {
                env: Prod,
                kind: "AWS::Amplify::App",
                property: "/Repository",
                holds: Has("https://github.com/"),
            },
            On { env: Prod, kind: "AWS::Amplify::Branch", property: "/Framework", holds: Has("Next.js") },
        ],
    ),
    row(
        "AWS Amplify",
        "CI/CD pipeline integration",
        &[On { env: Prod, kind: "AWS::Amplify::Branch", property: "/EnableAutoBuild", holds: Is("true") }],
    ),
    row(
        "AWS Amplify",
        "Environment management",
        &[
            On {
                env: Prod,
                kind: "AWS::Amplify::App",
                property: "/EnvironmentVariables/*/Name",
                holds: Something,
            },
            On { env: Prod, kind: "AWS::Amplify::Branch", property: "/Stage", holds: Is("PRODUCTION") },
        ],
    ),
    row(
        "AWS Amplify",
        "Preview deployments",
        &[On {
            env: Prod,
            kind: "AWS::Amplify::Branch",
            property: "/EnablePullRequestPreview",
            holds: Is("true"),
        }],
    ),
    row(
        "AWS Amplify",
        "Custom domains and SSL",
        &[
            On {
                env: Prod,
                kind: "AWS::CloudFront::Distribution",
                property: "/DistributionConfig/Aliases/*",
                holds: Something,
            },
            On {
                env: Prod,
                kind: "AWS::CertificateManager::Certificate",
                property: "/ValidationMethod",
                holds: Is("DNS"),
            },
        ],
    ),
    row(
        "API Gateway",
        "REST API endpoints",
        &[On { env: Prod, kind: "AWS::ApiGateway::RestApi", property: "/Body/paths", holds: Something }],
    ),
    row(
        "API Gateway",
        "WebSocket support for real-time features",
        &[On {
            env: Prod,
            kind: "AWS::ApiGatewayV2::Api",
            property: "/ProtocolType",
            holds: Is("WEBSOCKET"),
        }],
    ),
    row(
        "API Gateway",
        "Request throttling",
        &[
            On {
                env: Prod,
                kind: "AWS::ApiGateway::Stage",
                property: "/MethodSettings/*/ThrottlingRateLimit",
                holds: AtLeast(1.0),
            },
            On {
                env: Prod,
                kind: "AWS::ApiGateway::UsagePlan",
                property: "/Throttle/RateLimit",
                holds: AtLeast(1.0),
            },
        ],
    ),
    row(
        "API Gateway",
        "API key management",
        &[
            On {
                env: Prod,
                kind: "AWS::ApiGateway::RestApi",
                property: "/ApiKeySourceType",
                holds: Is("AUTHORIZER"),
            },
            On { env: Prod, kind: "AWS::ApiGateway::ApiKey", property: "/Enabled", holds: Is("true") },
        ],
    ),
    row(
        "API Gateway",
        "OpenAPI integration",
        &[On { env: Prod, kind: "AWS::ApiGateway::RestApi", property: "/Body/openapi", holds: Has("3.0") }],
    ),
    row(
        "ECS Fargate",
        "Main application containers",
        &[
            On {
                env: Prod,
                kind: "AWS::ECS::TaskDefinition",
                property: "/ContainerDefinitions/*/Name",
                holds: Is("astroshield"),
            },
            On {
                env: Prod,
                kind: "AWS::ECS::TaskDefinition",
                property: "/RequiresCompatibilities/*",
                holds: Is("FARGATE"),
            },
        ],
    ),
    row(
        "ECS Fargate",
        "Auto-scaling groups",
        &[
            On {
                env: Prod,
                kind: "AWS::ApplicationAutoScaling::ScalableTarget",
                property: "/MaxCapacity",
                holds: AtLeast(2.0),
            },
            On {
                env: Prod,
                kind: "AWS::ApplicationAutoScaling::ScalingPolicy",
                property: "/PolicyType",
                holds: Is("TargetTrackingScaling"),
            },
        ],
    ),
    row(
        "ECS Fargate",
        "Load balancing",
        &[
            On {
                env: Prod,
                kind: "AWS::ECS::Service",
                property: "/LoadBalancers/*/TargetGroupArn",
                holds: Something,
            },
            On {
                env: Prod,
                kind: "AWS::ElasticLoadBalancingV2::LoadBalancer",
                property: "/Scheme",
                holds: Is("internal"),
            },
        ],
    ),
    row(
        "ECS Fargate",
        "Health monitoring",
        &[
            On {
                env: Prod,
                kind: "AWS::ElasticLoadBalancingV2::TargetGroup",
                property: "/HealthCheckPath",
                holds: Is("/health/ready"),
            },
            On {
                env: Prod,
                kind: "AWS::ECS::TaskDefinition",
                property: "/ContainerDefinitions/*/HealthCheck/Command",
                holds: Something,
            },
        ],
    ),
    row(
        "ECS Fargate",
        "Resource optimization",
        &[
            On {
                env: Prod,
                kind: "AWS::ECS::TaskDefinition",
                property: "/RuntimePlatform/CpuArchitecture",
                holds: Is("ARM64"),
            },
            On {
                env: Prod,
                kind: "AWS::ECS::Service",
                property: "/CapacityProviderStrategy/*/CapacityProvider",
                holds: Is("FARGATE_SPOT"),
            },
        ],
    ),
    row(
        "RDS (PostgreSQL)",
        "Primary data storage",
        &[
            On { env: Prod, kind: "AWS::RDS::DBInstance", property: "/Engine", holds: Is("postgres") },
            On { env: Prod, kind: "AWS::RDS::DBInstance", property: "/EngineVersion", holds: Has("17.") },
        ],
    ),
    row(
        "RDS (PostgreSQL)",
        "Multi-AZ deployment",
        &[On { env: Prod, kind: "AWS::RDS::DBInstance", property: "/MultiAZ", holds: Is("true") }],
    ),
    row(
        "RDS (PostgreSQL)",
        "Automated backups",
        &[On {
            env: Prod,
            kind: "AWS::RDS::DBInstance",
            property: "/BackupRetentionPeriod",
            holds: AtLeast(35.0),
        }],
    ),
    row(
        "RDS (PostgreSQL)",
        "Point-in-time recovery",
        &[
            On {
                env: Prod,
                kind: "AWS::RDS::DBInstance",
                property: "/BackupRetentionPeriod",
                holds: AtLeast(1.0),
            },
            Operator("Restore the database to a time"),
        ],
    ),
    row(
        "RDS (PostgreSQL)",
        "Read replicas for scaling",
        &[On {
            env: Prod,
            kind: "AWS::RDS::DBInstance",
            property: "/SourceDBInstanceIdentifier",
            holds: Something,
        }],
    ),
    row(
        "ElastiCache (Redis)",
        "Session management",
        &[
            On {
                env: Prod,
                kind: "AWS::ElastiCache::ReplicationGroup",
                property: "/TransitEncryptionEnabled",
                holds: Is("true"),
            },
            On {
                env: Prod,
                kind: "AWS::ECS::TaskDefinition",
                property: "/ContainerDefinitions/*/Environment/*/Name",
                holds: Is("ASTROSHIELD__CACHE__KIND"),
            },
        ],
    ),
    row(
        "ElastiCache (Redis)",
        "API response caching",
        &[
            On {
                env: Prod,
                kind: "AWS::ElastiCache::ReplicationGroup",
                property: "/TransitEncryptionEnabled",
                holds: Is("true"),
            },
            On {
                env: Prod,
                kind: "AWS::ECS::TaskDefinition",
                property: "/ContainerDefinitions/*/Environment/*/Name",
                holds: Is("ASTROSHIELD__CACHE__KIND"),
            },
        ],
    ),
    row(
        "ElastiCache (Redis)",
        "Real-time data caching",
        &[
            On {
                env: Prod,
                kind: "AWS::ElastiCache::ReplicationGroup",
                property: "/TransitEncryptionEnabled",
                holds: Is("true"),
            },
            On {
                env: Prod,
                kind: "AWS::ECS::TaskDefinition",
                property: "/ContainerDefinitions/*/Environment/*/Name",
                holds: Is("ASTROSHIELD__CACHE__KIND"),
            },
        ],
    ),
    row(
        "ElastiCache (Redis)",
        "Pub/Sub capabilities",
        &[
            On {
                env: Prod,
                kind: "AWS::ElastiCache::ReplicationGroup",
                property: "/TransitEncryptionEnabled",
                holds: Is("true"),
            },
            On {
                env: Prod,
                kind: "AWS::ECS::TaskDefinition",
                property: "/ContainerDefinitions/*/Environment/*/Name",
                holds: Is("ASTROSHIELD__CACHE__KIND"),
            },
        ],
    ),
    row(
        "Amazon MSK (Kafka)",
        "Event streaming",
        &[On { env: Prod, kind: "AWS::MSK::Topic", property: "/TopicName", holds: Has("events") }],
    ),
    row(
        "Amazon MSK (Kafka)",
        "Real-time data processing",
        &[
            On { env: Prod, kind: "AWS::MSK::Topic", property: "/TopicName", holds: Has("screening-tasks") },
            On {
                env: Prod,
                kind: "AWS::ECS::TaskDefinition",
                property: "/ContainerDefinitions/*/Command/*",
                holds: Is("screen"),
            },
        ],
    ),
    row(
        "Amazon MSK (Kafka)",
        "SASL/SSL security",
        &[
            On {
                env: Prod,
                kind: "AWS::MSK::Cluster",
                property: "/ClientAuthentication/Sasl/Scram/Enabled",
                holds: Is("true"),
            },
            On {
                env: Prod,
                kind: "AWS::MSK::Cluster",
                property: "/EncryptionInfo/EncryptionInTransit/ClientBroker",
                holds: Is("TLS"),
            },
        ],
    ),
    row(
        "Amazon MSK (Kafka)",
        "Multi-AZ deployment",
        &[On { env: Prod, kind: "AWS::MSK::Cluster", property: "/NumberOfBrokerNodes", holds: AtLeast(3.0) }],
    ),
    row(
        "S3",
        "Static assets",
        &[On { env: Prod, kind: "AWS::S3::Bucket", property: "/BucketName", holds: Has("assets") }],
    ),
    row(
        "S3",
        "Data backups",
        &[
            On { env: Prod, kind: "AWS::S3::Bucket", property: "/BucketName", holds: Has("blobs") },
            On {
                env: Prod,
                kind: "AWS::Backup::BackupSelection",
                property: "/BackupSelection/Resources/*",
                holds: Something,
            },
        ],
    ),
    row(
        "S3",
        "Log archives",
        &[
            On { env: Prod, kind: "AWS::S3::Bucket", property: "/BucketName", holds: Has("logs") },
            On {
                env: Prod,
                kind: "AWS::KinesisFirehose::DeliveryStream",
                property: "/ExtendedS3DestinationConfiguration/BucketARN",
                holds: Something,
            },
        ],
    ),
    row(
        "S3",
        "User uploads",
        &[
            On { env: Prod, kind: "AWS::S3::Bucket", property: "/BucketName", holds: Has("blobs") },
            On {
                env: Prod,
                kind: "AWS::ECS::TaskDefinition",
                property: "/ContainerDefinitions/*/Environment/*/Name",
                holds: Is("ASTROSHIELD__BLOBS__BUCKET"),
            },
        ],
    ),
    row(
        "CloudFront",
        "Global content delivery",
        &[On {
            env: Prod,
            kind: "AWS::CloudFront::Distribution",
            property: "/DistributionConfig/HttpVersion",
            holds: Is("http2and3"),
        }],
    ),
    row(
        "CloudFront",
        "Edge caching",
        &[On {
            env: Prod,
            kind: "AWS::CloudFront::Distribution",
            property: "/DistributionConfig/DefaultCacheBehavior/CachePolicyId",
            holds: Something,
        }],
    ),
    row(
        "CloudFront",
        "DDoS protection",
        &[
            On {
                env: Prod,
                kind: "AWS::CloudFront::Distribution",
                property: "/DistributionConfig/WebACLId",
                holds: Something,
            },
            Operator("Shield Standard protects the edge"),
        ],
    ),
    row(
        "CloudFront",
        "SSL/TLS termination",
        &[On {
            env: Prod,
            kind: "AWS::CloudFront::Distribution",
            property: "/DistributionConfig/ViewerCertificate/MinimumProtocolVersion",
            holds: Has("TLSv1.2"),
        }],
    ),
    row(
        "Cognito",
        "User authentication",
        &[On { env: Prod, kind: "AWS::Cognito::UserPool", property: "/MfaConfiguration", holds: Is("ON") }],
    ),
    row(
        "Cognito",
        "OAuth2/OIDC support",
        &[On {
            env: Prod,
            kind: "AWS::Cognito::UserPoolClient",
            property: "/AllowedOAuthFlows/*",
            holds: Is("code"),
        }],
    ),
    row(
        "Cognito",
        "JWT token management",
        &[
            On {
                env: Prod,
                kind: "AWS::Cognito::UserPoolClient",
                property: "/RefreshTokenRotation/Feature",
                holds: Is("ENABLED"),
            },
            On {
                env: Prod,
                kind: "AWS::Cognito::UserPoolClient",
                property: "/AccessTokenValidity",
                holds: AtMost(60.0),
            },
        ],
    ),
    row(
        "Cognito",
        "Social login integration",
        &[
            On {
                env: Prod,
                kind: "AWS::Cognito::UserPoolClient",
                property: "/SupportedIdentityProviders/*",
                holds: Something,
            },
            Operator("Social sign-in"),
        ],
    ),
    row(
        "WAF",
        "Web application firewall",
        &[
            On {
                env: Prod,
                kind: "AWS::WAFv2::WebACL",
                property: "/Rules/*/Statement/ManagedRuleGroupStatement/Name",
                holds: Is("AWSManagedRulesCommonRuleSet"),
            },
            On { env: Prod, kind: "AWS::WAFv2::WebACLAssociation", property: "/WebACLArn", holds: Something },
        ],
    ),
    row(
        "WAF",
        "SQL injection protection",
        &[On {
            env: Prod,
            kind: "AWS::WAFv2::WebACL",
            property: "/Rules/*/Statement/ManagedRuleGroupStatement/Name",
            holds: Is("AWSManagedRulesSQLiRuleSet"),
        }],
    ),
    row(
        "WAF",
        "Rate limiting",
        &[On {
            env: Prod,
            kind: "AWS::WAFv2::WebACL",
            property: "/Rules/*/Statement/RateBasedStatement/Limit",
            holds: AtLeast(10.0),
        }],
    ),
    row(
        "WAF",
        "IP blocking",
        &[
            On { env: Prod, kind: "AWS::WAFv2::IPSet", property: "/IPAddressVersion", holds: Is("IPV4") },
            On {
                env: Prod,
                kind: "AWS::WAFv2::WebACL",
                property: "/Rules/*/Statement/IPSetReferenceStatement/Arn",
                holds: Something,
            },
        ],
    ),
    row(
        "Secrets Manager",
        "API keys",
        &[
            On { env: Prod, kind: "AWS::ApiGateway::ApiKey", property: "/Value", holds: Something },
            Operator("API keys are made by the application"),
        ],
    ),
    row(
        "Secrets Manager",
        "Database credentials",
        &[
            On {
                env: Prod,
                kind: "AWS::SecretsManager::SecretTargetAttachment",
                property: "/TargetType",
                holds: Is("AWS::RDS::DBInstance"),
            },
            On {
                env: Dev,
                kind: "AWS::RDS::DBInstance",
                property: "/ManageMasterUserPassword",
                holds: Is("true"),
            },
        ],
    ),
    row(
        "Secrets Manager",
        "Service accounts",
        &[
            On { env: Prod, kind: "AWS::SecretsManager::Secret", property: "/Name", holds: Has("feeds") },
            On { env: Prod, kind: "AWS::SecretsManager::Secret", property: "/Name", holds: Has("mail") },
        ],
    ),
    row(
        "Secrets Manager",
        "Certificate management",
        &[On {
            env: Prod,
            kind: "AWS::CertificateManager::Certificate",
            property: "/ValidationMethod",
            holds: Is("DNS"),
        }],
    ),
    row(
        "CloudWatch",
        "Metrics collection",
        &[On {
            env: Prod,
            kind: "AWS::ECS::TaskDefinition",
            property: "/ContainerDefinitions/*/Image",
            holds: Has("aws-otel-collector"),
        }],
    ),
    row(
        "CloudWatch",
        "Log aggregation",
        &[
            On {
                env: Prod,
                kind: "AWS::ECS::TaskDefinition",
                property: "/ContainerDefinitions/*/LogConfiguration/LogDriver",
                holds: Is("awslogs"),
            },
            On { env: Prod, kind: "AWS::Logs::LogGroup", property: "/RetentionInDays", holds: AtLeast(1.0) },
        ],
    ),
    row(
        "CloudWatch",
        "Alarm management",
        &[
            On { env: Prod, kind: "AWS::CloudWatch::Alarm", property: "/AlarmActions/*", holds: Something },
            On {
                env: Prod,
                kind: "AWS::CloudWatch::CompositeAlarm",
                property: "/AlarmRule",
                holds: Something,
            },
        ],
    ),
    row(
        "CloudWatch",
        "Dashboard creation",
        &[On { env: Prod, kind: "AWS::CloudWatch::Dashboard", property: "/DashboardBody", holds: Something }],
    ),
    row(
        "X-Ray",
        "Distributed tracing",
        &[On {
            env: Prod,
            kind: "AWS::XRay::SamplingRule",
            property: "/SamplingRule/FixedRate",
            holds: Something,
        }],
    ),
    row(
        "X-Ray",
        "Performance monitoring",
        &[On {
            env: Prod,
            kind: "AWS::XRay::Group",
            property: "/FilterExpression",
            holds: Has("responsetime"),
        }],
    ),
    row(
        "X-Ray",
        "Error tracking",
        &[On { env: Prod, kind: "AWS::XRay::Group", property: "/FilterExpression", holds: Has("fault") }],
    ),
    row(
        "X-Ray",
        "Service map visualization",
        &[
            On {
                env: Prod,
                kind: "AWS::XRay::TransactionSearchConfig",
                property: "/IndexingPercentage",
                holds: Something,
            },
            Operator("service map"),
        ],
    ),
    row("Frontend Deployment", "Code push to repository", &[Operator("Push to the repository")]),
    row(
        "Frontend Deployment",
        "Amplify triggers build",
        &[On { env: Prod, kind: "AWS::Amplify::Branch", property: "/EnableAutoBuild", holds: Is("true") }],
    ),
    row(
        "Frontend Deployment",
        "Next.js build and optimization",
        &[On { env: Prod, kind: "AWS::Amplify::Branch", property: "/Framework", holds: Has("Next.js") }],
    ),
    row(
        "Frontend Deployment",
        "Deploy to global CDN",
        &[On {
            env: Prod,
            kind: "AWS::CloudFront::Distribution",
            property: "/DistributionConfig/Origins/*/DomainName",
            holds: Something,
        }],
    ),
    row(
        "Frontend Deployment",
        "Invalidate cache if needed",
        &[On {
            env: Prod,
            kind: "AWS::IAM::Role",
            property: "/Policies/*/PolicyDocument/Statement/*/Action/*",
            holds: Is("cloudfront:CreateInvalidation"),
        }],
    ),
    row(
        "Backend Deployment",
        "Container build",
        &[On { env: Prod, kind: "AWS::CodeBuild::Project", property: "/Environment/Type", holds: Something }],
    ),
    row(
        "Backend Deployment",
        "Push to ECR",
        &[
            On {
                env: Prod,
                kind: "AWS::ECR::Repository",
                property: "/ImageTagMutability",
                holds: Is("IMMUTABLE"),
            },
            On {
                env: Prod,
                kind: "AWS::IAM::Role",
                property: "/Policies/*/PolicyDocument/Statement/*/Action/*",
                holds: Is("ecr:PutImage"),
            },
        ],
    ),
    row(
        "Backend Deployment",
        "ECS task definition update",
        &[
            On {
                env: Prod,
                kind: "AWS::CodePipeline::Pipeline",
                property: "/Stages/*/Name",
                holds: Something,
            },
            Command("deploy"),
        ],
    ),
    row(
        "Backend Deployment",
        "Rolling deployment",
        &[
            On {
                env: Prod,
                kind: "AWS::ECS::Service",
                property: "/DeploymentConfiguration/Strategy",
                holds: Is("ROLLING"),
            },
            On {
                env: Prod,
                kind: "AWS::ECS::Service",
                property: "/DeploymentConfiguration/DeploymentCircuitBreaker/Rollback",
                holds: Is("true"),
            },
        ],
    ),
    row(
        "Backend Deployment",
        "Health check verification",
        &[
            On {
                env: Prod,
                kind: "AWS::ECS::Service",
                property: "/HealthCheckGracePeriodSeconds",
                holds: AtLeast(1.0),
            },
            On {
                env: Prod,
                kind: "AWS::ElasticLoadBalancingV2::TargetGroup",
                property: "/HealthCheckPath",
                holds: Is("/health/ready"),
            },
        ],
    ),
    row(
        "Horizontal Scaling",
        "ECS Service auto-scaling",
        &[On {
            env: Prod,
            kind: "AWS::ApplicationAutoScaling::ScalingPolicy",
            property: "/TargetTrackingScalingPolicyConfiguration/TargetValue",
            holds: Something,
        }],
    ),
    row(
        "Horizontal Scaling",
        "RDS read replicas",
        &[On {
            env: Prod,
            kind: "AWS::RDS::DBInstance",
            property: "/SourceDBInstanceIdentifier",
            holds: Something,
        }],
    ),
    row(
        "Horizontal Scaling",
        "ElastiCache cluster scaling",
        &[On {
            env: Prod,
            kind: "AWS::ElastiCache::ReplicationGroup",
            property: "/NumCacheClusters",
            holds: AtLeast(2.0),
        }],
    ),
    row(
        "Horizontal Scaling",
        "MSK partition management",
        &[On { env: Prod, kind: "AWS::MSK::Topic", property: "/PartitionCount", holds: AtLeast(12.0) }],
    ),
    row(
        "Vertical Scaling",
        "ECS task size adjustment",
        &[
            On { env: Prod, kind: "AWS::ECS::TaskDefinition", property: "/Cpu", holds: Something },
            Command("diff"),
        ],
    ),
    row(
        "Vertical Scaling",
        "RDS instance class updates",
        &[
            On { env: Prod, kind: "AWS::RDS::DBInstance", property: "/DBInstanceClass", holds: Something },
            Command("diff"),
        ],
    ),
    row(
        "Vertical Scaling",
        "ElastiCache node type updates",
        &[
            On {
                env: Prod,
                kind: "AWS::ElastiCache::ReplicationGroup",
                property: "/CacheNodeType",
                holds: Something,
            },
            Command("diff"),
        ],
    ),
    row(
        "Development Environment",
        "Smaller instance types",
        &[
            On {
                env: Dev,
                kind: "AWS::RDS::DBInstance",
                property: "/DBInstanceClass",
                holds: Is("db.t4g.micro"),
            },
            On {
                env: Dev,
                kind: "AWS::ElastiCache::ReplicationGroup",
                property: "/CacheNodeType",
                holds: Is("cache.t4g.micro"),
            },
        ],
    ),
    row(
        "Development Environment",
        "Reduced redundancy",
        &[On { env: Dev, kind: "AWS::RDS::DBInstance", property: "/MultiAZ", holds: Is("false") }],
    ),
    row(
        "Development Environment",
        "Spot instances where possible",
        &[On {
            env: Dev,
            kind: "AWS::ECS::Service",
            property: "/CapacityProviderStrategy/*/CapacityProvider",
            holds: Is("FARGATE_SPOT"),
        }],
    ),
    row(
        "Development Environment",
        "Development-tier RDS",
        &[On {
            env: Dev,
            kind: "AWS::RDS::DBInstance",
            property: "/DBInstanceClass",
            holds: Is("db.t4g.micro"),
        }],
    ),
    row(
        "Production Environment",
        "Auto-scaling based on metrics",
        &[On {
            env: Prod,
            kind: "AWS::ApplicationAutoScaling::ScalingPolicy",
            property: "/TargetTrackingScalingPolicyConfiguration/PredefinedMetricSpecification/PredefinedMetricType",
            holds: Something,
        }],
    ),
    row(
        "Production Environment",
        "Reserved instances for baseline",
        &[Command("cost"), Operator("Reserve the baseline")],
    ),
    row(
        "Production Environment",
        "S3 lifecycle policies",
        &[On {
            env: Prod,
            kind: "AWS::S3::Bucket",
            property: "/LifecycleConfiguration/Rules/*/Status",
            holds: Is("Enabled"),
        }],
    ),
    row(
        "Production Environment",
        "CloudFront optimization",
        &[On {
            env: Prod,
            kind: "AWS::CloudFront::Distribution",
            property: "/DistributionConfig/DefaultCacheBehavior/Compress",
            holds: Is("true"),
        }],
    ),
    row(
        "Network Security",
        "VPC isolation",
        &[
            On { env: Prod, kind: "AWS::EC2::VPC", property: "/CidrBlock", holds: Something },
            On { env: Prod, kind: "AWS::EC2::Subnet", property: "/MapPublicIpOnLaunch", holds: Is("false") },
        ],
    ),
    row(
        "Network Security",
        "Security groups",
        &[On {
            env: Prod,
            kind: "AWS::EC2::SecurityGroupIngress",
            property: "/SourceSecurityGroupId",
            holds: Something,
        }],
    ),
    row(
        "Network Security",
        "Network ACLs",
        &[On { env: Prod, kind: "AWS::EC2::NetworkAclEntry", property: "/RuleNumber", holds: Something }],
    ),
    row(
        "Network Security",
        "VPC endpoints",
        &[On { env: Prod, kind: "AWS::EC2::VPCEndpoint", property: "/ServiceName", holds: Something }],
    ),
    row(
        "Application Security",
        "WAF rules",
        &[On { env: Prod, kind: "AWS::WAFv2::WebACL", property: "/Rules/*/Name", holds: Something }],
    ),
    row(
        "Application Security",
        "SSL/TLS encryption",
        &[
            On {
                env: Prod,
                kind: "AWS::ElasticLoadBalancingV2::Listener",
                property: "/SslPolicy",
                holds: Has("TLS13"),
            },
            On {
                env: Prod,
                kind: "AWS::CloudFront::VpcOrigin",
                property: "/VpcOriginEndpointConfig/OriginSSLProtocols/*",
                holds: Is("TLSv1.2"),
            },
        ],
    ),
    row(
        "Application Security",
        "JWT token validation",
        &[
            On {
                env: Prod,
                kind: "AWS::ECS::TaskDefinition",
                property: "/ContainerDefinitions/*/Environment/*/Name",
                holds: Is("ASTROSHIELD__IDENTITY__ISSUER"),
            },
            On { env: Prod, kind: "AWS::Lambda::Function", property: "/Handler", holds: Something },
        ],
    ),
    row(
        "Application Security",
        "Rate limiting",
        &[On {
            env: Prod,
            kind: "AWS::WAFv2::WebACL",
            property: "/Rules/*/Statement/RateBasedStatement/AggregateKeyType",
            holds: Something,
        }],
    ),
    row(
        "Data Security",
        "At-rest encryption",
        &[
            On { env: Prod, kind: "AWS::RDS::DBInstance", property: "/StorageEncrypted", holds: Is("true") },
            On {
                env: Prod,
                kind: "AWS::ElastiCache::ReplicationGroup",
                property: "/AtRestEncryptionEnabled",
                holds: Is("true"),
            },
            On {
                env: Prod,
                kind: "AWS::MSK::Cluster",
                property: "/EncryptionInfo/EncryptionAtRest/DataVolumeKMSKeyId",
                holds: Something,
            },
            On {
                env: Prod,
                kind: "AWS::S3::Bucket",
                property: "/BucketEncryption/ServerSideEncryptionConfiguration/*/ServerSideEncryptionByDefault/SSEAlgorithm",
                holds: Has("aws:kms"),
            },
        ],
    ),
    row(
        "Data Security",
        "In-transit encryption",
        &[
            On {
                env: Prod,
                kind: "AWS::RDS::DBParameterGroup",
                property: "/Parameters/rds.force_ssl",
                holds: Is("1"),
            },
            On {
                env: Prod,
                kind: "AWS::ElastiCache::ReplicationGroup",
                property: "/TransitEncryptionMode",
                holds: Is("required"),
            },
            On {
                env: Prod,
                kind: "AWS::MSK::Cluster",
                property: "/EncryptionInfo/EncryptionInTransit/InCluster",
                holds: Is("true"),
            },
        ],
    ),
    row(
        "Data Security",
        "Backup encryption",
        &[On {
            env: Prod,
            kind: "AWS::Backup::BackupVault",
            property: "/EncryptionKeyArn",
            holds: Something,
        }],
    ),
    row(
        "Data Security",
        "Key rotation",
        &[On { env: Prod, kind: "AWS::KMS::Key", property: "/EnableKeyRotation", holds: Is("true") }],
    ),
    row(
        "Metrics",
        "Application metrics",
        &[On {
            env: Prod,
            kind: "AWS::CloudWatch::Dashboard",
            property: "/DashboardName",
            holds: Has("application"),
        }],
    ),
    row(
        "Metrics",
        "Infrastructure metrics",
        &[On {
            env: Prod,
            kind: "AWS::CloudWatch::Dashboard",
            property: "/DashboardName",
            holds: Has("infrastructure"),
        }],
    ),
    row(
        "Metrics",
        "Business metrics",
        &[On {
            env: Prod,
            kind: "AWS::CloudWatch::Dashboard",
            property: "/DashboardName",
            holds: Has("business"),
        }],
    ),
    row(
        "Metrics",
        "Cost metrics",
        &[On {
            env: Prod,
            kind: "AWS::CloudWatch::Dashboard",
            property: "/DashboardName",
            holds: Has("cost"),
        }],
    ),
    row(
        "Alerts",
        "Service health",
        &[On {
            env: Prod,
            kind: "AWS::CloudWatch::Alarm",
            property: "/MetricName",
            holds: Has("UnHealthyHostCount"),
        }],
    ),
    row(
        "Alerts",
        "Performance thresholds",
        &[On {
            env: Prod,
            kind: "AWS::CloudWatch::Alarm",
            property: "/MetricName",
            holds: Has("CPUUtilization"),
        }],
    ),
    row(
        "Alerts",
        "Security events",
        &[
            On {
                env: Prod,
                kind: "AWS::CloudWatch::Alarm",
                property: "/MetricName",
                holds: Has("astroshield_sign_ins_total"),
            },
            On { env: Prod, kind: "AWS::GuardDuty::Detector", property: "/Enable", holds: Is("true") },
        ],
    ),
    row(
        "Alerts",
        "Cost thresholds",
        &[
            On {
                env: Prod,
                kind: "AWS::Budgets::Budget",
                property: "/NotificationsWithSubscribers/*/Notification/Threshold",
                holds: AtLeast(50.0),
            },
            On {
                env: Prod,
                kind: "AWS::CE::AnomalySubscription",
                property: "/ThresholdExpression",
                holds: Something,
            },
        ],
    ),
    row(
        "Backup Strategy",
        "RDS automated backups",
        &[On {
            env: Prod,
            kind: "AWS::RDS::DBInstance",
            property: "/AutomaticBackupReplicationRegion",
            holds: Something,
        }],
    ),
    row(
        "Backup Strategy",
        "S3 cross-region replication",
        &[On {
            env: Prod,
            kind: "AWS::S3::Bucket",
            property: "/ReplicationConfiguration/Rules/*/Destination/Bucket",
            holds: Something,
        }],
    ),
    row(
        "Backup Strategy",
        "Configuration backups",
        &[
            On {
                env: Prod,
                kind: "AWS::S3::Bucket",
                property: "/VersioningConfiguration/Status",
                holds: Is("Enabled"),
            },
            Command("synth"),
        ],
    ),
    row(
        "Backup Strategy",
        "State management",
        &[
            On {
                env: Prod,
                kind: "AWS::Backup::RestoreTestingPlan",
                property: "/ScheduleExpression",
                holds: Something,
            },
            Command("diff"),
        ],
    ),
    row(
        "Recovery Strategy",
        "Multi-AZ failover",
        &[
            On {
                env: Prod,
                kind: "AWS::ElastiCache::ReplicationGroup",
                property: "/AutomaticFailoverEnabled",
                holds: Is("true"),
            },
            On { env: Prod, kind: "AWS::RDS::DBInstance", property: "/MultiAZ", holds: Is("true") },
        ],
    ),
    row(
        "Recovery Strategy",
        "Cross-region recovery",
        &[On {
            env: Prod,
            kind: "AWS::Backup::BackupPlan",
            property: "/BackupPlan/BackupPlanRule/*/CopyActions/*/DestinationBackupVaultArn",
            holds: Something,
        }],
    ),
    row(
        "Recovery Strategy",
        "Data restoration",
        &[
            On {
                env: Prod,
                kind: "AWS::Backup::RestoreTestingSelection",
                property: "/ProtectedResourceType",
                holds: Is("RDS"),
            },
            Operator("Restore the database to a time"),
        ],
    ),
    row(
        "Recovery Strategy",
        "Service reconstruction",
        &[Command("deploy"), Operator("Raise the service in the second region")],
    ),
];
