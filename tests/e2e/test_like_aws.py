"""The program on a server that behaves as AWS does: lag, throttling, indexes that are filled, backups as on DynamoDB.

A compatible server shows everything at once and takes any load, so what AWS does to its callers stands in front of one.
All data, conditions and indexes are the server's own. Here AWS's clock runs fifty times as fast as the program's.
"""

import json
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.store.schema import CONVERSATIONS, TABLES
from commercive_cli.store.table_changes import DropIndex
from tests.cli.process import on_terminal
from tests.e2e.conftest import Program, Start
from tests.e2e.test_throttled import PROMPTLY, seen_until
from tests.engines.dynamodb.doubles import Answer, Reply, Request, carried, refusal, serving, success
from tests.engines.dynamodb.lagging import Answers, Lagging, beside
from tests.engines.dynamodb.throttled import ThrottledServer
from tests.services.raw_data import everything
from tests.services.transfer.stores import connected, exported, filled, sqlite_store

FASTER = 50
LAG = 5.0
WRITES = 500
THROTTLED_AT_LEAST = 3
STATUS = CONVERSATIONS.index("ConversationStatusIndex")


def aws_seconds() -> float:
    return time.monotonic() * FASTER


class Backfilling:
    """Calls an index CREATING for twice `LAG` seconds after it was made, and refuses to query it until then.

    However slow the program is just now, it is told so a few times.
    """

    def __init__(self, behind: Answers, now: Callable[[], float]) -> None:
        self._behind = behind
        self._now = now
        self._ready: dict[tuple[str, str], float] = {}
        self._to_tell: Counter[tuple[str, str]] = Counter()

    def __call__(self, request: Request) -> Answer:
        table, index = request.parameters.get("TableName", ""), request.parameters.get("IndexName", "")
        if self._now() < self._ready.get((table, index), 0.0):
            return refusal("ValidationException", f"Cannot read from backfilling global secondary index: {index}")
        if self._fills(table) and request.operation == "UpdateTable":
            return refusal("ResourceInUseException", "Attempt to change a resource which is still in use")
        answer = self._behind(request)
        for update in request.parameters.get("GlobalSecondaryIndexUpdates", []):
            if "Create" in update:
                made = table, update["Create"]["IndexName"]
                self._ready[made], self._to_tell[made] = self._now() + 2 * LAG, 3
        return self._as_filled(answer, table) if request.operation == "DescribeTable" else answer

    def _fills(self, table: str) -> set[str]:
        return {
            index
            for (of, index), ready in self._ready.items()
            if of == table and (self._now() < ready or self._to_tell[of, index] > 0)
        }

    def _as_filled(self, answer: Answer, table: str) -> Answer:
        filling = self._fills(table)
        if not filling or answer is None:
            return answer
        described = json.loads(answer.body)
        described["Table"]["TableStatus"] = "UPDATING"
        for each in described["Table"]["GlobalSecondaryIndexes"]:
            if each["IndexName"] in filling:
                self._to_tell[table, each["IndexName"]] -= 1
                each |= {"IndexStatus": "CREATING", "Backfilling": True}
        return Reply(json.dumps(described).encode())


class Archive:
    """Keeps backups of tables, and restores one as DynamoDB does: with items, key and indexes, and nothing else."""

    def __init__(self, behind: Answers, endpoint: str) -> None:
        self._behind = behind
        self._endpoint = endpoint
        self._kept: dict[str, tuple[dict[str, Any], list[Any], dict[str, Any]]] = {}

    def __call__(self, request: Request) -> Answer:
        match request.operation:
            case "CreateBackup":
                return self._back_up(request, request.parameters["TableName"], request.parameters["BackupName"])
            case "ListBackups":
                return success(BackupSummaries=[summary for _, _, summary in self._kept.values()])
            case "RestoreTableFromBackup":
                return self._restore(request, *self._kept[request.parameters["BackupArn"]][:2])
        return self._behind(request)

    def _back_up(self, request: Request, table: str, name: str) -> Reply:
        described = self._ask(request, "DescribeTable", TableName=table)["Table"]
        items = self._ask(request, "Scan", TableName=table, ConsistentRead=True)["Items"]
        arn = f"arn:aws:dynamodb:eu-west-1:123456789012:table/{table}/backup/{name}"
        summary = {"TableName": table, "BackupName": name, "BackupArn": arn, "BackupStatus": "AVAILABLE"}
        self._kept[arn] = described, items, summary | {"BackupCreationDateTime": time.time(), "BackupSizeBytes": 1}
        return success(BackupDetails=summary)

    def _restore(self, request: Request, described: dict[str, Any], items: list[Any]) -> Reply:
        name = request.parameters["TargetTableName"]
        indexes = [
            {part: each[part] for part in ("IndexName", "KeySchema", "Projection")}
            for each in described.get("GlobalSecondaryIndexes", [])
        ]
        shape = {part: described[part] for part in ("AttributeDefinitions", "KeySchema")}
        shape |= {"GlobalSecondaryIndexes": indexes} if indexes else {}
        self._ask(request, "CreateTable", TableName=name, BillingMode="PAY_PER_REQUEST", **shape)
        for at in range(0, len(items), 25):
            puts = [{"PutRequest": {"Item": item}} for item in items[at : at + 25]]
            self._ask(request, "BatchWriteItem", RequestItems={name: puts})
        return success(TableDescription={"TableName": name, "TableStatus": "CREATING"})

    def _ask(self, request: Request, operation: str, **parameters: Any) -> Any:
        reply = carried(self._endpoint, beside(request, operation, **parameters))
        assert reply.status == 200, reply.body
        return json.loads(reply.body)


