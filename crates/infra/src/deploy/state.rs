//! What is deployed.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{StackStatus, TemplateStage};
use serde_json::Value;

use super::cloud::Cloud;
use crate::manifest::Entry;

/// A stack, as CloudFormation knows it.
#[derive(Debug, Clone)]
pub struct State {
    /// What it is told apart by from others of its name.
    pub id: String,
    /// How it is.
    pub status: StackStatus,
    /// Why.
    pub reason: String,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// Its parameters; values that are not to be shown are stars.
    pub parameters: BTreeMap<String, String>,
    /// Whether it cannot be deleted.
    pub protected: bool,
}

/// A stack; nothing where there is none.
///
/// # Errors
/// When CloudFormation does not answer.
pub async fn read(cloud: &Cloud, entry: &Entry) -> anyhow::Result<Option<State>> {
    let answer = cloud.cloudformation(&entry.region).describe_stacks().stack_name(&entry.name).send().await;
    let stacks = match answer {
        Ok(answer) => answer.stacks.unwrap_or_default(),
        // It has no error of its own for a stack that is not there.
        Err(error) if error.code() == Some("ValidationError") => return Ok(None),
        Err(error) => return Err(error).with_context(|| entry.name.clone()),
    };
    let Some(stack) = stacks.into_iter().next() else { return Ok(None) };
    let status = stack.stack_status.context("a stack has no status")?;
    if status == StackStatus::DeleteComplete {
        return Ok(None);
    }
    let outputs = stack.outputs.unwrap_or_default();
    let parameters = stack.parameters.unwrap_or_default();
    Ok(Some(State {
        id: stack.stack_id.unwrap_or_default(),
        status,
        reason: stack.stack_status_reason.unwrap_or_default(),
        outputs: outputs
            .into_iter()
            .filter_map(|output| Some((output.output_key?, output.output_value.unwrap_or_default())))
            .collect(),
        parameters: parameters
            .into_iter()
            .filter_map(|parameter| {
                Some((parameter.parameter_key?, parameter.parameter_value.unwrap_or_default()))
            })
            .collect(),
        protected: stack.enable_termination_protection.unwrap_or_default(),
    }))
}

/// The template of a stack that is deployed.
///
/// # Errors
/// When CloudFormation does not answer, or with something that is no JSON.
pub async fn template(cloud: &Cloud, entry: &Entry) -> anyhow::Result<Value> {
    let answer = cloud
        .cloudformation(&entry.region)
        .get_template()
        .stack_name(&entry.name)
        .template_stage(TemplateStage::Original)
        .send()
        .await
        .with_context(|| entry.name.clone())?;
    let text = answer.template_body.unwrap_or_default();
    serde_json::from_str(&text).with_context(|| format!("{}: the deployed template is no JSON", entry.name))
}

/// Names that AWS knows the resources of a type of a stack by.
///
/// # Errors
/// When CloudFormation does not answer.
pub async fn physical_ids(cloud: &Cloud, entry: &Entry, kind: &str) -> anyhow::Result<Vec<String>> {
    let client = cloud.cloudformation(&entry.region);
    let mut pages = client.list_stack_resources().stack_name(&entry.name).into_paginator().send();
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.with_context(|| entry.name.clone())?;
        let resources = page.stack_resource_summaries.unwrap_or_default();
        let of_kind =
            resources.into_iter().filter(|resource| resource.resource_type.as_deref() == Some(kind));
        ids.extend(of_kind.filter_map(|resource| resource.physical_resource_id));
    }
    Ok(ids)
}
