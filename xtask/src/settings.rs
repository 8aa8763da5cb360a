//! The guide to the settings, made from the defaults.

use std::fmt::Write;
use std::fs;

use anyhow::Context;

const DEFAULTS: &str = "crates/server/config.default.toml";
const GUIDE: &str = "docs/guides/settings.md";

const HEAD: &str = "\
# Settings

<!-- Made by `cargo xtask settings` from the defaults. Change those, not this page. -->

Each setting with its default, from `crates/server/config.default.toml`. `astroshield config` prints the values in force
and where each comes from, `astroshield config --defaults` that file.
";

/// Whether the guide is not what the defaults say.
pub(crate) fn faults() -> anyhow::Result<Vec<String>> {
    let defaults = fs::read_to_string(DEFAULTS).context(DEFAULTS)?;
    let current = fs::read_to_string(GUIDE).is_ok_and(|guide| guide == guide_of(&defaults));
    Ok(if current {
        Vec::new()
    } else {
        vec![format!("{GUIDE}: differs from {DEFAULTS}: cargo xtask settings")]
    })
}

/// Writes the guide.
pub(crate) fn write() -> anyhow::Result<()> {
    let defaults = fs::read_to_string(DEFAULTS).context(DEFAULTS)?;
    fs::write(GUIDE, guide_of(&defaults)).context(GUIDE)
}

/// A section for each table of the defaults, with a row for each key. A comment belongs to what follows it at once.
fn guide_of(defaults: &str) -> String {
    let mut guide = HEAD.to_owned();
    let mut comment: Vec<&str> = Vec::new();
    let mut in_rows = false;
    for line in defaults.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push(text.strip_prefix(' ').unwrap_or(text));
            continue;
        }
        let said = std::mem::take(&mut comment);
        // Writing to a string does not fail.
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let _ = write!(guide, "\n## {section}\n\n");
            if !said.is_empty() {
                let _ = write!(guide, "{}\n\n", said.join("\n"));
            }
            in_rows = false;
        } else if let Some((key, value)) = line.split_once(" = ") {
            if !in_rows {
                guide.push_str("| setting | default | |\n|---|---|---|\n");
                in_rows = true;
            }
            let said = said.join(" ").replace('|', "\\|");
            let _ = writeln!(guide, "| `{key}` | `{value}` | {said} |");
        } else if !said.is_empty() {
            let _ = write!(guide, "\n{}\n", said.join("\n"));
        }
    }
    guide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_stand_beside_the_key_or_the_section_that_follows_them() {
        let defaults =
            "# All of it.\n\n# A server.\n[server]\n# Where,\n# or why.\nlisten = \"x\"\nport = 1\n";
        let expected = format!(
            "{HEAD}\nAll of it.\n\n## server\n\nA server.\n\n| setting | default | |\n|---|---|---|\n\
             | `listen` | `\"x\"` | Where, or why. |\n| `port` | `1` |  |\n"
        );
        assert_eq!(guide_of(defaults), expected);
    }
}
