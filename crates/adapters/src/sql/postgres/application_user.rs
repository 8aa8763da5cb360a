//! The user that the service signs in as, where that is not the owner of the tables: it may read and write rows, and nothing else.

use astroshield_domain::ports::{SecretText, StoreError};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::migration::TABLE;
use super::password::password_verifier;
use super::settings::PostgresSettings;
use crate::sql::failure::store_error;
use crate::sql::whose::Whose;

/// Longest name that PostgreSQL does not cut.
const LONGEST_NAME: usize = 63;

/// What it may do with rows.
const ROWS: &str = "SELECT, INSERT, UPDATE, DELETE";

/// And with what counts them, which a restored backup sets.
const NUMBERS: &str = "USAGE, SELECT, UPDATE";

/// Tables of the store, or what counts their rows ($1).
const OWNED: &str = "SELECT format('%I', c.relname) FROM pg_class c \
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relowner = current_user::regrole \
     AND CASE WHEN $1 THEN c.relkind = 'S' ELSE c.relkind IN ('r', 'p') END ORDER BY 1";

/// What a user may do that the application's may not: the first that there is.
const TOO_MUCH: &str = "SELECT CASE \
         WHEN r.rolname = current_user THEN 'owns the tables' \
         WHEN r.rolsuper THEN 'is a superuser' \
         WHEN r.rolbypassrls THEN 'passes row-level security' \
         WHEN r.rolcreaterole THEN 'may make users' \
         WHEN r.rolcreatedb THEN 'may make databases' \
         WHEN r.rolreplication THEN 'may replicate' \
         WHEN EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) THEN 'has the rights of another user' \
         WHEN EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid) THEN 'owns tables' \
         WHEN has_schema_privilege(r.oid, current_schema(), 'CREATE') \
             THEN 'may make tables, as everybody may (REVOKE CREATE ON SCHEMA ... FROM PUBLIC)' \
         WHEN has_database_privilege(r.oid, current_database(), 'CREATE') \
             THEN 'may make schemas, as everybody may (REVOKE CREATE ON DATABASE ... FROM PUBLIC)' \
     END FROM pg_roles r WHERE r.rolname = $1";

/// Whether a user may do all that it needs with the tables, and no more; no row without the user.
const SERVES: &str = "SELECT r.rolcanlogin \
         AND has_database_privilege(r.oid, current_database(), 'CONNECT') \
         AND has_schema_privilege(r.oid, current_schema(), 'USAGE') \
         AND has_function_privilege(r.oid, to_regprocedure('astroshield_make_month(date)'), 'EXECUTE') \
         AND NOT EXISTS (SELECT FROM pg_class c CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS due \
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relowner = current_user::regrole \
             AND c.relkind IN ('r', 'p') \
             AND has_table_privilege(r.oid, c.oid, due) <> (c.relname <> '_sqlx_migrations' OR due = 'SELECT')) \
         AND NOT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace \
             AND c.relowner = current_user::regrole AND c.relkind IN ('r', 'p') \
             AND has_table_privilege(r.oid, c.oid, 'TRUNCATE, REFERENCES, TRIGGER')) \
     FROM pg_roles r WHERE r.rolname = $1";

/// A user of a database that serves and does not own.
#[derive(Debug, Clone)]
pub struct ApplicationUser {
    /// Its name.
    pub name: String,
    /// Its password, as it is to be.
    pub password: SecretText,
}

impl ApplicationUser {
    /// Whether the name can be one: a letter, then letters, digits and `_`.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        let plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_';
        name.bytes().all(plain)
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.len() <= LONGEST_NAME
    }
}

