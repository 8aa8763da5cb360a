//! Descriptors of the process: each connection takes one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are kept for what is not a connection: the database, blobs, feeds, messages.
const RESERVED: u64 = 256;

/// So many connections as are wanted, or as there are descriptors for; those that the process may have are all made
/// available first.
pub(super) fn room_for(wanted: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let available = if raised.is_ok() { maximum } else { current };
    let room = room_among(available, wanted);
    if room < wanted {
        tracing::warn!(
            descriptors = available,
            connections = room,
            "server.connections is {wanted}, which this process has not enough descriptors for (ulimit -n)"
        );
    }
    room
}

/// Room among so many descriptors, or without a limit.
fn room_among(available: Option<u64>, wanted: usize) -> usize {
    let Some(available) = available else { return wanted };
    // Where there are very few, half of them.
    let room = available.saturating_sub(RESERVED).max(available / 2);
    usize::try_from(room).map_or(wanted, |room| room.min(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_descriptors_are_left_for_what_is_not_a_connection() {
        for (available, expected) in [
            (None, 12_000),
            (Some(1 << 20), 12_000),
            (Some(12_000), 11_744),
            (Some(1024), 768),
            (Some(100), 50),
        ] {
            assert_eq!(room_among(available, 12_000), expected, "{available:?}");
        }
    }
}
