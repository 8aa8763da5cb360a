//! Lists as tables in Parquet: every row, a part at a time, so that memory does not grow with the list.

#[cfg(feature = "parquet")]
mod pieces;

use astroshield_domain::catalog::{ElementSet, ElementSetPlace, ObjectQuery, SpaceObject};
use astroshield_domain::conjunction::{Conjunction, ConjunctionCursor, ConjunctionQuery};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Continued, Page};
use astroshield_formats::CatalogNumber;
use axum::response::Response;

use crate::problem::Problem;
use crate::state::ApiState;

/// Rows that are read and written together.
pub(super) const ROWS: u32 = 5_000;

/// Refuses what would cut a table: it has every row.
pub(super) fn require_whole(cursor: Option<&str>, limit: Option<u32>) -> Result<(), Problem> {
    let field = match (cursor, limit) {
        (Some(_), _) => "cursor",
        (None, Some(_)) => "limit",
        (None, None) => return Ok(()),
    };
    Err(Problem::invalid(field, "a table has every row: leave this out"))
}

/// Conjunctions of a query as a table.
#[cfg(feature = "parquet")]
pub(super) fn conjunctions(
    state: &ApiState,
    tenant: &TenantId,
    query: ConjunctionQuery,
    first: Continued<Conjunction, ConjunctionCursor>,
    next: fn(Page<Conjunction>, &ConjunctionQuery) -> Continued<Conjunction, ConjunctionCursor>,
) -> Result<Response, Problem> {
    let (store, tenant) = (std::sync::Arc::clone(&state.ports.store), tenant.clone());
    let part = move |after| {
        let query = ConjunctionQuery { after: Some(after), ..query.clone() };
        let (store, tenant) = (std::sync::Arc::clone(&store), tenant.clone());
        async move { Ok(next(store.conjunctions(&tenant, &query).await?, &query)) }
    };
    pieces::answer(state, "conjunctions", columns::CONJUNCTIONS, columns::of_conjunctions, first, part)
}

/// The history of an object as a table.
#[cfg(feature = "parquet")]
pub(super) fn element_sets(
    state: &ApiState,
    tenant: &TenantId,
    number: CatalogNumber,
    first: Continued<ElementSet, ElementSetPlace>,
) -> Result<Response, Problem> {
    let (store, tenant) = (std::sync::Arc::clone(&state.ports.store), tenant.clone());
    let part = move |after| {
        let (store, tenant) = (std::sync::Arc::clone(&store), tenant.clone());
        async move { store.element_history(&tenant, number, Some(&after), ROWS).await }
    };
    let name = format!("element-sets-{number}");
    pieces::answer(state, &name, columns::ELEMENT_SETS, columns::of_element_sets, first, part)
}

/// The current element set of every object as a table.
#[cfg(feature = "parquet")]
pub(super) fn catalog(
    state: &ApiState,
    tenant: &TenantId,
    first: Page<ElementSet>,
) -> Result<Response, Problem> {
    let (store, tenant) = (std::sync::Arc::clone(&state.ports.store), tenant.clone());
    let continued = |page| by_number(page, |set: &ElementSet| set.object);
    let part = move |after| {
        let (store, tenant) = (std::sync::Arc::clone(&store), tenant.clone());
        async move { Ok(continued(store.current_element_sets(&tenant, Some(after), ROWS).await?)) }
    };
    let first = continued(first);
    pieces::answer(state, "element-sets", columns::ELEMENT_SETS, columns::of_element_sets, first, part)
}

/// Objects of a query as a table.
#[cfg(feature = "parquet")]
pub(super) fn objects(
    state: &ApiState,
    tenant: &TenantId,
    query: ObjectQuery,
    first: Page<SpaceObject>,
) -> Result<Response, Problem> {
    let (store, tenant) = (std::sync::Arc::clone(&state.ports.store), tenant.clone());
    let continued = |page| by_number(page, |object: &SpaceObject| object.number);
    let part = move |after| {
        let query = ObjectQuery { after: Some(after), ..query.clone() };
        let (store, tenant) = (std::sync::Arc::clone(&store), tenant.clone());
        async move { Ok(continued(store.objects(&tenant, &query).await?)) }
    };
    pieces::answer(state, "objects", columns::OBJECTS, columns::of_objects, continued(first), part)
}

/// A part of a list by catalog number, with the place where it goes on.
#[cfg(feature = "parquet")]
fn by_number<R>(
    Page { rows, more }: Page<R>,
    number: fn(&R) -> CatalogNumber,
) -> Continued<R, CatalogNumber> {
    let next = rows.last().filter(|_| more).map(number);
    Continued { rows, next }
}

#[cfg(feature = "parquet")]
mod columns;

/// Conjunctions of a query as a table.
#[cfg(not(feature = "parquet"))]
pub(super) fn conjunctions(
    _: &ApiState,
    _: &TenantId,
    _: ConjunctionQuery,
    _: Continued<Conjunction, ConjunctionCursor>,
    _: fn(Page<Conjunction>, &ConjunctionQuery) -> Continued<Conjunction, ConjunctionCursor>,
) -> Result<Response, Problem> {
    Err(Problem::not_in_this_build("parquet"))
}

/// The history of an object as a table.
#[cfg(not(feature = "parquet"))]
pub(super) fn element_sets(
    _: &ApiState,
    _: &TenantId,
    _: CatalogNumber,
    _: Continued<ElementSet, ElementSetPlace>,
) -> Result<Response, Problem> {
    Err(Problem::not_in_this_build("parquet"))
}

/// The current element set of every object as a table.
#[cfg(not(feature = "parquet"))]
pub(super) fn catalog(_: &ApiState, _: &TenantId, _: Page<ElementSet>) -> Result<Response, Problem> {
    Err(Problem::not_in_this_build("parquet"))
}

/// Objects of a query as a table.
#[cfg(not(feature = "parquet"))]
pub(super) fn objects(
    _: &ApiState,
    _: &TenantId,
    _: ObjectQuery,
    _: Page<SpaceObject>,
) -> Result<Response, Problem> {
    Err(Problem::not_in_this_build("parquet"))
}
