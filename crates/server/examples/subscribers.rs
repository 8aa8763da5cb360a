//! Subscribers of alerts, for `make bench-service`: how long after its commit each has an alert.
//!
//! Usage: `subscribers URL KEY COUNT`. Says `subscribed` when all are, waits for the first alert that each of them gets,
//! and prints how many have it and the delays as JSON.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// Connections that are opened at once.
const AT_ONCE: usize = 64;
/// How long an alert is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, key, count] = &arguments[..] else { bail!("usage: subscribers URL KEY COUNT") };
    let count: usize = count.parse()?;
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let ready = Arc::new(Semaphore::new(0));
    let mut subscribers = JoinSet::new();
    for _ in 0..count {
        let (url, key, turns, ready) = (url.clone(), key.clone(), Arc::clone(&turns), Arc::clone(&ready));
        subscribers.spawn(async move { subscriber(&url, &key, &turns, &ready).await });
    }
    let all = u32::try_from(count)?;
    tokio::select! {
        all = ready.acquire_many(all) => drop(all?),
        Some(ended) = subscribers.join_next() => bail!("a subscriber ended early: {ended:?}"),
    }
    println!("subscribed");

    let mut delays_ms = Vec::new();
    while let Some(ended) = subscribers.join_next().await {
        match ended? {
            Ok(delay) => delays_ms.push(delay.as_secs_f64() * 1e3),
            Err(error) => eprintln!("{error:#}"),
        }
    }
    delays_ms.sort_by(f64::total_cmp);
    let at = |share: f64| delays_ms.get(((delays_ms.len() as f64 - 1.0) * share) as usize);
    println!(
        "{}",
        serde_json::json!({
            "told": delays_ms.len(), "p50_ms": at(0.5), "p99_ms": at(0.99), "last_ms": delays_ms.last(),
        })
    );
    Ok(())
}

/// Subscribes, and returns the time from the commit of the first alert to its arrival.
async fn subscriber(
    url: &str,
    key: &str,
    turns: &Semaphore,
    ready: &Semaphore,
) -> anyhow::Result<SignedDuration> {
    let turn = turns.acquire().await?;
    let mut request = url.into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {key}").parse()?);
    let (mut socket, _) = connect_async(request).await?;
    socket.send(Message::text(r#"{"subscribe":["alerts"]}"#)).await?;
    let answer = loop {
        let message = socket.next().await.context("closed before the subscription was taken")??;
        if !message.is_ping() {
            break message;
        }
    };
    if !answer.is_text() || !answer.to_text()?.contains("subscribed") {
        bail!("{answer:?} instead of a subscription");
    }
    drop(turn);
    ready.add_permits(1);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let message = timeout_at(deadline, socket.next()).await.context("no alert came")?;
        let now = Timestamp::now();
        let message = message.context("closed before an alert came")??;
        if let Message::Text(text) = message {
            let told: serde_json::Value = serde_json::from_str(&text)?;
            let at: Timestamp = told["event"]["at"].as_str().context("an event without a time")?.parse()?;
            return Ok(now.duration_since(at));
        }
    }
}
