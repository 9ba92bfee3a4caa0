"""The view of each type of answer: its rows for machines, and its sections for people."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import merge
from operator import attrgetter
from typing import Any

from commercive_cli.cli.render import columns as c
from commercive_cli.cli.render.moments import rfc3339
from commercive_cli.domain.answers.affiliates import (
    Affiliates,
    AffiliateShown,
    EmailSet,
    FormURLSet,
    LinkCreated,
    LinkFound,
    Recomputation,
    Stats,
)
from commercive_cli.domain.answers.audit import Audit
from commercive_cli.domain.answers.base import Answer, Failed
from commercive_cli.domain.answers.bulk import Bulk, FileDecided
from commercive_cli.domain.answers.chat import (
    Claimed,
    ConversationChanged,
    MarkedRead,
    NextUp,
    Noted,
    NothingWaits,
    Released,
    Sent,
    Snoozed,
    UserMessageSent,
)
from commercive_cli.domain.answers.history import History
from commercive_cli.domain.answers.leads import FlaggedLeads, LeadDecided, Leads, LeadShown, LeadSubmitted
from commercive_cli.domain.answers.seed import Seeded
from commercive_cli.domain.answers.tables import Tables
from commercive_cli.domain.answers.threads import Conversations, Messages, Notes, Thread
from commercive_cli.domain.models import Message


class NoteTurn(Message):
    """A note of the support staff where it is shown among messages."""


Rows = Callable[[Any], Iterable[Any]]


@dataclass(frozen=True)
class Section:
    """Some records of an answer under a title; a card shows one record as a list of names and values."""

    rows: Rows
    columns: tuple[c.Column, ...]
    title: str = ""
    card: bool = False


@dataclass(frozen=True)
class View:
    """An answer's rows and columns; `sections` replace them on a terminal.

    `named` are the rows for the format `ids`, if not `rows`: one for each existing thing. `empty` is what people read
    in place of a table without rows.
    """

    rows: Rows
    columns: tuple[c.Column, ...]
    sections: tuple[Section, ...] = field(default=())
    named: Rows | None = None
    empty: str = "Nothing to show."


def _single(answer: Any) -> Iterable[Any]:
    return (answer,)


def _field(name: str) -> Rows:
    def rows(answer: Any) -> Iterable[Any]:
        value = getattr(answer, name)
        if value is None:
            return ()
        return value if isinstance(value, list | tuple) else (value,)

    return rows


def _card(name: str, columns: tuple[c.Column, ...], title: str = "") -> Section:
    return Section(_field(name), columns, title, card=True)


def _existing(answer: Tables) -> Iterable[Any]:
    return (table for table in answer.tables if table.state not in ("missing", "foreign"))


def turns(thread: Thread) -> list[Message]:
    """Return the messages of a thread and its notes, in their order; a note is a turn of a sender of its own kind."""
    notes = [NoteTurn(**note.as_turn()) for note in thread.notes]
    return list(merge(thread.messages, notes, key=attrgetter("created_at")))


class TablesDescribed(Tables):
    """The tables, shown with all their attributes."""


def in_words(result: Answer | Failed) -> str:
    """Return the result of a bulk command for one id, in a few words."""
    match result:
        case Failed():
            return f"failed: {result.error}"
        case ConversationChanged():
            return result.status if result.changed else f"already {result.status}"
        case LeadDecided():
            return result.lead.status if result.changed else f"already {result.lead.status}"
        case Claimed():
            return f"claimed until {rfc3339(result.until)}"
        case Snoozed():
            return f"put off until {rfc3339(result.until)}"
        case Released():
            return "released" if result.changed else "held by nobody"
        case MarkedRead():
            return f"{result.marked} marked read"
        case Stats(stats=stats):
            return f"{stats.total_leads} leads, {stats.approved_leads} approved, {stats.total_commission:.2f} USD"
        case Seeded():
            what = f"{result.conversations} conversations, {result.messages} messages, {result.affiliates} affiliates"
            return f"{'loaded' if result.changed else 'already there'}: {what} and {result.leads} leads"
        case FormURLSet():
            return f"{result.before or 'nothing'} → {result.form_url}" if result.changed else "was right"
        case Recomputation():
            return "corrected" if result.changed else "was right"
    return "ok"


_BULK = (c.Column("id", "id"), c.Column("result", "prose", words=in_words))

# Answers of a single command are added by the modules that define their views, so that others need not load them.
VIEWS: dict[type, View] = {
    Conversations: View(_field("conversations"), c.CONVERSATION),
    Messages: View(_field("messages"), c.MESSAGE),
    Leads: View(_field("leads"), c.LEAD),
    FlaggedLeads: View(_field("leads"), c.FLAGGED_LEAD),
    Affiliates: View(_field("affiliates"), c.STATS),
    History: View(_field("history"), c.HISTORY),
    NothingWaits: View(_field("messages"), c.MESSAGE, empty="Nothing waits that nobody holds."),
    Thread: View(turns, c.MESSAGE, named=_field("messages")),
    NextUp: View(turns, c.MESSAGE, named=_field("messages")),
    Sent: View(_single, c.SENT),
    UserMessageSent: View(_single, c.USER_SENT),
    MarkedRead: View(_single, c.MARKED),
    ConversationChanged: View(_single, c.CHANGED),
    Snoozed: View(_single, c.SNOOZED),
    Notes: View(_field("notes"), c.NOTE),
    Noted: View(_single, c.NOTED),
    Claimed: View(_single, c.CLAIMED),
    Released: View(_single, c.RELEASED),
    LeadSubmitted: View(_single, c.SUBMITTED),
    LeadShown: View(_field("lead"), c.LEAD),
    LeadDecided: View(_single, c.DECIDED),
    LinkFound: View(_field("affiliate_link"), c.LINK),
    LinkCreated: View(_single, c.CREATED),
    EmailSet: View(_single, c.EMAIL_SET),
    FormURLSet: View(_single, c.FORM_URL),
    Stats: View(_field("stats"), c.STATS),
    AffiliateShown: View(_field("stats"), c.STATS),
    Recomputation: View(_field("changed"), c.RECOMPUTED),
    Tables: View(_field("tables"), c.TABLE, named=_existing),
    Seeded: View(_single, c.SEEDED),
    Audit: View(_field("findings"), c.FINDING),
    Bulk: View(_field("results"), _BULK),
    FileDecided: View(_field("results"), (c.Column("row", "count"), *_BULK)),
    TablesDescribed: View(_field("tables"), c.TABLE, (_card("tables", c.TABLE),), named=_existing),
}


def view_of(answer: object) -> View:
    """Return the view declared for the answer's type or its nearest base."""
    return next(VIEWS[base] for base in type(answer).__mro__ if base in VIEWS)
