//! What tasks are, and what they may do.

use astroshield_domain::deployment::{PORT, Role};
use serde_json::{Value, json};

use super::{CONTAINER, collector, image_tag};
use crate::application::{
    BLOBS_PREFIX, Configuration, DRAIN_S, FEEDS, SHUTDOWN_S, Surroundings, command, roles,
};
use crate::arn;
use crate::environment::{Architecture, ServiceSize};
use crate::join;
use crate::stacks::api_gateway::STAGE;
use crate::stacks::title;
use crate::template::kinds::{LogGroup, Repository, Role as IamRole, TaskDefinition};
use crate::template::policy::{Statement, document};
use crate::template::value::{account, region};
use crate::template::{Resource, Stack};

/// User and group in the image.
pub(super) const USER: &str = "10001:10001";

/// Seconds after which a task that was told to end is killed. It answers for a while, ends what is open, and tells the
/// collector.
const STOP_S: u32 = DRAIN_S + SHUTDOWN_S + 15;

/// Folders that are written to. They are the task's own and go with it; the image says whose they are.
const FOLDERS: [(&str, &str); 2] = [("data", "/var/lib/astroshield"), ("temporary", "/tmp")];

/// A task of some kind.
pub(super) struct Task {
    pub(super) definition: Resource<TaskDefinition>,
    pub(super) role: Resource<IamRole>,
    pub(super) logs: Resource<LogGroup>,
}

/// What all tasks have in common.
pub(super) struct Common {
    pub(super) execution_role: Resource<IamRole>,
    /// Metrics of the application.
    pub(super) metrics: Resource<LogGroup>,
    /// What collectors say of themselves.
    collector_logs: Resource<LogGroup>,
    /// Image of the application.
    image: Value,
}

/// Makes tasks.
pub(super) struct Tasks<'a> {
    stack: &'a Stack,
    surroundings: Surroundings<'a>,
    pub(super) common: Common,
}

impl<'a> Tasks<'a> {
    pub(super) fn new(
        stack: &'a Stack,
        surroundings: Surroundings<'a>,
        repository: &Resource<Repository>,
    ) -> Self {
        let tag = image_tag(stack);
        let common = Common {
            execution_role: execution_role(stack, surroundings, repository),
            metrics: log_group(stack, surroundings, "MetricsLogs", "metrics"),
            collector_logs: log_group(stack, surroundings, "CollectorLogs", "collector"),
            image: join!(repository.uri(), ":", tag),
        };
        Self { stack, surroundings, common }
    }

    /// The tasks of a service.
    pub(super) fn of(&self, size: &ServiceSize) -> Task {
        let name = title(size.name);
        let logs = log_group(self.stack, self.surroundings, &format!("{name}Logs"), size.name);
        let configuration = self.surroundings.configuration(self.stack, size);
        let mut ours = self.container(&configuration, &logs);
        ours["Command"] = json!(command(size));
        // What is alive and waits for its database is not to be started again: that would not bring it back.
        ours["HealthCheck"] = json!({
            "Command": ["CMD", "astroshield", "health"],
            "Interval": 10,
            "Timeout": 5,
            "Retries": 3,
            "StartPeriod": 60,
        });
        // The collector goes last, so that it is told how the process ended.
        ours["DependsOn"] = json!([{ "ContainerName": collector::NAME, "Condition": "START" }]);
        if roles(size).contains(&Role::Api) {
            ours["PortMappings"] = json!([{ "ContainerPort": PORT, "Protocol": "tcp", "Name": "http" }]);
        }
        let statements = self.statements(size);
        let role = role(self.stack, &format!("{name}Role"), &statements);
        let definition = self.definition(
            &format!("{name}Task"),
            size.name,
            &role,
            (size.cpu, size.memory_mib, size.architecture),
            &[ours, self.collector()],
        );
        Task { definition, role, logs }
    }

