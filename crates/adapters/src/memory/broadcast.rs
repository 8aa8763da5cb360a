//! A broadcast within the process.

use std::sync::Arc;

use astroshield_domain::event::Published;
use astroshield_domain::ports::Broadcast;
use async_trait::async_trait;
use tokio::sync::broadcast;

/// A [`Broadcast`] to the connections of this process.
#[derive(Debug, Clone)]
pub struct LocalBroadcast {
    sender: broadcast::Sender<Arc<Published>>,
}

impl LocalBroadcast {
    /// A broadcast whose receivers may fall at least so many events behind before they miss any.
    ///
    /// Memory is taken for all of them at once, rounded up to a power of two.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { sender: broadcast::Sender::new(capacity.clamp(1, usize::MAX / 2)) }
    }
}

#[async_trait]
impl Broadcast for LocalBroadcast {
    async fn send(&self, events: &[Published]) {
        for event in events {
            // An error says that nobody listens.
            let _ = self.sender.send(Arc::new(event.clone()));
        }
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<Published>> {
        self.sender.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keeps_to_the_port() {
        astroshield_testkit::cache::broadcast_suite(&LocalBroadcast::new(64), 64).await;
    }

    #[tokio::test]
    async fn no_capacity_is_taken_as_room_for_one() {
        let broadcast = LocalBroadcast::new(0);
        let mut receiver = broadcast.subscribe();
        let event = astroshield_testkit::cache::published(7);
        broadcast.send(std::slice::from_ref(&event)).await;
        assert_eq!(*receiver.recv().await.unwrap(), event);
    }
}
