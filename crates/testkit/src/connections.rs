//! What every [`Connections`] does.

use std::time::Duration;

use astroshield_domain::access::Scope;
use astroshield_domain::event::Topic;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{ConnectionId, Connections, HeldConnection, HeldSubscription, Said, Saying};
use jiff::Timestamp;

fn id(number: u32) -> ConnectionId {
    format!("connection{number}=").parse().unwrap()
}

fn held(lives: Duration) -> HeldConnection {
    HeldConnection {
        tenant: TenantId::local(),
        name: "program".to_owned(),
        scope: Scope::Read,
        proof: "{\"key\":\"00\"}".to_owned(),
        expires: Timestamp::now() + lives,
        subscription: None,
    }
}

/// Holds connections, of which there are none yet, to their port.
///
/// # Panics
/// When they do not do what the port says.
pub async fn connections_suite(connections: &dyn Connections) {
    connections_are_remembered_as_they_are_until_they_are_removed(connections).await;
    no_more_are_remembered_than_may_be(connections).await;
    what_has_expired_is_forgotten(connections).await;
    what_is_said_is_heard_in_its_order_until_it_is_dealt_with(connections).await;
}

async fn connections_are_remembered_as_they_are_until_they_are_removed(connections: &dyn Connections) {
    assert_eq!(connections.get(&id(1)).await, Ok(None));
    let mut connection = held(Duration::from_secs(60));
    assert_eq!(connections.add(&id(1), &connection, 10).await, Ok(true));
    assert_eq!(connections.get(&id(1)).await, Ok(Some(connection.clone())));
    connection.subscription =
        Some(HeldSubscription { topics: vec![Topic::Alerts, Topic::Runs], position: 41, reset: true });
    connections.put(&id(1), &connection).await.unwrap();
    assert_eq!(connections.get(&id(1)).await, Ok(Some(connection.clone())));
    assert_eq!(connections.add(&id(2), &connection, 10).await, Ok(true));
    let mut all = connections.all().await.unwrap();
    all.sort_unstable();
    assert_eq!(all, [id(1), id(2)]);
    for number in 1..=2 {
        connections.remove(&id(number)).await.unwrap();
        // Functions are called again where nobody heard them.
        connections.remove(&id(number)).await.unwrap();
        assert_eq!(connections.get(&id(number)).await, Ok(None));
    }
    assert_eq!(connections.all().await, Ok(Vec::new()));
}

async fn no_more_are_remembered_than_may_be(connections: &dyn Connections) {
    let connection = held(Duration::from_secs(60));
    for number in 1..=3 {
        assert_eq!(connections.add(&id(number), &connection, 3).await, Ok(true));
    }
    assert_eq!(connections.add(&id(4), &connection, 3).await, Ok(false));
    assert_eq!(connections.get(&id(4)).await, Ok(None));
    connections.remove(&id(2)).await.unwrap();
    assert_eq!(connections.add(&id(4), &connection, 3).await, Ok(true));
    for number in [1, 3, 4] {
        connections.remove(&id(number)).await.unwrap();
    }
}

async fn what_has_expired_is_forgotten(connections: &dyn Connections) {
    assert_eq!(connections.add(&id(1), &held(Duration::from_millis(300)), 1).await, Ok(true));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(connections.get(&id(1)).await, Ok(None));
    assert_eq!(connections.all().await, Ok(Vec::new()));
    // Its place is free.
    assert_eq!(connections.add(&id(2), &held(Duration::from_secs(60)), 1).await, Ok(true));
    connections.remove(&id(2)).await.unwrap();
}

async fn what_is_said_is_heard_in_its_order_until_it_is_dealt_with(connections: &dyn Connections) {
    assert_eq!(connections.said_after(None).await, Ok(Vec::new()));
    let said = [
        (id(1), Said::Text("{\"subscribe\":[\"alerts\"]}\u{0}\u{1f680}".to_owned())),
        (id(2), Said::Binary),
        (id(1), Said::TooLarge),
        (id(2), Said::Gone),
    ];
    for (id, said) in &said {
        connections.say(id, said).await.unwrap();
    }
    let of = |sayings: &[Saying]| -> Vec<(ConnectionId, Said)> {
        sayings.iter().map(|saying| (saying.connection.clone(), saying.said.clone())).collect()
    };
    let heard = connections.said_after(None).await.unwrap();
    assert_eq!(of(&heard), said);
    let rest = connections.said_after(Some(&heard[1].place)).await.unwrap();
    assert_eq!(of(&rest), said[2..]);
    connections.dealt_with(&heard[1].place).await.unwrap();
    connections.dealt_with(&heard[1].place).await.unwrap();
    let left = connections.said_after(None).await.unwrap();
    assert_eq!(of(&left), [said[0].clone(), said[2].clone(), said[3].clone()]);
    assert_eq!(connections.said_after(Some(&heard[3].place)).await, Ok(Vec::new()));
    for saying in left {
        connections.dealt_with(&saying.place).await.unwrap();
    }
    assert_eq!(connections.said_after(None).await, Ok(Vec::new()));
}
