//! Conjunction messages that were received count in rules.

use std::sync::Arc;
use std::time::Duration;

use astroshield_domain::access::{Caller, Principal, Scope};
use astroshield_domain::alert::{Alert, AlertAction, AlertChange, AlertState, Rule, Subject};
use astroshield_domain::conjunction::Conjunction;
use astroshield_domain::ids::{RunId, TenantId};
use astroshield_domain::ports::Clock;
use astroshield_domain::screening::{Run, RunConclusion, RunKind, RunState};
use astroshield_domain::uploads::Uploads;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::alerts::{alerts, audit, notifier, rule_to, target};
use crate::parts::{Parts, catalog};

fn ann() -> Caller {
    Caller {
        tenant: TenantId::local(),
        name: "ann".to_owned(),
        principal: Principal::Operator,
        scope: Scope::Write,
    }
}

/// Somebody uploads a row of `cdm_public` that is made now.
async fn told(parts: &Parts, [one, other]: [u32; 2], tca: Timestamp, probability: impl Into<Option<f64>>) {
    let probability = probability.into().map(|probability: f64| probability.to_string());
    parts.clock.forward(SignedDuration::from_secs(60));
    let written = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let row = json!([{
        "CDM_ID": "1", "CREATED": written(parts.clock.now()), "EMERGENCY_REPORTABLE": "Y", "TCA": written(tca),
        "MIN_RNG": "120", "PC": probability, "SAT_1_ID": one.to_string(), "SAT_1_NAME": "A",
        "SAT1_OBJECT_TYPE": "PAYLOAD", "SAT1_RCS": "SMALL", "SAT_1_EXCL_VOL": "5.00", "SAT_2_ID": other.to_string(),
        "SAT_2_NAME": "B", "SAT2_OBJECT_TYPE": "DEBRIS", "SAT2_RCS": "SMALL", "SAT_2_EXCL_VOL": "5.00"
    }]);
    let uploads = Uploads::new(
        parts.store.clone(),
        parts.blobs.clone(),
        parts.clock.clone(),
        Arc::clone(&parts.ingestor),
    );
    let upload = uploads.receive(&ann(), "cdm.json", None, row.to_string().into_bytes()).await.unwrap();
    assert_eq!(upload.problems, Vec::<String>::new());
}

async fn screened(parts: &Parts) {
    parts.ingest(catalog(60)).await;
    let shutdown = CancellationToken::new();
    let run = parts.runner(2).run_once(&TenantId::public(), RunKind::Catalog, &[], &shutdown).await;
    run.unwrap().unwrap();
}

fn pair(found: &Conjunction) -> [u32; 2] {
    found.objects.each_ref().map(|object| object.number.get())
}

