"""Commands that people type all day, as whole processes, on a file and on a server."""

import json
import shutil
from collections.abc import Callable
from functools import partial

from commercive_cli.store.schema import CONVERSATIONS, LEADS
from tests.benchmarks.measuring import Measured, Row, Skipped, child, in_turns, python
from tests.benchmarks.places import REGION, Places, first

OURS = "import sys; from commercive_cli.__main__ import main; sys.exit(main())"
"""What the script `commercive` does."""
FLOOR = "from tests.benchmarks.floors import {0}; {0}()"
LINES: dict[str, Callable[[Places], list[str]]] = {
    "chat list": lambda _: ["chat", "list"],
    "leads show": lambda places: ["leads", "show", str(places.items[LEADS][0]["lead_id"])],
    "chat show": lambda places: ["chat", "show", _conversation(places), "--tail", "20"],
}


def _conversation(places: Places) -> str:
    return str(first(places.items[CONVERSATIONS], status="open")["conversation_id"])


def on_a_file(line: str, places: Places) -> Measured:
    """Measure a command on SQLite beside a program that prints the same answer without looking."""
    environment = places.environment | {"COMMERCIVE_STORE": places.file}
    ours, out = _ours(line, places), places.directory / "answer"
    child(ours, environment, out)
    constant = python(FLOOR.format("constant"), "chat", "show", str(out), "-o", "json")
    other = places.directory / "other"
    return in_turns(
        lambda: child(ours, environment, other), lambda: child(constant, environment, other), 2 * places.turns
    )


def on_the_server(line: str, places: Places) -> Measured:
    """Measure a command on the server beside a program that sends one query by a boto3 client."""
    floor = python(FLOOR.format("query"), "chat", "show", query_of(places), "-o", "json")
    return _beside(line, floor, places)


def beside_the_aws_cli(places: Places) -> Measured:
    """Measure `chat list` on the server beside the AWS CLI with the same query."""
    aws = shutil.which("aws")
    if aws is None:
        raise Skipped("the AWS CLI is not installed (`pip install awscli`)")
    query = [aws, "dynamodb", "query", "--endpoint-url", places.endpoint, "--cli-input-json", query_of(places)]
    return _beside("chat list", query, places)


def query_of(places: Places) -> str:
    """Return a query for the newest 20 open conversations, as boto3 takes it."""
    assert places.served
    return json.dumps(
        {
            "TableName": f"cli_{CONVERSATIONS.name}",
            "IndexName": CONVERSATIONS.index("ConversationStatusIndex").name,
            "KeyConditionExpression": "#s = :s",
            "ExpressionAttributeNames": {"#s": "status"},
            "ExpressionAttributeValues": {":s": {"S": "open"}},
            "ScanIndexForward": False,
            "Limit": 20,
        }
    )


def _beside(line: str, floor: list[str], places: Places) -> Measured:
    environment = places.environment | {"COMMERCIVE_STORE": places.served, "AWS_ENDPOINT_URL": places.endpoint}
    ours, out = _ours(line, places), places.directory / "out"
    return in_turns(lambda: child(ours, environment, out), lambda: child(floor, environment, out), 2 * places.turns)


def _ours(line: str, places: Places) -> list[str]:
    return python(OURS, *LINES[line](places), "-o", "json")


ROWS = [
    *(Row(f"{line} on SQLite", "Typer, a constant", 1.2, partial(on_a_file, line)) for line in LINES),
    *(Row(f"{line} on the server", "Typer, one boto3 query", 1.0, partial(on_the_server, line)) for line in LINES),
    Row("chat list beside aws", f"aws dynamodb query ({REGION})", 0.85, beside_the_aws_cli),
]
