//! Records read one after the other: what is kept and what becomes a problem.

use std::sync::Arc;

use crate::error::{Fault, Located, Location, RecordProblem, Strictness};

/// Messages with their places, and the records that could not be read.
pub(crate) type Read<T> = Result<(Vec<(Location, T)>, Vec<RecordProblem>), RecordProblem>;

/// Problems that are kept of one source, so that a file of something else does not fill the memory.
const MAX_PROBLEMS: usize = 100_000;

/// Keeps a problem, or returns it where reading is strict.
pub(crate) fn report(
    found: Result<(), Located>,
    source_name: &Arc<str>,
    strictness: Strictness,
    problems: &mut Vec<RecordProblem>,
) -> Result<(), RecordProblem> {
    let Err(located) = found else { return Ok(()) };
    let problem = located.in_source(source_name);
    match strictness {
        Strictness::Strict => Err(problem),
        Strictness::Tolerant if problems.len() >= MAX_PROBLEMS => {
            Err(Fault::TooManyProblems(MAX_PROBLEMS).on(problem.location).in_source(source_name))
        }
        Strictness::Tolerant => {
            problems.push(problem);
            Ok(())
        }
    }
}
