"""Whether a failed request can be tried again, decided by its type, its code and the reasons of a cancellation.

Source: DynamoDB Developer Guide, "Error handling with DynamoDB", and the API Reference's "Common Errors".
"""

import ssl
from enum import Enum
from typing import Any

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError


class ReplyDamaged(Exception):
    """A reply arrived, but it is incomplete or not from DynamoDB."""


class FailureKind(Enum):
    """Whether a failed request can be tried again."""

    FINAL = "another try would end the same"
    BUSY = "refused for now; nothing was written"
    LOST = "no reply; the request may have been carried out"
    UNSENT = "no connection; nothing was sent"


SENDING_ERRORS = (ClientError, BotoCoreError, ResponseParserError, ReplyDamaged)
"""All errors that a request can raise, apart from bugs."""

_BUSY = {
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
BUSY_REASONS = {"ProvisionedThroughputExceeded", "RequestLimitExceeded", "ThrottlingError", "TransactionConflict"}
REFUSED_REASONS = {"ItemCollectionSizeLimitExceeded", "ValidationError"}
_BROKEN = {"InternalFailure", "InternalServerError", "ServiceUnavailable", "ServiceUnavailableException"}
_TLS_UNUSABLE = {
    "NO_CERTIFICATE_OR_CRL_FOUND",
    "NO_PROTOCOLS_AVAILABLE",
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "UNSUPPORTED_PROTOCOL",
    "WRONG_VERSION_NUMBER",
}
"""OpenSSL's reasons why no connection can ever be made; with any other, one that was made has broken."""
_UNSENT = (aws.EndpointConnectionError, aws.ConnectTimeoutError, aws.ProxyConnectionError)
_LOST = (aws.HTTPClientError, aws.IncompleteReadError, ResponseParserError, ReplyDamaged)


def kind_of(error: Exception) -> FailureKind:
    """Return the kind of an error that a request raised."""
    if isinstance(error, ClientError):
        return _kind_of_response(error)
    if isinstance(error, _UNSENT):
        return FailureKind.UNSENT
    broken = isinstance(error, _LOST) or (isinstance(error, aws.SSLError) and not is_tls_unusable(error))
    return FailureKind.LOST if broken else FailureKind.FINAL


def tls_cause(error: aws.SSLError) -> OSError | None:
    """Return the error of a TLS connection as Python or the operating system raised it."""
    arguments = getattr(error.kwargs.get("error"), "args", ())
    return next((each for each in arguments if isinstance(each, OSError)), None)


def is_tls_unusable(error: aws.SSLError) -> bool:
    """Return whether no TLS connection can be made as things are set up, so that nothing was sent."""
    cause = tls_cause(error)
    if not isinstance(cause, ssl.SSLError):
        return cause is not None  # the file of trusted certificates cannot be read
    return isinstance(cause, ssl.SSLCertVerificationError) or cause.reason in _TLS_UNUSABLE


def code_of(error: Exception) -> str:
    """Return DynamoDB's code for the error, or an empty text."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def reasons_of(error: BaseException | None) -> list[dict[str, Any]]:
    """Return why a transaction was cancelled: a reason for each write, in the order of the writes."""
    # The declared type of botocore's response lacks CancellationReasons.
    response: dict[str, Any] = dict(error.response) if isinstance(error, ClientError) else {}
    return list(response.get("CancellationReasons", []))


def status_of(error: ClientError) -> int:
    """Return the HTTP status of the response, 0 when it has none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _kind_of_response(error: ClientError) -> FailureKind:
    code = code_of(error)
    if code == "TransactionCanceledException":
        codes = {reason.get("Code") for reason in reasons_of(error)}
        final = codes & (REFUSED_REASONS | {"ConditionalCheckFailed"})
        return FailureKind.BUSY if codes & BUSY_REASONS and not final else FailureKind.FINAL
    if code in _BUSY or status_of(error) == 429:
        return FailureKind.BUSY
    return FailureKind.LOST if code in _BROKEN or status_of(error) >= 500 else FailureKind.FINAL
