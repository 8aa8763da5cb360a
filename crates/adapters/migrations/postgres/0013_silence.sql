-- Additive: the release before runs on these tables, too. It watches for silence from its own start on.

-- For how long it has been watched for silence: one row.
CREATE TABLE silence_watch (
    watch BIGINT PRIMARY KEY CHECK (watch = 0),
    first BIGINT NOT NULL,
    since BIGINT NOT NULL,
    seen BIGINT NOT NULL
);
