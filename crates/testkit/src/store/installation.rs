use astroshield_domain::ports::Store;

/// A store has one name, whoever asks for it.
pub async fn a_store_is_given_a_name_once(store: &dyn Store) {
    let (one, other) = tokio::join!(store.installation(), store.installation());
    let name = one.unwrap();
    assert_eq!(other.unwrap(), name);
    assert_eq!(store.installation().await.unwrap(), name);
}
