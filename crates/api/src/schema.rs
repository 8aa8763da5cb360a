//! Schemas of what the domain names, for the OpenAPI document.

use astroshield_domain::note::LONGEST_TEXT;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, Array, ArrayBuilder, KnownFormat, Object, ObjectBuilder, OneOf, OneOfBuilder,
    Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::answer::List;

fn one_of(names: &[&str], or_null: bool) -> Object {
    let kind = if or_null {
        SchemaType::from_iter([Type::String, Type::Null])
    } else {
        SchemaType::Type(Type::String)
    };
    let null = or_null.then_some(Value::Null);
    let values = names.iter().map(|name| Value::from(*name)).chain(null);
    ObjectBuilder::new().schema_type(kind).enum_values(Some(values)).build()
}

macro_rules! names {
    ($or_null:literal, $($(#[$meta:meta])* $name:ident: $($value:literal),+;)*) => {$(
        $(#[$meta])*
        pub(crate) fn $name() -> Object {
            one_of(&[$($value),+], $or_null)
        }
    )*};
}

names! {
    false,
    /// [`astroshield_domain::catalog::Grade`].
    grade: "gp", "supplemental_gp", "ephemeris", "cdm";
    /// [`astroshield_domain::catalog::ObjectKind`].
    object_kind: "payload", "rocket_body", "debris", "unknown";
    /// [`astroshield_domain::conjunction::ConjunctionStatus`].
    conjunction_status: "active", "cleared", "past", "superseded";
    /// [`astroshield_domain::conjunction::ConjunctionOrder`].
    conjunction_order: "tca", "probability", "miss_distance", "relative_speed", "maximum_probability", "first_seen", "data_age";
    /// [`astroshield_domain::conjunction::Direction`].
    direction: "ascending", "descending";
    /// [`astroshield_domain::conjunction::ProbabilityMethod`].
    probability_method:
        "maximum", "two_dimensional", "two_dimensional_nc", "three_dimensional_nc", "monte_carlo";
    /// [`astroshield_domain::screening::RunKind`].
    run_kind: "catalog", "ephemerides";
    /// [`astroshield_domain::screening::RunState`].
    run_state: "running", "completed", "failed";
    /// [`astroshield_domain::feed::UploadState`].
    upload_state: "accepted", "rejected";
    /// [`astroshield_domain::alert::AlertState`].
    alert_state: "open", "acknowledged", "resolved", "muted";
    /// [`astroshield_domain::alert::Severity`].
    severity: "info", "warning", "critical";
    /// [`astroshield_domain::alert::AlertChange`].
    alert_change: "opened", "raised", "acknowledged", "muted", "escalated", "resolved";
    /// [`astroshield_domain::alert::DeliveryState`].
    delivery_state: "due", "delivered", "failed";
    /// [`astroshield_formats::SpaceWeatherKind`].
    space_weather_kind: "observed", "interpolated", "daily_prediction", "monthly_prediction";
    /// [`astroshield_formats::EarthOrientationKind`].
    earth_orientation_kind: "observed", "predicted";
    /// [`astroshield_formats::EarthOrientationKind`], or that there was none.
    orientation_used: "observed", "predicted", "none";
    /// [`astroshield_domain::kept_files::FileState`].
    backup_state: "running", "completed", "failed";
    /// [`astroshield_domain::access::Scope`].
    scope: "read", "write", "admin";
    /// [`astroshield_domain::organization::Role`].
    role: "viewer", "operator", "administrator";
    /// [`astroshield_domain::operations::Readiness`].
    readiness: "ready", "degraded", "not_ready";
    /// [`astroshield_domain::metrics::Kind`].
    metric_kind: "counter", "gauge", "histogram";
    /// [`astroshield_domain::metrics::Unit`].
    metric_unit: "count", "seconds", "bytes";
    /// As what lines of the audit log are given.
    audit_format: "json", "csv";
    /// [`astroshield_domain::note::NoteKind`].
    note_kind: "note", "acknowledged", "assigned", "decided";
    /// [`astroshield_domain::note::Decision`].
    decision: "no_action", "monitor", "maneuver";
}

names! {
    true,
    /// [`grade`], or nothing.
    grade_or_null: "gp", "supplemental_gp", "ephemeris", "cdm";
    /// [`probability_method`], or nothing.
    probability_method_or_null:
        "maximum", "two_dimensional", "two_dimensional_nc", "three_dimensional_nc", "monte_carlo";
    /// [`decision`], or nothing.
    decision_or_null: "no_action", "monitor", "maneuver";
}

/// A day, RFC 3339, UTC.
pub(crate) fn date() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
        .build()
}

/// A day, or nothing.
pub(crate) fn date_or_null() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
        .build()
}

