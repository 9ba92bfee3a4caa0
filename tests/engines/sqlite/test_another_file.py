"""Another file put in the place of a store: the log beside it is not its own, and must not be mixed into it."""

import random
import shutil
import sqlite3
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Misconfigured, NotTaken
from commercive_cli.engines.sqlite.database_file import SQLiteFile
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import AFFILIATE_STATS, OPS
from commercive_cli.store.writes import Put

REFUSED = r"store\.db is not the file to which store\.db-wal beside it belongs.*tables restore NAME --in-place"
PLACED: dict[str, Callable[[Path, Path], object]] = {"moved": shutil.move, "copied over": shutil.copyfile}


def put(store: SQLiteStore, name: str) -> None:
    store.transact(Put(AFFILIATE_STATS, {"affiliate_id": name}))


def names(path: Path) -> set[str]:
    with closing(SQLiteStore(path)) as store:
        return {item["affiliate_id"] for item in store.scan(AFFILIATE_STATS).items}


def new_store(path: Path, *held: str) -> Path:
    with closing(SQLiteStore(path)) as store:
        store.create_table(AFFILIATE_STATS)
        for name in held:
            put(store, name)
    return path


def as_killed(path: Path, to: Path) -> Path:
    """Copy a store that is in use, as a kill would leave it."""
    to.mkdir()
    for each in (path, path.with_name(f"{path.name}-wal")):
        if each.exists():
            shutil.copyfile(each, to / each.name)
    return to / path.name


def is_refused(path: Path) -> bool:
    try:
        names(path)
    except Misconfigured:
        return True
    return False


def begin_checkpoint(path: Path) -> None:
    """Bring the first page of the log into the file and no other, as a checkpoint does that was killed."""
    log = path.with_name(f"{path.name}-wal").read_bytes()
    size = int.from_bytes(log[8:12], "big")
    frames = [log[place : place + 24 + size] for place in range(32, len(log), 24 + size)]
    first = [frame[24:] for frame in frames if frame[:4] == bytes([0, 0, 0, 1]) and frame[8:16] == log[16:24]][-1]
    with path.open("r+b") as file:
        file.write(first)


def test_a_checkpoint_that_was_killed_is_finished(tmp_path: Path) -> None:
    """The file speaks of pages that the log alone has: no damage, as whoever opens it next brings them in."""
    with closing(SQLiteStore(new_store(tmp_path / "store.db", "ann"))) as store:
        for number in range(40):
            put(store, f"{number:02}" * 400)
        path = as_killed(tmp_path / "store.db", tmp_path / "killed")
    begin_checkpoint(path)

    assert 41 == len(names(path))


def test_a_frame_that_was_not_written_whole_is_none(tmp_path: Path) -> None:
    """A page comes behind its header: a kill or a look in between finds what was there before."""
    with closing(SQLiteStore(new_store(tmp_path / "store.db", "ann"))) as store:
        put(store, "bob")
        path = as_killed(tmp_path / "store.db", tmp_path / "killed")
    log = path.with_name(f"{path.name}-wal")
    log.write_bytes(log.read_bytes()[: 32 + 24] + bytes(range(256)) * 16)

    assert {"ann"} == names(path)


