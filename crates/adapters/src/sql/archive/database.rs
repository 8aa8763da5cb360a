//! What an archive needs of a database, and how the two do it.

use std::path::Path;

use astroshield_domain::archive::ArchiveValue;
use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, Postgres, Row as _,
    Sqlite, SqliteConnection, TypeInfo as _, ValueRef as _,
};

use super::ArchiveError;
use crate::sql::failure::store_error;
use crate::sql::postgres::PostgresSettings;
use crate::sql::whose::Whose;

/// A store, to be archived or read into.
#[derive(Debug)]
pub struct ArchiveStore(Connection);

#[derive(Debug)]
enum Connection {
    Sqlite(Box<SqliteConnection>),
    Postgres(Box<PgConnection>),
}

/// A column that is archived.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    /// As `PostgreSQL` calls it; empty for `SQLite`, whose values have types of their own.
    kind: String,
    /// Whether the database counts it.
    counted: bool,
}

/// A column of a table that stands for nothing outside its database.
const SURROGATE: (&str, &str) = ("objects", "row");

type Taker<'a> = &'a mut (dyn FnMut(Vec<ArchiveValue>) -> Result<(), ArchiveError> + Send);

impl ArchiveStore {
    /// The store in a file. It has to be of this version.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn sqlite(path: &Path) -> Result<Self, ArchiveError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true);
        let connection = options.connect().await.map_err(store_error)?;
        Ok(Self(Connection::Sqlite(Box::new(connection))))
    }

    /// The store in a database of `PostgreSQL`. It has to be of this version.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn postgres(settings: &PostgresSettings) -> Result<Self, ArchiveError> {
        let connection = settings.connect(Whose::Everybody).await?;
        Ok(Self(Connection::Postgres(Box::new(connection))))
    }

    /// Ends the connection. What was not committed is gone.
    ///
    /// # Errors
    /// When the database does not say goodbye.
    pub async fn close(self) -> Result<(), ArchiveError> {
        let closed = match self.0 {
            Connection::Sqlite(connection) => connection.close().await,
            Connection::Postgres(connection) => connection.close().await,
        };
        Ok(closed.map_err(store_error)?)
    }

    pub(super) async fn begin_reading(&mut self) -> Result<(), ArchiveError> {
        match &self.0 {
            Connection::Sqlite(_) => self.execute("BEGIN").await,
            Connection::Postgres(_) => self.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await,
        }
    }

    pub(super) async fn begin_writing(&mut self) -> Result<(), ArchiveError> {
        match &self.0 {
            Connection::Sqlite(_) => self.execute("BEGIN IMMEDIATE").await,
            Connection::Postgres(_) => self.execute("BEGIN").await,
        }
    }

    pub(super) async fn end(&mut self, keep: bool) -> Result<(), ArchiveError> {
        self.execute(if keep { "COMMIT" } else { "ROLLBACK" }).await
    }

    pub(super) async fn has_rows(&mut self, table: &str) -> Result<bool, ArchiveError> {
        let statement = AssertSqlSafe(format!("SELECT 1 FROM {table} LIMIT 1"));
        let found = match &mut self.0 {
            Connection::Sqlite(connection) => {
                sqlx::query(statement).fetch_optional(&mut **connection).await.map(|row| row.is_some())
            }
            Connection::Postgres(connection) => {
                sqlx::query(statement).fetch_optional(&mut **connection).await.map(|row| row.is_some())
            }
        };
        Ok(found.map_err(store_error)?)
    }

    pub(super) async fn clear(&mut self, table: &str) -> Result<(), ArchiveError> {
        self.execute(&format!("DELETE FROM {table}")).await
    }

    async fn execute(&mut self, statement: &str) -> Result<(), ArchiveError> {
        let statement = AssertSqlSafe(statement.to_owned());
        match &mut self.0 {
            Connection::Sqlite(connection) => {
                connection.execute(sqlx::raw_sql(statement)).await.map_err(store_error)?;
            }
            Connection::Postgres(connection) => {
                connection.execute(sqlx::raw_sql(statement)).await.map_err(store_error)?;
            }
        }
        Ok(())
    }

    /// Columns that are not derived from others, by name.
    pub(super) async fn columns(&mut self, table: &str) -> Result<Vec<Column>, ArchiveError> {
        let columns = match &mut self.0 {
            Connection::Sqlite(connection) => {
                let statement = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY name";
                let rows = sqlx::query(statement).bind(table).fetch_all(&mut **connection).await;
                let column = |row: &SqliteRow| {
                    Ok(Column { name: row.try_get(0)?, kind: String::new(), counted: false })
                };
                rows.and_then(|rows| rows.iter().map(column).collect::<Result<Vec<_>, _>>())
            }
            Connection::Postgres(connection) => {
                let statement = "SELECT column_name::text, data_type::text, is_identity = 'YES' \
                                 FROM information_schema.columns \
                                 WHERE table_schema = current_schema() AND table_name = $1 \
                                 AND is_generated = 'NEVER' ORDER BY column_name COLLATE \"C\"";
                let rows = sqlx::query(statement).bind(table).fetch_all(&mut **connection).await;
                let column = |row: &PgRow| {
                    Ok(Column { name: row.try_get(0)?, kind: row.try_get(1)?, counted: row.try_get(2)? })
                };
                rows.and_then(|rows| rows.iter().map(column).collect::<Result<Vec<_>, _>>())
            }
        };
        let mut columns = columns.map_err(store_error)?;
        columns.retain(|column| (table, column.name.as_str()) != SURROGATE);
        if columns.is_empty() {
            return Err(ArchiveError::Unknown { what: format!("table {table}") });
        }
        Ok(columns)
    }

    /// Reads a table, row by row.
    pub(super) async fn read(
        &mut self,
        table: &str,
        columns: &[Column],
        take: Taker<'_>,
    ) -> Result<(), ArchiveError> {
        self.read_some(table, columns, None, take).await
    }

    /// Reads the rows of a table for which something holds, row by row.
    pub(super) async fn read_some(
        &mut self,
        table: &str,
        columns: &[Column],
        which: Option<&str>,
        take: Taker<'_>,
    ) -> Result<(), ArchiveError> {
        let expressions: Vec<String> = columns.iter().map(Column::reading).collect();
        let which = which.map(|which| format!(" WHERE {which}")).unwrap_or_default();
        let statement = AssertSqlSafe(format!("SELECT {} FROM {table}{which}", expressions.join(", ")));
        match &mut self.0 {
            Connection::Sqlite(connection) => {
                let mut rows = sqlx::query(statement).fetch(&mut **connection);
                while let Some(row) = rows.try_next().await.map_err(store_error)? {
                    take(values_of_sqlite(&row).map_err(store_error)?)?;
                }
            }
            Connection::Postgres(connection) => {
                let mut rows = sqlx::query(statement).fetch(&mut **connection);
                while let Some(row) = rows.try_next().await.map_err(store_error)? {
                    take(values_of_postgres(&row).map_err(store_error)?)?;
                }
            }
        }
        Ok(())
    }

    /// The statement that stores a row.
    pub(super) fn insertion(&self, table: &str, columns: &[Column]) -> String {
        let names: Vec<String> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let places: Vec<String> = (1..).zip(columns).map(|(place, column)| column.writing(place)).collect();
        let overriding =
            if columns.iter().any(|column| column.counted) { "OVERRIDING SYSTEM VALUE " } else { "" };
        format!("INSERT INTO {table} ({}) {overriding}VALUES ({})", names.join(", "), places.join(", "))
    }

    /// Stores a row.
    pub(super) async fn insert(
        &mut self,
        insertion: &str,
        columns: &[Column],
        row: Vec<ArchiveValue>,
    ) -> Result<(), ArchiveError> {
        let statement = AssertSqlSafe(insertion.to_owned());
        match &mut self.0 {
            Connection::Sqlite(connection) => {
                let query = row.into_iter().fold(sqlx::query(statement), bind_to_sqlite);
                query.execute(&mut **connection).await.map_err(store_error)?;
            }
            Connection::Postgres(connection) => {
                let query = sqlx::query(statement);
                let query = row.into_iter().zip(columns).fold(query, bind_to_postgres);
                query.execute(&mut **connection).await.map_err(store_error)?;
            }
        }
        Ok(())
    }

    /// Lets the database count on from the rows that it was given.
    pub(super) async fn go_on_counting(
        &mut self,
        table: &str,
        columns: &[Column],
    ) -> Result<(), ArchiveError> {
        for Column { name, .. } in columns.iter().filter(|column| column.counted) {
            let statement = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', '{name}'), \
                 coalesce((SELECT max(\"{name}\") FROM {table}), 0) + 1, false)"
            );
            self.execute(&statement).await?;
        }
        Ok(())
    }
}

