"""The records of the `ops` table, which all services use: idempotency keys, audit log, link claims, rate limits."""
