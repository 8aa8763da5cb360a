-- The index of each order holds what the lists compare, so that rows are read only where they are shown.
DROP INDEX conjunctions_by_tca;
DROP INDEX conjunctions_by_probability;
DROP INDEX conjunctions_by_miss_distance;
CREATE INDEX conjunctions_by_tca ON conjunctions
    (tenant, status, tca, id, leading_probability, miss_distance_km, relation);
CREATE INDEX conjunctions_by_probability ON conjunctions
    (tenant, status, leading_probability DESC, id, tca, miss_distance_km, relation);
CREATE INDEX conjunctions_by_miss_distance ON conjunctions
    (tenant, status, miss_distance_km, id, tca, leading_probability, relation);
CREATE INDEX alerts_by_conjunction ON alerts (tenant, conjunction);
