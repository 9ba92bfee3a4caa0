"""DynamoDB's own exports to S3 and imports from it, on moto and against a scripted server."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import typer
from moto import mock_aws
from moto.dynamodb.models.table_import import TableImport

from commercive_cli.cli.commands.tables.s3 import check_complete
from commercive_cli.domain.answers.transfer import S3Table
from commercive_cli.domain.errors import CommerciveError, Conflict, Invalid, NotFound, NotPermitted, Unavailable
from commercive_cli.engines.dynamodb.connection import Connection
from commercive_cli.engines.dynamodb.endpoint import Endpoint
from commercive_cli.engines.dynamodb.s3_objects import list_keys
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.tables.drift import DriftService
from commercive_cli.services.tables.s3 import S3Service, parse_uri
from commercive_cli.store.schema import TABLES
from commercive_cli.store.table_changes import ignore_status
from tests.engines.dynamodb.credential_sources import Service
from tests.engines.dynamodb.doubles import (
    ManualTime,
    Reply,
    Request,
    serving,
    session_with_credentials,
    store_at,
    success,
)
from tests.services.raw_data import errors_in, everything

NOW = 1_763_000_000
BUCKET = "commercive-exports"


class ImportsDone(ManualTime):
    """A clock on which every pause lasts until moto's imports are done, which run in threads."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        for thread in threading.enumerate():
            if isinstance(thread, TableImport):
                thread.join()


def s3_client() -> Any:
    """Return an S3 client; it is typed Any, since botocore adds the methods when it creates a client."""
    return session_with_credentials().create_client("s3", "eu-west-1")


@pytest.fixture
def s3() -> Iterator[Any]:
    """Yield a client of moto's S3, in which there is a bucket."""
    with mock_aws(), closing(s3_client()) as client:
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield client


@pytest.fixture
def aws(s3: Any) -> Iterator[DynamoDBStore]:
    """Yield a store with plain data in every table, since moto cannot import empty tables and non-ASCII letters."""
    del s3  # the fixture is only needed for its bucket
    with closing(store_at(None, ImportsDone(), prefix="shop_")) as store:
        for table in TABLES:
            store.create_table(table)
        ChatService(store).send("u-1", "Hello", store="shop.example")
        code = AffiliateService(store).create_link("aff-1", "aff@example.com", "shop.example").link_id
        LeadService(store).submit(code, {"name": "Ann", "email": "ann@example.com"})
        yield store


def finish(s3: Any, prefix: str) -> list[str]:
    """Write what DynamoDB writes beside the data of an export, and moto does not; return the directories."""
    directories = []
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]
    for each in (each for each in listed if "/data/" in each["Key"]):
        directory, table = each["Key"].partition("/data/")[0], each["Key"].split("/")[1]
        body = s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
        items = len(gzip.decompress(body).splitlines())
        s3.put_object(Bucket=BUCKET, Key=f"{directory}/_started", Body=b"")
        put_manifests(s3, directory, table, {each["Key"]: items})
        directories.append(directory)
    return directories


def put_manifests(s3: Any, directory: str, table: str, files: dict[str, int], **changed: Any) -> None:
    """Write both manifests of an export as DynamoDB does, with a line for each file, and a summary of some change."""
    entry = {"md5Checksum": "sQMSpEILNgoQmarvDFonGQ==", "etag": "af83d6f217c19b8b0fff8023d8ca4716-1"}
    lines = [json.dumps({"itemCount": items, **entry, "dataFileS3Key": key}) + "\n" for key, items in files.items()]
    summary = {
        "version": "2020-06-30",
        "tableArn": f"arn:aws:dynamodb:eu-west-1:123456789012:table/shop_{table}",
        "manifestFilesS3Key": f"{directory}/manifest-files.json",
        "itemCount": sum(files.values()),
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT",
    }
    s3.put_object(Bucket=BUCKET, Key=f"{directory}/manifest-files.json", Body="".join(lines).encode())
    body = json.dumps(summary | changed).encode()
    s3.put_object(Bucket=BUCKET, Key=f"{directory}/manifest-summary.json", Body=body)


