-- Additive: the release before runs on these tables, too. It goes on with the cache of before a restore, and forgets blobs that are
-- kept here an hour after its start.

-- How often this store was reconciled with what is outside of it, after it was restored to a point in time.
ALTER TABLE installation ADD COLUMN restores INTEGER NOT NULL DEFAULT 0;

-- What a reconciliation found of blobs: `unnamed` are those that nothing in the store speaks of, which are kept until somebody
-- removes them; `missing` those that something speaks of and that are gone.
CREATE TABLE reconciled_blobs (
    tenant TEXT NOT NULL,
    path TEXT NOT NULL,
    state TEXT NOT NULL,
    noted INTEGER NOT NULL,
    PRIMARY KEY (tenant, path)
) STRICT, WITHOUT ROWID;
