//! What this store is called.

use sqlx::Row as _;
use uuid::Uuid;

use super::{Connection, Outcome};

/// Its name: the one that is there, else this one from now on.
pub(super) async fn installation(connection: &mut Connection, new: Uuid) -> Outcome<Uuid> {
    sqlx::query("INSERT INTO installation (one, id) VALUES (0, $1) ON CONFLICT (one) DO NOTHING")
        .bind(new)
        .execute(&mut *connection)
        .await?;
    let row = sqlx::query("SELECT id FROM installation").fetch_one(connection).await?;
    Ok(row.try_get("id")?)
}
