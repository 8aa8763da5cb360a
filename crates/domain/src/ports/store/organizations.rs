//! The part of the store about organizations.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::access::AuditEntry;
use crate::identity::Grant;
use crate::ids::{MemberId, TenantId};
use crate::organization::{Account, Invitation, Invitee, Member, Organization, Role};

/// Organizations, their members and invitations; as [`Store`](super::Store), of which it is a part.
#[async_trait]
pub trait OrganizationStore: Send + Sync + 'static {
    /// Organizations, by identity; those that are being removed and what is left of those that were, too.
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;

    /// One organization.
    async fn organization(&self, tenant: &TenantId) -> Result<Option<Organization>, StoreError>;

    /// Makes an organization. A conflict if there is or was one of this identity.
    async fn add_organization(
        &self,
        organization: &Organization,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Gives an organization another name. That of the platform may not have been made yet, and is then.
    async fn rename_organization(
        &self,
        organization: &Organization,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Lets nobody into an organization any more: it is closed, and its keys are revoked. A conflict if it is closed.
    async fn close_organization(
        &self,
        tenant: &TenantId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Erases some of a closed organization's rows, in every table that has a tenant's: about so many. Returns how many went;
    /// 0 when nothing is left but the organization. A conflict if it is open.
    async fn erase(&self, tenant: &TenantId, limit: u32) -> Result<u64, StoreError>;

    /// Notes that nothing is left of a closed organization: its name goes, too, and what was told the first time stays.
    async fn put_erased(&self, tenant: &TenantId, at: Timestamp) -> Result<(), StoreError>;

    /// Members and invitations of an organization, by when they were added.
    async fn members(&self, tenant: &TenantId) -> Result<Vec<Member>, StoreError>;

    /// Adds a member or an invitation. A conflict if the account or the address has one.
    async fn add_member(&self, member: &Member, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Gives a member another role. A conflict if it was the last administrator.
    async fn change_role(
        &self,
        tenant: &TenantId,
        id: MemberId,
        role: Role,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Removes a member or an invitation. A conflict if it was the last administrator.
    async fn remove_member(
        &self,
        tenant: &TenantId,
        id: MemberId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// What an account may do by its memberships in organizations that are open, by their identity.
    async fn memberships(&self, account: &Account) -> Result<Vec<Grant>, StoreError>;

    /// Invitations of somebody, by account and by address, to organizations that are open, by their identity.
    async fn invitations(&self, invitee: &Invitee) -> Result<Vec<Invitation>, StoreError>;

    /// Makes an invitation a membership, with the verified address if there is one. Where the account has another one in the
    /// organization, invitation or membership, both become one, with the greater role. Not found if somebody else is invited, or
    /// it was accepted.
    async fn accept_invitation(
        &self,
        invitee: &Invitee,
        tenant: &TenantId,
        id: MemberId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Removes an invitation. Not found if somebody else is invited, or it was accepted.
    async fn decline_invitation(
        &self,
        invitee: &Invitee,
        tenant: &TenantId,
        id: MemberId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Keeps the verified address of an account with its memberships.
    async fn keep_address(&self, account: &Account, email: &str) -> Result<(), StoreError>;

    /// Members and invitations by account, of all organizations that are open, by their identity and by when they were added.
    async fn accounts(&self) -> Result<Vec<Member>, StoreError>;

    /// Makes a member or an invitation by account an invitation to the address that is known of them. One to the same address
    /// that is there goes, and the greater role of both stays. Not found if it is of another issuer, or has no address.
    async fn invite_again(
        &self,
        tenant: &TenantId,
        id: MemberId,
        issuer: &str,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// The organization that somebody chose last, whether they may do anything in it still or not.
    async fn chosen_organization(&self, account: &Account) -> Result<Option<TenantId>, StoreError>;

    /// Keeps which organization somebody chose.
    async fn choose_organization(
        &self,
        account: &Account,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<(), StoreError>;
}
