//! Conjunction data messages that are being read.

use crate::assemble::{Assemble, Message, unknown_keyword};
use crate::cdm::{
    Cdm, CdmAdditionalParametersDraft, CdmHeaderDraft, CdmMetadataDraft, CdmObject, CdmOdParametersDraft,
    CdmRelativeDraft, CdmStateDraft,
};
use crate::cdm_covariance::{CovarianceMetadataDraft, RtnCovarianceDraft, XyzCovarianceDraft};
use crate::error::{Fault, Located, Location};
use crate::field::{Field, SectionDraft as _, USER_DEFINED, UserDefined, push_user_defined};

/// An object that is being read.
#[derive(Debug, Default)]
pub(crate) struct CdmObjectDraft {
    location: Location,
    metadata: CdmMetadataDraft,
    od_parameters: CdmOdParametersDraft,
    additional_parameters: CdmAdditionalParametersDraft,
    state: CdmStateDraft,
    covariance: RtnCovarianceDraft,
    alternate_covariance: XyzCovarianceDraft,
    covariance_metadata: CovarianceMetadataDraft,
    user_defined: Vec<UserDefined>,
}

impl CdmObjectDraft {
    pub(crate) fn at(location: Location) -> Self {
        Self { location, ..Self::default() }
    }

    pub(crate) fn offer(&mut self, field: &Field<'_>, pending: &mut Vec<String>) -> Result<bool, Fault> {
        if let Some(name) = field.key.strip_prefix(USER_DEFINED) {
            return push_user_defined(&mut self.user_defined, name, field.value).map(|()| true);
        }
        // Some keywords belong to both covariances; they follow the block that has begun.
        if !self.alternate_covariance.is_empty() && self.alternate_covariance.offer(field, pending)? {
            return Ok(true);
        }
        Ok(self.metadata.offer(field, pending)?
            || self.od_parameters.offer(field, pending)?
            || self.additional_parameters.offer(field, pending)?
            || self.state.offer(field, pending)?
            || self.covariance.offer(field, pending)?
            || self.alternate_covariance.offer(field, pending)?
            || self.covariance_metadata.offer(field, pending)?)
    }

    pub(crate) fn offer_alternate(&mut self, field: &Field<'_>) -> Result<bool, Fault> {
        self.alternate_covariance.offer(field, &mut Vec::new())
    }

    pub(crate) fn user_defined(&mut self) -> &mut Vec<UserDefined> {
        &mut self.user_defined
    }

    /// Puts comments where a JSON member says that they belong; the rest goes to the metadata.
    pub(crate) fn comment(&mut self, block: &str, lines: &mut Vec<String>) {
        let comments = match block {
            "ODPARAMETERS" => &mut self.od_parameters.comments,
            "ADDITIONALPARAMETERS" => &mut self.additional_parameters.comments,
            "STATEVECTOR" => &mut self.state.comments,
            "COVARIANCEMATRIX" => &mut self.covariance.comments,
            "ALT_COVARIANCEMATRIX" => &mut self.alternate_covariance.comments,
            "QUALITY_COVARIANCEMATRIX" => &mut self.covariance_metadata.comments,
            _ => &mut self.metadata.comments,
        };
        comments.append(lines);
    }

    pub(crate) fn finish(mut self, expected: &str) -> Result<CdmObject, Located> {
        let location = self.location;
        let comments = &mut self.metadata.comments;
        comments.extend(self.od_parameters.orphans());
        comments.extend(self.additional_parameters.orphans());
        comments.extend(self.covariance.orphans());
        comments.extend(self.alternate_covariance.orphans());
        comments.extend(self.covariance_metadata.orphans());
        let missing = |key: &'static str| Fault::Missing.at(location, key);
        let has_alternate = !(self.alternate_covariance.is_empty() && self.covariance_metadata.is_empty());
        let object = CdmObject {
            metadata: self.metadata.finish().map_err(missing)?,
            od_parameters: self.od_parameters.finish_optional().map_err(missing)?,
            additional_parameters: self.additional_parameters.finish_optional().map_err(missing)?,
            state: self.state.finish().map_err(missing)?,
            covariance: self.covariance.finish_optional().map_err(missing)?,
            alternate_covariance: self.alternate_covariance.finish_optional().map_err(missing)?,
            covariance_metadata: self.covariance_metadata.finish_optional().map_err(missing)?,
            user_defined: self.user_defined,
        };
        if object.covariance.is_none() && !has_alternate {
            return Err(missing("CR_R"));
        }
        if object.metadata.object != expected {
            let found = object.metadata.object;
            let expected = if expected == "OBJECT1" { "OBJECT1" } else { "OBJECT2" };
            return Err(Fault::NotOneOf { expected, found }.at(location, "OBJECT"));
        }
        Ok(object)
    }
}

/// A message that is being read.
#[derive(Debug)]
pub(crate) struct CdmDraft {
    location: Location,
    pub(crate) version: String,
    pub(crate) header: CdmHeaderDraft,
    pub(crate) relative: CdmRelativeDraft,
    pub(crate) user_defined: Vec<UserDefined>,
    pub(crate) objects: Vec<CdmObjectDraft>,
    pending: Vec<String>,
}

impl CdmDraft {
    pub(crate) fn new(version: &str, location: Location) -> Self {
        Self {
            location,
            version: version.to_owned(),
            header: CdmHeaderDraft::default(),
            relative: CdmRelativeDraft::default(),
            user_defined: Vec::new(),
            objects: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// The message, with its two objects.
    pub(crate) fn into_cdm(mut self) -> Result<Cdm, Located> {
        let location = self.location;
        let missing = |key: &'static str| Fault::Missing.at(location, key);
        self.header.comments.append(&mut self.pending);
        let header = self.header.finish().map_err(missing)?;
        let relative = self.relative.finish().map_err(missing)?;
        let mut objects = self.objects.into_iter();
        let (Some(object1), Some(object2), None) = (objects.next(), objects.next(), objects.next()) else {
            return Err(missing("OBJECT"));
        };
        Ok(Cdm {
            version: self.version,
            header,
            relative,
            user_defined: self.user_defined,
            object1: object1.finish("OBJECT1")?,
            object2: object2.finish("OBJECT2")?,
        })
    }
}

impl Assemble for CdmDraft {
    fn field(&mut self, field: &Field<'_>, location: Location) -> Result<(), Fault> {
        if field.key == "OBJECT" {
            if self.objects.len() >= 2 {
                return Err(Fault::Unexpected("third object".to_owned()));
            }
            self.objects.push(CdmObjectDraft::at(location));
        }
        let pending = &mut self.pending;
        let known = match self.objects.last_mut() {
            Some(object) => object.offer(field, pending)?,
            None => match field.key.strip_prefix(USER_DEFINED) {
                Some(name) => {
                    push_user_defined(&mut self.user_defined, name, field.value)?;
                    true
                }
                None => self.header.offer(field, pending)? || self.relative.offer(field, pending)?,
            },
        };
        unknown_keyword(known)
    }

    fn comment(&mut self, text: String) {
        self.pending.push(text);
    }

    fn finish(self: Box<Self>) -> Result<Message, Located> {
        self.into_cdm().map(|cdm| Message::Cdm(Box::new(cdm)))
    }
}
