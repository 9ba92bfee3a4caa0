"""Estimates, from a sample, how large the tables are, which keys are hot, and what they would cost on DynamoDB."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from commercive_cli.domain.answers.tables import CostEstimate, HotKey, TableSize
from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.prices import MILLION_READS, MILLION_WRITES, RECOVERY_GB_MONTH, STORAGE_GB_MONTH
from commercive_cli.store.items import Item, Key
from commercive_cli.store.limits import item_bytes
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, MESSAGES, TABLES, Table

INDEX_OVERHEAD = 100
"""Bytes that DynamoDB adds to each item, in the table and in each index (Developer Guide, "Storage")."""

HOTTEST = 5
MOST_SAMPLED = 1_000_000
_SEGMENTS = 16
_GB = 1024**3
_PRICE_STEP = Decimal("0.0001")
_BASIS = (
    "USD, on-demand, us-east-1, prices of November 2024, without the free tier: "
    f"storage {STORAGE_GB_MONTH} and recovery {RECOVERY_GB_MONTH} per GB-month, "
    f"{MILLION_WRITES} per million write units, {MILLION_READS} per million read units"
)


@dataclass(frozen=True)
class CostEstimateService:
    """Reads a limited part of every table and estimates sizes and costs from it."""

    store: Store

    def estimate(self, sample: int, name: str | None = None) -> CostEstimate:
        """Return sizes, hot keys and costs from about `sample` items of each table, or only of the table `name`.

        Whole pages are read, so the sample may be larger; the answer holds its size.

        The pages come from sixteen segments of each table. Messages per conversation are counted in the sample; leads
        per affiliate are read from the stats in the sample, as 0 where these hold no whole number. Item counts are
        those of the store, on DynamoDB up to six hours old.
        """
        if not 1 <= sample <= MOST_SAMPLED:
            raise Invalid(f"--sample must be between 1 and {MOST_SAMPLED:,} items", field="sample")
        sizes, hot = [], []
        for table in _chosen(name, self.store.prefix):
            count = size = 0
            tops: Counter[str] = Counter()
            for item in sampled(self.store, table, sample):
                count, size = count + 1, size + item_bytes(item)
                _count_hot_key(tops, table, item)
            info = self.store.describe_table(table)
            items = max(count, info.items if info else 0)
            sizes.append(_size(table, items, count, size))
            hot += [
                HotKey(table=table.name, id=key, items=n, read=tops.total()) for key, n in tops.most_common(HOTTEST)
            ]
        monthly = sum((each.storage_usd + each.recovery_usd for each in sizes), Decimal(0))
        return CostEstimate(tables=sizes, hot=hot, monthly_usd=monthly, basis=_BASIS)


def sampled(store: Store, table: Table, sample: int) -> Iterator[Item]:
    """Yield the items of one page of each segment in turn, until there are at least `sample`."""
    starts: dict[int, Key | None] = dict.fromkeys(range(_SEGMENTS))
    read = 0
    while starts:
        for segment in list(starts):
            page = store.scan(table, segment=segment, segments=_SEGMENTS, start=starts[segment])
            yield from page.items
            read += len(page.items)
            if read >= sample:
                return
            starts[segment] = page.next
            if page.next is None:
                del starts[segment]


def _chosen(name: str | None, prefix: str) -> tuple[Table, ...]:
    if name is None:
        return TABLES
    wanted = choose(name.removeprefix(prefix), tuple(table.name for table in TABLES), "table")
    return tuple(table for table in TABLES if table.name == wanted)


def _count_hot_key(tops: Counter[str], table: Table, item: Item) -> None:
    if table is MESSAGES:
        tops[item["conversation_id"]] += 1
    elif table is AFFILIATE_STATS:
        leads = item.get("total_leads", 0)
        tops[item["affiliate_id"]] += leads if type(leads) is int else 0
    if len(tops) > MOST_SAMPLED // 10:
        # Rare keys are dropped to limit memory; only the hottest keys are wanted.
        kept = dict(tops.most_common(MOST_SAMPLED // 20))
        tops.clear()
        tops.update(kept)


def _size(table: Table, items: int, sampled: int, sampled_bytes: int) -> TableSize:
    average = Decimal(sampled_bytes) / sampled if sampled else Decimal(0)
    size = int(average * items)
    copies = 1 + len(table.indexes)
    stored = Decimal((size + INDEX_OVERHEAD * items) * copies) / _GB
    writes = Decimal(items * math.ceil(average / 1024) * copies) / 1_000_000
    reads = Decimal(math.ceil(size / 4096)) / 1_000_000
    return TableSize(
        table=table.name,
        items=items,
        read=sampled,
        bytes=size,
        storage_usd=_usd(stored * STORAGE_GB_MONTH),
        recovery_usd=_usd(Decimal(size) / _GB * RECOVERY_GB_MONTH),
        load_usd=_usd(writes * MILLION_WRITES),
        scan_usd=_usd(reads * MILLION_READS),
    )


def _usd(amount: Decimal) -> Decimal:
    return amount.quantize(_PRICE_STEP)
