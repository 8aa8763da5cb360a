//! Which conjunctions a rule speaks of.

use std::collections::HashMap;

use astroshield_formats::CatalogNumber;
use jiff::{SignedDuration, Timestamp};

use crate::alert::{Rule, WatchList, WatchedObject};
use crate::conjunction::{Conjunction, ConjunctionOrder, ConjunctionQuery, ConjunctionStatus, ReceivedCdm};

/// Conjunctions that are asked for at once.
pub(super) const PAGE: u32 = 500;

/// A rule with the watched objects whose thresholds take the place of its own.
pub(super) struct Criteria<'a> {
    rule: &'a Rule,
    /// Of a rule about a list, those on the list; else those on any list, which then need not be met.
    watched: HashMap<u32, Vec<&'a WatchedObject>>,
}

/// What has to hold of a conjunction.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Thresholds {
    min_probability: Option<f64>,
    max_miss_distance_km: Option<f64>,
}

impl Thresholds {
    fn hold(self, told: &Told) -> bool {
        let is_likely = |least| told.probability.is_some_and(|probability| probability >= least);
        self.min_probability.is_none_or(is_likely)
            && self.max_miss_distance_km.is_none_or(|most| told.miss_distance_km <= most)
    }
}

/// What one source tells of an encounter: thresholds are held against what the same source says.
#[derive(Debug, Clone, Copy)]
struct Told {
    numbers: [u32; 2],
    tca: Timestamp,
    miss_distance_km: f64,
    probability: Option<f64>,
}

impl<'a> Criteria<'a> {
    pub(super) fn of(rule: &'a Rule, lists: &'a [WatchList]) -> Self {
        let mut watched: HashMap<u32, Vec<&WatchedObject>> = HashMap::new();
        let concerned = lists.iter().filter(|list| rule.watch_list.is_none_or(|wanted| wanted == list.id));
        for object in concerned.flat_map(|list| &list.objects) {
            watched.entry(object.object).or_default().push(object);
        }
        Self { rule, watched }
    }

    fn own(&self) -> Thresholds {
        let Rule { min_probability, max_miss_distance_km, .. } = *self.rule;
        Thresholds { min_probability, max_miss_distance_km }
    }

    fn of_watched(&self, watched: &WatchedObject) -> Thresholds {
        let own = self.own();
        Thresholds {
            min_probability: watched.min_probability.or(own.min_probability),
            max_miss_distance_km: watched.max_miss_distance_km.or(own.max_miss_distance_km),
        }
    }

    /// A query whose answer holds every conjunction that the rule speaks of; [`Criteria::meets`] decides.
    pub(super) fn query(&self, now: Timestamp) -> ConjunctionQuery {
        let all = || {
            let watched = self.watched.values().flatten().map(|watched| self.of_watched(watched));
            watched.chain(self.rule.watch_list.is_none().then(|| self.own()))
        };
        // The loosest of all; none if there is one without.
        let min_probability =
            all().map(|thresholds| thresholds.min_probability).reduce(|a, b| Some(a?.min(b?))).flatten();
        let max_miss_distance_km =
            all().map(|thresholds| thresholds.max_miss_distance_km).reduce(|a, b| Some(a?.max(b?))).flatten();
        ConjunctionQuery {
            watch_list: self.rule.watch_list,
            status: Some(ConjunctionStatus::Active),
            tca_from: Some(now),
            tca_to: self.latest(now),
            min_probability,
            max_miss_distance_km,
            relation: (!self.rule.relations).then_some(false),
            order: ConjunctionOrder::Probability,
            limit: PAGE,
            ..ConjunctionQuery::default()
        }
    }

    fn latest(&self, now: Timestamp) -> Option<Timestamp> {
        let hours = self.rule.within_hours?;
        let ahead = SignedDuration::try_from_secs_f64(hours * 3600.0).ok()?;
        Some(now.saturating_add(ahead).unwrap_or(Timestamp::MAX))
    }

    /// Whether the rule speaks of a conjunction, by our own solution.
    pub(super) fn meets(&self, conjunction: &Conjunction, now: Timestamp) -> bool {
        let told = Told {
            numbers: conjunction.objects.each_ref().map(|object| object.number.get()),
            tca: conjunction.solution.tca,
            miss_distance_km: conjunction.solution.miss_distance_km,
            probability: Some(conjunction.leading_probability()),
        };
        conjunction.is_active() && self.wants_relation(conjunction) && self.speak_of(&told, now)
    }

    /// Whether the rule speaks of an encounter, by what a message tells of it.
    pub(super) fn meets_message(&self, message: &ReceivedCdm, now: Timestamp) -> bool {
        let told = Told {
            numbers: message.objects.map(CatalogNumber::get),
            tca: message.tca,
            miss_distance_km: message.miss_distance_km,
            probability: message.leading_probability(),
        };
        self.speak_of(&told, now)
    }

    /// Whether the rule would speak of a conjunction if it is a relation.
    pub(super) fn wants_relation(&self, conjunction: &Conjunction) -> bool {
        !conjunction.relation || self.rule.relations
    }

