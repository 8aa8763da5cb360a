//! Published rows of CelesTrak's SOCRATES, and ours in the same form.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hifitime::Epoch;
use serde_json::Value;

/// Columns of a row, in SOCRATES' order.
pub(crate) const COLUMNS: [&str; 11] = [
    "NORAD_CAT_ID_1",
    "OBJECT_NAME_1",
    "DSE_1",
    "NORAD_CAT_ID_2",
    "OBJECT_NAME_2",
    "DSE_2",
    "TCA",
    "TCA_RANGE",
    "TCA_RELATIVE_SPEED",
    "MAX_PROB",
    "DILUTION",
];

/// A row, each column as SOCRATES prints it; a dilution that was not published is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row([String; COLUMNS.len()]);

impl Row {
    fn of_csv(record: &csv::StringRecord) -> Self {
        Self(std::array::from_fn(|column| record[column].to_owned()))
    }

    /// From a row that was kept as JSON, where numbers have lost their trailing zeros.
    fn of_json(event: &Value, dilution_km: Option<f64>) -> Self {
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        let fixed = |name: &str| format!("{:.3}", event[name].as_f64().unwrap());
        let number = |name: &str| event[name].as_u64().unwrap().to_string();
        Self([
            number("obj1_norad"),
            text("obj1_name"),
            fixed("obj1_dse"),
            number("obj2_norad"),
            text("obj2_name"),
            fixed("obj2_dse"),
            text("tca").replace('T', " ").replace('Z', ""),
            fixed("min_range_km"),
            fixed("rel_speed_kms"),
            four_digits(event["max_prob"].as_f64().unwrap()),
            dilution_km.map_or(String::new(), |dilution| format!("{dilution:.3}")),
        ])
    }

    pub(crate) fn column(&self, name: &str) -> &str {
        &self.0[COLUMNS.iter().position(|column| *column == name).unwrap()]
    }

    pub(crate) fn number(&self, name: &str) -> f64 {
        self.column(name).parse().unwrap()
    }

    /// Catalog numbers of the two objects, the primary first.
    pub(crate) fn pair(&self) -> (u32, u32) {
        (self.column("NORAD_CAT_ID_1").parse().unwrap(), self.column("NORAD_CAT_ID_2").parse().unwrap())
    }

    /// Milliseconds from another row's time of closest approach to this one's.
    pub(crate) fn milliseconds_after(&self, other: &Self) -> i64 {
        let tca = |row: &Self| {
            Epoch::from_gregorian_str(&format!("{} UTC", row.column("TCA").replace(' ', "T"))).unwrap()
        };
        ((tca(self) - tca(other)).to_seconds() * 1e3).round() as i64
    }

    /// Columns in which this row has other characters than a published one, those apart that were not published.
    pub(crate) fn differing_columns(&self, published: &Self) -> Vec<&'static str> {
        let differs =
            |column: &usize| !published.0[*column].is_empty() && self.0[*column] != published.0[*column];
        (0..COLUMNS.len()).filter(differs).map(|column| COLUMNS[column]).collect()
    }
}

