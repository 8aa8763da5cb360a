//! The deciding step: minima of the distance of two objects, in scalar arithmetic on the true trajectories.
//!
//! Whatever found a candidate, this finds the same minima to the last bit: it starts from the cell's edges and
//! sees nothing of how the candidate came about.

use super::EARTH_MU_KM3_S2;
use super::grid::{Cell, Instant, Knot};
use super::trajectory::Trajectory;
use crate::state::{State, Teme};

/// Half the base of the central difference that stands for the rate of the squared distance.
///
/// SGP4's velocity is not the derivative of its position, so only positions decide. The root of the difference
/// lies off the minimum by `HALF_BASE_S^2 F''' / (6 F'')`, below 0.1 ms for relative motion at orbital rates.
const HALF_BASE_S: f64 = 0.25;

/// The minimum is bracketed to this.
const TCA_TOLERANCE_S: f64 = 1.0e-7;

/// Into how many parts a cell is cut where its edges do not prove that it has at most one minimum.
const PARTS: u32 = 8;

/// A local minimum of the distance between two objects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Minimum {
    pub(super) tca: Instant,
    pub(super) states: [State<Teme>; 2],
    pub(super) edge: Edge,
}

/// Whether a minimum lies at an edge of what was screened, where the distance may fall further beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edge {
    /// A true local minimum inside.
    None,
    /// The distance grows from the first instant screened.
    Start,
    /// The distance still falls at the last instant screened.
    Stop,
}

impl Minimum {
    pub(super) fn miss_distance_km(&self) -> f64 {
        (self.states[1].position_km - self.states[0].position_km).norm()
    }
}

/// A pair of objects over one cell, or the part of it that is screened.
#[derive(Clone, Copy)]
pub(super) struct CellPair<'a> {
    pub(super) trajectories: [&'a Trajectory; 2],
    pub(super) cell: Cell,
    /// Seconds from the cell's start between which minima are looked for.
    pub(super) from_s: f64,
    pub(super) to_s: f64,
    /// Whether the pair is not screened before `from_s`.
    pub(super) starts: bool,
    /// Whether the pair is not screened after `to_s`.
    pub(super) stops: bool,
}

/// Relative motion about an instant, by central difference of positions.
#[derive(Clone, Copy)]
struct Rate {
    /// Relative position, the mean of the two ends of the base, in km.
    separation_km: f64,
    /// Relative speed, in km/s.
    speed_km_s: f64,
    /// Derivative of the squared distance, in km^2/s.
    squared_distance_rate: f64,
    /// Geocentric distance of the lower object, in km.
    radius_km: f64,
}

impl Rate {
    fn falls(&self) -> bool {
        self.squared_distance_rate < 0.0
    }
}

