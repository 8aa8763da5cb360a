//! What the covariances of operators and of messages do to the encounter plane and the probability.

use std::f64::consts::{PI, TAU};
use std::fmt::Write as _;

use astroshield_domain::access::Scope;
use astroshield_domain::ids::TenantId;
use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::{Value, json};

use crate::service::{Client, Service};

/// Gravitational parameter of the Earth, in km^3/s^2: any near it makes orbits.
const MU_KM3_S2: f64 = 398_600.441_8;

/// Three circular orbits that cross the x axis of TEME at one time: radius (km), and direction of motion there, in y and z.
const ORBITS: [(u32, f64, [f64; 2]); 3] = [
    (99_001, 7000.0, [1.0, 0.0]),
    (99_002, 7000.3, [0.5, 0.866_025_403_784_438_6]),
    (99_003, 6999.0, [0.5, -0.866_025_403_784_438_6]),
];

/// A covariance of an OEM: minutes from the crossing, frame unless it is that of the states, and position in km^2.
type Given = (i64, Option<&'static str>, [[f64; 3]; 3]);

/// Before and after the crossing, at a third and at two thirds of the weight.
const FIRST: [Given; 2] = [
    (-6, Some("RTN"), [[0.010, -0.003, 0.0], [-0.003, 0.04, 0.0], [0.0, 0.0, 0.0025]]),
    (3, Some("RTN"), [[0.013, -0.006, 0.0], [-0.006, 0.07, 0.0], [0.0, 0.0, 0.0040]]),
];
/// Along the axes of TEME, in which the states are.
const SECOND: [Given; 3] = [
    (-5, None, [[0.011, 0.0, 0.0], [0.0, 0.03, 0.0], [0.0, 0.0, 0.02]]),
    (0, None, [[0.010, 0.004, -0.002], [0.004, 0.03, 0.006], [-0.002, 0.006, 0.02]]),
    (5, None, [[0.012, 0.0, 0.0], [0.0, 0.03, 0.0], [0.0, 0.0, 0.02]]),
];

fn reading(time: Timestamp) -> String {
    time.to_string().trim_end_matches('Z').to_owned()
}

/// An OEM of one of the orbits, from 40 minutes before the crossing to 40 minutes after it.
fn oem(number: u32, crossing: Timestamp, covariances: &[Given]) -> String {
    let (_, radius_km, [y, z]) = ORBITS[number as usize - 99_001];
    let rate = (MU_KM3_S2 / radius_km.powi(3)).sqrt();
    let minutes = |minutes| crossing + SignedDuration::from_mins(minutes);
    let mut text = format!(
        "CCSDS_OEM_VERS = 2.0\nCREATION_DATE = {created}\nORIGINATOR = TEST\nMETA_START\nOBJECT_NAME = CROSSING {number}\n\
         OBJECT_ID = 2026-001A\nCENTER_NAME = EARTH\nREF_FRAME = TEME\nTIME_SYSTEM = UTC\nSTART_TIME = {start}\n\
         STOP_TIME = {stop}\nMETA_STOP\n",
        created = reading(crossing),
        start = reading(minutes(-40)),
        stop = reading(minutes(40)),
    );
    for minute in -40..=40 {
        let seconds = 60.0 * f64::from(i32::try_from(minute).unwrap());
        let (sine, cosine) = (rate * seconds).sin_cos();
        let (along, speed) = (radius_km * sine, radius_km * rate);
        let position = [radius_km * cosine, along * y, along * z];
        let velocity = [-speed * sine, speed * cosine * y, speed * cosine * z];
        let [position, velocity] =
            [position, velocity].map(|of| of.map(|part| format!("{part:.12}")).join(" "));
        writeln!(text, "{} {position} {velocity}", reading(minutes(minute))).unwrap();
    }
    if !covariances.is_empty() {
        text.push_str("COVARIANCE_START\n");
        for (minute, frame, position) in covariances {
            writeln!(text, "EPOCH = {}", reading(minutes(*minute))).unwrap();
            if let Some(frame) = frame {
                writeln!(text, "COV_REF_FRAME = {frame}").unwrap();
            }
            for row in 0..6 {
                let of_velocity = |column| if row == column { 1e-10 } else { 0.0 };
                let entry = |column: usize| {
                    position.get(row).map_or_else(|| of_velocity(column), |of_row| of_row[column])
                };
                let entries: Vec<String> = (0..=row).map(|column| entry(column).to_string()).collect();
                writeln!(text, "{}", entries.join(" ")).unwrap();
            }
        }
        text.push_str("COVARIANCE_STOP\n");
    }
    text
}

async fn upload(client: &Client, number: u32, text: String) -> Value {
    let path = format!("/api/v1/uploads?name={number}.oem&object={number}");
    let taken = client.send("POST", &path, text).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    taken.json()
}

/// A service with the three orbits, the time of their crossing, and somebody who may write.
async fn with_crossing() -> (Service, Timestamp, Client) {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    // Of the catalog, nothing comes near.
    let tle = "ELSEWHERE\n\
        1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753\n\
        2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667\n";
    assert_eq!(client.send("POST", "/api/v1/uploads?name=x.tle", tle).await.status, 201);
    let crossing = (Timestamp::now() + SignedDuration::from_hours(2)).round(Unit::Minute).unwrap();
    for (number, covariances) in [(99_001, &FIRST[..]), (99_002, &SECOND), (99_003, &[])] {
        let taken = upload(&client, number, oem(number, crossing, covariances)).await;
        assert_eq!(taken["problems"], json!([]));
    }
    service.screen_own(&TenantId::local(), 4).await;
    (service, crossing, client)
}

/// The conjunction of two of them, and its geometry.
async fn geometry(client: &Client, numbers: [u32; 2]) -> (Value, Value) {
    let all = client.get("/api/v1/conjunctions").await.json();
    let of_two = |row: &&Value| {
        let number = |place: usize| row["objects"][place]["catalog_number"].as_u64().unwrap();
        [number(0), number(1)] == numbers.map(u64::from)
    };
    let row = all["items"].as_array().unwrap().iter().find(of_two).unwrap_or_else(|| panic!("{all}"));
    let path = format!("/api/v1/conjunctions/{}/geometry", row["id"].as_str().unwrap());
    let answer = client.get(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    (row.clone(), answer.json())
}

#[track_caller]
fn close(found: &Value, expected: f64, tolerance: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() <= tolerance, "{found} against {expected}");
}

/// The sum of both covariances in the plane of the first two orbits, by hand: variance along x, covariance, variance along y.
///
/// The first moves along y: its R, T, N are the axes x, y, z, and its covariance at the crossing is a third of the one before and
/// two thirds of the one after. The second gives its own in x, y, z. The relative velocity is (0, a, b) times the speed, the miss
/// vector is along x, and (0, a, b) x (1, 0, 0) = (0, b, -a).
fn in_plane() -> [f64; 3] {
    let speed = |place: usize| (MU_KM3_S2 / ORBITS[place].1).sqrt();
    let (_, _, [y, z]) = ORBITS[1];
    let (relative_y, relative_z) = (speed(1) * y - speed(0), speed(1) * z);
    let size = relative_y.hypot(relative_z);
    let (a, b) = (relative_y / size, relative_z / size);
    let sum = |row: usize, column: usize| {
        FIRST[0].2[row][column] / 3.0 + FIRST[1].2[row][column] * 2.0 / 3.0 + SECOND[1].2[row][column]
    };
    let along_y = b * b * sum(1, 1) - 2.0 * a * b * sum(1, 2) + a * a * sum(2, 2);
    [sum(0, 0), b * sum(0, 1) - a * sum(0, 2), along_y]
}

/// The normal density around the miss vector over the disk of the combined radius, ring by ring and step by step.
fn probability(miss_km: f64, [xx, xy, yy]: [f64; 3], radius_km: f64) -> f64 {
    let determinant = xx * yy - xy * xy;
    let density = |x: f64, y: f64| {
        let square = (yy * x * x - 2.0 * xy * x * y + xx * y * y) / determinant;
        (-0.5 * square).exp() / (TAU * determinant.sqrt())
    };
    let (rings, steps) = (200, 200);
    let (width, turn) = (radius_km / f64::from(rings), TAU / f64::from(steps));
    let mut sum = 0.0;
    for ring in 0..rings {
        let radius = (f64::from(ring) + 0.5) * width;
        for step in 0..steps {
            let (sine, cosine) = (f64::from(step) * turn).sin_cos();
            sum += density(radius * cosine - miss_km, radius * sine) * radius * width * turn;
        }
    }
    sum
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_both_operators_give_covariances_the_ellipse_and_the_probability_are_from_them() {
    let (_service, crossing, client) = with_crossing().await;
    let (row, geometry) = geometry(&client, [99_001, 99_002]).await;
    let tca: Timestamp = geometry["tca"].as_str().unwrap().parse().unwrap();
    assert!(tca.duration_since(crossing).unsigned_abs().as_micros() <= 10, "{tca} against {crossing}");
    let plane = &geometry["encounter_plane"];
    close(&plane["miss_x_km"], 0.3, 1e-7);
    let covariance = &plane["covariance"];
    assert_eq!((&covariance["basis"], &covariance["sigma_across_km"]), (&json!("known"), &Value::Null));
    let [xx, xy, yy] = in_plane();
    // States are interpolated, and known to a microsecond: that turns the axes by less than 1e-7.
    close(&covariance["variance_x_km2"], xx, 1e-7);
    close(&covariance["covariance_xy_km2"], xy, 1e-7);
    close(&covariance["variance_y_km2"], yy, 1e-7);
    let (mean, half) = (0.5 * (xx + yy), (0.25 * (xx - yy).powi(2) + xy * xy).sqrt());
    close(&covariance["sigma_major_km"], (mean + half).sqrt(), 1e-6);
    close(&covariance["sigma_minor_km"], (mean - half).sqrt(), 1e-6);
    let angle_deg = 0.5 * (2.0 * xy).atan2(xx - yy).to_degrees();
    close(&covariance["major_axis_angle_deg"], angle_deg, 1e-4);
    // m' C^-1 m with m along x.
    close(&covariance["mahalanobis_distance"], 0.3 * (yy / (xx * yy - xy * xy)).sqrt(), 1e-5);
    for object in geometry["objects"].as_array().unwrap() {
        assert_eq!(object["covariance_is_known"], true, "{object}");
    }

    assert_eq!(row["probability_method"], "two_dimensional", "{row}");
    let radius_km = geometry["combined_hard_body_radius_m"].as_f64().unwrap() / 1e3;
    let expected = probability(0.3, [xx, xy, yy], radius_km);
    // In so small a disk the density hardly changes: PI r^2 of it is a second look at the sum.
    let flat = PI * radius_km.powi(2) * (-0.5 * 0.09 * yy / (xx * yy - xy * xy)).exp()
        / (TAU * (xx * yy - xy * xy).sqrt());
    assert!((expected / flat - 1.0).abs() < 1e-3, "{expected} against {flat}");
    for found in [&row["probability"], &geometry["collision"]["probability"]] {
        close(found, expected, 1e-5 * expected);
    }
    assert_eq!(geometry["collision"]["basis"], "covariances");
    assert!(row["maximum_probability"].as_f64().unwrap() > expected, "{row}");
    assert_eq!(geometry["received"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_only_one_of_both_has_a_covariance_it_is_told_and_the_assumed_one_stays() {
    let (_service, _, client) = with_crossing().await;
    let (row, geometry) = geometry(&client, [99_001, 99_003]).await;
    let known: Vec<&Value> =
        geometry["objects"].as_array().unwrap().iter().map(|object| &object["covariance_is_known"]).collect();
    assert_eq!(known, [&json!(true), &json!(false)]);
    let covariance = &geometry["encounter_plane"]["covariance"];
    assert_eq!(covariance["basis"], "assumed");
    assert!(covariance["sigma_across_km"].as_f64().unwrap() > 0.0);
    assert_eq!((&row["probability"], &row["probability_method"]), (&Value::Null, &json!("maximum")));
    assert_eq!(geometry["collision"]["basis"], "assumed_covariance");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_with_both_covariances_is_drawn_of_its_own_states_and_an_assumed_one_is_not() {
    let (_service, _, client) = with_crossing().await;
    // Ours come out with what is known, and what is not is marked.
    let (known, own) = geometry(&client, [99_001, 99_002]).await;
    let (assumed, _) = geometry(&client, [99_001, 99_003]).await;
    for (row, methods) in [(&known, ["CALCULATED"; 2]), (&assumed, ["CALCULATED", "DEFAULT"])] {
        let path = format!("/api/v1/conjunctions/{}/cdm?format=kvn", row["id"].as_str().unwrap());
        let cdm = client.get(&path).await.text();
        let fields = cdm.lines().filter_map(|line| line.split_once('='));
        let said: Vec<&str> = fields
            .filter(|(name, _)| name.trim() == "COVARIANCE_METHOD")
            .map(|(_, said)| said.trim())
            .collect();
        assert_eq!(said, methods);
        assert_eq!(client.send("POST", "/api/v1/uploads?name=ours.cdm", cdm).await.status, 201);
    }
    assert_eq!(geometry(&client, [99_001, 99_003]).await.1["received"], Value::Null);
    let received = geometry(&client, [99_001, 99_002]).await.1["received"].clone();
    assert_eq!(
        (&received["frame"], &received["collision"]["basis"]),
        (&json!("GCRF"), &json!("covariances"))
    );
    let [xx, xy, yy] = in_plane();
    let covariance = &received["encounter_plane"]["covariance"];
    assert_eq!(covariance["basis"], "known");
    // A message has its time to the microsecond, too, and as many digits as a float.
    close(&covariance["variance_x_km2"], xx, 1e-7);
    close(&covariance["covariance_xy_km2"], xy, 1e-7);
    close(&covariance["variance_y_km2"], yy, 1e-7);
    let probability = own["collision"]["probability"].as_f64().unwrap();
    close(&received["collision"]["probability"], probability, 1e-6 * probability);

    // A later one, of somebody else, who names the objects the other way round.
    let message = include_str!("../../../formats/tests/samples/cdm.kvn")
        .replace("2026-07-21T22:37:52.618", known["tca"].as_str().unwrap().trim_end_matches('Z'))
        .replace("CREATION_DATE = 2026-07-20", "CREATION_DATE = 2099-07-20")
        .replace("= 70001", "= 99002")
        .replace("= 799999999", "= 99001")
        .replace("REF_FRAME = ITRF", "REF_FRAME = GCRF");
    let taken = client.send("POST", "/api/v1/uploads?name=theirs.cdm", message).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    let received = geometry(&client, [99_001, 99_002]).await.1["received"].clone();
    assert_eq!(received["originator"], "DEMO");
    // Its second object is our first one, as it is written there.
    let [x, y, z] = [2569.5408f64, 2245.093614, 6281.599946];
    let size = (x * x + y * y + z * z).sqrt();
    for (axis, expected) in [(0, x / size), (1, y / size), (2, z / size)] {
        close(&received["radial_axis"][axis], expected, 1e-12);
    }
    // Miss vector and orbit are those of the message: from our first object to our second.
    let along: f64 = (0..3)
        .map(|axis| {
            received["encounter_plane"]["x_axis"][axis].as_f64().unwrap()
                * [2570.097065 - x, 2244.654904 - y, 6281.497978 - z][axis]
        })
        .sum();
    close(&received["encounter_plane"]["miss_x_km"], along, 1e-6);
    assert_eq!(received["combined_hard_body_radius_m"], 5.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn covariances_that_cannot_be_used_are_told_of_at_the_upload() {
    let (service, crossing, client) = with_crossing().await;
    let odd: [Given; 1] = [(0, Some("LVLH"), SECOND[1].2)];
    let taken = upload(&client, 99_002, oem(99_002, crossing, &odd)).await;
    let problem = "message 1: its covariances are kept, but not used: COV_REF_FRAME LVLH is not one of RTN, RSW, TNW, \
                   TEME, EME2000, GCRF, ICRF, ITRF (with or without its year)";
    assert_eq!(taken["problems"], json!([problem]));
    // Zeros that hold a place.
    let zeros: [Given; 1] = [(0, Some("RTN"), [[0.0; 3]; 3])];
    let taken = upload(&client, 99_002, oem(99_002, crossing, &zeros)).await;
    let problem = taken["problems"][0].as_str().unwrap();
    assert!(problem.ends_with("its block of position is not positive definite"), "{problem}");
    service.screen_own(&TenantId::local(), 4).await;
    let (row, geometry) = geometry(&client, [99_001, 99_002]).await;
    assert_eq!(
        (&row["probability"], &geometry["objects"][1]["covariance_is_known"]),
        (&Value::Null, &json!(false))
    );
}
