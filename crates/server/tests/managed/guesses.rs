//! Keys that are guessed at several processes.

use std::fs;
use std::time::Instant;

use astroshield_testkit::servers::Server as Outside;

use crate::fleet::{Fleet, key};
use crate::server::{Answer, Server};

/// Wrong keys that an address may send in a minute.
const ALLOWED: u32 = 10;

/// The time in which one of them comes back, in s.
const COMES_BACK_S: u32 = 60 / ALLOWED;

/// How many have come back at most since a time.
fn came_back(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_secs()).unwrap() / COMES_BACK_S + 1
}

/// Asks with a key, as from an address: a proxy on this machine is believed.
fn ask(process: &Server, address: &str, key: &str) -> Answer {
    let key = format!("Bearer {key}");
    process.send("GET", "/api/v1/runs", &[("authorization", &key), ("x-forwarded-for", address)], "")
}

/// How many guesses are answered before one is put off.
fn guesses(process: &Server, address: &str) -> u32 {
    (0..10 * ALLOWED)
        .take_while(|number| match ask(process, address, &format!("ask_more{number}")).status {
            401 => true,
            status => {
                assert_eq!(status, 429);
                false
            }
        })
        .count()
        .try_into()
        .unwrap()
}

#[test]
fn guessed_keys_are_counted_for_all_processes_through_redis_and_by_each_without_it() {
    let Some(mut fleet) = Fleet::new(&format!("[server]\nwrong_secrets_per_minute = {ALLOWED}\n")) else {
        return;
    };
    let redis = Outside::start("redis");
    fs::write(fleet.path().join("redis.url"), &redis.address).unwrap();
    fs::write(fleet.path().join("redis.pem"), redis.authority()).unwrap();
    let prefix = format!("astroshield-{}", fleet.prefix);
    fleet.set("ASTROSHIELD__CACHE__PREFIX", prefix);
    let processes = [fleet.start("api"), fleet.start("api")];
    let key = key(&processes[0]);
    let (guesser, other) = ("192.0.2.1", "192.0.2.2");
    // Neither process has seen so many itself.
    let began = Instant::now();
    for number in 0..ALLOWED {
        let process = &processes[number as usize % 2];
        assert_eq!(ask(process, guesser, &format!("ask_{number}")).status, 401, "{number}");
    }
    // On a slow machine some came back in the meantime, and are answered.
    let mut more = 0;
    for process in &processes {
        let refused = loop {
            let answer = ask(process, guesser, "ask_again");
            if answer.status == 429 {
                break answer;
            }
            more += 1;
            assert!(answer.status == 401 && more < came_back(began), "{more}: {answer:?}");
        };
        assert!(refused.head.contains("ratelimit: \"wrong-secret\";r=0;t="), "{refused:?}");
        assert!(refused.head.contains("retry-after: "), "{refused:?}");
        assert_eq!(ask(process, other, "ask_other").status, 401, "somebody else");
        assert_eq!(ask(process, other, &key).status, 200);
    }
    let last = Instant::now();
    // One that was not there counts with them.
    let later = fleet.start("api");
    let more = guesses(&later, guesser);
    let allowed = came_back(last);
    assert!(more <= allowed, "{more} of {allowed}");

    redis.tell("freeze");
    for process in &processes {
        let began = Instant::now();
        let alone = guesses(process, "192.0.2.3");
        let allowed = ALLOWED + came_back(began);
        assert!((1..=allowed).contains(&alone), "{alone} of {allowed}");
        assert_eq!(ask(process, other, &key).status, 200, "who has the key gets in");
    }
    redis.tell("thaw");
}
