//! Values that CloudFormation makes.

use serde_json::{Value, json};

/// The region of the stack.
#[must_use]
pub fn region() -> Value {
    json!({ "Ref": "AWS::Region" })
}

/// The account of the stack.
#[must_use]
pub fn account() -> Value {
    json!({ "Ref": "AWS::AccountId" })
}

/// `aws`, or that of China or of the government.
#[must_use]
pub fn partition() -> Value {
    json!({ "Ref": "AWS::Partition" })
}

/// Texts and values, one after the other.
#[must_use]
pub fn join(parts: &[Value]) -> Value {
    json!({ "Fn::Join": ["", parts] })
}

/// [`join`] of anything that is JSON.
#[macro_export]
macro_rules! join {
    ($($part:expr),+ $(,)?) => {
        $crate::template::value::join(&[$(::serde_json::json!($part)),+])
    };
}

/// An ARN of this account and region: `arn!("logs", "log-group:", name)`.
#[macro_export]
macro_rules! arn {
    ($service:expr, $($part:expr),+ $(,)?) => {
        $crate::join!(
            "arn:",
            $crate::template::value::partition(),
            concat!(":", $service, ":"),
            $crate::template::value::region(),
            ":",
            $crate::template::value::account(),
            ":",
            $($part),+
        )
    };
}

/// An Availability Zone of the region, counted from 0.
#[must_use]
pub fn zone(number: usize) -> Value {
    json!({ "Fn::Select": [number, { "Fn::GetAZs": "" }] })
}

/// A key of a secret, which CloudFormation reads when it makes the resource.
#[must_use]
pub fn secret(arn: &Value, key: &str) -> Value {
    join(&[json!("{{resolve:secretsmanager:"), arn.clone(), json!(format!(":SecretString:{key}}}}}"))])
}
