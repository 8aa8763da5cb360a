//! What rules are held against: conjunctions as our runs find them, and as messages that were received tell of them.

use std::cmp::Ordering;
use std::collections::HashMap;

use astroshield_formats::CatalogNumber;
use jiff::{SignedDuration, Timestamp};

use crate::alert::{self, WatchList};
use crate::conjunction::{Conjunction, IDENTITY_MINUTES, ReceivedCdm};

/// Two times of a pair that are no further apart are of one encounter.
pub(super) const MARGIN: SignedDuration = SignedDuration::from_mins(IDENTITY_MINUTES);

/// What messages say of an encounter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Messages {
    /// The two objects, in ascending order.
    pub(super) pair: [u32; 2],
    /// Time of closest approach by the message that arrived first: what comes later does not change it.
    pub(super) first_tca: Timestamp,
    /// The newest message of each originator, the one with the highest probability first.
    pub(super) newest: Vec<ReceivedCdm>,
    /// When the first of them arrived.
    pub(super) arrived: Timestamp,
}

impl Messages {
    /// Messages of one encounter.
    fn of(mut messages: Vec<ReceivedCdm>) -> Option<Self> {
        messages.sort_by_key(|message| (message.created, message.id));
        let first = messages.iter().min_by_key(|message| (message.arrived, message.id))?;
        let (pair, first_tca, arrived) = (pair(first.objects), first.tca, first.arrived);
        let mut of_originator: HashMap<String, ReceivedCdm> = HashMap::new();
        for message in messages {
            of_originator.insert(message.originator.clone(), message);
        }
        let mut newest: Vec<ReceivedCdm> = of_originator.into_values().collect();
        newest.sort_by(by_importance);
        Some(Self { pair, first_tca, newest, arrived })
    }

    /// Whether a time is that of the encounter.
    pub(super) fn is_at(&self, tca: Timestamp) -> bool {
        let near = |other: Timestamp| other.duration_since(tca).abs() <= MARGIN;
        near(self.first_tca) || self.newest.iter().any(|message| near(message.tca))
    }

    /// Whether any of the messages says that it is to come.
    pub(super) fn is_ahead(&self, now: Timestamp) -> bool {
        self.newest.iter().any(|message| message.tca >= now)
    }
}

/// The highest probability first, of equal ones the newest.
fn by_importance(one: &ReceivedCdm, other: &ReceivedCdm) -> Ordering {
    let key = |message: &ReceivedCdm| message.leading_probability().unwrap_or(-1.0);
    key(other).total_cmp(&key(one)).then((other.created, other.id).cmp(&(one.created, one.id)))
}

/// Two objects in ascending order.
pub(super) fn pair(objects: [CatalogNumber; 2]) -> [u32; 2] {
    let mut pair = objects.map(CatalogNumber::get);
    pair.sort_unstable();
    pair
}

/// Puts messages of one encounter together.
pub(super) fn encounters(mut messages: Vec<ReceivedCdm>) -> Vec<Messages> {
    messages.sort_by_key(|message| (pair(message.objects), message.tca));
    let same = |one: &ReceivedCdm, other: &ReceivedCdm| {
        pair(one.objects) == pair(other.objects) && other.tca.duration_since(one.tca) <= MARGIN
    };
    messages.chunk_by(same).filter_map(|chunk| Messages::of(chunk.to_vec())).collect()
}

/// What is known of an encounter: our own solution, messages, or both.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Encounter<'a> {
    /// As our runs have it.
    pub(super) conjunction: Option<&'a Conjunction>,
    /// Whether our own solution counts: it is not cleared, and the rule speaks of it.
    pub(super) own_counts: bool,
    /// The newest message of each originator, the one with the highest probability first.
    pub(super) messages: &'a [ReceivedCdm],
    /// What the tenant that is told says of its satellites.
    pub(super) watch_lists: &'a [WatchList],
}

impl<'a> Encounter<'a> {
    pub(super) fn of(conjunction: Option<&'a Conjunction>, messages: Option<&'a Messages>) -> Self {
        let own_counts = conjunction.is_some_and(Conjunction::is_active);
        let messages = messages.map_or(&[][..], |messages| &messages.newest);
        Self { conjunction, own_counts, messages, watch_lists: &[] }
    }

    /// The same, told to a tenant with watch lists.
    pub(super) fn beside(self, watch_lists: &'a [WatchList]) -> Self {
        Self { watch_lists, ..self }
    }

    /// Whether its objects can maneuver, of those of which the tenant states it.
    pub(super) fn maneuverable(self) -> Vec<(CatalogNumber, bool)> {
        let of_conjunction =
            self.conjunction.map(|found| found.objects.each_ref().map(|object| object.number));
        let objects = of_conjunction.or_else(|| self.messages.first().map(|message| message.objects));
        let stated = |object| Some((object, alert::maneuverable(self.watch_lists, object)?));
        objects.into_iter().flatten().filter_map(stated).collect()
    }

    /// The message that says more than our own solution: of a higher probability, or where there is none of ours that counts.
    pub(super) fn leader(self) -> Option<&'a ReceivedCdm> {
        let message = self.messages.first()?;
        let own = self.conjunction.filter(|_| self.own_counts).map(Conjunction::leading_probability);
        match (own, message.leading_probability()) {
            (Some(own), Some(told)) => (told > own).then_some(message),
            (Some(_), None) => None,
            (None, _) => Some(message),
        }
    }

    /// The greatest of the probabilities that our own solution and the messages give.
    pub(super) fn leading_probability(self) -> Option<f64> {
        match self.leader() {
            Some(message) => message.leading_probability(),
            None => self.conjunction.map(Conjunction::leading_probability),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, conjunction, message};
    use super::*;

    #[test]
    fn the_newest_message_of_each_originator_counts_whichever_object_is_named_first() {
        let first = message([2, 1], at(60), "A", at(0), Some(1e-2));
        let newer = message([1, 2], at(61), "A", at(5), Some(1e-6));
        let other = message([1, 2], at(59), "B", at(1), Some(1e-4));
        let later = message([1, 2], at(120), "A", at(2), Some(1e-3));
        let found = encounters(vec![newer.clone(), later.clone(), first.clone(), other.clone()]);
        let [one, two] = &found[..] else { panic!("{found:?}") };
        assert_eq!((one.pair, one.first_tca), ([1, 2], first.tca));
        assert_eq!(one.newest, [other, newer]);
        assert_eq!(two.newest, [later]);
        assert!(one.is_at(at(80)) && !one.is_at(at(90)));
        assert!(one.is_ahead(at(61)) && !one.is_ahead(at(62)));
    }

    #[test]
    fn whichever_is_greater_leads() {
        let own = conjunction([1, 2], at(10));
        let leader = |told| {
            let messages = [message([1, 2], at(10), "A", at(0), told)];
            let encounter = Encounter {
                conjunction: Some(&own),
                own_counts: true,
                messages: &messages,
                ..Encounter::default()
            };
            (encounter.leader().is_some(), encounter.leading_probability())
        };
        let ours = own.leading_probability();
        assert_eq!(leader(Some(ours / 2.0)), (false, Some(ours)));
        assert_eq!(leader(Some(ours * 2.0)), (true, Some(ours * 2.0)));
        assert_eq!(leader(None), (false, Some(ours)));
    }
}
