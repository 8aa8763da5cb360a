//! Chances that a seed repeats, and how many rounds are asked for.

use std::env;
use std::time::SystemTime;

/// A sequence of chances: splitmix64.
pub(crate) struct Chance(u64);

impl Chance {
    /// Of `ASTROSHIELD_CRASH_SEED`, or of the clock; the seed is printed.
    pub(crate) fn new() -> Self {
        Self::of("ASTROSHIELD_CRASH_SEED")
    }

    /// Of a variable, or of the clock; the seed is printed.
    pub(crate) fn of(variable: &str) -> Self {
        let given = env::var(variable).ok().map(|seed| seed.parse().unwrap());
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let seed = given.unwrap_or(u64::from(since_1970.subsec_nanos()));
        eprintln!("{variable}={seed}");
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// A number of the environment, or another one.
pub(crate) fn asked(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}
