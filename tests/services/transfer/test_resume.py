"""Exports and imports that were interrupted, as by a full disk or a lost server, and how they are resumed."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import rmtree

import pytest

from commercive_cli.domain.errors import Conflict, Invalid, Misconfigured, Unavailable
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.transfer.exporter import ExportService
from commercive_cli.services.transfer.sorting import part_of_key
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, LEADS, OPS
from commercive_cli.store.writes import Delete
from tests.conftest import held_port
from tests.services.raw_data import rows
from tests.services.transfer.conftest import NewStore
from tests.services.transfer.server import Server
from tests.services.transfer.stores import (
    StopAfter,
    Stopped,
    connected,
    digests,
    edit_manifest,
    exported,
    filled,
    findings_of,
    importer,
    rewrite,
    server_store,
    sign,
    sqlite_store,
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Yield a server with its data in a file, which the test may stop and start."""
    with held_port() as port, closing(Server(tmp_path, port)) as server:
        yield server


@pytest.mark.parametrize(
    "full", ["unfinished/identity", "unfinished/leads-0-0.run", "messages/0.jsonl", "manifest.json"]
)
def test_an_export_is_resumed_after_a_full_disk(full: str, source: Store, original: Path, tmp_path: Path) -> None:
    """The error for a full disk names the file; with free space, the same command finishes with the same bytes."""
    directory = tmp_path / "export"
    blocked = directory / f"{full}.part"
    with pytest.raises(Stopped):
        ExportService(source).run(directory, on_items=StopAfter(1))
    blocked.parent.mkdir(exist_ok=True)
    blocked.symlink_to("/dev/full")
    with pytest.raises(Unavailable, match="No space left on device; run the same command again") as stopped:
        ExportService(source).run(directory)
    unfinished = not (directory / "manifest.json").exists()
    blocked.unlink()

    assert str(blocked) in str(stopped.value)
    assert unfinished
    assert digests(original) == exported(source, directory)
    assert not (directory / "unfinished").exists()


def test_an_export_is_resumed_after_its_server_was_lost(server: Server, tmp_path: Path) -> None:
    """When the server is lost during an export, the error says how to resume it, and that gives the same bytes."""
    with closing(server_store(server.endpoint, "t_")) as store:
        filled(store)
        reference = exported(store, tmp_path / "reference")
        with pytest.raises(Unavailable, match=r"cannot connect.*; run the same command again to go on"):
            ExportService(store).run(tmp_path / "export", on_items=lambda _: server.kill())
    server.start()
    with closing(connected(server.endpoint, "t_")) as store:
        assert reference == exported(store, tmp_path / "export")


def test_an_import_is_resumed_after_its_server_was_lost(server: Server, original: Path, tmp_path: Path) -> None:
    """The error names file and line; the resumed import loses no item, stores none twice, and the audit is clean."""
    with closing(server_store(server.endpoint, "t_")) as store, pytest.raises(Unavailable) as stopped:
        importer(store).run(original, "ops", on_items=lambda _: server.kill())

    assert str(stopped.value).startswith(f"{original}/conversations/1.jsonl, line 1: ")
    assert str(stopped.value).endswith("; run the same command again to go on")
    server.start()
    with closing(connected(server.endpoint, "t_")) as store:
        imported = importer(store).run(original, "ops")
        again = exported(store, tmp_path / "again")

    assert findings_of(imported) == []
    assert digests(original) == again


def test_a_resumed_import_counts_what_the_first_run_stored(original: Path, source: Store, target: Store) -> None:
    """The counts of a resumed import include what was stored before the interruption."""
    with pytest.raises(Stopped):
        importer(target).run(original, "ops", on_items=StopAfter(5))
    resumed = importer(target).run(original, "ops")

    assert ExportService(source).run(original.with_name("counted")).items == resumed.stored
    assert set(resumed.skipped.values()) == {0}


def test_an_unfinished_export_of_another_store_is_a_conflict(
    source: Store, new_store: NewStore, tmp_path: Path
) -> None:
    """A directory with an unfinished export of one store is not used for another."""
    with pytest.raises(Stopped):
        ExportService(filled(new_store("sqlite"))).run(tmp_path / "export", on_items=StopAfter(1))

    with pytest.raises(Conflict, match="unfinished export of another store"):
        ExportService(source).run(tmp_path / "export")


