//! Stacks that are made, changed and deleted, on both emulators.

use astroshield_infra::deploy::{self, Done, bucket, state};
use astroshield_infra::diff::{Fate, Loss, differences};
use astroshield_infra::template::kinds::{Bucket, NotificationTopic, SsmParameter};
use astroshield_infra::template::{Resource, Stack, StackName};
use serde_json::json;

use super::{Deployment, Emulator, Person};

/// A bucket, and what names it in another stack, with a word of the operator's.
fn two_stacks(name: &str, with_topic: bool) -> [Stack; 2] {
    let (data, application) =
        (Stack::new(StackName::Data, "data"), Stack::new(StackName::Application, "application"));
    let bucket: Resource<Bucket> = data.add("Blobs", json!({ "BucketName": name }));
    if with_topic {
        data.add::<NotificationTopic>("Page", json!({}));
    }
    let word = application.ask("Word", "a word of the operator's", None);
    let value = astroshield_infra::join!(bucket.arn(), " ", word);
    let setting: Resource<SsmParameter> =
        application.add("Setting", json!({ "Name": format!("/{name}"), "Type": "String", "Value": value }));
    application.show("Setting", setting.name());
    application.show("Blobs", bucket.arn());
    [data, application]
}

#[tokio::test]
async fn stacks_are_deployed_changed_and_deleted() {
    for emulator in Emulator::all() {
        are_deployed_changed_and_deleted(&emulator).await;
    }
}

async fn are_deployed_changed_and_deleted(emulator: &Emulator) {
    let cloud = emulator.cloud().await;
    let mut deployment =
        Deployment::new(&cloud, "ap-south-1", &two_stacks("astroshield-deploy-first", false));

    let refused = deployment.deploy().await.unwrap_err().to_string();
    assert!(refused.ends_with("asks for Word: a word of the operator's (--parameter Word=...)"), "{refused}");
    deployment.said.insert("Word".to_owned(), "hello".to_owned());
    assert_eq!(deployment.deploy().await.unwrap(), [Done::Unchanged, Done::Created]);
    // The ARN of a bucket went from the one stack to the other, and out of it.
    let outputs = deployment.outputs(StackName::Application).await;
    assert_eq!(outputs["Blobs"], "arn:aws:s3:::astroshield-deploy-first");

    // What the operator has said before, nobody asks again.
    deployment.said.clear();
    assert_eq!(deployment.deploy().await.unwrap(), [Done::Unchanged, Done::Unchanged]);

    let mut deployment = deployment.with(&two_stacks("astroshield-deploy-first", true));
    assert_eq!(deployment.deploy().await.unwrap()[0], Done::Updated);
    assert!(deployment.person.asked.is_empty());

    let s3 = cloud.s3("ap-south-1");
    let body = aws_sdk_s3::primitives::ByteStream::from_static(b"kept");
    s3.put_object().bucket("astroshield-deploy-first").key("a/b").body(body).send().await.unwrap();
    let mut person = Person::new(false);
    for entry in deployment.manifest.stacks.iter().rev() {
        bucket::empty(&cloud, entry).await.unwrap();
        assert_eq!(deploy::delete(&cloud, entry, &mut person).await.unwrap(), Done::Deleted);
        assert_eq!(deploy::delete(&cloud, entry, &mut person).await.unwrap(), Done::Absent);
    }
    assert!(!deployment.has_bucket("astroshield-deploy-first").await, "{}", emulator.name);
}

#[tokio::test]
async fn what_holds_data_is_not_replaced_unasked() {
    for emulator in Emulator::all() {
        is_not_replaced_unasked(&emulator).await;
    }
}

async fn is_not_replaced_unasked(emulator: &Emulator) {
    let cloud = emulator.cloud().await;
    let mut deployment = Deployment::new(&cloud, "ap-south-2", &two_stacks("astroshield-deploy-old", false));
    deployment.said.insert("Word".to_owned(), "hello".to_owned());
    deployment.deploy().await.unwrap();

    // The name of a bucket cannot be changed: another name is another bucket.
    let mut deployment = deployment.with(&two_stacks("astroshield-deploy-new", false));
    let deployed = state::template(&cloud, &deployment.manifest.stacks[0]).await.unwrap();
    let found = differences(&deployed, &deployment.templates[0].body);
    assert_eq!((found[0].fate, found[0].loss), (Fate::Replaced, Some(Loss::Lost)));

    let refused = deployment.deploy().await.unwrap_err().to_string();
    assert_eq!(refused, "astroshield-dev-data: nothing was done");
    assert!(
        deployment.person.asked[0].contains("data of 1 resources is in danger"),
        "{:?}",
        deployment.person.asked
    );
    assert!(deployment.has_bucket("astroshield-deploy-old").await, "{}", emulator.name);
    assert!(!deployment.has_bucket("astroshield-deploy-new").await, "{}", emulator.name);

    deployment.person.agrees = true;
    assert_eq!(deployment.deploy().await.unwrap()[0], Done::Updated);
    assert!(deployment.has_bucket("astroshield-deploy-new").await, "{}", emulator.name);
}

#[tokio::test]
async fn a_large_template_goes_through_a_bucket_that_nobody_else_can_read() {
    for emulator in Emulator::all() {
        goes_through_a_bucket_that_nobody_else_can_read(&emulator).await;
    }
}

async fn goes_through_a_bucket_that_nobody_else_can_read(emulator: &Emulator) {
    let cloud = emulator.cloud().await;
    let data = Stack::new(StackName::Data, "data");
    for number in 0..40 {
        let value = "x".repeat(2_000);
        data.add::<SsmParameter>(
            format!("Setting{number}"),
            json!({ "Name": format!("/large/{number}"), "Type": "String", "Value": value }),
        );
    }
    let mut deployment = Deployment::new(&cloud, "ap-northeast-3", &[data]);
    assert!(deployment.manifest.stacks[0].through_s3);
    // The second time, the bucket is there.
    assert_eq!(deployment.deploy().await.unwrap(), [Done::Created]);
    assert_eq!(deployment.deploy().await.unwrap(), [Done::Unchanged]);
    let name = bucket::name(&cloud.account("ap-northeast-3").await.unwrap(), "ap-northeast-3");
    let s3 = cloud.s3("ap-northeast-3");
    let closed = s3.get_public_access_block().bucket(&name).send().await.unwrap();
    let closed = closed.public_access_block_configuration.unwrap();
    assert_eq!((closed.block_public_acls, closed.restrict_public_buckets), (Some(true), Some(true)));
}
