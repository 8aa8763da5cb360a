//! The calls about organizations.

use astroshield_domain::access::AuditEntry;
use astroshield_domain::identity::Grant;
use astroshield_domain::ids::{MemberId, TenantId};
use astroshield_domain::organization::{Account, Invitation, Invitee, Member, Organization, Role};
use astroshield_domain::ports::{OrganizationStore, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;
use tracing::Instrument as _;

use super::super::{ThisStore, erasure, organizations};
use super::call;
use crate::sql::whose::Whose;

#[async_trait]
impl OrganizationStore for ThisStore {
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        read!(self, Whose::Everybody, connection, organizations::organizations(connection))
    }

    async fn organization(&self, tenant: &TenantId) -> Result<Option<Organization>, StoreError> {
        // Not of a reader, which may not know yet that it is closed.
        read!(self, Whose::Everybody, connection, organizations::organization(connection, tenant))
    }

    async fn add_organization(
        &self,
        organization: &Organization,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            organizations::add_organization(connection, organization, audit)
        )
    }

    async fn rename_organization(
        &self,
        organization: &Organization,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            organizations::rename_organization(connection, organization, audit)
        )
    }

    async fn close_organization(
        &self,
        tenant: &TenantId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            organizations::close_organization(connection, tenant, at, audit)
        )
    }

    async fn erase(&self, tenant: &TenantId, limit: u32) -> Result<u64, StoreError> {
        write!(self, Whose::Everybody, connection, erasure::erase(connection, tenant, limit))
    }

    async fn put_erased(&self, tenant: &TenantId, at: Timestamp) -> Result<(), StoreError> {
        write!(self, Whose::Everybody, connection, organizations::put_erased(connection, tenant, at))
    }

    async fn members(&self, tenant: &TenantId) -> Result<Vec<Member>, StoreError> {
        read!(self, tenant, connection, organizations::members(connection, tenant))
    }

    async fn add_member(&self, member: &Member, audit: &AuditEntry) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(&member.tenant, audit),
            connection,
            organizations::add_member(connection, member, audit)
        )
    }

    async fn change_role(
        &self,
        tenant: &TenantId,
        id: MemberId,
        role: Role,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            organizations::change_role(connection, tenant, id, role, audit)
        )
    }

    async fn remove_member(
        &self,
        tenant: &TenantId,
        id: MemberId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            organizations::remove_member(connection, tenant, id, audit)
        )
    }

    async fn memberships(&self, account: &Account) -> Result<Vec<Grant>, StoreError> {
        read!(self, Whose::Everybody, connection, organizations::memberships(connection, account))
    }

    async fn invitations(&self, invitee: &Invitee) -> Result<Vec<Invitation>, StoreError> {
        read!(self, Whose::Everybody, connection, organizations::invitations(connection, invitee))
    }

    async fn accept_invitation(
        &self,
        invitee: &Invitee,
        tenant: &TenantId,
        id: MemberId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            organizations::accept_invitation(connection, invitee, tenant, id, audit)
        )
    }

    async fn decline_invitation(
        &self,
        invitee: &Invitee,
        tenant: &TenantId,
        id: MemberId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            organizations::decline_invitation(connection, invitee, tenant, id, audit)
        )
    }

    async fn keep_address(&self, account: &Account, email: &str) -> Result<(), StoreError> {
        write!(self, Whose::Everybody, connection, organizations::keep_address(connection, account, email))
    }

    async fn accounts(&self) -> Result<Vec<Member>, StoreError> {
        read!(self, Whose::Everybody, connection, organizations::accounts(connection))
    }

    async fn invite_again(
        &self,
        tenant: &TenantId,
        id: MemberId,
        issuer: &str,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::of(tenant, audit),
            connection,
            organizations::invite_again(connection, tenant, id, issuer, audit)
        )
    }

    async fn chosen_organization(&self, account: &Account) -> Result<Option<TenantId>, StoreError> {
        read!(self, Whose::Everybody, connection, organizations::chosen_organization(connection, account))
    }

    async fn choose_organization(
        &self,
        account: &Account,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            organizations::choose_organization(connection, account, tenant, at)
        )
    }
}
