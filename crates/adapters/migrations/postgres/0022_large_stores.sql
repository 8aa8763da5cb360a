-- Element sets by the month of their epoch, each month a partition of its own: what arrives goes into the part that is in use,
-- whose index stays small, and what is old is no longer touched. By the epoch and not by the arrival, as the primary key has
-- it: so an element set that comes again, however late, is still known, and the current one of an object is looked for in one
-- part alone.
--
-- The rows that are there stay where they are: their table becomes the partition of all that is before the first month. That
-- reads them twice (0.2 s for a million) and moves none but those of a later time.
--
-- Additive: the release before runs on these tables, too. It makes no months; what comes after the last one is in the default
-- partition, until a process of this release makes the month and moves it there. It finds names without an index, as it did.

ALTER TABLE element_sets RENAME TO element_sets_before;
ALTER TABLE element_sets_before RENAME CONSTRAINT element_sets_pkey TO element_sets_before_pkey;
CREATE TABLE element_sets (LIKE element_sets_before INCLUDING DEFAULTS) PARTITION BY RANGE (epoch_ns);
ALTER TABLE element_sets ADD PRIMARY KEY (tenant, object, epoch_ns, digest);
CREATE TABLE element_sets_default PARTITION OF element_sets DEFAULT;
SELECT astroshield_fence('element_sets', true);
-- A partition is fenced by itself against who asks it, and not its whole.
SELECT astroshield_fence('element_sets_default', true);

-- From a day on, as the epochs of element sets are counted.
CREATE FUNCTION astroshield_epoch_ns(day date) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT extract(epoch FROM day)::bigint * 1000000000
$$;

DO $$
DECLARE
    -- A store that was in use has rows of this month.
    first CONSTANT bigint := astroshield_epoch_ns((date_trunc('month', now() AT TIME ZONE 'UTC')
        + CASE WHEN EXISTS (SELECT FROM element_sets_before) THEN interval '1 month' ELSE interval '0' END)::date);
BEGIN
    WITH later AS (DELETE FROM element_sets_before WHERE epoch_ns >= first RETURNING *)
        INSERT INTO element_sets_default SELECT * FROM later;
    EXECUTE format(
        'ALTER TABLE element_sets ATTACH PARTITION element_sets_before FOR VALUES FROM (MINVALUE) TO (%s)', first);
END
$$;

-- Makes the partition of a month, unless there is one that takes it, and moves there what the default one has of it. Says
-- whether it did. Attaching, unlike CREATE TABLE ... PARTITION OF, lets others go on reading and writing.
CREATE FUNCTION astroshield_make_month(month date) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    part CONSTANT text := 'element_sets_' || to_char(month, 'YYYY_MM');
    start CONSTANT bigint := astroshield_epoch_ns(month);
    stop CONSTANT bigint := astroshield_epoch_ns((month + interval '1 month')::date);
    other regclass;
    takes boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('months', 0));
    FOR other IN SELECT inhrelid FROM pg_inherits
        WHERE inhparent = 'element_sets'::regclass AND inhrelid <> 'element_sets_default'::regclass
    LOOP
        EXECUTE format('SELECT %s FROM (SELECT %s::bigint AS epoch_ns) AS asked', pg_get_partition_constraintdef(other), start)
            INTO takes;
        IF takes THEN
            RETURN false;
        END IF;
    END LOOP;
    -- What would come between the move and the attachment waits.
    LOCK TABLE element_sets_default IN SHARE ROW EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE %I (LIKE element_sets INCLUDING ALL)', part);
    EXECUTE format('WITH moved AS (DELETE FROM element_sets_default WHERE epoch_ns >= %s AND epoch_ns < %s RETURNING *)
        INSERT INTO %I SELECT * FROM moved', start, stop, part);
    PERFORM astroshield_fence(part::regclass, true);
    EXECUTE format('ALTER TABLE element_sets ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', part, start, stop);
    RETURN true;
END
$$;

-- What public objects are searched by, outside of the fence: it is nobody's secret, and behind a fence PostgreSQL uses no index
-- for LIKE, which might tell of rows that are not seen. A tenant's own objects are few, and are looked through.
CREATE TABLE public_names (
    object BIGINT PRIMARY KEY,
    named TEXT NOT NULL
);
INSERT INTO public_names SELECT number, search FROM objects WHERE tenant = 'public' ORDER BY number;
CREATE INDEX public_names_by_named ON public_names USING gin (named gin_trgm_ops);
DROP INDEX objects_by_search;

CREATE FUNCTION astroshield_add_public_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public_names SELECT number, search FROM added WHERE tenant = 'public'
        ON CONFLICT (object) DO UPDATE SET named = excluded.named;
    RETURN NULL;
END
$$;
CREATE TRIGGER public_names_added AFTER INSERT ON objects REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION astroshield_add_public_names();

CREATE FUNCTION astroshield_change_public_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public_names SET named = NEW.search WHERE object = NEW.number;
    RETURN NULL;
END
$$;
-- Most catalogs change no name.
CREATE TRIGGER public_name_changed AFTER UPDATE ON objects
    FOR EACH ROW WHEN (NEW.tenant = 'public' AND NEW.search IS DISTINCT FROM OLD.search)
    EXECUTE FUNCTION astroshield_change_public_name();
