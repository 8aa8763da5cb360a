-- Additive: the release before runs on these tables, too. What it stores has no orientation.

-- The orientation of the Earth that an ephemeris fixed to it is turned with, as it was known on arrival.
ALTER TABLE ephemerides ADD COLUMN orientation TEXT;
