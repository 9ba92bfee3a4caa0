"""Affiliates: their links with the claims of their codes, their leads, and stats that count each in the same step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from commercive_cli.domain.models import AffiliateStats
from commercive_cli.domain.money import counted_commission
from commercive_cli.domain.text import normal_store_url
from commercive_cli.services.access.lookup import query_by_id
from commercive_cli.services.adopt import mapping as m
from commercive_cli.services.adopt.marks import change_of, read_marks, state_row, written
from commercive_cli.services.adopt.run import Run
from commercive_cli.services.adopt.spool import Spooled, SpooledLink
from commercive_cli.services.adopt.units import Unit, units_of
from commercive_cli.store.items import Item
from commercive_cli.store.limits import TRANSACTION_WRITES
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, LEADS, OPS
from commercive_cli.store.writes import Absent, Put, Update, Write

_LEAD_WRITES, _LINK_WRITES, _STATS_WRITES = 3, 4, 1
"""How many writes of a transaction a lead takes, a link at most, and what counts the leads of an affiliate."""


def bring_partners(run: Run) -> None:
    """Bring all links and leads, affiliate by affiliate."""
    books = _Books(run)
    for affiliate, links, leads in run.spool.affiliates():
        if affiliate:
            books.bring(affiliate, units_of(run, affiliate, links, leads))
        else:
            _put_nobodys_aside(run, links, leads)
    books.flush()


def _put_nobodys_aside(run: Run, links: list[SpooledLink], leads: Iterator[tuple[str, Spooled]]) -> None:
    for link in links:
        if link.row is not None:
            run.spool.put_aside(m.OLD_LINKS, link.row, "it belongs to no affiliate: give it an affiliate_id")
            run.ledger.link_aside()
            run.on_brought(1)
    for _, lead in leads:
        run.spool.put_aside(m.OLD_LEADS, lead, m.OF_NOBODY)
        run.ledger.lead_aside(lead.item)
        run.on_brought(1)


@dataclass
class _Books:
    """Brings links and leads, affiliate by affiliate, each step with the stats that count what it brings.

    Steps are cut the same way in every run, so that one that was killed goes on alike. `_changed` are the times of the
    last change of each affiliate in the present step.
    """

    run: Run
    _chunk: list[Unit] = field(default_factory=list)
    _size: int = 0
    _changed: dict[str, int] = field(default_factory=dict)

    def bring(self, affiliate: str, units: Iterator[Unit]) -> None:
        """Bring what one affiliate has."""
        last = 0
        for unit in units:
            size = _LEAD_WRITES if unit.kind == "lead" else _LINK_WRITES
            more = size + (0 if affiliate in self._changed else _STATS_WRITES)
            if self._size + more > TRANSACTION_WRITES:
                self.flush()
                more = size + _STATS_WRITES
            last = max(last, unit.changed_at)
            self._chunk.append(unit)
            self._size += more
            self._changed[affiliate] = last

    def flush(self) -> None:
        """End the present step."""
        chunk, self._chunk, self._size = self._chunk, [], 0
        new = chunk if self.run.fresh else self._compared(chunk)
        if new:
            try:
                self.run.writer.transact(*(w for each in new for w in self._writes(each)), *self._stats(new))
            except ConditionFailed:
                for each in new:
                    self._one(each)
            else:
                for each in new:
                    self._count(each, "brought")
        self._changed.clear()
        self.run.on_brought(sum(not each.made for each in chunk))

    def _count(self, unit: Unit, fate: str) -> None:
        self.run.counts.add(unit.legacy, "made" if unit.made and fate == "brought" else fate)
        if unit.kind == "lead":
            self.run.ledger.lead(unit.raw, unit.item, unit.mark.written)
        else:
            self.run.ledger.link(unit.item, unit.mark.written, made=unit.made)

    def _one(self, unit: Unit) -> None:
        """Bring one unit whose step did not go through: its last try may have, or its key or code is taken."""
        mark = read_marks(self.run.store, unit.kind, [unit.subject]).get(unit.subject)
        if mark is not None and mark["source"] == unit.source:
            return self._count(unit, "brought")
        try:
            self.run.writer.transact(*self._writes(unit), *self._stats([unit]))
        except ConditionFailed:
            return self._here_already(unit, "its key or code is taken")
        return self._count(unit, "brought")

    def _writes(self, unit: Unit) -> tuple[Write, ...]:
        puts: list[Write] = [Put(unit.legacy.table, unit.item, when=Absent()), unit.mark.put()]
        if unit.kind == "lead":
            puts.append(state_row("lead", unit.subject, self.run.actor, unit.raw, unit.item, unit.changed_at))
        owner = {name: unit.item.get(name) for name in ("affiliate_id", "link_id", "created_at")}
        return (*puts, *(Put(OPS, {**claim, **owner}, when=Absent()) for claim in unit.claims))

    def _stats(self, units: Sequence[Unit]) -> Iterator[Update]:
        """Yield the writes that count leads in, one for each affiliate."""
        for affiliate, his in groupby(units, lambda unit: str(unit.item["affiliate_id"])):
            yield self._counting(affiliate, list(his))

    def _counting(self, affiliate: str, units: Sequence[Unit], gone: Item | None = None) -> Update:
        """Return the write that counts an affiliate's leads in, and one that is `gone` out."""
        counted = AffiliateStats(affiliate_id=affiliate)
        for unit in units:
            if unit.kind == "lead":
                counted = counted.with_lead(unit.item["status"], unit.item.get("commission_amount"))
        added = counted.model_dump(include=_COUNTS)
        if gone is not None:
            added["total_leads"] -= 1
            added[f"{gone['status']}_leads"] -= 1
            added["total_commission"] -= counted_commission(gone["status"], gone.get("commission_amount"))
        changed = {"last_updated": self._changed_at(affiliate)}
        return Update(AFFILIATE_STATS, {"affiliate_id": affiliate}, set=changed, add={**added, "version": 1})

    def _changed_at(self, affiliate: str) -> int:
        """Return the time of the last change that the stats take in, which is never set back."""
        stored = None if self.run.fresh else self.run.store.get(AFFILIATE_STATS, {"affiliate_id": affiliate})
        at = (stored or {}).get("last_updated")
        return max(self._changed[affiliate], at if type(at) is int else 0)

    def _compared(self, chunk: list[Unit]) -> list[Unit]:
        """Return what is not here yet, and bring what changed there."""
        marks = {kind: read_marks(self.run.store, kind, _ids(chunk, kind)) for kind in ("link", "lead")}
        claims = self._claims(chunk)
        new: list[Unit] = []
        for unit in chunk:
            mark = marks[unit.kind].get(unit.subject)
            if mark is None:
                new += self._free(unit, claims)
            elif mark["source"] == unit.source:
                self._count(unit, "unchanged")
            else:
                self._change(unit, mark)
        return new

    def _claims(self, chunk: list[Unit]) -> dict[tuple[Any, ...], Item]:
        keys = [claim for unit in chunk for claim in unit.claims]
        found = self.run.store.batch_get(OPS, keys) if keys else []
        return {(item["pk"], item["sk"]): item for item in found}

    def _free(self, unit: Unit, claims: dict[tuple[Any, ...], Item]) -> list[Unit]:
        """Return the unit, unless something lies in its place; a store that has a primary link here keeps it."""
        if self._current(unit, None) is not None:
            self._here_already(unit, "it is here, and no adoption brought it")
            return []
        code, *primary = unit.claims or ({},)
        if unit.claims and tuple(code.values()) in claims:
            self._here_already(unit, f"its code is of {claims[tuple(code.values())].get('affiliate_id')}")
            return []
        free = tuple(each for each in primary if tuple(each.values()) not in claims)
        return [replace(unit, claims=(code, *free)) if unit.claims else unit]

    def _here_already(self, unit: Unit, words: str) -> None:
        self.run.note(unit.legacy, unit.subject)("here-already", words)
        self.run.counts.add(unit.legacy, "left")
        if unit.kind == "lead":
            self.run.ledger.lead_aside(unit.raw)
        elif not unit.made:
            self.run.ledger.link_aside()

    def _current(self, unit: Unit, mark: Item | None) -> Item | None:
        if unit.kind == "lead" and mark is None:
            return query_by_id(self.run.store, LEADS, unit.subject)
        if unit.kind == "lead":
            return self.run.store.get(LEADS, {"lead_id": unit.subject, "created_at": (mark or {})["place"]})
        key = {"affiliate_id": unit.item["affiliate_id"] if mark is None else mark["place"], "link_id": unit.subject}
        return self.run.store.get(AFFILIATE_LINKS, key)

    def _change(self, unit: Unit, mark: Item) -> None:
        current, note = self._current(unit, mark), self.run.note(unit.legacy, unit.subject)
        if current is None:
            note("deleted-here", "changed there, and deleted here since")
        elif written(current) != mark["written"]:
            note("changed-here", f"{_told(current)} here, {_told(unit.item)} there")
        elif _moved(unit, current):
            note("changed-key", "its affiliate or store is another one there")
        else:
            return self._replace(unit, current, mark)
        return self._count(unit, "left")

    def _replace(self, unit: Unit, current: Item, mark: Item) -> None:
        """Bring what changed there: nothing did here."""
        item = {**unit.item, "created_at": current["created_at"]}
        done = replace(unit.mark, written=written(item), place=mark["place"])
        writes: list[Write] = [
            change_of(unit.legacy.table, current, item),
            done.put(mark),
        ]
        if unit.kind == "lead" and _state(current) != _state(item):
            at = max(unit.changed_at, current["updated_at"] + 1)
            writes += [
                state_row("lead", unit.subject, self.run.actor, current, item, at),
                self._counting(item["affiliate_id"], [replace(unit, item=item)], gone=current),
            ]
        try:
            self.run.writer.transact(*writes)
        except ConditionFailed:
            self.run.note(unit.legacy, unit.subject)("changed-here", "it was changed here just now; run again")
            return self._count(unit, "left")
        return self._count(replace(unit, item=item), "changed")


_COUNTS = {"total_leads", "approved_leads", "pending_leads", "rejected_leads", "total_commission"}


def _ids(chunk: list[Unit], kind: str) -> list[str]:
    return [unit.subject for unit in chunk if unit.kind == kind]


def _state(lead: Item) -> tuple[Any, Any]:
    return lead.get("status"), lead.get("commission_amount")


def _told(item: Item) -> str:
    amount = item.get("commission_amount")
    return str(item.get("status", "link")) + ("" if amount is None else f" for {amount}")


def _moved(unit: Unit, current: Item) -> bool:
    names = ("affiliate_id",) if unit.kind == "lead" else ("affiliate_id", "link_id")
    moved = any(unit.item[name] != current[name] for name in names)
    stores = (normal_store_url(str(each.get("store_url", ""))) for each in (unit.item, current))
    return moved or (unit.kind == "link" and len(set(stores)) > 1)
