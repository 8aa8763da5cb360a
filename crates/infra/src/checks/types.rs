//! What AWS's registry knows of the types of resources: `types.json`, which `scripts/aws-types` makes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// A type.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Type {
    /// Attributes that `Fn::GetAtt` gives.
    pub attributes: Vec<String>,
    /// What identifies a resource of it, and is (or is part of) what `Ref` gives.
    pub identifier: Vec<String>,
    /// Properties that cannot be changed: a resource with another value of one is a new resource.
    pub create_only: Vec<String>,
    /// Properties some of whose changes make a new resource.
    pub conditional_create_only: Vec<String>,
    /// Whether it holds what would be lost with it.
    #[serde(default)]
    pub stateful: bool,
}

#[derive(Debug, Deserialize)]
struct File {
    #[serde(rename = "source")]
    _source: String,
    types: BTreeMap<String, Type>,
}

static TYPES: LazyLock<BTreeMap<String, Type>> = LazyLock::new(|| {
    let file: Result<File, _> = serde_json::from_str(include_str!("../../types.json"));
    file.map(|file| file.types).unwrap_or_default()
});

/// All of them, by name.
#[must_use]
pub fn all() -> &'static BTreeMap<String, Type> {
    &TYPES
}

/// Beyond cfn-lint's list: what holds something that cannot be made anew from this repository.
const ALSO_STATEFUL: &[&str] =
    &["AWS::ECR::Repository", "AWS::MSK::Cluster", "AWS::MSK::Topic", "AWS::Route53::HostedZone"];

/// Whether what a resource of the type holds would be lost with it.
#[must_use]
pub fn stateful(kind: &str) -> bool {
    ALSO_STATEFUL.contains(&kind) || TYPES.get(kind).is_some_and(|known| known.stateful)
}

/// Whether a property, as a JSON pointer (`/Engine`), is one that cannot be changed.
#[must_use]
pub fn create_only(kind: &str, pointer: &str) -> bool {
    let Some(known) = TYPES.get(kind) else { return false };
    known.create_only.iter().any(|fixed| {
        // Either lies within the other.
        let longer =
            |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        longer(pointer, fixed) || longer(fixed, pointer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::kinds::{self, Gives};

    /// Types whose identifier does not say so, and of which `Ref` gives an ARN.
    const ARN_BY_OTHER_NAME: &[&str] =
        &["AWS::SecretsManager::Secret", "AWS::CertificateManager::Certificate"];

    #[test]
    fn every_attribute_of_a_type_is_one_that_aws_gives() {
        for (kind, methods) in kinds::ALL {
            let known = all().get(*kind).unwrap_or_else(|| panic!("{kind}: run scripts/aws-types"));
            for (method, gives) in *methods {
                if let Gives::Attribute(attribute) = gives {
                    assert!(
                        known.attributes.iter().any(|known| known == attribute),
                        "{kind} has no {attribute}"
                    );
                    let arn = attribute.ends_with("Arn") || attribute.ends_with("ARN");
                    let called = *method == "arn" || method.ends_with("secret");
                    assert!(!called || arn, "{kind}: {method} gives {attribute}, which is no ARN");
                }
            }
        }
    }

    #[test]
    fn what_is_called_an_arn_is_one() {
        for (kind, methods) in kinds::ALL {
            let identifier = &all()[*kind].identifier[0];
            let arn = identifier.to_ascii_lowercase().ends_with("arn") || ARN_BY_OTHER_NAME.contains(kind);
            for (method, gives) in *methods {
                if *gives == Gives::Ref {
                    assert_eq!(
                        *method == "arn",
                        arn,
                        "{kind}: Ref gives {identifier}, and {method} calls it something else"
                    );
                }
            }
        }
    }

    #[test]
    fn create_only_properties_are_known_with_what_is_in_them() {
        assert!(create_only("AWS::RDS::DBInstance", "/KmsKeyId"));
        assert!(!create_only("AWS::RDS::DBInstance", "/DBInstanceClass"));
        assert!(create_only("AWS::MSK::Cluster", "/EncryptionInfo/EncryptionAtRest/DataVolumeKMSKeyId"));
        assert!(create_only("AWS::MSK::Cluster", "/BrokerNodeGroupInfo/ClientSubnets/0"));
        assert!(!create_only("AWS::MSK::Cluster", "/BrokerNodeGroupInfo/InstanceType"));
    }

    #[test]
    fn databases_are_stateful_and_services_are_not() {
        assert!(["AWS::RDS::DBInstance", "AWS::S3::Bucket", "AWS::MSK::Cluster"].into_iter().all(stateful));
        assert!(!stateful("AWS::ECS::Service"));
    }
}
