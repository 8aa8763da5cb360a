//! `/session/invitations`: organizations that would have somebody as a member, who may belong to none yet.

use astroshield_domain::ids::MemberId;
use astroshield_domain::organization::{Account, Invitation, Role};
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{self, Somebody};
use crate::answer::{self, List};
use crate::problem::Problem;
use crate::request::Id;
use crate::schema;
use crate::state::ApiState;

/// An organization that would have the person who asks as a member.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: MemberId,
    /// The organization.
    tenant: String,
    /// Its name.
    organization: String,
    /// What they may do there.
    #[schema(schema_with = schema::role)]
    role: Role,
    /// When they were invited, UTC.
    #[schema(schema_with = schema::time)]
    invited: Timestamp,
}

impl From<Invitation> for InvitationRow {
    fn from(invitation: Invitation) -> Self {
        let Invitation { id, tenant, organization, role, invited } = invitation;
        Self { id, tenant: tenant.to_string(), organization, role, invited }
    }
}

/// Your invitations: by who you are, and by your verified address. None for keys.
#[utoipa::path(get, path = "/session/invitations", tag = "session",
    responses((status = 200, description = "Invitations", body = List<InvitationRow>)))]
pub(crate) async fn invitations(
    State(state): State<ApiState>,
    Somebody(person): Somebody,
) -> Result<Response, Problem> {
    let rows = match &person {
        Some(person) => state.organizations.invitations(&person.identity).await?,
        None => Vec::new(),
    };
    answer::json(&List { items: rows.into_iter().map(InvitationRow::from).collect(), next_cursor: None })
}

/// Accept an invitation: you belong to the organization from now on. What you work in stays; `PUT /session` changes that.
#[utoipa::path(post, path = "/session/invitations/{id}", tag = "session",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "Accepted", body = InvitationRow)))]
pub(crate) async fn accept(
    State(state): State<ApiState>,
    Somebody(person): Somebody,
    Id(id): Id<MemberId>,
) -> Result<Response, Problem> {
    let person = person.ok_or_else(|| Problem::not_found("invitation", id))?;
    let accepted = state.organizations.accept(&person.identity, id).await?;
    access::forget_grants(&state, &Account::of(&person.identity)).await;
    answer::json(&InvitationRow::from(accepted))
}

/// Decline an invitation: it is gone.
#[utoipa::path(delete, path = "/session/invitations/{id}", tag = "session",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 204, description = "Declined")))]
pub(crate) async fn decline(
    State(state): State<ApiState>,
    Somebody(person): Somebody,
    Id(id): Id<MemberId>,
) -> Result<Response, Problem> {
    let person = person.ok_or_else(|| Problem::not_found("invitation", id))?;
    state.organizations.decline(&person.identity, id).await?;
    Ok(answer::no_content())
}
