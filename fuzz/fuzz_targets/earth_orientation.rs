//! Tables of Earth orientation: a line is read or a problem, days ascend, and strict reading agrees with tolerant reading.

#![no_main]

use astroshield_formats::{Strictness, read_earth_orientation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let tolerant = read_earth_orientation(input, "input", Strictness::Tolerant);
    let strict = read_earth_orientation(input, "input", Strictness::Strict);
    let Ok(tolerant) = tolerant else {
        assert!(strict.is_err());
        return;
    };
    assert!(tolerant.days.windows(2).all(|pair| pair[0].day < pair[1].day));
    match strict {
        Ok(strict) => assert_eq!(strict, tolerant),
        // Bytes that are no text are refused whole where reading is strict.
        Err(_) => assert!(!tolerant.problems.is_empty() || std::str::from_utf8(input).is_err()),
    }
});
