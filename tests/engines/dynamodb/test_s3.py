"""DynamoDB's own exports to S3 and imports from there, on moto, and against a server that says what it is told."""

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from moto import mock_aws

from commercive_cli.domain.errors import Conflict, Invalid, NotFound, NotPermitted, Unavailable
from commercive_cli.engines.dynamodb.connection import Connection
from commercive_cli.engines.dynamodb.endpoint import Endpoint
from commercive_cli.engines.dynamodb.s3 import list_keys
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.tables.drift import DriftService
from commercive_cli.services.tables.s3 import S3Service, parse_uri
from commercive_cli.store.schema import TABLES
from commercive_cli.store.table_changes import ignore_status
from tests.engines.dynamodb.doubles import (
    ManualTime,
    Reply,
    Request,
    serving,
    session_with_credentials,
    store_at,
    success,
)
from tests.services.books import errors_in, everything

NOW = 1_763_000_000
BUCKET = "commercive-exports"


def s3_client() -> Any:
    """Return a client of which botocore knows the methods when it is made, and types know nothing."""
    return session_with_credentials().create_client("s3", "eu-west-1")


@pytest.fixture
def s3() -> Iterator[Any]:
    """Yield a client of moto's S3, with a bucket."""
    with mock_aws(), closing(s3_client()) as client:
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield client


@pytest.fixture
def aws(s3: Any) -> Iterator[DynamoDBStore]:
    """Yield a store with plain data in every table; moto imports neither empty tables nor letters beyond ASCII."""
    del s3  # is where the exports go
    with closing(store_at(None, prefix="shop_")) as store:
        for table in TABLES:
            store.create_table(table)
        ChatService(store).send("u-1", "Hello", store="shop.example")
        code = AffiliateService(store).create_link("aff-1", "aff@example.com", "shop.example").link_id
        LeadService(store).submit(code, {"name": "Ann", "email": "ann@example.com"})
        yield store


def finish(s3: Any, prefix: str) -> None:
    """Write the summaries that DynamoDB writes at the end of an export, and moto does not."""
    for each in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]:
        directory = each["Key"].partition("/data/")[0]
        s3.put_object(Bucket=BUCKET, Key=f"{directory}/manifest-summary.json", Body=b"{}")


def test_an_export_holds_every_item(aws: DynamoDBStore, s3: Any) -> None:
    """Each table below a prefix of its own, in DynamoDB's JSON, with the counts."""
    moved = S3Service(aws).export(f"s3://{BUCKET}/daily")

    assert {f"shop_{name}": len(items) for name, items in everything(aws).items()} == {
        each.table: each.items for each in moved.tables
    }
    assert f"s3://{BUCKET}/daily/messages" == moved.tables[1].uri
    (key,) = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET, Prefix="daily/messages/")["Contents"]]
    line = gzip.decompress(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    assert "Hello" == json.loads(line)["Item"]["message_text"]["S"]


def test_an_import_makes_the_same_tables_again(aws: DynamoDBStore, s3: Any) -> None:
    """From the exports below a URI: the same items, no drift, true books."""
    S3Service(aws).export(f"s3://{BUCKET}/daily/")
    finish(s3, "daily/")
    other = aws.archive.beside("other_")
    moved = S3Service(other, sleep=lambda _: None).load(f"s3://{BUCKET}/daily", "admin-1")

    assert everything(aws) == everything(other)
    assert ([], [], []) == (errors_in(other), moved.audit.findings, DriftService(other).diff().differences)
    assert all("/AWSDynamoDB/" in each.uri and each.uri.endswith("/data/") for each in moved.tables)


def test_an_import_needs_new_tables(aws: DynamoDBStore) -> None:
    """DynamoDB imports into new tables only; nothing is begun when one exists."""
    with pytest.raises(Conflict, match="shop_conversations exists"):
        S3Service(aws).load(f"s3://{BUCKET}/daily", "admin-1")


def test_an_unfinished_export_is_not_imported(aws: DynamoDBStore) -> None:
    """Without its summary an export may be in part; the place that was searched is named."""
    S3Service(aws).export(f"s3://{BUCKET}/daily")

    with pytest.raises(NotFound, match=f"no finished export below s3://{BUCKET}/daily/conversations/"):
        S3Service(aws.archive.beside("other_")).load(f"s3://{BUCKET}/daily", "admin-1")


def test_a_missing_bucket_is_said(aws: DynamoDBStore) -> None:
    """By the export in DynamoDB's words, by the import before it begins."""
    with pytest.raises(Unavailable, match=r"the export failed for shop_conversations \(S3NoSuchBucket"):
        S3Service(aws).export("s3://no-such-bucket/daily")
    with pytest.raises(NotFound, match="there is no bucket no-such-bucket"):
        S3Service(aws.archive.beside("other_")).load("s3://no-such-bucket/daily", "admin-1")


def test_the_newest_finished_export_counts(s3: Any) -> None:
    """Every object below the prefix is looked at, with its time."""
    for number in range(3):
        s3.put_object(Bucket=BUCKET, Key=f"a/{number}", Body=b"")
    connection = Connection(Endpoint("eu-west-1"), deadline=1.0, session=session_with_credentials())
    keys = list_keys(connection, BUCKET, "a/")

    assert ["a/0", "a/1", "a/2"] == [key for key, _ in keys]
    assert all(changed > 1_700_000_000 for _, changed in keys)


@pytest.mark.parametrize(
    ("uri", "place"),
    [("s3://bucket", ("bucket", "")), ("s3://bucket/", ("bucket", "")), ("s3://my.bucket/a/b/", ("my.bucket", "a/b"))],
)
def test_places_in_s3(uri: str, place: tuple[str, str]) -> None:
    """With and without a prefix."""
    assert place == parse_uri(uri)


@pytest.mark.parametrize(
    "uri", ["", "bucket", "s3://", "s3://Bucket/a", "s3://bu/", "https://bucket/a", "s3://bucket//a"]
)
def test_other_places_are_refused(uri: str) -> None:
    """With an example of what would do."""
    with pytest.raises(Invalid, match="write s3://bucket or s3://bucket/prefix"):
        parse_uri(uri)


class Exporting:
    """DynamoDB as it exports: the first looks find every export running, then each ends as it is told."""

    def __init__(self, looks: int = 3, earliest: int = NOW - 100, **failing: str) -> None:
        self.left = looks * len(TABLES)
        self.earliest = earliest
        self.failing = failing

    def __call__(self, request: Request) -> Reply:
        match request.operation:
            case "DescribeContinuousBackups":
                return self._window()
            case "DescribeTable":
                name = request.parameters["TableName"]
                return success(Table={"TableArn": f"arn:aws:dynamodb:eu-west-1:1:table/{name}"})
            case "ExportTableToPointInTime":
                arn = request.parameters["TableArn"] + "/export/" + "0" * 20
                return success(ExportDescription={"ExportArn": arn, "ExportStatus": "IN_PROGRESS"})
        return self._look(request.parameters["ExportArn"])

    def _window(self) -> Reply:
        window = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "EarliestRestorableDateTime": self.earliest,
            "LatestRestorableDateTime": NOW,
        }
        status = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": window}
        return success(ContinuousBackupsDescription=status)

    def _look(self, arn: str) -> Reply:
        self.left -= 1
        table = arn.split("/")[1].removeprefix("shop_")
        state = "IN_PROGRESS" if self.left >= 0 else "FAILED" if table in self.failing else "COMPLETED"
        manifest = f"daily/{table}/AWSDynamoDB/01/manifest-summary.json"
        failure = {"FailureCode": self.failing.get(table, ""), "FailureMessage": "because"}
        return success(ExportDescription={"ExportStatus": state, "ExportManifest": manifest, "ItemCount": 7} | failure)


