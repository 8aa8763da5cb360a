//! The OpenAPI document, made from the routes.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::info::{InfoBuilder, LicenseBuilder};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ComponentsBuilder, OpenApi, OpenApiBuilder, Ref, Required};
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
    let cookie = ApiKey::Cookie(ApiKeyValue::new("astroshield_session"));
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

/// Adds to every operation what all have.
pub(crate) fn complete(mut document: OpenApi) -> OpenApi {
    for item in document.paths.paths.values_mut() {
        let PathItem { get, put, post, delete, .. } = item;
        if let Some(post) = post {
            let key = ParameterBuilder::new()
                .name("Idempotency-Key")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some("The same request sent again under the same key is done once"))
                .schema(Some(
                    ObjectBuilder::new()
                        .schema_type(SchemaType::Type(Type::String))
                        .min_length(Some(1))
                        .max_length(Some(255)),
                ))
                .build();
            post.parameters.get_or_insert_default().push(key.into());
        }
        for operation in [get, put, post, delete].into_iter().flatten() {
            add_problem(operation);
        }
    }
    document
}

fn add_problem(operation: &mut Operation) {
    let request_id = HeaderBuilder::new().description(Some("Identity of the request")).build();
    let problem = ResponseBuilder::new()
        .description("A problem")
        .header("x-request-id", request_id)
        .content(
            PROBLEM_JSON,
            ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build(),
        )
        .build();
    operation.responses.responses.insert("default".to_owned(), problem.into());
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
        const PLAIN: [&str; 28] = [
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
            "limit",
            "object",
            "number",
            "bartels_rotation",
            "bartels_day",
            "kp_sum",
            "cp",
            "c9",
            "sunspot_number",
        ];
        const UNITS: [&str; 17] = [
            "_km",
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
