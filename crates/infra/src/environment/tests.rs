use std::collections::BTreeSet;
use std::fs;

use super::*;

#[test]
fn a_file_changes_what_it_names() {
    let operator = Operator::parse("domain = \"sda.example.net\"\n[budget]\ndev = 99\n").unwrap();
    assert_eq!(operator.domain, "sda.example.net");
    assert_eq!((operator.budget.dev, operator.budget.prod), (99, 1800));
    assert_eq!(Environment::new(Name::Dev, operator.clone()).host("api"), "api.dev.sda.example.net");
    let prod = Environment::new(Name::Prod, operator);
    let recovery = prod.copies().unwrap();
    assert_eq!((prod.region.as_str(), recovery.region.as_str()), ("us-east-1", "us-west-2"));
    assert_eq!((recovery.name, recovery.original(), recovery.copies()), (Name::Recovery, Name::Prod, None));
}

#[test]
fn recovery_is_prod_but_for_what_its_account_has_already() {
    let sizes = |name| Environment::new(name, Operator::parse("").unwrap()).sizes;
    let (prod, mut recovery) = (sizes(Name::Prod), sizes(Name::Recovery));
    assert!(!recovery.account_wide && !recovery.watching.from_outside);
    assert!(!recovery.pipeline && !recovery.tries_restores);
    recovery.watching.from_outside = true;
    (recovery.account_wide, recovery.pipeline, recovery.tries_restores) = (true, true, true);
    assert_eq!(recovery, prod);
}

#[test]
fn settings_that_were_kept_are_those_that_were_given() {
    let text = "cache_engine = \"redis\"\ndeny = [\"192.0.2.0/24\"]\n[budget]\nprod = 99\n";
    let operator = Operator::parse(text).unwrap();
    let kept = toml::to_string_pretty(&operator).unwrap();
    assert_eq!(Operator::parse(&kept).unwrap(), operator);
}

#[test]
fn what_cannot_be_is_refused_by_its_key() {
    for (text, error) in [
        ("domian = \"x\"", "domian"),
        ("[budget]\nporod = 1", "budget.porod"),
        ("domain = \"Example.org\"", "domain: \"Example.org\" is no domain in small letters"),
        ("contacts = []", "contacts: nobody would be told of alarms"),
        ("contacts = [\"me\"]", "contacts: \"me\" is no address"),
        ("network = \"10.0.0.0/8\"", "network: 10.0.0.0/8 is not a /16"),
        ("network = \"ten\"", "network: "),
        ("recovery_region = \"us-east-1\"", "recovery_region: is the region of the service, too"),
        ("repository = \"mine\"", "repository: \"mine\" is not OWNER/NAME"),
        ("cache_engine = \"memcached\"", "cache_engine: "),
        ("oidc_issuer = \"http://x.org\"", "oidc_issuer: "),
        ("oidc_issuer = \"https://me:secret@x.org\"", "oidc_issuer: has a user or a password in it"),
        ("mail_host = \"smtp.example.org\"", "mail_from: "),
    ] {
        let refused = format!("{:#}", Operator::parse(text).unwrap_err());
        assert!(refused.contains(error), "{text}: {refused}");
    }
}

/// Modules outside this one that name an environment, and why they may: none of them makes a resource.
const NAME_ONE: [(&str, &str); 9] = [
    ("checks/exceptions.rs", "an exception is for the environments that it is written for"),
    ("command/check.rs", "the option --env, or all of them"),
    ("command/destroy.rs", "wants it typed before it deletes"),
    ("command/diagram.rs", "the option --env"),
    ("command/mod.rs", "the option --env"),
    ("coverage.rs", "says of each proof where it is looked for"),
    ("estimate.rs", "an estimate says of which environment it is"),
    ("estimate/usage.rs", "what is used in a month is assumed for each"),
    ("manifest.rs", "writes it down, and into the tags"),
];

