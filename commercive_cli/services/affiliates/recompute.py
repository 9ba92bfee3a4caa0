"""Affiliate stats counted again from the leads, and written only where they were wrong."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from commercive_cli.domain.answers.affiliates import Recomputation, Recomputed
from commercive_cli.domain.attributes import Kind, attributes_of
from commercive_cli.domain.clock import Clock, Sleep, system_clock
from commercive_cli.domain.errors import Damaged, NotFound, Unavailable
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.models import LEAD_STATUSES, AffiliateStats
from commercive_cli.domain.money import CENT, LARGEST_AMOUNT
from commercive_cli.domain.text import identifier
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.duplicates import DuplicateIds
from commercive_cli.services.access.paging import IndexQuery, stream_items
from commercive_cli.services.access.scan import scan_items, scan_pages
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS
from commercive_cli.store.writes import Condition, Equals, Missing, Update

_NUMBERS = tuple(a.name for a in attributes_of(AffiliateStats).values() if a.kind in (Kind.COUNT, Kind.TIME))
_BEYOND_ANY_SUM = Decimal(10**18)
"""In USD; from some length on, an amount has no exact cents any more."""


@dataclass(frozen=True)
class RecomputeService:
    """Repairs `affiliate_stats`, one affiliate or all, while leads keep changing."""

    store: Store
    clock: Clock = system_clock
    new_id: NewId = new_id
    sleep: Sleep = time.sleep

    def one(self, affiliate_id: str, actor: str) -> Recomputed:
        """Count one affiliate's leads again and correct the stats; raise NotFound when there is nothing to count.

        The write happens only if no lead changed meanwhile; an index that may lag behind is waited for.
        """
        affiliate, by = identifier(affiliate_id, "affiliate_id"), identifier(actor, "actor")
        for _ in range(TRIES):
            item = self._settled(affiliate)
            before = _stats_of(item or {"affiliate_id": affiliate})
            after = self._counted(affiliate)
            if item is None and after.total_leads == 0:
                raise NotFound(f"there is no affiliate {affiliate}")
            if before is not None and before.counts() == after.counts():
                return Recomputed(affiliate_id=affiliate, changed=False, before=before, after=before)
            try:
                return self._write(item, before or AffiliateStats(affiliate_id=affiliate), after, by)
            except ConditionFailed:
                continue
        raise Unavailable(
            f"leads of affiliate {affiliate} change too fast to count them; nothing was written, try again"
        )

    def all(self, actor: str) -> Recomputation:
        """Compare every affiliate's stats with a consistent scan of the leads, and correct those that differ.

        Affiliates with leads that cannot be read or are stored twice stay as they are; `damaged` names those leads.
        """
        books = _Books()
        scan_items(self.store, AFFILIATE_STATS, books.add_stats)
        scan_pages(self.store, LEADS, books.add_leads)
        results = [self.one(affiliate_id, actor) for affiliate_id in sorted(books.suspects())]
        changed = [result for result in results if result.changed]
        return Recomputation(checked=len(books.affiliates()), changed=changed, damaged=tuple(sorted(books.damaged)))

    def _settled(self, affiliate_id: str) -> Item | None:
        """Return the stats as stored, once the index has caught up with them; what changes later fails the write."""
        item = self.store.get(AFFILIATE_STATS, {"affiliate_id": affiliate_id})
        lag = self.store.index_lag_ms
        # Stats from a machine whose clock is ahead look younger than they can be.
        written = (item or {}).get("last_updated", 0)
        young = min(lag, lag - (self.clock() - written)) if type(written) is int else lag
        if young > 0:
            self.sleep(young / 1000)
        return item

    def _counted(self, affiliate_id: str) -> AffiliateStats:
        at, tally, seen = self.clock(), _Tally(), set[str]()
        for item in stream_items(self.store, IndexQuery(LEADS, "AffiliateLeadsIndex", (affiliate_id,))):
            if not _is_countable(item):
                raise Damaged(f"the stored lead {item['lead_id']} is damaged; see `commercive tables audit`")
            if item["lead_id"] in seen:
                raise Damaged(f"lead {item['lead_id']} is stored twice; see `commercive tables audit`")
            seen.add(item["lead_id"])
            tally.add(item)
        return tally.stats(affiliate_id, at)

    def _write(self, item: Item | None, before: AffiliateStats, after: AffiliateStats, actor: str) -> Recomputed:
        counts = after.item()
        key = {"affiliate_id": counts.pop("affiliate_id")}
        change = AuditEntry("affiliate", after.affiliate_id, "recompute", actor, _money(before), _money(after))
        version = (item or {}).get("version", 0)
        counts["version"] = version + 1 if isinstance(version, int) else 1
        self.store.transact(
            Update(AFFILIATE_STATS, key, set=counts, when=_unchanged(item)),
            change.row(after.last_updated, self.new_id),
        )
        return Recomputed(affiliate_id=after.affiliate_id, changed=True, before=before, after=after)


@dataclass(slots=True)
class _Tally:
    """What a sweep counted of one affiliate's leads; all leads pass by, so it makes no new model for each."""

    leads: int = 0
    commission: Decimal = Decimal(0)
    by_status: dict[str, int] = field(default_factory=dict)

    def add(self, lead: Item) -> None:
        self.leads += 1
        self.by_status[lead["status"]] = self.by_status.get(lead["status"], 0) + 1
        self.commission += lead.get("commission_amount") or 0

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
class _Books:
    """What sweeps saw: stats as stored (None where they cannot be read), leads counted, and leads that cannot be."""

    stored: dict[str, AffiliateStats | None] = field(default_factory=dict)
    counted: defaultdict[str, _Tally] = field(default_factory=lambda: defaultdict(_Tally))
    damaged: set[str] = field(default_factory=set)
    _uncountable: set[str] = field(default_factory=set)
    _twins: DuplicateIds = field(default_factory=lambda: DuplicateIds(LEADS))

    def add_stats(self, item: Item) -> None:
        self.stored[item["affiliate_id"]] = _stats_of(item)

    def add_leads(self, items: list[Item]) -> None:
        for item in items:
            if _is_countable(item):
                self.counted[item["affiliate_id"]].add(item)
            else:
                self._leave_alone(item)
        for item in self._twins.among(items):
            self._leave_alone(item)

    def _leave_alone(self, lead: Item) -> None:
        self.damaged.add(lead["lead_id"])
        self._uncountable.add(str(lead.get("affiliate_id")))

    def affiliates(self) -> set[str]:
        return self.stored.keys() | self.counted.keys()

    def suspects(self) -> set[str]:
        return {each for each in self.affiliates() - self._uncountable if not self._agrees(each)}

    def _agrees(self, affiliate_id: str) -> bool:
        """Return whether stats say what the leads say; no leads at all and stats of zero agree."""
        stored = self.stored.get(affiliate_id, AffiliateStats(affiliate_id=affiliate_id))
        return stored is not None and stored.counts() == self.counted.get(affiliate_id, _Tally()).stats().counts()


def _is_countable(lead: Item) -> bool:
    """Return whether all that stats count of a lead can be read; many leads pass by, too many for a model of each."""
    amount = lead.get("commission_amount")
    return (
        type(lead.get("affiliate_id")) is str
        and lead.get("status") in LEAD_STATUSES
        and (amount is None or (type(amount) in (int, Decimal) and 0 <= amount <= LARGEST_AMOUNT))
    )


def _stats_of(item: Item) -> AffiliateStats | None:
    """Return the stats of an item, or None unless its numbers are some that services can add to."""
    money = item.get("total_commission", 0)
    sound = type(money) in (int, Decimal) and abs(money) < _BEYOND_ANY_SUM and money == round(money, 2)
    return AffiliateStats.of(item) if sound and all(type(item.get(name, 0)) is int for name in _NUMBERS) else None


def _unchanged(item: Item | None) -> Condition:
    return Equals("version", item["version"]) if item and "version" in item else Missing("version")


def _money(stats: AffiliateStats) -> Item:
    return stats.model_dump(exclude={"affiliate_id", "last_updated"})
