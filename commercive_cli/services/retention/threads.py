"""A conversation with everything that goes with it: its messages, the notes about it, and what put it off.

Claims expire by themselves. Audit rows stay: they tell who did what, and hold no text of anybody.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from commercive_cli.domain.attributes import UNREADABLE
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import Snooze
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import ID_LENGTH
from commercive_cli.services.chat.claims import read_claim
from commercive_cli.services.chat.notes import notes_query
from commercive_cli.services.chat.snoozing import due_key, snooze_key
from commercive_cli.services.retention.closed import LeftAlone, closed_since
from commercive_cli.services.transfer.jsonl import line_of_text, read_line
from commercive_cli.store.items import Item, item_text
from commercive_cli.store.limits import check_item
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS, Table

MOST_ATTRIBUTES = 100
"""An item with more of them could not be deleted on condition that each is as it was: DynamoDB takes 300 operators."""

Part = tuple[Table, Item]


@dataclass(frozen=True)
class Thread:
    """A conversation and the other items that go with it, messages last."""

    conversation: Item
    others: tuple[Part, ...]

    @property
    def name(self) -> str:
        """Return the conversation's id."""
        return str(self.conversation["conversation_id"])

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return all items with their tables, the conversation first."""
        return ((CONVERSATIONS, self.conversation), *self.others)

    def count(self, table: Table) -> int:
        """Return how many messages, or with OPS how many notes, go with it."""
        notes = notes_query(self.name).partition
        return sum(each is table and (each is not OPS or item["pk"] == notes) for each, item in self.others)


def read_thread(store: Store, conversation_id: str, before: int, now: int) -> Thread | None:
    """Return a conversation with what goes with it; None unless it has been closed since `before` (ms) or longer.

    The conversation is read first, so whatever is written meanwhile shows by its having changed. Raises LeftAlone when
    it must stay: a part of it could not be imported again, or somebody holds it.
    """
    found = list(query_items(store, Query(CONVERSATIONS, conversation_id)))
    if len(found) > 1:
        raise LeftAlone(f"{len(found)} conversations have this id; see `tables audit`")
    since = closed_since(found[0], now) if found else None
    if since is None or since > before:
        return None
    messages = [(MESSAGES, item) for item in query_items(store, Query(MESSAGES, conversation_id))]
    thread = Thread(found[0], (*_ops(store, conversation_id, now), *messages))
    for table, item in thread.parts:
        _check(table, item)
    if any(item["created_at"] > since for _, item in messages):
        raise LeftAlone("a message is later than its close; see `tables audit`")
    return thread


def leftovers(store: Store, conversation_id: str) -> Iterator[Part]:
    """Yield the messages and notes that there are under the id of a conversation."""
    yield from ((OPS, item) for item in read_note_items(store, conversation_id))
    yield from ((MESSAGES, item) for item in query_items(store, Query(MESSAGES, conversation_id)))


def _ops(store: Store, conversation_id: str, now: int) -> Iterator[Part]:
    if len(conversation_id) > ID_LENGTH:  # which nobody can type, so nobody can claim or note anything
        return
    claim = read_claim(store, conversation_id, now).valid
    if claim is not None:
        raise LeftAlone(f"{shortened(claim.holder)} holds it")
    yield from ((OPS, item) for item in read_note_items(store, conversation_id))
    snooze = store.get(OPS, snooze_key(conversation_id))
    if snooze is not None:
        due = store.get(OPS, due_key(Snooze.of(snooze).until, conversation_id))
        yield from ((OPS, item) for item in (snooze, due) if item is not None)


def read_note_items(store: Store, conversation_id: str) -> Iterator[Item]:
    """Yield the items that hold the notes about a conversation."""
    return iter(()) if len(conversation_id) > ID_LENGTH else query_items(store, notes_query(conversation_id))


def _check(table: Table, item: Item) -> None:
    """Raise LeftAlone for an item that an import would refuse, or that nobody could delete as it was read."""
    place = " ".join(shortened(str(item[name])) for name in table.key_names)
    if UNREADABLE in item:
        raise LeftAlone(f"{table.name} {place} cannot be read; see `tables audit`")
    try:
        read_line(table, line_of_text(item_text(item)))
        check_item(table, item)
    except Invalid as wrong:
        raise LeftAlone(f"no import would take {table.name} {place} again: {wrong.message}") from None
    if table is OPS and item.get("conversation_id") != place_of_conversation(item):
        raise LeftAlone(f"{table.name} {place} is about another conversation; see `tables audit`")
    if len(item) > MOST_ATTRIBUTES:
        raise LeftAlone(f"{table.name} {place} has more than {MOST_ATTRIBUTES} attributes")


def place_of_conversation(item: Item) -> str:
    """Return the conversation that an item of `ops` is about, as its key tells."""
    return str(item["pk"] if "#" in item["pk"] else item["sk"]).partition("#")[2]
