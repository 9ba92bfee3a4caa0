"""Recounts affiliate stats from the leads, and writes those that were wrong."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import ClassVar

from commercive_cli.domain.answers.affiliates import Recomputation, Recomputed
from commercive_cli.domain.attributes import UNREADABLE, Kind, attributes_of
from commercive_cli.domain.clock import Clock, Sleep, system_clock
from commercive_cli.domain.errors import Damaged, NotFound, NotTaken
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.models import AffiliateStats
from commercive_cli.domain.money import CENT, counted_commission
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import actor_id
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.duplicates import DuplicateIds
from commercive_cli.services.access.paging import IndexQuery, stream_items
from commercive_cli.services.access.parts import after_a_part
from commercive_cli.services.access.scan import OnItems, ignore_items, scan_items, scan_pages
from commercive_cli.services.access.stored_ids import StoredIds
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.services.records.countable import is_countable
from commercive_cli.services.records.idempotency import (
    KeyedRequest,
    key_of_item,
    keyed,
    nothing_to_do,
    once,
    write_once,
)
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS
from commercive_cli.store.writes import All, Condition, Equals, Missing, Update, Write

_NUMBERS = tuple(a.name for a in attributes_of(AffiliateStats).values() if a.kind in (Kind.COUNT, Kind.TIME))
_BEYOND_ANY_SUM = Decimal(10**18)
"""In USD. Larger amounts have too many digits for exact cents."""


@dataclass(frozen=True)
class RecomputeService:
    """Corrects the stats of one affiliate or all, also while leads are being changed."""

    READS: ClassVar = (AFFILIATE_STATS, LEADS)
    """The tables that a recount of all reads."""

    store: Store
    clock: Clock = system_clock
    new_id: NewId = new_id
    sleep: Sleep = time.sleep

    def one(self, affiliate_id: str, actor: str, *, key: str | None = None) -> Recomputed:
        """Recount one affiliate's leads and correct the stats; raise NotFound when there are neither leads nor stats.

        The write happens only if no lead changed meanwhile. Where an index may lag behind, this waits for it. A
        repeated `key` (7 days) gets the first answer.
        """
        return self._once(StoredIds(self.store).credited(affiliate_id), actor_id(actor), key)

    def all(self, actor: str, *, key: str | None = None, on_items: OnItems = ignore_items) -> Recomputation:
        """Compare every affiliate's stats with a consistent scan of the leads, and correct those that differ.

        Affiliates with leads that are damaged or stored twice are skipped; `damaged` names those leads. With a `key`,
        whom it corrected has one as in `one`, of the key and the id.
        """
        scanned = _Scanned()
        scan_items(self.store, AFFILIATE_STATS, scanned.add_stats, on_items)
        scan_pages(self.store, LEADS, scanned.add_leads, on_items)
        by = actor_id(actor)
        changed: list[Recomputed] = []
        with after_a_part(lambda: f"affiliates corrected: {len(changed)}" if changed else ""):
            suspects = sorted(scanned.suspects())
            for affiliate_id, item in zip(suspects, self._all_settled(suspects), strict=True):
                result = self._once(affiliate_id, by, None if key is None else key_of_item(key, affiliate_id), [item])
                changed += [result] if result.changed else []
        return Recomputation(checked=len(scanned.affiliates()), changed=changed, damaged=tuple(sorted(scanned.damaged)))

    def corrections(self, affiliate_id: str, actor: str, *, instead: Item) -> list[Write]:
        """Return the writes that make an affiliate's stats right for the moment in which a lead becomes `instead`.

        They go through only together with that, while no other lead changes. Raises Damaged when other leads cannot be
        counted.
        """
        item = self._settled(affiliate_id)
        before = _stats_of(item or {"affiliate_id": affiliate_id})
        return self._writes(
            item, before or AffiliateStats(affiliate_id=affiliate_id), self._counted(affiliate_id, instead), actor
        )

    def _once(self, affiliate: str, actor: str, key: str | None, settled: Sequence[Item | None] = ()) -> Recomputed:
        """Correct an affiliate's stats; `settled` is what `_settled` has returned before."""
        request = keyed("affiliates/recompute", actor, key, affiliate)
        states = chain(settled, (self._settled(affiliate) for _ in range(TRIES)))
        return once(
            self.store, self.clock, request, Recomputed, lambda: self._corrected(affiliate, states, actor, request)
        )

    def _corrected(
        self, affiliate: str, states: Iterable[Item | None], actor: str, request: KeyedRequest | None
    ) -> Recomputed:
        for item in states:
            before = _stats_of(item or {"affiliate_id": affiliate})
            after = self._counted(affiliate)
            if item is None and after.total_leads == 0:
                raise NotFound(f"there is no affiliate {shortened(affiliate)}")
            if before is not None and before.counts() == after.counts():
                right = Recomputed(affiliate_id=affiliate, changed=False, before=before, after=before)
                return nothing_to_do(self.store, request, self.clock(), right)
            try:
                return self._write(item, before or AffiliateStats(affiliate_id=affiliate), after, actor, request)
            except ConditionFailed:
                continue
        raise NotTaken(
            f"leads of affiliate {shortened(affiliate)} change too fast to count them; its stats stay as they are"
        )

    def _settled(self, affiliate_id: str) -> Item | None:
        """Return the stored stats after the index has caught up with them; later changes make the write fail."""
        return self._all_settled([affiliate_id])[0]

    def _all_settled(self, affiliate_ids: Sequence[str]) -> list[Item | None]:
        items = [self.store.get(AFFILIATE_STATS, {"affiliate_id": each}) for each in affiliate_ids]
        # Their own time would not tell that they are settled: it is that of another clock, or of the lead itself.
        if items and self.store.index_lag_ms:
            self.sleep(self.store.index_lag_ms / 1000)
        return items

    def _counted(self, affiliate_id: str, instead: Item | None = None) -> AffiliateStats:
        at, tally, seen = self.clock(), _Tally(), set[str]()
        for item in self._leads(affiliate_id, instead):
            if not is_countable(item):
                raise Damaged(f"the stored lead {item['lead_id']} is damaged; see `commercive tables audit`")
            if item["lead_id"] in seen:
                raise Damaged(f"lead {item['lead_id']} is stored twice; see `commercive tables audit`")
            seen.add(item["lead_id"])
            tally.add(item)
        return tally.stats(affiliate_id, at)

    def _leads(self, affiliate_id: str, instead: Item | None) -> Iterator[Item]:
        """Yield an affiliate's leads as they are, the one that is about to change as it will be."""
        for lead in stream_items(self.store, IndexQuery(LEADS, "AffiliateLeadsIndex", (affiliate_id,))):
            if instead is None or LEADS.key_of(lead) != LEADS.key_of(instead):
                yield lead
        if instead is not None and instead.get("affiliate_id") == affiliate_id:
            yield instead

    def _write(
        self,
        item: Item | None,
        before: AffiliateStats,
        after: AffiliateStats,
        actor: str,
        request: KeyedRequest | None,
    ) -> Recomputed:
        corrected = Recomputed(affiliate_id=after.affiliate_id, changed=True, before=before, after=after)
        write_once(self.store, request, self.clock(), corrected, *self._writes(item, before, after, actor))
        return corrected

    def _writes(self, item: Item | None, before: AffiliateStats, after: AffiliateStats, actor: str) -> list[Write]:
        counts = after.item()
        key = {"affiliate_id": counts.pop("affiliate_id")}
        change = AuditEntry("affiliate", after.affiliate_id, "recompute", actor, _money(before), _money(after))
        version = (item or {}).get("version", 0)
        counts["version"] = version + 1 if isinstance(version, int) else 1
        return [
            # Stats that cannot be read are replaced: all that they hold follows from the leads.
            Update(AFFILIATE_STATS, key, set=counts, remove=_unreadable(item), when=_unchanged(item)),
            change.row(after.last_updated, self.new_id),
        ]


