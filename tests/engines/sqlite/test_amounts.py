"""What is added to a number is one."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import AFFILIATE_STATS
from commercive_cli.store.writes import Put, Update
from tests.e2e.embedded import make_file


@pytest.mark.parametrize("amount", ["1", True, None, [1]], ids=repr)
def test_only_a_number_can_be_added(tmp_path: Path, amount: Any) -> None:
    """As DynamoDB does, the store refuses anything else by name, and writes nothing."""
    make_file(tmp_path / "store.db")
    item = {"affiliate_id": "a", "total_leads": 1}
    with closing(SQLiteStore(tmp_path / "store.db")) as store:
        store.transact(Put(AFFILIATE_STATS, item))
        with pytest.raises(Invalid, match="total_leads is not a number that can be added"):
            store.transact(Update(AFFILIATE_STATS, {"affiliate_id": "a"}, add={"total_leads": amount}))

        assert item == store.get(AFFILIATE_STATS, {"affiliate_id": "a"})
