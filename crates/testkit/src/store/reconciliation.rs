use std::collections::BTreeMap;
use std::time::Duration;

use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::Store;
use astroshield_domain::reconciliation::{BlobKind, KeptBlob, RELAY, Reconciled};

use uuid::Uuid;

use super::{new_events, put_event};
use crate::entities::{at, element_set, ingest, tenant, upload};

/// What a store without a name is called.
const NAME: Uuid = Uuid::from_u128(7);

fn nothing() -> Reconciled {
    Reconciled {
        at: at(0),
        installation: NAME,
        last_position: 0,
        relay: None,
        unnamed: Vec::new(),
        missing: Vec::new(),
    }
}

/// Positions never come twice, the relay goes back, and nobody holds what was held.
pub async fn a_reconciled_store_goes_on_beyond_all_positions(store: &dyn Store) {
    let own = tenant("own");
    for feed in ["a", "b", "c"] {
        put_event(store, &own, feed).await;
    }
    let events = new_events(store).await;
    put_event(store, &own, "d").await;
    for (consumer, position) in [(RELAY, 3), ("notify", 2)] {
        store.advance_consumer(consumer, position).await.unwrap();
    }
    let ttl = Duration::from_secs(10);
    let lease = store.take_lease("relay", "one", ttl).await.unwrap().unwrap();
    let name = store.installation().await.unwrap();

    let state = store.state().await.unwrap();
    assert_eq!(
        (state.installation, state.restores, state.last_position, state.waiting),
        (Some(name), 0, 3, 1)
    );
    assert_eq!(state.newest_event, Some(at(0)));
    assert_eq!(state.consumers, BTreeMap::from([("notify".to_owned(), 2), (RELAY.to_owned(), 3)]));
    assert_eq!(state.held_leases, ["relay"]);
    let known = [events[0].id, astroshield_domain::ids::EventId::at(at(1))];
    assert_eq!(store.known_events(&known).await.unwrap(), known[..1]);
    assert_eq!(store.events_between(1, 3).await.unwrap(), 2);

    let reconciled = Reconciled { last_position: 1_000, relay: Some(1), ..nothing() };
    store.reconcile(&reconciled).await.unwrap();
    let state = store.state().await.unwrap();
    assert_eq!((state.installation, state.restores, state.last_position), (Some(name), 1, 1_000));
    assert_eq!(state.held_leases, [""; 0]);
    assert_eq!(store.consumer_position(RELAY).await.unwrap(), 1);
    assert_eq!(store.consumer_position("notify").await.unwrap(), 2);
    assert_eq!(store.sequence_events(10).await.unwrap()[0].position, 1_001);
    // Whoever held the lease before knows nothing of it, and is refused, however often it is given from now on.
    assert!(store.sequence_events_under(&lease, 10).await.is_err());
    let next = store.take_lease("relay", "two", ttl).await.unwrap().unwrap();
    assert!(next.token > lease.token + 1_000);
    // Never back.
    store.reconcile(&nothing()).await.unwrap();
    assert_eq!(store.state().await.unwrap().last_position, 1_001);
}

/// What nothing speaks of is not swept, and what is gone is told.
pub async fn blobs_found_by_a_reconciliation_are_kept_or_known_to_be_missing(store: &dyn Store) {
    let (own, other) = (tenant("own"), tenant("other"));
    let sets = ingest(&own, at(0), vec![element_set(5, 0)]);
    store.ingest(&sets, &[]).await.unwrap();
    let file = upload(&own, at(0));
    store.add_upload(&file, &[], &[], &[], None).await.unwrap();
    let owners = store.blob_owners(BlobKind::Upload, None, 10).await.unwrap();
    assert_eq!(owners.len(), 1);
    assert_eq!((&owners[0].tenant, owners[0].id, &owners[0].path), (&own, file.id.0, &file.blob));
    let after = (own.clone(), file.id.0);
    assert_eq!(store.blob_owners(BlobKind::Upload, Some(&after), 10).await.unwrap(), []);
    let ingests = store.blob_owners(BlobKind::Ingest, None, 10).await.unwrap();
    assert_eq!(Some(&ingests[0].path), sets.blob.as_ref());

    let lost = "own/uploads/lost".to_owned();
    let found = Reconciled {
        unnamed: vec![(own.clone(), lost.clone())],
        missing: vec![(own.clone(), file.blob.clone()), (own.clone(), file.blob.clone())],
        ..nothing()
    };
    store.reconcile(&found).await.unwrap();
    let state = store.state().await.unwrap();
    assert_eq!((state.installation, state.restores), (Some(NAME), 1));
    assert_eq!(store.kept_blobs().await.unwrap(), [KeptBlob { path: lost.clone(), noted: at(0) }]);
    assert_eq!(store.named_blobs(std::slice::from_ref(&lost)).await.unwrap(), [lost.as_str()]);
    assert_eq!(store.missing_since(&own, &file.blob).await.unwrap(), Some(at(0)));
    assert_eq!(store.missing_since(&own, &lost).await.unwrap(), None);
    assert_eq!(store.missing_since(&other, &file.blob).await.unwrap(), None);
    // It is known since the first time; what came back is no longer missing.
    let later = Reconciled { at: at(50), missing: Vec::new(), ..found };
    store.reconcile(&later).await.unwrap();
    assert_eq!(store.kept_blobs().await.unwrap()[0].noted, at(0));
    assert_eq!(store.missing_since(&own, &file.blob).await.unwrap(), None);
    let name = TenantId::public();
    assert_eq!(store.missing_since(&name, &file.blob).await.unwrap(), None);
}
