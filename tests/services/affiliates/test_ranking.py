"""The affiliates with most of a figure, over both engines."""

from decimal import Decimal

import pytest

from commercive_cli.domain.answers.affiliates import RankedBy, TopAffiliates
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS
from tests.services.fakes import START, Intervening


def stats(affiliate_id: str, leads: int, approved: int, commission: object) -> dict[str, object]:
    return {
        "affiliate_id": affiliate_id,
        "total_leads": leads,
        "approved_leads": approved,
        "pending_leads": leads - approved,
        "rejected_leads": 0,
        "total_commission": commission,
        "last_updated": START,
    }


STATS = [
    stats("delta", 9, 1, Decimal("0.10")),
    stats("bravo", 5, 3, Decimal("40.00")),
    stats("alpha", 5, 4, Decimal("40.00")),
    stats("charlie", 7, 3, Decimal("39.99")),
    stats("echo", 0, 0, Decimal(0)),
]


def top(store: Store, by: RankedBy, limit: int = 10) -> TopAffiliates:
    return AffiliateService(store, lambda: START).top(by, limit=limit)


def names(answer: TopAffiliates) -> list[str]:
    return [each.affiliate_id for each in answer.affiliates]


def test_most_come_first_and_equal_ones_by_their_ids(either: Store) -> None:
    """The order is the same each time, in whatever order the store keeps them."""
    either.batch_put(AFFILIATE_STATS, STATS)

    assert ["alpha", "bravo", "charlie", "delta", "echo"] == names(top(either, "commission"))
    assert ["alpha", "bravo", "charlie", "delta", "echo"] == names(top(either, "approved"))
    assert ["delta", "charlie", "alpha", "bravo", "echo"] == names(top(either, "leads"))


@pytest.mark.parametrize(("by", "total"), [("commission", Decimal("120.09")), ("approved", 11), ("leads", 26)])
def test_the_first_ones_are_told_beside_all(store: Store, by: RankedBy, total: int | Decimal) -> None:
    """How many affiliates there are, and what they have together, to the cent."""
    store.batch_put(AFFILIATE_STATS, STATS)
    found = top(store, by, limit=2)

    assert (2, 5, total, 0) == (len(found.affiliates), found.of_affiliates, found.of_total, found.damaged)


def test_a_limit_cuts_equal_ones_by_their_ids(store: Store) -> None:
    """Of two who have as much, the same one is left out each time."""
    store.batch_put(AFFILIATE_STATS, STATS)

    assert ["alpha"] == names(top(store, "commission", limit=1))


def test_no_lead_is_read(store: Store) -> None:
    """One read of the stats, whatever the number of leads."""
    store.batch_put(AFFILIATE_STATS, STATS)
    asked = Intervening(store)
    top(asked, "leads")

    assert ["scan"] == asked.calls


def test_a_figure_that_cannot_be_read_counts_as_zero_and_is_told(store: Store) -> None:
    """The others are ranked, and the answer says that one is not where it belongs."""
    store.batch_put(AFFILIATE_STATS, [*STATS, stats("foxtrot", 99, 1, "forty"), stats("golf", -4, 9, Decimal(1))])

    assert ("foxtrot", 1) == ((found := top(store, "commission")).affiliates[-1].affiliate_id, found.damaged)
    assert ("foxtrot", 1) == ((found := top(store, "leads")).affiliates[0].affiliate_id, found.damaged)


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_a_limit_out_of_range_is_refused(store: Store, limit: int) -> None:
    """From 1 to 500, as in all lists."""
    with pytest.raises(Invalid, match="limit must be between 1 and 500"):
        top(store, "leads", limit)


def test_nobody_has_nothing(store: Store) -> None:
    """An empty store has an answer."""
    assert ([], 0, 0) == ((found := top(store, "commission")).affiliates, found.of_affiliates, found.of_total)
