//! Probability of collision of two objects at a close approach.
//!
//! # From two states to a number
//!
//! Two [`ObjectState`]s in one inertial frame, each with a 6x6 [`Covariance`], and a combined hard-body
//! radius make an [`Encounter`]: the states are moved to the true time of closest approach, and the relative
//! position and the summed covariance are projected on the encounter plane ([`PlanarGaussian`]).
//!
//! | name | what it computes | holds for |
//! |---|---|---|
//! | `foster_1992` | [exact 2D integral][foster_1992] (Foster and Estes) by adaptive quadrature | short encounters, straight relative motion |
//! | `chan_1997` | [2D by Chan's series][chan_1997] for the circle of equal area | the same, radius small against both sigmas |
//! | `alfano_2005` | [2D by Alfano's sum][alfano_2005] of error functions | as `foster_1992` |
//! | `alfano_2005_maximum` | the [largest 2D probability][alfano_2005_maximum] over all scales of the covariance | an upper bound |
//! | `hall_2023` | 2D-Nc: curved motion, uncertain velocity, time integral in closed form | one isolated encounter |
//! | `hall_2021` | 3D-Nc: the collision rate integrated over time and sphere | encounters of any duration |
//! | `monte_carlo` | [counts][monte_carlo] on two-body motion, with their confidence interval | likely collisions |
//!
//! [`assess::assess`] runs them all, says where each one's assumptions fail, and names the one to stand
//! behind. [`socrates`] carries the assumptions that stand in for a covariance when there is none.
//!
//! ```
//! use astroshield_astro::probability::assess::{Method, Options, assess};
//! use astroshield_astro::probability::{Covariance, Encounter, ObjectState, Rtn};
//! use astroshield_astro::state::{Gcrf, State};
//! use nalgebra::{Matrix6, Vector3, Vector6};
//!
//! // 20 m radial, 200 m in-track, 20 m cross-track; 0.2, 0.02 and 0.02 m/s.
//! let sigmas = Vector6::new(0.02, 0.2, 0.02, 2e-4, 2e-5, 2e-5);
//! let covariance = Covariance::<Rtn>::new(Matrix6::from_diagonal(&sigmas.map(|sigma| sigma * sigma)))?;
//! let object = |position_km, velocity_km_s| {
//!     let state = State::<Gcrf>::new(position_km, velocity_km_s);
//!     covariance.to_inertial(&state).map(|covariance| ObjectState { state, covariance })
//! };
//! let primary = object(Vector3::new(7000.0, 0.0, 0.0), Vector3::new(0.0, 7.5, 0.0))?;
//! let secondary = object(Vector3::new(7000.03, 0.0, 0.0), Vector3::new(0.0, 1.0, 7.4))?;
//! let assessment = assess(&Encounter::new(primary, secondary, 0.01)?, &Options::default());
//! assert_eq!(assessment.best, Some(Method::Foster1992));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Conventions
//!
//! Units are km, km/s and s throughout; the names say so. Elementary functions come from the `libm` crate, so
//! that every machine computes the same bits. Both objects are spheres; their radii are summed. The errors of
//! the two objects are taken as independent.

pub mod alfano_2005;
pub mod alfano_2005_maximum;
pub mod assess;
pub mod chan_1997;
pub mod foster_1992;
pub mod monte_carlo;
pub mod socrates;

mod covariance;
mod eigen;
mod encounter;
mod equinoctial;
mod hall_2021;
mod hall_2023;
mod interval;
mod overlap;
mod pair;
mod planar;
mod quadrature;
mod random;
mod repair;
mod sphere;
mod timing;
mod usage;

pub use covariance::{Covariance, CovarianceError, Inertial, Rtn};
pub use encounter::{Ellipse, Encounter, EncounterError, EncounterPlane, ObjectState, approach_angle_rad};
pub use equinoctial::OrbitError;
pub use interval::clopper_pearson;
pub use planar::{PlanarError, PlanarGaussian};
pub use repair::{CovarianceRepair, RepairMethod, RepairedMatrix};
