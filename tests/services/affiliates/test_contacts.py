"""An affiliate's e-mail address is set in every link, with an audit row that does not tell it; on both engines."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Invalid, NotFound
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.records.audit_log import read_audit_log
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS
from commercive_cli.store.writes import Delete, Put, Update
from tests.e2e.stores import ENGINES, engine_store
from tests.services.fakes import START, Codes, Intervening, ManualClock
from tests.services.raw_data import errors_in, everything, rows

NEW = "new@example.com"


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with engine_store(request.param, request, tmp_path) as store:
        yield store


@pytest.fixture
def affiliates(store: Store, clock: ManualClock) -> AffiliateService:
    """Return a service over two links of aff-1 and one of aff-2."""
    service = AffiliateService(store, clock, Codes("AAAA0000", "BBBB0000", "CCCC0000"))
    for affiliate, shop in (("aff-1", "a.example"), ("aff-1", "b.example"), ("aff-2", "")):
        service.create_link(affiliate, f"{affiliate}@example.com", shop)
    return service


def addresses(store: Store) -> dict[str, object]:
    return {link["link_id"]: link.get("affiliate_email") for link in rows(store, AFFILIATE_LINKS)}


def test_every_link_of_the_affiliate_has_it(affiliates: AffiliateService, store: Store, clock: ManualClock) -> None:
    """The links say when they changed, a row says who did it, and links of others stay."""
    clock.now = START + 1_000
    done = affiliates.set_email("aff-1", f" {NEW} ", "root")
    [row] = read_audit_log(store, "affiliate", "aff-1")

    assert (True, NEW, ["AAAA0000", "BBBB0000"]) == (done.changed, done.affiliate_email, done.link_ids)
    assert {"AAAA0000": NEW, "BBBB0000": NEW, "CCCC0000": "aff-2@example.com"} == addresses(store)
    assert [START + 1_000] * 2 == [each["updated_at"] for each in rows(store, AFFILIATE_LINKS)[:2]]
    assert ("root", "set-email", {}, {"links": "2"}) == (row.actor, row.event, row.before, row.after)
    assert [] == errors_in(store)


def test_the_same_again_changes_nothing(affiliates: AffiliateService, store: Store) -> None:
    """Neither does an address that is none, nor an affiliate without a link."""
    affiliates.set_email("aff-1", NEW, "root")
    before = everything(store)
    again = affiliates.set_email("aff-1", NEW, "root")

    assert (False, []) == (again.changed, again.link_ids)
    for affiliate, address, error in (("aff-1", "new", Invalid), ("aff-9", NEW, NotFound), ("", NEW, Invalid)):
        with pytest.raises(error):
            affiliates.set_email(affiliate, address, "root")
    assert before == everything(store)


def test_a_damaged_link_gets_it_too(affiliates: AffiliateService, store: Store, clock: ManualClock) -> None:
    """Links of other programs may lack address and time; a clock that was ahead is not turned back."""
    places = [AFFILIATE_LINKS.key_of(link) for link in rows(store, AFFILIATE_LINKS)[:2]]
    store.transact(
        Update(AFFILIATE_LINKS, places[0], remove=("affiliate_email", "updated_at")),
        Update(AFFILIATE_LINKS, places[1], set={"affiliate_email": 7, "updated_at": START + 9_000}),
    )
    clock.now = START + 1_000
    affiliates.set_email("aff-1", NEW, "root")

    assert {"AAAA0000": NEW, "BBBB0000": NEW, "CCCC0000": "aff-2@example.com"} == addresses(store)
    assert [START + 1_000, START + 9_001] == [each["updated_at"] for each in rows(store, AFFILIATE_LINKS)[:2]]


def test_more_links_than_a_transaction_holds(affiliates: AffiliateService, store: Store) -> None:
    """Ninety-eight at a time, each time with its row; the last place is the request key's."""
    link = rows(store, AFFILIATE_LINKS)[0]
    store.batch_put(AFFILIATE_LINKS, [{**link, "link_id": f"LINK{number:04}"} for number in range(100)])
    done = affiliates.set_email("aff-1", NEW, "root")

    assert 102 == len(set(done.link_ids))
    assert ["98", "4"] == [row.after["links"] for row in read_audit_log(store, "affiliate", "aff-1")]


def test_no_part_goes_behind_the_last_word(affiliates: AffiliateService, store: Store, clock: ManualClock) -> None:
    """A request that was sent again, and is done, is not done once more by its first try, over a later address."""
    link = rows(store, AFFILIATE_LINKS)[0]
    store.batch_put(AFFILIATE_LINKS, [{**link, "link_id": f"LINK{number:04}"} for number in range(100)])

    def others() -> None:
        affiliates.set_email("aff-1", NEW, "root", key="k")
        affiliates.set_email("aff-1", "later@example.com", "root")

    meddled = Intervening(store)
    meddled.before("transact", others)
    done = AffiliateService(meddled, clock).set_email("aff-1", NEW, "root", key="k")

    assert 102 == len(done.link_ids)
    assert {"later@example.com", "aff-2@example.com"} == {*addresses(store).values()}


MEANWHILE: dict[str, Callable[[Store, dict[str, str]], object]] = {
    "another address": lambda store, key: store.transact(
        Update(AFFILIATE_LINKS, key, set={"affiliate_email": "third@example.com"})
    ),
    "no address": lambda store, key: store.transact(Update(AFFILIATE_LINKS, key, remove=("affiliate_email",))),
}


@pytest.mark.usefixtures("affiliates")
@pytest.mark.parametrize("what", MEANWHILE)
def test_the_last_word_counts(store: Store, clock: ManualClock, what: str) -> None:
    """Somebody changes the address meanwhile: what was read is gone, so it is read again, and set."""
    meddled, key = Intervening(store), {"affiliate_id": "aff-1", "link_id": "AAAA0000"}
    meddled.before("transact", lambda: MEANWHILE[what](store, key))
    done = AffiliateService(meddled, clock).set_email("aff-1", NEW, "root")

    assert 2 == meddled.calls.count("transact")
    assert ["AAAA0000", "BBBB0000"] == done.link_ids
    assert {"AAAA0000": NEW, "BBBB0000": NEW, "CCCC0000": "aff-2@example.com"} == addresses(store)
    assert 1 == len(list(read_audit_log(store, "affiliate", "aff-1")))


@pytest.mark.usefixtures("affiliates")
def test_a_link_that_goes_meanwhile_does_not_come_back(store: Store, clock: ManualClock) -> None:
    """An erasure takes links away; a link without an address is not made anew from the rest of it."""
    meddled, [first, *_] = Intervening(store), rows(store, AFFILIATE_LINKS)
    bare = {name: value for name, value in first.items() if name != "affiliate_email"}
    store.transact(Put(AFFILIATE_LINKS, bare))
    gone = Delete(AFFILIATE_LINKS, AFFILIATE_LINKS.key_of(first))
    meddled.before("transact", lambda: store.transact(gone))
    done = AffiliateService(meddled, clock).set_email("aff-1", NEW, "root")

    assert ["BBBB0000"] == done.link_ids
    assert {"BBBB0000": NEW, "CCCC0000": "aff-2@example.com"} == addresses(store)
