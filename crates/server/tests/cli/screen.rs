//! `astroshield screen`.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::command::{CSV_HEADER, run, run_with_input, two_objects};

const SOCRATES_COLUMNS: &str = "NORAD_CAT_ID_1,OBJECT_NAME_1,DSE_1,NORAD_CAT_ID_2,OBJECT_NAME_2,DSE_2,TCA,TCA_RANGE,\
TCA_RELATIVE_SPEED,MAX_PROB,DILUTION";

const SATCAT: &str =
    "OBJECT_NAME,OBJECT_ID,NORAD_CAT_ID,OBJECT_TYPE,OPS_STATUS_CODE,OWNER,LAUNCH_DATE,LAUNCH_SITE,\
DECAY_DATE,PERIOD,INCLINATION,APOGEE,PERIGEE,RCS,DATA_STATUS_CODE,ORBIT_CENTER,ORBIT_TYPE
TEST ONE,2056-001A,81001,DEB,,US,,,,,,,,,,EA,ORB
TEST TWO,2056-001B,81002,PAY,+,US,,,,,,,,,,EA,ORB
";

fn rows(csv: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap).collect()
}

#[test]
fn events_have_the_columns_and_formats_of_socrates() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_with_input(folder.path(), "screen - --start 2026-01-01 --days 1", two_objects().as_bytes());
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stdout.starts_with(SOCRATES_COLUMNS), "{}", run.stdout);
    let rows = rows(&run.stdout);
    // Two crossings a revolution, fifteen revolutions a day; the nodes drift apart by J2 slowly enough to stay within 5 km
    // for the first ones only.
    assert!(!rows.is_empty());
    let decimals = |text: &str| text.split_once('.').map(|(_, decimals)| decimals.len());
    for row in &rows {
        assert_eq!([&row[0], &row[1], &row[3], &row[4]], ["81001", "TEST ONE [?]", "81002", "TEST TWO [?]"]);
        for column in [2, 5, 7, 8, 10] {
            assert_eq!(decimals(&row[column]), Some(3), "{row:?}");
        }
        assert!(row[6].starts_with("2026-01-01 ") && row[6].len() == 23, "{row:?}");
        assert!(row[9].len() == 9 && &row[9][5..6] == "E", "{row:?}");
        assert!(row[7].parse::<f64>().unwrap() <= 5.0, "{row:?}");
    }
}

#[test]
fn order_and_values_do_not_depend_on_the_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), "catalog demo --objects 1500 demo.csv").status, 0);
    let screen = |threads: usize, format: &str| {
        let arguments =
            format!("screen demo.csv --start 2026-01-01 --days 1 --threads {threads} --format {format}");
        let run = run(folder.path(), &arguments);
        assert_eq!(run.status, 0, "{}", run.stderr);
        run.stdout
    };
    for format in ["csv", "json", "table"] {
        let one = screen(1, format);
        assert!(one.lines().count() > 10, "{one}");
        assert_eq!(one, screen(3, format));
    }
    let times: Vec<String> = rows(&screen(2, "csv")).iter().map(|row| row[6].to_owned()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn satcat_marks_names_and_chooses_the_active_as_primaries() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_objects()).unwrap();
    fs::write(folder.path().join("satcat.csv"), SATCAT).unwrap();
    let arguments = "screen two.csv --start 2026-01-01 --days 1 --primaries active";
    let without = run(folder.path(), arguments);
    assert_eq!(without.status, 1);
    assert!(without.stderr.contains("--satcat"), "{}", without.stderr);

    let run = run(folder.path(), &format!("{arguments} --satcat satcat.csv"));
    assert_eq!(run.status, 0, "{}", run.stderr);
    let rows = rows(&run.stdout);
    assert!(!rows.is_empty());
    for row in &rows {
        assert_eq!([&row[0], &row[1], &row[3], &row[4]], ["81002", "TEST TWO [+]", "81001", "TEST ONE [-]"]);
    }
}

