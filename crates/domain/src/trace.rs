//! The trace that work belongs to: from a request or a feed through every stage to the message that goes out.
//!
//! It is ambient, as spans of `tracing` are: whoever takes up work follows its trace, and every event, run and message that
//! is made meanwhile belongs to it. From one process to another it passes as a `traceparent` of
//! [W3C Trace Context](https://www.w3.org/TR/trace-context/), and at the edges also as the `X-Amzn-Trace-Id` of AWS X-Ray.
//!
//! A step is a span, if somebody collects spans: whoever does asks [`Trace::of_new_span`] which one it is.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::event::Event;

/// The header of HTTP that carries a trace.
pub const TRACE_PARENT: &str = "traceparent";

/// The header of HTTP that carries a trace between the parts of AWS.
pub const XRAY_TRACE: &str = "x-amzn-trace-id";

/// Longest id of a request that is taken from outside.
const LONGEST_REQUEST: usize = 64;

/// Of the flags of a trace: that its spans are wanted.
const SAMPLED: u8 = 1;

/// The bits of an id that are random in all kinds of ids (W3C Trace Context, level 2: the last 56).
const RANDOM: u64 = (1 << 56) - 1;

/// Traces are sampled whose random bits are below it.
static SAMPLED_BELOW: AtomicU64 = AtomicU64::new(RANDOM + 1);

tokio::task_local! {
    static CURRENT: Trace;
}

thread_local! {
    static OF_NEW_SPAN: RefCell<Option<Trace>> = const { RefCell::new(None) };
}

/// A trace, the step in it that is being done, and the request that began it.
#[derive(Clone, PartialEq, Eq)]
pub struct Trace {
    id: u128,
    /// 0 before the first.
    step: u64,
    /// The step that this one is part of; 0 if of none.
    parent: u64,
    flags: u8,
    request: Option<Arc<str>>,
    address: Option<IpAddr>,
}

/// Has one in so many of the traces that begin here sampled, from 0 (none) to 1 (all, as it is at first).
pub fn sample(ratio: f64) {
    let below = (ratio.clamp(0.0, 1.0) * (RANDOM + 1) as f64) as u64;
    SAMPLED_BELOW.store(below, Ordering::Relaxed);
}

impl Trace {
    /// A new trace, with nothing done yet. Its id begins with the time, as X-Ray wants it, and is random otherwise.
    #[must_use]
    pub fn begin() -> Self {
        let random = Uuid::new_v4().as_u128() & (u128::MAX >> 32);
        // X-Ray takes ids of the last 30 days.
        let second = u32::try_from(Timestamp::now().as_second()).unwrap_or_default();
        Self::sampled_by_id((u128::from(second) << 96) | random)
    }

    fn sampled_by_id(id: u128) -> Self {
        let wanted = (id as u64 & RANDOM) < SAMPLED_BELOW.load(Ordering::Relaxed);
        Self { id, step: 0, parent: 0, flags: if wanted { SAMPLED } else { 0 }, request: None, address: None }
    }

    /// The trace of a `traceparent` (W3C Trace Context, section 3.2); `None` if it is none.
    #[must_use]
    pub fn parse(parent: &str) -> Option<Self> {
        let mut parts = parent.trim().split('-');
        let version = hexadecimal(parts.next()?, 2)?;
        let id = hexadecimal(parts.next()?, 32).filter(|id| *id != 0)?;
        let step = hexadecimal(parts.next()?, 16).filter(|step| *step != 0)?;
        let flags = hexadecimal(parts.next()?, 2)?;
        // Later versions may say more after the flags; 255 is no version.
        let whole = version != 0xff && (version != 0 || parts.next().is_none());
        let (step, flags) = (u64::try_from(step).ok()?, u8::try_from(flags).ok()?);
        whole.then_some(Self { id, step, parent: 0, flags, request: None, address: None })
    }

