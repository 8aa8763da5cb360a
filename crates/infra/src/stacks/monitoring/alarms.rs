//! The alarms, as data. CloudWatch's alarms and the runbook (`docs/aws/runbook.md`) are made of them.

mod health;
mod performance;
mod security;

use super::alarm::Alarm;

/// All of them.
#[must_use]
pub fn alarms() -> Vec<Alarm> {
    [health::alarms(), performance::alarms(), security::alarms()].concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use astroshield_domain::metrics;

    use super::*;
    use crate::stacks::compute::dimensions;
    use crate::stacks::monitoring::alarm::{Missing, Severity, Watched};

    #[test]
    fn metrics_of_the_application_are_there_by_what_the_collector_sends() {
        for alarm in alarms() {
            if matches!(alarm.watched, Watched::Application { .. } | Watched::ApplicationOverAll { .. }) {
                let (metric, labels) = alarm.application_metric().unwrap_or_else(|| panic!("{}", alarm.name));
                assert_eq!(dimensions(metric), labels, "{}", alarm.name);
            }
        }
    }

    #[test]
    fn a_histogram_is_never_asked_for_what_its_export_does_not_have() {
        // The collector makes sums, counts and extremes of histograms; extremes are those since the process began.
        for alarm in alarms() {
            let histogram =
                alarm.application_metric().is_some_and(|(metric, _)| metric.kind == metrics::Kind::Histogram);
            if histogram {
                assert!(
                    matches!(alarm.watched, Watched::ApplicationOverAll { function: "AVG", .. }),
                    "{}",
                    alarm.name
                );
            }
        }
    }

    #[test]
    fn names_stand_for_one_and_every_alarm_says_what_to_do() {
        let names: BTreeSet<_> = alarms().iter().map(|alarm| alarm.name).collect();
        assert_eq!(names.len(), alarms().len());
        for alarm in alarms() {
            assert!(alarm.bad <= alarm.periods, "{}", alarm.name);
            // CloudWatch looks back a day at most.
            assert!(alarm.period * alarm.periods <= 86_400, "{}", alarm.name);
            for text in [alarm.why, alarm.cause, alarm.look, alarm.act] {
                assert!(text.ends_with('.') && text.len() > 15, "{}: {text}", alarm.name);
            }
            assert!(alarm.composite.is_none() || alarm.severity == Severity::Page, "{}", alarm.name);
        }
    }

    #[test]
    fn silence_about_screening_is_an_alarm() {
        let silence = alarms().into_iter().find(|alarm| alarm.name == "no-screening").unwrap();
        assert_eq!((silence.missing, silence.severity), (Missing::Breaching, Severity::Page));
        assert!(silence.dev);
    }
}
