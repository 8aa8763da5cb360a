//! The store on SQLite and on PostgreSQL.
//!
//! The statements are written once, in the subset of SQL that both databases read alike, and are compiled twice: `sqlite`
//! and `postgres` each include the modules of the folder `statements`, which take the database from their parent. What
//! differs is in the two parents.

mod archive;
mod builder;
mod bulk;
mod examination;
mod failure;
mod lookups;
mod postgres;
mod readers;
mod sqlite;
mod values;
mod whose;

pub use self::archive::{ArchiveError, ArchiveStore};
pub use self::examination::{Examination, examine_postgres, examine_sqlite};
pub use self::postgres::{ApplicationUser, PostgresSettings, PostgresStore};
pub use self::sqlite::SqliteStore;
