"""Reading many items by key, alike on every engine."""

import pytest

from commercive_cli.store.port import Store
from commercive_cli.store.schema import MESSAGES
from tests.contract.samples import message, message_key


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_every_item_that_is_there_comes_back_once(store: Store, partition: str, count: int) -> None:
    """However many keys are asked for, and whatever order they come back in."""
    there = [message(partition, f"m-{number:03}") for number in range(count)]
    store.batch_put(MESSAGES, there)
    keys = [message_key(partition, f"m-{number:03}") for number in range(count)]

    found = store.batch_get(MESSAGES, [*keys, message_key(partition, "missing")])

    assert there == sorted(found, key=lambda item: str(item["message_id"]))