def test_an_export_that_read_nothing_does_not_block_its_directory(
    source: Store, original: Path, tmp_path: Path
) -> None:
    """After an export with a mistyped store, the same directory can be used, with or without --gzip."""
    with closing(SQLiteStore(tmp_path / "mistyped.db")) as nothing, pytest.raises(Misconfigured):
        ExportService(nothing).run(tmp_path / "export", compress=True)

    assert digests(original) == exported(source, tmp_path / "export")


@pytest.mark.parametrize("found", ["notes.txt", "unfinished/holiday.jpg", "unfinished"])
def test_a_directory_with_other_files_is_refused(found: str, source: Store, tmp_path: Path) -> None:
    """An export writes nothing into a directory that holds other files."""
    foreign = tmp_path / "mine" / found
    foreign.parent.mkdir(parents=True)
    foreign.write_text("precious")
    with pytest.raises(Invalid, match="choose another"):
        ExportService(source).run(tmp_path / "mine")

    assert [foreign.name] == [path.name for path in (tmp_path / "mine").rglob("*") if path.is_file()]


@pytest.mark.parametrize("packed", [False, True])
def test_an_export_interrupted_while_cleaning_up_can_only_be_finished_by_its_store(
    packed: bool, source: Store, export: Path, target: Store
) -> None:
    """When the directory holds an export of another store, or with another --gzip, exporting to it is a conflict."""
    (export / "unfinished").mkdir()
    other = source if packed else target
    with pytest.raises(Conflict, match=r"holds a finished export of .* choose another directory"):
        ExportService(other).run(export, compress=packed)
    answer = ExportService(source).run(export)

    assert answer.items == ExportService(source).run(export.with_name("again")).items
    assert not (export / "unfinished").exists()


@pytest.mark.parametrize("damage", ["empty state", "other state", "missing run", "empty run"])
def test_a_damaged_unfinished_export_is_not_resumed(damage: str, source: Store, original: Path, tmp_path: Path) -> None:
    """The error names the damaged file and says what to do; no item is left out silently."""
    directory = tmp_path / "export"
    with pytest.raises(Stopped):
        ExportService(source).run(directory, on_items=StopAfter(12))
    file = directory / "unfinished" / ("messages-0.json" if "state" in damage else "messages-0-0.run")
    file.unlink() if "missing" in damage else file.write_text("{}" if "other" in damage else "")
    with pytest.raises(Invalid) as refused:
        ExportService(source).run(directory)
    rmtree(directory)

    assert f"{file} is damaged or missing; empty {directory} and start again" == str(refused.value)
    assert digests(original) == exported(source, directory)


@pytest.mark.parametrize("directory", ["x" * 300, "file/below", "link", "loop"])
def test_an_impossible_path_is_refused(directory: str, source: Store, tmp_path: Path) -> None:
    """The error for an impossible path is invalid input and does not suggest to try again."""
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(Invalid) as refused:
        ExportService(source).run(tmp_path / directory)

    assert "again" not in str(refused.value)
    assert 1 == str(refused.value).count(str(tmp_path))


def test_a_finished_export_is_not_overwritten(source: Store, export: Path) -> None:
    """Exporting into the directory of a finished export is a conflict, and its files stay as they are."""
    before = digests(export)
    with pytest.raises(Conflict, match="finished export"):
        ExportService(source).run(export)

    assert before == digests(export)


def test_files_with_the_same_name_have_separate_markers(original: Path, export: Path, target: Store) -> None:
    """Of two files with the same name in different directories, all lines are imported."""
    second = export / "more/leads/0.jsonl"
    second.parent.mkdir(parents=True)
    first, *rest = (export / "leads/0.jsonl").read_bytes().splitlines(keepends=True)
    second.write_bytes(b"".join(rest))
    (export / "leads/0.jsonl").write_bytes(first)
    edit_manifest(
        export, lambda m: m["files"].append({**m["files"][0], "table": "leads", "path": "more/leads/0.jsonl"})
    )
    for name in ("leads/0.jsonl", "more/leads/0.jsonl"):
        sign(export, name)
    importer(target).run(export, "ops")

    assert digests(original) == exported(target, export.with_name("again"))


