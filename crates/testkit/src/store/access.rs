use astroshield_domain::access::{Attempted, AuditEntry, AuditQuery, StoredAnswer};
use astroshield_domain::alert::{Channel, Rule, WatchList, WatchedObject, Webhook};
use astroshield_domain::ids::{ApiKeyId, RuleId, TenantId, WatchListId, WebhookId};
use astroshield_domain::ports::{Prunable, Store};
use uuid::Uuid;

use super::{assert_conflict, assert_not_found};
use crate::entities::{api_key, at, audit_entry, rule, tenant, watch_list, webhook};

async fn actions(store: &dyn Store, tenant: &TenantId) -> Vec<String> {
    store
        .audit(tenant, &AuditQuery { limit: 100, ..AuditQuery::default() })
        .await
        .unwrap()
        .rows
        .into_iter()
        .map(|entry| entry.action)
        .collect()
}

/// Watch lists are made, replaced and removed, each with an entry in the audit log.
pub async fn watch_lists_are_kept(store: &dyn Store) {
    let own = tenant("own");
    let audit = |action: &str| audit_entry(&own, action);
    let mut list = watch_list(&own, &[7, 5, 7]);
    list.objects[1] = WatchedObject {
        object: 5,
        hard_body_radius_m: None,
        maneuverable: None,
        min_probability: None,
        max_miss_distance_km: Some(0.25),
    };
    list.objects[2].maneuverable = Some(false);
    let first = WatchList { id: WatchListId::at(at(1)), name: "A".to_owned(), ..watch_list(&own, &[]) };
    store.put_watch_list(&list, &audit("create")).await.unwrap();
    store.put_watch_list(&first, &audit("create")).await.unwrap();
    assert_eq!(store.watch_lists(&own).await.unwrap(), [first.clone(), list.clone()]);
    list = WatchList { name: "0".to_owned(), objects: list.objects[..1].to_vec(), updated: at(9), ..list };
    store.put_watch_list(&list, &audit("update")).await.unwrap();
    assert_eq!(store.watch_lists(&own).await.unwrap(), [list.clone(), first.clone()]);
    assert_eq!(store.watch_list(&own, list.id).await.unwrap(), Some(list.clone()));
    assert_eq!(store.watch_list(&own, first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.watch_list(&tenant("other"), list.id).await.unwrap(), None);

    let rule = rule(&own, Some(&list));
    store.put_rule(&rule, &audit("rule")).await.unwrap();
    assert_conflict(&store.remove_watch_list(&own, list.id, &audit("refused")).await);
    assert_eq!(store.watch_lists(&own).await.unwrap(), [list.clone(), first.clone()]);
    store.remove_watch_list(&own, first.id, &audit("remove")).await.unwrap();
    assert_not_found(&store.remove_watch_list(&own, first.id, &audit("refused")).await);
    assert_not_found(&store.remove_watch_list(&tenant("other"), list.id, &audit("refused")).await);
    store.remove_rule(&own, rule.id, &audit("rule.remove")).await.unwrap();
    store.remove_watch_list(&own, list.id, &audit("remove")).await.unwrap();
    assert_eq!(store.watch_lists(&own).await.unwrap(), []);
    assert_eq!(
        actions(store, &own).await,
        ["remove", "rule.remove", "remove", "rule", "update", "create", "create"]
    );
}

/// Rules are made, replaced and removed; those in force are listed for every tenant.
pub async fn rules_are_kept(store: &dyn Store) {
    let (own, other) = (tenant("own"), tenant("other"));
    let audit = audit_entry(&own, "rule");
    let mut first = rule(&own, None);
    let disabled = Rule {
        id: RuleId::at(at(1)),
        name: "A".to_owned(),
        enabled: false,
        min_probability: None,
        max_miss_distance_km: Some(1.5),
        within_hours: None,
        relations: true,
        escalate_after_minutes: None,
        channels: vec![],
        ..rule(&own, None)
    };
    let of_other = rule(&other, None);
    for one in [&first, &disabled, &of_other] {
        store.put_rule(one, &audit).await.unwrap();
    }
    assert_eq!(store.rules(&own).await.unwrap(), [disabled.clone(), first.clone()]);
    assert_eq!(store.enabled_rules().await.unwrap(), [of_other.clone(), first.clone()]);
    assert_eq!(store.rule(&own, disabled.id).await.unwrap(), Some(disabled.clone()));
    assert_eq!(store.rule(&other, disabled.id).await.unwrap(), None);
    first.enabled = false;
    store.put_rule(&first, &audit).await.unwrap();
    assert_eq!(store.enabled_rules().await.unwrap(), [of_other]);
    let list_of_other = watch_list(&other, &[5]);
    store.put_watch_list(&list_of_other, &audit).await.unwrap();
    for list in [&list_of_other, &watch_list(&own, &[5])] {
        assert_conflict(&store.put_rule(&rule(&own, Some(list)), &audit).await);
    }
    assert_not_found(&store.remove_rule(&other, first.id, &audit).await);
    store.remove_rule(&own, first.id, &audit).await.unwrap();
    assert_not_found(&store.remove_rule(&own, first.id, &audit).await);
    assert_eq!(store.rules(&own).await.unwrap(), [disabled]);
}

/// Webhooks are made, replaced and removed.
pub async fn webhooks_are_kept(store: &dyn Store) {
    let own = tenant("own");
    let audit = audit_entry(&own, "webhook");
    let mut first = webhook(&own);
    let second = Webhook { id: WebhookId::at(at(1)), name: "A".to_owned(), enabled: false, ..webhook(&own) };
    store.put_webhook(&first, &audit).await.unwrap();
    store.put_webhook(&second, &audit).await.unwrap();
    first.url = "https://example.org/other".to_owned();
    store.put_webhook(&first, &audit).await.unwrap();
    let stale = Webhook { name: "Stale".to_owned(), ..first.clone() };
    first.rotate(Uuid::from_u128(7), "another".to_owned(), at(9));
    store.rotate_webhook(&first, &stale.secret, &audit).await.unwrap();
    // Whoever replaces what they have read replaces nothing else.
    let moved = Webhook { url: "https://example.org/moved".to_owned(), ..first.clone() };
    let unread = Webhook { enabled: !first.enabled, ..first.clone() };
    assert_conflict(&store.replace_webhook(&moved, &unread, &audit).await);
    assert_eq!(store.webhook(&own, first.id).await.unwrap(), Some(first.clone()));
    store.replace_webhook(&moved, &first, &audit).await.unwrap();
    assert_eq!(store.webhook(&own, first.id).await.unwrap(), Some(moved.clone()));
    store.replace_webhook(&first, &moved, &audit).await.unwrap();
    // Whoever has read it before that changes everything but the secret, and rotates nothing.
    store.put_webhook(&stale, &audit).await.unwrap();
    first.name = stale.name.clone();
    let mut second_rotation = stale.clone();
    second_rotation.rotate(Uuid::from_u128(8), "third".to_owned(), at(9));
    assert_conflict(&store.rotate_webhook(&second_rotation, &stale.secret, &audit).await);
    let nobody = Webhook { id: WebhookId::at(at(5)), ..second_rotation };
    assert_not_found(&store.rotate_webhook(&nobody, &stale.secret, &audit).await);
    assert_not_found(&store.replace_webhook(&nobody, &nobody, &audit).await);
    assert_eq!(store.webhooks(&own).await.unwrap(), [second.clone(), first.clone()]);
    assert_eq!(store.webhook(&own, first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.webhook(&tenant("other"), first.id).await.unwrap(), None);
    let telling =
        Rule { escalation_channels: vec![Channel::Webhook { webhook: second.id }], ..rule(&own, None) };
    store.put_rule(&telling, &audit).await.unwrap();
    assert_conflict(&store.remove_webhook(&own, second.id, &audit).await);
    assert_not_found(&store.remove_webhook(&tenant("other"), first.id, &audit).await);
    store.remove_webhook(&own, first.id, &audit).await.unwrap();
    assert_not_found(&store.remove_webhook(&own, first.id, &audit).await);
    assert_eq!(store.webhooks(&own).await.unwrap(), [second]);
    assert_eq!(actions(store, &own).await.len(), 9);
}

/// Keys are found by their hash, and revoked once and for all.
pub async fn api_keys_are_kept(store: &dyn Store) {
    let own = tenant("own");
    let audit = audit_entry(&own, "api-key");
    let mut key = api_key(&own, 1);
    store.add_api_key(&key, &audit).await.unwrap();
    let second = api_key(&own, 2);
    store.add_api_key(&second, &audit).await.unwrap();
    let same_hash =
        astroshield_domain::access::ApiKey { id: ApiKeyId::at(at(9)), ..api_key(&tenant("other"), 1) };
    assert_conflict(&store.add_api_key(&same_hash, &audit).await);
    assert_eq!(store.api_key_by_hash(&[1; 32]).await.unwrap().as_ref(), Some(&key));
    // One that nobody was told gives its place to another.
    let untold = astroshield_domain::access::ApiKey { hash: [8; 32], ..key.clone() };
    store.add_api_key(&untold, &audit).await.unwrap();
    assert_eq!(store.api_key_by_hash(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.api_key_by_hash(&[8; 32]).await.unwrap(), Some(untold));
    store.add_api_key(&key, &audit).await.unwrap();
    assert_eq!(store.api_key_by_hash(&[3; 32]).await.unwrap(), None);
    store.revoke_api_key(&own, key.id, at(50), &audit).await.unwrap();
    store.revoke_api_key(&own, key.id, at(60), &audit).await.unwrap();
    key.revoked = Some(at(50));
    assert_eq!(store.api_key_by_hash(&[1; 32]).await.unwrap(), Some(key.clone()));
    assert_eq!(store.api_keys(&own).await.unwrap(), [key.clone(), second]);
    assert_not_found(&store.revoke_api_key(&tenant("other"), key.id, at(0), &audit).await);
    assert_not_found(&store.revoke_api_key(&own, ApiKeyId::at(at(0)), at(0), &audit).await);
    assert_eq!(actions(store, &own).await.len(), 6);
}

/// The audit log is read from the newest entry back, page by page, and none is left out or given twice where times are
/// equal.
pub async fn the_audit_log_goes_back(store: &dyn Store) {
    let own = tenant("own");
    // Two of the first second, five of the second, and one of the third.
    for (place, second) in [1, 1, 2, 2, 2, 2, 2, 3].into_iter().enumerate() {
        let entry = AuditEntry { at: at(second), ..audit_entry(&own, &format!("action-{place}")) };
        if place == 2 {
            store.add_audit(&entry).await.unwrap();
        } else {
            store.put_webhook(&webhook(&own), &entry).await.unwrap();
        }
        store
            .put_webhook(&webhook(&tenant("other")), &audit_entry(&tenant("other"), "theirs"))
            .await
            .unwrap();
    }
    let first = store.audit(&own, &AuditQuery { limit: 1, ..AuditQuery::default() }).await.unwrap();
    assert_eq!(first.rows, [AuditEntry { at: at(3), ..audit_entry(&own, "action-7") }]);
    for limit in [1, 2, 3, 8, 9] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page =
                store.audit(&own, &AuditQuery { after, limit, ..AuditQuery::default() }).await.unwrap();
            assert!(page.rows.len() == limit as usize || page.next.is_none());
            seen.extend(page.rows.into_iter().map(|entry| entry.action));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let expected: Vec<_> = (0..8).rev().map(|place| format!("action-{place}")).collect();
        assert_eq!(seen, expected, "{limit} at a time");
    }
}

/// A request that is tried again is known by its first time, until it is answered or another one takes its key.
pub async fn an_attempt_keeps_its_first_time(store: &dyn Store) {
    let (own, other) = (tenant("own"), tenant("other"));
    let open = async |tenant: &TenantId, request: u8, second: i64| {
        let attempted = store.attempt(tenant, "key", &[request; 32], at(second)).await.unwrap();
        let Attempted::Open(attempt) = &attempted else { return Err(attempted) };
        assert_eq!((&attempt.tenant, attempt.key.as_str()), (tenant, "key"));
        assert_eq!(attempt.request, [request; 32]);
        Ok((attempt.at, attempt.repeated))
    };
    assert_eq!(open(&own, 1, 0).await, Ok((at(0), false)));
    assert_eq!(open(&own, 1, 5).await, Ok((at(0), true)));
    assert_eq!(open(&other, 1, 6).await, Ok((at(6), false)));
    assert_eq!(open(&own, 2, 7).await, Ok((at(7), false)));
    assert_eq!(open(&own, 2, 8).await, Ok((at(7), true)));
    let answer = StoredAnswer { request: [2; 32], status: 201, body: vec![b'{'] };
    store.put_answer(&own, "key", &answer, at(9)).await.unwrap();
    for request in [1, 2] {
        let attempted = store.attempt(&own, "key", &[request; 32], at(10)).await.unwrap();
        assert_eq!(attempted, Attempted::Answered(answer.clone()));
    }
    assert_eq!(open(&other, 1, 11).await, Ok((at(6), true)));
    store.prune(Prunable::Answers, at(20), 100).await.unwrap();
    assert_eq!(open(&own, 1, 30).await, Ok((at(30), false)));
}

/// An idempotency key has one answer, and is the tenant's own.
pub async fn an_answer_is_given_once(store: &dyn Store) {
    let (own, other) = (tenant("own"), tenant("other"));
    let answer = StoredAnswer { request: [7; 32], status: 201, body: vec![0, 255, b'{'] };
    assert_eq!(store.answer(&own, "key").await.unwrap(), None);
    store.put_answer(&own, "key", &answer, at(0)).await.unwrap();
    let second = StoredAnswer { status: 500, ..answer.clone() };
    assert_conflict(&store.put_answer(&own, "key", &second, at(0)).await);
    store.put_answer(&other, "key", &second, at(0)).await.unwrap();
    assert_eq!(store.answer(&own, "key").await.unwrap(), Some(answer));
    assert_eq!(store.answer(&other, "key").await.unwrap(), Some(second));
    assert_eq!(store.answer(&TenantId::public(), "key").await.unwrap(), None);
}