class LikeAWS:
    """All of it, in front of a real server."""

    def __init__(self, endpoint: str) -> None:
        self.throttled = ThrottledServer(endpoint, time.monotonic, writes=WRITES, burst=0.25)
        filling = Backfilling(self.throttled, aws_seconds)
        self.lagging = Lagging(Archive(filling, endpoint), aws_seconds, lag=LAG, unknown=LAG)

        self.batches = 0

    def __call__(self, request: Request) -> Answer:
        if request.operation == "BatchWriteItem":
            self.batches += 1
            if self.batches <= THROTTLED_AT_LEAST:  # however slow the program is just now
                self.throttled.drain()
        return self.lagging(request)


@pytest.fixture
def prefixes(real_endpoint: str) -> Iterator[tuple[str, str]]:
    """Yield the prefixes of a store and of its restored copy, and drop the tables of both in the end."""
    pair = (f"e2e-{uuid.uuid4().hex[:8]}_", f"e2e-{uuid.uuid4().hex[:8]}_")
    yield pair
    for prefix in pair:
        with closing(connected(real_endpoint, prefix)) as store:
            for table in TABLES:
                if store.describe_table(table) is not None:
                    store.delete_table(table)


def test_a_store_lives_on_aws(real_endpoint: str, prefixes: tuple[str, str], start: Start, tmp_path: Path) -> None:
    """Create, import, apply, back up, restore and audit go through, each with its exit code and what it waits for."""
    with closing(sqlite_store(tmp_path / "source.db")) as source:
        exported(filled(source), tmp_path / "export")
        held = {name.replace("commercive_", ""): items for name, items in everything(source).items()}
    ours, copy = prefixes
    aws = LikeAWS(real_endpoint)
    with serving(aws) as front, closing(connected(real_endpoint, ours)) as direct:
        program = start(f"dynamodb://eu-west-1?prefix={ours}&endpoint={front.url}")
        restored = start(f"dynamodb://eu-west-1?prefix={copy}&endpoint={front.url}")

        made = program("tables", "create", "-o", "json")
        assert (0, {"created"}) == (made.code, {each["state"] for each in made.json["tables"]}), made.err
        assert (0, []) == ends(program, "tables", "diff")

        code, screen = on_screen(program, "tables", "import", str(tmp_path / "export"))
        assert 0 == code, screen
        assert "items stored" in screen
        assert "throttled, waiting: " + ours in screen
        assert held == {name.replace(ours, ""): items for name, items in everything(direct).items()}

        direct.change_table(CONVERSATIONS, DropIndex(STATUS.name))
        aws.lagging.untag(ours + "leads")
        assert 3 == program("tables", "diff").code
        applied = program("tables", "apply", "--yes", "-o", "json")
        assert 0 == applied.code, applied.err
        assert f"index {STATUS.name} BACKFILLING" in applied.err
        assert ["done", "done"] == [each["outcome"] for each in applied.json["changes"]]
        assert (0, []) == ends(program, "tables", "diff")

        assert 0 == program("tables", "backup", "--name", "before").code
        again = program("tables", "restore", "before", "--to", copy, "--yes", "-o", "json")
        assert 0 == again.code, again.err
        assert "6 of 6 tables are restored" in again.err
        assert {"done"} == {each["outcome"] for each in again.json["applied"]["changes"]}
        assert (0, []) == ends(restored, "tables", "diff")
        assert 0 == restored("tables", "audit").code
        with closing(connected(real_endpoint, copy)) as there:
            assert held == {name.replace(copy, ""): items for name, items in everything(there).items()}
    assert aws.lagging.hidden > 0  # however slow the program is just now
    assert aws.throttled.throttled > 0


def on_screen(program: Program, *line: str) -> tuple[int, str]:
    """Run the program on a terminal; return its exit code and what was to be seen there."""
    seen = bytearray()
    environment = program.environment | {"TERM": "xterm-256color", "COLUMNS": "120"}
    with on_terminal([sys.executable, "-m", "commercive_cli", *line], env=environment) as (process, screen):
        everything = seen_until(None, screen, seen)
        return process.wait(PROMPTLY), everything


def ends(program: Program, *line: str) -> tuple[int, list[Any]]:
    """Return the exit code of a comparison and the differences that it found."""
    ran = program(*line, "-o", "json")
    return ran.code, ran.json["differences"]
