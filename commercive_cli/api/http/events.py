"""Reads Lambda Function URL events (payload format 2.0) strictly, and makes the replies that Lambda expects."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from commercive_cli.domain.encodings import decoded
from commercive_cli.domain.errors import CommerciveError, Invalid

BODY_BYTES = 256 * 1024
_BASE64_CHARACTERS = (BODY_BYTES + 2) // 3 * 4
_FIELDS = 100
_ID = re.compile(r"[!-~]{1,128}")
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
        """Return the request's id, for logs and a header; empty when there is none, or none that a header can carry."""
        found = self._context.get("requestId")
        return found if isinstance(found, str) and _ID.fullmatch(found) else ""

    def header(self, name: str) -> str | None:
        """Return a header by its lower-case name."""
        value = _object(self.event, "headers").get(name)
        return None if value is None else str(value)

    @property
    def raw_query(self) -> str:
        """Return the query string as it came."""
        return str(_member(self.event, "rawQueryString") or "")

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
        body = self._body
        if len(body) > (_BASE64_CHARACTERS if self._is_encoded else BODY_BYTES):
            raise _too_large()
        raw = self.raw_body()
        if len(raw) > BODY_BYTES:
            raise _too_large()
        return decoded(raw, "the body")

    def raw_body(self) -> bytes:
        """Return the bytes of the body, as many as Lambda lets through; raise Invalid when it is no base64."""
        body = self._body
        try:
            return base64.b64decode(body, validate=True) if self._is_encoded else body.encode()
        except UnicodeError:
            raise Invalid("the body is not UTF-8") from None
        except ValueError:
            raise Invalid("the body is not base64") from None

    @property
    def _body(self) -> str:
        body = _member(self.event, "body")
        if body is None:
            return ""
        if not isinstance(body, str):
            raise Invalid("the event's body must be a text, as a Function URL sends it: JSON within JSON")
        return body

    @property
    def _is_encoded(self) -> bool:
        return _member(self.event, "isBase64Encoded") is True

    @property
    def _context(self) -> Mapping[str, Any]:
        return _object(self.event, "requestContext")

    @property
    def _http(self) -> Mapping[str, Any]:
        return _object(self._context, "http")


def _member(event: object, name: str) -> Any:
    """Return what an event, which anybody with access to the function may have made, holds under a name."""
    return event.get(name) if isinstance(event, Mapping) else None


def _object(event: object, name: str) -> Mapping[str, Any]:
    found = _member(event, name)
    return found if isinstance(found, Mapping) else {}


def _too_large() -> TooLarge:
    return TooLarge(f"the body exceeds {BODY_BYTES // 1024} KB")
