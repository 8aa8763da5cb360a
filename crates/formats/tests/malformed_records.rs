//! A malformed record is named with its source, place, field and reason; the records around it are read.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use astroshield_formats::{
    Catalog, Fault, HeaderDefaults, Message, Notation, Strictness, WriteError, read_catalog, read_messages,
    write_catalog,
};

const TLE: &str = include_str!("samples/catalog.3le");
const CSV: &str = include_str!("samples/omm.csv");
const JSON: &str = include_str!("samples/omm_celestrak.json");

fn defaults() -> HeaderDefaults {
    HeaderDefaults { creation_date: "2026-01-01".parse().unwrap(), originator: "ASTROSHIELD".to_owned() }
}

fn tolerant(text: impl AsRef<[u8]>) -> Catalog {
    read_catalog(text.as_ref(), "file", Strictness::Tolerant).unwrap()
}

/// The problems of a tolerant reading, after checking that a strict one stops at the first of them.
fn problems(text: impl AsRef<[u8]>) -> Vec<String> {
    let problems: Vec<String> = tolerant(&text).problems.iter().map(ToString::to_string).collect();
    let strict =
        read_catalog(text.as_ref(), "file", Strictness::Strict).map_err(|problem| problem.to_string());
    assert_eq!(strict.err().as_ref(), problems.first());
    problems
}

fn names(text: impl AsRef<[u8]>) -> Vec<String> {
    tolerant(text).objects.into_iter().filter_map(|object| object.name).collect()
}

#[test]
fn a_tle_with_a_wrong_checksum_is_skipped_and_named() {
    let text = TLE.replace("  427\n", "  423\n");
    assert_eq!(problems(&text), ["file: line 6: checksum is 3, computed 7"]);
    assert_eq!(names(&text), ["DEMO ALPHA", "DEMO CHARLIE (DEB)"]);
}

#[test]
fn a_tle_field_that_is_no_number_is_named() {
    let mut text = TLE.replace("26201.25000000", "26201.2500000x");
    // The letter counts nothing where the 0 counted nothing: the checksum still holds.
    assert_eq!(problems(&text), ["file: line 2: EPOCH: not a time: \"26201.2500000x\""]);
    text = TLE.replace(" 12345-3 0  9992", " 1234x-3 0  9997");
    assert_eq!(problems(&text), ["file: line 2: BSTAR: not a number: \"1234x-3\""]);
}

#[test]
fn a_line_that_is_cut_is_named_with_its_length() {
    let text = TLE.replace(" 15.50000000123459", " 15.50000000");
    assert_eq!(problems(&text), ["file: line 3: line has 63 characters, 69 are due"]);
    // A shorter stump is no line 2 at all, and no name either.
    let text = TLE.replace("  51.6400  10.0000 0001000  20.0000  30.0000 15.50000000123459", "");
    assert_eq!(problems(&text).len(), 2);
    assert_eq!(names(&text), ["DEMO BRAVO R/B", "DEMO CHARLIE (DEB)"]);
}

#[test]
fn lines_of_different_objects_do_not_make_an_element_set() {
    let lines: Vec<&str> = TLE.lines().collect();
    let text = [lines[0], lines[1], lines[6], lines[4], lines[5], lines[6]].join("\n");
    assert_eq!(problems(&text), ["file: line 3: line 1 of 70001 is followed by T0001"]);
    let text = [lines[1], lines[4], lines[5], lines[6], lines[2]].join("\n");
    assert_eq!(
        problems(&text),
        [
            "file: line 1: line 1 of 70001 is followed by \"0 DEMO BRAVO R/B\"",
            "file: line 5: unexpected line 2 without a line 1",
        ]
    );
    assert_eq!(names(&text), ["DEMO BRAVO R/B"]);
}

#[test]
fn alpha5_has_no_i_and_no_o() {
    for letter in ["I", "O", "a"] {
        let text = TLE.replace("T0001", &format!("{letter}0001"));
        assert_eq!(
            problems(&text),
            [format!("file: line 6: NORAD_CAT_ID: not a catalog number: \"{letter}0001\"")]
        );
    }
}

