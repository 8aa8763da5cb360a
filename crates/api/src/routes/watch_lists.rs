//! `/watch-lists`: satellites that somebody cares for.

use std::collections::BTreeSet;

use astroshield_domain::access::Caller;
use astroshield_domain::alert::{WatchList, WatchedObject};
use astroshield_domain::ids::WatchListId;
use astroshield_formats::CatalogNumber;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit_entry;
use crate::access::{Reader, Writer};
use crate::answer::{self, List};
use crate::idempotency::Tried;
use crate::problem::Problem;
use crate::request::{Id, Json, whole};
use crate::schema;
use crate::state::ApiState;

/// A satellite on a watch list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatchedObjectBody {
    /// Catalog number.
    #[serde(deserialize_with = "whole")]
    #[schema(maximum = 999_999_999)]
    catalog_number: u32,
    /// Hard-body radius, in m, where the operator knows better.
    #[serde(default)]
    #[schema(minimum = 0.001, maximum = 1000)]
    hard_body_radius_m: Option<f64>,
    /// Whether it can maneuver; without it, nothing is stated, and a CDM says `N/A`.
    #[serde(default)]
    maneuverable: Option<bool>,
    /// Probability to alert from on, in place of the rule's.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    min_probability: Option<f64>,
    /// Miss distance to alert up to, in km, in place of the rule's.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000)]
    max_miss_distance_km: Option<f64>,
}

/// A watch list that is made or replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatchListBody {
    /// Name.
    #[schema(schema_with = schema::name)]
    name: String,
    /// The satellites.
    #[schema(max_items = 10_000)]
    objects: Vec<WatchedObjectBody>,
}

/// A list of satellites.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WatchListRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: WatchListId,
    /// Name.
    name: String,
    /// The satellites.
    objects: Vec<WatchedObjectBody>,
    /// When it last changed, UTC.
    #[schema(schema_with = schema::time)]
    updated: Timestamp,
}

impl From<WatchList> for WatchListRow {
    fn from(list: WatchList) -> Self {
        let objects = list.objects.into_iter().map(|watched| WatchedObjectBody {
            catalog_number: watched.object,
            hard_body_radius_m: watched.hard_body_radius_m,
            maneuverable: watched.maneuverable,
            min_probability: watched.min_probability,
            max_miss_distance_km: watched.max_miss_distance_km,
        });
        Self { id: list.id, name: list.name, objects: objects.collect(), updated: list.updated }
    }
}

/// Most satellites on a list.
const MOST_OBJECTS: usize = 10_000;

/// A name that people gave, without blanks around it.
pub(super) fn name(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let length = text.chars().count();
    if !(1..=100).contains(&length) || text.chars().any(char::is_control) {
        return Err(Problem::unprocessable("1 to 100 characters are due, none of them a control character")
            .at("name"));
    }
    Ok(text.to_owned())
}

/// A number of a body that has to be in a range.
pub(super) fn within(
    field: impl Into<String>,
    value: Option<f64>,
    range: std::ops::RangeInclusive<f64>,
) -> Result<Option<f64>, Problem> {
    match value {
        Some(value) if !range.contains(&value) => {
            let (start, end) = (range.start(), range.end());
            Err(Problem::unprocessable(format!("{value:?}: {start} to {end} is due")).at(field.into()))
        }
        other => Ok(other),
    }
}

impl WatchListBody {
    fn into_list(self, id: WatchListId, caller: &Caller, now: Timestamp) -> Result<WatchList, Problem> {
        if self.objects.len() > MOST_OBJECTS {
            let detail = format!("{} objects; at most {MOST_OBJECTS} are taken", self.objects.len());
            return Err(Problem::unprocessable(detail).at("objects"));
        }
        let mut seen = BTreeSet::new();
        let mut objects = Vec::with_capacity(self.objects.len());
        for (index, object) in self.objects.into_iter().enumerate() {
            let field = |name: &str| format!("objects[{index}].{name}");
            let number = object.catalog_number;
            if CatalogNumber::new(number).is_none() || !seen.insert(number) {
                let detail = format!("{number}: a number of at most nine digits, once, is due");
                return Err(Problem::unprocessable(detail).at(field("catalog_number")));
            }
            objects.push(WatchedObject {
                object: number,
                hard_body_radius_m: within(
                    field("hard_body_radius_m"),
                    object.hard_body_radius_m,
                    1e-3..=1e3,
                )?,
                maneuverable: object.maneuverable,
                min_probability: within(field("min_probability"), object.min_probability, 0.0..=1.0)?,
                max_miss_distance_km: within(
                    field("max_miss_distance_km"),
                    object.max_miss_distance_km,
                    0.0..=1e3,
                )?,
            });
        }
        Ok(WatchList { id, tenant: caller.tenant.clone(), name: name(&self.name)?, objects, updated: now })
    }
}

