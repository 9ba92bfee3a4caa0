"""Affiliate stats counted again from the leads, and written only where they were wrong."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from commercive_cli.domain.answers import Recomputation, Recomputed
from commercive_cli.domain.clock import Clock, Sleep, system_clock
from commercive_cli.domain.errors import NotFound, Unavailable
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.models import AffiliateStats, Lead
from commercive_cli.domain.text import identifier
from commercive_cli.services.feeds import Feed, stream_feed
from commercive_cli.services.ledger import Change
from commercive_cli.services.sweep import sweep
from commercive_cli.store.items import Item
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS
from commercive_cli.store.writes import Condition, Equals, Missing, Update

TRIES = 50


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
            before = AffiliateStats.of(item or {"affiliate_id": affiliate})
            after = self._counted(affiliate)
            if item is None and after.total_leads == 0:
                raise NotFound(f"there is no affiliate {affiliate}")
            if before.counts() == after.counts():
                return Recomputed(affiliate_id=affiliate, changed=False, before=before, after=before)
            try:
                return self._write(item, before, after, by)
            except ConditionFailed:
                continue
        raise Unavailable(f"leads of affiliate {affiliate} change too fast to count them; nothing was written")

    def all(self, actor: str) -> Recomputation:
        """Compare every affiliate's stats with a consistent scan of the leads, and correct those that differ."""
        stored, counted = self._stored(), self._swept()
        suspects = [
            one for one in sorted(stored.keys() | counted.keys()) if not _agree(stored.get(one), counted.get(one))
        ]
        results = [self.one(affiliate_id, actor) for affiliate_id in suspects]
        return Recomputation(
            checked=len(stored.keys() | counted.keys()), changed=[result for result in results if result.changed]
        )

    def _stored(self) -> dict[str, AffiliateStats]:
        stats: dict[str, AffiliateStats] = {}

        def visit(item: Item) -> None:
            stats[item["affiliate_id"]] = AffiliateStats.of(item)

        sweep(self.store, AFFILIATE_STATS, visit)
        return stats

    def _swept(self) -> dict[str, AffiliateStats]:
        stats: dict[str, AffiliateStats] = {}

        def visit(item: Item) -> None:
            lead = Lead.of(item)
            so_far = stats.get(lead.affiliate_id) or AffiliateStats(affiliate_id=lead.affiliate_id)
            stats[lead.affiliate_id] = so_far.with_lead(lead.status, lead.commission_amount)

        sweep(self.store, LEADS, visit)
        return stats

    def _settled(self, affiliate_id: str) -> Item | None:
        """Return the stats as stored, once the index has caught up with them; what changes later fails the write."""
        item = self.store.get(AFFILIATE_STATS, {"affiliate_id": affiliate_id})
        lag = self.store.index_lag_ms
        # Stats from a machine whose clock is ahead look younger than they can be.
        young = min(lag, lag - (self.clock() - (item or {}).get("last_updated", 0)))
        if young > 0:
            self.sleep(young / 1000)
        return item

    def _counted(self, affiliate_id: str) -> AffiliateStats:
        stats = AffiliateStats(affiliate_id=affiliate_id, last_updated=self.clock())
        for lead in self._leads(affiliate_id):
            stats = stats.with_lead(lead.status, lead.commission_amount)
        return stats

    def _leads(self, affiliate_id: str) -> Iterator[Lead]:
        return map(Lead.of, stream_feed(self.store, Feed(LEADS, "AffiliateLeadsIndex", (affiliate_id,))))

    def _write(self, item: Item | None, before: AffiliateStats, after: AffiliateStats, actor: str) -> Recomputed:
        counts = after.item()
        key = {"affiliate_id": counts.pop("affiliate_id")}
        change = Change("affiliate", after.affiliate_id, "recompute", actor, _money(before), _money(after))
        self.store.transact(
            Update(AFFILIATE_STATS, key, set=counts, add={"version": 1}, when=_unchanged(item)),
            change.row(after.last_updated, self.new_id),
        )
        return Recomputed(affiliate_id=after.affiliate_id, changed=True, before=before, after=after)


def _agree(stored: AffiliateStats | None, counted: AffiliateStats | None) -> bool:
    """Return whether stats say what the leads say; no leads at all and stats of zero agree."""
    nothing = AffiliateStats(affiliate_id="").counts()
    return (stored.counts() if stored else nothing) == (counted.counts() if counted else nothing)


def _unchanged(item: Item | None) -> Condition:
    version = (item or {}).get("version")
    return Missing("version") if version is None else Equals("version", version)


def _money(stats: AffiliateStats) -> Item:
    return stats.model_dump(exclude={"affiliate_id", "last_updated"})
