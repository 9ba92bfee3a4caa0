"""Requests for the actions of another backend that still serves the dashboard: passed on, and its answers back."""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from commercive_cli.api.actions import BY_NAME
from commercive_cli.api.http.breaker import Breaker
from commercive_cli.api.http.cors import METHODS
from commercive_cli.api.http.errors import OutsideUnavailable
from commercive_cli.api.http.events import HTTPRequest, Reply, TooLarge
from commercive_cli.api.http.outbound import RequestFailed, RequestUnsent, Response, SendRequest
from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.fallback import FallbackSettings

SECONDS = 3.0
LARGEST_ANSWER = 4 * 1024 * 1024
"""Bytes; in base64 and with its headers it still is below the 6 MB that Lambda carries."""

MARK = "x-commercive-forwarded"
"""The header of a request that was passed on; who gets one back has been named as its own fallback."""

_NAME = re.compile(r"[A-Za-z0-9_./-]{1,64}", re.ASCII)
"""What is written into the log and may not hold anything personal."""

_FEWEST_BYTES = 16
"""Bytes of a body for each list and object in it, on average; to build more of them only for the action is too much."""

_QUERY = re.compile("[!-~]*")
_GONE = (502, 503, 504)
"""Statuses with which a gateway says that nobody answered behind it."""


@dataclass(frozen=True)
class Forwarding:
    """A request to pass on: the action that it names, and the configured beginning of it."""

    action: str
    prefix: str


@dataclass(frozen=True)
class Fallback:
    """Passes on what another backend serves: method, query string, content type and body, nothing else.

    No access token travels: neither the caller's, which opens this API, nor a secret of ours. `send` gives up after
    three seconds, and returns more than LARGEST_ANSWER bytes of an answer that is too large.
    """

    settings: FallbackSettings
    breaker: Breaker
    send: SendRequest

    def forwarding(self, request: HTTPRequest) -> Forwarding | None:
        """Return what to pass on, or None for a request that is ours to answer."""
        name = _named_action(request) if request.method in METHODS and request.header(MARK) is None else None
        if not isinstance(name, str) or name in BY_NAME or not _NAME.fullmatch(name):
            return None
        return next((Forwarding(name, prefix) for prefix in self.settings.prefixes if name.startswith(prefix)), None)

    def forward(self, request: HTTPRequest) -> Reply:
        """Pass a request on and return the answer with its status, content type and body.

        Raises Invalid for what cannot be sent, TooLarge for an answer beyond 4 MB and OutsideUnavailable.
        """
        url, headers, body = self._url(request), _headers(request), request.raw_body()
        self.breaker.check()
        try:
            answered = self.send(request.method, url, headers, body)
        except RequestUnsent as failed:
            self.breaker.failed()
            raise OutsideUnavailable("the backend of this action cannot be reached; nothing was done") from failed
        except RequestFailed as failed:
            self.breaker.failed()
            raise OutsideUnavailable(
                "the backend of this action did not answer in time; whether it did what was asked is not known"
            ) from failed
        if answered.status in _GONE:
            self.breaker.failed()
        else:
            self.breaker.succeeded()
        return _reply(answered)

    def _url(self, request: HTTPRequest) -> str:
        if not _QUERY.fullmatch(request.raw_query):
            raise Invalid("the query string holds characters that must be percent-encoded")
        return self.settings.url + (f"?{request.raw_query}" if request.raw_query else "")


def _named_action(request: HTTPRequest) -> Any:
    """Return the action that a request names in its query string or in a JSON body, however odd the rest of it is."""
    try:
        in_query = parse_qs(request.raw_query).get("action")
        if in_query:
            return in_query[0] if len(in_query) == 1 else None
        body = _loosely_read(request.raw_body()) if request.method == "POST" else None
    except (ValueError, RecursionError, Invalid):
        return None
    return body.get("action") if isinstance(body, dict) else None


def _loosely_read(body: bytes) -> Any:
    """Return what a body holds, its numbers as text: nobody asks for them, and to read long ones takes long."""
    if body.count(b"[") + body.count(b"{") > len(body) / _FEWEST_BYTES + 1:
        return None
    return json.loads(body, parse_int=str, parse_float=str)


def _headers(request: HTTPRequest) -> dict[str, str]:
    content_type = request.header("content-type")
    if content_type is None:
        return {MARK: "1"}
    if not content_type.isascii() or not content_type.isprintable():
        raise Invalid("the content type holds characters that a header cannot carry")
    return {MARK: "1", "content-type": content_type}


def _reply(answered: Response) -> Reply:
    if len(answered.body) > LARGEST_ANSWER:
        raise TooLarge(f"the answer of the backend of this action exceeds {LARGEST_ANSWER >> 20} MB")
    content_type = " ".join(answered.headers.get("content-type", "application/octet-stream").split())
    body = base64.b64encode(answered.body).decode()
    return Reply(answered.status, body, {"content-type": content_type}, encoded=True)
