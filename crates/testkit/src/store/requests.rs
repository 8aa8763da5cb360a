use std::time::Duration;

use astroshield_domain::ports::{RequestLimit, Store, TooManyRequests};
use jiff::{SignedDuration, Timestamp};

use crate::entities::at;

const MINUTE: Duration = Duration::from_secs(60);
const LIMITS: [RequestLimit; 2] = [
    RequestLimit { requests: 3, within: MINUTE },
    RequestLimit { requests: 5, within: Duration::from_secs(3_600) },
];

async fn count(store: &dyn Store, host: &str, now: Timestamp) -> Option<TooManyRequests> {
    store.count_request(host, now, &LIMITS).await.unwrap()
}

/// A request that would be one too many is not counted, and is told how long to wait.
pub async fn requests_to_a_host_are_counted_within_each_limit(store: &dyn Store) {
    // Three at the same instant are three.
    for _ in 0..3 {
        assert_eq!(count(store, "host", at(0)).await, None);
    }
    let refused = count(store, "host", at(20)).await.unwrap();
    assert_eq!(refused.limit, LIMITS[0]);
    // Those of one instant stand a microsecond apart.
    assert!((refused.wait.as_secs_f64() - 40.0).abs() < 1e-4, "{refused:?}");
    assert_eq!(count(store, "other", at(20)).await, None, "hosts are counted apart");
    assert_eq!(count(store, "host", at(61)).await, None);
    assert_eq!(count(store, "host", at(62)).await, None);
    let refused = count(store, "host", at(200)).await.unwrap();
    assert_eq!(refused.limit, LIMITS[1]);
    assert!((refused.wait.as_secs_f64() - 3_400.0).abs() < 1e-4, "{refused:?}");
    assert_eq!(count(store, "host", at(3_601)).await, None);
}

/// Whoever counts at the same time, no limit is broken.
pub async fn requests_counted_at_once_break_no_limit(store: &dyn Store) {
    let (a, b, c, d) = tokio::join!(
        count(store, "host", at(0)),
        count(store, "host", at(0)),
        count(store, "host", at(0)),
        count(store, "host", at(0)),
    );
    assert_eq!([a, b, c, d].iter().filter(|refused| refused.is_none()).count(), 3);
}

/// What was asked before the clock went back is asked now: no more than before, and nobody waits for longer than a limit.
pub async fn a_clock_that_is_set_back_forgets_no_request(store: &dyn Store) {
    for second in 0..3 {
        assert_eq!(count(store, "host", at(1_000_000 + second)).await, None);
    }
    let refused = count(store, "host", at(0)).await.unwrap();
    assert!(refused.wait <= MINUTE && refused.wait > Duration::from_secs(57), "{refused:?}");
    let then = at(0) + SignedDuration::try_from(refused.wait).unwrap();
    assert_eq!(count(store, "host", then).await, None);
}
