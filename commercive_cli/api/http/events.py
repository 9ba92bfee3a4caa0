"""Reads Lambda Function URL events (payload format 2.0) strictly, and makes the replies that Lambda expects."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from commercive_cli.domain.encodings import decoded
from commercive_cli.domain.errors import CommerciveError, Invalid

BODY_BYTES = 256 * 1024
_BASE64_CHARACTERS = (BODY_BYTES + 2) // 3 * 4
_FIELDS = 100
USUAL_HEADERS = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "vary": "Origin",
    "x-content-type-options": "nosniff",
}
"""The headers of every answer of ours."""


class TooLarge(CommerciveError):
    """The request's body exceeds 256 KB, or the answer exceeds Lambda's limit."""

    code = "too_large"


@dataclass(frozen=True)
class Reply:
    """An HTTP answer: its status, its body and headers beyond the usual.

    The body is JSON text of ours, or what another backend answered, in base64 and `encoded`.
    """

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    encoded: bool = False

    def as_lambda(self) -> dict[str, Any]:
        """Return the reply as Lambda expects it."""
        return {
            "statusCode": self.status,
            "headers": dict(self.headers),
            "body": self.body,
            "isBase64Encoded": self.encoded,
        }


def body_of(reply: Mapping[str, Any]) -> bytes:
    """Return the body of a reply as the client gets it from Lambda."""
    body: str = reply["body"]
    return base64.b64decode(body) if reply.get("isBase64Encoded") else body.encode()


@dataclass(frozen=True)
class HTTPRequest:
    """The HTTP request in an event; query and body are decoded and checked when they are read."""

    event: Mapping[str, Any]

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return str(self._http.get("method", "GET")).upper()

    @property
    def source(self) -> str:
        """Return the IP address from which the connection came."""
        return str(self._http.get("sourceIp", ""))

    @property
    def id(self) -> str:
        """Return the request's id, for logs; empty when there is none."""
        return str(self._context.get("requestId", ""))

    def header(self, name: str) -> str | None:
        """Return a header by its lower-case name."""
        headers: Mapping[str, Any] = self.event.get("headers") or {}
        value = headers.get(name)
        return None if value is None else str(value)

    @property
    def raw_query(self) -> str:
        """Return the query string as it came."""
        return str(self.event.get("rawQueryString") or "")

    def query(self) -> dict[str, str]:
        """Return the parameters of the query string; raise Invalid for a doubled one or bad UTF-8."""
        try:
            pairs = parse_qsl(self.raw_query, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
        except ValueError:
            raise Invalid(f"the query string is not UTF-8, or has more than {_FIELDS} parameters") from None
        parameters = dict(pairs)
        if len(parameters) != len(pairs):
            raise Invalid("a parameter is in the query string twice")
        return parameters

    def body(self) -> str:
        """Return the body's text; raise TooLarge beyond 256 KB, Invalid for bad base64 or UTF-8."""
        body = self.event.get("body") or ""
        if len(body) > (_BASE64_CHARACTERS if self._is_encoded else BODY_BYTES):
            raise _too_large()
        raw = self.raw_body()
        if len(raw) > BODY_BYTES:
            raise _too_large()
        return decoded(raw, "the body")

    def raw_body(self) -> bytes:
        """Return the bytes of the body, as many as Lambda lets through; raise Invalid when it is no base64."""
        body = self.event.get("body") or ""
        try:
            return base64.b64decode(body, validate=True) if self._is_encoded else body.encode()
        except UnicodeError:
            raise Invalid("the body is not UTF-8") from None
        except ValueError:
            raise Invalid("the body is not base64") from None

    @property
    def _is_encoded(self) -> bool:
        return self.event.get("isBase64Encoded") is True

    @property
    def _context(self) -> Mapping[str, Any]:
        context: Mapping[str, Any] = self.event.get("requestContext") or {}
        return context

    @property
    def _http(self) -> Mapping[str, Any]:
        http: Mapping[str, Any] = self._context.get("http") or {}
        return http


def _too_large() -> TooLarge:
    return TooLarge(f"the body exceeds {BODY_BYTES // 1024} KB")
