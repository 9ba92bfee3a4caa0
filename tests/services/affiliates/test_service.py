"""Affiliates: one link per shop, unique codes, stats and lists."""

from decimal import Decimal

import pytest

from commercive_cli.domain.errors import Conflict, Invalid, NotFound, Unavailable
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS
from commercive_cli.store.writes import Delete
from tests.services.fakes import START, Codes, Intervening, ManualClock
from tests.services.raw_data import everything, rows

FORM = {"name": "Jane", "email": "jane@example.com"}


def service(store: Store, clock: ManualClock, *codes: str) -> AffiliateService:
    return AffiliateService(store, clock, Codes(*codes))


def test_a_link_is_made_once_for_each_shop(store: Store, clock: ManualClock) -> None:
    """An affiliate has one link per shop, however the shop is spelled, and asking again gives the same link.

    Where that holds something else than what was given, and not only another spelling, the answer says what it keeps.
    """
    affiliates = service(store, clock, "AAAA0000", *(f"BBBB000{n}" for n in range(4)), "CCCC0000", "DDDD0000")
    first = affiliates.create_link("aff-1", "a@example.com", "https://Shop.example/")
    before = everything(store)
    again = affiliates.create_link("aff-1", "other@example.com", "shop.example")

    assert {
        "success": True,
        "affiliate_url": "https://dashboard.commercive.co/affiliate-form?ref=AAAA0000",
        "link_id": "AAAA0000",
        "affiliate_id": "aff-1",
        "created": True,
        "kept": {},
    } == first.model_dump()
    kept = {"affiliate_email": "a@example.com"}
    assert first.model_dump() | {"created": False, "kept": kept} == again.model_dump()
    for shop in ("https://Shop.example/", "shop.example", "http://SHOP.example:443/x"):
        assert {} == affiliates.create_link("aff-1", "A@Example.com", shop).kept
    assert before == everything(store)
    assert "CCCC0000" == affiliates.create_link("aff-1", "a@example.com", "other.example").link_id
    assert "DDDD0000" == affiliates.create_link("aff-2", "b@example.com", "shop.example").link_id


def test_an_affiliate_without_a_shop_has_one_link(store: Store, clock: ManualClock) -> None:
    """The shop may be left empty; that is one link, too."""
    affiliates = service(store, clock, "AAAA0000", "BBBB0000")

    assert affiliates.create_link("aff-1", "a@example.com").created
    assert not affiliates.create_link("aff-1", "a@example.com", "  ").created


def test_a_new_affiliate_has_zeros(store: Store, clock: ManualClock) -> None:
    """An affiliate is listed from the first link on, with stats of zero."""
    affiliates = service(store, clock, "AAAA0000")
    affiliates.create_link("aff-1", "a@example.com")

    assert ["aff-1"] == [stats.affiliate_id for stats in affiliates.list_affiliates().affiliates]
    assert (0, 0, 0, 0, Decimal("0.00")) == affiliates.stats("aff-1").stats.counts()
    assert START == affiliates.stats("aff-1").stats.last_updated


def test_a_further_link_leaves_the_stats_alone(store: Store, clock: ManualClock) -> None:
    """Making another link does not touch what the leads have earned."""
    affiliates = service(store, clock, "AAAA0000", "BBBB0000")
    leads = LeadService(store, clock)
    code = affiliates.create_link("aff-1", "a@example.com", "a.example").link_id
    leads.decide(leads.submit(code, FORM).lead_id, "approved", "admin-1", commission="12.34")
    before = affiliates.stats("aff-1")
    clock.advance(1_000)
    affiliates.create_link("aff-1", "a@example.com", "b.example")

    assert before == affiliates.stats("aff-1")


def test_a_code_that_is_taken_is_drawn_again(store: Store, clock: ManualClock) -> None:
    """A random code that is taken is not used again; another one is drawn."""
    service(store, clock, "AAAA0000").create_link("aff-1", "a@example.com")
    link = service(store, clock, "AAAA0000", "AAAA0000", "BBBB0000").create_link("aff-2", "b@example.com")

    assert "BBBB0000" == link.link_id
    assert "aff-1" == rows(store, AFFILIATE_LINKS)[0]["affiliate_id"]


