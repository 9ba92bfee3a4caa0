"""Faults planted by hand, to show that the simulator finds each: what services might do, and do not.

Each is a store that stands before the real one and spoils what the services ask of it, or a part in place of theirs.
The services themselves stay as they are.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from commercive_cli.domain.answers.changes import Change
from commercive_cli.domain.answers.leads import LeadDecided
from commercive_cli.domain.models import LEAD_STATUSES
from commercive_cli.services.chat.feeds import Feed, FeedService
from commercive_cli.services.chat.waiting_index import WAITING_INDEX
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.items import Item, Key
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Page, Query, Store
from commercive_cli.store.schema import (
    AFFILIATE_LINKS,
    AFFILIATE_STATS,
    CONVERSATIONS,
    LEADS,
    MESSAGES,
    OPS,
    Table,
)
from commercive_cli.store.writes import All, Check, Put, Update, Write
from tests.proof.acts import Parties
from tests.proof.faulty import FaultyStore
from tests.proof.simulation import Run, Subject, services
from tests.services.fakes import Intervening

Spoil = Callable[[Store, Sequence[Write]], Sequence[Sequence[Write]]]
"""Returns the transactions that are made in place of one."""


@dataclass(frozen=True)
class Planted:
    """A planted fault: what is tested in place of the real thing, and as what it is found."""

    subject: Subject
    found_as: tuple[str, ...]


class _Spoiled(Intervening):
    """Makes other transactions than it is asked for."""

    def __init__(self, store: Store, spoil: Spoil) -> None:
        super().__init__(store)
        self._spoil = spoil

    def transact(self, *writes: Write) -> None:
        for each in self._spoil(self._store, writes):
            self._store.transact(*each)


def spoiled(spoil: Spoil) -> Callable[[Store], Store]:
    """Return what puts a store that makes other transactions before another one."""
    return lambda store: _Spoiled(store, spoil)


def written_as(change: Callable[[Write], Write]) -> Callable[[Store], Store]:
    """Return what puts a store before another one that changes each write by itself."""
    return spoiled(lambda _, writes: [[change(write) for write in writes]])


def _spoiling(spoil: Spoil) -> Subject:
    return Subject(seen=spoiled(spoil))


def _changed(change: Callable[[Write], Write]) -> Subject:
    return Subject(seen=written_as(change))


def put_then_increment(_store: Store, writes: Sequence[Write]) -> Sequence[Sequence[Write]]:
    """Store a message in one write, and count it in another one."""
    messages = [write for write in writes if isinstance(write, Put) and write.table is MESSAGES]
    others = [write for write in writes if write not in messages]
    counts = any(isinstance(write, Update) and write.table is CONVERSATIONS for write in others)
    return [messages, others] if messages and counts else [writes]


def close_without_check(write: Write) -> Write:
    """Close a conversation whatever its status is."""
    closes = isinstance(write, Update) and write.table is CONVERSATIONS and write.set.get("status") == "closed"
    return replace(write, when=None) if closes and isinstance(write, Update) else write


def claim_not_written(write: Write) -> Write:
    """Claim no request key."""
    return _unwritten(write, "request#")


def link_claim_not_written(write: Write) -> Write:
    """Claim no primary link."""
    return _unwritten(write, "primary#")


def _unwritten(write: Write, kind: str) -> Write:
    """Return a write of that kind of `ops` as one that does nothing, in the same place."""
    is_claim = isinstance(write, Put) and write.table is OPS and str(write.key["pk"]).startswith(kind)
    return Check(OPS, write.key, All()) if is_claim else write


def version_not_checked(write: Write) -> Write:
    """Decide a lead whatever became of it since it was read."""
    return replace(write, when=None) if isinstance(write, Update) and write.table is LEADS else write


def read_outside_the_range(store: Store, writes: Sequence[Write]) -> Sequence[Sequence[Write]]:
    """Mark one more message read than is counted."""
    marked = [write for write in writes if isinstance(write, Update) and write.table is MESSAGES]
    if not marked:
        return [writes]
    name, keys = marked[0].key["conversation_id"], [write.key for write in marked]
    unread = (each for each in query_items(store, Query(MESSAGES, name)) if each["is_read"] is False)
    others = [key for each in unread if (key := MESSAGES.key_of(each)) not in keys]
    return [[*writes, *(Update(MESSAGES, key, set={"is_read": True}) for key in others[:1])]]


def rate_counted_twice(write: Write) -> Write:
    """Count two messages for one."""
    is_rate = isinstance(write, Update) and str(write.key.get("pk", "")).startswith("rate#")
    return replace(write, add={"hits": 2}) if is_rate and isinstance(write, Update) else write


def amend_forgets_the_old_amount(_store: Store, writes: Sequence[Write]) -> Sequence[Sequence[Write]]:
    """Add a new amount to the stats without taking the old one away."""
    decided = [write for write in writes if isinstance(write, Update) and write.table is LEADS]
    amounts = [write.set.get("commission_amount", Decimal(0)) for write in decided]

    def forgetful(write: Write) -> Write:
        if isinstance(write, Update) and write.table is AFFILIATE_STATS and "total_commission" in write.add:
            return replace(write, add={**write.add, "total_commission": amounts[0]})
        return write

    return [[forgetful(write) for write in writes]] if amounts else [writes]


def claim_that_heeds_nobody(write: Write) -> Write:
    """Claim a conversation whoever holds it."""
    is_claim = isinstance(write, Put) and write.table is OPS and str(write.key["pk"]).startswith("claim#")
    return replace(write, when=None) if is_claim and isinstance(write, Put) else write


def snooze_not_kept(write: Write) -> Write:
    """Put a conversation off without noting until when."""
    return _unwritten(write, "snoozes")


def audit_row_not_written(write: Write) -> Write:
    """Change a status without telling who did."""
    return _unwritten(write, "audit#")


def _remembered_for(seconds: int) -> Callable[[Write], Write]:
    """Return what lets request keys be remembered for so long."""

    def change(write: Write) -> Write:
        is_claim = isinstance(write, Put) and str(write.key.get("pk", "")).startswith("request#")
        if not (is_claim and isinstance(write, Put)):
            return write
        return replace(write, item={**write.item, "expires_at": write.item["created_at"] // 1000 + seconds})

    return change


def notes_not_kept(write: Write) -> Write:
    """Decide a lead without the words that go with it."""
    if not (isinstance(write, Update) and write.table is LEADS):
        return write
    return replace(write, set={name: value for name, value in write.set.items() if name != "admin_notes"})


def one_link_without_its_address(_store: Store, writes: Sequence[Write]) -> Sequence[Sequence[Write]]:
    """Overlook a link whose affiliate has a new address."""
    links = [write for write in writes if isinstance(write, Update) and write.table is AFFILIATE_LINKS]
    return [[write for write in writes if write not in links[1:]]]


class _Heedless(LeadService):
    """Decides a lead whatever its admin saw."""

    def decide(self, *given: Any, **named: Any) -> LeadDecided:
        return super().decide(*given, **{**named, "revision": None, "as_of": None})


def _with_heedless_leads(run: Run, store: Store) -> Parties:
    return replace(services(run, store), leads=_Heedless(store, run.clock, run.new_id))


class _NotTheFirst(Intervening):
    """Overlooks who has waited longest."""

    def query(self, query: Query) -> Page:
        page = super().query(query)
        return replace(page, items=page.items[1:]) if query.index == WAITING_INDEX else page


class _ShortLists(Intervening):
    """Overlooks the last one of a list of leads."""

    def query(self, query: Query) -> Page:
        page = super().query(query)
        return replace(page, items=page.items[:-1]) if query.index == "LeadStatusIndex" else page


class _FirstPages(Intervening):
    """Takes the first page of a conversation's messages for all of them."""

    def query(self, query: Query) -> Page:
        page = super().query(query)
        return replace(page, next=None) if query.table is MESSAGES else page


