//! `/organization` and `/members`: the caller's organization, who belongs to it, and all that it has.

use astroshield_domain::access::Caller;
use astroshield_domain::data_exports::DataExport;
use astroshield_domain::ids::{DataExportId, MemberId, TenantId};
use astroshield_domain::kept_files::FileState;
use astroshield_domain::organization::{
    Account, Consent, Member, NewMember, Organization, OrganizationError, Role,
};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::uploads::kept;
use crate::access::{self, Admin, Reader, Writer};
use crate::answer::{self, List};
use crate::idempotency::Tried;
use crate::problem::Problem;
use crate::request::{Id, Json};
use crate::schema;
use crate::state::ApiState;

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrganizationRow {
    /// Identity.
    tenant: String,
    /// Name.
    name: String,
    /// When it was made, UTC.
    #[schema(schema_with = schema::time)]
    created: Timestamp,
}

impl From<Organization> for OrganizationRow {
    fn from(organization: Organization) -> Self {
        let Organization { tenant, name, created, .. } = organization;
        Self { tenant: tenant.to_string(), name, created }
    }
}

impl From<OrganizationError> for Problem {
    fn from(error: OrganizationError) -> Self {
        match error {
            OrganizationError::Invalid { field, reason } => Self::unprocessable(reason).at(field),
            OrganizationError::NotFound { tenant } => Self::not_found("organization", tenant),
            OrganizationError::NotInvited { id } => Self::not_found("invitation", id),
            OrganizationError::NotConfirmed { .. } => Self::unprocessable(error.to_string()).at("confirm"),
            OrganizationError::Stays { .. } => Self::conflict(error.to_string()),
            OrganizationError::Store(error) => error.into(),
        }
    }
}

/// The caller's organization.
#[utoipa::path(get, path = "/organization", tag = "organization",
    responses((status = 200, description = "The organization", body = OrganizationRow)))]
pub(crate) async fn organization(
    State(state): State<ApiState>,
    Reader(caller): Reader,
) -> Result<Response, Problem> {
    answer::json(&OrganizationRow::from(state.organizations.find(&caller.tenant).await?))
}

/// Another name for the organization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationBody {
    /// Name.
    #[schema(schema_with = schema::name)]
    name: String,
}

/// Give the organization another name.
#[utoipa::path(put, path = "/organization", tag = "organization", request_body = OrganizationBody,
    responses((status = 200, description = "Renamed", body = OrganizationRow)))]
pub(crate) async fn rename(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Json(body): Json<OrganizationBody>,
) -> Result<Response, Problem> {
    answer::json(&OrganizationRow::from(state.organizations.rename(&caller, &body.name).await?))
}

/// What confirms a removal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemovalBody {
    /// The identity of the organization: `tenant`.
    #[schema(max_length = 32)]
    confirm: String,
}

/// Remove the organization and everything that it has. Keys and sessions end at once; what is there is erased within minutes, and
/// nothing brings it back.
#[utoipa::path(post, path = "/organization/removal", tag = "organization", request_body = RemovalBody,
    responses((status = 202, description = "Begun")))]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Json(body): Json<RemovalBody>,
) -> Result<Response, Problem> {
    close(&state, &caller, &caller.tenant, &body.confirm).await
}

/// Begins to remove an organization: who was let in by what is remembered of it, is not any more.
pub(super) async fn close(
    state: &ApiState,
    caller: &Caller,
    tenant: &TenantId,
    confirmation: &str,
) -> Result<Response, Problem> {
    let keys = state.ports.store.api_keys(tenant).await?;
    let members = state.organizations.members(tenant).await?;
    state.organizations.close(caller.by(), tenant, confirmation).await?;
    for key in &keys {
        access::forget_key(state, &key.hash).await;
    }
    for account in members.iter().filter_map(|member| member.account.as_ref()) {
        access::forget_grants(state, account).await;
    }
    let mut response = answer::no_content();
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// Somebody who belongs to the organization, or is invited to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: MemberId,
    /// What they may do.
    #[schema(schema_with = schema::role)]
    role: Role,
    /// Whether they have not accepted the invitation yet: until then they may do nothing.
    invited: bool,
    /// The identity provider that vouches for them.
    issuer: Option<String>,
    /// Who they are there.
    subject: Option<String>,
    /// Address.
    email: Option<String>,
    /// Name.
    name: Option<String>,
    /// When they were added or invited, UTC.
    #[schema(schema_with = schema::time)]
    added: Timestamp,
}

