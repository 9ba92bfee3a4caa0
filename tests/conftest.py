"""What every room of the tests may ask for: a real DynamoDB-compatible server."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

ENDPOINT = "COMMERCIVE_TEST_ENDPOINT"
SERVER = "COMMERCIVE_TEST_SERVER"
REQUIRED = "COMMERCIVE_TEST_REQUIRE_SERVER"
NO_SERVER = (
    f"no real DynamoDB-compatible server: set {ENDPOINT} to its URL, or {SERVER} to the dynoxide binary, "
    "or run `npm install --no-save @dynoxide/linux-x64@1.2.1`"
)
_INSTALLED = Path(__file__).parents[1] / "node_modules/@dynoxide/linux-x64/dynoxide"
_START_TRIES = 3
_CONNECT_POLLS = 500
_POLL_SECONDS = 0.02


@pytest.fixture(scope="session")
def real_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real server, started for this session (and this xdist worker) unless one is given."""
    if given := os.environ.get(ENDPOINT):
        yield given
        return
    binary = _server_binary()
    if binary is None:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(NO_SERVER)
        pytest.skip(NO_SERVER)
    server, port = _started(binary, tmp_path_factory.mktemp("server"))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def free_port() -> int:
    """Return a loopback port that nobody listens on right now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _server_binary() -> str | None:
    if given := os.environ.get(SERVER):
        return given
    return str(_INSTALLED) if _INSTALLED.exists() else shutil.which("dynoxide")


def _started(binary: str, directory: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server; another process may take the free port first, so it is tried more than once."""
    log = directory / "log"
    for _ in range(_START_TRIES):
        port = free_port()
        with log.open("wb") as output:
            server = subprocess.Popen(  # noqa: S603 - the binary is the developer's own choice
                [binary, "serve", "--port", str(port)], stdout=output, stderr=subprocess.STDOUT, cwd=directory
            )
        if _answers(server, port):
            return server, port
        server.kill()
        server.wait(timeout=10)
    pytest.fail(f"{binary} did not start: {log.read_text()[-2000:]}")


def _answers(server: subprocess.Popen[bytes], port: int) -> bool:
    for _ in range(_CONNECT_POLLS):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            try:
                server.wait(timeout=_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            return False
        return server.poll() is None
    return False
