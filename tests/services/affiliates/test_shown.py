"""One affiliate as it is shown: stats, links, and what came through them, over both engines."""

from decimal import Decimal

from commercive_cli.domain.answers.affiliates import LinkUse
from commercive_cli.domain.ids import uuid7
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS
from tests.services.fakes import START, Codes, Intervening, ManualClock

FORM = {"name": "Jane", "email": "jane@example.com"}


def test_links_say_what_came_through_them(either: Store) -> None:
    """Leads, approvals and money by link, most leads first, those without any too."""
    clock = ManualClock(step=0)
    affiliates = AffiliateService(either, clock, Codes("AAAA0000", "BBBB0000", "CCCC0000"))
    leads = LeadService(either, clock)
    for shop in ("a.example", "b.example", "c.example"):
        affiliates.create_link("aff-1", "a@example.com", shop)
    clock.advance(1_000)
    for code, amount in (("BBBB0000", "0.10"), ("BBBB0000", "0.20"), ("AAAA0000", "12.34")):
        leads.decide(leads.submit(code, FORM).lead_id, "approved", "jonas", commission=amount)
    leads.submit("BBBB0000", FORM)
    shown = affiliates.show("aff-1")

    assert [
        LinkUse(link_id="BBBB0000", leads=3, approved=2, commission=Decimal("0.30"), latest_at=START + 1_000),
        LinkUse(link_id="AAAA0000", leads=1, approved=1, commission=Decimal("12.34"), latest_at=START + 1_000),
        LinkUse(link_id="CCCC0000"),
    ] == shown.link_uses
    assert (4, True, shown.stats.total_commission) == (
        shown.counted_leads,
        shown.counted_all,
        sum(each.commission for each in shown.link_uses),
    )


def imported(number: int) -> dict[str, object]:
    at = START + number
    return {
        "lead_id": uuid7(at, number),
        "created_at": at,
        "updated_at": at,
        "affiliate_id": "aff-1",
        "link_id": "gone",
        "status": "approved",
        "commission_amount": 1,
    }


def test_a_link_that_is_gone_is_told_too(store: Store, affiliates: AffiliateService) -> None:
    """What came through it is the affiliate's all the same."""
    store.batch_put(LEADS, [imported(1)])

    assert [("gone", 1)] == [(each.link_id, each.leads) for each in affiliates.show("aff-1").link_uses]


def test_of_many_leads_the_latest_are_counted(store: Store, affiliates: AffiliateService) -> None:
    """However many there are, a page is read: 500, of which the answer says that they are not all."""
    store.batch_put(LEADS, [imported(number) for number in range(500)])
    assert (500, True) == ((all_of_them := affiliates.show("aff-1")).counted_leads, all_of_them.counted_all)
    store.batch_put(LEADS, [imported(500)])
    asked = Intervening(store)
    shown = AffiliateService(asked).show("aff-1")

    assert (500, False, [Decimal("500.00")]) == (
        shown.counted_leads,
        shown.counted_all,
        [each.commission for each in shown.link_uses],
    )
    assert (10, START + 500) == (len(shown.leads), shown.leads[0].created_at)
    assert ["get", "query", "query"] == asked.calls
