//! Every row of a store, in a form that is the same for both databases: for backups, and for moving from one to the other.

mod database;

use std::collections::BTreeMap;
use std::io;

use astroshield_domain::archive::{ArchiveEntry, TableDigest};
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::StoreError;

pub use self::database::ArchiveStore;

/// The tables, each after those that it refers to. A test holds the list against the databases.
const TABLES: [&str; 34] = [
    "organizations",
    "members",
    "chosen_organizations",
    "ingests",
    "element_sets",
    "objects",
    "feeds",
    "uploads",
    "ephemerides",
    "cdms",
    "runs",
    "run_slices",
    "run_not_screened",
    "conjunctions",
    "conjunction_history",
    "conjunction_notes",
    "covered_objects",
    "watch_lists",
    "watched_objects",
    "rules",
    "alerts",
    "deliveries",
    "webhooks",
    "api_keys",
    "audit",
    "attempts",
    "answers",
    "events",
    "event_positions",
    "consumers",
    "consumed",
    "days",
    "requests",
    "silence_watch",
];

/// Tables that are not archived: who leads in an installation means nothing in another one.
#[cfg(test)]
const OF_PROCESSES: [&str; 1] = ["leases"];

/// Tables that archives of the first version do not have.
const LATER: [&str; 7] = [
    "organizations",
    "members",
    "chosen_organizations",
    "conjunction_notes",
    "days",
    "requests",
    "silence_watch",
];

/// Tables that have a meaning inside of the service only, or that others hold in another form.
const INSIDE: [&str; 3] = ["attempts", "answers", "events"];

/// Tables whose rows hang on a run, and are whose the run is.
const OF_RUNS: [&str; 1] = ["run_not_screened"];

/// Columns that are told to nobody.
const SECRETS: [(&str, &str); 3] =
    [("api_keys", "hash"), ("webhooks", "secret"), ("webhooks", "retired_secret")];

/// The table that has a row in a store in which nothing has happened yet.
const NEVER_EMPTY: &str = "event_positions";

/// Why an archive was not written or read. A store that was read into is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archive cannot be written or read.
    #[error("the archive: {0}")]
    Archive(#[from] io::Error),
    /// There is something in the store already.
    #[error("the store is not empty: there are rows in {table}")]
    NotEmpty {
        /// Where.
        table: String,
    },
    /// The archive holds what this program does not know.
    #[error("{what} is not known: the archive is of a newer version, or damaged")]
    Unknown {
        /// What.
        what: String,
    },
    /// The archive is not in the order that it is written in.
    #[error("the archive is damaged: {reason}")]
    Damaged {
        /// What is wrong.
        reason: &'static str,
    },
    /// What was stored is not what was archived.
    #[error("{table} does not hold what the archive says: {found} rows of {expected}, or others")]
    Differs {
        /// The table.
        table: String,
        /// Rows in the archive.
        expected: u64,
        /// Rows in the store.
        found: u64,
    },
}

impl ArchiveStore {
    /// Hands out every row, as they were at one moment; the store may be in use.
    ///
    /// # Errors
    /// When the database cannot be read, or `take` fails.
    pub async fn export(
        &mut self,
        take: &mut (dyn FnMut(ArchiveEntry) -> io::Result<()> + Send),
    ) -> Result<(), ArchiveError> {
        self.begin_reading().await?;
        for name in TABLES {
            let columns = self.columns(name).await?;
            let names = columns.iter().map(|column| column.name.clone()).collect();
            take(ArchiveEntry::Table { name: name.to_owned(), columns: names })?;
            let mut digest = TableDigest::default();
            self.read(name, &columns, &mut |row| {
                digest.add(&row);
                Ok(take(ArchiveEntry::Row(row))?)
            })
            .await?;
            take(ArchiveEntry::End(digest))?;
        }
        self.end(false).await
    }

