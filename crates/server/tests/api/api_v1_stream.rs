use std::sync::Arc;
use std::time::Duration;

use astroshield_adapters::EmbeddedBus;
use astroshield_adapters::memory::LocalBroadcast;
use astroshield_api::ApiSettings;
use astroshield_domain::access::Scope;
use astroshield_domain::alert::{AlertChange, AlertChanges};
use astroshield_domain::event::Topic;
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Prunable, SystemClock};
use astroshield_domain::relay::Relay;
use astroshield_testkit::entities::{LATER, alert, later_event};
use futures_util::{SinkExt as _, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};
use tokio_util::sync::CancellationToken;

use crate::service::{HOST, Service};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const LONG: Duration = Duration::from_secs(60);

/// Serves over TCP; its address.
async fn listen(service: &Service) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let routes = service.routes.clone();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

async fn connect(address: &str, headers: &[(&'static str, &str)]) -> Result<Socket, Box<Error>> {
    let mut request = format!("ws://{address}/api/v1/stream").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    connect_async(request).await.map(|(socket, _)| socket).map_err(Box::new)
}

async fn subscribe(socket: &mut Socket, body: Value) {
    socket.send(Message::text(body.to_string())).await.unwrap();
    let answer = next(socket).await;
    assert_eq!(answer["subscribed"], body["subscribe"], "{answer}");
}

/// The next message of text.
async fn next_text(socket: &mut Socket) -> String {
    loop {
        let message = tokio::time::timeout(LONG, socket.next()).await.unwrap().unwrap().unwrap();
        if let Message::Text(text) = message {
            return text.to_string();
        }
    }
}

/// The next message of JSON.
async fn next(socket: &mut Socket) -> Value {
    serde_json::from_str(&next_text(socket).await).unwrap()
}

/// The code with which the server closes.
async fn closed(socket: &mut Socket) -> u16 {
    loop {
        let message = tokio::time::timeout(LONG, socket.next()).await.unwrap().unwrap().unwrap();
        if let Message::Close(frame) = message {
            return frame.unwrap().code.into();
        }
    }
}

async fn connected(service: &Service) -> Socket {
    let (address, key) = (listen(service).await, service.key_of("local", Scope::Read).await);
    connect(&address, &[("authorization", &format!("Bearer {key}"))]).await.unwrap()
}

#[tokio::test]
async fn strangers_and_pages_of_other_sites_get_no_stream() {
    let service = Service::start().await;
    let address = listen(&service).await;
    let status = |result: Result<Socket, Box<Error>>| match *result.unwrap_err() {
        Error::Http(response) => response.status().as_u16(),
        error => panic!("{error}"),
    };
    assert_eq!(status(connect(&address, &[]).await), 401);
    let token = json!({ "token": service.token(LONG) });
    let answer = service.stranger().post("/api/v1/session", &token).await;
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let elsewhere = [("cookie", cookie.as_str()), ("origin", "http://elsewhere.example")];
    assert_eq!(status(connect(&address, &elsewhere).await), 403);
    let origin = format!("http://{address}");
    assert!(connect(&address, &[("cookie", &cookie), ("origin", &origin)]).await.is_ok());
}

#[tokio::test]
async fn who_a_client_of_a_gateway_is_and_by_what_that_is_seen_later_opens_nothing() {
    let service = Service::start().await;
    let path = "/api/v1/stream/caller";
    service.stranger().get(path).await.expect_problem(401, None);
    let key = service.key_of("local", Scope::Read).await;
    let program = service.stranger().with("authorization", &format!("Bearer {key}"));
    let answer = program.get(path).await.json();
    assert_eq!((&answer["tenant"], &answer["scope"]), (&json!("local"), &json!("read")));
    let proof: Value = serde_json::from_str(answer["proof"].as_str().unwrap()).unwrap();
    let hash = proof["proof"]["key"].as_str().unwrap();
    assert!(hash.len() == 64 && !answer.to_string().contains(&key), "{answer}");
    let with_hash = service.stranger().with("authorization", &format!("Bearer {hash}"));
    with_hash.get(path).await.expect_problem(401, None);

    // With a session, only our own pages may ask, as for a WebSocket.
    let token = json!({ "token": service.token(LONG) });
    let answer = service.stranger().post("/api/v1/session", &token).await;
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let page = service.stranger().with("cookie", &cookie);
    page.get(path).await.expect_problem(403, Some("Origin"));
    let elsewhere = service.stranger().with("cookie", &cookie).with("origin", "http://elsewhere.example");
    elsewhere.get(path).await.expect_problem(403, Some("Origin"));
    let ours = service.stranger().with("cookie", &cookie).with("origin", &format!("http://{HOST}"));
    let answer = ours.get(path).await.json();
    let id = cookie.split_once('=').unwrap().1;
    let proof = answer["proof"].as_str().unwrap();
    assert!(proof.contains("session") && !proof.contains(id), "{answer}");
}

#[tokio::test]
async fn events_of_the_topics_come_as_they_happen_and_others_tenants_events_do_not() {
    let service = Service::start().await;
    let mut socket = connected(&service).await;
    subscribe(&mut socket, json!({ "subscribe": ["conjunctions"] })).await;
    service.conclude_run(&TenantId::new("other").unwrap(), 1).await;
    let run = service.conclude_run(&TenantId::public(), 2).await;
    service.relay().await;
    let told = next(&mut socket).await;
    assert_eq!(told["event"]["tenant"], "public");
    assert_eq!(told["event"]["payload"]["type"], "conjunctions_changed");
    assert_eq!(told["event"]["payload"]["run"], run.to_string());
    assert!(told["position"].as_i64().unwrap() > 0);
}

#[tokio::test]
async fn what_a_later_release_tells_reaches_clients_to_the_letter() {
    let service = Service::start().await;
    let mut socket = connected(&service).await;
    subscribe(&mut socket, json!({ "subscribe": ["conjunctions"] })).await;
    let status = FeedStatus { feed: "later".to_owned(), ..FeedStatus::default() };
    for topic in ["maneuvers", "conjunctions"] {
        let event = later_event(&TenantId::local(), Timestamp::now(), topic);
        service.store.put_feed(&status, &event).await.unwrap();
    }
    service.relay().await;
    let told = next_text(&mut socket).await;
    assert!(told.contains(&format!(r#""topic":"conjunctions","payload":{LATER}"#)), "{told}");
}

#[tokio::test]
async fn what_is_noted_about_a_public_conjunction_is_told_to_the_organization_alone() {
    let service = Service::start().await;
    service.conclude_run(&TenantId::public(), 1).await;
    service.relay().await;
    let mut socket = connected(&service).await;
    subscribe(&mut socket, json!({ "subscribe": ["conjunctions"] })).await;
    let other = service.key_of("other", Scope::Write).await;
    let other = service.stranger().with("authorization", &format!("Bearer {other}"));
    let client = service.client(Scope::Write).await;
    let list = client.get("/api/v1/conjunctions").await.json();
    let id = list["items"][0]["id"].as_str().unwrap();
    for (client, kind) in [(&other, "acknowledged"), (&client, "note")] {
        let body = json!({ "kind": kind, "text": "seen" });
        assert_eq!(client.post(&format!("/api/v1/conjunctions/{id}/notes"), &body).await.status, 201);
    }
    service.relay().await;
    let told = next(&mut socket).await;
    assert_eq!(told["event"]["tenant"], "local");
    let due = json!({ "type": "conjunction_noted", "conjunction": id, "kind": "note" });
    assert_eq!(told["event"]["payload"], due);
}

#[tokio::test]
async fn what_is_read_from_the_store_for_one_organization_has_nothing_of_another() {
    let service = Service::start().await;
    let address = listen(&service).await;
    for tenant in ["alpha", "beta"] {
        service.conclude_run(&TenantId::new(tenant).unwrap(), 1).await;
    }
    service.conclude_run(&TenantId::public(), 1).await;
    service.conclude_run(&TenantId::new("alpha").unwrap(), 1).await;
    service.relay().await;
    for (tenant, others) in [("alpha", "beta"), ("beta", "alpha")] {
        let key = format!("Bearer {}", service.key_of(tenant, Scope::Read).await);
        for after in [0, -7] {
            let mut socket = connect(&address, &[("authorization", &key)]).await.unwrap();
            let topics = json!(["runs", "conjunctions", "alerts", "feeds", "catalog"]);
            let asked = json!({ "subscribe": topics, "after": after });
            socket.send(Message::text(asked.to_string())).await.unwrap();
            assert_eq!(next(&mut socket).await["position"], 0);
            let all = service.store.events_after(0, &Topic::ALL, 1_000).await.unwrap();
            let expected: Vec<i64> = all
                .iter()
                .filter(|published| published.event.tenant.as_str() != others)
                .map(|published| published.position)
                .collect();
            assert!(expected.len() < all.len());
            for position in expected {
                let told = next(&mut socket).await;
                assert_eq!(told["position"], position);
                assert_ne!(told["event"]["tenant"], others);
            }
        }
    }
}

#[tokio::test]
async fn who_has_events_read_again_and_again_is_counted() {
    let settings = ApiSettings { requests_per_minute_per_key: 20, ..ApiSettings::default() };
    let service = Service::with(settings, 64).await;
    let mut socket = connected(&service).await;
    for _ in 0..4 {
        let asked = json!({ "subscribe": ["runs"], "after": 0 }).to_string();
        socket.send(Message::text(asked)).await.unwrap();
    }
    assert_eq!(closed(&mut socket).await, 1013, "the connection counts as 1, and each time as 5");
}

#[tokio::test]
async fn what_was_missed_comes_first_after_a_lost_connection() {
    let service = Service::start().await;
    let mut socket = connected(&service).await;
    subscribe(&mut socket, json!({ "subscribe": ["runs"] })).await;
    let first = service.conclude_run(&TenantId::public(), 0).await;
    service.relay().await;
    let started = next(&mut socket).await;
    assert_eq!(started["event"]["payload"], json!({ "type": "run_started", "run": first.to_string() }));
    drop(socket);

    let second = service.conclude_run(&TenantId::public(), 0).await;
    service.relay().await;
    let mut socket = connected(&service).await;
    subscribe(&mut socket, json!({ "subscribe": ["runs"], "after": started["position"] })).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let payload = next(&mut socket).await["event"]["payload"].clone();
        seen.push((
            payload["type"].as_str().unwrap().to_owned(),
            payload["run"].as_str().unwrap().to_owned(),
        ));
    }
    let due = [("run_completed", first), ("run_started", second), ("run_completed", second)];
    assert_eq!(seen, due.map(|(kind, run)| (kind.to_owned(), run.to_string())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_of_a_rule_comes_over_the_stream_and_is_the_same_one_after_a_lost_connection() {
    let service = Service::start().await;
    let client = service.client(Scope::Write).await;
    let rule = json!({ "name": "close", "severity": "critical", "max_miss_distance_km": 5.0 });
    let rule = client.post("/api/v1/rules", &rule).await.json();
    let shutdown = CancellationToken::new();
    let relay = Relay::new(
        Arc::clone(&service.store),
        Arc::<EmbeddedBus>::clone(&service.bus),
        Arc::<LocalBroadcast>::clone(&service.broadcast),
        Arc::new(SystemClock),
    );
    let running = {
        let (notifier, shutdown) = (Arc::clone(&service.notifier), shutdown.clone());
        tokio::spawn(async move {
            tokio::join!(
                relay.run(None, shutdown.clone()),
                notifier.run(shutdown.clone()),
                notifier.watch(shutdown)
            )
        })
    };
    let mut socket = connected(&service).await;
    subscribe(&mut socket, json!({ "subscribe": ["alerts"] })).await;
    // The first is 9 km away, the second 4.5 km.
    service.conclude_run(&TenantId::public(), 2).await;
    let told = next(&mut socket).await;
    assert_eq!(told["event"]["payload"]["type"], "alert_changed");
    assert_eq!(told["event"]["payload"]["change"], "opened");
    let id = told["event"]["payload"]["alert"].as_str().unwrap().to_owned();
    let alert = client.get(&format!("/api/v1/alerts/{id}")).await.json();
    assert_eq!((&alert["subject"]["rule"], &alert["severity"]), (&rule["id"], &json!("critical")));
    let conjunction = format!("/api/v1/conjunctions/{}", alert["subject"]["conjunction"].as_str().unwrap());
    assert_eq!(client.get(&conjunction).await.json()["objects"][0]["catalog_number"], 3);
    drop(socket);

    // What happens to it meanwhile comes first.
    assert_eq!(client.send("POST", &format!("/api/v1/alerts/{id}/acknowledge"), "").await.status, 200);
    let mut socket = connected(&service).await;
    let before = told["position"].as_i64().unwrap() - 1;
    subscribe(&mut socket, json!({ "subscribe": ["alerts"], "after": before })).await;
    assert_eq!(next(&mut socket).await, told, "the same event under the same position");
    let then = next(&mut socket).await;
    assert_eq!(then["event"]["payload"]["change"], "acknowledged");
    assert_eq!(then["event"]["payload"]["alert"], id);
    assert_eq!(client.get("/api/v1/alerts").await.json()["items"].as_array().unwrap().len(), 1);
    shutdown.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_position_that_this_database_never_reached_is_told_and_loses_nothing_from_then_on() {
    let service = Service::start().await;
    service.conclude_run(&TenantId::public(), 0).await;
    service.relay().await;
    let newest = service.store.last_position().await.unwrap();
    let mut socket = connected(&service).await;
    let asked = json!({ "subscribe": ["runs"], "after": newest + 5_000 });
    socket.send(Message::text(asked.to_string())).await.unwrap();
    let answer = next(&mut socket).await;
    assert_eq!((&answer["reset"], &answer["position"]), (&json!(true), &json!(newest)));
    let run = service.conclude_run(&TenantId::public(), 0).await;
    service.relay().await;
    assert_eq!(next(&mut socket).await["event"]["payload"]["run"], run.to_string());
}

#[tokio::test]
async fn a_gap_of_forgotten_events_is_told() {
    let service = Service::start().await;
    service.conclude_run(&TenantId::public(), 0).await;
    service.relay().await;
    let newest = service.store.last_position().await.unwrap();
    service.store.advance_consumer("relay", newest).await.unwrap();
    service
        .store
        .prune(Prunable::Events, Timestamp::now() + SignedDuration::from_hours(1), 100)
        .await
        .unwrap();
    for (after, reset) in [(0, true), (newest - 1, true), (newest, false)] {
        let mut socket = connected(&service).await;
        let asked = json!({ "subscribe": ["runs"], "after": after });
        socket.send(Message::text(asked.to_string())).await.unwrap();
        assert_eq!(next(&mut socket).await["reset"], reset, "{after}");
    }
}

#[tokio::test]
async fn a_client_that_falls_behind_the_broadcast_still_gets_every_event() {
    // Room for two events: a burst goes past the connection, which reads the rest from the store.
    let service = Service::with(ApiSettings::default(), 2).await;
    let mut socket = connected(&service).await;
    subscribe(&mut socket, json!({ "subscribe": ["runs"] })).await;
    for _ in 0..20 {
        service.conclude_run(&TenantId::public(), 0).await;
    }
    service.relay().await;
    let mut positions = Vec::new();
    for _ in 0..40 {
        positions.push(next(&mut socket).await["position"].as_i64().unwrap());
    }
    assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
    let all = service.store.events_after(0, &[Topic::Runs], 1_000).await.unwrap();
    assert_eq!(positions, all.iter().map(|event| event.position).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_message_that_is_no_subscription_ends_the_connection() {
    let service = Service::start().await;
    for (message, code) in [
        (Message::text("hello"), 1008),
        (Message::text(json!({ "subscribe": ["secrets"] }).to_string()), 1008),
        (Message::binary(vec![1]), 1003),
    ] {
        let mut socket = connected(&service).await;
        socket.send(message).await.unwrap();
        assert_eq!(closed(&mut socket).await, code);
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_the_connection() {
    let service = Service::start().await;
    let mut socket = connected(&service).await;
    socket.send(Message::text("x".repeat(100_000))).await.unwrap();
    let rest = tokio::time::timeout(LONG, async { while let Some(Ok(_)) = socket.next().await {} }).await;
    assert!(rest.is_ok(), "the connection stayed open");
}

#[tokio::test]
async fn a_key_that_is_revoked_ends_its_connections() {
    let settings = ApiSettings { keep_alive: Duration::from_millis(50), ..ApiSettings::default() };
    let service = Service::with(settings, 64).await;
    let admin = service.client(Scope::Admin).await;
    let made = admin.post("/api/v1/api-keys", &json!({ "name": "program", "scope": "read" })).await.json();
    let address = listen(&service).await;
    let key = format!("Bearer {}", made["key"].as_str().unwrap());
    let mut socket = connect(&address, &[("authorization", &key)]).await.unwrap();
    subscribe(&mut socket, json!({ "subscribe": ["alerts"] })).await;
    admin.delete(&format!("/api/v1/api-keys/{}", made["id"].as_str().unwrap())).await;
    assert_eq!(closed(&mut socket).await, 1008);
}

/// Connects with as small a buffer as there is, so that the server's soon fill.
async fn connect_with_a_small_buffer(address: &str, key: &str) -> WebSocketStream<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(address.parse().unwrap()).await.unwrap();
    let mut request = format!("ws://{address}/api/v1/stream").into_client_request().unwrap();
    request.headers_mut().insert("authorization", key.parse().unwrap());
    client_async(request, stream).await.unwrap().0
}

/// Puts so many events about alerts into the store, at once.
async fn change_alerts(service: &Service, count: usize) {
    let own = TenantId::local();
    let alerts = (0..count).map(|place| {
        let alert = alert(&own, &format!("feed-{place}-{}", "x".repeat(1_000)), Timestamp::now());
        (alert, AlertChange::Opened)
    });
    let changes = AlertChanges { alerts: alerts.collect(), ..AlertChanges::default() };
    service.store.change_alerts(&own, &changes, None, Timestamp::now()).await.unwrap();
}

/// Asks for everything many times, which is more than all buffers between us hold, reads nothing for a time, and then what
/// there is: the positions since the last subscription that was answered, if the connection ends with 1013.
async fn positions_until_cut_off(address: &str, key: &str, wait: Duration) -> Option<Vec<i64>> {
    let mut socket = connect_with_a_small_buffer(address, key).await;
    let asked = json!({ "subscribe": ["alerts"], "after": 0 }).to_string();
    for _ in 0..60 {
        socket.send(Message::text(asked.clone())).await.unwrap();
    }
    tokio::time::sleep(wait).await;
    let mut seen = Vec::new();
    loop {
        let message = tokio::time::timeout(LONG, socket.next()).await.ok()??;
        match message.ok()? {
            Message::Text(text) => {
                let told: Value = serde_json::from_str(&text).unwrap();
                if told["subscribed"].is_array() {
                    seen.clear();
                } else {
                    seen.push(told["position"].as_i64().unwrap());
                }
            }
            Message::Close(frame) => return (u16::from(frame?.code) == 1013).then_some(seen),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_nothing_is_cut_off_with_1013_and_goes_on_with_nothing_lost() {
    const EVENTS: usize = 600;
    let settings = ApiSettings {
        slow_client_timeout: Duration::from_millis(500),
        keep_alive: Duration::from_secs(600),
        ..ApiSettings::default()
    };
    let service = Service::with(settings, 64).await;
    change_alerts(&service, EVENTS).await;
    service.relay().await;
    let address = listen(&service).await;
    let key = format!("Bearer {}", service.key_of("local", Scope::Read).await);
    // On a busy machine the server may need longer until it has filled the buffers.
    let mut cut_off = None;
    for wait_s in [2, 5, 9] {
        cut_off = positions_until_cut_off(&address, &key, Duration::from_secs(wait_s)).await;
        if cut_off.is_some() {
            break;
        }
    }
    let mut seen = cut_off.unwrap();

    let last = seen.last().copied().unwrap_or(0);
    let address = listen(&service).await;
    let mut socket = connect(&address, &[("authorization", &key)]).await.unwrap();
    socket.send(Message::text(json!({ "subscribe": ["alerts"], "after": last }).to_string())).await.unwrap();
    assert_eq!(next(&mut socket).await["reset"], false);
    while seen.len() < EVENTS {
        seen.push(next(&mut socket).await["position"].as_i64().unwrap());
    }
    let all = service.store.events_after(0, &[Topic::Alerts], 10_000).await.unwrap();
    assert_eq!(seen, all.iter().map(|event| event.position).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_key_that_another_process_revoked_is_told_nothing_of_its_tenants_own_after_some_seconds() {
    let service = Service::start().await;
    let mut socket = connected(&service).await;
    subscribe(&mut socket, json!({ "subscribe": ["conjunctions"] })).await;
    let local = TenantId::local();
    service.conclude_run(&local, 1).await;
    service.relay().await;
    assert_eq!(next(&mut socket).await["event"]["tenant"], "local");
    let key = service.store.api_keys(&local).await.unwrap().remove(0);
    let audit = astroshield_testkit::entities::audit_entry(&local, "api_key.revoke");
    service.store.revoke_api_key(&local, key.id, Timestamp::now(), &audit).await.unwrap();
    // Not as long as keep-alives are apart.
    tokio::time::sleep(Duration::from_secs(6)).await;
    service.conclude_run(&local, 2).await;
    service.relay().await;
    assert_eq!(closed(&mut socket).await, 1008);
}
