//! What is deployed, where, in which order, and with what: the manifest beside the templates, which the deployment follows, too.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::environment::{Environment, Name};
use crate::template::{Given, StackName, Template};

/// Bytes above which CloudFormation takes a template from S3 alone.
pub const INLINE_BYTES: usize = 51_200;

/// Region of what CloudFront takes from one region only, its certificate and its web ACL; and of the metrics of these, of what Route
/// 53 sees, and of charges.
pub const EDGE_REGION: &str = "us-east-1";

/// Tag that says of which environment something is.
pub const ENVIRONMENT_TAG: &str = "Environment";

/// The stacks of an environment, in the order in which they are deployed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Manifest {
    /// Which.
    pub environment: Name,
    /// Its stacks.
    pub stacks: Vec<Entry>,
}

/// A stack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// Which.
    pub stack: StackName,
    /// Its name in CloudFormation (`astroshield-prod-network`).
    pub name: String,
    /// Region that it is in.
    pub region: String,
    /// File of its template.
    pub template: String,
    /// Bytes of it.
    pub bytes: usize,
    /// Whether it is above [`INLINE_BYTES`], and so goes through a bucket.
    pub through_s3: bool,
    /// Whether CloudFormation refuses to delete the stack.
    pub termination_protection: bool,
    /// Tags of the stack, which CloudFormation puts on its resources.
    pub tags: BTreeMap<String, String>,
    /// Where the values of its parameters come from.
    pub parameters: BTreeMap<String, Given>,
}

impl Manifest {
    /// Of these templates.
    #[must_use]
    pub fn new(environment: &Environment, templates: &[Template]) -> Self {
        let stacks = templates.iter().map(|template| Entry::new(environment, template)).collect();
        Self { environment: environment.name, stacks }
    }

    /// The bytes of its file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl Entry {
    fn new(environment: &Environment, template: &Template) -> Self {
        let bytes = template.text().len();
        let region = match template.stack {
            StackName::Edge => EDGE_REGION.to_owned(),
            _ => environment.region.clone(),
        };
        let tags = [
            ("Application", "astroshield"),
            (ENVIRONMENT_TAG, environment.name.name()),
            ("Stack", template.stack.name()),
        ];
        Self {
            stack: template.stack,
            name: environment.named(template.stack.name()),
            region,
            template: format!("{}.template.json", template.stack),
            bytes,
            through_s3: bytes > INLINE_BYTES,
            termination_protection: environment.sizes.protected,
            tags: tags.into_iter().map(|(tag, value)| (tag.to_owned(), value.to_owned())).collect(),
            parameters: template.parameters.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::environment::Operator;
    use crate::stacks::architecture;

    fn environment(name: Name) -> Environment {
        Environment::new(name, Operator::parse("region = \"eu-central-1\"").unwrap())
    }

    #[test]
    fn the_edge_is_in_us_east_1_and_everything_else_where_the_service_is() {
        let environment = environment(Name::Prod);
        let manifest = Manifest::new(&environment, &architecture(&environment).unwrap());
        for entry in &manifest.stacks {
            let region = if entry.stack == StackName::Edge { "us-east-1" } else { "eu-central-1" };
            assert_eq!(entry.region, region, "{}", entry.name);
        }
        let stacks: Vec<StackName> = manifest.stacks.iter().map(|entry| entry.stack).collect();
        assert_eq!(stacks, StackName::ALL);
    }

    #[test]
    fn stacks_of_prod_cannot_be_deleted_and_those_of_dev_can() {
        for (name, protected) in [(Name::Dev, false), (Name::Prod, true), (Name::Recovery, true)] {
            let environment = environment(name);
            let manifest = Manifest::new(&environment, &architecture(&environment).unwrap());
            assert!(manifest.stacks.iter().all(|entry| entry.termination_protection == protected), "{name}");
        }
    }

    #[test]
    fn a_template_that_is_too_large_goes_through_a_bucket() {
        let environment = environment(Name::Dev);
        let template = |bytes: usize| {
            let mut template =
                Template { stack: StackName::Data, body: json!({ "A": "" }), parameters: BTreeMap::new() };
            template.body["A"] = json!("x".repeat(bytes - template.text().len()));
            template
        };
        let through = |bytes| Manifest::new(&environment, &[template(bytes)]).stacks[0].through_s3;
        assert_eq!((through(INLINE_BYTES), through(INLINE_BYTES + 1)), (false, true));
    }
}
