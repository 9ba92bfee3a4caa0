"""What the ops table holds for every service: idempotency keys, audit log, link claims, rate limits."""
