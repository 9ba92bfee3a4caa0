"""What mending a lead does to the stats of its affiliate, so that these stay exact in the same transaction."""

from collections import defaultdict
from decimal import Decimal

from commercive_cli.domain.errors import Damaged
from commercive_cli.domain.money import counted_commission
from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.records.countable import is_countable
from commercive_cli.store.items import Item
from commercive_cli.store.schema import AFFILIATE_STATS
from commercive_cli.store.writes import Update, Write

COUNTED = ("affiliate_id", "status", "commission_amount")
"""What stats count of a lead."""


def stats_writes(recompute: RecomputeService, before: Item, after: Item, actor: str) -> list[Write]:
    """Return the writes that go with a lead that becomes another.

    What the stats hold of a lead that could not be counted, nobody knows; then all leads of the affiliate are counted.
    """
    if all(_same(before.get(name), after.get(name)) for name in COUNTED):
        return []
    if is_countable(before) or not isinstance(before.get("affiliate_id"), str):
        return _deltas(before, after, recompute.clock())
    affiliates = {lead.get("affiliate_id") for lead in (before, after)}
    return [write for each in affiliates for write in _recounted(recompute, each, after, actor)]


def _recounted(recompute: RecomputeService, affiliate_id: object, after: Item, actor: str) -> list[Write]:
    try:
        return recompute.corrections(str(affiliate_id), actor, instead=after)
    except Damaged:  # others of the affiliate's leads cannot be counted yet; its stats wait for them
        return []


def _deltas(before: Item, after: Item, at: int) -> list[Write]:
    changes: dict[str, dict[str, int | Decimal]] = defaultdict(lambda: defaultdict(int))
    for lead, sign in ((before, -1), (after, 1)):
        if is_countable(lead):
            stats = changes[lead["affiliate_id"]]
            stats["total_leads"] += sign
            stats[f"{lead['status']}_leads"] += sign
            stats["total_commission"] += sign * counted_commission(lead["status"], lead.get("commission_amount"))
    return [_added(affiliate_id, stats, at) for affiliate_id, stats in changes.items()]


def _added(affiliate_id: str, stats: dict[str, int | Decimal], at: int) -> Update:
    changed = {name: count for name, count in stats.items() if count}
    key = {"affiliate_id": affiliate_id}
    return Update(AFFILIATE_STATS, key, set={"last_updated": at}, add={**changed, "version": 1})


def _same(left: object, right: object) -> bool:
    return type(left) is type(right) and left == right
