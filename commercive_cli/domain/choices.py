"""Checks that a word is one of a fixed set, and suggests the nearest one when it is mistyped."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TypeVar

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted

Choice = TypeVar("Choice", bound=str)

_LONGEST_TYPED = 64
"""Characters; nobody mistypes a word to more, and to compare a long text with words takes long."""


def choose(value: object, choices: Sequence[Choice], field: str) -> Choice:
    """Return `value` if it is one of `choices`; otherwise raise Invalid, which names the nearest one and all others."""
    for choice in choices:
        if value == choice:
            return choice
    near = nearest(str(value), choices)
    hint = f"; did you mean {near}?" if near else ";"
    raise Invalid(f"{field} {quoted(value)} is unknown{hint} choose one of {', '.join(choices)}", field=field)


def nearest(value: str, choices: Iterable[str]) -> str | None:
    """Return the choice that looks most like `value`, or None when none does."""
    if len(value) > _LONGEST_TYPED:
        return None
    return next(iter(get_close_matches(value, tuple(choices), n=1)), None)


def suggestion(value: str, choices: Iterable[str]) -> str:
    """Return ` (did you mean x?)` when a choice looks like `value`, in whatever case, else nothing."""
    by_fold = {choice.casefold(): choice for choice in choices}
    near = nearest(value, by_fold.values()) or by_fold.get(nearest(value.casefold(), by_fold) or "")
    return f" (did you mean {near}?)" if near else ""
