//! The issuer stopped, frozen, cut off, slow, and well again, in rounds that a seed repeats.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use astroshield_testkit::proxy::Proxy;
use astroshield_testkit::servers::{Server as Outside, can_start};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::browser::Browser;
use crate::chance::{Chance, asked};
use crate::place::{Issuer, Place};
use crate::server::PATIENCE;

/// Rounds, unless `ASTROSHIELD_ISSUER_ROUNDS` says otherwise: one of each fault.
const ROUNDS: u64 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// Its process is killed and started again.
    Killed,
    /// Its process is stopped (SIGSTOP) and goes on.
    Frozen,
    /// Connections to it are cut, again and again.
    Cut,
    /// Everything to and from it is late.
    Slow,
}

const FAULTS: [Fault; 4] = [Fault::Killed, Fault::Frozen, Fault::Cut, Fault::Slow];

async fn until_ready(place: &Place, status: &str) {
    let began = Instant::now();
    let identity = if status == "ready" { "ok" } else { "problem" };
    loop {
        let answer = place.issuer.client.get(place.at("/health/ready")).send().await.unwrap();
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        if body["status"] == status && body["dependencies"]["identity"]["status"] == identity {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{status} is due: {body}");
        sleep(Duration::from_millis(200)).await;
    }
}

/// Waits until the issuer was asked about a session, which for a while it is not after it did not answer: whether it stands by it.
async fn is_still_signed_in(place: &Place, browser: &mut Browser) -> bool {
    let began = Instant::now();
    place.issuer.tell("requests", json!({})).await;
    let mut asked = false;
    loop {
        let session = browser.get(&place.at("/api/v1/session")).await;
        if session.status == 401 {
            return false;
        }
        assert_eq!(session.status, 200, "{session:?}");
        if asked {
            return true;
        }
        asked = place.issuer.tell("requests", json!({})).await["/token"].as_u64() > Some(0);
        assert!(began.elapsed() < PATIENCE, "it is not asked");
        sleep(Duration::from_millis(200)).await;
    }
}

/// The issuer, behind a proxy.
struct Away {
    server: Outside,
    proxy: Arc<Proxy>,
}

impl Away {
    fn start() -> Self {
        let proxy = Proxy::to(SocketAddr::from(([127, 0, 0, 1], 1)));
        let server = Outside::start_issuer_behind(proxy.address);
        let port = std::fs::read_to_string(server.file("port")).unwrap();
        proxy.point_to(SocketAddr::from(([127, 0, 0, 1], port.trim().parse().unwrap())));
        Self { server, proxy: Arc::new(proxy) }
    }

    /// Lets it be away, or as good as away; what goes on meanwhile.
    fn take_away(&self, fault: Fault, chance: &mut Chance) -> Option<JoinHandle<()>> {
        match fault {
            Fault::Killed => self.server.tell("kill"),
            Fault::Frozen => self.server.tell("freeze"),
            Fault::Cut => {
                let proxy = Arc::clone(&self.proxy);
                let pauses: Vec<u64> = (0..10 + chance.below(20)).map(|_| chance.below(200)).collect();
                return Some(tokio::spawn(async move {
                    for pause in pauses {
                        proxy.cut();
                        sleep(Duration::from_millis(pause)).await;
                    }
                }));
            }
            Fault::Slow => self.proxy.delay(Duration::from_millis(20 + chance.below(100))),
        }
        None
    }

    fn bring_back(&self, fault: Fault) {
        match fault {
            Fault::Killed => self.server.tell("restart"),
            Fault::Frozen => self.server.tell("thaw"),
            Fault::Cut => {}
            Fault::Slow => self.proxy.delay(Duration::ZERO),
        }
    }
}

/// Load of those whose key is known: none is refused, whatever becomes of the issuer.
struct Load {
    place: Arc<Place>,
    token: String,
    stop: AtomicBool,
    read: AtomicU64,
    written: AtomicU64,
}

impl Load {
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    async fn read(self: Arc<Self>) {
        while !self.is_over() {
            let (status, answer) = self.place.who(&self.token).await;
            assert_eq!(status, 200, "{answer}");
            self.read.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Makes watch lists, each of them twice under one key, as somebody does who is not sure.
    async fn write(self: Arc<Self>) {
        while !self.is_over() {
            let name = format!("list-{}", self.written.load(Ordering::Relaxed));
            for _ in 0..2 {
                let body = json!({ "name": name, "objects": [] }).to_string();
                let request = self.place.issuer.client.post(self.place.at("/api/v1/watch-lists"));
                let request = request.bearer_auth(&self.token).header("content-type", "application/json");
                let answer = request.header("idempotency-key", &name).body(body).send().await.unwrap();
                let (status, answer) = (answer.status(), answer.text().await.unwrap());
                assert_eq!(status, 201, "{answer}");
            }
            self.written.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until some more were answered: while the issuer is away, those that nothing but its return could free would not be.
    async fn goes_on(&self, said: &str) {
        let counts = || [&self.read, &self.written].map(|count| count.load(Ordering::Relaxed));
        let (before, began) = (counts(), Instant::now());
        while counts().iter().zip(before).any(|(now, before)| *now < before + 3) {
            assert!(began.elapsed() < PATIENCE, "{said}: {before:?}, then {:?} answers", counts());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Panics unless each list that was accepted is there, once: how many.
    async fn check_lists(&self) -> u64 {
        let request = self.place.issuer.client.get(self.place.at("/api/v1/watch-lists"));
        let answer = request.bearer_auth(&self.token).send().await.unwrap().text().await.unwrap();
        let lists: Value = serde_json::from_str(&answer).unwrap();
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for list in lists["items"].as_array().unwrap() {
            *found.entry(list["name"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        let written = self.written.load(Ordering::Relaxed);
        let expected = (0..written).map(|number| (format!("list-{number}"), 1)).collect();
        assert_eq!(found, expected);
        written
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_starts_without_its_provider_and_goes_on_when_it_comes() {
    if !can_start(&["issuer"]) {
        return;
    }
    let server = Outside::start("issuer");
    let issuer = Issuer::of(&server);
    let token = issuer.token("RS256", json!({})).await;
    server.tell("kill");
    let place = Place::start(issuer, "");
    until_ready(&place, "degraded").await;
    let login = place.browser().get(&place.at("/auth/login")).await;
    assert_eq!(login.status, 503, "{login:?}");
    assert!(login.headers.contains_key("retry-after"));
    let (status, answer) = place.who(&token).await;
    assert_eq!(status, 503, "{answer}");
    server.tell("restart");
    place.register().await;
    until_ready(&place, "ready").await;
    assert_eq!(place.who(&token).await.0, 200);
    place.issuer.account("ada", &["astroshield:local:viewer"]).await;
    assert_eq!(place.browser().sign_in(&place.service.address, "ada").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_goes_on_while_the_issuer_is_away_and_signing_in_after_it() {
    if !can_start(&["issuer"]) {
        return;
    }
    let rounds = asked("ASTROSHIELD_ISSUER_ROUNDS", ROUNDS);
    let mut chance = Chance::of("ASTROSHIELD_ISSUER_SEED");
    let away = Away::start();
    let place = Arc::new(Place::start(Issuer::of(&away.server), ""));
    place.register().await;
    place.issuer.tell("seconds", json!({ "AccessToken": 2 })).await;
    place.issuer.account("ada", &["astroshield:local:operator"]).await;
    let token =
        place.issuer.token("RS256", json!({ "exp": jiff::Timestamp::now().as_second() + 86_400 })).await;
    let mut browser = place.browser();
    assert_eq!(browser.sign_in(&place.service.address, "ada").await.status, 200);

    let load = Arc::new(Load {
        place: Arc::clone(&place),
        token,
        stop: AtomicBool::default(),
        read: AtomicU64::default(),
        written: AtomicU64::default(),
    });
    let tasks = [
        tokio::spawn(Arc::clone(&load).read()),
        tokio::spawn(Arc::clone(&load).read()),
        tokio::spawn(Arc::clone(&load).write()),
    ];
    let (began, mut played, mut lost) = (Instant::now(), BTreeMap::new(), 0);
    for round in 0..rounds {
        let fault = match FAULTS.get(usize::try_from(round).unwrap()) {
            Some(fault) => *fault,
            None => FAULTS[usize::try_from(chance.below(4)).unwrap()],
        };
        let said = format!("round {round}: {fault:?}");
        let is_away = matches!(fault, Fault::Killed | Fault::Frozen);
        *played.entry(fault).or_insert(0_u32) += 1;
        let cutting = away.take_away(fault, &mut chance);
        sleep(Duration::from_millis(chance.below(2_500))).await;
        // The session is not confirmed any more, and goes on for the time of grace.
        let session = browser.get(&place.at("/api/v1/session")).await;
        let may_be_lost = session.status == 401 && fault == Fault::Cut;
        assert!(session.status == 200 || may_be_lost, "{said}: {session:?}");
        let unknown = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.e30.AAAA";
        let status = place.who(unknown).await.0;
        assert!(matches!(status, 401 | 429 | 503), "{said}: {status}");
        if is_away {
            until_ready(&place, "degraded").await;
        }
        load.goes_on(&said).await;
        if let Some(cutting) = cutting {
            cutting.await.unwrap();
        }
        // Who signs in waits for an issuer that is only slow.
        if fault != Fault::Slow {
            away.bring_back(fault);
        }
        sleep(Duration::from_millis(chance.below(500))).await;
        let back = Instant::now();
        loop {
            let mut fresh = place.browser();
            let login = fresh.get(&place.at("/auth/login")).await;
            if login.status == 303 {
                let signed_in = fresh.sign_in(&place.service.address, "ada").await;
                assert_eq!(signed_in.status, 200, "{said}: {signed_in:?}");
                break;
            }
            assert!(login.status == 503 && back.elapsed() < PATIENCE, "{said}: {login:?}");
            sleep(Duration::from_millis(100)).await;
        }
        if fault == Fault::Slow {
            away.bring_back(fault);
        }
        if !is_still_signed_in(&place, &mut browser).await {
            // It used the refresh token up, and nobody heard the next one: nobody can tell that from theft.
            assert_ne!(fault, Fault::Slow, "{said}");
            lost += 1;
            assert_eq!(browser.sign_in(&place.service.address, "ada").await.status, 200, "{said}");
        }
        until_ready(&place, "ready").await;
        eprintln!("{:4} s: {said}, {lost} sessions lost", began.elapsed().as_secs());
    }
    load.stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let written = load.check_lists().await;
    println!(
        "{rounds} rounds in {} s, {played:?}; {lost} sessions lost; {} reads answered, {written} lists accepted, each there once",
        began.elapsed().as_secs(),
        load.read.load(Ordering::Relaxed),
    );
    assert!(lost <= 1 + rounds / 10, "{lost} of {rounds} sessions were lost");
}