impl Column {
    /// The column as one of the types of [`ArchiveValue`].
    fn reading(&self) -> String {
        let name = &self.name;
        match self.kind.as_str() {
            "smallint" | "integer" => format!("\"{name}\"::bigint"),
            "boolean" => format!("\"{name}\"::int::bigint"),
            "uuid" => format!("uuid_send(\"{name}\")"),
            _ => format!("\"{name}\""),
        }
    }

    /// An [`ArchiveValue`] as the column's type.
    fn writing(&self, place: usize) -> String {
        match self.kind.as_str() {
            "" => format!("?{place}"),
            "smallint" => format!("(${place}::bigint)::smallint"),
            "integer" => format!("(${place}::bigint)::integer"),
            "boolean" => format!("(${place}::bigint)::int::boolean"),
            "uuid" => format!("encode(${place}::bytea, 'hex')::uuid"),
            kind => format!("${place}::{kind}"),
        }
    }
}

fn values_of_sqlite(row: &SqliteRow) -> Result<Vec<ArchiveValue>, sqlx::Error> {
    (0..row.len())
        .map(|index| {
            let value = row.try_get_raw(index)?;
            if value.is_null() {
                return Ok(ArchiveValue::Null);
            }
            let kind = value.type_info().name().to_owned();
            Ok(match kind.as_str() {
                "INTEGER" => ArchiveValue::Integer(row.try_get(index)?),
                "REAL" => ArchiveValue::Real(row.try_get(index)?),
                "TEXT" => ArchiveValue::Text(row.try_get(index)?),
                _ => ArchiveValue::Bytes(row.try_get(index)?),
            })
        })
        .collect()
}

