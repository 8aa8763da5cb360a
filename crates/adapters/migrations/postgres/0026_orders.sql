-- Additive: the release before runs on these tables, too.

-- The index of TCA holds what every order compares: one without an index of its own is found by going through it. An index for each
-- would cost a run far more than all of them cost here (ADR 15). Objects are left out, which their own indexes find: SQLite would
-- take this one for them.
DROP INDEX conjunctions_by_tca;
CREATE INDEX conjunctions_by_tca ON conjunctions
    (tenant, status, tca, id, leading_probability, miss_distance_km, relation, relative_speed_km_s, maximum_probability,
     first_seen, first_epoch_ns, second_epoch_ns, passed);
-- It tells those that are past from those that are cleared, too.
DROP INDEX conjunctions_passed;
