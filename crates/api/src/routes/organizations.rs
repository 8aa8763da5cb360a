//! `/organizations`: all that there are, for those who administer the installation: administrators of the organization `local`.

use astroshield_domain::access::Caller;
use astroshield_domain::ids::TenantId;
use astroshield_domain::organization::{self, Consent, NewMember, Organization, OrganizationError, Role};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::organization::close;
use crate::access::Admin;
use crate::answer::{self, List};
use crate::idempotency::Tried;
use crate::problem::Problem;
use crate::request::Json;
use crate::schema;
use crate::state::ApiState;

/// An organization, as the installation's administrators see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KnownOrganizationRow {
    /// Identity.
    tenant: String,
    /// Name.
    name: String,
    /// When it was made, UTC.
    #[schema(schema_with = schema::time)]
    created: Timestamp,
    /// Since when it is being removed, UTC: nobody gets in any more.
    #[schema(schema_with = schema::time_or_null)]
    closed: Option<Timestamp>,
}

impl From<Organization> for KnownOrganizationRow {
    fn from(organization: Organization) -> Self {
        let Organization { tenant, name, created, closed, .. } = organization;
        Self { tenant: tenant.to_string(), name, created, closed }
    }
}

/// Whoever administers the installation.
fn of_platform(caller: &Caller) -> Result<(), Problem> {
    if caller.tenant == TenantId::local() {
        return Ok(());
    }
    Err(Problem::forbidden("organizations are for the administrators of the organization `local`"))
}

fn tenant_of(text: &str) -> Result<TenantId, Problem> {
    TenantId::new(text).map_err(|error| Problem::unprocessable(error.to_string()).at("tenant"))
}

/// All organizations that are not erased, by identity.
#[utoipa::path(get, path = "/organizations", tag = "organizations",
    responses((status = 200, description = "Organizations", body = List<KnownOrganizationRow>)))]
pub(crate) async fn organizations(
    State(state): State<ApiState>,
    Admin(caller): Admin,
) -> Result<Response, Problem> {
    of_platform(&caller)?;
    let rows = state.organizations.list().await?;
    answer::json(&List {
        items: rows.into_iter().map(KnownOrganizationRow::from).collect(),
        next_cursor: None,
    })
}

/// An organization to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrganizationBody {
    /// Identity. It is not given to another organization, not even after this one is removed.
    #[schema(min_length = 1, max_length = 32, pattern = "^[a-z0-9-]+$")]
    tenant: String,
    /// Name.
    #[schema(schema_with = schema::name)]
    name: String,
    /// Address of its first administrator. Whoever signs in and has it, as the provider has verified, may accept the invitation.
    #[serde(default)]
    #[schema(max_length = 254, pattern = "^[!-?A-~]+@[!-?A-~]+$")]
    administrator: Option<String>,
}

/// Make an organization, and invite its first administrator.
#[utoipa::path(post, path = "/organizations", tag = "organizations", request_body = NewOrganizationBody,
    responses((status = 201, description = "Made", body = KnownOrganizationRow)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    tried: Tried,
    Json(body): Json<NewOrganizationBody>,
) -> Result<Response, Problem> {
    of_platform(&caller)?;
    let tenant = tenant_of(&body.tenant)?;
    // Before anything is made.
    let administrator = body.administrator.as_deref().map(organization::email).transpose();
    let administrator =
        administrator.map_err(|error| Problem::unprocessable(error.to_string()).at("administrator"))?;
    let made = match state.organizations.create(caller.by(), &tenant, &body.name).await {
        // By the attempt before, which was not answered.
        Err(OrganizationError::Store(_)) if tried.is_repeated() => state.organizations.find(&tenant).await?,
        made => made?,
    };
    if let Some(email) = administrator
        && state.organizations.members(&tenant).await?.is_empty()
    {
        let new = NewMember { account: None, email: Some(email), name: None, role: Role::Administrator };
        state.organizations.add(caller.by(), &tenant, None, new, Consent::Asked).await?;
    }
    answer::json_of(StatusCode::CREATED, &KnownOrganizationRow::from(made))
}

/// What is to be removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationRemovalBody {
    /// Identity.
    #[schema(min_length = 1, max_length = 32, pattern = "^[a-z0-9-]+$")]
    tenant: String,
    /// The same again, which confirms it.
    #[schema(max_length = 32)]
    confirm: String,
}

/// Remove an organization and everything that it has. Keys and sessions end at once; what is there is erased within minutes, and
/// nothing brings it back.
#[utoipa::path(post, path = "/organizations/removal", tag = "organizations", request_body = OrganizationRemovalBody,
    responses((status = 202, description = "Begun")))]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Json(body): Json<OrganizationRemovalBody>,
) -> Result<Response, Problem> {
    of_platform(&caller)?;
    close(&state, &caller, &tenant_of(&body.tenant)?, &body.confirm).await
}
