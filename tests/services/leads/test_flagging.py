"""Looking for flags, over both kinds of stores: what is compared, how much is read, and how right the flags are."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.domain.answers.leads import FlaggedLeads
from commercive_cli.domain.errors import Conflict, Invalid, NotFound
from commercive_cli.domain.models import Lead
from commercive_cli.domain.revisions import revision_of
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.leads.flagging import MOST_LINKS, ON_EITHER_SIDE, FlagService
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.leads.reading import LeadReader
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, LEADS
from commercive_cli.store.writes import Delete
from tests.services.fakes import DAY, START, Intervening, ManualClock
from tests.services.leads.known_duplicates import World
from tests.services.raw_data import everything
from tests.services.transfer.stores import server_store, sqlite_store


@pytest.fixture(params=["sqlite", "server"])
def either(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    """Yield an empty store of either kind."""
    if request.param == "sqlite":
        opened: Any = sqlite_store(tmp_path / "flags.db", clock)
    else:
        opened = server_store(request.getfixturevalue("real_endpoint"))
    with closing(opened) as store:
        yield store


def service(store: Store) -> FlagService:
    return FlagService(store, LeadReader(store))


def item(name: str, day: int = 0, **fields: Any) -> Item:
    at = START + day * DAY
    given = {"affiliate_id": "aff-1", "link_id": "CODE", "status": "pending", "updated_at": at, "created_at": at}
    return {"lead_id": name, **given} | fields


def ids(page: FlaggedLeads) -> list[str]:
    return [each.lead_id for each in page.leads]


def found_flags(found: Iterable[tuple[str, Iterable[Any]]]) -> set[tuple[str, str]]:
    return {(lead_id, flag.flag) for lead_id, flags in found for flag in flags}


def test_how_many_flags_are_right_and_how_many_are_found(store: Store) -> None:
    """Of 1,000 leads with 285 known flags, 240 are found (recall 0.84), and 4 more (precision 0.98).

    Wrong are a made-up number, and one that two cities have. Missed is what no field tells: second addresses and hosts
    of the same people and shops, and numbers that stand once with and once without their country. Among the leads of
    one affiliate, as `show` looks, no other flags are found.
    """
    world = World().fill()
    store.batch_put(AFFILIATE_LINKS, world.links)
    store.batch_put(LEADS, world.leads)
    flags = service(store)
    sightings, leads = flags.among_all(), [Lead.of(each) for each in world.leads]
    found = found_flags((each.lead_id, sightings.flags(each)) for each in leads)
    shown = found_flags((each.lead_id, flags.look_at(each).flags) for each in leads)
    right = found & world.truth

    assert (1000, 285) == (sightings.leads, len(world.truth))
    assert (240, 45, 4) == (len(right), len(world.truth - found), len(found - world.truth))
    assert ("0.98", "0.84") == (f"{len(right) / len(found):.2f}", f"{len(right) / len(world.truth):.2f}")
    assert {"1234567", "030 123 4567"} == {
        each.lead_phone for each in leads if (each.lead_id, "same_phone") in found - world.truth
    }
    assert shown < found
    assert 144 == len(shown)


def test_a_lead_is_shown_with_what_its_affiliate_s_leads_have(either: Store) -> None:
    """`show` compares a lead with its affiliate's links and other leads, and says with how many."""
    either.batch_put(AFFILIATE_LINKS, [{"affiliate_id": "aff-1", "link_id": "CODE", "store_url": "kobe.example"}])
    either.batch_put(
        LEADS,
        [
            item("one", lead_phone="+1 (555) 010-9999", product_link="https://kobe.example/x"),
            item("two", 1, lead_phone="0015550109999", lead_name="Maja"),
            item("three", 2),
            item("other", 3, affiliate_id="aff-2", lead_phone="+15550109999"),
        ],
    )
    shown = service(either).show("one")

    assert ["the affiliate's own shop", "same phone as two"] == [flag.words() for flag in shown.flags]
    assert ["Maja"] == [each.lead_name for each in shown.named]
    assert (2, True) == (shown.compared and shown.compared.leads, shown.compared and shown.compared.all_of_affiliate)
    assert "named" not in shown.model_dump()
    assert ["same phone as other and 1 more"] == [
        flag.words() for flag in service(either).among_all().flags(Lead.of(item("two", 1, lead_phone="+15550109999")))
    ]


