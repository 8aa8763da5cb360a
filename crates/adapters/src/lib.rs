#![doc = include_str!("../README.md")]

mod embedded_bus;
mod sql;

pub use self::embedded_bus::EmbeddedBus;
pub use self::sql::{PostgresStore, SqliteStore};
