-- Additive: the release before runs on these tables, too. It has one process and asks for no lease.

-- Who of several processes does what only one is to do.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    token BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
