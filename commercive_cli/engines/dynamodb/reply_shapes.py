"""What DynamoDB's replies with items are made of: who answers in its place may say anything else that is JSON.

Source: DynamoDB API Reference.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_TOLD: Mapping[str, Mapping[str, type]] = {
    "GetItem": {"Item": dict},
    "Query": {"Items": list, "LastEvaluatedKey": dict},
    "Scan": {"Items": list, "LastEvaluatedKey": dict},
    "BatchGetItem": {"Responses": dict, "UnprocessedKeys": dict},
    "BatchWriteItem": {"UnprocessedItems": dict},
    "TransactWriteItems": {},
}
"""What each operation's reply may tell, and what that is."""

_OF_ANY = frozenset({"ConsumedCapacity", "Count", "ItemCollectionMetrics", "ScannedCount"})


def is_shaped(operation: str, reply: Mapping[str, Any]) -> bool:
    """Return whether a reply can be one to this operation; of others than those with items, any can.

    One that says nothing that such a reply says, as `{"error": "sign in"}`, is none: nothing was done. Values within
    items are looked at when they are read.
    """
    told = _TOLD.get(operation)
    if told is None:
        return True
    if reply and not any(name in told or name in _OF_ANY for name in reply):
        return False
    said = {name: reply[name] for name in told if name in reply}
    return all(type(each) is told[name] for name, each in said.items()) and all(map(_are_objects, _lists(said)))


def _are_objects(value: Any) -> bool:
    return type(value) is list and all(type(each) is dict for each in value)


def _lists(said: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what must be lists of objects: items, keys that were not read, and writes that were not made, by table."""
    yield said.get("Items", [])
    yield from said.get("Responses", {}).values()
    yield from said.get("UnprocessedItems", {}).values()
    for left in said.get("UnprocessedKeys", {}).values():
        yield left.get("Keys") if type(left) is dict else None
