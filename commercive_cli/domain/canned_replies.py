"""Canned replies: text with {{variables}}, which is only sent when every variable has its value."""

import re
from collections.abc import Mapping

from commercive_cli.domain.errors import Invalid

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


def variables_of(template: str) -> list[str]:
    """Return the names of a template's variables, in order, each once."""
    return list(dict.fromkeys(_VARIABLE.findall(template)))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return the template with each `{{name}}` replaced by its value, once: values are not filled again.

    Raises Invalid when a variable has no value, is given an empty one, or a value has no variable.
    """
    names = variables_of(template)
    unfilled = [name for name in names if not values.get(name, "").strip()]
    if unfilled:
        raise Invalid(f"the template wants a value for {', '.join(unfilled)}; give it with --var {unfilled[0]}=...")
    unknown = [name for name in values if name not in names]
    if unknown:
        known = f"its variables are {', '.join(names)}" if names else "it has none"
        raise Invalid(f"the template has no variable {unknown[0]!r}; {known}")
    return _VARIABLE.sub(lambda match: values[match[1]], template)
