use astroshield_domain::access::AuditQuery;
use astroshield_domain::identity::Grant;
use astroshield_domain::ids::{MemberId, TenantId};
use astroshield_domain::organization::{Account, Invitation, Invitee, Member, Organization, Role};
use astroshield_domain::ports::Store;

use super::{assert_conflict, assert_not_found};
use crate::entities::{account, at, audit_entry, member, organization, tenant};

async fn actions(store: &dyn Store, tenant: &TenantId) -> Vec<(String, String)> {
    let query = AuditQuery { limit: 100, ..AuditQuery::default() };
    let rows = store.audit(tenant, &query).await.unwrap().rows;
    rows.into_iter().rev().map(|entry| (entry.by, entry.action)).collect()
}

fn of(tenant: &TenantId, role: Role) -> Grant {
    Grant { tenant: tenant.clone(), scope: role.scope() }
}

/// An organization is made once, named anew, closed once, and leaves its identity.
pub async fn organizations_are_kept(store: &dyn Store) {
    let (a, b, platform) = (tenant("a"), tenant("b"), TenantId::local());
    let audit = audit_entry(&platform, "organization");
    assert_eq!(store.organizations().await.unwrap(), []);
    assert_eq!(store.organization(&platform).await.unwrap(), None);
    for tenant in [&b, &a] {
        store.add_organization(&organization(tenant), &audit).await.unwrap();
    }
    assert_conflict(&store.add_organization(&organization(&a), &audit).await);
    assert_eq!(store.organizations().await.unwrap(), [organization(&a), organization(&b)]);
    let renamed = Organization { name: "Another".to_owned(), ..organization(&a) };
    store.rename_organization(&renamed, &audit).await.unwrap();
    assert_eq!(store.organization(&a).await.unwrap(), Some(renamed.clone()));
    let named = Organization { name: "Ours".to_owned(), ..Organization::local() };
    store.rename_organization(&named, &audit).await.unwrap();
    assert_eq!(store.organization(&platform).await.unwrap(), Some(named));

    assert_conflict(&store.erase(&a, 10).await);
    store.put_erased(&a, at(5)).await.unwrap();
    assert_eq!(store.organization(&a).await.unwrap(), Some(renamed.clone()), "it is open");
    store.close_organization(&a, at(10), &audit).await.unwrap();
    assert_conflict(&store.close_organization(&a, at(11), &audit).await);
    assert_not_found(&store.close_organization(&tenant("c"), at(11), &audit).await);
    assert_not_found(&store.rename_organization(&renamed, &audit).await);
    let closed = Organization { closed: Some(at(10)), ..renamed };
    assert_eq!(store.organization(&a).await.unwrap(), Some(closed.clone()));
    for second in [20, 30] {
        store.put_erased(&a, at(second)).await.unwrap();
        let erased = Organization { name: String::new(), erased: Some(at(20)), ..closed.clone() };
        assert_eq!(store.organization(&a).await.unwrap(), Some(erased));
    }
    assert_conflict(&store.add_organization(&organization(&a), &audit).await);
    assert_eq!(actions(store, &platform).await.len(), 5, "what was refused is not in the log");
}

/// A member is known by the account, belongs to several organizations, and to none that is closed or unknown.
pub async fn members_are_kept(store: &dyn Store) {
    let (a, b, platform) = (tenant("a"), tenant("b"), TenantId::local());
    let audit = audit_entry(&a, "member");
    for tenant in [&a, &b] {
        store.add_organization(&organization(tenant), &audit).await.unwrap();
    }
    let ann = member(&a, "ann", Role::Administrator);
    let of_b = Member { role: Role::Viewer, ..member(&b, "ann", Role::Viewer) };
    let of_platform = member(&platform, "ann", Role::Operator);
    let of_nothing = member(&tenant("unknown"), "ann", Role::Administrator);
    for one in [&ann, &of_b, &of_platform, &of_nothing] {
        store.add_member(one, &audit).await.unwrap();
    }
    assert_conflict(&store.add_member(&Member { id: MemberId::at(at(9)), ..ann.clone() }, &audit).await);
    assert_eq!(store.members(&a).await.unwrap(), std::slice::from_ref(&ann));
    let known = store.memberships(&account("ann")).await.unwrap();
    let expected = [of(&a, Role::Administrator), of(&b, Role::Viewer), of(&platform, Role::Operator)];
    assert_eq!(known, expected);
    assert_eq!(store.memberships(&account("bob")).await.unwrap(), []);
    let elsewhere = Account { issuer: "https://elsewhere.example".to_owned(), ..account("ann") };
    assert_eq!(store.memberships(&elsewhere).await.unwrap(), []);

    store.change_role(&b, of_b.id, Role::Operator, &audit).await.unwrap();
    assert_not_found(&store.change_role(&a, of_b.id, Role::Viewer, &audit).await);
    assert_not_found(&store.remove_member(&a, of_b.id, &audit).await);
    assert_eq!(store.memberships(&account("ann")).await.unwrap()[1], of(&b, Role::Operator));
    store.remove_member(&b, of_b.id, &audit).await.unwrap();
    assert_not_found(&store.remove_member(&b, of_b.id, &audit).await);
    store.close_organization(&a, at(10), &audit).await.unwrap();
    assert_eq!(store.memberships(&account("ann")).await.unwrap(), [of(&platform, Role::Operator)]);
}

