"""Conversations that are put off until a time: they stand in the waiting index's partition `snoozed` meanwhile.

When they are due is kept in `ops`, in one partition by time, so those that are due are read with one query, of so many
at most. A second item for each conversation names the one time that counts.
"""

from collections.abc import Iterable, Iterator

from commercive_cli.domain.models import SNOOZED, WAITING_FOR, Snooze
from commercive_cli.store.items import Item, Key
from commercive_cli.store.pages import first_items, query_items
from commercive_cli.store.port import ConditionFailed, Query, Store
from commercive_cli.store.schema import CONVERSATIONS, OPS
from commercive_cli.store.writes import (
    Absent,
    Check,
    Delete,
    Equals,
    Put,
    Update,
    Write,
    unchanged,
    wholly_unchanged,
)

LONGEST = 366 * 86_400_000
"""For how long a conversation can be put off, in milliseconds."""

DUE = "snoozes"
"""The partition of `ops` that holds all snoozes by the time at which they end."""

MOST_DUE = 500
"""How many snoozes that have ended one page of the queue takes in; those behind them follow on pages of their own."""

MOST_WOKEN = 25
"""How many conversations one command moves back at most; the others are shown as waiting all the same."""


def snooze_key(conversation_id: str) -> Key:
    """Return the key of the item that names when a conversation's snooze ends."""
    return {"pk": f"snooze#{conversation_id}", "sk": "snooze"}


def due_key(until: int, conversation_id: str) -> Key:
    """Return the key of a snooze among those of all conversations."""
    return {"pk": DUE, "sk": f"{until:015d}#{conversation_id}"}


def snooze_writes(snooze: Snooze, found: Item | None) -> list[Write]:
    """Return the writes that keep a snooze in place of the one that was found; the first one can fail."""
    as_found = Absent() if found is None else wholly_unchanged(OPS, found)
    writes: list[Write] = [
        Put(OPS, {**snooze_key(snooze.conversation_id), **snooze.item()}, when=as_found),
        Put(OPS, {**due_key(snooze.until, snooze.conversation_id), **snooze.item()}),
    ]
    before = None if found is None else Snooze.of(found).until
    if before not in (None, snooze.until):
        writes.append(Delete(OPS, due_key(before, snooze.conversation_id)))
    return writes


def read_due(store: Store, at: int, begin: str = "", end: str = "") -> tuple[list[Snooze], str]:
    """Return up to 500 snoozes that have ended by `at` (ms), also of conversations that are put off no longer.

    They lie behind the sort key `begin`, and up to `end` if that is one. Where others follow, the second part of the
    result is the sort key of the last one, else it is empty.
    """
    query = Query(OPS, DUE, since=begin or None, until=min(_until(at), end or _until(at)))
    items, more = first_items(store, query, MOST_DUE)
    return list(map(Snooze.of, items)), items[-1]["sk"] if more else end


def all_due(store: Store, at: int) -> Iterator[Snooze]:
    """Yield all snoozes that have ended by `at` (ms)."""
    return map(Snooze.of, query_items(store, Query(OPS, DUE, until=_until(at))))


def _until(at: int) -> str:
    return f"{at + 1:015d}"


def wake(store: Store, due: Iterable[Snooze]) -> None:
    """Move conversations whose snooze has ended back to those that wait, and forget the snoozes."""
    for snooze in due:
        awake = Update(
            CONVERSATIONS, _place(snooze), set={"waiting_for": WAITING_FOR}, when=Equals("waiting_for", SNOOZED)
        )
        try:
            store.transact(awake, *_forgotten(snooze))
        except ConditionFailed as failed:
            if 0 in failed.failures:
                _forget(store, snooze, failed.failures[0])


def _forget(store: Store, snooze: Snooze, found: Item | None) -> None:
    """Forget a snooze that ended before its time, unless the conversation is put off again by now."""
    try:
        store.transact(Check(CONVERSATIONS, _place(snooze), unchanged(found or {}, "waiting_for")), *_forgotten(snooze))
    except ConditionFailed:
        return


def _forgotten(snooze: Snooze) -> tuple[Write, ...]:
    return (
        Delete(OPS, snooze_key(snooze.conversation_id), when=Equals("until", snooze.until)),
        Delete(OPS, due_key(snooze.until, snooze.conversation_id)),
    )


def _place(snooze: Snooze) -> Key:
    return {"conversation_id": snooze.conversation_id, "created_at": snooze.created_at}
