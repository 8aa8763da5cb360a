//! A maneuver that an operator plans: what the ephemeris clears is neither listed nor alerted to the operator, and stays for
//! everybody else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use astroshield_adapters::http::{SignedWebhookClient, WebhookSettings};
use astroshield_domain::access::{AuditEntry, Caller, Principal, Scope};
use astroshield_domain::alert::{AlertState, Rule, Severity, Subject, WatchList, WatchedObject};
use astroshield_domain::catalog::Grade;
use astroshield_domain::conjunction::{Conjunction, ConjunctionQuery, ConjunctionStatus};
use astroshield_domain::export::{EphemerisRequest, Exporter, MotionData, ReferenceFrame};
use astroshield_domain::feed::UploadState;
use astroshield_domain::ids::{ConjunctionId, RuleId, TenantId, WatchListId};
use astroshield_domain::notify::Notifier;
use astroshield_domain::on_demand::{OnDemand, OnDemandRequest, OnDemandSubject};
use astroshield_domain::ports::Clock;
use astroshield_domain::screening::RunKind;
use astroshield_domain::uploads::Uploads;
use astroshield_formats::{CatalogNumber, HeaderDefaults, Message, Notation, write_messages};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::parts::{Parts, catalog, start};

const OBJECTS: u32 = 200;
/// Hours that the ephemeris covers; the window is of 48.
const COVERED_HOURS: i64 = 30;

/// The object that most others come near to.
async fn busiest(parts: &Parts) -> CatalogNumber {
    let all = parts.conjunctions().await;
    let numbers = || all.iter().flat_map(|found| found.objects.each_ref().map(|object| object.number));
    numbers().max_by_key(|number| (numbers().filter(|other| other == number).count(), *number)).unwrap()
}

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

fn caller(tenant: &TenantId) -> Caller {
    Caller {
        tenant: tenant.clone(),
        name: "ann".to_owned(),
        principal: Principal::Operator,
        scope: Scope::Write,
    }
}

async fn run(parts: &Parts, tenant: &TenantId, kind: RunKind) -> Option<astroshield_domain::ids::RunId> {
    let shutdown = CancellationToken::new();
    parts.runner(2).run_once(tenant, kind, &[], &shutdown).await.unwrap()
}

/// The ephemeris of an object that is elsewhere on its orbit than the public catalog says.
async fn maneuver(parts: &Parts, object: CatalogNumber) -> String {
    let planner = tenant("planner");
    let csv = catalog(OBJECTS);
    let row = csv.lines().find(|line| line.starts_with(&format!("TEST-{object},"))).unwrap();
    let mut fields: Vec<String> = row.split(',').map(str::to_owned).collect();
    let anomaly: u32 = fields[8].parse().unwrap();
    fields[8] = ((anomaly + 77) % 360).to_string();
    let plan = format!("{}\n{}\n", csv.lines().next().unwrap(), fields.join(","));
    parts.ingestor.element_sets(&planner, "plan", Grade::Gp, "plan", plan.into()).await.unwrap();
    let window =
        (start() - SignedDuration::from_hours(1), start() + SignedDuration::from_hours(COVERED_HOURS));
    ephemeris(parts, &planner, object, window).await
}

/// The ephemeris of an object as a tenant sees it move, as an OEM.
async fn ephemeris(
    parts: &Parts,
    tenant: &TenantId,
    object: CatalogNumber,
    (start, stop): (Timestamp, Timestamp),
) -> String {
    let exporter =
        Exporter::new(parts.store.clone(), parts.blobs.clone(), parts.clock.clone(), "TEST".to_owned());
    let request = EphemerisRequest {
        data: MotionData::Best,
        frame: ReferenceFrame::Gcrf,
        start,
        stop,
        step: Duration::from_secs(60),
    };
    let oem = exporter.oem(tenant, object, request).await.unwrap();
    let defaults =
        HeaderDefaults { creation_date: oem.segments[0].metadata.start_time, originator: "TEST".to_owned() };
    write_messages(&[Message::Oem(Box::new(oem))], Notation::Kvn, &defaults).unwrap()
}

/// A rule about everything that comes near the object.
async fn watch(parts: &Parts, tenant: &TenantId, object: CatalogNumber) {
    let now = parts.clock.now();
    let audit = AuditEntry::of(tenant, caller(tenant).by(), now, "test", &"test");
    let watched = WatchedObject {
        object: object.get(),
        hard_body_radius_m: None,
        maneuverable: Some(true),
        min_probability: None,
        max_miss_distance_km: None,
    };
    let list = WatchList {
        id: WatchListId::at(now),
        tenant: tenant.clone(),
        name: "mine".to_owned(),
        objects: vec![watched],
        updated: now,
    };
    parts.store.put_watch_list(&list, &audit).await.unwrap();
    let rule = Rule {
        id: RuleId::at(now),
        tenant: tenant.clone(),
        name: "anything near".to_owned(),
        enabled: true,
        watch_list: Some(list.id),
        min_probability: None,
        max_miss_distance_km: None,
        within_hours: None,
        relations: true,
        severity: Severity::Warning,
        channels: Vec::new(),
        escalate_after_minutes: None,
        escalation_channels: Vec::new(),
        updated: now,
    };
    parts.store.put_rule(&rule, &audit).await.unwrap();
}

