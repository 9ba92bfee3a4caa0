"""Reads TOML; whatever is wrong with a text is one error, also what Python's parser does not call one."""

import tomllib
from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any


class NotTOML(ValueError):
    """The text is not TOML, or holds what no setting needs: numbers or nesting beyond what Python reads."""


def read_toml(text: str, parse_float: Callable[[str], Any] = Decimal) -> dict[str, Any]:
    """Return what a text sets; raise NotTOML, which says what is wrong and where."""
    try:
        return tomllib.loads(text, parse_float=parse_float)
    except tomllib.TOMLDecodeError as error:
        raise NotTOML(str(error)) from None
    except (ValueError, DecimalException):
        raise NotTOML("a number in it is too long to be read") from None
    except RecursionError:
        raise NotTOML("it is nested too deeply to be read") from None
