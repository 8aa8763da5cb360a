//! The issuer stopped, frozen, and started again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use astroshield_testkit::servers::Server as Outside;
use rand_core::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::json;

use crate::place::{Issuer, Place};
use crate::server::PATIENCE;

/// How many rounds; `ASTROSHIELD_ISSUER_ROUNDS` says otherwise.
const ROUNDS: u64 = 4;

/// An answer that is to tell of an issuer that is away has to come within this.
const QUICK: Duration = Duration::from_secs(8);

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

async fn until_ready(place: &Place, status: &str) {
    let began = Instant::now();
    loop {
        let answer = place.issuer.client.get(place.at("/health/ready")).send().await.unwrap();
        let body = answer.text().await.unwrap();
        if body.starts_with(&format!("{{\"status\":\"{status}\"")) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{body}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_starts_without_its_provider_and_goes_on_when_it_comes() {
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
    let seed = number("ASTROSHIELD_ISSUER_SEED", 0x01dc);
    let rounds = number("ASTROSHIELD_ISSUER_ROUNDS", ROUNDS);
    let mut random = Pcg64::seed_from_u64(seed);
    let server = Outside::start("issuer");
    let place = Arc::new(Place::start(Issuer::of(&server), ""));
    place.register().await;
    place.issuer.tell("seconds", json!({ "AccessToken": 2 })).await;
    place.issuer.account("ada", &["astroshield:local:operator"]).await;
    let token =
        place.issuer.token("RS256", json!({ "exp": jiff::Timestamp::now().as_second() + 86_400 })).await;
    let mut browser = place.browser();
    assert_eq!(browser.sign_in(&place.service.address, "ada").await.status, 200);

    // Load: of those whose key is known, none is refused, whatever becomes of the issuer.
    let (stop, answered) = (Arc::new(AtomicBool::default()), Arc::new(AtomicU64::default()));
    let load: Vec<_> = (0..2)
        .map(|_| {
            let (place, token) = (Arc::clone(&place), token.clone());
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    let (status, answer) = place.who(&token).await;
                    assert_eq!(status, 200, "{answer}");
                    assert!(began.elapsed() < QUICK, "{:?}", began.elapsed());
                    answered.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
        })
        .collect();
    let mut lost = 0;
    for round in 0..rounds {
        let frozen = random.next_u32() % 2 == 0;
        let said = format!("round {round} of seed {seed}: {}", if frozen { "frozen" } else { "stopped" });
        server.tell(if frozen { "freeze" } else { "kill" });
        tokio::time::sleep(Duration::from_millis(u64::from(random.next_u32() % 2_500))).await;
        // The session is not confirmed any more, and goes on for the time of grace.
        let began = Instant::now();
        let session = browser.get(&place.at("/api/v1/session")).await;
        assert_eq!(session.status, 200, "{said}: {session:?}");
        assert!(began.elapsed() < QUICK, "{said}: {:?}", began.elapsed());
        let began = Instant::now();
        let unknown = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.e30.AAAA";
        let status = place.who(unknown).await.0;
        assert!(matches!(status, 401 | 429 | 503), "{said}: {status}");
        assert!(began.elapsed() < QUICK, "{said}: {:?}", began.elapsed());
        server.tell(if frozen { "thaw" } else { "restart" });
        tokio::time::sleep(Duration::from_millis(u64::from(random.next_u32() % 500))).await;
        let began = Instant::now();
        loop {
            let mut fresh = place.browser();
            let login = fresh.get(&place.at("/auth/login")).await;
            if login.status == 303 {
                let signed_in = fresh.sign_in(&place.service.address, "ada").await;
                assert_eq!(signed_in.status, 200, "{said}: {signed_in:?}");
                break;
            }
            assert!(login.status == 503 && began.elapsed() < PATIENCE, "{said}: {login:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let session = browser.get(&place.at("/api/v1/session")).await;
        if session.status == 401 && !frozen {
            // Killed between using the refresh token up and giving another: nobody can tell that from theft.
            lost += 1;
            assert_eq!(browser.sign_in(&place.service.address, "ada").await.status, 200, "{said}");
        } else {
            assert_eq!(session.status, 200, "{said}: {session:?}");
        }
    }
    assert!(lost <= 1 + rounds / 10, "{lost} of {rounds} sessions were lost");
    stop.store(true, Ordering::Relaxed);
    for task in load {
        task.await.unwrap();
    }
    println!("{rounds} rounds, {lost} sessions lost, {} requests answered", answered.load(Ordering::Relaxed));
    until_ready(&place, "ready").await;
}
