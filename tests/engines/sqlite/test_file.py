"""Errors about a file that is missing, locked, damaged or no database, and properties of the file itself."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from multiprocessing import get_context
from pathlib import Path
from subprocess import PIPE
from threading import Event, Thread, Timer, main_thread

import pytest

from commercive_cli.domain.errors import CommerciveError, Invalid, Misconfigured, NotTaken, Unavailable
from commercive_cli.engines.sqlite.database_file import SQLiteFile
from commercive_cli.engines.sqlite.replacement import exclusive
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.items import Item
from commercive_cli.store.port import Query
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS, MESSAGES, OPS, TABLES
from commercive_cli.store.writes import Delete, Put

ROOT = Path(__file__).parents[3]
STATS = {"affiliate_id": "ann", "total_leads": 1}
KEY = {"affiliate_id": "ann"}
USES: dict[str, Callable[[SQLiteStore], object]] = {
    "get": lambda store: store.get(AFFILIATE_STATS, KEY),
    "query": lambda store: store.query(Query(AFFILIATE_STATS, "ann")),
    "scan": lambda store: store.scan(AFFILIATE_STATS),
    "transact": lambda store: store.transact(Put(AFFILIATE_STATS, STATS)),
    "batch": lambda store: store.batch_put(AFFILIATE_STATS, [STATS]),
    "delete": lambda store: store.delete_table(AFFILIATE_STATS),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    """Yield a store with one table that holds `STATS`; it waits for locks only 0.05 s."""
    with closing(SQLiteStore(path, deadline=0.05)) as opened:
        opened.create_table(AFFILIATE_STATS)
        opened.transact(Put(AFFILIATE_STATS, STATS))
        yield opened


@contextmanager
def locked_by(other: sqlite3.Connection) -> Iterator[None]:
    """Let another program write in the block, but for 5 seconds at most: whoever waits for ever writes then."""
    other.execute("BEGIN IMMEDIATE")
    ends = Timer(5, other.rollback)
    ends.start()
    try:
        yield
    finally:
        ends.cancel()
        ends.join()


@pytest.mark.parametrize("use", USES)
def test_a_missing_file_is_not_created_by_using_it(path: Path, use: str) -> None:
    """The error for a missing file names the path and the next step, and no file is created."""
    with closing(SQLiteStore(path / "deep" / "store.db")) as missing:
        with pytest.raises(Misconfigured, match=r"no store at .*store\.db; create it with `commercive tables create`"):
            USES[use](missing)

        assert missing.describe_table(AFFILIATE_STATS) is None
    assert not path.exists()


def test_creating_the_first_table_creates_the_file_for_its_owner_alone(path: Path) -> None:
    """Missing directories are created; other users cannot read the file."""
    path = path / "new" / "store.db"
    with closing(SQLiteStore(path)) as store:
        store.create_table(OPS)

        assert 0o600 == path.stat().st_mode & 0o777


@pytest.mark.parametrize("name", ["a b.db", "50%.db", "what?.db", "no#1.db", "é🙂.db", "file:x.db"])
def test_any_file_name_works(tmp_path: Path, name: str) -> None:
    """Characters that have a meaning in URLs have none in a path."""
    with closing(SQLiteStore(tmp_path / name)) as store:
        store.create_table(OPS)

    assert (tmp_path / name).is_file()


@pytest.mark.parametrize("use", USES)
def test_another_file_is_left_as_it_is(path: Path, use: str) -> None:
    """A text file given by mistake is refused by name and not changed."""
    path.write_text("Dear diary, " * 1000)

    with closing(SQLiteStore(path)) as store, pytest.raises(Misconfigured, match=r"store\.db is not a SQLite database"):
        USES[use](store)
    assert "Dear diary, " * 1000 == path.read_text()


def test_creating_a_table_in_another_file_is_refused(path: Path) -> None:
    """Creating a table does not overwrite a file that is not a database."""
    path.write_text("Dear diary, " * 1000)

    with closing(SQLiteStore(path)) as store, pytest.raises(Misconfigured, match="not a SQLite database"):
        store.create_table(OPS)
    assert "Dear diary, " * 1000 == path.read_text()


def test_a_directory_is_no_store(tmp_path: Path) -> None:
    """The error for a directory says that it is one."""
    with closing(SQLiteStore(tmp_path)) as store, pytest.raises(Misconfigured, match="is a directory"):
        store.scan(OPS)


def test_a_pipe_is_not_waited_for(path: Path) -> None:
    """A path that is no regular file, which could block when it is opened, is refused at once."""
    os.mkfifo(path)

    with closing(SQLiteStore(path)) as store, pytest.raises(Misconfigured, match="is no file"):
        store.scan(OPS)


def test_a_path_where_no_file_can_be_created_is_an_error(path: Path) -> None:
    """A path below a file cannot be created, and the error says why."""
    path.write_text("")

    with closing(SQLiteStore(path / "store.db")) as store, pytest.raises(Misconfigured, match="cannot be created: "):
        store.create_table(OPS)


def test_an_empty_file_has_no_tables(path: Path) -> None:
    """A file of no bytes is an empty database, in which tables can be created."""
    path.touch()

    with closing(SQLiteStore(path)) as store:
        with pytest.raises(Misconfigured, match=r"table commercive_ops does not exist in .*store\.db"):
            store.scan(OPS)
        store.create_table(OPS)

        assert [] == store.scan(OPS).items


def test_a_lock_is_waited_for_no_longer_than_the_deadline(path: Path, store: SQLiteStore) -> None:
    """While another program holds the write lock, writes fail with a clear error, and reads work."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        with (
            locked_by(other),
            pytest.raises(
                Unavailable, match=r"was locked by another writer for 0\.05 s; this write was not made, try again"
            ),
        ):
            store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "bob"}))
        assert STATS == store.get(AFFILIATE_STATS, KEY)
    store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "bob"}))
    assert {"affiliate_id": "bob"} == store.get(AFFILIATE_STATS, {"affiliate_id": "bob"})


