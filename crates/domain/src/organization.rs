//! Organizations: the tenants that people know, their members, and what somebody who signed in may do in which of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::{AuditEntry, By, Caller, Principal, Scope};
use crate::identity::{Grant, Identity};
use crate::ids::{MemberId, TenantId};
use crate::ports::{Clock, Store, StoreError};
use crate::time;

/// Longest name of an organization, in characters.
pub const LONGEST_NAME: usize = 100;

/// What a member may do; each role includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Uploads, screens, acknowledges, changes watch lists, rules and webhooks.
    Operator,
    /// Makes keys and members, reads the audit log, exports and removes what the organization has.
    Administrator,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Administrator];

    /// What a caller of this role may do.
    #[must_use]
    pub fn scope(self) -> Scope {
        match self {
            Self::Viewer => Scope::Read,
            Self::Operator => Scope::Write,
            Self::Administrator => Scope::Admin,
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        }
    }
}

/// A tenant that people know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Identity.
    pub tenant: TenantId,
    /// Name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Since when it is being removed: nobody gets in any more.
    pub closed: Option<Timestamp>,
    /// When nothing was left of it but this. Its identity is not given again.
    pub erased: Option<Timestamp>,
}

impl Organization {
    /// The organization of the platform itself, which is there without being made.
    #[must_use]
    pub fn local() -> Self {
        Self {
            tenant: TenantId::local(),
            name: "Local".to_owned(),
            created: Timestamp::UNIX_EPOCH,
            closed: None,
            erased: None,
        }
    }

    /// Whether its members and keys get in.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }
}

/// Who somebody is at an identity provider: the pair that no other person there ever has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// The provider.
    pub issuer: String,
    /// Who, for the provider.
    pub subject: String,
}

impl Account {
    /// The account of an identity.
    #[must_use]
    pub fn of(identity: &Identity) -> Self {
        Self { issuer: identity.issuer.clone(), subject: identity.subject.clone() }
    }
}

/// Somebody who belongs to an organization, or is invited to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Identity.
    pub id: MemberId,
    /// The organization.
    pub tenant: TenantId,
    /// Who it is; `None` while nobody has accepted the invitation.
    pub account: Option<Account>,
    /// The address, in lower case: of the invitation, as the provider that verified it said last, or as it was typed by whoever
    /// added them, until the provider tells one.
    pub email: Option<String>,
    /// How people call them.
    pub name: Option<String>,
    /// What they may do.
    pub role: Role,
    /// Whether they have not accepted yet: until then they may do nothing.
    pub pending: bool,
    /// When they were added or invited.
    pub added: Timestamp,
}

/// Somebody who may be invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitee {
    /// Who it is.
    pub account: Account,
    /// The address that the provider has verified, in lower case.
    pub email: Option<String>,
    /// How people call them.
    pub name: Option<String>,
}

impl Invitee {
    /// Who an identity is as an invitee. An address that cannot be one was never invited.
    #[must_use]
    pub fn of(identity: &Identity) -> Self {
        Self {
            account: Account::of(identity),
            email: identity.email.as_deref().and_then(|address| email(address).ok()),
            name: identity.name.clone(),
        }
    }
}

/// An organization's offer to somebody to belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Identity.
    pub id: MemberId,
    /// The organization.
    pub tenant: TenantId,
    /// Its name.
    pub organization: String,
    /// What they may do there.
    pub role: Role,
    /// When they were invited.
    pub invited: Timestamp,
}

/// Whether somebody is a member with being added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// They are asked first: organizations do not make anybody theirs.
    Asked,
    /// Whoever runs the installation vouches for it, where it is known who they are.
    Given,
}