/// An organization does not lose its last administrator, whoever removes whom at once; an invitation is none yet.
pub async fn the_last_administrator_stays(store: &dyn Store) {
    let a = tenant("a");
    let audit = audit_entry(&a, "member");
    store.add_organization(&organization(&a), &audit).await.unwrap();
    let (ann, bob) = (member(&a, "ann", Role::Administrator), member(&a, "bob", Role::Administrator));
    let invited = Member { account: None, pending: true, ..member(&a, "eve", Role::Administrator) };
    let asked = Member { pending: true, ..member(&a, "joe", Role::Administrator) };
    for one in [&ann, &invited, &asked] {
        store.add_member(one, &audit).await.unwrap();
    }
    assert_conflict(&store.remove_member(&a, ann.id, &audit).await);
    assert_conflict(&store.change_role(&a, ann.id, Role::Operator, &audit).await);
    store.change_role(&a, ann.id, Role::Administrator, &audit).await.unwrap();
    store.add_member(&bob, &audit).await.unwrap();
    let (first, second) =
        tokio::join!(store.remove_member(&a, ann.id, &audit), store.remove_member(&a, bob.id, &audit));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    assert_eq!(store.members(&a).await.unwrap().len(), 3);
    store.remove_member(&a, invited.id, &audit).await.unwrap();
}

fn invitee(subject: &str) -> Invitee {
    let (email, name) = (Some(format!("{subject}@example.org")), Some(subject.to_owned()));
    Invitee { account: account(subject), email, name }
}

/// What is offered by an address, to whoever has it.
fn offered(tenant: &TenantId, subject: &str, role: Role) -> Member {
    let email = Some(format!("{subject}@example.org"));
    Member { account: None, name: None, email, pending: true, ..member(tenant, subject, role) }
}