#[test]
fn a_bad_line_of_satcat_is_named_and_skipped_and_strict_stops_at_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_objects()).unwrap();
    let bad = SATCAT.replacen('\n', "\nBAD,2056-001C,8100x,PAY,+\n", 1);
    fs::write(folder.path().join("satcat.csv"), bad).unwrap();
    let arguments = "screen two.csv --start 2026-01-01 --days 1 --primaries active --satcat satcat.csv";
    let tolerant = run(folder.path(), arguments);
    assert_eq!(tolerant.status, 3, "{}", tolerant.stderr);
    assert!(tolerant.stderr.contains("skipped: satcat.csv: line 2: "), "{}", tolerant.stderr);
    assert!(rows(&tolerant.stdout).iter().all(|row| &row[1] == "TEST TWO [+]"));
    let strict = run(folder.path(), &format!("{arguments} --strict"));
    assert_eq!((strict.status, strict.stdout.as_str()), (1, ""));
    assert!(strict.stderr.contains("satcat.csv: line 2: "), "{}", strict.stderr);
}

#[test]
fn listed_primaries_come_first_and_unknown_ones_are_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_objects()).unwrap();
    fs::write(folder.path().join("mine.txt"), "81002 # mine\n81999\n").unwrap();
    let run = run(folder.path(), "screen two.csv --start 2026-01-01 --days 1 --primaries mine.txt");
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stderr.contains("81999 is not in the catalog"), "{}", run.stderr);
    assert!(rows(&run.stdout).iter().all(|row| &row[0] == "81002"));
}

#[test]
fn ephemeris_is_screened_like_its_element_set() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_objects()).unwrap();
    let one: String = two_objects()
        .lines()
        .filter(|line| !line.contains("TWO"))
        .map(|line| line.to_owned() + "\n")
        .collect();
    fs::write(folder.path().join("one.csv"), one).unwrap();
    let span = "--start 2025-12-31T23:00:00 --stop 2026-01-02T01:00:00 --step 60";
    for frame in ["teme", "gcrf", "itrf"] {
        let oem = format!("propagate one.csv {span} --frame {frame} --format oem --output one.oem");
        assert_eq!(run(folder.path(), &oem).status, 0);
        let screen = |primaries: &str| {
            let arguments = format!("screen two.csv --start 2026-01-01 --days 1 --primaries {primaries}");
            let run = run(folder.path(), &arguments);
            assert_eq!(run.status, 0, "{}", run.stderr);
            (rows(&run.stdout), run.stderr)
        };
        let (by_elements, _) = screen("one.csv");
        let (by_ephemeris, messages) = screen("one.oem");
        assert!(messages.contains("2056-001A: its ephemeris takes the place"), "{messages}");
        assert!(!by_elements.is_empty());
        assert_eq!(by_elements.len(), by_ephemeris.len(), "{frame}");
        for (a, b) in by_elements.iter().zip(&by_ephemeris) {
            assert_eq!(
                [&b[0], &b[1], &b[2], &b[3], &b[17]],
                ["", "TEST ONE [?]", "", "81002", "EPHEMERIS/GP"]
            );
            // The OEM has micrometers, the interpolation over a minute millimeters.
            let difference =
                |column: usize| a[column].parse::<f64>().unwrap() - b[column].parse::<f64>().unwrap();
            assert!(difference(7).abs() <= 0.001_5, "{frame}: {a:?} {b:?}");
        }
    }
}

#[test]
fn box_keeps_what_is_inside_of_it_only() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), "catalog demo --objects 1500 demo.csv").status, 0);
    let run = run(folder.path(), "screen demo.csv --start 2026-01-01 --days 1 --box-km 2,20,20");
    assert_eq!(run.status, 0, "{}", run.stderr);
    let rows = rows(&run.stdout);
    assert!(rows.len() > 10, "{}", rows.len());
    for row in &rows {
        let miss: Vec<f64> = (11..14).map(|column| row[column].parse::<f64>().unwrap().abs()).collect();
        // The printed digits are rounded.
        assert!(miss[0] <= 2.0005 && miss[1] <= 20.0005 && miss[2] <= 20.0005, "{row:?}");
        let range = miss.iter().map(|side| side * side).sum::<f64>().sqrt();
        assert!((range - row[7].parse::<f64>().unwrap()).abs() < 2e-3, "{row:?}");
    }
}