async fn only(parts: &Parts) -> Alert {
    let mut all = alerts(parts).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_an_encounter_that_no_run_finds_is_told_when_it_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let target = target(&[]).await;
    rule_to(&parts, &target.url, Some(1e-4), parts.clock.now()).await;
    let shutdown = CancellationToken::new();
    let relay = parts.relay(&shutdown);
    let running = {
        let (notifier, shutdown) = (notifier(&parts), shutdown.clone());
        tokio::spawn(async move { tokio::join!(notifier.run(shutdown.clone()), notifier.watch(shutdown)) })
    };
    let tca = parts.clock.now() + SignedDuration::from_hours(20);
    told(&parts, [5, 7], tca, 1e-6).await;
    told(&parts, [7, 5], tca + SignedDuration::from_secs(9), 1e-2).await;
    let heard = async {
        while target.requests.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), heard).await.unwrap();
    shutdown.cancel();
    running.await.unwrap();
    relay.await.unwrap();

    let alert = only(&parts).await;
    assert!(matches!(alert.subject, Subject::Messages { objects: [5, 7], .. }), "{:?}", alert.subject);
    assert_eq!((alert.originator.as_deref(), alert.told_probability), (Some("Space-Track"), Some(1e-2)));
    assert!(alert.summary.contains("0.120 km") && alert.summary.contains("1.0e-2"), "{}", alert.summary);
    assert!(alert.summary.ends_with("by a message of Space-Track"), "{}", alert.summary);
    let body = target.requests.lock().unwrap()[0].clone();
    assert!(body.contains("\"stated_probability\":0.01") && body.contains("\"originator\":\"Space-Track\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_by_messages_follows_the_newest_is_raised_and_ends_with_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let target = target(&[]).await;
    rule_to(&parts, &target.url, Some(1e-4), parts.clock.now()).await;
    let (local, notifier) = (TenantId::local(), notifier(&parts));
    let tca = parts.clock.now() + SignedDuration::from_hours(20);
    told(&parts, [5, 7], tca, 1e-3).await;
    notifier.evaluate(&local).await.unwrap();
    let opened = only(&parts).await;
    let later = tca + SignedDuration::from_mins(2);
    told(&parts, [5, 7], later, 1e-6).await;
    notifier.evaluate(&local).await.unwrap();
    let lower = only(&parts).await;
    assert_eq!((lower.id, lower.state), (opened.id, AlertState::Open));
    assert!(lower.summary.contains("1.0e-6"), "{}", lower.summary);
    told(&parts, [5, 7], later, 0.2).await;
    notifier.evaluate(&local).await.unwrap();
    assert_eq!(only(&parts).await.told_probability, Some(0.2));
    let changes: Vec<_> = parts.store.deliveries_of(&local, opened.id).await.unwrap();
    let changes: Vec<_> = changes.into_iter().map(|told| told.change).collect();
    assert_eq!(changes, [AlertChange::Opened, AlertChange::Raised]);

    let left = later.duration_since(parts.clock.now());
    parts.clock.forward(left);
    notifier.evaluate(&local).await.unwrap();
    assert_eq!(only(&parts).await.state, AlertState::Open, "it is now");
    parts.clock.forward(SignedDuration::from_secs(1));
    notifier.evaluate(&local).await.unwrap();
    assert_eq!(only(&parts).await.state, AlertState::Resolved);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probability_that_becomes_known_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let target = target(&[]).await;
    rule_to(&parts, &target.url, None, parts.clock.now()).await;
    let (local, notifier) = (TenantId::local(), notifier(&parts));
    let tca = parts.clock.now() + SignedDuration::from_hours(20);
    let (opened, raised) = (AlertChange::Opened, AlertChange::Raised);
    for (probability, known, expected) in [
        (None, None, &[opened][..]),
        (None, None, &[opened]),
        (Some(1e-5), Some(1e-5), &[opened, raised]),
        (Some(5e-5), Some(1e-5), &[opened, raised]),
        (None, Some(1e-5), &[opened, raised]),
        (Some(1e-5), Some(1e-5), &[opened, raised]),
    ] {
        told(&parts, [5, 7], tca, probability).await;
        notifier.evaluate(&local).await.unwrap();
        let alert = only(&parts).await;
        assert_eq!(alert.told_probability, known, "{probability:?}");
        let messages = parts.store.deliveries_of(&local, alert.id).await.unwrap();
        let changes: Vec<_> = messages.iter().map(|message| message.change).collect();
        assert_eq!(changes, expected, "{probability:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_resolved_of_messages_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let target = target(&[]).await;
    rule_to(&parts, &target.url, Some(1e-4), parts.clock.now()).await;
    let (local, notifier) = (TenantId::local(), notifier(&parts));
    let tca = parts.clock.now() + SignedDuration::from_hours(20);
    told(&parts, [5, 7], tca, 1e-3).await;
    notifier.evaluate(&local).await.unwrap();
    let alert = only(&parts).await;
    notifier.act(&ann(), alert.id, AlertAction::Resolve).await.unwrap();
    told(&parts, [5, 7], tca + SignedDuration::from_secs(30), 1e-3).await;
    notifier.evaluate(&local).await.unwrap();
    assert_eq!(only(&parts).await.state, AlertState::Resolved);
    // Another encounter of the same pair is another matter.
    told(&parts, [5, 7], tca + SignedDuration::from_hours(2), 1e-3).await;
    notifier.evaluate(&local).await.unwrap();
    assert_eq!(alerts(&parts).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_greater_of_our_probability_and_a_messages_counts_and_a_cleared_conjunction_stays_alerted() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let target = target(&[]).await;
    screened(&parts).await;
    let found = parts.conjunctions().await.remove(0);
    rule_to(&parts, &target.url, Some(0.5), parts.clock.now()).await;
    let (public, notifier) = (TenantId::public(), notifier(&parts));
    notifier.evaluate(&public).await.unwrap();
    assert_eq!(alerts(&parts).await, [], "our own says less");
    let tca = found.solution.tca + SignedDuration::from_mins(3);
    told(&parts, pair(&found), tca, 0.6).await;
    notifier.evaluate(&public).await.unwrap();
    let opened = only(&parts).await;
    assert!(matches!(opened.subject, Subject::Conjunction { conjunction, .. } if conjunction == found.id));
    assert_eq!((opened.originator.as_deref(), opened.told_probability), (Some("Space-Track"), Some(0.6)));
    assert!(opened.summary.contains("TEST-"), "our names: {}", opened.summary);

    let now = parts.clock.now();
    let runs = parts.store.runs(&public, None, 1).await.unwrap().rows;
    let run =
        Run { id: RunId::at(now), state: RunState::Running, as_of: now, started: now, ..runs[0].clone() };
    parts.store.begin_run(&run, &[]).await.unwrap();
    let conclusion = RunConclusion { run: run.id, finished: now, not_screened: vec![], covered: vec![] };
    parts.store.conclude_run(&public, &conclusion, &[]).await.unwrap();
    notifier.evaluate(&public).await.unwrap();
    assert_eq!(only(&parts).await.state, AlertState::Open, "the message still says so");
    told(&parts, pair(&found), tca, 1e-9).await;
    notifier.evaluate(&public).await.unwrap();
    let over = only(&parts).await;
    assert_eq!((over.id, over.state, over.resolved_by), (opened.id, AlertState::Resolved, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_that_messages_opened_stays_the_only_one_when_a_run_finds_the_encounter() {
    let elsewhere = tempfile::tempdir().unwrap();
    let parts = Parts::on(&elsewhere).await;
    screened(&parts).await;
    // Far enough ahead to be found by a run that begins a little later, too.
    let mut all = parts.conjunctions().await;
    let found = all.swap_remove(all.len() / 2);

    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let target = target(&[]).await;
    let rule = rule_to(&parts, &target.url, Some(0.1), parts.clock.now()).await;
    let (public, notifier) = (TenantId::public(), notifier(&parts));
    told(&parts, pair(&found), found.solution.tca, 0.2).await;
    notifier.evaluate(&TenantId::local()).await.unwrap();
    let opened = only(&parts).await;
    screened(&parts).await;
    // Now our own solution meets the rule as well.
    let any = Rule { min_probability: Some(0.0), updated: parts.clock.now(), ..rule };
    parts.store.put_rule(&any, &audit(any.updated)).await.unwrap();
    notifier.evaluate(&public).await.unwrap();
    let all = alerts(&parts).await;
    assert!(all.iter().any(|alert| alert.id == opened.id && alert.state == AlertState::Open));
    let of_conjunction = |alert: &&Alert| match alert.subject {
        Subject::Conjunction { conjunction, .. } => conjunction == found.id,
        _ => false,
    };
    assert_eq!(all.iter().filter(of_conjunction).count(), 0, "it is the same encounter");
    assert!(all.len() > 1, "others are alerted as ever");

    // Nothing is new: nothing is told anew.
    let line = |all: Vec<Alert>| all.into_iter().find(|alert| alert.id == opened.id).unwrap().summary;
    let before = line(all);
    notifier.evaluate(&public).await.unwrap();
    assert_eq!(line(alerts(&parts).await), before, "the line changes with nothing else");
}
