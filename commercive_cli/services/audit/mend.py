"""Attributes of one item set right by hand, where only a person can say what they should hold."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commercive_cli.domain.answers.audit import Mended
from commercive_cli.domain.attributes import Attribute, attributes_of
from commercive_cli.domain.choices import choose, nearest
from commercive_cli.domain.clock import FAR_FUTURE, Clock, Sleep, system_clock
from commercive_cli.domain.commissions import Bound
from commercive_cli.domain.errors import Invalid, NotTaken
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.models import Lead
from commercive_cli.domain.money import counted_commission
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.domain.text import actor_id
from commercive_cli.domain.web_addresses import link_danger
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.audit.link_dangers import LINKS
from commercive_cli.services.audit.mended_stats import COUNTED, stats_writes
from commercive_cli.services.audit.states import SUBJECTS, last_row, state_of, state_problem
from commercive_cli.services.audit.typed_keys import find_typed
from commercive_cli.services.leads.approval import UNGUARDED, ApprovalRules, Approver, Permission
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import CONVERSATIONS, LEADS, TABLES, Table
from commercive_cli.store.writes import All, Exists, Put, Update, unchanged

_KINDS = {table: kind for kind, table in SUBJECTS.items()}
_TOLD = {LEADS: (*COUNTED, "lead_email", "link_id"), CONVERSATIONS: ("status",)}
"""What goes with a change depends on this, whichever attributes that is about: audit row, stats, who may approve."""

_GIVEN = ("status", "commission_amount")


@dataclass(frozen=True)
class Changes:
    """Attributes to set, by name, and names of attributes to remove."""

    set: Mapping[str, Any]
    remove: Sequence[str] = ()

    def of(self, item: Item) -> "Changes":
        """Return those that change anything about an item."""
        differing = {name: value for name, value in self.set.items() if not _same(item, name, value)}
        return Changes(differing, tuple(name for name in self.remove if name in item))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the attributes that they are about."""
        return (*self.set, *self.remove)

    def applied(self, item: Item) -> Item:
        """Return the item as they leave it."""
        return {name: value for name, value in (item | dict(self.set)).items() if name not in self.remove}


@dataclass(frozen=True)
class MendService:
    """Sets and removes attributes of one item, whatever state it is in; its key stays as it is.

    What makes a lead approved, or its amount another, keeps to the rules of approvals.
    """

    store: Store
    clock: Clock = system_clock
    new_id: NewId = new_id
    sleep: Sleep = time.sleep
    bounds: Sequence[Bound] = ()

    def mend(self, table: str, key: str, actor: str, changes: Changes) -> Mended:
        """Change an item, with an audit row and what that does to stats in the same transaction.

        `table` is named with or without prefix. `key` is the id, or partition and sort key with a blank or / between.
        Raises NotFound, Invalid for what the item must not hold or lack, and Forbidden for an approval that its actor
        may not give.
        """
        by = actor_id(actor)
        chosen = _table(table.removeprefix(self.store.prefix))
        for _ in range(TRIES):
            item = find_typed(self.store, chosen, key)
            _check(chosen, item, changes)
            needed = changes.of(item)
            try:
                if needed.names:
                    self._write(chosen, item, needed, by)
            except ConditionFailed:
                continue
            name = " ".join(map(str, chosen.key_of(item).values()))
            return Mended(table=chosen.name, id=name, mended=needed.names, changed=bool(needed.names))
        raise NotTaken(f"{shortened(key)} is changing too fast; nothing was written, try again")

    def _write(self, table: Table, item: Item, changes: Changes, actor: str) -> None:
        as_read = All(Exists(), unchanged(item, *{*changes.names, *_TOLD.get(table, ())}))
        mended = Update(table, table.key_of(item), set=changes.set, remove=tuple(changes.remove), when=as_read)
        after = changes.applied(item)
        stats = []
        if table is LEADS:
            recompute = RecomputeService(self.store, self.clock, self.new_id, self.sleep)
            stats = stats_writes(recompute, item, after, actor)
        checks = self._permission(item, after, actor).link if table is LEADS else ()
        self.store.transact(mended, self._row(table, item, after, changes, actor), *stats, *checks)

    def _permission(self, before: Item, after: Item, actor: str) -> Permission:
        if after.get("status") != "approved" or all(after.get(name) == before.get(name) for name in _GIVEN):
            return UNGUARDED
        given = counted_commission(*(after.get(name) for name in _GIVEN))
        return ApprovalRules(self.store, self.bounds).permit(Lead.of(after), given, Approver(actor))

    def _row(self, table: Table, item: Item, after: Item, changes: Changes, actor: str) -> Put:
        """Return the audit row: of a lead or conversation its states, of anything else what was mended, by name."""
        kind, name = _KINDS.get(table), item[table.partition.name]
        if kind is None:
            names = {"mended": ", ".join(changes.names)}
            place = "/".join(map(str, (table.name, *table.key_of(item).values())))
            return AuditEntry("item", place, "mend", actor, {}, names).row(self.clock(), self.new_id)
        row = last_row(self.store, kind, name)
        entry = AuditEntry(kind, name, "mend", actor, state_of(kind, item), state_of(kind, after))
        return entry.row(max(self.clock(), row[1] + 1 if row else 0), self.new_id)


