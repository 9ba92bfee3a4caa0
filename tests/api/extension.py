"""The AWS Parameters and Secrets Lambda Extension as its documentation describes it, on a loopback port."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET_ID = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Api+/Secrets-AbCdEf"
SESSION_TOKEN = "the-session-token-of-the-function"


@dataclass
class Extension:
    """Answers with `values`, or with `broken` (a status and a body) in their place; counts who asked."""

    values: dict[str, Any]
    broken: tuple[int, bytes] | None = None
    asked: int = 0
    port: int = 0
    _ids: list[str] = field(default_factory=lambda: [SECRET_ID])

    def answer(self, path: str, token: str | None) -> tuple[int, bytes]:
        self.asked += 1
        parts = urlsplit(path)
        if self.broken is not None:
            return self.broken
        if parts.path != "/secretsmanager/get" or token != SESSION_TOKEN:
            return 401, b"missing or incorrect token"
        if parse_qs(parts.query).get("secretId") != self._ids:
            return 400, b'{"__type":"ResourceNotFoundException"}'
        document = {"ARN": SECRET_ID, "VersionStages": ["AWSCURRENT"], "SecretString": json.dumps(self.values)}
        return 200, json.dumps(document).encode()

    def variables(self) -> dict[str, str]:
        """Return what a function beside it has in its environment."""
        return {
            "COMMERCIVE_SECRETS": SECRET_ID,
            "AWS_SESSION_TOKEN": SESSION_TOKEN,
            "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(self.port),
        }


@contextmanager
def extension(**values: Any) -> Iterator[Extension]:
    """Serve these values."""
    served = Extension(values)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = served.answer(self.path, self.headers["X-Aws-Parameters-Secrets-Token"])
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        served.port = server.server_port
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
