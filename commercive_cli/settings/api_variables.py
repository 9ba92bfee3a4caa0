"""The variables of the API, found by letting it read its settings, and what it says to each of them by itself."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.api import load_api
from commercive_cli.settings.tokens import SHORTEST_SECRET

_STARTS = {"COMMERCIVE_JWT_ISSUER": "https://issuer.invalid", "COMMERCIVE_ADDRESS_KEY": "0" * SHORTEST_SECRET}
"""An environment in which the API starts."""


class _Asked(dict[str, str]):
    """An environment that remembers for which variables it was asked."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(variables)
        self.names: dict[str, None] = {}

    def get(self, name: str, default: Any = None) -> Any:
        self.names[name] = None
        return super().get(name, default)


def api_variables() -> Iterable[str]:
    """Return the names of all variables that the API reads, in its order."""
    environ = _Asked(_STARTS)
    load_api(environ)
    return environ.names


def api_problems(given: Mapping[str, str]) -> dict[str, str]:
    """Return what the API says to the variables that stop it, each tried where all else is right.

    They are tried alone, and those that fail in pairs, since some belong together.
    """
    right = dict(_STARTS)
    problems = dict.fromkeys(given, "")
    for names in (*combinations(given, 1), *combinations(given, 2)):
        if not problems.keys() >= set(names):
            continue
        tried = right | {name: given[name] for name in names}
        try:
            load_api(tried)
        except Invalid as refusal:
            problems[names[0]] = problems[names[0]] or refusal.message
        else:
            right = tried
            for name in names:
                del problems[name]
    return problems
