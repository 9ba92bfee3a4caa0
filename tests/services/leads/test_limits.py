"""Limits of the public form: only what is stored counts, so nobody can use up what others have."""

from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from commercive_cli.domain.answers.leads import LeadSubmitted
from commercive_cli.domain.errors import Conflict, Invalid, NotFound
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.records.rate_limits import Limits, RateLimits, TooMany
from commercive_cli.services.records.rates import DEFAULT_RATES, MINUTE, Bucket
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, LEADS, OPS
from tests.services.fakes import START, Codes, Intervening, ManualClock, Reticent, a_week_passes
from tests.services.raw_data import errors_in, everything, rows

FORM = {"name": "Jane", "email": "jane@example.com"}
SECOND = 1_000
CODE = "ABC10XYZ"
RATES = RateLimits(b"key", {**DEFAULT_RATES, "address": Bucket(2, 1, MINUTE)})


@pytest.fixture
def asked(either: Store, clock: ManualClock) -> Intervening:
    """A store with the link of `aff-1`, which says what it was asked."""
    AffiliateService(either, clock, Codes(CODE)).create_link("aff-1", "aff@example.com")
    return Intervening(either)


def submitted(leads: LeadService, limits: Callable[[str], Limits]) -> bool:
    """Submit a form; return whether there was room."""
    try:
        return leads.submit(CODE, FORM, limits=limits).success
    except TooMany:
        return False


def from_(address: str, rates: RateLimits = RATES) -> Callable[[str], Limits]:
    return lambda code: rates.lead(address, code)


def test_a_lead_costs_one_read_and_one_transaction(asked: Intervening, clock: ManualClock) -> None:
    """Counting it adds no round trip, whatever was stored before; a refusal costs the read alone."""
    leads = LeadService(asked, clock)
    for number in range(2):
        leads.submit(CODE, FORM, key=f"k{number}", limits=from_("192.0.2.1"))
        assert ["batch_get", "transact"] == asked.calls
        asked.calls.clear()

    with pytest.raises(TooMany):
        leads.submit(CODE, FORM, limits=from_("192.0.2.1"))
    assert ["batch_get"] == asked.calls


def test_a_repeated_request_gets_its_first_answer_and_costs_nothing(asked: Intervening, clock: ManualClock) -> None:
    """Below the limit and at it, in two round trips; another request with its key is a Conflict there, too."""
    leads, limits = LeadService(asked, clock), from_("192.0.2.1")
    first = leads.submit(CODE, FORM, key="k", limits=limits)
    before = everything(asked)
    assert [first] * 9 == [leads.submit(CODE, FORM, key="k", limits=limits) for _ in range(9)]
    assert before == everything(asked)

    leads.submit(CODE, FORM, limits=limits)
    before = everything(asked)
    asked.calls.clear()
    assert first == leads.submit(CODE, FORM, key="k", limits=limits)
    assert ["batch_get", "get"] == asked.calls
    with pytest.raises(Conflict, match="another request"):
        leads.submit(CODE, {**FORM, "name": "John"}, key="k", limits=limits)
    with pytest.raises(TooMany, match="from this address: 2, then 1 a minute; try again in"):
        leads.submit(CODE, FORM, key="other", limits=limits)
    assert before == everything(asked)


def test_a_request_that_reaches_the_limit_by_its_own_twin_gets_its_answer(
    asked: Intervening, clock: ManualClock
) -> None:
    """The twin takes the last place between our look and our write; both hear of the one lead."""
    leads, limits = LeadService(asked, clock), from_("192.0.2.1")
    leads.submit(CODE, FORM, limits=limits)
    twins: list[str] = []
    asked.before("transact", lambda: twins.append(leads.submit(CODE, FORM, key="k", limits=limits).lead_id))

    assert leads.submit(CODE, FORM, key="k", limits=limits).lead_id in twins
    assert 2 == len(rows(asked, LEADS))


