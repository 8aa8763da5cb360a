//! What CloudFormation does, as it does it.

use std::collections::HashSet;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::describe_events::builders::DescribeEventsFluentBuilder;
use aws_sdk_cloudformation::types::{EventFilter, EventType, StackEvent};

use super::Terminal;

/// Events of a stack from now on.
#[derive(Debug)]
pub struct Events {
    client: Client,
    stack: String,
    seen: HashSet<String>,
    /// What failed, with why, in the order in which it did.
    pub failures: Vec<String>,
}

impl Events {
    /// Of a stack by its name or its id, which is that of one that is gone, too.
    pub async fn from_now_on(client: Client, stack: &str) -> Self {
        let mut events = Self { client, stack: stack.to_owned(), seen: HashSet::new(), failures: Vec::new() };
        // A stack that is not there yet has none.
        let before = events.unseen().await.unwrap_or_default();
        events.seen = before.into_iter().filter_map(|event| event.event_id).collect();
        events
    }

    /// Events that have not been seen, oldest first.
    async fn unseen(&self) -> anyhow::Result<Vec<StackEvent>> {
        let mut pages = self.client.describe_stack_events().stack_name(&self.stack).into_paginator().send();
        let mut events = Vec::new();
        // Newest first: the first one that was seen ends it.
        'pages: while let Some(page) = pages.next().await {
            for event in page?.stack_events.unwrap_or_default() {
                if event.event_id.as_ref().is_some_and(|id| self.seen.contains(id)) {
                    break 'pages;
                }
                events.push(event);
            }
        }
        events.reverse();
        Ok(events)
    }

    /// Shows what has happened since the last time.
    ///
    /// # Errors
    /// When CloudFormation does not answer.
    pub async fn show(&mut self, terminal: &mut dyn Terminal) -> anyhow::Result<()> {
        for event in self.unseen().await? {
            let status = event.resource_status().map(ToString::to_string).unwrap_or_default();
            let id = event.logical_resource_id().unwrap_or_default();
            let reason = event.resource_status_reason().unwrap_or_default();
            let kind = event.resource_type().unwrap_or_default();
            let separator = if reason.is_empty() { "" } else { ": " };
            terminal.show(&format!("  {status:<28} {id} ({kind}){separator}{reason}"));
            // What is cancelled as something else failed says nothing.
            if status.ends_with("_FAILED") && !reason.contains("cancelled") {
                self.failures.push(format!("{id} ({kind}): {reason}"));
            }
            self.seen.extend(event.event_id);
        }
        Ok(())
    }
}

/// What CloudFormation found wrong before it changed anything, of the newest operation of a stack or of a change set. Their own
/// status says how much it is, and that it has to be asked for.
pub async fn findings(of: DescribeEventsFluentBuilder) -> Vec<String> {
    let failed = EventFilter::builder().failed_events(true).build();
    let mut pages = of.filters(failed).into_paginator().send();
    let mut found = Vec::new();
    // Whoever may not ask is told that it failed all the same.
    while let Some(Ok(page)) = pages.next().await {
        found.extend(page.operation_events.unwrap_or_default());
    }
    let newest = found
        .iter()
        .max_by_key(|event| event.timestamp().map(aws_sdk_cloudformation::primitives::DateTime::as_nanos));
    let operation = newest.and_then(|event| event.operation_id().map(str::to_owned));
    let of_operation = found.iter().filter(|event| event.operation_id() == operation.as_deref());
    let wrong = of_operation.filter(|event| event.event_type() == Some(&EventType::ValidationError));
    wrong
        .map(|event| {
            let id = event.logical_resource_id().unwrap_or_default();
            let kind = event.resource_type().unwrap_or_default();
            let reason = event.validation_status_reason().unwrap_or_default();
            format!("{id} ({kind}): {reason}")
        })
        .collect()
}
