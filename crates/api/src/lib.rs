#![doc = include_str!("../README.md")]

mod access;
mod answer;
mod console;
mod cursor;
mod envelope;
mod idempotency;
mod kept;
mod openapi;
mod page;
mod position;
mod problem;
mod protection;
mod request;
mod routes;
mod schema;
mod state;
mod stream;

use axum::Router;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::middleware::{from_fn, from_fn_with_state, map_response, map_response_with_state};
use axum::routing::get;
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use crate::access::{OneTimeTokens, new_key};
pub use crate::envelope::{REQUEST_ID, request_id};
use crate::problem::Problem;
pub use crate::state::{ApiSettings, ApiState, ConsoleSettings, IdentitySettings, Ports, UseCases};
pub use crate::stream::{
    GatewaySettings, GatewayStreams, LARGEST_STREAM_MESSAGE, STREAM_CALLER, StreamCaller,
};

/// Where the routes are.
const BASE: &str = astroshield_domain::deployment::API;

/// Routes of callers: those who have a key, or belong to an organization.
fn protected() -> OpenApiRouter<ApiState> {
    use crate::routes::{
        alerts, api_keys, audit, backups, changes, conjunctions, days, element_sets, exports, feeds,
        geometry, notes, objects, operations, organization, organizations, rules, runs, screenings, session,
        status, uploads, watch_lists, webhooks,
    };
    OpenApiRouter::default()
        .routes(routes!(status::status))
        .routes(routes!(operations::operations))
        .routes(routes!(objects::objects))
        .routes(routes!(objects::object))
        .routes(routes!(objects::element_sets))
        .routes(routes!(element_sets::current_element_sets))
        .routes(routes!(exports::ephemeris))
        .routes(routes!(conjunctions::conjunctions))
        .routes(routes!(changes::count))
        .routes(routes!(changes::changes))
        .routes(routes!(notes::handled))
        .routes(routes!(conjunctions::conjunction))
        .routes(routes!(notes::notes, notes::add))
        .routes(routes!(conjunctions::history))
        .routes(routes!(conjunctions::cdms))
        .routes(routes!(conjunctions::received_cdm))
        .routes(routes!(exports::cdm))
        .routes(routes!(geometry::geometry))
        .routes(routes!(runs::runs))
        .routes(routes!(runs::run))
        .routes(routes!(runs::not_screened))
        .routes(routes!(feeds::feeds))
        .routes(routes!(days::space_weather))
        .routes(routes!(days::earth_orientation))
        .routes(routes!(uploads::uploads, uploads::upload_file))
        .routes(routes!(uploads::link))
        .routes(routes!(uploads::upload))
        .routes(routes!(uploads::file))
        .routes(routes!(watch_lists::watch_lists, watch_lists::create))
        .routes(routes!(watch_lists::watch_list, watch_lists::replace, watch_lists::remove))
        .routes(routes!(rules::rules, rules::create))
        .routes(routes!(rules::rule, rules::replace, rules::remove))
        .routes(routes!(alerts::alerts))
        .routes(routes!(alerts::alert))
        .routes(routes!(alerts::deliveries))
        .routes(routes!(alerts::acknowledge))
        .routes(routes!(alerts::mute))
        .routes(routes!(alerts::resolve))
        .routes(routes!(screenings::screen))
        .routes(routes!(webhooks::webhooks, webhooks::create))
        .routes(routes!(webhooks::webhook, webhooks::replace, webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(api_keys::api_keys, api_keys::create))
        .routes(routes!(api_keys::revoke))
        .routes(routes!(audit::audit))
        .routes(routes!(backups::backups, backups::create))
        .routes(routes!(backups::backup, backups::remove))
        .routes(routes!(backups::file))
        .routes(routes!(organizations::organizations, organizations::create))
        .routes(routes!(organizations::remove))
        .routes(routes!(organization::organization, organization::rename))
        .routes(routes!(organization::remove))
        .routes(routes!(organization::exports, organization::export))
        .routes(routes!(organization::one_export, organization::remove_export))
        .routes(routes!(organization::export_file))
        .routes(routes!(organization::members, organization::add))
        .routes(routes!(organization::member_names))
        .routes(routes!(organization::change_role, organization::remove_member))
        .routes(routes!(session::who, session::sign_out, organization::switch))
        .routes(routes!(organization::of_session))
        .routes(routes!(stream::stream))
}

fn open() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default().routes(routes!(routes::session::sign_in)).merge(of_people())
}

/// Routes of people who may belong to no organization yet.
fn of_people() -> OpenApiRouter<ApiState> {
    use crate::routes::invitations;
    OpenApiRouter::default()
        .routes(routes!(invitations::invitations))
        .routes(routes!(invitations::accept, invitations::decline))
}

/// The OpenAPI document of the interface.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let routes = protected().merge(open());
    openapi::complete(OpenApiRouter::with_openapi(openapi::begin()).nest(BASE, routes).into_openapi())
}

/// Everything that the interface answers: `/api/v1`, the way to sign in, and the console.
pub fn router(state: ApiState) -> Router {
    router_with(state, Router::new())
}

/// [`router`] with more routes, which answer the same callers, under the same names of the server.
pub fn router_with(state: ApiState, more: Router) -> Router {
    let more = more.layer(from_fn_with_state(state.clone(), access::require_caller)).with_state(());
    let (protected, _) = protected().split_for_parts();
    let (open, _) = open().split_for_parts();
    let protected = protected
        .route("/stream/caller", get(stream::caller))
        .route("/openapi.json", get(page::openapi))
        .route("/docs", get(page::docs))
        .layer(from_fn_with_state(state.clone(), idempotency::repeat))
        // After that layer, so that it does not wrap them: a key means nothing where nothing is done.
        .fallback(no_such_route)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(state.clone(), access::require_caller));
    let routes = Router::new()
        .nest(BASE, protected.merge(open))
        .merge(page::routes(state.console.is_some()))
        .route("/config.json", get(console::configuration))
        .merge(routes::auth::routes())
        .merge(more)
        .fallback(console::answer);
    around(routes, state)
}

/// Routes for callers alone, of a process that does not answer the interface itself.
pub fn router_without_interface(state: ApiState, routes: Router) -> Router {
    let routes = routes.layer(from_fn_with_state(state.clone(), access::require_caller)).with_state(());
    around(Router::new().merge(routes).fallback(no_such_route), state)
}

/// What is around all routes.
fn around(routes: Router<ApiState>, state: ApiState) -> Router {
    routes
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(state.clone(), access::check_host))
        .layer(from_fn_with_state(state.clone(), access::admit))
        .layer(CatchPanicLayer::custom(envelope::panicked))
        .layer(from_fn(envelope::wrap))
        .layer(option_layer(protection::cross_origin(&state.settings)))
        .layer(map_response_with_state(state.clone(), protection::protect))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(is_not_packed)))
        .layer(map_response(envelope::weaken_tag_of_compressed))
        .with_state(state)
}

/// Whether an answer is not packed already, as fonts, files as they were given, backups and Parquet are or may be.
fn is_not_packed(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    // Lines are sent as they come, which packing would hold up.
    !kind.starts_with(b"font/")
        && kind != routes::screenings::LINES.as_bytes()
        && kind != answer::BYTES.as_bytes()
        && kind != answer::PARQUET.as_bytes()
}

async fn no_such_route() -> Problem {
    Problem::no_such_route()
}

async fn method_not_allowed() -> Problem {
    Problem::method_not_allowed()
}
