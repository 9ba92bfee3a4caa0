"""A server that looks at when and with what a request was signed, as DynamoDB does, and tells its own time."""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from tests.engines.dynamodb.doubles import Answer, Reply, Request, carried, refusal

ALLOWED_MS = 5 * 60_000
SECRET = "test"


@dataclass
class Timed:
    """Carries requests to a real server, or gives `reply`, when they are signed by the key and within five minutes.

    `clock` tells the server's time, `lenient` says that it looks at no signature, as compatible servers do; `code` is
    what it calls a signature of another time.
    """

    clock: Callable[[], int]
    endpoint: str = ""
    reply: Reply | None = None
    lenient: bool = False
    code: str = "InvalidSignatureException"
    refused: int = 0

    def __call__(self, request: Request) -> Answer:
        now = self.clock()
        answer = self._answer(request, now)
        return Reply(answer.body, answer.status, {**answer.headers, "Date": http_date(now)})

    def _answer(self, request: Request, now: int) -> Reply:
        late = now - _signed_at(request)
        if not self.lenient and abs(late) > ALLOWED_MS:
            self.refused += 1
            return refusal(self.code, f"Signature {'expired' if late > 0 else 'not yet current'}: {late}")
        if not self.lenient and _signature(request) not in request.headers["Authorization"]:
            return refusal("InvalidSignatureException", "The request signature we calculated does not match")
        return self.reply or carried(self.endpoint, request)


def http_date(now: int) -> str:
    return format_datetime(datetime.fromtimestamp(now // 1000, UTC), usegmt=True)


def _signed_at(request: Request) -> int:
    moment = datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000


def _signature(request: Request) -> str:
    """Return what Signature Version 4 makes of a request ("Create a signed AWS API request", AWS)."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    found = re.search("Credential=[^/]*/([^,]*), SignedHeaders=([^,]*),", headers["authorization"])
    assert found is not None
    scope, signed = found[1], found[2]
    lines = [f"{name}:{' '.join(headers[name].split())}" for name in signed.split(";")]
    body = hashlib.sha256(request.raw).hexdigest()
    canonical = "\n".join(["POST", "/", "", *lines, "", signed, body])
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()
