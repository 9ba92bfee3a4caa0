"""As much of Supabase's REST API as this project uses, over the table `affiliates`, on a loopback port."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

OLD_KEY, NEW_KEY = "service.role.jwt", "sb_secret_0123456789"
TABLE = "/rest/v1/affiliates"
Row = dict[str, Any]


@dataclass
class PostgREST:
    """The rows of `affiliates`, and what was asked of them; without `works` every request fails with 503."""

    url: str = ""
    rows: list[Row] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    works: bool = True

    def add(self, user_id: str | None, affiliate_id: str | None, store_url: str | None = "") -> Row:
        """Add a partner's row, as the dashboard makes it."""
        row = {
            "user_id": user_id,
            "affiliate_id": affiliate_id,
            "form_url": None,
            "store_url": store_url,
            "status": "active",
        }
        self.rows.append(row)
        return row


@contextmanager
def postgrest() -> Iterator[PostgREST]:
    """Serve an empty table."""
    project = PostgREST()

    class Handler(BaseHTTPRequestHandler):
        """Speaks PostgREST's dialect: filters `column=eq.value`, `select`, and how many rows a PATCH changed."""

        def do_GET(self) -> None:
            if self._is_taken():
                columns = parse_qs(urlsplit(self.path).query)["select"][0].split(",")
                found = [{column: row[column] for column in columns} for row in self._matching()]
                self._answer(200, json.dumps(found).encode())

        def do_PATCH(self) -> None:
            changes = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self._is_taken():
                found = self._matching()
                for row in found:
                    row.update(changes)
                self._answer(204, content_range=f"0-{len(found) - 1}/{len(found)}" if found else "*/0")

        def _is_taken(self) -> bool:
            """Return whether a request may go on; the others are answered here."""
            project.asked.append((self.command, self.path))
            known = urlsplit(self.path).path == TABLE
            status = 503 if not project.works else 401 if not self._is_permitted() else 200 if known else 404
            if status != 200:
                self._answer(status)
            return status == 200

        def _matching(self) -> list[Row]:
            query = parse_qs(urlsplit(self.path).query)
            filters = {name: values[0] for name, values in query.items() if name != "select"}
            return [row for row in project.rows if all(_filter_of(row[name]) == told for name, told in filters.items())]

        def _is_permitted(self) -> bool:
            """Keys of the older kind are tokens and stand in both headers; the newer ones are none, and must not."""
            key, token = self.headers["apikey"], self.headers["authorization"]
            return (key, token) in ((OLD_KEY, f"Bearer {OLD_KEY}"), (NEW_KEY, None))

        def _answer(self, status: int, body: bytes = b"", content_range: str = "") -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            if content_range:
                self.send_header("content-range", content_range)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        project.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield project
        finally:
            server.shutdown()
            thread.join()


def _filter_of(value: str | None) -> str:
    return "is.null" if value is None else f"eq.{value}"
