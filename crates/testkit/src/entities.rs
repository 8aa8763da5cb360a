//! Entities that are valid and made up, to be changed where a test needs it.

use std::net::IpAddr;

use astroshield_astro::elements::MeanElements;
use astroshield_domain::access::{ApiKey, AuditEntry, Principal, Scope};
use astroshield_domain::alert::{
    Alert, AlertChange, Channel, Delivery, DeliveryState, Rule, Severity, Subject, WatchList, WatchedObject,
    Webhook,
};
use astroshield_domain::catalog::{ElementSet, Grade, Ingest, ObjectKind, SatcatEntry};
use astroshield_domain::conjunction::{
    Conjunction, ConjunctionStatus, Participant, ProbabilityMethod, ReceivedCdm, Solution,
};
use astroshield_domain::daily::{DayRange, KeptDay, OrientationOfWindow, days_of};
use astroshield_domain::event::{Event, Payload};
use astroshield_domain::feed::{OperatorEphemeris, Upload, UploadState};
use astroshield_domain::ids::{
    ApiKeyId, CdmId, ConjunctionId, DeliveryId, EphemerisId, IngestId, MemberId, NoteId, RuleId, RunId,
    TenantId, UploadId, WatchListId, WebhookId,
};
use astroshield_domain::note::{Note, Noted};
use astroshield_domain::organization::{Account, Member, Organization, Role};
use astroshield_domain::screening::{Run, RunConclusion, RunKind, RunState};
use astroshield_domain::trace::Trace;
use astroshield_formats::{
    CatalogNumber, EarthOrientationDay, EarthOrientationKind, SpaceWeatherDay, SpaceWeatherKind,
};
use hifitime::{Duration, Epoch, TimeScale};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// 2026-10-01T00:00:00Z, in seconds since 1970.
const START: i64 = 1_790_812_800;

/// The example of W3C Trace Context, section 3.2.
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Seconds from 1900, where hifitime counts from, to 1970: 25,567 days.
const UNIX_SINCE_1900_S: f64 = 2_208_988_800.0;

/// A time, in seconds after 2026-10-01T00:00:00Z.
#[must_use]
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

/// The same time as the epoch of an element set.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "whole seconds of this century are exact")]
pub fn epoch(seconds: i64) -> Epoch {
    Epoch::from_duration(Duration::from_seconds((START + seconds) as f64 + UNIX_SINCE_1900_S), TimeScale::UTC)
}

/// A tenant.
#[must_use]
pub fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

/// A catalog number.
#[must_use]
pub fn number(number: u32) -> CatalogNumber {
    CatalogNumber::new(number).unwrap()
}

/// A delivery of element sets that arrived at a time.
#[must_use]
pub fn ingest(tenant: &TenantId, arrived: Timestamp, sets: Vec<ElementSet>) -> Ingest {
    let id = IngestId::at(arrived);
    let element_sets = sets
        .into_iter()
        .map(|set| ElementSet { tenant: tenant.clone(), ingest: id, arrived, ..set })
        .collect();
    Ingest {
        id,
        tenant: tenant.clone(),
        source: "test-feed".to_owned(),
        arrived,
        blob: Some(format!("{tenant}/ingest/{id}")),
        skipped_records: 0,
        element_sets,
    }
}

/// An element set of an object in a low orbit; [`ingest`] says whose it is and when it arrived.
#[must_use]
pub fn element_set(object: u32, epoch_seconds: i64) -> ElementSet {
    ElementSet {
        tenant: TenantId::public(),
        object: number(object),
        name: Some(format!("Object {object}")),
        international_designator: Some(format!("1998-{object:03}A")),
        elements: MeanElements {
            epoch: epoch(epoch_seconds),
            mean_motion_rev_day: 15.5,
            eccentricity: 0.000_7,
            inclination_deg: 51.6,
            raan_deg: 123.4,
            argument_of_perigee_deg: 12.3,
            mean_anomaly_deg: 210.9,
            bstar_inv_earth_radii: 1.2e-5,
        },
        mean_motion_dot: 1.1e-4,
        mean_motion_ddot: 0.0,
        element_set_number: Some(999),
        revolution_at_epoch: Some(12_345),
        classification: Some('U'),
        source: "test-feed".to_owned(),
        grade: Grade::Gp,
        ingest: IngestId::at(at(0)),
        arrived: at(0),
    }
}

