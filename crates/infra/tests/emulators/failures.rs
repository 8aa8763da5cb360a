//! What fails, and how it is gone on from there, on ministack: moto fails at nothing.

use std::time::Duration;

use astroshield_infra::deploy::{self, Done};
use astroshield_infra::template::kinds::{Bucket, UserPool, UserPoolDomain, Vpc};
use astroshield_infra::template::{Kept, Resource, Stack, StackName};
use serde_json::json;

use super::{Deployment, Emulator, Person, WaitCondition, WaitConditionHandle};

/// A stack with buckets that are kept whatever becomes of the stack.
fn buckets(names: &[&str]) -> Stack {
    let data = Stack::new(StackName::Data, "data");
    for (number, name) in names.iter().enumerate() {
        let bucket: Resource<Bucket> = data.add(format!("Bucket{number}"), json!({ "BucketName": name }));
        data.keep(&bucket, Kept::Yes);
    }
    data
}

/// The same, which fails after a second: last, as what it waits for comes after the buckets.
fn failing(stack: Stack, seconds: u32) -> Stack {
    stack.add::<WaitConditionHandle>("Handle", json!({}));
    let waits = json!({ "Handle": { "Ref": "Handle" }, "Timeout": seconds.to_string(), "Count": 1 });
    let gate: Resource<WaitCondition> = stack.add("Gate", waits);
    let first = if stack.name() == StackName::Identity { "Domain" } else { "Bucket0" };
    stack.say(&gate, "DependsOn", json!([first]));
    stack
}

#[tokio::test]
async fn a_first_creation_that_failed_is_deleted_and_made_again() {
    let Some(ministack) = Emulator::ministack() else { return };
    let name = "astroshield-fails-first";
    let stacks = [failing(buckets(&[name]), 1)];
    let mut deployment = Deployment::new(&ministack.cloud().await, "eu-west-1", &stacks);
    let failed = deployment.fails().await;
    let reason = "Gate (AWS::CloudFormation::WaitCondition): WaitCondition timed out. Received 0 conditions when expecting 1";
    assert_eq!(failed, format!("astroshield-dev-data is ROLLBACK_COMPLETE: {reason}"));
    assert_eq!(deployment.status(StackName::Data).await, "ROLLBACK_COMPLETE");
    for parts in [
        &["CREATE_COMPLETE", "Bucket0 (AWS::S3::Bucket)"],
        &["CREATE_FAILED", reason],
        &["ROLLBACK_IN_PROGRESS", "astroshield-dev-data (AWS::CloudFormation::Stack)"],
        &["DELETE_COMPLETE", "Bucket0 (AWS::S3::Bucket)"],
    ] {
        assert!(deployment.person.saw(parts), "{parts:?}: {:?}", deployment.person.shown);
    }
    // It would have been kept, and in the way of the next one.
    assert!(!deployment.has_bucket(name).await);

    let mut deployment = deployment.with(&[buckets(&[name])]);
    assert_eq!(deployment.deploy().await.unwrap(), [Done::Created]);
    assert!(deployment.person.saw(&["the first deployment failed; what is left of it is deleted"]));
    assert!(deployment.person.saw(&["DELETE_COMPLETE", "astroshield-dev-data"]));
    assert_eq!(deployment.status(StackName::Data).await, "CREATE_COMPLETE");
    assert!(deployment.has_bucket(name).await);
}

#[tokio::test]
async fn an_update_that_fails_is_rolled_back_and_can_be_made_again() {
    let Some(ministack) = Emulator::ministack() else { return };
    let (old, new) = ("astroshield-fails-old", "astroshield-fails-new");
    let mut deployment = Deployment::new(&ministack.cloud().await, "eu-west-2", &[buckets(&[old])]);
    deployment.deploy().await.unwrap();

    let mut deployment = deployment.with(&[failing(buckets(&[old, new]), 1)]);
    let failed = deployment.fails().await;
    let expected = "astroshield-dev-data is UPDATE_ROLLBACK_COMPLETE: \
                    Gate (AWS::CloudFormation::WaitCondition): WaitCondition timed out.";
    assert!(failed.starts_with(expected), "{failed}");
    assert!(deployment.has_bucket(old).await);
    assert!(!deployment.has_bucket(new).await);

    let mut deployment = deployment.with(&[buckets(&[old, new])]);
    assert_eq!(deployment.deploy().await.unwrap(), [Done::Updated]);
    assert!(deployment.has_bucket(new).await);
}

