//! `/stream/caller`: whom we take a client for that is to be let in by a gateway. What guards the gateway asks it, with what the
//! client came with.

use astroshield_domain::access::Scope;
use astroshield_domain::ids::TenantId;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::access::{Proof, Proven, Reader, require_same_origin};
use crate::answer;
use crate::problem::Problem;
use crate::state::ApiState;

/// Where it is asked.
pub const STREAM_CALLER: &str = "/api/v1/stream/caller";

/// Whom we take a client for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamCaller {
    /// On whose behalf.
    pub tenant: TenantId,
    /// Who.
    pub name: String,
    /// What they may do.
    pub scope: Scope,
    /// By what it is seen later whether that still holds. It opens nothing.
    pub proof: String,
}

pub(crate) async fn caller(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // As for a WebSocket of our own, which this stands for.
    if !headers.contains_key(header::AUTHORIZATION) {
        require_same_origin(&uri, &headers)?;
    }
    let proven = Proven { principal: caller.principal.clone(), proof: Proof::of(&state, &headers).await? };
    let proof = serde_json::to_string(&proven).map_err(Problem::internal)?;
    let (tenant, name, scope) = (caller.tenant.clone(), caller.name.clone(), caller.scope);
    answer::json(&StreamCaller { tenant, name, scope, proof })
}
