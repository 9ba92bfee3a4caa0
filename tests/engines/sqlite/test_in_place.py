"""Restores in place of the store itself, from backups that carry a checksum, by processes that may be killed."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest

from commercive_cli.domain.errors import CommerciveError, Conflict, Invalid, Misconfigured, NotTaken
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.tables.backups import BackupService
from commercive_cli.services.tables.service import TableService
from commercive_cli.store.schema import AFFILIATE_STATS
from commercive_cli.store.writes import Put
from tests.engines.sqlite.test_another_file import as_killed

ROOT = Path(__file__).parents[3]
OPEN = """
import sys
from pathlib import Path
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import AFFILIATE_STATS
store = SQLiteStore(Path(sys.argv[1]))
store.scan(AFFILIATE_STATS)
print("open", flush=True)
sys.stdin.readline()
"""


def put(path: Path, name: str) -> None:
    with closing(SQLiteStore(path)) as store:
        store.transact(Put(AFFILIATE_STATS, {"affiliate_id": name, "total_leads": 0}))


def names(path: Path) -> set[str]:
    with closing(SQLiteStore(path)) as store:
        return {item["affiliate_id"] for item in store.scan(AFFILIATE_STATS).items}


def back_up(path: Path) -> Path:
    with closing(SQLiteStore(path)) as store:
        return Path(BackupService(store).back_up(str(path.with_name("mine.backup"))).backup.name)


def restore(path: Path, backup: Path, on_status: Callable[[str], None] = lambda _words: None) -> None:
    with closing(SQLiteStore(path)) as store:
        BackupService(store).restore(str(backup), None, "admin-1", in_place=True, on_status=on_status)


def kept(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.*.replaced"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a store that holds "ann"."""
    found = tmp_path / "store.db"
    with closing(SQLiteStore(found)) as store:
        TableService(store).create()
    put(found, "ann")
    return found


@pytest.fixture
def backup(path: Path) -> Path:
    """Return a backup of the store, which has "bob" as well since then."""
    made = back_up(path)
    put(path, "bob")
    return made


def test_a_backup_takes_the_place_of_the_store_which_is_kept(path: Path, backup: Path) -> None:
    """The store is as it was, and what it was replaced in is beside it: it can be put back the same way."""
    restore(path, backup)

    assert {"ann"} == names(path)
    (old,) = kept(path)
    assert {"ann", "bob"} == names(old)
    restore(path, old)
    assert {"ann", "bob"} == names(path)
    assert [] == list(path.parent.glob("*.part*"))


def test_a_store_that_is_in_use_is_not_replaced(path: Path, backup: Path) -> None:
    """The refusal says to stop what uses it, and changes nothing; once that has ended, the same command works."""
    with subprocess.Popen(  # noqa: S603 - this Python, the program above
        [sys.executable, "-c", OPEN, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as user:
        assert user.stdout is not None
        assert "open\n" == user.stdout.readline()
        with pytest.raises(NotTaken, match=r"store\.db is in use by another process; nothing was changed, stop"):
            restore(path, backup)
        user.communicate("end\n")
    assert ([], {"ann", "bob"}) == (kept(path), names(path))
    restore(path, backup)
    assert {"ann"} == names(path)


def test_nobody_uses_a_store_while_it_is_replaced(path: Path, backup: Path) -> None:
    """A write in the middle is refused and not lost; the one after it goes to the new store."""
    refusals: list[str] = []

    def use(_words: str) -> None:
        with get_context("fork").Pool(1) as pool:
            refusals.append(pool.apply(refused_write, (path,)))

    restore(path, backup, use)

    assert len(refusals) >= 2
    assert all("was locked by another writer" in words for words in refusals[:-1])
    put(path, "eve")
    assert {"ann", "eve"} <= names(path)


def refused_write(path: Path) -> str:
    with closing(SQLiteStore(path, deadline=0.05)) as store:
        try:
            store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "eve", "total_leads": 0}))
        except CommerciveError as error:
            return error.message
    return ""


