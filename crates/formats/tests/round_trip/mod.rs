//! What holds for every input, however broken: used by the tests here and by the fuzz targets.

use astroshield_formats::{
    Document, Header, HeaderDefaults, Message, Notation, RecordProblem, Strictness, read_messages,
};

const NOTATIONS: [Notation; 6] =
    [Notation::Tle, Notation::ThreeLine, Notation::Kvn, Notation::Xml, Notation::Json, Notation::Csv];

fn defaults() -> HeaderDefaults {
    let creation_date = "2026-01-01".parse().expect("a date");
    HeaderDefaults { creation_date, originator: "ASTROSHIELD".to_owned() }
}

/// Fills in what writing KVN and XML fills in.
fn fill(document: &mut Document) {
    if !matches!(document.notation, Notation::Kvn | Notation::Xml) {
        return;
    }
    let fill = |header: &mut Header| {
        header.creation_date.get_or_insert(defaults().creation_date);
        header.originator.get_or_insert(defaults().originator);
    };
    for message in &mut document.messages {
        match message {
            Message::Omm(omm) => {
                omm.version.get_or_insert("3.0".to_owned());
                fill(&mut omm.header);
            }
            Message::Opm(opm) => fill(&mut opm.header),
            Message::Oem(oem) => fill(&mut oem.header),
            _ => {}
        }
    }
}

/// Reads an input; what is read can be written in its notation and read back the same, and what can be written in
/// another notation can be read from it. Returns the number of messages that were read.
pub(crate) fn check(input: &[u8]) -> usize {
    let read = |bytes: &[u8], strictness| read_messages(bytes, "input", strictness);
    // A strict reader refuses what a tolerant one complains of, and nothing else.
    let strict: Result<Document, RecordProblem> = read(input, Strictness::Strict);
    let Ok(mut document) = read(input, Strictness::Tolerant) else {
        assert!(strict.is_err(), "strict reading accepts what tolerant reading refuses");
        return 0;
    };
    if document.problems.is_empty() && std::str::from_utf8(input).is_ok() {
        assert_eq!(strict.as_ref().map(|strict| &strict.messages), Ok(&document.messages));
    }
    if document.messages.is_empty() {
        return 0;
    }
    fill(&mut document);
    for notation in NOTATIONS {
        let tle = matches!(document.notation, Notation::Tle | Notation::ThreeLine);
        let same = notation == document.notation;
        let written = match document.write(notation, &defaults()) {
            Ok(written) => written,
            // Only a TLE can hold a number that its own columns do not.
            Err(error) => {
                assert!(!same || tle, "what was read as {notation} is not written: {error}");
                continue;
            }
        };
        let again = match read(written.as_bytes(), Strictness::Strict) {
            Ok(again) => again,
            Err(problem) => panic!("what was written as {notation} is not read: {problem}\n{written}"),
        };
        assert_eq!(document.messages.len(), again.messages.len(), "{notation}\n{written}");
        if same && !tle {
            assert_eq!(document.messages, again.messages, "{written}");
        }
        // From the second reading on nothing changes, whatever the first notation could not say.
        let rewritten = again.write(notation, &defaults()).expect("what was read is written");
        let third = read(rewritten.as_bytes(), Strictness::Strict).expect("what was written is read");
        assert_eq!(again.messages, third.messages, "{notation}\n{written}");
    }
    document.messages.len()
}