#[test]
fn line_ends_blank_lines_comments_and_a_byte_order_mark_change_nothing() {
    let expected = tolerant(TLE).objects;
    for text in [
        TLE.replace('\n', "\r\n"),
        TLE.replace('\n', "\n\n"),
        format!("\u{FEFF}{TLE}"),
        format!("# comment\n{TLE}"),
        TLE.trim_end().to_owned(),
        TLE.replace("0 DEMO", "DEMO"),
        TLE.replace("123459\n", "123459      0.0      4320.0      360.00\n"),
    ] {
        let catalog = tolerant(&text);
        assert_eq!((catalog.problems.as_slice(), &catalog.objects), ([].as_slice(), &expected), "{text}");
    }
}

#[test]
fn two_digit_years_turn_in_1957() {
    let epoch = |year: &str, checksum: char| {
        let line = format!("1 70001U 99001A   {year}001.00000000  .00000000  00000+0  00000+0 0  999");
        let text = format!(
            "{line}{checksum}\n2 70001  51.6400  10.0000 0001000  20.0000  30.0000 15.50000000123459\n"
        );
        tolerant(text).objects.first().map(|object| object.elements.epoch.to_string())
    };
    let of = |year: &str| ('0'..='9').find_map(|checksum| epoch(year, checksum));
    assert_eq!(of("57").as_deref(), Some("1957-01-01T00:00:00 UTC"));
    assert_eq!(of("99").as_deref(), Some("1999-01-01T00:00:00 UTC"));
    assert_eq!(of("00").as_deref(), Some("2000-01-01T00:00:00 UTC"));
    assert_eq!(of("56").as_deref(), Some("2056-01-01T00:00:00 UTC"));
}

#[test]
fn sgp4_xp_element_sets_are_refused_as_such() {
    let text = TLE.replace(" 12345-3 0  9992", " 12345-3 4  9996");
    assert_eq!(
        problems(&text),
        ["file: line 1: EPHEMERIS_TYPE: SGP4-XP (ephemeris type 4) elements cannot be used by SGP4"]
    );
    let text = JSON.replacen("\"EPHEMERIS_TYPE\":0", "\"EPHEMERIS_TYPE\":4", 1);
    assert_eq!(
        problems(&text),
        ["file: record 1: EPHEMERIS_TYPE: SGP4-XP (ephemeris type 4) elements cannot be used by SGP4"]
    );
}

#[test]
fn elements_that_are_no_orbit_are_refused() {
    let text = CSV.replace(",.0001,", ",1.0,");
    assert_eq!(problems(&text), ["file: line 2: ECCENTRICITY: 1 is outside 0 <= eccentricity < 1"]);
    let text = CSV.replace(",15.5,", ",-15.5,");
    assert_eq!(problems(&text), ["file: line 2: MEAN_MOTION: -15.5 is outside mean motion > 0"]);
    for number in ["nan", "inf", "1e999", "0x10", "1,5", ""] {
        let text = CSV.replace(",15.5,", &format!(",\"{number}\","));
        assert_eq!(problems(&text).len(), 1, "{number}");
    }
}

#[test]
fn a_csv_line_with_a_wrong_number_of_values_is_skipped() {
    let text = CSV.replace("DEMO ALPHA,", "DEMO, ALPHA,");
    assert_eq!(problems(&text), ["file: line 2: 18 values in the row, as many as columns are due"]);
    assert_eq!(names(&text), ["DEMO \"BRAVO\", R/B", "DEMO NINE DIGITS"]);
}

#[test]
fn csv_columns_may_come_in_any_order_and_more_of_them() {
    let text =
        CSV.lines()
            .map(|line| {
                if line.starts_with("OBJECT_NAME") { format!("MEMO,{line}\n") } else { format!("x,{line}\n") }
            })
            .collect::<String>();
    let catalog = tolerant(&text);
    assert!(catalog.problems.is_empty());
    assert_eq!(catalog.objects[0].source.to_omm().user_defined[0].name, "MEMO");
    assert!(write_catalog(&catalog.objects, Notation::Csv, &defaults()).unwrap().contains(",MEMO\n"));
}

