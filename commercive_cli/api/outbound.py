"""Small HTTP calls to other services: two seconds, no redirects, no proxies, https unless it is this machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 2.0
LARGEST_ANSWER = 256 * 1024


class CallFailed(Exception):
    """The other side did not answer in time, or with something that is no answer."""


@dataclass(frozen=True)
class Answered:
    """What the other side said; header names are in lower case."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Call = Callable[[str, str, Mapping[str, str], bytes], Answered]
"""Sends method, URL, headers and body; raises CallFailed."""


def call(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answered:
    """Send one request and return what came back, at most 256 KB of it."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target, body or None, dict(headers))
        response = connection.getresponse()
        return Answered(response.status, response.read(LARGEST_ANSWER), _lower(response.getheaders()))
    except (OSError, HTTPException) as error:
        raise CallFailed(f"{parts.hostname} did not answer: {type(error).__name__}") from error
    finally:
        connection.close()


def _lower(headers: list[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}
