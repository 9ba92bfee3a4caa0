"""Answers of seeding."""

from commercive_cli.domain.answers.base import Answer


class Seeded(Answer):
    """How many items a seed run stored; `changed` is False when the same data had been loaded already."""

    changed: bool
    conversations: int
    messages: int
    affiliates: int
    leads: int