def test_only_the_nearest_leads_of_an_affiliate_are_read(store: Store) -> None:
    """500 before a lead and 500 after it, in a few queries, however many there are; and it says that there are more."""
    number = ON_EITHER_SIDE + 2
    batch = [item(f"lead-{at:05}", at, lead_email="a@b.example") for at in range(2 * number + 1)]
    store.batch_put(LEADS, batch)
    links = ({"affiliate_id": "aff-1", "link_id": f"L{at:05}"} for at in range(MOST_LINKS + 3))
    store.batch_put(AFFILIATE_LINKS, links)
    watched = Intervening(store)
    found = service(watched).look_at(Lead.of(batch[number]))

    assert (2 * ON_EITHER_SIDE, False) == (found.compared.leads, found.compared.all_of_affiliate)
    assert [2 * ON_EITHER_SIDE] == [flag.count for flag in found.flags]
    assert ["query"] * len(watched.calls) == watched.calls
    assert len(watched.calls) <= 6


def test_a_list_tells_the_flags_among_all_leads(either: Store) -> None:
    """Filters and pages are those of the list without flags; what is compared are all leads, of any affiliate."""
    either.batch_put(
        LEADS,
        [
            item("one", 0, lead_email="a@b.example"),
            item("two", 1, affiliate_id="aff-2", lead_email="A+1@b.example"),
            item("three", 2),
        ],
    )
    flags = service(either)
    first = flags.list_leads(flags.among_all(), LeadFilter(), limit=2)
    rest = flags.list_leads(flags.among_all(), LeadFilter(), limit=2, cursor=first.next_cursor)

    assert (["three", "two"], ["one"]) == (ids(first), ids(rest))
    assert [(), ("same e-mail as one",)] == [tuple(flag.words() for flag in each.flags) for each in first.leads]
    assert ["one"] == ids(flags.list_leads(flags.among_all(), LeadFilter(affiliate_id="aff-1", until=START)))


def test_a_pass_reads_each_table_once(store: Store) -> None:
    """The flags of any number of leads cost one scan of the links and one of the leads."""
    store.batch_put(LEADS, [item(f"lead-{at}", at, lead_email="a@b.example") for at in range(50)])
    watched = Intervening(store)
    read: list[int] = []
    sightings = service(watched).among_all(read.append)
    scans = len(watched.calls)

    assert all(sightings.flags(Lead.of(item(f"lead-{at}", at, lead_email="a@b.example"))) for at in range(50))
    assert (scans, {"scan"}, 50) == (len(watched.calls), set(watched.calls), sum(read))


def test_duplicates_are_the_flagged_ones_in_pages(either: Store) -> None:
    """Newest first, page after page, each once; `since` and `until` choose what is shown, not what is compared."""
    pairs = [item(f"lead-{at}", at, lead_email=f"a{at % 5}@b.example") for at in range(10)]
    either.batch_put(LEADS, [*pairs, item("alone", 11)])
    flags = service(either)
    sightings = flags.among_all()
    pages, cursor = [], None
    while True:
        page = flags.duplicates(sightings, limit=4, cursor=cursor)
        pages.append(ids(page))
        if (cursor := page.next_cursor) is None:
            break

    assert [
        ["lead-9", "lead-8", "lead-7", "lead-6"],
        ["lead-5", "lead-4", "lead-3", "lead-2"],
        ["lead-1", "lead-0"],
    ] == pages
    newest = flags.duplicates(sightings, since=START + 8 * DAY)
    assert [["same e-mail as lead-4"], ["same e-mail as lead-3"]] == [
        [flag.words() for flag in each.flags] for each in newest.leads
    ]
    assert ["lead-1", "lead-0"] == ids(flags.duplicates(sightings, until=START + DAY))
    assert [] == ids(flags.duplicates(sightings, since=START + 10 * DAY))
    assert [] == service(either).duplicates(flags.among_all(), since=START + 12 * DAY).leads


def test_what_is_wrong_is_refused(store: Store) -> None:
    """A limit out of bounds, a span that ends before it begins, and the cursor of another list."""
    flags = service(store)
    store.batch_put(LEADS, [item(f"lead-{at}", at) for at in range(3)])
    other = flags.leads.list_leads(LeadFilter(), limit=1).next_cursor
    for wrong in ({"limit": 0}, {"since": 2, "until": 1}, {"cursor": other}, {"cursor": "x"}):
        with pytest.raises(Invalid):
            flags.duplicates(flags.among_all(), **wrong)