#[test]
fn gzip_is_read_whatever_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(two_objects().as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    fs::write(folder.path().join("packed"), &packed).unwrap();
    fs::write(folder.path().join("plain.csv"), two_objects()).unwrap();
    let screen = |arguments: &str, input: &[u8]| {
        run_with_input(folder.path(), &format!("screen {arguments} --start 2026-01-01 --days 1"), input)
            .stdout
    };
    let plain = screen("plain.csv", b"");
    assert!(plain.lines().count() > 1);
    assert_eq!(screen("packed", b""), plain);
    assert_eq!(screen("-", &packed), plain);
}

#[test]
fn json_has_units_in_its_names_and_what_was_screened() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "screen - --start 2026-01-01 --days 1 --format json --top 1 --sort range";
    let run = run_with_input(folder.path(), arguments, two_objects().as_bytes());
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["start_utc"], "2026-01-01 00:00:00.000");
    assert_eq!(json["threshold_km"], 5.0);
    assert_eq!(json["objects_screened"], 2);
    assert!(json["data_grade_notice"].as_str().unwrap().contains("not for a maneuver decision"));
    let events = json["conjunctions"].as_array().unwrap();
    assert_eq!(events.len(), 1);
    assert!(json["events_found"].as_u64().unwrap() >= 1);
    for key in [
        "range_km",
        "relative_speed_km_s",
        "radial_km",
        "in_track_km",
        "cross_track_km",
        "hard_body_radius_m",
    ] {
        assert!(events[0][key].is_f64(), "{key}: {}", events[0]);
    }
    assert_eq!(events[0]["primary"]["catalog_number"], 81001);
    assert_eq!(events[0]["primary"]["data_grade"], "GP");
}

#[test]
fn table_says_how_good_the_data_is() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "screen - --start 2026-01-01 --days 1 --format table --top 1";
    let run = run_with_input(folder.path(), arguments, two_objects().as_bytes());
    assert!(run.stdout.contains("not for a maneuver decision"), "{}", run.stdout);
    assert!(run.stdout.contains("TEST ONE"), "{}", run.stdout);
}

#[test]
fn decayed_object_is_listed_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = two_objects()
        + "FALLING,2056-001C,2026-01-01T00:00:00.000001,16.4,0.001,50,0,0,0,0,U,81003,999,1,0.05,0,0\n";
    let arguments = "screen - --start 2026-01-01 --days 7 --format json";
    let run = run_with_input(folder.path(), arguments, catalog.as_bytes());
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(
        run.stderr.contains("not screened from 2026-01-0") && run.stderr.contains("FALLING"),
        "{}",
        run.stderr
    );
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["not_screened"][0]["catalog_number"], 81003);
    assert!(!json["not_screened"][0]["reason"].as_str().unwrap().is_empty());
}

#[test]
fn window_starts_at_the_catalog_s_own_time_unless_that_is_now() {
    let folder = tempfile::tempdir().unwrap();
    let screen = |start: &str| {
        run_with_input(folder.path(), &format!("screen - --days 1 {start}"), two_objects().as_bytes()).stderr
    };
    let stale = screen("--start 2026-06-01");
    assert!(stale.contains("warning: the window starts 151 days"), "{stale}");
    let own = screen("--start epoch");
    assert!(!own.contains("warning") && own.contains("from 2026-01-01 00:00:00.000"), "{own}");
    // The test's catalog is never of today's making: more than 30 days old.
    let auto = screen("");
    assert!(
        auto.contains("starts at its newest epoch") && auto.contains("from 2026-01-01 00:00:00.000"),
        "{auto}"
    );
    let now = screen("--start now");
    assert!(now.contains("warning: the window starts"), "{now}");
}