/// A source without its tests, comments, texts and spaces.
fn code(source: &str) -> String {
    let source = source.split("#[cfg(test)]").next().unwrap();
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let (mut kept, mut rest, mut apart) = (String::new(), source, false);
    while let Some(first) = rest.chars().next() {
        let raw =
            rest.strip_prefix('r').map(|of| of.trim_start_matches('#')).filter(|of| of.starts_with('"'));
        let in_word = !apart && kept.ends_with(is_word);
        rest = if rest.starts_with("//") {
            rest.find('\n').map_or("", |end| &rest[end..])
        } else if let (Some(raw), false) = (raw, in_word) {
            let end = format!("\"{}", "#".repeat(rest.len() - raw.len() - 1));
            raw[1..].split_once(&end).unwrap().1
        } else if let Some(mut text) = rest.strip_prefix('"') {
            while let Some(end) = text.find(['"', '\\']) {
                let escapes = text[end..].starts_with('\\');
                text = &text[end + 1..];
                if !escapes {
                    break;
                }
                text = &text[text.chars().next().map_or(0, char::len_utf8)..];
            }
            text
        } else if let Some(escaped) = rest.strip_prefix("'\\") {
            escaped[1..].split_once('\'').unwrap().1
        } else if first == '\'' && rest.chars().nth(2) == Some('\'') {
            rest.char_indices().nth(3).map_or("", |(end, _)| &rest[end..])
        } else {
            if !first.is_whitespace() {
                if apart && is_word(first) && kept.ends_with(is_word) {
                    kept.push(' ');
                }
                kept.push(first);
            }
            apart = first.is_whitespace();
            &rest[first.len_utf8()..]
        };
    }
    kept
}

/// Whether a source asks which environment something is, or could.
fn names_an_environment(source: &str) -> bool {
    let code = code(source);
    let mut words = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let compared = code.split("environment.name").skip(1).any(|after| {
        let after = after.trim_start();
        after.starts_with('.') || after.starts_with("==") || after.starts_with("!=") || after.starts_with('{')
    });
    compared || words.any(|word| word == "Name")
}

#[test]
fn what_differs_between_environments_is_decided_here_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut asking) = (vec![root.clone()], BTreeSet::new());
    let mut looked_at = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") && !name.ends_with("tests.rs") && !name.starts_with("environment")
            {
                looked_at += 1;
                if names_an_environment(&fs::read_to_string(path).unwrap()) {
                    asking.insert(name);
                }
            }
        }
    }
    assert!(looked_at > 60, "{looked_at}");
    let may: BTreeSet<String> = NAME_ONE.iter().map(|(module, _)| (*module).to_owned()).collect();
    assert_eq!(asking, may, "sizes and differences belong into crates/infra/src/environment");
}

#[test]
fn a_module_that_asks_which_environment_it_makes_would_be_found() {
    for asks in [
        "use crate::environment::{Environment, Name};",
        "let days = if environment.name == Dev { 1 } else { 7 };",
        "let days = match environment.name {\n    Dev => 1,\n    _ => 7,\n};",
        "if environment\n    .name\n    .name() == \"dev\" {}",
        "let quote = '\"'; if environment.name != PROD {}",
        "let raw = r#\"a \"text\"\"#; matches!(of, Name::Dev)",
    ] {
        assert!(names_an_environment(asks), "{asks}");
    }
    for does_not in [
        "json!({ \"Name\": environment.name, \"Key\": \"Name::Dev\" })",
        "// `Name::Dev` pays for each.\nlet stack = StackName::Edge;",
        "format!(\"/astroshield/{}/{}\", environment.name, made.name)",
        "let stack = 1;\n#[cfg(test)]\nmod tests { use crate::environment::Name; }",
        "fn name<'a>(of: &'a str) -> (char, &'a str) { ('\\'', \"Name \\\" Name\") }",
    ] {
        assert!(!names_an_environment(does_not), "{does_not}");
    }
}
