"""The affiliates with most commission, approved leads or leads, as their stats count them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from heapq import nsmallest
from typing import get_args

from commercive_cli.domain.answers.affiliates import RankedBy, TopAffiliates
from commercive_cli.domain.choices import choose
from commercive_cli.domain.limits import TOP
from commercive_cli.domain.models import AffiliateStats
from commercive_cli.services.access.paging import check_limit
from commercive_cli.store.pages import pages
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS

FIGURES = {"commission": "total_commission", "approved": "approved_leads", "leads": "total_leads"}
"""The attribute of the stats that each order goes by."""


@dataclass
class _All:
    """What all affiliates have together."""

    count: int = 0
    total: int | Decimal = 0
    damaged: int = 0

    def counting(self, stats: Iterable[AffiliateStats], figure: str) -> Iterator[AffiliateStats]:
        for each in stats:
            self.count += 1
            self.total += getattr(each, figure)
            self.damaged += figure in each.damaged
            yield each


def top_affiliates(store: Store, by: RankedBy, limit: int = TOP) -> TopAffiliates:
    """Return the 1-500 affiliates with most of a figure, from one read of all stats; no lead is read.

    Those who have equally much come in the order of their ids. A figure that cannot be read counts as zero.
    """
    check_limit(limit)
    figure, everyone = FIGURES[choose(by, get_args(RankedBy), "by")], _All()
    items = (item for page in pages(lambda start: store.scan(AFFILIATE_STATS, start=start)) for item in page.items)
    ranked = nsmallest(
        limit,
        everyone.counting(map(AffiliateStats.of, items), figure),
        key=lambda each: (-getattr(each, figure), each.affiliate_id),
    )
    return TopAffiliates(
        by=by, affiliates=ranked, of_affiliates=everyone.count, of_total=everyone.total, damaged=everyone.damaged
    )
