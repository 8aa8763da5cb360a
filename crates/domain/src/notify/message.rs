//! What is told of an alert: the JSON of a webhook, a line for people, a mail.

use astroshield_formats::CatalogNumber;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::encounter::Encounter;
use crate::alert::{Alert, AlertChange, Channel, Delivery, DeliveryState, Subject};
use crate::conjunction::{Conjunction, Participant, ReceivedCdm};
use crate::ids::DeliveryId;
use crate::ports::Mail;
use crate::trace::Trace;

/// What numbers from element sets are worth.
const NOTICE: &str = "from public element sets: for awareness, not for a maneuver decision";

/// One line for people; it says whose numbers these are, if they are not ours.
pub(super) fn summary(encounter: Encounter<'_>) -> String {
    let named = |number: CatalogNumber, name: Option<&String>| match name {
        Some(name) => format!("{name} [{number}]"),
        None => format!("[{number}]"),
    };
    let minute = |tca: Timestamp| tca.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let pair = match (encounter.conjunction, encounter.messages.first()) {
        (Some(found), _) => found.objects.each_ref().map(|object| named(object.number, object.name.as_ref())),
        (None, Some(message)) => message.objects.map(|number| named(number, None)),
        (None, None) => return String::new(),
    };
    let pair = pair.join(" and ");
    if let Some(message) = encounter.leader() {
        let probability = match message.leading_probability() {
            Some(probability) => format!("probability {probability:.1e}"),
            None => "no probability".to_owned(),
        };
        return format!(
            "{pair}: {:.3} km at {} UTC, {probability}, by a message of {}",
            message.miss_distance_km,
            minute(message.tca),
            message.originator,
        );
    }
    let Some(Conjunction { solution, .. }) = encounter.conjunction else { return pair };
    let (kind, probability) = match solution.probability {
        Some(probability) => ("probability", probability),
        None => ("maximum probability", solution.maximum_probability),
    };
    let (miss_distance_km, tca) = (solution.miss_distance_km, minute(solution.tca));
    format!("{pair}: {miss_distance_km:.3} km at {tca} UTC, {kind} {probability:.1e}")
}

/// Messages about an alert, one for each channel. The identity is in the body, so that every attempt tells the same.
pub(crate) fn deliveries(
    alert: &Alert,
    change: AlertChange,
    encounter: Encounter<'_>,
    channels: &[Channel],
    now: Timestamp,
) -> Vec<Delivery> {
    let mut told: Vec<&Channel> = Vec::new();
    for channel in channels {
        if !told.contains(&channel) {
            told.push(channel);
        }
    }
    let trace = Trace::current();
    let delivery = |channel: &Channel| {
        let id = DeliveryId::at(now);
        Delivery {
            id,
            tenant: alert.tenant.clone(),
            alert: alert.id,
            change,
            channel: channel.clone(),
            body: body(id, alert, change, encounter, now),
            state: DeliveryState::Due,
            attempts: 0,
            next_attempt: now,
            problem: None,
            since: None,
            trace: trace.clone(),
        }
    };
    told.into_iter().map(delivery).collect()
}

/// The name of what happened (`alert.opened`).
fn kind(change: AlertChange) -> &'static str {
    match change {
        AlertChange::Opened => "alert.opened",
        AlertChange::Raised => "alert.raised",
        AlertChange::Acknowledged => "alert.acknowledged",
        AlertChange::Muted => "alert.muted",
        AlertChange::Escalated => "alert.escalated",
        AlertChange::Resolved => "alert.resolved",
    }
}

fn body(
    id: DeliveryId,
    alert: &Alert,
    change: AlertChange,
    encounter: Encounter<'_>,
    now: Timestamp,
) -> String {
    let time = |time: Timestamp| time.to_string();
    json!({
        "id": id.to_string(),
        "type": kind(change),
        "timestamp": time(now),
        "data": {
            "alert": {
                "id": alert.id.to_string(),
                "subject": subject(&alert.subject),
                "severity": alert.severity,
                "state": alert.state,
                "summary": alert.summary,
                "opened": time(alert.opened),
                "updated": time(alert.updated),
                "acknowledged_by": alert.acknowledged.as_ref().map(|(by, _)| by),
                "acknowledged": alert.acknowledged.as_ref().map(|(_, at)| time(*at)),
                "escalated": alert.escalated.map(time),
                "originator": alert.originator,
                "resolved": alert.resolved.map(time),
                "resolved_by": alert.resolved_by,
                "muted_by": alert.muted_by,
            },
            "conjunction": encounter.conjunction.map(about),
            "messages": encounter.messages.iter().map(told).collect::<Vec<_>>(),
            "satellites": encounter.maneuverable().into_iter().map(satellite).collect::<Vec<_>>(),
        },
    })
    .to_string()
}

fn subject(subject: &Subject) -> Value {
    match subject {
        Subject::Conjunction { conjunction, rule } => {
            json!({"kind": "conjunction", "conjunction": conjunction.to_string(), "rule": rule.to_string()})
        }
        Subject::Messages { objects, tca, rule } => json!({
            "kind": "messages", "objects": objects, "tca": tca.to_string(), "rule": rule.to_string()
        }),
        Subject::Undelivered => json!({"kind": "undelivered"}),
        Subject::Feed { feed } => json!({"kind": "feed", "feed": feed}),
        Subject::NoScreening => json!({"kind": "no_screening"}),
        Subject::StaleCatalog => json!({"kind": "stale_catalog"}),
    }
}