impl PostgresSettings {
    /// Whether a user signs in with its password, and may do with the tables what the service does.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn serves(&self, user: &ApplicationUser) -> Result<bool, StoreError> {
        let mut connection = self.connect(Whose::Everybody).await?;
        let serves: Option<Option<bool>> = sqlx::query_scalar(SERVES)
            .bind(user.name.as_str())
            .fetch_optional(&mut connection)
            .await
            .map_err(store_error)?;
        let more = too_much(&mut connection, &user.name).await?;
        connection.close().await.map_err(store_error)?;
        Ok(serves.flatten().unwrap_or(false) && more == Some(None) && self.takes(user).await?)
    }

    /// Makes a user, or gives the one that is there what it lacks: its password, and the right to read and write the rows of all
    /// tables, of those that this owner makes later, too. The owner has to be allowed to make users (CREATEROLE).
    ///
    /// # Errors
    /// When the server refuses, or the user may do more than that by other means.
    pub async fn make_application_user(&self, user: &ApplicationUser) -> Result<(), StoreError> {
        if !ApplicationUser::is_name(&user.name) {
            let reason = format!("{:?} is no name for a user of the database", user.name);
            return Err(StoreError::Conflict { reason });
        }
        // What it takes it is not told anew.
        let knows_password = self.takes(user).await?;
        let verifier = password_verifier(&user.password)?;
        let mut connection = self.connect(Whose::Everybody).await?;
        let made = make(&mut connection, &user.name, (!knows_password).then_some(&verifier)).await;
        connection.close().await.map_err(store_error)?;
        made
    }

    /// Whether the server takes a user with its password.
    async fn takes(&self, user: &ApplicationUser) -> Result<bool, StoreError> {
        let options = self.options(&self.url, Whose::Everybody)?;
        self.takes_us(&options.username(&user.name).password(user.password.reveal())).await
    }
}

async fn make(
    connection: &mut PgConnection,
    name: &str,
    verifier: Option<&String>,
) -> Result<(), StoreError> {
    let mut transaction = connection.begin().await.map_err(store_error)?;
    // Two that make it at once follow one another, but in other databases: the server keeps users for all of them.
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('application-user', 0))";
    transaction.execute(lock).await.map_err(store_error)?;
    let is_there = too_much(&mut transaction, name).await?.is_some();
    // A word of SQL is a name between quotes.
    let user = format!("\"{name}\"");
    if !is_there {
        execute(&mut transaction, format!("CREATE ROLE {user}")).await?;
    }
    let mut statements = vec![format!("ALTER ROLE {user} LOGIN")];
    if let Some(verifier) = verifier {
        // Neither base64 nor the rest of it has anything to be quoted.
        statements.push(format!("ALTER ROLE {user} PASSWORD '{verifier}'"));
    }
    let (database, schema): (String, String) =
        sqlx::query_as("SELECT quote_ident(current_database()), quote_ident(current_schema())")
            .fetch_one(&mut *transaction)
            .await
            .map_err(store_error)?;
    statements.extend([
        format!("GRANT CONNECT ON DATABASE {database} TO {user}"),
        format!("GRANT USAGE ON SCHEMA {schema} TO {user}"),
        format!("GRANT EXECUTE ON FUNCTION astroshield_make_month(date) TO {user}"),
        format!("ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {ROWS} ON TABLES TO {user}"),
        format!("ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {NUMBERS} ON SEQUENCES TO {user}"),
    ]);
    for (kind, rights) in [("TABLE", ROWS), ("SEQUENCE", NUMBERS)] {
        let owned: Vec<String> = sqlx::query_scalar(OWNED)
            .bind(kind == "SEQUENCE")
            .fetch_all(&mut *transaction)
            .await
            .map_err(store_error)?;
        if !owned.is_empty() {
            let owned = owned.join(", ");
            statements.push(format!("REVOKE ALL ON {kind} {owned} FROM {user}"));
            statements.push(format!("GRANT {rights} ON {kind} {owned} TO {user}"));
        }
    }
    // Which migrations were made is the owner's to say.
    statements.push(format!("REVOKE INSERT, UPDATE, DELETE ON {TABLE} FROM {user}"));
    for statement in statements {
        execute(&mut transaction, statement).await?;
    }
    if let Some(Some(more)) = too_much(&mut transaction, name).await? {
        let reason = format!("{name} is not to be the user of the application: it {more}");
        return Err(StoreError::Conflict { reason });
    }
    transaction.commit().await.map_err(store_error)
}

/// What a user may do that it may not; nothing where there is no such user.
async fn too_much(connection: &mut PgConnection, name: &str) -> Result<Option<Option<String>>, StoreError> {
    sqlx::query_scalar(TOO_MUCH).bind(name).fetch_optional(connection).await.map_err(store_error)
}

async fn execute(connection: &mut PgConnection, statement: String) -> Result<(), StoreError> {
    connection.execute(AssertSqlSafe(statement)).await.map_err(store_error).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_nothing_to_be_quoted() {
        for name in ["a", "astroshield_service", "s2"] {
            assert!(ApplicationUser::is_name(name), "{name}");
        }
        let long = "a".repeat(64);
        for name in ["", "2s", "_a", "A", "a-b", "a b", "a\"", "a;", "\u{e4}", long.as_str()] {
            assert!(!ApplicationUser::is_name(name), "{name}");
        }
    }
}