impl CellPair<'_> {
    /// The minima of the distance in the cell, in the order of time, those farther than `limit_km` left out.
    ///
    /// A minimum belongs to the cell at whose start the distance falls and at whose end it does not. Both
    /// neighbors read the same sign at their common edge, so no minimum is lost or found twice between them.
    pub(super) fn minima(&self, limit_km: f64) -> Vec<Minimum> {
        let mut minima = Vec::new();
        let (Some(first), Some(last)) = (self.rate(self.from_s), self.rate(self.to_s)) else {
            return minima;
        };
        if self.starts && !first.falls() {
            minima.extend(self.minimum(self.from_s, Edge::Start));
        }
        if self.at_most_one_minimum(&first, &last) {
            minima.extend(self.bracketed(self.from_s, &first, self.to_s, &last));
        } else {
            let width_s = (self.to_s - self.from_s) / f64::from(PARTS);
            let (mut left_s, mut left) = (self.from_s, first);
            for part in 1..=PARTS {
                let right_s = if part == PARTS { self.to_s } else { self.from_s + width_s * f64::from(part) };
                let right = if part == PARTS { Some(last) } else { self.rate(right_s) };
                let Some(right) = right else { break };
                minima.extend(self.bracketed(left_s, &left, right_s, &right));
                (left_s, left) = (right_s, right);
            }
        }
        if self.stops && last.falls() {
            minima.extend(self.minimum(self.to_s, Edge::Stop));
        }
        minima.retain(|minimum| minimum.miss_distance_km() <= limit_km);
        minima
    }

    /// Whether the edges prove that the cell holds at most one minimum.
    ///
    /// `F`, the squared distance, satisfies `|F'''| = |6 q'.q'' + 2 q.q'''| <= 40 k d (v + n d)` for relative position
    /// `q` of size up to `d` changing at up to `v`, with `|q''| <= 3.1 k d` and `|q'''| <= 3.1 k v + 10 k n d`: the gravity
    /// gradient `k = mu / r^3` turns with the orbit at `n <= 1.5 sqrt(k)`. `F'` stays within `|F'''| h^2 / 8` of its chord over the cell's
    /// length `h`; with `|F'|` at both edges above twice that, it crosses zero once or never.
    fn at_most_one_minimum(&self, first: &Rate, last: &Rate) -> bool {
        let radius_km = first.radius_km.min(last.radius_km);
        let gradient = EARTH_MU_KM3_S2 / (radius_km * radius_km * radius_km);
        let separation_km = first.separation_km.max(last.separation_km);
        let speed_km_s = first.speed_km_s.max(last.speed_km_s);
        let turning_km_s = 1.5 * gradient.sqrt() * separation_km;
        let third_derivative = 40.0 * gradient * separation_km * (speed_km_s + turning_km_s);
        let length_s = self.to_s - self.from_s;
        let doubt = third_derivative * length_s * length_s / 4.0;
        first.squared_distance_rate.abs().min(last.squared_distance_rate.abs()) > doubt
    }

    /// The minimum between two instants, if the distance falls at the first and does not at the second.
    fn bracketed(&self, left_s: f64, left: &Rate, right_s: f64, right: &Rate) -> Option<Minimum> {
        if !left.falls() || right.falls() {
            return None;
        }
        let tca_s = self.root(left_s, left.squared_distance_rate, right_s, right.squared_distance_rate)?;
        self.minimum(tca_s, Edge::None)
    }

    /// Where the rate of the squared distance passes from negative to positive between two instants: regula falsi
    /// after Anderson & Bjorck (BIT 13, 1973), with bisection where it stalls.
    fn root(&self, mut left_s: f64, mut left: f64, mut right_s: f64, mut right: f64) -> Option<f64> {
        let mut last_s = f64::NAN;
        for round in 0_u32..100 {
            let width_s = right_s - left_s;
            if width_s <= TCA_TOLERANCE_S {
                break;
            }
            let middle_s = if round % 8 == 7 {
                left_s + 0.5 * width_s
            } else {
                (left_s - left * width_s / (right - left)).clamp(left_s, right_s)
            };
            if (middle_s - last_s).abs() <= TCA_TOLERANCE_S {
                return Some(middle_s);
            }
            let middle = self.rate(middle_s)?.squared_distance_rate;
            last_s = middle_s;
            if middle < 0.0 {
                let factor = 1.0 - middle / left;
                right *= if factor > 0.0 { factor } else { 0.5 };
                (left_s, left) = (middle_s, middle);
            } else {
                let factor = 1.0 - middle / right;
                left *= if factor > 0.0 { factor } else { 0.5 };
                (right_s, right) = (middle_s, middle);
            }
        }
        Some(right_s)
    }

    fn minimum(&self, offset_s: f64, edge: Edge) -> Option<Minimum> {
        let states = self.states(offset_s)?;
        Some(Minimum { tca: self.cell.start().plus_seconds(offset_s), states, edge })
    }

    fn rate(&self, offset_s: f64) -> Option<Rate> {
        let before = self.states(offset_s - HALF_BASE_S);
        let after = self.states(offset_s + HALF_BASE_S);
        // At an end of the trajectory itself the base has one half only.
        let (before, after, base_s) = match (before, after) {
            (Some(before), Some(after)) => (before, after, 2.0 * HALF_BASE_S),
            (None, Some(after)) => (self.states(offset_s)?, after, HALF_BASE_S),
            (Some(before), None) => (before, self.states(offset_s)?, HALF_BASE_S),
            (None, None) => return None,
        };
        let separation = |[first, second]: &[State<Teme>; 2]| second.position_km - first.position_km;
        let (left_km, right_km) = (separation(&before), separation(&after));
        Some(Rate {
            separation_km: (0.5 * (left_km + right_km)).norm(),
            speed_km_s: (right_km - left_km).norm() / base_s,
            squared_distance_rate: (right_km.norm_squared() - left_km.norm_squared()) / base_s,
            radius_km: after[0].position_km.norm().min(after[1].position_km.norm()),
        })
    }

    fn states(&self, offset_s: f64) -> Option<[State<Teme>; 2]> {
        // An instant at the edge of two cells must be the same number in both: it counts from their common knot.
        let (origin, offset_s) = if offset_s > Knot::STEP_S - 2.0 * HALF_BASE_S {
            (self.cell.end(), offset_s - Knot::STEP_S)
        } else {
            (self.cell.start(), offset_s)
        };
        let [first, second] = self.trajectories;
        Some([first.state(origin, offset_s).ok()?, second.state(origin, offset_s).ok()?])
    }
}
