"""A cold start of the Lambda: a new Python that imports the handler and answers its first event."""

import json
from pathlib import Path

from commercive_cli.store.schema import CONVERSATIONS
from tests.benchmarks.command_line import FLOOR, query_of
from tests.benchmarks.measuring import Measured, Row, child, in_turns, python
from tests.benchmarks.places import Places, first

FIRST_CALL = """
import json, sys
from commercive_cli.api.handler import handler
reply = handler(json.loads(sys.argv[1]), None)
assert reply["statusCode"] == 200, reply
"""
LIBRARIES = """
ours = sys.stdlib_module_names | {"commercive_cli", "__main__"}
sys.stdout.write(json.dumps([name for name in sys.modules if name.partition(".")[0] not in ours]))
"""


def cold_start(places: Places) -> Measured:
    """Measure it beside a Python that imports the same modules of libraries, and asks once by boto3."""
    environment = places.environment | {
        "AWS_ENDPOINT_URL": places.endpoint,
        "COMMERCIVE_STORE": places.served,
        "COMMERCIVE_API_AUTH": "none",
        "COMMERCIVE_ADDRESS_KEY": "0123456789abcdef" * 4,
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
    }
    names = places.directory / "libraries"
    called = event(places)
    child(python(FIRST_CALL + LIBRARIES, called), environment, names)
    names.write_text(names.read_text().splitlines()[-1])
    floor = python(FLOOR.format("imports"), str(names), query_of(places))
    ours, out = python(FIRST_CALL, called), places.directory / "out"
    return in_turns(
        lambda: child(ours, environment, out), lambda: child(floor, environment, out), 2 * places.turns, _count(names)
    )


def event(places: Places) -> str:
    """Return a request for a user's conversations, as the Function URL sends it."""
    assert places.served
    user = first(places.items[CONVERSATIONS], status="open")["user_id"]
    return json.dumps(
        {
            "version": "2.0",
            "rawPath": "/",
            "rawQueryString": f"action=chat/conversations&user_id={user}&limit=20",
            "headers": {},
            "requestContext": {"requestId": "1", "http": {"method": "GET", "path": "/", "sourceIp": "198.51.100.7"}},
            "isBase64Encoded": False,
        }
    )


def _count(names: Path) -> str:
    return f"{len(json.loads(names.read_text()))} modules of libraries"


ROWS = [Row("cold start of the handler", "same libraries, one boto3 query", 1.1, cold_start)]
