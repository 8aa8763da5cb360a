//! Samples made by hand, as they are and with random damage: nothing panics, and what is read survives writing.

#![expect(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]

mod round_trip;

use std::sync::LazyLock;

use astroshield_formats::{
    Catalog, HeaderDefaults, Message, Notation, Strictness, detect, read_catalog, read_messages,
};
use proptest::prelude::*;

fn defaults() -> HeaderDefaults {
    HeaderDefaults { creation_date: "2026-01-01".parse().unwrap(), originator: "ASTROSHIELD".to_owned() }
}

/// Samples of each notation and kind: the files in `samples`, and each of them in its other notations.
static SAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let files: [&[u8]; 10] = [
        include_bytes!("samples/catalog.tle"),
        include_bytes!("samples/catalog.3le"),
        include_bytes!("samples/omm.csv"),
        include_bytes!("samples/omm_celestrak.json"),
        include_bytes!("samples/omm_spacetrack.json"),
        include_bytes!("samples/omm.kvn"),
        include_bytes!("samples/opm.kvn"),
        include_bytes!("samples/oem.kvn"),
        include_bytes!("samples/cdm.kvn"),
        include_bytes!("samples/cdm_public.json"),
    ];
    let mut samples: Vec<Vec<u8>> = files.iter().map(|bytes| bytes.to_vec()).collect();
    for bytes in files {
        let document = read_messages(bytes, "sample", Strictness::Strict).unwrap();
        for notation in [Notation::Kvn, Notation::Xml, Notation::Json, Notation::Csv] {
            if let Ok(text) = document.write(notation, &defaults()) {
                samples.push(text.into_bytes());
            }
        }
    }
    samples
});

#[test]
fn every_sample_is_read_without_problem_and_round_trips() {
    for sample in SAMPLES.iter() {
        let document = read_messages(sample, "sample", Strictness::Strict).unwrap();
        assert_eq!(round_trip::check(sample), document.messages.len());
        assert!(!document.messages.is_empty());
    }
}

fn catalog(bytes: &[u8]) -> Catalog {
    read_catalog(bytes, "sample", Strictness::Strict).unwrap()
}

#[test]
fn the_same_elements_are_read_from_every_notation() {
    let csv = catalog(include_bytes!("samples/omm.csv"));
    let json = catalog(include_bytes!("samples/omm_celestrak.json"));
    assert_eq!(csv.objects, json.objects);
    let tle = catalog(include_bytes!("samples/catalog.tle"));
    let three_line = catalog(include_bytes!("samples/catalog.3le"));
    assert_eq!(tle.objects, three_line.objects);
    assert_eq!((tle.notation, three_line.notation), (Notation::Tle, Notation::ThreeLine));
    for other in [
        &tle,
        &catalog(include_bytes!("samples/omm_spacetrack.json")),
        &catalog(include_bytes!("samples/omm.kvn")),
    ] {
        assert_eq!(other.objects[0].elements, csv.objects[0].elements);
        assert_eq!(other.objects[0].name.as_deref(), Some("DEMO ALPHA"));
        assert_eq!(other.objects[0].international_designator.as_deref(), Some("1999-001A"));
    }
    assert_eq!(tle.objects[1].elements, csv.objects[1].elements);
    assert_eq!(csv.objects[2].catalog_number.get(), 799_999_999);
}

#[test]
fn kinds_and_notations_are_recognized_by_content() {
    for sample in SAMPLES.iter() {
        let (notation, kind) = detect(sample);
        let document = read_messages(sample, "sample", Strictness::Strict).unwrap();
        assert_eq!(notation, Some(document.notation));
        if document.container.is_none() {
            assert_eq!(kind, document.messages[0].kind());
        }
    }
    for nothing in
        [b"".as_slice(), b"\n", b"hello", b"\xFF\xFE", b"<html></html>", b"[]", b"{}", b"a,b\n1,2\n"]
    {
        assert!(read_messages(nothing, "nothing", Strictness::Tolerant).is_err(), "{nothing:?}");
    }
}

#[test]
fn hard_body_radii_of_both_objects_add_up() {
    let document = read_messages(include_bytes!("samples/cdm.kvn"), "sample", Strictness::Strict).unwrap();
    let Message::Cdm(cdm) = &document.messages[0] else { panic!("{document:?}") };
    assert_eq!(cdm.combined_hard_body_radius_m(), Some(5.0));
}

/// A change of one place of an input.
#[derive(Debug, Clone)]
enum Damage {
    Set(u8),
    Remove(usize),
    Repeat(usize),
    Insert(Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let bytes = prop::sample::select(b" \t\r\n=-+.,:;/<>&\"'[]{}()09aEeTZ\x00\x1A\xFF\xC3\xEF".to_vec());
    let words = prop::sample::select(vec![
        "COMMENT ",
        "META_START\n",
        "COVARIANCE_STOP\n",
        "EPOCH = ",
        "1 ",
        "nan",
        "inf",
        "1e999",
        "&lt;",
        "&x;",
        "<!DOCTYPE x>",
        "]]>",
        "[[[[",
        "null",
        "[km]",
        "\u{FEFF}",
        "CCSDS_OMM_VERS = 2.0\n",
        "USER_DEFINED_X = 1\n",
    ]);
    prop_oneof![
        bytes.prop_map(Damage::Set),
        (1..200_usize).prop_map(Damage::Remove),
        (1..200_usize).prop_map(Damage::Repeat),
        words.prop_map(|word| Damage::Insert(word.as_bytes().to_vec())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_samples_are_read_or_refused_and_what_is_read_survives(
        sample in any::<prop::sample::Index>(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), damage()), 1..6),
    ) {
        let mut bytes = sample.get(&SAMPLES).clone();
        for (place, damage) in damages {
            if bytes.is_empty() {
                break;
            }
            let start = place.index(bytes.len());
            match damage {
                Damage::Set(byte) => bytes[start] = byte,
                Damage::Remove(length) => drop(bytes.drain(start..bytes.len().min(start + length))),
                Damage::Repeat(length) => {
                    let copy = bytes[start..bytes.len().min(start + length)].to_vec();
                    bytes.splice(start..start, copy);
                }
                Damage::Insert(word) => drop(bytes.splice(start..start, word)),
            }
        }
        round_trip::check(&bytes);
    }
}
