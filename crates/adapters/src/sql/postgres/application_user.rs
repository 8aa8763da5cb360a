//! The user that the service signs in as, where that is not the owner of the tables: it may read and write rows, and nothing else.

use astroshield_domain::ports::{SecretText, StoreError};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::migration::TABLE;
use super::password::{SignIn, password_verifier};
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
     WHERE c.relnamespace = quote_ident(current_schema())::regnamespace \
     AND c.relowner = quote_ident(current_user)::regrole \
     AND CASE WHEN $1 THEN c.relkind = 'S' ELSE c.relkind IN ('r', 'p') END ORDER BY 1";

/// What a user may do that the application's may not, or lacks that it needs: the first that there is. No row without the user.
const AMISS: &str = "SELECT CASE \
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
         WHEN NOT r.rolcanlogin THEN 'may not sign in' \
         WHEN NOT has_database_privilege(r.oid, current_database(), 'CONNECT') \
             THEN format('may not connect, as %I may not grant it (GRANT CONNECT ON DATABASE %I TO %1$I WITH GRANT OPTION)', \
                 current_user, current_database()) \
         WHEN NOT has_schema_privilege(r.oid, current_schema(), 'USAGE') \
             THEN format('may not use the schema, as %I may not grant it (GRANT USAGE ON SCHEMA %I TO %1$I WITH GRANT OPTION)', \
                 current_user, current_schema()) \
         WHEN has_function_privilege(r.oid, to_regprocedure('astroshield_make_month(date)'), 'EXECUTE') IS NOT TRUE \
             THEN 'may not have months made' \
         WHEN NOT EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase \
             WHERE s.setrole = r.oid AND d.datname = current_database() \
             AND 'search_path=' || quote_ident(current_schema()) = ANY (s.setconfig)) \
             THEN 'does not look into the schema of the tables' \
         ELSE (SELECT CASE WHEN due THEN format('may not %s %I', word, c.relname) \
                 ELSE format('may %s %I by a grant to everybody (REVOKE %1$s ON %2$I FROM PUBLIC) or by another user', word, c.relname) \
             END FROM pg_class c \
             CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS word \
             CROSS JOIN LATERAL (SELECT word = 'SELECT' \
                 OR word IN ('INSERT', 'UPDATE', 'DELETE') AND c.relname <> '_sqlx_migrations' AS due) AS rights \
             WHERE c.relnamespace = quote_ident(current_schema())::regnamespace \
             AND c.relowner = quote_ident(current_user)::regrole AND c.relkind IN ('r', 'p') \
             AND has_table_privilege(r.oid, c.oid, word) <> due ORDER BY c.relname, word LIMIT 1) \
     END FROM pg_roles r WHERE r.rolname = $1";

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
        let found = amiss(&mut connection, &user.name).await?;
        connection.close().await.map_err(store_error)?;
        Ok(found == Some(None) && matches!(self.sign_in_of(user).await?, SignIn::Done))
    }

    /// Makes a user, or gives the one that is there what it lacks: its password, and the right to read and write the rows of all
    /// tables, of those that this owner makes later, too. The owner has to be allowed to make users (CREATEROLE).
    ///
    /// # Errors
    /// When the server refuses, or the user may do more than that by other means, or less.
    pub async fn make_application_user(&self, user: &ApplicationUser) -> Result<(), StoreError> {
        if !ApplicationUser::is_name(&user.name) {
            let reason = format!("{:?} is no name for a user of the database", user.name);
            return Err(StoreError::Conflict { reason });
        }
        // What it takes it is not told anew.
        let knows_password = !matches!(self.sign_in_of(user).await?, SignIn::Refused);
        let verifier = password_verifier(&user.password)?;
        let mut connection = self.connect(Whose::Everybody).await?;
        let made = make(&mut connection, &user.name, (!knows_password).then_some(&verifier)).await;
        connection.close().await.map_err(store_error)?;
        made
    }

    async fn sign_in_of(&self, user: &ApplicationUser) -> Result<SignIn, StoreError> {
        let options = self.options(&self.url, Whose::Everybody)?;
        self.sign_in(&options.username(&user.name).password(user.password.reveal())).await
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
    let is_there = amiss(&mut transaction, name).await?.is_some();
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
        // One that is named after the owner is found by the owner alone.
        format!("ALTER ROLE {user} IN DATABASE {database} SET search_path TO {schema}"),
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
    // What others granted, and what this owner may not grant, of which the server only warns.
    if let Some(Some(amiss)) = amiss(&mut transaction, name).await? {
        let reason = format!("{name} cannot be the user of the application: it {amiss}");
        return Err(StoreError::Conflict { reason });
    }
    transaction.commit().await.map_err(store_error)
}

/// What a user may do that it may not, or lacks; nothing where there is no such user.
async fn amiss(connection: &mut PgConnection, name: &str) -> Result<Option<Option<String>>, StoreError> {
    sqlx::query_scalar(AMISS).bind(name).fetch_optional(connection).await.map_err(store_error)
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
