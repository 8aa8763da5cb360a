//! Which element sets still say where their object is: none of an object that has decayed, and none that is too old.

use std::collections::HashMap;

use astroshield_formats::CatalogNumber;
use jiff::{SignedDuration, Timestamp};

/// How old an element set may be at the start of a window, unless the settings say otherwise: its error grows to tens of
/// kilometers within days, and after a month says nothing of an encounter.
pub const ELEMENT_SET_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What makes an element set fit for a screening of a window.
#[derive(Debug, Clone)]
pub(crate) struct Fitness<'a> {
    /// Days of decay (`2026-01-31`), by catalog number.
    decayed: &'a HashMap<u32, String>,
    start: Timestamp,
    age: SignedDuration,
}

impl<'a> Fitness<'a> {
    /// For a window that starts at a time.
    pub(crate) fn new(decayed: &'a HashMap<u32, String>, start: Timestamp, age: SignedDuration) -> Self {
        Self { decayed, start, age }
    }

    /// Why an element set is not screened; `None` if it is.
    pub(crate) fn objection(&self, number: CatalogNumber, epoch: Timestamp) -> Option<String> {
        let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
        if let Some(decayed) = self.decayed.get(&number.get())
            // Dates of ISO 8601 sort as text. Elements of a later day contradict the date: then it is screened.
            && *decayed < day(self.start)
            && day(epoch) <= *decayed
        {
            return Some(format!("decayed on {decayed}, as SATCAT says"));
        }
        let age = self.start.duration_since(epoch);
        (age > self.age).then(|| {
            let days = |age: SignedDuration| age.as_secs_f64() / 86_400.0;
            format!(
                "its element set is {:.1} days old; at most {:.1} are screened",
                days(age),
                days(self.age)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn objection(decay: Option<&str>, epoch: &str) -> Option<String> {
        let decayed = decay.map(|day| (5, day.to_owned())).into_iter().collect();
        let fitness = Fitness::new(&decayed, at("2026-03-10T12:00:00Z"), ELEMENT_SET_AGE);
        fitness.objection(CatalogNumber::new(5).unwrap(), at(epoch))
    }

    #[test]
    fn what_decayed_before_the_window_is_not_screened() {
        let reason = objection(Some("2026-03-09"), "2026-03-09T01:00:00Z").unwrap();
        assert!(reason.contains("decayed on 2026-03-09"), "{reason}");
        assert_eq!(objection(Some("2026-03-10"), "2026-03-09T01:00:00Z"), None, "it may still be up");
        assert_eq!(objection(None, "2026-03-09T01:00:00Z"), None);
    }

    #[test]
    fn elements_of_a_day_after_the_decay_are_screened_all_the_same() {
        assert_eq!(objection(Some("2026-03-01"), "2026-03-09T01:00:00Z"), None);
        assert!(objection(Some("2026-03-01"), "2026-03-01T23:00:00Z").is_some());
    }

    #[test]
    fn an_element_set_may_be_thirty_days_old_and_no_more() {
        assert_eq!(objection(None, "2026-02-08T12:00:00Z"), None);
        let reason = objection(None, "2026-02-08T11:00:00Z").unwrap();
        assert_eq!(reason, "its element set is 30.0 days old; at most 30.0 are screened");
        assert_eq!(objection(None, "2026-03-12T00:00:00Z"), None, "an epoch ahead is not old");
    }
}
