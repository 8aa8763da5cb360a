-- Additive: the release before runs on these tables, too.

-- What this store is called, so that what belongs to it is not taken for another's: one row, made by whoever asks first.
CREATE TABLE installation (
    one BIGINT PRIMARY KEY CHECK (one = 0),
    id UUID NOT NULL
);