impl From<Member> for MemberRow {
    fn from(member: Member) -> Self {
        let (issuer, subject) = member.account.map(|Account { issuer, subject }| (issuer, subject)).unzip();
        let Member { id, role, email, name, pending, added, .. } = member;
        Self { id, role, invited: pending, issuer, subject, email, name, added }
    }
}

/// Members and invitations.
#[utoipa::path(get, path = "/members", tag = "organization",
    responses((status = 200, description = "Members", body = List<MemberRow>)))]
pub(crate) async fn members(
    State(state): State<ApiState>,
    Admin(caller): Admin,
) -> Result<Response, Problem> {
    let rows = state.organizations.members(&caller.tenant).await?;
    answer::json(&List { items: rows.into_iter().map(MemberRow::from).collect(), next_cursor: None })
}

/// Somebody of the organization, by name alone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberNameRow {
    /// Name.
    name: String,
}

/// Names of members, for whoever assigns a conjunction to one. Who has no name is not among them, nor who has not accepted yet.
#[utoipa::path(get, path = "/members/names", tag = "organization",
    responses((status = 200, description = "Names, in their order", body = List<MemberNameRow>)))]
pub(crate) async fn member_names(
    State(state): State<ApiState>,
    Writer(caller): Writer,
) -> Result<Response, Problem> {
    let members = state.organizations.members(&caller.tenant).await?.into_iter();
    let mut names: Vec<String> =
        members.filter(|member| !member.pending).filter_map(|member| member.name).collect();
    names.sort_unstable();
    names.dedup();
    answer::json(&List {
        items: names.into_iter().map(|name| MemberNameRow { name }).collect(),
        next_cursor: None,
    })
}

/// Somebody to invite: by issuer and subject, or by an address that is invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberBody {
    /// What they may do.
    #[schema(schema_with = schema::role)]
    role: Role,
    /// The identity provider that vouches for them, by its issuer identifier.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 300, pattern = "^[!-~]+$")]
    issuer: Option<String>,
    /// Who they are there.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 300, pattern = "^[ -~]+$")]
    subject: Option<String>,
    /// Address. Whoever signs in and has it, as the provider has verified, may accept the invitation.
    #[serde(default)]
    #[schema(max_length = 254, pattern = "^[!-?A-~]+@[!-?A-~]+$")]
    email: Option<String>,
    /// Name.
    #[serde(default)]
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: Option<String>,
}

/// Invite somebody. They are a member once they accept: `POST /session/invitations/{id}`.
#[utoipa::path(post, path = "/members", tag = "organization", request_body = MemberBody,
    responses((status = 201, description = "Invited", body = MemberRow)))]
pub(crate) async fn add(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    tried: Tried,
    Json(body): Json<MemberBody>,
) -> Result<Response, Problem> {
    let id = tried.id(|attempt| Some(MemberId::of_attempt(attempt)), || None);
    if tried.is_repeated()
        && let Some(made) = found(&state, &caller, id).await?
    {
        return answer::json_of(StatusCode::CREATED, &MemberRow::from(made));
    }
    let account = match (body.issuer, body.subject) {
        (None, None) => None,
        (Some(issuer), Some(subject)) if is_plain(&issuer) && is_plain(&subject) => {
            Some(Account { issuer, subject })
        }
        _ => {
            let detail = "issuer and subject belong together, and have 1 to 300 characters of ASCII";
            return Err(Problem::unprocessable(detail).at("subject"));
        }
    };
    let new = NewMember { account, email: body.email, name: body.name, role: body.role };
    let member = state.organizations.add(caller.by(), &caller.tenant, id, new, Consent::Asked).await?;
    if let Some(account) = &member.account {
        access::forget_grants(&state, account).await;
    }
    answer::json_of(StatusCode::CREATED, &MemberRow::from(member))
}