def test_an_imported_link_is_not_replaced(store: Store, clock: ManualClock) -> None:
    """A random code that an imported link of the same affiliate has, which nobody claimed, is not given again."""
    imported = {"affiliate_id": "aff-1", "link_id": "AAAA0000", "created_at": 1, "updated_at": 1}
    store.batch_put(AFFILIATE_LINKS, [imported])
    link = service(store, clock, "AAAA0000", "BBBB0000").create_link("aff-1", "a@example.com")

    assert ("BBBB0000", True) == (link.link_id, link.created)
    assert imported in rows(store, AFFILIATE_LINKS)


def test_five_taken_codes_are_a_clean_error(store: Store, clock: ManualClock) -> None:
    """After five taken codes, creating a link raises Conflict and writes nothing."""
    service(store, clock, "AAAA0000").create_link("aff-1", "a@example.com")
    before = everything(store)
    codes = Codes(*["AAAA0000"] * 9)

    with pytest.raises(Conflict, match="nothing was written"):
        AffiliateService(store, clock, codes).create_link("aff-2", "b@example.com")
    assert 5 == codes.made
    assert before == everything(store)


def test_two_requests_at_once_make_one_link(store: Store, clock: ManualClock, meddled: Intervening) -> None:
    """Two equal requests at once create one link and both return it; `created` is True in one answer alone."""
    first = []
    affiliates = service(store, clock, "AAAA0000")
    meddled.before("transact", lambda: first.append(affiliates.create_link("aff-1", "a@example.com")))
    second = service(meddled, clock, "BBBB0000").create_link("aff-1", "a@example.com")

    assert first[0].link_id == second.link_id == "AAAA0000"
    assert (True, False) == (first[0].created, second.created)
    assert 1 == len(rows(store, AFFILIATE_LINKS))


@pytest.mark.parametrize(
    "typed", ["ABC10XYZ", "abc10xyz", " abc1-0XYZ. ", "https://shop.example/f?ref=abc10xyz&utm_source=x"]
)
def test_a_code_resolves_as_typed(affiliates: AffiliateService, code: str, typed: str) -> None:
    """A code resolves in any spelling that is read alike."""
    link = affiliates.resolve_link(typed).affiliate_link

    assert link is not None
    assert ("aff-1", code, "shop.example") == (link.affiliate_id, link.link_id, link.store_url)
    assert link == affiliates.get_link("aff-1").affiliate_link


@pytest.mark.parametrize("typed", ["NOSUCH00", "abc"])
def test_an_unknown_code_is_not_found(affiliates: AffiliateService, code: str, typed: str) -> None:
    """An unknown code raises NotFound, and an impossible one Invalid."""
    with pytest.raises(NotFound):
        affiliates.resolve_link(typed)
    for bad in ("", "x" * 129, "a\0", "?ref=" + "A" * 2_100):
        with pytest.raises(Invalid):
            affiliates.resolve_link(bad)
    assert code == "ABC10XYZ"


def test_an_exact_code_comes_first(affiliates: AffiliateService, code: str, store: Store) -> None:
    """Where a typed text is one link's code and could be another's, it is the first one's."""
    typed = code.lower()
    store.batch_put(AFFILIATE_LINKS, [{"affiliate_id": "old", "link_id": typed, "created_at": 1, "updated_at": 1}])
    exact, other = affiliates.resolve_link(typed).affiliate_link, affiliates.resolve_link(typed + "-").affiliate_link

    assert exact is not None
    assert ("old", typed) == (exact.affiliate_id, exact.link_id)
    assert other == exact
    assert code == getattr(affiliates.resolve_link(code[:4] + "-" + typed[4:]).affiliate_link, "link_id", None)


