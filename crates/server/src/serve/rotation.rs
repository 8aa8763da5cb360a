//! The password of the database, followed while connections are open.

use astroshield_adapters::PostgresStore;
use astroshield_domain::secrets::Rotating;
use tokio_util::sync::CancellationToken;

use crate::settings::with_password;

/// Has new connections made with the password as it is now, and it asked for where the database refuses it.
pub(super) async fn follow(
    store: PostgresStore,
    url: String,
    reader_url: Option<String>,
    mut password: Rotating,
    shutdown: CancellationToken,
) {
    let refused = store.refused();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = refused.notified() => password.was_refused(),
            changed = password.changed() => {
                let with = |url: &str| with_password(url, changed.reveal());
                let Some(url) = with(&url) else {
                    tracing::error!("store.url is no address to put a password into");
                    continue;
                };
                let reader_url = reader_url.as_deref().and_then(with);
                if let Err(error) = store.set_addresses(&url, reader_url.as_deref()) {
                    tracing::error!(%error, "the password of the database cannot be used");
                }
            }
        }
    }
}
