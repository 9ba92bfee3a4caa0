"""Both sides in figures: what the source says, what became of it on the way, and what the tables here hold of it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from commercive_cli.domain.answers.adoption import Balance
from commercive_cli.domain.models import LEAD_STATUSES
from commercive_cli.domain.money import counted_commission
from commercive_cli.services.access.scan import OnItems
from commercive_cli.services.adopt import mapping as m
from commercive_cli.services.adopt.spool import Spool, digest
from commercive_cli.services.adopt.values import as_count, as_number
from commercive_cli.store.items import Item, text_item
from commercive_cli.store.pages import pages
from commercive_cli.store.port import Store, TextRow
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, Table

_CONVERSATIONS, _LINKS, _COMMISSION = "conversations", "links", "commission of approved leads (USD)"
_ORPHANS = "messages without a conversation"
_UNREAD = ("unread_admin", "unread_user")
_FIGURES = (
    _CONVERSATIONS,
    *(f"messages of {status} conversations" for status in (m.OPEN, m.CLOSED)),
    _ORPHANS,
    *_UNREAD,
    *(f"{status} leads" for status in LEAD_STATUSES),
    _COMMISSION,
    _LINKS,
)
READ = (CONVERSATIONS, LEADS, AFFILIATE_LINKS, MESSAGES)
"""The tables that a comparison reads."""

Figures = dict[str, Decimal]


@dataclass
class _Sides:
    there: Decimal = Decimal(0)
    put_aside: Decimal = Decimal(0)
    wanted: Decimal = Decimal(0)
    here: Decimal = Decimal(0)
    changed: Decimal = Decimal(0)

    def balance(self, figure: str) -> Balance:
        expected = self.wanted + self.changed
        return Balance(
            figure=figure,
            there=self.there,
            put_aside=self.put_aside,
            mended=self.wanted - self.there - self.put_aside,
            changed_here=self.changed,
            expected=expected,
            here=self.here,
            balanced=expected == self.here,
        )


@dataclass
class Ledger:
    """The figures of one run. What was adopted is kept on disk, so memory holds the sums alone.

    `one` and `two` are the unread counters of a conversation, or the cents of a lead's commission; names that begin
    with h stand for what is here of something that is not as it was written.
    """

    spool: Spool
    _sides: defaultdict[str, _Sides] = field(default_factory=lambda: defaultdict(_Sides))

    def __post_init__(self) -> None:
        """Make the table beside what was read."""
        self.spool.run(
            """CREATE TABLE subjects (kind TEXT, id TEXT, written TEXT, status TEXT, one INTEGER, two INTEGER,
            messages INTEGER, hmessages INTEGER DEFAULT 0, seen INTEGER DEFAULT 0, hstatus TEXT, hone INTEGER,
            htwo INTEGER, PRIMARY KEY (kind, id)) WITHOUT ROWID"""
        )

    def unkeyed(self, legacy: m.Legacy, raw: Item) -> None:
        """Count an item that cannot be keyed."""
        if legacy is m.OLD_CONVERSATIONS:
            self.conversation_aside(raw, 0)
        elif legacy is m.OLD_MESSAGES:
            self.messages_aside(1)
        elif legacy is m.OLD_LEADS:
            self.lead_aside(raw)
        else:
            self.link_aside()

    def conversation_aside(self, raw: Item, messages: int) -> None:
        """Count a conversation that is not brought."""
        self._put_aside(_of_conversation(_word(raw, m.OPEN), *_raw_counters(raw), messages))

    def messages_aside(self, messages: int) -> None:
        """Count messages that belong to no conversation."""
        self._put_aside({_ORPHANS: Decimal(messages)})

    def conversation(self, raw: Item, item: Item, messages: int, state: str) -> None:
        """Count a conversation that is here."""
        status, counters = item["status"], (item["unread_admin"], item["unread_user"])
        self._there(_of_conversation(status, *_raw_counters(raw), messages))
        self._wanted("conversation", item["conversation_id"], state, status, *counters, messages)

    def lead_aside(self, raw: Item) -> None:
        """Count a lead that is not brought."""
        status = _word(raw, m.PENDING)
        self._put_aside(_of_lead(status, as_number(raw.get("commission_amount")) or Decimal(0)))

    def lead(self, raw: Item, item: Item, state: str) -> None:
        """Count a lead that is here."""
        status = item["status"]
        self._there(_of_lead(status, as_number(raw.get("commission_amount")) or Decimal(0)))
        self._wanted("lead", item["lead_id"], state, status, _cents(item), 0, 0)

    def link_aside(self) -> None:
        """Count a link that is not brought."""
        self._put_aside({_LINKS: Decimal(1)})

    def link(self, item: Item, state: str, *, made: bool) -> None:
        """Count a link that is here; one that was made is not there."""
        self._there({_LINKS: Decimal(not made)})
        self._wanted("link", _link_id(item), state, "", 0, 0, 0)

    def _there(self, figures: Figures) -> None:
        for name, value in figures.items():
            self._sides[name].there += value

    def _put_aside(self, figures: Figures) -> None:
        self._there(figures)
        for name, value in figures.items():
            self._sides[name].put_aside -= value

    def _wanted(self, kind: str, identifier: str, state: str, status: str, one: int, two: int, messages: int) -> None:
        for name, value in _figures(kind, status, one, two, messages).items():
            self._sides[name].wanted += value
        sql = "INSERT OR REPLACE INTO subjects (kind, id, written, status, one, two, messages) VALUES (?,?,?,?,?,?,?)"
        self.spool.run(sql, kind, identifier, state, status, one, two, messages)

    def balances(self, store: Store, on_items: OnItems) -> list[Balance]:
        """Read what is here of all that was adopted, and return every figure on both sides."""
        for table in READ:
            for page in pages(lambda start, table=table: store.scan_text(table, start=start)):  # type: ignore[misc]
                self._see(table, page.rows)
                on_items(len(page.rows))
        for kind, written_status, one, two, messages, hmessages, seen, hstatus, hone, htwo in self.spool.run(
            "SELECT kind, status, one, two, messages, hmessages, seen, hstatus, hone, htwo FROM subjects"
        ):
            wanted = _figures(kind, written_status, one, two, messages)
            # As it was written: then its messages must be there, too. Otherwise it was changed here since.
            same = seen and hstatus is None
            here = _figures(kind, written_status, one, two, hmessages) if same else {}
            if seen and not same:
                here = _figures(kind, hstatus, hone, htwo, hmessages)
            self._compare(wanted, here, same=same)
        return [self._sides[figure].balance(figure) for figure in _FIGURES]

    def _compare(self, wanted: Figures, here: Figures, *, same: bool) -> None:
        for name, value in here.items():
            self._sides[name].here += value
        if not same:
            for name in wanted.keys() | here.keys():
                self._sides[name].changed += here.get(name, Decimal(0)) - wanted.get(name, Decimal(0))

    def _see(self, table: Table, rows: Sequence[TextRow]) -> None:
        """Take note of items as texts; only those that are not as they were written need be read."""
        if table is MESSAGES:
            counts = Counter(conversation_id for _, conversation_id, _ in rows)
            sql = "UPDATE subjects SET hmessages = hmessages + ? WHERE kind = 'conversation' AND id = ?"
            self.spool.run_many(sql, ((count, name) for name, count in counts.items()))
            return
        kind = _KINDS[table]
        for text, first, second in rows:
            name = f"{first}\0{second}" if kind == "link" else first
            sql = "UPDATE subjects SET seen = 1 WHERE kind = ? AND id = ? AND written = ?"
            if self.spool.run(sql, kind, name, digest(text)).rowcount == 0:
                state = _state(table, text_item(text))
                sql = "UPDATE subjects SET seen = 1, hstatus = ?, hone = ?, htwo = ? WHERE kind = ? AND id = ?"
                self.spool.run(sql, *state, kind, name)


_KINDS = {CONVERSATIONS: "conversation", LEADS: "lead", AFFILIATE_LINKS: "link"}


def _state(table: Table, item: Item) -> tuple[str, int, int]:
    """Return the status of an item that is not as it was written, and its two figures."""
    if table is CONVERSATIONS:
        first, second = (as_count(item.get(name)) or 0 for name in _UNREAD)
        return str(item.get("status")), first, second
    return (str(item.get("status")), _cents(item), 0) if table is LEADS else ("", 0, 0)


def _figures(kind: str, status: str, one: int, two: int, messages: int) -> Figures:
    if kind == "conversation":
        return _of_conversation(status, Decimal(one), Decimal(two), messages)
    return _of_lead(status, Decimal(one) / 100) if kind == "lead" else {_LINKS: Decimal(1)}


def _of_conversation(status: str, unread_admin: Decimal, unread_user: Decimal, messages: int) -> Figures:
    counters = dict(zip(_UNREAD, (unread_admin, unread_user), strict=True))
    return {_CONVERSATIONS: Decimal(1), f"messages of {status} conversations": Decimal(messages), **counters}


def _of_lead(status: str, amount: Decimal) -> Figures:
    return {f"{status} leads": Decimal(1), _COMMISSION: amount if status == m.APPROVED else Decimal(0)}


def _raw_counters(raw: Item) -> tuple[Decimal, Decimal]:
    first, second = (as_number(raw.get(name)) or Decimal(0) for name in _UNREAD)
    return first, second


def _cents(lead: Item) -> int:
    return int(counted_commission(lead.get("status"), lead.get("commission_amount")) * 100)


def _link_id(link: Item) -> str:
    return f"{link['affiliate_id']}\0{link['link_id']}"


def _word(raw: Item, otherwise: str) -> str:
    word = str(raw.get("status")).strip().casefold()
    return word if word in (*LEAD_STATUSES, m.OPEN, m.CLOSED) else otherwise
