//! The trace that work belongs to: from a request or a feed through every stage to the message that goes out.
//!
//! It is ambient, as spans of `tracing` are: whoever takes up work follows its trace, and every event, run and message that
//! is made meanwhile belongs to it. From one process to another it passes as a `traceparent` of
//! [W3C Trace Context](https://www.w3.org/TR/trace-context/).

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use tracing::Instrument;
use uuid::Uuid;

use crate::event::Event;

/// The header of HTTP that carries a trace.
pub const TRACE_PARENT: &str = "traceparent";

/// Longest id of a request that is taken from outside.
const LONGEST_REQUEST: usize = 64;

tokio::task_local! {
    static CURRENT: Trace;
}

/// A trace, the step in it that is being done, and the request that began it.
#[derive(Clone, PartialEq, Eq)]
pub struct Trace {
    id: u128,
    step: u64,
    flags: u8,
    request: Option<Arc<str>>,
    address: Option<IpAddr>,
}

impl Trace {
    /// A new trace, which is to be sampled.
    #[must_use]
    pub fn begin() -> Self {
        Self { id: Uuid::new_v4().as_u128(), step: new_step(), flags: 1, request: None, address: None }
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
        whole.then_some(Self { id, step, flags, request: None, address: None })
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
        format!("00-{:032x}-{:016x}-{:02x}", self.id, self.step, self.flags)
    }

    /// The next step of the same trace.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { step: new_step(), ..self.clone() }
    }

    /// Does work as a step of this trace, and without a span of its own.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Does the work of a stage as the next step of this trace. Every line that is logged meanwhile names the trace, whatever
    /// the level is: the span is of the highest.
    pub async fn follow<F: Future>(&self, stage: &'static str, work: F) -> F::Output {
        let span =
            tracing::error_span!("stage", stage, trace_id = self.id(), request_id = self.request.as_deref());
        self.next().scope(work.instrument(span)).await
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
    span: tracing::Span,
}

impl Place {
    /// Those of here.
    #[must_use]
    pub fn here() -> Self {
        Self { trace: Trace::current(), span: tracing::Span::current() }
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