async fn listed(
    parts: &Parts,
    object: CatalogNumber,
    tenant: &TenantId,
    status: Option<ConjunctionStatus>,
) -> Vec<Conjunction> {
    let query =
        ConjunctionQuery { object: Some(object), status, limit: 1_000, ..ConjunctionQuery::default() };
    parts.store.conjunctions(tenant, &query).await.unwrap().rows
}

fn ids(conjunctions: &[Conjunction]) -> BTreeSet<ConjunctionId> {
    conjunctions.iter().map(|conjunction| conjunction.id).collect()
}

/// The conjunctions of the alerts that are open.
async fn alerted(parts: &Parts, tenant: &TenantId) -> Vec<ConjunctionId> {
    let unresolved = parts.store.unresolved_alerts(tenant).await.unwrap();
    assert!(unresolved.iter().all(|alert| alert.state == AlertState::Open));
    let of = |subject: &Subject| match subject {
        Subject::Conjunction { conjunction, .. } => Some(*conjunction),
        _ => None,
    };
    unresolved.iter().map(|alert| of(&alert.subject).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_ephemeris_clears_is_neither_listed_nor_alerted_to_its_operator_and_stays_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let (own, other) = (TenantId::local(), tenant("other"));
    parts.ingest(catalog(OBJECTS)).await;
    run(&parts, &TenantId::public(), RunKind::Catalog).await.unwrap();
    let object = busiest(&parts).await;
    watch(&parts, &own, object).await;
    watch(&parts, &other, object).await;
    let webhooks = Arc::new(SignedWebhookClient::new(&WebhookSettings::default()).unwrap());
    let notifier =
        Notifier::new(parts.store.clone(), parts.bus.clone(), webhooks, None, parts.clock.clone(), None);
    notifier.evaluate(&TenantId::public()).await.unwrap();
    let public = listed(&parts, object, &own, None).await;
    assert!(public.len() > 4, "{}", public.len());
    let before = alerted(&parts, &own).await;
    assert_eq!(before.iter().copied().collect::<BTreeSet<_>>(), ids(&public));

    let text = maneuver(&parts, object).await;
    let uploads =
        Uploads::new(parts.store.clone(), parts.blobs.clone(), parts.clock.clone(), parts.ingestor.clone());
    let taken = uploads.receive(&caller(&own), "plan.oem", Some(object), text.into()).await.unwrap();
    assert_eq!(taken.state, UploadState::Accepted, "{:?}", taken.problems);
    parts.clock.forward(SignedDuration::from_secs(1));
    run(&parts, &own, RunKind::Ephemerides).await.unwrap();
    notifier.evaluate(&own).await.unwrap();

    // What lies after the ephemeris is as it was.
    let covered_until = start() + SignedDuration::from_hours(COVERED_HOURS) - SignedDuration::from_mins(2);
    let is_later = |found: &&Conjunction| found.solution.tca > covered_until;
    let later: Vec<Conjunction> = public.iter().filter(is_later).cloned().collect();
    let cleared = public.len() - later.len();
    assert!(later.len() > 1 && cleared > 1, "{} and {cleared} say nothing", later.len());
    let now = listed(&parts, object, &own, None).await;
    let mine: Vec<Conjunction> = now.iter().filter(|found| found.tenant == own).cloned().collect();
    let theirs: Vec<Conjunction> = now.iter().filter(|found| found.tenant != own).cloned().collect();
    assert!(mine.len() > 1, "the ephemeris meets others");
    assert_eq!(theirs, later);
    assert_eq!(listed(&parts, object, &own, Some(ConjunctionStatus::Superseded)).await.len(), cleared);
    let after = alerted(&parts, &own).await;
    assert_eq!(after.len(), now.len(), "one alert for each row");
    assert_eq!(after.into_iter().collect::<BTreeSet<_>>(), ids(&now));

    assert_eq!(listed(&parts, object, &other, None).await, public);
    assert_eq!(alerted(&parts, &other).await.len(), public.len());

    // On demand the object moves as its operator says, for this operator.
    let on_demand = OnDemand::new(parts.store.clone(), parts.blobs.clone(), parts.clock.clone(), 2);
    let found = async |tenant: &TenantId, days: f64| {
        let request = OnDemandRequest {
            subject: OnDemandSubject::Object(object),
            start: Some(parts.clock.now()),
            days,
            threshold_km: 20.0,
        };
        let result = on_demand.screen(tenant, request).await.unwrap();
        let found = result.conjunctions.iter().filter(|found| !found.solution.at_edge);
        found.map(|found| (found.solution.tca, found.solution.miss_distance_km)).collect::<Vec<_>>()
    };
    let numbers = |rows: &[Conjunction]| {
        let inside = |found: &&Conjunction| {
            !found.solution.at_edge && found.solution.tca > parts.clock.now() + SignedDuration::from_mins(1)
        };
        let rows = rows.iter().filter(inside);
        rows.map(|found| (found.solution.tca, found.solution.miss_distance_km)).collect::<Vec<_>>()
    };
    assert_eq!(found(&own, 2.0).await, numbers(&mine));
    assert_eq!(found(&other, 1.9).await.len(), {
        let until = parts.clock.now() + SignedDuration::from_secs_f64(1.9 * 86_400.0);
        numbers(&public).iter().filter(|(tca, _)| *tca < until).count()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_public_element_set_ends_what_an_older_one_of_a_tenants_own_covered() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let own = TenantId::local();
    parts.ingest(catalog(OBJECTS)).await;
    run(&parts, &TenantId::public(), RunKind::Catalog).await.unwrap();
    let object = busiest(&parts).await;
    let public = listed(&parts, object, &own, None).await;
    let csv = catalog(OBJECTS);
    let row = csv.lines().find(|line| line.starts_with(&format!("TEST-{object},"))).unwrap();
    let mine = format!("{}\n{row}\n", csv.lines().next().unwrap());
    parts.ingestor.element_sets(&own, "mine", Grade::Gp, "mine", mine.into()).await.unwrap();
    parts.clock.forward(SignedDuration::from_secs(1));
    run(&parts, &own, RunKind::Ephemerides).await.unwrap();
    let listed_now = listed(&parts, object, &own, None).await;
    assert!(listed_now.iter().all(|found| found.tenant == own));
    assert_eq!(listed_now.len(), public.len());

    parts.clock.forward(SignedDuration::from_secs(1));
    parts.ingest(catalog(OBJECTS).replace("2026-01-02T00:00:00", "2026-01-02T01:00:00")).await;
    run(&parts, &TenantId::public(), RunKind::Catalog).await.unwrap();
    run(&parts, &own, RunKind::Ephemerides).await.expect("a last run lets go of what was covered");
    let last = listed(&parts, object, &own, None).await;
    assert!(last.len() > 4 && last.iter().all(|found| found.tenant == TenantId::public()));
    parts.clock.forward(SignedDuration::from_secs(1));
    assert_eq!(run(&parts, &own, RunKind::Ephemerides).await, None, "nothing is left to let go of");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ephemeris_of_part_of_the_window_is_met_on_demand_in_that_part() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let own = TenantId::local();
    parts.ingest(catalog(OBJECTS)).await;
    run(&parts, &TenantId::public(), RunKind::Catalog).await.unwrap();
    let object = busiest(&parts).await;
    let public = listed(&parts, object, &own, None).await;
    let hours = |hours| start() + SignedDuration::from_hours(hours);
    // From after the start of the window to before its end, along the same orbit.
    let covered = (hours(12), hours(36));
    let text = ephemeris(&parts, &own, object, covered).await;
    let uploads =
        Uploads::new(parts.store.clone(), parts.blobs.clone(), parts.clock.clone(), parts.ingestor.clone());
    let taken = uploads.receive(&caller(&own), "part.oem", Some(object), text.into()).await.unwrap();
    assert_eq!(taken.state, UploadState::Accepted, "{:?}", taken.problems);
    parts.clock.forward(SignedDuration::from_secs(1));

    let on_demand = OnDemand::new(parts.store.clone(), parts.blobs.clone(), parts.clock.clone(), 2);
    let other_of = |found: &Conjunction| {
        let other = found.objects.iter().find(|one| one.number != object);
        other.unwrap().number
    };
    let (mut met, mut outside) = (0, 0);
    for other in public.iter().map(other_of).collect::<BTreeSet<_>>() {
        let request = OnDemandRequest {
            subject: OnDemandSubject::Object(other),
            start: Some(start()),
            days: 2.0,
            threshold_km: 20.0,
        };
        let result = on_demand.screen(&own, request).await.unwrap();
        let with_it = result.conjunctions.iter().filter(|found| found.objects[1].number == object);
        let found: Vec<_> = with_it.filter(|found| !found.solution.at_edge).collect();
        let (inside, beyond): (Vec<_>, Vec<_>) = public
            .iter()
            .filter(|public| other_of(public) == other && !public.solution.at_edge)
            .partition(|public| public.solution.tca > covered.0 && public.solution.tca < covered.1);
        assert_eq!(found.len(), inside.len(), "of {other}: {found:#?} {inside:#?}");
        for (found, public) in found.iter().zip(&inside) {
            assert_eq!(found.objects[1].grade, Grade::Ephemeris);
            assert!(
                found.solution.tca.duration_since(public.solution.tca).abs() < SignedDuration::from_secs(1)
            );
            // Interpolation at steps of a minute.
            assert!((found.solution.miss_distance_km - public.solution.miss_distance_km).abs() < 0.01);
        }
        let said: Vec<_> = result.not_screened.iter().filter(|entry| entry.object == object.get()).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!((said[0].from, said[0].reason.as_str()), (None, "the ephemeris does not cover it"));
        (met, outside) = (met + inside.len(), outside + beyond.len());
    }
    assert!(met > 1 && outside > 1, "{met} inside and {outside} outside say nothing");
}
