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
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
"""DynamoDB's own, and by what names else AWS's services throttle, as botocore lists them."""
_CONTENDED = {"ReplicatedWriteConflictException", "TransactionConflictException", "TransactionInProgressException"}
_THROTTLED_REASONS = {"ProvisionedThroughputExceeded", "RequestLimitExceeded", "ThrottlingError"}
BUSY_REASONS = {*_THROTTLED_REASONS, "TransactionConflict"}
REFUSED_REASONS = {"ItemCollectionSizeLimitExceeded", "ValidationError"}
_BROKEN = {
    "InternalFailure",
    "InternalServerError",
    "OperationAborted",
    "RequestAbortedException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
}
_NUMBERED = {"x-amzn-requestid", "x-amz-request-id"}
"""The headers in which DynamoDB and S3 tell the number of a request."""
_ABOUT_TIME = {
    "AuthFailure",
    "InvalidSignatureException",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
}
"""As AWS's SDK for JavaScript lists them (`CLOCK_SKEW_ERROR_CODES`); botocore corrects no clock, and lists none."""

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
_BROKEN_OFF = ("UNEXPECTED_EOF_WHILE_READING", "BAD_RECORD_MAC", "DECRYPTION_FAILED_OR_BAD_RECORD_MAC")
"""OpenSSL's names for what can go wrong after a request was sent; everything else does before, while TLS begins."""

_LOST = (aws.HTTPClientError, aws.IncompleteReadError, ResponseParserError, ReplyDamaged)


def kind_of(error: Exception) -> FailureKind:
    """Return the kind of an error that a request raised."""
    if isinstance(error, ClientError):
        return _kind_of_response(error)
    if isinstance(error, _UNSENT):
        return FailureKind.UNSENT
    if isinstance(error, aws.SSLError):
        broken = not is_tls_unusable(error) and tls_reason(error) in _BROKEN_OFF
        return FailureKind.LOST if broken else FailureKind.FINAL
    return FailureKind.LOST if isinstance(error, _LOST) and not is_unsendable(error) else FailureKind.FINAL


def may_be_of_a_proxy(error: Exception) -> bool:
    """Return whether a request was sent, and nothing shows that DynamoDB itself, or S3, answered it."""
    if isinstance(error, ClientError):
        metadata: dict[str, Any] = dict(error.response.get("ResponseMetadata", {}))
        return not metadata.get("HTTPHeaders", {}).keys() & _NUMBERED
    return kind_of(error) is FailureKind.LOST


def is_throttled(error: Exception) -> bool:
    """Return whether a request was refused because there were too many, and not because others change the same."""
    if kind_of(error) is not FailureKind.BUSY:
        return False
    reasons = {reason.get("Code") for reason in reasons_of(error)}
    return bool(reasons & _THROTTLED_REASONS) if reasons else code_of(error) not in _CONTENDED


def is_about_time(error: Exception) -> bool:
    """Return whether a request was refused with a code that a wrong clock can be the cause of, among others."""
    return code_of(error) in _ABOUT_TIME


def tls_cause(error: aws.SSLError) -> OSError | None:
    """Return the error of a TLS connection as Python or the operating system raised it."""
    arguments = getattr(error.kwargs.get("error"), "args", ())
    return next((each for each in arguments if isinstance(each, OSError)), None)


def is_tls_unusable(error: aws.SSLError) -> bool:
    """Return whether no TLS connection can be made as things are set up, so that nothing was sent."""
    cause = tls_cause(error)
    if not isinstance(cause, ssl.SSLError):
        return cause is not None  # the file of trusted certificates cannot be read
    return isinstance(cause, ssl.SSLCertVerificationError) or getattr(cause, "reason", None) in _TLS_UNUSABLE


def is_unsendable(error: Exception) -> bool:
    """Return whether a request could not be put into HTTP, as when a header holds a line end; nothing was sent.

    The standard library checks headers, host and path while it puts a request together, and says ValueError. What goes
    wrong later is an error of the connection, of TLS or of the protocol.
    """
    return isinstance(error, aws.HTTPClientError) and isinstance(cause_of(error), ValueError)


def cause_of(error: Exception) -> Any:
    """Return the error of the HTTP client that botocore's error stands for."""
    return getattr(error, "kwargs", {}).get("error")


def tls_reason(error: Exception) -> str:
    """Return OpenSSL's name for what went wrong, or an empty text."""
    inner = next(iter(getattr(cause_of(error), "args", ())), None)
    return str(getattr(inner, "reason", None) or "")


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
