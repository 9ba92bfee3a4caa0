"""Data that is exported and imported stays the same, and exporting it again gives the same bytes."""

import gzip
import stat
from pathlib import Path

import pytest

from commercive_cli.services.audit.service import AuditService
from commercive_cli.services.transfer.exporter import ExportService
from commercive_cli.store.port import Store
from tests.services.raw_data import everything
from tests.services.transfer.conftest import NewStore
from tests.services.transfer.stores import digests, exported, filled, findings_of, importer


@pytest.mark.parametrize(("kind", "other"), [("sqlite", "server"), ("server", "sqlite")])
@pytest.mark.parametrize("compress", [False, True])
def test_an_export_from_the_other_kind_of_store_has_the_same_bytes(
    kind: str, other: str, compress: bool, new_store: NewStore, tmp_path: Path
) -> None:
    """Moving data between SQLite and DynamoDB loses nothing, and the audit finds nothing in either store."""
    first, second = filled(new_store(kind)), new_store(other)
    before = exported(first, tmp_path / "first", compress=compress)
    imported = importer(second).run(tmp_path / "first", "ops")
    after = exported(second, tmp_path / "second", compress=compress)

    assert before == after
    assert everything(first) == everything(second)
    assert findings_of(imported) == []
    assert AuditService(first).run("ops").findings == []


def test_an_import_counts_the_items_of_each_table(original: Path, source: Store, target: Store) -> None:
    """The answer holds how many items of each table were stored."""
    imported = importer(target).run(original, "ops")

    assert {name: len(items) for name, items in everything(source).items()} == imported.stored
    assert set(imported.skipped.values()) == {0}


def test_packed_and_plain_exports_hold_the_same_lines(source: Store, original: Path, tmp_path: Path) -> None:
    """--gzip compresses the files and does not change their lines."""
    exported(source, tmp_path / "packed", compress=True)
    packed = {path.stem: gzip.decompress(path.read_bytes()) for path in (tmp_path / "packed/messages").iterdir()}
    plain = {path.name: path.read_bytes() for path in (original / "messages").iterdir()}

    assert plain == packed


def test_an_export_is_readable_by_its_owner_alone(original: Path) -> None:
    """Exports hold personal data, so other users of the machine cannot read them."""
    open_to_others = [
        path
        for path in (original, *original.rglob("*"))
        if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    ]

    assert open_to_others == []


def test_two_exports_of_unchanged_data_are_equal(source: Store, original: Path, tmp_path: Path) -> None:
    """Two exports of equal data are equal byte for byte, so stores can be compared by their exports."""
    assert digests(original) == exported(source, tmp_path / "again")


def test_an_export_of_an_empty_store_can_be_imported(target: Store, new_store: NewStore, tmp_path: Path) -> None:
    """The export of an empty store is a valid export without items."""
    answer = ExportService(target).run(tmp_path / "nothing")
    imported = importer(new_store("sqlite")).run(tmp_path / "nothing", "ops")

    assert set(answer.items.values()) == {0}
    assert set(imported.stored.values()) == {0}