@pytest.mark.parametrize("typed", ["olil", "https://x.example/?ref=OLIL", "O-L-I-L", "OLIL&utm_source=x"])
def test_an_imported_link_is_found_as_pasted(affiliates: AffiliateService, store: Store, typed: str) -> None:
    """Codes of the old system hold O, I and L, and are found like ours."""
    item = {"affiliate_id": "old", "link_id": "OLIL", "created_at": 1, "updated_at": 1}
    store.batch_put(AFFILIATE_LINKS, [item])
    link = affiliates.resolve_link(typed).affiliate_link

    assert link is not None
    assert ("old", "OLIL") == (link.affiliate_id, link.link_id)


def test_an_imported_link_keeps_its_spelling(affiliates: AffiliateService, store: Store) -> None:
    """A link from the old system resolves by its exact code, also where ours would read it otherwise."""
    item = {"affiliate_id": "old", "link_id": "abc1o", "created_at": 1, "updated_at": 1}
    store.batch_put(AFFILIATE_LINKS, [item])
    link = affiliates.resolve_link("abc1o").affiliate_link

    assert link is not None
    assert ("old", "abc1o") == (link.affiliate_id, link.link_id)


def test_the_primary_link_is_the_oldest(store: Store, clock: ManualClock) -> None:
    """Without a shop the affiliate's oldest link is given; with one, that shop's, in any spelling; else none."""
    affiliates = service(store, clock, "BBBB0000", "AAAA0000")
    affiliates.create_link("aff-1", "a@example.com", "b.example")
    affiliates.create_link("aff-1", "a@example.com", "a.example")

    def found(shop: str | None = None) -> str | None:
        link = affiliates.get_link("aff-1", shop).affiliate_link
        return None if link is None else link.link_id

    assert "BBBB0000" == found()
    assert "AAAA0000" == found("HTTP://A.example/")
    assert "BBBB0000" == found("b.example")
    assert found("c.example") is None
    assert found("") is None
    assert affiliates.get_link("nobody").affiliate_link is None


def test_unknown_affiliates_have_zeros(affiliates: AffiliateService) -> None:
    """The stats of an unknown affiliate are zeros; showing the affiliate raises NotFound."""
    assert {"affiliate_id": "nobody", "total_leads": 0, "total_commission": Decimal(0), "last_updated": 0}.items() <= (
        affiliates.stats("nobody").stats.item().items()
    )
    with pytest.raises(NotFound):
        affiliates.show("nobody")


def test_an_affiliate_is_shown_whole(affiliates: AffiliateService, leads: LeadService, code: str) -> None:
    """An affiliate is shown with every link, the stats and the ten latest leads, newest first."""
    ids = [leads.submit(code, FORM).lead_id for _ in range(12)]
    shown = affiliates.show("aff-1")

    assert [code] == [link.link_id for link in shown.affiliate_links]
    assert 12 == shown.stats.total_leads
    assert ids[:1:-1] == [lead.lead_id for lead in shown.leads]


def test_whoever_is_listed_is_shown(affiliates: AffiliateService, store: Store) -> None:
    """An affiliate of whom only stats are stored, even without a count, is in the list, so it is shown as well."""
    store.batch_put(AFFILIATE_STATS, [{"affiliate_id": "aff-stats"}, {"affiliate_id": "aff-odd", "total_leads": "two"}])
    listed = [each.affiliate_id for each in affiliates.list_affiliates().affiliates]

    assert {"aff-stats", "aff-odd"} <= set(listed)
    assert listed == [affiliates.show(each).affiliate_id for each in listed]


def test_pages_of_affiliates(affiliates: AffiliateService, store: Store) -> None:
    """Pages of any size hold each affiliate once."""
    names = [f"aff-{number:02}" for number in range(23)]
    store.batch_put(AFFILIATE_STATS, [{"affiliate_id": name} for name in names])
    for limit in (1, 10, 22, 23, 24):
        found: list[str] = []
        cursor = None
        while True:
            page = affiliates.list_affiliates(limit=limit, cursor=cursor)
            found += [stats.affiliate_id for stats in page.affiliates]
            assert len(page.affiliates) <= limit
            if (cursor := page.next_cursor) is None:
                break
        assert names == sorted(found)

    with pytest.raises(Invalid, match="limit"):
        affiliates.list_affiliates(limit=501)
    with pytest.raises(Invalid, match="cursor"):
        affiliates.list_affiliates(cursor="x")