/// Why an organization or a member was not made, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum OrganizationError {
    /// The name or identity cannot be one.
    #[error("{reason}")]
    Invalid {
        /// What: `tenant`, `name`, `email`, `member`.
        field: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// There is no such organization, or it is being removed.
    #[error("no such organization: {tenant}")]
    NotFound {
        /// Which.
        tenant: TenantId,
    },
    /// Somebody has no such invitation.
    #[error("no such invitation: {id}")]
    NotInvited {
        /// Which.
        id: MemberId,
    },
    /// The name that confirms a removal is another one.
    #[error("to remove {tenant}, its identity is due as confirmation, and this is {given:?}")]
    NotConfirmed {
        /// Which.
        tenant: TenantId,
        /// What was given.
        given: String,
    },
    /// The organization of the platform, or what is everybody's, stays.
    #[error("{tenant} is the platform's own and stays")]
    Stays {
        /// Which.
        tenant: TenantId,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who adds a member or an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    /// Who it is, if that is known.
    pub account: Option<Account>,
    /// The address that is invited, or is known of the account.
    pub email: Option<String>,
    /// How people call them.
    pub name: Option<String>,
    /// What they may do.
    pub role: Role,
}

/// An address as it is compared: without blanks around it, in lower case. It is of ASCII: other letters look like those, or become
/// them in lower case, as the sign of kelvin becomes a k, and the address of one would be that of another.
///
/// # Errors
/// When it cannot be one.
pub fn email(text: &str) -> Result<String, OrganizationError> {
    if !text.is_ascii() {
        let reason = format!("{text:?} has letters that are not of ASCII");
        return Err(OrganizationError::Invalid { field: "email", reason });
    }
    let text = text.trim().to_ascii_lowercase();
    let parts = text.split_once('@');
    let plain = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_control() || c.is_whitespace() || c == '@')
    };
    if text.len() <= 254 && parts.is_some_and(|(name, host)| plain(name) && plain(host)) {
        Ok(text)
    } else {
        Err(OrganizationError::Invalid { field: "email", reason: format!("{text:?} is no address") })
    }
}

fn plain_name(text: &str) -> Result<String, OrganizationError> {
    let text = text.trim();
    let count = text.chars().count();
    if (1..=LONGEST_NAME).contains(&count) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    let reason = format!("1 to {LONGEST_NAME} characters are due, and none of control");
    Err(OrganizationError::Invalid { field: "name", reason })
}

/// Makes organizations, and says who may do what in them.
#[derive(Clone)]
pub struct Organizations {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Organizations {
    /// Organizations over their parts.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    fn now(&self) -> Timestamp {
        time::to_microsecond(self.clock.now())
    }

