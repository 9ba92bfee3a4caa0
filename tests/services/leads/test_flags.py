"""What makes a lead look odd: what it shares with others or with its affiliate, and how many came with it."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.models import AffiliateLink, Lead
from commercive_cli.services.leads.flags import MANY, NAMED, SPAN_MS, Sightings
from tests.services.fakes import DAY, START


def lead(name: str, at: int = 0, **fields: Any) -> Lead:
    """Return a lead that has nothing in common with others; `at` are days, so that few come at once."""
    given = {"affiliate_id": "aff-1", "link_id": "CODE", "status": "pending", "updated_at": START} | fields
    return Lead.of({"lead_id": name, "created_at": START + at * DAY, **given})


def link(affiliate_id: str = "aff-1", email: str = "", shop: str = "") -> AffiliateLink:
    return AffiliateLink(
        affiliate_id=affiliate_id, link_id="CODE", affiliate_email=email, store_url=shop, created_at=START
    )


def seen(leads: Iterable[Lead], links: Iterable[AffiliateLink] = ()) -> Sightings:
    sightings = Sightings()
    for each in links:
        sightings.add_link(each)
    for one in leads:
        sightings.add_lead(one)
    return sightings.finished()


def flags(leads: Sequence[Lead], *links: AffiliateLink) -> list[str]:
    """Return the flags of the first of these leads, in words."""
    return [flag.words() for flag in seen(leads, links).flags(leads[0])]


@pytest.mark.parametrize(
    ("field", "one", "other", "words"),
    [
        ("lead_email", "a.nn+x@gmail.com", "Ann@GoogleMail.com", "same e-mail as b"),
        ("lead_phone", "+44 (0)7400 123456", "00447400123456", "same phone as b"),
        ("product_link", "https://www.kobe-tea.example/1", "Kobe-Tea.example", "same shop as b"),
    ],
)
def test_what_two_leads_share_flags_both(field: str, one: str, other: str, words: str) -> None:
    """The same address, number or shop, however each was spelled; what differs flags nobody."""

    def having(name: str, value: str) -> Lead:
        given: dict[str, Any] = {field: value}
        return lead(name, **given)

    pair = [having("a", one), having("b", other)]

    assert [words] == flags(pair)
    assert [words.replace(" b", " a")] == flags(pair[::-1])
    assert [] == flags([pair[0], having("b", f"9{other}")])


def test_a_lead_with_nothing_typed_shares_nothing() -> None:
    """Empty fields are no e-mail, phone or shop, and a damaged lead has none."""
    assert [] == flags([lead("a"), lead("b", 1), Lead.of({"lead_id": "c", "created_at": 1, "lead_email": 5})])


def test_a_flag_names_ten_and_counts_all() -> None:
    """The newest ten others are named, and the words say how many more there are."""
    many = [lead(f"{number:02}", number, lead_phone="070 555 0142") for number in range(15)]
    (flag,) = seen(many).flags(many[3])

    assert tuple(f"{number:02}" for number in range(14, 4, -1)) == flag.others
    assert (NAMED, 14) == (len(flag.others), flag.count)
    assert "same phone as 14 and 13 more" == flag.words()


@pytest.mark.parametrize(
    ("own", "fields", "words"),
    [
        (link(email="Ann@gmail.com"), {"lead_email": "a.n.n+1@gmail.com"}, "the affiliate's own e-mail"),
        (link(shop="kobe-tea.example"), {"product_link": "https://kobe-tea.example/x"}, "the affiliate's own shop"),
        (link(email="a@b.example", shop="s.example"), {"lead_email": "A@B.example", "product_link": "s.example"},
         "the affiliate's own e-mail and shop"),
        (link("ann@b.example"), {"affiliate_id": "ann@b.example", "lead_email": "Ann@B.example"},
         "the affiliate's own id"),
        (link("an.n@gmail.com"), {"affiliate_id": "an.n@gmail.com", "lead_email": "Ann+1@googlemail.com"},
         "the affiliate's own id"),
        (link(), {"lead_name": "AFF-1"}, "the affiliate's own id"),
    ],
)  # fmt: skip
def test_what_a_lead_has_of_its_affiliate_is_a_self_referral(
    own: AffiliateLink, fields: dict[str, Any], words: str
) -> None:
    """The e-mail or shop of any of its links, or its id as name or address; those of others are none of it."""
    one = lead("a", **fields)

    assert [words] == flags([one], own)
    other = own.model_copy(update={"affiliate_id": "aff-2"})
    assert [] == flags([one.model_copy(update={"affiliate_id": "aff-9"})], other)


def times(seconds: Iterable[int]) -> list[Lead]:
    """Return leads that came so many seconds after the first moment."""
    return [
        lead(f"{number:02}").model_copy(update={"created_at": START + at * 1000}) for number, at in enumerate(seconds)
    ]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([0, 200, 400, 600], [4, 4, 4, 4]),
        ([0, 200, 400, 601], [0, 0, 0, 0]),
        ([0, 200, 400], [0, 0, 0]),
        ([0, 0, 0, 0, 0], [5, 5, 5, 5, 5]),
        ([0, 1, 2, 599, 601, 700], [4, 4, 4, 4, 4, 0]),
    ],
)
def test_four_leads_within_ten_minutes_are_many_at_once(seconds: list[int], expected: list[int]) -> None:
    """Ten minutes from the first to the last, both counted; each lead has the fullest ten minutes that it is in."""
    leads = times(seconds)
    sightings = seen(leads)
    found = [sightings.flags(each) for each in leads]

    assert expected == [of_one[0].count + 1 if of_one else 0 for of_one in found]
    assert all(
        flag.words() == f"{flag.count + 1} leads within 10 minutes over link CODE" for (flag,) in filter(None, found)
    )


def test_leads_over_other_links_do_not_count() -> None:
    """Four at once over two links are two over each."""
    leads = times([0, 1, 2, 3])

    assert [] == flags([*leads[:2], *(each.model_copy(update={"link_id": "OTHER"}) for each in leads[2:])])


def test_leads_without_a_time_did_not_come_at_once() -> None:
    """What others stored with a time that cannot be read came at no time that is known."""
    odd = [Lead.of({"lead_id": f"{number}", "created_at": Decimal("1.5"), "link_id": "CODE"}) for number in range(MANY)]

    assert [] == flags(odd)


@given(st.lists(st.integers(0, 3000), max_size=30))
def test_the_fullest_ten_minutes_are_found(seconds: list[int]) -> None:
    """The count agrees with trying every span of ten minutes around every lead."""
    leads = times(sorted(seconds))
    sightings = seen(leads)

    def most(one: Lead) -> int:
        starts = (each.created_at for each in leads if 0 <= one.created_at - each.created_at <= SPAN_MS)
        return max(sum(start <= each.created_at <= start + SPAN_MS for each in leads) for start in starts)

    counts = [[flag.count + 1 for flag in sightings.flags(each)] for each in leads]
    assert [[most(each)] if most(each) >= MANY else [] for each in leads] == counts


@given(
    st.lists(
        st.builds(
            dict,
            lead_email=st.sampled_from(["", "a@b.example", "A+1@b.example", "aff@b.example"]),
            lead_phone=st.sampled_from(["", "070 555 0142", "0705550142"]),
            affiliate_id=st.sampled_from(["aff-1", "aff-2"]),
            at=st.integers(0, 1),
        ),
        max_size=9,
    )
)
def test_the_flagged_ones_are_those_with_flags(drawn: list[dict[str, Any]]) -> None:
    """Who is named as flagged has flags, and nobody else has; nobody is among the others of their own flag."""
    leads = [lead(f"{number}", **fields) for number, fields in enumerate(drawn)]
    sightings = seen(leads, [link(email="aff@b.example")])
    with_flags = {each.lead_id for each in leads if sightings.flags(each)}

    assert with_flags == {ref.lead_id for ref in sightings.flagged}
    assert all(each.lead_id not in flag.others for each in leads for flag in sightings.flags(each))


def test_the_gravest_flag_comes_first_in_a_word_or_two() -> None:
    """Self-referrals, then e-mail, phone, shop, then many at once: a list shows the first, and how many more."""
    fields: dict[str, Any] = {"lead_email": "a@b.example", "lead_phone": "070 555 0142", "product_link": "shop.example"}
    four = [lead(f"{number}", **fields) for number in range(4)]
    found = seen(four, [link(shop="shop.example")]).flags(four[0])

    assert ["own shop", "e-mail", "phone", "shop", "4 at once"] == [flag.label for flag in found]
    assert {"flag": "self_referral", "with": [], "count": 0, "same": ["store"]} == found[0].model_dump()
    assert {"flag": "same_email", "with": ["3", "2", "1"], "count": 3} == found[1].model_dump()
    assert {
        "flag": "many_at_once", "with": ["3", "2", "1"], "count": 3, "minutes": 10, "link_id": "CODE",
    } == found[4].model_dump()  # fmt: skip
