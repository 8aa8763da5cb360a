//! Keys that are guessed at several processes.

use std::fs;

use astroshield_testkit::servers::Server as Outside;

use crate::fleet::{Fleet, key};
use crate::server::{Answer, Server};

/// Wrong keys that an address may send in a minute.
const ALLOWED: u32 = 10;

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
    for number in 0..ALLOWED {
        let process = &processes[number as usize % 2];
        assert_eq!(ask(process, guesser, &format!("ask_{number}")).status, 401, "{number}");
    }
    for process in &processes {
        let refused = ask(process, guesser, "ask_again");
        assert_eq!(refused.status, 429, "{refused:?}");
        assert!(refused.head.contains("ratelimit: \"wrong-secret\";r=0;t="), "{refused:?}");
        assert!(refused.head.contains("retry-after: "), "{refused:?}");
        assert_eq!(ask(process, other, "ask_other").status, 401, "somebody else");
        assert_eq!(ask(process, other, &key).status, 200);
    }
    // One that was not there counts with them: what came back in the meantime is one in six seconds.
    let later = fleet.start("api");
    let more = guesses(&later, guesser);
    assert!(more < ALLOWED / 2, "{more}");

    redis.tell("freeze");
    for process in &processes {
        let alone = guesses(process, "192.0.2.3");
        assert!((1..=ALLOWED).contains(&alone), "{alone}");
        assert_eq!(ask(process, other, &key).status, 200, "who has the key gets in");
    }
    redis.tell("thaw");
}
