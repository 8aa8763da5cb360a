//! Findings of checkov that stay, with why, and until when somebody has to think of it again.

use std::collections::BTreeSet;

use super::Finding;
use crate::environment::Name;
use crate::template::StackName;

/// A finding that stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception {
    /// Rule of checkov (`CKV_AWS_18`).
    pub rule: &'static str,
    /// Stack of the resource.
    pub stack: StackName,
    /// Logical ids of the resources; one that ends in `*` stands for all that begin so.
    pub at: &'static [&'static str],
    /// Environments in which it is found.
    pub environments: &'static [Name],
    /// Why it stays.
    pub reason: &'static str,
    /// Last day on which it holds.
    pub until: jiff::civil::Date,
}

/// All of them.
pub const ALL: &[Exception] = &[
    Exception {
        rule: "CKV_AWS_18",
        stack: StackName::Storage,
        at: &["Logs"],
        environments: &Name::ALL,
        reason: "it is where access logs are written: its own would be written of each of them",
        until: UNTIL,
    },
    Exception {
        rule: "CKV_AWS_157",
        stack: StackName::Data,
        at: &["Database"],
        environments: &[Name::Dev],
        reason: "dev has everything once; a lost zone is a pause, and the backup is there",
        until: UNTIL,
    },
    Exception {
        rule: "CKV_AWS_157",
        stack: StackName::Data,
        at: &["DatabaseReader"],
        environments: &[Name::Prod, Name::Recovery],
        reason: "a copy for reading holds nothing of its own; without it, the writer is read",
        until: UNTIL,
    },
    Exception {
        rule: "CKV_AWS_16",
        stack: StackName::Data,
        at: &["DatabaseReader"],
        environments: &[Name::Prod, Name::Recovery],
        reason: "a copy in the region is encrypted as its source is, and cannot say so itself",
        until: UNTIL,
    },
    Exception {
        rule: "CKV_AWS_116",
        stack: StackName::Application,
        at: &["Authorizer", "Connections", "StreamAuthorizer"],
        environments: &Name::ALL,
        reason: "API Gateway waits for their answer: no event is queued that could be lost",
        until: UNTIL,
    },
    Exception {
        rule: "CKV_AWS_115",
        stack: StackName::Application,
        at: &["Authorizer", "Connections", "StreamAuthorizer"],
        environments: &[Name::Dev],
        reason: "a new account has ten executions at once, of which none can be reserved",
        until: UNTIL,
    },
    Exception {
        rule: "CKV_AWS_116",
        stack: StackName::Application,
        at: &["Rotate*"],
        environments: &Name::ALL,
        reason: "Secrets Manager calls a step again that has failed, and begins anew a day later: no event is lost for ever",
        until: UNTIL,
    },
    Exception {
        rule: "CKV_AWS_115",
        stack: StackName::Application,
        at: &["Rotate*"],
        environments: &[Name::Dev],
        reason: "a new account has ten executions at once, of which none can be reserved",
        until: UNTIL,
    },
    Exception {
        rule: "CKV2_AWS_71",
        stack: StackName::Application,
        at: &["Certificate"],
        environments: &Name::ALL,
        reason: "it is for the names directly below the environment's own domain, which nobody else has",
        until: UNTIL,
    },
    Exception {
        rule: "CKV_AWS_65",
        stack: StackName::Application,
        at: &["Cluster"],
        environments: &[Name::Dev],
        reason: "metrics of each container cost more than dev may; the application's own are there",
        until: UNTIL,
    },
    Exception {
        rule: "CKV_AWS_120",
        stack: StackName::Application,
        at: &["RestStage"],
        environments: &Name::ALL,
        reason: "answers are for one caller, and the application keeps what can be kept in its own cache",
        until: UNTIL,
    },
    Exception {
        rule: "CKV_AWS_86",
        stack: StackName::Edge,
        at: &["Distribution"],
        environments: &Name::ALL,
        reason: "its access logs go by deliveries of CloudWatch Logs, which checkov does not know",
        until: UNTIL,
    },
];