def test_pages_of_affiliates_end_with_those_who_have_links_alone(affiliates: AffiliateService, store: Store) -> None:
    """Links that other programs made are seen before anything counts their leads, each affiliate once, with zeros."""
    counted = [f"aff-{number:02}" for number in range(7)]
    store.batch_put(AFFILIATE_STATS, [{"affiliate_id": name, "total_leads": 1} for name in counted])
    linked = [*counted[:3], *(f"imported-{number:02}" for number in range(9))]
    links = [{"affiliate_id": name, "link_id": f"{name}-{number}"} for name in linked for number in range(3)]
    store.batch_put(AFFILIATE_LINKS, links)
    for limit in (1, 2, 7, 8, 16, 17):
        found: list[tuple[str, int]] = []
        cursor = None
        while True:
            page = affiliates.list_affiliates(limit=limit, cursor=cursor)
            found += [(stats.affiliate_id, stats.total_leads) for stats in page.affiliates]
            assert len(page.affiliates) <= limit
            if (cursor := page.next_cursor) is None:
                break
        assert [(name, 1) for name in counted] + [(name, 0) for name in linked[3:]] == sorted(found)
        assert [1] * 7 + [0] * 9 == [leads for _, leads in found]


def test_counts_below_zero_are_damaged(affiliates: AffiliateService, store: Store) -> None:
    """Stats that started late, at the decision on an imported lead, do not pass for a count."""
    stored = {"affiliate_id": "aff-1", "approved_leads": 1, "pending_leads": -1, "total_commission": Decimal("-3.50")}
    store.batch_put(AFFILIATE_STATS, [stored])
    stats = affiliates.stats("aff-1").stats

    assert (0, 1, 0, 0, Decimal("0.00")) == stats.counts()
    assert ("pending_leads", "total_commission") == stats.damaged


@pytest.mark.parametrize(
    ("affiliate", "address", "shop", "field"),
    [
        ("", "a@example.com", "", "affiliate_id"),
        ("x" * 129, "a@example.com", "", "affiliate_id"),
        ("aff-1", "nobody", "", "affiliate_email"),
        ("aff-1", "", "", "affiliate_email"),
        ("aff-1", "a@example.com", "x" * 256, "store_url"),
        ("aff-1", "a@example.com", "a\0", "store_url"),
    ],
)
def test_bad_input_makes_no_link(
    affiliates: AffiliateService, store: Store, affiliate: str, address: str, shop: str, field: str
) -> None:
    """An invalid value is refused with the field's name, and nothing is written."""
    before = everything(store)

    with pytest.raises(Invalid) as refused:
        affiliates.create_link(affiliate, address, shop)
    assert field == refused.value.field
    assert before == everything(store)


def test_the_longest_input_makes_a_link(affiliates: AffiliateService) -> None:
    """Ids of 128 characters of any script and shops of 255 fit into every key that a link needs."""
    made = affiliates.create_link("👍" * 128, f"{'é' * 244}@y.example", "y.example/" + "ü" * 245)

    assert made.created
    assert not affiliates.create_link("👍" * 128, "a@example.com", "Y.EXAMPLE/" + "Ü" * 245).created


def test_a_claim_without_its_link_is_explained(affiliates: AffiliateService, code: str, store: Store) -> None:
    """When another program deleted a link but not its claim, the error names the audit."""
    store.transact(Delete(AFFILIATE_LINKS, {"affiliate_id": "aff-1", "link_id": code}))

    for attempt in (
        lambda: affiliates.resolve_link(code),
        lambda: affiliates.create_link("aff-1", "a@example.com", "shop.example"),
    ):
        with pytest.raises(Unavailable, match="audit --fix"):
            attempt()


def test_links_lead_to_the_dashboard_of_the_settings(store: Store, clock: ManualClock) -> None:
    """The link's address is the configured dashboard's form, with or without a trailing slash in the settings."""
    affiliates = AffiliateService(store, clock, Codes("AAAA0000"), "https://dash.example/x/")

    assert "https://dash.example/x/affiliate-form?ref=AAAA0000" == affiliates.create_link("a", "a@b").affiliate_url