def _table(name: str) -> Table:
    known = {table.name: table for table in TABLES}
    return known[choose(name, tuple(known), "TABLE")]


def _same(item: Item, name: str, value: object) -> bool:
    return name in item and type(item[name]) is type(value) and item[name] == value


def _check(table: Table, item: Item, changes: Changes) -> None:
    """Raise Invalid when an item of this table may not be changed so."""
    if not changes.names:
        raise Invalid("nothing to mend: pass --set NAME=VALUE or --remove NAME")
    record = table.record_of(item)
    declared = attributes_of(record) if record else {}
    for name in changes.names:
        if name in table.key_names:
            raise Invalid(f"{shortened(name)} is part of the item's key, which stays as it is", field=name)
        if changes.names.count(name) > 1:
            raise Invalid(f"{shortened(name)} is both set and removed", field=name)
    for name, value in changes.set.items():
        if name in declared:
            _check_value(declared[name], value)
            _check_link(table, name, value)
        elif record and name not in item:
            raise _unknown(table, name, tuple(declared))
    for name in changes.remove:
        if name in declared and declared[name].required:
            raise Invalid(f"{shortened(name)} must be there; pass --set {shortened(name)}=VALUE", field=name)
    after = changes.applied(item)
    _check_whole(table, after, changes)


def _check_value(attribute: Attribute, value: object) -> None:
    name = attribute.name
    if not attribute.admits(value):
        choices = f"one of {', '.join(attribute.choices)}" if attribute.choices else attribute.kind.value[1]
        how = "" if str in attribute.kind.types else f"; write --set {name}:=JSON"
        raise Invalid(f"{shortened(name)} must be {choices}, not {quoted(value)}{how}", field=name)
    if attribute.ordering and isinstance(value, int) and value >= FAR_FUTURE:
        raise Invalid(f"{shortened(name)} must be a time before the year 6429", field=name)


def _check_link(table: Table, name: str, value: object) -> None:
    danger = link_danger(value) if name in LINKS.get(table, ()) and isinstance(value, str) else None
    if danger:
        raise Invalid(f"{shortened(name)} {danger}", field=name)


def _check_whole(table: Table, after: Item, changes: Changes) -> None:
    """Raise Invalid when what was set does not go together."""
    record = table.record_of(after)
    wrong = set(record.of(after).damaged) & set(changes.set) if record else set()
    if wrong:
        raise Invalid(f"{', '.join(sorted(wrong))} may hold only texts and numbers by name")
    problem = state_problem("lead", after) if table is LEADS else None
    if problem and {"status", "commission_amount"} & set(changes.names):
        raise Invalid(f"a lead cannot be so: {problem}; nothing was written")


def _unknown(table: Table, name: str, declared: Sequence[str]) -> Invalid:
    near = nearest(name, declared)
    hint = f"; did you mean {near}?" if near else ""
    return Invalid(f"{table.name} have no attribute {quoted(name)}{hint}", field=name)
