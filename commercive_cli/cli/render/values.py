"""Values as text: whole and with RFC 3339 times for machines, short for people."""

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.moments import rfc3339

if TYPE_CHECKING:
    from commercive_cli.cli.render.display import Display


def plain(column: Column, record: Any) -> str:
    """Return a record's value for machines: complete and not escaped; empty when there is none."""
    value = column.value(record)
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() if column.kind == "time":
            return rfc3339(value)
        case Decimal() if column.kind == "money":
            return f"{value:.2f}"  # however large: `quantize` refuses what others stored beyond 28 digits
        case dict():
            return json.dumps(value, ensure_ascii=False, default=_number)
        case list() | tuple():
            return "; ".join(map(str, value))
    return str(value)


def friendly(column: Column, record: Any, display: "Display") -> str:
    """Return a record's value for people: ids and times as the display shows them."""
    value = column.value(record)
    match value:
        case None | "":
            return "" if column.kind == "bar" else "-"
        case bool():
            return "yes" if value else "no"
        case str() if column.kind == "id":
            return display.id(value)
        case (int() as until, str() as holder) if column.kind == "claim":
            return display.claim(until, holder)
        case str() if column.kind == "shop":
            return value.removesuffix(".myshopify.com") or value
        case int() if column.kind == "time":
            return display.moments.in_list(value)
        case int() if column.kind == "count":
            return f"{value:,}"
        case Decimal() if column.kind == "money":
            return f"{value:,.2f}"
        case dict():
            return state_in_words(value)
    return plain(column, record)


def state_in_words(state: dict[str, Any]) -> str:
    """Return the state of a record before or after a change, its status first."""
    return ", ".join(map(_part_in_words, sorted(state.items(), key=lambda pair: pair[0] != "status"))) or "-"


def _part_in_words(named: tuple[str, Any]) -> str:
    """Return a part of a state as people say it: a status and an amount need no name."""
    match named:
        case "status", str(status):
            return status
        case _, Decimal() as amount:
            return f"{amount:,.2f}"
    return f"{named[0]}={named[1]}"


def _number(value: object) -> float | str:
    return float(value) if isinstance(value, Decimal) else str(value)
