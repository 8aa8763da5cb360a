//! Schedule expressions of EventBridge, AWS Backup and Secrets Manager.

use super::{Architecture, Finding, walk};

/// Properties that are schedule expressions.
const NAMES: &[&str] = &["ScheduleExpression", "Schedule"];

/// Schedule expressions that AWS refuses.
pub fn schedules(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for item in architecture.items() {
        walk(item.properties, &mut |name, value| {
            if let (true, Some(expression)) = (NAMES.contains(&name), value.as_str())
                && let Err(fault) = check(expression)
            {
                findings.push(item.finding(format!("{name} {expression:?}: {fault}")));
            }
        });
    }
}

fn check(expression: &str) -> Result<(), String> {
    let within = |name: &str| {
        let rest = expression.strip_prefix(name)?.strip_prefix('(')?;
        rest.strip_suffix(')')
    };
    if let Some(rate) = within("rate") {
        return check_rate(rate);
    }
    if let Some(time) = within("at") {
        let parsed: Result<jiff::civil::DateTime, _> = time.parse();
        return parsed.map(|_| ()).map_err(|_| "is no time, as in at(2026-11-29T12:00:00)".to_owned());
    }
    match within("cron") {
        Some(fields) => check_cron(fields),
        None => Err("is neither rate(), cron() nor at()".to_owned()),
    }
}

fn check_rate(rate: &str) -> Result<(), String> {
    let Some((value, unit)) = rate.split_once(' ') else { return Err("is no value and unit".to_owned()) };
    let value: u32 = value.parse().map_err(|_| format!("{value:?} is no number"))?;
    let units: &[&str] = match value {
        0 => return Err("happens 0 times".to_owned()),
        1 => &["minute", "hour", "day"],
        _ => &["minutes", "hours", "days"],
    };
    if units.contains(&unit) { Ok(()) } else { Err(format!("the unit of {value} is one of {units:?}")) }
}

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Name, least, most, and names of the values from the least on, of each field.
const FIELDS: [(&str, u32, u32, &[&str]); 6] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    ("month", 1, 12, MONTHS),
    ("day of the week", 1, 7, DAYS),
    ("year", 1970, 2199, &[]),
];

fn check_cron(text: &str) -> Result<(), String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!("has {} fields, and AWS takes 6", fields.len()));
    }
    for (field, (name, least, most, names)) in fields.iter().zip(FIELDS) {
        let day = name.starts_with("day");
        for part in field.split(',') {
            let (range, step) =
                part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
            if step.is_some_and(|step| step.parse::<u32>().map_or(true, |step| step == 0)) {
                return Err(format!("{part:?} is no step of a {name}"));
            }
            let special =
                range == "*" || (day && (range == "?" || range.ends_with(['L', 'W']) || range.contains('#')));
            let mut ends = range.split('-').map(|value| {
                let named =
                    names.iter().zip(least..).find(|(named, _)| **named == value).map(|(_, value)| value);
                named.or_else(|| value.parse().ok()).filter(|value| (least..=most).contains(value))
            });
            if !special && !ends.all(|end| end.is_some()) {
                return Err(format!("{part:?} is no {name}"));
            }
        }
    }
    // AWS takes one of the two days, and `?` for the other.
    match (fields[2], fields[4]) {
        ("?", "?") => Err("both days are ?".to_owned()),
        ("?", _) | (_, "?") => Ok(()),
        _ => Err("one of the two days has to be ?".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::planted::found;
    use super::*;

    #[test]
    fn a_schedule_that_aws_refuses_is_found() {
        let resources = json!({
            "Good": { "Type": "AWS::Scheduler::Schedule", "Properties": { "ScheduleExpression": "rate(5 minutes)" } },
            "Unix": { "Type": "AWS::Scheduler::Schedule", "Properties": { "ScheduleExpression": "cron(0 5 * * *)" } },
            "Plan": { "Type": "AWS::Backup::BackupPlan", "Properties": { "BackupPlan": { "BackupPlanRule": [
                { "ScheduleExpression": "cron(0 5 * * * *)" },
            ] } } },
        });
        let expected = [
            "Plan: ScheduleExpression \"cron(0 5 * * * *)\": one of the two days has to be ?",
            "Unix: ScheduleExpression \"cron(0 5 * * *)\": has 5 fields, and AWS takes 6",
        ];
        assert_eq!(found(schedules, &resources), expected);
    }

    #[test]
    fn expressions_are_held_against_the_rules_of_aws() {
        for good in [
            "rate(1 hour)",
            "rate(30 days)",
            "cron(0 5 ? * MON-FRI *)",
            "cron(0/15 8-17 ? * 2#1 *)",
            "cron(0 0 L * ? *)",
            "cron(0 10 * JAN,JUL ? 2026-2030)",
            "at(2026-11-29T12:00:00)",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "rate(1 hours)",
            "rate(5 minute)",
            "rate(0 minutes)",
            "cron(60 5 * * ? *)",
            "cron(0 5 ? * ? *)",
            "cron(0 5 0 * ? *)",
            "cron(0 5 * 13 ? *)",
            "cron(*/0 5 * * ? *)",
            "at(tomorrow)",
            "every day",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
