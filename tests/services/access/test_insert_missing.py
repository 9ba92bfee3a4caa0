"""Storing what is missing: nothing that is there is replaced, and everything else comes in."""

from commercive_cli.services.access.insert_missing import insert_missing
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import OPS
from tests.services.fakes import Intervening
from tests.services.raw_data import rows

OLD = {"pk": "b", "sk": "1", "text": "old"}
NEW: list[Item] = [{"pk": pk, "sk": "1", "text": "new"} for pk in "abc"]


def test_what_is_there_stays(store: Store) -> None:
    """Whoever repeats a load is told what was there, and by its position what that stood in the way of."""
    store.batch_put(OPS, [OLD])
    taken: list[tuple[int, Item | None]] = []
    stored = insert_missing(store, OPS, NEW, lambda position, item: taken.append((position, item)))

    assert 2 == stored
    assert [(1, OLD)] == taken
    assert [NEW[0], OLD, NEW[2]] == rows(store, OPS)


def test_what_comes_meanwhile_stays(store: Store, meddled: Intervening) -> None:
    """Likewise what somebody stores at the same moment."""
    meddled.before("transact", lambda: store.batch_put(OPS, [OLD]))
    stored = insert_missing(meddled, OPS, NEW, lambda _position, _item: None)

    assert 2 == stored
    assert [NEW[0], OLD, NEW[2]] == rows(store, OPS)
