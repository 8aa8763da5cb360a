//! What users ask for: uploads, screening on demand, exports.

use std::time::Duration;

use astroshield_domain::access::{Caller, Principal, Scope};
use astroshield_domain::catalog::Grade;
use astroshield_domain::conjunction::{Conjunction, ConjunctionQuery};
use astroshield_domain::export::{EphemerisRequest, Exporter, MotionData, ReferenceFrame};
use astroshield_domain::feed::UploadState;
use astroshield_domain::ids::TenantId;
use astroshield_domain::on_demand::{OnDemand, OnDemandError, OnDemandRequest, OnDemandSubject};
use astroshield_domain::ports::Clock;
use astroshield_domain::screening::RunKind;
use astroshield_domain::uploads::Uploads;
use astroshield_formats::{CatalogNumber, HeaderDefaults, Message, Notation, write_messages};
use futures_util::FutureExt as _;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::parts::{Parts, catalog, start};

async fn screened(parts: &Parts) -> Vec<Conjunction> {
    parts.ingest(catalog(100)).await;
    let shutdown = CancellationToken::new();
    let run = parts.runner(2).run_once(&TenantId::public(), RunKind::Catalog, &[], &shutdown).await;
    run.unwrap().unwrap();
    parts.conjunctions().await
}

fn exporter(parts: &Parts) -> Exporter {
    Exporter::new(parts.store.clone(), parts.blobs.clone(), parts.clock.clone(), "TEST".to_owned())
}

fn caller() -> Caller {
    Caller {
        tenant: TenantId::local(),
        name: "ann".to_owned(),
        principal: Principal::Operator,
        scope: Scope::Write,
    }
}

/// The object of most conjunctions.
fn busiest(conjunctions: &[Conjunction]) -> CatalogNumber {
    let count = |number: CatalogNumber| conjunctions.iter().filter(|found| is_of(found, number)).count();
    let numbers = conjunctions.iter().map(|found| found.objects[0].number);
    numbers.max_by_key(|number| (count(*number), *number)).unwrap()
}

