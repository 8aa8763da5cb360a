//! Deployment through CloudFormation's change sets: in the order of the stacks, with what happens shown as it does, and rolled
//! back by CloudFormation where it fails.

pub mod bucket;
pub mod cloud;
pub mod configuration;
pub mod events;
pub mod parameters;
pub mod state;

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability, ChangeAction, ChangeSetStatus, ChangeSetType, Replacement, StackStatus, Tag,
};

use self::cloud::Cloud;
use self::events::Events;
use self::state::State;
use crate::checks::types;
use crate::diff::{Difference, differences};
use crate::manifest::{Entry, Manifest};
use crate::template::Template;

/// Whoever deploys.
pub trait Terminal {
    /// Says what happens.
    fn show(&mut self, line: &str);

    /// Asks before something is done that cannot be undone.
    ///
    /// # Errors
    /// When nobody is there.
    fn ask(&mut self, question: &str) -> anyhow::Result<bool>;
}

/// What was done to a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// It was as it should be.
    Unchanged,
    /// It was deleted.
    Deleted,
    /// It was not there.
    Absent,
}

/// What has to come before a stack can be deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing: it is not there, or only a change set of it is.
    Create,
    /// Nothing.
    Update,
    /// Something is being done to it.
    Wait,
    /// It was never made whole, and nothing of it is left but its name.
    Delete,
    /// A roll back of it has stopped, and has to go on first.
    RollBack,
    /// Somebody has to look.
    Refuse,
}

fn before(status: Option<&StackStatus>) -> Before {
    use StackStatus as Is;
    match status {
        None | Some(Is::ReviewInProgress | Is::DeleteComplete) => Before::Create,
        Some(
            Is::CreateComplete
            | Is::UpdateComplete
            | Is::UpdateRollbackComplete
            | Is::ImportComplete
            | Is::ImportRollbackComplete,
        ) => Before::Update,
        Some(Is::RollbackComplete | Is::CreateFailed | Is::RollbackFailed) => Before::Delete,
        Some(Is::UpdateRollbackFailed) => Before::RollBack,
        Some(status) if status.as_str().ends_with("_IN_PROGRESS") => Before::Wait,
        Some(_) => Before::Refuse,
    }
}

/// Deploys a stack.
///
/// # Errors
/// When AWS refuses, something fails and is rolled back, or what is asked is not agreed to.
pub async fn deploy(
    cloud: &Cloud,
    manifest: &Manifest,
    entry: &Entry,
    template: &Template,
    said: &BTreeMap<String, String>,
    terminal: &mut dyn Terminal,
) -> anyhow::Result<Done> {
    let state = make_ready(cloud, entry, terminal).await?;
    if state.is_some() {
        let deployed = state::template(cloud, entry).await?;
        let losses: Vec<Difference> =
            differences(&deployed, &template.body).into_iter().filter(|found| found.loss.is_some()).collect();
        for found in &losses {
            terminal.show(&format!("{}: {found}", entry.name));
        }
        if !losses.is_empty() {
            let question =
                format!("{}: data of {} resources is in danger, as said above", entry.name, losses.len());
            ensure!(terminal.ask(&question)?, "{}: nothing was done", entry.name);
        }
    }
    let parameters = parameters::resolve(cloud, manifest, entry, template, said, state.as_ref()).await?;
    let Some(change_set) = prepare(cloud, entry, template, parameters, state.is_some()).await? else {
        protect(cloud, entry, state.as_ref()).await?;
        return Ok(Done::Unchanged);
    };
    // AWS knows of replacements that the templates do not show: those that follow from another one.
    let endangered: Vec<String> = change_set.changes().iter().filter_map(endangered).collect();
    for found in &endangered {
        terminal.show(&format!("{}: {found}", entry.name));
    }
    if !endangered.is_empty() {
        let question = format!("{}: AWS removes or replaces what holds data, as said above", entry.name);
        if !terminal.ask(&question)? {
            discard(cloud, entry, &change_set).await?;
            bail!("{}: nothing was done", entry.name);
        }
    }
    execute(cloud, entry, &change_set, terminal).await?;
    protect(cloud, entry, state.as_ref()).await?;
    Ok(if state.is_some() { Done::Updated } else { Done::Created })
}

