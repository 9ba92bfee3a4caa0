"""What DynamoDB has accepted and does not show yet, as AWS does for seconds: a real server behind such a lag."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid, Misconfigured, Unavailable
from commercive_cli.engines.dynamodb.connection import Connection
from commercive_cli.engines.dynamodb.endpoint import Endpoint
from commercive_cli.engines.dynamodb.request_sender import RequestSender
from commercive_cli.engines.dynamodb.retries import Timing
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.engines.dynamodb.visibility import TableSender
from commercive_cli.services.tables.drift import DriftService
from commercive_cli.services.tables.service import TableService
from commercive_cli.store.schema import LEADS, OPS, TABLES
from commercive_cli.store.table_changes import SetRecovery, SetTags, SetTTL, ignore_status
from tests.engines.dynamodb.doubles import (
    Answer,
    ManualTime,
    Request,
    carried,
    refusal,
    script,
    serving,
    session_with_credentials,
    store_at,
    success,
)
from tests.engines.dynamodb.lagging import Lagging
from tests.engines.dynamodb.test_backups import states


@contextmanager
def lagging(endpoint: str, *, lag: float = 5.0, unknown: float = 5.0) -> Iterator[tuple[DynamoDBStore, Lagging]]:
    """Yield a store whose server shows everything some seconds later, and that server."""
    time = ManualTime()
    behind = Lagging(lambda request: carried(endpoint, request), time.now, lag=lag, unknown=unknown)
    with serving(behind) as server, closing(store_at(server.url, time)) as store:
        try:
            yield store, behind
        finally:
            behind.lag = 0
            time.sleep(10_000)
            for table in TABLES:
                store.delete_table(table)


def test_a_table_is_made_though_aws_does_not_know_it_yet(real_endpoint: str) -> None:
    """For seconds nothing knows the table, and then nothing shows its protections: creation waits for both."""
    with lagging(real_endpoint) as (store, aws):
        made = TableService(store).create()

        assert {"created"} == {each.state for each in made.tables}
        assert [((), ())] * 6 == [(each.differences, each.accepted) for each in made.tables]
        assert [] == DriftService(store).diff().differences
        assert aws.hidden > 6


def test_a_created_table_whose_protections_do_not_show_is_no_different_one(real_endpoint: str) -> None:
    """After half a minute they count as accepted: what is not shown yet is told as that."""
    with lagging(real_endpoint, lag=3600) as (store, _):
        made = TableService(store).create()

    (ops,) = [each for each in made.tables if each.table.endswith("ops")]
    assert ("created", ()) == (ops.state, ops.differences)
    assert ("turn on TTL on expires_at", "turn on point-in-time recovery") == ops.accepted


@pytest.mark.parametrize(("lag", "outcome"), [(5.0, "done"), (3600.0, "accepted")])
def test_a_change_is_done_once_it_shows(real_endpoint: str, lag: float, outcome: str) -> None:
    """Until then `apply` waits, half a minute at most; what does not show by then is neither failed nor left over."""
    with lagging(real_endpoint, lag=0) as (store, aws):
        TableService(store).create()
        for change in (SetTTL(None), SetRecovery(on=False), SetTags((("application", "shop"),))):
            store.change_table(OPS, change)
        aws.lag = lag
        applied = DriftService(store).apply()

    assert [outcome] * 3 == [each.outcome for each in applied.changes]
    assert [] == applied.remaining


def test_time_to_live_that_is_on_and_does_not_show_is_no_failure() -> None:
    """DynamoDB refuses to turn it on again: where it shows by then, that was all there was to do."""
    refused = refusal("ValidationException", "TimeToLive is already enabled")
    off, on = (
        success(TimeToLiveDescription={"TimeToLiveStatus": status, "AttributeName": "expires_at"})
        for status in ("DISABLED", "ENABLED")
    )
    with serving(script(off, refused, off, off, on)) as server, closing(store_at(server.url)) as store:
        store.change_table(OPS, SetTTL("expires_at"))
    with (
        serving(script(off, refused, off)) as server,
        closing(store_at(server.url)) as store,
        pytest.raises(Invalid, match="already enabled"),
    ):
        store.change_table(OPS, SetTTL("expires_at"))


def test_a_restored_table_that_is_unknown_at_first_is_waited_for() -> None:
    """DescribeTable may not know a table whose restore was just accepted: that does not end the restore."""
    asked: dict[str, int] = {}

    def answer(request: Request) -> Answer:
        if request.operation == "ListBackups":
            return success(BackupSummaries=states("AVAILABLE"))
        if request.operation != "DescribeTable":
            return success()
        name = request.parameters["TableName"]
        asked[name] = asked.get(name, 0) + 1
        if asked[name] < 5:
            return refusal("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
        return success(Table={"TableStatus": "ACTIVE", "RestoreSummary": {"RestoreInProgress": False}})

    with serving(answer) as server, closing(store_at(server.url, prefix="shop_")) as store:
        store.archive.restore("mine", "new_", ignore_status)

    assert {5} == set(asked.values())


def test_a_restored_table_that_stays_unknown_is_told() -> None:
    """After two minutes the error says where to look; it does not say to create what AWS may be restoring."""
    time = ManualTime()

    def answer(request: Request) -> Answer:
        if request.operation == "ListBackups":
            return success(BackupSummaries=states("AVAILABLE"))
        return refusal("ResourceNotFoundException") if request.operation == "DescribeTable" else success()

    with (
        serving(answer) as server,
        closing(store_at(server.url, time, prefix="shop_")) as store,
        pytest.raises(Unavailable, match=r"is unknown 120 s after AWS has accepted its restore.*apply") as told,
    ):
        store.archive.restore("mine", "new_", ignore_status)

    assert "tables create" not in told.value.message
    assert 110 < time.seconds <= 120


SHAPE = {
    "TableName": "t",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
SOURCE = {"S3BucketSource": {"S3Bucket": "bucket"}, "InputFormat": "DYNAMODB_JSON", "TableCreationParameters": SHAPE}
BACKUP = {"BackupArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/s/backup/1"}


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CreateTable", SHAPE),
        ("ImportTable", SOURCE),
        ("RestoreTableFromBackup", {"TargetTableName": "t", **BACKUP}),
        (
            "RestoreTableToPointInTime",
            {"TargetTableName": "t", "SourceTableName": "s", "UseLatestRestorableTime": True},
        ),
    ],
)
def test_whatever_makes_a_table_is_waited_for(operation: str, parameters: dict[str, Any]) -> None:
    """However it was made, and whatever is asked of it; once it was deleted, it is missing."""
    time, missing = ManualTime(), refusal("ResourceNotFoundException")
    timing = Timing(now=time.now, sleep=time.sleep, random=time.random)
    asked = {"ResourceArn": "arn:aws:dynamodb:eu-west-1:1:table/t", "Tags": []}
    replies = [success(), missing, missing, success(Table={}), missing, success(), success(), missing]
    with serving(script(*replies)) as server:
        endpoint = Endpoint("eu-west-1", server.url)
        connection = Connection(endpoint, deadline=10.0, session=session_with_credentials())
        with closing(connection):
            send = TableSender(RequestSender(connection, timing), timing)
            send(operation, parameters)
            send("DescribeTable", {"TableName": "t"})
            send("TagResource", asked)
            send("DeleteTable", {"TableName": "t"})
            with pytest.raises(Misconfigured, match="does not exist"):
                send("DescribeTable", {"TableName": "t"})

    assert 3 == len(time.pauses)


def test_a_table_that_is_not_there_is_told_at_once() -> None:
    """Only what was made here is waited for: any other missing table is missing."""
    time = ManualTime()
    with (
        serving(lambda _: refusal("ResourceNotFoundException")) as server,
        closing(store_at(server.url, time)) as store,
    ):
        with pytest.raises(Misconfigured, match="does not exist"):
            store.change_table(LEADS, SetTTL(None))
        assert store.describe_table(LEADS) is None

    assert [] == time.pauses
