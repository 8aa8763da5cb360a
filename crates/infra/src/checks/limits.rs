//! Limits of CloudFormation.

use super::{Architecture, Finding};

/// Bytes of a template, through S3 (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>).
const BYTES: usize = 1_048_576;
/// Entries of each section (the same page).
const ENTRIES: &[(&str, usize)] = &[("Resources", 500), ("Parameters", 200), ("Outputs", 200)];

/// Templates that are too large.
pub fn limits(architecture: &Architecture<'_>, findings: &mut Vec<Finding>) {
    for template in architecture.templates() {
        let mut report = |message: String| {
            findings.push(Finding {
                stack: template.stack,
                at: String::new(),
                check: String::new(),
                message,
            });
        };
        let bytes = template.text().len();
        if bytes > BYTES {
            report(format!("the template has {bytes} bytes, and CloudFormation takes {BYTES}"));
        }
        for (section, most) in ENTRIES {
            let entries = template.body[*section].as_object().map_or(0, serde_json::Map::len);
            if entries > *most {
                report(format!("{entries} {section}, and CloudFormation takes {most}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::planted::found;
    use super::*;

    #[test]
    fn a_template_that_is_too_large_is_found() {
        let many: Value = (0..501).map(|n| (format!("R{n}"), json!({ "Type": "AWS::SNS::Topic" }))).collect();
        assert_eq!(found(limits, &many), [": 501 Resources, and CloudFormation takes 500"]);
        let large = json!({ "R": { "Type": "AWS::SNS::Topic", "Properties": { "A": "x".repeat(BYTES) } } });
        assert_eq!(found(limits, &large).len(), 1);
        assert!(found(limits, &json!({ "R": { "Type": "AWS::SNS::Topic" } })).is_empty());
    }
}
