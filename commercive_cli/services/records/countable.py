"""Which stored leads can be counted: those whose affiliate, status and amount can be read."""

from commercive_cli.domain.attributes import UNREADABLE
from commercive_cli.domain.models import LEAD_STATUSES
from commercive_cli.domain.money import is_amount
from commercive_cli.store.items import Item


def is_countable(lead: Item) -> bool:
    """Return whether the lead can be counted; checked without a model, since scans read very many leads."""
    amount = lead.get("commission_amount")
    return (
        type(lead.get("affiliate_id")) is str
        and lead.get("status") in LEAD_STATUSES
        and (amount is None or is_amount(amount))
        and UNREADABLE not in lead
    )
