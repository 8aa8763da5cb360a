//! CDMs as rows of Space-Track's JSON: one flat object, the fields of each object under `SAT1_` and `SAT2_`, units in
//! members of their own.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::cdm::{ALTERNATE, Cdm};
use crate::cdm_draft::{CdmDraft, CdmObjectDraft};
use crate::error::{Fault, Located, Location, Strictness, WriteError};
use crate::field::{Emit, Field, SectionDraft as _, USER_DEFINED, UserDefined, push_user_defined};
use crate::json;
use crate::reading::{Read, report};
use crate::rows::{push_comment, read_comments};
use crate::text;

const VERSION: &str = "CCSDS_CDM_VERS";
const UNIT: &str = "_UNIT";
const COMMENT: &str = "COMMENT";

/// Reads an array of messages, or one.
pub(crate) fn read(text: &str, source_name: &Arc<str>, strictness: Strictness) -> Read<Cdm> {
    let records = json::records(text).map_err(|located| located.in_source(source_name))?;
    let (mut messages, mut problems) = (Vec::new(), Vec::new());
    for (record, number) in records.into_iter().zip(1..) {
        let location = Location::record(number);
        let mut members = Vec::new();
        let read = json::for_each_member(record, location, |key, value| {
            members.push((key.to_owned(), value.to_owned()));
            Ok(())
        })
        .and_then(|()| read_record(&members, location))
        .map(|cdm| messages.push((location, cdm)));
        report(read, source_name, strictness, &mut problems)?;
    }
    Ok((messages, problems))
}

fn read_record(members: &[(String, String)], location: Location) -> Result<Cdm, Located> {
    let mut draft = CdmDraft::new("1.0", location);
    draft.objects = vec![CdmObjectDraft::at(location), CdmObjectDraft::at(location)];
    let values: HashSet<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
    let units: HashMap<&str, &str> =
        members.iter().filter_map(|(key, value)| Some((key.strip_suffix(UNIT)?, value.as_str()))).collect();
    for (key, value) in members {
        // The unit of a field goes with the field; of a field that is null, with nothing.
        let unit_of_field = key.strip_suffix(UNIT).is_some_and(|field| {
            let name = field.strip_prefix("SAT1_").or(field.strip_prefix("SAT2_")).unwrap_or(field);
            !name.starts_with(USER_DEFINED) && (values.contains(field) || is_keyword(name))
        });
        if !unit_of_field {
            take(&mut draft, key, value, units.get(key.as_str()).copied())
                .map_err(|fault| fault.at(location, key.as_str()))?;
        }
    }
    draft.into_cdm()
}

fn take(draft: &mut CdmDraft, key: &str, value: &str, unit: Option<&str>) -> Result<(), Fault> {
    let (object, name) = match (key.strip_prefix("SAT1_"), key.strip_prefix("SAT2_")) {
        (Some(name), _) => (draft.objects.first_mut(), name),
        (_, Some(name)) => (draft.objects.get_mut(1), name),
        _ => (None, key),
    };
    let field = Field { key: name, value: value.trim(), unit, container: "" };
    if let Some(block) = name.strip_prefix(COMMENT) {
        let mut lines = read_comments(value)?;
        match (object, block) {
            (Some(object), block) => object.comment(block.trim_start_matches('_'), &mut lines),
            (None, "" | "_HEADER") => draft.header.comments.append(&mut lines),
            (None, _) => draft.relative.comments.append(&mut lines),
        }
        return Ok(());
    }
    let none = &mut Vec::new();
    match object {
        Some(object) => {
            let alternate = name.strip_prefix(ALTERNATE).map(|key| Field { key, ..field });
            let known = match alternate {
                Some(field) if object.offer_alternate(&field)? => true,
                _ => object.offer(&field, none)?,
            };
            if !known {
                push_with_unit(object.user_defined(), &field)?;
            }
        }
        None if name == VERSION => text::check(field.value)?.clone_into(&mut draft.version),
        None => {
            if !(draft.header.offer(&field, none)? || draft.relative.offer(&field, none)?) {
                let key = name.strip_prefix(USER_DEFINED).unwrap_or(name);
                push_with_unit(&mut draft.user_defined, &Field { key, ..field })?;
            }
        }
    }
    Ok(())
}

