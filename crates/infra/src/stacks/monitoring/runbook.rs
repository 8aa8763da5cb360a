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
now. **Tell**: look today. Mail comes from the topics `astroshield-ENVIRONMENT-page` and `-tell`; each contact has to confirm
the subscription once. A number for the size of the database (connections, memory) belongs to the class of prod: look at it
when you change the class.

Findings of GuardDuty and Config, and budgets, come over the same topics without an alarm: [below](#without-an-alarm).
";

/// What stands after them.
const END: &str = "\
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
    use std::path::Path;

    use super::*;

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

    #[test]
    fn every_alarm_has_an_entry_with_cause_place_and_action() {
        let text = runbook();
        for alarm in alarms() {
            let entry = text.split("\n### ").find(|entry| entry.starts_with(&format!("{}\n", alarm.name)));
            let entry = entry.unwrap_or_else(|| panic!("no entry of {}", alarm.name));
            for what in ["**Cause**: ", "**Look here**: ", "**Do this**: "] {
                assert!(entry.contains(what), "{}: no {what}", alarm.name);
            }
        }
    }
}
