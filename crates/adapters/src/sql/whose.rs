//! Whose rows a call is about.

use astroshield_domain::access::AuditEntry;
use astroshield_domain::ids::TenantId;

/// Whose rows a call is about. PostgreSQL holds every statement of the call to it (row-level security), as a second fence
/// behind the conditions in the statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose<'a> {
    /// A tenant's: it writes its own, and reads its own and what is public.
    Tenant(&'a TenantId),
    /// Everybody's: what the service does by itself, for all tenants at once.
    Everybody,
}

impl<'a> From<&'a TenantId> for Whose<'a> {
    fn from(tenant: &'a TenantId) -> Self {
        Self::Tenant(tenant)
    }
}

impl<'a> Whose<'a> {
    /// A tenant's change, with its line in the audit log. What the platform does to a tenant is told in the platform's log.
    pub(crate) fn of(tenant: &'a TenantId, audit: &AuditEntry) -> Self {
        if audit.tenant == *tenant { Self::Tenant(tenant) } else { Self::Everybody }
    }

    /// What the setting `astroshield.tenant` is for it. No tenant can have the name that stands for everybody.
    pub(crate) fn setting(&self) -> &str {
        match self {
            Self::Tenant(tenant) => tenant.as_str(),
            Self::Everybody => "*",
        }
    }
}