/// Nobody is a member who has not accepted: by account or address, it is asked, and each answer stands in the log.
pub async fn invitations_are_accepted_or_declined(store: &dyn Store) {
    let (a, b, c) = (tenant("a"), tenant("b"), tenant("c"));
    for tenant in [&a, &b, &c] {
        store.add_organization(&organization(tenant), &audit_entry(tenant, "made")).await.unwrap();
    }
    let (of_a, of_c) = (offered(&a, "ann", Role::Operator), offered(&c, "ann", Role::Viewer));
    let of_b = Member { pending: true, ..member(&b, "ann", Role::Administrator) };
    for invitation in [&of_a, &of_b, &of_c] {
        store.add_member(invitation, &audit_entry(&invitation.tenant, "invited")).await.unwrap();
    }
    let again = Member { id: MemberId::at(at(9)), ..of_a.clone() };
    assert_conflict(&store.add_member(&again, &audit_entry(&a, "invited")).await);
    let (ann, bob) = (invitee("ann"), invitee("bob"));
    assert_eq!(store.memberships(&ann.account).await.unwrap(), []);
    let told = store.invitations(&ann).await.unwrap();
    let expected: Vec<_> = [&of_a, &of_b, &of_c]
        .map(|one| (one.id, one.tenant.clone(), organization(&one.tenant).name, one.role, one.added))
        .into();
    let told: Vec<_> = told
        .into_iter()
        .map(|Invitation { id, tenant, organization, role, invited }| {
            (id, tenant, organization, role, invited)
        })
        .collect();
    assert_eq!(told, expected);
    let without_address = Invitee { email: None, ..ann.clone() };
    assert_eq!(store.invitations(&without_address).await.unwrap().len(), 1, "that to the account");
    assert_eq!(store.invitations(&bob).await.unwrap(), []);
    let elsewhere = Account { issuer: "https://elsewhere.example".to_owned(), ..account("ann") };
    let elsewhere = Invitee { account: elsewhere, email: None, name: None };
    assert_eq!(store.invitations(&elsewhere).await.unwrap(), []);

    let answer = |action: &str, tenant: &TenantId| audit_entry(tenant, action);
    for other in [&bob, &elsewhere] {
        assert_not_found(&store.accept_invitation(other, &b, of_b.id, &answer("taken", &b)).await);
        assert_not_found(&store.decline_invitation(other, &b, of_b.id, &answer("taken", &b)).await);
    }
    assert_not_found(&store.accept_invitation(&ann, &b, of_a.id, &answer("taken", &b)).await);
    store.accept_invitation(&ann, &a, of_a.id, &answer("accept", &a)).await.unwrap();
    assert_not_found(&store.accept_invitation(&ann, &a, of_a.id, &answer("accept", &a)).await);
    assert_not_found(&store.decline_invitation(&ann, &a, of_a.id, &answer("decline", &a)).await);
    store.accept_invitation(&ann, &b, of_b.id, &answer("accept", &b)).await.unwrap();
    store.decline_invitation(&ann, &c, of_c.id, &answer("decline", &c)).await.unwrap();
    let accepted =
        Member { account: Some(ann.account.clone()), name: ann.name.clone(), pending: false, ..of_a };
    assert_eq!(store.members(&a).await.unwrap(), [accepted]);
    assert_eq!(store.members(&c).await.unwrap(), []);
    let known = store.memberships(&ann.account).await.unwrap();
    assert_eq!(known, [of(&a, Role::Operator), of(&b, Role::Administrator)]);
    assert_eq!(store.invitations(&ann).await.unwrap(), []);
    for (tenant, last) in [(&a, "accept"), (&b, "accept"), (&c, "decline")] {
        assert_eq!(actions(store, tenant).await.last().unwrap().1, last);
    }
    // Of one that is closed there is nothing to accept.
    store.add_member(&offered(&c, "bob", Role::Viewer), &audit_entry(&c, "invited")).await.unwrap();
    let of_c = store.invitations(&bob).await.unwrap()[0].id;
    store.close_organization(&c, at(10), &audit_entry(&c, "closed")).await.unwrap();
    assert_eq!(store.invitations(&bob).await.unwrap(), []);
    assert_not_found(&store.accept_invitation(&bob, &c, of_c, &answer("accept", &c)).await);
}

/// A member who accepts an invitation has the greater role of both, which the log tells.
pub async fn an_invitation_with_a_greater_role_gives_it(store: &dyn Store) {
    let a = tenant("a");
    store.add_organization(&organization(&a), &audit_entry(&a, "made")).await.unwrap();
    let ann = invitee("ann");
    store.add_member(&member(&a, "ann", Role::Operator), &audit_entry(&a, "added")).await.unwrap();
    for (role, then) in [
        (Role::Viewer, Role::Operator),
        (Role::Administrator, Role::Administrator),
        (Role::Viewer, Role::Administrator),
    ] {
        let invitation = Member { id: MemberId::at(at(9)), ..offered(&a, "ann", role) };
        store.add_member(&invitation, &audit_entry(&a, "invited")).await.unwrap();
        store.accept_invitation(&ann, &a, invitation.id, &audit_entry(&a, "accept")).await.unwrap();
        assert_eq!(store.memberships(&ann.account).await.unwrap(), [of(&a, then)]);
        assert_eq!(store.members(&a).await.unwrap().len(), 1);
    }
    let told: Vec<String> = actions(store, &a).await.into_iter().map(|(_, action)| action).collect();
    let expected = [
        "made",
        "added",
        "invited",
        "accept",
        "invited",
        "accept",
        "member.administrator",
        "invited",
        "accept",
    ];
    assert_eq!(told, expected);
}

/// The address that a provider verified is kept with each membership, and with no invitation.
pub async fn verified_addresses_are_kept(store: &dyn Store) {
    let (a, b) = (tenant("a"), tenant("b"));
    for tenant in [&a, &b] {
        store.add_organization(&organization(tenant), &audit_entry(tenant, "made")).await.unwrap();
    }
    let ann = Member { email: None, ..member(&a, "ann", Role::Operator) };
    let asked = Member { pending: true, email: None, ..member(&b, "ann", Role::Operator) };
    let bob = Member { id: MemberId::at(at(1)), ..member(&a, "bob", Role::Viewer) };
    for one in [&ann, &asked, &bob] {
        store.add_member(one, &audit_entry(&one.tenant, "added")).await.unwrap();
    }
    for email in ["ann@example.org", "ann@example.net"] {
        store.keep_address(&account("ann"), email).await.unwrap();
        let told = Member { email: Some(email.to_owned()), ..ann.clone() };
        assert_eq!(store.members(&a).await.unwrap(), [told, bob.clone()]);
        assert_eq!(store.members(&b).await.unwrap(), std::slice::from_ref(&asked));
    }
    store.accept_invitation(&invitee("ann"), &b, asked.id, &audit_entry(&b, "accept")).await.unwrap();
    assert_eq!(store.members(&b).await.unwrap()[0].email.as_deref(), Some("ann@example.org"));
}

