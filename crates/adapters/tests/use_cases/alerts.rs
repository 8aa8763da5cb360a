//! From a rule to the webhook that takes the message.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};

use astroshield_adapters::http::{AllowedNetworks, SignedWebhookClient, WebhookSettings};
use astroshield_domain::access::{AuditEntry, By, Caller, Principal, Scope};
use astroshield_domain::alert::{
    Alert, AlertAction, AlertChange, AlertChanges, AlertQuery, AlertState, Channel, DeliveryState, Rule,
    Severity, Subject, Webhook,
};
use astroshield_domain::conjunction::Conjunction;
use astroshield_domain::event::{Published, Topic};
use astroshield_domain::ids::{RuleId, RunId, TenantId, WebhookId};
use astroshield_domain::notify::{Notifier, NotifyError};
use astroshield_domain::ports::{Clock, Mailer};
use astroshield_domain::screening::{Run, RunConclusion, RunKind, RunState};
use astroshield_domain::trace::Trace;
use astroshield_domain::uploads::Uploads;
use astroshield_testkit::entities::alert;
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::parts::{Parts, catalog};

/// A server that answers with these statuses in turn, then with 204, and keeps what it was sent.
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

pub(crate) async fn target(statuses: &'static [u16]) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&requests);
    tokio::spawn(async move {
        let mut statuses = statuses.iter();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = String::new();
            let mut buffer = [0; 16 << 10];
            while !is_whole(&request) {
                let read = stream.read(&mut buffer).await.unwrap();
                assert!(read > 0, "the request ends early");
                request.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            }
            kept.lock().unwrap().push(request);
            let status = statuses.next().unwrap_or(&204);
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    Target { url, requests }
}

fn is_whole(request: &str) -> bool {
    let Some((_, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = header(request, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    body.len() >= length
}

pub(crate) fn header(request: &str, name: &str) -> Option<String> {
    let line = |line: &str| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    };
    request.lines().find_map(line)
}

pub(crate) fn notifier(parts: &Parts) -> Notifier {
    notifier_with(parts, None)
}

pub(crate) fn notifier_with(parts: &Parts, mailer: Option<Arc<dyn Mailer>>) -> Notifier {
    let settings = WebhookSettings {
        allowed_networks: AllowedNetworks::parse(["127.0.0.0/8"]).unwrap(),
        allow_http: true,
        ..WebhookSettings::default()
    };
    let webhooks = Arc::new(SignedWebhookClient::new(&settings).unwrap());
    Notifier::new(parts.store.clone(), parts.bus.clone(), webhooks, mailer, parts.clock.clone(), None)
}

pub(crate) fn audit(at: Timestamp) -> AuditEntry {
    AuditEntry::of(
        &TenantId::local(),
        By { name: "test", principal: &Principal::Service },
        at,
        "test",
        &"test",
    )
}

/// A rule that tells a webhook.
pub(crate) async fn rule_to(
    parts: &Parts,
    url: &str,
    min_probability: Option<f64>,
    updated: Timestamp,
) -> Rule {
    let now = updated;
    let audit = audit(now);
    let webhook = Webhook {
        id: WebhookId::at(now),
        tenant: TenantId::local(),
        name: "target".to_owned(),
        url: url.to_owned(),
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
        retired: None,
        enabled: true,
        created: now,
    };
    parts.store.put_webhook(&webhook, &audit).await.unwrap();
    let rule = Rule {
        id: RuleId::at(now),
        tenant: TenantId::local(),
        name: "the worst".to_owned(),
        enabled: true,
        watch_list: None,
        min_probability,
        max_miss_distance_km: None,
        within_hours: None,
        relations: false,
        severity: Severity::Critical,
        channels: vec![Channel::Webhook { webhook: webhook.id }],
        escalate_after_minutes: Some(15),
        escalation_channels: vec![Channel::Email { address: "ops@example.org".to_owned() }],
        updated: now,
    };
    parts.store.put_rule(&rule, &audit).await.unwrap();
    rule
}

/// A screened catalog with a rule that speaks of the single most likely collision, told to a webhook.
pub(crate) async fn alerted(parts: &Parts, url: &str) -> Rule {
    parts.ingest(catalog(100)).await;
    let shutdown = CancellationToken::new();
    let run = parts.runner(2).run_once(&TenantId::public(), RunKind::Catalog, &[], &shutdown).await;
    run.unwrap().unwrap();
    let mut probabilities: Vec<f64> =
        parts.conjunctions().await.iter().map(Conjunction::leading_probability).collect();
    probabilities.sort_by(f64::total_cmp);
    rule_to(parts, url, probabilities.pop(), parts.clock.now()).await
}

pub(crate) async fn alerts(parts: &Parts) -> Vec<Alert> {
    let query = AlertQuery { limit: 10_000, ..AlertQuery::default() };
    let page = parts.store.alerts(&TenantId::local(), &query).await.unwrap();
    assert!(!page.more);
    page.rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_fails_first_gets_the_same_message_once_it_is_well() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let target = target(&[500]).await;
    alerted(&parts, &target.url).await;
    let notifier = notifier(&parts);
    notifier.evaluate(&TenantId::public()).await.unwrap();
    notifier.evaluate(&TenantId::public()).await.unwrap();
    let opened = alerts(&parts).await;
    assert_eq!(opened.len(), 1, "an event that comes twice makes one alert");

    assert_eq!(notifier.deliver_due().await.unwrap(), 1);
    let delivery =
        || async { parts.store.deliveries_of(&TenantId::local(), opened[0].id).await.unwrap().remove(0) };
    assert_eq!((delivery().await.state, delivery().await.attempts), (DeliveryState::Due, 1));
    assert_eq!(notifier.deliver_due().await.unwrap(), 0, "not before the wait is over");
    parts.clock.forward(SignedDuration::from_secs(5));
    assert_eq!(notifier.deliver_due().await.unwrap(), 1);
    assert_eq!((delivery().await.state, delivery().await.attempts), (DeliveryState::Delivered, 2));
    assert_eq!(notifier.deliver_due().await.unwrap(), 0);

    let requests = target.requests.lock().unwrap().clone();
    let [first, second] = &requests[..] else { panic!("{} requests", requests.len()) };
    assert_eq!(header(first, "webhook-id"), header(second, "webhook-id"));
    assert_eq!(header(first, "webhook-id"), Some(delivery().await.id.to_string()));
    let body = |request: &str| request.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(body(first), body(second));
    assert!(
        body(first).contains("\"type\":\"alert.opened\"") && body(first).contains(&opened[0].id.to_string())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_to_a_webhook_that_was_taken_out_of_use_is_dropped_and_nobody_missed_it() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let target = target(&[]).await;
    alerted(&parts, &target.url).await;
    let notifier = notifier(&parts);
    notifier.evaluate(&TenantId::public()).await.unwrap();
    let webhook = parts.store.webhooks(&TenantId::local()).await.unwrap().remove(0);
    let disabled = Webhook { enabled: false, ..webhook };
    parts.store.put_webhook(&disabled, &audit(parts.clock.now())).await.unwrap();
    assert_eq!(notifier.deliver_due().await.unwrap(), 1);
    let all = alerts(&parts).await;
    assert_eq!(all.len(), 1, "none that a message was not delivered: {all:?}");
    let message = parts.store.deliveries_of(&TenantId::local(), all[0].id).await.unwrap().remove(0);
    assert_eq!(message.state, DeliveryState::Failed);
    assert_eq!(message.problem.as_deref(), Some("disabled: the webhook is not in use"));
    parts.store.put_webhook(&Webhook { enabled: true, ..disabled }, &audit(parts.clock.now())).await.unwrap();
    parts.clock.forward(SignedDuration::from_hours(1));
    assert_eq!(notifier.deliver_due().await.unwrap(), 0, "it does not come back");
    assert_eq!(target.requests.lock().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_that_nobody_acknowledges_escalates_and_is_over_after_its_conjunction() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let target = target(&[]).await;
    alerted(&parts, &target.url).await;
    let notifier = notifier(&parts);
    notifier.evaluate(&TenantId::public()).await.unwrap();
    notifier.due().await.unwrap();
    assert_eq!(alerts(&parts).await[0].escalated, None);
    parts.clock.forward(SignedDuration::from_mins(15));
    notifier.due().await.unwrap();
    notifier.due().await.unwrap();
    let escalated = alerts(&parts).await.remove(0);
    assert!(escalated.escalated.is_some());
    let deliveries = parts.store.deliveries_of(&TenantId::local(), escalated.id).await.unwrap();
    assert_eq!(deliveries.len(), 2, "once to the webhook, once to the address");

    parts.clock.forward(SignedDuration::from_hours(48));
    notifier.evaluate(&TenantId::public()).await.unwrap();
    assert_eq!(alerts(&parts).await[0].state, AlertState::Resolved);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_user_resolved_or_muted_stays_so_and_muting_ends() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let target = target(&[]).await;
    alerted(&parts, &target.url).await;
    let notifier = notifier(&parts);
    let caller = Caller {
        tenant: TenantId::local(),
        name: "ann".to_owned(),
        principal: Principal::Operator,
        scope: Scope::Write,
    };
    notifier.evaluate(&TenantId::public()).await.unwrap();
    let alert = alerts(&parts).await.remove(0);

    let until = parts.clock.now() + SignedDuration::from_mins(30);
    notifier.act(&caller, alert.id, AlertAction::Mute { until }).await.unwrap();
    parts.clock.forward(SignedDuration::from_mins(20));
    notifier.due().await.unwrap();
    notifier.evaluate(&TenantId::public()).await.unwrap();
    assert_eq!(alerts(&parts).await[0].state, AlertState::Muted);
    parts.clock.forward(SignedDuration::from_mins(10));
    notifier.due().await.unwrap();
    assert_eq!(alerts(&parts).await[0].state, AlertState::Open);

    notifier.act(&caller, alert.id, AlertAction::Resolve).await.unwrap();
    parts.clock.forward(SignedDuration::from_mins(1));
    notifier.evaluate(&TenantId::public()).await.unwrap();
    let after = alerts(&parts).await;
    assert_eq!((after.len(), after[0].state), (1, AlertState::Resolved));
    let other = Caller { tenant: TenantId::new("other").unwrap(), ..caller };
    assert!(notifier.act(&other, alert.id, AlertAction::Resolve).await.is_err(), "another tenant's alert");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_leads_from_an_upload_to_the_webhook() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let target = target(&[]).await;
    // Changed an hour ago: not evaluated for its own sake, which would be a trace of its own.
    let hour_ago = parts.clock.now() - SignedDuration::from_hours(1);
    rule_to(&parts, &target.url, None, hour_ago).await;
    let shutdown = CancellationToken::new();
    let relay = parts.relay(&shutdown);
    let stages = {
        let (runner, notifier, shutdown) = (parts.runner(2), notifier(&parts), shutdown.clone());
        tokio::spawn(async move {
            tokio::join!(
                runner.run(shutdown.clone()),
                notifier.run(shutdown.clone()),
                notifier.watch(shutdown)
            )
        })
    };

    let caller = Caller {
        tenant: TenantId::local(),
        name: "ann".to_owned(),
        principal: Principal::Operator,
        scope: Scope::Write,
    };
    let uploads = Uploads::new(
        parts.store.clone(),
        parts.blobs.clone(),
        parts.clock.clone(),
        Arc::clone(&parts.ingestor),
    );
    let trace = Trace::begin().with_request("walk-1");
    let upload = uploads.receive(&caller, "own.csv", None, catalog(40).into());
    trace.follow("request", upload).await.unwrap();

    let told = async {
        while target.requests.lock().unwrap().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), told).await.unwrap();
    shutdown.cancel();
    stages.await.unwrap();
    relay.await.unwrap();

    let requests = target.requests.lock().unwrap().clone();
    for request in &requests {
        let parent = header(request, "traceparent").unwrap();
        assert_eq!(Trace::parse(&parent).unwrap().id(), trace.id(), "{parent}");
        assert_ne!(parent, trace.traceparent(), "the step of the delivery is its own");
    }
    let events = parts.store.events_after(0, &Topic::ALL, 10_000).await.unwrap();
    let mut kinds = BTreeSet::new();
    for Published { event, .. } in &events {
        let of_event = Trace::of_event(event);
        assert_eq!((of_event.id(), of_event.request()), (trace.id(), Some("walk-1")), "{event:?}");
        kinds.insert(event.topic.to_string());
    }
    assert_eq!(Vec::from_iter(kinds), ["alerts", "catalog", "conjunctions", "runs", "uploads"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledgment_and_an_escalation_at_once_lose_neither() {
    for round in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let parts = Parts::on(&folder).await;
        let now = parts.clock.now();
        let opened = Alert { escalate_at: Some(now), ..alert(&TenantId::local(), "celestrak", now) };
        let changes =
            AlertChanges { alerts: vec![(opened.clone(), AlertChange::Opened)], ..AlertChanges::default() };
        parts.store.change_alerts(&opened.tenant, &changes, None, now).await.unwrap();
        let notifier = notifier(&parts);
        let caller = Caller {
            tenant: TenantId::local(),
            name: "ann".to_owned(),
            principal: Principal::Operator,
            scope: Scope::Write,
        };
        let acknowledge = AlertAction::Acknowledge;
        let (acted, due) = tokio::join!(notifier.act(&caller, opened.id, acknowledge), notifier.due());
        due.unwrap();
        acted.unwrap();
        let after = parts.store.alert(&opened.tenant, opened.id).await.unwrap().unwrap();
        assert_eq!(after.state, AlertState::Acknowledged, "round {round}");
        assert_eq!(after.acknowledged.as_ref().map(|(by, _)| by.as_str()), Some("ann"), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_on_its_way_at_a_shutdown_is_not_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    alerted(&parts, &url).await;
    let notifier = notifier(&parts);
    notifier.evaluate(&TenantId::public()).await.unwrap();
    let shutdown = CancellationToken::new();
    let running = {
        let shutdown = shutdown.clone();
        tokio::spawn(async move { tokio::join!(notifier.run(shutdown.clone()), notifier.watch(shutdown)) })
    };
    let (mut stream, _) = listener.accept().await.unwrap();
    shutdown.cancel();
    let mut buffer = [0; 16 << 10];
    while stream.read(&mut buffer).await.unwrap() == buffer.len() {}
    stream.write_all(b"HTTP/1.1 204 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
    running.await.unwrap();
    let alert = alerts(&parts).await.remove(0);
    let told = parts.store.deliveries_of(&TenantId::local(), alert.id).await.unwrap();
    assert_eq!((told.len(), told[0].state, told[0].attempts), (1, DeliveryState::Delivered, 1));
}

#[tokio::test]
async fn what_is_public_is_nobodys_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let now = parts.clock.now();
    let public = alert(&TenantId::public(), "celestrak", now);
    let changes =
        AlertChanges { alerts: vec![(public.clone(), AlertChange::Opened)], ..AlertChanges::default() };
    parts.store.change_alerts(&public.tenant, &changes, None, now).await.unwrap();
    let caller = Caller {
        tenant: TenantId::local(),
        name: "ann".to_owned(),
        principal: Principal::Operator,
        scope: Scope::Write,
    };
    let acted = notifier(&parts).act(&caller, public.id, AlertAction::Resolve).await;
    assert!(matches!(acted, Err(NotifyError::NotFound { .. })), "{acted:?}");
    assert_eq!(parts.store.alert(&public.tenant, public.id).await.unwrap(), Some(public));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_alert_says_what_the_newest_run_found_and_is_raised_when_that_is_ten_times_as_likely() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let target = target(&[]).await;
    alerted(&parts, &target.url).await;
    let notifier = notifier(&parts);
    notifier.evaluate(&TenantId::public()).await.unwrap();
    let opened = alerts(&parts).await.remove(0);
    let of = |subject: &Subject| match subject {
        Subject::Conjunction { conjunction, .. } => Some(*conjunction),
        _ => None,
    };
    let conjunction = of(&opened.subject).unwrap();
    let changed = async |factor: f64| {
        parts.clock.forward(SignedDuration::from_secs(60));
        let runs = parts.store.runs(&TenantId::public(), None, 1).await.unwrap().rows;
        let now = parts.clock.now();
        let run =
            Run { id: RunId::at(now), state: RunState::Running, as_of: now, started: now, ..runs[0].clone() };
        parts.store.begin_run(&run, &[]).await.unwrap();
        let mut found = parts.store.conjunction(&TenantId::public(), conjunction).await.unwrap().unwrap();
        found.run = run.id;
        found.solution.maximum_probability *= factor;
        let conclusion = RunConclusion { run: run.id, finished: now, not_screened: vec![], covered: vec![] };
        parts.store.conclude_run(&run.tenant, &conclusion, &[found]).await.unwrap();
        notifier.evaluate(&TenantId::public()).await.unwrap();
        let alert = alerts(&parts).await.remove(0);
        let told = parts.store.deliveries_of(&TenantId::local(), alert.id).await.unwrap();
        (alert, told.iter().map(|delivery| delivery.change).collect::<Vec<_>>())
    };
    let (followed, told) = changed(3.0).await;
    assert_ne!(followed.summary, opened.summary);
    assert_eq!((followed.id, followed.updated), (opened.id, opened.updated));
    assert_eq!(told, [AlertChange::Opened], "nobody is told of a little");
    let (raised, told) = changed(4.0).await;
    assert_ne!(raised.summary, followed.summary);
    assert_eq!((raised.id, raised.severity), (opened.id, opened.severity));
    let told: HashSet<AlertChange> = told.into_iter().collect();
    assert_eq!(told, HashSet::from([AlertChange::Opened, AlertChange::Raised]));
    let (_, told) = changed(2.0).await;
    assert_eq!(told.len(), 2, "it is measured by what was told last");
}
