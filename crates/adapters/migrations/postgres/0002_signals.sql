-- The trace and the request that runs and messages belong to, and when what a message tells of was committed.
ALTER TABLE runs ADD COLUMN trace TEXT;
ALTER TABLE runs ADD COLUMN request_id TEXT;
ALTER TABLE deliveries ADD COLUMN trace TEXT;
ALTER TABLE deliveries ADD COLUMN request_id TEXT;
ALTER TABLE deliveries ADD COLUMN since BIGINT;

-- Counts the changes of an alert, so that none is written over unseen.
ALTER TABLE alerts ADD COLUMN version BIGINT NOT NULL DEFAULT 0;

-- Requests under idempotency keys that were begun: when first, so that what they make has the same identity each time.
CREATE TABLE attempts (
    tenant TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant, idempotency_key)
);

CREATE INDEX deliveries_failed ON deliveries (id) WHERE state = 'failed';
CREATE INDEX alerts_by_subject ON alerts (tenant, subject_key, id);
