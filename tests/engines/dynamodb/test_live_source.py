"""Live tables of the former backend: read under their own names and keys, at a limited rate, and never written to."""

import json
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from botocore.session import Session

from commercive_cli.bootstrap import open_legacy_source
from commercive_cli.domain.errors import Damaged, Denied, Invalid, Misconfigured, NotTaken, Unavailable
from commercive_cli.engines.dynamodb.live_source import READS, LiveSource
from commercive_cli.store.items import Item, OtherValue
from commercive_cli.store.legacy_source import LegacySource, LegacyTable
from tests.engines.dynamodb.doubles import (
    Answer,
    ManualTime,
    Request,
    Watch,
    carried,
    refusal,
    script,
    serving,
    session_with_credentials,
    store_at,
    success,
)
from tests.engines.dynamodb.legacy import KEYS, legacy_tables
from tests.engines.dynamodb.throttled import ThrottledServer

LEADS = [
    {"lead_id": f"LEAD-{n:08}", "created_at": 1_700_000_000_000 + n, "note": "x" * 300, "commission": Decimal("1.005")}
    for n in range(500)
]
LINKS: list[Item] = [{"link_id": "AB12CD34", "any": [None, {"b": OtherValue("NS", ("1", "2"))}], "clicks": -1}]
LEADS_TABLE = LegacyTable("old_leads", (("lead_id", "S"),), None)


def source_at(endpoint: str, time: ManualTime | None = None, **more: Any) -> LiveSource:
    time = time or ManualTime()
    settings: dict[str, Any] = {"prefix": "old_", "session": session_with_credentials()} | more
    return LiveSource("eu-west-1", endpoint=endpoint, now=time.now, sleep=time.sleep, random=time.random, **settings)


def read(source: LegacySource, name: str) -> list[Item]:
    (table,) = (each for each in source.tables() if each.name == name)
    return [item for page in source.pages(table) for item in page]


@pytest.fixture(scope="module")
def prefix(real_endpoint: str) -> Iterator[str]:
    """Return the prefix of tables of the former backend on a real server."""
    prefix = f"old-{uuid4().hex[:8]}_"
    with legacy_tables(real_endpoint, prefix, {"leads": LEADS, "affiliate_links": LINKS}):
        yield prefix


def test_all_tables_of_a_prefix_are_named(real_endpoint: str, prefix: str) -> None:
    """Whosever they are, with their keys as they are; what has another prefix is not there."""
    with closing(source_at(real_endpoint, prefix=prefix)) as source:
        found = source.tables()

    assert sorted(prefix + name for name in KEYS) == [table.name for table in found]
    assert {prefix + name: ((key, "S"),) for name, key in KEYS.items()} == {each.name: each.key for each in found}
    assert all(isinstance(each.items, int) for each in found)


def test_every_item_is_read_as_it_is_and_nothing_is_written(real_endpoint: str, prefix: str) -> None:
    """Also values that this program makes no use of; the server gets reading requests alone."""
    watch = Watch(real_endpoint)
    with serving(watch) as server, closing(source_at(server.url, prefix=prefix, read_units=20)) as source:
        leads, links, none = (read(source, prefix + name) for name in ("leads", "affiliate_links", "chat_messages"))

    assert sorted(leads, key=lambda lead: lead["lead_id"]) == LEADS
    assert (LINKS, []) == (links, none)
    assert {"ListTables", "DescribeTable", "Scan"} == set(watch.operations)
    assert [] == watch.changed


def test_no_operation_that_could_write_is_ever_sent() -> None:
    """Whatever code asks the source's own connection for, only six operations leave the process."""
    operations = Session().get_service_model("dynamodb").operation_names
    with serving(script(success())) as server, closing(source_at(server.url)) as source:
        connection = source._connection
        for name in operations:
            if name in READS:
                connection.send(name, {})
            else:
                with pytest.raises(Denied, match=f"for reading only: {name} was not sent"):
                    connection.send(name, {})
                with pytest.raises(Denied):
                    source._send(name, {})
        with pytest.raises(Denied):
            connection.s3_client()

    assert len(operations) > 50
    assert ["BatchGetItem", "DescribeTable", "GetItem", "ListTables", "Query", "Scan"] == sorted(server.operations)


def test_it_is_read_at_half_the_price_unless_the_latest_is_wanted(real_endpoint: str, prefix: str) -> None:
    """Eventually consistent by default, as the tables are in use; strongly consistent for the last comparison."""
    asked: dict[bool, set[bool]] = {}
    for consistent in (False, True):
        with (
            serving(lambda request: carried(real_endpoint, request)) as server,
            closing(source_at(server.url, prefix=prefix, consistent=consistent)) as source,
        ):
            read(source, prefix + "leads")
        scans = [each for each in server.requests if each.operation == "Scan"]
        asked[consistent] = {each.parameters["ConsistentRead"] for each in scans}

    assert {False: {False}, True: {True}} == asked


