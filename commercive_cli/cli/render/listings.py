"""The lists that people see: their columns by what each is worth."""

from collections.abc import Sequence
from typing import Any

from commercive_cli.cli.render.columns import NEVER_DROPPED, SPARE, Column
from commercive_cli.cli.render.roles import Role
from commercive_cli.domain.models import SNOOZED

_DAY = 86_400_000


def _late(since: Any, now: int) -> Role:
    return "attention" if isinstance(since, int) and now - since >= _DAY else ""


def _some(count: Any, _: int) -> Role:
    return "attention" if count else ""


def _quiet(_value: Any, _now: int) -> Role:
    return "quiet"


def _state(conversation: Any) -> str:
    return SNOOZED if conversation.waiting_for == SNOOZED else str(conversation.status)


def _claim(conversation: Any) -> tuple[int, str] | None:
    """Return until when somebody holds a conversation, and who."""
    holder = getattr(conversation, "held_by", None)
    return None if holder is None else (conversation.held_until or 0, holder)


_DAMAGED = Column("damaged", "status", exceptional=True, look=lambda value, _: "bad" if value else "")
_CONVERSATION = (
    Column("conversation_id", "id", title="id", names=True),
    Column("status", "status", "*", title="state", once=True, words=_state),
    Column("waits_since", "time", title="waiting", weight=NEVER_DROPPED, look=_late),
    Column("unread_admin", "count", title="unread", weight=7, look=_some),
    Column("unread_user", "count", title="by them", weight=SPARE),
    Column("updated_at", "time", title="age", weight=6, look=_quiet),
    Column("store_url", "shop", title="shop", weight=8, once=True),
    Column("held", "claim", "*", title="held until", weight=8, exceptional=True, words=_claim),
    Column("user_id", "id", title="user", weight=1, once=True),
    Column("created_at", "time", title="opened", weight=1, look=_quiet),
    _DAMAGED,
    Column("last_message", title="last message", weight=NEVER_DROPPED),
)


def _without(columns: Sequence[Column], *names: str) -> tuple[Column, ...]:
    return tuple(column for column in columns if column.name not in names)


CONVERSATIONS = _without(_CONVERSATION, "waits_since")
QUEUE = _without(_CONVERSATION, "status", "updated_at")
LEADS = (
    Column("lead_id", "id", title="id", names=True),
    Column("status", "status", title="state", weight=NEVER_DROPPED, once=True),
    Column("commission_amount", "money", title="amount USD", weight=NEVER_DROPPED),
    Column("created_at", "time", title="created", weight=7, look=_quiet),
    Column("order_volume", title="volume", weight=6),
    Column("affiliate_id", "id", title="affiliate", weight=5, once=True),
    Column("link_id", "id", title="link", weight=2, once=True),
    Column("lead_email", title="e-mail", weight=3),
    Column("rejection_reason", title="reason", exceptional=True),
    Column("admin_notes", title="notes", exceptional=True),
    _DAMAGED,
    Column("lead_name", title="name", weight=8),
)


def _flags(lead: Any) -> str:
    """Return the gravest flag of a lead, and how many more it has."""
    first, more = lead.flags[:1], len(lead.flags) - 1
    return f"! {first[0].label}{f' +{more}' if more else ''}" if first else ""


FLAGGED_LEADS = (*LEADS[:-1], Column("flags", path="*", weight=NEVER_DROPPED, words=_flags, look=_some), LEADS[-1])
AFFILIATES = (
    Column("affiliate_id", "id", title="id", names=True),
    Column("total_commission", "money", title="commission USD", weight=NEVER_DROPPED),
    Column("total_leads", "count", title="leads", weight=8),
    Column("pending_leads", "count", title="pending", weight=6),
    Column("approved_leads", "count", title="approved", weight=7),
    Column("rejected_leads", "count", title="rejected", weight=5),
    Column("last_updated", "time", title="updated", weight=SPARE, look=_quiet),
    _DAMAGED,
)
LINKS = (
    Column("link_id", "id", title="link", names=True),
    Column("store_url", "shop", title="shop", weight=8),
    Column("created_at", "time", title="opened", weight=5, look=_quiet),
    Column("affiliate_email", title="e-mail", weight=6, once=True),
    Column("affiliate_url", "id", title="address", weight=SPARE),
)
_LINK, _SHOP, *_MORE_OF_LINKS = LINKS
LINK_USES = (
    _LINK,
    _SHOP,
    Column("leads", "count", weight=NEVER_DROPPED),
    Column("approved", "count", weight=7),
    Column("commission", "money", title="USD", weight=NEVER_DROPPED),
    *_MORE_OF_LINKS,
)
HISTORY = (
    Column("at", "time", title="when", weight=8, look=_quiet),
    Column("actor", title="who", weight=NEVER_DROPPED),
    Column("event", "status", title="what"),
    Column("subject", "id", weight=7, once=True),
    Column("before", weight=NEVER_DROPPED),
    Column("after", weight=NEVER_DROPPED),
    _DAMAGED,
)
_COUNTS = ("total", "pending", "approved", "rejected")


def _changed_counts(recomputed: Any) -> str:
    pairs = [
        (name, *(getattr(each, f"{name}_leads") for each in (recomputed.before, recomputed.after))) for name in _COUNTS
    ]
    return ", ".join(f"{name} {was} to {now}" for name, was, now in pairs if was != now)


def _difference(recomputed: Any) -> Any:
    return recomputed.after.total_commission - recomputed.before.total_commission


RECOMPUTED = (
    Column("affiliate_id", "id", title="id", names=True),
    Column("was", "money", "before.total_commission", title="was USD", weight=NEVER_DROPPED),
    Column("is", "money", "after.total_commission", title="is USD", weight=NEVER_DROPPED),
    Column("difference", "money", "*", weight=NEVER_DROPPED, words=_difference, look=_some),
    Column("counts", path="*", weight=6, words=_changed_counts),
)