#[test]
fn older_element_set_of_the_same_object_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let older = two_objects().replace("2026-01-01T00:00:00.000001", "2025-12-30T00:00:00.000001");
    let both = older + two_objects().strip_prefix(CSV_HEADER).unwrap();
    let arguments = "screen - --start 2026-01-01 --days 1";
    let run_both = run_with_input(folder.path(), arguments, both.as_bytes());
    let run_one = run_with_input(folder.path(), arguments, two_objects().as_bytes());
    assert!(run_both.stderr.contains("2 older element sets"), "{}", run_both.stderr);
    assert_eq!(run_both.stdout, run_one.stdout);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_that_was_not_built_in_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_with_input(folder.path(), "screen - --format parquet --output x.parquet", b"");
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("--features parquet"), "{}", run.stderr);
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_has_the_events_of_the_csv() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    let folder = tempfile::tempdir().unwrap();
    let arguments = "screen - --start 2026-01-01 --days 1";
    let csv = run_with_input(folder.path(), arguments, two_objects().as_bytes());
    let table = format!("{arguments} --format parquet --output x.parquet");
    assert_eq!(run_with_input(folder.path(), &table, two_objects().as_bytes()).status, 0);
    let reader = SerializedFileReader::new(fs::File::open(folder.path().join("x.parquet")).unwrap()).unwrap();
    let events: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    let rows = rows(&csv.stdout);
    assert_eq!(events.len(), rows.len());
    for (event, row) in events.iter().zip(&rows) {
        assert_eq!(event.get_int(0).unwrap().to_string(), &row[0]);
        assert_eq!(event.get_string(1).unwrap(), &row[1]);
        assert_eq!(format!("{:.3}", event.get_double(7).unwrap()), &row[7]);
    }
}

#[test]
fn epoch_far_in_the_future_does_not_move_the_window() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = format!("{}LATE,2056-001C,2049-01-01,15,0,98,0,0,0,0,U,81003,999,1,0,0,0\n", two_objects());
    for start in ["epoch", "auto"] {
        // The clock is more than 30 days from these epochs in any case but January of 2026.
        let arguments = format!("screen - --start {start} --days 0.1");
        let run = run_with_input(folder.path(), &arguments, catalog.as_bytes());
        assert_eq!(run.status, 0, "{}", run.stderr);
        assert!(run.stderr.contains("3 objects from 2026-01-01 00:00:00.000"), "{}", run.stderr);
        assert!(run.stderr.contains("1 element sets are of more than 7 days"), "{}", run.stderr);
    }
}

#[test]
fn unusable_ephemeris_is_named_with_its_file_and_object_and_its_end_is_utc() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), two_objects()).unwrap();
    let with_ephemeris_to = |stop: &str| {
        let ephemeris = format!(
            "propagate two.csv --start 2025-12-31T23:30:00 --stop {stop} --step 60 --frame teme --format oem --output two.oem"
        );
        assert_eq!(run(folder.path(), &ephemeris).status, 0);
        run(folder.path(), "screen two.csv --start 2026-01-01 --days 0.1 --primaries two.oem")
    };
    let short = with_ephemeris_to("2025-12-31T23:32:00");
    assert_eq!(short.status, 1);
    assert!(short.stderr.contains("two.oem: TEST ONE: segment 0 has 3 states"), "{}", short.stderr);
    let ends_early = with_ephemeris_to("2026-01-01T01:00:00");
    let message = ends_early.stderr.lines().find(|line| line.starts_with("not screened from ")).unwrap();
    // The states are looked at minutes apart.
    let from = message.strip_prefix("not screened from ").unwrap().split(": ").next().unwrap();
    assert!(from.starts_with("2026-01-01 01:0"), "{message}");
    assert!(message.ends_with(&format!("does not cover {from} UTC")), "{message}");
}
