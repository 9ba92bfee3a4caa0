"""Signs requests with the time that the store is known to have: AWS refuses a signature that is minutes off."""

from datetime import UTC, datetime
from typing import Any

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.credentials import ReadOnlyCredentials

from commercive_cli.domain.clock import Clock

_DATE = "X-Amz-Date"


class InStoreTime(SigV4Auth):
    """Signature Version 4 of one request to DynamoDB as of the time that a clock tells."""

    def __init__(self, credentials: ReadOnlyCredentials, region: str, clock: Clock) -> None:
        super().__init__(credentials, "dynamodb", region)
        self._clock = clock
        self._signed: Any = None

    def canonical_request(self, request: Any) -> str:
        """Return what is signed, after putting the time right: botocore has only put its own into the request."""
        now = datetime.fromtimestamp(self._clock() / 1000, UTC).strftime(SIGV4_TIMESTAMP)
        request.context["timestamp"] = request.headers[_DATE] = now
        return super().canonical_request(request)

    def headers_to_sign(self, request: Any) -> Any:
        """Return the headers that are signed, which botocore asks for twice."""
        if self._signed is None:
            self._signed = super().headers_to_sign(request)
        return self._signed
