//! The columns of each table, with their units in their names.

use astroshield_domain::catalog::{ElementSet, SpaceObject};
use astroshield_domain::conjunction::Conjunction;
use astroshield_domain::ids::TenantId;
use astroshield_domain::time::from_epoch;
use astroshield_formats::parquet::{Column, integer};
use jiff::Timestamp;
use serde::Serialize;

pub(super) const CONJUNCTIONS: &str = "message conjunctions {
    required byte_array id (string);
    required boolean public;
    required byte_array status (string);
    required boolean relation;
    required int64 tca_utc (timestamp(micros, true));
    required double miss_distance_km;
    required double miss_radial_km;
    required double miss_in_track_km;
    required double miss_cross_track_km;
    required double relative_speed_km_s;
    required double maximum_probability;
    optional double dilution_km;
    optional double probability;
    required byte_array probability_method (string);
    required boolean at_edge;
    required byte_array run (string);
    required int64 first_seen_utc (timestamp(micros, true));
    required int64 last_seen_utc (timestamp(micros, true));
    required int32 norad_cat_id_1;
    optional byte_array object_name_1 (string);
    required byte_array grade_1 (string);
    optional int64 epoch_1_utc (timestamp(micros, true));
    required double hard_body_radius_1_m;
    required int32 norad_cat_id_2;
    optional byte_array object_name_2 (string);
    required byte_array grade_2 (string);
    optional int64 epoch_2_utc (timestamp(micros, true));
    required double hard_body_radius_2_m;
}";

pub(super) const ELEMENT_SETS: &str = "message element_sets {
    required int32 norad_cat_id;
    optional byte_array object_name (string);
    optional byte_array object_id (string);
    optional int64 epoch_utc (timestamp(micros, true));
    required double mean_motion_rev_day;
    required double eccentricity;
    required double inclination_deg;
    required double raan_deg;
    required double argument_of_perigee_deg;
    required double mean_anomaly_deg;
    required double bstar_inv_earth_radii;
    required double mean_motion_dot_rev_day2;
    required double mean_motion_ddot_rev_day3;
    optional int32 element_set_number;
    optional int32 revolution_at_epoch;
    required byte_array source (string);
    required byte_array grade (string);
    required int64 arrived_utc (timestamp(micros, true));
}";

pub(super) const OBJECTS: &str = "message objects {
    required int32 norad_cat_id;
    optional byte_array object_name (string);
    optional byte_array object_id (string);
    required byte_array object_type (string);
    optional byte_array ops_status_code (string);
    optional byte_array owner (string);
    optional byte_array launch_date (string);
    optional byte_array decay_date (string);
    optional double rcs_m2;
    optional int64 epoch_utc (timestamp(micros, true));
    optional byte_array source (string);
    optional byte_array grade (string);
    optional double perigee_km;
    optional double apogee_km;
    optional double inclination_deg;
    optional double period_min;
}";

/// The word that stands for a value in JSON, too.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn column<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

pub(super) fn of_conjunctions(rows: &[Conjunction]) -> Vec<Column> {
    let public = TenantId::public();
    let number = |of: fn(&Conjunction) -> f64| Column::Numbers(column(rows, of));
    let mut columns = vec![
        Column::Texts(column(rows, |row| row.id.to_string())),
        Column::Flags(column(rows, |row| row.tenant == public)),
        Column::Texts(column(rows, |row| word(&row.status))),
        Column::Flags(column(rows, |row| row.relation)),
        Column::Times(column(rows, |row| row.solution.tca.as_microsecond())),
        number(|row| row.solution.miss_distance_km),
        number(|row| row.solution.miss_ric_km[0]),
        number(|row| row.solution.miss_ric_km[1]),
        number(|row| row.solution.miss_ric_km[2]),
        number(|row| row.solution.relative_speed_km_s),
        number(|row| row.solution.maximum_probability),
        Column::OptionalNumbers(column(rows, |row| row.solution.dilution_km)),
        Column::OptionalNumbers(column(rows, |row| row.solution.probability)),
        Column::Texts(column(rows, |row| word(&row.solution.method))),
        Column::Flags(column(rows, |row| row.solution.at_edge)),
        Column::Texts(column(rows, |row| row.run.to_string())),
        Column::Times(column(rows, |row| row.first_seen.as_microsecond())),
        Column::Times(column(rows, |row| row.last_seen.as_microsecond())),
    ];
    for side in [0, 1] {
        columns.extend([
            Column::Integers(column(rows, |row| integer(row.objects[side].number.get()))),
            Column::OptionalTexts(column(rows, |row| row.objects[side].name.clone())),
            Column::Texts(column(rows, |row| word(&row.objects[side].grade))),
            Column::OptionalTimes(column(rows, |row| row.objects[side].epoch.map(Timestamp::as_microsecond))),
            Column::Numbers(column(rows, |row| row.objects[side].hard_body_radius_m)),
        ]);
    }
    columns
}

pub(super) fn of_element_sets(rows: &[ElementSet]) -> Vec<Column> {
    let number = |of: fn(&ElementSet) -> f64| Column::Numbers(column(rows, of));
    vec![
        Column::Integers(column(rows, |set| integer(set.object.get()))),
        Column::OptionalTexts(column(rows, |set| set.name.clone())),
        Column::OptionalTexts(column(rows, |set| set.international_designator.clone())),
        Column::OptionalTimes(column(rows, |set| {
            from_epoch(set.elements.epoch).map(Timestamp::as_microsecond)
        })),
        number(|set| set.elements.mean_motion_rev_day),
        number(|set| set.elements.eccentricity),
        number(|set| set.elements.inclination_deg),
        number(|set| set.elements.raan_deg),
        number(|set| set.elements.argument_of_perigee_deg),
        number(|set| set.elements.mean_anomaly_deg),
        number(|set| set.elements.bstar_inv_earth_radii),
        number(|set| set.mean_motion_dot),
        number(|set| set.mean_motion_ddot),
        Column::OptionalIntegers(column(rows, |set| set.element_set_number.map(integer))),
        Column::OptionalIntegers(column(rows, |set| set.revolution_at_epoch.map(integer))),
        Column::Texts(column(rows, |set| set.source.clone())),
        Column::Texts(column(rows, |set| word(&set.grade))),
        Column::Times(column(rows, |set| set.arrived.as_microsecond())),
    ]
}

pub(super) fn of_objects(rows: &[SpaceObject]) -> Vec<Column> {
    let number = |of: fn(&SpaceObject) -> Option<f64>| Column::OptionalNumbers(column(rows, of));
    vec![
        Column::Integers(column(rows, |object| integer(object.number.get()))),
        Column::OptionalTexts(column(rows, |object| object.name.clone())),
        Column::OptionalTexts(column(rows, |object| object.international_designator.clone())),
        Column::Texts(column(rows, |object| word(&object.kind))),
        Column::OptionalTexts(column(rows, |object| object.status.map(String::from))),
        Column::OptionalTexts(column(rows, |object| object.owner.clone())),
        Column::OptionalTexts(column(rows, |object| object.launch_date.clone())),
        Column::OptionalTexts(column(rows, |object| object.decay_date.clone())),
        number(|object| object.radar_cross_section_m2),
        Column::OptionalTimes(column(rows, |object| object.epoch.map(Timestamp::as_microsecond))),
        Column::OptionalTexts(column(rows, |object| object.source.clone())),
        Column::OptionalTexts(column(rows, |object| object.grade.as_ref().map(word))),
        number(|object| object.perigee_km),
        number(|object| object.apogee_km),
        number(|object| object.inclination_deg),
        number(|object| object.period_min),
    ]
}
