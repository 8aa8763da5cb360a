//! Two-line element sets, with and without names.

#![no_main]

#[path = "../../crates/formats/tests/round_trip/mod.rs"]
mod round_trip;

use astroshield_formats::{Notation, detect};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|input: &[u8]| -> Corpus {
    if !matches!(detect(input).0, Some(Notation::Tle | Notation::ThreeLine)) {
        return Corpus::Reject;
    }
    round_trip::check(input);
    Corpus::Keep
});
