"""What went wrong, in this project's words and types: who is told what to do next."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as aws
from botocore.exceptions import ClientError

from commercive_cli.domain.errors import (
    CommerciveError,
    Conflict,
    Invalid,
    Misconfigured,
    NotFound,
    NotPermitted,
    Unauthenticated,
    Unavailable,
)
from commercive_cli.engines.dynamodb.endpoint import Endpoint
from commercive_cli.engines.dynamodb.failure_kinds import (
    BUSY_REASONS,
    REFUSED_REASONS,
    FailureKind,
    code_of,
    kind_of,
    reasons_of,
    status_of,
)
from commercive_cli.store.items import Item, decode_item
from commercive_cli.store.port import ConditionFailed


class MissingTable(Misconfigured):
    """The table is not there, or not yet."""


class UnknownOperation(Misconfigured):
    """The server has no notion of the operation, as compatible servers lack some: transactions, backups, S3."""


@contextmanager
def supported(what: str) -> Iterator[None]:
    """Raise Invalid, which says so, where the server has no notion of `what`."""
    try:
        yield
    except UnknownOperation as error:
        raise Invalid(f"{what} is not supported here: {error.message}") from error


class WriteRefused(Invalid):
    """DynamoDB refused one write of a transaction; `position` is its place."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class NotYet(Unavailable):
    """The table is too young for the operation; later it will be possible."""


_NOBODY = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_REFUSED = {"ItemCollectionSizeLimitExceededException", "SerializationException", "ValidationException"}
_ABOUT_ARCHIVES: dict[str, type[CommerciveError]] = {
    "BackupInUseException": Conflict,
    "BackupNotFoundException": NotFound,
    "ExportConflictException": Conflict,
    "ImportConflictException": Conflict,
    "InvalidExportTimeException": Invalid,
    "InvalidRestoreTimeException": Invalid,
    "PointInTimeRecoveryUnavailableException": Invalid,
    "TableAlreadyExistsException": Conflict,
    "TableInUseException": Conflict,
}
"""Backups, restores, exports and imports have codes of their own."""
_CONFIGURATION = (
    aws.ConfigNotFound,
    aws.ConfigParseError,
    aws.CredentialRetrievalError,
    aws.InvalidConfigError,
    aws.LoginError,
    aws.MetadataRetrievalError,
    aws.MissingDependencyException,
    aws.NoAuthTokenError,
    aws.PartialCredentialsError,
    aws.ProfileNotFound,
    aws.SSOError,
    aws.TokenRetrievalError,
    aws.UnknownCredentialError,
)
_HOW = "run `aws configure`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


def explained(error: Exception, place: Endpoint, operation: str, tables: tuple[str, ...] = ()) -> Exception | None:
    """Return the error to raise instead, or None for one that nobody here knows."""
    match kind_of(error):
        case FailureKind.UNSENT:
            return _unconnected(error, place)
        case FailureKind.LOST:
            return Unavailable(f"{place} did not answer {operation}: {_lost_because(error)}")
        case FailureKind.BUSY:
            return Unavailable(f"{place} is throttled or contended ({_busy_because(error)}); try again in a moment")
    return _refusal(error, place, tables) if isinstance(error, ClientError) else _unsendable(error, place)


def _refusal(error: ClientError, place: Endpoint, tables: tuple[str, ...]) -> Exception | None:
    code, text = code_of(error), _one_line(error.response.get("Error", {}).get("Message", ""))
    if code == "TransactionCanceledException":
        return _cancellation(error)
    if code in _REFUSED:
        return Invalid(f"DynamoDB refused the request: {text}")
    if code in _NOBODY:
        return Unauthenticated(f"{place} does not accept these credentials ({code}: {text}); {_HOW}")
    if code in _DENIED:
        return NotPermitted(f"access denied for {_action(error, text)} on {place}: {text}")
    return _about_table(error, code, text, place, tables)


def _about_table(
    error: ClientError, code: str, text: str, place: Endpoint, tables: tuple[str, ...]
) -> CommerciveError | None:
    name = " or ".join(tables) or "(unnamed)"
    match code:
        case "ResourceNotFoundException" | "TableNotFoundException":
            return MissingTable(f"table {name} does not exist in {place}; create it with `commercive tables create`")
        case "ResourceInUseException":
            return Conflict(f"table {name} exists already in {place}, or is being changed: {text}")
        case "ContinuousBackupsUnavailableException":
            return NotYet(f"table {name} is too young for point-in-time recovery: {text}")
        case "UnknownOperationException":
            return UnknownOperation(f"{error.operation_name} is not supported by {place}")
    if code in _ABOUT_ARCHIVES:
        return _ABOUT_ARCHIVES[code](f"DynamoDB refused {error.operation_name}: {text}")
    if code.isdecimal() or not code:
        return Unavailable(f"{place} did not answer as DynamoDB does (HTTP {status_of(error)}); check the endpoint")
    return None


def _cancellation(error: ClientError) -> Exception | None:
    reasons = reasons_of(error)
    failures = {at: _old_item(each) for at, each in enumerate(reasons) if each.get("Code") == "ConditionalCheckFailed"}
    if failures:
        return ConditionFailed(failures)
    refused = {at: each for at, each in enumerate(reasons) if each.get("Code") in REFUSED_REASONS}
    if not refused:
        return None
    first, reason = next(iter(refused.items()))
    return WriteRefused(f"DynamoDB refused the transaction: {_one_line(reason.get('Message', ''))}", first)


def _unconnected(error: Exception, place: Endpoint) -> CommerciveError:
    unknown = place.unknown_region() if place.endpoint is None else None
    detail = _unconnected_because(error)
    return unknown or Unavailable(f"cannot connect to {place}: {detail}; check the network and the endpoint")


def _unsendable(error: Exception, place: Endpoint) -> CommerciveError | None:
    text = _one_line(error)
    match error:
        case aws.NoCredentialsError():
            local = " (for a local server any value will do)" if place.endpoint else ""
            return Unauthenticated(f"no AWS credentials found for {place}: {_HOW}{local}")
        case aws.InvalidRegionError() | aws.NoRegionError():
            return place.unknown_region() or Invalid(text, field="region")
        case aws.ParamValidationError():
            return Invalid(f"the request is malformed: {text}")
        case aws.SSLError():
            return Unavailable(f"no trusted TLS connection to {place}: {text}")
    if isinstance(error, _CONFIGURATION):
        return Unauthenticated(f"the AWS credentials or configuration cannot be used: {text}; {_HOW}")
    return None


def _unconnected_because(error: Exception) -> str:
    if isinstance(error, aws.ConnectTimeoutError):
        return "no connection in time"
    cause = getattr(error, "kwargs", {}).get("error", error)
    return getattr(cause.__cause__, "strerror", None) or _one_line(cause)


def _lost_because(error: Exception) -> str:
    match error:
        case ClientError():
            return f"{code_of(error)} {_one_line(error.response.get('Error', {}).get('Message', ''))}".strip()
        case aws.ReadTimeoutError():
            return "no reply in time"
        case aws.ConnectionClosedError():
            return "the connection was closed before the reply"
    return _one_line(error)


def _busy_because(error: Exception) -> str:
    codes = {str(reason.get("Code")) for reason in reasons_of(error)} & BUSY_REASONS
    return ", ".join(sorted(codes)) or code_of(error)


def _old_item(reason: dict[str, Any]) -> Item | None:
    return decode_item(reason["Item"]) if reason.get("Item") else None


def _action(error: ClientError, text: str) -> str:
    named = re.search(r"perform: (\S+)", text)
    return named[1] if named else f"dynamodb:{error.operation_name}"


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:500]
