//! Deployment against an emulator of AWS (moto), by the SDK that AWS itself is asked with.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::Path;

use astroshield_infra::deploy::cloud::{self, Cloud};
use astroshield_infra::deploy::{self, Done, bucket, state};
use astroshield_infra::diff::{Fate, Loss, differences};
use astroshield_infra::environment::{Environment, Name, Operator};
use astroshield_infra::manifest::Manifest;
use astroshield_infra::template::kinds::{Bucket, NotificationTopic, SsmParameter};
use astroshield_infra::template::{Resource, Stack, StackName, Template, synthesize};
use aws_sdk_s3::config::Credentials;
use serde_json::json;

/// The emulator that `scripts/test` starts; without it a test is skipped, which in CI is a failure.
async fn emulator() -> Option<Cloud> {
    let (Ok(address), Ok(authority)) =
        (std::env::var("ASTROSHIELD_TEST_S3"), std::env::var("ASTROSHIELD_TEST_S3_CA"))
    else {
        assert!(std::env::var_os("CI").is_none(), "ASTROSHIELD_TEST_S3 is not set: run scripts/test");
        eprintln!("skipped: ASTROSHIELD_TEST_S3 is not set; scripts/test starts the server");
        return None;
    };
    let loader = cloud::loader(Some(&address), Some(Path::new(&authority))).unwrap();
    let config =
        loader.credentials_provider(Credentials::new("test", "test", None, None, "test")).load().await;
    Some(Cloud::new(config, true))
}

/// What a test deploys. Each test has a region of its own, as the emulator is one for all.
struct Deployment {
    cloud: Cloud,
    environment: Environment,
    manifest: Manifest,
    templates: Vec<Template>,
    said: BTreeMap<String, String>,
    agree: bool,
    asked: Vec<String>,
}

impl Deployment {
    fn new(cloud: &Cloud, region: &str, stacks: &[Stack]) -> Self {
        let operator = Operator::parse(&format!("region = {region:?}")).unwrap();
        let environment = Environment::new(Name::Dev, operator);
        let templates = synthesize(stacks).unwrap();
        let manifest = Manifest::new(&environment, &templates);
        let said = BTreeMap::new();
        Self { cloud: cloud.clone(), environment, manifest, templates, said, agree: false, asked: Vec::new() }
    }

    /// The same with other stacks.
    fn with(self, stacks: &[Stack]) -> Self {
        let templates = synthesize(stacks).unwrap();
        Self { manifest: Manifest::new(&self.environment, &templates), templates, ..self }
    }

    async fn deploy(&mut self) -> anyhow::Result<Vec<Done>> {
        let mut done = Vec::new();
        let mut ask = |question: &str| {
            self.asked.push(question.to_owned());
            Ok(self.agree)
        };
        for (entry, template) in self.manifest.stacks.iter().zip(&self.templates) {
            done.push(
                deploy::deploy(&self.cloud, &self.manifest, entry, template, &self.said, &mut ask).await?,
            );
        }
        Ok(done)
    }

    async fn outputs(&self, stack: StackName) -> BTreeMap<String, String> {
        let entry = self.manifest.stacks.iter().find(|entry| entry.stack == stack).unwrap();
        state::read(&self.cloud, entry).await.unwrap().unwrap().outputs
    }
}

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
    let Some(cloud) = emulator().await else { return };
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
    assert!(deployment.asked.is_empty());

    let s3 = cloud.s3("ap-south-1");
    let body = aws_sdk_s3::primitives::ByteStream::from_static(b"kept");
    s3.put_object().bucket("astroshield-deploy-first").key("a/b").body(body).send().await.unwrap();
    for entry in deployment.manifest.stacks.iter().rev() {
        bucket::empty(&cloud, entry).await.unwrap();
        assert_eq!(deploy::delete(&cloud, entry).await.unwrap(), Done::Deleted);
        assert_eq!(deploy::delete(&cloud, entry).await.unwrap(), Done::Absent);
    }
    assert!(s3.head_bucket().bucket("astroshield-deploy-first").send().await.is_err());
}

#[tokio::test]
async fn what_holds_data_is_not_replaced_unasked() {
    let Some(cloud) = emulator().await else { return };
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
    assert!(deployment.asked[0].contains("data of 1 resources is in danger"), "{:?}", deployment.asked);
    let s3 = cloud.s3("ap-south-2");
    assert!(s3.head_bucket().bucket("astroshield-deploy-old").send().await.is_ok());
    assert!(s3.head_bucket().bucket("astroshield-deploy-new").send().await.is_err());

    deployment.agree = true;
    assert_eq!(deployment.deploy().await.unwrap()[0], Done::Updated);
    assert!(s3.head_bucket().bucket("astroshield-deploy-new").send().await.is_ok());
}

#[tokio::test]
async fn a_large_template_goes_through_a_bucket_that_nobody_else_can_read() {
    let Some(cloud) = emulator().await else { return };
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
