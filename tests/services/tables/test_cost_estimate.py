"""Sizes, hot keys and costs are estimated from a limited sample, whose size is part of the answer."""

from decimal import Decimal

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.seed.plan import Plan
from commercive_cli.services.seed.service import SeedService
from commercive_cli.services.tables.cost_estimate import MOST_SAMPLED, CostEstimateService
from commercive_cli.store.limits import item_bytes
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS, MESSAGES
from tests.services.fakes import Intervening
from tests.services.raw_data import rows


def test_a_sample_of_everything_is_exact(store: Store) -> None:
    """When all items are read, their number and their bytes, as DynamoDB counts them, are exact."""
    SeedService(store).run(Plan(conversations=20, messages=300, affiliates=4, leads=30))
    sized = {each.table: each for each in CostEstimateService(store).estimate(10_000).tables}

    assert (300, 300) == (sized["messages"].items, sized["messages"].read)
    assert sum(map(item_bytes, rows(store, MESSAGES))) == pytest.approx(sized["messages"].bytes, abs=1)
    assert sum(map(item_bytes, rows(store, LEADS))) == pytest.approx(sized["leads"].bytes, abs=1)


def test_the_largest_conversations_and_affiliates_are_named(store: Store) -> None:
    """The hottest keys are the conversation with most messages and the affiliate with most leads."""
    SeedService(store).run(Plan(conversations=20, messages=300, affiliates=4, leads=30))
    messages = [item["conversation_id"] for item in rows(store, MESSAGES)]
    leads = [item["affiliate_id"] for item in rows(store, LEADS)]
    hot = CostEstimateService(store).estimate(10_000).hot
    first = {each.table: each for each in reversed(hot)}

    assert max(map(messages.count, messages)) == first["messages"].items == messages.count(first["messages"].id)
    assert max(map(leads.count, leads)) == first["affiliate_stats"].items == leads.count(first["affiliate_stats"].id)
    assert (300, 30) == (first["messages"].read, first["affiliate_stats"].read)


def test_a_sample_stops_when_it_has_enough(store: Store) -> None:
    """For a sample of one item, no more pages are read than necessary."""
    SeedService(store).run(Plan(conversations=200, messages=300, affiliates=4, leads=30))
    counted = Intervening(store)
    answer = CostEstimateService(counted).estimate(1)
    (messages,) = [each for each in answer.tables if each.table == "messages"]

    assert 0 < messages.read < messages.items
    assert counted.calls.count("scan") <= 40


def test_costs_follow_from_the_stated_prices(store: Store) -> None:
    """Costs of a million leads, in a table with three indexes, are those computed by hand from the prices."""
    store.batch_put(LEADS, [_lead(number) for number in range(100)])
    (leads,) = CostEstimateService(_Claiming(store, 1_000_000)).estimate(1_000, "commercive_leads").tables
    size = item_bytes(_lead(0))
    gigabytes = Decimal(4 * (size + 100) * 1_000_000) / 1024**3

    assert (1_000_000, 100) == (leads.items, leads.read)
    assert gigabytes * Decimal("0.25") == pytest.approx(leads.storage_usd, abs=Decimal("0.0001"))
    assert Decimal("2.5") == leads.load_usd
    assert Decimal(size * 1_000_000) / 4096 / 1_000_000 * Decimal("0.125") == pytest.approx(
        leads.scan_usd, abs=Decimal("0.0001")
    )


class _Claiming(Intervening):
    """A store whose descriptions claim so many items, like the counts of DynamoDB, which may be old."""

    def __init__(self, store: Store, items: int) -> None:
        super().__init__(store)
        self._items = items

    def describe_table(self, table):  # type: ignore[no-untyped-def]  # as in the base class
        from dataclasses import replace

        info = super().describe_table(table)
        assert info is not None
        return replace(info, items=self._items)


def _lead(number: int) -> dict[str, object]:
    return {
        "lead_id": f"lead-{number:05}",
        "affiliate_id": "a",
        "link_id": "l",
        "status": "pending",
        "created_at": 1_750_000_000_000,
        "updated_at": 1_750_000_000_000,
        "lead_name": "x" * 300,
    }


@pytest.mark.parametrize("sample", [0, -1, MOST_SAMPLED + 1])
def test_a_sample_is_bounded(sample: int, store: Store) -> None:
    """A sample must have 1 to 1,000,000 items, so that nobody reads a huge table by accident."""
    with pytest.raises(Invalid, match="sample must be between 1 and 1,000,000"):
        CostEstimateService(store).estimate(sample)


def test_the_nearest_table_is_suggested(store: Store) -> None:
    """The error for a mistyped table suggests the nearest name."""
    with pytest.raises(Invalid, match="did you mean leads"):
        CostEstimateService(store).estimate(10, "leeds")


@pytest.mark.parametrize("broken", ["abc", None, True, [1], Decimal("1.5")], ids=repr)
def test_stats_without_a_number_count_no_leads(store: Store, broken: object) -> None:
    """Stats with a damaged number of leads count as 0; sizes and other affiliates are estimated as usual."""
    store.batch_put(AFFILIATE_STATS, [{"affiliate_id": "a", "total_leads": broken}])
    store.batch_put(AFFILIATE_STATS, [{"affiliate_id": "b", "total_leads": 7}])
    answer = CostEstimateService(store).estimate(10)

    assert [("b", 7), ("a", 0)] == [(each.id, each.items) for each in answer.hot]
    assert {7} == {each.read for each in answer.hot}


def test_empty_tables_cost_nothing(store: Store) -> None:
    """The estimate for empty tables is 0 USD and no hot keys."""
    answer = CostEstimateService(store).estimate(10)

    assert (Decimal(0), []) == (answer.monthly_usd, answer.hot)
