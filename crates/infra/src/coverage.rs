//! What becomes of each line of the architecture's document (`docs/aws/architecture.md`): a property of a resource, a command, or
//! something that an operator does.

use std::fmt::Write as _;

use serde_json::Value;

use crate::environment::Name::{self, Dev, Prod};
use crate::template::Template;

mod operation;
mod tiers;

/// The document.
pub const DOCUMENT: &str = include_str!("../../../docs/aws/architecture.md");

/// What an operator does, and how.
pub const GUIDE: &str = include_str!("../../../docs/aws/deploy.md");

/// A line of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bullet<'a> {
    /// The service that it is of, else the heading that it stands under.
    pub of: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// The lines of a document.
#[must_use]
pub fn bullets(document: &str) -> Vec<Bullet<'_>> {
    let (mut of, mut found) = ("", Vec::new());
    for line in document.lines() {
        let text = line.trim();
        if let Some(heading) = text.strip_prefix('#') {
            of = heading.trim_start_matches('#').trim();
            continue;
        }
        let numbered = || {
            let (number, text) = text.split_once(". ")?;
            (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
        };
        let Some(text) = text.strip_prefix("- ").or_else(numbered) else { continue };
        match text.strip_prefix("**").and_then(|text| text.strip_suffix("**")) {
            Some(service) => of = service,
            None => found.push(Bullet { of, text }),
        }
    }
    found
}

/// What is said of a property.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Holds {
    /// It is there, and not empty.
    Something,
    /// It is this, as a text.
    Is(&'static str),
    /// It has this in it.
    Has(&'static str),
    /// It is a number of at least this.
    AtLeast(f64),
    /// It is a number of at most this.
    AtMost(f64),
}

/// What implements a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Proof {
    /// A property of some resource.
    On {
        /// In which environment.
        env: Name,
        /// What the operator's settings have to say for it; empty: nothing.
        with: &'static str,
        /// Type of the resource.
        kind: &'static str,
        /// Where it is, as a JSON pointer; `*` is any element.
        property: &'static str,
        /// What is said of it.
        holds: Holds,
    },
    /// A subcommand of `astroshield-infra`.
    Command(&'static str),
    /// Something that an operator does or ought to know: a heading of the guide (`docs/aws/deploy.md`) has this in it.
    Operator(&'static str),
}

/// A line, and all that implements it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// The line.
    pub bullet: Bullet<'static>,
    /// What implements it.
    pub proofs: &'static [Proof],
}

const fn row(of: &'static str, text: &'static str, proofs: &'static [Proof]) -> Row {
    Row { bullet: Bullet { of, text }, proofs }
}

/// A property of a resource of prod.
const fn prod(kind: &'static str, property: &'static str, holds: Holds) -> Proof {
    Proof::On { env: Prod, with: "", kind, property, holds }
}

/// A property of a resource of dev.
const fn dev(kind: &'static str, property: &'static str, holds: Holds) -> Proof {
    Proof::On { env: Dev, with: "", kind, property, holds }
}

/// A property of a resource of prod that is there only by these settings.
const fn with(with: &'static str, kind: &'static str, property: &'static str, holds: Holds) -> Proof {
    Proof::On { env: Prod, with, kind, property, holds }
}

/// Every line, in the order of the document.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    tiers::ROWS.iter().chain(operation::ROWS)
}

impl Holds {
    fn of(self, value: &Value) -> bool {
        // Parts that are put together at deployment count by what is known of them.
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match self {
            Self::Something => !matches!(value, Value::Null) && !["", "[]", "{}"].contains(&text.as_str()),
            Self::Is(what) => text == what,
            Self::Has(what) => text.contains(what),
            Self::AtLeast(least) => text.parse().is_ok_and(|number: f64| number >= least),
            Self::AtMost(most) => text.parse().is_ok_and(|number: f64| number <= most),
        }
    }
}

impl Proof {
    /// Whether it is so in the templates of its environment. Commands and the guide are known at once.
    #[must_use]
    pub fn is_so(&self, templates: &[Template], commands: &[String]) -> bool {
        match *self {
            Self::Command(command) => commands.iter().any(|known| known == command),
            Self::Operator(what) => GUIDE
                .lines()
                .any(|line| line.starts_with('#') && line.to_lowercase().contains(&what.to_lowercase())),
            Self::On { kind, property, holds, .. } => {
                let of_kind = templates.iter().flat_map(Template::resources).filter(|(_, of, _)| *of == kind);
                of_kind.flat_map(|(_, _, properties)| at(properties, property)).any(|value| holds.of(value))
            }
        }
    }
}

/// Everything that a pointer leads to.
fn at<'a>(value: &'a Value, pointer: &str) -> Vec<&'a Value> {
    let Some(rest) = pointer.strip_prefix('/') else { return vec![value] };
    let (step, rest) = rest.find('/').map_or((rest, ""), |end| rest.split_at(end));
    let next: Vec<&Value> = match (step, value) {
        ("*", Value::Array(all)) => all.iter().collect(),
        (step, value) => value.get(step).into_iter().collect(),
    };
    next.into_iter().flat_map(|value| at(value, rest)).collect()
}

/// The table of all lines, in Markdown.
#[must_use]
pub fn table() -> String {
    let mut text = "# What implements each line of the architecture\n\nMade from `crates/infra/src/coverage`, which a test \
                    holds against [the document](architecture.md) and the templates; do not edit.\n\n"
        .to_owned();
    text.push_str("| of | line | by |\n|---|---|---|\n");
    for row in rows() {
        let by: Vec<String> = row.proofs.iter().map(describe).collect();
        // A text takes whatever is written into it.
        let _ = writeln!(text, "| {} | {} | {} |", row.bullet.of, row.bullet.text, by.join("<br>"));
    }
    text
}

fn describe(proof: &Proof) -> String {
    match *proof {
        Proof::Command(command) => format!("`astroshield-infra {command}`"),
        Proof::Operator(what) => format!("the operator: [{what}](deploy.md)"),
        Proof::On { env, with, kind, property, holds } => {
            let with = if with.is_empty() { String::new() } else { format!(" with `{with}`") };
            let property = property.trim_start_matches('/').replace('/', ".");
            let holds = match holds {
                Holds::Something => "is set".to_owned(),
                Holds::Is(what) => format!("is `{what}`"),
                Holds::Has(what) => format!("has `{what}`"),
                Holds::AtLeast(least) => format!("is at least {least}"),
                Holds::AtMost(most) => format!("is at most {most}"),
            };
            format!("`{kind}` ({env}{with}): `{property}` {holds}")
        }
    }
}
