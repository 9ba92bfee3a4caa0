"""Values of settings as people paste them: what came along is refused with the mend, since it would be taken literally.

No message quotes a value, as it may be a secret.
"""

from collections.abc import Mapping

from commercive_cli.domain.errors import Invalid

_QUOTES = tuple("\"'`“”„‘’«»")  # noqa: RUF001 - those of word processors are what gets pasted


def pasted(environ: Mapping[str, str], variable: str) -> str:
    """Return the value of a variable, or nothing; raise Invalid as `clean` does."""
    return clean(environ.get(variable, ""), variable)


def clean(value: str, name: str) -> str:
    """Return a value; raise Invalid when it has spaces around, stands in quotes, or holds what nobody sees."""
    if value != value.strip():
        raise Invalid(f"{name} begins or ends with a space or a line break; remove it")
    if value.startswith(_QUOTES) or value.endswith(_QUOTES):
        raise Invalid(f"{name} begins or ends with a quote, which would be part of it; remove the quotes")
    if not value.isprintable():
        raise Invalid(f"{name} holds a line break or an invisible character; copy it again, as one line")
    return value
