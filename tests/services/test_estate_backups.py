"""Backups of an embedded store, and restores that overwrite nothing and end with true books."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Conflict, Invalid, NotFound, Unavailable
from commercive_cli.engines.sqlite import SQLiteStore
from commercive_cli.services.chat import ChatService
from commercive_cli.services.estate.backups import BackupService
from commercive_cli.store.changes import DropIndex
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS
from commercive_cli.store.writes import Update
from tests.services.books import errors_in, everything
from tests.services.fakes import ManualClock


@pytest.fixture
def backups(store: Store, clock: ManualClock) -> BackupService:
    return BackupService(store, clock)


def test_a_backup_brings_everything_back(
    backups: BackupService, store: Store, chat: ChatService, tmp_path: Path
) -> None:
    """The restored store holds every item as it was then, and nothing that came later."""
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
    """Next to the store, with the second in their name, complete, readable by their owner alone."""
    assert [] == backups.list_backups().backups

    made = backups.back_up().backup
    assert f"{tmp_path}/store.db.20250615T150640Z.backup" == made.name
    assert (True, "AVAILABLE", 6) == (made.complete, made.status, len(made.tables))
    assert [made] == backups.list_backups().backups
    assert 0o600 == Path(made.name).stat().st_mode & 0o777


def test_a_backup_overwrites_nothing(backups: BackupService, tmp_path: Path) -> None:
    """A name in use is a conflict, and the file stays as it is."""
    taken = tmp_path / "mine.backup"
    taken.write_text("precious")

    with pytest.raises(Conflict, match="exists; it is not overwritten"):
        backups.back_up(str(taken))
    assert "precious" == taken.read_text()


def test_a_restore_overwrites_nothing(backups: BackupService, store: Store, tmp_path: Path) -> None:
    """Neither the store itself nor another one nor any other file."""
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
    """Whatever the backup lacks of the declaration is there after the restore."""
    store.change_table(CONVERSATIONS, DropIndex("ConversationStatusIndex"))
    restored = backups.restore(backups.back_up().backup.name, str(tmp_path / "new.db"), "admin-1")

    assert ["create index ConversationStatusIndex"] == [each.change for each in restored.applied.changes]


@pytest.mark.parametrize(("fix", "left"), [(False, 1), (True, 0)])
def test_a_restore_ends_with_the_audit(
    backups: BackupService, store: Store, chat: ChatService, tmp_path: Path, fix: bool, left: int
) -> None:
    """Tables that do not agree with each other are found, and repaired when asked for."""
    one = chat.send("u-1", "Hello", store="shop.example").conversation_id
    (item,) = [item for item in store.scan(CONVERSATIONS).items if item["conversation_id"] == one]
    key = {name: item[name] for name in CONVERSATIONS.key_names}
    store.transact(Update(CONVERSATIONS, key, set={"unread_admin": 9}))
    restored = backups.restore(backups.back_up().backup.name, str(tmp_path / "new.db"), "admin-1", fix=fix)
    with closing(SQLiteStore(tmp_path / "new.db")) as new:
        errors = errors_in(new)

    assert [fix] == [finding.fixed for finding in restored.audit.findings]
    assert left == len(errors)


def test_exactly_one_source_is_wanted(backups: BackupService, tmp_path: Path) -> None:
    """A name and a time contradict each other, and neither means nothing."""
    place = str(tmp_path / "new.db")
    attempts: list[Callable[[], object]] = [
        lambda: backups.restore(None, place, "admin-1"),
        lambda: backups.restore("x", place, "admin-1", at=1),
        lambda: backups.restore("x", place, "admin-1", latest=True),
    ]

    for attempt in attempts:
        with pytest.raises(Invalid, match="exactly one"):
            attempt()


def test_what_cannot_be_restored_is_refused(backups: BackupService, tmp_path: Path) -> None:
    """A missing file, one that is no database, one without our tables, and a moment: each in its words."""
    (tmp_path / "text").write_text("no database, but long enough to look at")
    (tmp_path / "empty").touch()
    place = str(tmp_path / "new.db")

    with pytest.raises(NotFound, match="there is no backup"):
        backups.restore(str(tmp_path / "nothing"), place, "admin-1")
    with pytest.raises(Conflict, match="is damaged"):
        backups.restore(str(tmp_path / "text"), place, "admin-1")
    with pytest.raises(Conflict, match="no tables of the prefix commercive_"):
        backups.restore(str(tmp_path / "empty"), place, "admin-1")
    with pytest.raises(Invalid, match="no point-in-time recovery"):
        backups.restore(None, place, "admin-1", latest=True)
    with pytest.raises(Invalid, match="pass its path"):
        backups.restore(str(tmp_path / "nothing"), f"sqlite:///{place}", "admin-1")
    assert not (tmp_path / "new.db").exists()


def test_a_damaged_backup_is_not_restored(backups: BackupService, chat: ChatService, tmp_path: Path) -> None:
    """Pages that were overwritten are noticed before anything is copied."""
    chat.send("u-1", "Hello", store="shop.example")
    made = Path(backups.back_up().backup.name)
    content = made.read_bytes()
    made.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))

    with pytest.raises(Conflict, match="damaged"):
        backups.restore(str(made), str(tmp_path / "new.db"), "admin-1")
    assert not (tmp_path / "new.db").exists()


def test_an_interrupted_backup_leaves_nothing_behind(backups: BackupService, chat: ChatService, tmp_path: Path) -> None:
    """Ctrl-C while copying: no file that could be taken for a backup."""
    chat.send("u-1", "Hello", store="shop.example")

    def interrupt(_words: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backups.back_up(progress=interrupt)
    assert [] == list(tmp_path.glob("*.backup*"))


def test_a_directory_that_is_not_there_is_said(backups: BackupService, tmp_path: Path) -> None:
    """The path and the reason, not a traceback."""
    with pytest.raises(Unavailable, match="cannot be written: No such file or directory"):
        backups.back_up(str(tmp_path / "no" / "such"))
