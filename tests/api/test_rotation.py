"""Secrets from AWS Secrets Manager: read beside the function, changed while it runs, and missed for a while."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from commercive_cli.api.factory import create_application
from commercive_cli.api.http.local_events import action_event
from commercive_cli.api.rotation import RotatingApplication
from commercive_cli.api.secrets_extension import secret_reader
from commercive_cli.api.telemetry import Telemetry
from commercive_cli.settings.api import load_api
from commercive_cli.settings.secret_values import with_secrets
from tests.api.extension import SECRET_ID, Extension, extension
from tests.api.test_seed_requests import begin
from tests.api.world import Client, World

FIRST, SECOND = "first-" + "1" * 40, "second-" + "2" * 40
KEY = "k" * 64
SETTINGS = {"COMMERCIVE_SUPABASE_URL": "https://project.supabase.co"}
HOUR = 3_600


@pytest.fixture
def secrets() -> Iterator[Extension]:
    with extension(COMMERCIVE_ADDRESS_KEY=KEY, COMMERCIVE_ANSWER_TOKEN=FIRST) as served:
        yield served


@pytest.fixture
def client(world: World, secrets: Extension) -> Client:
    log = io.StringIO()
    environ, telemetry = SETTINGS | secrets.variables(), Telemetry(log, service=f"test-{uuid4()}")

    def make(document: str) -> Any:
        return create_application(
            load_api(with_secrets(environ, document)), world.services, telemetry, clock=world.clock, send=world.outside
        )

    return Client(RotatingApplication(secret_reader(environ, SECRET_ID), make, telemetry, world.clock), log)


def answers(world: World, client: Client, token: str) -> int:
    """Return the status of an automatic answer with this token."""
    name = begin(world.open())
    [message] = world.open().get("chat/messages", f"conversation_id={name}").body["messages"]
    return (
        client.as_(token)
        .post("chat/answer", conversation_id=name, message="Hi", if_last=message["message_id"], sender_id="ai")
        .status
    )


def test_the_secrets_are_read_once_a_minute(world: World, client: Client, secrets: Extension) -> None:
    """With the session token, at the first event; not for every event."""
    statuses = [answers(world, client, token) for token in (FIRST, SECOND, FIRST)]
    asked = secrets.asked
    world.clock.advance(58)
    client.get("health")
    soon = secrets.asked
    world.clock.advance(2)
    client.get("health")

    assert ([200, 401, 200], 1, 1, 2) == (statuses, asked, soon, secrets.asked)


def test_a_new_value_takes_the_place_of_the_old_one_while_both_count(
    world: World, client: Client, secrets: Extension
) -> None:
    """A minute after it was stored the new one counts; the old one for as long as it is the second."""
    rotation: tuple[dict[str, str], ...] = ({}, {"COMMERCIVE_ANSWER_TOKEN_2": SECOND}, {"COMMERCIVE_ANSWER_TOKEN": ""})
    statuses = []
    for step in rotation:
        secrets.values |= step
        world.clock.advance(60)
        statuses.append([answers(world, client, token) for token in (FIRST, SECOND)])

    assert [[200, 401], [200, 200], [401, 200]] == statuses


WRONG = {
    "no answer": (500, b"not ready to serve traffic, please wait"),
    "no JSON": (200, b"<html>"),
    "no text": (200, b'{"SecretBinary": "AAAA"}'),
    "no object": (200, json.dumps({"SecretString": KEY}).encode()),
    "a list": (200, json.dumps({"SecretString": "[]"}).encode()),
    "another name": (200, json.dumps({"SecretString": json.dumps({"COMMERCIVE_STORE": KEY})}).encode()),
    "no text for a name": (200, json.dumps({"SecretString": '{"COMMERCIVE_ADDRESS_KEY": 5}'}).encode()),
    "too short a key": (200, json.dumps({"SecretString": '{"COMMERCIVE_ADDRESS_KEY": "a-short-key"}'}).encode()),
}


@pytest.mark.parametrize("broken", WRONG.values(), ids=WRONG)
def test_the_last_good_secrets_count_for_an_hour(
    world: World, client: Client, secrets: Extension, broken: tuple[int, bytes]
) -> None:
    """Whatever is wrong, the log says it without a value, once a minute; then 503 until there are good ones again."""
    client.get("health")
    secrets.broken = broken
    world.clock.advance(HOUR - 1)
    late = [answers(world, client, FIRST), answers(world, client, FIRST)]
    asked = secrets.asked
    world.clock.advance(1)
    refused = client.get("health")
    secrets.broken = None
    world.clock.advance(2)

    assert ([200, 200], 2, 503, "unavailable") == (late, asked, refused.status, refused.code)
    assert "the secrets of this service cannot be read now; nothing was done" in refused.body["error"]
    assert {"retry-after", "x-request-id"} <= refused.headers.keys()
    assert [200, 200] == [client.get("health").status, answers(world, client, FIRST)]
    assert "secrets_not_read" in client.log.getvalue()
    assert KEY not in client.log.getvalue()
    assert "a-short-key" not in client.log.getvalue()


def test_without_secrets_nobody_is_answered(world: World, client: Client, secrets: Extension) -> None:
    """Not even in a way that needs none, as who may ask is not known; every two seconds they are tried again."""
    secrets.broken = (400, b"")
    statuses = [client.get("health").status for _ in range(3)]
    asked, secrets.broken = secrets.asked, None
    world.clock.advance(2)

    assert ([503] * 3, 1, 200) == (statuses, asked, client.get("health").status)


def test_the_handler_takes_its_secrets_from_there(secrets: Extension, tmp_path: Path) -> None:
    """All that a Lambda is told is where they are: without them it would not start."""
    script = (
        "import json, sys; from commercive_cli.api.handler import handler\n"
        "print(*(handler(json.loads(line), None)['statusCode'] for line in sys.stdin))"
    )
    variables = SETTINGS | secrets.variables() | {"COMMERCIVE_STORE": f"sqlite:///{tmp_path}/store.db"}
    events = [action_event("health", {}), action_event("admin/conversations", {})]

    ran = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script],
        input="\n".join(map(json.dumps, events)),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env=variables | {"HOME": str(tmp_path)},
    )

    assert ("200 401", 1) == (ran.stdout.strip().splitlines()[-1], secrets.asked), ran.stderr