def test_an_export_is_followed_to_the_end() -> None:
    """All tables as of one moment, started at once, asked about until the last is done, with the manifests' keys."""
    time, heard = ManualTime(), list[str]()
    with serving(Exporting()) as server, closing(store_at(server.url, time, prefix="shop_")) as store:
        moved = store.s3.export(BUCKET, "daily", heard.append)
    started = [r.parameters for r in server.requests if r.operation == "ExportTableToPointInTime"]

    assert [f"daily/{table.name}/AWSDynamoDB/01/manifest-summary.json" for table in TABLES] == [
        each.key for each in moved
    ]
    assert {NOW} == {each["ExportTime"] for each in started}
    assert [f"daily/{table.name}" for table in TABLES] == [each["S3Prefix"] for each in started]
    assert 6 == len({each["ClientToken"] for each in started})
    assert 3 == len(time.pauses)
    assert "the export goes on in AWS when this is interrupted" == heard[0]
    assert ["export: 0 of 6 tables are done", "export: 6 of 6 tables are done"] == list(dict.fromkeys(heard[1:]))


def test_tables_without_a_common_past_are_exported_as_they_are() -> None:
    """Minutes after their creation there is no moment yet that all could go back to."""
    with serving(Exporting(earliest=NOW + 1)) as server, closing(store_at(server.url, prefix="shop_")) as store:
        store.s3.export(BUCKET, "", ignore_status)
    started = [r.parameters for r in server.requests if r.operation == "ExportTableToPointInTime"]

    assert not [each for each in started if "ExportTime" in each]
    assert [table.name for table in TABLES] == [each["S3Prefix"] for each in started]


def test_every_failed_table_is_named() -> None:
    """With DynamoDB's reason, after the others have ended."""
    failing = Exporting(leads="S3AccessDenied", ops="S3NoSuchKey")
    with (
        serving(failing) as server,
        closing(store_at(server.url, prefix="shop_")) as store,
        pytest.raises(Unavailable, match=r"shop_leads \(S3AccessDenied: because\); shop_ops \(S3NoSuchKey: because\)"),
    ):
        store.s3.export(BUCKET, "daily", ignore_status)


def test_only_aws_imports_from_s3(real_endpoint: str) -> None:
    """A compatible server is told so before anybody's bucket is asked for."""
    with closing(store_at(real_endpoint)) as store:
        with pytest.raises(Invalid, match="this store has an endpoint"):
            store.s3.load(BUCKET, "daily", ignore_status)
        with pytest.raises(Invalid, match="an export to S3 is not supported here"):
            store.s3.export(BUCKET, "daily", ignore_status)


def test_denied() -> None:
    """Somebody without the right to export hears which right is missing."""
    body = json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#AccessDeniedException", "message": "not you"})
    with (
        serving(lambda _: Reply(body.encode(), 400)) as server,
        closing(store_at(server.url)) as store,
        pytest.raises(NotPermitted, match="dynamodb:DescribeContinuousBackups"),
    ):
        store.s3.export(BUCKET, "daily", ignore_status)
