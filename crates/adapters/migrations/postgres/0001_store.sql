-- Times are microseconds of UTC since 1970, epochs of element sets nanoseconds. What a tenant makes has the tenant in
-- front of its keys. Small numbers stand for grades, severities, states and methods, as in
-- crates/adapters/src/sql/values.rs.

CREATE TABLE ingests (
    tenant TEXT NOT NULL,
    id UUID NOT NULL,
    source TEXT NOT NULL,
    arrived BIGINT NOT NULL,
    blob TEXT,
    skipped_records BIGINT NOT NULL,
    new_element_sets BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX ingests_by_arrival ON ingests (arrived);

-- Every element set that ever arrived. `digest` stands for the elements.
CREATE TABLE element_sets (
    tenant TEXT NOT NULL,
    object BIGINT NOT NULL,
    epoch_ns BIGINT NOT NULL,
    digest BIGINT NOT NULL,
    grade SMALLINT NOT NULL,
    arrived BIGINT NOT NULL,
    mean_motion_rev_day DOUBLE PRECISION NOT NULL,
    eccentricity DOUBLE PRECISION NOT NULL,
    inclination_deg DOUBLE PRECISION NOT NULL,
    raan_deg DOUBLE PRECISION NOT NULL,
    argument_of_perigee_deg DOUBLE PRECISION NOT NULL,
    mean_anomaly_deg DOUBLE PRECISION NOT NULL,
    bstar_inv_earth_radii DOUBLE PRECISION NOT NULL,
    mean_motion_dot DOUBLE PRECISION NOT NULL,
    mean_motion_ddot DOUBLE PRECISION NOT NULL,
    element_set_number BIGINT,
    revolution_at_epoch BIGINT,
    classification TEXT,
    name TEXT,
    designator TEXT,
    source TEXT NOT NULL,
    ingest UUID NOT NULL,
    PRIMARY KEY (tenant, object, epoch_ns, digest)
);

-- What is known of an object, and its current element set: (epoch_ns, digest) points to it. What SATCAT says is in the
-- rows of every tenant, so that a row can be judged alone.
CREATE TABLE objects (
    tenant TEXT NOT NULL,
    number BIGINT NOT NULL,
    first_arrived BIGINT,
    epoch_ns BIGINT,
    digest BIGINT,
    grade SMALLINT,
    arrived BIGINT,
    source TEXT,
    name TEXT,
    designator TEXT,
    perigee_km DOUBLE PRECISION,
    apogee_km DOUBLE PRECISION,
    inclination_deg DOUBLE PRECISION,
    period_min DOUBLE PRECISION,
    satcat_name TEXT,
    satcat_designator TEXT,
    kind TEXT NOT NULL DEFAULT 'unknown',
    status TEXT,
    owner TEXT,
    launch_date TEXT,
    decay_date TEXT,
    radar_cross_section_m2 DOUBLE PRECISION,
    search TEXT NOT NULL GENERATED ALWAYS AS (
        upper(coalesce(satcat_name, name, '')) || ' ' || upper(coalesce(satcat_designator, designator, ''))
    ) STORED,
    UNIQUE (tenant, number)
);
CREATE INDEX objects_by_epoch ON objects (epoch_ns);

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX objects_by_search ON objects USING gin (search gin_trgm_ops);

CREATE TABLE feeds (
    feed TEXT PRIMARY KEY,
    asked BIGINT,
    confirmed BIGINT,
    changed BIGINT,
    not_before BIGINT,
    failures BIGINT NOT NULL,
    problem TEXT,
    etag TEXT,
    last_modified TEXT,
    records BIGINT
);

CREATE TABLE uploads (
    tenant TEXT NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    kind TEXT,
    author TEXT NOT NULL,
    at BIGINT NOT NULL,
    state TEXT NOT NULL,
    records BIGINT NOT NULL,
    problems TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    blob TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE ephemerides (
    tenant TEXT NOT NULL,
    id UUID NOT NULL,
    object BIGINT NOT NULL,
    upload UUID NOT NULL,
    message BIGINT NOT NULL,
    start BIGINT NOT NULL,
    stop BIGINT NOT NULL,
    arrived BIGINT NOT NULL,
    blob TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, upload) REFERENCES uploads (tenant, id)
);
CREATE INDEX ephemerides_by_object ON ephemerides (tenant, object, arrived);

CREATE TABLE cdms (
    tenant TEXT NOT NULL,
    id UUID NOT NULL,
    conjunction UUID,
    first_object BIGINT NOT NULL,
    second_object BIGINT NOT NULL,
    originator TEXT NOT NULL,
    created BIGINT NOT NULL,
    arrived BIGINT NOT NULL,
    tca BIGINT NOT NULL,
    miss_distance_km DOUBLE PRECISION NOT NULL,
    stated_probability DOUBLE PRECISION,
    probability DOUBLE PRECISION,
    method SMALLINT,
    blob TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX cdms_by_conjunction ON cdms (tenant, conjunction);

-- `cause` is the event that told of the beginning: what the run tells later was caused by it.
CREATE TABLE runs (
    tenant TEXT NOT NULL,
    id UUID NOT NULL UNIQUE,
    cause UUID NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    as_of BIGINT NOT NULL,
    window_start BIGINT NOT NULL,
    window_stop BIGINT NOT NULL,
    threshold_km DOUBLE PRECISION NOT NULL,
    slices BIGINT NOT NULL,
    slices_done BIGINT NOT NULL,
    objects BIGINT NOT NULL,
    not_screened BIGINT NOT NULL,
    conjunctions BIGINT NOT NULL,
    started BIGINT NOT NULL,
    finished BIGINT,
    problem TEXT,
    build TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX runs_running ON runs (tenant, kind) WHERE state = 'running';

CREATE TABLE run_slices (
    run UUID NOT NULL REFERENCES runs (id),
    slice BIGINT NOT NULL,
    blob TEXT NOT NULL,
    PRIMARY KEY (run, slice)
);

CREATE TABLE run_not_screened (
    run UUID NOT NULL REFERENCES runs (id),
    object BIGINT NOT NULL,
    entry BIGINT NOT NULL,
    since BIGINT,
    reason TEXT NOT NULL,
    PRIMARY KEY (run, object, entry)
);

CREATE TABLE conjunctions (
    tenant TEXT NOT NULL,
    id UUID NOT NULL,
    run UUID NOT NULL,
    run_kind TEXT NOT NULL,
    status SMALLINT NOT NULL,
    relation BOOLEAN NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    first_object BIGINT NOT NULL,
    second_object BIGINT NOT NULL,
    first_name TEXT,
    second_name TEXT,
    first_radius_m DOUBLE PRECISION NOT NULL,
    second_radius_m DOUBLE PRECISION NOT NULL,
    first_grade SMALLINT NOT NULL,
    second_grade SMALLINT NOT NULL,
    first_epoch_ns BIGINT,
    second_epoch_ns BIGINT,
    leading_probability DOUBLE PRECISION NOT NULL,
    tca BIGINT NOT NULL,
    miss_distance_km DOUBLE PRECISION NOT NULL,
    miss_radial_km DOUBLE PRECISION NOT NULL,
    miss_in_track_km DOUBLE PRECISION NOT NULL,
    miss_cross_track_km DOUBLE PRECISION NOT NULL,
    relative_speed_km_s DOUBLE PRECISION NOT NULL,
    maximum_probability DOUBLE PRECISION NOT NULL,
    dilution_km DOUBLE PRECISION,
    probability DOUBLE PRECISION,
    method SMALLINT NOT NULL,
    at_edge BOOLEAN NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX conjunctions_by_tca ON conjunctions (tenant, status, tca, id);
CREATE INDEX conjunctions_by_probability ON conjunctions (tenant, status, leading_probability DESC, id);
CREATE INDEX conjunctions_by_miss_distance ON conjunctions (tenant, status, miss_distance_km, id);
CREATE INDEX conjunctions_by_first_object ON conjunctions (tenant, first_object);
CREATE INDEX conjunctions_by_second_object ON conjunctions (tenant, second_object);

CREATE TABLE conjunction_history (
    entry BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT NOT NULL,
    conjunction UUID NOT NULL,
    run UUID NOT NULL,
    at BIGINT NOT NULL,
    status SMALLINT NOT NULL,
    first_grade SMALLINT NOT NULL,
    second_grade SMALLINT NOT NULL,
    first_epoch_ns BIGINT,
    second_epoch_ns BIGINT,
    tca BIGINT NOT NULL,
    miss_distance_km DOUBLE PRECISION NOT NULL,
    miss_radial_km DOUBLE PRECISION NOT NULL,
    miss_in_track_km DOUBLE PRECISION NOT NULL,
    miss_cross_track_km DOUBLE PRECISION NOT NULL,
    relative_speed_km_s DOUBLE PRECISION NOT NULL,
    maximum_probability DOUBLE PRECISION NOT NULL,
    dilution_km DOUBLE PRECISION,
    probability DOUBLE PRECISION,
    method SMALLINT NOT NULL,
    at_edge BOOLEAN NOT NULL
);
CREATE INDEX conjunction_history_by_conjunction ON conjunction_history (tenant, conjunction);

CREATE TABLE watch_lists (
    tenant TEXT NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    updated BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE watched_objects (
    tenant TEXT NOT NULL,
    watch_list UUID NOT NULL,
    place BIGINT NOT NULL,
    object BIGINT NOT NULL,
    hard_body_radius_m DOUBLE PRECISION,
    maneuverable BOOLEAN NOT NULL,
    min_probability DOUBLE PRECISION,
    max_miss_distance_km DOUBLE PRECISION,
    PRIMARY KEY (tenant, watch_list, place),
    FOREIGN KEY (tenant, watch_list) REFERENCES watch_lists (tenant, id) ON DELETE CASCADE
);

CREATE TABLE rules (
    tenant TEXT NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    watch_list UUID,
    min_probability DOUBLE PRECISION,
    max_miss_distance_km DOUBLE PRECISION,
    within_hours DOUBLE PRECISION,
    relations BOOLEAN NOT NULL,
    severity SMALLINT NOT NULL,
    channels TEXT NOT NULL,
    escalate_after_minutes BIGINT,
    escalation_channels TEXT NOT NULL,
    updated BIGINT NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, watch_list) REFERENCES watch_lists (tenant, id)
);
CREATE INDEX rules_by_watch_list ON rules (tenant, watch_list);

CREATE TABLE alerts (
    tenant TEXT NOT NULL,
    id UUID NOT NULL,
    subject_key TEXT NOT NULL,
    subject TEXT NOT NULL,
    conjunction UUID,
    severity SMALLINT NOT NULL,
    state TEXT NOT NULL,
    summary TEXT NOT NULL,
    opened BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at BIGINT,
    resolved BIGINT,
    muted_until BIGINT,
    escalate_at BIGINT,
    escalated BIGINT,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX alerts_unresolved ON alerts (tenant, subject_key) WHERE state <> 'resolved';
CREATE INDEX alerts_to_escalate ON alerts (escalate_at) WHERE state = 'open' AND escalate_at IS NOT NULL;
CREATE INDEX alerts_muted ON alerts (muted_until) WHERE state = 'muted' AND muted_until IS NOT NULL;

CREATE TABLE deliveries (
    id UUID PRIMARY KEY,
    tenant TEXT NOT NULL,
    alert UUID NOT NULL,
    change TEXT NOT NULL,
    channel TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt BIGINT NOT NULL,
    taken_until BIGINT,
    problem TEXT,
    FOREIGN KEY (tenant, alert) REFERENCES alerts (tenant, id)
);
CREATE INDEX deliveries_by_alert ON deliveries (tenant, alert);
CREATE INDEX deliveries_due ON deliveries (next_attempt) WHERE state = 'due';

CREATE TABLE webhooks (
    tenant TEXT NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE api_keys (
    tenant TEXT NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    hash BYTEA NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    expires BIGINT,
    revoked BIGINT,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE audit (
    entry BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT NOT NULL,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (tenant, at, entry);

CREATE TABLE answers (
    tenant TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request BYTEA NOT NULL,
    status SMALLINT NOT NULL,
    body BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant, idempotency_key)
);

-- The outbox. `entry` counts insertions, `position` is given after the commit.
CREATE TABLE events (
    entry BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    position BIGINT UNIQUE,
    tenant TEXT NOT NULL,
    topic TEXT NOT NULL,
    at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX events_without_position ON events (entry) WHERE position IS NULL;

CREATE TABLE event_positions (
    only_row SMALLINT PRIMARY KEY CHECK (only_row = 1),
    newest BIGINT NOT NULL
);
INSERT INTO event_positions (only_row, newest) VALUES (1, 0);

CREATE TABLE consumers (
    consumer TEXT PRIMARY KEY,
    position BIGINT NOT NULL
);

CREATE TABLE consumed (
    consumer TEXT NOT NULL,
    event UUID NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (consumer, event)
);