    /// What brings the store to a release. It is run by itself, before the services of the release are there.
    pub(super) fn migration(&self) -> Task {
        let logs = log_group(self.stack, self.surroundings, "MigrationLogs", "migrate");
        let mut ours = self.container(&self.surroundings.store_alone(), &logs);
        ours["Command"] = json!(["migrate"]);
        let data = self.surroundings.data;
        let statements = [
            Statement::allow(&["secretsmanager:GetSecretValue"], [data.database.secret()]),
            Statement::allow(&["kms:Decrypt"], [data.storage.key.arn()]),
        ];
        let role = role(self.stack, "MigrationRole", &statements);
        let definition =
            self.definition("MigrationTask", "migrate", &role, (512, 1024, Architecture::Arm64), &[ours]);
        Task { definition, role, logs }
    }

    fn definition(
        &self,
        id: &str,
        family: &str,
        role: &Resource<IamRole>,
        (cpu, memory_mib, architecture): (u32, u32, Architecture),
        containers: &[Value],
    ) -> Resource<TaskDefinition> {
        let processor = match architecture {
            Architecture::Arm64 => "ARM64",
            Architecture::X86_64 => "X86_64",
        };
        let volumes: Vec<Value> = FOLDERS.iter().map(|(name, _)| json!({ "Name": name })).collect();
        self.stack.add(
            id,
            json!({
                "Family": self.surroundings.environment.named(family),
                "RequiresCompatibilities": ["FARGATE"],
                "NetworkMode": "awsvpc",
                "RuntimePlatform": { "CpuArchitecture": processor, "OperatingSystemFamily": "LINUX" },
                "Cpu": cpu.to_string(),
                "Memory": memory_mib.to_string(),
                "ExecutionRoleArn": self.common.execution_role.arn(),
                "TaskRoleArn": role.arn(),
                "Volumes": volumes,
                "ContainerDefinitions": containers,
            }),
        )
    }

    fn container(&self, configuration: &Configuration, logs: &Resource<LogGroup>) -> Value {
        let folders = FOLDERS.iter().map(
            |(volume, path)| json!({ "SourceVolume": volume, "ContainerPath": path, "ReadOnly": false }),
        );
        let mut container = json!({
            "Name": CONTAINER,
            "Image": self.common.image,
            "Essential": true,
            "User": USER,
            "ReadonlyRootFilesystem": true,
            "Privileged": false,
            "LinuxParameters": { "InitProcessEnabled": true, "Capabilities": { "Drop": ["ALL"] } },
            "MountPoints": folders.collect::<Vec<_>>(),
            "StopTimeout": STOP_S,
            "Environment": configuration.environment(),
            "LogConfiguration": log_driver(logs, "astroshield"),
        });
        if !configuration.injected.is_empty() {
            container["Secrets"] = configuration.secrets();
        }
        container
    }

    fn collector(&self) -> Value {
        let environment = self.surroundings.environment;
        json!({
            "Name": collector::NAME,
            "Image": collector::IMAGE,
            "Essential": true,
            "ReadonlyRootFilesystem": true,
            "Privileged": false,
            "LinuxParameters": { "Capabilities": { "Drop": ["ALL"] } },
            "Memory": collector::MEMORY_MIB,
            "Environment": [{
                "Name": "AOT_CONFIG_CONTENT",
                "Value": collector::configuration(environment, &self.common.metrics),
            }],
            "HealthCheck": {
                "Command": ["CMD", "/healthcheck"],
                "Interval": 30,
                "Timeout": 5,
                "Retries": 3,
                "StartPeriod": 30,
            },
            "LogConfiguration": log_driver(&self.common.collector_logs, "collector"),
        })
    }

