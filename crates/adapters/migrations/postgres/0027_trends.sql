-- Additive: the release before runs on these tables, too.

-- Trends, and what was known at a time, are in the index: the rows of a conjunction's history lie apart, one for each run, and each
-- would be read from the disk for itself.
DROP INDEX conjunction_history_by_conjunction;
CREATE INDEX conjunction_history_by_conjunction ON conjunction_history
    (tenant, conjunction, at, entry, probability, maximum_probability, miss_distance_km);
