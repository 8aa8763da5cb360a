//! Budgets, and costs that are out of the ordinary.
//!
//! AWS sees the tag of an environment in its costs only once that tag is switched on as a cost allocation tag, in the account
//! that pays, by whoever owns it; it takes a day. `docs/aws/cost.md` says how.

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::manifest::ENVIRONMENT_TAG;
use crate::stacks::monitoring::Monitoring;
use crate::template::Stack;
use crate::template::kinds::{AnomalyMonitor, AnomalySubscription, Budget};

/// Shares of the budget, in percent, at which somebody is told.
const SHARES: [u32; 3] = [50, 80, 100];

/// USD a day beyond what is usual, from which on somebody is told.
const UNUSUAL_USD: u32 = 10;

/// Adds budgets, and what looks for unusual costs.
pub fn add(stack: &Stack, environment: &Environment, monitoring: &Monitoring) {
    let contacts = &environment.operator.contacts;
    let mut subscribers: Vec<Value> =
        contacts.iter().map(|contact| json!({ "SubscriptionType": "EMAIL", "Address": contact })).collect();
    // A budget tells ten addresses at most, and one topic.
    subscribers.truncate(10);
    subscribers.push(json!({ "SubscriptionType": "SNS", "Address": monitoring.tell.arn() }));
    let told = |kind: &str, share: u32| {
        json!({
            "Notification": {
                "NotificationType": kind,
                "ComparisonOperator": "GREATER_THAN",
                "Threshold": share,
                "ThresholdType": "PERCENTAGE",
            },
            "Subscribers": subscribers,
        })
    };
    let mut notifications: Vec<Value> = SHARES.map(|share| told("ACTUAL", share)).to_vec();
    notifications.push(told("FORECASTED", 100));
    stack.add::<Budget>(
        "Budget",
        json!({
            "Budget": {
                "BudgetName": environment.named("monthly"),
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": { "Amount": environment.budget_usd, "Unit": "USD" },
                "CostFilters": { "TagKeyValue": [format!("user:{ENVIRONMENT_TAG}${}", environment.name)] },
            },
            "NotificationsWithSubscribers": notifications,
        }),
    );
    if environment.sizes.account_wide {
        anomalies(stack, environment);
    }
}

/// Adds what looks for unusual costs of all environments. An account has one monitor by service, which AWS makes by itself in new
/// accounts, so that this one goes by the tag.
fn anomalies(stack: &Stack, environment: &Environment) {
    let values = Environment::names();
    let by_tag = json!({ "Tags": { "Key": ENVIRONMENT_TAG, "Values": values, "MatchOptions": ["EQUALS"] } });
    let monitor = stack.add::<AnomalyMonitor>(
        "UnusualCosts",
        json!({
            "MonitorName": environment.named("costs"),
            "MonitorType": "CUSTOM",
            // Both properties are JSON as a text.
            "MonitorSpecification": by_tag.to_string(),
        }),
    );
    let from = json!({ "Dimensions": {
        "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
        "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
        "Values": [UNUSUAL_USD.to_string()],
    } });
    let subscribers: Vec<Value> = (environment.operator.contacts.iter())
        .map(|contact| json!({ "Type": "EMAIL", "Address": contact }))
        .collect();
    stack.add::<AnomalySubscription>(
        "UnusualCostsTold",
        json!({
            "SubscriptionName": environment.named("costs"),
            "MonitorArnList": [monitor.arn()],
            // A topic would be told at once; mail is sent once a day.
            "Frequency": "DAILY",
            "Subscribers": subscribers,
            "ThresholdExpression": from.to_string(),
        }),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{Name, Operator};
    use crate::stacks::architecture;
    use crate::template::Template;

    fn of(name: Name, kind: &str) -> Vec<Value> {
        let environment = Environment::new(name, Operator::parse("[budget]\ndev = 77").unwrap());
        let templates = architecture(&environment).unwrap();
        let resources = templates.iter().flat_map(Template::resources);
        resources.filter(|(_, of, _)| *of == kind).map(|(_, _, properties)| properties.clone()).collect()
    }

    #[test]
    fn the_budget_is_the_operators_and_tells_before_it_is_spent() {
        let budget = &of(Name::Dev, "AWS::Budgets::Budget")[0];
        assert_eq!(budget["Budget"]["BudgetLimit"]["Amount"], 77);
        let told: Vec<(&str, u64)> = (budget["NotificationsWithSubscribers"].as_array().unwrap().iter())
            .map(|told| &told["Notification"])
            .map(|told| (told["NotificationType"].as_str().unwrap(), told["Threshold"].as_u64().unwrap()))
            .collect();
        assert_eq!(told, [("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]);
    }

    #[test]
    fn what_an_account_has_once_is_in_prod_alone() {
        assert!(of(Name::Dev, "AWS::CE::AnomalyMonitor").is_empty());
        let monitors = of(Name::Prod, "AWS::CE::AnomalyMonitor");
        assert_eq!(monitors[0]["MonitorType"], "CUSTOM");
        assert!(of(Name::Recovery, "AWS::XRay::TransactionSearchConfig").is_empty());
        assert_eq!(of(Name::Prod, "AWS::XRay::TransactionSearchConfig").len(), 1);
    }
}