/// What a change does to something that holds data, in words.
fn endangered(change: &aws_sdk_cloudformation::types::Change) -> Option<String> {
    let change = change.resource_change()?;
    let kind = change.resource_type().unwrap_or_default();
    if !types::stateful(kind) {
        return None;
    }
    let what = match (change.action()?, change.replacement()) {
        (ChangeAction::Remove, _) => "removed",
        (ChangeAction::Modify, Some(Replacement::True)) => "replaced",
        (ChangeAction::Modify, Some(Replacement::Conditional)) => "perhaps replaced",
        _ => return None,
    };
    Some(format!("{} ({kind}) is {what}", change.logical_resource_id().unwrap_or_default()))
}

/// The stack in a state that it can be deployed from; nothing where it has to be created.
async fn make_ready(
    cloud: &Cloud,
    entry: &Entry,
    terminal: &mut dyn Terminal,
) -> anyhow::Result<Option<State>> {
    loop {
        let state = state::read(cloud, entry).await?;
        let status = state.as_ref().map(|state| &state.status);
        match before(status) {
            Before::Create => return Ok(None),
            Before::Update => return Ok(state),
            Before::Wait => {
                let doing = status.map_or("", StackStatus::as_str);
                terminal.show(&format!("{}: {doing} is under way", entry.name));
                wait(cloud, entry, None, terminal).await?;
            }
            Before::Delete => {
                let name = &entry.name;
                terminal.show(&format!("{name}: the first deployment failed; what is left of it is deleted"));
                delete(cloud, entry, terminal).await?;
            }
            Before::RollBack => {
                terminal.show(&format!("{}: the roll back that stopped goes on", entry.name));
                let client = cloud.cloudformation(&entry.region);
                let mut events = Events::from_now_on(client.clone(), &entry.name).await;
                let sent = client.continue_update_rollback().stack_name(&entry.name).send().await;
                sent.with_context(|| entry.name.clone())?;
                let state = wait(cloud, entry, Some(&mut events), terminal).await?;
                let status = state.map(|state| state.status);
                ensure!(
                    status == Some(StackStatus::UpdateRollbackComplete),
                    "{}: the roll back has stopped again: {}",
                    entry.name,
                    events.failures.join("; ")
                );
            }
            Before::Refuse => {
                let reason = state.as_ref().map_or("", |state| state.reason.as_str());
                bail!("{} is {}: {reason}", entry.name, status.map_or("", StackStatus::as_str))
            }
        }
    }
}

