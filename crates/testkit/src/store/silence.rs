use astroshield_domain::ports::Store;
use astroshield_domain::silence::Watched;

use crate::entities::at;

/// For how long silence has been watched for is known after the process that watched is gone.
pub async fn the_watching_for_silence_is_kept(store: &dyn Store) {
    assert_eq!(store.watched().await.unwrap(), None);
    for seen in [20, 30] {
        let watched = Watched { first: at(0), since: at(10), seen: at(seen) };
        store.put_watched(&watched).await.unwrap();
        assert_eq!(store.watched().await.unwrap(), Some(watched));
    }
}
