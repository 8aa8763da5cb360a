use astroshield_domain::access::{AuditQuery, StoredAnswer};
use astroshield_domain::alert::{AlertChange, AlertChanges, AlertQuery};
use astroshield_domain::catalog::ObjectQuery;
use astroshield_domain::conjunction::{Conjunction, ConjunctionOrder, ConjunctionQuery, ConjunctionStatus};
use astroshield_domain::ids::TenantId;
use astroshield_domain::note::Noted;
use astroshield_domain::organization::Role;
use astroshield_domain::ports::Store;
use astroshield_domain::screening::{Run, RunKind};

use crate::entities::{
    alert, api_key, at, audit_entry, cdm, conclusion, conjunction, delivery, element_set, ephemeris, ingest,
    member, note, number, organization, rule, run, tenant, upload, watch_list, webhook,
};

/// Everything that a tenant can make, for the same object and the same times as everybody else.
struct Made {
    run: Run,
    cleared: Conjunction,
    active: Conjunction,
    upload: astroshield_domain::feed::Upload,
    alert: astroshield_domain::alert::Alert,
    list: astroshield_domain::alert::WatchList,
}

async fn make(store: &dyn Store, tenant: &TenantId, hash: u8) -> Made {
    let audit = audit_entry(tenant, "made");
    store.ingest(&ingest(tenant, at(0), vec![element_set(5, 0)]), &[]).await.unwrap();
    let first = Run { kind: RunKind::Ephemerides, ..run(tenant, at(0)) };
    let cleared = conjunction(&first, [5, 7], at(1_000));
    store.begin_run(&first, &[]).await.unwrap();
    store.conclude_run(tenant, &conclusion(&first), std::slice::from_ref(&cleared)).await.unwrap();
    let second = Run { kind: RunKind::Ephemerides, ..run(tenant, at(10)) };
    let active = conjunction(&second, [5, 9], at(2_000));
    store.begin_run(&second, &[]).await.unwrap();
    store.conclude_run(tenant, &conclusion(&second), std::slice::from_ref(&active)).await.unwrap();
    let cleared = Conjunction { status: ConjunctionStatus::Cleared, ..cleared };
    let upload = upload(tenant, at(0));
    store.add_upload(&upload, &[ephemeris(&upload, 5)], &[cdm(&upload, &active)], &[], None).await.unwrap();
    let noted = Noted::Note { text: "seen".to_owned() };
    store.add_note(&note(tenant, active.id, at(0), noted), &audit).await.unwrap();
    let list = watch_list(tenant, &[5]);
    store.put_watch_list(&list, &audit).await.unwrap();
    store.put_rule(&rule(tenant, Some(&list)), &audit).await.unwrap();
    store.put_webhook(&webhook(tenant), &audit).await.unwrap();
    store.add_api_key(&api_key(tenant, hash), &audit).await.unwrap();
    store.add_member(&member(tenant, "ann", Role::Viewer), &audit).await.unwrap();
    let alert = alert(tenant, "a", at(0));
    let changes = AlertChanges {
        alerts: vec![(alert.clone(), AlertChange::Opened)],
        deliveries: vec![delivery(&alert)],
        ..AlertChanges::default()
    };
    store.change_alerts(tenant, &changes, None, at(0)).await.unwrap();
    store
        .put_answer(
            tenant,
            "key",
            &StoredAnswer { request: [hash; 32], status: 200, body: vec![hash] },
            at(0),
        )
        .await
        .unwrap();
    Made { run: second, cleared, active, upload, alert, list }
}

