"""What every room of the tests may ask for: a real DynamoDB-compatible server."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run; how long one takes says something of the machine alone.
settings.register_profile(
    "commercive", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("commercive")

ENDPOINT = "COMMERCIVE_TEST_ENDPOINT"
SERVER = "COMMERCIVE_TEST_SERVER"
REQUIRED = "COMMERCIVE_TEST_REQUIRE_SERVER"
NO_SERVER = (
    f"no real DynamoDB-compatible server: set {ENDPOINT} to its URL, or {SERVER} to the dynoxide binary, "
    "or run `npm install --no-save @dynoxide/linux-x64@1.2.1`"
)
_INSTALLED = Path(__file__).parents[1] / "node_modules/@dynoxide/linux-x64/dynoxide"
_PATIENCE = 60
"""Seconds after which a server counts as hanging."""

_POLL_SECONDS = 0.02
_MEMORY = Path("/dev/shm")  # noqa: S108 - each run has a directory of its own there, as in /tmp
_ENOUGH = 1 << 30


def pytest_configure() -> None:
    """Put the files of tests where no disk is waited for, if there is such a place; most of them are small stores."""
    if "TMPDIR" not in os.environ and _is_fit(_MEMORY):
        tempfile.tempdir = str(_MEMORY)


def _is_fit(place: Path) -> bool:
    if not (place.is_dir() and os.access(place, os.W_OK)):
        return False
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize >= _ENOUGH and not found.f_flag & os.ST_NOEXEC


@pytest.fixture(scope="session")
def real_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real server, started for this session (and this xdist worker) unless one is given."""
    if given := os.environ.get(ENDPOINT):
        yield given
        return
    binary = server_binary()
    if binary is None:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(NO_SERVER)
        pytest.skip(NO_SERVER)
    with held_port() as port:
        server = started_server(binary, port, tmp_path_factory.mktemp("server") / "log")
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(_PATIENCE)


@contextmanager
def held_port() -> Iterator[int]:
    """Lend a loopback port on which nobody listens, and which no other program is given in the block.

    A server that is told the port may listen on it nevertheless: as servers do, it lets addresses be used again.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = int(holder.getsockname()[1])
        if sys.platform != "linux":
            holder.close()  # elsewhere no other may have it then
        yield port


def server_binary() -> str | None:
    if given := os.environ.get(SERVER):
        return given
    return str(_INSTALLED) if _INSTALLED.exists() else shutil.which("dynoxide")


def started_server(binary: str, port: int, log: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start the server on a port that is held for it; return when it answers."""
    command = [binary, "serve", "--port", str(port), *options]
    with log.open("ab") as output:
        server = subprocess.Popen(  # noqa: S603 - the binary is the developer's own choice
            command, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent
        )
    for _ in range(round(_PATIENCE / _POLL_SECONDS)):
        try:
            socket.create_connection(("127.0.0.1", port), _PATIENCE).close()
        except OSError:
            try:
                server.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            break
        return server
    server.kill()
    server.wait(_PATIENCE)
    pytest.fail(f"{binary} did not start: {log.read_text()[-2000:]}")
