//! Which objects are screened against all others.

use std::collections::HashSet;
use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, bail};
use astroshield_domain::trajectory::turns_with_earth;
use astroshield_formats::{
    CatalogNumber, ElementSetRecord, Message, MessageKind, Oem, Strictness, detect, read_catalog,
    read_messages,
};

use super::subject::Subjects;
use crate::input::{self, Input};
use crate::satcat::Satcat;

/// A choice of objects on the command line.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Choice {
    /// What SATCAT lists as active.
    Active,
    /// A file of catalog numbers, element sets or ephemerides.
    File(PathBuf),
}

impl FromStr for Choice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "active" { Self::Active } else { Self::File(PathBuf::from(text)) })
    }
}

/// Objects that are screened against all others.
pub(super) enum Primaries {
    /// Objects of the catalog.
    Numbers(HashSet<CatalogNumber>),
    /// Objects of their own, which take the place of the catalog's.
    ElementSets(Vec<ElementSetRecord>),
    /// Ephemerides of objects, and the file that they are from.
    Ephemerides { file: String, oems: Vec<Oem> },
}

impl Primaries {
    /// Finds out which ones are meant.
    pub(super) fn read(
        choice: &Choice,
        records: &[ElementSetRecord],
        satcat: &Satcat,
    ) -> anyhow::Result<Self> {
        let Choice::File(path) = choice else {
            let active = records.iter().map(|record| record.catalog_number);
            return Ok(Self::Numbers(active.filter(|number| satcat.is_active(*number)).collect()));
        };
        let input = input::read(path)?;
        match detect(&input.bytes).1 {
            MessageKind::Unknown => {
                let numbers = numbers(&input.bytes).with_context(|| input.name.clone())?;
                let known: HashSet<_> = records.iter().map(|record| record.catalog_number).collect();
                for number in numbers.difference(&known) {
                    eprintln!("{}: {number} is not in the catalog", input.name);
                }
                Ok(Self::Numbers(numbers))
            }
            MessageKind::Oem => Ok(Self::Ephemerides { oems: ephemerides(&input)?, file: input.name }),
            _ => {
                let catalog = read_catalog(&input.bytes, &input.name, Strictness::Strict)?;
                Ok(Self::ElementSets(catalog.objects))
            }
        }
    }

    /// The objects of the screening, and a mark for each that is a primary; there has to be one.
    pub(super) fn among(self, records: Vec<ElementSetRecord>) -> anyhow::Result<(Subjects, Vec<bool>)> {
        let mut subjects = Subjects::default();
        let is_primary: HashSet<CatalogNumber> = match &self {
            Self::Numbers(numbers) => numbers.clone(),
            Self::ElementSets(own) => own.iter().map(|record| record.catalog_number).collect(),
            Self::Ephemerides { .. } => HashSet::new(),
        };
        match self {
            Self::Numbers(_) => records.into_iter().for_each(|record| subjects.add_element_set(record)),
            Self::ElementSets(own) => {
                let mut all: Vec<_> = records
                    .into_iter()
                    .filter(|record| !is_primary.contains(&record.catalog_number))
                    .collect();
                all.extend(own);
                all.sort_by_key(|record| record.catalog_number);
                all.into_iter().for_each(|record| subjects.add_element_set(record));
            }
            Self::Ephemerides { file, oems } => {
                // An ephemeris is the object of the same designator: it must not meet itself.
                let designators: HashSet<&str> = oems
                    .iter()
                    .flat_map(|oem| &oem.segments)
                    .map(|segment| segment.metadata.object_id.as_str())
                    .collect();
                for record in records {
                    match &record.international_designator {
                        Some(designator) if designators.contains(designator.as_str()) => {
                            eprintln!("{designator}: its ephemeris takes the place of its element set");
                        }
                        _ => subjects.add_element_set(record),
                    }
                }
                for oem in &oems {
                    subjects.add_ephemeris(oem).with_context(|| file.clone())?;
                }
            }
        }
        let marks: Vec<bool> = subjects
            .subjects
            .iter()
            .map(|subject| subject.catalog_number.is_none_or(|number| is_primary.contains(&number)))
            .collect();
        if !marks.contains(&true) {
            bail!("none of the primaries is in the catalog");
        }
        Ok((subjects, marks))
    }
}

fn ephemerides(input: &Input) -> anyhow::Result<Vec<Oem>> {
    let document = read_messages(&input.bytes, &input.name, Strictness::Strict)?;
    let oems: Vec<Oem> = document
        .messages
        .into_iter()
        .filter_map(|message| match message {
            Message::Oem(oem) => Some(*oem),
            _ => None,
        })
        .collect();
    if oems.iter().any(turns_with_earth) {
        eprintln!(
            "warning: {}: ITRF is turned with UT1-UTC taken as zero: it is off by up to 50 m in low orbit",
            input.name
        );
    }
    Ok(oems)
}

/// Catalog numbers, one a line; what follows a blank, comma or # is not read.
fn numbers(bytes: &[u8]) -> anyhow::Result<HashSet<CatalogNumber>> {
    let text = std::str::from_utf8(bytes).context("not UTF-8 text")?;
    let mut numbers = HashSet::new();
    for (line, number) in text.lines().zip(1..) {
        let field = line.split('#').next().unwrap_or_default().trim_start();
        let field = field.split([' ', '\t', ',']).next().unwrap_or_default();
        if !field.is_empty() {
            numbers.insert(field.parse().with_context(|| format!("line {number}"))?);
        }
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_one_a_line_and_comments_are_not() {
        let text = "# mine\n25544 # the station\n\n  700000001,A NAME\r\nT0001\n";
        let expected = [25_544, 700_000_001, 270_001].map(|number| CatalogNumber::new(number).unwrap());
        assert_eq!(numbers(text.as_bytes()).unwrap(), HashSet::from(expected));
        assert!(numbers(b"25544\nISS\n").unwrap_err().to_string().contains("line 2"));
    }
}
