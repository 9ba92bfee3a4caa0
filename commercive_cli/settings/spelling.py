"""Suggestions for words that are nearly right."""

from collections.abc import Iterable

from commercive_cli.domain.choices import nearest as nearest_choice


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean x?)` when a known word is close, else nothing."""
    close = nearest_choice(word, tuple(known))
    return f" (did you mean {close}?)" if close else ""
