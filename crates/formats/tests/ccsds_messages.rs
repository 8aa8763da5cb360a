//! The CCSDS messages of the reference data: each is read and round-trips, or is refused for its own fault.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]
#![expect(
    clippy::float_cmp,
    clippy::excessive_precision,
    reason = "the digits of a file are read without error"
)]

mod ccsds_table;
mod reference_data;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use astroshield_astro::elements::MeanElements;
use astroshield_formats::{
    Cdm, Document, Fault, HeaderDefaults, Message, Notation, Strictness, read_catalog, read_messages,
};
use ccsds_table::{Outcome, TABLE};
use reference_data::{content, folder};

fn defaults() -> HeaderDefaults {
    HeaderDefaults { creation_date: "2026-01-01".parse().unwrap(), originator: "ASTROSHIELD".to_owned() }
}

/// Files below a folder, as paths relative to it.
fn files(root: &Path) -> BTreeSet<String> {
    let mut folders = vec![root.to_owned()];
    let mut files = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }
    files
}

fn outcome(result: Result<usize, String>, name: &str) -> String {
    match result {
        Ok(count) => format!("{:?}", Outcome::Read(count)),
        Err(message) => message.strip_prefix(&format!("{name}: ")).unwrap_or(&message).to_owned(),
    }
}

#[test]
fn table_lists_every_file_and_no_other() {
    let Some(folder) = folder("table_lists_every_file_and_no_other", "ccsds") else { return };
    let listed: BTreeSet<String> = TABLE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed.len(), TABLE.len(), "a file is listed twice");
    assert_eq!(files(&folder), listed);
}