fn is_of(conjunction: &Conjunction, number: CatalogNumber) -> bool {
    conjunction.objects.iter().any(|object| object.number == number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_on_demand_meets_what_the_run_of_everything_found() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let all = screened(&parts).await;
    let object = busiest(&all);
    let on_demand = OnDemand::new(parts.store.clone(), parts.blobs.clone(), parts.clock.clone(), 2);
    let request = |days| OnDemandRequest {
        subject: OnDemandSubject::Object(object),
        start: Some(start()),
        days,
        threshold_km: 20.0,
    };
    let result = on_demand.screen(&TenantId::local(), request(2.0)).await.unwrap();
    assert_eq!(result.objects, 99);
    let expected = all.iter().filter(|found| is_of(found, object) && !found.solution.at_edge);
    let expected: Vec<_> =
        expected.map(|found| (found.solution.tca, found.solution.miss_distance_km)).collect();
    let found = result.conjunctions.iter().filter(|found| !found.solution.at_edge);
    let found: Vec<_> = found.map(|found| (found.solution.tca, found.solution.miss_distance_km)).collect();
    assert!(expected.len() > 3);
    assert_eq!(found, expected);

    let refused = on_demand.screen(&TenantId::local(), request(15.0)).await;
    assert!(matches!(refused, Err(OnDemandError::OutOfDomain { field: "days", .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conjunction_goes_out_as_a_cdm_with_the_states_that_it_was_found_with() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let all = screened(&parts).await;
    // A newer catalog does not change what the run saw.
    parts.clock.forward(SignedDuration::from_hours(5));
    parts.ingest(catalog(100).replace("2026-01-02T00", "2026-01-02T06")).await;
    for conjunction in all.iter().take(5) {
        let cdm = exporter(&parts).cdm(&TenantId::local(), conjunction.id).await.unwrap();
        let [one, other] = [&cdm.object1, &cdm.object2].map(|object| object.state.position_km());
        let square: f64 = (0..3).map(|axis| (other[axis] - one[axis]).powi(2)).sum();
        // TCA is kept to the microsecond, in which the two move by a centimeter against each other.
        assert!((square.sqrt() - conjunction.solution.miss_distance_km).abs() < 1e-5);
        assert_eq!(cdm.object1.metadata.object_designator, conjunction.objects[0].number.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_uploaded_ephemeris_takes_the_place_of_its_objects_element_set() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let all = screened(&parts).await;
    let object = busiest(&all);
    let request = EphemerisRequest {
        data: MotionData::Best,
        frame: ReferenceFrame::Gcrf,
        start: start() - SignedDuration::from_hours(1),
        stop: start() + SignedDuration::from_hours(50),
        step: Duration::from_secs(60),
    };
    let oem = exporter(&parts).oem(&TenantId::local(), object, request).await.unwrap();
    let defaults =
        HeaderDefaults { creation_date: oem.segments[0].metadata.start_time, originator: "TEST".to_owned() };
    let text = write_messages(&[Message::Oem(Box::new(oem))], Notation::Kvn, &defaults).unwrap();
    let uploads =
        Uploads::new(parts.store.clone(), parts.blobs.clone(), parts.clock.clone(), parts.ingestor.clone());

    // All objects of the test have the same designator.
    let unclear = uploads.receive(&caller(), "mine.oem", None, text.clone().into()).await.unwrap();
    assert_eq!(unclear.state, UploadState::Rejected);
    assert!(unclear.problems[0].contains("say which it is"), "{:?}", unclear.problems);
    let cut = text.as_bytes()[..text.len() - 30].to_vec();
    let cut = uploads.receive(&caller(), "../../cut.oem", Some(object), cut).await.unwrap();
    assert_eq!((cut.state, cut.problems.len()), (UploadState::Rejected, 1));
    let run = || async {
        let shutdown = CancellationToken::new();
        parts.runner(2).run_once(&TenantId::local(), RunKind::Ephemerides, &[], &shutdown).await.unwrap()
    };
    assert_eq!(run().await, None, "nothing of a rejected upload is used");

    let taken = uploads.receive(&caller(), "mine.oem", Some(object), text.into()).await.unwrap();
    assert_eq!((taken.state, taken.kind.as_deref()), (UploadState::Accepted, Some("OEM")));
    parts.clock.forward(SignedDuration::from_secs(1));
    run().await.unwrap();
    let query = ConjunctionQuery { limit: 100_000, object: Some(object), ..ConjunctionQuery::default() };
    let of_both = parts.store.conjunctions(&TenantId::local(), &query).await.unwrap().rows;
    let own: Vec<_> = of_both.iter().filter(|found| found.tenant == TenantId::local()).collect();
    assert!(own.len() > 3);
    assert_eq!(own.len(), of_both.len(), "the public ones of this object are listed beside its own");
    for found in &own {
        assert_eq!((found.objects[0].number, found.objects[0].grade), (object, Grade::Ephemeris));
        let same = |public: &&Conjunction| {
            let apart = public.solution.tca.duration_since(found.solution.tca).abs();
            is_of(public, found.objects[1].number) && apart < SignedDuration::from_secs(1)
        };
        let public = all.iter().filter(|public| is_of(public, object)).find(same).unwrap();
        let apart_km = public.solution.miss_distance_km - found.solution.miss_distance_km;
        // Interpolation at steps of a minute.
        assert!(apart_km.abs() < 0.01, "{apart_km} km");
    }
    let cdm = exporter(&parts).cdm(&TenantId::local(), own[0].id).await.unwrap();
    assert!(cdm.object1.metadata.comments[0].contains("ephemeris of the operator"));
    let others = parts.store.conjunctions(&TenantId::new("other").unwrap(), &query).await.unwrap().rows;
    assert!(others.iter().all(|found| found.tenant == TenantId::public()));
    assert_eq!(others.len(), all.iter().filter(|found| is_of(found, object)).count());
    assert!(parts.clock.now() > start());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_may_have_four_screenings_waiting_and_who_goes_away_waits_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    parts.ingest(catalog(30)).await;
    let on_demand = OnDemand::new(parts.store.clone(), parts.blobs.clone(), parts.clock.clone(), 1);
    let own = TenantId::local();
    let request = || OnDemandRequest {
        subject: OnDemandSubject::Object(CatalogNumber::new(1).unwrap()),
        start: Some(start()),
        days: 0.1,
        threshold_km: 20.0,
    };
    let screen = || on_demand.screen(&own, request());
    // Each takes its place as soon as it is asked, one after the other.
    for round in 0..10 {
        assert!(screen().now_or_never().is_none(), "a place stays taken: round {round}");
    }
    let other = TenantId::new("other").unwrap();
    let (first, second, third, fourth, fifth, others) =
        tokio::join!(screen(), screen(), screen(), screen(), screen(), on_demand.screen(&other, request()));
    for result in [first, second, third, fourth, others] {
        assert_eq!(result.unwrap().objects, 29);
    }
    assert!(matches!(fifth, Err(OnDemandError::Busy { waiting: 4, limit: 4 })), "{fifth:?}");
    assert_eq!(screen().await.unwrap().objects, 29);
}
