//! Pipelines of the backend, and roles of those outside AWS.

use astroshield_domain::deployment::READY;
use serde_json::{Value, json};

use crate::environment::{Architecture, Environment};
use crate::stacks::Built;
use crate::stacks::compute::IMAGE_TAG;
use crate::template::kinds::{Alarm, BuildProject, LogGroup, OidcProvider, Pipeline, Role, Subnet};
use crate::template::policy::{Statement, document};
use crate::template::value::{account, partition};
use crate::template::{Kept, Resource, Stack};
use crate::{arn, join};

/// Builds the image for one processor.
const IMAGE: &str = include_str!("deployment/image.sh");

/// Releases an image.
const RELEASE: &str = include_str!("deployment/release.sh");

/// Output that has the variables of a release (`.github/workflows/release.yml`).
const RELEASE_VARIABLES: &str = "ReleaseVariables";

/// Folder of the bucket of assets, which is the path that CloudFront asks it for.
const ASSETS: &str = "assets";

/// Issuer of the tokens of GitHub Actions.
const GITHUB: &str = "token.actions.githubusercontent.com";

/// Pipelines, and who may deploy from outside.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// From a push to a release.
    pub pipeline: Option<Resource<Pipeline>>,
    /// What a workflow of GitHub Actions may do.
    pub github: Option<Resource<Role>>,
}

/// Adds it. In the second region, nothing is built: its images are copies.
pub fn add(stack: &Stack, environment: &Environment, built: &Built) -> Deployment {
    let maker = Maker { stack, environment, built };
    Deployment {
        pipeline: environment.sizes.pipeline.then(|| maker.pipeline()),
        github: (!environment.stands_by).then(|| maker.github()),
    }
}

struct Maker<'a> {
    stack: &'a Stack,
    environment: &'a Environment,
    built: &'a Built,
}

