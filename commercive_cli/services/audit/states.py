"""The states of leads and conversations: which can be, how an audit row tells one, and what the last row told."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from commercive_cli.domain.ids import created_at_of
from commercive_cli.domain.models import CONVERSATION_STATUSES, LEAD_STATUSES
from commercive_cli.domain.money import is_amount
from commercive_cli.services.audit.malformed import readable, shown
from commercive_cli.services.records.audit_log import audit_partition
from commercive_cli.store.items import Item
from commercive_cli.store.pages import pages
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import CONVERSATIONS, LEADS, OPS

SUBJECTS = {"lead": LEADS, "conversation": CONVERSATIONS}
INITIAL = {"lead": {"status": "pending"}, "conversation": {"status": "open"}}
_LONGEST_TOLD = 100


def state_of(kind: str, item: Item) -> dict[str, Any]:
    """Return the state of a lead or conversation as an audit row tells it; what is of another kind is told as text."""
    names = ("status", "commission_amount") if kind == "lead" else ("status",)
    return {name: _told(item[name]) for name in names if item.get(name) is not None}


def state_problem(kind: str, state: Item) -> str | None:
    """Return why a lead or conversation cannot be in this state, in words, or None.

    An approved lead has a commission of 0 to 1,000,000 USD, any other lead has none.
    """
    status, amount = state.get("status"), state.get("commission_amount")
    if status not in (LEAD_STATUSES if kind == "lead" else CONVERSATION_STATUSES):
        return f"status is {shown(status)}"
    if kind == "conversation":
        return None
    if status == "approved":
        return None if _is_commission(amount) else f"approved, its commission is {shown(amount)}"
    return None if amount is None else f"{status}, its commission is {shown(amount)}"


def lacks_close(item: Item) -> bool:
    """Return whether a conversation of ours is closed and does not say since when; those of others need not."""
    closed = item.get("status") == "closed" and item.get("closed_at") is None
    return closed and created_at_of(item["conversation_id"]) is not None


def last_row(store: Store, kind: str, subject: str) -> tuple[dict[str, Any], int] | None:
    """Return the state that the last sound row tells, and a time behind which the next row's sorts; None without one.

    Malformed rows tell nothing; only a person can say what they should hold.
    """
    query = Query(OPS, audit_partition(kind, subject), descending=True)
    for page in pages(lambda start: store.query(replace(query, start=start, limit=1 if start is None else None))):
        for row in (readable(OPS, item) for item in page.items):
            if row is not None:
                return row["after"], max(row["at"], created_at_of(row["sk"]) or 0)
    return None


def _told(value: object) -> object:
    return value if type(value) in (str, int, Decimal) else str(value)[:_LONGEST_TOLD]


def _is_commission(amount: object) -> bool:
    return is_amount(amount) and amount == round(amount, 2)