/// A number like `2.529E-03`.
fn four_digits(value: f64) -> String {
    let text = format!("{value:.3E}");
    let (digits, exponent) = text.split_once('E').unwrap();
    let exponent: i32 = exponent.parse().unwrap();
    format!("{digits}E{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// A run of SOCRATES: seven days from `start`.
pub(crate) struct Run {
    pub(crate) folder: PathBuf,
    pub(crate) start: &'static str,
    pub(crate) rows: Vec<Row>,
}

impl Run {
    /// The run of 9 March 2026: the twenty rows of the largest maximum probability, of which ten came with dilution.
    pub(crate) fn of_march(socrates: &Path) -> Self {
        let folder = socrates.join("run_20260309_top20");
        let json =
            |name: &str| -> Value { serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap() };
        let with_dilution = json("socrates_top10_maxprob_2026-03-09.json");
        let dilution_km = |event: &Value| {
            let mut events = with_dilution["conjunctions"].as_array().unwrap().iter();
            events
                .find(|other| other["gp_file"] == event["gp_file"])
                .map(|other| other["dilution_km"].as_f64().unwrap())
        };
        let rows = json("socrates_top20_maxProb.json")["conjunctions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| Row::of_json(event, dilution_km(event)))
            .collect();
        Self { folder, start: "2026-03-09T18:00:00", rows }
    }

    /// The run of 11 September 2026.
    pub(crate) fn of_september(socrates: &Path) -> Self {
        let folder = socrates.join("run_20260911");
        let rows = read_rows(&fs::read(folder.join("events.csv")).unwrap());
        Self { folder, start: "2026-09-11T19:00:00", rows }
    }

    /// Files of the elements, by the end of their names.
    pub(crate) fn elements(&self, extension: &str) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                let name = path.file_name().unwrap().to_str().unwrap();
                name.starts_with("gp") && name.ends_with(extension)
            })
            .collect();
        files.sort();
        files
    }

    /// SATCAT as far as the names and marks of the rows tell it.
    fn satcat(&self) -> String {
        let mut objects = BTreeMap::new();
        for row in &self.rows {
            for (number, name) in [("NORAD_CAT_ID_1", "OBJECT_NAME_1"), ("NORAD_CAT_ID_2", "OBJECT_NAME_2")] {
                let (name, mark) = row.column(name).rsplit_once(' ').unwrap();
                let status = mark.trim_matches(['[', ']']).replace('?', "");
                objects.insert(row.column(number), format!("{name},{},PAY,{status}\n", row.column(number)));
            }
        }
        let mut satcat = "OBJECT_NAME,NORAD_CAT_ID,OBJECT_TYPE,OPS_STATUS_CODE\n".to_owned();
        objects.values().for_each(|line| satcat.push_str(line));
        satcat
    }

    /// Our rows for some files of elements: `astroshield screen`, active payloads against everything, as SOCRATES does.
    pub(crate) fn screen(&self, elements: &[PathBuf], options: &[&str]) -> Vec<Row> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("satcat.csv"), self.satcat()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_astroshield"))
            .current_dir(folder.path())
            .arg("screen")
            .args(elements)
            .args(["--satcat", "satcat.csv", "--primaries", "active", "--start", self.start])
            .args(options)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        read_rows(&output.stdout)
    }
}

fn read_rows(csv: &[u8]) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(csv);
    assert!(reader.headers().unwrap().iter().take(COLUMNS.len()).eq(COLUMNS));
    reader.records().map(|record| Row::of_csv(&record.unwrap())).collect()
}

/// The one row of ours that is the same encounter as a published one.
pub(crate) fn counterpart<'a>(ours: &'a [Row], published: &Row) -> &'a Row {
    let same: Vec<&Row> = ours
        .iter()
        .filter(|row| row.pair() == published.pair() && row.milliseconds_after(published).abs() < 500)
        .collect();
    let [row] = same[..] else { panic!("{} rows for {published:?}", same.len()) };
    row
}

/// Element sets in CSV with B* rounded to the five digits that a TLE has for it.
pub(crate) fn with_bstar_of_a_tle(files: &[PathBuf], folder: &Path) -> PathBuf {
    let mut text = String::new();
    for file in files {
        let mut reader = csv::Reader::from_path(file).unwrap();
        let headers = reader.headers().unwrap().clone();
        if text.is_empty() {
            let _ = writeln!(text, "{}", headers.iter().collect::<Vec<_>>().join(","));
        }
        for record in reader.records().map(Result::unwrap) {
            let fields = headers.iter().zip(&record).map(|(name, value)| match name {
                "BSTAR" => format!("{:.4e}", value.parse::<f64>().unwrap()),
                _ => value.to_owned(),
            });
            let _ = writeln!(text, "{}", fields.collect::<Vec<_>>().join(","));
        }
    }
    let path = folder.join("rounded.csv");
    fs::write(&path, text).unwrap();
    path
}
