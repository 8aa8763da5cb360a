//! What texts of SQL are put together in.

use std::fmt::Display;

use sqlx::{Database, Encode, QueryBuilder, Type};

/// A statement in the making. Which one, depends on who is going to run it.
pub(super) trait Builder {
    /// Goes on with a text.
    fn push(&mut self, sql: impl Display) -> &mut Self;

    /// Goes on with a value.
    fn push_bind(&mut self, value: impl Into<Bound>) -> &mut Self;
}

/// A value of a statement that more than one builder is given.
#[derive(Debug)]
pub(super) enum Bound {
    Integer(i64),
    Text(String),
}

impl From<i64> for Bound {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<String> for Bound {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<DB: Database> Builder for QueryBuilder<DB>
where
    for<'q> i64: Encode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Type<DB>,
{
    fn push(&mut self, sql: impl Display) -> &mut Self {
        self.push(sql)
    }

    fn push_bind(&mut self, value: impl Into<Bound>) -> &mut Self {
        match value.into() {
            Bound::Integer(value) => self.push_bind(value),
            Bound::Text(value) => self.push_bind(value),
        }
    }
}
