"""How many items a list may hold. Lengths of texts are in `domain.text`, DynamoDB's limits in `store.limits`."""

DEFAULT_LIMIT = 100
"""How many items a page holds when the caller does not say."""

LARGEST_LIMIT = 500
"""The most items that a page may hold."""

TOP = 10
"""How many are shown of those who have most, when the caller does not say."""

LONGEST_TAIL = 10_000
"""The most messages that may be shown from the end of a conversation."""

MOST_ITEMS = 1_000
"""More items than one person has, as a rule: an id that so many carry may be an account that people share."""
