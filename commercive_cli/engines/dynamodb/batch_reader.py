"""Reading many items by key: BatchGetItem, 100 keys at a time, strongly consistent."""

from collections.abc import Sequence
from typing import Any

from commercive_cli.domain.errors import Unavailable
from commercive_cli.engines.dynamodb.request_sender import RequestSender
from commercive_cli.engines.dynamodb.retries import Timing
from commercive_cli.engines.dynamodb.throttling import LeftOvers
from commercive_cli.store.items import Key, encode_item
from commercive_cli.store.schema import Table

BATCH_KEYS = 100


class BatchReader:
    """Gets items of one table."""

    def __init__(self, send: RequestSender, timing: Timing, table: Table, name: str) -> None:
        self._send = send
        self._timing = timing
        self._table = table
        self._name = name

    def get_all(self, keys: Sequence[Key]) -> list[dict[str, Any]]:
        """Return the items as attribute values, in no order; what is missing is left out.

        DynamoDB may leave keys unprocessed when it is throttled or the reply grows beyond 16 MB; they are asked for
        again, with a pause, until the deadline: then Unavailable.
        """
        found: list[dict[str, Any]] = []
        for start in range(0, len(keys), BATCH_KEYS):
            found += self._get([encode_item(key) for key in keys[start : start + BATCH_KEYS]])
        return found

    def _get(self, keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        rest = LeftOvers(self._send.throttling, self._timing, self._name)
        while keys:
            request = {"RequestItems": {self._name: {"Keys": keys, "ConsistentRead": True}}}
            reply = self._send("BatchGetItem", request)
            read = reply.get("Responses", {}).get(self._name, [])
            found += read
            left = reply.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            if not rest.go_on(0 if read else len(left), some_done=bool(read)):
                raise Unavailable(f"{self._name} is throttled: {len(left)} items could not be read in time; try again")
            keys = left
        return found
