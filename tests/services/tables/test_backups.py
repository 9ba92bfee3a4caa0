"""Backups of an embedded store, and restores, which overwrite nothing and end with an audit."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Conflict, Invalid, NotFound
from commercive_cli.engines.sqlite.backups import COMPANIONS
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.tables.backups import BackupService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS
from commercive_cli.store.table_changes import DropIndex
from commercive_cli.store.writes import Update
from tests.services.fakes import ManualClock
from tests.services.raw_data import errors_in, everything


@pytest.fixture
def backups(store: Store, clock: ManualClock) -> BackupService:
    return BackupService(store, clock)


def test_a_restore_brings_every_item_back(
    backups: BackupService, store: Store, chat: ChatService, tmp_path: Path
) -> None:
    """The restored store holds every item as it was at the time of the backup, and nothing newer."""
    chat.send("u-1", "Before", store="shop.example")
    held = everything(store)
    made = backups.back_up().backup
    chat.send("u-2", "After", store="shop.example")
    restored = backups.restore(made.name, str(tmp_path / "new.db"), "admin-1")
    with closing(SQLiteStore(tmp_path / "new.db")) as new:
        found, errors = everything(new), errors_in(new)

    assert (held, []) == (found, errors)
    assert ([], []) == (restored.applied.remaining, restored.audit.findings)
    assert f"sqlite {tmp_path / 'new.db'}" == restored.store


def test_backups_are_named_after_the_time_and_listed(backups: BackupService, tmp_path: Path) -> None:
    """A backup without a name is a file next to the store, named after the second; only its owner can read it."""
    assert [] == backups.list_backups().backups

    made = backups.back_up().backup
    assert f"{tmp_path}/store.db.20250615T150640Z.backup" == made.name
    assert (True, "AVAILABLE", 6) == (made.complete, made.status, len(made.tables))
    assert [made] == backups.list_backups().backups
    assert 0o600 == Path(made.name).stat().st_mode & 0o777


def test_a_backup_overwrites_nothing(backups: BackupService, tmp_path: Path) -> None:
    """A backup to a file that exists is a conflict, and the file stays as it is."""
    taken = tmp_path / "mine.backup"
    taken.write_text("precious")

    with pytest.raises(Conflict, match="exists; it is not overwritten"):
        backups.back_up(str(taken))
    assert "precious" == taken.read_text()


def test_a_restore_overwrites_nothing(backups: BackupService, store: Store, tmp_path: Path) -> None:
    """A restore to a file that exists is a conflict, whether it is the store itself or any other file."""
    made = backups.back_up().backup
    other = tmp_path / "other"
    other.write_bytes(b"")

    with pytest.raises(Conflict, match=r"store\.db exists; it is not overwritten"):
        backups.restore(made.name, str(tmp_path / "store.db"), "admin-1")
    with pytest.raises(Conflict, match="exists; it is not overwritten"):
        backups.restore(made.name, str(other), "admin-1")
    assert b"" == other.read_bytes()
    assert [] == errors_in(store)


def test_a_restore_puts_back_what_is_declared(backups: BackupService, store: Store, tmp_path: Path) -> None:
    """Indexes that are declared and missing in the backup are created by the restore."""
    store.change_table(CONVERSATIONS, DropIndex("ConversationStatusIndex"))
    restored = backups.restore(backups.back_up().backup.name, str(tmp_path / "new.db"), "admin-1")

    assert ["create index ConversationStatusIndex"] == [each.change for each in restored.applied.changes]


@pytest.mark.parametrize(("fix", "left"), [(False, 1), (True, 0)])
def test_a_restore_ends_with_the_audit(
    backups: BackupService, store: Store, chat: ChatService, tmp_path: Path, fix: bool, left: int
) -> None:
    """After a restore, the audit finds tables that do not agree with each other, and repairs them with `fix`."""
    one = chat.send("u-1", "Hello", store="shop.example").conversation_id
    (item,) = [item for item in store.scan(CONVERSATIONS).items if item["conversation_id"] == one]
    key = CONVERSATIONS.key_of(item)
    store.transact(Update(CONVERSATIONS, key, set={"unread_admin": 9}))
    restored = backups.restore(backups.back_up().backup.name, str(tmp_path / "new.db"), "admin-1", fix=fix)
    with closing(SQLiteStore(tmp_path / "new.db")) as new:
        errors = errors_in(new)

    assert [fix] == [finding.fixed for finding in restored.audit.findings]
    assert left == len(errors)


def test_a_restore_needs_exactly_one_source(backups: BackupService, tmp_path: Path) -> None:
    """A restore needs a name, a time or the latest time, and only one of them."""
    place = str(tmp_path / "new.db")
    attempts: list[Callable[[], object]] = [
        lambda: backups.restore(None, place, "admin-1"),
        lambda: backups.restore("x", place, "admin-1", at=1),
        lambda: backups.restore("x", place, "admin-1", latest=True),
    ]

    for attempt in attempts:
        with pytest.raises(Invalid, match="exactly one"):
            attempt()


def test_an_impossible_restore_is_refused(backups: BackupService, tmp_path: Path) -> None:
    """A missing file, a file that is no database or has none of our tables, and a time each have their own error."""
    (tmp_path / "text").write_text("no database, but long enough to look at")
    (tmp_path / "empty").touch()
    place = str(tmp_path / "new.db")

    with pytest.raises(NotFound, match="there is no backup"):
        backups.restore(str(tmp_path / "nothing"), place, "admin-1")
    with pytest.raises(NotFound, match="there is no backup"):
        backups.restore("n" * 300, place, "admin-1")
    with pytest.raises(Conflict, match="text is damaged, or not a SQLite database"):
        backups.restore(str(tmp_path / "text"), place, "admin-1")
    with pytest.raises(Conflict, match="empty holds no tables of the prefix commercive_; choose another backup"):
        backups.restore(str(tmp_path / "empty"), place, "admin-1")
    with pytest.raises(Invalid, match="no point-in-time recovery"):
        backups.restore(None, place, "admin-1", latest=True)
    with pytest.raises(Invalid, match="give a path"):
        backups.restore(str(tmp_path / "nothing"), f"sqlite:///{place}", "admin-1")
    assert not (tmp_path / "new.db").exists()


def test_a_damaged_backup_is_not_restored(backups: BackupService, chat: ChatService, tmp_path: Path) -> None:
    """A backup with overwritten pages is refused before anything is copied."""
    chat.send("u-1", "Hello", store="shop.example")
    made = Path(backups.back_up().backup.name)
    content = made.read_bytes()
    made.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))

    with pytest.raises(Conflict, match="damaged"):
        backups.restore(str(made), str(tmp_path / "new.db"), "admin-1")
    assert not (tmp_path / "new.db").exists()


def test_an_interrupted_backup_leaves_nothing_behind(backups: BackupService, chat: ChatService, tmp_path: Path) -> None:
    """When Ctrl-C interrupts a backup, no file is left that looks like a backup."""
    chat.send("u-1", "Hello", store="shop.example")

    def interrupt(_words: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backups.back_up(on_status=interrupt)
    assert [] == list(tmp_path.glob("*.backup*"))


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("no/such", "there is no directory .*no; make it first"),
        ("store.db/new", "there is no directory .*store.db; make it first"),
        ("n" * 300, "cannot be a file here: File name too long"),
        ("n" * 250, "cannot be a file here: File name too long"),
        ("a\0b", "cannot be a file here: embedded null byte"),
    ],
    ids=lambda text: text[:8],
)
def test_an_impossible_path_is_invalid_input(backups: BackupService, tmp_path: Path, place: str, reason: str) -> None:
    """The error for an impossible path names field, path and reason; it is not Unavailable, as no repetition helps."""
    made = backups.back_up().backup.name

    with pytest.raises(Invalid, match=reason) as backing_up:
        backups.back_up(str(tmp_path / place))
    with pytest.raises(Invalid, match=reason) as restoring:
        backups.restore(made, str(tmp_path / place), "admin-1")
    assert ("name", "to") == (backing_up.value.field, restoring.value.field)


@pytest.mark.parametrize("nothing", ["", " "])
def test_an_empty_name_is_refused(backups: BackupService, tmp_path: Path, nothing: str) -> None:
    """An empty name or path, as from a variable that a script forgot to set, is an error."""
    place = str(tmp_path / "new.db")

    with pytest.raises(Invalid, match="name must not be empty; leave it out"):
        backups.back_up(nothing)
    with pytest.raises(Invalid, match="to must not be empty"):
        backups.restore("x", nothing, "admin-1")
    with pytest.raises(Invalid, match="NAME must not be empty; `commercive tables backups`"):
        backups.restore(nothing, place, "admin-1")
    assert [] == backups.list_backups().backups


@pytest.mark.parametrize("ending", COMPANIONS)
def test_a_log_of_another_database_is_not_mixed_into_a_new_file(
    backups: BackupService, tmp_path: Path, ending: str
) -> None:
    """A file that SQLite would replay into the new one stops the restore; the error says to move it away."""
    made, new = backups.back_up().backup.name, tmp_path / "new.db"
    left = new.with_name(f"new.db{ending}")
    left.write_bytes(b"what others wrote")

    with pytest.raises(Conflict, match=rf"new\.db{ending} is left of another database.*move it away"):
        backups.restore(made, str(new), "admin-1")
    with pytest.raises(Conflict, match=rf"new\.db{ending} is left of another database.*move it away"):
        backups.back_up(str(new))
    assert (b"what others wrote", False) == (left.read_bytes(), new.exists())


def test_a_restore_does_not_replay_a_stale_log(
    backups: BackupService, store: Store, chat: ChatService, tmp_path: Path
) -> None:
    """When only the log of a lost store is left, it must be moved away, and the restored store equals the backup."""
    made, log = backups.back_up().backup.name, tmp_path / "store.db-wal"
    chat.send("u-1", "After", store="shop.example")
    stale = log.read_bytes()
    store.close()
    (tmp_path / "store.db").unlink()
    log.write_bytes(stale)

    with pytest.raises(Conflict, match=r"store\.db-wal is left of another database"):
        backups.restore(made, str(tmp_path / "store.db"), "admin-1")
    log.unlink()
    backups.restore(made, str(tmp_path / "store.db"), "admin-1")
    with closing(SQLiteStore(tmp_path / "store.db")) as new:
        assert [] == new.scan(CONVERSATIONS).items


def test_a_log_that_appears_while_copying_stops_the_backup(backups: BackupService, tmp_path: Path) -> None:
    """The check for such files is repeated right before the new file gets its name."""
    new = tmp_path / "new.db"

    with pytest.raises(Conflict, match=r"new\.db-wal is left of another database"):
        backups.back_up(str(new), on_status=lambda _words: new.with_name("new.db-wal").touch())
    assert ["new.db-wal"] == [path.name for path in tmp_path.glob("new*")]