/// What SATCAT says of an object.
#[must_use]
pub fn satcat_entry(object: u32, name: &str) -> SatcatEntry {
    SatcatEntry {
        object: number(object),
        name: name.to_owned(),
        international_designator: Some(format!("2001-{object:03}B")),
        kind: ObjectKind::Payload,
        status: Some('+'),
        owner: Some("ISS".to_owned()),
        launch_date: Some("2001-01-31".to_owned()),
        decay_date: None,
        radar_cross_section_m2: Some(399.05),
    }
}

/// A run of the catalog over seven days that begins at a time, of ten slices.
#[must_use]
pub fn run(tenant: &TenantId, started: Timestamp) -> Run {
    Run {
        id: RunId::at(started),
        tenant: tenant.clone(),
        kind: RunKind::Catalog,
        state: RunState::Running,
        as_of: started,
        window_start: started,
        window_stop: started + SignedDuration::from_hours(7 * 24),
        threshold_km: 5.0,
        slices: 10,
        slices_done: 0,
        objects: 30_000,
        not_screened: 0,
        conjunctions: 0,
        started,
        finished: None,
        problem: None,
        build: "0.1.0+test".to_owned(),
        trace: Trace::of(Some(TRACE), None),
    }
}

/// The conclusion of a run an hour after it began, with everything screened.
#[must_use]
pub fn conclusion(run: &Run) -> RunConclusion {
    RunConclusion {
        run: run.id,
        finished: run.started + SignedDuration::from_hours(1),
        not_screened: Vec::new(),
        covered: Vec::new(),
    }
}

/// A conjunction that a run found for the first time.
#[must_use]
pub fn conjunction(run: &Run, objects: [u32; 2], tca: Timestamp) -> Conjunction {
    let participant = |object: u32| Participant {
        number: number(object),
        name: Some(format!("Object {object}")),
        grade: Grade::Gp,
        epoch: Some(run.as_of - SignedDuration::from_nanos(3_600_123_456_789)),
        hard_body_radius_m: 5.0,
    };
    Conjunction {
        id: ConjunctionId::first_seen(&run.tenant, objects, Some(tca)),
        tenant: run.tenant.clone(),
        objects: objects.map(participant),
        relation: false,
        status: ConjunctionStatus::Active,
        solution: solution(tca),
        run: run.id,
        first_seen: run.started,
        last_seen: run.started,
    }
}

/// What a run says of a conjunction.
#[must_use]
pub fn solution(tca: Timestamp) -> Solution {
    Solution {
        tca,
        miss_distance_km: 1.25,
        miss_ric_km: [0.75, -1.0, 0.0],
        relative_speed_km_s: 14.2,
        maximum_probability: 2.5e-5,
        dilution_km: Some(0.4),
        probability: None,
        method: ProbabilityMethod::Maximum,
        at_edge: false,
    }
}

/// An upload that was accepted.
#[must_use]
pub fn upload(tenant: &TenantId, time: Timestamp) -> Upload {
    let id = UploadId::at(time);
    Upload {
        id,
        tenant: tenant.clone(),
        name: "ephemeris.oem".to_owned(),
        kind: Some("OEM".to_owned()),
        by: "somebody".to_owned(),
        at: time,
        state: UploadState::Accepted,
        records: 1,
        problems: vec!["line 3: \"quoted\"".to_owned()],
        sha256: "ab".repeat(32),
        blob: format!("{tenant}/uploads/{id}"),
    }
}

/// An ephemeris of an upload, over a day from its arrival.
#[must_use]
pub fn ephemeris(upload: &Upload, object: u32) -> OperatorEphemeris {
    OperatorEphemeris {
        id: EphemerisId::at(upload.at),
        tenant: upload.tenant.clone(),
        object,
        upload: upload.id,
        message: 0,
        start: upload.at,
        stop: upload.at + SignedDuration::from_hours(24),
        arrived: upload.at,
        blob: upload.blob.clone(),
        orientation: None,
    }
}

/// The orientation of the Earth over a day from a time.
#[must_use]
pub fn orientation_of_day(start: Timestamp) -> OrientationOfWindow {
    let (first, last) = days_of(start, start + SignedDuration::from_hours(24));
    let day = |day| KeptDay {
        value: orientation(day, EarthOrientationKind::Predicted),
        source: "eop".to_owned(),
        arrived: start,
    };
    let days = first.series(1.day()).take_while(|day| *day <= last).map(day).collect();
    let range = DayRange { days, last_observed: None, last: Some(last) };
    OrientationOfWindow::of(range, start, start).unwrap()
}

