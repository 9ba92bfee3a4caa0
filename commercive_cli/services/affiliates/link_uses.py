"""What came through which link of an affiliate."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from commercive_cli.domain.answers.affiliates import LinkUse
from commercive_cli.domain.models import AffiliateLink, Lead
from commercive_cli.domain.money import CENT, counted_commission


def link_uses(links: Iterable[AffiliateLink], leads: Iterable[Lead]) -> list[LinkUse]:
    """Return what came through each link, also through links that are gone; most leads first, then by link."""
    through = defaultdict[str, list[Lead]](list, {each.link_id: [] for each in links})
    for lead in leads:
        through[lead.link_id].append(lead)
    uses = (_use(link_id, found) for link_id, found in through.items())
    return sorted(uses, key=lambda each: (-each.leads, each.link_id))


def _use(link_id: str, leads: list[Lead]) -> LinkUse:
    money = sum((counted_commission(each.status, each.commission_amount) for each in leads), Decimal(0))
    return LinkUse(
        link_id=link_id,
        leads=len(leads),
        approved=sum(each.status == "approved" for each in leads),
        commission=money.quantize(CENT),
        latest_at=max((each.created_at for each in leads), default=None),
    )