def test_an_export_holds_every_item(aws: DynamoDBStore, s3: Any) -> None:
    """Each table is exported to its own prefix, in DynamoDB's JSON, and its items are counted."""
    moved = S3Service(aws).export_tables(f"s3://{BUCKET}/daily")

    assert {f"shop_{name}": len(items) for name, items in everything(aws).items()} == {
        each.table: each.items for each in moved.tables
    }
    assert f"s3://{BUCKET}/daily/messages" == moved.tables[1].uri
    (key,) = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET, Prefix="daily/messages/")["Contents"]]
    line = gzip.decompress(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    assert "Hello" == json.loads(line)["Item"]["message_text"]["S"]


def test_an_import_creates_equal_tables(aws: DynamoDBStore, s3: Any) -> None:
    """Tables that are imported from the exports below a URI have the same items, no drift and no audit findings."""
    S3Service(aws).export_tables(f"s3://{BUCKET}/daily/")
    finish(s3, "daily/")
    other = store_at(None, prefix="other_")
    moved = S3Service(other, sleep=lambda _: None).import_tables(f"s3://{BUCKET}/daily", "admin-1")

    assert everything(aws) == everything(other)
    assert ([], [], []) == (errors_in(other), moved.audit.findings, DriftService(other).diff().differences)
    assert all("/AWSDynamoDB/" in each.uri and each.uri.endswith("/data/") for each in moved.tables)
    assert {each.table: each.items for each in moved.tables} == {each.table: each.expected for each in moved.tables}
    assert not any(each.short for each in moved.tables)


INCREMENTAL = {
    "exportType": "INCREMENTAL_EXPORT",
    "outputView": "NEW_AND_OLD_IMAGES",
    "exportFromTime": "2026-11-27T17:00:00.000Z",
    "exportToTime": "2026-11-28T04:00:00.000Z",
}


@pytest.fixture
def exported(aws: DynamoDBStore, s3: Any) -> str:
    """Export all tables, and return the directory of the messages' export."""
    S3Service(aws).export_tables(f"s3://{BUCKET}/daily")
    (directory,) = [each for each in finish(s3, "daily/") if each.startswith("daily/messages/")]
    return directory


def refused_import(error: type[Exception], words: str) -> None:
    """Try to import, and see it refused before DynamoDB was asked for anything."""
    other = store_at(None, prefix="other_")
    with pytest.raises(error, match=words):
        S3Service(other).import_tables(f"s3://{BUCKET}/daily", "admin-1")
    assert [None] * 6 == [other.describe_table(table) for table in TABLES]


@pytest.mark.usefixtures("exported")
def test_an_incremental_export_is_refused_by_name(s3: Any) -> None:
    """It holds changes and no table, and its data lies elsewhere: ImportTable would make an empty table of it."""
    shared = "daily/messages/AWSDynamoDB/data/changes.json.gz"
    s3.put_object(Bucket=BUCKET, Key=shared, Body=gzip.compress(b'{"Keys":{}}'))
    put_manifests(s3, "daily/messages/AWSDynamoDB/zz-newer", "messages", {shared: 1}, **INCREMENTAL)

    refused_import(Invalid, r"exportType is INCREMENTAL_EXPORT, NEW_AND_OLD_IMAGES from 2026-11-27T17:00.*FULL_EXPORT")


def test_a_full_export_after_an_incremental_one_is_imported(aws: DynamoDBStore, s3: Any) -> None:
    """The newest finished export counts: what was exported of the changes before it is in it."""
    put_manifests(s3, "daily/messages/AWSDynamoDB/!-older", "messages", {"daily/x/data/y": 1}, **INCREMENTAL)
    S3Service(aws).export_tables(f"s3://{BUCKET}/daily")
    finish(s3, "daily/")
    other = store_at(None, prefix="other_")
    moved = S3Service(other, sleep=lambda _: None).import_tables(f"s3://{BUCKET}/daily", "admin-1")

    assert not any(each.short or "older" in each.uri for each in moved.tables)


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"outputFormat": "ION"}, Invalid, "outputFormat is ION; only DYNAMODB_JSON"),
        ({"itemCount": 7}, Invalid, "itemCount is 7, the files of manifest-files.json have 1 items"),
        ({"tableArn": "arn:aws:x:table/shop_leads"}, Conflict, "is an export of 'shop_leads', and none of messages"),
        ({"itemCount": None}, Invalid, "manifest-summary.json: itemCount"),
    ],
)
def test_an_export_of_something_else_is_refused(
    exported: str, s3: Any, changed: dict[str, Any], error: type[Exception], words: str
) -> None:
    """Another format, another table, or counts that do not agree with each other."""
    put_manifests(s3, exported, "messages", {data_of(s3, exported): 1}, **changed)

    refused_import(error, words)