/// A conjunction message of an upload, about a conjunction.
#[must_use]
pub fn cdm(upload: &Upload, conjunction: &Conjunction) -> ReceivedCdm {
    ReceivedCdm {
        id: CdmId::at(upload.at),
        tenant: upload.tenant.clone(),
        conjunction: Some(conjunction.id),
        objects: conjunction.objects.each_ref().map(|object| object.number),
        originator: "TEST".to_owned(),
        created: upload.at,
        arrived: upload.at,
        tca: conjunction.solution.tca,
        miss_distance_km: 0.9,
        stated_probability: Some(1e-4),
        probability: Some((1.5e-4, ProbabilityMethod::TwoDimensional)),
        blob: upload.blob.clone(),
    }
}

/// A note of somebody.
#[must_use]
pub fn note(tenant: &TenantId, conjunction: ConjunctionId, at: Timestamp, noted: Noted) -> Note {
    Note { id: NoteId::at(at), tenant: tenant.clone(), conjunction, at, by: "somebody".to_owned(), noted }
}

/// A watch list of some objects.
#[must_use]
pub fn watch_list(tenant: &TenantId, objects: &[u32]) -> WatchList {
    let watched = |object: &u32| WatchedObject {
        object: *object,
        hard_body_radius_m: Some(12.5),
        maneuverable: Some(true),
        min_probability: Some(1e-6),
        max_miss_distance_km: None,
    };
    WatchList {
        id: WatchListId::at(at(0)),
        tenant: tenant.clone(),
        name: "My satellites".to_owned(),
        objects: objects.iter().map(watched).collect(),
        updated: at(0),
    }
}

/// A rule that is in force.
#[must_use]
pub fn rule(tenant: &TenantId, watch_list: Option<&WatchList>) -> Rule {
    Rule {
        id: RuleId::at(at(0)),
        tenant: tenant.clone(),
        name: "Close ones".to_owned(),
        enabled: true,
        watch_list: watch_list.map(|list| list.id),
        min_probability: Some(1e-5),
        max_miss_distance_km: None,
        within_hours: Some(72.0),
        relations: false,
        severity: Severity::Warning,
        channels: vec![Channel::Email { address: "operator@example.org".to_owned() }],
        escalate_after_minutes: Some(30),
        escalation_channels: vec![Channel::Webhook { webhook: WebhookId::at(at(0)) }],
        updated: at(0),
    }
}

/// An alert about a feed, just opened.
#[must_use]
pub fn alert(tenant: &TenantId, feed: &str, opened: Timestamp) -> Alert {
    let subject = Subject::Feed { feed: feed.to_owned() };
    let summary = format!("feed {feed} is silent");
    let alert = Alert::open(tenant, subject, Severity::Warning, summary, opened);
    Alert { escalate_at: Some(opened + SignedDuration::from_mins(30)), ..alert }
}

/// A message about an alert, due when that was opened.
#[must_use]
pub fn delivery(alert: &Alert) -> Delivery {
    Delivery {
        id: DeliveryId::at(alert.opened),
        tenant: alert.tenant.clone(),
        alert: alert.id,
        change: AlertChange::Opened,
        channel: Channel::Email { address: "operator@example.org".to_owned() },
        body: r#"{"summary":"feed"}"#.to_owned(),
        state: DeliveryState::Due,
        attempts: 0,
        next_attempt: alert.opened,
        problem: None,
        since: Some(alert.opened),
        trace: Trace::of(Some(TRACE), Some("request-1")),
    }
}

/// A webhook in use.
#[must_use]
pub fn webhook(tenant: &TenantId) -> Webhook {
    Webhook {
        id: WebhookId::at(at(0)),
        tenant: tenant.clone(),
        name: "Operations".to_owned(),
        url: "https://example.org/hook".to_owned(),
        secret: "a secret".to_owned(),
        retired: None,
        enabled: true,
        created: at(0),
    }
}

