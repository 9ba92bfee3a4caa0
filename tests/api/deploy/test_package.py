"""The deployment zip: reproducible, without what Lambda does not need, and complete for every action."""

import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import cache_from_source
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from commercive_cli.api.actions import ACTIONS
from commercive_cli.api.deploy.libraries import libraries_here, needed_libraries
from commercive_cli.api.deploy.package import LEFT_OUT_LIBRARIES, mismatch
from tests.api.http.test_serve import command, environment
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

UNWANTED = {"typer", "rich", "click", "h11", "sqlite3", "boto3"}


class PackagedHandler:
    """The handler of an unpacked zip, in a process that can import only the zip and Lambda's own libraries."""

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


def runtime(directory: Path) -> Path:
    """Return a directory with the libraries of Lambda's runtime."""
    directory.mkdir()
    for library in needed_libraries(LEFT_OUT_LIBRARIES, libraries_here()).values():
        for name in {file.parts[0] for file in library.files or ()} - {"..", "__pycache__"}:
            (directory / name).symlink_to(Path(str(library.locate_file(name))))
    return directory


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
    script = [sys.executable, "-I", "-S", "-c", SCRIPT, str(directory / "code"), str(runtime(directory / "runtime"))]
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


def test_the_same_code_makes_the_same_bytes(package: Path, tmp_path: Path) -> None:
    """A hash tells whether something changed. The command says on stderr what it wrote, and from what."""
    ran = subprocess.run(  # noqa: S603 - our own program
        command("api", "package", "out.zip", "--installed"),
        env=environment("sqlite://"),
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert (0, "") == (ran.returncode, ran.stdout)
    assert ran.stderr.startswith("commercive: out.zip: ")
    assert "versions installed here" in ran.stderr
    assert package.read_bytes() == (tmp_path / "out.zip").read_bytes()


def test_only_what_the_handler_needs_is_in_it(package: Path) -> None:
    """No terminal, no command line, no other engine; and bytecode, so that a cold start need not compile."""
    names = zipfile.ZipFile(package).namelist()

    unwanted = ("typer/", "rich/", "click/", "boto3/", "botocore/", "h11/", "commercive_cli/cli/", "../")
    assert [] == [name for name in names if name.startswith(unwanted) or "sqlite" in name]
    assert cache_from_source("commercive_cli/api/handler.py") in names
    assert package.stat().st_size < 50_000_000, "Lambda takes no larger zip directly"


def test_other_platforms_are_warned() -> None:
    """A warning names compiled libraries that Lambda cannot load, as those of a Mac."""
    assert mismatch("linux", "x86_64") is None
    assert "Lambda needs linux x86_64" in str(mismatch("darwin", "arm64"))
