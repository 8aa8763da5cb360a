//! What a screening found, as rows.

use std::cmp::Ordering;
use std::fmt::Display;
use std::io::Write;

use anyhow::Context;
use astroshield_astro::Epoch;
use astroshield_astro::probability::socrates::{self, SocratesError};
use astroshield_astro::screening::{
    Conjunction, Edge, Failure, FailureCause, Outcome, Screening, TrajectoryError, Volume, Window,
};
use astroshield_domain::sizes::Sizes;
use hifitime::Unit;
use serde::Serialize;

use super::Sort;
use super::subject::Subject;
use crate::number::scientific;
use crate::satcat::Satcat;
use crate::time;

/// What to say about numbers of this grade.
pub(super) const GRADE_NOTICE: &str =
    "general perturbations element sets: for awareness, not for a maneuver decision";

/// The result of a screening.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    start_utc: String,
    stop_utc: String,
    #[serde(flatten)]
    volume: Option<VolumeFields>,
    objects_screened: usize,
    data_grade_notice: &'static str,
    pub(super) events_found: usize,
    pub(super) conjunctions: Vec<Row>,
    pub(super) not_screened: Vec<NotScreened>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum VolumeFields {
    Range { threshold_km: f64 },
    Box { box_radial_km: f64, box_in_track_km: f64, box_cross_track_km: f64 },
}

/// One of the two objects of an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Party {
    pub(super) catalog_number: Option<u32>,
    pub(super) name: String,
    /// An ephemeris has no epoch.
    pub(super) days_since_epoch: Option<f64>,
    pub(super) data_grade: &'static str,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) primary: Party,
    pub(super) secondary: Party,
    #[serde(skip)]
    pub(super) tca: Epoch,
    pub(super) tca_utc: String,
    pub(super) range_km: f64,
    pub(super) relative_speed_km_s: f64,
    pub(super) max_probability: Option<f64>,
    pub(super) dilution_km: Option<f64>,
    pub(super) radial_km: f64,
    pub(super) in_track_km: f64,
    pub(super) cross_track_km: f64,
    pub(super) hard_body_radius_m: f64,
    pub(super) window_edge: Option<&'static str>,
    pub(super) relation: bool,
}

/// An object that was not screened, or not through the whole window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct NotScreened {
    pub(super) catalog_number: Option<u32>,
    pub(super) name: String,
    /// From when on; the whole window otherwise.
    pub(super) from_utc: Option<String>,
    pub(super) reason: String,
}

impl NotScreened {
    /// An object without a position from an instant on, or at all.
    pub(super) fn new(subject: &Subject, from: Option<Epoch>, reason: &dyn Display) -> Self {
        Self {
            catalog_number: subject.catalog_number.map(u32::from),
            name: subject.name.clone().unwrap_or_default(),
            from_utc: from.map(time::format_milliseconds),
            reason: reason.to_string(),
        }
    }

    /// Objects that fail in the window, with the reason at that instant.
    pub(super) fn within_window(
        outcome: &Outcome,
        subjects: &[Subject],
        screening: &Screening,
        window: Window,
    ) -> Vec<Self> {
        let describe = |failure: &Failure| {
            let subject = subjects.get(failure.object as usize)?;
            let trajectory = screening.trajectories().get(failure.object as usize)?;
            let from = (failure.instant > window.start()).then(|| failure.instant.to_epoch());
            if failure.cause == FailureCause::Diverged {
                return Some(Self::new(subject, from, &"diverged: faster than 1.5 times the escape speed"));
            }
            Some(match trajectory.state(failure.instant, 0.0) {
                Ok(_) => Self::new(subject, from, &"no position"),
                // The error's own text has its time in TAI.
                Err(TrajectoryError::NotCovered { epoch }) => {
                    let time = time::format_milliseconds(epoch);
                    Self::new(subject, from, &format!("the ephemeris does not cover {time} UTC"))
                }
                Err(error) => Self::new(subject, from, &error),
            })
        };
        outcome.failures.iter().filter_map(describe).collect()
    }
}

impl Report {
    pub(super) fn new(
        conjunctions: &[Conjunction],
        subjects: &[Subject],
        not_screened: Vec<NotScreened>,
        satcat: &Satcat,
        sizes: &Sizes,
    ) -> anyhow::Result<Self> {
        let conjunctions = conjunctions
            .iter()
            .map(|event| Row::new(event, subjects, satcat, sizes))
            .collect::<anyhow::Result<Vec<Row>>>()?;
        Ok(Self {
            start_utc: String::new(),
            stop_utc: String::new(),
            volume: None,
            objects_screened: 0,
            data_grade_notice: GRADE_NOTICE,
            events_found: conjunctions.len(),
            conjunctions,
            not_screened,
        })
    }