fn is_plain(text: &str) -> bool {
    (1..=300).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

async fn found(state: &ApiState, caller: &Caller, id: Option<MemberId>) -> Result<Option<Member>, Problem> {
    let members = state.organizations.members(&caller.tenant).await?;
    Ok(members.into_iter().find(|member| Some(member.id) == id))
}

/// Another role for a member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleBody {
    /// What they may do.
    #[schema(schema_with = schema::role)]
    role: Role,
}

/// Give a member another role. It counts within seconds. The last administrator stays one.
#[utoipa::path(put, path = "/members/{id}", tag = "organization", request_body = RoleBody,
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "Changed", body = MemberRow)))]
pub(crate) async fn change_role(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Id(id): Id<MemberId>,
    Json(body): Json<RoleBody>,
) -> Result<Response, Problem> {
    let member = found(&state, &caller, Some(id)).await?.ok_or_else(|| Problem::not_found("member", id))?;
    state.organizations.change_role(caller.by(), &caller.tenant, id, body.role).await?;
    if let Some(account) = &member.account {
        access::forget_grants(&state, account).await;
    }
    answer::json(&MemberRow::from(Member { role: body.role, ..member }))
}

/// Remove a member or an invitation. It counts within seconds. The last administrator stays.
#[utoipa::path(delete, path = "/members/{id}", tag = "organization",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 204, description = "Removed")))]
pub(crate) async fn remove_member(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    tried: Tried,
    Id(id): Id<MemberId>,
) -> Result<Response, Problem> {
    let member = found(&state, &caller, Some(id)).await?;
    let removed = state.organizations.remove(caller.by(), &caller.tenant, id).await;
    if let Some(account) = member.as_ref().and_then(|member| member.account.as_ref()) {
        access::forget_grants(&state, account).await;
    }
    tried.removed(removed)
}

/// An export of everything that the organization has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DataExportRow {
    /// Identity.
    #[schema(schema_with = schema::id)]
    id: DataExportId,
    /// How far it is.
    #[schema(schema_with = schema::backup_state)]
    state: FileState,
    /// Who asked for it.
    by: String,
    /// When it was begun, UTC.
    #[schema(schema_with = schema::time)]
    started: Timestamp,
    /// When it ended, UTC.
    #[schema(schema_with = schema::time_or_null)]
    finished: Option<Timestamp>,
    /// Rows in it.
    rows: u64,
    /// Files in it, as they were received.
    blobs: u64,
    /// Its size, in bytes.
    size_bytes: u64,
    /// Why it failed.
    problem: Option<String>,
}

impl From<DataExport> for DataExportRow {
    fn from(export: DataExport) -> Self {
        Self {
            id: export.id,
            state: export.state,
            by: export.by,
            started: export.started,
            finished: export.finished,
            rows: export.rows,
            blobs: export.blobs,
            size_bytes: export.bytes,
            problem: export.problem,
        }
    }
}

fn place_of(id: DataExportId) -> Result<HeaderValue, Problem> {
    HeaderValue::try_from(format!("{}/organization/exports/{id}", crate::BASE)).map_err(Problem::internal)
}

/// Exports, the newest first.
#[utoipa::path(get, path = "/organization/exports", tag = "organization",
    responses((status = 200, description = "Exports", body = List<DataExportRow>)))]
pub(crate) async fn exports(
    State(state): State<ApiState>,
    Admin(caller): Admin,
) -> Result<Response, Problem> {
    let rows = state.use_cases.data_exports.list(&caller).await?;
    answer::json(&List { items: rows.into_iter().map(DataExportRow::from).collect(), next_cursor: None })
}

/// Export everything that the organization has: tables, and files as they were received. It goes on in the background: ask for it
/// until it is `completed`.
#[utoipa::path(post, path = "/organization/exports", tag = "organization",
    responses((status = 202, description = "Begun", body = DataExportRow)))]
