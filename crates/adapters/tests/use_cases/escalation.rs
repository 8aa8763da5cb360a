//! Escalation by mail: from the rule to the mail server.

use std::sync::Arc;
use std::time::Duration;

use astroshield_adapters::smtp::{SmtpMailer, SmtpSecurity, SmtpSettings};
use astroshield_adapters::trust::TrustedRoots;
use astroshield_domain::access::{Caller, Principal, Scope};
use astroshield_domain::alert::{AlertAction, Channel, Rule, Subject};
use astroshield_domain::ids::{RuleId, TenantId};
use astroshield_domain::ports::Clock;
use jiff::SignedDuration;

use crate::alerts::{alerted, alerts, audit, notifier_with, target};
use crate::parts::Parts;
use crate::smtp_server::{Manners, SmtpServer};

fn mailer(server: &SmtpServer) -> Arc<SmtpMailer> {
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port: Some(server.address.port()),
        security: SmtpSecurity::None,
        credentials: None,
        from: "AstroShield <alerts@example.com>".to_owned(),
        timeout: Duration::from_secs(30),
        roots: TrustedRoots::default(),
    };
    Arc::new(SmtpMailer::new(settings).unwrap())
}

/// The value of a header field, folded lines joined.
fn field(mail: &str, name: &str) -> String {
    let head = mail.split_once("\r\n\r\n").unwrap().0.replace("\r\n ", " ");
    let value =
        head.split("\r\n").find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned));
    value.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_that_nobody_acknowledges_is_mailed_to_the_next_in_line_and_one_that_is_acknowledged_is_not()
{
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let (server, unused) = (SmtpServer::start(Manners::default()).await, target(&[]).await);
    let rule = alerted(&parts, &unused.url).await;
    let to = |address: &str| vec![Channel::Email { address: address.to_owned() }];
    let (first, next) = ("duty@example.org", "chief@example.org");
    let now = parts.clock.now();
    let rule = Rule { channels: to(first), escalation_channels: to(next), ..rule };
    let seen = Rule { id: RuleId::at(now + SignedDuration::from_secs(1)), ..rule.clone() };
    for rule in [&rule, &seen] {
        parts.store.put_rule(rule, &audit(now)).await.unwrap();
    }
    let notifier = notifier_with(&parts, Some(mailer(&server)));
    notifier.evaluate(&TenantId::public()).await.unwrap();
    let opened = alerts(&parts).await;
    assert_eq!(opened.len(), 2);
    let of = |rule: &Rule| {
        let is_of = |subject: &Subject| subject.rule() == Some(rule.id);
        opened.iter().find(|alert| is_of(&alert.subject)).unwrap().id
    };
    let caller = Caller {
        tenant: TenantId::local(),
        name: "ann".to_owned(),
        principal: Principal::Operator,
        scope: Scope::Write,
    };
    notifier.act(&caller, of(&seen), AlertAction::Acknowledge).await.unwrap();
    assert_eq!(notifier.deliver_due().await.unwrap(), 2);
    for _ in 0..2 {
        parts.clock.forward(SignedDuration::from_mins(15));
        notifier.due().await.unwrap();
        notifier.deliver_due().await.unwrap();
    }
    let mails = server.told().mails;
    let told: Vec<String> = mails.iter().map(|mail| field(mail, "To")).collect();
    assert_eq!(told, [first, first, next]);
    let escalated = &mails[2];
    assert!(field(escalated, "Subject").starts_with("[AstroShield] Not acknowledged: "), "{escalated}");
    let deliveries = parts.store.deliveries_of(&TenantId::local(), of(&rule)).await.unwrap();
    let id = &deliveries.iter().find(|one| one.channel == rule.escalation_channels[0]).unwrap().id;
    assert_eq!(field(escalated, "Message-ID"), format!("<{id}@example.com>"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_given_up_raises_one_alert_that_stays_until_somebody_resolves_it() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::on(&folder).await;
    let refuses = Manners { answers: vec![("RCPT", Some("550 no such user"))], ..Manners::default() };
    let (server, well) = (SmtpServer::start(refuses).await, target(&[]).await);
    let rule = alerted(&parts, &well.url).await;
    let channels = vec![Channel::Email { address: "gone@example.org".to_owned() }];
    let rule = Rule { channels, escalation_channels: Vec::new(), ..rule };
    let other = Rule { id: RuleId::at(parts.clock.now() + SignedDuration::from_secs(1)), ..rule.clone() };
    for rule in [&rule, &other] {
        parts.store.put_rule(rule, &audit(parts.clock.now())).await.unwrap();
    }
    let notifier = notifier_with(&parts, Some(mailer(&server)));
    notifier.evaluate(&TenantId::public()).await.unwrap();
    assert_eq!(notifier.deliver_due().await.unwrap(), 2);
    let local = TenantId::local();
    assert_eq!(parts.store.given_up(&local).await.unwrap(), 2);
    let undelivered = async || {
        let all = alerts(&parts).await.into_iter();
        all.filter(|alert| alert.subject == Subject::Undelivered).collect::<Vec<_>>()
    };
    let raised = undelivered().await;
    assert_eq!(raised.len(), 1, "one alert, however many messages");
    let summary = &raised[0].summary;
    assert!(summary.contains("gone@example.org") && summary.contains("550"), "{summary}");
    assert_eq!(
        notifier.deliver_due().await.unwrap(),
        1,
        "the webhook, and not the address that takes nothing"
    );
    assert_eq!(well.requests.lock().unwrap().len(), 1);

    let feed =
        crate::parts::feed(astroshield_domain::feeds::FeedKind::Cdms, "http://127.0.0.1:9/".to_owned());
    parts.watch(&feed).look().await.unwrap();
    assert_eq!(undelivered().await, raised, "the watch over the platform leaves it alone");
    let caller =
        Caller { tenant: local, name: "ann".to_owned(), principal: Principal::Operator, scope: Scope::Write };
    let resolved = notifier.act(&caller, raised[0].id, AlertAction::Resolve).await.unwrap();
    assert_eq!(resolved.resolved_by.as_deref(), Some("ann"));
    parts.watch(&feed).look().await.unwrap();
    assert_eq!(undelivered().await, [resolved]);
}
