//! How long to wait before something that failed is tried again.

use std::time::Duration;

/// The longest wait of what goes on again as soon as a store or a bus that was away is back.
pub(crate) const LONGEST: Duration = Duration::from_secs(15);

/// Waits that double from one failure to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Patience {
    /// Waits from `first` to `longest`.
    #[must_use]
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0 }
    }

    /// How often it failed since it last went well.
    #[must_use]
    pub fn failures(self) -> u32 {
        self.failures
    }

    /// It failed: how long to wait.
    #[expect(clippy::should_implement_trait, reason = "it is no iterator: it has no end")]
    pub fn next(&mut self) -> Duration {
        let wait = after(self.first, self.longest, self.failures);
        self.failures = self.failures.saturating_add(1);
        wait
    }

    /// It went well.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// The wait after so many failures before this one.
pub(crate) fn after(first: Duration, longest: Duration, failures: u32) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(failures)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew_when_it_goes_well() {
        let mut patience = Patience::new(Duration::from_secs(1), Duration::from_secs(5));
        let waits: Vec<u64> = (0..4).map(|_| patience.next().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5]);
        patience.reset();
        assert_eq!(patience.next(), Duration::from_secs(1));
        assert_eq!(after(Duration::from_secs(1), Duration::from_secs(5), u32::MAX), Duration::from_secs(5));
    }
}