#[test]
fn every_file_has_the_outcome_of_the_table() {
    let Some(folder) = folder("every_file_has_the_outcome_of_the_table", "ccsds") else { return };
    let mut differences = Vec::new();
    for (name, expected) in TABLE {
        let read = read_messages(&content(&folder.join(name)), name, Strictness::Strict);
        let found =
            outcome(read.as_ref().map(|document| document.messages.len()).map_err(ToString::to_string), name);
        let agrees = match expected {
            Outcome::Read(_) => found == format!("{expected:?}"),
            Outcome::Refused(message) => found == *message,
            Outcome::Unsupported(kind) => {
                matches!(&read, Err(problem) if problem.fault == Fault::Unsupported((*kind).to_owned()))
            }
        };
        if !agrees {
            differences.push(format!("{name}: expected {expected:?}, found {found}"));
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Notations that carry all of a message.
fn notations(message: &Message) -> &'static [Notation] {
    match message {
        Message::Omm(_) => &[Notation::Kvn, Notation::Xml, Notation::Json, Notation::Csv],
        Message::Cdm(_) => &[Notation::Kvn, Notation::Xml, Notation::Json],
        Message::CdmSummary(_) => &[Notation::Json],
        _ => &[Notation::Kvn, Notation::Xml],
    }
}

fn rewrite(document: &Document, notation: Notation, name: &str) -> Document {
    let written = document.write(notation, &defaults()).unwrap();
    read_messages(written.as_bytes(), name, Strictness::Strict)
        .unwrap_or_else(|problem| panic!("{name} as {notation}: {problem}\n{written}"))
}

#[test]
fn every_file_that_is_read_round_trips_in_each_notation_of_its_kind() {
    let name = "every_file_that_is_read_round_trips_in_each_notation_of_its_kind";
    let Some(folder) = folder(name, "ccsds") else { return };
    let mut trips = 0;
    for (name, outcome) in TABLE {
        if !matches!(outcome, Outcome::Read(1..)) {
            continue;
        }
        let document = read_messages(&content(&folder.join(name)), name, Strictness::Strict).unwrap();
        for notation in notations(&document.messages[0]) {
            let again = rewrite(&document, *notation, name);
            assert_eq!(document.messages, again.messages, "{name} as {notation}");
            // From there back to the notation that it came in.
            let back = rewrite(&again, document.notation, name);
            assert_eq!(document.messages, back.messages, "{name} as {notation} and back");
            if *notation == Notation::Xml && document.container.is_some() {
                assert_eq!(document.container, again.container, "{name}");
            }
            trips += 1;
        }
    }
    assert!(trips > 200, "{trips} round trips");
}

fn cdm(folder: &Path, name: &str) -> Cdm {
    let document = read_messages(&content(&folder.join(name)), name, Strictness::Strict).unwrap();
    match document.messages.into_iter().next() {
        Some(Message::Cdm(cdm)) => *cdm,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn alfano_case_gives_states_covariances_and_radius() {
    let Some(folder) = folder("alfano_case_gives_states_covariances_and_radius", "ccsds/orekit/ccsds/cdm")
    else {
        return;
    };
    let cdm = cdm(&folder, "AlfanoTestCase01.cdm");
    assert_eq!(cdm.combined_hard_body_radius_m(), Some(15.0));
    assert_eq!(cdm.object1.state.position_km(), [153.446765, 41874.155870, 0.0]);
    assert_eq!(cdm.object2.state.velocity_km_s(), [3.066864761, -0.011363615, -0.000000001]);
    let covariance = cdm.object1.covariance.as_ref().unwrap().matrix_m_s();
    assert_eq!(covariance[1][0], -3.524140813027809e+02);
    assert_eq!(covariance[0][1], covariance[1][0]);
    assert_eq!(covariance[5][2], -6.070876344492500e-05);
    assert_eq!(covariance[5][5], 3.390390010767800e-09);
    assert_eq!(cdm.tca_utc().unwrap().to_string(), "2000-01-01T00:00:00 UTC");
}

#[test]
fn radius_of_one_object_is_not_the_combined_radius() {
    let Some(folder) = folder("radius_of_one_object_is_not_the_combined_radius", "ccsds/orekit/ccsds/cdm")
    else {
        return;
    };
    // Object 1 has the comment "Operator Hard Body Radius = 10.0 [m]"; object 2 has an exclusion volume only.
    let cdm = cdm(&folder, "CDMExample_issue1319.xml");
    assert_eq!(cdm.object1.hard_body_radius_m(), Some(10.0));
    assert_eq!(cdm.object2.hard_body_radius_m(), None);
    assert_eq!(cdm.combined_hard_body_radius_m(), None);
}

#[test]
fn supported_members_of_a_container_are_read_and_the_others_named() {
    let name = "supported_members_of_a_container_are_read_and_the_others_named";
    let Some(folder) = folder(name, "ccsds/books/data/xml") else { return };
    let document = read_messages(&content(&folder.join("ndm_g22.xml")), "ndm_g22.xml", Strictness::Tolerant);
    let document = document.unwrap();
    let kinds: Vec<String> = document.messages.iter().map(|message| message.kind().to_string()).collect();
    let faults: Vec<Fault> = document.problems.into_iter().map(|problem| problem.fault).collect();
    assert_eq!(kinds, ["OPM", "OMM", "OEM"]);
    assert_eq!(faults, [Fault::Unsupported("OCM".to_owned())]);
}

#[test]
fn sgp4_xp_elements_are_read_and_not_given_to_sgp4() {
    let Some(folder) =
        folder("sgp4_xp_elements_are_read_and_not_given_to_sgp4", "ccsds/orekit/ccsds/odm/omm")
    else {
        return;
    };
    let bytes = content(&folder.join("OMMExample5.txt"));
    let document = read_messages(&bytes, "xp", Strictness::Strict).unwrap();
    let Some(Message::Omm(omm)) = document.messages.first() else { panic!("{document:?}") };
    let error = MeanElements::try_from(omm.as_ref()).unwrap_err();
    assert_eq!(error.to_string(), "MEAN_ELEMENT_THEORY: SGP4-XP elements cannot be used by SGP4");
    let catalog = read_catalog(&bytes, "xp", Strictness::Tolerant).unwrap();
    assert_eq!((catalog.objects.len(), catalog.problems.len()), (0, 1));
}