#[test]
fn a_json_record_with_a_fault_is_skipped_by_number() {
    let text = JSON.replace("\"MEAN_MOTION\":14.12593712", "\"MEAN_MOTION\":\"14.1x\"");
    assert_eq!(problems(&text), ["file: record 2: MEAN_MOTION: not a number: \"14.1x\""]);
    assert_eq!(names(&text), ["DEMO ALPHA", "DEMO NINE DIGITS"]);
    let text = JSON.replace("\"MEAN_MOTION\":14.12593712", "\"MEAN_MOTION\":[14]");
    assert_eq!(problems(&text), ["file: record 2: MEAN_MOTION: unexpected nested value"]);
    let text = JSON.replace("\"MEAN_MOTION\":14.12593712,", "");
    assert_eq!(problems(&text), ["file: record 2: MEAN_MOTION: mandatory, but missing or empty"]);
}

#[test]
fn blanks_around_the_name_of_a_json_member_are_no_part_of_it() {
    let padded = |text: &str, name: &str| {
        let padded = text.replace(&format!("\"{name}\""), &format!("\" {name}  \""));
        assert_ne!(padded, text);
        padded
    };
    let messages = |text: &str| read_messages(text.as_bytes(), "file", Strictness::Strict).unwrap().messages;
    assert_eq!(tolerant(padded(JSON, "BSTAR")).objects, tolerant(JSON).objects);
    // An optional one was kept as a member of another name, and was itself once it had been written.
    let row = include_str!("samples/cdm_public.json");
    assert_eq!(messages(&padded(row, "EMERGENCY_REPORTABLE")), messages(row));
    let cdm = read_messages(include_bytes!("samples/cdm.kvn"), "file", Strictness::Strict).unwrap();
    let cdm = cdm.write(Notation::Json, &defaults()).unwrap();
    assert_eq!(messages(&padded(&cdm, "SAT1_TIME_LASTOB_START")), messages(&cdm));
}

#[test]
fn numbers_as_strings_are_the_same_numbers() {
    let mut text = JSON.to_owned();
    for number in ["15.5", "0.0001", "51.64", "70001", "999", "0.00012345", "1.234e-5"] {
        text = text.replacen(&format!(":{number},"), &format!(":\"{number}\","), 1);
    }
    assert_ne!(text, JSON);
    assert_eq!(tolerant(&text).objects, tolerant(JSON).objects);
}

#[test]
fn json_that_is_not_well_formed_is_an_error_with_its_line() {
    let cut = &JSON[..JSON.len() - 10];
    let problem = read_catalog(cut.as_bytes(), "file", Strictness::Tolerant).unwrap_err();
    assert!(problem.to_string().starts_with("file: line 3: malformed JSON: EOF while parsing"), "{problem}");
}

#[test]
fn bytes_that_are_not_utf8_spoil_their_record_only() {
    let mut bytes = CSV.as_bytes().to_vec();
    let place = CSV.find("ALPHA").unwrap();
    bytes[place] = 0xFF;
    let catalog = tolerant(&bytes);
    assert_eq!(catalog.objects.len(), 2);
    assert_eq!(catalog.problems[0].to_string(), "file: line 2: OBJECT_NAME: not UTF-8 text");
    let strict = read_catalog(&bytes, "file", Strictness::Strict).unwrap_err();
    assert_eq!(strict.to_string(), "file: line 2: not UTF-8 text");
    let mut bytes = xml().into_bytes();
    let place = xml().find("version=\"3.0\"").unwrap();
    bytes[place + 9] = 0xFF;
    assert_eq!(tolerant(&bytes).problems[0].to_string(), "file: line 3: version: not UTF-8 text");
    let nul = CSV.replace("ALPHA", "AL\0HA");
    assert_eq!(problems(&nul), ["file: line 2: OBJECT_NAME: control character 0x00"]);
    assert_eq!(
        problems(TLE.replacen("DEMO A", "DEMO\0A", 1)),
        ["file: line 1: OBJECT_NAME: control character 0x00"]
    );
}

#[test]
fn numbers_above_339_999_have_no_tle() {
    let catalog = tolerant(CSV);
    let error = write_catalog(&catalog.objects, Notation::Tle, &defaults()).unwrap_err();
    assert_eq!(
        error,
        WriteError::NotRepresentable {
            notation: "TLE",
            field: "NORAD_CAT_ID".to_owned(),
            value: "799999999".to_owned()
        }
    );
}

