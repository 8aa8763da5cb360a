//! Spans of `tracing` as those of OpenTelemetry. Their ids are those of [`Trace`], which go on in events and rows.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use astroshield_domain::trace::Trace;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, Key, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::queue::Queue;

/// Collects the spans of traces that are sampled.
#[derive(Debug)]
pub struct SpanLayer {
    queue: Queue<Ended>,
    scope: InstrumentationScope,
}

/// Which span of which trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
}

/// A span, as long as it is open.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) place: Place,
    parent: SpanId,
    parent_is_remote: bool,
    name: Cow<'static, str>,
    kind: SpanKind,
    start: SystemTime,
    attributes: Vec<KeyValue>,
    status: Status,
}

/// A span that is over.
#[derive(Debug)]
pub(super) struct Ended {
    open: Open,
    end: SystemTime,
    scope: InstrumentationScope,
}

impl SpanLayer {
    pub(super) fn new(queue: Queue<Ended>, scope: InstrumentationScope) -> Self {
        Self { queue, scope }
    }
}

/// Where the work of here stands: in a span that is collected, else at the step that is being done.
pub(super) fn place_of<'a, S>(scope: Option<tracing_subscriber::registry::Scope<'a, S>>) -> Option<Place>
where
    S: Subscriber + LookupSpan<'a>,
{
    let open = |span: tracing_subscriber::registry::SpanRef<'a, S>| {
        span.extensions().get::<Open>().map(|open| open.place)
    };
    scope.into_iter().flatten().find_map(open).or_else(|| {
        let (trace, step, _) = Trace::current()?.numbers();
        Some(Place { trace: trace.into(), span: step.into() })
    })
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SpanLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let (place, parent, parent_is_remote) = match Trace::of_new_span() {
            Some(step) if step.is_sampled() => {
                let (trace, step, parent) = step.numbers();
                let place = Place { trace: trace.into(), span: step.into() };
                (place, SpanId::from(parent.unwrap_or_default()), parent.is_some())
            }
            Some(_) => return,
            None => {
                let inside = span.parent().map(|parent| parent.scope());
                let is_open = |span: tracing_subscriber::registry::SpanRef<'_, S>| {
                    span.extensions().get::<Open>().is_some()
                };
                // A part of what is not collected is not collected either, nor is what belongs to no trace.
                let wanted = Trace::current().is_some_and(|trace| trace.is_sampled())
                    || span.parent().is_some_and(|parent| parent.scope().any(is_open));
                let Some(outer) = place_of(inside).filter(|_| wanted) else { return };
                let place = Place { trace: outer.trace, span: new_span_id() };
                (place, outer.span, false)
            }
        };
        let (name, kind) = match span.name() {
            "request" => ("", SpanKind::Server),
            "stage" => ("", SpanKind::Consumer),
            name => (name, SpanKind::Internal),
        };
        let mut open = Open {
            place,
            parent,
            parent_is_remote,
            name: name.into(),
            kind,
            start: SystemTime::now(),
            attributes: Vec::new(),
            status: Status::Unset,
        };
        attributes.record(&mut open);
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(open);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() != Level::ERROR {
            return;
        }
        let Some(span) = context.event_span(event) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            let mut said = Message::default();
            event.record(&mut said);
            open.status = Status::error(said.0);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let open = span.extensions_mut().remove::<Open>();
        if let Some(open) = open {
            self.queue.put(Ended { open, end: SystemTime::now(), scope: self.scope.clone() });
        }
    }
}

