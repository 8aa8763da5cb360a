//! WebSockets of the server, and those that a stand-in for API Gateway holds, with the functions behind it in processes of their
//! own: what a client does, it does on both.

use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use astroshield_testkit::gateway::{ACCESS_KEY_ID, ApiGateway, Fault, REGION, SECRET_ACCESS_KEY};
use astroshield_testkit::servers::{Server as Outside, can_start};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::fleet::{Fleet, key, key_of, pair};
use crate::place::Issuer;
use crate::server::{PATIENCE, Server};
use crate::socket::Socket;

/// A process of a function; killed when dropped.
struct FunctionProcess(Child);

impl Drop for FunctionProcess {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The gateway, and the functions behind it.
struct Stage {
    gateway: ApiGateway,
    runtime: Runtime,
    functions: Vec<FunctionProcess>,
}

impl Stage {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let gateway = runtime.block_on(ApiGateway::start());
        Self { gateway, runtime, functions: Vec::new() }
    }

    /// What the processes of the service have to be told.
    fn settings(&self, more: &str) -> String {
        format!("[gateway]\nendpoint = \"{}\"\n{more}", self.gateway.management)
    }

    /// Starts so many processes of each function, where the service is at this address.
    fn start_functions(&mut self, fleet: &Fleet, service: &str, count: usize) {
        for (which, function) in
            [("authorizer", &self.gateway.authorizer), ("connections", &self.gateway.connections)]
        {
            for _ in 0..count {
                let process = fleet
                    .command()
                    .args(["function", which])
                    .envs([
                        ("AWS_LAMBDA_RUNTIME_API", function.address.as_str()),
                        ("ASTROSHIELD__GATEWAY__SERVICE", service),
                    ])
                    .stdout(Stdio::null())
                    .spawn()
                    .unwrap();
                self.functions.push(FunctionProcess(process));
            }
        }
    }
}

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

/// Uploads a catalog, which makes an event of its own tenant.
fn upload(server: &Server, key: &str, place: u32) -> String {
    let authorization = bearer(key);
    let headers = [("authorization", authorization.as_str()), ("content-type", "text/csv")];
    let (status, body) =
        server.post_with(&format!("/api/v1/uploads?name={place}.csv"), &headers, &pair(place));
    assert_eq!(status, 201, "{body}");
    serde_json::from_str::<Value>(&body).unwrap()["id"].as_str().unwrap().to_owned()
}

fn upload_of(said: &Value) -> &str {
    assert_eq!(said["event"]["payload"]["type"], "upload_stored", "{said}");
    said["event"]["payload"]["upload"].as_str().unwrap()
}

