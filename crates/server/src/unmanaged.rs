//! In place of `managed`, where it was not built: settings that ask for it are refused before anything is made of them.

use std::sync::Arc;

use anyhow::bail;
use astroshield_domain::ports::{Broadcast, Bus, Cache, Store};

use crate::serve::outside::{Blobs, Placed};
use crate::settings::{self, Settings};

const NOT_BUILT: &str = "this program was built without it; cargo build --features managed makes one that has it";

/// Whether the settings ask for nothing that was not built; else the key, and why not.
pub(crate) fn check(settings: &Settings) -> Result<(), (&'static str, String)> {
    match settings.shared() {
        Some((key, _)) => Err((key, NOT_BUILT.to_owned())),
        None => Ok(()),
    }
}

pub(crate) fn blobs(_: &settings::Blobs) -> anyhow::Result<Blobs> {
    bail!("blobs.kind: {NOT_BUILT}")
}

pub(crate) fn cache(_: &settings::Cache) -> anyhow::Result<Placed<dyn Cache>> {
    bail!("cache.kind: {NOT_BUILT}")
}

pub(crate) fn broadcast(
    _: &settings::Cache,
    _: Arc<dyn Store>,
    _: usize,
) -> anyhow::Result<Arc<dyn Broadcast>> {
    bail!("cache.kind: {NOT_BUILT}")
}

pub(crate) fn bus(_: &settings::Bus, _: Arc<dyn Store>) -> anyhow::Result<Placed<dyn Bus>> {
    bail!("bus.kind: {NOT_BUILT}")
}

/// Asks nothing: there is no server.
pub(crate) async fn examine(_: &Settings) -> Vec<(&'static str, anyhow::Result<String>)> {
    Vec::new()
}