    /// Notes what was screened.
    pub(super) fn describe(&mut self, start: Epoch, stop: Epoch, objects: usize, volume: Volume) {
        self.start_utc = time::format_milliseconds(start);
        self.stop_utc = time::format_milliseconds(stop);
        self.objects_screened = objects;
        self.volume = Some(match volume {
            Volume::Range { threshold_km } => VolumeFields::Range { threshold_km },
            Volume::Box { radial_km, in_track_km, cross_track_km } => VolumeFields::Box {
                box_radial_km: radial_km,
                box_in_track_km: in_track_km,
                box_cross_track_km: cross_track_km,
            },
        });
    }

    /// Sorts the events and keeps the first ones. Equals stay in the order of time and catalog numbers.
    pub(super) fn arrange(&mut self, sort: Sort, top: Option<usize>) {
        match sort {
            Sort::Tca => {}
            Sort::MaxProb => self.conjunctions.sort_by(Row::by_probability),
            Sort::Range => self.conjunctions.sort_by(|a, b| a.range_km.total_cmp(&b.range_km)),
        }
        if let Some(top) = top {
            self.conjunctions.truncate(top);
        }
    }

    /// Says on standard error what was found and what was left out.
    pub(super) fn summarize(&self) {
        for object in &self.not_screened {
            let NotScreened { catalog_number, name, from_utc, reason } = object;
            let number = catalog_number.map_or(String::new(), |number| number.to_string());
            let when = from_utc.as_ref().map_or(String::new(), |from| format!(" from {from}"));
            eprintln!("not screened{when}: {number} {name}: {reason}");
        }
        eprintln!(
            "{} objects from {} to {} UTC: {} close approaches; {} objects not screened, or not to the end",
            self.objects_screened,
            self.start_utc,
            self.stop_utc,
            self.events_found,
            self.not_screened.len()
        );
    }

    pub(super) fn header(&self) -> String {
        format!(
            "{} objects, {} to {} UTC, {} close approaches",
            self.objects_screened, self.start_utc, self.stop_utc, self.events_found
        )
    }

    /// SOCRATES' columns in their formats, then ours.
    pub(super) fn write_csv(&self, writer: impl Write) -> anyhow::Result<()> {
        let mut csv = csv::Writer::from_writer(writer);
        csv.write_record(COLUMNS)?;
        for row in &self.conjunctions {
            csv.write_record(row.cells())?;
        }
        csv.flush()?;
        Ok(())
    }

    pub(super) fn write_json(&self, mut writer: impl Write) -> anyhow::Result<()> {
        serde_json::to_writer_pretty(&mut writer, self)?;
        writer.write_all(b"\n")?;
        Ok(())
    }
}

#[cfg(feature = "parquet")]
impl Report {
    /// The columns of the CSV, with their units in their names.
    pub(super) fn write_parquet(
        &self,
        output: crate::output::Output,
    ) -> anyhow::Result<crate::output::Output> {
        use crate::parquet::{Column, Table, integer, unix_microseconds};

        const SCHEMA: &str = "message conjunctions {
            optional int32 norad_cat_id_1;
            required byte_array object_name_1 (string);
            optional double dse_1_days;
            optional int32 norad_cat_id_2;
            required byte_array object_name_2 (string);
            optional double dse_2_days;
            required int64 tca_utc (timestamp(micros, true));
            required double tca_range_km;
            required double tca_relative_speed_km_s;
            optional double max_prob;
            optional double dilution_km;
            required double radial_km;
            required double in_track_km;
            required double cross_track_km;
            required double hard_body_radius_m;
            required byte_array window_edge (string);
            required boolean relation;
            required byte_array data_grade (string);
        }";
        fn column<T>(rows: &[Row], value: impl Fn(&Row) -> T) -> Vec<T> {
            rows.iter().map(value).collect()
        }
        let mut table = Table::new(output, SCHEMA)?;
        let rows = self.conjunctions.as_slice();
        table.write(vec![
            Column::OptionalIntegers(column(rows, |row| row.primary.catalog_number.map(integer))),
            Column::Texts(column(rows, |row| row.primary.name.clone())),
            Column::OptionalNumbers(column(rows, |row| row.primary.days_since_epoch)),
            Column::OptionalIntegers(column(rows, |row| row.secondary.catalog_number.map(integer))),
            Column::Texts(column(rows, |row| row.secondary.name.clone())),
            Column::OptionalNumbers(column(rows, |row| row.secondary.days_since_epoch)),
            Column::Times(column(rows, |row| unix_microseconds(row.tca))),
            Column::Numbers(column(rows, |row| row.range_km)),
            Column::Numbers(column(rows, |row| row.relative_speed_km_s)),
            Column::OptionalNumbers(column(rows, |row| row.max_probability)),
            Column::OptionalNumbers(column(rows, |row| row.dilution_km)),
            Column::Numbers(column(rows, |row| row.radial_km)),
            Column::Numbers(column(rows, |row| row.in_track_km)),
            Column::Numbers(column(rows, |row| row.cross_track_km)),
            Column::Numbers(column(rows, |row| row.hard_body_radius_m)),
            Column::Texts(column(rows, |row| row.window_edge.unwrap_or_default().to_owned())),
            Column::Flags(column(rows, |row| row.relation)),
            Column::Texts(column(rows, Row::data_grade)),
        ])?;
        Ok(table.finish()?)
    }
}

