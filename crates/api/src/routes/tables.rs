//! Lists as tables in Parquet: every row, a part at a time, so that memory does not grow with the list.

#[cfg(feature = "parquet")]
mod pieces;

use astroshield_domain::catalog::ElementSet;
use astroshield_domain::conjunction::{Conjunction, ConjunctionQuery};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::Page;
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
    first: Page<Conjunction>,
    after: fn(&Conjunction, &ConjunctionQuery) -> astroshield_domain::conjunction::ConjunctionCursor,
) -> Result<Response, Problem> {
    let (store, tenant) = (std::sync::Arc::clone(&state.ports.store), tenant.clone());
    let next = move |last: &Conjunction| {
        let query = ConjunctionQuery { after: Some(after(last, &query)), ..query.clone() };
        let (store, tenant) = (std::sync::Arc::clone(&store), tenant.clone());
        async move { store.conjunctions(&tenant, &query).await }
    };
    pieces::answer(state, "conjunctions", columns::CONJUNCTIONS, columns::of_conjunctions, first, next)
}

/// The history of an object as a table.
#[cfg(feature = "parquet")]
pub(super) fn element_sets(
    state: &ApiState,
    tenant: &TenantId,
    number: CatalogNumber,
    first: Page<ElementSet>,
) -> Result<Response, Problem> {
    let (store, tenant) = (std::sync::Arc::clone(&state.ports.store), tenant.clone());
    let next = move |last: &ElementSet| {
        let before = astroshield_domain::time::from_epoch(last.elements.epoch);
        let (store, tenant) = (std::sync::Arc::clone(&store), tenant.clone());
        async move { store.element_history(&tenant, number, before, ROWS).await }
    };
    let name = format!("element-sets-{number}");
    pieces::answer(state, &name, columns::ELEMENT_SETS, columns::of_element_sets, first, next)
}

#[cfg(feature = "parquet")]
mod columns;

/// Conjunctions of a query as a table.
#[cfg(not(feature = "parquet"))]
pub(super) fn conjunctions(
    _: &ApiState,
    _: &TenantId,
    _: ConjunctionQuery,
    _: Page<Conjunction>,
    _: fn(&Conjunction, &ConjunctionQuery) -> astroshield_domain::conjunction::ConjunctionCursor,
) -> Result<Response, Problem> {
    Err(Problem::not_in_this_build("parquet"))
}

/// The history of an object as a table.
#[cfg(not(feature = "parquet"))]
pub(super) fn element_sets(
    _: &ApiState,
    _: &TenantId,
    _: CatalogNumber,
    _: Page<ElementSet>,
) -> Result<Response, Problem> {
    Err(Problem::not_in_this_build("parquet"))
}