/// Watch lists, by name.
#[utoipa::path(get, path = "/watch-lists", tag = "watch lists",
    responses((status = 200, description = "Watch lists", body = List<WatchListRow>)))]
pub(crate) async fn watch_lists(
    State(state): State<ApiState>,
    Reader(caller): Reader,
) -> Result<Response, Problem> {
    let rows = state.ports.store.watch_lists(&caller.tenant).await?;
    answer::json(&List { items: rows.into_iter().map(WatchListRow::from).collect(), next_cursor: None })
}

async fn found(state: &ApiState, caller: &Caller, id: WatchListId) -> Result<WatchList, Problem> {
    let list = state.ports.store.watch_list(&caller.tenant, id).await?;
    list.ok_or_else(|| Problem::not_found("watch list", id))
}

/// One watch list.
#[utoipa::path(get, path = "/watch-lists/{id}", tag = "watch lists",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The watch list", body = WatchListRow)))]
pub(crate) async fn watch_list(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    Id(id): Id<WatchListId>,
) -> Result<Response, Problem> {
    answer::json(&WatchListRow::from(found(&state, &caller, id).await?))
}

/// Make a watch list.
#[utoipa::path(post, path = "/watch-lists", tag = "watch lists", request_body = WatchListBody,
    responses((status = 201, description = "Made", body = WatchListRow)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    tried: Tried,
    Json(body): Json<WatchListBody>,
) -> Result<Response, Problem> {
    let now = state.now();
    let id = tried.id(WatchListId::of_attempt, || WatchListId::at(now));
    if tried.is_repeated()
        && let Some(list) = state.ports.store.watch_list(&caller.tenant, id).await?
    {
        return answer::json_of(StatusCode::CREATED, &WatchListRow::from(list));
    }
    let list = body.into_list(id, &caller, now)?;
    let audit = audit_entry(&caller, now, "watch_list.create", &list.id);
    state.ports.store.put_watch_list(&list, &audit).await?;
    answer::json_of(StatusCode::CREATED, &WatchListRow::from(list))
}

/// Replace a watch list.
#[utoipa::path(put, path = "/watch-lists/{id}", tag = "watch lists", request_body = WatchListBody,
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "Replaced", body = WatchListRow)))]
pub(crate) async fn replace(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    Id(id): Id<WatchListId>,
    Json(body): Json<WatchListBody>,
) -> Result<Response, Problem> {
    found(&state, &caller, id).await?;
    let now = state.now();
    let list = body.into_list(id, &caller, now)?;
    state.ports.store.put_watch_list(&list, &audit_entry(&caller, now, "watch_list.replace", &id)).await?;
    answer::json(&WatchListRow::from(list))
}

/// Remove a watch list. Refused while a rule speaks of it.
#[utoipa::path(delete, path = "/watch-lists/{id}", tag = "watch lists",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 204, description = "Removed")))]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    Writer(caller): Writer,
    tried: Tried,
    Id(id): Id<WatchListId>,
) -> Result<Response, Problem> {
    let audit = audit_entry(&caller, state.now(), "watch_list.remove", &id);
    tried.removed(state.ports.store.remove_watch_list(&caller.tenant, id, &audit).await)
}

#[cfg(test)]
mod tests {
    use astroshield_domain::access::{Principal, Scope};
    use astroshield_domain::ids::TenantId;

    use super::*;

    fn list(json: &str) -> Result<WatchList, Problem> {
        let caller = Caller {
            tenant: TenantId::local(),
            name: "test".to_owned(),
            principal: Principal::Operator,
            scope: Scope::Write,
        };
        let body: WatchListBody = serde_json::from_str(json).unwrap();
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        body.into_list(WatchListId::at(now), &caller, now)
    }

    #[test]
    fn what_is_wrong_with_a_list_is_named() {
        let good =
            list(r#"{"name":" mine ","objects":[{"catalog_number":25544,"min_probability":1e-5}]}"#).unwrap();
        assert_eq!((good.name.as_str(), good.objects[0].object), ("mine", 25_544));
        for (json, field) in [
            (r#"{"name":" ","objects":[]}"#, "\"name\""),
            (
                r#"{"name":"a","objects":[{"catalog_number":5},{"catalog_number":5}]}"#,
                "objects[1].catalog_number",
            ),
            (r#"{"name":"a","objects":[{"catalog_number":1000000000}]}"#, "objects[0].catalog_number"),
            (
                r#"{"name":"a","objects":[{"catalog_number":5,"min_probability":2}]}"#,
                "objects[0].min_probability",
            ),
            (r#"{"name":"a","objects":[{"catalog_number":5,"hard_body_radius_m":0}]}"#, "hard_body_radius_m"),
        ] {
            let problem = list(json).unwrap_err();
            assert!(format!("{problem:?}").contains(field), "{json}: {problem:?}");
        }
    }
}
