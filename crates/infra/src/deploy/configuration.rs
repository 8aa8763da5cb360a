//! What is deployed, kept beside what it made: the copy that an environment can be made again from.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_sdk_s3::primitives::ByteStream;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::cloud::Cloud;
use super::state::{self, State};
use crate::environment::Operator;
use crate::manifest::{Entry, Manifest};
use crate::stacks::storage;
use crate::template::StackName;

/// Folder of the copies in the bucket of artifacts.
pub const FOLDER: &str = "configuration";

/// A stack as it is deployed.
#[derive(Debug, Serialize)]
struct Deployed {
    name: String,
    region: String,
    status: String,
    parameters: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
}

/// Writes what is deployed of an environment into its bucket of artifacts, and says where: the manifest, the operator's settings, and
/// of each stack its template, its parameters and its outputs. Settings and parameters name secrets and have none; of parameters
/// that CloudFormation does not show, it does not keep the value. Nothing where there is no such bucket yet.
///
/// # Errors
/// When AWS refuses.
pub async fn keep(
    cloud: &Cloud,
    manifest: &Manifest,
    operator: &Operator,
    now: Timestamp,
) -> anyhow::Result<Option<String>> {
    let of = manifest.stacks.iter().find(|entry| entry.stack == StackName::Storage);
    let of = of.context("there is no stack storage")?;
    let Some(mut state) = state::read(cloud, of).await? else { return Ok(None) };
    let Some(bucket) = state.outputs.remove(storage::ARTIFACTS) else { return Ok(None) };

    let mut files = vec![
        ("manifest.json".to_owned(), manifest.text()),
        ("settings.toml".to_owned(), toml::to_string_pretty(operator)?),
    ];
    let mut all = BTreeMap::new();
    for entry in &manifest.stacks {
        let Some(state) = state::read(cloud, entry).await? else { continue };
        let template = state::template(cloud, entry).await?;
        all.insert(entry.stack, Deployed::new(entry, state, &template));
        files.push((entry.template.clone(), serde_json::to_string_pretty(&template)?));
    }
    files.push(("deployed.json".to_owned(), serde_json::to_string_pretty(&all)?));

    let account = cloud.account(&of.region).await?;
    let folder = format!("{FOLDER}/{}", now.strftime("%Y-%m-%dT%H-%M-%SZ"));
    let s3 = cloud.s3(&of.region);
    for (name, text) in files {
        s3.put_object()
            .bucket(&bucket)
            .key(format!("{folder}/{name}"))
            .expected_bucket_owner(&account)
            .body(ByteStream::from(text.into_bytes()))
            .send()
            .await
            .with_context(|| format!("bucket {bucket}"))?;
    }
    Ok(Some(format!("s3://{bucket}/{folder}/")))
}

impl Deployed {
    fn new(entry: &Entry, state: State, template: &Value) -> Self {
        let mut parameters = state.parameters;
        // Stars would be taken for the value.
        parameters.retain(|name, _| template["Parameters"][name]["NoEcho"] != true);
        Self {
            name: entry.name.clone(),
            region: entry.region.clone(),
            status: state.status.as_str().to_owned(),
            parameters,
            outputs: state.outputs,
        }
    }
}