def test_the_first_write_waits_no_longer_for_others_than_any(path: Path, store: SQLiteStore) -> None:
    """It turns on WAL, which SQLite does not wait for by itself; another program's file has it not."""
    store.close()
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        assert ("delete",) == other.execute("PRAGMA journal_mode = DELETE").fetchone()
        with locked_by(other), pytest.raises(Unavailable, match=r"was locked by another writer for 0\.05 s"):
            store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "bob"}))


def test_an_interrupted_write_is_not_tried_again(path: Path, store: SQLiteStore) -> None:
    """Nothing but another writer's lock is waited for: whoever interrupts SQLite while a write begins has ended it."""
    store.close()
    interruptions = [True]
    file = SQLiteFile(path, deadline=20)
    with closing(file):
        with file.reading() as connection:
            connection.set_trace_callback(
                lambda statement: connection.interrupt() if "BEGIN" in statement and interruptions.pop() else None
            )
        with pytest.raises(sqlite3.OperationalError, match="interrupted"), file.writing():
            pass


def test_what_a_trigger_refuses_is_told_in_its_words(path: Path, store: SQLiteStore) -> None:
    """An error that is not about the file is SQLite's own; whoever put a rule into the file reads what it says."""
    with closing(sqlite3.connect(path)) as other:
        raised = "RAISE(ABORT, 'not on Sundays')"
        other.execute(f"CREATE TRIGGER rest BEFORE INSERT ON commercive_affiliate_stats BEGIN SELECT {raised}; END")

    with pytest.raises(sqlite3.IntegrityError, match="not on Sundays"):
        store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "bob"}))
    assert [STATS] == store.scan(AFFILIATE_STATS).items


def test_a_file_that_is_open_cannot_be_replaced(path: Path, store: SQLiteStore) -> None:
    """Before the first statement, too: what is read next is the file that was looked at."""
    store.close()
    file = SQLiteFile(path, deadline=0.05)
    with closing(file), get_context("fork").Pool(1) as other:
        with file.reading():
            assert "is in use by another process" in other.apply_async(replaced, (path,)).get(30)
        file.close()
        assert "" == other.apply_async(replaced, (path,)).get(30)


