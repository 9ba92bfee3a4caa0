"""The tables of the backend that this one replaces, audited as they are: no status, no time and no money changes."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.money import parse_amount
from commercive_cli.services.audit.service import AuditService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, CONVERSATIONS, LEADS, OPS
from tests.services.audit.legacy import LegacyData
from tests.services.fakes import ManualClock
from tests.services.raw_data import everything, rows

TIMES = ("created_at", "updated_at", "reviewed_at", "closed_at", "last_message_at", "waiting_since")


def kept(tables: dict[str, list[Item]]) -> dict[tuple[object, ...], Item]:
    """Return the status, times and money of every item that others made, by its key."""
    found: dict[tuple[object, ...], Item] = {}
    for name in ("conversations", "messages", "leads", "affiliate_links"):
        for item in tables[name]:
            place = (name, *(item.get(each) for each in ("conversation_id", "message_id", "lead_id", "affiliate_id")))
            told = {each: item[each] for each in TIMES if each in item}
            told |= {"status": _word(item.get("status")), "commission_amount": _money(item.get("commission_amount"))}
            found[*place, item.get("link_id")] = told
    return found


def _word(status: Any) -> Any:
    return status.strip().casefold() if isinstance(status, str) else status


def _money(amount: Any) -> Any:
    """Return an amount, be it stored as text or not."""
    try:
        return parse_amount(amount)
    except Invalid:
        return amount


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("messy", [False, True])
def test_repairs_of_what_others_made_change_no_status_no_time_no_money(
    store: Store, clock: ManualClock, seed: int, *, messy: bool
) -> None:
    """Claims and stats are written beside it; what has one right answer is mended; nothing is guessed or moved."""
    data = LegacyData(seed)
    (data.messy() if messy else data).store_in(store)
    before = everything(store)
    AuditService(store, clock).run("root", fix=True)
    after = everything(store)
    again = AuditService(store, clock).run("root", fix=True).findings
    added = kept(after).keys() - kept(before).keys()

    assert (["CONV-LOST"] if messy else []) == [place[1] for place in added]
    assert kept(before) == {place: told for place, told in kept(after).items() if place in kept(before)}
    assert [] == [each for each in again if each.fixed]
    assert [] == [row for row in rows(store, OPS) if row["pk"].startswith(("audit#lead", "audit#conversation"))]


@pytest.mark.parametrize("seed", range(3))
def test_nobody_has_to_read_again(store: Store, clock: ManualClock, seed: int) -> None:
    """Counters of what others made are never raised; what cannot be is taken back to what can."""
    LegacyData(seed).messy().store_in(store)
    before = {item["conversation_id"]: item for item in rows(store, CONVERSATIONS)}
    AuditService(store, clock).run("root", fix=True)
    for item in rows(store, CONVERSATIONS):
        for name in ("unread_admin", "unread_user"):
            counted = before.get(item["conversation_id"], {}).get(name) or 0
            assert 0 <= item.get(name, 0) <= max(int(counted), 0)


@pytest.mark.parametrize("seed", range(3))
def test_clean_data_of_others_has_nothing_wrong(store: Store, clock: ManualClock, seed: int) -> None:
    """All that is named is what this program keeps beside it, and then has: stats, and claims of links."""
    LegacyData(seed).store_in(store)
    audit = AuditService(store, clock)
    found = audit.run("root", fix=True).findings

    assert {"stats", "link-code", "primary-link", "orphan-lead"} >= {each.invariant for each in found}
    assert {"orphan-lead"} >= {each.invariant for each in found if not each.fixed}
    assert {"orphan-lead"} >= {each.invariant for each in audit.run("root").findings}


def test_only_approved_leads_of_others_earn(store: Store, clock: ManualClock) -> None:
    """The sum of commissions is that of the approved leads, each in whole cents."""
    LegacyData(1, leads=80).messy().store_in(store)
    AuditService(store, clock).run("root", fix=True)
    earned: dict[str, Decimal] = defaultdict(Decimal)
    for lead in rows(store, LEADS):
        if lead.get("status") == "approved" and isinstance(lead.get("commission_amount"), int | Decimal):
            earned[lead.get("affiliate_id", "")] += round(Decimal(lead["commission_amount"]), 2)
    stats = {row["affiliate_id"]: row["total_commission"] for row in rows(store, AFFILIATE_STATS)}

    assert stats
    assert {name: earned[name] for name in stats} == stats
