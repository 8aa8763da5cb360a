-- Additive: the release before runs on these tables, too. It lets nobody into an organization by name, and writes lines of
-- the audit log without the address and the request.

-- The tenants that people know; the one of the platform may have no row. What is left of one that was removed is its
-- identity, so that it is not given again.
CREATE TABLE organizations (
    tenant TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created BIGINT NOT NULL,
    closed BIGINT,
    erased BIGINT
);

-- Members, by who they are at an identity provider; without that, invitations to whoever proves to have the address.
CREATE TABLE members (
    tenant TEXT NOT NULL,
    id UUID NOT NULL,
    issuer TEXT,
    subject TEXT,
    email TEXT,
    name TEXT,
    role TEXT NOT NULL,
    added BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX members_by_account ON members (issuer, subject, tenant) WHERE issuer IS NOT NULL;
CREATE UNIQUE INDEX members_invited ON members (email, tenant) WHERE issuer IS NULL;

ALTER TABLE audit ADD COLUMN address TEXT;
ALTER TABLE audit ADD COLUMN request_id TEXT;

SELECT astroshield_fence('organizations', false);
SELECT astroshield_fence('members', false);
