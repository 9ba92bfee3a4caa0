"""What changes between export and deletion stays in the store as it is, and leaves the archive."""

from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commercive_cli.domain.ids import new_id
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.retention.removal import Remover
from commercive_cli.services.retention.threads import read_thread
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Delete, Put, Update
from tests.e2e.embedded import make_file
from tests.services.fakes import DAY, Intervening, ManualClock, Reticent
from tests.services.raw_data import rows
from tests.services.retention.archives import (
    YEAR,
    Books,
    Dying,
    Killed,
    contents,
    lines_of,
    names_in,
    traces_of,
)

Change = Callable[[Books, str], object]


def _first(books: Books, table: Table, name: str, kind: str = "") -> Item:
    """Return an item of the conversation; of `ops`, one whose partition begins with `kind`."""
    found = (each for each in rows(books.store, table) if each.get("conversation_id") == name)
    return next(each for each in found if str(each.get("pk", "")).startswith(kind))


def _set(table: Table, kind: str = "", **values: object) -> Change:
    """Return a change of attributes that nothing else in the store shows."""

    def change(books: Books, name: str) -> None:
        item = _first(books, table, name, kind)
        books.store.transact(Update(table, table.key_of(item), set=values))

    return change


def _smuggle(books: Books, name: str) -> None:
    """Store a message without its conversation, as another program may."""
    message = {**_first(books, MESSAGES, name), "message_id": "ffffffff-smuggled"}
    books.store.transact(Put(MESSAGES, message))


def _lose_message(books: Books, name: str) -> None:
    books.store.transact(Delete(MESSAGES, MESSAGES.key_of(_first(books, MESSAGES, name))))


CHANGES: dict[str, Change] = {
    "reopened": lambda books, name: books.chat.reopen(name, "admin-2"),
    "reopened and closed again": lambda b, name: (b.chat.reopen(name, "admin-2"), b.chat.close(name, "admin-2")),
    "a message arrived": lambda books, name: books.chat.reply(name, "admin-2", "One more thing", reopen=True),
    "its user read it": lambda books, name: books.chat.mark_read(name, "user"),
    "a note was added": lambda books, name: books.desk.note(name, "admin-2", "called back"),
    "a preview was erased": _set(CONVERSATIONS, last_message="[erased]"),
    "it got an attribute that it lacked": _set(CONVERSATIONS, human_requested=True),
    "a message was erased": _set(MESSAGES, message_text="[erased]"),
    "a message was read": _set(MESSAGES, is_read=True, sender_type="admin"),
    "a note was erased": _set(OPS, "note#", text="[erased]"),
    "a snooze was moved": _set(OPS, "snooze#", until=5),
    "a snooze was moved among all": _set(OPS, "snoozes", until=5),
    "a message was lost": _lose_message,
    "a message came from elsewhere": _smuggle,
}


def _books(store: Store, clock: ManualClock) -> Books:
    """Return books with a conversation for each change, and two that nobody changes."""
    books = Books(store, clock)
    for _ in range(len(CHANGES) + 2):
        books.closed(messages=3, note="known", put_off=True)
    clock.advance(YEAR + DAY)
    return books


def test_what_changed_since_the_export_stays(either: Store, clock: ManualClock, tmp_path: Path) -> None:
    """Each change alone keeps its conversation, whole and as it is now; the others go, the archive has only them."""
    books, directory = _books(either, clock), tmp_path / "archive"
    changed = dict(zip(CHANGES, books.old, strict=False))
    closed = [_first(books, CONVERSATIONS, name)["closed_at"] for name in books.old[-2:]]
    books.export(directory)
    for change, name in changed.items():
        CHANGES[change](books, name)
    expected, found = {name: sorted(traces_of(either, name)) for name in changed.values()}, books.findings()
    archived = books.archive(directory)

    assert sorted(changed.values()) == sorted(each.conversation_id for each in archived.left)
    assert expected == {name: sorted(traces_of(either, name)) for name in changed.values()}
    assert set(changed.values()) == names_in(either)
    assert (2, 8, 2) == (archived.conversations, archived.messages, archived.notes)
    assert closed == [archived.oldest, archived.newest]
    assert [] == [line for line in lines_of(directory) for name in changed.values() if name in line]
    assert found == books.findings()
    assert len(found) == len(books.restore(directory))


@pytest.mark.parametrize("engine", [Intervening, Reticent])
def test_what_changes_right_before_the_write_stays(
    engine: type[Intervening], either: Store, clock: ManualClock
) -> None:
    """Whatever changes at the last moment, alone, keeps the conversation; also where engines tell of one failure."""
    books, outcome = _books(either, clock), dict[str, tuple[bool, bool]]()
    for change, name in zip(CHANGES, books.old, strict=False):
        then: list[str] = []
        thread = read_thread(either, name, clock.now - YEAR, clock.now)
        assert thread is not None
        meddled = engine(either)
        meddled.before("transact", partial(_act, books, change, name, then), CONVERSATIONS)
        kept = Remover(meddled, clock, new_id, "ops-1", "one").remove([thread], Event())
        outcome[change] = list(kept) == [name], sorted(then) == sorted(traces_of(either, name))

    assert dict.fromkeys(CHANGES, (True, True)) == outcome


