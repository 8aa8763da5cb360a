//! The stores and the bus, held to their ports.

mod postgres;
mod sqlite;
