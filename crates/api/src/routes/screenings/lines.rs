//! A screening as lines of JSON: how far it is as it goes on, then what became of it.

use std::convert::Infallible;
use std::sync::Arc;

use astroshield_domain::ids::TenantId;
use astroshield_domain::on_demand::{OnDemandError, OnDemandRequest, OnDemandResult};
use astroshield_domain::trace;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use utoipa::ToSchema;

use super::ScreeningRow;
use crate::BASE;
use crate::envelope::REQUEST_ID;
use crate::problem::{Problem, ProblemBody};
use crate::state::ApiState;

/// A JSON text in each line.
pub(crate) const LINES: &str = "application/x-ndjson";

/// How much of a screening is done.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct ProgressRow {
    /// Parts of the window that are done.
    done: usize,
    /// How many there are.
    of: usize,
}

/// A line of the answer, the last of which has the result or the problem.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScreeningLine<'a> {
    /// How far it is.
    Progress(ProgressRow),
    /// What was found.
    Result(ScreeningRow),
    /// Why there is no result.
    Problem(ProblemBody<'a>),
}

impl ScreeningLine<'_> {
    fn bytes(&self) -> Bytes {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes.into()
    }
}

/// Whether a request wants them.
pub(super) fn are_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types = accepted.flat_map(|value| value.split(','));
    types.any(|one| one.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(LINES)))
}

/// What happened next.
enum Step {
    Progress(ProgressRow),
    Ended(Result<Box<OnDemandResult>, Problem>),
}

/// A screening that goes on until this is dropped.
struct Going {
    /// `None` after its end.
    work: Option<AbortOnDropHandle<Result<OnDemandResult, OnDemandError>>>,
    told: watch::Receiver<ProgressRow>,
}

impl Going {
    async fn next(&mut self) -> Option<Step> {
        let work = self.work.as_mut()?;
        let ended = tokio::select! {
            biased;
            // Fails when nothing more will be told.
            Ok(()) = self.told.changed() => return Some(Step::Progress(*self.told.borrow_and_update())),
            ended = work => ended,
        };
        self.work = None;
        let ended = ended.map_err(Problem::internal).and_then(|ended| ended.map_err(Problem::from));
        Some(Step::Ended(ended.map(Box::new)))
    }
}

/// Screens, and answers as it goes on. What comes to an end before it began to screen is answered like any other request.
pub(super) async fn answer(
    state: &ApiState,
    tenant: TenantId,
    request: OnDemandRequest,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let (tell, told) = watch::channel(ProgressRow { done: 0, of: 0 });
    let progress = move |done, of| {
        tell.send_if_modified(|told| {
            let is_more = done > told.done;
            if is_more {
                *told = ProgressRow { done, of };
            }
            is_more
        });
    };
    let on_demand = Arc::clone(&state.use_cases.on_demand);
    let work =
        tokio::spawn(trace::carry(
            async move { on_demand.screen_and_tell(&tenant, request, progress).await },
        ));
    let mut going = Going { work: Some(AbortOnDropHandle::new(work)), told };
    let first = match going.next().await {
        Some(Step::Ended(Err(problem))) => return Err(problem),
        first => first,
    };
    let id = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let rest = stream::unfold(going, |mut going| async move { Some((going.next().await?, going)) });
    let lines = stream::iter(first).chain(rest).map(move |step| Ok::<_, Infallible>(line(step, &id)));
    let mut response = Response::new(Body::from_stream(lines));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(LINES));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn line(step: Step, request_id: &str) -> Bytes {
    match step {
        Step::Progress(progress) => ScreeningLine::Progress(progress).bytes(),
        Step::Ended(Ok(result)) => ScreeningLine::Result((*result).into()).bytes(),
        Step::Ended(Err(problem)) => {
            let path = format!("{BASE}/screenings");
            problem.log(&path, request_id);
            ScreeningLine::Problem(problem.body(&path, request_id)).bytes()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;

    fn going(work: impl Future<Output = Result<OnDemandResult, OnDemandError>> + Send + 'static) -> Going {
        let (_, told) = watch::channel(ProgressRow { done: 0, of: 0 });
        Going { work: Some(AbortOnDropHandle::new(tokio::spawn(work))), told }
    }

    #[test]
    fn lines_are_wanted_by_those_who_name_them() {
        let wanted = |accept: &'static str| {
            are_wanted(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert!(wanted("application/x-ndjson"));
        assert!(wanted("application/json;q=0.5, Application/X-NDJSON;q=1"));
        for other in ["application/json", "*/*", "application/x-ndjson-seq", ""] {
            assert!(!wanted(other), "{other}");
        }
        assert!(!are_wanted(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn whoever_takes_no_more_lines_ends_the_screening() {
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let mut going = going(async move {
            let _guard = guard;
            std::future::pending().await
        });
        assert!(tokio::time::timeout(Duration::from_millis(20), going.next()).await.is_err());
        assert!(!ended.is_cancelled());
        drop(going);
        tokio::time::timeout(Duration::from_secs(5), ended.cancelled()).await.unwrap();
    }

    #[tokio::test]
    async fn a_problem_on_the_way_is_the_last_line() {
        let mut going = going(async { Err(OnDemandError::Stopped) });
        let step = going.next().await.unwrap();
        let line = line(step, "r-1");
        assert!(going.next().await.is_none());
        let line: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(
            (&line["problem"]["status"], &line["problem"]["request_id"]),
            (&500.into(), &"r-1".into())
        );
        assert_eq!(line["problem"]["instance"], "/api/v1/screenings");
    }
}