impl Party {
    /// The catalog number; nothing for an object that has none.
    pub(super) fn number(&self) -> String {
        self.catalog_number.map_or(String::new(), |number| number.to_string())
    }

    /// Age of the element set in days, with so many decimals; nothing for an ephemeris.
    pub(super) fn age(&self, decimals: usize) -> String {
        self.days_since_epoch.map_or(String::new(), |days| format!("{days:.decimals$}"))
    }
}

/// Columns of the CSV: the first eleven are SOCRATES'.
const COLUMNS: [&str; 18] = [
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
    "RADIAL_KM",
    "IN_TRACK_KM",
    "CROSS_TRACK_KM",
    "HARD_BODY_RADIUS_M",
    "WINDOW_EDGE",
    "RELATION",
    "DATA_GRADE",
];

impl Row {
    fn new(
        event: &Conjunction,
        subjects: &[Subject],
        satcat: &Satcat,
        sizes: &Sizes,
    ) -> anyhow::Result<Self> {
        let approach = &event.approach;
        let tca = approach.tca.to_epoch();
        let [first, second] = approach.objects.map(|object| {
            subjects
                .get(object as usize)
                .with_context(|| format!("an event of object {object}, of which nothing is known"))
        });
        let (first, second) = (first?, second?);
        let party = |subject: &Subject| Party {
            catalog_number: subject.catalog_number.map(u32::from),
            name: satcat.marked_name(subject.catalog_number, subject.name.as_deref()),
            days_since_epoch: subject.epoch.map(|epoch| days_between(epoch, tca)),
            data_grade: subject.grade.name(),
        };
        let radius_km = |subject: &Subject| {
            let name = subject.name.as_deref().or_else(|| satcat.name(subject.catalog_number?));
            sizes.radius_km(subject.catalog_number, name)
        };
        let hard_body_radius_km = radius_km(first) + radius_km(second);
        let [first_state, second_state] = &approach.states;
        let maximum = match socrates::maximum_probability(first_state, second_state, hard_body_radius_km) {
            Ok(maximum) => Some(maximum),
            // Objects apart that share a velocity to the last digit, or an ephemeris at rest: no encounter plane, blank cells.
            Err(SocratesError::NoRelativeVelocity | SocratesError::NoVelocity) => None,
            Err(error @ SocratesError::Maximum(_)) => {
                let name = |subject: &Subject| subject.name.clone().unwrap_or_default();
                return Err(error).with_context(|| format!("{} and {}", name(first), name(second)));
            }
        };
        let miss_km = approach.miss_ric_km();
        Ok(Self {
            primary: party(first),
            secondary: party(second),
            tca,
            tca_utc: time::format_milliseconds(tca),
            range_km: approach.miss_distance_km(),
            relative_speed_km_s: approach.relative_speed_km_s(),
            max_probability: maximum.map(|maximum| maximum.probability),
            dilution_km: maximum.map(|maximum| maximum.sigma_minor_km),
            radial_km: miss_km.x,
            in_track_km: miss_km.y,
            cross_track_km: miss_km.z,
            hard_body_radius_m: hard_body_radius_km * 1e3,
            window_edge: match approach.edge {
                Edge::None => None,
                Edge::Start => Some("START"),
                Edge::Stop => Some("STOP"),
            },
            relation: event.relation,
        })
    }

    /// Grade of the data: of both objects where they are the same, else of the first and the second.
    fn data_grade(&self) -> String {
        let (first, second) = (self.primary.data_grade, self.secondary.data_grade);
        if first == second { first.to_owned() } else { format!("{first}/{second}") }
    }

    fn by_probability(&self, other: &Self) -> Ordering {
        let probability = |row: &Self| row.max_probability.unwrap_or(-1.0);
        probability(other).total_cmp(&probability(self))
    }

    fn cells(&self) -> [String; 18] {
        [
            self.primary.number(),
            self.primary.name.clone(),
            self.primary.age(3),
            self.secondary.number(),
            self.secondary.name.clone(),
            self.secondary.age(3),
            self.tca_utc.clone(),
            format!("{:.3}", self.range_km),
            format!("{:.3}", self.relative_speed_km_s),
            self.max_probability.map_or(String::new(), |probability| scientific(probability, 3)),
            self.dilution_km.map_or(String::new(), |dilution| format!("{dilution:.3}")),
            format!("{:.3}", self.radial_km),
            format!("{:.3}", self.in_track_km),
            format!("{:.3}", self.cross_track_km),
            format!("{:.1}", self.hard_body_radius_m),
            self.window_edge.unwrap_or_default().to_owned(),
            if self.relation { "RELATION" } else { "" }.to_owned(),
            self.data_grade(),
        ]
    }
}

/// Days from an epoch to another, leap seconds counted.
fn days_between(from: Epoch, to: Epoch) -> f64 {
    (to.to_tai_duration() - from.to_tai_duration()).to_unit(Unit::Day)
}
