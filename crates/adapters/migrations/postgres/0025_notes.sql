-- Additive: the release before runs on these tables, too. What it clears has no time, and is not among what was cleared since
-- one.

-- What people of a tenant noted about a conjunction, which may be public: lines are added, never changed. Each has what all
-- up to it come to, so that the last one tells how a conjunction is handled.
CREATE TABLE conjunction_notes (
    tenant TEXT NOT NULL,
    conjunction UUID NOT NULL,
    number BIGINT NOT NULL,
    id UUID NOT NULL,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT,
    assignee TEXT,
    decision TEXT,
    acknowledged_at BIGINT,
    acknowledged_by TEXT,
    assigned_to TEXT,
    decided TEXT,
    PRIMARY KEY (tenant, conjunction, number)
);
CREATE INDEX conjunction_notes_by_time ON conjunction_notes (tenant, at DESC, conjunction, number);
-- Notes go with their conjunction.
CREATE INDEX conjunction_notes_by_conjunction ON conjunction_notes (conjunction);

-- Of a conjunction whose status is cleared: since when. Without meaning in active ones.
ALTER TABLE conjunctions ADD COLUMN cleared BIGINT;
CREATE INDEX conjunctions_by_clearing ON conjunctions (tenant, cleared, tca, id, leading_probability, relation)
    WHERE cleared IS NOT NULL;

-- Those that are past are counted, and told from those that are cleared, without reading rows.
CREATE INDEX conjunctions_passed ON conjunctions
    (tenant, status, tca, id, leading_probability, miss_distance_km, relation) WHERE passed IS NOT NULL;

-- Those that are new are looked for among the most probable ones.
DROP INDEX conjunctions_by_probability;
CREATE INDEX conjunctions_by_probability ON conjunctions
    (tenant, status, leading_probability DESC, id, tca, miss_distance_km, relation, first_seen);

SELECT astroshield_fence('conjunction_notes', false);
