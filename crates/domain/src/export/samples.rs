//! What the tests of exports begin with.

use astroshield_formats::{HeaderDefaults, Message, Notation, Strictness, read_catalog, write_messages};

use super::reading;
use crate::catalog::{ElementSet, Grade};
use crate::ids::{IngestId, TenantId};
use crate::ingest;

pub(super) const TLE: &str = "ISS (ZARYA)\n\
    1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927\n\
    2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537\n";

pub(super) fn set() -> ElementSet {
    let record = read_catalog(TLE.as_bytes(), "test", Strictness::Strict).unwrap().objects.remove(0);
    let now = "2008-09-20T13:00:00Z".parse().unwrap();
    ingest::element_set(record, &TenantId::public(), "test", Grade::Gp, IngestId::at(now), now)
}

pub(super) fn write(message: Message, notation: Notation) -> String {
    let creation_date = reading("2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let defaults = HeaderDefaults { creation_date, originator: "TEST".to_owned() };
    write_messages(&[message], notation, &defaults).unwrap()
}