    /// All that are not erased, by identity; the platform's own among them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self) -> Result<Vec<Organization>, OrganizationError> {
        let mut all = self.store.organizations().await?;
        all.retain(|organization| organization.erased.is_none());
        if !all.iter().any(|organization| organization.tenant == TenantId::local()) {
            all.push(Organization::local());
            all.sort_unstable_by(|a, b| a.tenant.cmp(&b.tenant));
        }
        Ok(all)
    }

    /// One that is open.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn find(&self, tenant: &TenantId) -> Result<Organization, OrganizationError> {
        match self.store.organization(tenant).await? {
            Some(organization) if organization.is_open() => Ok(organization),
            None if *tenant == TenantId::local() => Ok(Organization::local()),
            _ => Err(OrganizationError::NotFound { tenant: tenant.clone() }),
        }
    }

    /// Makes one. The platform's log tells of it.
    ///
    /// # Errors
    /// When the name cannot be one, or the identity is or was another's.
    pub async fn create(
        &self,
        by: By<'_>,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Organization, OrganizationError> {
        let now = self.now();
        refuse_platform(tenant)?;
        let organization = Organization {
            tenant: tenant.clone(),
            name: plain_name(name)?,
            created: now,
            closed: None,
            erased: None,
        };
        let audit = AuditEntry::of(&TenantId::local(), by, now, "organization.create", tenant);
        self.store.add_organization(&organization, &audit).await?;
        Ok(organization)
    }

    /// Gives one another name.
    ///
    /// # Errors
    /// When the name cannot be one, or there is no such organization.
    pub async fn rename(&self, caller: &Caller, name: &str) -> Result<Organization, OrganizationError> {
        let now = self.now();
        let organization = self.find(&caller.tenant).await?;
        let renamed = Organization { name: plain_name(name)?, ..organization };
        let audit = AuditEntry::of(&caller.tenant, caller.by(), now, "organization.rename", &caller.tenant);
        self.store.rename_organization(&renamed, &audit).await?;
        Ok(renamed)
    }

    /// Members and invitations, by when they were added.
    ///
    /// # Errors
    /// When there is no such organization, or the store fails.
    pub async fn members(&self, tenant: &TenantId) -> Result<Vec<Member>, OrganizationError> {
        self.find(tenant).await?;
        Ok(self.store.members(tenant).await?)
    }

    /// Adds a member, or invites one, by who they are or by an address.
    ///
    /// # Errors
    /// When neither is told who it is nor an address, they belong to it already, or there is no such organization.
    pub async fn add(
        &self,
        by: By<'_>,
        tenant: &TenantId,
        id: Option<MemberId>,
        new: NewMember,
        consent: Consent,
    ) -> Result<Member, OrganizationError> {
        let now = self.now();
        self.find(tenant).await?;
        let invalid = |reason: &str| OrganizationError::Invalid { field: "email", reason: reason.to_owned() };
        if new.account.is_none() && new.email.is_none() {
            return Err(invalid("an address, or issuer and subject, are due"));
        }
        if let Some(account) = &new.account
            && (account.issuer.is_empty() || account.subject.is_empty())
        {
            return Err(invalid("issuer and subject belong together"));
        }
        let member = Member {
            id: id.unwrap_or_else(|| MemberId::at(now)),
            tenant: tenant.clone(),
            pending: new.account.is_none() || consent == Consent::Asked,
            account: new.account,
            email: new.email.as_deref().map(email).transpose()?,
            name: new.name.as_deref().map(plain_name).transpose()?,
            role: new.role,
            added: now,
        };
        let action = if member.pending { "member.invite" } else { "member.add" };
        self.store.add_member(&member, &AuditEntry::of(tenant, by, now, action, &member.id)).await?;
        Ok(member)
    }

    /// Gives a member another role.
    ///
    /// # Errors
    /// When there is no such member, or nobody would administer the organization any more.
    pub async fn change_role(
        &self,
        by: By<'_>,
        tenant: &TenantId,
        id: MemberId,
        role: Role,
    ) -> Result<(), OrganizationError> {
        let action = format!("member.{}", role.name());
        let audit = AuditEntry::of(tenant, by, self.now(), &action, &id);
        Ok(self.store.change_role(tenant, id, role, &audit).await?)
    }

    /// Removes a member or an invitation.
    ///
    /// # Errors
    /// When there is no such member, or nobody would administer the organization any more.
    pub async fn remove(&self, by: By<'_>, tenant: &TenantId, id: MemberId) -> Result<(), OrganizationError> {
        let audit = AuditEntry::of(tenant, by, self.now(), "member.remove", &id);
        Ok(self.store.remove_member(tenant, id, &audit).await?)
    }

    /// What somebody who signed in may do, by organization: that which they chose last comes first. `granted` is what the
    /// provider's groups say; of two grants in an organization the greater one counts, and only organizations that are there and
    /// open are told.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn grants(
        &self,
        identity: &Identity,
        granted: &[Grant],
    ) -> Result<Vec<Grant>, OrganizationError> {
        let account = Account::of(identity);
        let known = self.store.memberships(&account).await?;
        let mut scopes: BTreeMap<TenantId, Scope> =
            known.into_iter().map(|Grant { tenant, scope }| (tenant, scope)).collect();
        for Grant { tenant, scope } in granted {
            match self.find(tenant).await {
                Ok(_) => {
                    let known = scopes.entry(tenant.clone()).or_insert(*scope);
                    *known = (*known).max(*scope);
                }
                Err(OrganizationError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let mut grants: Vec<Grant> =
            scopes.into_iter().map(|(tenant, scope)| Grant { tenant, scope }).collect();
        if grants.len() > 1
            && let Some(chosen) = self.store.chosen_organization(&account).await?
        {
            // Stable: the others stay in the order of their identities.
            grants.sort_by_key(|grant| grant.tenant != chosen);
        }
        Ok(grants)
    }

    /// Keeps which of their organizations somebody chose.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn choose(&self, account: &Account, tenant: &TenantId) -> Result<(), OrganizationError> {
        Ok(self.store.choose_organization(account, tenant, self.now()).await?)
    }

    /// Invitations of somebody that they have not accepted.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn invitations(&self, identity: &Identity) -> Result<Vec<Invitation>, OrganizationError> {
        Ok(self.store.invitations(&Invitee::of(identity)).await?)
    }

    /// Makes somebody a member of the organization that invited them. Its log tells of it.
    ///
    /// # Errors
    /// When they have no such invitation, or the store fails.
    pub async fn accept(&self, identity: &Identity, id: MemberId) -> Result<Invitation, OrganizationError> {
        let (invitee, invitation, audit) = self.answer_to(identity, id, "member.accept").await?;
        self.store.accept_invitation(&invitee, &invitation.tenant, id, &audit).await?;
        Ok(invitation)
    }

    /// Removes an invitation of somebody. The log of the organization tells of it.
    ///
    /// # Errors
    /// When they have no such invitation, or the store fails.
    pub async fn decline(&self, identity: &Identity, id: MemberId) -> Result<(), OrganizationError> {
        let (invitee, invitation, audit) = self.answer_to(identity, id, "member.decline").await?;
        Ok(self.store.decline_invitation(&invitee, &invitation.tenant, id, &audit).await?)
    }

    async fn answer_to(
        &self,
        identity: &Identity,
        id: MemberId,
        action: &str,
    ) -> Result<(Invitee, Invitation, AuditEntry), OrganizationError> {
        let invitee = Invitee::of(identity);
        let mut invitations = self.store.invitations(&invitee).await?.into_iter();
        let found = invitations.find(|invitation| invitation.id == id);
        let invitation = found.ok_or_else(|| OrganizationError::NotInvited { id })?;
        let principal = Principal::Person(invitee.account.clone());
        let by = By { name: identity.label(), principal: &principal };
        let audit = AuditEntry::of(&invitation.tenant, by, self.now(), action, &id);
        Ok((invitee, invitation, audit))
    }

    /// Keeps the address that the provider of somebody who signs in has verified, with their memberships.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep_address(&self, identity: &Identity) -> Result<(), OrganizationError> {
        let Invitee { account, email, .. } = Invitee::of(identity);
        match email {
            Some(email) => Ok(self.store.keep_address(&account, &email).await?),
            None => Ok(()),
        }
    }

    /// Members and invitations by account, of all organizations that are open.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn accounts(&self) -> Result<Vec<Member>, OrganizationError> {
        Ok(self.store.accounts().await?)
    }

    /// Invites a member again, by their address, where another provider takes the place of theirs: whoever it says has verified
    /// the address takes their role by accepting. Until then they may do nothing. The log of the organization tells of it.
    ///
    /// # Errors
    /// When they have left meanwhile, there is no address, or the store fails.
    pub async fn invite_again(&self, by: By<'_>, member: &Member) -> Result<(), OrganizationError> {
        let issuer = member.account.as_ref().map_or("", |account| account.issuer.as_str());
        let audit = AuditEntry::of(&member.tenant, by, self.now(), "member.invite_again", &member.id);
        Ok(self.store.invite_again(&member.tenant, member.id, issuer, &audit).await?)
    }

    /// Begins to remove an organization and everything that it has: nobody gets in from now on, and the upkeep erases what is
    /// there. The identity confirms that this is meant. The platform's log tells of it, and stays.
    ///
    /// # Errors
    /// When it is not confirmed, there is no such organization, or it is the platform's own.
    pub async fn close(
        &self,
        by: By<'_>,
        tenant: &TenantId,
        confirmation: &str,
    ) -> Result<(), OrganizationError> {
        refuse_platform(tenant)?;
        self.find(tenant).await?;
        if confirmation != tenant.as_str() {
            let given = confirmation.to_owned();
            return Err(OrganizationError::NotConfirmed { tenant: tenant.clone(), given });
        }
        let now = self.now();
        let audit = AuditEntry::of(&TenantId::local(), by, now, "organization.remove", tenant);
        Ok(self.store.close_organization(tenant, now, &audit).await?)
    }
}

fn refuse_platform(tenant: &TenantId) -> Result<(), OrganizationError> {
    if *tenant == TenantId::local() || *tenant == TenantId::public() {
        return Err(OrganizationError::Stays { tenant: tenant.clone() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_ones_before_it_may() {
        let scopes: Vec<Scope> = Role::ALL.into_iter().map(Role::scope).collect();
        assert_eq!(scopes, [Scope::Read, Scope::Write, Scope::Admin]);
        for role in Role::ALL {
            assert_eq!(Role::of_name(role.name()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
        assert_eq!(Role::of_name("admin"), None);
    }

    #[test]
    fn an_address_is_compared_in_lower_case() {
        assert_eq!(email(" Ann@Example.ORG ").unwrap(), "ann@example.org");
        for bad in ["", "ann", "@example.org", "ann@", "a b@example.org", "a@b@c", &"x@".repeat(200)] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_that_would_become_anothers_in_lower_case_is_refused() {
        for bad in ["\u{212a}im@example.org", "kim@example.\u{43e}rg", "\u{a0}kim@example.org"] {
            let refused = email(bad).unwrap_err().to_string();
            assert!(refused.contains("not of ASCII"), "{refused}");
        }
    }
}