fn about(conjunction: &Conjunction) -> Value {
    let solution = &conjunction.solution;
    let object = |object: &Participant| {
        json!({
            "catalog_number": object.number.get(),
            "name": object.name,
            "data_grade": object.grade,
            "epoch": object.epoch.map(|epoch| epoch.to_string()),
            "hard_body_radius_m": object.hard_body_radius_m,
        })
    };
    json!({
        "id": conjunction.id.to_string(),
        "objects": conjunction.objects.each_ref().map(object),
        "relation": conjunction.relation,
        "status": conjunction.status,
        "tca": solution.tca.to_string(),
        "miss_distance_km": solution.miss_distance_km,
        "miss_ric_km": solution.miss_ric_km,
        "relative_speed_km_s": solution.relative_speed_km_s,
        "maximum_probability": solution.maximum_probability,
        "probability": solution.probability,
        "method": solution.method,
        "notice": NOTICE,
    })
}

fn told(message: &ReceivedCdm) -> Value {
    json!({
        "id": message.id.to_string(),
        "originator": message.originator,
        "created": message.created.to_string(),
        "catalog_numbers": message.objects.map(CatalogNumber::get),
        "tca": message.tca.to_string(),
        "miss_distance_km": message.miss_distance_km,
        "stated_probability": message.stated_probability,
        "probability": message.probability.map(|(probability, _)| probability),
        "method": message.probability.map(|(_, method)| method),
    })
}

fn satellite((number, maneuverable): (CatalogNumber, bool)) -> Value {
    json!({"catalog_number": number.get(), "maneuverable": maneuverable})
}