impl Ended {
    pub(super) fn data(&self) -> SpanData {
        let Self { open, end, scope } = self;
        let state = TraceState::default();
        SpanData {
            span_context: SpanContext::new(
                open.place.trace,
                open.place.span,
                TraceFlags::SAMPLED,
                false,
                state,
            ),
            parent_span_id: open.parent,
            parent_span_is_remote: open.parent_is_remote,
            span_kind: open.kind.clone(),
            name: open.name.clone(),
            start_time: open.start,
            end_time: *end,
            attributes: open.attributes.clone(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: open.status.clone(),
            instrumentation_scope: scope.clone(),
        }
    }
}

impl Open {
    /// Keeps what a span says of itself, under the names of OpenTelemetry's conventions where there are some.
    fn say(&mut self, name: &'static str, value: Value) {
        let key = match name {
            "trace_id" => return,
            "otel.kind" => {
                self.kind = match value.as_str().as_ref() {
                    "client" => SpanKind::Client,
                    "producer" => SpanKind::Producer,
                    _ => SpanKind::Internal,
                };
                return;
            }
            "otel.name" | "stage" => {
                self.name = value.as_str().into_owned().into();
                return;
            }
            "method" => {
                self.name = value.as_str().into_owned().into();
                "http.request.method"
            }
            "route" => {
                self.name = format!("{} {value}", self.name).into();
                "http.route"
            }
            "status" | "http.response.status_code" => {
                // Of a server, what the caller did wrong is no error of its own.
                let least = if self.kind == SpanKind::Server { 500 } else { 400 };
                if let Value::I64(status) = value
                    && status >= least
                {
                    self.status = Status::error(format!("status {status}"));
                }
                "http.response.status_code"
            }
            name => name,
        };
        self.attributes.push(KeyValue::new(Key::from_static_str(key), value));
    }
}

impl Visit for Open {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.say(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.say(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.say(field.name(), i64::try_from(value).map_or_else(|_| value.to_string().into(), Value::from));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.say(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.say(field.name(), value.to_owned().into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.say(field.name(), format!("{value:?}").into());
    }
}

/// What an event says.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

fn new_span_id() -> SpanId {
    let (_, random) = uuid::Uuid::new_v4().as_u64_pair();
    random.into()
}

#[cfg(test)]
mod tests {
    use tracing::Instrument as _;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::super::queue::{self, Waiting};
    use super::*;

    async fn collected(work: impl Future<Output = ()>) -> Vec<SpanData> {
        let (queue, waiting): (_, Waiting<Ended>) = queue::of("traces");
        let layer = SpanLayer::new(queue, InstrumentationScope::default());
        let subscriber = tracing_subscriber::registry().with(layer);
        let guard = tracing::subscriber::set_default(subscriber);
        work.await;
        drop(guard);
        waiting.all().iter().map(Ended::data).collect()
    }

    #[tokio::test]
    async fn spans_are_the_steps_of_a_trace_and_what_is_inside_is_part_of_them() {
        let outside = Trace::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        let mut told = String::new();
        let spans = collected(async {
            outside
                .follow("screen", async {
                    told = Trace::current().unwrap().traceparent();
                    async { tracing::error!("no room") }
                        .instrument(tracing::debug_span!("store", otel.kind = "client", rows = 3))
                        .await;
                })
                .await;
        })
        .await;
        let [store, stage] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!((stage.name.as_ref(), &stage.span_kind), ("screen", &SpanKind::Consumer));
        assert_eq!(stage.parent_span_id.to_string(), "00f067aa0ba902b7");
        assert!(stage.parent_span_is_remote);
        assert!(told.contains(&stage.span_context.span_id().to_string()), "{told}");
        assert_eq!(store.parent_span_id, stage.span_context.span_id());
        assert_eq!((store.name.as_ref(), &store.span_kind), ("store", &SpanKind::Client));
        assert_eq!(store.attributes, [KeyValue::new("rows", 3)]);
        assert_eq!(store.status, Status::error("no room"));
        for span in &spans {
            assert_eq!(span.span_context.trace_id().to_string(), outside.id());
        }
    }

    #[tokio::test]
    async fn what_is_not_sampled_or_belongs_to_no_trace_is_not_collected() {
        let unwanted = Trace::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00").unwrap();
        let spans = collected(async {
            unwanted.follow("screen", async { drop(tracing::debug_span!("store")) }).await;
            drop(tracing::debug_span!("store"));
        })
        .await;
        assert_eq!(spans, []);
    }

    #[tokio::test]
    async fn a_request_is_named_by_its_route_and_wrong_only_if_the_server_is() {
        let request = |status: u16| {
            Trace::begin().next().span(|| {
                tracing::error_span!("request", method = "GET", route = "/a/{id}", trace_id = "x", status)
            })
        };
        let spans = collected(async { drop((request(404), request(503))) }).await;
        assert_eq!(spans[0].name, "GET /a/{id}");
        assert_eq!(spans[0].parent_span_id, SpanId::INVALID);
        assert_eq!(spans[0].status, Status::Unset);
        assert_eq!(spans[1].status, Status::error("status 503"));
        assert!(spans[0].attributes.contains(&KeyValue::new("http.response.status_code", 404)));
    }
}
