//! Who somebody is, as an identity provider vouches for them, and the roles that groups of the provider stand for.

use serde::{Deserialize, Serialize};

use crate::access::Scope;
use crate::ids::TenantId;

/// Somebody whom an identity provider vouches for. Issuer and subject together are the only lasting name: names, mail addresses
/// and groups change, and an address may come to belong to somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider, by its issuer identifier exactly as it writes it.
    pub issuer: String,
    /// Who, at that provider.
    pub subject: String,
    /// What to call them.
    pub name: Option<String>,
    /// Mail address, only if the provider says that it verified it.
    pub email: Option<String>,
    /// Groups that the provider has them in.
    pub groups: Vec<String>,
}

impl Identity {
    /// What to call them where people read it: their mail address, else their name, else their subject.
    #[must_use]
    pub fn label(&self) -> &str {
        self.email.as_deref().or(self.name.as_deref()).unwrap_or(&self.subject)
    }
}

/// What somebody may do in a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The tenant.
    pub tenant: TenantId,
    /// What they may do there.
    pub scope: Scope,
}

/// Groups of a provider that stand for roles: `PREFIX:TENANT:ROLE`, where the role is `viewer`, `operator` or
/// `administrator`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRoles {
    /// What such groups begin with.
    pub prefix: String,
}

impl GroupRoles {
    /// What an identity may do by its groups: one grant for each tenant, of its highest role there, in the order of tenants.
    /// Groups that are no roles grant nothing.
    #[must_use]
    pub fn grants(&self, identity: &Identity) -> Vec<Grant> {
        let mut grants: Vec<Grant> = identity.groups.iter().filter_map(|group| self.grant(group)).collect();
        grants.sort_by(|a, b| a.tenant.cmp(&b.tenant).then(b.scope.cmp(&a.scope)));
        grants.dedup_by(|later, first| later.tenant == first.tenant);
        grants
    }

    fn grant(&self, group: &str) -> Option<Grant> {
        let (tenant, role) = group.strip_prefix(&self.prefix)?.strip_prefix(':')?.split_once(':')?;
        let scope = match role {
            "viewer" => Scope::Read,
            "operator" => Scope::Write,
            "administrator" => Scope::Admin,
            _ => return None,
        };
        // What everybody may read is nobody's own.
        let tenant = TenantId::new(tenant).ok().filter(|tenant| *tenant != TenantId::public())?;
        Some(Grant { tenant, scope })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(groups: &[&str]) -> Identity {
        Identity {
            issuer: "https://id.example.org".to_owned(),
            subject: "4711".to_owned(),
            name: None,
            email: None,
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
        }
    }

    fn grants(groups: &[&str]) -> Vec<(String, Scope)> {
        let roles = GroupRoles { prefix: "astroshield".to_owned() };
        let grants = roles.grants(&identity(groups));
        grants.into_iter().map(|grant| (grant.tenant.to_string(), grant.scope)).collect()
    }

    #[test]
    fn groups_grant_the_highest_role_in_each_tenant() {
        let groups = [
            "astroshield:b:viewer",
            "astroshield:a:viewer",
            "astroshield:a:administrator",
            "astroshield:a:operator",
        ];
        assert_eq!(grants(&groups), [("a".to_owned(), Scope::Admin), ("b".to_owned(), Scope::Read)]);
    }

    #[test]
    fn groups_that_are_no_roles_grant_nothing() {
        let groups = [
            "",
            "astroshield",
            "astroshield:a",
            "astroshield:a:",
            "astroshield:a:root",
            "astroshield:a:Viewer",
            "astroshield:a:viewer:x",
            "astroshield::viewer",
            "astroshield:A:viewer",
            "astroshield:public:administrator",
            "astroshieldx:a:viewer",
            "x-astroshield:a:viewer",
            "a:viewer",
        ];
        assert_eq!(grants(&groups), []);
    }

    #[test]
    fn somebody_is_called_by_what_is_known_of_them() {
        let nobody = identity(&[]);
        assert_eq!(nobody.label(), "4711");
        let named = Identity { name: Some("Ada".to_owned()), ..nobody };
        assert_eq!(named.label(), "Ada");
        let with_address = Identity { email: Some("ada@example.org".to_owned()), ..named };
        assert_eq!(with_address.label(), "ada@example.org");
    }
}
