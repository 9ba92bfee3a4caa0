"""Signs requests with the time that the store is known to have: AWS refuses a signature that is minutes off."""

from datetime import UTC, datetime
from typing import Any

from botocore.auth import AUTH_TYPE_MAPS, SIGV4_TIMESTAMP, SigV4Auth
from botocore.client import BaseClient

from commercive_cli.domain.clock import Clock

_USUAL, _IN_TIME = "v4", "v4-in-store-time"
_CLOCK, _DATE = "clock", "X-Amz-Date"


class _InStoreTime(SigV4Auth):
    """Signature Version 4 as of the time that the clock in a request's context tells."""

    def canonical_request(self, request: Any) -> str:
        """Return what is signed, after putting the time right: botocore has only put its own into the request."""
        now = datetime.fromtimestamp(request.context[_CLOCK]() / 1000, UTC).strftime(SIGV4_TIMESTAMP)
        request.context["timestamp"] = now
        del request.headers[_DATE]
        request.headers[_DATE] = now
        return super().canonical_request(request)


AUTH_TYPE_MAPS[_IN_TIME] = _InStoreTime


def sign_by(client: BaseClient, clock: Clock) -> None:
    """Let a client sign with the time that a clock tells."""

    def chosen(signature_version: str, context: dict[str, Any], **_: Any) -> str | None:
        context[_CLOCK] = clock
        return _IN_TIME if signature_version == _USUAL else None

    events: Any = client.meta.events  # whose declared type says that no event takes an answer
    events.register("choose-signer", chosen)