@pytest.mark.parametrize("content", [b"x", b"x" * 4, b"x" * 12, b"x" * 31, b"\xff" * 32, b"\xff" * 100, bytes(200)])
def test_what_is_no_log_is_none(tmp_path: Path, content: bytes) -> None:
    """A log whose beginning was not written whole, or is damaged, holds nothing; no memory is taken by what it says."""
    path = new_store(tmp_path / "store.db", "ann")
    path.with_name("store.db-wal").write_bytes(content)
    tracemalloc.start()
    try:
        assert {"ann"} == names(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("placed", PLACED)
def test_a_log_left_by_a_kill_does_not_destroy_another_file(tmp_path: Path, placed: str) -> None:
    """Neither reading nor writing touches the file or the log; each with its own file is whole again."""
    with closing(SQLiteStore(new_store(tmp_path / "store.db", "ann"))) as store:
        put(store, "bob")
        path = as_killed(tmp_path / "store.db", tmp_path / "killed")
    restored = new_store(tmp_path / "restored.db", "zoe")
    content, own, log = restored.read_bytes(), path.read_bytes(), path.with_name("store.db-wal").read_bytes()
    PLACED[placed](restored, path)

    with closing(SQLiteStore(path)) as store:
        with pytest.raises(Misconfigured, match=REFUSED):
            put(store, "eve")
        with pytest.raises(Misconfigured, match=REFUSED):
            store.get(AFFILIATE_STATS, {"affiliate_id": "ann"})
    assert (content, log) == (path.read_bytes(), path.with_name("store.db-wal").read_bytes())
    path.write_bytes(own)
    assert {"ann", "bob"} == names(path)


@pytest.mark.parametrize("log", ["in use", "empty", "empty, and read since"])
@pytest.mark.parametrize("placed", PLACED)
def test_a_file_put_in_place_of_a_store_that_is_served_is_not_destroyed(tmp_path: Path, placed: str, log: str) -> None:
    """The next write is refused, or goes to the new file: an acknowledged one never destroys it."""
    path, restored = new_store(tmp_path / "store.db", "ann"), new_store(tmp_path / "restored.db", "zoe")
    with closing(SQLiteStore(path)) as store, closing(SQLiteStore(path)) as idle:
        put(idle, "ian")
        put(store, "bob")
        if log != "in use":
            with closing(sqlite3.connect(path)) as other:
                assert (0, 0, 0) == other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if log == "empty, and read since":  # what was read is in memory, and nobody tells SQLite that it changed
            store.get(AFFILIATE_STATS, {"affiliate_id": "ann"})
        PLACED[placed](restored, path)
        acknowledged = {"zoe"}
        for _ in range(2):
            with suppress(Misconfigured, NotTaken):
                put(store, "eve")
                acknowledged.add("eve")
        if log == "in use":
            assert (True, {"zoe"}) == (is_refused(path), acknowledged)
            shutil.copyfile(path, tmp_path / "rescued.db")
            assert {"zoe"} == names(tmp_path / "rescued.db")
        else:
            assert {"zoe", "eve"} == acknowledged == names(path)


def test_a_true_copy_put_in_place_of_a_store_is_another_file(tmp_path: Path) -> None:
    """A write that has begun is not made: into the file that has no name any more it would be lost."""
    path = new_store(tmp_path / "store.db", "ann")
    twin = Path(shutil.copy2(path, tmp_path / "twin.db"))

    def replace(statement: str) -> None:
        if statement == "BEGIN IMMEDIATE" and twin.exists():
            twin.replace(path)

    file = SQLiteFile(path, 1)
    with closing(file):
        with file.reading() as connection:
            connection.set_trace_callback(replace)
        with pytest.raises(NotTaken, match=r"another file was put at .*this write was not made"), file.writing():
            pass
        assert not twin.exists()
        with file.writing() as written:
            written.execute("CREATE TABLE made (x)")
    with closing(sqlite3.connect(path)) as other:
        assert [] == other.execute("SELECT * FROM made").fetchall()


def test_a_store_that_was_replaced_does_not_empty_the_log_of_its_successor(tmp_path: Path) -> None:
    """A process that wrote to the old file, and ends later, leaves what others wrote to the new one."""
    path, restored = new_store(tmp_path / "store.db", "ann"), new_store(tmp_path / "restored.db", "zoe")
    old = SQLiteStore(path)
    put(old, "bob")
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    restored.replace(path)
    with closing(SQLiteStore(path)) as new:
        put(new, "eve")
        old.close()

        assert {"zoe", "eve"} == names(as_killed(path, tmp_path / "killed"))


def test_every_state_of_a_store_fits_its_own_log_and_no_other(tmp_path: Path) -> None:
    """Whenever a process is killed, between whatever checkpoints, the store opens.

    A copy that went on by itself does not take the log of the other.
    """
    chance = random.Random(17)
    path = new_store(tmp_path / "store.db", "first")
    twin = Path(shutil.copytree(tmp_path, tmp_path / "twin")) / "store.db"
    states: list[tuple[Path, set[str]]] = []
    with closing(SQLiteStore(path)) as store, closing(SQLiteStore(twin)) as other:
        acknowledged = {"first"}
        for turn in range(40):
            put(store, f"{turn}")
            put(other, f"twin {turn}")
            acknowledged.add(f"{turn}")
            with closing(sqlite3.connect(path, timeout=0)) as raw, closing(sqlite3.connect(path)) as reader:
                reader.execute("BEGIN")
                if chance.random() < 0.5:
                    reader.execute("SELECT count(*) FROM sqlite_schema").fetchall()
                put(store, f"late {turn}")
                acknowledged.add(f"late {turn}")
                if chance.random() < 0.5:
                    mode = chance.choice(["PASSIVE", "RESTART", "TRUNCATE"])
                    with suppress(sqlite3.OperationalError):
                        raw.execute(f"PRAGMA wal_checkpoint({mode})")
            states.append((as_killed(path, tmp_path / f"killed {turn}"), set(acknowledged)))

    logs = [state.with_name("store.db-wal").read_bytes() for state, _ in states]
    for at, (state, held) in enumerate(states):
        mixed = tmp_path / f"mixed {at}"
        mixed.mkdir()
        shutil.copyfile(twin, mixed / "store.db")
        (mixed / "store.db-wal").write_bytes(logs[at])
        assert is_refused(mixed / "store.db") == bool(logs[at])
        assert held == names(state)


def test_another_log_beside_the_own_file_is_refused(tmp_path: Path) -> None:
    """Also where the file holds all that was written: the log beside it would be mixed into it at the next start."""
    other = as_killed(new_store(tmp_path / "other.db"), tmp_path / "killed.db")
    with closing(SQLiteStore(other)) as foreign, closing(SQLiteStore(new_store(tmp_path / "store.db"))) as store:
        put(foreign, "theirs")
        put(store, "ours")
        by_hand = sqlite3.connect(tmp_path / "store.db")
        with closing(by_hand):
            by_hand.execute("PRAGMA wal_checkpoint(PASSIVE)")
            shutil.copyfile(f"{other}-wal", tmp_path / "store.db-wal")
            with pytest.raises(Misconfigured, match=REFUSED):
                put(store, "more")


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="this system does not count what a process reads")
def test_a_log_of_ours_is_not_read_again_by_every_thread(tmp_path: Path) -> None:
    """Whose log it is, is found out once for all threads: after each checkpoint they would read megabytes otherwise."""

    def bytes_read() -> int:
        return int(Path("/proc/self/io").read_text().split()[1])

    with closing(SQLiteStore(tmp_path / "store.db")) as store, ThreadPoolExecutor(4) as pool:
        store.create_table(OPS)

        def write(thread: int) -> None:
            for number in range(300):
                store.transact(Put(OPS, {"pk": f"{thread}", "sk": f"{number}", "text": "x" * 3_000}))

        before = bytes_read()
        list(pool.map(write, range(4)))
        read, log = bytes_read() - before, (tmp_path / "store.db-wal").stat().st_size

    assert read < 2 * log