def test_an_export_whose_files_are_not_those_it_names_is_refused(exported: str, s3: Any) -> None:
    """ImportTable reads whatever lies there: a part too few would be missing, a part too many be taken for its own."""
    s3.put_object(Bucket=BUCKET, Key=f"{exported}/data/other.json.gz", Body=gzip.compress(b""))
    refused_import(
        Conflict, r"messages/AWSDynamoDB/\S+/: 1 of 2 data files are not of this export, such as 'other.json.gz"
    )
    empty = f"{exported}/data/empty.json.gz"
    put_manifests(s3, exported, "messages", {data_of(s3, exported): 1, f"{exported}/data/other.json.gz": 0, empty: 0})
    refused_import(Conflict, "1 of 3 data files are missing, such as 'empty.json.gz'; nothing was imported")


def test_an_import_that_took_less_than_was_exported_is_told(exported: str, s3: Any) -> None:
    """What the manifest counts and what DynamoDB has imported are compared: exit 7, naming the table."""
    put_manifests(s3, exported, "messages", {data_of(s3, exported): 2})
    other = store_at(None, prefix="other_")
    moved = S3Service(other, sleep=lambda _: None).import_tables(f"s3://{BUCKET}/daily", "admin-1")

    assert [("other_messages", 1, 2)] == [
        (each.table, each.items, each.expected) for each in moved.tables if each.short
    ]
    with pytest.raises(typer.Exit) as ended:
        check_complete(moved)
    assert 7 == ended.value.exit_code


@pytest.mark.parametrize(
    ("items", "errors", "expected", "short"),
    [(5, 0, 5, False), (5, 1, 5, True), (4, 0, 5, True), (6, 0, 5, True), (5, 0, None, False), (None, 0, 5, False)],
)
def test_what_was_imported_is_compared(items: int | None, errors: int, expected: int | None, short: bool) -> None:
    """Errors, and fewer or more items than the export holds; what DynamoDB does not tell is no difference."""
    assert short == S3Table(table="t", uri="s3://b/k", items=items, errors=errors, expected=expected).short


def data_of(s3: Any, directory: str) -> str:
    """Return the key of the first data file of an export."""
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{directory}/data/")["Contents"]
    return min((each["Key"] for each in found if "other" not in each["Key"]), default="")


def test_an_import_needs_new_tables(aws: DynamoDBStore) -> None:
    """DynamoDB imports into new tables only; nothing is started when one of them exists."""
    with pytest.raises(Conflict, match="shop_conversations exists"):
        S3Service(aws).import_tables(f"s3://{BUCKET}/daily", "admin-1")


def test_an_unfinished_export_is_not_imported(aws: DynamoDBStore) -> None:
    """An export without its summary may be incomplete, so it is ignored; the error names the prefix."""
    S3Service(aws).export_tables(f"s3://{BUCKET}/daily")

    with pytest.raises(NotFound, match=f"no finished export below s3://{BUCKET}/daily/conversations/"):
        S3Service(store_at(None, prefix="other_")).import_tables(f"s3://{BUCKET}/daily", "admin-1")


