//! Organizations and their members.

use astroshield_domain::access::AuditEntry;
use astroshield_domain::identity::Grant;
use astroshield_domain::ids::{MemberId, TenantId};
use astroshield_domain::organization::{Account, Invitation, Invitee, Member, Organization, Role};
use jiff::Timestamp;
use sqlx::Row as _;

use super::access::add_audit;
use super::{Connection, Failure, Outcome, Row, all, lock};
use crate::sql::values::{Word, microseconds, tenant, time};

pub(super) async fn organizations(connection: &mut Connection) -> Outcome<Vec<Organization>> {
    let rows = sqlx::query("SELECT * FROM organizations ORDER BY tenant").fetch_all(connection).await?;
    all(&rows, organization_of)
}

pub(super) async fn organization(
    connection: &mut Connection,
    tenant: &TenantId,
) -> Outcome<Option<Organization>> {
    let row = sqlx::query("SELECT * FROM organizations WHERE tenant = $1")
        .bind(tenant.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(organization_of).transpose()
}

fn organization_of(row: &Row) -> Outcome<Organization> {
    let at = |column| row.try_get::<Option<i64>, _>(column)?.map(time).transpose();
    Ok(Organization {
        tenant: tenant(row.try_get("tenant")?)?,
        name: row.try_get("name")?,
        created: time(row.try_get("created")?)?,
        closed: at("closed")?,
        erased: at("erased")?,
    })
}

pub(super) async fn add_organization(
    connection: &mut Connection,
    organization: &Organization,
    audit: &AuditEntry,
) -> Outcome<()> {
    let added = sqlx::query(
        "INSERT INTO organizations (tenant, name, created) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(organization.tenant.as_str())
    .bind(organization.name.as_str())
    .bind(microseconds(organization.created))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if added == 0 {
        return Err(Failure::conflict(format!("there is or was an organization {}", organization.tenant)));
    }
    add_audit(connection, audit).await
}

pub(super) async fn rename_organization(
    connection: &mut Connection,
    organization: &Organization,
    audit: &AuditEntry,
) -> Outcome<()> {
    let renamed = sqlx::query(
        "INSERT INTO organizations (tenant, name, created) VALUES ($1, $2, $3) \
         ON CONFLICT (tenant) DO UPDATE SET name = excluded.name WHERE organizations.closed IS NULL",
    )
    .bind(organization.tenant.as_str())
    .bind(organization.name.as_str())
    .bind(microseconds(organization.created))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if renamed == 0 {
        return Err(Failure::not_found("organization", &organization.tenant));
    }
    add_audit(connection, audit).await
}

pub(super) async fn close_organization(
    connection: &mut Connection,
    tenant: &TenantId,
    at: Timestamp,
    audit: &AuditEntry,
) -> Outcome<()> {
    let closed = sqlx::query("UPDATE organizations SET closed = $2 WHERE tenant = $1 AND closed IS NULL")
        .bind(tenant.as_str())
        .bind(microseconds(at))
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if closed == 0 {
        return Err(match organization(connection, tenant).await? {
            Some(_) => Failure::conflict(format!("organization {tenant} is being removed already")),
            None => Failure::not_found("organization", tenant),
        });
    }
    sqlx::query("UPDATE api_keys SET revoked = coalesce(revoked, $2) WHERE tenant = $1")
        .bind(tenant.as_str())
        .bind(microseconds(at))
        .execute(&mut *connection)
        .await?;
    add_audit(connection, audit).await
}

pub(super) async fn put_erased(connection: &mut Connection, tenant: &TenantId, at: Timestamp) -> Outcome<()> {
    sqlx::query(
        "UPDATE organizations SET name = '', erased = coalesce(erased, $2) \
         WHERE tenant = $1 AND closed IS NOT NULL",
    )
    .bind(tenant.as_str())
    .bind(microseconds(at))
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn members(connection: &mut Connection, tenant: &TenantId) -> Outcome<Vec<Member>> {
    let rows = sqlx::query("SELECT * FROM members WHERE tenant = $1 ORDER BY added, id")
        .bind(tenant.as_str())
        .fetch_all(connection)
        .await?;
    all(&rows, member_of)
}

fn member_of(row: &Row) -> Outcome<Member> {
    let (issuer, subject): (Option<String>, Option<String>) =
        (row.try_get("issuer")?, row.try_get("subject")?);
    Ok(Member {
        id: MemberId(row.try_get("id")?),
        tenant: tenant(row.try_get("tenant")?)?,
        // Invitations of the release before are known by that nobody has accepted them.
        pending: issuer.is_none() || row.try_get::<Option<i64>, _>("offered")?.is_some(),
        account: issuer.zip(subject).map(|(issuer, subject)| Account { issuer, subject }),
        email: row.try_get("email")?,
        name: row.try_get("name")?,
        role: Role::of_word(row.try_get("role")?)?,
        added: time(row.try_get("added")?)?,
    })
}

pub(super) async fn add_member(
    connection: &mut Connection,
    member: &Member,
    audit: &AuditEntry,
) -> Outcome<()> {
    let (issuer, subject) =
        member.account.as_ref().map(|account| (account.issuer.as_str(), account.subject.as_str())).unzip();
    let added = sqlx::query(
        "INSERT INTO members (tenant, id, issuer, subject, email, name, role, added, offered) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
    )
    .bind(member.tenant.as_str())
    .bind(member.id.0)
    .bind(issuer)
    .bind(subject)
    .bind(member.email.as_deref())
    .bind(member.name.as_deref())
    .bind(member.role.word())
    .bind(microseconds(member.added))
    .bind(member.pending.then(|| microseconds(member.added)))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if added == 0 {
        let whose = member.email.as_deref().or(subject).unwrap_or_default();
        return Err(Failure::conflict(format!("{whose:?} is a member or invited already")));
    }
    add_audit(connection, audit).await
}

/// Refuses what leaves members and nobody among them who administers. An invitation administers nothing yet.
async fn keep_an_administrator(connection: &mut Connection, tenant: &TenantId, had: i64) -> Outcome<()> {
    if had > 0 && administrators(connection, tenant).await? == 0 {
        return Err(Failure::conflict("the last administrator of an organization stays one"));
    }
    Ok(())
}

async fn administrators(connection: &mut Connection, tenant: &TenantId) -> Outcome<i64> {
    let count = sqlx::query_scalar(
        "SELECT count(*) FROM members \
         WHERE tenant = $1 AND role = $2 AND issuer IS NOT NULL AND offered IS NULL",
    )
    .bind(tenant.as_str())
    .bind(Role::Administrator.word())
    .fetch_one(connection)
    .await?;
    Ok(count)
}

/// Two administrators who remove each other at once follow one another.
async fn lock_members(connection: &mut Connection, tenant: &TenantId) -> Outcome<()> {
    lock(connection, &format!("members/{tenant}")).await
}

pub(super) async fn change_role(
    connection: &mut Connection,
    tenant: &TenantId,
    id: MemberId,
    role: Role,
    audit: &AuditEntry,
) -> Outcome<()> {
    lock_members(connection, tenant).await?;
    let had = administrators(connection, tenant).await?;
    let changed = sqlx::query("UPDATE members SET role = $3 WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.0)
        .bind(role.word())
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if changed == 0 {
        return Err(Failure::not_found("member", &id));
    }
    keep_an_administrator(connection, tenant, had).await?;
    add_audit(connection, audit).await
}

pub(super) async fn remove_member(
    connection: &mut Connection,
    tenant: &TenantId,
    id: MemberId,
    audit: &AuditEntry,
) -> Outcome<()> {
    lock_members(connection, tenant).await?;
    let had = administrators(connection, tenant).await?;
    let removed = sqlx::query("DELETE FROM members WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.0)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if removed == 0 {
        return Err(Failure::not_found("member", &id));
    }
    keep_an_administrator(connection, tenant, had).await?;
    add_audit(connection, audit).await
}

/// Where the organization of a member is open; that of the platform is, without a row.
const IS_OPEN: &str = "NOT EXISTS (SELECT 1 FROM organizations o WHERE o.tenant = m.tenant AND o.closed IS NOT NULL) \
     AND (m.tenant = 'local' OR EXISTS (SELECT 1 FROM organizations o WHERE o.tenant = m.tenant))";

pub(super) async fn memberships(connection: &mut Connection, account: &Account) -> Outcome<Vec<Grant>> {
    let statement = format!(
        "SELECT m.tenant, m.role FROM members m \
         WHERE m.issuer = $1 AND m.subject = $2 AND m.offered IS NULL AND {IS_OPEN} ORDER BY m.tenant"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(account.issuer.as_str())
        .bind(account.subject.as_str())
        .fetch_all(connection)
        .await?;
    all(&rows, |row| {
        Ok(Grant {
            tenant: tenant(row.try_get("tenant")?)?,
            scope: Role::of_word(row.try_get("role")?)?.scope(),
        })
    })
}

/// Invitations of an account ($1, $2), or to an address ($3).
const INVITED: &str =
    "(m.issuer = $1 AND m.subject = $2 AND m.offered IS NOT NULL OR m.issuer IS NULL AND m.email = $3)";

pub(super) async fn invitations(
    connection: &mut Connection,
    Invitee { account, email, .. }: &Invitee,
) -> Outcome<Vec<Invitation>> {
    let statement = format!(
        "SELECT m.tenant, m.id, m.role, m.added, o.name FROM members m \
         LEFT JOIN organizations o ON o.tenant = m.tenant WHERE {INVITED} AND {IS_OPEN} ORDER BY m.tenant, m.id"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(account.issuer.as_str())
        .bind(account.subject.as_str())
        .bind(email.as_deref())
        .fetch_all(connection)
        .await?;
    all(&rows, |row| {
        let name: Option<String> = row.try_get("name")?;
        Ok(Invitation {
            id: MemberId(row.try_get("id")?),
            tenant: tenant(row.try_get("tenant")?)?,
            organization: name.unwrap_or_else(|| Organization::local().name),
            role: Role::of_word(row.try_get("role")?)?,
            invited: time(row.try_get("added")?)?,
        })
    })
}

pub(super) async fn accept_invitation(
    connection: &mut Connection,
    invitee: &Invitee,
    tenant: &TenantId,
    id: MemberId,
    audit: &AuditEntry,
) -> Outcome<()> {
    lock_members(connection, tenant).await?;
    let open = invitations(connection, invitee).await?;
    let invitation = open.into_iter().find(|invitation| invitation.tenant == *tenant && invitation.id == id);
    let invitation = invitation.ok_or_else(|| Failure::not_found("invitation", &id))?;
    let Invitee { account: Account { issuer, subject }, email, name } = invitee;
    // One account is one member: the invitation becomes it, with the greatest role of all that are theirs.
    let others = sqlx::query(
        "DELETE FROM members WHERE tenant = $1 AND id <> $2 AND (issuer = $3 AND subject = $4 \
         OR issuer IS NULL AND email = $5) RETURNING *",
    )
    .bind(tenant.as_str())
    .bind(id.0)
    .bind(issuer.as_str())
    .bind(subject.as_str())
    .bind(email.as_deref())
    .fetch_all(&mut *connection)
    .await?;
    let others = all(&others, member_of)?;
    let role = others.iter().map(|other| other.role).fold(invitation.role, Role::max);
    sqlx::query(
        "UPDATE members SET issuer = $3, subject = $4, name = coalesce($5, name), role = $6, offered = NULL, \
         email = coalesce($7, email) WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(id.0)
    .bind(issuer.as_str())
    .bind(subject.as_str())
    .bind(name.as_deref())
    .bind(role.word())
    .bind(email.as_deref())
    .execute(&mut *connection)
    .await?;
    add_audit(connection, audit).await?;
    // What it makes of somebody who was a member already is told as any change of a role is.
    if others.iter().any(|other| !other.pending && other.role != role) {
        let changed = AuditEntry { action: format!("member.{}", role.name()), ..audit.clone() };
        add_audit(connection, &changed).await?;
    }
    Ok(())
}

pub(super) async fn decline_invitation(
    connection: &mut Connection,
    Invitee { account, email, .. }: &Invitee,
    tenant: &TenantId,
    id: MemberId,
    audit: &AuditEntry,
) -> Outcome<()> {
    let statement =
        format!("DELETE FROM members AS m WHERE m.tenant = $4 AND m.id = $5 AND {INVITED} AND {IS_OPEN}");
    let declined = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(account.issuer.as_str())
        .bind(account.subject.as_str())
        .bind(email.as_deref())
        .bind(tenant.as_str())
        .bind(id.0)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if declined == 0 {
        return Err(Failure::not_found("invitation", &id));
    }
    add_audit(connection, audit).await
}

pub(super) async fn keep_address(connection: &mut Connection, account: &Account, email: &str) -> Outcome<()> {
    // Who has not accepted yet tells an organization nothing.
    sqlx::query(
        "UPDATE members SET email = $3 \
         WHERE issuer = $1 AND subject = $2 AND offered IS NULL AND (email IS NULL OR email <> $3)",
    )
    .bind(account.issuer.as_str())
    .bind(account.subject.as_str())
    .bind(email)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn accounts(connection: &mut Connection) -> Outcome<Vec<Member>> {
    let statement = format!(
        "SELECT m.* FROM members m WHERE m.issuer IS NOT NULL AND {IS_OPEN} ORDER BY m.tenant, m.added, m.id"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(connection).await?;
    all(&rows, member_of)
}

pub(super) async fn invite_again(
    connection: &mut Connection,
    tenant: &TenantId,
    id: MemberId,
    issuer: &str,
    audit: &AuditEntry,
) -> Outcome<()> {
    lock_members(connection, tenant).await?;
    let row = sqlx::query("SELECT * FROM members WHERE tenant = $1 AND id = $2 AND issuer = $3")
        .bind(tenant.as_str())
        .bind(id.0)
        .bind(issuer)
        .fetch_optional(&mut *connection)
        .await?;
    let member = row.as_ref().map(member_of).transpose()?;
    let Some((role, email)) = member.and_then(|member| Some((member.role, member.email?))) else {
        return Err(Failure::not_found("member with an address", &id));
    };
    // An address is invited once.
    let others =
        sqlx::query("DELETE FROM members WHERE tenant = $1 AND issuer IS NULL AND email = $2 RETURNING *")
            .bind(tenant.as_str())
            .bind(email.as_str())
            .fetch_all(&mut *connection)
            .await?;
    let others = all(&others, member_of)?;
    let role = others.iter().map(|other| other.role).fold(role, Role::max);
    sqlx::query(
        "UPDATE members SET issuer = NULL, subject = NULL, role = $3, offered = $4 WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(id.0)
    .bind(role.word())
    .bind(microseconds(audit.at))
    .execute(&mut *connection)
    .await?;
    add_audit(connection, audit).await
}

pub(super) async fn chosen_organization(
    connection: &mut Connection,
    account: &Account,
) -> Outcome<Option<TenantId>> {
    let chosen: Option<String> = sqlx::query_scalar(
        "SELECT tenant FROM chosen_organizations WHERE issuer = $1 AND subject = $2 \
         ORDER BY chosen DESC, tenant LIMIT 1",
    )
    .bind(account.issuer.as_str())
    .bind(account.subject.as_str())
    .fetch_optional(connection)
    .await?;
    chosen.map(tenant).transpose()
}

pub(super) async fn choose_organization(
    connection: &mut Connection,
    account: &Account,
    tenant: &TenantId,
    at: Timestamp,
) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO chosen_organizations (issuer, subject, tenant, chosen) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (issuer, subject, tenant) DO UPDATE SET chosen = excluded.chosen",
    )
    .bind(account.issuer.as_str())
    .bind(account.subject.as_str())
    .bind(tenant.as_str())
    .bind(microseconds(at))
    .execute(connection)
    .await?;
    Ok(())
}