def replaced(path: Path) -> str:
    """Return what is said to somebody who would replace a file."""
    try:
        with exclusive(path):
            return ""
    except NotTaken as error:
        return error.message


def test_a_writer_is_alone_before_it_reads(path: Path, store: SQLiteStore) -> None:
    """What a transaction reads for its conditions is still so when it writes: another process has to wait."""
    refusals: list[str] = []

    def try_another() -> int:
        # The time is asked for within the transaction, before any item is read.
        try:
            store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "other"}))
        except Unavailable as error:
            refusals.append(error.message)
        return 0

    with closing(SQLiteStore(path, clock=try_another)) as first:
        first.transact(Put(AFFILIATE_STATS, {"affiliate_id": "first"}))

    assert 1 == len(refusals)
    assert "was locked by another writer" in refusals[0]
    assert {"ann", "first"} == {item["affiliate_id"] for item in store.scan(AFFILIATE_STATS).items}


def test_a_signal_is_heard_while_another_writer_is_waited_for(path: Path, store: SQLiteStore) -> None:
    """Ctrl-C ends a write that waits for another process at once, however long it would wait."""
    del store  # made the file
    heard: list[Event] = [Event() for _ in range(3)]

    def hear(*_: object) -> None:
        now = next(each for each in heard if not each.is_set())
        now.set()
        if now is heard[-1]:
            raise KeyboardInterrupt

    def send() -> None:
        for each in heard:  # the first may come before the wait, and the others cannot
            signal.pthread_kill(main_thread().ident or 0, signal.SIGUSR1)
            each.wait(10)

    sender, before = Thread(target=send), signal.signal(signal.SIGUSR1, hear)
    try:
        with (
            closing(sqlite3.connect(path, isolation_level=None)) as other,
            closing(SQLiteStore(path, deadline=10)) as waiting,
        ):
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            sender.start()
            with pytest.raises(KeyboardInterrupt):
                waiting.transact(Put(AFFILIATE_STATS, STATS))
            took = time.monotonic() - began
    finally:
        sender.join()
        signal.signal(signal.SIGUSR1, before)

    assert took < 5


def test_the_error_for_an_exclusively_locked_file_says_so(path: Path, store: SQLiteStore) -> None:
    """Reading a file that is locked exclusively is an error which says that it is locked."""
    store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(Unavailable, match="locked"):
            store.get(AFFILIATE_STATS, KEY)


def test_the_error_for_a_read_only_file_says_so(path: Path, store: SQLiteStore) -> None:
    """Writing to a file that is read-only, here by a newer write version, is an error which says so at once."""
    store.close()
    with path.open("r+b") as file:
        file.seek(18)
        file.write(b"\x03")

    began = time.monotonic()
    with closing(SQLiteStore(path, deadline=20)) as patient, pytest.raises(Misconfigured, match="is read-only"):
        patient.transact(Put(AFFILIATE_STATS, STATS))
    assert time.monotonic() - began < 15


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read and write everything")
@pytest.mark.parametrize("mode", [0o000, 0o400])
def test_the_error_for_missing_permissions_names_the_file(path: Path, store: SQLiteStore, mode: int) -> None:
    """Writing to a file without permission is an error that names the file."""
    store.close()
    path.chmod(mode)

    with pytest.raises(Misconfigured, match=r"store\.db (cannot be opened|is read-only)"):
        store.transact(Put(AFFILIATE_STATS, STATS))


