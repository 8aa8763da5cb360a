-- What is known of each day (space weather, Earth orientation). Days count from 1970-01-01. `certainty` is ranked as in
-- crates/adapters/src/sql/values.rs; `body` is the day in JSON: days are read whole, and never searched by what they hold.
CREATE TABLE days (
    series TEXT NOT NULL,
    day INTEGER NOT NULL,
    certainty INTEGER NOT NULL,
    source TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (series, day)
) STRICT, WITHOUT ROWID;

-- When hosts that want few requests were asked, during the last hour.
CREATE TABLE requests (
    host TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (host, at)
) STRICT, WITHOUT ROWID;

-- `settings` tells the settings that a feed was asked with from others; `newest` is when its newest message was made.
ALTER TABLE feeds ADD COLUMN settings TEXT;
ALTER TABLE feeds ADD COLUMN newest INTEGER;
ALTER TABLE feeds ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0;

CREATE INDEX cdms_by_tca ON cdms (tenant, tca);
