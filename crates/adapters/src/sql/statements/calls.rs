//! The calls of the port, each of its parts in a file of its own, and how they read and write. Whoever uses these macros
//! has [`call`], `StoreError` and `tracing::Instrument` at hand.

use std::time::Duration;

use tracing::Span;

use super::SYSTEM;

/// How often a transaction is tried that loses to others.
const ATTEMPTS: u32 = 8;

/// How long a call is tried again whose connection is lost.
const LOST_FOR: Duration = Duration::from_secs(2);

/// The span of a call, by the function that does it; what it is called with is not in it.
fn call(work: &'static str) -> Span {
    let name = || match work.split('(').next() {
        // Several of them.
        Some(block) if block.starts_with("async") => "transaction".to_owned(),
        function => function.unwrap_or(work).replace(' ', ""),
    };
    tracing::debug_span!(
        "call",
        otel.kind = "client",
        otel.name = name(),
        db.system.name = SYSTEM,
        db.operation.name = name()
    )
}

/// A call that reads, for somebody.
macro_rules! read {
    ($store:expr, $whose:expr, $connection:ident, $work:expr) => {
        async { read_again!($store, $whose, $connection, $work) }.instrument(call(stringify!($work))).await
    };
}

/// A call that writes, for somebody: one transaction.
macro_rules! write {
    ($store:expr, $whose:expr, $connection:ident, $work:expr) => {
        async { write_in_attempts!($store, $whose, $connection, $work) }
            .instrument(call(stringify!($work)))
            .await
    };
}

/// One whose connection is lost is made again.
macro_rules! read_again {
    ($store:expr, $whose:expr, $connection:ident, $work:expr) => {{
        use super::super::{Connection, finish_reading};
        let (whose, mut attempt) = (crate::sql::whose::Whose::from($whose), 1);
        loop {
            let outcome = $store
                .within_reading(&whose, attempt, async {
                    let mut held = $store.reading(&whose, attempt).await?;
                    let $connection: &mut Connection = &mut held;
                    let outcome = $work.await;
                    finish_reading(held, outcome.as_ref().err());
                    outcome
                })
                .await;
            match outcome {
                Err(failure) if attempt < 3 && (failure.is_lost() || failure.is_passing()) => attempt += 1,
                outcome => break outcome.map_err(StoreError::from),
            }
        }
    }};
}

macro_rules! write_in_attempts {
    ($store:expr, $whose:expr, $connection:ident, $work:expr) => {{
        use sqlx::Connection as _;

        use super::super::{Connection, begin, finish_writing};
        use super::{ATTEMPTS, LOST_FOR};
        let whose = crate::sql::whose::Whose::from($whose);
        let (began, mut attempt) = (std::time::Instant::now(), 1);
        loop {
            // What failed before its commit may be done again.
            let outcome = $store
                .within(async {
                    let mut held = $store.writing(&whose).await?;
                    let statement = begin(&held, &whose);
                    let ended = match held.begin_with(statement).await {
                        Err(error) => Err((crate::sql::failure::Failure::from(error), true, false)),
                        Ok(mut transaction) => {
                            let $connection: &mut Connection = &mut transaction;
                            match $work.await {
                                Ok(value) => match transaction.commit().await {
                                    Ok(()) => Ok(value),
                                    Err(error) => {
                                        Err((crate::sql::failure::Failure::from(error), false, true))
                                    }
                                },
                                Err(failure) => {
                                    let usable = transaction.rollback().await.is_ok();
                                    Err((failure, usable, false))
                                }
                            }
                        }
                    };
                    match ended {
                        Ok(value) => {
                            $store.wrote(&mut held, &whose).await;
                            finish_writing(held, None, true);
                            Ok(Ok(value))
                        }
                        Err((failure, usable, was_committing)) => {
                            finish_writing(held, Some(&failure), usable);
                            let may_repeat = failure.is_passing() || failure.is_lost() && !was_committing;
                            if may_repeat { Ok(Err(failure)) } else { Err(failure) }
                        }
                    }
                })
                .await;
            let failure = match outcome {
                Ok(Ok(value)) => break Ok(value),
                Ok(Err(failure)) => failure,
                Err(failure) => break Err(failure.into()),
            };
            if attempt == ATTEMPTS || failure.is_lost() && began.elapsed() > LOST_FOR {
                break Err(failure.into());
            }
            tokio::time::sleep(std::time::Duration::from_millis(5) * attempt * attempt).await;
            attempt += 1;
        }
    }};
}

/// A write that puts events into the outbox.
macro_rules! write_events {
    ($store:expr, $whose:expr, $connection:ident, $work:expr) => {{
        let written: Result<_, StoreError> = write!($store, $whose, $connection, $work);
        if written.is_ok() {
            $store.outbox.notify_one();
        }
        written
    }};
}

mod access;
mod alerts;
mod catalog;
mod conjunctions;
mod days;
mod events;
mod inbound;
mod organizations;
mod reconciliation;
mod runs;
mod silence;
mod store;
mod upkeep;
mod watching;