/// Makes a change set; nothing where it has no changes.
async fn prepare(
    cloud: &Cloud,
    entry: &Entry,
    template: &Template,
    parameters: Vec<aws_sdk_cloudformation::types::Parameter>,
    exists: bool,
) -> anyhow::Result<Option<DescribeChangeSetOutput>> {
    let client = cloud.cloudformation(&entry.region);
    let text = template.text();
    let tags = entry.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let now = std::time::UNIX_EPOCH.elapsed()?.as_millis();
    let mut create = client
        .create_change_set()
        .stack_name(&entry.name)
        .change_set_name(format!("astroshield-{now}"))
        .change_set_type(if exists { ChangeSetType::Update } else { ChangeSetType::Create })
        .capabilities(Capability::CapabilityNamedIam)
        .set_parameters(Some(parameters))
        .set_tags(Some(tags));
    create = if entry.through_s3 {
        create.template_url(bucket::upload(cloud, entry, &text).await?)
    } else {
        create.template_body(text)
    };
    let created = match create.send().await {
        Ok(created) => created,
        Err(error) if error.message().is_some_and(is_unchanged) => return Ok(None),
        Err(error) => return Err(error).with_context(|| entry.name.clone()),
    };
    let id = created.id.context("a change set has no id")?;
    loop {
        let described =
            client.describe_change_set().stack_name(&entry.name).change_set_name(&id).send().await;
        let mut described = described.with_context(|| entry.name.clone())?;
        match described.status() {
            Some(ChangeSetStatus::CreateComplete) => {
                let mut next = described.next_token.take();
                while let Some(token) = next {
                    let more = client.describe_change_set().stack_name(&entry.name).change_set_name(&id);
                    let more = more.next_token(token).send().await?;
                    described.changes.get_or_insert_default().extend(more.changes.unwrap_or_default());
                    next = more.next_token;
                }
                described.change_set_id.get_or_insert(id);
                return Ok(Some(described));
            }
            Some(ChangeSetStatus::Failed) => {
                let reason = described.status_reason().unwrap_or_default().to_owned();
                described.change_set_id.get_or_insert(id);
                let unchanged = is_unchanged(&reason);
                // They go with the change set.
                let of = client.describe_events().set_change_set_name(described.change_set_id.clone());
                let found = if unchanged { Vec::new() } else { events::findings(of).await };
                discard(cloud, entry, &described).await?;
                if unchanged {
                    return Ok(None);
                }
                bail!("{}: no change set: {}", entry.name, [vec![reason], found].concat().join("; "))
            }
            _ => tokio::time::sleep(cloud.pause()).await,
        }
    }
}

/// Whether CloudFormation says that there is nothing to do, which it calls a failure.
fn is_unchanged(reason: &str) -> bool {
    ["didn't contain changes", "No updates are to be performed"].iter().any(|said| reason.contains(said))
}

async fn discard(cloud: &Cloud, entry: &Entry, change_set: &DescribeChangeSetOutput) -> anyhow::Result<()> {
    let id = change_set.change_set_id().unwrap_or_default();
    let client = cloud.cloudformation(&entry.region);
    let sent = client.delete_change_set().stack_name(&entry.name).change_set_name(id).send().await;
    sent.with_context(|| entry.name.clone())?;
    Ok(())
}

async fn execute(
    cloud: &Cloud,
    entry: &Entry,
    change_set: &DescribeChangeSetOutput,
    terminal: &mut dyn Terminal,
) -> anyhow::Result<()> {
    let client = cloud.cloudformation(&entry.region);
    let mut events = Events::from_now_on(client.clone(), &entry.name).await;
    let id = change_set.change_set_id().unwrap_or_default();
    let sent = client
        .execute_change_set()
        .stack_name(&entry.name)
        .change_set_name(id)
        .disable_rollback(false)
        // What holds data is kept when it is taken out; one that was just made holds none, and its name would be taken the next time.
        .retain_except_on_create(true)
        .send()
        .await;
    sent.with_context(|| entry.name.clone())?;
    let state = wait(cloud, entry, Some(&mut events), terminal).await?.context("the stack is gone")?;
    // The name alone does not tell: another deployment may have seen this one fail, deleted the stack and made it again.
    if change_set.stack_id().is_some_and(|own| own != state.id) {
        bail!(
            "{}: what this deployment made is gone; another deployment has made the stack anew",
            entry.name
        );
    }
    if !matches!(state.status, StackStatus::CreateComplete | StackStatus::UpdateComplete) {
        let mut why = events.failures;
        why.extend(events::findings(client.describe_events().stack_name(&entry.name)).await);
        let why = if why.is_empty() { state.reason } else { why.join("; ") };
        bail!("{} is {}: {why}", entry.name, state.status.as_str());
    }
    Ok(())
}

