"""The columns of each record, for all formats with rows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from commercive_cli.cli.render.roles import Role
from commercive_cli.domain import attributes
from commercive_cli.domain.answers.flags import in_words
from commercive_cli.domain.models import (
    AffiliateLink,
    AffiliateStats,
    AuditRow,
    Conversation,
    Lead,
    Message,
    Note,
    Record,
)
from commercive_cli.domain.revisions import revision_of

Kind = Literal["id", "text", "shop", "prose", "time", "money", "count", "status", "flag", "claim", "bar"]
"""The kind of a value. Ids and bars are never cut, text is cut to the terminal's width, prose is wrapped.

A claim is the time until which somebody holds something, and who.
"""

NEVER_DROPPED, ORDINARY, SPARE = 9, 5, 2
"""Weights of columns: what a command is about, what its normal view shows, and what only wide terminals show."""

_STATUS_ROLES: dict[Any, Role] = {
    "approved": "good",
    "created": "good",
    "ACTIVE": "good",
    "pending": "attention",
    "different": "attention",
    "missing": "bad",
    "foreign": "bad",
    "rejected": "quiet",
    "closed": "quiet",
}


@dataclass(frozen=True)
class Column:
    """A named value of a record.

    `path` is the dotted path of its attribute, if other than `name`, or `*` for the whole record; `words` makes the
    value of what is found there. In a terminal's table, `title` is its shorter name, `wide` leaves it to `-o wide`,
    `exceptional` omits it where no record has a value, and with `once` a value that all records share stands once,
    above. `weight` says how long it is kept where room is short. Columns that `names` marks identify the record, stand
    there whole, and are never dropped. `look` returns the role of a value at a time in ms.
    """

    name: str
    kind: Kind = "text"
    path: str = ""
    wide: bool = False
    exceptional: bool = False
    words: Callable[[Any], Any] | None = None
    title: str = ""
    names: bool = False
    weight: int = ORDINARY
    once: bool = False
    look: Callable[[Any, int], Role] | None = None

    def __post_init__(self) -> None:
        if self.names or self.kind in ("status", "prose"):
            object.__setattr__(self, "weight", max(self.weight, NEVER_DROPPED))

    def value(self, record: Any) -> Any:
        """Return the record's value, or None when the record has no such attribute."""
        for step in () if self.path == "*" else (self.path or self.name).split("."):
            record = record.get(step) if isinstance(record, dict) else getattr(record, step, None)
        return record if self.words is None else self.words(record)

    def role(self, record: Any, now: int) -> Role:
        """Return what the record's value is, beside what it says."""
        value = self.value(record)
        if self.look is not None:
            return self.look(value, now)
        return _STATUS_ROLES.get(value, "") if self.kind == "status" and isinstance(value, str) else ""


_SHOWN_AS: dict[attributes.Kind, Kind] = {
    attributes.Kind.ID: "id",
    attributes.Kind.PERSON: "id",
    attributes.Kind.TIME: "time",
    attributes.Kind.COUNT: "count",
    attributes.Kind.AMOUNT: "money",
    attributes.Kind.TOTAL: "money",
    attributes.Kind.FLAG: "flag",
}


def _columns(record: type[Record], *columns: Column) -> tuple[Column, ...]:
    """Return the columns, and one for damage; those of kind `text` get the kind that the record declares."""
    kinds = {name: _SHOWN_AS.get(each.kind, "text") for name, each in attributes.attributes_of(record).items()}
    shown = (replace(each, kind=kinds[each.name]) if each.kind == "text" else each for each in columns)
    return (*shown, Column("damaged", "status", exceptional=True))