@dataclass(slots=True)
class _Tally:
    """The counts of one affiliate's leads in a scan; changed in place, as a new model per lead is slow."""

    leads: int = 0
    commission: Decimal = Decimal(0)
    by_status: dict[str, int] = field(default_factory=dict)

    def add(self, lead: Item) -> None:
        self.leads += 1
        self.by_status[lead["status"]] = self.by_status.get(lead["status"], 0) + 1
        self.commission += counted_commission(lead["status"], lead.get("commission_amount"))

    def stats(self, affiliate_id: str = "", at: int = 0) -> AffiliateStats:
        return AffiliateStats(
            affiliate_id=affiliate_id,
            total_leads=self.leads,
            approved_leads=self.by_status.get("approved", 0),
            pending_leads=self.by_status.get("pending", 0),
            rejected_leads=self.by_status.get("rejected", 0),
            total_commission=self.commission.quantize(CENT),
            last_updated=at,
        )


@dataclass
class _Scanned:
    """The results of scans: stored stats (None where damaged), counts of leads, and leads that cannot be counted."""

    stored: dict[str, AffiliateStats | None] = field(default_factory=dict)
    counted: defaultdict[str, _Tally] = field(default_factory=lambda: defaultdict(_Tally))
    damaged: set[str] = field(default_factory=set)
    _uncountable: set[str] = field(default_factory=set)
    _duplicates: DuplicateIds = field(default_factory=lambda: DuplicateIds(LEADS))

    def add_stats(self, item: Item) -> None:
        self.stored[item["affiliate_id"]] = _stats_of(item)

    def add_leads(self, items: list[Item]) -> None:
        for item in items:
            if is_countable(item):
                self.counted[item["affiliate_id"]].add(item)
            else:
                self._leave_alone(item)
        for item in self._duplicates.among(items):
            self._leave_alone(item)

    def _leave_alone(self, lead: Item) -> None:
        self.damaged.add(lead["lead_id"])
        self._uncountable.add(str(lead.get("affiliate_id")))

    def affiliates(self) -> set[str]:
        return self.stored.keys() | self.counted.keys()

    def suspects(self) -> set[str]:
        return {each for each in self.affiliates() - self._uncountable if not self._agrees(each)}

    def _agrees(self, affiliate_id: str) -> bool:
        """Return whether the stats equal the counts of the leads; zeros equal no leads."""
        stored = self.stored.get(affiliate_id, AffiliateStats(affiliate_id=affiliate_id))
        return stored is not None and stored.counts() == self.counted.get(affiliate_id, _Tally()).stats().counts()


def _stats_of(item: Item) -> AffiliateStats | None:
    """Return the stats of an item, or None when one of its numbers is damaged."""
    money = item.get("total_commission", 0)
    readable = UNREADABLE not in item
    sound = readable and type(money) in (int, Decimal) and abs(money) < _BEYOND_ANY_SUM and money == round(money, 2)
    if not sound or any(type(item.get(name, 0)) is not int for name in _NUMBERS):
        return None
    # What is below zero stays, to be compared with what is right.
    return AffiliateStats.model_validate({name: item[name] for name in attributes_of(AffiliateStats) if name in item})


def _unchanged(item: Item | None) -> Condition:
    version = Equals("version", item["version"]) if item and "version" in item else Missing("version")
    return All(version, *(Equals(name, (item or {})[name]) for name in _unreadable(item)))


def _unreadable(item: Item | None) -> tuple[str, ...]:
    return (UNREADABLE,) if UNREADABLE in (item or {}) else ()


def _money(stats: AffiliateStats) -> Item:
    return stats.model_dump(exclude={"affiliate_id", "last_updated"})
