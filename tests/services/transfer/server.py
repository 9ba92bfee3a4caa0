"""A real DynamoDB-compatible server with its data in a file, which tests can stop and start."""

import os
from pathlib import Path

import pytest

from tests.conftest import NO_SERVER, REQUIRED, server_binary, started_server


class Server:
    """A server that listens on the same loopback port after each restart; the caller holds the port for it."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory = directory
        self._port = port
        self.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the server with its file, and wait until it answers."""
        binary = server_binary()
        if binary is None:
            (pytest.fail if os.environ.get(REQUIRED) == "1" else pytest.skip)(NO_SERVER)
        options = ("--db-path", str(self._directory / "server.db"))
        self._process = started_server(binary, self._port, self._directory / "server.log", *options)

    def kill(self) -> None:
        """Kill the server, as `kill -9` does."""
        self._process.kill()
        self._process.wait(60)

    close = kill