@pytest.mark.parametrize("told", [True, False])
def test_no_more_units_a_second_than_wanted(told: bool, real_endpoint: str, prefix: str) -> None:
    """Over all tables together, in pieces of about a second's; by their size where a server does not tell the units."""
    time, units = ManualTime(), 5
    spent: list[tuple[float, float]] = []

    def answer(request: Request) -> Answer:
        if request.operation != "Scan":
            return carried(real_endpoint, request)
        page = json.loads(carried(real_endpoint, request).body)
        size = sum(len(str(item)) for item in page["Items"])
        cost = -(-size // 4096) * 0.5
        spent.append((time.seconds, cost))
        page.pop("ConsumedCapacity", None)
        return success(**page, **({"ConsumedCapacity": {"TableName": "x", "CapacityUnits": cost}} if told else {}))

    with serving(answer) as server, closing(source_at(server.url, time, prefix=prefix, read_units=units)) as source:
        for name in ("leads", "affiliate_links", "leads"):
            read(source, prefix + name)

    total = sum(cost for _, cost in spent)
    last, cost_of_last = spent[-1]
    assert 1 <= total / units
    assert total - cost_of_last <= (last + 0.01) * units * (1 if told else 1.3)
    assert last * units <= total * 1.3
    assert all(cost <= 2 * units for _, cost in spent)


def test_throttling_is_waited_out(real_endpoint: str, prefix: str) -> None:
    """A table that gives a page every ten seconds is read whole; where nobody waits, the end comes soon."""
    time, told = ManualTime(), set[str]()

    def waits(table: str) -> bool:
        told.add(table)
        return True

    front = ThrottledServer(real_endpoint, time.now, writes=1, reads=0.1, burst=10)
    with serving(front) as server:
        with closing(source_at(server.url, time, prefix=prefix, read_units=10, on_throttled=waits)) as source:
            found = read(source, prefix + "leads")
        with closing(source_at(server.url, prefix=prefix)) as source, pytest.raises(NotTaken):
            read(source, prefix + "leads")

    assert len(LEADS) == len(found)
    assert {prefix + "leads"} == told
    assert time.seconds >= 10


@pytest.mark.parametrize("keys", ["AA", "ABA", "ABCB"])
def test_a_server_that_repeats_itself_ends_the_reading(keys: str) -> None:
    """Whether the key of the last page comes again or an earlier one; likewise for the list of tables."""
    pages = [success(Items=[], LastEvaluatedKey={"lead_id": {"S": key}}) for key in keys]
    with serving(script(*pages, success(Items=[]))) as server, closing(source_at(server.url)) as source:
        with pytest.raises(Unavailable, match="never end"):
            list(source.pages(LEADS_TABLE))
        names = [success(TableNames=[], LastEvaluatedTableName=key) for key in keys]
        server.answer = script(*names, success(TableNames=[]))
        with pytest.raises(Unavailable, match="never end"):
            source.tables()

    assert 2 * len(keys) == len(server.requests)


def test_what_disappears_while_it_is_read_is_said() -> None:
    """A table deleted after it was listed is not there; one deleted later ends it; nobody is told to make it."""
    gone = refusal("ResourceNotFoundException")
    first = success(Items=[], LastEvaluatedKey={"lead_id": {"S": "a"}})
    with serving(script(success(TableNames=["old_leads", "new"]), gone, first, gone)) as server:
        source = source_at(server.url)
        found = source.tables()
        with closing(source), pytest.raises(Misconfigured) as refused:
            list(source.pages(LEADS_TABLE))

    assert [] == found
    assert "table old_leads does not exist" in str(refused.value)
    assert "create" not in str(refused.value)


def test_an_item_that_is_none_is_named() -> None:
    """What no DynamoDB can have sent stops the reading, with table and key."""
    odd = {"lead_id": {"S": "LEAD-1"}, "odd": {"X": "a"}}
    with (
        serving(script(success(Items=[odd]))) as server,
        closing(source_at(server.url)) as source,
        pytest.raises(Damaged, match="LEAD-1 of old_leads"),
    ):
        list(source.pages(LEADS_TABLE))


def test_the_place_is_that_of_a_store_there(real_endpoint: str) -> None:
    """So that a source which is the target itself is recognised."""
    with closing(store_at(real_endpoint, prefix="old_")) as store, closing(source_at(real_endpoint)) as source:
        assert (store.target, "old_", True) == (source.place, source.prefix, source.live)


@pytest.mark.parametrize("units", [0, -1, float("nan")])
def test_a_rate_of_nothing_is_refused(units: float) -> None:
    """It would never end."""
    with pytest.raises(Invalid, match="read units"):
        source_at("http://127.0.0.1:1", read_units=units)


def test_a_source_is_named_like_a_store() -> None:
    """By a URL of DynamoDB, where the former backend's prefix need not be named; a SQLite file is refused, in words."""
    with pytest.raises(Invalid, match="dynamodb://REGION"):
        open_legacy_source("sqlite:///file.db")
    with pytest.raises(Invalid, match="an export has none"):
        open_legacy_source("export", 5)
    with closing(open_legacy_source("dynamodb://eu-west-1", 5)) as source:
        assert "dynamodb eu-west-1 prefix commercive_" == source.place
