//! SATCAT: a line is read or a problem, what is read is text, and strict reading agrees with tolerant reading.

#![no_main]

use astroshield_formats::{Strictness, read_satcat};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let tolerant = read_satcat(input, "input", Strictness::Tolerant);
    let strict = read_satcat(input, "input", Strictness::Strict);
    let Ok(tolerant) = tolerant else {
        assert!(strict.is_err());
        return;
    };
    for row in &tolerant.rows {
        assert!(
            !row.name.contains(|character: char| character == '\u{FFFD}'
                || character.is_ascii_control() && character != '\t')
        );
        assert!(row.radar_cross_section_m2.is_none_or(|area| area.is_finite() && area > 0.0));
    }
    match strict {
        Ok(strict) => assert_eq!(strict, tolerant),
        // Bytes that are no text are refused whole where reading is strict.
        Err(_) => assert!(!tolerant.problems.is_empty() || std::str::from_utf8(input).is_err()),
    }
});