def test_a_repeated_form_is_known_where_the_store_tells_of_the_limit_alone(store: Store, clock: ManualClock) -> None:
    """An engine need not report every failed condition: the key is looked up before anybody is refused."""
    AffiliateService(store, clock, Codes(CODE)).create_link("aff-1", "aff@example.com")
    reticent, limits = Reticent(store), from_("192.0.2.1")
    leads = LeadService(reticent, clock)
    sent: list[LeadSubmitted] = []
    LeadService(store, clock).submit(CODE, FORM, limits=limits)
    reticent.before(
        "transact", lambda: sent.append(LeadService(store, clock).submit(CODE, FORM, key="k", limits=limits))
    )

    assert [leads.submit(CODE, FORM, key="k", limits=limits)] == sent


def test_an_expired_key_is_no_way_around_a_limit(asked: Intervening, clock: ManualClock) -> None:
    """After a week the key is as new, and its request is refused like any other."""
    leads, limits = LeadService(asked, clock), from_("192.0.2.1")
    leads.submit(CODE, FORM, key="k", limits=limits)
    a_week_passes(asked, clock)
    for _ in range(2):
        leads.submit(CODE, FORM, limits=limits)

    with pytest.raises(TooMany):
        leads.submit(CODE, FORM, key="k", limits=limits)


@pytest.mark.parametrize(
    ("code", "form", "key", "error"),
    [
        (CODE, {"name": ""}, None, Invalid),
        (CODE, {**FORM, "product_link": "javascript:alert(1)"}, None, Invalid),
        (CODE, FORM, "k" * 129, Invalid),
        (CODE, FORM, "taken", Conflict),
        ("NOSUCHCODE", FORM, None, NotFound),
        ("?" * 200, FORM, None, Invalid),
    ],
    ids=["no name", "a script", "a long key", "a used key", "an unknown code", "no code"],
)
def test_what_is_refused_is_not_counted(
    asked: Intervening, clock: ManualClock, code: str, form: dict[str, str], key: str | None, error: type[Exception]
) -> None:
    """However often: nothing is written, and the next one from the same address is admitted."""
    leads, limits = LeadService(asked, clock), from_("192.0.2.1")
    leads.submit(CODE, {**FORM, "name": "John"}, key="taken", limits=from_("192.0.2.9"))
    before = everything(asked)
    for _ in range(40):
        with pytest.raises(error):
            leads.submit(code, form, key=key, limits=limits)

    assert before == everything(asked)
    assert [leads.submit(CODE, FORM, limits=limits).success for _ in range(2)] == [True, True]
    assert [] == errors_in(asked)


@pytest.mark.parametrize(("per_thread", "expected"), [(1, 32), (3, 60)], ids=["room for all", "room for sixty"])
def test_thirty_two_visitors_at_once(asked: Intervening, per_thread: int, expected: int) -> None:
    """All through one link and from one /48: nobody is refused who has a place, and books and limits agree."""
    leads, start = LeadService(asked, ManualClock(step=0)), Barrier(32)

    def visit(number: int) -> int:
        start.wait()
        limits = from_(f"2001:db8:1:{number:x}::1", RateLimits(b"key"))
        return sum(submitted(leads, limits) for _ in range(per_thread))

    with ThreadPoolExecutor(32) as pool:
        stored = sum(pool.map(visit, range(32)))

    assert (expected, expected) == (stored, len(rows(asked, LEADS)))
    assert [] == errors_in(asked)


@pytest.mark.parametrize("typed", ["ABC10XYZ", "abc10xyz", "https://x.example/?ref=abc1-0xyz"])
def test_a_link_has_one_limit_in_every_spelling(asked: Intervening, clock: ManualClock, typed: str) -> None:
    """Another way to write the code is no way around it."""
    rates = RateLimits(b"key", {**DEFAULT_RATES, "link": Bucket(1, 1, MINUTE)})
    leads = LeadService(asked, clock)
    leads.submit(CODE, FORM, limits=from_("192.0.2.1", rates))
    before = everything(asked)

    with pytest.raises(TooMany, match="through this link"):
        leads.submit(typed, FORM, limits=from_("192.0.2.2", rates))
    assert before == everything(asked)


