//! A longer run: load, kills, a full disk, a clock that steps, feeds that send nonsense and webhook targets that fail, with
//! the memory watched.

use std::fs;
use std::time::{Duration, Instant};

use crate::chance::{Chance, asked};
use crate::kills::Lane;
use crate::layer::Word;
use crate::orbits;
use crate::script::{LEASE_S, Sky};
use crate::target::Manner;

/// Rounds at least; `ASTROSHIELD_SOAK_MINUTES` asks for more of them.
const ROUNDS: usize = 3;

/// A round, in s, unless `ASTROSHIELD_SOAK_ROUND_SECONDS` says otherwise.
const ROUND_S: u64 = 4;

/// Memory that a service with this little data has no need of, in MB: twice the most of a recorded run (`docs/validation.md`), as
/// what is uploaded stays and every round has more of it.
const MOST_MB: u64 = 512;

/// What a process has in memory, in MB.
fn resident_mb(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}

#[test]
fn a_service_that_is_ill_treated_for_long_loses_and_doubles_nothing_and_does_not_grow() {
    let mut chance = Chance::new();
    let sky = Sky::of_today();
    let (minutes, round) =
        (asked("ASTROSHIELD_SOAK_MINUTES", 0), asked("ASTROSHIELD_SOAK_ROUND_SECONDS", ROUND_S));
    let (began, mut lane, mut largest) = (Instant::now(), Lane::new(0, &sky), Vec::new());
    let mut manner = Manner::Takes;
    while largest.len() < ROUNDS || began.elapsed() < Duration::from_secs(60 * minutes) {
        // Not twice in a row: a message that fails too often waits for hours.
        manner = match chance.below(6) {
            0 if manner == Manner::Takes => Manner::Fails,
            1 if manner == Manner::Takes => Manner::Redirects,
            2 if manner == Manner::Takes => Manner::Hangs,
            _ => Manner::Takes,
        };
        lane.place.target.behave(manner);
        // A third of the rounds run until the end of their time.
        let point = if chance.below(3) == 0 { 0 } else { chance.below(20_000) + 1 };
        lane.place.control.kill_in(point, true);
        let Some(process) = lane.start() else {
            lane.kills += 1;
            continue;
        };
        let id = process.id();
        let full_at = (chance.below(3) == 0).then(|| chance.below(round));
        let nonsense_at = (chance.below(3) == 0).then(|| chance.below(round));
        let (control, catalog) = (&lane.place.control.path.clone(), lane.place.catalog());
        let most = std::thread::scope(|scope| {
            let watching = scope.spawn(move || {
                let control = crate::layer::Control::over(control);
                let (began, mut most) = (Instant::now(), 0);
                while let Some(megabytes) = resident_mb(id) {
                    most = most.max(megabytes);
                    let second = began.elapsed().as_secs();
                    // Two seconds each.
                    let is_full = full_at.is_some_and(|at| (at..at + 2).contains(&second));
                    control.set(Word::Space, if is_full { 0 } else { -1 });
                    if nonsense_at == Some(second) {
                        orbits::publish(&catalog, "<!DOCTYPE html><html><body>Maintenance</body></html>");
                    }
                    std::thread::sleep(Duration::from_millis(200));
                }
                control.set(Word::Space, -1);
                most
            });
            lane.load(process, Duration::from_secs(round));
            watching.join().unwrap()
        });
        largest.push(most);
        let killed_at = lane.place.control.killed_at();
        lane.place.control.kill_in(0, false);
        lane.check();
        lane.place.control.set(Word::ClockS, LEASE_S * i64::from(lane.kills));
        eprintln!(
            "{:4} s: round {}, target {manner:?}, full {full_at:?}, nonsense {nonsense_at:?}, killed {}, {most} MB",
            began.elapsed().as_secs(),
            largest.len(),
            killed_at
        );
    }
    lane.place.target.behave(Manner::Takes);
    lane.publish();
    let (accepted, events) = lane.finish();
    eprintln!(
        "{} s, {} rounds, {} kills: {accepted} writes were accepted, {events} events sequenced, at most {} MB",
        began.elapsed().as_secs(),
        largest.len(),
        lane.kills,
        largest.iter().max().unwrap()
    );
    assert!(largest.iter().all(|megabytes| *megabytes < MOST_MB), "{largest:?} MB");
}