#[tokio::test]
async fn events_are_shown_while_they_happen() {
    let Some(ministack) = Emulator::ministack() else { return };
    let stacks = [failing(buckets(&["astroshield-fails-live"]), 2)];
    let mut deployment = Deployment::new(&ministack.cloud().await, "eu-west-3", &stacks);
    deployment.fails().await;
    let shown = &deployment.person.shown;
    let (begun, _) =
        shown.iter().find(|(_, line)| line.contains("CREATE_COMPLETE") && line.contains("Bucket0")).unwrap();
    let (ended, _) = shown.iter().find(|(_, line)| line.contains("CREATE_FAILED")).unwrap();
    // Two seconds lie between them, of which looking takes some.
    assert!(ended.duration_since(*begun) > Duration::from_secs(1), "{shown:?}");
    let mut lines: Vec<&String> = shown.iter().map(|(_, line)| line).collect();
    let all = lines.len();
    lines.sort();
    lines.dedup();
    assert_eq!(lines.len(), all, "an event was shown twice: {shown:?}");
}

#[tokio::test]
async fn a_deployment_waits_for_another_one_to_end() {
    let Some(ministack) = Emulator::ministack() else { return };
    let cloud = ministack.cloud().await;
    let mut first =
        Deployment::new(&cloud, "eu-north-1", &[failing(buckets(&["astroshield-fails-twice"]), 2)]);
    let mut second = Deployment::new(&cloud, "eu-north-1", &[buckets(&["astroshield-fails-twice"])]);
    let (failed, done) = tokio::join!(first.fails(), async {
        while second.status(StackName::Data).await != "CREATE_IN_PROGRESS" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        second.deploy().await
    });
    // The second one may have deleted it, or made it anew, before the first one has looked.
    let told = ["ROLLBACK_COMPLETE", "the stack is gone", "has made the stack anew"];
    assert!(told.iter().any(|told| failed.contains(told)), "{failed}");
    assert!(second.person.saw(&["astroshield-dev-data: CREATE_IN_PROGRESS is under way"]));
    assert_eq!(done.unwrap(), [Done::Created]);
}

#[tokio::test]
async fn a_name_that_is_taken_is_said_of_the_resource_that_wants_it() {
    let Some(ministack) = Emulator::ministack() else { return };
    let cloud = ministack.cloud().await;
    let name = "astroshield-fails-taken";
    let s3 = cloud.s3("us-east-1");
    s3.create_bucket().bucket(name).send().await.unwrap();
    let mut deployment = Deployment::new(&cloud, "eu-south-1", &[buckets(&["astroshield-fails-free", name])]);
    let failed = deployment.fails().await;
    assert!(failed.starts_with("astroshield-dev-data is ROLLBACK_COMPLETE: "), "{failed}");
    let why = "Bucket1 (AWS::S3::Bucket): Resource of type 'AWS::S3::Bucket' with identifier 'astroshield-fails-taken' already exists.";
    assert!(failed.ends_with(why), "{failed}");

    s3.delete_bucket().bucket(name).send().await.unwrap();
    assert_eq!(deployment.deploy().await.unwrap(), [Done::Created]);
}

/// A user pool and its domain, with the older or the newer pages.
fn sign_in(version: u32) -> Stack {
    let identity = Stack::new(StackName::Identity, "who signs in");
    let pool: Resource<UserPool> = identity.add("Pool", json!({ "UserPoolName": "astroshield-fails" }));
    let domain =
        json!({ "UserPoolId": pool.id(), "Domain": "astroshield-fails", "ManagedLoginVersion": version });
    identity.add::<UserPoolDomain>("Domain", domain);
    identity.show("Pool", pool.id());
    identity
}

