"""Exports and imports that stop half-way: a full disk, a lost server, another store's leftovers."""

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
from tests.services.books import rows
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
    importer,
    rewrite,
    server_store,
    sign,
    sqlite_store,
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Yield a server with its data in a file, which the test may stop and start."""
    with closing(Server(tmp_path)) as server:
        yield server


@pytest.mark.parametrize(
    "full", ["unfinished/identity", "unfinished/leads-0-0.run", "messages/0.jsonl", "manifest.json"]
)
def test_a_full_disk_stops_an_export_which_then_goes_on(
    full: str, source: Store, original: Path, tmp_path: Path
) -> None:
    """The message names the file; with space again, the same command finishes with the same bytes."""
    place = tmp_path / "export"
    blocked = place / f"{full}.part"
    with pytest.raises(Stopped):
        ExportService(source).run(place, progress=StopAfter(1))
    blocked.parent.mkdir(exist_ok=True)
    blocked.symlink_to("/dev/full")
    with pytest.raises(Unavailable, match="No space left on device; run the same command again") as stopped:
        ExportService(source).run(place)
    unfinished = not (place / "manifest.json").exists()
    blocked.unlink()

    assert str(blocked) in str(stopped.value)
    assert unfinished
    assert digests(original) == exported(source, place)
    assert not (place / "unfinished").exists()


def test_an_export_that_lost_its_server_goes_on_when_the_server_is_back(server: Server, tmp_path: Path) -> None:
    """The network is lost between two pages; what was read is not read again."""
    with closing(server_store(server.endpoint, "t_")) as store:
        filled(store)
        reference = exported(store, tmp_path / "reference")
        with pytest.raises(Unavailable, match=r"cannot connect.*; run the same command again to go on"):
            ExportService(store).run(tmp_path / "export", progress=lambda _: server.kill())
    server.start()
    with closing(connected(server.endpoint, "t_")) as store:
        assert reference == exported(store, tmp_path / "export")


def test_an_import_that_lost_its_server_goes_on_when_the_server_is_back(
    server: Server, original: Path, tmp_path: Path
) -> None:
    """The message names file and line; what was stored is neither lost nor stored twice, and the audit is clean."""
    with closing(server_store(server.endpoint, "t_")) as store, pytest.raises(Unavailable) as stopped:
        importer(store).run(original, "ops", progress=lambda _: server.kill())

    assert str(stopped.value).startswith(f"{original}/conversations/1.jsonl, line 1: ")
    assert str(stopped.value).endswith("; run the same command again to go on")
    server.start()
    with closing(connected(server.endpoint, "t_")) as store:
        imported = importer(store).run(original, "ops")
        again = exported(store, tmp_path / "again")

    assert imported.audit.findings == []
    assert digests(original) == again


def test_a_resumed_import_counts_what_the_first_run_stored(original: Path, source: Store, target: Store) -> None:
    """The answer is about the import, not about its last run."""
    with pytest.raises(Stopped):
        importer(target).run(original, "ops", progress=StopAfter(5))
    resumed = importer(target).run(original, "ops")

    assert ExportService(source).run(original.with_name("counted")).items == resumed.stored
    assert set(resumed.skipped.values()) == {0}


def test_an_unfinished_export_of_another_store_is_not_mixed_with_this_one(
    source: Store, new_store: NewStore, tmp_path: Path
) -> None:
    """A directory belongs to the store that began it."""
    with pytest.raises(Stopped):
        ExportService(filled(new_store("sqlite"))).run(tmp_path / "export", progress=StopAfter(1))

    with pytest.raises(Conflict, match="unfinished export of another store"):
        ExportService(source).run(tmp_path / "export")


def test_an_export_that_failed_before_it_read_anything_leaves_its_directory_to_any_other(
    source: Store, original: Path, tmp_path: Path
) -> None:
    """After a mistyped store the same directory can be given again, with or without --gzip."""
    with closing(SQLiteStore(tmp_path / "mistyped.db")) as nothing, pytest.raises(Misconfigured):
        ExportService(nothing).run(tmp_path / "export", compress=True)

    assert digests(original) == exported(source, tmp_path / "export")


@pytest.mark.parametrize("found", ["notes.txt", "unfinished/holiday.jpg", "unfinished"])
def test_a_directory_with_other_things_in_it_is_left_alone(found: str, source: Store, tmp_path: Path) -> None:
    """An export never writes among somebody's files."""
    foreign = tmp_path / "mine" / found
    foreign.parent.mkdir(parents=True)
    foreign.write_text("precious")
    with pytest.raises(Invalid, match="choose another"):
        ExportService(source).run(tmp_path / "mine")

    assert [foreign.name] == [path.name for path in (tmp_path / "mine").rglob("*") if path.is_file()]


@pytest.mark.parametrize("packed", [False, True])
def test_an_export_that_died_while_tidying_up_belongs_to_its_store(
    packed: bool, source: Store, export: Path, target: Store
) -> None:
    """Nobody is told that their store was exported when the directory holds another one, or other files."""
    (export / "unfinished").mkdir()
    other = source if packed else target
    with pytest.raises(Conflict, match=r"holds a finished export of .* choose another directory"):
        ExportService(other).run(export, compress=packed)
    answer = ExportService(source).run(export)

    assert answer.items == ExportService(source).run(export.with_name("again")).items
    assert not (export / "unfinished").exists()