impl Maker<'_> {
    /// A role for workflows of the repository that run in its environment of this name, without a key that is kept.
    fn github(&self) -> Resource<Role> {
        // An account has one for an issuer, which prod makes and dev uses.
        let own = self.environment.sizes.account_wide && self.environment.operator.github_provider;
        let provider = if own {
            let made: Resource<OidcProvider> = self.stack.add(
                "GithubProvider",
                json!({ "Url": format!("https://{GITHUB}"), "ClientIdList": ["sts.amazonaws.com"] }),
            );
            self.stack.keep(&made, Kept::Yes);
            made.arn()
        } else {
            join!("arn:", partition(), ":iam::", account(), format!(":oidc-provider/{GITHUB}"))
        };
        let Environment { name, operator, .. } = self.environment;
        let subject = format!("repo:{}:environment:{name}", operator.repository);
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Action": ["sts:AssumeRoleWithWebIdentity"],
            "Principal": { "Federated": provider },
            "Condition": { "StringEquals": {
                format!("{GITHUB}:aud"): "sts.amazonaws.com",
                format!("{GITHUB}:sub"): subject,
            } },
        }] });
        let mut statements = self.may_push();
        statements.extend(self.may_release());
        // What it releases, and where, is what this stack shows.
        let this = arn!("cloudformation", format!("stack/{}/*", self.environment.named("deployment")));
        statements.push(Statement::allow(&["cloudformation:DescribeStacks"], [this]));
        let role: Resource<Role> = self.stack.add(
            "GithubRole",
            json!({
                "Description": "What workflows of GitHub Actions may do: push images, and release them",
                "AssumeRolePolicyDocument": trust,
                // A migration and a roll may take an hour each.
                "MaxSessionDuration": 3 * 3600,
                "Policies": [{ "PolicyName": "deploy", "PolicyDocument": document(&statements) }],
            }),
        );
        self.stack.show("GithubRole", role.arn());
        // A line for each, as GitHub takes variables for the steps that follow.
        let lines: Vec<Value> =
            self.release_variables().into_iter().map(|(name, value)| join!(name, "=", value)).collect();
        self.stack.show(RELEASE_VARIABLES, json!({ "Fn::Join": ["\n", lines] }));
        role
    }

    fn pipeline(&self) -> Resource<Pipeline> {
        let Environment { operator, .. } = self.environment;
        let connection = self.stack.ask(
            "ConnectionArn",
            "ARN of the connection of CodeConnections to the repository, confirmed in the console",
            None,
        );
        let logs = self.stack.add(
            "BuildLogs",
            json!({
                "LogGroupName": format!("/astroshield/{}/build", self.environment.name),
                "KmsKeyId": self.built.data.storage.key.arn(),
                "RetentionInDays": self.environment.sizes.log_days,
            }),
        );
        self.stack.keep(&logs, Kept::Yes);
        let build = self.role("Build", "codebuild", self.may_push(), &logs);
        let release =
            self.role("Release", "codebuild", [self.may_push(), self.may_release()].concat(), &logs);
        let arm = self.image("ImageArm64", Architecture::Arm64, &build, &logs);
        let x86 = self.image("ImageX8664", Architecture::X86_64, &build, &logs);
        let releasing = self.project(
            "ReleaseProject",
            "release",
            RELEASE,
            &release,
            &logs,
            &json!({
                "Type": "ARM_CONTAINER",
                "Image": "aws/codebuild/amazonlinux-aarch64-standard:3.0",
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "EnvironmentVariables": variables(&self.release_variables()),
            }),
        );
        let role = self.pipeline_role(&connection, &[&arm, &x86, &releasing]);
        let source = json!({
            "Name": "Source",
            "Namespace": "Source",
            "ActionTypeId": action("Source", "CodeStarSourceConnection"),
            "Configuration": {
                "ConnectionArn": connection,
                "FullRepositoryId": operator.repository,
                "BranchName": operator.branch,
                "OutputArtifactFormat": "CODE_ZIP",
                "DetectChanges": "true",
            },
            "OutputArtifacts": [{ "Name": "Code" }],
        });
        let run = |name: &str, project: &Resource<BuildProject>| {
            let tag = json!([{ "name": "TAG", "value": "#{Source.CommitId}", "type": "PLAINTEXT" }]);
            json!({
                "Name": name,
                "ActionTypeId": action("Build", "CodeBuild"),
                "Configuration": { "ProjectName": project.name(), "EnvironmentVariables": tag.to_string() },
                "InputArtifacts": [{ "Name": "Code" }],
            })
        };
        let pipeline = self.stack.add(
            "Pipeline",
            json!({
                "Name": self.pipeline_name(),
                "PipelineType": "V2",
                // A release under way is ended before the next one begins.
                "ExecutionMode": "QUEUED",
                "RoleArn": role.arn(),
                "ArtifactStore": {
                    "Type": "S3",
                    "Location": self.built.data.storage.artifacts.name(),
                    "EncryptionKey": { "Type": "KMS", "Id": self.built.data.storage.key.arn() },
                },
                "Stages": [
                    { "Name": "Source", "Actions": [source] },
                    { "Name": "Build", "Actions": [run("Arm64", &arm), run("X8664", &x86)] },
                    { "Name": "Release", "Actions": [run("Release", &releasing)] },
                ],
            }),
        );
        self.stack.after(&pipeline, &release);
        pipeline
    }

    /// Its name is the folder of its artifacts, too, of which CodePipeline takes 20 characters.
    fn pipeline_name(&self) -> String {
        format!("astroshield-{}", self.environment.name)
    }

    /// A project that builds the image on a machine of its processor, which takes a tenth of the time of emulating one.
    fn image(
        &self,
        id: &str,
        architecture: Architecture,
        role: &Resource<Role>,
        logs: &Resource<LogGroup>,
    ) -> Resource<BuildProject> {
        let (kind, image, processor) = match architecture {
            Architecture::Arm64 => {
                ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0", "arm64")
            }
            Architecture::X86_64 => {
                ("LINUX_CONTAINER", "aws/codebuild/amazonlinux-x86_64-standard:5.0", "x86_64")
            }
        };
        let repository = self.built.compute.repository.uri();
        let environment = json!({
            "Type": kind,
            "Image": image,
            "ComputeType": "BUILD_GENERAL1_LARGE",
            // The engine that builds images needs it.
            "PrivilegedMode": true,
            "EnvironmentVariables": variables(&[("REPOSITORY", repository), ("PROCESSOR", json!(processor))]),
        });
        self.project(id, &format!("image-{processor}"), IMAGE, role, logs, &environment)
    }

    fn project(
        &self,
        id: &str,
        name: &str,
        script: &str,
        role: &Resource<Role>,
        logs: &Resource<LogGroup>,
        environment: &Value,
    ) -> Resource<BuildProject> {
        let steps = json!({
            "version": "0.2",
            "env": { "shell": "bash" },
            "phases": { "build": { "commands": [script] } },
        });
        self.stack.add(
            id,
            json!({
                "Name": self.environment.named(name),
                "ServiceRole": role.arn(),
                "EncryptionKey": self.built.data.storage.key.arn(),
                "Source": { "Type": "CODEPIPELINE", "BuildSpec": steps.to_string() },
                "Artifacts": { "Type": "CODEPIPELINE" },
                "Environment": environment,
                // A release waits for its migration, and then for its services, an hour each at most.
                "TimeoutInMinutes": 150,
                "QueuedTimeoutInMinutes": 60,
                "LogsConfig": {
                    "CloudWatchLogs": { "Status": "ENABLED", "GroupName": logs.name(), "StreamName": name },
                },
            }),
        )
    }

    fn release_variables(&self) -> [(&'static str, Value); 10] {
        let (compute, network) = (&self.built.compute, &self.built.network);
        let subnets: Vec<Value> = network.private.iter().map(Resource::<Subnet>::id).collect();
        [
            ("REPOSITORY", compute.repository.uri()),
            ("STACK", json!(self.environment.named("application"))),
            ("IMAGE_TAG", json!(IMAGE_TAG)),
            ("MIGRATION_FAMILY", json!(self.environment.named("migrate"))),
            ("CLUSTER", compute.cluster.name()),
            ("SUBNETS", json!({ "Fn::Join": [",", subnets] })),
            ("SECURITY_GROUP", network.tasks.id()),
            ("READY", json!(self.ready())),
            ("ASSETS", self.built.data.storage.assets.name()),
            ("DISTRIBUTION", self.built.cdn.distribution.id()),
        ]
    }

    /// Where a release asks whether the service is ready. Nowhere, where only some networks are let in: machines that build are
    /// in none of them.
    fn ready(&self) -> String {
        let Environment { domain, operator, .. } = self.environment;
        if operator.allow.is_empty() { format!("https://{domain}{READY}") } else { String::new() }
    }

    /// What pushing an image needs.
    fn may_push(&self) -> Vec<Statement> {
        vec![
            Statement::allow_on_all(&["ecr:GetAuthorizationToken"]),
            Statement::allow(
                &[
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                    "ecr:InitiateLayerUpload",
                    "ecr:UploadLayerPart",
                    "ecr:CompleteLayerUpload",
                    "ecr:PutImage",
                ],
                [self.built.compute.repository.arn()],
            ),
        ]
    }

    /// What a release needs: the migration, and an update of the stack that changes tasks and services alone.
    fn may_release(&self) -> Vec<Statement> {
        let (compute, storage) = (&self.built.compute, &self.built.data.storage);
        let cluster = compute.cluster.name();
        let of_cluster = json!({ "ArnEquals": { "ecs:cluster": compute.cluster.arn() } });
        let definitions = arn!("ecs", format!("task-definition/{}:*", self.environment.named("*")));
        let services = arn!("ecs", "service/", cluster, "/*");
        let tasks = arn!("ecs", "task/", cluster, "/*");
        let roles = [compute.execution_role.arn(), compute.migration_role.arn()];
        let roles = roles.into_iter().chain(compute.processes.iter().map(|process| process.role.arn()));
        let stack = arn!("cloudformation", format!("stack/{}/*", self.environment.named("application")));
        let alarms = compute.alarms.iter().map(Resource::<Alarm>::arn);
        let distribution = join!(
            "arn:",
            partition(),
            ":cloudfront::",
            account(),
            ":distribution/",
            self.built.cdn.distribution.id()
        );
        vec![
            Statement::allow_on_all(&["ecs:DescribeTaskDefinition", "ecs:DeregisterTaskDefinition"]),
            Statement::allow(
                &["ecs:RegisterTaskDefinition", "ecs:TagResource", "ecs:ListTagsForResource"],
                [definitions.clone()],
            ),
            Statement::allow(&["ecs:RunTask"], [definitions]).when(of_cluster),
            Statement::allow(&["ecs:DescribeTasks"], [tasks]),
            Statement::allow(
                &[
                    "ecs:UpdateService",
                    "ecs:DescribeServices",
                    "ecs:ListServiceDeployments",
                    "ecs:ListTagsForResource",
                    "ecs:TagResource",
                ],
                [services.clone()],
            ),
            Statement::allow(
                &["ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions"],
                [
                    services,
                    arn!("ecs", "service-deployment/", compute.cluster.name(), "/*"),
                    arn!("ecs", "service-revision/", compute.cluster.name(), "/*"),
                ],
            ),
            // Functions are of the same image.
            Statement::allow(
                &[
                    "lambda:GetFunction",
                    "lambda:GetFunctionConfiguration",
                    "lambda:ListTags",
                    "lambda:UpdateFunctionCode",
                ],
                [arn!("lambda", format!("function:{}", self.environment.named("*")))],
            ),
            Statement::allow(&["ecr:GetRepositoryPolicy"], [compute.repository.arn()]),
            Statement::allow(&["iam:PassRole"], roles)
                .when(json!({ "StringEquals": { "iam:PassedToService": "ecs-tasks.amazonaws.com" } })),
            Statement::allow(
                &[
                    "cloudformation:DescribeStacks",
                    "cloudformation:DescribeStackEvents",
                    "cloudformation:UpdateStack",
                ],
                [stack],
            ),
            Statement::allow(&["cloudwatch:DescribeAlarms"], alarms),
            Statement::allow(
                &["s3:PutObject"],
                [
                    join!(storage.assets.arn(), format!("/{ASSETS}/*.js")),
                    join!(storage.assets.arn(), format!("/{ASSETS}/*.css")),
                ],
            ),
            Statement::allow(&["kms:GenerateDataKey"], [storage.key.arn()]),
            Statement::allow(&["cloudfront:CreateInvalidation"], [distribution]),
        ]
    }

    fn role(
        &self,
        id: &str,
        service: &str,
        mut statements: Vec<Statement>,
        logs: &Resource<LogGroup>,
    ) -> Resource<Role> {
        let stream = arn!("logs", "log-group:", logs.name(), ":log-stream:*");
        statements.push(Statement::allow(&["logs:CreateLogStream", "logs:PutLogEvents"], [stream]));
        statements.extend(self.may_hand_on());
        self.stack.add(
            format!("{id}Role"),
            json!({
                "AssumeRolePolicyDocument": document(&[self.taken_by(service)]),
                "Policies": [{ "PolicyName": "work", "PolicyDocument": document(&statements) }],
            }),
        )
    }

    fn pipeline_role(&self, connection: &Value, projects: &[&Resource<BuildProject>]) -> Resource<Role> {
        let projects: Vec<Value> = projects.iter().map(|project| project.arn()).collect();
        let mut statements = vec![
            Statement::allow(
                &["codeconnections:UseConnection", "codestar-connections:UseConnection"],
                [connection.clone()],
            ),
            Statement::allow(&["codebuild:StartBuild", "codebuild:BatchGetBuilds"], projects),
        ];
        statements.extend(self.may_hand_on());
        self.stack.add(
            "PipelineRole",
            json!({
                "AssumeRolePolicyDocument": document(&[self.taken_by("codepipeline")]),
                "Policies": [{ "PolicyName": "work", "PolicyDocument": document(&statements) }],
            }),
        )
    }

    fn taken_by(&self, service: &str) -> Statement {
        Statement::assumed_by(&format!("{service}.amazonaws.com"))
            .when(json!({ "StringEquals": { "aws:SourceAccount": account() } }))
    }

    /// What the stages hand on to each other.
    fn may_hand_on(&self) -> [Statement; 2] {
        let storage = &self.built.data.storage;
        let artifacts = format!("/{}/*", self.pipeline_name());
        [
            Statement::allow(&["s3:GetObject", "s3:PutObject"], [join!(storage.artifacts.arn(), artifacts)]),
            Statement::allow(&["kms:Decrypt", "kms:GenerateDataKey"], [storage.key.arn()]),
        ]
    }
}

/// A kind of action of CodePipeline that AWS has.
fn action(category: &str, provider: &str) -> Value {
    json!({ "Category": category, "Owner": "AWS", "Provider": provider, "Version": "1" })
}

fn variables(variables: &[(&str, Value)]) -> Value {
    variables
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Type": "PLAINTEXT", "Value": value }))
        .collect()
}

#[cfg(test)]
mod tests;
