-- What is known of each day (space weather, Earth orientation). Days count from 1970-01-01. `certainty` is ranked as in
-- crates/adapters/src/sql/values.rs; `body` is the day in JSON: days are read whole, and never searched by what they hold.
CREATE TABLE days (
    series TEXT NOT NULL,
    day BIGINT NOT NULL,
    certainty SMALLINT NOT NULL,
    source TEXT NOT NULL,
    arrived BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (series, day)
);

-- When hosts that want few requests were asked, during the last hour.
CREATE TABLE requests (
    host TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (host, at)
);

-- `settings` tells the settings that a feed was asked with from others; `newest` is when its newest message was made.
ALTER TABLE feeds ADD COLUMN settings TEXT;
ALTER TABLE feeds ADD COLUMN newest BIGINT;
ALTER TABLE feeds ADD COLUMN stopped BOOLEAN NOT NULL DEFAULT FALSE;

CREATE INDEX cdms_by_tca ON cdms (tenant, tca);
