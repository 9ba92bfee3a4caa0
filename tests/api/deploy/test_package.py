"""The deployment zip: reproducible, without what Lambda does not need, and complete for every action."""

import json
import os
import re
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from commercive_cli.api.actions import ACTIONS
from tests.api.requests import REQUESTS, items_of, successes, token_of
from tests.api.world import ISSUER, Client, FakeClock, Issuer
from tests.e2e.stores import server_store

SCRIPT = """
import json, sys
replies, sys.stdout = sys.stdout, sys.stderr
sys.path[:0] = sys.argv[1:]
from commercive_cli.api.handler import handler
for line in sys.stdin:
    reply = handler(json.loads(line), None)
    print(json.dumps([reply, sorted({name.partition(".")[0] for name in sys.modules})]), file=replies, flush=True)
"""
"""Answers one event a line as Lambda would, with the names of the packages that are loaded by then."""

PYTHON = os.environ.get("COMMERCIVE_TEST_PYTHON", sys.executable)
"""The Python of the package's runtime; `.ci/run` names it with the package that it has built."""

UNWANTED = {"typer", "rich", "click", "h11", "sqlite3", "boto3"}


class PackagedHandler:
    """The handler of an unpacked zip, in a process that can import nothing but it and Python itself."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self._process = process
        self._log = log
        self.loaded: set[str] = set()

    def __call__(self, event: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(event), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline() or pytest.fail(self._log.read_text()[-5000:])
        reply: dict[str, Any]
        reply, loaded = json.loads(line)
        self.loaded = set(loaded)
        return reply


@contextmanager
def publishing(document: bytes) -> Iterator[str]:
    """Answer every request on a loopback port with this document."""

    class Publisher(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def issuer(ec_key: ec.EllipticCurvePrivateKey, rsa_key: rsa.RSAPrivateKey) -> Issuer:
    clock = FakeClock()
    clock.now = time.time_ns() // 1_000_000
    return Issuer(clock, ec_key, rsa_key)


@pytest.fixture(scope="module")
def packaged(
    package: Path, tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, real_endpoint: str
) -> Iterator[PackagedHandler]:
    directory = tmp_path_factory.mktemp("packaged")
    zipfile.ZipFile(package).extractall(directory / "code")
    script = [PYTHON, "-I", "-S", "-c", SCRIPT, str(directory / "code")]
    log = directory / "log"
    with server_store(real_endpoint) as store, publishing(json.dumps(issuer.key_set()).encode()) as keys:
        variables = {
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "COMMERCIVE_ADDRESS_KEY": "k" * 32,
            "COMMERCIVE_JWT_ISSUER": ISSUER,
            "COMMERCIVE_JWKS_URL": keys,
            "COMMERCIVE_STORE": f"dynamodb://eu-west-1?prefix={store.prefix}&endpoint={real_endpoint}",
        }
        with (
            log.open("w") as stderr,
            subprocess.Popen(  # noqa: S603 - our own script
                script, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True
            ) as process,
        ):
            yield PackagedHandler(process, log)


@pytest.fixture(scope="module")
def strangers(packaged: PackagedHandler) -> Iterator[Client]:
    """Clients at addresses of their own, none of which meets the rate limit of another."""
    return (Client(packaged, address=f"198.51.100.{number}") for number in count(1))


@pytest.mark.parametrize("action", [action.name for action in ACTIONS])
def test_every_action_answers_from_the_package(
    action: str, packaged: PackagedHandler, strangers: Iterator[Client], issuer: Issuer
) -> None:
    """In mode jwt on a real server: what it imports is in the zip, however late it does; no terminal, no web server."""
    owner, _ = token_of(issuer, "user A")

    for name, caller in successes(action):
        client = next(strangers)
        items = items_of(client.as_(owner), "user-a")
        token, me = token_of(issuer, caller)
        answer = REQUESTS[name](client.as_(token), items, me)
        assert (200, True) == (answer.status, answer.body["success"]), (name, caller, answer.body)
        assert set() == UNWANTED & packaged.loaded


def test_only_what_the_handler_needs_is_in_it(package: Path) -> None:
    """No terminal, no command line, no other engine; and bytecode, so that a cold start need not compile."""
    names = zipfile.ZipFile(package).namelist()

    unwanted = ("typer/", "rich/", "click/", "boto3/", "botocore/data/s3/", "h11/", "commercive_cli/cli/", "../")
    assert [] == [name for name in names if name.startswith(unwanted) or "sqlite" in name]
    assert any(re.match(r"commercive_cli/api/__pycache__/handler\.cpython-\d+\.pyc$", name) for name in names)
    assert package.stat().st_size < 50_000_000, "Lambda takes no larger zip directly"