/// Waits until nothing is done to a stack any more, and says how it is then.
async fn wait(
    cloud: &Cloud,
    entry: &Entry,
    mut events: Option<&mut Events>,
    terminal: &mut dyn Terminal,
) -> anyhow::Result<Option<State>> {
    loop {
        let state = state::read(cloud, entry).await?;
        if let Some(events) = &mut events {
            events.show(terminal).await?;
        }
        match &state {
            Some(now) if before(Some(&now.status)) == Before::Wait => tokio::time::sleep(cloud.pause()).await,
            _ => return Ok(state),
        }
    }
}

async fn protect(cloud: &Cloud, entry: &Entry, state: Option<&State>) -> anyhow::Result<()> {
    if state.is_some_and(|state| state.protected) == entry.termination_protection {
        return Ok(());
    }
    let client = cloud.cloudformation(&entry.region);
    let sent = client
        .update_termination_protection()
        .stack_name(&entry.name)
        .enable_termination_protection(entry.termination_protection)
        .send()
        .await;
    sent.with_context(|| format!("{}: termination protection", entry.name))?;
    Ok(())
}

/// Deletes a stack, with what it does not keep.
///
/// # Errors
/// When AWS refuses, or something of it cannot be deleted.
pub async fn delete(cloud: &Cloud, entry: &Entry, terminal: &mut dyn Terminal) -> anyhow::Result<Done> {
    let Some(state) = state::read(cloud, entry).await? else { return Ok(Done::Absent) };
    let client = cloud.cloudformation(&entry.region);
    // By its name, nothing is known of a stack that is gone.
    let mut events = Events::from_now_on(client.clone(), &state.id).await;
    let sent = client.delete_stack().stack_name(&entry.name).send().await;
    sent.with_context(|| entry.name.clone())?;
    loop {
        let state = state::read(cloud, entry).await?;
        events.show(terminal).await?;
        let Some(state) = state else { return Ok(Done::Deleted) };
        ensure!(
            before(Some(&state.status)) == Before::Wait,
            "{} is {}: {}",
            entry.name,
            state.status.as_str(),
            events.failures.join("; ")
        );
        tokio::time::sleep(cloud.pause()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_deployed_from_every_state_that_it_can_be_in() {
        for (status, expected) in [
            ("CREATE_COMPLETE", Before::Update),
            ("UPDATE_ROLLBACK_COMPLETE", Before::Update),
            ("REVIEW_IN_PROGRESS", Before::Create),
            ("ROLLBACK_COMPLETE", Before::Delete),
            ("UPDATE_ROLLBACK_FAILED", Before::RollBack),
            ("UPDATE_IN_PROGRESS", Before::Wait),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Before::Wait),
            ("DELETE_IN_PROGRESS", Before::Wait),
            ("DELETE_FAILED", Before::Refuse),
        ] {
            assert_eq!(before(Some(&StackStatus::from(status))), expected, "{status}");
        }
        assert_eq!(before(None), Before::Create);
    }

    #[test]
    fn a_change_set_that_replaces_what_holds_data_is_called_out() {
        use aws_sdk_cloudformation::types::{Change, ResourceChange};
        let change = |kind: &str, action: ChangeAction, replacement: Replacement| {
            let change =
                ResourceChange::builder().logical_resource_id("It").resource_type(kind).action(action);
            Change::builder().resource_change(change.replacement(replacement).build()).build()
        };
        let database = "AWS::RDS::DBInstance";
        for (change, expected) in [
            (change(database, ChangeAction::Modify, Replacement::True), Some("replaced")),
            (change(database, ChangeAction::Modify, Replacement::Conditional), Some("perhaps replaced")),
            (change(database, ChangeAction::Remove, Replacement::False), Some("removed")),
            (change(database, ChangeAction::Modify, Replacement::False), None),
            (change("AWS::ECS::TaskDefinition", ChangeAction::Modify, Replacement::True), None),
        ] {
            let expected = expected.map(|what| format!("It ({database}) is {what}"));
            assert_eq!(endangered(&change), expected);
        }
    }
}
