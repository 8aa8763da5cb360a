-- Additive: the release before signs with the newer secret only, and leaves these as they are.

-- The secret before the one of a webhook, until when messages are signed with it, too, and what retired it.
ALTER TABLE webhooks ADD COLUMN retired_secret TEXT;
ALTER TABLE webhooks ADD COLUMN retired_until BIGINT;
ALTER TABLE webhooks ADD COLUMN rotation UUID;