@pytest.mark.parametrize("damage", ["emptied note", "other note", "lost run", "emptied run"])
def test_an_unfinished_export_that_was_damaged_is_not_gone_on_with(
    damage: str, source: Store, original: Path, tmp_path: Path
) -> None:
    """The message names the file and the way out; no item is left out silently."""
    place = tmp_path / "export"
    with pytest.raises(Stopped):
        ExportService(source).run(place, progress=StopAfter(12))
    file = place / "unfinished" / ("messages-0.json" if "note" in damage else "messages-0-0.run")
    file.unlink() if "lost" in damage else file.write_text("{}" if "other" in damage else "")
    with pytest.raises(Invalid) as refused:
        ExportService(source).run(place)
    rmtree(place)

    assert f"{file} is damaged or missing; empty {place} and start again" == str(refused.value)
    assert digests(original) == exported(source, place)


@pytest.mark.parametrize("directory", ["x" * 300, "file/below", "link", "loop"])
def test_a_path_where_no_export_can_be_is_refused(directory: str, source: Store, tmp_path: Path) -> None:
    """The same command again would not help, so nobody is told to try."""
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(Invalid) as refused:
        ExportService(source).run(tmp_path / directory)

    assert "again" not in str(refused.value)
    assert 1 == str(refused.value).count(str(tmp_path))


def test_a_finished_export_is_not_overwritten(source: Store, export: Path) -> None:
    """Exporting again wants another directory."""
    before = digests(export)
    with pytest.raises(Conflict, match="finished export"):
        ExportService(source).run(export)

    assert before == digests(export)


def test_files_of_one_name_in_two_directories_are_told_apart(original: Path, export: Path, target: Store) -> None:
    """How far an import got in one is not taken for the other."""
    twin = export / "more/leads/0.jsonl"
    twin.parent.mkdir(parents=True)
    first, *rest = (export / "leads/0.jsonl").read_bytes().splitlines(keepends=True)
    twin.write_bytes(b"".join(rest))
    (export / "leads/0.jsonl").write_bytes(first)
    edit_manifest(
        export, lambda m: m["files"].append({**m["files"][0], "table": "leads", "path": "more/leads/0.jsonl"})
    )
    for name in ("leads/0.jsonl", "more/leads/0.jsonl"):
        sign(export, name)
    importer(target).run(export, "ops")

    assert digests(original) == exported(target, export.with_name("again"))


def test_an_import_that_died_is_forgotten_once_another_was_imported(
    source: Store, original: Path, target: Store, tmp_path: Path
) -> None:
    """Its repetition begins anew: it neither replaces the newer data silently nor believes that its own is there."""
    with pytest.raises(Stopped):
        importer(target).run(original, "ops", progress=StopAfter(4))
    (lead, *_) = rows(source, LEADS)
    with closing(sqlite_store(tmp_path / "newer.db")) as newer:
        newer.batch_put(LEADS, [{**lead, "lead_name": "Newer"}])
        exported(newer, tmp_path / "newer")
    importer(target).load(tmp_path / "newer", on_conflict="overwrite")
    with pytest.raises(Conflict, match="holds a different item"):
        importer(target).run(original, "ops")

    assert {**lead, "lead_name": "Newer"} in rows(target, LEADS)


def test_what_was_written_after_an_import_died_is_not_replaced_by_its_repetition(
    source: Store, original: Path, target: Store
) -> None:
    """Only tables that are still empty are filled without looking."""
    with pytest.raises(Stopped):
        importer(target).run(original, "ops", progress=StopAfter(1))
    changed = {**rows(source, LEADS)[0], "lead_name": "Live"}
    target.batch_put(LEADS, [changed])
    with pytest.raises(Conflict, match="holds a different item"):
        importer(target).run(original, "ops")

    assert [changed] == [lead for lead in rows(target, LEADS) if lead["lead_id"] == changed["lead_id"]]


def markers(store: Store) -> list[Item]:
    """Return what says how far an import got."""
    return [item for item in rows(store, OPS) if item["pk"].startswith("import#")]


@pytest.fixture
def skipping(source: Store, original: Path, target: Store) -> Item:
    """Let an import with --on-conflict skip die after it passed by a lead that is there otherwise; return the lead."""
    other = {**rows(source, LEADS)[3], "lead_name": "Somebody Else"}
    target.batch_put(LEADS, [other])
    with pytest.raises(Stopped):
        importer(target).run(original, "ops", on_conflict="skip", progress=StopAfter(12))
    assert markers(target)
    return other


def test_an_import_that_died_begins_anew_with_another_policy(
    skipping: Item, source: Store, original: Path, target: Store
) -> None:
    """What --on-conflict skip passed by, overwrite replaces."""
    importer(target).run(original, "ops", on_conflict="overwrite")

    assert skipping not in rows(target, LEADS)
    assert rows(source, LEADS) == rows(target, LEADS)


def test_what_an_import_that_died_passed_by_stops_one_that_is_to_fail(
    skipping: Item, original: Path, target: Store
) -> None:
    """Nobody is told that all is there when a different item stands in its place."""
    with pytest.raises(Conflict, match="holds a different item"):
        importer(target).run(original, "ops", on_conflict="fail")

    assert skipping in rows(target, LEADS)


def test_an_import_that_a_conflict_stopped_begins_anew(source: Store, original: Path, target: Store) -> None:
    """Between the conflict and the next run the store may change: what is missing by then comes in."""
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
    assert imported.audit.findings == []


def test_an_import_that_a_wrong_line_stopped_leaves_no_markers(export: Path, target: Store) -> None:
    """A mended export is another one; it begins anew, and finds what the first one stored."""
    good = (export / "leads/0.jsonl").read_bytes()
    rewrite(export, "leads/0.jsonl", lambda lines: [*lines, b"?\n"], signed=True)
    with pytest.raises(Invalid, match="the line is not JSON"):
        importer(target).run(export, "ops")
    left = markers(target)
    (export / "leads/0.jsonl").write_bytes(good)
    sign(export, "leads/0.jsonl")
    imported = importer(target).run(export, "ops")

    assert left == []
    assert imported.audit.findings == []
    assert markers(target) == []
