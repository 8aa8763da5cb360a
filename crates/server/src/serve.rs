//! `astroshield serve`.

mod health;
pub(crate) mod lock;
mod metrics;
mod requests;
mod roles;
mod tasks;