/// They are looked at again after a year.
const UNTIL: jiff::civil::Date = jiff::civil::date(2027, 11, 29);

impl Exception {
    fn matches(&self, finding: &Finding, at: &str) -> bool {
        let here = match at.strip_suffix('*') {
            Some(start) => finding.at.starts_with(start),
            None => finding.at == at,
        };
        here && self.stack == finding.stack && finding.check.ends_with(self.rule)
    }
}

/// The findings of an environment that no exception is for, and what is wrong with the exceptions themselves.
#[must_use]
pub fn apply(
    exceptions: &[Exception],
    environment: Name,
    findings: Vec<Finding>,
    today: jiff::civil::Date,
) -> Vec<Finding> {
    let mut used = BTreeSet::new();
    let mut left = Vec::new();
    for finding in findings {
        let mut excepted = false;
        for (number, exception) in exceptions.iter().enumerate() {
            for at in exception.at {
                if exception.environments.contains(&environment) && exception.matches(&finding, at) {
                    used.insert((number, *at));
                    excepted |= today <= exception.until;
                }
            }
        }
        if !excepted {
            left.push(finding);
        }
    }
    for (number, exception) in exceptions.iter().enumerate() {
        if !exception.environments.contains(&environment) {
            continue;
        }
        for at in exception.at {
            let mut report = |message: String| {
                left.push(Finding {
                    stack: exception.stack,
                    at: (*at).to_owned(),
                    check: format!("exception {}", exception.rule),
                    message,
                });
            };
            if !used.contains(&(number, *at)) {
                report("nothing is found that it is for".to_owned());
            } else if today > exception.until {
                report(format!("it ended on {}", exception.until));
            }
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const EXCEPTION: Exception = Exception {
        rule: "CKV_AWS_18",
        stack: StackName::Data,
        at: &["Logs"],
        environments: &[Name::Prod],
        reason: "it is where access logs are",
        until: date(2027, 11, 30),
    };

    fn finding(at: &str) -> Finding {
        Finding {
            stack: StackName::Data,
            at: at.to_owned(),
            check: "checkov CKV_AWS_18".to_owned(),
            message: "no access logs".to_owned(),
        }
    }

    fn applied(environment: Name, findings: Vec<Finding>, today: jiff::civil::Date) -> Vec<String> {
        let left = apply(&[EXCEPTION], environment, findings, today);
        left.into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn an_exception_is_for_its_resource_and_environment_alone() {
        let today = date(2027, 11, 30);
        assert_eq!(applied(Name::Prod, vec![finding("Logs")], today), [""; 0]);
        let left = ["data/Blobs: no access logs (checkov CKV_AWS_18)"];
        assert_eq!(applied(Name::Prod, vec![finding("Logs"), finding("Blobs")], today), left);
        assert_eq!(applied(Name::Dev, vec![finding("Blobs")], today), left);
    }

    #[test]
    fn an_exception_that_ended_is_a_finding_beside_what_it_was_for() {
        let left = [
            "data/Logs: no access logs (checkov CKV_AWS_18)",
            "data/Logs: it ended on 2027-11-30 (exception CKV_AWS_18)",
        ];
        assert_eq!(applied(Name::Prod, vec![finding("Logs")], date(2027, 12, 1)), left);
    }

    #[test]
    fn an_exception_that_is_for_nothing_is_a_finding() {
        let left = ["data/Logs: nothing is found that it is for (exception CKV_AWS_18)"];
        assert_eq!(applied(Name::Prod, vec![], date(2027, 1, 1)), left);
        assert_eq!(applied(Name::Dev, vec![], date(2027, 1, 1)), [""; 0]);
    }

    #[test]
    fn exceptions_have_a_reason_and_end_within_a_year() {
        for exception in ALL {
            assert!(exception.reason.len() > 20, "{}: why?", exception.rule);
            assert!(exception.until <= date(2027, 11, 30), "{}: ends late", exception.rule);
        }
    }
}
