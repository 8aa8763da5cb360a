use std::time::Duration;

use astroshield_domain::ids::TenantId;
use astroshield_domain::lease::Lease;
use astroshield_domain::ports::Store;

use super::{assert_conflict, put_event};

const LONG: Duration = Duration::from_secs(60);

async fn take(store: &dyn Store, holder: &str, ttl: Duration) -> Option<Lease> {
    store.take_lease("relay", holder, ttl).await.unwrap()
}

/// One of several has a lease, and keeps it for as long as it asks again; its token stays the same.
pub async fn a_lease_is_held_by_one_at_a_time(store: &dyn Store) {
    let first = take(store, "first", LONG).await.unwrap();
    assert_eq!(take(store, "second", LONG).await, None);
    assert_eq!(take(store, "first", LONG).await, Some(first.clone()));
    let other = store.take_lease("upkeep", "second", LONG).await.unwrap().unwrap();
    assert_eq!(other.name, "upkeep");

    store.give_lease_back(&first).await.unwrap();
    let second = take(store, "second", LONG).await.unwrap();
    assert!(second.token > first.token, "{second:?} after {first:?}");
    // What was somebody's before is not theirs to give back.
    store.give_lease_back(&first).await.unwrap();
    assert_eq!(take(store, "first", LONG).await, None);
    assert_eq!(take(store, "second", LONG).await, Some(second));
}

/// Of many who ask at once, one is given it.
pub async fn a_lease_that_many_ask_for_is_given_once(store: &dyn Store) {
    for round in 0..5 {
        let name = format!("round-{round}");
        let ask = async |holder: &str| store.take_lease(&name, holder, LONG).await.unwrap();
        let (a, b, c, d) = tokio::join!(ask("a"), ask("b"), ask("c"), ask("d"));
        assert_eq!([a, b, c, d].iter().flatten().count(), 1);
    }
}

/// A lease ends when its holder does not ask again, by the clock of the store; one that was dated by a clock that was ahead
/// ends, too.
pub async fn a_lease_ends_by_itself(store: &dyn Store) {
    let short = Duration::from_millis(150);
    let first = take(store, "first", short).await.unwrap();
    assert_eq!(take(store, "second", short).await, None);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let second = take(store, "second", LONG).await.unwrap();
    assert!(second.token > first.token);
    // Nobody asks for so long: a minute from now on is a time that no clock can have meant.
    let third = take(store, "third", short).await.unwrap();
    assert!(third.token > second.token);
}

/// Who had a lease and does not know that somebody else has it gives no event a position, and moves nothing.
pub async fn positions_are_given_by_whoever_holds_the_lease(store: &dyn Store) {
    let own = TenantId::local();
    put_event(store, &own, "a").await;
    let first = take(store, "first", Duration::from_millis(100)).await.unwrap();
    assert_eq!(store.sequence_events_under(&first, 1).await.unwrap().len(), 1);
    put_event(store, &own, "b").await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let second = take(store, "second", LONG).await.unwrap();
    assert_conflict(&store.sequence_events_under(&first, 10).await);
    assert_eq!(store.last_position().await.unwrap(), 1);
    assert_eq!(store.sequence_events_under(&second, 10).await.unwrap().len(), 1);
    store.give_lease_back(&second).await.unwrap();
    assert_conflict(&store.sequence_events_under(&second, 10).await);
    let nobodys = Lease { name: "nothing".to_owned(), token: 1 };
    assert_conflict(&store.sequence_events_under(&nobodys, 10).await);
}