CONVERSATION = _columns(
    Conversation,
    Column("conversation_id"),
    Column("status", "status"),
    Column("unread_admin", title="unread"),
    Column("unread_user", wide=True),
    Column("updated_at", title="updated"),
    Column("last_message"),
    Column("waiting_since", path="waits_since", title="waiting"),
    Column("store_url", title="store"),
    Column("user_id"),
    Column("created_at", wide=True),
    Column("last_message_at", wide=True),
    Column("last_message_id", wide=True),
    Column("closed_at", wide=True),
    Column("closed_by", wide=True),
    Column("human_requested", wide=True),
    Column("held_by", "id", exceptional=True),
    Column("held_until", "time", exceptional=True),
)
MESSAGE = _columns(
    Message,
    Column("message_id"),
    Column("conversation_id", wide=True),
    Column("created_at", title="when"),
    Column("sender_type", "status", title="from"),
    Column("sender_id", title="who"),
    Column("is_read", title="read"),
    Column("message_text", "prose", title="message"),
)
NOTE = _columns(
    Note,
    Column("note_id"),
    Column("conversation_id", wide=True),
    Column("created_at", title="when"),
    Column("author"),
    Column("text", "prose", title="note"),
)
LEAD = _columns(
    Lead,
    Column("lead_id"),
    Column("status", "status"),
    Column("commission_amount", title="commission"),
    Column("created_at", title="created"),
    Column("lead_name", title="name"),
    Column("lead_email", title="e-mail"),
    Column("lead_phone", wide=True),
    Column("product_link", wide=True),
    Column("order_volume", title="volume"),
    Column("pending_orders", wide=True),
    Column("business_name", wide=True),
    Column("link_id", title="link"),
    Column("affiliate_id", title="affiliate"),
    Column("updated_at", wide=True),
    Column("reviewed_by", wide=True),
    Column("reviewed_at", wide=True),
    Column("admin_notes", wide=True),
    Column("rejection_reason", wide=True),
    Column("revision", "id", "*", wide=True, words=revision_of),
)
FLAGGED_LEAD = (*LEAD[:-1], Column("flags", path="flags", words=in_words), LEAD[-1])
STATS = _columns(
    AffiliateStats,
    Column("affiliate_id"),
    Column("total_leads", title="leads"),
    Column("pending_leads", title="pending"),
    Column("approved_leads", title="approved"),
    Column("rejected_leads", title="rejected"),
    Column("total_commission", title="commission"),
    Column("last_updated", title="updated"),
)
LINK = _columns(
    AffiliateLink,
    Column("link_id"),
    Column("affiliate_id"),
    Column("store_url"),
    Column("affiliate_email"),
    Column("affiliate_url", "id"),
    Column("created_at"),
    Column("updated_at", wide=True),
)
HISTORY = _columns(
    AuditRow,
    Column("at", names=True),
    Column("actor", names=True),
    Column("event", "status"),
    Column("subject", names=True),
    Column("before"),
    Column("after"),
)
TABLE = (
    Column("table", "id"),
    Column("state", "status"),
    Column("status", "status"),
    Column("items", "count"),
    Column("bytes", "count"),
    Column("billing"),
    Column("keys", wide=True),
    Column("indexes", weight=SPARE),
    Column("ttl", wide=True),
    Column("point_in_time_recovery", "flag", wide=True),
    Column("deletion_protection", "flag", wide=True),
    Column("encryption", wide=True),
    Column("differences", exceptional=True),
    Column("accepted", exceptional=True),
    Column("kept", exceptional=True, wide=True),
)
FINDING = (
    Column("invariant"),
    Column("table", names=True),
    Column("id", "id", names=True),
    Column("problem", "prose"),
    Column("fixed", "flag"),
)
COUNTS = ("total_leads", "pending_leads", "approved_leads", "rejected_leads")
RECOMPUTED = (
    Column("affiliate_id", "id"),
    Column("changed", "flag"),
    *(Column(f"{name}_{when}", "count", f"{when}.{name}") for name in COUNTS for when in ("before", "after")),
    *(Column(f"total_commission_{when}", "money", f"{when}.total_commission") for when in ("before", "after")),
)
SENT = (
    Column("message_id", "id", names=True),
    Column("conversation_id", "id", names=True),
    Column("created_at", "time"),
)
USER_SENT = (*SENT, Column("is_new_conversation", "flag", wide=True))
MARKED = (Column("conversation_id", "id"), Column("marked", "count"))
CHANGED = (Column("conversation_id", "id"), Column("status", "status"), Column("changed", "flag"))
NOTED = (Column("note_id", "id", names=True), Column("conversation_id", "id", names=True), Column("created_at", "time"))
SNOOZED = (Column("conversation_id", "id"), Column("until", "time"))
CLAIMED = (Column("conversation_id", "id"), Column("holder", "id"), Column("until", "time"))
RELEASED = (Column("conversation_id", "id"), Column("changed", "flag"))
SUBMITTED = (Column("lead_id", "id"),)
DECIDED = (
    Column("lead_id", "id", "lead.lead_id"),
    Column("status", "status", "lead.status"),
    Column("commission_amount", "money", "lead.commission_amount"),
    Column("changed", "flag"),
    Column("affiliate_id", "id", "lead.affiliate_id"),
    Column("reviewed_by", "id", "lead.reviewed_by"),
    Column("admin_notes", "text", "lead.admin_notes"),
    Column("rejection_reason", "text", "lead.rejection_reason"),
    Column("updated_at", "time", "lead.updated_at", wide=True),
)
FORM_URL = (
    Column("affiliate_id", "id"),
    Column("changed", "flag"),
    Column("before"),
    Column("form_url", "id"),
)
CREATED = (
    Column("link_id", "id"),
    Column("affiliate_id", "id"),
    Column("created", "flag"),
    Column("affiliate_url", "id"),
)
EMAIL_SET = (
    Column("affiliate_id", "id"),
    Column("affiliate_email"),
    Column("changed", "flag"),
    Column("link_ids", wide=True),
)
SEEDED = (
    Column("conversations", "count"),
    Column("messages", "count"),
    Column("affiliates", "count"),
    Column("leads", "count"),
    Column("changed", "flag"),
)
PLANNED = (
    Column("action", "status"),
    Column("table"),
    Column("key", "id"),
    Column("attribute"),
    Column("before"),
    Column("after"),
)
PLANNED_CARD = (Column("change", "status"), Column("key", "id"), Column("values", "prose", title=""))
SETTING = (
    Column("setting", "id", names=True),
    Column("source", "id", names=True, title="from"),
    Column("value", "prose", look=lambda value, _: "bad" if value.startswith("! ") else ""),
    Column("problem", "prose"),
)
IDENTITY = (
    Column("what", names=True),
    Column("value", "prose"),
    Column("source", "prose", title="from"),
)
PROFILE = (
    Column("profile", "id"),
    Column("default", "flag"),
    Column("store"),
    Column("actor", "id"),
    Column("read_only", "flag"),
    Column("protected", "flag"),
    Column("dashboard_url", wide=True),
    Column("access_log", wide=True),
    Column("credentials_wait", wide=True),
    Column("credentials_wait_terminal", wide=True),
    Column("ceiling", wide=True),
)
