//! What is shown to those who connect: the routes of the service, until those of another one take their place.

use std::net::SocketAddr;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::sync::RwLock;
use tower_service::Service as _;

/// Where browsers sign in and out: what they do there holds for whatever is shown.
const SESSION: [&str; 2] = ["/api/v1/session", "/auth/logout"];

/// Between two looks whether somebody still writes.
const LOOK: Duration = Duration::from_millis(100);

/// The routes that answer now.
pub(super) struct Front {
    routes: std::sync::RwLock<Router>,
    /// Whether other routes may still take their place.
    undecided: AtomicBool,
    /// Held by those who write while that is undecided.
    writing: RwLock<()>,
    /// Whether anybody has written meanwhile.
    written: AtomicBool,
}

impl Front {
    /// Shows routes; `undecided` where others may take their place.
    pub(super) fn new(routes: Router, undecided: bool) -> Self {
        Self {
            routes: routes.into(),
            undecided: undecided.into(),
            writing: RwLock::default(),
            written: AtomicBool::default(),
        }
    }

    /// Shows these routes for good.
    pub(super) fn decide(&self) {
        self.undecided.store(false, Ordering::Release);
    }

    /// Shows other routes for good, unless somebody has written through the ones before: they would miss what they wrote.
    pub(super) async fn replace(&self, routes: Router) -> bool {
        loop {
            // Not waited for in a queue, where whoever comes to write would wait, too.
            if let Ok(_nobody_writes) = self.writing.try_write() {
                let free = !self.written.load(Ordering::Acquire);
                if free {
                    *self.routes.write().unwrap_or_else(PoisonError::into_inner) = routes;
                }
                self.decide();
                return free;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Answers a request.
    pub(super) async fn answer(&self, mut request: Request, peer: SocketAddr) -> Response {
        request.extensions_mut().insert(ConnectInfo(peer));
        let writes = !request.method().is_safe() && !SESSION.contains(&request.uri().path());
        if !writes || !self.undecided.load(Ordering::Acquire) {
            return self.pass_on(request).await;
        }
        let _writing = self.writing.read().await;
        // Before it is answered: who hangs up meanwhile may have written all the same.
        let before = self.written.swap(true, Ordering::AcqRel);
        let response = self.pass_on(request).await;
        if is_refusal(response.status()) && !before {
            self.written.store(false, Ordering::Release);
        }
        response
    }

    async fn pass_on(&self, request: Request) -> Response {
        let mut routes = self.routes.read().unwrap_or_else(PoisonError::into_inner).clone();
        routes.call(request).await.into_response()
    }
}

/// Whether nothing can have been written. A file that is refused for what is in it is kept all the same.
fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() && status != StatusCode::UNPROCESSABLE_ENTITY
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::{Body, to_bytes};
    use axum::http::Method;
    use axum::routing::any;
    use tokio::sync::Notify;

    use super::*;

    fn routes(name: &'static str) -> Router {
        let refuses = || async { StatusCode::UNAUTHORIZED };
        Router::new()
            .route("/", any(move || async move { name }))
            .route(SESSION[0], any(move || async move { name }))
            .route("/refuses", any(refuses))
    }

    async fn ask(front: &Front, method: Method, path: &str) -> String {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = front.answer(request, ([127, 0, 0, 1], 1).into()).await;
        String::from_utf8(to_bytes(response.into_body(), 100).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn other_routes_take_the_place_of_those_that_nobody_wrote_through() {
        let front = Front::new(routes("first"), true);
        assert_eq!(ask(&front, Method::GET, "/").await, "first");
        ask(&front, Method::POST, SESSION[0]).await;
        ask(&front, Method::POST, "/refuses").await;
        assert!(front.replace(routes("second")).await);
        assert_eq!(ask(&front, Method::GET, "/").await, "second");
    }

    #[tokio::test]
    async fn routes_that_somebody_wrote_through_stay() {
        let front = Front::new(routes("first"), true);
        ask(&front, Method::POST, "/").await;
        assert!(!front.replace(routes("second")).await);
        assert_eq!(ask(&front, Method::GET, "/").await, "first");
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_is_under_way_is_waited_for() {
        let (began, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (tell, wait) = (Arc::clone(&began), Arc::clone(&go_on));
        let slow = || async move {
            tell.notify_one();
            wait.notified().await;
            "written"
        };
        let front = Arc::new(Front::new(Router::new().route("/", any(slow)), true));
        let writer = Arc::clone(&front);
        let writer = tokio::spawn(async move { ask(&writer, Method::POST, "/").await });
        began.notified().await;
        let other = Arc::clone(&front);
        let replaced = tokio::spawn(async move { other.replace(routes("second")).await });
        tokio::time::sleep(3 * LOOK).await;
        assert!(!replaced.is_finished());
        go_on.notify_one();
        assert_eq!(writer.await.unwrap(), "written");
        assert!(!replaced.await.unwrap());
    }
}
