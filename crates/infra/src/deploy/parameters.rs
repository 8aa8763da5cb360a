//! Values of the parameters of a stack.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use aws_sdk_cloudformation::types::Parameter;

use super::cloud::Cloud;
use super::state::{self, State};
use crate::manifest::{Entry, Manifest};
use crate::template::{Given, Lookup, Template};

/// The values of the parameters of a stack: outputs of stacks before it, what AWS is asked for, what the operator says.
///
/// # Errors
/// When one cannot be had: it is named.
pub async fn resolve(
    cloud: &Cloud,
    manifest: &Manifest,
    entry: &Entry,
    template: &Template,
    said: &BTreeMap<String, String>,
    deployed: Option<&State>,
) -> anyhow::Result<Vec<Parameter>> {
    let mut values: BTreeMap<&str, Parameter> = BTreeMap::new();
    let mut outputs = BTreeMap::new();
    for (name, given) in &entry.parameters {
        let parameter = Parameter::builder().parameter_key(name);
        let parameter = match given {
            Given::Output { stack, output } => {
                let of =
                    manifest.stacks.iter().find(|entry| entry.stack == *stack).context("no such stack")?;
                if !outputs.contains_key(stack) {
                    let state = state::read(cloud, of).await?;
                    let state = state.with_context(|| format!("{name}: {} is not deployed", of.name))?;
                    outputs.insert(stack, state.outputs);
                }
                let value = outputs[stack].get(output);
                let value = value.with_context(|| {
                    format!("{name}: {} has no output {output}; deploy it first", of.name)
                })?;
                parameter.parameter_value(value)
            }
            // After what it is about.
            Given::Lookup { .. } => continue,
            Given::Operator { description, default } => match (said.get(name), deployed, default) {
                (Some(value), _, _) => parameter.parameter_value(value),
                (None, Some(state), _) if state.parameters.contains_key(name) => {
                    parameter.use_previous_value(true)
                }
                (None, _, Some(default)) => parameter.parameter_value(default),
                (None, _, None) => {
                    bail!("{} asks for {name}: {description} (--parameter {name}=...)", entry.name)
                }
            },
        };
        values.insert(name, parameter.build());
    }
    for (name, given) in &entry.parameters {
        if let Given::Lookup { lookup, of } = given {
            let arn = values.get(of.as_str()).and_then(|parameter| parameter.parameter_value());
            let arn = arn.with_context(|| format!("{name}: {of} has no value"))?;
            let value = look_up(cloud, &entry.region, *lookup, arn).await.with_context(|| name.clone())?;
            values.insert(name, Parameter::builder().parameter_key(name).parameter_value(value).build());
        }
    }
    // What is only asked about is no parameter of the template.
    let declared = &template.body["Parameters"];
    Ok(values.into_iter().filter(|(name, _)| declared.get(name).is_some()).map(|(_, value)| value).collect())
}

async fn look_up(cloud: &Cloud, region: &str, lookup: Lookup, arn: &str) -> anyhow::Result<String> {
    let brokers = cloud.kafka(region).get_bootstrap_brokers().cluster_arn(arn).send().await;
    let brokers = brokers.with_context(|| format!("asking for the brokers of {arn}"))?;
    let found = match lookup {
        Lookup::BrokersScram => brokers.bootstrap_broker_string_sasl_scram,
        Lookup::BrokersIam => brokers.bootstrap_broker_string_sasl_iam,
    };
    found.filter(|found| !found.is_empty()).with_context(|| format!("{arn} has no brokers of that kind"))
}
