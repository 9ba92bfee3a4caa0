"""A proxy before a DynamoDB-compatible server that notes what programs ask and what they get."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Exchange:
    """One request that was answered: its operation, its parameters, and the reply."""

    operation: str
    parameters: dict[str, Any]
    reply: bytes
    ok: bool

    @property
    def items(self) -> int:
        """Return how many items the reply holds."""
        reply = json.loads(self.reply)
        found = reply.get("Items", []) + [reply[name] for name in ("Item",) if name in reply]
        return len(found) + sum(map(len, reply.get("Responses", {}).values()))


@dataclass
class Recording:
    """The proxy's URL, and what it has passed on since it was last taken."""

    url: str
    exchanges: list[Exchange] = field(default_factory=list)

    def take(self) -> list[Exchange]:
        """Return the exchanges, and forget them."""
        taken = self.exchanges.copy()
        self.exchanges.clear()
        return taken


@contextmanager
def recording(endpoint: str) -> Iterator[Recording]:
    """Run a proxy to this endpoint in threads of this process."""
    noted: list[Exchange] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            self.upstream = http.client.HTTPConnection(urlsplit(endpoint).netloc)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.upstream.request("POST", self.path, body, dict(self.headers.items()))
            reply = self.upstream.getresponse()
            told = reply.read()
            operation = self.headers["x-amz-target"].rpartition(".")[2]
            noted.append(Exchange(operation, json.loads(body), told, reply.status == 200))
            self.send_response(reply.status)
            for name, value in reply.getheaders():
                if name.lower() not in {"connection", "content-length", "transfer-encoding", "date", "server"}:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def finish(self) -> None:
            self.upstream.close()
            super().finish()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Recording(f"http://127.0.0.1:{server.server_address[1]}", noted)
        finally:
            server.shutdown()
            thread.join()