/// Whose the rows are that a tenant gets from every call that takes one.
async fn owners(store: &dyn Store, tenant: &TenantId, made: &[&Made]) -> Vec<(&'static str, TenantId)> {
    let mut seen: Vec<(&'static str, TenantId)> = Vec::new();
    let mut see =
        |call, tenants: Vec<TenantId>| seen.extend(tenants.into_iter().map(|tenant| (call, tenant)));
    macro_rules! see {
        ($call:ident($($argument:expr),*) in $rows:ident => $all:expr) => {
            let $rows = store.$call(tenant $(, $argument)*).await.unwrap();
            see(stringify!($call), $all.into_iter().map(|row| row.tenant.clone()).collect());
        };
    }
    let window = (at(0), at(10_000));
    see!(catalog_as_of(at(10_000)) in rows => rows);
    see!(current_element_sets(None, 100) in page => page.rows);
    see!(element_history(number(5), None, 100) in page => page.rows);
    see!(uploads(None, 100) in page => page.rows);
    see!(ephemerides_as_of(at(10_000), window) in rows => rows);
    see!(runs(None, 100) in page => page.rows);
    for order in ConjunctionOrder::ALL {
        for status in [ConjunctionStatus::Active, ConjunctionStatus::Cleared] {
            for object in [None, Some(number(5))] {
                let query = ConjunctionQuery {
                    order,
                    status: Some(status),
                    object,
                    limit: 100,
                    ..ConjunctionQuery::default()
                };
                see!(conjunctions(&query) in page => page.rows);
            }
        }
    }
    see!(watch_lists() in rows => rows);
    see!(rules() in rows => rows);
    see!(unresolved_alerts() in rows => rows);
    for object in [None, Some(number(5))] {
        see!(alerts(&AlertQuery { limit: 100, object, ..AlertQuery::default() }) in page => page.rows);
    }
    see!(webhooks() in rows => rows);
    see!(api_keys() in rows => rows);
    see!(members() in rows => rows);
    see!(audit(&AuditQuery { limit: 100, ..AuditQuery::default() }) in part => part.rows);
    for one in made {
        see!(upload(one.upload.id) in row => row);
        see!(run(one.run.id) in row => row);
        see!(conjunction(one.active.id) in row => row);
        see!(conjunction(one.cleared.id) in row => row);
        see!(cdms_of(one.active.id) in rows => rows);
        see!(conjunction_notes(one.active.id) in rows => rows);
        see!(cdms_from(at(0)) in rows => rows);
        see!(alert(one.alert.id) in row => row);
        see!(deliveries_of(one.alert.id) in rows => rows);
        let query =
            ConjunctionQuery { watch_list: Some(one.list.id), limit: 100, ..ConjunctionQuery::default() };
        see!(conjunctions(&query) in page => page.rows);
    }
    seen
}

/// A tenant gets its own rows and public ones, through no call another's; and a call that gives public rows to one gives
/// them to all.
pub async fn no_call_gives_another_tenants_rows(store: &dyn Store) {
    let (a, b, public) = (tenant("a"), tenant("b"), TenantId::public());
    let made = [make(store, &a, 1).await, make(store, &b, 2).await, make(store, &public, 3).await];
    let made: Vec<&Made> = made.iter().collect();
    let own_only = [
        "ephemerides_as_of",
        "watch_lists",
        "rules",
        "unresolved_alerts",
        "webhooks",
        "api_keys",
        "members",
        "audit",
        "deliveries_of",
        "conjunction_notes",
    ];
    for (tenant, other) in [(&a, &b), (&b, &a), (&public, &a)] {
        let seen = owners(store, tenant, &made).await;
        for (call, owner) in &seen {
            assert_ne!(owner, other, "{call} for {tenant}");
            assert!(owner == tenant || *owner == public, "{call} for {tenant} gives rows of {owner}");
            if own_only.contains(call) {
                assert_eq!(owner, tenant, "{call}");
            }
        }
        let calls: std::collections::BTreeSet<_> =
            seen.iter().filter(|(_, owner)| owner == tenant).map(|(call, _)| *call).collect();
        assert_eq!(calls.len(), 23, "{calls:?}");
    }
    for (tenant, id) in [(&a, 0), (&b, 1)] {
        let other = made[1 - id];
        let known = store.known_conjunctions(tenant, (at(0), at(10_000))).await.unwrap();
        let ids: Vec<_> = known.iter().map(|known| known.0).collect();
        assert_eq!(ids.len(), 2);
        assert!(ids.contains(&made[id].active.id) && ids.contains(&made[id].cleared.id));
        assert_eq!(store.conjunction_history(tenant, other.active.id).await.unwrap(), []);
        assert_eq!(store.conjunction_history(tenant, made[2].cleared.id).await.unwrap().len(), 2);
        let hash = u8::try_from(id + 1).unwrap();
        assert_eq!(store.answer(tenant, "key").await.unwrap().unwrap().body, [hash]);
        assert_eq!(store.api_key_by_hash(&[hash; 32]).await.unwrap().unwrap().tenant, *tenant);
    }
}

/// A tenant that is erased has nothing, through no call; what others have, and what is public, stays.
pub async fn erasing_a_tenant_leaves_nothing_of_it_and_all_of_others(store: &dyn Store) {
    let (a, b, public) = (tenant("a"), tenant("b"), TenantId::public());
    for tenant in [&a, &b] {
        store.add_organization(&organization(tenant), &audit_entry(tenant, "made")).await.unwrap();
    }
    let made = [make(store, &a, 1).await, make(store, &b, 2).await, make(store, &public, 3).await];
    let mut secret = element_set(77, 0);
    secret.name = Some("Secret".to_owned());
    store.ingest(&ingest(&a, at(0), vec![secret]), &[]).await.unwrap();
    let made: Vec<&Made> = made.iter().collect();
    let before = owners(store, &b, &made).await;
    store.close_organization(&a, at(50), &audit_entry(&TenantId::local(), "removed")).await.unwrap();
    let mut rows = 0;
    loop {
        match store.erase(&a, 3).await.unwrap() {
            0 => break,
            some => rows += some,
        }
    }
    assert!(rows > 30, "{rows}");
    let left = owners(store, &a, &made).await;
    assert!(left.iter().all(|(_, owner)| *owner == public), "{left:?}");
    assert_eq!(store.answer(&a, "key").await.unwrap(), None);
    assert_eq!(owners(store, &b, &made).await, before);
    // What takes the places of its objects is not found by their names.
    let mut other = element_set(78, 0);
    other.name = Some("Other".to_owned());
    store.ingest(&ingest(&b, at(1), vec![other]), &[]).await.unwrap();
    let query = ObjectQuery { limit: 10, search: Some("secret".to_owned()), ..ObjectQuery::default() };
    assert_eq!(store.objects(&b, &query).await.unwrap().rows, []);
}

/// Objects that only one tenant has are that tenant's, whatever they are searched by.
pub async fn objects_of_one_tenant_are_hidden_from_others(store: &dyn Store) {
    let (a, b) = (tenant("a"), tenant("b"));
    let mut secret = element_set(77, 0);
    secret.name = Some("Secret".to_owned());
    store.ingest(&ingest(&a, at(0), vec![secret]), &[]).await.unwrap();
    let queries = [
        ObjectQuery { limit: 10, ..ObjectQuery::default() },
        ObjectQuery { limit: 10, search: Some("secret".to_owned()), ..ObjectQuery::default() },
        ObjectQuery { limit: 10, search: Some("77".to_owned()), ..ObjectQuery::default() },
        ObjectQuery { limit: 10, search: Some("se".to_owned()), ..ObjectQuery::default() },
        ObjectQuery { limit: 10, min_perigee_km: Some(0.0), ..ObjectQuery::default() },
    ];
    for query in queries {
        assert_eq!(store.objects(&a, &query).await.unwrap().rows.len(), 1, "{query:?}");
        for other in [&b, &TenantId::public()] {
            assert_eq!(store.objects(other, &query).await.unwrap().rows, [], "{query:?}");
        }
    }
    assert_eq!(store.object(&b, number(77)).await.unwrap(), None);
    assert_eq!(store.element_history(&b, number(77), None, 10).await.unwrap().rows, []);
    assert_eq!(store.catalog_as_of(&b, at(100)).await.unwrap(), []);
}
