"""Ids as long as an engine takes them, which other programs may have chosen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS
from tests.api.world import services_over
from tests.e2e.stores import ENGINES, engine_store
from tests.services.fakes import START, ManualClock

LEAD = {"affiliate_id": "aff-1", "link_id": "LINK", "updated_at": START, "created_at": START, "lead_name": "Jane"}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with engine_store(request.param, request, tmp_path) as store:
        yield store


@pytest.mark.parametrize("letter", ["x", "é", "👍"])
def test_pages_go_on_behind_ids_as_long_as_any(store: Store, letter: str) -> None:
    """Keys of 2 KB, of which a cursor holds one for each status, end no list."""
    names = [letter * (2_040 // len(letter.encode())) + f"{number:x}" for number in range(9)]
    for number, name in enumerate(names):
        status = ("pending", "approved", "rejected")[number % 3]
        store.batch_put(LEADS, [LEAD | {"lead_id": name, "status": status}])
    leads = services_over(store, ManualClock()).leads
    first = leads.list_leads(LeadFilter(), limit=4)
    others = leads.list_leads(LeadFilter(), limit=500, cursor=first.next_cursor)

    assert sorted(names) == sorted(each.lead_id for each in (*first.leads, *others.leads))
