//! What a screening found, of one slice or of the whole, and how slices make a whole.

use core::cmp::Ordering;

use nalgebra::{Matrix3, Vector3};

use super::closest_approach::Edge;
use super::grid::Instant;
use super::slice::Failures;
use super::{Screening, Volume};
use crate::state::{State, Teme};

/// A local minimum of the distance between two objects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Approach {
    /// The two objects, the primary first; where both or neither are primaries, the smaller number.
    pub objects: [u32; 2],
    /// Time of closest approach.
    pub tca: Instant,
    /// States of the two objects at that time.
    pub states: [State<Teme>; 2],
    /// Whether the minimum lies at an edge of what was screened.
    pub edge: Edge,
}

impl Approach {
    /// Distance at closest approach, in km.
    pub fn miss_distance_km(&self) -> f64 {
        (self.states[1].position_km - self.states[0].position_km).norm()
    }

    /// Relative speed at closest approach, in km/s.
    pub fn relative_speed_km_s(&self) -> f64 {
        (self.states[1].velocity_km_s - self.states[0].velocity_km_s).norm()
    }

    /// Position of the second object from the first, in km, along the first one's radial, in-track and cross-track
    /// directions at closest approach: radial outward, cross-track along the angular momentum, in-track completing
    /// the right-handed triad (the motion's direction on a circular orbit).
    pub fn miss_ric_km(&self) -> Vector3<f64> {
        let State { position_km, velocity_km_s, .. } = &self.states[0];
        let radial = position_km.normalize();
        let cross_track = position_km.cross(velocity_km_s).normalize();
        let axes = Matrix3::from_rows(&[
            radial.transpose(),
            cross_track.cross(&radial).transpose(),
            cross_track.transpose(),
        ]);
        axes * (self.states[1].position_km - position_km)
    }

    /// By time, then objects.
    pub(super) fn canonical_order(&self, other: &Self) -> Ordering {
        (self.tca, self.objects, self.edge).cmp(&(other.tca, other.objects, other.edge))
    }
}

/// What one slice found. Slices merge in any grouping to the same whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SliceOutcome {
    pub(super) approaches: Vec<Approach>,
    /// Pairs within the threshold at every knot of the slice, its edges included.
    pub(super) contacts: Vec<(u32, u32)>,
    pub(super) failures: Failures,
}

impl SliceOutcome {
    /// This slice and the next, as one.
    pub fn merge(mut self, next: Self) -> Self {
        self.approaches.extend(next.approaches);
        self.contacts.retain(|pair| next.contacts.binary_search(pair).is_ok());
        for (object, failed) in next.failures {
            let first = self.failures.entry(object).or_insert(failed);
            *first = failed.min(*first);
        }
        self
    }
}

/// A close approach, or a relation between two objects that stay close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conjunction {
    /// The closest approach.
    pub approach: Approach,
    /// Whether the two never leave the threshold in the window: docked, tethered, in formation. The approach is then
    /// the closest of the whole window, and the only one listed.
    pub relation: bool,
}

/// An object that could not be screened through the whole window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The object.
    pub object: u32,
    /// The first knot at which it has no position, or the start of the first cell that it has none in the midst of.
    /// Nothing later is reported of an element set; an ephemeris is screened in every cell that it covers.
    pub instant: Instant,
    /// Why.
    pub cause: FailureCause,
}

/// Why an object cannot be screened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureCause {
    /// Its trajectory has no position: SGP4 refuses, or the ephemeris has a gap.
    NoPosition,
    /// SGP4 still gives positions, but moves them at more than 1.5 times the escape speed: the object has decayed.
    Diverged,
}

/// What a screening found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Close approaches by time, then objects.
    pub conjunctions: Vec<Conjunction>,
    /// The approaches of relations that are not their closest, in the same order.
    pub within_relations: Vec<Approach>,
    /// Objects that fail inside the window, by number.
    pub failures: Vec<Failure>,
}

impl Outcome {
    /// The whole from its merged slices.
    pub(super) fn of(screening: &Screening, slices: SliceOutcome) -> Self {
        let SliceOutcome { mut approaches, contacts, failures } = slices;
        // What fails has decayed: an element set says nothing after that, even if SGP4 recovers. An ephemeris is not
        // covered there, and is good where it is.
        let ends = |approach: &Approach| {
            approach.objects.iter().any(|object| {
                screening.is_element_set(*object)
                    && failures.get(object).is_some_and(|(at, _)| approach.tca > *at)
            })
        };
        approaches.retain(|approach| !ends(approach) && screening.volume.contains(approach));
        approaches.sort_by(Approach::canonical_order);

        let contact = |approach: &Approach| {
            let [a, b] = approach.objects;
            contacts.binary_search(&(a.min(b), a.max(b)))
        };
        let mut closest: Vec<Option<Approach>> = vec![None; contacts.len()];
        let mut conjunctions = Vec::with_capacity(approaches.len());
        let mut within_relations = Vec::new();
        for approach in approaches {
            match contact(&approach) {
                Err(_) => conjunctions.push(Conjunction { approach, relation: false }),
                Ok(pair) => match &mut closest[pair] {
                    Some(best) if best.miss_distance_km() <= approach.miss_distance_km() => {
                        within_relations.push(approach);
                    }
                    best => within_relations.extend(best.replace(approach)),
                },
            }
        }
        conjunctions
            .extend(closest.into_iter().flatten().map(|approach| Conjunction { approach, relation: true }));
        conjunctions.sort_by(|a, b| a.approach.canonical_order(&b.approach));
        within_relations.sort_by(Approach::canonical_order);
        Self {
            conjunctions,
            within_relations,
            failures: failures
                .into_iter()
                .map(|(object, (instant, cause))| Failure { object, instant, cause })
                .collect(),
        }
    }
}

impl Outcome {
    /// All approaches, of relations too, in the order of [`Outcome::conjunctions`].
    #[must_use]
    pub fn with_all_of_relations(&self) -> Vec<Conjunction> {
        let others =
            self.within_relations.iter().map(|approach| Conjunction { approach: *approach, relation: true });
        let mut all: Vec<Conjunction> = self.conjunctions.iter().copied().chain(others).collect();
        all.sort_by(|a, b| a.approach.canonical_order(&b.approach));
        all
    }
}

impl Volume {
    /// Whether the second object of an approach is inside.
    fn contains(&self, approach: &Approach) -> bool {
        match self {
            Self::Range { .. } => true,
            Self::Box { radial_km, in_track_km, cross_track_km } => {
                let miss = approach.miss_ric_km();
                miss.x.abs() <= *radial_km && miss.y.abs() <= *in_track_km && miss.z.abs() <= *cross_track_km
            }
        }
    }
}