def test_a_lead_without_an_affiliate_is_compared_with_nobody(store: Store) -> None:
    """What others stored without its affiliate has no flags: it is not looked for among those of nobody."""
    lone = {"lead_id": "lone", "created_at": START, "lead_email": "a@b.example"}
    store.batch_put(LEADS, [lone, item("one", 1, lead_email="a@b.example")])
    found = service(store).look_at(Lead.of(lone))

    assert ((), 0) == (found.flags, found.compared.leads)


def test_an_objection_names_the_flags_and_stops_an_approval_alone(either: Store) -> None:
    """Among many a flagged lead is not approved, and nothing is written; whoever is approved so already stays so."""
    twins = [item("one", 0, lead_email="a@b.example"), item("two", 1, lead_email="a@b.example"), item("three", 2)]
    either.batch_put(LEADS, twins)
    flags, leads = service(either), LeadService(either, ManualClock())
    objection = partial(flags.objection, flags.among_all())
    before = everything(either)

    assert objection("three") is None
    with pytest.raises(NotFound):
        objection("nobody")
    with pytest.raises(
        Conflict, match=r"lead one is flagged: same e-mail as two; nothing was written.*--despite-flags"
    ):
        leads.decide("one", "approved", "boss", commission="5", objection=objection("one"))
    assert before == everything(either)
    assert leads.decide("one", "approved", "boss", commission="5").changed
    assert not leads.decide("one", "approved", "boss", commission="5", objection=objection("one")).changed
    words = leads.decide("one", "approved", "boss", commission="5", notes="seen", objection=objection("one"))
    assert (True, "seen") == (words.changed, words.lead.admin_notes)
    with pytest.raises(Conflict, match="flagged"):
        leads.decide("one", "approved", "boss", commission="6", amend=True, objection=objection("one"))


def test_a_lead_of_nobody_is_shown(either: Store) -> None:
    """Other programs may store a lead that names no affiliate: it is shown, with the stats of nobody."""
    odd = item("odd")
    del odd["affiliate_id"]
    either.batch_put(LEADS, [odd])
    shown = service(either).show("odd")

    assert ("odd", "", 0) == (shown.lead.lead_id, shown.stats.affiliate_id, shown.stats.total_leads)


def test_a_flagged_lead_has_the_revision_that_it_is_decided_by(either: Store) -> None:
    """Its flags are no part of its state: a file of `list --flags` decides what one of `list` decides."""
    either.batch_put(LEADS, [item("one", lead_email="a@b.c"), item("two", lead_email="A@b.c")])
    flags, leads = service(either), LeadService(either, ManualClock())
    flagged = flags.list_leads(flags.among_all(), LeadFilter()).leads
    revisions = {each.lead_id: revision_of(each) for each in flagged}

    assert all(each.flags for each in flagged)
    assert {each.lead_id: revision_of(each) for each in flags.leads.list_leads(LeadFilter()).leads} == revisions
    assert leads.decide("one", "approved", "ann", commission="5", revision=revisions["one"]).changed


def test_an_affiliate_is_shown_with_the_flags_of_the_latest_leads(either: Store) -> None:
    """They are found among the latest 500 of that affiliate, and how many those are is told."""
    twins = [item(f"twin-{day}", day, lead_email="a@b.c") for day in (0, 9)]
    others = [item(f"n-{number:03}", 1, created_at=START + DAY + number) for number in range(ON_EITHER_SIDE - 1)]
    either.batch_put(LEADS, [*twins, *others, item("elsewhere", 9, affiliate_id="aff-2", lead_email="a@b.c")])
    flags, affiliates = service(either), AffiliateService(either, ManualClock())

    cut = flags.of_affiliate(affiliates.show("aff-1"))
    assert (ON_EITHER_SIDE, False) == (cut.compared, cut.compared_all)
    assert ("twin-9", ()) == (cut.leads[0].lead_id, cut.leads[0].flags)

    either.transact(Delete(LEADS, LEADS.key_of(others[0])))
    whole = flags.of_affiliate(affiliates.show("aff-1"))
    assert (ON_EITHER_SIDE, True) == (whole.compared, whole.compared_all)
    assert [("same_email", ("twin-0",))] == [(flag.flag, flag.others) for flag in whole.leads[0].flags]
