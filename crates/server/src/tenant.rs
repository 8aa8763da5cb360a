//! `astroshield tenant`: the organizations of an installation, for whoever runs it.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use astroshield_api::new_key;
use astroshield_domain::access::{ApiKey, AuditEntry, By, Principal, Scope};
use astroshield_domain::ids::{ApiKeyId, MemberId, TenantId};
use astroshield_domain::installation;
use astroshield_domain::organization::{
    Account, Consent, Member, NewMember, OrganizationError, Organizations, Role,
};
use astroshield_domain::ports::{Clock as _, Store, StoreError, SystemClock};
use astroshield_domain::time::to_microsecond;
use astroshield_domain::upkeep::{Upkeep, UpkeepSettings};
use clap::{Args, Subcommand, ValueEnum};
use tokio::runtime::Handle;

use crate::backup;
use crate::exit::Completion;
use crate::migrate;
use crate::output::Output;
use crate::serve::parts::{self, Database};
use crate::settings::{Settings, SettingsArgs};
use crate::tenant_archive;

/// Make, list and remove organizations, their members and their first keys
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  astroshield tenant create lunar-ops 'Lunar Operations'
  astroshield tenant key lunar-ops 'first key' --scope admin
  astroshield tenant member add lunar-ops --email ann@example.org --role administrator
  astroshield tenant member rebind --from-issuer https://id.example.org --dry-run
  astroshield tenant export lunar-ops lunar-ops.tar.gz
  astroshield tenant remove lunar-ops --confirm lunar-ops

The server may be running; what is changed counts there within seconds. Everything stands in the audit log.")]
pub(crate) struct Tenant {
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the organizations
    List,
    /// Make an organization
    Create {
        /// Identity: 1 to 32 lower-case letters, digits and hyphens
        tenant: TenantId,
        /// Name, as people know it
        name: String,
    },
    /// Make an API key for an organization, and print it: this once
    Key {
        /// The organization
        tenant: TenantId,
        /// What it is for
        name: String,
        /// What it may do
        #[arg(long, value_enum, default_value_t = KeyScope::Admin)]
        scope: KeyScope,
    },
    /// Add, list and remove members
    #[command(subcommand)]
    Member(MemberAction),
    /// Write everything that an organization has to a file: tables as CSV, files as they were received
    Export {
        /// The organization
        tenant: TenantId,
        /// File to write (.tar.gz), - for standard output
        file: PathBuf,
    },
    /// Remove an organization and everything that it has; nothing brings it back
    Remove {
        /// The organization
        tenant: TenantId,
        /// Its identity once more, to confirm that this is meant
        #[arg(long, value_name = "TENANT")]
        confirm: String,
    },
}

