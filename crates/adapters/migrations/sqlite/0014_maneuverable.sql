-- Additive: the release before runs on these tables, too. Where nothing is stated it reads that a satellite cannot maneuver,
-- which is what it wrote then.

-- Whether a watch list says of a satellite that it can maneuver or cannot; what was written before says one of them.
ALTER TABLE watched_objects ADD COLUMN maneuverable_stated INTEGER NOT NULL DEFAULT 1;
