"""Makes Function URL events as Lambda does, for the local server and `api call` (AWS, "Lambda function URLs")."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from commercive_cli.api.actions import BY_NAME

_TEXT = ("text/", "application/json", "application/javascript", "application/xml")


def http_event(
    method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, source: str
) -> dict[str, Any]:
    """Return the event for an HTTP request; header names are in lower case, a binary body is base64."""
    text = _text(headers.get("content-type", ""), body)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": dict(headers),
        "requestContext": {
            "requestId": str(uuid4()),
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source,
                "userAgent": headers.get("user-agent", ""),
            },
        },
        "body": base64.b64encode(body).decode() if text is None else text,
        "isBase64Encoded": text is None,
    }


def action_event(action: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event that calls an action with these parameters, by the action's method."""
    known = BY_NAME.get(action)
    if known is None or known.method == "GET":
        given = {"action": action} | {name: _query_text(value) for name, value in values.items()}
        query = urlencode(given, errors="surrogatepass")  # the action then refuses what is no UTF-8, as from anybody
        return http_event("GET", "/", query, {}, b"", "127.0.0.1")
    body = json.dumps({**values, "action": action}).encode()
    return http_event("POST", "/", "", {"content-type": "application/json"}, body, "127.0.0.1")


def _text(content_type: str, body: bytes) -> str | None:
    """Return the body as text, or None for a body that Lambda encodes as base64."""
    if body and not content_type.lower().startswith(_TEXT):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _query_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
