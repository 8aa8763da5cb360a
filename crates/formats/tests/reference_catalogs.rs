//! The real catalogs of the reference data: every record is read, and comes back from each notation.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod reference_data;

use std::path::Path;

use astroshield_formats::{
    Catalog, ElementSet, HeaderDefaults, Notation, Strictness, read_catalog, write_catalog,
};
use reference_data::{content, folder};

fn defaults() -> HeaderDefaults {
    HeaderDefaults { creation_date: "2026-01-01".parse().unwrap(), originator: "ASTROSHIELD".to_owned() }
}

/// Reads a file strictly: a problem is a failure.
fn read(path: &Path) -> Catalog {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    read_catalog(&content(path), &name, Strictness::Strict).unwrap()
}

#[test]
fn every_record_of_every_catalog_is_read_and_round_trips() {
    let Some(folder) = folder("every_record_of_every_catalog_is_read_and_round_trips", "catalog") else {
        return;
    };
    // Counts from `zcat FILE | wc -l`: less a header line, or a third of it.
    let catalogs = [
        ("active_20260818.omm.csv.gz", Notation::Csv, 16_344),
        ("on_orbit_20241101.omm.csv.gz", Notation::Csv, 26_834),
        ("full_20250808.3le.gz", Notation::ThreeLine, 28_319),
        ("full_20250901.3le.gz", Notation::ThreeLine, 28_488),
    ];
    for (file, notation, count) in catalogs {
        let catalog = read(&folder.join(file));
        assert_eq!((catalog.notation, catalog.objects.len()), (notation, count), "{file}");
        for target in [Notation::Csv, Notation::Json, notation] {
            let written = write_catalog(&catalog.objects, target, &defaults()).unwrap();
            let again = read_catalog(written.as_bytes(), "written", Strictness::Strict).unwrap();
            assert_eq!(again.objects.len(), count, "{file} as {target}");
            for (old, new) in catalog.objects.iter().zip(&again.objects) {
                assert_eq!(old.elements, new.elements, "{file} as {target}");
                assert_eq!(old.source.to_omm(), new.source.to_omm(), "{file} as {target}");
                if target == notation {
                    assert_eq!(old, new, "{file}");
                }
            }
        }
    }
}

#[test]
fn three_line_elements_come_back_with_the_digits_they_had() {
    let name = "three_line_elements_come_back_with_the_digits_they_had";
    let Some(folder) = folder(name, "catalog") else { return };
    for file in ["full_20250808.3le.gz", "full_20250901.3le.gz"] {
        let text = String::from_utf8(content(&folder.join(file))).unwrap();
        let written =
            write_catalog(&read(&folder.join(file)).objects, Notation::ThreeLine, &defaults()).unwrap();
        assert_eq!(text.lines().count(), written.lines().count());
        for (old, new) in text.lines().zip(written.lines()) {
            // Space-Track writes the exponent of zero as -0, CelesTrak as +0, and some plus signs; the checksum
            // counts the minus. Catalog numbers are padded with blanks here, with zeros by us.
            let canonical = |line: &str| {
                let mut line = line.replace("00000-0", "00000+0").replace(" +", "  ").trim_end().to_owned();
                if line.starts_with("1 ") || line.starts_with("2 ") {
                    let padded = line[2..7].replace(' ', "0");
                    line.replace_range(2..7, &padded);
                }
                line
            };
            let (old, new) = (canonical(old), canonical(new));
            let without_checksum = if new.starts_with("1 ") { 68 } else { new.len() };
            assert_eq!(old[..without_checksum], new[..without_checksum], "{file}");
        }
    }
}

#[test]
fn analyst_objects_have_alpha5_numbers() {
    let Some(folder) = folder("analyst_objects_have_alpha5_numbers", "catalog") else { return };
    let catalog = read(&folder.join("full_20250808.3le.gz"));
    let analysts = catalog.objects.iter().filter(|object| object.catalog_number.get() > 99_999);
    let numbers: Vec<u32> = analysts.map(|object| object.catalog_number.get()).collect();
    assert_eq!(numbers.first(), Some(&270_438));
    // `zcat full_20250808.3le.gz | grep -c '^1 [A-Z]'`
    assert_eq!(numbers.len(), 295);
}