def test_a_restore_in_place_mends_what_hinders_every_other_command(path: Path, backup: Path, tmp_path: Path) -> None:
    """A log of another file, a damaged file and a missing one are all set right; file and log are kept together."""
    with closing(SQLiteStore(path)) as store:
        store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "eve", "total_leads": 0}))
        killed = as_killed(path, tmp_path / "killed")
    own, log = killed.read_bytes(), killed.with_name("store.db-wal").read_bytes()
    shutil.copyfile(backup, killed)
    with pytest.raises(Misconfigured, match="--in-place"):
        names(killed)
    restore(killed, backup)
    (old,) = kept(killed)
    assert {"ann"} == names(killed)
    assert log == old.with_name(f"{old.name}-wal").read_bytes()
    old.write_bytes(own)
    assert {"ann", "bob", "eve"} == names(old)

    path.write_bytes(b"no database at all")
    restore(path, backup)
    assert {"ann"} == names(path)
    path.unlink()
    restore(path, backup)
    assert {"ann"} == names(path)


def test_a_restore_killed_at_any_moment_is_whole_or_not_there(path: Path, backup: Path, tmp_path: Path) -> None:
    """Killed before any of its system calls that name files: the store is the old one or the new one, never another.

    A new file has its name only when it is complete, audit and all.
    """
    seen = set()
    for moment in range(1, 40):
        place = tmp_path / f"at {moment}"
        place.mkdir()
        store, new = place / "store.db", place / "new.db"
        shutil.copyfile(path, store)
        for to in (None, str(new))[: 1 + (moment % 3 == 0)]:
            child = get_context("fork").Process(target=killed_restore, args=(store, backup, to, moment))
            child.start()
            child.join()
            seen.add(child.exitcode)
        held = names(store)
        assert held in ({"ann"}, {"ann", "bob"})
        if held == {"ann"}:
            assert any({"ann", "bob"} == names(each) for each in place.glob("store.db.*.replaced*") if is_store(each))
        assert not new.exists() or {"ann"} == names(new)
    assert {0, -signal.SIGKILL} == seen


def is_store(path: Path) -> bool:
    return not path.name.endswith(("-wal", "-shm"))


def killed_restore(store: Path, backup: Path, to: str | None, moment: int) -> None:
    """Restore, and end at once at a given one of the calls that rename, link, remove or flush files."""
    left = [moment]

    def watch(event: str, _arguments: object) -> None:
        if event in ("os.rename", "os.link", "os.remove", "open", "sqlite3.connect"):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    with closing(SQLiteStore(store)) as opened:
        BackupService(opened).restore(str(backup), to, "admin-1", in_place=to is None)


def test_one_wrong_bit_anywhere_in_a_backup_is_found(path: Path, backup: Path) -> None:
    """Wherever a bit is turned, or the file is cut, the backup is refused by name, and nothing is restored."""
    chance, content = random.Random(17), backup.read_bytes()
    bad = backup.with_name("bad.backup")
    places = [0, 17, 25, 30, 60, 93, len(content) - 1, len(content) - 40, len(content) - 85]
    for at in [*places, *(chance.randrange(len(content)) for _ in range(60))]:
        bad.write_bytes(content[:at] + bytes((content[at] ^ 1 << chance.randrange(8),)) + content[at + 1 :])
        with pytest.raises(Conflict, match=r"bad\.backup is (damaged|cut short)"):
            restore(path, bad)
    for length in [1, 99, 4096, len(content) // 2, len(content) - 1]:
        bad.write_bytes(content[:length])
        with pytest.raises(Conflict, match=r"bad\.backup (is (damaged|cut short)|holds no tables)"):
            restore(path, bad)
    assert ([], {"ann", "bob"}) == (kept(path), names(path))


def test_a_backup_that_became_a_store_is_no_damaged_backup(path: Path, backup: Path) -> None:
    """The checksum goes with the first write: a copy of the store can be restored, though unchecked."""
    shutil.move(backup, path)
    assert {"ann"} == names(path)
    put(path, "zoe")
    copy = Path(shutil.copyfile(path, path.with_name("copy.db")))
    words: list[str] = []
    restore(path, copy, words.append)

    assert {"ann", "zoe"} == names(path)
    assert any("copy.db carries no checksum" in each for each in words)


def test_a_restore_has_one_place(path: Path, backup: Path) -> None:
    """Neither both of --to and --in-place, nor none of them, nor the store as its own backup is accepted."""
    with closing(SQLiteStore(path)) as store:
        service = BackupService(store)
        with pytest.raises(Invalid, match="exactly one of --to"):
            service.restore(str(backup), "new.db", "admin-1", in_place=True)
        with pytest.raises(Invalid, match="exactly one of --to"):
            service.restore(str(backup), None, "admin-1")
        with pytest.raises(Invalid, match="is the store itself"):
            service.restore(str(path), None, "admin-1", in_place=True)
    assert {"ann", "bob"} == names(path)