def test_an_imported_link_has_a_limit_too(asked: Intervening, clock: ManualClock) -> None:
    """Also without a claim, under a code that no link of ours could have."""
    rates = RateLimits(b"key", {**DEFAULT_RATES, "link": Bucket(1, 1, MINUTE)})
    link = {"affiliate_id": "aff-9", "link_id": "old_link", "created_at": START}
    asked.batch_put(AFFILIATE_LINKS, [link])
    leads = LeadService(asked, clock)
    leads.submit("old_link", FORM, limits=from_("192.0.2.1", rates))

    with pytest.raises(TooMany, match="through this link"):
        leads.submit(" old_link ", FORM, limits=from_("192.0.2.2", rates))


def test_an_office_is_served_within_the_hour_and_a_spammer_is_not(leads: LeadService, clock: ManualClock) -> None:
    """Of sixty behind one address all get through in 30 minutes; a program that never stops gets 200 a day."""
    limits = from_("192.0.2.1", RateLimits(b"key"))
    clock.now, clock.step = START - START % (86_400 * SECOND), 0
    AffiliateService(leads.store, clock, Codes(CODE)).create_link("aff-1", "aff@example.com")

    served = sum(submitted(leads, limits) for _ in range(60))
    assert 30 == served
    for minute in range(1, 31):
        clock.advance(MINUTE * SECOND)
        served += submitted(leads, limits)
        assert 30 + minute == served
    for _ in range(24 * 60 - 31):
        clock.advance(MINUTE * SECOND)
        served += submitted(leads, limits)
    assert 200 == served
    clock.advance(MINUTE * SECOND)
    assert submitted(leads, limits), "a new day"


def test_ten_thousand_hostile_requests_keep_no_honest_form_from_a_link(store: Store, clock: ManualClock) -> None:
    """From 1,000 /64s of 10 /48s, ten minutes long, half of them valid: whoever comes is served at once.

    Each /48 gets 60 at once and 4 a minute, all together fewer than the link takes. Refused requests leave no trace.
    """
    AffiliateService(store, clock, Codes(CODE)).create_link("victim", "victim@example.com")
    leads, rates, count, milliseconds, clock.step = LeadService(store, clock), RateLimits(b"key"), 10_000, 60, 0
    empty_ops, began = len(rows(store, OPS)), clock.now
    outcomes: Counter[str] = Counter()
    stored_from: defaultdict[int, list[str]] = defaultdict(list)
    requests = ((CODE, FORM), (CODE, {"name": ""}), (CODE, FORM), ("NOSUCH", FORM))
    honest = 0
    for number in range(count):
        clock.now = began + number * milliseconds
        site, home, guest = number // 4 % 10, number // 40 % 100, number % 7
        address = f"2001:db8:{site:x}:{home:x}::{guest:x}"
        code, form = requests[number % 4]
        try:
            leads.submit(code, form, limits=from_(address, rates))
            outcomes["stored"] += 1
            stored_from[site].append(address)
        except (TooMany, Invalid, NotFound) as refused:
            outcomes[type(refused).__name__] += 1
        if number % 50 == 49:  # every three seconds somebody honest comes, each once
            assert leads.submit(CODE, FORM, limits=from_(f"198.51.{honest // 100}.{honest % 100}", rates)).success
            honest += 1

    # The last valid request of a site comes less than 15 seconds before the end: 600 s bring 39 times one token.
    each_site = 60 + 39
    assert dict.fromkeys(range(10), each_site) == {site: len(sent) for site, sent in stored_from.items()}
    assert {
        "stored": 10 * each_site,
        "TooMany": count // 2 - 10 * each_site,
        "Invalid": count // 4,
        "NotFound": count // 4,
    } == outcomes
    assert (200, 200 + 10 * each_site) == (honest, len(rows(store, LEADS)))
    homes = {address.rpartition("::")[0] for sent in stored_from.values() for address in sent}
    # Two items for each address, one for each /48, one for the link: what was stored, and nothing for what was refused.
    assert 2 * (honest + len(homes)) + 10 + 1 == len(rows(store, OPS)) - empty_ops
    assert [] == errors_in(store)
