//! The runbook, made of the alarms.

use std::fmt::Write as _;

use super::alarm::{Alarm, Composite, Group, Severity, When};
use super::alarms::alarms;

/// What stands before the alarms in the runbook.
const BEGINNING: &str = "\
# Runbook

What to do when an alarm goes off. This page is made from the alarms (`crates/infra/src/stacks/monitoring/alarms`) and held
against them by a test; after a change, run `UPDATE_RUNBOOK=1 cargo test -p astroshield-infra runbook`.

The name of an alarm is `astroshield-ENVIRONMENT-NAME`, for some with the service, node, broker or function after it. **Page**: act
now. **Tell**: look today. Mail comes from the topics `astroshield-ENVIRONMENT-page` and `-tell`, and from `-edge-page` and
`-edge-tell`, which are in us-east-1 with the alarms that tell them: those of CloudFront's certificate and web ACL, and of the look
from outside. Each contact has to confirm each subscription once. A number for the size of the database (connections, memory)
belongs to the class of prod: look at it when you change the class.

Findings of GuardDuty and Config, and budgets, come over the same topics without an alarm: [below](#without-an-alarm).
";

/// What stands after them.
const END: &str = "\
## At a release

These tell nobody: ECS looks at them while it deploys the service `api`, and takes the release back when one goes off. The pipeline
then fails in its stage *Release*. Between releases, [answers-with-errors](#answers-with-errors) and
[unhealthy-tasks](#unhealthy-tasks) tell people of the same.

### release-errors

- **When**: of at least 20 requests in a minute more than 5 of 100 end in an error of the service, 2 of 2 periods of 60 s.
- **Cause**: a fault of the new release; or of the database, the cache or the brokers just then.
- **Look here**: the log `/astroshield/ENVIRONMENT/api`, query *errors*, from the release's time on: lines with the new build. X-Ray,
  group `errors`. Events of the stack `application`.
- **Do this**: mend the fault, and push: that is the next release. The release before runs again already, on tables that both
  know. If it was a server of ours, which is well again, release the same commit once more.

### release-unhealthy

- **When**: a task is not ready for requests, 3 of 3 periods of 60 s.
- **Cause**: the new tasks do not reach the database, the cache, the brokers or a secret; a setting that they refuse; or they
  begin too slowly.
- **Look here**: ECS, service `api`, *Deployments* and stopped tasks: why each ended. The log `/astroshield/ENVIRONMENT/api`: a
  process says what it waits for, and which key it refuses.
- **Do this**: as for release-errors. If tasks ended for want of memory or time, change sizes in `environment/sizes.rs`.

## Without an alarm

### GuardDuty finding

- **Cause**: something in the account behaves as an intruder would: an address known for attacks, credentials used from elsewhere.
- **Look here**: GuardDuty console, the finding: resource, actor, when. CloudTrail: what else those credentials did.
- **Do this**: disable the credentials or stop the task that is named, then change every secret that it could read. Archive
  the finding only when you can say what it was.

### Config: not compliant

- **Cause**: somebody changed a resource by hand, or a template lets through what a rule forbids.
- **Look here**: Config console, the rule: which resource, since when. CloudTrail: who changed it.
- **Do this**: deploy the stack again, which undoes the change; put the template right if it is the cause.

### Budget, or cost out of the ordinary

- **Cause**: more use than planned, a loop that logs or calls, a resource that was left running, or Spot that became dear.
- **Look here**: Cost Explorer by service and by the tag `Environment`. Dashboard `cost`. [What it costs](cost.md) says what is usual.
- **Do this**: find the service that grew, and its line in the estimate. Logs: what writes most. NAT: which destination. Take
  away what nobody uses; raise the budget if the growth is wanted.
";

/// The runbook.
#[must_use]
pub fn runbook() -> String {
    let mut text = String::from(BEGINNING);
    for composite in Composite::ALL {
        let members: Vec<String> = (alarms().iter())
            .filter(|alarm| alarm.composite == Some(composite))
            .map(|alarm| format!("[{0}](#{0})", alarm.name))
            .collect();
        let _ = writeln!(
            text,
            "\n`{}-trouble` pages once for: {}. {}",
            composite.name(),
            members.join(", "),
            composite.help()
        );
    }
    for group in Group::ALL {
        let _ = writeln!(text, "\n## {}", group.name());
        for alarm in alarms().iter().filter(|alarm| alarm.group == group) {
            entry(&mut text, alarm);
        }
    }
    let _ = write!(text, "\n{END}");
    text
}

fn entry(text: &mut String, alarm: &Alarm) {
    let severity = match alarm.severity {
        Severity::Page => "Page",
        Severity::Tell => "Tell",
    };
    let everywhere = if alarm.dev { "" } else { " Not in dev." };
    let _ = writeln!(text, "\n### {}\n\n**{severity}.** {}{everywhere}\n", alarm.name, alarm.why);
    let when = match alarm.when {
        When::Above(threshold) => format!("above {threshold}"),
        When::Below(threshold) => format!("below {threshold}"),
    };
    let _ = writeln!(
        text,
        "- **When**: {when}, {} of {} periods of {} s.\n- **Cause**: {}\n- **Look here**: {}\n- **Do this**: {}",
        alarm.bad, alarm.periods, alarm.period, alarm.cause, alarm.look, alarm.act
    );
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::environment::{Environment, Name, Operator};
    use crate::stacks::architecture;

    #[test]
    fn the_runbook_is_what_the_alarms_say() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/aws/runbook.md");
        let now = runbook();
        if std::env::var_os("UPDATE_RUNBOOK").is_some() {
            std::fs::write(&file, &now).unwrap();
        }
        let before = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            before == now,
            "docs/aws/runbook.md is out of date: run with UPDATE_RUNBOOK=1 and look at the difference"
        );
    }

    /// The entry of an alarm by its whole name, which may have what it is of at the end.
    fn entry_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
        let about = |entry: &str| {
            let rest = entry.lines().next().and_then(|heading| name.strip_prefix(heading));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let found = text.split("\n### ").skip(1).filter(|entry| about(entry));
        found.max_by_key(|entry| entry.find('\n'))
    }

    #[test]
    fn every_alarm_of_every_stack_has_an_entry_with_cause_place_and_action() {
        let text = runbook();
        let mut known = BTreeSet::new();
        for environment in Name::ALL {
            let environment = Environment::new(environment, Operator::parse("").unwrap());
            for template in architecture(&environment).unwrap() {
                for (id, _, properties) in
                    template.resources().filter(|(_, kind, _)| *kind == "AWS::CloudWatch::Alarm")
                {
                    let name = properties["AlarmName"].as_str().unwrap_or_else(|| panic!("{id} has no name"));
                    let name = name.strip_prefix(&environment.named("")).unwrap();
                    let entry = entry_of(&text, name).unwrap_or_else(|| panic!("no entry of {name}"));
                    for what in ["**Cause**: ", "**Look here**: ", "**Do this**: "] {
                        assert!(entry.contains(what), "{name}: no {what}");
                    }
                    known.insert(entry.lines().next().unwrap().to_owned());
                }
                for (id, kind, properties) in template.resources() {
                    let name = properties["AlarmName"]
                        .as_str()
                        .and_then(|name| name.strip_prefix(&environment.named("")));
                    let pages = name.is_some_and(|name| text.contains(&format!("`{name}` pages once for: ")));
                    assert!(kind != "AWS::CloudWatch::CompositeAlarm" || pages, "{id}");
                }
            }
        }
        // Whatever stands in the runbook is an alarm, up to what is without one.
        let entries = text.split("\n## Without an alarm").next().unwrap().split("\n### ").skip(1);
        let headings: BTreeSet<String> =
            entries.map(|entry| entry.lines().next().unwrap().to_owned()).collect();
        assert_eq!(headings, known);
    }
}