#[test]
fn six_digit_numbers_have_an_alpha5_tle() {
    let Some(folder) = folder("six_digit_numbers_have_an_alpha5_tle", "catalog") else { return };
    let mut catalog = read(&folder.join("active_20260818.omm.csv.gz"));
    catalog.objects.retain(|object| object.catalog_number.get() > 99_999);
    assert_eq!(catalog.objects.len(), 265);
    for object in &catalog.objects {
        let tle = object.source.to_tle().unwrap();
        let mut lines = String::new();
        tle.write_lines(&mut lines).unwrap();
        assert!(lines.starts_with("1 A0"), "{lines}");
    }
}

#[test]
fn socrates_elements_agree_in_three_notations() {
    let Some(folder) = folder("socrates_elements_agree_in_three_notations", "socrates/run_20260309_top20")
    else {
        return;
    };
    let mut compared = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let csv = entry.unwrap().path();
        if csv.extension().is_none_or(|extension| extension != "csv") {
            continue;
        }
        let [csv, json, tle] = ["csv", "json", "txt"].map(|extension| read(&csv.with_extension(extension)));
        assert_eq!(
            [csv.notation, json.notation, tle.notation],
            [Notation::Csv, Notation::Json, Notation::Tle]
        );
        assert_eq!([csv.objects.len(), json.objects.len(), tle.objects.len()], [2, 2, 2]);
        for ((csv, json), tle) in csv.objects.iter().zip(&json.objects).zip(&tle.objects) {
            assert_eq!(csv, json);
            let mut rounded = csv.clone();
            rounded.source = ElementSet::Tle(Box::new(csv.source.to_tle().unwrap()));
            let lines = write_catalog(&[rounded], Notation::Tle, &defaults()).unwrap();
            assert_eq!(lines, write_catalog(std::slice::from_ref(tle), Notation::Tle, &defaults()).unwrap());
            compared += 1;
        }
    }
    assert_eq!(compared, 40);
}

#[test]
fn published_events_have_elements_up_to_six_digit_numbers() {
    let name = "published_events_have_elements_up_to_six_digit_numbers";
    let Some(folder) = folder(name, "socrates/run_20260911") else { return };
    let catalog = read(&folder.join("gp.csv"));
    // `tail -n +2 gp.csv | wc -l`
    assert_eq!(catalog.objects.len(), 30);
    assert!(catalog.objects.iter().any(|object| object.catalog_number.get() == 100_320));
}

#[test]
fn element_histories_are_read_whole() {
    let Some(folder) = folder("element_histories_are_read_whole", "maneuver") else { return };
    // Half of `wc -l` of each file.
    let histories = [
        ("CryoSat-2.tle", 4310),
        ("Fengyun-2D.tle", 1189),
        ("Fengyun-4A.tle", 1307),
        ("Haiyang-2A.tle", 3000),
        ("Jason-1.tle", 3998),
        ("Jason-3.tle", 2412),
        ("SARAL.tle", 3292),
        ("Sentinel-3A.tle", 2387),
    ];
    for (file, count) in histories {
        let catalog = read(&folder.join(file));
        assert_eq!((catalog.notation, catalog.objects.len()), (Notation::Tle, count), "{file}");
        let number = catalog.objects[0].catalog_number;
        assert!(catalog.objects.iter().all(|object| object.catalog_number == number), "{file}");
    }
}

#[test]
fn verification_set_is_read_but_for_its_wrong_checksums() {
    let Some(folder) = folder("verification_set_is_read_but_for_its_wrong_checksums", "sgp4") else { return };
    let catalog = read_catalog(&content(&folder.join("SGP4-VER.TLE")), "SGP4-VER.TLE", Strictness::Tolerant);
    let catalog = catalog.unwrap();
    let problems: Vec<String> = catalog.problems.iter().map(ToString::to_string).collect();
    // Three sets that were changed by hand to reach error codes of SGP4, without their checksums.
    assert_eq!(
        problems,
        [
            "SGP4-VER.TLE: line 100: checksum is 4, computed 2",
            "SGP4-VER.TLE: line 103: checksum is 9, computed 6",
            "SGP4-VER.TLE: line 106: checksum is 0, computed 3",
        ]
    );
    assert_eq!(catalog.objects.len(), 30);
}
