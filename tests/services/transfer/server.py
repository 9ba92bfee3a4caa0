"""A real DynamoDB-compatible server with its data in a file, which tests can stop and start."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.conftest import NO_SERVER, REQUIRED, SERVER, free_port

_POLLS = 500
_POLL_SECONDS = 0.02


class Server:
    """A server that listens on the same loopback port after each restart."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = free_port()
        self.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the server with its file, and wait until it answers."""
        command = [_binary(), "serve", "--port", str(self._port), "--db-path", str(self._directory / "server.db")]
        with (self._directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - the developer's own binary
        for _ in range(_POLLS):
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                try:
                    self._process.wait(timeout=_POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
                break
            return
        pytest.fail(f"the server did not start: {(self._directory / 'server.log').read_text()[-500:]}")

    def kill(self) -> None:
        """Kill the server, as `kill -9` does."""
        self._process.kill()
        self._process.wait(timeout=10)

    close = kill


def _binary() -> str:
    installed = Path(__file__).parents[3] / "node_modules/@dynoxide/linux-x64/dynoxide"
    found = os.environ.get(SERVER) or (str(installed) if installed.exists() else shutil.which("dynoxide"))
    if found is None:
        (pytest.fail if os.environ.get(REQUIRED) == "1" else pytest.skip)(NO_SERVER)
    return str(found)