def test_a_missing_bucket_is_an_error(aws: DynamoDBStore) -> None:
    """An export to a missing bucket fails with DynamoDB's reason, an import fails before it starts."""
    with pytest.raises(Unavailable, match=r"the export failed for shop_conversations \(S3NoSuchBucket"):
        S3Service(aws).export_tables("s3://no-such-bucket/daily")
    with pytest.raises(NotFound, match="there is no bucket no-such-bucket"):
        S3Service(store_at(None, prefix="other_")).import_tables("s3://no-such-bucket/daily", "admin-1")


def test_keys_are_listed_with_their_times(s3: Any) -> None:
    """Every object below the prefix is listed with its time, by which the newest export is found."""
    for number in range(3):
        s3.put_object(Bucket=BUCKET, Key=f"a/{number}", Body=b"")
    connection = Connection(Endpoint("eu-west-1"), deadline=1.0, session=session_with_credentials())
    keys = list_keys(connection, BUCKET, "a/")

    assert ["a/0", "a/1", "a/2"] == [key for key, _ in keys]
    assert all(changed > 1_700_000_000 for _, changed in keys)


@pytest.mark.parametrize(
    ("uri", "bucket_and_prefix"),
    [("s3://bucket", ("bucket", "")), ("s3://bucket/", ("bucket", "")), ("s3://my.bucket/a/b/", ("my.bucket", "a/b"))],
)
def test_an_s3_uri_may_have_a_prefix(uri: str, bucket_and_prefix: tuple[str, str]) -> None:
    """Bucket and prefix are read from an S3 URI; the prefix may be missing."""
    assert bucket_and_prefix == parse_uri(uri)


@pytest.mark.parametrize(
    "uri", ["", "bucket", "s3://", "s3://Bucket/a", "s3://bu/", "https://bucket/a", "s3://bucket//a"]
)
def test_a_malformed_s3_uri_is_refused(uri: str) -> None:
    """The error for a malformed S3 URI shows an example of a right one."""
    with pytest.raises(Invalid, match="write s3://bucket or s3://bucket/prefix"):
        parse_uri(uri)


class Exporting:
    """A scripted DynamoDB that exports: all exports are running for some polls, then those in `failing` fail."""

    def __init__(self, polls: int = 3, earliest: int = NOW - 100, **failing: str) -> None:
        self.left = polls * len(TABLES)
        self.earliest = earliest
        self.failing = failing

    def __call__(self, request: Request) -> Reply:
        match request.operation:
            case "DescribeContinuousBackups":
                return self._restorable_period()
            case "DescribeTable":
                name = request.parameters["TableName"]
                return success(Table={"TableArn": f"arn:aws:dynamodb:eu-west-1:1:table/{name}"})
            case "ExportTableToPointInTime":
                arn = request.parameters["TableArn"] + "/export/" + "0" * 20
                return success(ExportDescription={"ExportArn": arn, "ExportStatus": "IN_PROGRESS"})
        return self._state(request.parameters["ExportArn"])

    def _restorable_period(self) -> Reply:
        recovery = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "EarliestRestorableDateTime": self.earliest,
            "LatestRestorableDateTime": NOW,
        }
        status = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
        return success(ContinuousBackupsDescription=status)

    def _state(self, arn: str) -> Reply:
        self.left -= 1
        table = arn.split("/")[1].removeprefix("shop_")
        state = "IN_PROGRESS" if self.left >= 0 else "FAILED" if table in self.failing else "COMPLETED"
        manifest = f"daily/{table}/AWSDynamoDB/01/manifest-summary.json"
        failure = {"FailureCode": self.failing.get(table, ""), "FailureMessage": "because"}
        return success(ExportDescription={"ExportStatus": state, "ExportManifest": manifest, "ItemCount": 7} | failure)