/// A key whose hash is a byte over and over.
#[must_use]
pub fn api_key(tenant: &TenantId, byte: u8) -> ApiKey {
    ApiKey {
        id: ApiKeyId::at(at(i64::from(byte))),
        tenant: tenant.clone(),
        name: "A script".to_owned(),
        scope: Scope::Write,
        hash: [byte; 32],
        created: at(0),
        expires: Some(at(1_000_000)),
        revoked: None,
    }
}

/// A write for the audit log.
#[must_use]
pub fn audit_entry(tenant: &TenantId, action: &str) -> AuditEntry {
    AuditEntry {
        at: at(0),
        tenant: tenant.clone(),
        by: "somebody".to_owned(),
        principal: Some(Principal::Person(account("somebody"))),
        action: action.to_owned(),
        target: "something".to_owned(),
        address: Some(IpAddr::from([192, 0, 2, 7])),
        request_id: Some("r-1".to_owned()),
    }
}

/// An event about a feed.
#[must_use]
pub fn feed_event(tenant: &TenantId, time: Timestamp, feed: &str) -> Event {
    Event::new(tenant.clone(), time, Vec::new(), Payload::FeedAsked { feed: feed.to_owned(), problem: None })
}

/// What [`later_event`] tells, to the letter.
pub const LATER: &str = r#"{"type":"object_maneuvered","delta_v_m_s":0.12345678901234567890,"b":1,"a":null}"#;

/// An event that a later release wrote, under a topic that may be new, too.
///
/// # Panics
/// Never: it can be written and read.
#[must_use]
pub fn later_event(tenant: &TenantId, time: Timestamp, topic: &str) -> Event {
    let known = feed_event(tenant, time, "a");
    let payload = serde_json::to_string(&known.payload).expect("a payload can be written");
    let written = serde_json::to_string(&Event { topic: topic.to_owned().into(), ..known });
    let later = written.expect("an event can be written").replace(&payload, LATER);
    serde_json::from_str(&later).expect("what is of a later release can be read")
}

/// Space weather of a day.
#[must_use]
pub fn weather(day: Date, kind: SpaceWeatherKind) -> SpaceWeatherDay {
    SpaceWeatherDay {
        day,
        kind,
        bartels_rotation: Some(2_624),
        bartels_day: Some(5),
        kp: [Some(2.7), Some(3.3), None, None, Some(0.0), None, None, Some(9.0)],
        kp_sum: Some(15.0),
        ap: [Some(12), Some(18), None, None, Some(0), None, None, Some(400)],
        ap_average: Some(7),
        cp: Some(0.3),
        c9: Some(1),
        sunspot_number: Some(101),
        f10_7_observed_sfu: Some(150.1),
        f10_7_adjusted_sfu: Some(145.7),
        f10_7_observed_centered_81_days_sfu: Some(148.3),
        f10_7_observed_last_81_days_sfu: None,
        f10_7_adjusted_centered_81_days_sfu: None,
        f10_7_adjusted_last_81_days_sfu: Some(0.1),
    }
}

/// The orientation of the Earth on a day.
#[must_use]
pub fn orientation(day: Date, kind: EarthOrientationKind) -> EarthOrientationDay {
    EarthOrientationDay {
        day,
        kind,
        polar_motion_x_arcsec: 0.123_456,
        polar_motion_y_arcsec: -0.3,
        ut1_minus_utc_s: 0.012_345_6,
        length_of_day_excess_s: Some(-0.000_417),
        nutation_longitude_arcsec: None,
        nutation_obliquity_arcsec: Some(-0.006_175),
        celestial_pole_x_arcsec: Some(0.000_248),
        celestial_pole_y_arcsec: None,
        tai_minus_utc_s: 37.0,
    }
}

/// An organization.
#[must_use]
pub fn organization(tenant: &TenantId) -> Organization {
    let name = format!("Organization {tenant}");
    Organization { tenant: tenant.clone(), name, created: at(0), closed: None, erased: None }
}

/// An account of somebody.
#[must_use]
pub fn account(subject: &str) -> Account {
    Account { issuer: "https://issuer.example".to_owned(), subject: subject.to_owned() }
}

/// A member of an organization, by their account.
#[must_use]
pub fn member(tenant: &TenantId, subject: &str, role: Role) -> Member {
    Member {
        id: MemberId::at(at(0)),
        tenant: tenant.clone(),
        account: Some(account(subject)),
        email: Some(format!("{subject}@example.com")),
        name: Some(subject.to_owned()),
        role,
        pending: false,
        added: at(0),
    }
}