    /// What the processes of a service may do, and the collector beside them.
    fn statements(&self, size: &ServiceSize) -> Vec<Statement> {
        let data = self.surroundings.data;
        let bucket = data.storage.blobs.arn();
        let mut secrets = vec![data.database.secret(), data.cache.secret.arn()];
        secrets.extend(data.streaming.iter().map(|streaming| streaming.secret.arn()));
        let roles = roles(size);
        let operator = &self.surroundings.environment.operator;
        if operator.space_track && roles.iter().any(|role| FEEDS.contains(role)) {
            secrets.push(data.secrets.feeds.arn());
        }
        if operator.sends_mail() && roles.contains(&Role::Notify) {
            secrets.push(data.secrets.mail.arn());
        }
        let mut statements = vec![
            Statement::allow(&["s3:ListBucket", "s3:ListBucketMultipartUploads"], [bucket.clone()])
                .when(json!({ "StringLike": { "s3:prefix": [format!("{BLOBS_PREFIX}/*")] } })),
            Statement::allow(
                &[
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                ],
                [join!(bucket, format!("/{BLOBS_PREFIX}/*"))],
            ),
            Statement::allow(&["kms:Decrypt", "kms:GenerateDataKey"], [data.storage.key.arn()]),
            Statement::allow(&["secretsmanager:GetSecretValue"], secrets),
            Statement::allow_on_all(&[
                "xray:PutTraceSegments",
                "xray:PutTelemetryRecords",
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
            ]),
            Statement::allow(&["logs:DescribeLogStreams"], [self.common.metrics.arn()]),
            Statement::allow(&["logs:CreateLogStream", "logs:PutLogEvents"], [streams(&self.common.metrics)]),
        ];
        if roles.contains(&Role::Api) {
            let connections =
                arn!("execute-api", self.surroundings.stream.id(), format!("/{STAGE}/*/@connections/*"));
            statements.push(Statement::allow(&["execute-api:ManageConnections"], [connections]));
        }
        statements
    }
}

/// The streams of a group of logs.
fn streams(logs: &Resource<LogGroup>) -> Value {
    arn!("logs", "log-group:", logs.name(), ":log-stream:*")
}

fn log_group(stack: &Stack, surroundings: Surroundings<'_>, id: &str, of: &str) -> Resource<LogGroup> {
    let environment = surroundings.environment;
    let logs = stack.add(
        id,
        json!({
            "LogGroupName": format!("/astroshield/{}/{of}", environment.name),
            "KmsKeyId": surroundings.data.storage.key.arn(),
            "RetentionInDays": environment.sizes.log_days,
        }),
    );
    stack.keep(&logs, environment.kept());
    logs
}

fn log_driver(logs: &Resource<LogGroup>, prefix: &str) -> Value {
    json!({
        "LogDriver": "awslogs",
        "Options": {
            "awslogs-group": logs.name(),
            "awslogs-region": region(),
            "awslogs-stream-prefix": prefix,
            // What is not taken in time is given up: a log must not stop what it tells of.
            "mode": "non-blocking",
            "max-buffer-size": "25m",
        },
    })
}

/// That tasks of this account take a role.
fn taken_by_tasks() -> Value {
    document(&[Statement::assumed_by("ecs-tasks.amazonaws.com").when(json!({
        "StringEquals": { "aws:SourceAccount": account() },
        "ArnLike": { "aws:SourceArn": arn!("ecs", "*") },
    }))])
}

fn role(stack: &Stack, id: &str, statements: &[Statement]) -> Resource<IamRole> {
    stack.add(
        id,
        json!({
            "AssumeRolePolicyDocument": taken_by_tasks(),
            "Policies": [{ "PolicyName": "work", "PolicyDocument": document(statements) }],
        }),
    )
}

/// What ECS needs to start a task: its image, its logs, and what it hands to it of secrets.
fn execution_role(
    stack: &Stack,
    surroundings: Surroundings<'_>,
    repository: &Resource<Repository>,
) -> Resource<IamRole> {
    let environment = surroundings.environment;
    let logs = arn!("logs", format!("log-group:/astroshield/{}/*:log-stream:*", environment.name));
    let mut statements = vec![
        Statement::allow_on_all(&["ecr:GetAuthorizationToken"]),
        Statement::allow(
            &["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [repository.arn()],
        ),
        Statement::allow(&["logs:CreateLogStream", "logs:PutLogEvents"], [logs]),
    ];
    let data = surroundings.data;
    let mut secrets: Vec<Value> = data.streaming.iter().map(|streaming| streaming.secret.arn()).collect();
    secrets.extend(environment.operator.space_track.then(|| data.secrets.feeds.arn()));
    secrets.extend(environment.operator.sends_mail().then(|| data.secrets.mail.arn()));
    if !secrets.is_empty() {
        statements.push(Statement::allow(&["secretsmanager:GetSecretValue"], secrets));
        statements.push(Statement::allow(&["kms:Decrypt"], [data.storage.key.arn()]));
    }
    role(stack, "ExecutionRole", &statements)
}
