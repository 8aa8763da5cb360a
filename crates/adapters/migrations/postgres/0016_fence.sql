-- A second fence between tenants, behind the conditions in the statements. A connection says for whom it asks by the setting
-- astroshield.tenant: the name of a tenant, or '*' for what the service does for everybody. Without it there is nothing to
-- be seen and nothing can be written. The user that owns the tables is held to this, too; one with SUPERUSER or BYPASSRLS is
-- not.

-- Fences a table with a column `tenant`. Every such table has to be fenced; of one that is shared, what is public is read by
-- everybody. The setting is asked for once in a statement, not once in a row.
CREATE FUNCTION astroshield_fence(fenced regclass, is_shared boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    asks CONSTANT text := '(SELECT nullif(current_setting(''astroshield.tenant'', true), ''''))';
    own CONSTANT text := format('(%1$s = ''*'' OR tenant = %1$s)', asks);
    seen CONSTANT text := CASE WHEN is_shared
        THEN format('(%1$s OR tenant = ''public'' AND %2$s IS NOT NULL)', own, asks) ELSE own END;
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', fenced);
    EXECUTE format('CREATE POLICY seen ON %s FOR SELECT USING %s', fenced, seen);
    EXECUTE format('CREATE POLICY added ON %s FOR INSERT WITH CHECK %s', fenced, own);
    EXECUTE format('CREATE POLICY changed ON %s FOR UPDATE USING %s WITH CHECK %s', fenced, own, own);
    EXECUTE format('CREATE POLICY removed ON %s FOR DELETE USING %s', fenced, own);
END
$$;

SELECT astroshield_fence(name::regclass, true) FROM unnest(ARRAY[
    'ingests', 'element_sets', 'objects', 'uploads', 'cdms', 'runs', 'conjunctions', 'conjunction_history', 'alerts',
    'events'
]) AS name;
-- What users set up or are told, and what they keep to themselves.
SELECT astroshield_fence(name::regclass, false) FROM unnest(ARRAY[
    'ephemerides', 'covered_objects', 'watch_lists', 'watched_objects', 'rules', 'deliveries', 'webhooks', 'api_keys',
    'audit', 'answers', 'attempts'
]) AS name;
