//! Any input: the notation is recognized from it.

#![no_main]

#[path = "../../crates/formats/tests/round_trip/mod.rs"]
mod round_trip;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    round_trip::check(input);
    let _ = astroshield_formats::read_catalog(input, "input", astroshield_formats::Strictness::Tolerant);
});
