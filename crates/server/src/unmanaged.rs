//! In place of `managed`, where it was not built: settings that ask for it are refused before anything is made of them.

use std::sync::Arc;

use anyhow::bail;
use astroshield_domain::ports::{Broadcast, BusHistory, Cache, Store};

use crate::serve::outside::{Blobs, Messaging, Placed, StreamGateway};
use crate::settings::{self, Fetched, Settings};

/// There is no adapter that could refuse anything.
pub(crate) fn check(_: &Settings) -> Result<(), (&'static str, String)> {
    Ok(())
}

pub(crate) fn blobs(_: &settings::Blobs) -> anyhow::Result<Blobs> {
    bail!("blobs.kind: not built")
}

pub(crate) fn cache(_: &settings::Cache) -> anyhow::Result<Placed<dyn Cache>> {
    bail!("cache.kind: not built")
}

pub(crate) fn broadcast(
    _: &settings::Cache,
    _: Arc<dyn Store>,
    _: usize,
) -> anyhow::Result<Arc<dyn Broadcast>> {
    bail!("cache.kind: not built")
}

pub(crate) fn messaging(_: &settings::Bus, _: Arc<dyn Store>) -> anyhow::Result<Messaging> {
    bail!("bus.kind: not built")
}

pub(crate) fn gateway(settings: &Settings) -> anyhow::Result<Option<StreamGateway>> {
    match settings.gateway.endpoint {
        None => Ok(None),
        Some(_) => bail!("gateway.endpoint: not built"),
    }
}

pub(crate) fn bus_history(_: &settings::Bus) -> anyhow::Result<Arc<dyn BusHistory>> {
    bail!("bus.kind: not built")
}

/// There is nothing to ask.
pub(crate) fn fetch_secrets(
    _: &settings::Secrets,
    names: &[(String, String)],
) -> Result<Vec<Fetched>, (String, String)> {
    let key = names.first().map(|(key, _)| format!("{key}_secret")).unwrap_or_default();
    Err((key, settings::NOT_BUILT.to_owned()))
}

/// Asks nothing: there is no server.
pub(crate) async fn examine(_: &Settings) -> Vec<(&'static str, anyhow::Result<String>)> {
    Vec::new()
}
