-- Additive: the release before runs on these tables, too. It sees conjunctions that are past as cleared ones.

-- What a tenant screens by data of its own, and when: public conjunctions of these objects with a TCA in this time are
-- superseded for the tenant.
CREATE TABLE covered_objects (
    tenant TEXT NOT NULL,
    object INTEGER NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    PRIMARY KEY (tenant, object, start)
) STRICT, WITHOUT ROWID;

-- Of a conjunction whose status is cleared: since when it is past, if it was not cleared by a run. Without meaning in
-- active ones.
ALTER TABLE conjunctions ADD COLUMN passed INTEGER;

-- The probability that was last told of an alert's conjunction.
ALTER TABLE alerts ADD COLUMN told_probability REAL;

CREATE INDEX answers_by_time ON answers (at);
CREATE INDEX deliveries_ended ON deliveries (next_attempt) WHERE state <> 'due';
CREATE INDEX ingests_by_tenant ON ingests (tenant, arrived);
CREATE INDEX objects_by_tenant_and_epoch ON objects (tenant, epoch_ns);
DROP INDEX objects_by_epoch;
