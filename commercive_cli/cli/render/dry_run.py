"""The output of --dry-run: every change that would be made, with its attributes before and after."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel

from commercive_cli.cli.render.columns import PLANNED, PLANNED_CARD
from commercive_cli.cli.render.moments import rfc3339
from commercive_cli.cli.render.values import state_in_words
from commercive_cli.cli.render.views import VIEWS, Section, View
from commercive_cli.store.dry_run import PlannedWrite
from commercive_cli.store.items import OtherValue

_TIMES = ("_at", "_since", "_updated", "_until")
"""How the names of attributes end that hold times in milliseconds."""
_NAMES_OF_TIMES = ("at", "until")


class PlannedWriteShown(BaseModel):
    """One item that would change, with its changing attributes before and after."""

    action: str
    table: str
    key: dict[str, Any]
    attributes: dict[str, dict[str, Any]]


class DryRunShown(BaseModel):
    """The changes that a dry run recorded, in the order in which they would be made."""

    dry_run: Literal[True] = True
    changes: list[PlannedWriteShown]


def dry_run_shown(changes: Sequence[PlannedWrite]) -> DryRunShown:
    """Return the recorded changes as an answer."""
    return DryRunShown(
        changes=[
            PlannedWriteShown(
                action=change.action,
                table=change.table,
                key=_json(change.key),
                attributes=_differences(change.before or {}, change.after or {}),
            )
            for change in changes
        ]
    )


class PlannedAttributeShown(BaseModel):
    """One attribute of one planned change."""

    action: str
    table: str
    key: str
    attribute: str
    before: Any = None
    after: Any = None


def attribute_rows(answer: DryRunShown) -> Iterable[PlannedAttributeShown]:
    """Yield one row for each attribute; a change without attributes, as of a table, is one row."""
    for change in answer.changes:
        key = " ".join(map(str, change.key.values()))
        for name, values in (change.attributes or {"": {}}).items():
            yield PlannedAttributeShown(
                action=change.action,
                table=change.table,
                key=key,
                attribute=name,
                before=values.get("before"),
                after=values.get("after"),
            )


def _differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    names = [name for name in before | after if before.get(name) != after.get(name)]
    return {name: {"before": _json(before.get(name)), "after": _json(after.get(name))} for name in names}


def _json(value: Any) -> Any:
    match value:
        case dict():
            return {name: _json(each) for name, each in value.items()}
        case list() | tuple():
            return [_json(each) for each in value]
        case Decimal():
            return float(value)
        case OtherValue():
            return str(value)
    return value


class PlannedWriteCard(BaseModel):
    """One planned change for people: the action, the item's key, and a line for each attribute."""

    change: str
    key: str
    values: str


def change_cards(answer: DryRunShown) -> Iterable[PlannedWriteCard]:
    """Yield one card for each change."""
    for change in answer.changes:
        lines = [_in_words(name, **values) for name, values in change.attributes.items() if name not in change.key]
        key = " ".join(map(str, change.key.values()))
        yield PlannedWriteCard(change=f"{change.action} {change.table}", key=key, values="\n".join(lines))


def _in_words(name: str, before: Any, after: Any) -> str:
    now = "nothing" if after is None else _readable(name, after)
    return f"{name}: {now}" if before is None else f"{name}: {_readable(name, before)} → {now}"


def _readable(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return state_in_words(value)
    is_time = isinstance(value, int) and (name in _NAMES_OF_TIMES or name.endswith(_TIMES))
    return rfc3339(value) if is_time else str(value)


def named_changes(answer: DryRunShown) -> Iterable[PlannedAttributeShown]:
    """Yield one row for each id that would change, or for a table its name."""
    by_id = {str(next(iter(change.key.values()), change.table)): change for change in answer.changes}
    for key, change in by_id.items():
        yield PlannedAttributeShown(action=change.action, table=change.table, key=key, attribute="")


VIEWS[DryRunShown] = View(
    attribute_rows,
    PLANNED,
    (Section(change_cards, PLANNED_CARD, card=True),),
    named=named_changes,
    empty="Nothing would change.",
)
