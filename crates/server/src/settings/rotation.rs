//! Secrets that are kept outside of the settings, and those of them that are followed when they change.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use astroshield_adapters::secrets::FileSecret;
use astroshield_domain::ports::{SecretSource, SecretText};
use astroshield_domain::secrets::{Rotating, SecretKeeper};
use url::Url;

use super::{Layers, SECRETS, Secret, Settings, SettingsError, matches};
use crate::managed;

/// What keeps secrets as they are where they come from, until somebody runs it.
#[derive(Clone, Default)]
pub(crate) struct Keepers(Arc<Mutex<Vec<SecretKeeper>>>);

impl Keepers {
    /// Those that are to be run, which are given out once.
    pub(crate) fn take(&self) -> Vec<SecretKeeper> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, keeper: SecretKeeper) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(keeper);
    }
}

impl std::fmt::Debug for Keepers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keepers").finish_non_exhaustive()
    }
}

/// Where secrets are, by the key that they are of.
pub(super) type Sources = Vec<(String, Arc<dyn SecretSource>)>;

/// A secret, with where it was fetched and will be fetched again.
pub(crate) type Fetched = (Arc<dyn SecretSource>, SecretText);

impl Settings {
    /// Takes the names of secrets out of the settings, and puts what Secrets Manager has under them into their place.
    pub(super) fn fetch_secrets(layers: &Layers) -> Result<(Layers, Sources), SettingsError> {
        let mut layers = layers.clone();
        let names = layers.take_names_of_secrets(|key| SECRETS.iter().any(|pattern| matches(pattern, key)));
        if names.is_empty() {
            return Ok((layers, Sources::new()));
        }
        let mut settings: Self = layers.read()?;
        settings.read_authorities(&layers)?;
        for (key, _) in &names {
            for other in [key.clone(), format!("{key}_file")] {
                if layers.text(&other).is_some_and(|text| !text.is_empty()) {
                    let reason = format!("{other} is set too; one of them is enough");
                    return Err(layers.refuse(&format!("{key}_secret"), reason));
                }
            }
        }
        let fetched = managed::fetch_secrets(&settings.secrets, &names);
        let fetched = fetched.map_err(|(key, reason)| layers.refuse(&key, reason))?;
        let mut sources = Sources::new();
        for ((key, _), (source, text)) in names.into_iter().zip(fetched) {
            layers.replace(&key, text.reveal());
            sources.push((key, source));
        }
        Ok((layers, sources))
    }

    /// Puts passwords that are apart from addresses into these, and follows those that may change.
    pub(super) fn follow_secrets(&mut self, layers: &Layers, sources: &Sources) -> Result<(), SettingsError> {
        let source = |key: &str, file: Option<&Path>| {
            let named = sources.iter().find(|(of, _)| of == key).map(|(_, source)| Arc::clone(source));
            named.or_else(|| Some(Arc::new(FileSecret::new(file?.to_owned())) as Arc<dyn SecretSource>))
        };
        let (keepers, interval) = (self.keepers.clone(), self.secrets.interval);
        let follow = |key: &str, secret: &Secret, file: Option<&Path>| -> Option<Rotating> {
            let first = SecretText::new(secret.reveal().to_owned());
            let keeper = SecretKeeper::new(key.to_owned(), source(key, file)?, first, interval);
            let secret = keeper.secret();
            keepers.add(keeper);
            Some(secret)
        };
        let (store, cache) = (&mut self.store, &mut self.cache);
        let store =
            (&mut store.url, &store.url_file, &store.password, &store.password_file, &mut store.rotating);
        let cache =
            (&mut cache.url, &cache.url_file, &cache.password, &cache.password_file, &mut cache.rotating);
        for (section, (url, url_file, password, password_file, rotating)) in
            [("store", store), ("cache", cache)]
        {
            let key = |name: &str| format!("{section}.{name}");
            if password.is_empty() {
                let whole = follow(&key("url"), url, url_file.as_deref());
                *rotating = whole.map(|whole| whole.part(password_of));
            } else {
                *rotating = follow(&key("password"), password, password_file.as_deref());
                let each = url.reveal().split(',').map(|url| with_password(url.trim(), password.reveal()));
                let addresses = each.collect::<Option<Vec<String>>>().ok_or_else(|| {
                    layers.refuse(&key("password"), format!("{section}.url is no address to put it into"))
                })?;
                *url = Secret::new(addresses.join(","));
            }
        }
        // A server that follows another one has its users, too.
        let (password, reader) = (self.store.password.reveal(), &mut self.store.reader_url);
        if !password.is_empty() && !reader.is_empty() {
            let with = with_password(reader.reveal(), password).ok_or_else(|| {
                layers.refuse("store.password", "store.reader_url is no address to put it into")
            })?;
            *reader = Secret::new(with);
        }
        Ok(())
    }
}

/// The password in an address, or in the first one of several.
fn password_of(urls: &SecretText) -> SecretText {
    let first = urls.reveal().split(',').next().unwrap_or_default().trim();
    let password = Url::parse(first).ok().and_then(|url| url.password().map(str::to_owned));
    let password = password.unwrap_or_default();
    SecretText::new(percent_encoding::percent_decode_str(&password).decode_utf8_lossy().into_owned())
}

/// An address with a password.
pub(crate) fn with_password(url: &str, password: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    url.set_password(Some(&encoded(password))).ok()?;
    Some(url.into())
}

/// What an address can hold: `%` would be read as the beginning of a code, and a comma as the end of the address.
fn encoded(password: &str) -> String {
    percent_encoding::utf8_percent_encode(password, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_into_an_address_and_comes_out_as_it_was() {
        for password in ["secret", "a/b@c:d?e#f%20 g", "p\u{e4}ss,word"] {
            let url = with_password("postgres://me@host:5432/db", password).unwrap();
            assert!(!url.contains(','), "{url}");
            assert_eq!(password_of(&SecretText::new(url)).reveal(), password);
        }
    }
}
