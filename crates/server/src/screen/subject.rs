//! The objects of a screening: element sets of the catalog, and ephemerides that their operators give.

use anyhow::Context;
use astroshield_astro::Epoch;
use astroshield_astro::screening::Trajectory;
use astroshield_astro::sgp4::Propagator;
use astroshield_domain::trajectory;
use astroshield_formats::{CatalogNumber, ElementSetRecord, Oem};

use super::report::NotScreened;

/// What is known of an object beside its motion.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subject {
    pub(super) catalog_number: Option<CatalogNumber>,
    pub(super) name: Option<String>,
    /// Epoch of its elements; an ephemeris has none.
    pub(super) epoch: Option<Epoch>,
    pub(super) grade: Grade,
}

/// Grade of the data behind an object's motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grade {
    /// General perturbations element set.
    Gp,
    /// Ephemeris of the operator.
    Ephemeris,
}

impl Grade {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gp => "GP",
            Self::Ephemeris => "EPHEMERIS",
        }
    }
}

/// Objects and their motions, in the same order.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    pub(super) subjects: Vec<Subject>,
    pub(super) trajectories: Vec<Trajectory>,
    /// Objects that SGP4 refuses.
    pub(super) refused: Vec<NotScreened>,
}

impl Subjects {
    pub(super) fn add_element_set(&mut self, record: ElementSetRecord) {
        let subject = Subject {
            catalog_number: Some(record.catalog_number),
            name: record.name,
            epoch: Some(record.elements.epoch),
            grade: Grade::Gp,
        };
        match Propagator::new(&record.elements) {
            Ok(propagator) => {
                self.subjects.push(subject);
                self.trajectories.push(Trajectory::of_element_set(propagator));
            }
            Err(error) => self.refused.push(NotScreened::new(&subject, None, &error)),
        }
    }

    pub(super) fn add_ephemeris(&mut self, oem: &Oem) -> anyhow::Result<()> {
        let name = oem.segments.first().map(|segment| segment.metadata.object_name.clone());
        let trajectory = trajectory::of_oem(oem, None).with_context(|| name.clone().unwrap_or_default())?;
        self.trajectories.push(trajectory);
        self.subjects.push(Subject { catalog_number: None, name, epoch: None, grade: Grade::Ephemeris });
        Ok(())
    }
}
