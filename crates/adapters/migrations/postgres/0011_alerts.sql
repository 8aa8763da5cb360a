-- Who resolved and who muted an alert, and who made the message that it tells of.
ALTER TABLE alerts ADD COLUMN resolved_by TEXT;
ALTER TABLE alerts ADD COLUMN muted_by TEXT;
ALTER TABLE alerts ADD COLUMN originator TEXT;
