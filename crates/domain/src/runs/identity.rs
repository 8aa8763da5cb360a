//! Which conjunctions of a run are the ones that are known, and which are new.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::conjunction::IDENTITY_MINUTES;
use crate::ids::{ConjunctionId, TenantId};

/// A conjunction that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Known {
    pub(crate) id: ConjunctionId,
    /// In ascending order.
    pub(crate) objects: [u32; 2],
    pub(crate) relation: bool,
    pub(crate) tca: Timestamp,
    pub(crate) first_seen: Timestamp,
}

/// A conjunction that a run found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Approach {
    pub(crate) objects: [u32; 2],
    pub(crate) relation: bool,
    pub(crate) tca: Timestamp,
}

/// The identity of each approach, and since when it is known if it is: approaches of the same pair at most 20 minutes
/// apart are one conjunction, the nearest first; a relation is one.
pub(crate) fn identify(
    tenant: &TenantId,
    found: &[Approach],
    known: &[Known],
) -> Vec<(ConjunctionId, Option<Timestamp>)> {
    let ascending = |[a, b]: [u32; 2]| [a.min(b), a.max(b)];
    let mut by_pair: HashMap<([u32; 2], bool), Vec<usize>> = HashMap::new();
    for (index, known) in known.iter().enumerate() {
        by_pair.entry((ascending(known.objects), known.relation)).or_default().push(index);
    }
    let mut matches = Vec::new();
    for (place, approach) in found.iter().enumerate() {
        let pair = (ascending(approach.objects), approach.relation);
        for &index in by_pair.get(&pair).into_iter().flatten() {
            let candidate = &known[index];
            let apart = approach.tca.duration_since(candidate.tca).abs();
            if approach.relation || apart.as_secs_f64() <= IDENTITY_MINUTES as f64 * 60.0 {
                matches.push((apart, approach.tca, candidate.id, place, index));
            }
        }
    }
    matches.sort_unstable();
    let mut identities: Vec<Option<usize>> = vec![None; found.len()];
    let mut taken = vec![false; known.len()];
    for (_, _, _, place, index) in matches {
        if identities[place].is_none() && !taken[index] {
            identities[place] = Some(index);
            taken[index] = true;
        }
    }
    let identity = |(approach, index): (&Approach, Option<usize>)| match index {
        Some(index) => (known[index].id, Some(known[index].first_seen)),
        None => {
            let first_tca = (!approach.relation).then_some(approach.tca);
            (ConjunctionId::first_seen(tenant, approach.objects, first_tca), None)
        }
    };
    found.iter().zip(identities).map(identity).collect()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_mins(minute)
    }

    fn approach(objects: [u32; 2], minute: i64) -> Approach {
        Approach { objects, relation: false, tca: at(minute) }
    }

    fn known(objects: [u32; 2], minute: i64) -> Known {
        let id = ConjunctionId::first_seen(&TenantId::public(), objects, Some(at(minute)));
        Known { id, objects, relation: false, tca: at(minute), first_seen: at(-1000) }
    }

    fn identities(found: &[Approach], known: &[Known]) -> Vec<ConjunctionId> {
        identify(&TenantId::public(), found, known).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn an_approach_within_twenty_minutes_keeps_its_identity_whatever_the_order_of_the_pair() {
        let old = known([5, 7], 0);
        let found = identify(&TenantId::public(), &[approach([7, 5], 20)], &[old]);
        assert_eq!(found, [(old.id, Some(at(-1000)))]);
        let later = identify(&TenantId::public(), &[approach([5, 7], 21)], &[old]);
        assert_ne!(later[0].0, old.id);
        assert_eq!(later[0].1, None);
        assert_ne!(identities(&[approach([5, 8], 0)], &[old])[0], old.id);
    }

    #[test]
    fn the_nearest_in_time_is_taken_first_and_nothing_twice() {
        let (one, two) = (known([5, 7], 0), known([5, 7], 15));
        assert_eq!(identities(&[approach([5, 7], 10), approach([5, 7], 16)], &[one, two]), [one.id, two.id]);
        assert_eq!(identities(&[approach([5, 7], 10)], &[one, two]), [two.id]);
        let [first, second] = identities(&[approach([5, 7], 1), approach([5, 7], 2)], &[one])[..] else {
            panic!("two identities")
        };
        assert_eq!(first, one.id);
        assert_ne!(second, one.id);
    }

    #[test]
    fn a_relation_is_one_identity_whenever_it_is_closest_and_no_single_approach() {
        let relation = |minute| Approach { relation: true, ..approach([5, 7], minute) };
        let first = identities(&[relation(0)], &[])[0];
        let old = Known { id: first, relation: true, ..known([5, 7], 0) };
        assert_eq!(identities(&[relation(9000)], &[old]), [first]);
        assert_eq!(identities(&[relation(9000)], &[]), [first]);
        assert_ne!(identities(&[approach([5, 7], 0)], &[old])[0], first);
    }

    #[test]
    fn the_order_of_what_is_known_does_not_matter() {
        let known: Vec<Known> = (0..6).map(|n| known([5, 7], n * 7)).collect();
        let found: Vec<Approach> = (0..6).map(|n| approach([5, 7], n * 8 + 3)).collect();
        let reversed: Vec<Known> = known.iter().rev().copied().collect();
        assert_eq!(identities(&found, &known), identities(&found, &reversed));
    }
}