def _act(books: Books, change: str, name: str, then: list[str]) -> None:
    """Make a change, and remember what there is of the conversation then."""
    CHANGES[change](books, name)
    then += traces_of(books.store, name)


@pytest.mark.parametrize("last", [1, 2, 3, 4])
def test_a_run_that_was_killed_puts_back_what_changed(
    last: int, either: Store, clock: ManualClock, tmp_path: Path
) -> None:
    """A note comes right before the write that deletes, and the process dies: the next run puts it right.

    It dies behind that write, or behind one of those that put the conversation back.
    """
    books, directory = Books(either, clock), tmp_path / "archive"
    name = books.closed(note="known", put_off=True)
    clock.advance(YEAR + DAY)
    before = traces_of(either, name)
    books.export(directory)
    dying = Dying(either, last, behind=True)
    dying.before("transact", lambda: books.desk.note(name, "admin-2", "called back"), CONVERSATIONS)
    with pytest.raises(Killed):
        books.archive(directory, dying)
    archived = books.archive(directory)
    found = traces_of(either, name)

    assert set(before) < set(found)
    assert len(before) + 1 == len(found)
    assert (0, [name]) == (archived.conversations, [each.conversation_id for each in archived.left])
    assert (None, None) == (archived.oldest, archived.newest)
    assert [] == books.findings()


def test_what_is_back_already_is_not_put_back(either: Store, clock: ManualClock, tmp_path: Path) -> None:
    """A conversation that somebody else has put back meanwhile, and changed since, stays as it is then."""
    books, directory = Books(either, clock), tmp_path / "archive"
    name = books.closed(note="known")
    clock.advance(YEAR + DAY)
    theirs = {**_first(books, CONVERSATIONS, name), "store_url": "another"}
    books.export(directory)
    dying = Dying(either, 1, behind=True)
    dying.before("transact", lambda: books.desk.note(name, "admin-2", "called back"), CONVERSATIONS)
    with pytest.raises(Killed):
        books.archive(directory, dying)
    meddled = Intervening(either)
    meddled.before("transact", lambda: None, CONVERSATIONS)  # which finds that it is gone
    meddled.before("transact", lambda: either.transact(Put(CONVERSATIONS, theirs)), CONVERSATIONS)
    archived = books.archive(directory, meddled)

    assert [name] == [each.conversation_id for each in archived.left]
    assert [theirs] == rows(either, CONVERSATIONS)


def test_what_somebody_holds_is_left_alone(either: Store, clock: ManualClock, tmp_path: Path) -> None:
    """A claim lies beside a closed conversation where another program closed it: its holder is at work."""
    books = Books(either, clock)
    name = books.chat.send("user-1", "Hello").conversation_id
    clock.advance(YEAR + DAY)
    books.desk.claim(name, "admin-2")
    closed = {"status": "closed", "closed_at": clock.now - YEAR - DAY}
    books.store.transact(Update(CONVERSATIONS, CONVERSATIONS.key_of(_first(books, CONVERSATIONS, name)), set=closed))
    archived = books.archive(tmp_path / "archive")

    assert [(name, "admin-2 holds it")] == [(each.conversation_id, each.reason) for each in archived.left]
    assert {name} == names_in(either)


_numbers = count()
_PLANS = st.dictionaries(st.integers(0, 5), st.sampled_from([*CHANGES]))
_LENGTHS = st.lists(st.sampled_from([2, 3, 3, 250]), min_size=6, max_size=6)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=_PLANS, lengths=_LENGTHS, deaths=st.integers(0, 6))
def test_whatever_changes_and_whenever_it_dies(
    plan: dict[int, str], lengths: list[int], deaths: int, tmp_path: Path
) -> None:
    """Random changes of random conversations, and a run that dies at a random write: nothing is lost, ever.

    What did not change comes back as it was, what changed is what it was changed to, and the books are as before.
    """
    clock, place = ManualClock(), tmp_path / str(next(_numbers))
    place.mkdir()
    make_file(place / "store.db")
    with closing(SQLiteStore(place / "store.db", clock=lambda: clock.now)) as store:
        books, directory = Books(store, clock), place / "archive"
        names = [books.closed(messages=length, note="known", put_off=True) for length in lengths]
        clock.advance(YEAR + DAY)
        books.export(directory)
        for number, change in plan.items():
            CHANGES[change](books, names[number])
        after, found = contents(store), books.findings()
        with suppress(Killed):
            books.archive(directory, Dying(store, deaths) if deaths else store)
        if (directory / "archiving").exists():
            books.archive(directory)
        left, lines = names_in(store), lines_of(directory)
        books.restore(directory)

        assert {names[number] for number in plan} == left
        assert [] == [line for line in lines for name in left if name in line]
        assert after == contents(store)
        assert found == books.findings()
