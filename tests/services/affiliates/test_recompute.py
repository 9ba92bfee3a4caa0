"""Recomputing: stats are recounted from the leads and written only where wrong, also while leads change."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Damaged, Invalid, NotFound, NotTaken
from commercive_cli.domain.models import AffiliateStats, AuditRow
from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS, OPS
from commercive_cli.store.writes import Delete, Put, Update
from tests.services.fakes import START, Intervening, ManualClock
from tests.services.raw_data import errors_in, everything, rows

FORM = {"name": "Jane", "email": "jane@example.com"}
KEY = {"affiliate_id": "aff-1"}


def work(leads: LeadService, code: str) -> tuple[int, int, int, int, Decimal]:
    """Create five leads: two approved, one rejected, two pending; return the counts."""
    ids = [leads.submit(code, FORM).lead_id for _ in range(5)]
    leads.decide(ids[0], "approved", "admin-1", commission="10.10")
    leads.decide(ids[1], "approved", "admin-1", commission="0.20")
    leads.decide(ids[2], "rejected", "admin-1")
    return (5, 2, 2, 1, Decimal("10.30"))


def damage(store: Store) -> None:
    store.transact(Update(AFFILIATE_STATS, KEY, set={"total_leads": 7, "total_commission": Decimal("99.99")}))


def stored(store: Store) -> AffiliateStats:
    return AffiliateStats.of(store.get(AFFILIATE_STATS, KEY) or {})


def test_right_stats_are_left_alone(leads: LeadService, code: str, store: Store, clock: ManualClock) -> None:
    """Where nothing is wrong nothing is written, for one affiliate and for all."""
    counts = work(leads, code)
    before = everything(store)
    service = RecomputeService(store, clock)
    one, every = service.one("aff-1", "root"), service.all("root")

    assert not one.changed
    assert counts == one.before.counts() == one.after.counts()
    assert (1, []) == (every.checked, every.changed)
    assert before == everything(store)


@pytest.mark.parametrize("every", [False, True])
def test_wrong_stats_are_corrected(
    leads: LeadService, code: str, store: Store, clock: ManualClock, every: bool
) -> None:
    """Damaged stats are recounted, shown before and after, and the correction is in the audit log."""
    counts = work(leads, code)
    damage(store)
    clock.now, clock.step = START + 1_000, 0
    service = RecomputeService(store, clock)
    result = service.all("root").changed[0] if every else service.one("aff-1", "root")
    row = AuditRow.of(next(row for row in rows(store, OPS) if row["pk"] == "audit#affiliate#aff-1"))

    assert result.changed
    assert (7, Decimal("99.99")) == (result.before.total_leads, result.before.total_commission)
    assert counts == result.after.counts() == stored(store).counts()
    assert ("root", "recompute", "aff-1", START + 1_000) == (row.actor, row.event, row.subject, row.at)
    assert {"total_leads": Decimal(7), "total_commission": Decimal("99.99")}.items() <= row.before.items()
    assert {"total_leads": Decimal(5), "total_commission": Decimal("10.30")}.items() <= row.after.items()
    assert [] == service.all("root").changed
    assert [] == errors_in(store)


@pytest.mark.parametrize("every", [False, True])
def test_lost_stats_are_made_again(
    leads: LeadService, code: str, store: Store, clock: ManualClock, every: bool
) -> None:
    """Missing stats are recounted from the leads, and stats without leads become zeros."""
    counts = work(leads, code)
    store.transact(Delete(AFFILIATE_STATS, KEY), Put(AFFILIATE_STATS, {"affiliate_id": "ghost", "total_leads": 3}))
    service = RecomputeService(store, clock)
    if every:
        assert {"aff-1", "ghost"} == {result.affiliate_id for result in service.all("root").changed}
    else:
        service.one("aff-1", "root")
        service.one("ghost", "root")

    assert counts == stored(store).counts()
    assert [] == errors_in(store)


def test_imported_stats_without_a_version_are_corrected(
    leads: LeadService, code: str, store: Store, clock: ManualClock
) -> None:
    """Stats from the old system, which have no version, are corrected like ours."""
    counts = work(leads, code)
    store.transact(Put(AFFILIATE_STATS, {**KEY, "total_leads": 1}))

    assert RecomputeService(store, clock).one("aff-1", "root").changed
    assert counts == stored(store).counts()


def spoil(path: Path, text: str) -> None:
    """Put a text in place of the stats, as another program may that writes into the file."""
    with closing(sqlite3.connect(path)) as connection, connection:
        assert 1 == connection.execute("UPDATE commercive_affiliate_stats SET _item = ?", (text,)).rowcount


def test_stats_that_cannot_be_read_are_made_anew(
    leads: LeadService, code: str, store: Store, clock: ManualClock, meddled: Intervening, tmp_path: Path
) -> None:
    """All that they hold follows from the leads; what is put there meanwhile is looked at before it is replaced."""
    counts = work(leads, code)
    spoil(tmp_path / "store.db", "[]")
    meddled.before("transact", lambda: spoil(tmp_path / "store.db", "[1]"))
    result = RecomputeService(meddled, clock).one("aff-1", "root")

    assert counts == result.after.counts() == stored(store).counts()
    assert 2 == meddled.calls.count("transact")
    assert [] == errors_in(store)


def test_a_repeated_recount_of_all_corrects_nobody_twice(
    leads: LeadService, code: str, store: Store, clock: ManualClock
) -> None:
    """With its key, whom it corrected gets the first answer, and keeps what somebody else has written since.

    Whom it did not get to, as after a lost connection, is corrected.
    """
    work(leads, code)
    damage(store)
    service = RecomputeService(store, clock)
    first = service.all("root", key="k")
    damage(store)
    store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "ghost", "total_leads": 3}))
    again = service.all("root", key="k")

    assert ["aff-1"] == [each.affiliate_id for each in first.changed]
    assert [first.changed[0], "ghost"] == [again.changed[0], again.changed[1].affiliate_id]
    assert 7 == stored(store).total_leads
    assert first.changed[0] == service.one("aff-1", "root", key="k#aff-1")
    assert ["aff-1"] == [each.affiliate_id for each in service.all("root", key="l").changed]


def test_a_lead_that_comes_meanwhile_is_counted(
    leads: LeadService, code: str, store: Store, clock: ManualClock, meddled: Intervening
) -> None:
    """A submission or decision between counting and writing makes it count again; nothing is lost."""
    work(leads, code)
    lead_id = leads.submit(code, FORM).lead_id
    damage(store)
    meddled.before("transact", lambda: leads.submit(code, FORM))
    meddled.before("transact", lambda: leads.decide(lead_id, "approved", "admin-1", commission="5"))
    result = RecomputeService(meddled, clock).one("aff-1", "root")

    assert (7, 3, 3, 1, Decimal("15.30")) == result.after.counts()
    assert 3 == meddled.calls.count("transact")
    assert [] == errors_in(store)


@pytest.mark.parametrize("stats", [{"total_leads": 9}, None], ids=["imported", "lost"])
def test_a_lead_that_comes_before_the_first_version_is_counted(
    stats: Item | None, leads: LeadService, code: str, store: Store, clock: ManualClock, meddled: Intervening
) -> None:
    """Also where the stats had no version yet, or were not there, what comes between counting and writing counts."""
    work(leads, code)
    store.transact(Delete(AFFILIATE_STATS, KEY) if stats is None else Put(AFFILIATE_STATS, {**KEY, **stats}))
    meddled.before("transact", lambda: leads.submit(code, FORM))
    result = RecomputeService(meddled, clock).one("aff-1", "root")

    assert (6, 2, 3, 1, Decimal("10.30")) == result.after.counts()
    assert [] == errors_in(store)


@pytest.mark.parametrize(
    "wrong", [{"commission_amount": 10**30}, {"commission_amount": "5"}, {"commission_amount": -1}, {"status": "maybe"}]
)
def test_a_lead_that_cannot_be_counted_leaves_its_affiliate_alone(
    wrong: Item, leads: LeadService, code: str, store: Store, clock: ManualClock
) -> None:
    """Its stats stay as they are and the lead is named; all other affiliates are corrected."""
    work(leads, code)
    before = stored(store)
    [lead, *_] = rows(store, LEADS)
    store.transact(Put(LEADS, {**lead, **wrong}), Put(AFFILIATE_STATS, {"affiliate_id": "other", "total_leads": 3}))
    done = RecomputeService(store, clock).all("root")

    assert (lead["lead_id"],) == done.damaged
    assert ["other"] == [each.affiliate_id for each in done.changed]
    assert before == stored(store)
    with pytest.raises(Damaged, match=lead["lead_id"]):
        RecomputeService(store, clock).one("aff-1", "root")


def test_leads_that_never_stop_are_a_clear_refusal(
    leads: LeadService, code: str, store: Store, clock: ManualClock, meddled: Intervening
) -> None:
    """When leads keep changing while they are counted, recomputing raises Unavailable and writes nothing."""
    damage(store)
    for _ in range(50):
        meddled.before("transact", lambda: leads.submit(code, FORM))

    with pytest.raises(NotTaken, match="its stats stay as they are"):
        RecomputeService(meddled, clock).one("aff-1", "root")
    assert 7 + 50 == stored(store).total_leads


@pytest.mark.parametrize("passed", [0, 501, 3_600_000, -3_600_000], ids=str)
def test_a_lagging_index_is_waited_for(
    leads: LeadService, code: str, store: Store, clock: ManualClock, passed: int
) -> None:
    """Where an index may lag, it is waited for, whatever time the stats carry: it may be of a clock that is wrong."""
    work(leads, code)
    damage(store)
    clock.advance(passed)
    waits: list[float] = []
    service = RecomputeService(Intervening(store, index_lag_ms=2_000), clock, sleep=waits.append)

    assert service.one("aff-1", "root").changed
    assert [2.0] == waits


def test_all_affiliates_wait_once(
    leads: LeadService, affiliates: AffiliateService, code: str, store: Store, clock: ManualClock
) -> None:
    """However many affiliates are corrected, the index is waited for once, and not at all where nobody is."""
    other = affiliates.create_link("aff-2", "other@example.com").link_id
    work(leads, code)
    leads.submit(other, FORM)
    damage(store)
    store.transact(Update(AFFILIATE_STATS, {"affiliate_id": "aff-2"}, set={"total_leads": 9}))
    waits: list[float] = []
    service = RecomputeService(Intervening(store, index_lag_ms=2_000), clock, sleep=waits.append)

    assert ["aff-1", "aff-2"] == [each.affiliate_id for each in service.all("root").changed]
    assert [] == service.all("root").changed
    assert [2.0] == waits


def test_an_unknown_affiliate_is_not_found(store: Store, clock: ManualClock) -> None:
    """Recomputing an unknown affiliate raises NotFound and writes nothing."""
    before = everything(store)
    service = RecomputeService(store, clock)

    with pytest.raises(NotFound):
        service.one("nobody", "root")
    for bad in ("", "x" * 129):
        with pytest.raises(Invalid):
            service.one(bad, "root")
        with pytest.raises(Invalid):
            service.one("aff-1", bad)
    assert (0, []) == (service.all("root").checked, service.all("root").changed)
    assert before == everything(store)
