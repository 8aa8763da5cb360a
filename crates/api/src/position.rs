//! The newest position of the store's events, as the response cache knows it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use astroshield_domain::ports::{Store, StoreError};

/// How old the known position may be: answers from the cache are older by no more than this.
const REFRESH: Duration = Duration::from_secs(1);

/// The newest position, read at most once a second however many requests ask.
#[derive(Debug, Default)]
pub(crate) struct Position {
    newest: AtomicI64,
    read_at: Mutex<Option<Instant>>,
}

impl Position {
    /// The newest position, at most a second old.
    pub(crate) async fn newest(&self, store: &dyn Store) -> Result<i64, StoreError> {
        if self.is_due(Instant::now()) {
            match store.last_position().await {
                // Never back: a request that was slow to read must not hide what a later one saw.
                Ok(position) => self.newest.fetch_max(position, Ordering::AcqRel),
                Err(error) => {
                    self.forget();
                    return Err(error);
                }
            };
        }
        Ok(self.newest.load(Ordering::Acquire))
    }

    /// Whether to read it now; true for one of those that ask at once.
    fn is_due(&self, now: Instant) -> bool {
        let mut read_at = self.read_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = read_at.is_none_or(|at| now.duration_since(at) >= REFRESH);
        if due {
            *read_at = Some(now);
        }
        due
    }

    fn forget(&self) {
        *self.read_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_reads_the_position_and_only_once_a_second() {
        let position = Position::default();
        let start = Instant::now();
        assert!(position.is_due(start));
        assert!(!position.is_due(start));
        assert!(!position.is_due(start + Duration::from_millis(999)));
        assert!(position.is_due(start + REFRESH));
        position.forget();
        assert!(position.is_due(start + REFRESH));
    }
}