def test_an_import_is_not_resumed_after_another_import(
    source: Store, original: Path, target: Store, tmp_path: Path
) -> None:
    """After another export was imported, an interrupted import starts from the beginning and finds the conflict."""
    with pytest.raises(Stopped):
        importer(target).run(original, "ops", on_items=StopAfter(4))
    (lead, *_) = rows(source, LEADS)
    with closing(sqlite_store(tmp_path / "newer.db")) as newer:
        newer.batch_put(LEADS, [{**lead, "lead_name": "Newer"}])
        exported(newer, tmp_path / "newer")
    importer(target).import_files(tmp_path / "newer", on_conflict="overwrite")
    with pytest.raises(Conflict, match="holds a different item"):
        importer(target).run(original, "ops")

    assert {**lead, "lead_name": "Newer"} in rows(target, LEADS)


def test_a_resumed_import_does_not_replace_items_written_since(source: Store, original: Path, target: Store) -> None:
    """Items that somebody stored after the interruption are found as conflicts when the import is resumed."""
    with pytest.raises(Stopped):
        importer(target).run(original, "ops", on_items=StopAfter(1))
    changed = {**rows(source, LEADS)[0], "lead_name": "Live"}
    target.batch_put(LEADS, [changed])
    with pytest.raises(Conflict, match="holds a different item"):
        importer(target).run(original, "ops")

    assert [changed] == [lead for lead in rows(target, LEADS) if lead["lead_id"] == changed["lead_id"]]


def markers(store: Store) -> list[Item]:
    """Return the markers of an unfinished import."""
    return [item for item in rows(store, OPS) if item["pk"].startswith("import#")]


@pytest.fixture
def skipping(source: Store, original: Path, target: Store) -> Item:
    """Interrupt an import with --on-conflict skip after it skipped a different lead; return that lead."""
    other = {**rows(source, LEADS)[3], "lead_name": "Somebody Else"}
    target.batch_put(LEADS, [other])
    with pytest.raises(Stopped):
        importer(target).run(original, "ops", on_conflict="skip", on_items=StopAfter(12))
    assert markers(target)
    return other


def test_an_import_with_another_policy_starts_from_the_beginning(
    skipping: Item, source: Store, original: Path, target: Store
) -> None:
    """An item that an interrupted import skipped is replaced by an import with --on-conflict overwrite."""
    importer(target).run(original, "ops", on_conflict="overwrite")

    assert skipping not in rows(target, LEADS)
    assert rows(source, LEADS) == rows(target, LEADS)


def test_an_item_skipped_before_is_a_conflict_with_another_policy(
    skipping: Item, original: Path, target: Store
) -> None:
    """An item that an interrupted import skipped stops an import with --on-conflict fail."""
    with pytest.raises(Conflict, match="holds a different item"):
        importer(target).run(original, "ops", on_conflict="fail")

    assert skipping in rows(target, LEADS)


def test_an_import_after_a_conflict_starts_from_the_beginning(source: Store, original: Path, target: Store) -> None:
    """The store may change between a conflict and the next import, which stores items that are missing by then."""
    (last, *_) = (item for item in rows(source, LEADS) if part_of_key(item["lead_id"].encode()) == 3)
    target.batch_put(LEADS, [{**last, "lead_name": "Somebody Else"}])
    with pytest.raises(Conflict):
        importer(target).run(original, "ops")
    left = markers(target)
    (gone, *_) = rows(target, CONVERSATIONS)
    target.transact(Delete(CONVERSATIONS, CONVERSATIONS.key_of(gone)))
    target.batch_put(LEADS, [last])
    imported = importer(target).run(original, "ops")

    assert left == []
    assert gone in rows(target, CONVERSATIONS)
    assert findings_of(imported) == []


def test_an_import_stopped_by_a_wrong_line_leaves_no_markers(export: Path, target: Store) -> None:
    """The import of the repaired export starts from the beginning and leaves no markers either."""
    good = (export / "leads/0.jsonl").read_bytes()
    rewrite(export, "leads/0.jsonl", lambda lines: [*lines, b"?\n"], signed=True)
    with pytest.raises(Invalid, match="the line is not JSON"):
        importer(target).run(export, "ops")
    left = markers(target)
    (export / "leads/0.jsonl").write_bytes(good)
    sign(export, "leads/0.jsonl")
    imported = importer(target).run(export, "ops")

    assert left == []
    assert findings_of(imported) == []
    assert markers(target) == []
