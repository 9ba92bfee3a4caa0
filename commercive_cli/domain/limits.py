"""How much a list may hold; the lengths of texts are in `domain.text`, DynamoDB's limits in `store.limits`."""

DEFAULT_LIMIT = 100
"""Items of a page when the caller does not say."""

LARGEST_LIMIT = 500
"""Items of a page at most."""

LONGEST_TAIL = 10_000
"""Messages that a thread shows from its end at most."""