pub(crate) async fn export(State(state): State<ApiState>, Admin(caller): Admin) -> Result<Response, Problem> {
    let export = state.use_cases.data_exports.start(&caller).await?;
    let place = place_of(export.id)?;
    let mut response = answer::json_of(StatusCode::ACCEPTED, &DataExportRow::from(export))?;
    response.headers_mut().insert(header::LOCATION, place);
    Ok(response)
}

/// One export.
#[utoipa::path(get, path = "/organization/exports/{id}", tag = "organization",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The export", body = DataExportRow)))]
pub(crate) async fn one_export(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Id(id): Id<DataExportId>,
) -> Result<Response, Problem> {
    answer::json(&DataExportRow::from(state.use_cases.data_exports.find(&caller, id).await?))
}

/// The file of an export: `.tar.gz`.
#[utoipa::path(get, path = "/organization/exports/{id}/file", tag = "organization",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 200, description = "The file", content((Vec<u8> = "application/octet-stream"))),
        (status = 307, description = "The file is at the address in `Location`, for some minutes")))]
pub(crate) async fn export_file(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    Id(id): Id<DataExportId>,
) -> Result<Response, Problem> {
    let blob = state.use_cases.data_exports.read(&caller, id).await?;
    kept(&state, &blob, &format!("astroshield-{}-{id}.tar.gz", caller.tenant)).await
}

/// Remove an export.
#[utoipa::path(delete, path = "/organization/exports/{id}", tag = "organization",
    params(("id" = uuid::Uuid, Path, description = "Identity")),
    responses((status = 204, description = "Removed")))]
pub(crate) async fn remove_export(
    State(state): State<ApiState>,
    Admin(caller): Admin,
    tried: Tried,
    Id(id): Id<DataExportId>,
) -> Result<Response, Problem> {
    tried.removed(state.use_cases.data_exports.remove(&caller, id).await)
}

/// An organization that the caller may work in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionOrganization {
    /// Identity.
    tenant: String,
    /// What the caller may do there.
    #[schema(schema_with = schema::scope)]
    scope: astroshield_domain::access::Scope,
    /// Whether it is the one of this session.
    active: bool,
}

/// The organizations that the caller may work in.
#[utoipa::path(get, path = "/session/organizations", tag = "session",
    responses((status = 200, description = "Organizations", body = List<SessionOrganization>)))]
pub(crate) async fn of_session(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    headers: axum::http::HeaderMap,
) -> Result<Response, Problem> {
    let grants = access::grants_of_session(&state, &headers).await?.unwrap_or_else(|| {
        vec![astroshield_domain::identity::Grant { tenant: caller.tenant.clone(), scope: caller.scope }]
    });
    let items = grants
        .into_iter()
        .map(|grant| SessionOrganization {
            active: grant.tenant == caller.tenant,
            tenant: grant.tenant.to_string(),
            scope: grant.scope,
        })
        .collect();
    answer::json(&List { items, next_cursor: None })
}

/// The organization to work in from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwitchBody {
    /// Identity of one of the organizations of the session.
    #[schema(value_type = String, min_length = 1, max_length = 32, pattern = "^[a-z0-9-]+$")]
    tenant: TenantId,
}

/// Work in another organization from now on, with this session.
#[utoipa::path(put, path = "/session", tag = "session", request_body = SwitchBody,
    responses((status = 200, description = "Who", body = super::session::SignedIn)))]
pub(crate) async fn switch(
    State(state): State<ApiState>,
    Reader(_caller): Reader,
    headers: axum::http::HeaderMap,
    Json(body): Json<SwitchBody>,
) -> Result<Response, Problem> {
    let caller = access::switch(&state, &headers, body.tenant).await?;
    let audit = super::audit_entry(&caller, state.now(), "session.switch", &caller.name);
    state.ports.store.add_audit(&audit).await?;
    answer::json(&super::session::SignedIn::from(&caller))
}