/// The mail of a message, with a link to the alert if an address of ours is known.
pub(super) fn mail(delivery: &Delivery, to: &str, base_url: Option<&str>) -> Mail {
    let body: Value = serde_json::from_str(&delivery.body).unwrap_or_default();
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let what = match delivery.change {
        AlertChange::Opened => "Alert",
        AlertChange::Raised => "Raised",
        AlertChange::Acknowledged => "Acknowledged",
        AlertChange::Muted => "Muted",
        AlertChange::Escalated => "Not acknowledged",
        AlertChange::Resolved => "Resolved",
    };
    let summary = text("/data/alert/summary");
    let mut lines = vec![
        summary.to_owned(),
        String::new(),
        format!("Severity: {}", text("/data/alert/severity")),
        format!("Opened: {}", text("/data/alert/opened")),
    ];
    if body.pointer("/data/conjunction").is_some_and(Value::is_object) {
        let number = |pointer: &str| body.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
        lines.push(format!("TCA: {}", text("/data/conjunction/tca")));
        lines.push(format!("Miss distance: {:.3} km", number("/data/conjunction/miss_distance_km")));
        lines.push(format!("Relative speed: {:.3} km/s", number("/data/conjunction/relative_speed_km_s")));
        lines.push(format!("Maximum probability: {:.1e}", number("/data/conjunction/maximum_probability")));
        lines.push(format!("The numbers are {NOTICE}."));
    }
    for message in body.pointer("/data/messages").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| message.get(key).and_then(Value::as_str).unwrap_or_default();
        let number = |key: &str| message.get(key).and_then(Value::as_f64);
        let probability = number("stated_probability").or(number("probability"));
        lines.push(format!(
            "Message of {} ({}): TCA {}, miss distance {:.3} km, {}",
            text("originator"),
            text("created"),
            text("tca"),
            number("miss_distance_km").unwrap_or(f64::NAN),
            probability.map_or("no probability".to_owned(), |value| format!("probability {value:.1e}")),
        ));
    }
    for satellite in body.pointer("/data/satellites").and_then(Value::as_array).into_iter().flatten() {
        let number = satellite.get("catalog_number").and_then(Value::as_u64).unwrap_or_default();
        let can = satellite.get("maneuverable").and_then(Value::as_bool).unwrap_or_default();
        lines.push(format!("[{number}] {} maneuver.", if can { "can" } else { "cannot" }));
    }
    if let Some(base_url) = base_url {
        lines.push(String::new());
        lines.push(format!("{}/alerts/{}", base_url.trim_end_matches('/'), delivery.alert));
    }
    lines.push(String::new());
    Mail {
        to: to.to_owned(),
        subject: format!("[AstroShield] {what}: {summary}"),
        text: lines.join("\n"),
        id: delivery.id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, conjunction, message, watch_list, watched};
    use super::*;
    use crate::alert::{Severity, WatchedObject};
    use crate::ids::{RuleId, TenantId, WebhookId};

    fn alert(conjunction: &Conjunction) -> Alert {
        let subject = Subject::Conjunction { conjunction: conjunction.id, rule: RuleId::at(at(0)) };
        let summary = summary(Encounter::of(Some(conjunction), None));
        Alert::open(&TenantId::local(), subject, Severity::Critical, summary, at(0))
    }

    #[test]
    fn a_message_tells_its_identity_what_happened_and_the_numbers_with_their_units() {
        let conjunction = conjunction([25544, 7], at(10));
        let channel = Channel::Webhook { webhook: WebhookId::at(at(0)) };
        let alert = alert(&conjunction);
        let channels = [channel.clone(), channel];
        let messages = deliveries(
            &alert,
            AlertChange::Opened,
            Encounter::of(Some(&conjunction), None),
            &channels,
            at(1),
        );
        let [message] = &messages[..] else { panic!("one message for a channel that is named twice") };
        let body: Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!(body["id"], message.id.to_string());
        assert_eq!(body["type"], "alert.opened");
        assert_eq!(body["data"]["alert"]["id"], alert.id.to_string());
        assert_eq!(body["data"]["alert"]["severity"], "critical");
        assert_eq!(body["data"]["conjunction"]["miss_distance_km"], 0.5);
        assert_eq!(body["data"]["conjunction"]["objects"][0]["catalog_number"], 25544);
    }

    #[test]
    fn a_mail_says_in_its_subject_what_it_is_about_and_links_to_the_alert() {
        let conjunction = conjunction([25544, 7], at(10));
        let alert = alert(&conjunction);
        let channels = [Channel::Email { address: "ops@example.org".to_owned() }];
        let message = &deliveries(
            &alert,
            AlertChange::Escalated,
            Encounter::of(Some(&conjunction), None),
            &channels,
            at(1),
        )[0];
        let mail = mail(message, "ops@example.org", Some("https://shield.example.org/"));
        assert_eq!(mail.id, message.id.to_string());
        assert!(
            mail.subject.starts_with(
                "[AstroShield] Not acknowledged: OBJECT 25544 [25544] and OBJECT 7 [7]: 0.500 km"
            )
        );
        assert!(mail.text.contains(&format!("https://shield.example.org/alerts/{}", alert.id)));
        assert!(mail.text.contains("Miss distance: 0.500 km"));
    }

    #[test]
    fn what_a_message_of_somebody_elses_says_is_told_as_theirs() {
        let conjunction = conjunction([25544, 7], at(10));
        let messages = [message([25544, 7], at(10), "CSPOC", at(0), Some(1e-2))];
        let own_counts = true;
        let encounter =
            Encounter { conjunction: Some(&conjunction), own_counts, messages: &messages, watch_lists: &[] };
        let line = summary(encounter);
        assert!(
            line.ends_with("0.120 km at 2027-01-15 08:10:00 UTC, probability 1.0e-2, by a message of CSPOC"),
            "{line}"
        );
        assert!(line.starts_with("OBJECT 25544 [25544] and OBJECT 7 [7]"), "{line}");
        let alone = summary(Encounter { conjunction: None, own_counts: false, ..encounter });
        assert!(alone.starts_with("[25544] and [7]: 0.120 km"), "{alone}");
        let channels = [Channel::Email { address: "ops@example.org".to_owned() }];
        let told = &deliveries(&alert(&conjunction), AlertChange::Opened, encounter, &channels, at(1))[0];
        let body: Value = serde_json::from_str(&told.body).unwrap();
        assert_eq!(body["data"]["messages"][0]["originator"], "CSPOC");
        assert_eq!(body["data"]["messages"][0]["stated_probability"], 1e-2);
        let mail = mail(told, "ops@example.org", None);
        assert!(
            mail.text.contains("Message of CSPOC") && mail.text.contains("probability 1.0e-2"),
            "{}",
            mail.text
        );
    }

    #[test]
    fn a_message_says_of_the_satellites_that_it_is_stated_of_whether_they_can_maneuver() {
        let conjunction = conjunction([25544, 7], at(10));
        let messages = [message([25544, 7], at(10), "CSPOC", at(0), None)];
        let stated = |object, maneuverable| WatchedObject { maneuverable, ..watched(object) };
        let lists = [watch_list(vec![stated(7, Some(false)), stated(25544, None), stated(9, Some(true))])];
        let by_conjunction = Encounter::of(Some(&conjunction), None).beside(&lists);
        let by_messages = Encounter { messages: &messages, watch_lists: &lists, ..Encounter::default() };
        let nothing_stated = Encounter::of(Some(&conjunction), None);
        let channels = [Channel::Email { address: "ops@example.org".to_owned() }];
        let seven = json!([{"catalog_number": 7, "maneuverable": false}]);
        for (encounter, expected) in
            [(by_conjunction, &seven), (by_messages, &seven), (nothing_stated, &json!([]))]
        {
            let told = &deliveries(&alert(&conjunction), AlertChange::Opened, encounter, &channels, at(1))[0];
            let body: Value = serde_json::from_str(&told.body).unwrap();
            assert_eq!(&body["data"]["satellites"], expected);
            let mail = mail(told, "ops@example.org", None);
            assert_eq!(mail.text.contains("[7] cannot maneuver."), *expected == seven, "{}", mail.text);
            assert!(!mail.text.contains("can maneuver"), "{}", mail.text);
        }
    }
}
