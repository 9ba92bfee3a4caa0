"""The API's secrets: their variables, and the JSON object in which AWS Secrets Manager keeps them for a Lambda."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted

DOCUMENT = "COMMERCIVE_SECRETS"
"""Names the secret of AWS Secrets Manager whose values count as those of the variables below."""

ADDRESS_KEY = "COMMERCIVE_ADDRESS_KEY"
ANSWER_TOKEN = "COMMERCIVE_ANSWER_TOKEN"  # noqa: S105 - the variable's name
JWT_SECRET = "COMMERCIVE_JWT_SECRET"  # noqa: S105 - likewise
ORIGIN_SECRET = "COMMERCIVE_ORIGIN_SECRET"  # noqa: S105 - likewise
SUPABASE_KEY = "COMMERCIVE_SUPABASE_KEY"
SECOND = "_2"
"""What the name of a second value ends with: both count, so that one can take the place of the other."""

WITH_SECOND = (ANSWER_TOKEN, JWT_SECRET, ORIGIN_SECRET, SUPABASE_KEY)
SECRETS = (ADDRESS_KEY, *(name + end for name in WITH_SECOND for end in ("", SECOND)))


def both_values(
    environ: Mapping[str, str], variable: str, read: Callable[[Mapping[str, str], str], str]
) -> tuple[str, ...]:
    """Return the values of a secret that are set, the first one first; `read` returns that of one variable."""
    return tuple(value for name in (variable, variable + SECOND) if (value := read(environ, name)))


def with_secrets(environ: Mapping[str, str], document: str) -> dict[str, str]:
    """Return the environment with the values of a document, which go before; raise Invalid when it is malformed.

    No message quotes a value.
    """
    try:
        values = json.loads(document)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise _malformed("is no JSON object")
    for name, value in values.items():
        _check(name, value)
    return {**environ, **values}


def _check(name: str, value: Any) -> None:
    if name not in SECRETS:
        raise _malformed(f"names {quoted(name)}, which is none of {', '.join(SECRETS)}")
    if not isinstance(value, str):
        raise _malformed(f"has something else than a text for {name}")


def _malformed(how: str) -> Invalid:
    return Invalid(f"the secret that {DOCUMENT} names {how}")
