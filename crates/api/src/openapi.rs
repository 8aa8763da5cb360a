//! The OpenAPI document, made from the routes.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::info::{InfoBuilder, LicenseBuilder};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ComponentsBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::problem::{PROBLEM_JSON, ProblemBody};

const ABOUT: &str = "Close approaches in orbit: the catalog, who comes close to whom, how likely a collision is, and alerts \
about it. Units are in the names of numbers; times are UTC, RFC 3339. Lists go on where `next_cursor` says. A request that is \
not done is answered with a problem (RFC 9457).";

/// The document before the routes add themselves.
pub(crate) fn begin() -> OpenApi {
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("AstroShield")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(license))
        .build();
    let bearer =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key, `ask_...`")).build();
    let cookie = ApiKeyValue::with_description(
        "astroshield_session",
        "The cookie of a session; over TLS, its name begins with `__Host-`",
    );
    let cookie = ApiKey::Cookie(cookie);
    let components = ComponentsBuilder::new()
        .security_scheme("api_key", SecurityScheme::Http(bearer))
        .security_scheme("session", SecurityScheme::ApiKey(cookie))
        .schema("Problem", ProblemBody::schema())
        .build();
    let nothing: [&str; 0] = [];
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([
            SecurityRequirement::new("api_key", nothing),
            SecurityRequirement::new("session", nothing),
        ]))
        .build()
}

/// Name of the answer that is a problem.
const PROBLEM: &str = "Problem";

/// Name of the answer that is a problem of the moment.
const LATER: &str = "ProblemOfTheMoment";

/// Problems that every operation may answer with.
const ALWAYS: [u16; 5] = [400, 401, 403, 421, 500];

/// The same, of those that say when to come again.
const OF_THE_MOMENT: [u16; 2] = [429, 503];

/// Problems of what is in a path.
const OF_A_PATH: [u16; 1] = [404];

/// The file of an upload, and its problems: it may have been lost.
const UPLOADED_FILE: &str = "/uploads/{id}/file";
const OF_AN_UPLOADED_FILE: [u16; 1] = [410];

/// Problems of what is written.
const OF_A_WRITE: [u16; 6] = [404, 408, 409, 413, 415, 422];

/// Problems of what is made from what is there: there may be no state, or no form for it, at all or in a build.
const OF_AN_EXPORT: [u16; 2] = [406, 422];

/// Adds to every operation what all have.
pub(crate) fn complete(mut document: OpenApi) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        let PathItem { get, put, post, delete, .. } = item;
        for write in [&mut *put, &mut *post, &mut *delete].into_iter().flatten() {
            // Such a key is a caller's: nobody has said yet who they are, or they may belong to no organization yet.
            if write.security.is_some() || path.contains("/session/invitations/") {
                continue;
            }
            let key = ParameterBuilder::new()
                .name("Idempotency-Key")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some("The same request sent again under the same key is done once"))
                .schema(Some(
                    ObjectBuilder::new()
                        .schema_type(SchemaType::Type(Type::String))
                        .min_length(Some(1))
                        .max_length(Some(255))
                        .pattern(Some("^[ -~]+$")),
                ))
                .build();
            write.parameters.get_or_insert_default().push(key.into());
        }
        let of_path: &[u16] = if path.contains('{') { &OF_A_PATH } else { &[] };
        if let Some(get) = get {
            let is_export = get.responses.responses.get("200").is_some_and(has_forms);
            add_problems(get, of_path);
            add_problems(get, if is_export { &OF_AN_EXPORT } else { &[] });
            add_problems(get, if path.ends_with(UPLOADED_FILE) { &OF_AN_UPLOADED_FILE } else { &[] });
        }
        for write in [put, post, delete].into_iter().flatten() {
            add_problems(write, &OF_A_WRITE);
        }
    }
    let components = document.components.get_or_insert_default();
    components.responses.insert(PROBLEM.to_owned(), problem("A problem").build().into());
    let retry_after = HeaderBuilder::new()
        .description(Some("After how many seconds the same request may go through"))
        .schema(Some(ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).minimum(Some(1))))
        .build();
    let later = problem("A problem of the moment").header("retry-after", retry_after).build();
    components.responses.insert(LATER.to_owned(), later.into());
    document
}

/// Whether an answer has several forms.
fn has_forms(response: &RefOr<Response>) -> bool {
    matches!(response, RefOr::T(response) if response.content.len() > 1)
}

fn add_problems(operation: &mut Operation, statuses: &[u16]) {
    let named = |name| move |status| (status, name);
    let of_the_moment = OF_THE_MOMENT.iter().map(named(LATER));
    for (status, name) in ALWAYS.iter().chain(statuses).map(named(PROBLEM)).chain(of_the_moment) {
        let problem = RefOr::Ref(Ref::from_response_name(name));
        operation.responses.responses.entry(status.to_string()).or_insert(problem);
    }
}

fn problem(description: &str) -> ResponseBuilder {
    let request_id = HeaderBuilder::new().description(Some("Identity of the request")).build();
    ResponseBuilder::new().description(description).header("x-request-id", request_id).content(
        PROBLEM_JSON,
        ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build(),
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_snapshot_is_what_the_code_says() {
        let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
        let now = crate::openapi().to_pretty_json().unwrap() + "\n";
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(&snapshot, &now).unwrap();
        }
        let before = std::fs::read_to_string(&snapshot).unwrap_or_default();
        assert!(
            before == now,
            "crates/api/openapi.json is out of date: run with UPDATE_OPENAPI=1 and look at the difference"
        );
    }

    #[test]
    fn every_number_has_a_unit_a_count_or_no_dimension() {
        // What has no unit in its name must be one of these.
        const PLAIN: [&str; 39] = [
            "rows",
            "blobs",
            "status",
            "catalog_number",
            "catalog_numbers",
            "eccentricity",
            "element_set_number",
            "revolution_at_epoch",
            "maximum_probability",
            "probability",
            "min_probability",
            "stated_probability",
            "slices",
            "slices_done",
            "objects",
            "not_screened",
            "conjunctions",
            "failures",
            "records",
            "position",
            "attempts",
            "messages_given_up",
            "limit",
            "object",
            "number",
            "bartels_rotation",
            "bartels_day",
            "kp_sum",
            "cp",
            "c9",
            "sunspot_number",
            "mahalanobis_distance",
            "done",
            "of",
            "count",
            // In the unit that stands beside them.
            "value",
            "mean",
            "p50",
            "p99",
        ];
        const UNITS: [&str; 19] = [
            "_bytes",
            "_km",
            "_km2",
            "_m",
            "_m2",
            "_km_s",
            "_deg",
            "_min",
            "_minutes",
            "_hours",
            "_days",
            "_s",
            "_rev_day",
            "_rev_day2",
            "_rev_day3",
            "_inv_earth_radii",
            "_sfu",
            "_2nt",
            "_arcsec",
        ];
        let document = serde_json::to_value(crate::openapi()).unwrap();
        let mut numbers = 0;
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for (schema, value) in schemas {
            for (name, property) in value["properties"].as_object().into_iter().flatten() {
                let kind = property["type"].to_string();
                if kind.contains("number") || kind.contains("integer") {
                    numbers += 1;
                    let fine =
                        PLAIN.contains(&name.as_str()) || UNITS.iter().any(|unit| name.ends_with(unit));
                    assert!(fine, "{schema}.{name} has no unit in its name");
                }
            }
        }
        assert!(numbers > 40, "{numbers}");
    }
}
