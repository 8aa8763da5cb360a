-- Additive: the release before runs on these tables, too. It lets nobody into an organization by name, and writes lines of
-- the audit log without the address and the request.

-- The tenants that people know; the one of the platform may have no row. What is left of one that was removed is its
-- identity, so that it is not given again.
CREATE TABLE organizations (
    tenant TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    closed INTEGER,
    erased INTEGER
) STRICT, WITHOUT ROWID;

-- Members, by who they are at an identity provider; without that, invitations to whoever proves to have the address.
CREATE TABLE members (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    issuer TEXT,
    subject TEXT,
    email TEXT,
    name TEXT,
    role TEXT NOT NULL,
    added INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX members_by_account ON members (issuer, subject, tenant) WHERE issuer IS NOT NULL;
CREATE UNIQUE INDEX members_invited ON members (email, tenant) WHERE issuer IS NULL;

ALTER TABLE audit ADD COLUMN address TEXT;
ALTER TABLE audit ADD COLUMN request_id TEXT;

-- Objects go with the tenant whose they are: the index must not find them then, nor what takes their rows.
CREATE TRIGGER objects_deleted AFTER DELETE ON objects BEGIN
    INSERT INTO object_search (object_search, rowid, search) VALUES ('delete', old.row, old.search);
END;