class _StaleLeads(Intervening):
    """Reads leads from an index, which may lag behind."""

    def get(self, table: Table, key: Key) -> Item | None:
        if table is not LEADS:
            return super().get(table, key)
        queries = (Query(LEADS, status, "LeadStatusIndex") for status in LEAD_STATUSES)
        items = (item for query in queries for item in query_items(self._store, query))
        return next((item for item in items if item["lead_id"] == key["lead_id"]), None) or super().get(table, key)


class _WithNewToken(FaultyStore):
    """Sends a transaction whose reply was lost again as another one."""

    def _resend(self, writes: Sequence[Write]) -> None:
        self._commit(writes)


class _SkippingFeed:
    """Takes what has the time of the thing before it for told."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    @property
    def cursor(self) -> str:
        return self._feed.cursor

    def poll(self) -> Iterator[Change]:
        last = None
        for change in self._feed.poll():
            if change.at != last:
                yield change
            last = change.at


class _SkippingFeeds(FeedService):
    """Makes feeds that skip equal times."""

    def whole(self, cursor: str | None = None, *, waiting: bool = False) -> Any:
        return _SkippingFeed(super().whole(cursor, waiting=waiting))


def _with_skipping_feeds(run: Run, store: Store) -> Parties:
    parties = services(run, store)
    return replace(parties, feeds=_SkippingFeeds(store, run.clock))


PLANTED: dict[str, Planted] = {
    "put-then-increment send": Planted(_spoiling(put_then_increment), ("counter-drift",)),
    "a close that does not check": Planted(
        _changed(close_without_check),
        ("message-into-closed", "audit-row-wrong", "change-behind-its-time", "message-out-of-order"),
    ),
    "a claim not written": Planted(_changed(claim_not_written), ("request-doubled",)),
    "a link's claim not written": Planted(_changed(link_claim_not_written), ("link-without-claim",)),
    "a stale index trusted for a decision": Planted(
        Subject(seen=_StaleLeads), ("acknowledged-and-lost", "refused-without-reason")
    ),
    "a retry with a new token": Planted(
        Subject(store=lambda run: _WithNewToken(run, run.now, run.lag)), ("request-doubled", "refused-and-done")
    ),
    "a version not checked": Planted(_changed(version_not_checked), ("stats-drift",)),
    "is_read set outside the counted range": Planted(_spoiling(read_outside_the_range), ("counter-drift",)),
    "a rate counted twice": Planted(_changed(rate_counted_twice), ("rate-miscounted",)),
    "a feed that skips equal times": Planted(Subject(parties=_with_skipping_feeds), ("feed-missed",)),
    "a claim that heeds nobody": Planted(_changed(claim_that_heeds_nobody), ("claim-taken",)),
    "a snooze that is not kept": Planted(_changed(snooze_not_kept), ("snooze-lost",)),
    "an audit row not written": Planted(_changed(audit_row_not_written), ("audit-row-wrong",)),
    "a queue that overlooks the first": Planted(Subject(seen=_NotTheFirst), ("queue-jumped",)),
    "a list that overlooks the last one": Planted(Subject(seen=_ShortLists), ("listing-missed",)),
    "a first page taken for all": Planted(Subject(seen=_FirstPages), ("message-missed", "left-unread", "feed-missed")),
    "a key that is forgotten too early": Planted(
        _changed(_remembered_for(-60)), ("key-forgotten", "request-doubled", "refused-without-reason")
    ),
    "a key that is never forgotten": Planted(
        _changed(_remembered_for(400 * 86_400)), ("acknowledged-and-lost", "refused-without-reason")
    ),
    "a lead's notes that are not kept": Planted(_changed(notes_not_kept), ("words-lost",)),
    "a link that keeps its old address": Planted(
        _spoiling(one_link_without_its_address), ("address-missed", "audit-row-wrong")
    ),
    "a revision that is not heeded": Planted(Subject(parties=_with_heedless_leads), ("guard-not-heeded",)),
    "an amend that forgets the old amount": Planted(_spoiling(amend_forgets_the_old_amount), ("stats-drift",)),
}
"""The faults, by what they are."""
