//! Schemas of what the domain names, for the OpenAPI document.

use serde_json::Value;
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, SchemaType, Type};

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
    conjunction_status: "active", "cleared";
    /// [`astroshield_domain::conjunction::ConjunctionOrder`].
    conjunction_order: "tca", "probability", "miss_distance";
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
    /// [`astroshield_domain::access::Scope`].
    scope: "read", "write", "admin";
}

names! {
    true,
    /// [`grade`], or nothing.
    grade_or_null: "gp", "supplemental_gp", "ephemeris", "cdm";
    /// [`probability_method`], or nothing.
    probability_method_or_null:
        "maximum", "two_dimensional", "two_dimensional_nc", "three_dimensional_nc", "monte_carlo";
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