/// Members of an issuer become invitations to their addresses, which whoever has them at another one accepts with the role.
pub async fn members_of_an_issuer_are_invited_again(store: &dyn Store) {
    let (a, b) = (tenant("a"), tenant("b"));
    for tenant in [&a, &b] {
        store.add_organization(&organization(tenant), &audit_entry(tenant, "made")).await.unwrap();
    }
    let issuer = account("ann").issuer;
    let numbered = |second: i64, member: Member| Member { id: MemberId::at(at(second)), ..member };
    let (ann, of_b) = (member(&a, "ann", Role::Administrator), member(&b, "ann", Role::Operator));
    let asked = numbered(1, Member { pending: true, ..member(&a, "bob", Role::Viewer) });
    let unknown = numbered(2, Member { email: None, ..member(&a, "eve", Role::Operator) });
    // Another account with ann's address, and an invitation to it.
    let second = numbered(3, Member { email: ann.email.clone(), ..member(&a, "ann2", Role::Viewer) });
    let offer = numbered(
        4,
        Member {
            account: None,
            pending: true,
            email: of_b.email.clone(),
            ..member(&b, "x", Role::Administrator)
        },
    );
    let elsewhere = Account { issuer: "https://elsewhere.example".to_owned(), subject: "1".to_owned() };
    let other = numbered(5, Member { account: Some(elsewhere.clone()), ..member(&a, "joe", Role::Viewer) });
    let of_nothing = member(&tenant("unknown"), "ann", Role::Administrator);
    for one in [&ann, &of_b, &asked, &unknown, &second, &offer, &other, &of_nothing] {
        store.add_member(one, &audit_entry(&one.tenant, "added")).await.unwrap();
    }
    let known = [&ann, &asked, &unknown, &second, &other, &of_b].map(Clone::clone);
    assert_eq!(store.accounts().await.unwrap(), known);

    let invite = async |member: &Member| {
        let entry = audit_entry(&member.tenant, "invite_again");
        store.invite_again(&member.tenant, member.id, &issuer, &entry).await
    };
    for not in [&unknown, &other, &offer, &Member { tenant: b.clone(), ..second.clone() }] {
        assert_not_found(&invite(not).await);
    }
    for member in [&ann, &second, &asked, &of_b] {
        invite(member).await.unwrap();
        assert_not_found(&invite(member).await);
    }
    assert_eq!(store.accounts().await.unwrap(), [unknown.clone(), other.clone()]);
    assert_eq!(store.memberships(&account("ann")).await.unwrap(), []);
    let invited =
        |member: &Member, role: Role| Member { account: None, pending: true, role, ..member.clone() };
    let expected = [invited(&asked, Role::Viewer), unknown, invited(&second, Role::Administrator), other];
    assert_eq!(
        store.members(&a).await.unwrap(),
        expected,
        "of one address there is one, with the greater role"
    );
    assert_eq!(store.members(&b).await.unwrap(), [invited(&of_b, Role::Administrator)]);
    let last: Vec<_> = actions(store, &a).await.into_iter().map(|(_, action)| action).rev().take(3).collect();
    assert_eq!(last, ["invite_again"; 3], "what was refused is not in the log");

    let anew = Invitee { account: elsewhere, email: ann.email.clone(), name: None };
    for Invitation { id, tenant, .. } in store.invitations(&anew).await.unwrap() {
        store.accept_invitation(&anew, &tenant, id, &audit_entry(&tenant, "accept")).await.unwrap();
    }
    let known = store.memberships(&anew.account).await.unwrap();
    assert_eq!(known, [of(&a, Role::Administrator), of(&b, Role::Administrator)]);
}

