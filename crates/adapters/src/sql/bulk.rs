//! Rows that are inserted many at a time, column by column: how they get into a statement is each database's own.

use std::borrow::Cow;

use uuid::Uuid;

/// What is inserted of some things: a row for each.
#[derive(Debug)]
pub(super) struct Rows<'a, T> {
    things: &'a [T],
    columns: Vec<Column<'a>>,
}

/// A column: a value for each row.
#[derive(Debug)]
pub(super) struct Column<'a> {
    pub(super) name: &'static str,
    pub(super) values: Values<'a>,
}

/// Values of one type.
#[derive(Debug)]
pub(super) enum Values<'a> {
    Integers(Vec<Option<i64>>),
    Small(Vec<Option<i16>>),
    Reals(Vec<Option<f64>>),
    Truths(Vec<Option<bool>>),
    Texts(Vec<Option<Cow<'a, str>>>),
    Ids(Vec<Option<Uuid>>),
}

/// A value of a column.
pub(super) trait Cell<'a>: Sized {
    fn gather(cells: impl Iterator<Item = Option<Self>>) -> Values<'a>;
}

/// A value, or that there is none.
pub(super) trait Entry<'a> {
    type Cell: Cell<'a>;
    fn entry(self) -> Option<Self::Cell>;
}

impl<'a, T> Rows<'a, T> {
    pub(super) fn of(things: &'a [T]) -> Self {
        Self { things, columns: Vec::new() }
    }

    /// Goes on with a column.
    pub(super) fn with<E: Entry<'a>>(mut self, name: &'static str, value: impl Fn(&'a T) -> E) -> Self {
        let values = E::Cell::gather(self.things.iter().map(|thing| value(thing).entry()));
        self.columns.push(Column { name, values });
        self
    }

    /// How many rows there are, and their columns.
    pub(super) fn into_columns(self) -> (usize, Vec<Column<'a>>) {
        (self.things.len(), self.columns)
    }
}

macro_rules! cell {
    ($kind:ty, $values:ident) => {
        impl<'a> Cell<'a> for $kind {
            fn gather(cells: impl Iterator<Item = Option<Self>>) -> Values<'a> {
                Values::$values(cells.collect())
            }
        }

        impl<'a> Entry<'a> for $kind {
            type Cell = Self;
            fn entry(self) -> Option<Self> {
                Some(self)
            }
        }

        impl<'a> Entry<'a> for Option<$kind> {
            type Cell = $kind;
            fn entry(self) -> Option<$kind> {
                self
            }
        }
    };
}

cell!(i64, Integers);
cell!(i16, Small);
cell!(f64, Reals);
cell!(bool, Truths);
cell!(Cow<'a, str>, Texts);
cell!(Uuid, Ids);

impl<'a> Entry<'a> for &'a str {
    type Cell = Cow<'a, str>;
    fn entry(self) -> Option<Cow<'a, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl<'a> Entry<'a> for Option<&'a str> {
    type Cell = Cow<'a, str>;
    fn entry(self) -> Option<Cow<'a, str>> {
        self.map(Cow::Borrowed)
    }
}

impl<'a> Entry<'a> for Option<String> {
    type Cell = Cow<'a, str>;
    fn entry(self) -> Option<Cow<'a, str>> {
        self.map(Cow::Owned)
    }
}
