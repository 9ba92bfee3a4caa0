"""`--write-units`: no more write capacity units a second than wanted, whatever the writes take."""

import json

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.schema import AFFILIATE_STATS
from commercive_cli.store.writes import Put
from tests.engines.dynamodb.doubles import Answer, ManualTime, Request, carried, serving, store_at, success, tables_on

UNITS = 50


class Meter:
    """A server that says what each write takes, and remembers when it was asked for it."""

    def __init__(self, endpoint: str, time: ManualTime, per_write: float | None) -> None:
        self._endpoint = endpoint
        self._time = time
        self._per_write = per_write
        self.taken: list[tuple[float, float]] = []

    def __call__(self, request: Request) -> Answer:
        reply = carried(self._endpoint, request)
        if request.operation not in ("BatchWriteItem", "TransactWriteItems") or reply.status != 200:
            return reply
        parameters = request.parameters
        writes = len(parameters.get("TransactItems") or next(iter(parameters["RequestItems"].values())))
        units = writes * (self._per_write or 1)
        self.taken.append((self._time.seconds, units))
        assert parameters["ReturnConsumedCapacity"] == "TOTAL"
        body = json.loads(reply.body) | {"ConsumedCapacity": [{"TableName": "x", "CapacityUnits": units}]}
        if self._per_write is None:
            del body["ConsumedCapacity"]
        return success(**body)

    def in_any_second(self) -> float:
        """Return the most units that were taken within a second."""
        return max(sum(units for at, units in self.taken if 0 <= at - began < 1) for began, _ in self.taken)


@pytest.mark.parametrize("per_write", [None, 1, 8])
def test_transactions_take_no_more_than_wanted(per_write: float | None, real_endpoint: str) -> None:
    """Also when each takes more than one unit, which the first reply tells; nor are they much slower than allowed."""
    time = ManualTime()
    meter = Meter(real_endpoint, time, per_write)
    with serving(meter) as server, tables_on(store_at(server.url, time, write_units=UNITS), AFFILIATE_STATS) as store:
        began = time.seconds
        for number in range(200):
            store.transact(Put(AFFILIATE_STATS, {"affiliate_id": f"a{number}"}))
    total, largest = sum(units for _, units in meter.taken), max(units for _, units in meter.taken)

    assert meter.in_any_second() <= UNITS + 2 * largest
    assert total / UNITS == pytest.approx(time.seconds - began, rel=0.2)


def test_batches_take_no_more_than_wanted(real_endpoint: str) -> None:
    """Several are under way at once, and all together keep to it."""
    time = ManualTime()
    meter = Meter(real_endpoint, time, 4)
    items = [{"affiliate_id": f"a{number}"} for number in range(2_000)]
    with serving(meter) as server, tables_on(store_at(server.url, time, write_units=UNITS), AFFILIATE_STATS) as store:
        began = time.seconds
        stored = store.batch_put(AFFILIATE_STATS, items)

    assert len(items) == stored
    assert time.seconds - began >= 0.9 * len(items) * 4 / UNITS


def test_no_units_are_no_rate(real_endpoint: str) -> None:
    """Nothing would ever be written."""
    with pytest.raises(Invalid, match="write units"):
        store_at(real_endpoint, write_units=0)