    /// Hands out the rows of one tenant, as they were at one moment, table by table: what is its own and has a meaning outside
    /// of the service. Secrets are left out.
    ///
    /// # Errors
    /// When the database cannot be read, or `take` fails.
    pub async fn export_tenant(
        &mut self,
        tenant: &TenantId,
        take: &mut (dyn FnMut(ArchiveEntry) -> io::Result<()> + Send),
    ) -> Result<(), ArchiveError> {
        self.begin_reading().await?;
        for name in TABLES.into_iter().filter(|name| !INSIDE.contains(name)) {
            let mut columns = self.columns(name).await?;
            // The name of a tenant has no quotes in it.
            let rows = match columns.iter().any(|column| column.name == "tenant") {
                true => format!("tenant = '{tenant}'"),
                false if OF_RUNS.contains(&name) => {
                    format!("run IN (SELECT id FROM runs WHERE tenant = '{tenant}')")
                }
                false => continue,
            };
            columns.retain(|column| !SECRETS.contains(&(name, column.name.as_str())));
            let names = columns.iter().map(|column| column.name.clone()).collect();
            take(ArchiveEntry::Table { name: name.to_owned(), columns: names })?;
            let mut digest = TableDigest::default();
            self.read_some(name, &columns, Some(&rows), &mut |row| {
                digest.add(&row);
                Ok(take(ArchiveEntry::Row(row))?)
            })
            .await?;
            take(ArchiveEntry::End(digest))?;
        }
        self.end(false).await
    }

    /// Stores every row of an archive in an empty store, and reads them again; all or nothing. Returns what each table
    /// holds.
    ///
    /// # Errors
    /// When the store is not empty, the archive cannot be read, or the rows are not the same when they are read again.
    pub async fn import(
        &mut self,
        next: &mut (dyn FnMut() -> io::Result<Option<ArchiveEntry>> + Send),
    ) -> Result<BTreeMap<String, TableDigest>, ArchiveError> {
        self.begin_writing().await?;
        for table in TABLES.iter().filter(|table| **table != NEVER_EMPTY) {
            if self.has_rows(table).await? {
                return Err(ArchiveError::NotEmpty { table: (*table).to_owned() });
            }
        }
        self.clear(NEVER_EMPTY).await?;
        let mut held = BTreeMap::new();
        while let Some(entry) = next()? {
            let ArchiveEntry::Table { name, columns } = entry else {
                return Err(ArchiveError::Damaged { reason: "rows without a table" });
            };
            let digest = self.import_table(&name, &columns, next).await?;
            held.insert(name, digest);
        }
        if TABLES.iter().any(|table| !held.contains_key(*table) && !LATER.contains(table)) {
            return Err(ArchiveError::Damaged { reason: "tables are missing" });
        }
        self.end(true).await?;
        Ok(held)
    }

    async fn import_table(
        &mut self,
        table: &str,
        names: &[String],
        next: &mut (dyn FnMut() -> io::Result<Option<ArchiveEntry>> + Send),
    ) -> Result<TableDigest, ArchiveError> {
        if !TABLES.contains(&table) {
            return Err(ArchiveError::Unknown { what: format!("table {table}") });
        }
        let known = self.columns(table).await?;
        let columns = names
            .iter()
            .map(|name| {
                let unknown = || ArchiveError::Unknown { what: format!("column {table}.{name}") };
                known.iter().find(|column| column.name == *name).cloned().ok_or_else(unknown)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let insert = self.insertion(table, &columns);
        let expected = loop {
            match next()? {
                Some(ArchiveEntry::Row(row)) if row.len() == columns.len() => {
                    self.insert(&insert, &columns, row).await?;
                }
                Some(ArchiveEntry::End(digest)) => break digest,
                _ => return Err(ArchiveError::Damaged { reason: "a table without an end" }),
            }
        };
        self.go_on_counting(table, &known).await?;
        let mut found = TableDigest::default();
        self.read(table, &columns, &mut |row| {
            found.add(&row);
            Ok(())
        })
        .await?;
        if found != expected {
            let (expected, found) = (expected.rows, found.rows);
            return Err(ArchiveError::Differs { table: table.to_owned(), expected, found });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