/// The organization that somebody chose last is kept, for each of them, until it is erased.
pub async fn the_organization_that_was_chosen_last_is_kept(store: &dyn Store) {
    let (a, b) = (tenant("a"), tenant("b"));
    for tenant in [&a, &b] {
        store.add_organization(&organization(tenant), &audit_entry(tenant, "made")).await.unwrap();
    }
    let (ann, bob) = (account("ann"), account("bob"));
    assert_eq!(store.chosen_organization(&ann).await.unwrap(), None);
    for (second, tenant) in [(1, &a), (2, &b), (3, &a), (4, &b)] {
        store.choose_organization(&ann, tenant, at(second)).await.unwrap();
        assert_eq!(store.chosen_organization(&ann).await.unwrap().as_ref(), Some(tenant));
    }
    assert_eq!(store.chosen_organization(&bob).await.unwrap(), None);
    store.close_organization(&b, at(10), &audit_entry(&b, "closed")).await.unwrap();
    while store.erase(&b, 10).await.unwrap() > 0 {}
    assert_eq!(store.chosen_organization(&ann).await.unwrap(), Some(a));
}

/// Keys of an organization that is closed are none any more.
pub async fn keys_end_with_their_organization(store: &dyn Store) {
    let a = tenant("a");
    store.add_organization(&organization(&a), &audit_entry(&a, "made")).await.unwrap();
    let key = crate::entities::api_key(&a, 4);
    store.add_api_key(&key, &audit_entry(&a, "key")).await.unwrap();
    assert!(store.api_key_by_hash(&key.hash).await.unwrap().is_some());
    store.close_organization(&a, at(10), &audit_entry(&TenantId::local(), "closed")).await.unwrap();
    assert_eq!(store.api_key_by_hash(&key.hash).await.unwrap(), None);
    assert_eq!(store.api_keys(&a).await.unwrap()[0].revoked, Some(at(10)));
}

/// The audit log is searched by who, what, to what and when, and forgotten by age where that is wanted.
pub async fn the_audit_log_is_searched(store: &dyn Store) {
    use astroshield_domain::access::{AuditEntry, Principal};
    use astroshield_domain::ports::Prunable;

    let own = tenant("own");
    let entries = [
        ("ann", "rule.create", "1", 1),
        ("bob", "rule.remove", "1", 2),
        ("ann", "rules_of_thumb", "2", 3),
        ("ann", "webhook.create", "3", 4),
    ];
    for (by, action, target, second) in entries {
        let entry = AuditEntry {
            at: at(second),
            by: by.to_owned(),
            principal: (by == "ann").then(|| Principal::Person(account("ann"))),
            target: target.to_owned(),
            address: (by == "ann").then(|| "2001:db8::7".parse().unwrap()),
            request_id: (by == "ann").then(|| "r-9".to_owned()),
            ..audit_entry(&own, action)
        };
        store.add_audit(&entry).await.unwrap();
        assert_eq!(
            store.audit(&own, &AuditQuery { limit: 1, ..AuditQuery::default() }).await.unwrap().rows,
            [entry]
        );
    }
    store.add_audit(&audit_entry(&tenant("other"), "rule.create")).await.unwrap();
    let found = async |query: AuditQuery| -> Vec<String> {
        let part = store.audit(&own, &AuditQuery { limit: 10, ..query }).await.unwrap();
        part.rows.into_iter().map(|entry| entry.action).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    let ask = AuditQuery::default;
    assert_eq!(found(AuditQuery { by: text("bob"), ..ask() }).await, ["rule.remove"]);
    assert_eq!(found(AuditQuery { action: text("rule."), ..ask() }).await, ["rule.remove", "rule.create"]);
    assert_eq!(found(AuditQuery { action: text("rule.create"), ..ask() }).await, ["rule.create"]);
    assert_eq!(found(AuditQuery { target: text("1"), ..ask() }).await, ["rule.remove", "rule.create"]);
    let (ann, bob) = (Principal::Person(account("ann")).to_string(), Principal::Operator.to_string());
    assert_eq!(found(AuditQuery { by: Some(ann), action: text("rule."), ..ask() }).await, ["rule.create"]);
    assert_eq!(found(AuditQuery { by: Some(bob), ..ask() }).await, Vec::<String>::new());
    let between = AuditQuery { from: Some(at(2)), until: Some(at(4)), ..ask() };
    assert_eq!(found(between).await, ["rules_of_thumb", "rule.remove"]);
    let both = AuditQuery { by: text("ann"), target: text("1"), ..ask() };
    assert_eq!(found(both).await, ["rule.create"]);
    assert_eq!(found(AuditQuery { by: text("ann' OR 1=1 --"), ..ask() }).await, Vec::<String>::new());
    let page = store.audit(&own, &AuditQuery { by: text("ann"), limit: 2, ..ask() }).await.unwrap();
    let rest = AuditQuery { by: text("ann"), after: page.next, ..ask() };
    assert_eq!(found(rest).await, ["rule.create"]);

    store.prune(Prunable::Audit, at(3), 100).await.unwrap();
    assert_eq!(found(ask()).await, ["webhook.create", "rules_of_thumb"]);
}