    /// The trace of an `X-Amzn-Trace-Id` (AWS X-Ray, tracing header); `None` if it is none. Load balancers send a `Root` only:
    /// whether such a trace is sampled is decided here.
    #[must_use]
    pub fn parse_xray(header: &str) -> Option<Self> {
        let field = |name: &str| {
            let mut fields = header.split(';').filter_map(|field| field.trim().split_once('='));
            fields.find(|(found, _)| *found == name).map(|(_, value)| value)
        };
        let (second, random) = field("Root")?.strip_prefix("1-")?.split_once('-')?;
        let id = (hexadecimal(second, 8)? << 96) | hexadecimal(random, 24)?;
        let mut trace = Some(id).filter(|id| *id != 0).map(Self::sampled_by_id)?;
        if let Some(parent) = field("Parent") {
            trace.step = u64::try_from(hexadecimal(parent, 16)?).ok()?;
        }
        match field("Sampled") {
            Some("1") => trace.flags |= SAMPLED,
            Some("0") => trace.flags &= !SAMPLED,
            _ => {}
        }
        Some(trace)
    }

    /// The trace of a `traceparent` and the id of the request that began it.
    #[must_use]
    pub fn of(parent: Option<&str>, request: Option<&str>) -> Option<Self> {
        let trace = Self::parse(parent?)?;
        Some(match request {
            Some(request) => trace.with_request(request),
            None => trace,
        })
    }

    /// The trace that an event belongs to; a new one if it has none.
    #[must_use]
    pub fn of_event(event: &Event) -> Self {
        Self::of(event.trace.as_deref(), event.request_id.as_deref()).unwrap_or_else(Self::begin)
    }

    /// The trace that is being followed here.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// The same trace, begun by a request.
    #[must_use]
    pub fn with_request(self, id: &str) -> Self {
        let request = (!id.is_empty() && id.len() <= LONGEST_REQUEST).then(|| id.into());
        Self { request, ..self }
    }

    /// The same trace, of a request from an address. It stays in the process: neither events nor messages say it.
    #[must_use]
    pub fn with_address(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    /// Where the request came from that is being answered here.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Id of the request that began it.
    #[must_use]
    pub fn request(&self) -> Option<&str> {
        self.request.as_deref()
    }

    /// Its id, in 32 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{:032x}", self.id)
    }

    /// What is told to the next step: a W3C `traceparent`.
    #[must_use]
    pub fn traceparent(&self) -> String {
        // There is no zero in it: of a trace with nothing done yet, the next step is told of one that nobody saw.
        let step = if self.step == 0 { new_step() } else { self.step };
        format!("00-{:032x}-{step:016x}-{:02x}", self.id, self.flags)
    }

    /// The same as X-Ray's `X-Amzn-Trace-Id`.
    #[must_use]
    pub fn xray(&self) -> String {
        let (second, random) = ((self.id >> 96) as u32, self.id & (u128::MAX >> 32));
        let sampled = u8::from(self.is_sampled());
        format!("Root=1-{second:08x}-{random:024x};Parent={:016x};Sampled={sampled}", self.step)
    }

    /// Whether its spans are wanted.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The trace, this step, and the step that it is part of, as numbers. There is no step 0.
    #[must_use]
    pub fn numbers(&self) -> (u128, u64, Option<u64>) {
        (self.id, self.step, Some(self.parent).filter(|parent| *parent != 0))
    }

    /// The next step of the same trace.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { step: new_step(), parent: self.step, ..self.clone() }
    }

    /// The span that is made, as the span of this step.
    pub fn span(&self, make: impl FnOnce() -> Span) -> Span {
        let before = OF_NEW_SPAN.replace(Some(self.clone()));
        let span = make();
        OF_NEW_SPAN.set(before);
        span
    }

    /// The step whose span is being made on this thread right now.
    #[must_use]
    pub fn of_new_span() -> Option<Self> {
        OF_NEW_SPAN.with_borrow(Clone::clone)
    }

    /// A step that speaks to another process: what that one is told, and the span. Where nobody collects spans, it is told of
    /// this step.
    pub fn call(&self, make: impl FnOnce() -> Span) -> (Self, Span) {
        let step = self.next();
        let span = step.span(make);
        (if span.is_disabled() { self.clone() } else { step }, span)
    }

    /// Does work as a step of this trace, and without a span of its own.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Does the work of a stage as the next step of this trace. Every line that is logged meanwhile names the trace, whatever
    /// the level is: the span is of the highest.
    pub async fn follow<F: Future>(&self, stage: &'static str, work: F) -> F::Output {
        let step = self.next();
        let span = step.span(|| {
            tracing::error_span!("stage", stage, trace_id = self.id(), request_id = self.request.as_deref())
        });
        step.scope(work.instrument(span)).await
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("parent", &self.traceparent()).field("request", &self.request).finish()
    }
}

