//! What rotates passwords: Secrets Manager calls a function of the program for each secret, once a month. What each does is
//! in `crates/server/src/function/rotation.rs`.
//!
//! The database's password is RDS's own to rotate where it keeps it (dev); where there is a read replica, RDS refuses to, and a
//! function does it. Each function may do with its own secret what a rotation needs, reach what it is for, and nothing else.

use serde_json::{Value, json};

use super::{Making, Surroundings};
use crate::application;
use crate::join;
use crate::template::kinds::{Function, FunctionPermission, RotationSchedule, Secret, Service};
use crate::template::policy::Statement;
use crate::template::value::account;
use crate::template::{Lookup, Resource};

/// When rotations may begin: on the first day of a month, while few are there.
const SCHEDULE: &str = "cron(0 3 1 * ? *)";

/// Within which time they do.
const WINDOW: &str = "2h";

/// Of each, one at a time is enough.
const AT_ONCE: u32 = 1;

/// A rotation in the making.
struct Rotating<'a> {
    id: &'a str,
    name: &'static str,
    what: &'a str,
    secret: &'a Resource<Secret>,
    settings: Vec<(&'a str, Value)>,
    allowed: Vec<Statement>,
    /// How long a new password may take to be known everywhere.
    patience_s: u32,
}

impl Surroundings<'_> {
    /// Adds the rotation of every password that nobody else rotates.
    pub(super) fn rotations(&self) -> Vec<(&'static str, Resource<Function>)> {
        let (data, environment) = (self.data, self.environment);
        let mut made = Vec::new();
        if let Some(secret) = &data.database.own_secret {
            made.push(self.rotate(Rotating {
                id: "RotateDatabase",
                name: "rotate-database",
                what: "Rotates the password of the database",
                secret,
                settings: application::store(data),
                allowed: Vec::new(),
                patience_s: 60,
            }));
        }
        let mut settings = application::cache(environment, data);
        settings.push(("rotation.cache_user", data.cache.user.id()));
        made.push(self.rotate(Rotating {
            id: "RotateCache",
            name: "rotate-cache",
            what: "Rotates the password of the cache's user",
            secret: &data.cache.secret,
            settings,
            allowed: vec![Statement::allow(&["elasticache:ModifyUser"], [data.cache.user.arn()])],
            // Nodes are told of it one after the other.
            patience_s: 300,
        }));
        if let Some(streaming) = &data.streaming {
            let services = || self.compute.processes.iter().map(|process| &process.service);
            let brokers = self.stack.look_up("Brokers", Lookup::BrokersScram, &streaming.cluster.arn());
            let names =
                services().map(|service| join!("\"", self.compute.cluster.name(), "/", service.name(), "\""));
            let names = json!({ "Fn::Join": [", ", names.collect::<Vec<_>>()] });
            made.push(self.rotate(Rotating {
                id: "RotateBrokers",
                name: "rotate-brokers",
                what: "Rotates the password of the brokers' user, and has tasks begin anew with it",
                secret: &streaming.secret,
                settings: vec![
                    ("bus.kind", json!("kafka")),
                    ("bus.brokers", brokers),
                    ("bus.user", json!(crate::stacks::streaming::USER)),
                    ("bus.password_secret", join!(streaming.secret.arn(), "#password")),
                    ("rotation.services", join!("[", names, "]")),
                ],
                allowed: vec![Statement::allow(
                    &["ecs:UpdateService"],
                    services().map(Resource::<Service>::arn),
                )],
                // MSK takes some minutes to read the secret again.
                patience_s: 780,
            }));
        }
        made
    }

    fn rotate(&self, rotating: Rotating<'_>) -> (&'static str, Resource<Function>) {
        let Rotating { id, name, what, secret, mut settings, mut allowed, patience_s } = rotating;
        settings.extend([
            ("rotation.secret", secret.arn()),
            ("rotation.patience", json!(format!("{patience_s}s"))),
            ("secrets.region", json!(self.environment.region)),
        ]);
        allowed.extend([
            Statement::allow(
                &[
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:UpdateSecretVersionStage",
                ],
                [secret.arn()],
            ),
            // For the value that it puts in.
            Statement::allow(&["kms:GenerateDataKey"], [self.data.storage.key.arn()]),
        ]);
        let (function, ..) = self.make(Making {
            id,
            name,
            which: name,
            what,
            settings,
            allowed,
            group: &self.network.rotation,
            timeout_s: patience_s + 120,
            reserved: self.environment.sizes.api.reserved_functions.map(|_| AT_ONCE),
        });
        let permission: Resource<FunctionPermission> = self.stack.add(
            format!("{id}Permission"),
            json!({
                "FunctionName": function.arn(),
                "Action": "lambda:InvokeFunction",
                "Principal": "secretsmanager.amazonaws.com",
                "SourceAccount": account(),
                "SourceArn": secret.arn(),
            }),
        );
        let schedule: Resource<RotationSchedule> = self.stack.add(
            format!("{id}Schedule"),
            json!({
                "SecretId": secret.arn(),
                "RotationLambdaARN": function.arn(),
                "RotationRules": { "ScheduleExpression": SCHEDULE, "Duration": WINDOW },
                // The first password was made by chance and is known to nobody. Secrets Manager tries the step `testSecret` instead.
                "RotateImmediatelyOnUpdate": false,
            }),
        );
        self.stack.after(&schedule, &permission);
        (name, function)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use crate::environment::{Environment, Name, Operator};
    use crate::stacks::architecture;
    use crate::template::{StackName, Template};

    fn application(name: Name, settings: &str) -> Template {
        let environment = Environment::new(name, Operator::parse(settings).unwrap());
        let templates = architecture(&environment).unwrap();
        templates.into_iter().find(|template| template.stack == StackName::Application).unwrap()
    }

    fn properties<'a>(template: &'a Template, id: &str) -> &'a Value {
        &template.body["Resources"][id]["Properties"]
    }

    #[test]
    fn every_password_that_nobody_else_rotates_has_a_schedule() {
        let dev = ["RotateCacheSchedule"];
        let dev_with_brokers = ["RotateBrokersSchedule", "RotateCacheSchedule"];
        let all = ["RotateBrokersSchedule", "RotateCacheSchedule", "RotateDatabaseSchedule"];
        for (name, settings, expected) in [
            (Name::Dev, "", &dev[..]),
            (Name::Dev, "dev_streaming = true", &dev_with_brokers[..]),
            (Name::Prod, "", &all[..]),
            (Name::Recovery, "", &all[..]),
        ] {
            let template = application(name, settings);
            let schedules = template.resources().filter(|(_, kind, _)| kind.ends_with("::RotationSchedule"));
            assert_eq!(schedules.map(|(id, ..)| id).collect::<Vec<_>>(), expected, "{name}");
        }
    }

    #[test]
    fn each_rotates_its_own_secret_and_is_called_for_that_alone() {
        let template = application(Name::Prod, "");
        let mut secrets = BTreeSet::new();
        for id in ["RotateBrokers", "RotateCache", "RotateDatabase"] {
            let schedule = properties(&template, &format!("{id}Schedule"));
            let secret = schedule["SecretId"].to_string();
            let permission = properties(&template, &format!("{id}Permission"));
            assert_eq!(permission["SourceArn"].to_string(), secret);
            assert_eq!(permission["Principal"], "secretsmanager.amazonaws.com");
            let variables = &properties(&template, id)["Environment"]["Variables"];
            assert_eq!(variables["ASTROSHIELD__ROTATION__SECRET"].to_string(), secret);
            let statements =
                properties(&template, &format!("{id}Role"))["Policies"][0]["PolicyDocument"]["Statement"]
                    .as_array()
                    .unwrap();
            for statement in
                statements.iter().filter(|of| of["Action"].to_string().contains("secretsmanager:"))
            {
                assert_eq!(statement["Resource"].to_string(), format!("[{secret}]"), "{id}");
            }
            assert!(secrets.insert(secret), "{id}");
        }
    }

    #[test]
    fn what_waits_for_a_password_has_the_time_for_it() {
        let template = application(Name::Prod, "");
        for id in ["RotateBrokers", "RotateCache", "RotateDatabase"] {
            let function = properties(&template, id);
            let patience =
                function["Environment"]["Variables"]["ASTROSHIELD__ROTATION__PATIENCE"].as_str().unwrap();
            let patience: u64 = patience.strip_suffix('s').unwrap().parse().unwrap();
            let timeout = function["Timeout"].as_u64().unwrap();
            // Lambda ends everything after a quarter of an hour.
            assert!(patience < timeout && timeout <= 900, "{id}");
        }
    }
}
