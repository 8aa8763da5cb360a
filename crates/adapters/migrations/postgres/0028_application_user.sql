-- The service may sign in as a user that reads and writes rows and nothing else (`astroshield migrate` makes it, with
-- store.application_user). What it needs beside that is to make the months of element sets: the function does so with the rights
-- of the owner of the tables, whoever may call it, and finds nothing but in their schema.
--
-- Additive: the release before runs on these tables, too, as their owner.

DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION astroshield_make_month(date) SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());
END
$$;
REVOKE EXECUTE ON FUNCTION astroshield_make_month(date) FROM PUBLIC;