    fn speak_of(&self, told: &Told, now: Timestamp) -> bool {
        if told.tca < now || self.latest(now).is_some_and(|latest| told.tca > latest) {
            return false;
        }
        let mut watched =
            told.numbers.iter().filter_map(|number| self.watched.get(number)).flatten().peekable();
        if watched.peek().is_none() {
            return self.rule.watch_list.is_none() && self.own().hold(told);
        }
        watched.any(|watched| self.of_watched(watched).hold(told))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, conjunction, message, rule, watch_list, watched};
    use super::*;

    #[test]
    fn both_thresholds_of_a_rule_have_to_hold() {
        let rule = Rule { min_probability: Some(1e-5), max_miss_distance_km: Some(1.0), ..rule() };
        let criteria = Criteria::of(&rule, &[]);
        let meets = |probability, miss_km| {
            let mut conjunction = conjunction([1, 2], at(10));
            conjunction.solution.maximum_probability = probability;
            conjunction.solution.miss_distance_km = miss_km;
            criteria.meets(&conjunction, at(0))
        };
        assert!(meets(1e-5, 1.0));
        assert!(!meets(0.9e-5, 1.0));
        assert!(!meets(1e-5, 1.1));
    }

    #[test]
    fn the_probability_with_covariances_counts_where_there_is_one() {
        let rule = Rule { min_probability: Some(1e-5), ..rule() };
        let mut conjunction = conjunction([1, 2], at(10));
        conjunction.solution.maximum_probability = 1e-3;
        conjunction.solution.probability = Some(1e-9);
        assert!(!Criteria::of(&rule, &[]).meets(&conjunction, at(0)));
    }

    #[test]
    fn a_rule_holds_its_thresholds_against_what_one_message_says() {
        let rule = Rule { min_probability: Some(1e-4), max_miss_distance_km: Some(0.2), ..rule() };
        let criteria = Criteria::of(&rule, &[]);
        let told = |probability| message([1, 2], at(10), "A", at(0), probability);
        assert!(criteria.meets_message(&told(Some(1e-2)), at(0)));
        assert!(!criteria.meets_message(&told(Some(1e-5)), at(0)));
        assert!(!criteria.meets_message(&told(None), at(0)), "no probability is none that is high enough");
        assert!(!criteria.meets_message(&told(Some(1e-2)), at(11)), "it is over");
        let far = ReceivedCdm { miss_distance_km: 0.3, ..told(Some(1e-2)) };
        assert!(!criteria.meets_message(&far, at(0)));
        let by_distance = Rule { min_probability: None, ..rule };
        assert!(Criteria::of(&by_distance, &[]).meets_message(&told(None), at(0)));
    }

    #[test]
    fn a_watched_object_has_its_own_thresholds_on_either_side() {
        let lists =
            [watch_list(vec![WatchedObject { min_probability: Some(1e-7), ..watched(2) }, watched(3)])];
        let rule = Rule { watch_list: Some(lists[0].id), min_probability: Some(1e-4), ..rule() };
        let criteria = Criteria::of(&rule, &lists);
        let meets = |objects, probability| {
            let mut conjunction = conjunction(objects, at(10));
            conjunction.solution.maximum_probability = probability;
            criteria.meets(&conjunction, at(0))
        };
        assert!(meets([1, 2], 1e-6) && meets([2, 1], 1e-6) && meets([3, 2], 1e-6));
        assert!(!meets([1, 2], 1e-8));
        assert!(meets([1, 3], 1e-4) && !meets([1, 3], 1e-6));
        assert!(!meets([1, 9], 1.0), "not on the list");
        let query = criteria.query(at(0));
        assert_eq!((query.min_probability, query.watch_list), (Some(1e-7), rule.watch_list));
    }

    #[test]
    fn a_query_leaves_a_threshold_out_if_one_object_has_none() {
        let lists =
            [watch_list(vec![WatchedObject { max_miss_distance_km: Some(9.0), ..watched(2) }, watched(3)])];
        let rule = Rule { watch_list: Some(lists[0].id), ..rule() };
        assert_eq!(Criteria::of(&rule, &lists).query(at(0)).max_miss_distance_km, None);
        let rule = Rule { max_miss_distance_km: Some(1.0), ..rule };
        assert_eq!(Criteria::of(&rule, &lists).query(at(0)).max_miss_distance_km, Some(9.0));
    }

    #[test]
    fn what_is_past_too_far_ahead_or_cleared_does_not_count() {
        let rule = Rule { within_hours: Some(24.0), ..rule() };
        let criteria = Criteria::of(&rule, &[]);
        let meets = |tca| criteria.meets(&conjunction([1, 2], tca), at(0));
        assert!(meets(at(0)) && meets(at(24 * 60)));
        assert!(!meets(at(-1)) && !meets(at(24 * 60 + 1)));
        let cleared = Conjunction { status: ConjunctionStatus::Cleared, ..conjunction([1, 2], at(10)) };
        assert!(!criteria.meets(&cleared, at(0)));
    }

    #[test]
    fn relations_count_where_the_rule_wants_them() {
        let docked = Conjunction { relation: true, ..conjunction([1, 2], at(10)) };
        assert!(!Criteria::of(&rule(), &[]).meets(&docked, at(0)));
        assert!(Criteria::of(&Rule { relations: true, ..rule() }, &[]).meets(&docked, at(0)));
    }
}