fn values_of_postgres(row: &PgRow) -> Result<Vec<ArchiveValue>, sqlx::Error> {
    (0..row.len())
        .map(|index| {
            let value = row.try_get_raw(index)?;
            if value.is_null() {
                return Ok(ArchiveValue::Null);
            }
            let kind = value.type_info().name().to_owned();
            Ok(match kind.as_str() {
                "INT8" => ArchiveValue::Integer(row.try_get(index)?),
                "FLOAT8" => ArchiveValue::Real(row.try_get(index)?),
                "TEXT" => ArchiveValue::Text(row.try_get(index)?),
                _ => ArchiveValue::Bytes(row.try_get(index)?),
            })
        })
        .collect()
}

fn bind_to_sqlite(
    query: Query<'_, Sqlite, SqliteArguments>,
    value: ArchiveValue,
) -> Query<'_, Sqlite, SqliteArguments> {
    match value {
        ArchiveValue::Null => query.bind(None::<i64>),
        ArchiveValue::Integer(number) => query.bind(number),
        ArchiveValue::Real(number) => query.bind(number),
        ArchiveValue::Text(text) => query.bind(text),
        ArchiveValue::Bytes(bytes) => query.bind(bytes),
    }
}

fn bind_to_postgres<'q>(
    query: Query<'q, Postgres, PgArguments>,
    (value, column): (ArchiveValue, &Column),
) -> Query<'q, Postgres, PgArguments> {
    match (value, column.kind.as_str()) {
        (ArchiveValue::Null, "double precision") => query.bind(None::<f64>),
        (ArchiveValue::Null, "text") => query.bind(None::<String>),
        (ArchiveValue::Null, "uuid" | "bytea") => query.bind(None::<Vec<u8>>),
        (ArchiveValue::Null, _) => query.bind(None::<i64>),
        (ArchiveValue::Integer(number), _) => query.bind(number),
        (ArchiveValue::Real(number), _) => query.bind(number),
        (ArchiveValue::Text(text), _) => query.bind(text),
        (ArchiveValue::Bytes(bytes), _) => query.bind(bytes),
    }
}
