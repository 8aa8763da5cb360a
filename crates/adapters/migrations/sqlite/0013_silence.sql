-- Additive: the release before runs on these tables, too. It watches for silence from its own start on.

-- For how long it has been watched for silence: one row.
CREATE TABLE silence_watch (
    watch INTEGER PRIMARY KEY CHECK (watch = 0),
    first INTEGER NOT NULL,
    since INTEGER NOT NULL,
    seen INTEGER NOT NULL
) STRICT;