#[test]
fn a_tle_rounds_its_epoch_into_the_next_year() {
    let text = CSV.replace("2026-07-20T06:00:00.000000", "2026-12-31T23:59:59.999999");
    let mut catalog = tolerant(&text);
    catalog.objects.truncate(1);
    let lines = write_catalog(&catalog.objects, Notation::Tle, &defaults()).unwrap();
    assert!(lines.contains("27001.00000000"), "{lines}");
}

#[test]
fn a_tle_rounds_drag_terms_to_its_columns() {
    let exponential = |value: &str| {
        let mut catalog = tolerant(CSV.replace(".12345E-3", value));
        catalog.objects.truncate(1);
        let lines = write_catalog(&catalog.objects, Notation::Tle, &defaults()).unwrap();
        lines.lines().nth(1).unwrap()[53..61].to_owned()
    };
    let cases = [
        ("1.2345678e-4", " 12346-3"),
        ("-9.99999e-5", "-10000-3"),
        ("0.5", " 50000+0"),
        ("-12345", "-12345+5"),
        ("1.2345e-12", " 00123-9"),
        ("-1e-30", " 00000+0"),
        ("-0", " 00000+0"),
    ];
    for (value, columns) in cases {
        assert_eq!(exponential(value), columns, "{value}");
    }
}

#[test]
fn a_kvn_message_with_a_fault_does_not_hide_the_next() {
    let kvn = include_str!("samples/omm.kvn");
    let text = format!("{}\n{kvn}", kvn.replace("ECCENTRICITY = 0.0001", "ECCENTRICITY = much"));
    assert_eq!(problems(&text), ["file: line 17: ECCENTRICITY: not a number: \"much\""]);
    assert_eq!(names(&text), ["DEMO ALPHA"]);
    let text = format!("{kvn}\n{}", kvn.replace("REF_FRAME = TEME\nTIME", "REF_FRAME = GCRF\nTIME"));
    assert_eq!(problems(&text), ["file: line 63: REF_FRAME: \"GCRF\" is not one of TEME"]);
}

#[test]
fn a_field_twice_is_a_fault() {
    let kvn = include_str!("samples/omm.kvn");
    let text = kvn.replace("MEAN_ANOMALY = 30 [deg]\n", "MEAN_ANOMALY = 30 [deg]\nMEAN_ANOMALY = 31 [deg]\n");
    assert_eq!(problems(&text), ["file: line 22: MEAN_ANOMALY: given more than once"]);
}

/// Number of the only line that contains a text.
fn line_of(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.contains(part)).unwrap() + 1
}

fn xml() -> String {
    let catalog = tolerant(CSV);
    write_catalog(&catalog.objects, Notation::Xml, &defaults()).unwrap()
}

#[test]
fn an_xml_message_with_a_fault_does_not_hide_the_next() {
    let text = xml().replace(">14.12593712<", ">fast<");
    let line = line_of(&text, ">fast<");
    assert_eq!(problems(&text), [format!("file: line {line}: MEAN_MOTION: not a number: \"fast\"")]);
    assert_eq!(names(&text), ["DEMO ALPHA", "DEMO NINE DIGITS"]);
}

#[test]
fn entities_document_types_and_deep_nesting_are_refused() {
    let refuse = |text: &str| match read_messages(text.as_bytes(), "file", Strictness::Tolerant) {
        Err(problem) => problem.to_string(),
        Ok(document) => match document.problems.first() {
            Some(problem) => problem.to_string(),
            None => panic!("accepted: {text}"),
        },
    };
    let laughs = "<!DOCTYPE ndm [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]>\n<ndm>";
    let text = xml().replacen("<ndm", &format!("{laughs}<ndm"), 1);
    assert_eq!(refuse(&text), "file: line 2: unexpected document type declaration");
    let text = xml().replacen("DEMO ALPHA", "&b;", 1);
    let line = line_of(&text, "&b;");
    assert_eq!(refuse(&text), format!("file: line {line}: OBJECT_NAME: unexpected entity &b;"));
    let text = format!("<ndm>{}", "<ocm>".repeat(100_000));
    assert!(refuse(&text).contains("nesting deeper than 16 elements"));
    let text = format!("[{{\"EPOCH\":\"\",\"ECCENTRICITY\":{}", "[".repeat(100_000));
    assert!(refuse(&text).contains("malformed JSON"));
}