#[tokio::test]
async fn a_roll_back_that_has_stopped_goes_on_before_anything_else() {
    let Some(ministack) = Emulator::ministack() else { return };
    let cloud = ministack.cloud().await;
    let mut deployment = Deployment::new(&cloud, "eu-south-2", &[sign_in(1)]);
    deployment.deploy().await.unwrap();
    let pool = deployment.outputs(StackName::Identity).await["Pool"].clone();
    let cognito = |action: &str| {
        let body = json!({ "UserPoolId": &pool, "Domain": "astroshield-fails" }).to_string();
        let target = format!("X-Amz-Target: AWSCognitoIdentityProviderService.{action}");
        ministack.ask("cognito-idp", "eu-south-2", "/", &["--header", &target, "--data", &body]);
    };

    // The domain is gone by the time at which it is to be what it was before.
    let mut deployment = deployment.with(&[failing(sign_in(2), 3)]);
    let watched = Deployment::new(&cloud, "eu-south-2", &[sign_in(1)]);
    let (failed, ()) = tokio::join!(deployment.fails(), async {
        while watched.status(StackName::Identity).await != "UPDATE_IN_PROGRESS" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        cognito("DeleteUserPoolDomain");
    });
    assert!(failed.starts_with("astroshield-dev-identity is UPDATE_ROLLBACK_FAILED: "), "{failed}");

    let mut deployment = deployment.with(&[sign_in(2)]);
    let failed = deployment.fails().await;
    assert!(
        failed.starts_with("astroshield-dev-identity: the roll back has stopped again: Domain ("),
        "{failed}"
    );

    cognito("CreateUserPoolDomain");
    assert_eq!(deployment.deploy().await.unwrap(), [Done::Updated]);
    assert!(deployment.person.saw(&["astroshield-dev-identity: the roll back that stopped goes on"]));
    assert!(deployment.person.saw(&["UPDATE_ROLLBACK_COMPLETE", "astroshield-dev-identity"]));
    assert_eq!(deployment.status(StackName::Identity).await, "UPDATE_COMPLETE");
}

#[tokio::test]
async fn a_stack_that_cannot_be_deleted_says_what_is_in_the_way() {
    let Some(ministack) = Emulator::ministack() else { return };
    let network = Stack::new(StackName::Network, "VPC");
    let vpc: Resource<Vpc> = network.add("Vpc", json!({ "CidrBlock": "10.9.0.0/16" }));
    network.show("Vpc", vpc.id());
    let mut deployment = Deployment::new(&ministack.cloud().await, "ca-central-1", &[network]);
    deployment.deploy().await.unwrap();
    let id = deployment.outputs(StackName::Network).await["Vpc"].clone();
    let subnet = ["VpcId=", &id].concat();
    let arguments = [
        "--data",
        "Action=CreateSubnet&Version=2016-11-15",
        "--data",
        &subnet,
        "--data",
        "CidrBlock=10.9.1.0/24",
    ];
    let answer = ministack.ask("ec2", "ca-central-1", "/", &arguments);
    let subnet = answer.split("<subnetId>").nth(1).unwrap().split('<').next().unwrap();

    let mut person = Person::new(false);
    let entry = deployment.entry(StackName::Network);
    let failed = deploy::delete(&deployment.cloud, entry, &mut person).await.unwrap_err().to_string();
    assert!(
        failed.starts_with("astroshield-dev-network is DELETE_FAILED: Vpc (AWS::EC2::VPC): "),
        "{failed}"
    );
    assert!(failed.contains("DependencyViolation"), "{failed}");
    // Somebody has to look: a deployment does not go on from there.
    let refused = deployment.fails().await;
    assert!(refused.starts_with("astroshield-dev-network is DELETE_FAILED"), "{refused}");

    let subnet = ["SubnetId=", subnet].concat();
    ministack.ask(
        "ec2",
        "ca-central-1",
        "/",
        &["--data", "Action=DeleteSubnet&Version=2016-11-15", "--data", &subnet],
    );
    let entry = deployment.entry(StackName::Network);
    assert_eq!(deploy::delete(&deployment.cloud, entry, &mut person).await.unwrap(), Done::Deleted);
}
