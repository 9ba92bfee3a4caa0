"""What polling dashboards cost follows from the store, from stated prices and from what a call logs."""

from decimal import Decimal
from pathlib import Path

import pytest

from commercive_cli.api.deploy.stack import MEMORY_MB
from commercive_cli.domain.answers.tables import PollingCosts
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.seed.plan import Plan
from commercive_cli.services.seed.service import SeedService
from commercive_cli.services.tables.polling_costs import MEMORY_GB, PollingCostService
from commercive_cli.store.port import Store

PAGE = Path(__file__).parents[3] / ".github" / "ARCHITECTURE.md"
POLLS = 1_000 * 6 * 60 * 24 * 30


def amounts(costs: PollingCosts, part: str) -> tuple[Decimal, Decimal, Decimal]:
    [found] = [each for each in costs.parts if each.part == part]
    return found.whole_usd, found.new_usd, found.sampled_usd


def test_the_costs_are_those_computed_by_hand(store: Store) -> None:
    """Twenty messages of 1,000 characters are over 20 KB: six units, one for the conversation, a half for the list."""
    chat = ChatService(store)
    first = chat.send("u", "x" * 1000)
    for _ in range(19):
        chat.send("u", "x" * 1000, conversation_id=first.conversation_id)
    costs = PollingCostService(store).estimate()
    sent = Decimal(POLLS) * (costs.thread_bytes + 700) * Decimal("0.09") / 1024**3

    assert (20, 1_000, 10) == (costs.thread_messages, costs.users, costs.every_seconds)
    assert 20_000 < costs.thread_bytes < 26_000
    assert amounts(costs, "calls") == (Decimal("103.68"), Decimal("51.84"), Decimal("51.84"))
    assert amounts(costs, "reads") == (Decimal("243.00"), Decimal("16.20"), Decimal("16.20"))
    whole, new, _ = amounts(costs, "internet")
    assert whole - new == pytest.approx(sent, abs=Decimal("0.02"))


def test_the_parts_add_up(store: Store) -> None:
    """Twice as many users cost twice as much; each way to poll is cheaper than the one before."""
    SeedService(store).run(Plan(conversations=10, messages=100, affiliates=1, leads=1))
    once, twice = (PollingCostService(store).estimate(users, sample=50) for users in (1_000, 2_000))
    whole, new, sampled = amounts(once, "together")

    assert whole == pytest.approx(sum(each.whole_usd for each in once.parts[:-1]), abs=Decimal("0.03"))
    assert whole > new > sampled
    assert 2 * whole == pytest.approx(amounts(twice, "together")[0], abs=Decimal("0.02"))


def test_nothing_to_estimate_from_is_said(store: Store) -> None:
    """An empty store has no average conversation."""
    with pytest.raises(Invalid, match="no messages"):
        PollingCostService(store).estimate()


def test_the_page_shows_what_the_command_says(store: Store) -> None:
    """The table of the costs in ARCHITECTURE.md is that of the made-up data which it names."""
    SeedService(store).run(Plan(conversations=100, messages=3_000, affiliates=1, leads=1))
    costs = PollingCostService(store).estimate(sample=10_000)
    columns = [(each.part, each.whole_usd, each.new_usd, each.sampled_usd) for each in costs.parts]
    rows = [f"| {part} | {whole:.0f} | {new:.0f} | {sampled:.0f} |" for part, whole, new, sampled in columns]

    assert "\n".join(rows) in PAGE.read_text(encoding="utf-8")


def test_the_function_has_the_memory_that_is_paid_for() -> None:
    """The price of a call is that of the memory in the stack's template."""
    assert MEMORY_GB * 1024 == MEMORY_MB
