//! The bucket that templates go through which are too large to be sent.

use anyhow::Context;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, CreateBucketConfiguration, ExpirationStatus,
    LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, PublicAccessBlockConfiguration,
};
use sha2::{Digest as _, Sha256};

use super::cloud::Cloud;
use crate::manifest::Entry;

/// Days after which a template that was sent is gone.
const DAYS: i32 = 90;

/// Uploads the template of a stack, and says its address. The bucket is made where it is missing.
///
/// # Errors
/// When S3 refuses.
pub async fn upload(cloud: &Cloud, entry: &Entry, text: &str) -> anyhow::Result<String> {
    let account = cloud.account(&entry.region).await?;
    let bucket = name(&account, &entry.region);
    let s3 = cloud.s3(&entry.region);
    ensure(&s3, &account, &bucket, &entry.region).await.with_context(|| format!("bucket {bucket}"))?;
    let digest: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    let key = format!("{}/{digest}.template.json", entry.name);
    s3.put_object()
        .bucket(&bucket)
        .key(&key)
        // A bucket of that name may be somebody else's.
        .expected_bucket_owner(&account)
        .content_type("application/json")
        .body(ByteStream::from(text.as_bytes().to_vec()))
        .send()
        .await
        .with_context(|| format!("bucket {bucket}"))?;
    Ok(format!("https://s3.{}.amazonaws.com/{bucket}/{key}", entry.region))
}

/// Its name.
#[must_use]
pub fn name(account: &str, region: &str) -> String {
    format!("astroshield-infra-{account}-{region}")
}

async fn ensure(s3: &Client, account: &str, bucket: &str, region: &str) -> anyhow::Result<()> {
    let there = s3.head_bucket().bucket(bucket).expected_bucket_owner(account).send().await;
    match there {
        Ok(_) => return Ok(()),
        Err(error) if error.as_service_error().is_some_and(HeadBucketError::is_not_found) => {}
        Err(error) => return Err(error.into()),
    }
    let mut create = s3.create_bucket().bucket(bucket);
    // S3 knows its first region by no name.
    if region != "us-east-1" {
        let constraint = BucketLocationConstraint::from(region);
        create = create.create_bucket_configuration(
            CreateBucketConfiguration::builder().location_constraint(constraint).build(),
        );
    }
    create.send().await?;
    let closed = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true)
        .build();
    s3.put_public_access_block().bucket(bucket).public_access_block_configuration(closed).send().await?;
    let rule = LifecycleRule::builder()
        .id("templates")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .expiration(LifecycleExpiration::builder().days(DAYS).build())
        .build()?;
    s3.put_bucket_lifecycle_configuration()
        .bucket(bucket)
        .lifecycle_configuration(BucketLifecycleConfiguration::builder().rules(rule).build()?)
        .send()
        .await?;
    Ok(())
}

/// Deletes what is in the buckets of a stack, all versions of it: CloudFormation deletes empty buckets alone.
///
/// # Errors
/// When S3 refuses.
pub async fn empty(cloud: &Cloud, entry: &Entry) -> anyhow::Result<()> {
    let s3 = cloud.s3(&entry.region);
    for bucket in super::state::physical_ids(cloud, entry, "AWS::S3::Bucket").await? {
        // What was seen is deleted, so that the first page is another one each time.
        loop {
            let page = s3.list_object_versions().bucket(&bucket).send().await;
            let page = page.with_context(|| format!("bucket {bucket}"))?;
            let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
            let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
            let all: Vec<_> = versions.chain(markers).collect();
            if all.is_empty() {
                break;
            }
            for (key, version) in all {
                s3.delete_object()
                    .bucket(&bucket)
                    .set_key(key.map(str::to_owned))
                    .set_version_id(version.map(str::to_owned))
                    .send()
                    .await
                    .with_context(|| format!("bucket {bucket}"))?;
            }
        }
    }
    Ok(())
}
