//! What a statement can come to, and what the domain is told of it.

use astroshield_domain::ports::StoreError;
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::migrate::MigrateError;

/// Why a transaction did not go through.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The rules of the domain forbid it.
    Refused(StoreError),
    /// The database did not do it.
    Sql(sqlx::Error),
    /// A look-up of SQLite did not go through.
    Lookup(rusqlite::Error),
}

pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// What was to be written contradicts what is there.
    pub(crate) fn conflict(reason: impl Into<String>) -> Self {
        Self::Refused(StoreError::Conflict { reason: reason.into() })
    }

    /// What was to be changed is not there.
    pub(crate) fn not_found(kind: &'static str, id: &impl ToString) -> Self {
        Self::Refused(StoreError::NotFound { kind, id: id.to_string() })
    }

    /// A row holds what this program does not write.
    pub(crate) fn corrupt(reason: impl Into<String>) -> Self {
        Self::Refused(StoreError::Corrupt { reason: reason.into(), source: None })
    }

    /// Whether the connection has a transaction that nobody will end, and cannot begin another one.
    fn is_of_connection(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::InvalidSavePointStatement | sqlx::Error::BeginFailed))
    }

    /// Whether the connection may be of no more use. SQLite opens a file that it may not write for reading only, and stays at
    /// that; on a full disk it ends the transaction by itself, and the driver goes on counting it.
    pub(crate) fn spoils_connection(&self) -> bool {
        if self.is_of_connection() {
            return true;
        }
        let Self::Sql(sqlx::Error::Database(error)) = self else { return false };
        let code = error.code().unwrap_or_default();
        // READONLY, IOERR, FULL, CANTOPEN.
        code.len() < 5 && code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 8 | 10 | 13 | 14))
    }

    /// Whether the connection is gone, or its server takes no writes any more: nothing was written, unless the commit was on
    /// its way.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self, Self::Sql(error) if is_lost(error))
    }

    /// Whether the transaction lost to another one, or to its connection, and may go through when it is tried again.
    pub(crate) fn is_passing(&self) -> bool {
        if self.is_of_connection() {
            return true;
        }
        let Self::Sql(sqlx::Error::Database(error)) = self else { return false };
        let code = error.code().unwrap_or_default();
        match code.as_ref() {
            // PostgreSQL: serialization failure, deadlock.
            "40001" | "40P01" => true,
            // A row was on its way into the partition of what has no month when its month was made.
            "23514" => error.table() == Some("element_sets_default"),
            // SQLite: busy, whatever the reason. Its codes have at most four digits.
            code => code.len() < 5 && code.parse::<u32>().is_ok_and(|code| code & 0xff == 5),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Lookup(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Sql(error) => store_error(error),
            Failure::Lookup(error) => lookup_error(error),
        }
    }
}

/// Whether an error says that the connection, or the server behind it, is gone.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // PostgreSQL: connection exceptions; shut down by its administrator or a crash, starting; a transaction that stood
        // idle; a server that only reads.
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            code.len() == 5 && (code.starts_with("08") || LOST.contains(&code.as_ref()))
        }
        _ => false,
    }
}

const LOST: [&str; 6] = ["57P01", "57P02", "57P03", "57P05", "25P03", "25006"];

/// What a failed migration means.
pub(crate) fn migration_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => store_error(error),
        other => StoreError::Corrupt { reason: format!("migration: {other}"), source: Some(Box::new(other)) },
    }
}

pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    let meaning = match &error {
        sqlx::Error::Database(error) => meaning(error.as_ref()),
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::Decode(_)
        | sqlx::Error::Encode(_)
        | sqlx::Error::RowNotFound
        | sqlx::Error::TypeNotFound { .. } => Meaning::Corrupt,
        _ => Meaning::Unavailable,
    };
    meaning.of(error)
}

fn lookup_error(error: rusqlite::Error) -> StoreError {
    let code = error.sqlite_error().map(|error| error.extended_code.cast_unsigned());
    code.map_or(Meaning::Corrupt, of_sqlite).of(error)
}

enum Meaning {
    Conflict,
    Unavailable,
    Corrupt,
}

impl Meaning {
    fn of(self, error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
        let reason = error.to_string();
        match self {
            Self::Conflict => StoreError::Conflict { reason },
            Self::Unavailable => StoreError::Unavailable { reason, source: Some(Box::new(error)) },
            Self::Corrupt => StoreError::Corrupt { reason, source: Some(Box::new(error)) },
        }
    }
}

fn meaning(error: &dyn DatabaseError) -> Meaning {
    if !matches!(error.kind(), ErrorKind::Other) {
        return Meaning::Conflict;
    }
    let code = error.code().unwrap_or_default();
    if code.len() == 5 { of_postgres(&code) } else { code.parse().map_or(Meaning::Corrupt, of_sqlite) }
}

/// By the class of the condition: PostgreSQL, appendix A.
fn of_postgres(code: &str) -> Meaning {
    if code == "25006" {
        return Meaning::Unavailable;
    }
    match &code[..2] {
        // Connection, authorization, no such database, rolled back, resources, intervention, system.
        "08" | "28" | "3D" | "40" | "53" | "55" | "57" | "58" => Meaning::Unavailable,
        // Values that the database cannot hold, such as a NUL in a text.
        "22" => Meaning::Conflict,
        _ => Meaning::Corrupt,
    }
}

/// By the primary result code (sqlite.org/rescode.html), which is the low byte.
fn of_sqlite(code: u32) -> Meaning {
    match code & 0xff {
        // PERM, ABORT, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL, AUTH.
        3..=10 | 13 | 14 | 15 | 23 => Meaning::Unavailable,
        // TOOBIG.
        18 => Meaning::Conflict,
        _ => Meaning::Corrupt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_unavailable(meaning: &Meaning) -> bool {
        matches!(meaning, Meaning::Unavailable)
    }

    #[test]
    fn a_full_disk_and_a_lost_connection_may_pass() {
        // SQLITE_FULL, SQLITE_READONLY, SQLITE_IOERR_FSYNC, SQLITE_BUSY_SNAPSHOT, SQLITE_CANTOPEN.
        for code in [13, 8, 10 | (4 << 8), 5 | (2 << 8), 14] {
            assert!(is_unavailable(&of_sqlite(code)), "{code}");
        }
        // Disk full, too many connections, shut down by the administrator, read-only transaction, connection failure.
        for code in ["53100", "53300", "57P01", "25006", "08006"] {
            assert!(is_unavailable(&of_postgres(code)), "{code}");
        }
    }

    #[test]
    fn a_wrong_statement_or_a_damaged_file_does_not_pass() {
        // SQLITE_ERROR, SQLITE_CORRUPT, SQLITE_NOTADB.
        for code in [1, 11, 26] {
            assert!(matches!(of_sqlite(code), Meaning::Corrupt), "{code}");
        }
        // Undefined table, syntax error, data corrupted.
        for code in ["42P01", "42601", "XX001"] {
            assert!(matches!(of_postgres(code), Meaning::Corrupt), "{code}");
        }
    }
}
