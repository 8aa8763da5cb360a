#![doc = include_str!("../README.md")]

#[cfg(feature = "managed")]
pub mod accounts;
#[cfg(feature = "managed")]
pub mod aws;
mod embedded_bus;
pub mod folder;
#[cfg(feature = "managed")]
pub mod gateway;
pub mod http;
#[cfg(feature = "managed")]
pub mod kafka;
pub mod memory;
pub mod oidc;
#[cfg(feature = "managed")]
pub mod otlp;
#[cfg(feature = "managed")]
pub mod redis;
#[cfg(feature = "managed")]
pub mod s3;
pub mod secrets;
pub mod smtp;
mod sql;
pub mod trust;

pub use self::embedded_bus::EmbeddedBus;
pub use self::sql::{
    ApplicationUser, ArchiveError, ArchiveStore, Examination, PostgresSettings, PostgresStore, SqliteStore,
    examine_postgres, examine_sqlite,
};
