//! Metrics that AWS publishes, as far as something here is about them: nothing else would notice that a name is misspelt, or that
//! a metric does not go by a dimension. The alarm would have no data for ever.

/// Metrics of a namespace that go by the same dimensions.
#[derive(Debug, Clone, Copy)]
pub struct Published {
    /// Namespace.
    pub namespace: &'static str,
    /// Names of the metrics.
    pub names: &'static [&'static str],
    /// Sets of dimensions that each of them goes by.
    pub dimensions: &'static [&'static [&'static str]],
    /// Where AWS says so.
    pub source: &'static str,
}

/// All that are used.
pub const PUBLISHED: &[Published] = &[
    Published {
        namespace: "AWS/ApiGateway",
        names: &["5XXError", "Latency"],
        dimensions: &[&["ApiName", "Stage"]],
        source: "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html",
    },
    Published {
        namespace: "AWS/ApiGateway",
        names: &["Count"],
        dimensions: &[&["ApiName"]],
        source: "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html",
    },
    Published {
        namespace: "AWS/ApiGateway",
        names: &["IntegrationError"],
        dimensions: &[&["ApiId", "Stage"]],
        source: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html",
    },
    Published {
        namespace: "AWS/ApplicationELB",
        names: &["HTTPCode_ELB_5XX_Count"],
        dimensions: &[&["LoadBalancer"]],
        source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html",
    },
    Published {
        namespace: "AWS/ApplicationELB",
        names: &[
            "HTTPCode_Target_4XX_Count",
            "HTTPCode_Target_5XX_Count",
            "RequestCount",
            "TargetResponseTime",
        ],
        dimensions: &[&["LoadBalancer"], &["LoadBalancer", "TargetGroup"]],
        source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html",
    },
    Published {
        namespace: "AWS/ApplicationELB",
        names: &["HealthyHostCount", "UnHealthyHostCount"],
        dimensions: &[&["LoadBalancer", "TargetGroup"]],
        source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html",
    },
    Published {
        namespace: "AWS/Billing",
        names: &["EstimatedCharges"],
        dimensions: &[&["Currency"], &["Currency", "ServiceName"]],
        source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html",
    },
    Published {
        namespace: "AWS/CertificateManager",
        names: &["DaysToExpiry"],
        dimensions: &[&["CertificateArn"]],
        source: "https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html",
    },
    Published {
        namespace: "AWS/ECS",
        names: &["CPUUtilization", "MemoryUtilization"],
        dimensions: &[&["ClusterName", "ServiceName"]],
        source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html",
    },
    Published {
        namespace: "AWS/ElastiCache",
        names: &["DatabaseMemoryUsagePercentage", "EngineCPUUtilization", "Evictions"],
        // By `CacheNodeId` besides. Each node of a replication group is a cluster of its own, of that one node.
        dimensions: &[&["CacheClusterId"]],
        source: "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html",
    },
    Published {
        namespace: "AWS/Kafka",
        names: &["OfflinePartitionsCount"],
        dimensions: &[&["Cluster Name"]],
        source: "https://docs.aws.amazon.com/msk/latest/developerguide/metrics-details.html",
    },
    Published {
        namespace: "AWS/Kafka",
        names: &["CpuUser", "KafkaDataLogsDiskUsed", "UnderReplicatedPartitions"],
        dimensions: &[&["Broker ID", "Cluster Name"]],
        source: "https://docs.aws.amazon.com/msk/latest/developerguide/metrics-details.html",
    },
    Published {
        namespace: "AWS/Lambda",
        names: &["Errors", "Throttles"],
        dimensions: &[&["FunctionName"]],
        source: "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
    },
    Published {
        namespace: "AWS/Logs",
        names: &["IncomingBytes"],
        dimensions: &[&["LogGroupName"]],
        source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html",
    },
    Published {
        namespace: "AWS/NATGateway",
        names: &["BytesOutToDestination", "ErrorPortAllocation"],
        dimensions: &[&["NatGatewayId"]],
        source: "https://docs.aws.amazon.com/vpc/latest/userguide/metrics-dimensions-nat-gateway.html",
    },
    Published {
        namespace: "AWS/RDS",
        names: &["CPUUtilization", "DatabaseConnections", "FreeStorageSpace", "FreeableMemory", "ReplicaLag"],
        dimensions: &[&["DBInstanceIdentifier"]],
        source: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html",
    },
    Published {
        namespace: "AWS/Route53",
        names: &["HealthCheckStatus"],
        dimensions: &[&["HealthCheckId"]],
        source: "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html",
    },
    Published {
        namespace: "AWS/WAFV2",
        names: &["BlockedRequests"],
        // Those of CloudFront have no region.
        dimensions: &[&["Region", "Rule", "WebACL"], &["Rule", "WebACL"]],
        source: "https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html",
    },
    Published {
        namespace: "ECS/ContainerInsights",
        names: &["DesiredTaskCount", "RunningTaskCount"],
        dimensions: &[&["ClusterName", "ServiceName"]],
        source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html",
    },
];

/// Namespaces whose metrics are in us-east-1 alone, wherever what they are about is; and a dimension that those of other regions
/// have.
///
/// Sources: pages of the metrics above, and for CloudFront
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html>.
pub const IN_US_EAST_1: &[(&str, Option<&str>)] =
    &[("AWS/Billing", None), ("AWS/CloudFront", None), ("AWS/Route53", None), ("AWS/WAFV2", Some("Region"))];
