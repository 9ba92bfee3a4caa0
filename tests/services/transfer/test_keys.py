"""Tables or items whose keys are not the declared ones are not exported, and the error names them."""

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
    """The items of such a table may lack the declared key or share it; the error names both keys."""
    live, message = LIVE[name]
    with closing(connected(real_endpoint, f"keys-{name}_")) as store:
        for table in TABLES:
            store.create_table(live if table.name == name else table)
        with pytest.raises(Misconfigured) as refused:
            ExportService(store).run(tmp_path / "export")

    assert message in str(refused.value)
    assert "use another prefix" in str(refused.value)
    assert not (tmp_path / "export").exists()


def test_an_export_needs_no_permission_to_describe_tables(tmp_path: Path) -> None:
    """A caller who may only read items can export; the check of the tables' keys is then left out."""

    def deny() -> None:
        raise NotPermitted("not allowed to describe tables")

    with closing(sqlite_store(tmp_path / "x.db")) as store:
        denying = Intervening(store)
        for _ in TABLES:
            denying.before("describe_table", deny)
        answer = ExportService(denying).run(tmp_path / "export")

    assert 0 == sum(answer.items.values())


class FractionalKey(Intervening):
    """A store with a lead whose `created_at` is not a whole number, which DynamoDB allows."""

    def scan_text(self, table: Table, *, segment: int = 0, segments: int = 1, start: Key | None = None) -> TextPage:
        if table is not LEADS:
            return super().scan_text(table, segment=segment, segments=segments, start=start)
        return TextPage([("{}", "lead-1", 5), ("{}", "lead-2", Decimal("1.5"))])


def test_an_item_with_a_fractional_key_is_named(target: Store, tmp_path: Path) -> None:
    """An item whose key is not a whole number could not be imported anywhere, so the export fails and names it."""
    with pytest.raises(Conflict, match=r"leads: the item with lead_id lead-2, created_at 1\.5 cannot be exported"):
        ExportService(FractionalKey(target)).run(tmp_path / "export")


def test_an_item_without_the_declared_key_is_named_by_its_attributes() -> None:
    """When the table could not be described, an item without the declared key is found when it is read."""
    with pytest.raises(Conflict, match="ops: an item has no pk and sk, only pk, text"):
        text_page_of({"Items": [{"text": {"S": "x"}, "pk": {"S": "1"}}]}, OPS)
