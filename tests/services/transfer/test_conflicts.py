"""Imports into a store that holds items: fail, skip or overwrite where a stored item differs."""

from pathlib import Path

import pytest

from commercive_cli.domain.errors import Conflict, Invalid
from commercive_cli.services.transfer.exporter import ExportService
from commercive_cli.services.transfer.preview import ImportPreviewService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, OPS
from tests.services.raw_data import everything, rows
from tests.services.transfer.conftest import NewStore
from tests.services.transfer.stores import exported, findings_of, importer

KINDS = ["sqlite", "server"]


def change_a_lead(store: Store) -> Item:
    """Store one of the store's leads with another name, and return it."""
    lead = {**rows(store, LEADS)[3], "lead_name": "Somebody Else"}
    store.batch_put(LEADS, [lead])
    return lead


@pytest.mark.parametrize("policy", ["fail", "skip", "overwrite"])
@pytest.mark.parametrize("kind", KINDS)
def test_importing_the_same_export_again_changes_nothing(
    kind: str, policy: str, original: Path, new_store: NewStore
) -> None:
    """With any policy, equal items are no conflict, so a finished import can be repeated."""
    target = new_store(kind)
    importer(target).run(original, "ops")
    before = everything(target)
    again = importer(target).run(original, "ops", on_conflict=policy)

    assert before == everything(target)
    assert findings_of(again) == []
    assert (sum(again.stored.values()) == 0) == (policy != "overwrite")


@pytest.mark.parametrize("kind", KINDS)
def test_a_different_item_stops_the_import_by_default(kind: str, original: Path, new_store: NewStore) -> None:
    """The error names the line and the option --on-conflict, and the store keeps its item."""
    target = new_store(kind)
    importer(target).run(original, "ops")
    lead = change_a_lead(target)
    with pytest.raises(Conflict, match=r"leads/[0-3]\.jsonl, line [0-9]+: the store holds a different item") as refused:
        importer(target).run(original, "ops")

    assert "--on-conflict" in str(refused.value)
    assert lead in rows(target, LEADS)


@pytest.mark.parametrize("kind", KINDS)
def test_skip_keeps_different_items_and_stores_the_rest(
    kind: str, original: Path, source: Store, new_store: NewStore
) -> None:
    """A different lead stays as it is and is counted as skipped; missing items are stored."""
    target = new_store(kind)
    lead = {**rows(source, LEADS)[3], "lead_name": "Somebody Else"}
    target.batch_put(LEADS, [lead])
    answer = importer(target).run(original, "ops", on_conflict="skip")

    assert 1 == answer.skipped["leads"]
    assert len(rows(source, LEADS)) - 1 == answer.stored["leads"]
    assert lead in rows(target, LEADS)


def test_overwrite_replaces_different_items(original: Path, source: Store, target: Store) -> None:
    """Different items are replaced by those of the export; items that it does not hold stay."""
    importer(target).run(original, "ops")
    change_a_lead(target)
    extra = {"pk": "mine", "sk": "1"}
    target.batch_put(OPS, [extra])
    importer(target).run(original, "ops", on_conflict="overwrite")

    assert rows(source, LEADS) == rows(target, LEADS)
    assert extra in rows(target, OPS)


@pytest.mark.parametrize("kind", KINDS)
def test_many_large_items_are_imported(kind: str, new_store: NewStore, tmp_path: Path) -> None:
    """Forty items of 390 KB, which exceed one transaction (4 MB) and one page (1 MB), are all imported."""
    first, second = new_store("sqlite"), new_store(kind)
    first.batch_put(OPS, [{"pk": "large", "sk": f"{number:03}", "text": "x" * 390_000} for number in range(40)])
    second.batch_put(OPS, [{"pk": "small", "sk": "1"}])
    before = exported(first, tmp_path / "first")
    answer = importer(second).run(tmp_path / "first", "ops")

    assert 40 == answer.stored["ops"]
    assert 1 == len(before)
    assert rows(first, OPS) == [item for item in rows(second, OPS) if item["pk"] == "large"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_flag_is_not_equal_to_a_number(kind: str, new_store: NewStore, tmp_path: Path) -> None:
    """Items with True and with 1 are different: the preview counts them so, and the import stops with a conflict."""
    first, second = new_store("sqlite"), new_store(kind)
    first.batch_put(OPS, [{"pk": "odd", "sk": "1", "value": {"deep": [1]}}])
    second.batch_put(OPS, [{"pk": "odd", "sk": "1", "value": {"deep": [True]}}])
    exported(first, tmp_path / "export")

    assert 1 == ImportPreviewService(second).run(tmp_path / "export").different["ops"]
    with pytest.raises(Conflict, match="holds a different item"):
        importer(second).run(tmp_path / "export", "ops")


def test_an_unknown_policy_is_refused(original: Path, target: Store) -> None:
    """A mistyped policy does not fall back to another one."""
    with pytest.raises(Invalid, match="overwrite"):
        importer(target).run(original, "ops", on_conflict="overwrit")


def test_markers_of_an_import_are_not_exported(original: Path, target: Store, tmp_path: Path) -> None:
    """The markers of an unfinished import are not part of an export."""

    def stop(_items: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importer(target).run(original, "ops", on_items=stop)
    answer = ExportService(target).run(tmp_path / "half")

    assert any(item["pk"].startswith("import#") for item in rows(target, OPS))
    assert 0 == answer.items["ops"]
