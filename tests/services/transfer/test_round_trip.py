"""Data that moves between stores arrives whole: same digits, same text, same bytes when it is exported again."""

import gzip
import stat
from pathlib import Path

import pytest

from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.transfer.exporter import ExportService
from commercive_cli.store.port import Store
from tests.services.books import everything
from tests.services.transfer.conftest import NewStore
from tests.services.transfer.stores import digests, exported, filled, importer


@pytest.mark.parametrize(("kind", "other"), [("sqlite", "server"), ("server", "sqlite")])
@pytest.mark.parametrize("compress", [False, True])
def test_an_export_imported_into_the_other_kind_of_store_exports_the_same_bytes(
    kind: str, other: str, compress: bool, new_store: NewStore, tmp_path: Path
) -> None:
    """SQLite to DynamoDB and back loses nothing, and the audit finds nothing on either side."""
    first, second = filled(new_store(kind)), new_store(other)
    before = exported(first, tmp_path / "first", compress=compress)
    imported = importer(second).run(tmp_path / "first", "ops")
    after = exported(second, tmp_path / "second", compress=compress)

    assert before == after
    assert everything(first) == everything(second)
    assert imported.audit.findings == []
    assert AuditService(first).run("ops").findings == []


def test_an_import_says_how_many_items_each_table_got(original: Path, source: Store, target: Store) -> None:
    """The counts of the answer are those of the source."""
    imported = importer(target).run(original, "ops")

    assert {name: len(items) for name, items in everything(source).items()} == imported.stored
    assert set(imported.skipped.values()) == {0}


def test_packed_and_plain_exports_hold_the_same_lines(source: Store, original: Path, tmp_path: Path) -> None:
    """--gzip changes how files are packed, not what is in them."""
    exported(source, tmp_path / "packed", compress=True)
    packed = {path.stem: gzip.decompress(path.read_bytes()) for path in (tmp_path / "packed/messages").iterdir()}
    plain = {path.name: path.read_bytes() for path in (original / "messages").iterdir()}

    assert plain == packed


def test_an_export_is_readable_by_its_owner_alone(original: Path) -> None:
    """Exports hold personal data, so nobody else on the machine may look."""
    open_to_others = [
        path
        for path in (original, *original.rglob("*"))
        if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    ]

    assert open_to_others == []


def test_two_exports_of_unchanged_data_are_equal(source: Store, original: Path, tmp_path: Path) -> None:
    """Comparing two exports is comparing two stores."""
    assert digests(original) == exported(source, tmp_path / "again")


def test_an_empty_store_has_an_export_that_can_be_imported(target: Store, new_store: NewStore, tmp_path: Path) -> None:
    """Nothing is something too: the tables were read, and held nothing."""
    answer = ExportService(target).run(tmp_path / "nothing")
    imported = importer(new_store("sqlite")).run(tmp_path / "nothing", "ops")

    assert set(answer.items.values()) == {0}
    assert set(imported.stored.values()) == {0}
