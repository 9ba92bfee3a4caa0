"""Values of settings as people paste them: what came along is refused with the mend, since it would be taken literally.

No message quotes a value, as it may be a secret.
"""

from collections.abc import Mapping
from typing import Literal

from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Invalid

_NO_OR_YES: tuple[Literal["false", "true"], ...] = ("false", "true")
_QUOTES = tuple("\"'`“”„‘’«»")  # noqa: RUF001 - those of word processors are what gets pasted


def pasted(environ: Mapping[str, str], variable: str) -> str:
    """Return the value of a variable, or nothing; raise Invalid as `clean` does."""
    return clean(environ.get(variable, ""), variable)


def is_true(environ: Mapping[str, str], variable: str) -> bool:
    """Return whether a variable is `true`, and not `false` or unset; raise Invalid for anything else."""
    return choose(pasted(environ, variable) or "false", _NO_OR_YES, variable) == "true"


def clean(value: str, name: str) -> str:
    """Return a value; raise Invalid when it has spaces around, stands in quotes, or holds what nobody sees."""
    if value != value.strip():
        raise Invalid(f"{name} begins or ends with a space or a line break; remove it")
    if value.startswith(_QUOTES) or value.endswith(_QUOTES):
        raise Invalid(f"{name} begins or ends with a quote, which would be part of it; remove the quotes")
    if not value.isprintable():
        raise Invalid(f"{name} holds a line break or an invisible character; copy it again, as one line")
    return value
