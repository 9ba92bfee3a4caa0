"""The shape of the backend before this one as data: its tables and names, and what is done about each kind of mess."""

from dataclasses import dataclass
from functools import cached_property

from commercive_cli.domain.attributes import Attribute, attributes_of
from commercive_cli.domain.models import CONVERSATION_STATUSES, LEAD_STATUSES
from commercive_cli.services.audit.link_dangers import LINKS
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, Table

_READ_BY_RULES = ("created_at", "updated_at", "is_read", "sender_type")


@dataclass(frozen=True, eq=False)  # each is one of a kind, and is looked up very often
class Legacy:
    """A table of the former backend: its name behind the prefix, its only key, a text, and the table of ours.

    `renamed` are the attributes that have another name here; every other one keeps its name, known or not.
    """

    name: str
    key: str
    table: Table
    renamed: tuple[tuple[str, str], ...] = ()

    @cached_property
    def read(self) -> tuple[tuple[Attribute, str, tuple[type, ...]], ...]:
        """Return the attributes that are read one by one, with names and types; of others, rules say what is there."""
        known = attributes_of(self.table.record).values() if self.table.record else ()
        single = (each for each in known if not (each.derived or each.state or each.name in _READ_BY_RULES))
        return tuple((each, each.name, each.kind.types) for each in single)

    @cached_property
    def links(self) -> tuple[str, ...]:
        """Return the attributes that people may take for links."""
        return LINKS.get(self.table, ())


OLD_CONVERSATIONS = Legacy("chat_conversations", "conversation_id", CONVERSATIONS)
OLD_MESSAGES = Legacy("chat_messages", "message_id", MESSAGES)
OLD_LEADS = Legacy("leads", "lead_id", LEADS)
OLD_LINKS = Legacy("affiliate_links", "link_id", AFFILIATE_LINKS, (("form_url", "affiliate_url"),))

LEGACY = (OLD_MESSAGES, OLD_CONVERSATIONS, OLD_LEADS, OLD_LINKS)
"""In the order in which they are read: what belongs to something else is read before it.

So the conversation of a message, and the link of a lead, that were made while a live table is read are not missed.
"""

AFFILIATE_ID = "AFF-"
"""What the ids of affiliates begin with, which partners were shown as codes (`?ref=<affiliate_id>`)."""

UNSAFE = "(unsafe)"
"""What stands before an address that is dangerous to follow, so that it is none."""

OF_NOBODY = "it belongs to no affiliate: give it an affiliate_id, or a link_id that somebody has"
"""Why a lead is put aside whose affiliate nothing tells."""

UNREAD = "old_"
"""What stands before the name of an attribute that is ours and whose value there cannot be read as what it is here."""

OPEN, CLOSED = CONVERSATION_STATUSES
PENDING, APPROVED, _REJECTED = LEAD_STATUSES

DONE = {
    "status": "read as the word it spells; an unknown one as open or pending, so that somebody looks at it",
    "time": "read as the time it tells, in whatever unit or spelling",
    "no-time": "it tells no time between 2000 and 2099, so it counts as missing",
    "missing-time": "taken from what is next to it: the first message, the last change, the beginning of the thread",
    "future": "set to the latest time in the source that is not in the future",
    "tie": "spread by milliseconds, in a stable order",
    "unreadable": f"kept, under a name that begins with {UNREAD}",
    "updated-early": "set to the time of the last message",
    "created-late": "set to the time of the first message",
    "counter": "at least 0 and at most the messages there are; what is no number counts as 0",
    "is-read": "follows the counter of the conversation, as for every message",
    "text": "a number where text belongs becomes its digits, anything else its JSON",
    "missing-text": "left empty",
    "flag": "read as true or false",
    "last-message": "the beginning of the last message",
    "sender": "read as the word it spells; if missing, told by the sender's id: the user, the machine or an admin",
    "unknown-sender": "left as it is: it is shown, counts as unread for nobody, and answers nobody",
    "owner": "the user who wrote the first message",
    "money": "rounded half up to cents",
    "amount-text": "read as the number it spells",
    "no-commission": "0.00: it counted as nothing before",
    "kept-commission": "taken off the lead, since it is not approved, and kept in its audit row",
    "dangerous-link": f"made harmless by {UNSAFE} before it",
    "lead-without-link": "credited through the code of its affiliate's id",
    "lead-without-affiliate": "credited to the affiliate of its link",
    "other-affiliate": "stays with the affiliate it names, though its code is another's",
    "rebuilt-link": "made of its leads",
    "id-code": "made, so that ?ref=<affiliate_id> goes on working",
    "written-meanwhile": "brought as it was read; the next run brings the rest",
    "changed-here": "left as it is here",
    "deleted-here": "not brought again",
    "here-already": "left as it is here: no adoption brought it",
    "changed-key": "left as it is here; only a person can say which of the two is right",
    "no-longer-there": "left as it is here, where it was adopted before",
    "quarantine": "put aside with its reason",
}
"""What is done about each kind of problem."""

EACH_NAMED = (
    "money",
    "kept-commission",
    "no-commission",
    "changed-here",
    "deleted-here",
    "here-already",
    "changed-key",
)
"""Kinds of which not only examples are told, but every one up to a limit."""
