//! An encounter as a conjunction message that was received tells it, with the covariances of both objects.

use astroshield_astro::probability::{Encounter, EncounterPlane};
use astroshield_astro::state::Gcrf;
use astroshield_formats::{CatalogNumber, Cdm, Message, Strictness, read_messages};
use nalgebra::Matrix3;

use super::geometry::{CovarianceBasis, PlaneCovariance, axes};
use crate::conjunction::{CdmIdentity, ReceivedCdm};
use crate::{assess, blobs, encounter, ingest};

/// How the covariance of an object came about, as CCSDS 508.0-B-1 has it: the other word is `DEFAULT`.
const CALCULATED: &str = "CALCULATED";

/// The encounter of a message, in GCRF and at its own closest approach: its covariances belong to its states, and not to ours.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedGeometry {
    /// The message.
    pub cdm: ReceivedCdm,
    /// Rows: the unit vectors radial, in-track and cross-track of the conjunction's first object.
    pub ric_axes: Matrix3<f64>,
    /// The encounter plane, seen from the conjunction's first object.
    pub plane: EncounterPlane,
    /// The sum of both covariances in that plane; nothing where it is not positive definite.
    pub covariance: Option<PlaneCovariance>,
    /// Sum of the hard-body radii, in m: of the message, else by the names of the objects.
    pub combined_hard_body_radius_m: f64,
}

impl ReceivedGeometry {
    /// The geometry that a message tells which is kept in this file; nothing where it has not the covariances of both. What it
    /// assumed itself does not count as known.
    pub(super) fn read(cdm: ReceivedCdm, bytes: Vec<u8>, first: CatalogNumber) -> Option<Self> {
        let bytes = blobs::unpack(bytes, ingest::LIMIT_BYTES).ok()?;
        let document = read_messages(&bytes, &cdm.blob, Strictness::Tolerant).ok()?;
        let identity = CdmIdentity {
            originator: cdm.originator.clone(),
            objects: cdm.objects,
            created: cdm.created,
            tca: cdm.tca,
        };
        let is_meant = |message: &Cdm| assess::of_cdm(message).is_ok_and(|told| told.identity() == identity);
        let message = document.messages.into_iter().find_map(|message| match message {
            Message::Cdm(message) if is_meant(&message) => Some(message),
            _ => None,
        })?;
        let is_known = |method: &str| method.trim().eq_ignore_ascii_case(CALCULATED);
        let methods = [&message.object1, &message.object2].map(|object| &object.metadata.covariance_method);
        if !methods.into_iter().all(|method| is_known(method)) {
            return None;
        }
        let combined_hard_body_radius_m = encounter::radius_m(&message);
        let told = encounter::of_cdm(&message, combined_hard_body_radius_m).ok()?;
        let seen = if cdm.objects[0] == first { told } else { turned_round(&told)? };
        let plane = seen.plane().ok()?;
        Some(Self {
            cdm,
            ric_axes: axes(&seen.primary().state),
            covariance: PlaneCovariance::of(&plane, CovarianceBasis::Known),
            plane,
            combined_hard_body_radius_m,
        })
    }
}

/// The same encounter, seen from the other object.
fn turned_round(encounter: &Encounter<Gcrf>) -> Option<Encounter<Gcrf>> {
    let radius_km = encounter.hard_body_radius_km();
    Encounter::new(*encounter.secondary(), *encounter.primary(), radius_km).ok()
}