#[derive(Debug, Subcommand)]
enum MemberAction {
    /// List members and invitations
    List {
        /// The organization
        tenant: TenantId,
    },
    /// Add a member by issuer and subject, or invite whoever has an address
    Add {
        /// The organization
        tenant: TenantId,
        /// What they may do
        #[arg(long, value_enum)]
        role: MemberRole,
        /// Address to invite; beside issuer and subject that of the member, which nobody verifies (see rebind)
        #[arg(long)]
        email: Option<String>,
        /// The identity provider that vouches for them, by its issuer identifier
        #[arg(long, requires = "subject")]
        issuer: Option<String>,
        /// Who they are there
        #[arg(long, requires = "issuer")]
        subject: Option<String>,
        /// How people call them
        #[arg(long)]
        name: Option<String>,
    },
    /// Give a member another role
    Role {
        /// The organization
        tenant: TenantId,
        /// Identity of the member
        member: MemberId,
        /// What they may do
        #[arg(long, value_enum)]
        role: MemberRole,
    },
    /// Remove a member or an invitation
    Remove {
        /// The organization
        tenant: TenantId,
        /// Identity of the member
        member: MemberId,
    },
    /// Invite the members of every organization again, by address, where another identity provider takes the place of theirs
    #[command(after_long_help = "\
A member is known by the issuer of an identity provider and by who they are there, so that at another issuer nobody belongs to
anything. This makes those of one issuer invitations to their addresses, with their roles: whoever the other provider says has
verified the address belongs to the organization again by accepting. Until then they may do nothing. The address is the one
that the provider had verified when they signed in last, or that they were invited by. That of a member for whom the provider
never told one is what somebody typed when adding them, which nobody verified: whoever has it takes the role. Look at each address
first (--dry-run), as it may be wrong, or have come to belong to somebody else. Whoever has no known address is listed, and stays
as they are. Two with one address in an organization become one, with the greater role.")]
    Rebind {
        /// The issuer at which nobody signs in any more
        #[arg(long, value_name = "ISSUER")]
        from_issuer: String,
        /// Only list what would be done
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KeyScope {
    Read,
    Write,
    Admin,
}

impl From<KeyScope> for Scope {
    fn from(scope: KeyScope) -> Self {
        match scope {
            KeyScope::Read => Self::Read,
            KeyScope::Write => Self::Write,
            KeyScope::Admin => Self::Admin,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum MemberRole {
    Viewer,
    Operator,
    Administrator,
}

impl From<MemberRole> for Role {
    fn from(role: MemberRole) -> Self {
        match role {
            MemberRole::Viewer => Self::Viewer,
            MemberRole::Operator => Self::Operator,
            MemberRole::Administrator => Self::Administrator,
        }
    }
}

/// Who acts, for the audit log.
pub(crate) fn author() -> String {
    let user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    match user.filter(|user| !user.is_empty()) {
        Some(user) => format!("{user} (command line)"),
        None => "command line".to_owned(),
    }
}

/// The same, as whoever runs the service.
pub(crate) fn by(author: &str) -> By<'_> {
    By { name: author, principal: &Principal::Operator }
}

/// Invites members again, or says what that would be, with a line for each; what became of them in all.
async fn invite_again(
    organizations: &Organizations,
    by: By<'_>,
    members: &[Member],
    dry_run: bool,
    output: &mut impl Write,
) -> anyhow::Result<String> {
    let (mut invited, mut left, mut gone) = (0, 0, 0);
    for member in members {
        let Member { tenant, id, account, email, role, .. } = member;
        let done = if email.is_none() {
            left += 1;
            "left: no address is known"
        } else if dry_run {
            invited += 1;
            "would be invited again"
        } else {
            match organizations.invite_again(by, member).await {
                Ok(()) => {
                    invited += 1;
                    "invited again"
                }
                Err(OrganizationError::Store(StoreError::NotFound { .. })) => {
                    gone += 1;
                    "gone meanwhile"
                }
                Err(error) => return Err(error.into()),
            }
        };
        let subject = account.as_ref().map_or("-", |account| account.subject.as_str());
        let (role, email) = (role.name(), email.as_deref().unwrap_or("-"));
        writeln!(output, "{tenant:<32}  {id}  {role:<13}  {email}  {subject}  {done}")?;
    }
    let would = if dry_run { "would be " } else { "" };
    let gone = if gone == 0 { String::new() } else { format!(", {gone} gone meanwhile") };
    Ok(format!("{invited} {would}invited again, {left} left{gone}"))
}

impl Tenant {
    pub(crate) fn run(&self) -> anyhow::Result<Completion> {
        let settings = Settings::from_layers(&self.settings.layers()?)?;
        let folder = settings.data_folder().context("data.folder: there is no home folder")?;
        let examination = migrate::examine(&settings)??;
        if !examination.exists || !examination.pending.is_empty() {
            bail!("there is no store of this version yet: astroshield migrate makes one");
        }
        // One whose timers go on while this thread waits through a handle.
        let runtime = backup::runtime()?;
        let database = runtime.block_on(Database::open(&settings, &folder, None))?;
        let at_work = AtWork { runtime: runtime.handle().clone(), settings, folder, store: database.port() };
        let done = at_work.run(&self.action);
        runtime.block_on(database.close());
        done?;
        Ok(Completion::Whole)
    }
}

struct AtWork {
    runtime: Handle,
    settings: Settings,
    folder: PathBuf,
    store: Arc<dyn Store>,
}

impl AtWork {
    fn run(&self, action: &Action) -> anyhow::Result<()> {
        let organizations = Organizations::new(Arc::clone(&self.store), Arc::new(SystemClock));
        let author = author();
        let by = by(&author);
        match action {
            Action::List => {
                let mut output = Output::create(None)?;
                for one in self.runtime.block_on(organizations.list())? {
                    let state = if one.is_open() { "" } else { "  (being removed)" };
                    writeln!(output, "{:<32}  {}{state}", one.tenant, one.name)?;
                }
                output.finish()
            }
            Action::Create { tenant, name } => {
                let made = self.runtime.block_on(organizations.create(by, tenant, name))?;
                eprintln!("{}: made", made.tenant);
                Ok(())
            }
            Action::Key { tenant, name, scope } => self.make_key(&organizations, by, tenant, name, *scope),
            Action::Member(action) => self.change_members(&organizations, by, action),
            Action::Export { tenant, file } => self.export(&organizations, by, tenant, file),
            Action::Remove { tenant, confirm } => {
                let upkeep = self.upkeep()?;
                self.runtime.block_on(organizations.close(by, tenant, confirm))?;
                let gone = self.runtime.block_on(upkeep.erase())?;
                eprintln!("{tenant}: removed; {gone} rows and files erased");
                Ok(())
            }
        }
    }

    fn make_key(
        &self,
        organizations: &Organizations,
        by: By<'_>,
        tenant: &TenantId,
        name: &str,
        scope: KeyScope,
    ) -> anyhow::Result<()> {
        self.runtime.block_on(organizations.find(tenant))?;
        if name.trim().is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            bail!("name: 1 to 100 characters are due");
        }
        let now = to_microsecond(SystemClock.now());
        let (text, hash) = new_key();
        let key = ApiKey {
            id: ApiKeyId::at(now),
            tenant: tenant.clone(),
            name: name.trim().to_owned(),
            scope: scope.into(),
            hash,
            created: now,
            expires: None,
            revoked: None,
        };
        let audit = AuditEntry::of(tenant, by, now, "api_key.create", &key.id);
        self.runtime.block_on(self.store.add_api_key(&key, &audit))?;
        let mut output = Output::create(None)?;
        writeln!(output, "{text}")?;
        output.finish()
    }

    fn change_members(
        &self,
        organizations: &Organizations,
        by: By<'_>,
        action: &MemberAction,
    ) -> anyhow::Result<()> {
        match action {
            MemberAction::List { tenant } => {
                let mut output = Output::create(None)?;
                for member in self.runtime.block_on(organizations.members(tenant))? {
                    let who = match &member.account {
                        Some(Account { issuer, subject }) if member.pending => {
                            format!("{subject} at {issuer} (invited)")
                        }
                        Some(Account { issuer, subject }) => format!("{subject} at {issuer}"),
                        None => "invited".to_owned(),
                    };
                    let role = member.role.name();
                    let email = member.email.as_deref().unwrap_or("-");
                    writeln!(output, "{}  {role:<13}  {email}  {who}", member.id)?;
                }
                output.finish()
            }
            MemberAction::Add { tenant, role, email, issuer, subject, name } => {
                let account = issuer.clone().zip(subject.clone());
                let new = NewMember {
                    account: account.map(|(issuer, subject)| Account { issuer, subject }),
                    email: email.clone(),
                    name: name.clone(),
                    role: (*role).into(),
                };
                let member =
                    self.runtime.block_on(organizations.add(by, tenant, None, new, Consent::Given))?;
                eprintln!("{}: {}", member.id, if member.pending { "invited" } else { "added" });
                Ok(())
            }
            MemberAction::Role { tenant, member, role } => {
                Ok(self.runtime.block_on(organizations.change_role(by, tenant, *member, (*role).into()))?)
            }
            MemberAction::Remove { tenant, member } => {
                Ok(self.runtime.block_on(organizations.remove(by, tenant, *member))?)
            }
            MemberAction::Rebind { from_issuer, dry_run } => {
                self.rebind(organizations, by, from_issuer, *dry_run)
            }
        }
    }

    fn rebind(
        &self,
        organizations: &Organizations,
        by: By<'_>,
        from_issuer: &str,
        dry_run: bool,
    ) -> anyhow::Result<()> {
        if self.settings.identity.issuer.as_deref() == Some(from_issuer) {
            bail!("--from-issuer: people sign in at {from_issuer} (identity.issuer), and would be shut out");
        }
        let issuer_of = |member: &Member| member.account.as_ref().map(|account| account.issuer.clone());
        let (theirs, others): (Vec<Member>, Vec<Member>) = self
            .runtime
            .block_on(organizations.accounts())?
            .into_iter()
            .partition(|member| issuer_of(member).as_deref() == Some(from_issuer));
        if theirs.is_empty() {
            let known: BTreeSet<String> = others.iter().filter_map(issuer_of).collect();
            let known: Vec<String> = known.into_iter().collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            bail!("--from-issuer: nobody is a member by {from_issuer:?}; issuers of members: {known}");
        }
        let mut output = Output::create(None)?;
        let all = invite_again(organizations, by, &theirs, dry_run, &mut output);
        let told = self.runtime.block_on(all);
        // What was done before it failed is told, too.
        output.finish()?;
        eprintln!("{}", told?);
        Ok(())
    }

    fn export(
        &self,
        organizations: &Organizations,
        by: By<'_>,
        tenant: &TenantId,
        file: &std::path::Path,
    ) -> anyhow::Result<()> {
        self.runtime.block_on(organizations.find(tenant))?;
        let now = to_microsecond(SystemClock.now());
        let audit = AuditEntry::of(tenant, by, now, "organization.export", tenant);
        self.runtime.block_on(self.store.add_audit(&audit))?;
        let blobs = parts::blobs(&self.settings, &self.folder)?.store;
        let store = self.runtime.block_on(backup::open(&self.settings, &self.folder))?;
        let output = Output::create(Some(file))?;
        let (output, written) = tenant_archive::write(&self.runtime, store, &*blobs, tenant, output)?;
        output.finish()?;
        eprintln!("{} rows, {} files", written.rows, written.blobs);
        Ok(())
    }

    /// What the server does every minute, where the blobs are this store's: of others nothing may be removed.
    fn upkeep(&self) -> anyhow::Result<Upkeep> {
        let blobs = parts::blobs(&self.settings, &self.folder)?.store;
        let marking = installation::mark(&*self.store, &*blobs);
        self.runtime.block_on(marking).context("blobs: nothing is removed")?;
        let store = Arc::clone(&self.store);
        Ok(Upkeep::new(UpkeepSettings::default(), store, blobs, Arc::new(SystemClock)))
    }
}

#[cfg(test)]
mod tests {
    use astroshield_adapters::SqliteStore;
    use astroshield_testkit::entities::{audit_entry, member, tenant};

    use super::*;

    #[tokio::test]
    async fn who_left_meanwhile_is_told_and_those_after_them_are_invited_again() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("store")).await.unwrap());
        let organizations = Organizations::new(Arc::clone(&store), Arc::new(SystemClock));
        let (by, tenant) = (by("somebody"), tenant("one"));
        organizations.create(by, &tenant, "One").await.unwrap();
        let mut members = Vec::new();
        for subject in ["ann", "bob", "cyd"] {
            let member = member(&tenant, subject, Role::Viewer);
            store.add_member(&member, &audit_entry(&tenant, "member.add")).await.unwrap();
            members.push(member);
        }
        organizations.remove(by, &tenant, members[1].id).await.unwrap();
        let mut output = Vec::new();
        let told = invite_again(&organizations, by, &members, false, &mut output).await.unwrap();
        assert_eq!(told, "2 invited again, 0 left, 1 gone meanwhile");
        let output = String::from_utf8(output).unwrap();
        let became: Vec<&str> = output
            .lines()
            .filter_map(|line| line.split_once("example.com  "))
            .map(|(_, done)| done)
            .collect();
        assert_eq!(became, ["ann  invited again", "bob  gone meanwhile", "cyd  invited again"], "{output}");
        let now = organizations.members(&tenant).await.unwrap();
        assert!(now.len() == 2 && now.iter().all(|member| member.account.is_none()), "{now:?}");
    }
}
