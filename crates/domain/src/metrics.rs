//! What is measured: the one list of names, kinds, units, labels and meanings. The exporter describes what it finds here, and
//! whoever makes alarms or dashboards reads it from here.

use metrics::{Label, SharedString};

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from zero at the start of the process.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size.
    Histogram,
}

/// What a metric counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

/// For whom a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Whoever keeps the service running.
    Application,
    /// Whoever relies on what it finds.
    Business,
    /// Whoever watches over who gets in.
    Security,
}

impl Group {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Business => "business",
            Self::Security => "security",
        }
    }
}

/// A metric, described.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Name.
    pub name: &'static str,
    /// For whom it is.
    pub group: Group,
    /// How it behaves.
    pub kind: Kind,
    /// What it counts in.
    pub unit: Unit,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
    /// Upper bounds of a histogram's classes.
    pub bounds: &'static [f64],
}

/// A counter with so many labels.
#[derive(Debug, Clone, Copy)]
pub struct Counter<const LABELS: usize> {
    name: &'static str,
    labels: [&'static str; LABELS],
}

/// A gauge with so many labels.
#[derive(Debug, Clone, Copy)]
pub struct Gauge<const LABELS: usize> {
    name: &'static str,
    labels: [&'static str; LABELS],
}

/// A histogram with so many labels.
#[derive(Debug, Clone, Copy)]
pub struct Histogram<const LABELS: usize> {
    name: &'static str,
    labels: [&'static str; LABELS],
}

fn labels<const LABELS: usize, V: Into<SharedString>>(
    names: [&'static str; LABELS],
    values: [V; LABELS],
) -> Vec<Label> {
    names.into_iter().zip(values).map(|(name, value)| Label::new(name, value)).collect()
}

impl<const LABELS: usize> Counter<LABELS> {
    /// Counts one more.
    pub fn increment<V: Into<SharedString>>(self, values: [V; LABELS]) {
        self.add(values, 1);
    }

    /// Counts so many more.
    pub fn add<V: Into<SharedString>>(self, values: [V; LABELS], count: u64) {
        metrics::counter!(self.name, labels(self.labels, values)).increment(count);
    }
}

impl Counter<0> {
    /// Counts one more.
    pub fn count(self) {
        metrics::counter!(self.name).increment(1);
    }
}

impl<const LABELS: usize> Gauge<LABELS> {
    /// Says how it is now.
    pub fn set<V: Into<SharedString>>(self, values: [V; LABELS], value: f64) {
        metrics::gauge!(self.name, labels(self.labels, values)).set(value);
    }
}

impl Gauge<0> {
    /// Says how it is now.
    pub fn set_to(self, value: f64) {
        metrics::gauge!(self.name).set(value);
    }

    /// Goes up or down.
    pub fn add(self, value: f64) {
        metrics::gauge!(self.name).increment(value);
    }
}

impl<const LABELS: usize> Histogram<LABELS> {
    /// Counts one of a size.
    pub fn record<V: Into<SharedString>>(self, values: [V; LABELS], value: f64) {
        metrics::histogram!(self.name, labels(self.labels, values)).record(value);
    }
}

impl Histogram<0> {
    /// Counts one of a size.
    pub fn record_one(self, value: f64) {
        metrics::histogram!(self.name).record(value);
    }
}

macro_rules! metrics_list {
    ($($constant:ident: $group:ident $kind:ident<$count:literal> $name:literal in $unit:ident by [$($label:literal),*]
        $(within [$($bound:literal),*])? is $help:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $help, ".")]
            pub const $constant: $kind<$count> = $kind { name: $name, labels: [$($label),*] };
        )*

        /// All of them.
        pub const ALL: &[Metric] = &[$(Metric {
            name: $name,
            group: Group::$group,
            kind: Kind::$kind,
            unit: Unit::$unit,
            labels: &[$($label),*],
            help: $help,
            bounds: &[$($($bound),*)?],
        }),*];
    };
}

metrics_list! {
    HTTP_REQUESTS: Application Counter<3> "astroshield_http_requests_total" in Count by ["method", "route", "status"]
        is "requests, by method, route and status";
    HTTP_REQUEST_SECONDS: Application Histogram<2> "astroshield_http_request_seconds" in Seconds by ["method", "route"]
        within [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0]
        is "time to the head of the answer";
    HTTP_CONNECTIONS: Application Gauge<0> "astroshield_http_connections" in Count by []
        is "open connections, WebSockets included";
    HTTP_CONNECTIONS_REFUSED: Application Counter<0> "astroshield_http_connections_refused_total" in Count by []
        is "connections that were refused as there was no room for more";
    SIGN_INS: Security Counter<1> "astroshield_sign_ins_total" in Count by ["outcome"]
        is "attempts to sign in: `signed_in`, `refused`, `put_off` after too many wrong ones, or `provider_away`";
    REFUSED_CALLERS: Security Counter<1> "astroshield_refused_callers_total" in Count by ["reason"]
        is "requests whose key, token or session was not taken: `missing`, `malformed`, `unknown`, `revoked`, `expired`, \
            `session_over`, `forged` or `token` for access tokens, `provider_away`, `scope`, `no_organization`, \
            `network` where the address is shut out, or `put_off` where too many wrong ones came before";
    RATE_LIMITED: Security Counter<1> "astroshield_rate_limited_requests_total" in Count by ["limit"]
        is "requests that were put off as too many came under a `key` or from an `address`";
    STREAM_CONNECTIONS: Application Gauge<0> "astroshield_stream_connections" in Count by []
        is "open WebSockets";
    GATEWAY_CONNECTIONS: Application Gauge<0> "astroshield_gateway_connections" in Count by []
        is "open WebSockets that a gateway holds";
    GATEWAY_MESSAGES: Application Counter<1> "astroshield_gateway_messages_total" in Count by ["outcome"]
        is "messages to WebSockets that a gateway holds: `sent`, `gone` where the client has left, `put_off` and `failed`, after \
            which they are tried again, or `given_up`";
    CATALOG_AGE: Business Gauge<0> "astroshield_catalog_age_seconds" in Seconds by []
        is "time since the newest public element set arrived";
    CATALOG_EPOCH_AGE: Business Gauge<0> "astroshield_catalog_epoch_age_seconds" in Seconds by []
        is "age of the newest epoch in the catalog; negative if it lies ahead";
    FEED_FAILURES: Business Gauge<1> "astroshield_feed_failures" in Count by ["feed"]
        is "failures of a feed since it last answered well";
    FEED_AGE: Business Gauge<1> "astroshield_feed_age_seconds" in Seconds by ["feed"]
        is "time since a feed last confirmed its data";
    SCREENING_AGE: Business Gauge<0> "astroshield_screening_age_seconds" in Seconds by []
        is "time since a screening of the public catalog last completed";
    SCREENING_LAG: Business Gauge<0> "astroshield_screening_lag_seconds" in Seconds by []
        is "time that the oldest change of the public catalog has waited for a screening that completed; 0 if none waits";
    SCREENING_RUNNING: Application Gauge<0> "astroshield_screening_running" in Count by []
        is "screenings that are not ended";
    SCREENINGS: Business Counter<2> "astroshield_screenings_total" in Count by ["kind", "outcome"]
        is "screenings that ended: `completed` or `failed`";
    CONJUNCTIONS: Business Gauge<2> "astroshield_conjunctions" in Count by ["status", "class"]
        is "conjunctions to come, by status (`active`, `cleared`) and class: `high` from a probability of 1e-4 on, `medium` \
            from 1e-7 on, `low`, or `relation` of two that never part";
    ALERTS_UNRESOLVED: Business Gauge<1> "astroshield_alerts_unresolved" in Count by ["severity"]
        is "alerts that are not resolved, by severity";
    ALERT_DELAY: Business Histogram<1> "astroshield_alert_delay_seconds" in Seconds by ["channel"]
        within [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0]
        is "time from the commit of the conjunction to the delivery of its new alert, by channel: `stream`, `webhook` or `email`";
    DELIVERIES: Application Gauge<1> "astroshield_deliveries" in Count by ["state"]
        is "messages that are not delivered: `due` or `failed`";
    DELIVERIES_OVERDUE: Application Gauge<0> "astroshield_deliveries_overdue_seconds" in Seconds by []
        is "time since the longest waiting message could have been tried; 0 if none waits";
    DELIVERY_ATTEMPTS: Application Counter<2> "astroshield_delivery_attempts_total" in Count by ["channel", "outcome"]
        is "attempts to deliver a message: `delivered`, `put_off`, `given_up`, or `disabled` where the webhook is not in use";
    OUTBOX_EVENTS: Application Gauge<0> "astroshield_outbox_events" in Count by []
        is "events that are committed and not published";
    OUTBOX_AGE: Application Gauge<0> "astroshield_outbox_age_seconds" in Seconds by []
        is "time that the oldest event has waited to be published; 0 if none waits";
    EVENT_DELAY: Application Histogram<1> "astroshield_event_delay_seconds" in Seconds by ["topic"]
        within [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 300.0]
        is "time from when an event happened until it was given to the bus and the WebSockets";
    UNKNOWN_EVENTS: Application Counter<1> "astroshield_unknown_events_total" in Count by ["consumer"]
        is "events of a later release that a consumer passed over, or the `relay` passed on unread";
    CONSUMER_LAG: Application Gauge<1> "astroshield_consumer_lag_events" in Count by ["consumer"]
        is "published events that a consumer has not dealt with";
    BUS_LAG: Application Gauge<1> "astroshield_bus_lag_messages" in Count by ["consumer"]
        is "messages on Kafka that a consumer group has not dealt with, by its name; of `screening`, slices that wait for a worker. \
            Of the others, the mark that ends a transaction may count as one for each partition";
    TELEMETRY_DROPPED: Application Counter<1> "astroshield_telemetry_dropped_total" in Count by ["signal"]
        is "spans and log lines (`traces`, `logs`) that the collector did not take in time";
    PROCESS_MEMORY: Application Gauge<0> "astroshield_process_memory_bytes" in Bytes by []
        is "resident memory of the process";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_says_what_it_is_counted_in() {
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len(), "a name stands for one metric");
        for metric in ALL {
            let name = metric.name;
            assert!(name.starts_with("astroshield_"), "{name}");
            assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
            assert_eq!(name.ends_with("_seconds"), metric.unit == Unit::Seconds, "{name}");
            assert_eq!(name.ends_with("_bytes"), metric.unit == Unit::Bytes, "{name}");
            assert_eq!(metric.bounds.is_empty(), metric.kind != Kind::Histogram, "{name}");
            assert!(metric.bounds.windows(2).all(|pair| pair[0] < pair[1]), "{name}");
        }
    }
}