/// A time, RFC 3339, UTC.
pub(crate) fn time() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .build()
}

/// A time, or nothing.
pub(crate) fn time_or_null() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .build()
}

/// An identity.
pub(crate) fn id() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .build()
}

/// An identity, or nothing.
pub(crate) fn id_or_null() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .build()
}

/// A name that people give: no control characters, and something beside blanks.
pub(crate) fn name() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some("Name"))
        .min_length(Some(1))
        .max_length(Some(100))
        .pattern(Some(r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$"))
        .build()
}

/// Public keys of age.
pub(crate) fn recipients() -> Array {
    let key = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some("A public key of age"))
        .max_length(Some(100))
        .pattern(Some("^age1[a-z0-9]+$"))
        .build();
    ArrayBuilder::new()
        .items(key)
        .description(Some("Public keys of age, each of which alone opens the backup"))
        .min_items(Some(1))
        .max_items(Some(20))
        .build()
}

/// Where a message goes: of each kind, that and no more.
pub(crate) fn channel() -> OneOf {
    let webhook = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .description(Some("Which webhook"))
        .build();
    let address = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some("To whom"))
        .max_length(Some(254))
        .pattern(Some("^[!#-'*+./0-9=?A-Z^_`a-z{|}~-]+@[!#-'*+./0-9=?A-Z^_`a-z{|}~-]{3,}$"))
        .build();
    let kind = |name: &str, field: &str, value: Object| {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Object))
            .property("kind", one_of(&[name], false))
            .required("kind")
            .property(field, value)
            .required(field)
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
    };
    OneOfBuilder::new()
        .item(kind("webhook", "webhook", webhook))
        .item(kind("email", "address", address))
        .description(Some("Where a message goes, beside the WebSocket that all alerts go to"))
        .build()
}

/// A text of a pattern, or nothing.
fn text_or_null(description: &str, longest: usize, pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some(description))
        .min_length(Some(1))
        .max_length(Some(longest))
        .pattern(Some(pattern))
}

/// What is noted about a conjunction: of each kind, that and no more.
pub(crate) fn note_body() -> OneOf {
    // No control characters but tabs and ends of lines, and something beside blanks.
    const TEXT: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$";
    let more = || text_or_null("More about it", LONGEST_TEXT, TEXT);
    let text = more().schema_type(SchemaType::Type(Type::String)).description(Some("The text"));
    let name = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$";
    let assignee = text_or_null("Whose it is; `null`, if it is nobody's any more", 100, name);
    let kind = |name: &str| {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Object))
            .title(Some(name))
            .property("kind", one_of(&[name], false))
            .required("kind")
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
    };
    OneOfBuilder::new()
        .item(kind("note").property("text", text).required("text"))
        .item(kind("acknowledged").property("text", more()))
        .item(kind("assigned").property("assignee", assignee).required("assignee").property("text", more()))
        .item(kind("decided").property("decision", decision()).required("decision").property("text", more()))
        .description(Some("What is noted about a conjunction"))
        .build()
}

fn two(items: Object) -> Array {
    ArrayBuilder::new().items(items).min_items(Some(2)).max_items(Some(2)).build()
}

/// A time, or nothing, of each of two objects.
pub(crate) fn two_times_or_null() -> Array {
    two(time_or_null())
}

/// A grade of each of two objects.
pub(crate) fn two_grades() -> Array {
    two(grade())
}

/// Messages in the JSON of a standard: fields by their keywords.
#[derive(Debug, Serialize)]
pub(crate) enum Messages {}

impl PartialSchema for Messages {
    fn schema() -> RefOr<Schema> {
        let message = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object)).build();
        ArrayBuilder::new().items(message).into()
    }
}

impl ToSchema for Messages {}

/// A list of this interface, or messages in the JSON of a standard.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it stands in the document only")]
pub(crate) enum ListOrMessages<T> {
    /// A list.
    #[schema(title = "json")]
    List(List<T>),
    /// Messages.
    #[schema(title = "omm_json")]
    Messages(Messages),
}
