"""Archives: what was closed long ago leaves the store with all that belongs to it, and comes back byte for byte."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Conflict, Invalid, NotFound, Unavailable
from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.chat.feeds import FeedService
from commercive_cli.services.retention.service import ArchiveService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Delete, Put, Update
from tests.e2e.stores import server_store
from tests.services.chat.imported import V4, import_thread
from tests.services.fakes import DAY, START, ManualClock
from tests.services.raw_data import errors_in, rows
from tests.services.retention.archives import (
    YEAR,
    Books,
    Dying,
    Killed,
    contents,
    lines_of,
    names_in,
    small_books,
    traces_of,
)
from tests.services.transfer.stores import StopAfter, Stopped

NO_PLACES = (
    "other files",
    "a file",
    "an export",
    "another archive.json",
    "a link",
    "the store's directory",
    "the store's -wal",
)
Spoil = Callable[[Store, str], object]


@pytest.fixture
def books(either: Store, clock: ManualClock) -> Books:
    return small_books(either, clock)


def test_what_was_closed_long_ago_leaves_the_store_and_comes_back(books: Books, tmp_path: Path) -> None:
    """Conversations, messages, notes and snoozes go; all else stays; the books are right then and after the import."""
    before, directory = contents(books.store), tmp_path / "archive"
    archived = books.archive(directory)
    left, found = contents(books.store), books.findings()
    gone = {text for name in before for text in before[name] - left[name]}

    assert (3, 10, 1, []) == (archived.conversations, archived.messages, archived.notes, archived.left)
    assert [] == [trace for name in books.old for trace in traces_of(books.store, name)]
    assert {name: set() for name in before} == {name: left[name] - before[name] for name in before}
    assert lines_of(directory) == gone
    assert [] == found
    assert [] == errors_in(books.store)
    assert ["archive.json", "conversations", "manifest.json", "messages", "ops"] == sorted(
        each.name for each in directory.iterdir()
    )
    assert [] == books.restore(directory)
    assert before == contents(books.store)
    assert [] == errors_in(books.store)


def test_a_request_of_an_archived_conversation_is_still_known(
    either: Store, clock: ManualClock, tmp_path: Path
) -> None:
    """Within its week a repetition answers as before and makes nothing anew, also behind `audit --fix`."""
    books = Books(either, clock)
    sent = books.chat.send("user-1", "Where is my order?", key="sent")
    other = books.chat.send("user-1", "Hello?", conversation_id=sent.conversation_id, key="again")
    noted = books.desk.note(sent.conversation_id, "admin-1", "pays by invoice", key="noted")
    books.chat.close(sent.conversation_id, "admin-1")
    lost = books.chat.send("user-2", "Lost", key="lost").conversation_id
    clock.advance(2 * DAY)
    with books.archives.open(tmp_path / "archive", DAY) as archiving:
        archiving.export()
        archiving.remove("ops-1")
    for table, name in ((MESSAGES, lost), (CONVERSATIONS, lost)):
        gone = [item for item in rows(either, table) if item["conversation_id"] == name]
        either.transact(*(Delete(table, table.key_of(item)) for item in gone))
    found = AuditService(either, clock, sleep=lambda _: None).run("ops-1", fix=True).findings

    assert [("request-claim", "lost")] == [(each.invariant, each.id) for each in found]
    assert sent == books.chat.send("user-1", "Where is my order?", key="sent")
    assert other == books.chat.send("user-1", "Hello?", conversation_id=sent.conversation_id, key="again")
    assert noted == books.desk.note(sent.conversation_id, "admin-1", "pays by invoice", key="noted")
    assert set() == names_in(either)


def test_a_request_whose_message_is_lost_behind_an_import_is_found(books: Books, tmp_path: Path) -> None:
    """What came back is there as if it had never been away, so what is lost of it then is lost."""
    one = books.chat.send("user-1", "Hello?", key="sent")
    books.chat.close(one.conversation_id, "admin-1")
    books.clock.advance(2 * DAY)
    with books.archives.open(tmp_path / "archive", DAY) as archiving:
        archiving.export()
        archiving.remove("ops-1")
    away, back = books.findings(), books.restore(tmp_path / "archive")
    [message] = [item for item in rows(books.store, MESSAGES) if item["message_id"] == one.message_id]
    books.store.transact(Delete(MESSAGES, MESSAGES.key_of(message)))

    assert ([], []) == (away, back)
    assert "request-claim" in books.findings()


def test_who_archived_a_conversation_can_be_read(books: Books, tmp_path: Path) -> None:
    """The history of what is gone is still there, and ends with who took it; a conversation that never was has none."""
    books.archive(tmp_path / "archive")
    rows = books.chat.history(books.old[1]).history

    assert [("note", "admin-1"), ("close", "admin-1"), ("archive", "ops-1")] == [(r.event, r.actor) for r in rows]
    with pytest.raises(NotFound):
        books.chat.history("never-was")


def test_watches_go_on_behind_an_archive(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """A watch of all tells what happens next and nothing of what is gone; one by id says that it is gone."""
    books = small_books(store, clock)
    feeds = FeedService(books.store, books.clock)
    everything, one = feeds.whole(), feeds.threads([books.old[0]])
    books.archive(tmp_path / "archive")
    later = books.chat.send("user-5", "Anybody there?").conversation_id
    told = [each.message.conversation_id for each in everything.poll() if each.message]

    assert [later] == told
    with pytest.raises(NotFound, match="there is no conversation"):
        list(one.poll())


def test_two_archives_of_the_same_lose_nothing(books: Books, tmp_path: Path) -> None:
    """What both have exported and one has deleted is in both; importing both brings everything back once."""
    before = contents(books.store)
    with books.archives.open(tmp_path / "one", YEAR) as slower:
        slower.export()
        books.archive(tmp_path / "two")
        archived = slower.remove("ops-2")

    assert 3 == archived.conversations
    assert lines_of(tmp_path / "one") == lines_of(tmp_path / "two")
    assert ([], []) == (books.restore(tmp_path / "one"), books.restore(tmp_path / "two"))
    assert before == contents(books.store)


def test_a_preview_counts_what_an_archive_takes(books: Books, tmp_path: Path) -> None:
    """`--dry-run` counts conversations, messages and notes, the first and last close; nothing is written."""
    before = contents(books.store)
    expected = books.archives.preview(YEAR, tmp_path / "archive")
    present = list(tmp_path.glob("archive*"))
    archived = books.archive(tmp_path / "archive")

    assert [] == present
    assert before != contents(books.store)
    dropped = {"directory", "closed_before"}
    assert archived.model_dump(exclude=dropped) == expected.model_dump(exclude=dropped)
    assert (expected.oldest or 0) < (expected.newest or 0)


def test_a_restored_conversation_can_be_archived_again(books: Books, tmp_path: Path) -> None:
    """Restoring is no one-way street: what was brought back is as due as before."""
    books.archive(tmp_path / "one")
    books.restore(tmp_path / "one")
    again = books.archive(tmp_path / "two")

    assert 3 == again.conversations
    assert lines_of(tmp_path / "one") == lines_of(tmp_path / "two")
    assert [] == books.findings()


def test_a_long_conversation_goes_in_several_transactions(either: Store, clock: ManualClock, tmp_path: Path) -> None:
    """Killed between them, the audit says whose messages are left, and the same command finishes it."""
    books = Books(either, clock)
    name = books.closed(messages=230, note="a long one")
    clock.advance(YEAR + DAY)
    before, directory = contents(either), tmp_path / "archive"
    with pytest.raises(Killed):
        books.archive(directory, Dying(either, 2))
    found, reader = books.findings(), len(traces_of(either, name))
    archived = books.archive(directory)

    assert ["archived-messages"] == found
    assert 230 - 97 == reader
    assert (1, 230, 1) == (archived.conversations, archived.messages, archived.notes)
    assert [] == traces_of(either, name)
    assert [] == books.findings()
    assert [] == books.restore(directory)
    assert before == contents(either)


def test_nothing_due_makes_no_directory(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """Where nothing was closed that long, nothing is written, in the store or beside it."""
    books = Books(store, clock)
    books.closed()
    before = contents(store)
    archived = books.archive(tmp_path / "archive")

    assert 0 == archived.conversations
    assert before == contents(store)
    assert not (tmp_path / "archive").exists()


def _changed(table: Table, **values: object) -> Spoil:
    """Return what changes attributes of the first item of a conversation; None removes one."""

    def spoil(store: Store, name: str) -> None:
        item = _first(store, table, name)
        kept = {key: value for key, value in values.items() if value is not None}
        removed = tuple(key for key, value in values.items() if value is None)
        store.transact(Update(table, table.key_of(item), set=kept, remove=removed))

    return spoil


def _copied(table: Table, **values: object) -> Spoil:
    """Return what stores another item like the first one of a conversation."""
    return lambda store, name: store.transact(Put(table, {**_first(store, table, name), **values}))


def _first(store: Store, table: Table, name: str) -> Item:
    found = (each for each in rows(store, table) if each.get("conversation_id") == name)
    return next(each for each in found if table is not OPS or each["pk"].startswith("note#"))


ODD: dict[str, Spoil] = {
    "closed_at is '2024-01-01', which is no time": _changed(CONVERSATIONS, closed_at="2024-01-01"),
    f"closed_at is {2**53}, which is still to come": _changed(CONVERSATIONS, closed_at=2**53),
    f"updated_at is {2**53}, which is still to come": _changed(CONVERSATIONS, updated_at=2**53),
    "it has no updated_at": _changed(CONVERSATIONS, updated_at=None),
    "it does not say since when it is closed": _changed(CONVERSATIONS, closed_at=None),
    "no import would take conversations": _changed(CONVERSATIONS, closed_at=1, user_id=None),
    "no import would take messages": _changed(MESSAGES, created_at=5),
    "more than 100 attributes": _changed(CONVERSATIONS, **{f"a{number}": 1 for number in range(100)}),
    "is about another conversation": _changed(OPS, conversation_id="another"),
    "2 conversations have this id": _copied(CONVERSATIONS, created_at=START + 5),
    "a message is later than its close": _copied(MESSAGES, message_id="ff", created_at=START + YEAR),
}


@pytest.mark.parametrize("reason", ODD)
def test_odd_conversations_are_named_and_left_alone(
    reason: str, store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    """A time that is none or still to come, what no import would take back, and whatever else is not certain.

    It stays, and is told with the reason, also by a preview; its neighbours are taken all the same.
    """
    books = small_books(store, clock)
    odd = books.old[1]
    ODD[reason](store, odd)
    before = traces_of(store, odd)
    expected, policy = books.archives.preview(YEAR), books.archives.policy("365d", YEAR)
    archived = books.archive(tmp_path / "archive")

    assert {odd} == {each.conversation_id for each in archived.left}
    assert reason in archived.left[0].reason
    assert expected.left == archived.left
    assert 3 <= policy.conversations + policy.left_count
    assert before == traces_of(store, odd)
    assert 2 == archived.conversations


def test_conversations_of_other_programs_go_as_well(either: Store, clock: ManualClock, tmp_path: Path) -> None:
    """They have ids of any kind and length, and no time of their close: their last change counts. All comes back."""
    books = Books(either, clock)
    for name in ("CONV-1234ABCD", V4, "x" * 300):
        import_thread(either, name)
        conversation = _first(either, CONVERSATIONS, name)
        either.transact(Update(CONVERSATIONS, CONVERSATIONS.key_of(conversation), set={"status": "closed"}))
    clock.advance(YEAR + DAY)
    before = contents(either)
    archived = books.archive(tmp_path / "archive")
    left = names_in(either)

    assert (3, 9, set()) == (archived.conversations, archived.messages, left)
    assert [] == books.restore(tmp_path / "archive")
    assert before == contents(either)


def test_an_archive_that_dies_at_the_very_end_says_the_same_again(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    """Everything is done but the deletion of what is needed no more: the same command tells what was archived."""
    books, directory = small_books(store, clock), tmp_path / "archive"
    archived = books.archive(directory)
    (directory / "archiving").mkdir()
    again = books.archive(directory)

    assert archived == again
    assert not (directory / "archiving").exists()


def test_rows_that_cannot_be_read_are_left_alone(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """A conversation whose row is damaged, and one with a damaged message, stay as they are and are named."""
    books = small_books(store, clock)
    with closing(sqlite3.connect(tmp_path / "store.db")) as file, file:
        for table, name in (("conversations", books.old[0]), ("messages", books.old[1])):
            file.execute(f"UPDATE commercive_{table} SET _item = '[1]' WHERE conversation_id = ?", (name,))  # noqa: S608
    archived = books.archive(tmp_path / "archive")

    assert 1 == archived.conversations
    assert sorted(books.old[:2]) == sorted(each.conversation_id for each in archived.left)
    assert all("cannot be read; see `tables audit`" in each.reason for each in archived.left)


def test_a_directory_holds_one_archive(books: Books, tmp_path: Path) -> None:
    """An unfinished archive with another age, and a finished one, are refused by name; nothing is deleted."""
    directory = tmp_path / "archive"
    books.export(directory)
    before = contents(books.store)
    with pytest.raises(Conflict, match="begun with --older-than 365d"), books.archives.open(directory, 2 * YEAR):
        pass
    unchanged = contents(books.store)
    books.archive(directory)
    with pytest.raises(Conflict, match="holds a finished archive; choose another directory"):
        books.archive(directory)

    assert before == unchanged


def test_an_archive_of_another_store_is_refused(
    store: Store, clock: ManualClock, tmp_path: Path, real_endpoint: str
) -> None:
    """The refusal names both stores."""
    books = small_books(store, clock)
    books.export(tmp_path / "archive")
    with server_store(real_endpoint) as other, pytest.raises(Conflict, match=r"an archive of sqlite .*not of dyn"):
        books.archive(tmp_path / "archive", other)

    assert set(books.old) < names_in(store)


def test_two_at_work_on_one_directory_are_refused(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """The second is told that another process is at work; the first ends as if alone."""
    books = small_books(store, clock)
    with books.archives.open(tmp_path / "archive", YEAR) as archiving:
        archiving.export()
        with pytest.raises(Conflict, match="another process is at work"):
            books.archive(tmp_path / "archive")
        archived = archiving.remove("ops-1")

    assert 3 == archived.conversations


@pytest.mark.parametrize("name", ["manifest.json", "conversations", "archiving/0-0.run", "archiving/0.json"])
def test_files_that_were_changed_delete_nothing(name: str, store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """Between export and deletion somebody edits or loses a file: it is named, and everything stays in the store."""
    books = small_books(store, clock)
    books.export(tmp_path / "archive")
    before = contents(store)
    path = next(iter(sorted((tmp_path / "archive" / "archiving").glob("?-0.run")))) if name.endswith(".run") else None
    path = path or tmp_path / "archive" / name
    path = next(path.iterdir()) if path.is_dir() else path
    path.write_bytes(path.read_bytes().replace(b"o", b"0", 1))
    with pytest.raises(Invalid, match=path.name):
        books.archive(tmp_path / "archive")

    assert before == contents(store)


@pytest.mark.parametrize(
    "full", ["archiving/2-0.run", "archiving/2.json", "messages/0.jsonl", "manifest.json", "archiving/2-removed.json"]
)
def test_a_full_disk_deletes_nothing_that_is_not_safe(
    full: str, store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    """What is gone from the store when the disk is full is in the files; with room, the same command finishes."""
    books, directory = Books(store, clock), tmp_path / "archive"
    for _ in range(40):  # so that every file is needed
        books.closed()
    clock.advance(YEAR + DAY)
    before = contents(store)
    with pytest.raises(Stopped), books.archives.open(directory, YEAR) as archiving:
        archiving.export(StopAfter(1))
    blocked = directory / f"{full}.part"
    blocked.parent.mkdir(exist_ok=True)
    blocked.symlink_to("/dev/full")
    with pytest.raises(Unavailable, match="No space left on device; run the same command again"):
        books.archive(directory)
    gone = {text for name, texts in before.items() for text in texts - contents(store)[name]}
    blocked.unlink()
    safe = lines_of(directory) if gone else set()
    archived = books.archive(directory)

    assert gone <= safe
    assert full.endswith("removed.json") == bool(gone)
    assert 40 == archived.conversations
    assert [] == books.restore(directory)
    assert before == contents(store)


@pytest.mark.parametrize("kind", NO_PLACES)
def test_what_is_no_directory_for_an_archive_is_refused(
    kind: str, store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    """It is refused by name, and nothing is written there or deleted."""
    books, place = small_books(store, clock), tmp_path / "place"
    file = tmp_path / "data" / "store.db"
    if kind == "other files":
        place.mkdir()
        (place / "mine.txt").write_text("mine")
    elif kind == "a file":
        place.write_text("mine")
    elif kind == "a link":
        place.symlink_to(tmp_path / "missing")
    elif kind in ("an export", "another archive.json"):
        place.mkdir()
        (place / kind.replace("an export", "manifest.json").split()[-1]).write_text("{}")
    else:
        place = file.parent if kind == "the store's directory" else file.with_name("store.db-wal")
        file.parent.mkdir()
    before = sorted(tmp_path.rglob("*"))
    with (
        pytest.raises(Invalid, match=str(place)),
        ArchiveService(store, clock, store_file=file).open(place, YEAR),
    ):
        pass

    assert before == sorted(tmp_path.rglob("*"))
    assert set(books.old) < names_in(store)


@pytest.mark.parametrize("age", [0, -DAY, DAY - 1, 36_501 * DAY])
def test_an_age_of_less_than_a_day_is_refused(age: int, store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """What was closed today may be opened again any moment; the refusal names the limits."""
    with pytest.raises(Invalid, match="1d to 36500d"), ArchiveService(store, clock).open(tmp_path / "archive", age):
        pass

    assert not (tmp_path / "archive").exists()