/// Keeps a member that no field of the standard takes, and the unit that came with it.
fn push_with_unit(list: &mut Vec<UserDefined>, field: &Field<'_>) -> Result<(), Fault> {
    push_user_defined(list, field.key, field.value)?;
    match field.unit {
        Some(unit) if !field.value.is_empty() => {
            push_user_defined(list, &format!("{}{UNIT}", field.key), unit.trim())
        }
        _ => Ok(()),
    }
}

/// Collects the members of a message.
struct Members {
    out: String,
    /// 0 before the first object, then its number.
    object: u8,
    block: String,
    mark: &'static str,
    comments: Vec<(String, String)>,
}

impl Members {
    fn member(&mut self, key: &str, value: &str, numeric: bool) {
        self.out.push_str(if self.out.ends_with('{') { "" } else { "," });
        json::write_string(key, &mut self.out);
        self.out.push(':');
        if numeric {
            self.out.push_str(value);
        } else {
            json::write_string(value, &mut self.out);
        }
    }

    fn prefix(&self) -> &'static str {
        match self.object {
            0 => "",
            1 => "SAT1_",
            _ => "SAT2_",
        }
    }
}

impl Emit for Members {
    fn open(&mut self, tag: &str) {
        if tag == "segment" {
            self.object += 1;
        }
        tag.clone_into(&mut self.block);
    }

    fn close(&mut self, _: &str) {}

    fn mark(&mut self, block: &'static str) {
        self.mark = block;
    }

    fn comment(&mut self, text: &str) -> Result<(), WriteError> {
        let block = self.block.to_ascii_uppercase();
        let key = format!("{}{COMMENT}_{}{block}", self.prefix(), self.mark);
        push_comment(&mut self.comments, key, text);
        Ok(())
    }

    fn field(
        &mut self,
        key: &str,
        value: &str,
        unit: Option<&'static str>,
        numeric: bool,
    ) -> Result<(), WriteError> {
        let key = match key.strip_prefix(USER_DEFINED) {
            Some(name) if !is_keyword(name) => name,
            _ => key,
        };
        let mark = if self.mark == ALTERNATE { ALTERNATE } else { "" };
        let key = format!("{}{mark}{key}", self.prefix());
        self.member(&key, value, numeric);
        if let Some(unit) = unit {
            self.member(&format!("{key}{UNIT}"), unit, false);
        }
        Ok(())
    }
}

/// Whether a member of this name means something else than a user-defined parameter.
fn is_keyword(name: &str) -> bool {
    let field = Field { key: name, value: "", unit: None, container: "" };
    let none = &mut Vec::new();
    let mut draft = CdmDraft::new("", Location::default());
    ["SAT1_", "SAT2_", ALTERNATE, USER_DEFINED, COMMENT].iter().any(|prefix| name.starts_with(prefix))
        || name == VERSION
        || name.ends_with(UNIT)
        || draft.header.offer(&field, none).unwrap_or(true)
        || draft.relative.offer(&field, none).unwrap_or(true)
        || CdmObjectDraft::default().offer(&field, none).unwrap_or(true)
}

/// Writes an array of messages, one to a line.
pub(crate) fn write<'a>(messages: impl Iterator<Item = &'a Cdm>) -> Result<String, WriteError> {
    let mut out = String::from("[");
    for (index, cdm) in messages.enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        let mut members =
            Members { out: "{".to_owned(), object: 0, block: String::new(), mark: "", comments: Vec::new() };
        members.member(VERSION, &cdm.version, false);
        cdm.emit(&mut members)?;
        for (key, lines) in std::mem::take(&mut members.comments) {
            members.member(&key, &lines, false);
        }
        out.push_str(&members.out);
        out.push('}');
    }
    out.push_str("\n]\n");
    Ok(out)
}