/// What a client does, wherever it connects. `place` is the first of some objects that are its own.
fn does_what_the_other_endpoint_does(endpoint: &str, server: &Server, cookie: &str, key: &str, place: u32) {
    let connect = |headers: &[(&str, &str)]| Socket::connect(endpoint, headers);
    let authorization = bearer(key);
    let own = [("authorization", authorization.as_str())];
    let subscription = json!({ "subscribe": ["uploads"] });

    // Who is let in.
    assert_eq!(connect(&[]).err(), Some(401));
    assert_eq!(connect(&[("authorization", "Bearer ask_guess")]).err(), Some(401));
    assert_eq!(connect(&[("authorization", "Basic YTpi")]).err(), Some(401));
    let session = |origin| [("cookie", cookie), ("origin", origin)];
    assert_eq!(connect(&session("http://elsewhere.example")).err(), Some(403));
    assert_eq!(connect(&[("cookie", cookie)]).err(), Some(403));
    let mut of_session = connect(&session(&server.address)).unwrap();
    assert_eq!(of_session.subscribe(&subscription)["subscribed"], json!(["uploads"]));
    drop(of_session);

    // Events as they happen, and those that were missed first.
    let mut socket = connect(&own).unwrap();
    let answer = socket.subscribe(&subscription);
    assert_eq!((&answer["subscribed"], &answer["reset"]), (&json!(["uploads"]), &json!(false)), "{answer}");
    let first = upload(server, key, place);
    let told = socket.next_event();
    assert_eq!((upload_of(&told), &told["event"]["tenant"]), (first.as_str(), &json!("local")));
    assert!(told["position"].as_i64() > answer["position"].as_i64(), "{told}");
    drop(socket);
    let second = upload(server, key, place + 1);
    let mut socket = connect(&own).unwrap();
    let resumed = json!({ "subscribe": ["uploads"], "after": told["position"] });
    let answer = socket.subscribe(&resumed);
    assert_eq!((&answer["position"], &answer["reset"]), (&told["position"], &json!(false)), "{answer}");
    assert_eq!(upload_of(&socket.next_event()), second);
    // Another subscription on the same connection.
    let again = json!({ "subscribe": ["uploads", "alerts"], "after": told["position"] });
    assert_eq!(socket.subscribe(&again)["subscribed"], json!(["uploads", "alerts"]));
    assert_eq!(upload_of(&socket.next_event()), second);
    let far = json!({ "subscribe": ["uploads"], "after": 1_000_000_000 });
    let answer = socket.subscribe(&far);
    assert_eq!(answer["reset"], true, "{answer}");
    let third = upload(server, key, place + 2);
    assert_eq!(upload_of(&socket.next_event()), third);

    // What is no subscription ends it.
    for message in [
        Message::text("hello"),
        Message::text(json!({ "subscribe": ["secrets"] }).to_string()),
        Message::binary(vec![1]),
        Message::text("x".repeat(20_000)),
    ] {
        let mut socket = connect(&own).unwrap();
        socket.say(message);
        assert!(socket.rest().iter().all(|said| said.get("event").is_none()));
    }

    // A key that is revoked hears nothing any more of what is its tenant's own.
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let (status, made) = server.post_with("/api/v1/api-keys", &headers, r#"{"name":"brief","scope":"read"}"#);
    assert_eq!(status, 201, "{made}");
    let made: Value = serde_json::from_str(&made).unwrap();
    let brief = bearer(made["key"].as_str().unwrap());
    let mut socket = connect(&[("authorization", &brief)]).unwrap();
    socket.subscribe(&subscription);
    let path = format!("/api/v1/api-keys/{}", made["id"].as_str().unwrap());
    assert_eq!(server.send("DELETE", &path, &own, "").status, 204);
    thread::sleep(Duration::from_secs(6));
    upload(server, key, place + 3);
    assert!(socket.rest().iter().all(|said| said.get("event").is_none()));
}

#[test]
fn clients_do_the_same_through_the_gateway_as_on_the_server() {
    let mut stage = Stage::new();
    let Some(fleet) = Fleet::new(&stage.settings("")) else { return };
    let (api, _relay) = (fleet.start("api"), fleet.start("relay"));
    stage.start_functions(&fleet, &api.address, 1);
    let cookie = api.sign_in();
    let key = key_of(&api, &cookie);
    let direct = format!("{}/api/v1/stream", api.address.replace("http://", "ws://"));
    does_what_the_other_endpoint_does(&direct, &api, &cookie, &key, 0);
    does_what_the_other_endpoint_does(&stage.gateway.address, &api, &cookie, &key, 10);
    assert_eq!(stage.gateway.requests_refused(), 0);

    // What is no event of API Gateway is refused, and the functions go on.
    for garbage in ["", "{", "null", r#"{"requestContext":{}}"#, "\u{0}\u{ff}"] {
        let answer = stage.runtime.block_on(stage.gateway.connections.invoke(garbage.as_bytes().to_vec()));
        assert_eq!(answer.unwrap()["statusCode"], 400, "{garbage:?}");
        let answer = stage.runtime.block_on(stage.gateway.authorizer.invoke(garbage.as_bytes().to_vec()));
        assert_eq!(answer.unwrap_err()["errorMessage"], "Unauthorized", "{garbage:?}");
    }
    let authorization = bearer(&key);
    let mut socket = Socket::connect(&stage.gateway.address, &[("authorization", &authorization)]).unwrap();
    socket.subscribe(&json!({ "subscribe": ["uploads"] }));
}

/// Waits until a figure of the processes that answer requests is as it should be, on any of them.
fn until_held(servers: &[&Server], key: &str, held: usize) {
    let authorization = bearer(key);
    let wanted = format!("astroshield_gateway_connections {held}");
    let begun = Instant::now();
    loop {
        for server in servers {
            let (_, metrics) = server.get_with("/metrics", &[("authorization", &authorization)]);
            if metrics.lines().any(|line| line == wanted) {
                return;
            }
        }
        assert!(begun.elapsed() < PATIENCE, "{wanted}");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_gateway_that_puts_off_fails_or_is_silent_loses_no_event_and_clients_that_are_gone_are_forgotten() {
    let mut stage = Stage::new();
    let Some(fleet) = Fleet::new(&stage.settings("keep_alive = \"6s\"\npatience = \"12s\"\n")) else {
        return;
    };
    let (api, _relay) = (fleet.start("api"), fleet.start("relay"));
    stage.start_functions(&fleet, &api.address, 1);
    let key = key(&api);
    let authorization = bearer(&key);
    let connect = || Socket::connect(&stage.gateway.address, &[("authorization", &authorization)]).unwrap();
    let subscription = json!({ "subscribe": ["uploads"] });
    let mut socket = connect();
    socket.subscribe(&subscription);

    let mut place = 0;
    for (fault, times) in [
        (Fault::Status(429), 3),
        (Fault::Status(500), 4),
        (Fault::Status(403), 2),
        (Fault::Silence, 1),
        (Fault::DoneInSilence, 1),
    ] {
        stage.gateway.go_wrong(fault, times);
        let sent = upload(&api, &key, place);
        place += 1;
        let told = socket.next_event();
        assert_eq!(upload_of(&told), sent, "{fault:?}");
        if let Fault::DoneInSilence = fault {
            // It cannot be known that it came: it comes twice, under the same position.
            assert_eq!(socket.next_event(), told);
        }
    }
    assert_eq!(stage.gateway.faults_left(), 0);

    // A client that is told nothing is told how far it is, so that the gateway keeps it.
    let said = socket.next();
    assert_eq!(said["subscribed"], json!(["uploads"]), "{said}");
    assert!(said["position"].as_i64().unwrap() > 0);

    // A client that takes nothing is cut off, told why, and goes on where it was.
    let position = said["position"].clone();
    // As often as a message is tried in twelve seconds: after 0.2, 0.6, 1.4, 3, 6.2 and 12.6 s.
    stage.gateway.go_wrong(Fault::Status(429), 7);
    let sent = upload(&api, &key, place);
    let rest = socket.rest();
    assert_eq!(stage.gateway.faults_left(), 0);
    assert_eq!(rest.last().unwrap()["closing"]["code"], 1013, "{rest:?}");
    assert!(rest.iter().all(|said| said.get("event").is_none()), "{rest:?}");
    let mut socket = connect();
    let answer = socket.subscribe(&json!({ "subscribe": ["uploads"], "after": position }));
    assert_eq!(answer["position"], position);
    assert_eq!(upload_of(&socket.next_event()), sent);
    until_held(&[&api], &key, 1);

    // Clients that go without a word are forgotten with the next message to them.
    stage.gateway.lose_disconnects(true);
    stage.gateway.cut_all();
    drop(socket);
    upload(&api, &key, place + 1);
    until_held(&[&api], &key, 0);
    stage.gateway.lose_disconnects(false);
    let mut socket = connect();
    socket.subscribe(&subscription);
    until_held(&[&api], &key, 1);
    drop(socket);
    until_held(&[&api], &key, 0);
}

#[test]
fn another_process_goes_on_with_the_clients_of_one_that_was_killed() {
    let mut stage = Stage::new();
    let Some(fleet) = Fleet::new(&stage.settings("")) else { return };
    let (first, _relay) = (fleet.start("api"), fleet.start("relay"));
    let key = key(&first);
    let second = fleet.start("api");
    stage.start_functions(&fleet, &second.address, 1);
    let authorization = bearer(&key);
    let mut socket = Socket::connect(&stage.gateway.address, &[("authorization", &authorization)]).unwrap();
    socket.subscribe(&json!({ "subscribe": ["uploads"] }));
    let before = upload(&second, &key, 0);
    let told = socket.next_event();
    assert_eq!(upload_of(&told), before);
    drop(first);
    // While nobody has to do with them: what happens, and what clients say, waits.
    let meanwhile = upload(&second, &key, 1);
    socket.say(Message::text(
        json!({ "subscribe": ["uploads", "feeds"], "after": told["position"] }).to_string(),
    ));
    let (mut answered, mut repeated) = (false, false);
    loop {
        let said = socket.next();
        answered |= said["subscribed"] == json!(["uploads", "feeds"]);
        if said.get("event").is_some() {
            if upload_of(&said) == before && !repeated {
                // It was killed between telling the client and noting it: once more, under the same position.
                assert_eq!(said, told);
                repeated = true;
                continue;
            }
            assert_eq!(upload_of(&said), meanwhile, "nothing from before");
            if answered {
                break;
            }
        }
    }
    let after = upload(&second, &key, 2);
    loop {
        let said = socket.next_event();
        if upload_of(&said) == after {
            break;
        }
        assert_eq!(upload_of(&said), meanwhile);
    }
}

#[test]
fn without_redis_nobody_connects_and_who_says_something_is_ended() {
    if !can_start(&["redis"]) {
        return;
    }
    let mut stage = Stage::new();
    let redis = Outside::start("redis");
    let Some(fleet) = Fleet::with_redis(&stage.settings(""), &redis) else { return };
    let (api, _relay) = (fleet.start("api"), fleet.start("relay"));
    stage.start_functions(&fleet, &api.address, 1);
    let key = key(&api);
    let authorization = bearer(&key);
    let connect = || Socket::connect(&stage.gateway.address, &[("authorization", &authorization)]);
    let mut quiet = connect().unwrap();
    quiet.subscribe(&json!({ "subscribe": ["uploads"] }));
    let mut talking = connect().unwrap();
    talking.subscribe(&json!({ "subscribe": ["uploads"] }));
    redis.tell("freeze");
    assert_eq!(connect().err(), Some(503));
    talking.say(Message::text(json!({ "subscribe": ["alerts"] }).to_string()));
    talking.rest();
    // Who is connected is told what happens all the same.
    let sent = upload(&api, &key, 0);
    assert_eq!(upload_of(&quiet.next_event()), sent);
    redis.tell("thaw");
    let begun = Instant::now();
    let mut again = loop {
        match connect() {
            Ok(socket) => break socket,
            Err(status) => assert_eq!(status, 503),
        }
        assert!(begun.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(200));
    };
    again.subscribe(&json!({ "subscribe": ["uploads"] }));
    let sent = upload(&api, &key, 1);
    assert_eq!(upload_of(&again.next_event()), sent);
    assert_eq!(upload_of(&quiet.next_event()), sent);
}

#[test]
fn a_thousand_clients_at_once_are_told_with_a_bounded_number_of_requests() {
    const CLIENTS: usize = 1_000;
    const AT_ONCE: usize = 100;
    let mut stage = Stage::new();
    let Some(fleet) = Fleet::new(&stage.settings("requests = 32\nconnections = 1000\n")) else { return };
    let (api, _relay) = (fleet.start("api"), fleet.start("relay"));
    stage.start_functions(&fleet, &api.address, 2);
    let key = key(&api);
    let authorization = bearer(&key);
    let address = stage.gateway.address.clone();
    let connect = || {
        let mut request = address.as_str().into_client_request().unwrap();
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        request
    };
    let subscription = json!({ "subscribe": ["uploads"] }).to_string();
    let opening = futures_util::stream::iter(0..CLIENTS).map(|_| {
        let (request, subscription) = (connect(), subscription.clone());
        async move {
            let mut socket = connect_async(request).await.unwrap().0;
            socket.send(Message::text(subscription)).await.unwrap();
            let answer = socket.next().await.unwrap().unwrap().into_text().unwrap();
            assert!(answer.contains("\"subscribed\""), "{answer}");
            socket
        }
    });
    let mut sockets: Vec<_> = stage.runtime.block_on(opening.buffer_unordered(AT_ONCE).collect());
    assert_eq!(stage.gateway.open(), CLIENTS);
    // There is room for no more.
    let refused = Socket::connect(&address, &[("authorization", &authorization)]);
    assert_eq!(refused.err(), Some(503));
    let begun = Instant::now();
    let sent = upload(&api, &key, 0);
    stage.runtime.block_on(async {
        for socket in &mut sockets {
            let told = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
            let told: Value = serde_json::from_str(&told.into_text().unwrap()).unwrap();
            assert_eq!(upload_of(&told), sent);
        }
    });
    eprintln!("{CLIENTS} clients were told in {:?}", begun.elapsed());
    let most = stage.gateway.most_requests_at_once();
    assert!((2..=32).contains(&most), "{most} requests at once");
    drop(sockets);
    until_held(&[&api], &key, 0);
    Socket::connect(&address, &[("authorization", &authorization)]).unwrap();
}

#[test]
fn an_access_token_is_taken_through_the_gateway_until_it_expires() {
    let Some(issuer) = Issuer::shared() else { return };
    let mut stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("issuer.pem");
    std::fs::write(&authority, &issuer.authority).unwrap();
    let identity = format!(
        "[identity]\nkind = \"oidc\"\nissuer = \"{}\"\nclient_id = \"gateway\"\nclient_secret = \"hush\"\n\
         audiences = [\"astroshield-api\"]\none_time_link = true\nauthorities_file = \"{}\"\n",
        issuer.address,
        authority.display()
    );
    let Some(fleet) = Fleet::new(&(stage.settings("") + &identity)) else { return };
    let (api, _relay) = (fleet.start("api"), fleet.start("relay"));
    stage.start_functions(&fleet, &api.address, 1);
    let key = key(&api);
    let token = |claims: Value| stage.runtime.block_on(issuer.token("ES256", claims));
    let connect = |token: &str| {
        Socket::connect(&stage.gateway.address, &[("authorization", &format!("Bearer {token}"))])
    };
    // The functions are there, and the keys of the issuer are known, before the time of the token runs.
    drop(connect(&token(json!({}))).unwrap());
    let now = jiff::Timestamp::now().as_second();
    let expires = now + 20;
    let good = token(json!({ "exp": expires }));
    let mut socket = connect(&good).unwrap();
    socket.subscribe(&json!({ "subscribe": ["uploads"] }));
    let sent = upload(&api, &key, 0);
    assert_eq!(upload_of(&socket.next_event()), sent);
    let (head, signature) = (good.split_once('.').unwrap().0, good.rsplit_once('.').unwrap().1);
    assert_eq!(connect(&format!("{head}.e30.{signature}")).err(), Some(401));
    assert_eq!(connect(&token(json!({ "exp": now - 60 }))).err(), Some(401));
    assert_eq!(connect(&token(json!({ "groups": [] }))).err(), Some(403));
    while jiff::Timestamp::now().as_second() <= expires + 1 {
        thread::sleep(Duration::from_millis(200));
    }
    upload(&api, &key, 1);
    let rest = socket.rest();
    assert_eq!(rest.last().unwrap()["closing"]["code"], 1008, "{rest:?}");
    assert!(rest.iter().all(|said| said.get("event").is_none()), "{rest:?}");
}

#[test]
fn the_key_of_the_stand_in_is_the_one_of_the_processes() {
    assert_eq!((ACCESS_KEY_ID, SECRET_ACCESS_KEY, REGION), ("astroshield", "secret", "eu-central-1"));
}
