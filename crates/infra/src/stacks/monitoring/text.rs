//! JSON inside a text: bodies of dashboards, and policies of services that take them as text.

use serde_json::{Value, json};

/// Stands around the number of a reference while a body becomes text.
const MARK: &str = "@@";

/// JSON as a text that CloudFormation puts references into.
pub(crate) fn text(body: &Value) -> Value {
    let mut references = Vec::new();
    let marked = mark(body, &mut references).to_string();
    let parts: Vec<Value> = (marked.split(MARK).enumerate())
        .map(|(number, part)| match part.parse::<usize>() {
            Ok(reference) if number % 2 == 1 => references[reference].clone(),
            _ => json!(part),
        })
        .collect();
    crate::template::value::join(&parts)
}

fn mark(value: &Value, references: &mut Vec<Value>) -> Value {
    match value {
        Value::Object(fields) if fields.keys().any(|name| name == "Ref" || name.starts_with("Fn::")) => {
            references.push(value.clone());
            json!(format!("{MARK}{}{MARK}", references.len() - 1))
        }
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), mark(value, references))).collect()
        }
        Value::Array(values) => values.iter().map(|value| mark(value, references)).collect(),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_stand_between_the_pieces_of_the_text() {
        let made = text(&json!({ "a": [{ "Ref": "Topic" }, "b"], "c": { "Fn::Join": ["", ["d"]] } }));
        let parts = made["Fn::Join"][1].as_array().unwrap();
        assert_eq!(
            parts,
            &[
                json!("{\"a\":[\""),
                json!({ "Ref": "Topic" }),
                json!("\",\"b\"],\"c\":\""),
                json!({ "Fn::Join": ["", ["d"]] }),
                json!("\"}"),
            ]
        );
    }
}
