"""Exports of tables whose live keys, or items' keys, are not the declared ones: refused, never exported in part."""

from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Conflict, Misconfigured, NotPermitted
from commercive_cli.engines.dynamodb.expressions import text_page_of
from commercive_cli.services.transfer.exporter import ExportService
from commercive_cli.store.items import Key
from commercive_cli.store.port import Store, TextPage
from commercive_cli.store.schema import LEADS, OPS, TABLES, Attribute, Table
from tests.services.fakes import Intervening
from tests.services.transfer.stores import connected, sqlite_store

LIVE = {
    "ops": (Table("ops", Attribute("pk", "S")), "ops is not our table (its key is pk S, ours pk S, sk S)"),
    "affiliate_stats": (
        Table("affiliate_stats", Attribute("affiliate_id", "S"), Attribute("x", "S")),
        "affiliate_stats is not our table (its key is affiliate_id S, x S, ours affiliate_id S)",
    ),
}


@pytest.mark.parametrize("name", LIVE)
def test_a_table_with_another_key_is_not_exported(name: str, real_endpoint: str, tmp_path: Path) -> None:
    """Its items may lack the declared key or share it, so the message names both keys before anything is read."""
    live, words = LIVE[name]
    with closing(connected(real_endpoint, f"keys-{name}_")) as store:
        for table in TABLES:
            store.create_table(live if table.name == name else table)
        with pytest.raises(Misconfigured) as refused:
            ExportService(store).run(tmp_path / "export")

    assert words in str(refused.value)
    assert "use another prefix" in str(refused.value)
    assert not (tmp_path / "export").exists()


def test_who_may_only_read_items_may_export(tmp_path: Path) -> None:
    """Looking at the tables is a precaution, not a condition."""

    def deny() -> None:
        raise NotPermitted("not allowed to describe tables")

    with closing(sqlite_store(tmp_path / "x.db")) as store:
        denying = Intervening(store)
        for _ in TABLES:
            denying.before("describe_table", deny)
        answer = ExportService(denying).run(tmp_path / "export")

    assert 0 == sum(answer.items.values())


class Halves(Intervening):
    """Has one lead whose time of creation is no whole number, as DynamoDB allows."""

    def scan_text(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> TextPage:
        if table is not LEADS:
            return super().scan_text(table, segment=segment, segments=segments, start=start)
        return TextPage([("{}", "lead-1", 5), ("{}", "lead-2", Decimal("1.5"))])


def test_a_key_that_is_no_whole_number_is_named(target: Store, tmp_path: Path) -> None:
    """Such an item could not be imported anywhere, so the export says which it is."""
    with pytest.raises(Conflict, match=r"leads: the item with lead_id lead-2, created_at 1\.5 cannot be exported"):
        ExportService(Halves(target)).run(tmp_path / "export")


def test_an_item_without_the_declared_key_is_named_by_its_attributes() -> None:
    """Where the table could not be looked at, its items tell."""
    with pytest.raises(Conflict, match="ops: an item has no pk and sk, only pk, text"):
        text_page_of({"Items": [{"text": {"S": "x"}, "pk": {"S": "1"}}]}, OPS)