def test_the_error_for_a_damaged_file_says_so(path: Path, store: SQLiteStore) -> None:
    """Reading a corrupt database is an error which says that it is damaged, and what to do."""
    store.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"garbage!" * (path.stat().st_size // 8))

    with pytest.raises(Misconfigured, match=r"is damaged .*backup"):
        store.get(AFFILIATE_STATS, KEY)


FILL = """
import resource, sys
from pathlib import Path
from commercive_cli.domain.errors import Unavailable
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import AFFILIATE_STATS
from commercive_cli.store.writes import Put
store = SQLiteStore(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    store.transact(*(Put(AFFILIATE_STATS, {"affiliate_id": str(n), "text": "x" * 99_000}) for n in range(9)))
except Unavailable as error:
    print(error)
"""


def test_a_full_disk_loses_no_data(path: Path, store: SQLiteStore) -> None:
    """When the file cannot grow, the write fails with an error of one line, and stored items stay."""
    answer = subprocess.run(  # noqa: S603 - this Python, the program above
        [sys.executable, "-c", FILL, str(path)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )

    assert str(path) in answer.stdout
    assert 1 == len(answer.stdout.splitlines())
    assert [STATS] == store.scan(AFFILIATE_STATS).items


def test_a_replaced_file_is_opened_again(path: Path, store: SQLiteStore) -> None:
    """After a file was replaced, as by a restore, a running process uses the new file and not the old one."""
    other = path.with_name("other.db")
    with closing(SQLiteStore(other)) as backup:
        backup.create_table(AFFILIATE_STATS)
    store.close()
    store = SQLiteStore(path)
    with closing(store):
        assert STATS == store.get(AFFILIATE_STATS, KEY)
        other.replace(path)

        assert store.get(AFFILIATE_STATS, KEY) is None
        path.unlink()
        with pytest.raises(Misconfigured, match="no store at"):
            store.get(AFFILIATE_STATS, KEY)


def test_prefixes_keep_stores_in_one_file_apart(path: Path, store: SQLiteStore) -> None:
    """Tables of one prefix are not seen through another, and the target names the prefix."""
    with closing(SQLiteStore(path, prefix="stage-1.")) as stage:
        assert stage.describe_table(AFFILIATE_STATS) is None
        stage.create_table(AFFILIATE_STATS)

        assert stage.get(AFFILIATE_STATS, KEY) is None
        assert f"sqlite {path} prefix stage-1." == stage.target
    assert f"sqlite {path}" == store.target
    assert store.local
    assert STATS == store.get(AFFILIATE_STATS, KEY)


@pytest.mark.parametrize("prefix", ["", 'a"b', "a b", "é", "x" * 201, "sqlite_", "SQLite_x", "a\n"])
def test_an_impossible_prefix_is_refused(path: Path, prefix: str) -> None:
    """A prefix that DynamoDB does not allow in names, or that SQLite reserves, is refused."""
    with pytest.raises(Invalid, match="prefix"):
        SQLiteStore(path, prefix=prefix)


def test_a_query_by_a_missing_index_is_an_error(path: Path) -> None:
    """The description lacks a missing index, and a query by it fails instead of reading the whole table."""
    with closing(SQLiteStore(path)) as store:
        store.create_table(LEADS)
        with closing(sqlite3.connect(path)) as other:
            other.execute('DROP INDEX "commercive_leads.LeadStatusIndex"')
        info = store.describe_table(LEADS)

        assert info is not None
        assert ["AffiliateLeadsIndex", "LinkLeadsIndex"] == sorted(info.indexes)
        with pytest.raises(Misconfigured, match="LeadStatusIndex of commercive_leads is missing"):
            store.query(Query(LEADS, "open", index="LeadStatusIndex"))


def test_a_description_counts_items_and_bytes(store: SQLiteStore) -> None:
    """The description holds the exact number of items and their bytes."""
    store.batch_put(AFFILIATE_STATS, [{"affiliate_id": str(n), "text": "x" * 1_000} for n in range(10)])
    info = store.describe_table(AFFILIATE_STATS)

    assert info is not None
    assert 11 == info.items
    assert 10_000 < info.bytes < 12_000
    assert "embedded" == info.billing


def test_threads_that_end_leave_no_files_open(path: Path, store: SQLiteStore) -> None:
    """A server that starts a thread for every request does not run out of open files; closing leaves none open."""
    for _ in range(50):
        thread = Thread(target=store.get, args=(AFFILIATE_STATS, KEY))
        thread.start()
        thread.join()

    assert open_files(path) <= 3
    store.close()
    assert 0 == open_files(path)


def open_files(path: Path) -> int:
    """Return how many descriptors of this process belong to the database, its WAL and its shared memory."""
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("open files can only be listed on Linux")
    targets = [str(each.readlink()) for each in descriptors.iterdir() if each.is_symlink()]
    return sum(target.startswith(str(path)) for target in targets)


CREATE = """
import sys
from pathlib import Path
from commercive_cli.domain.errors import Conflict
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import TABLES
store = SQLiteStore(Path(sys.argv[1]))
sys.stdin.readline()
for table in TABLES:
    try:
        store.create_table(table)
        print(table.name)
    except Conflict:
        pass
"""


SECRET = "ana@example.com"


def files_with_secret(path: Path) -> list[str]:
    """Return the names of the database's files that contain the secret."""
    return [each.name for each in sorted(path.parent.glob("store.db*")) if SECRET.encode() in each.read_bytes()]


def write_and_delete(path: Path) -> None:
    with closing(SQLiteStore(path)) as store:
        store.transact(Put(AFFILIATE_STATS, {"affiliate_id": "ana", "email": SECRET}))
        store.transact(Delete(AFFILIATE_STATS, {"affiliate_id": "ana"}))
        assert ["store.db-wal"] == files_with_secret(path)


def test_deleted_data_is_in_no_file_after_closing(path: Path, store: SQLiteStore) -> None:
    """After the writer closed, neither the file nor its log holds deleted bytes, even while others have it open."""
    assert STATS == store.get(AFFILIATE_STATS, KEY)
    write_and_delete(path)

    assert [] == files_with_secret(path)
    assert STATS == store.get(AFFILIATE_STATS, KEY)


def test_a_reader_only_delays_the_removal_of_deleted_data(path: Path, store: SQLiteStore) -> None:
    """While somebody reads an older state, closing does not wait; the next writer that closes removes the bytes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM commercive_affiliate_stats").fetchall()
        began = time.monotonic()
        write_and_delete(path)

        assert time.monotonic() - began < 8
        assert ["store.db-wal"] == files_with_secret(path)
    with closing(SQLiteStore(path)) as other:
        other.transact(Put(AFFILIATE_STATS, STATS))
    assert [] == files_with_secret(path)
    assert STATS == store.get(AFFILIATE_STATS, KEY)


def test_many_create_a_store_at_once(path: Path) -> None:
    """Of several processes that create a new file's tables, one creates each table; the others raise Conflict."""
    processes = [
        subprocess.Popen(  # noqa: S603 - this Python, the program above
            [sys.executable, "-c", CREATE, str(path)], cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True
        )
        for _ in range(6)
    ]
    with ThreadPoolExecutor(len(processes)) as pool:
        answers = list(pool.map(lambda process: process.communicate("go\n", timeout=60), processes))

    assert {""} == {problems for _, problems in answers}
    assert sorted(table.name for table in TABLES) == sorted(name for names, _ in answers for name in names.split())


def test_a_failed_bulk_load_leaves_the_store_usable(path: Path) -> None:
    """An error in the input ends the load; earlier batches stay stored, and no lock is left."""

    def items() -> Iterator[Item]:
        yield from ({"conversation_id": "c", "message_id": f"{n:05}"} for n in range(2_500))
        raise Invalid("line 2,501 is not JSON")

    with closing(SQLiteStore(path, deadline=0.05)) as store:
        store.create_table(MESSAGES)
        with pytest.raises(Invalid, match="2,501"):
            store.batch_put(MESSAGES, items())
        store.transact(Put(MESSAGES, {"conversation_id": "c", "message_id": "z"}))

        assert 2_001 == len(store.query(Query(MESSAGES, "c")).items)


def test_any_broken_file_raises_a_commercive_error(path: Path) -> None:
    """Whatever is wrong with a file, the error is a CommerciveError."""
    path.write_bytes(b"SQLite format 3\0" + bytes(84))

    with closing(SQLiteStore(path)) as store, pytest.raises(CommerciveError):
        store.scan(OPS)