/// The trace and the span of some place, to be taken along into a task of its own.
#[derive(Debug, Clone)]
pub struct Place {
    trace: Option<Trace>,
    span: Span,
}

impl Place {
    /// Those of here.
    #[must_use]
    pub fn here() -> Self {
        Self { trace: Trace::current(), span: Span::current() }
    }

    /// Does work as if it were done there.
    pub async fn carry<F: Future>(self, work: F) -> F::Output {
        let work = work.instrument(self.span);
        match self.trace {
            Some(trace) => trace.scope(work).await,
            None => work.await,
        }
    }
}

/// Takes the trace and the span of here along into a task of its own.
pub fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    Place::here().carry(work)
}

/// The identity of a step: 64 bits, not all zero.
fn new_step() -> u64 {
    // The variant of the UUID is in it, so that it is never zero.
    Uuid::new_v4().as_u64_pair().1
}

/// So many lower-case hexadecimal digits.
fn hexadecimal(digits: &str, count: usize) -> Option<u128> {
    let lower = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let valid = digits.len() == count && digits.bytes().all(lower);
    valid.then(|| u128::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::event::Payload;
    use crate::ids::{RunId, TenantId};

    /// The example of the W3C recommendation Trace Context, section 3.2.
    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_parent_is_read_as_the_recommendation_has_it() {
        let trace = Trace::parse(EXAMPLE).unwrap();
        assert_eq!(trace.id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(trace.traceparent(), EXAMPLE);
        assert!(Trace::parse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").is_some());
        for bad in [
            "",
            "00",
            "00-zz-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(Trace::parse(bad), None, "{bad}");
        }
    }

    /// The examples of the X-Ray Developer Guide, "Tracing header".
    #[test]
    fn a_header_of_xray_is_read_as_its_guide_has_it() {
        let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
        let whole = format!("{root};Parent=53995c3f42cd8ad8;Sampled=1");
        let trace = Trace::parse_xray(&whole).unwrap();
        assert_eq!(trace.traceparent(), "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01");
        assert_eq!(trace.xray(), whole);
        let of_balancer =
            Trace::parse_xray(&format!("Self=1-67891234-12456789abcdef012345678;{root}")).unwrap();
        assert_eq!(of_balancer.id(), trace.id());
        assert_eq!(of_balancer.next().numbers().2, None, "nobody's step");
        assert!(!Trace::parse_xray(&format!("{root};Sampled=0")).unwrap().is_sampled());
        for bad in ["", "Root=", "Root=1-5759e988", "Root=2-5759e988-bd862e3fe1be46a994272793", "Root=1-0-0"]
        {
            assert_eq!(Trace::parse_xray(bad), None, "{bad}");
        }
        let now = Timestamp::now().as_second();
        let second = i64::from_str_radix(&Trace::begin().id()[..8], 16).unwrap();
        assert!((now - 1..=now + 1).contains(&second), "ids that X-Ray takes");
    }

    #[test]
    fn a_step_is_part_of_the_one_before_it_and_its_span_knows_it() {
        let (first, second) = (Trace::begin().next(), Trace::parse(EXAMPLE).unwrap().next());
        assert_eq!(first.numbers().2, None);
        assert_eq!(second.numbers().2, Some(0x00f0_67aa_0ba9_02b7));
        let mut seen = None;
        second.span(|| {
            seen = Trace::of_new_span();
            Span::none()
        });
        assert_eq!((seen, Trace::of_new_span()), (Some(second), None));
    }

    #[tokio::test]
    async fn what_is_made_while_a_trace_is_followed_belongs_to_it() {
        let event = || {
            let payload = Payload::RunStarted { run: RunId::at(Timestamp::UNIX_EPOCH) };
            Event::new(TenantId::local(), Timestamp::UNIX_EPOCH, Vec::new(), payload)
        };
        let trace = Trace::parse(EXAMPLE).unwrap().with_request("r-1");
        let made = trace.follow("test", async { tokio::spawn(carry(async move { event() })).await }).await;
        let made = made.unwrap();
        let of_made = Trace::of_event(&made);
        assert_eq!((of_made.id(), of_made.request()), (trace.id(), Some("r-1")));
        assert_ne!(made.trace.as_deref(), Some(EXAMPLE), "a step of its own");
        assert_eq!((event().trace, event().request_id), (None, None));
    }
}
