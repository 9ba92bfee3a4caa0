"""Importing into a store that holds something: fail, skip or overwrite, for what really differs."""

from pathlib import Path

import pytest

from commercive_cli.domain.errors import Conflict, Invalid
from commercive_cli.services.transfer.exporter import ExportService
from commercive_cli.services.transfer.preview import ImportPreviewService
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import LEADS, OPS
from tests.services.books import everything, rows
from tests.services.transfer.conftest import NewStore
from tests.services.transfer.stores import exported, importer

KINDS = ["sqlite", "server"]


def different(store: Store) -> Item:
    """Import nothing, but store one lead of the source otherwise; return it."""
    lead = {**rows(store, LEADS)[3], "lead_name": "Somebody Else"}
    store.batch_put(LEADS, [lead])
    return lead


@pytest.mark.parametrize("policy", ["fail", "skip", "overwrite"])
@pytest.mark.parametrize("kind", KINDS)
def test_importing_the_same_again_changes_nothing(kind: str, policy: str, original: Path, new_store: NewStore) -> None:
    """Equal items are no conflict, whatever the policy, so a finished import can be repeated."""
    target = new_store(kind)
    importer(target).run(original, "ops")
    before = everything(target)
    again = importer(target).run(original, "ops", on_conflict=policy)

    assert before == everything(target)
    assert again.audit.findings == []
    assert (sum(again.stored.values()) == 0) == (policy != "overwrite")


@pytest.mark.parametrize("kind", KINDS)
def test_a_different_item_stops_the_import_unless_told_otherwise(
    kind: str, original: Path, new_store: NewStore
) -> None:
    """The message names the line, and the store keeps its item."""
    target = new_store(kind)
    importer(target).run(original, "ops")
    lead = different(target)
    with pytest.raises(Conflict, match=r"leads/[0-3]\.jsonl, line [0-9]+: the store holds a different item") as refused:
        importer(target).run(original, "ops")

    assert "--on-conflict" in str(refused.value)
    assert lead in rows(target, LEADS)


@pytest.mark.parametrize("kind", KINDS)
def test_skip_keeps_what_is_there_and_stores_the_rest(
    kind: str, original: Path, source: Store, new_store: NewStore
) -> None:
    """One different lead is kept and counted as skipped; what is missing comes in."""
    target = new_store(kind)
    lead = {**rows(source, LEADS)[3], "lead_name": "Somebody Else"}
    target.batch_put(LEADS, [lead])
    answer = importer(target).run(original, "ops", on_conflict="skip")

    assert 1 == answer.skipped["leads"]
    assert len(rows(source, LEADS)) - 1 == answer.stored["leads"]
    assert lead in rows(target, LEADS)


def test_overwrite_makes_the_store_what_was_exported(original: Path, source: Store, target: Store) -> None:
    """The export wins, item by item; items that it does not hold stay."""
    importer(target).run(original, "ops")
    different(target)
    extra = {"pk": "mine", "sk": "1"}
    target.batch_put(OPS, [extra])
    importer(target).run(original, "ops", on_conflict="overwrite")

    assert rows(source, LEADS) == rows(target, LEADS)
    assert extra in rows(target, OPS)


@pytest.mark.parametrize("kind", KINDS)
def test_large_items_are_imported_beside_others_in_bounded_steps(
    kind: str, new_store: NewStore, tmp_path: Path
) -> None:
    """Forty items of 390 KB exceed any one transaction (4 MB) and any one page (1 MB), and arrive all the same."""
    first, second = new_store("sqlite"), new_store(kind)
    first.batch_put(OPS, [{"pk": "large", "sk": f"{number:03}", "text": "x" * 390_000} for number in range(40)])
    second.batch_put(OPS, [{"pk": "small", "sk": "1"}])
    before = exported(first, tmp_path / "first")
    answer = importer(second).run(tmp_path / "first", "ops")

    assert 40 == answer.stored["ops"]
    assert 1 == len(before)
    assert rows(first, OPS) == [item for item in rows(second, OPS) if item["pk"] == "large"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_flag_is_another_thing_than_a_number(kind: str, new_store: NewStore, tmp_path: Path) -> None:
    """True is not 1: an import that was to fail stops there, and its rehearsal says so."""
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
    """How far an import got is a matter of one store, not of its data."""

    def stop(_items: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importer(target).run(original, "ops", progress=stop)
    answer = ExportService(target).run(tmp_path / "half")

    assert any(item["pk"].startswith("import#") for item in rows(target, OPS))
    assert 0 == answer.items["ops"]
