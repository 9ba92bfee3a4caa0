"""Canned replies: texts with {{variables}}, which are only sent when every variable has a value."""

import re
from collections.abc import Mapping

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted, shortened

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


def variables_of(reply: str) -> list[str]:
    """Return the names of a reply's variables, in order, each once."""
    return list(dict.fromkeys(_VARIABLE.findall(reply)))


def fill(reply: str, values: Mapping[str, str]) -> str:
    """Return the reply with each `{{name}}` replaced by its value. Braces within a value are not replaced.

    Raises Invalid when a variable has no value or an empty one, or when a value is given for no variable.
    """
    names = variables_of(reply)
    unfilled = [name for name in names if not values.get(name, "").strip()]
    if unfilled:
        missing = shortened(", ".join(unfilled))
        raise Invalid(f"the canned reply needs a value for {missing}; add --var {shortened(unfilled[0])}=...")
    unknown = [name for name in values if name not in names]
    if unknown:
        known = f"its variables are {', '.join(names)}" if names else "it has none"
        raise Invalid(f"the canned reply has no variable {quoted(unknown[0])}; {known}")
    return _VARIABLE.sub(lambda match: values[match[1]], reply)
