//! Messages that are written some at a time, against the same written at once.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use astroshield_formats::{
    HeaderDefaults, Message, Notation, Parts, Strictness, Timestamp, read_messages, write_messages,
};

fn defaults() -> HeaderDefaults {
    let creation_date: Timestamp = "2026-01-01T00:00:00".parse().unwrap();
    HeaderDefaults { creation_date, originator: "TEST".to_owned() }
}

fn messages(bytes: &[u8]) -> Vec<Message> {
    read_messages(bytes, "test", Strictness::Strict).unwrap().messages
}

fn in_parts(messages: &[Message], notation: Notation, at_a_time: usize) -> String {
    let mut parts = Parts::new(notation, defaults());
    let mut text = parts.write(&[]).unwrap();
    for some in messages.chunks(at_a_time) {
        text.push_str(&parts.write(some).unwrap());
        text.push_str(&parts.write(&[]).unwrap());
    }
    text + &parts.finish().unwrap()
}

#[test]
fn parts_put_together_are_the_same_as_all_at_once() {
    let catalog = messages(include_bytes!("samples/omm.csv"));
    // The last object has a number that no TLE can carry.
    let with_tle = &catalog[..2];
    for (notation, catalog) in [
        (Notation::Csv, &*catalog),
        (Notation::Json, &catalog),
        (Notation::Kvn, &catalog),
        (Notation::Xml, &catalog),
        (Notation::Tle, with_tle),
        (Notation::ThreeLine, with_tle),
    ] {
        let whole = write_messages(catalog, notation, &defaults()).unwrap();
        for at_a_time in 1..=catalog.len() {
            assert_eq!(in_parts(catalog, notation, at_a_time), whole, "{notation}, {at_a_time} at a time");
        }
        assert_eq!(
            in_parts(&[], notation, 1),
            write_messages(&[], notation, &defaults()).unwrap(),
            "{notation}"
        );
    }
}

#[test]
fn a_column_that_the_head_does_not_have_is_refused() {
    let mut message = messages(include_bytes!("samples/omm.csv")).remove(0);
    let mut parts = Parts::new(Notation::Csv, defaults());
    parts.write(std::slice::from_ref(&message)).unwrap();
    let Message::Omm(omm) = &mut message else { panic!("an OMM") };
    omm.mean_elements.gm_km3_s2 = Some(398_600.8);
    let error = parts.write(&[message]).unwrap_err().to_string();
    assert!(error.contains("a column beyond those of the head"), "{error}");
}
