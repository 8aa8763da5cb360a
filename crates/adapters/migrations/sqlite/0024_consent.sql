-- Additive: the release before runs on these tables, too. Whom it makes a member is one, and its lines of the audit log do not
-- tell who somebody is.

-- When a membership was offered that is not accepted yet.
ALTER TABLE members ADD COLUMN offered INTEGER;
UPDATE members SET offered = added WHERE issuer IS NULL;

-- When somebody last chose which organization.
CREATE TABLE chosen_organizations (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    tenant TEXT NOT NULL,
    chosen INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject, tenant)
) STRICT, WITHOUT ROWID;

-- Who somebody is, beside what they are called.
ALTER TABLE audit ADD COLUMN principal TEXT;