def test_an_export_is_waited_for() -> None:
    """All tables are exported as of the same time; the call returns the manifests' keys once the last is done."""
    time, states = ManualTime(), list[str]()
    with serving(Exporting()) as server, closing(store_at(server.url, time, prefix="shop_")) as store:
        moved = store.s3.export_tables(BUCKET, "daily", states.append)
    started = [r.parameters for r in server.requests if r.operation == "ExportTableToPointInTime"]

    assert [f"daily/{table.name}/AWSDynamoDB/01/manifest-summary.json" for table in TABLES] == [
        each.key for each in moved
    ]
    assert {NOW} == {each["ExportTime"] for each in started}
    assert [f"daily/{table.name}" for table in TABLES] == [each["S3Prefix"] for each in started]
    assert 6 == len({each["ClientToken"] for each in started})
    assert 3 == len(time.pauses)
    assert "the export continues in AWS when this is interrupted" == states[0]
    assert ["export: 0 of 6 tables are done", "export: 6 of 6 tables are done"] == list(dict.fromkeys(states[1:]))


def test_new_tables_are_exported_as_they_are() -> None:
    """Tables that cannot all go back to the same time yet, since they are new, are exported as they are."""
    with serving(Exporting(earliest=NOW + 1)) as server, closing(store_at(server.url, prefix="shop_")) as store:
        store.s3.export_tables(BUCKET, "", ignore_status)
    started = [r.parameters for r in server.requests if r.operation == "ExportTableToPointInTime"]

    assert not [each for each in started if "ExportTime" in each]
    assert [table.name for table in TABLES] == [each["S3Prefix"] for each in started]


def test_every_failed_table_is_named() -> None:
    """The error names every table whose export failed, with DynamoDB's reason, after the others have ended."""
    failing = Exporting(leads="S3AccessDenied", ops="S3NoSuchKey")
    with (
        serving(failing) as server,
        closing(store_at(server.url, prefix="shop_")) as store,
        pytest.raises(Unavailable, match=r"shop_leads \(S3AccessDenied: because\); shop_ops \(S3NoSuchKey: because\)"),
    ):
        store.s3.export_tables(BUCKET, "daily", ignore_status)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("silent", "s3 eu-west-1 did not answer ListObjectsV2: no reply in time"),
        ("refusing", r"s3 eu-west-1 is not S3 \(it answers HTTP 403\)"),
        ("junk", "s3 eu-west-1 did not answer ListObjectsV2: 500"),
    ],
)
def test_an_s3_that_gives_no_answer_is_given_up_and_blamed(
    monkeypatch: pytest.MonkeyPatch, kind: str, words: str
) -> None:
    """Within the time of every request, and DynamoDB is not told to be what is out of reach."""
    with Service(kind) as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", service.url)
        connection = Connection(Endpoint("eu-west-1"), deadline=0.4, session=session_with_credentials())
        with pytest.raises(CommerciveError, match=words):
            list_keys(connection, BUCKET, "daily/")

    assert 1 == len(service.requests)


def test_only_aws_imports_from_s3(real_endpoint: str) -> None:
    """On a compatible server, exports and imports are refused as not supported."""
    with closing(store_at(real_endpoint)) as store:
        with pytest.raises(Invalid, match="this store has an endpoint"):
            store.s3.import_tables(BUCKET, "daily", ignore_status)
        with pytest.raises(Invalid, match="an export to S3 is not supported here"):
            store.s3.export_tables(BUCKET, "daily", ignore_status)


def test_a_denied_export_names_the_missing_permission() -> None:
    """The error for a caller who may not export names the action that is denied."""
    body = json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#AccessDeniedException", "message": "not you"})
    with (
        serving(lambda _: Reply(body.encode(), 400)) as server,
        closing(store_at(server.url)) as store,
        pytest.raises(NotPermitted, match="dynamodb:DescribeContinuousBackups"),
    ):
        store.s3.export_tables(BUCKET, "daily", ignore_status)
