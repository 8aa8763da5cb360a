//! Exit statuses.

use std::process::ExitCode;

/// What `--help` says of the exit status.
pub(crate) const HELP: &str = "\
Exit status:
  0    done
  1    failed; no output file was written or changed. Of doctor: there is a problem
  2    the command line is wrong
  3    done, but input records that could not be read were skipped (named on standard error)
  130  interrupted; no output file was written or changed";

/// How a command that did its work has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completion {
    /// Everything that was asked for.
    Whole,
    /// Everything but records that could not be read.
    RecordsSkipped,
    /// Checks were made, and found a problem.
    Unwell,
}

impl Completion {
    /// Depending on whether any record was skipped.
    pub(crate) fn of(skipped_records: usize) -> Self {
        if skipped_records == 0 { Self::Whole } else { Self::RecordsSkipped }
    }
}

impl From<Completion> for ExitCode {
    fn from(completion: Completion) -> Self {
        match completion {
            Completion::Whole => Self::SUCCESS,
            Completion::RecordsSkipped => Self::from(3),
            Completion::Unwell => Self::FAILURE,
        }
    }
}
