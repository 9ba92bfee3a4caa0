"""The objects of finished exports in S3: which is the newest of a table, and whether all of it is there."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from commercive_cli.domain.errors import Conflict, NotFound
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.engines.dynamodb.connection import Connection
from commercive_cli.engines.dynamodb.errors import translated
from commercive_cli.engines.dynamodb.failure_kinds import SENDING_ERRORS, code_of
from commercive_cli.store.export_manifests import FILES, SUMMARY, check_count, exported_files, importable
from commercive_cli.store.schema import Table

Keys = list[tuple[str, float]]
"""Keys of S3 objects, with the time of their last change in seconds since the Unix epoch."""


@dataclass(frozen=True)
class FullExport:
    """A finished full export: what the keys of its data files start with, and how many items they hold."""

    data: str
    items: int


def newest_export(connection: Connection, bucket: str, prefix: str, table: Table) -> FullExport:
    """Return the newest finished export of a table below a prefix.

    An export is finished when it has a summary, which DynamoDB writes last. Raises NotFound when there is none, Invalid
    when the newest is no full export in our format, which ImportTable would read as anything, Conflict when it is of
    another table, or its data files are not those that it names: ImportTable reads whatever lies there.
    """
    keys = list_keys(connection, bucket, f"{prefix}/AWSDynamoDB/")
    summaries = [(changed, key) for key, changed in keys if key.endswith(f"/{SUMMARY}")]
    if not summaries:
        raise NotFound(f"there is no finished export below s3://{shortened(bucket)}/{shortened(prefix)}/")
    directory = max(summaries)[1].removesuffix(SUMMARY)
    where = f"s3://{shortened(bucket)}/{directory}"
    summary = importable(where + SUMMARY, read_object(connection, bucket, directory + SUMMARY))
    if not summary.table.endswith(table.name):
        raise Conflict(f"{where} is an export of {quoted(summary.table)}, and none of {table.name}")
    files = list(exported_files(where + FILES, read_object(connection, bucket, directory + FILES)))
    check_count(where + SUMMARY, summary, files)
    data = f"{directory}data/"
    _check_whole(where, {file.key for file in files}, {key for key, _ in keys if key.startswith(data) and key != data})
    return FullExport(data, summary.items)


def _check_whole(where: str, named: set[str], there: set[str]) -> None:
    """Raise Conflict when the data files of an export are not those that it names."""
    for wrong, words in ((named - there, "missing"), (there - named, "not of this export")):
        if wrong:
            count = f"{len(wrong)} of {len(named | there)} data files are {words}"
            raise Conflict(f"{where}: {count}, such as {quoted(min(wrong).rpartition('/')[2])}; nothing was imported")


def list_keys(connection: Connection, bucket: str, prefix: str) -> Keys:
    """Return the keys of a bucket's objects that start with a prefix; raise NotFound when there is no such bucket."""
    with _client(connection, bucket, "ListObjectsV2") as client:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = [each for page in pages for each in page.get("Contents", [])]
    return [(each["Key"], each["LastModified"].timestamp()) for each in found]


def read_object(connection: Connection, bucket: str, key: str) -> str:
    """Return an object's text; what is no UTF-8 is replaced. Raises NotFound when it is gone."""
    with _client(connection, bucket, "GetObject") as client:
        content: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content.decode(errors="replace")


@contextmanager
def _client(connection: Connection, bucket: str, operation: str) -> Iterator[Any]:
    try:
        with closing(connection.s3_client()) as client:
            yield client
    except SENDING_ERRORS as error:
        if code_of(error) == "NoSuchBucket":
            raise NotFound(f"there is no bucket {shortened(bucket)}") from error
        if code_of(error) == "NoSuchKey":
            raise NotFound(f"s3://{shortened(bucket)} holds no object that its listing names; try again") from error
        raise translated(error, replace(connection.endpoint, service="S3"), operation) from error
