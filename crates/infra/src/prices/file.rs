//! A file of prices, changed without losing what people wrote into it.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use toml_edit::{DocumentMut, Item, Value};

use super::Prices;

/// A text of prices with the values of others: comments, order and whatever else there is stay as they are.
///
/// # Errors
/// When it is no TOML, or the outcome does not say what it should.
pub fn updated(text: &str, prices: &Prices) -> anyhow::Result<String> {
    let before = Prices::parse(text)?;
    let mut document: DocumentMut = text.parse()?;
    for (id, price) in prices.iter() {
        if before.get(id) == Some(price) {
            continue;
        }
        let row = document.get_mut(id).with_context(|| format!("{id} is not there"))?;
        set(row, "usd", price.usd.into());
        set(row, "source", price.source.as_str().into());
        set(row, "date", price.date.to_string().into());
        set(row, "confidence", price.confidence.name().into());
    }
    let text = document.to_string();
    ensure!(Prices::parse(&text)? == *prices, "the new prices would not be read as they were meant");
    Ok(text)
}

/// Sets a value with the spaces and the comment that the old one has. One that is not there is not made: it would have been
/// missed when the row was read.
fn set(row: &mut Item, key: &str, mut new: Value) {
    if let Some(Item::Value(value)) = row.get_mut(key) {
        *new.decor_mut() = value.decor().clone();
        *value = new;
    }
}

/// Puts a text in the place of a file at once: whoever reads the file sees the one or the other.
///
/// # Errors
/// When it cannot be written: the file is then what it was.
pub fn replace(file: &Path, text: &str) -> anyhow::Result<()> {
    // Of a link, that is what it leads to.
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = || format!("writing beside {}", file.display());
    let mut new = tempfile::NamedTempFile::new_in(folder).with_context(beside)?;
    new.write_all(text.as_bytes()).with_context(beside)?;
    new.as_file().set_permissions(permissions(&target)).with_context(beside)?;
    new.as_file().sync_all().with_context(beside)?;
    new.persist(&target).with_context(|| format!("putting it in the place of {}", file.display()))?;
    Ok(())
}

/// Those of the file that there is; else those of a file that all may read.
fn permissions(file: &Path) -> Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).map_or_else(|_| Permissions::from_mode(0o644), |of| of.permissions())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::{Confidence, PRICES};

    #[test]
    fn only_the_four_values_of_a_changed_row_change() {
        let mut prices = Prices::parse(PRICES).unwrap();
        assert_eq!(updated(PRICES, &prices).unwrap(), PRICES);
        let price = prices.get_mut("alb.unit").unwrap();
        price.usd = 0.0000004;
        price.source = "a \"list\", of today".to_owned();
        price.date = jiff::civil::date(2027, 1, 31);
        price.confidence = Confidence::Confirmed;
        let text = updated(PRICES, &prices).unwrap();
        let changed: Vec<_> = PRICES.lines().zip(text.lines()).filter(|(old, new)| old != new).collect();
        assert_eq!(PRICES.lines().count(), text.lines().count());
        let now: Vec<_> = changed.iter().map(|(_, new)| *new).collect();
        assert_eq!(
            now,
            [
                "usd = 0.0000004",
                "source = 'a \"list\", of today'",
                "date = \"2027-01-31\"",
                "confidence = \"confirmed\"",
            ]
        );
    }

    #[test]
    fn comments_beside_values_stay() {
        let text = PRICES.replacen("usd = 0.03238", "usd   = 0.03238 # by hand", 1);
        let mut prices = Prices::parse(&text).unwrap();
        prices.get_mut("fargate.vcpu.arm64").unwrap().usd = 5.0;
        assert!(updated(&text, &prices).unwrap().contains("\nusd   = 5.0 # by hand\n"));
    }

    #[test]
    fn prices_of_other_rows_are_not_put_in() {
        let one = PRICES.split("\n[").nth(1).map(|row| format!("[{row}")).unwrap();
        let error = updated(&one, &Prices::parse(PRICES).unwrap()).unwrap_err();
        assert!(error.to_string().ends_with("is not there"), "{error}");
    }

    #[test]
    fn a_file_is_replaced_through_a_link_and_keeps_who_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("prices.toml"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        replace(&folder.path().join("fresh"), "new").unwrap();
        assert_eq!(fs::metadata(folder.path().join("fresh")).unwrap().permissions().mode() & 0o777, 0o644);
        let nowhere = replace(&folder.path().join("no/where"), "new").unwrap_err().to_string();
        assert!(nowhere.starts_with("writing beside "), "{nowhere}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
