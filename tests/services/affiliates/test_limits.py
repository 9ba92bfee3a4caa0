"""Limits of new links: counted with the link, by the one transaction that it costs."""

import pytest

from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.records.link_claims import primary_claim_key
from commercive_cli.services.records.rate_limits import RateLimits, TooMany
from commercive_cli.services.records.rates import DEFAULT_RATES, MINUTE, Bucket, Quota, Rate
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, OPS
from commercive_cli.store.writes import Delete
from tests.services.fakes import Codes, ManualClock, Reticent
from tests.services.raw_data import everything, rows

KINDS: list[Rate] = [Quota(2, 3_600), Bucket(2, 1, MINUTE)]


@pytest.mark.parametrize("rate", KINDS, ids=str)
def test_new_links_are_counted_and_those_that_exist_are_found(either: Store, clock: ManualClock, rate: Rate) -> None:
    """A code that was taken does not count, nor does a link that is there, which is found at the limit, too."""
    service = AffiliateService(either, clock, Codes("AAAA0000", "AAAA0000", "BBBB0000", *["CCCC0000"] * 9))
    limits = RateLimits(b"key", {**DEFAULT_RATES, "create-link": rate}).of_user("create-link", "aff-1", "new links")

    def create(shop: str) -> tuple[str, bool]:
        made = service.create_link("aff-1", "a@example.com", shop, limits=limits)
        return made.link_id, made.created

    assert [("AAAA0000", True), ("BBBB0000", True)] == [create("a.example"), create("b.example")]
    before = everything(either)
    assert [("AAAA0000", False), ("BBBB0000", False)] == [create("a.example"), create("b.example")]
    with pytest.raises(TooMany, match="too many new links: 2"):
        create("c.example")
    assert before == everything(either)
    clock.advance(3_600_000)
    assert ("CCCC0000", True) == create("c.example")
    assert 3 == len(rows(either, AFFILIATE_LINKS))


def test_a_link_that_exists_is_found_where_the_store_tells_of_the_limit_alone(store: Store, clock: ManualClock) -> None:
    """An engine need not report every failed condition: the link is looked up before anybody is refused."""
    service = AffiliateService(Reticent(store), clock, Codes("AAAA0000", "BBBB0000"))
    limits = RateLimits(b"key", {**DEFAULT_RATES, "create-link": Quota(1, 3_600)})
    of_user = limits.of_user("create-link", "aff-1", "new links")

    found = [service.create_link("aff-1", "a@example.com", "a.example", limits=of_user).link_id for _ in range(2)]

    assert ["AAAA0000"] * 2 == found


def test_a_repeated_request_is_answered_at_the_limit_though_its_link_is_gone(store: Store, clock: ManualClock) -> None:
    """What its key was answered stands for seven days, whatever has become of the link."""
    service = AffiliateService(store, clock, Codes("AAAA0000", "BBBB0000"))
    limits = RateLimits(b"key", {**DEFAULT_RATES, "create-link": Quota(1, 3_600)})

    def create() -> str:
        of_user = limits.of_user("create-link", "aff-1", "new links")
        return service.create_link("aff-1", "a@example.com", "a.example", key="k", limits=of_user).link_id

    first = create()
    store.transact(Delete(OPS, primary_claim_key("aff-1", "a.example")))

    assert first == create()


def test_keys_for_a_link_that_exists_do_not_pile_up(either: Store, clock: ManualClock) -> None:
    """Each key is kept for seven days, so it is counted as a new link is; without a key nothing is stored."""
    service = AffiliateService(either, clock, Codes("AAAA0000", *["BBBB0000"] * 9))
    rates = RateLimits(b"key", {**DEFAULT_RATES, "create-link": Quota(2, 3_600)})

    def create(key: str | None) -> bool:
        limits = rates.of_user("create-link", "aff-1", "new links")
        return service.create_link("aff-1", "a@example.com", "a.example", key=key, limits=limits).created

    assert [True, False] == [create("k1"), create("k2")]
    before = everything(either)
    with pytest.raises(TooMany, match="too many new links: 2"):
        create("k3")
    assert [True, False, False] == [create("k1"), create("k2"), create(None)]
    assert before == everything(either)
