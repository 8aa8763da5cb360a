//! Rows of Space-Track's `cdm_public`: conjunctions without states and covariances.

use std::sync::Arc;

use crate::catalog_number::CatalogNumber;
use crate::error::{Fault, Location, Strictness, WriteError};
use crate::field::{Emit, Field, Section as _, SectionDraft as _, UserDefined, push_user_defined, section};
use crate::json;
use crate::omm::emit_user_defined;
use crate::reading::{Read, report};
use crate::timestamp::Timestamp;

section! {
    /// What Space-Track publishes of a conjunction.
    pub struct CdmSummaryFields (CdmSummaryFieldsDraft) in "cdm_public" {
        /// Identifier of the message.
        cdm_id: String = "CDM_ID",
        /// Creation (UTC).
        created: Option<Timestamp> = "CREATED",
        /// Whether it qualifies for an emergency report: `Y` or `N`.
        emergency_reportable: Option<String> = "EMERGENCY_REPORTABLE",
        /// Time of closest approach (UTC).
        tca: Timestamp = "TCA",
        /// Smallest range, in m.
        min_rng_m: Option<f64> = "MIN_RNG",
        /// Probability of collision.
        pc: Option<f64> = "PC",
        /// Catalog number of object 1.
        sat_1_id: CatalogNumber = "SAT_1_ID",
        /// Name of object 1.
        sat_1_name: Option<String> = "SAT_1_NAME",
        /// Type of object 1.
        sat_1_object_type: Option<String> = "SAT1_OBJECT_TYPE",
        /// Size class of object 1 by radar cross-section.
        sat_1_rcs: Option<String> = "SAT1_RCS",
        /// Radius of the exclusion volume of object 1, in m, as written.
        sat_1_excl_vol: Option<String> = "SAT_1_EXCL_VOL",
        /// Catalog number of object 2.
        sat_2_id: CatalogNumber = "SAT_2_ID",
        /// Name of object 2.
        sat_2_name: Option<String> = "SAT_2_NAME",
        /// Type of object 2.
        sat_2_object_type: Option<String> = "SAT2_OBJECT_TYPE",
        /// Size class of object 2 by radar cross-section.
        sat_2_rcs: Option<String> = "SAT2_RCS",
        /// Radius of the exclusion volume of object 2, in m, as written.
        sat_2_excl_vol: Option<String> = "SAT_2_EXCL_VOL",
    }
}

/// A row of Space-Track's `cdm_public`.
#[derive(Debug, Clone, PartialEq)]
pub struct CdmSummary {
    /// Members that Space-Track documents.
    pub fields: CdmSummaryFields,
    /// Other members.
    pub user_defined: Vec<UserDefined>,
}

/// Reads an array of rows, or one.
pub(crate) fn read(text: &str, source_name: &Arc<str>, strictness: Strictness) -> Read<CdmSummary> {
    let records = json::records(text).map_err(|located| located.in_source(source_name))?;
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for (record, number) in records.into_iter().zip(1..) {
        let location = Location::record(number);
        let mut draft = CdmSummaryFieldsDraft::default();
        let mut user_defined = Vec::new();
        let none = &mut Vec::new();
        let read = json::for_each_member(record, location, |key, value| {
            let value = value.trim();
            let known = draft.offer(&Field { key, value, unit: None, container: "" }, none)?;
            if known { Ok(()) } else { push_user_defined(&mut user_defined, key, value) }
        })
        .and_then(|()| draft.finish().map_err(|key| Fault::Missing.at(location, key)))
        .map(|fields| rows.push((location, CdmSummary { fields, user_defined })));
        report(read, source_name, strictness, &mut problems)?;
    }
    Ok((rows, problems))
}

/// Collects the members of a row.
struct Members(String);

impl Emit for Members {
    fn open(&mut self, _: &str) {}

    fn close(&mut self, _: &str) {}

    fn comment(&mut self, _: &str) -> Result<(), WriteError> {
        Ok(())
    }

    fn field(&mut self, key: &str, value: &str, _: Option<&'static str>, _: bool) -> Result<(), WriteError> {
        self.0.push_str(if self.0.ends_with('{') { "" } else { "," });
        json::write_string(key.strip_prefix(crate::field::USER_DEFINED).unwrap_or(key), &mut self.0);
        self.0.push(':');
        // Space-Track writes every member as a string.
        json::write_string(value, &mut self.0);
        Ok(())
    }
}

/// Writes an array of rows, one to a line.
pub(crate) fn write<'a>(rows: impl Iterator<Item = &'a CdmSummary>) -> Result<String, WriteError> {
    let mut out = Members("[".to_owned());
    for (index, row) in rows.enumerate() {
        out.0.push_str(if index == 0 { "\n{" } else { ",\n{" });
        row.fields.emit(&mut out)?;
        emit_user_defined(&row.user_defined, &mut out)?;
        out.0.push('}');
    }
    out.0.push_str("\n]\n");
    Ok(out.0)
}
