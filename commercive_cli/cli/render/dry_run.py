"""What --dry-run shows: every change that would be made, attribute by attribute."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel

from commercive_cli.cli.render.columns import PLANNED, PLANNED_CARD
from commercive_cli.cli.render.views import VIEWS, Section, View
from commercive_cli.store.dry_run import PlannedWrite
from commercive_cli.store.items import OtherValue


class PlannedWriteShown(BaseModel):
    """One item that would change: which, and its changing attributes before and after."""

    action: str
    table: str
    key: dict[str, Any]
    attributes: dict[str, dict[str, Any]]


class DryRunShown(BaseModel):
    """A rehearsed command's changes, in the order they would be made. Nothing was written."""

    dry_run: Literal[True] = True
    changes: list[PlannedWriteShown]


def dry_run_shown(changes: Sequence[PlannedWrite]) -> DryRunShown:
    """Return what a rehearsal recorded, ready to be shown."""
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


def attribute_rows(plan: DryRunShown) -> Iterable[PlannedAttributeShown]:
    """Yield one row an attribute; a change without attributes, such as a table's, is one row."""
    for change in plan.changes:
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
    """One planned change as people read it: what happens to which item, and a line for each attribute."""

    change: str
    key: str
    values: str


def change_cards(plan: DryRunShown) -> Iterable[PlannedWriteCard]:
    """Yield one card a change; a new item's attributes have no value before."""
    for change in plan.changes:
        lines = [_in_words(name, **values) for name, values in change.attributes.items() if name not in change.key]
        key = " ".join(map(str, change.key.values()))
        yield PlannedWriteCard(change=f"{change.action} {change.table}", key=key, values="\n".join(lines))


def _in_words(name: str, before: Any, after: Any) -> str:
    return f"{name}: {after}" if before is None else f"{name}: {before} → {'nothing' if after is None else after}"


def named_changes(plan: DryRunShown) -> Iterable[PlannedAttributeShown]:
    """Yield a row for each thing that would change, once: its id, or the table's name."""
    things = {str(next(iter(change.key.values()), change.table)): change for change in plan.changes}
    for key, change in things.items():
        yield PlannedAttributeShown(action=change.action, table=change.table, key=key, attribute="")


VIEWS[DryRunShown] = View(
    attribute_rows, PLANNED, (Section(change_cards, PLANNED_CARD, card=True),), named=named_changes
)
