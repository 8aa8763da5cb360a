-- Times are microseconds of UTC since 1970, epochs of element sets nanoseconds. What a tenant makes has the tenant in
-- front of its keys. Small numbers stand for grades, severities, states and methods, as in
-- crates/adapters/src/sql/values.rs.

CREATE TABLE ingests (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    source TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    blob TEXT,
    skipped_records INTEGER NOT NULL,
    new_element_sets INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ingests_by_arrival ON ingests (arrived);

-- Every element set that ever arrived. `digest` stands for the elements.
CREATE TABLE element_sets (
    tenant TEXT NOT NULL,
    object INTEGER NOT NULL,
    epoch_ns INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    grade INTEGER NOT NULL,
    arrived INTEGER NOT NULL,
    mean_motion_rev_day REAL NOT NULL,
    eccentricity REAL NOT NULL,
    inclination_deg REAL NOT NULL,
    raan_deg REAL NOT NULL,
    argument_of_perigee_deg REAL NOT NULL,
    mean_anomaly_deg REAL NOT NULL,
    bstar_inv_earth_radii REAL NOT NULL,
    mean_motion_dot REAL NOT NULL,
    mean_motion_ddot REAL NOT NULL,
    element_set_number INTEGER,
    revolution_at_epoch INTEGER,
    classification TEXT,
    name TEXT,
    designator TEXT,
    source TEXT NOT NULL,
    ingest BLOB NOT NULL,
    PRIMARY KEY (tenant, object, epoch_ns, digest)
) STRICT, WITHOUT ROWID;

-- What is known of an object, and its current element set: (epoch_ns, digest) points to it. What SATCAT says is in the
-- rows of every tenant, so that a row can be judged alone.
CREATE TABLE objects (
    row INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    first_arrived INTEGER,
    epoch_ns INTEGER,
    digest INTEGER,
    grade INTEGER,
    arrived INTEGER,
    source TEXT,
    name TEXT,
    designator TEXT,
    perigee_km REAL,
    apogee_km REAL,
    inclination_deg REAL,
    period_min REAL,
    satcat_name TEXT,
    satcat_designator TEXT,
    kind TEXT NOT NULL DEFAULT 'unknown',
    status TEXT,
    owner TEXT,
    launch_date TEXT,
    decay_date TEXT,
    radar_cross_section_m2 REAL,
    search TEXT NOT NULL GENERATED ALWAYS AS (
        upper(coalesce(satcat_name, name, '')) || ' ' || upper(coalesce(satcat_designator, designator, ''))
    ) STORED,
    UNIQUE (tenant, number)
) STRICT;
CREATE INDEX objects_by_epoch ON objects (epoch_ns);

CREATE VIRTUAL TABLE object_search USING fts5 (
    search, content = 'objects', content_rowid = 'row', tokenize = 'trigram', detail = 'full'
);
CREATE TRIGGER objects_inserted AFTER INSERT ON objects BEGIN
    INSERT INTO object_search (rowid, search) VALUES (new.row, new.search);
END;
CREATE TRIGGER objects_updated AFTER UPDATE ON objects WHEN old.search <> new.search BEGIN
    INSERT INTO object_search (object_search, rowid, search) VALUES ('delete', old.row, old.search);
    INSERT INTO object_search (rowid, search) VALUES (new.row, new.search);
END;

CREATE TABLE feeds (
    feed TEXT PRIMARY KEY,
    asked INTEGER,
    confirmed INTEGER,
    changed INTEGER,
    not_before INTEGER,
    failures INTEGER NOT NULL,
    problem TEXT,
    etag TEXT,
    last_modified TEXT,
    records INTEGER
) STRICT;

CREATE TABLE uploads (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    kind TEXT,
    author TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL,
    records INTEGER NOT NULL,
    problems TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    blob TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE ephemerides (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    object INTEGER NOT NULL,
    upload BLOB NOT NULL,
    message INTEGER NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    arrived INTEGER NOT NULL,
    blob TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, upload) REFERENCES uploads (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ephemerides_by_object ON ephemerides (tenant, object, arrived);

CREATE TABLE cdms (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    conjunction BLOB,
    first_object INTEGER NOT NULL,
    second_object INTEGER NOT NULL,
    originator TEXT NOT NULL,
    created INTEGER NOT NULL,
    arrived INTEGER NOT NULL,
    tca INTEGER NOT NULL,
    miss_distance_km REAL NOT NULL,
    stated_probability REAL,
    probability REAL,
    method INTEGER,
    blob TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cdms_by_conjunction ON cdms (tenant, conjunction);

-- `cause` is the event that told of the beginning: what the run tells later was caused by it.
CREATE TABLE runs (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL UNIQUE,
    cause BLOB NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    as_of INTEGER NOT NULL,
    window_start INTEGER NOT NULL,
    window_stop INTEGER NOT NULL,
    threshold_km REAL NOT NULL,
    slices INTEGER NOT NULL,
    slices_done INTEGER NOT NULL,
    objects INTEGER NOT NULL,
    not_screened INTEGER NOT NULL,
    conjunctions INTEGER NOT NULL,
    started INTEGER NOT NULL,
    finished INTEGER,
    problem TEXT,
    build TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX runs_running ON runs (tenant, kind) WHERE state = 'running';

CREATE TABLE run_slices (
    run BLOB NOT NULL REFERENCES runs (id),
    slice INTEGER NOT NULL,
    blob TEXT NOT NULL,
    PRIMARY KEY (run, slice)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_not_screened (
    run BLOB NOT NULL REFERENCES runs (id),
    object INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    since INTEGER,
    reason TEXT NOT NULL,
    PRIMARY KEY (run, object, entry)
) STRICT, WITHOUT ROWID;

CREATE TABLE conjunctions (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    run BLOB NOT NULL,
    run_kind TEXT NOT NULL,
    status INTEGER NOT NULL,
    relation INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    first_object INTEGER NOT NULL,
    second_object INTEGER NOT NULL,
    first_name TEXT,
    second_name TEXT,
    first_radius_m REAL NOT NULL,
    second_radius_m REAL NOT NULL,
    first_grade INTEGER NOT NULL,
    second_grade INTEGER NOT NULL,
    first_epoch_ns INTEGER,
    second_epoch_ns INTEGER,
    leading_probability REAL NOT NULL,
    tca INTEGER NOT NULL,
    miss_distance_km REAL NOT NULL,
    miss_radial_km REAL NOT NULL,
    miss_in_track_km REAL NOT NULL,
    miss_cross_track_km REAL NOT NULL,
    relative_speed_km_s REAL NOT NULL,
    maximum_probability REAL NOT NULL,
    dilution_km REAL,
    probability REAL,
    method INTEGER NOT NULL,
    at_edge INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX conjunctions_by_tca ON conjunctions (tenant, status, tca, id);
CREATE INDEX conjunctions_by_probability ON conjunctions (tenant, status, leading_probability DESC, id);
CREATE INDEX conjunctions_by_miss_distance ON conjunctions (tenant, status, miss_distance_km, id);
CREATE INDEX conjunctions_by_first_object ON conjunctions (tenant, first_object);
CREATE INDEX conjunctions_by_second_object ON conjunctions (tenant, second_object);

CREATE TABLE conjunction_history (
    entry INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    conjunction BLOB NOT NULL,
    run BLOB NOT NULL,
    at INTEGER NOT NULL,
    status INTEGER NOT NULL,
    first_grade INTEGER NOT NULL,
    second_grade INTEGER NOT NULL,
    first_epoch_ns INTEGER,
    second_epoch_ns INTEGER,
    tca INTEGER NOT NULL,
    miss_distance_km REAL NOT NULL,
    miss_radial_km REAL NOT NULL,
    miss_in_track_km REAL NOT NULL,
    miss_cross_track_km REAL NOT NULL,
    relative_speed_km_s REAL NOT NULL,
    maximum_probability REAL NOT NULL,
    dilution_km REAL,
    probability REAL,
    method INTEGER NOT NULL,
    at_edge INTEGER NOT NULL
) STRICT;
CREATE INDEX conjunction_history_by_conjunction ON conjunction_history (tenant, conjunction);

CREATE TABLE watch_lists (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE watched_objects (
    tenant TEXT NOT NULL,
    watch_list BLOB NOT NULL,
    place INTEGER NOT NULL,
    object INTEGER NOT NULL,
    hard_body_radius_m REAL,
    maneuverable INTEGER NOT NULL,
    min_probability REAL,
    max_miss_distance_km REAL,
    PRIMARY KEY (tenant, watch_list, place),
    FOREIGN KEY (tenant, watch_list) REFERENCES watch_lists (tenant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE rules (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    watch_list BLOB,
    min_probability REAL,
    max_miss_distance_km REAL,
    within_hours REAL,
    relations INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    channels TEXT NOT NULL,
    escalate_after_minutes INTEGER,
    escalation_channels TEXT NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, watch_list) REFERENCES watch_lists (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rules_by_watch_list ON rules (tenant, watch_list);

CREATE TABLE alerts (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    subject_key TEXT NOT NULL,
    subject TEXT NOT NULL,
    conjunction BLOB,
    severity INTEGER NOT NULL,
    state TEXT NOT NULL,
    summary TEXT NOT NULL,
    opened INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at INTEGER,
    resolved INTEGER,
    muted_until INTEGER,
    escalate_at INTEGER,
    escalated INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX alerts_unresolved ON alerts (tenant, subject_key) WHERE state <> 'resolved';
CREATE INDEX alerts_to_escalate ON alerts (escalate_at) WHERE state = 'open' AND escalate_at IS NOT NULL;
CREATE INDEX alerts_muted ON alerts (muted_until) WHERE state = 'muted' AND muted_until IS NOT NULL;

CREATE TABLE deliveries (
    id BLOB PRIMARY KEY,
    tenant TEXT NOT NULL,
    alert BLOB NOT NULL,
    change TEXT NOT NULL,
    channel TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt INTEGER NOT NULL,
    taken_until INTEGER,
    problem TEXT,
    FOREIGN KEY (tenant, alert) REFERENCES alerts (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_alert ON deliveries (tenant, alert);
CREATE INDEX deliveries_due ON deliveries (next_attempt) WHERE state = 'due';

CREATE TABLE webhooks (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    expires INTEGER,
    revoked INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    entry INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (tenant, at, entry);

CREATE TABLE answers (
    tenant TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request BLOB NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, idempotency_key)
) STRICT, WITHOUT ROWID;

-- The outbox. `entry` counts insertions, `position` is given after the commit.
CREATE TABLE events (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    position INTEGER UNIQUE,
    tenant TEXT NOT NULL,
    topic TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX events_without_position ON events (entry) WHERE position IS NULL;

CREATE TABLE event_positions (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    newest INTEGER NOT NULL
) STRICT;
INSERT INTO event_positions (only_row, newest) VALUES (1, 0);

CREATE TABLE consumers (
    consumer TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE consumed (
    consumer TEXT NOT NULL,
    event BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (consumer, event)
) STRICT, WITHOUT ROWID;