#[test]
fn long_values_are_cut_in_problems() {
    let text = CSV.replace(",15.5,", &format!(",{},", "x".repeat(1_000_000)));
    let problem = &tolerant(&text).problems[0];
    assert!(problem.to_string().len() < 200);
    assert!(matches!(&problem.fault, Fault::NotANumber(value) if value.ends_with('…')));
}

#[test]
fn a_source_of_nothing_but_faults_is_given_up() {
    let text = format!("{TLE}{}", "x\n".repeat(200_000));
    let problem = read_catalog(text.as_bytes(), "file", Strictness::Tolerant).unwrap_err();
    assert_eq!(problem.fault, Fault::TooManyProblems(100_000));
}

#[test]
fn an_opm_is_written_in_the_order_and_units_of_the_standard() {
    let document = read_messages(include_bytes!("samples/opm.kvn"), "opm", Strictness::Strict).unwrap();
    let shuffled = include_str!("samples/opm.kvn")
        .replace("OBJECT_ID = 1999-001A\n", "")
        .replace("TIME_SYSTEM = TAI\n", "TIME_SYSTEM = TAI\nOBJECT_ID = 1999-001A\n")
        .replace(" [km]", "")
        .replace("MASS = 1913.000 [kg]", "MASS = 1913000 [g]");
    let again = read_messages(shuffled.as_bytes(), "opm", Strictness::Strict).unwrap();
    assert_eq!(document.messages, again.messages);
    let written = again.write(Notation::Kvn, &defaults()).unwrap();
    let keys: Vec<&str> =
        written.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key.trim()).collect();
    // CCSDS 502.0-B-3, tables 3-1 to 3-4.
    let expected = "CCSDS_OPM_VERS CREATION_DATE ORIGINATOR OBJECT_NAME OBJECT_ID CENTER_NAME REF_FRAME \
        REF_FRAME_EPOCH TIME_SYSTEM EPOCH X Y Z X_DOT Y_DOT Z_DOT SEMI_MAJOR_AXIS ECCENTRICITY INCLINATION \
        RA_OF_ASC_NODE ARG_OF_PERICENTER TRUE_ANOMALY GM MASS SOLAR_RAD_AREA SOLAR_RAD_COEFF MAN_EPOCH_IGNITION \
        MAN_DURATION MAN_DELTA_MASS MAN_REF_FRAME MAN_DV_1 MAN_DV_2 MAN_DV_3 MAN_EPOCH_IGNITION MAN_DURATION \
        MAN_DELTA_MASS MAN_REF_FRAME MAN_DV_1 MAN_DV_2 MAN_DV_3 USER_DEFINED_EARTH_MODEL";
    assert_eq!(keys, expected.split_whitespace().collect::<Vec<_>>());
    assert!(written.contains("MASS                     = 1913 [kg]\n"), "{written}");
}

#[test]
fn an_ephemeris_gives_epochs_states_and_covariances() {
    let document = read_messages(include_bytes!("samples/oem.kvn"), "oem", Strictness::Strict).unwrap();
    let Some(Message::Oem(oem)) = document.messages.first() else { panic!("{document:?}") };
    assert_eq!(oem.segments.len(), 2);
    let segment = &oem.segments[0];
    let epochs = segment.epochs().unwrap();
    assert_eq!(epochs.len(), segment.states.len());
    assert_eq!((epochs[1] - epochs[0]).to_seconds().to_string(), "60");
    assert_eq!(segment.metadata.ref_frame, "EME2000");
    assert_eq!(segment.states[1].acceleration_km_s2.map(|a| a.map(|a| a * 1e3)), Some([1.0, 2.0, -3.0]));
    let covariance = segment.covariances[1].covariance.matrix_km_s();
    assert_eq!(covariance[5].map(|value| value.to_string()), ["16", "17", "18", "19", "20", "21"]);
    assert_eq!(covariance[0].map(|value| value.to_string()), ["1", "2", "4", "7", "11", "16"]);
}
