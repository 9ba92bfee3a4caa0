"""Translates the errors of botocore and DynamoDB into this project's errors, which say what to do next."""

import re
import ssl
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from botocore import exceptions as aws
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from commercive_cli.domain.errors import (
    CommerciveError,
    Conflict,
    Invalid,
    Misconfigured,
    NoCredentials,
    NotFound,
    NotPermitted,
    NotTaken,
    Unauthenticated,
    Unavailable,
)
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.secrets import redact
from commercive_cli.engines.dynamodb.endpoint import Endpoint, without_credentials
from commercive_cli.engines.dynamodb.failure_kinds import (
    BUSY_REASONS,
    REFUSED_REASONS,
    FailureKind,
    ReplyDamaged,
    cause_of,
    code_of,
    is_about_time,
    is_tls_unusable,
    is_unsendable,
    kind_of,
    may_be_of_a_proxy,
    reasons_of,
    status_of,
    tls_cause,
    tls_reason,
)
from commercive_cli.store.items import Item, decode_item
from commercive_cli.store.port import ConditionFailed


class MissingTable(Misconfigured):
    """The table does not exist, or not yet; `what` says so without the way out."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; create it with `commercive tables create`")
        self.what = what


class UnknownOperation(Misconfigured):
    """The server does not know the operation, as some compatible servers lack transactions, backups or S3."""


@contextmanager
def supported(what: str) -> Iterator[None]:
    """Raise Invalid, which says that `what` is not supported, when the server does not know an operation."""
    try:
        yield
    except UnknownOperation as error:
        raise Invalid(f"{what} is not supported here: {error.message}") from error


class WriteRefused(Invalid):
    """DynamoDB refused one write of a transaction; `position` is its place."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class TableTooYoung(Unavailable):
    """The table was created too recently for point-in-time recovery; later it will be possible."""


_BAD_CREDENTIALS = {
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
_REFUSES_THE_CALLER = (
    "AccessDenied",
    "AuthFailure",
    "Forbidden",
    "NotAuthorized",
    "OptIn",
    "Subscription",
    "Unauthorized",
)
"""Parts of the codes by which AWS's services refuse an account or a caller, such as KMSAccessDeniedException."""
_INVALID = {"ItemCollectionSizeLimitExceededException", "SerializationException", "ValidationException"}
_BACKUP_ERRORS: dict[str, type[CommerciveError]] = {
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
"""DynamoDB's error codes for backups, restores, exports and imports."""
_CONFIGURATION: dict[type[Exception], str] = {
    aws.ProfileNotFound: "the profile ({profile}) could not be found",
    aws.ConfigNotFound: "the file {path} could not be found",
    aws.ConfigParseError: "the file {path} cannot be parsed",
    aws.PartialCredentialsError: "{cred_var} is missing in {provider}",
    aws.CredentialRetrievalError: "{provider} gave no credentials",
    aws.TokenRetrievalError: "{provider} gave no token",
    aws.UnauthorizedSSOTokenError: "the SSO session has expired",
    aws.SSOError: "nobody is signed in there",
    aws.LoginError: "nobody is signed in there",
    aws.MissingDependencyException: "a library that they need is not installed (`pip install botocore[crt]`)",
    aws.InvalidConfigError: "their settings contradict each other",
    aws.MetadataRetrievalError: "the metadata service gave no answer",
    aws.NoAuthTokenError: "there is no authorization token",
    aws.UnknownCredentialError: "there is no kind of credentials of that name",
}
"""What botocore's errors say, in our words: its own texts may quote anything. Names of files and providers are kept."""

_OF_ANOTHER_TIME = re.compile("(?i:signature (expired|not yet current))|RequestInTheFuture|RequestTimeTooSkewed")
"""What DynamoDB says of a signature that is as good as any other, but for its time; and the codes of other services."""

CREDENTIALS_HELP = "run `aws configure`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"

_WANTS_PASSWORD = HTTPStatus.PROXY_AUTHENTICATION_REQUIRED.value
_PROXY_HELP = "write its user and password before an @ in HTTPS_PROXY or HTTP_PROXY"


def translated(error: Exception, endpoint: Endpoint, operation: str, tables: tuple[str, ...] = ()) -> Exception:
    """Return this project's error for an error of botocore or DynamoDB, also for one that nobody foresaw.

    Where a proxy is on the way and nothing shows that DynamoDB answered, it is named: it may be the proxy's answer.
    """
    told = _translated(error, endpoint, operation, tables)
    proxy = endpoint.proxy() if isinstance(told, CommerciveError) and may_be_of_a_proxy(error) else None
    if proxy is not None and isinstance(told, CommerciveError):
        told.message += f"; it was asked through the proxy {filtered(proxy)}, which may be the cause"
    return told


def _translated(error: Exception, endpoint: Endpoint, operation: str, tables: tuple[str, ...]) -> Exception:
    match kind_of(error):
        case FailureKind.UNSENT:
            return _connection_error(error, endpoint)
        case FailureKind.LOST:
            if isinstance(error, aws.ConnectionClosedError) and endpoint.speaks_tls():
                return Misconfigured(f"{endpoint} speaks TLS alone: write https:// in the endpoint")
            return Unavailable(f"{endpoint} did not answer {operation}: {_lost_reply_detail(error)}")
        case FailureKind.BUSY:
            return NotTaken(f"{endpoint} is throttled or contended ({_busy_detail(error)}); try again in a moment")
    if isinstance(error, ClientError):
        return _refused_request(error, endpoint, tables)
    return configuration_error(error, endpoint) or Misconfigured(
        f"AWS's library cannot send {operation} to {endpoint} ({type(error).__name__}); check AWS's own configuration"
    )


def _refused_request(error: ClientError, endpoint: Endpoint, tables: tuple[str, ...]) -> Exception:
    code, text = code_of(error), _server_text(error)
    if code == "TransactionCanceledException":
        return _cancelled_transaction(error, endpoint)
    if code in _INVALID:
        return Invalid(f"DynamoDB refused the request: {text}")
    if is_about_time(error) and _OF_ANOTHER_TIME.search(f"{code} {text}"):
        return Misconfigured(f"{endpoint} refused the request as one of another time: {text}; set this machine's clock")
    if code in _BAD_CREDENTIALS:
        return Unauthenticated(f"{endpoint} does not accept these credentials ({code}); {CREDENTIALS_HELP}")
    if code in _DENIED:
        return NotPermitted(f"access denied for {_denied_action(error, text, endpoint)} on {endpoint}: {text}")
    return _table_error(error, code, text, endpoint, tables) or _unforeseen(error, code, text, endpoint)


def _unforeseen(error: ClientError, code: str, text: str, endpoint: Endpoint) -> CommerciveError:
    """Return the error for a code that is not listed: nothing was done, and the same again would end the same."""
    told = f"{endpoint} refused {error.operation_name} ({filtered(code)}): {text}"
    denied = status_of(error) in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    return NotPermitted(told) if denied or any(map(code.__contains__, _REFUSES_THE_CALLER)) else Misconfigured(told)


def _table_error(
    error: ClientError, code: str, text: str, endpoint: Endpoint, tables: tuple[str, ...]
) -> CommerciveError | None:
    name = " or ".join(tables) or "(unnamed)"
    match code:
        case "ResourceNotFoundException" | "TableNotFoundException":
            return MissingTable(f"table {name} does not exist in {endpoint}")
        case "ResourceInUseException":
            return Conflict(f"table {name} exists already in {endpoint}, or is being changed: {text}")
        case "ContinuousBackupsUnavailableException":
            return TableTooYoung(f"table {name} is too young for point-in-time recovery: {text}")
        case "UnknownOperationException":
            return UnknownOperation(f"{error.operation_name} is not supported by {endpoint}")
    if code in _BACKUP_ERRORS:
        return _BACKUP_ERRORS[code](f"DynamoDB refused {error.operation_name}: {text}")
    if status_of(error) == _WANTS_PASSWORD:
        return Misconfigured(f"a proxy on the way to {endpoint} refuses (HTTP {_WANTS_PASSWORD}); {_PROXY_HELP}")
    if code.isdecimal() or not code:
        return Misconfigured(
            f"{endpoint} is not {endpoint.service} (it answers HTTP {status_of(error)}); check the endpoint"
        )
    return None


def _cancelled_transaction(error: ClientError, endpoint: Endpoint) -> Exception:
    reasons = reasons_of(error)
    failures = {at: _old_item(each) for at, each in enumerate(reasons) if each.get("Code") == "ConditionalCheckFailed"}
    if failures:
        return ConditionFailed(failures)
    refused = {at: each for at, each in enumerate(reasons) if each.get("Code") in REFUSED_REASONS}
    if not refused:
        codes = sorted({str(each.get("Code")) for each in reasons} - {"None"})
        return Misconfigured(
            f"{endpoint} cancelled a transaction: {filtered(', '.join(codes)) or 'it does not say why'}"
        )
    first, reason = next(iter(refused.items()))
    return WriteRefused(f"DynamoDB refused the transaction: {filtered(reason.get('Message', ''))}", first)


def _connection_error(error: Exception, endpoint: Endpoint) -> CommerciveError:
    unknown = endpoint.unknown_region() if endpoint.url is None else None
    detail = _connection_detail(error)
    if _refusal_of_proxy(error) == str(_WANTS_PASSWORD):
        return Misconfigured(f"cannot connect to {endpoint}: {detail}; {_PROXY_HELP}")
    return unknown or NotTaken(f"cannot connect to {endpoint}: {detail}; check the network and the endpoint")


def configuration_error(error: Exception, endpoint: Endpoint) -> CommerciveError | None:
    """Return this project's error for an error of credentials or AWS's configuration, or None for an unknown one."""
    match error:
        case aws.NoCredentialsError():
            local = " (for a local server any value will do)" if endpoint.url else ""
            return NoCredentials(f"no AWS credentials found for {endpoint}: {CREDENTIALS_HELP}{local}")
        case aws.InvalidRegionError() | aws.NoRegionError():
            return endpoint.unknown_region() or Invalid("the region must look like eu-west-1", field="region")
        case aws.ParamValidationError():
            return Invalid(f"the request is malformed: {filtered(error)}")
        case aws.SSLError():
            detail = f"no trusted TLS connection to {endpoint}: {_tls_detail(error)}"
            return Misconfigured(detail) if is_tls_unusable(error) else NotTaken(detail)
    if is_unsendable(error):
        return Misconfigured(
            f"nothing was sent to {endpoint}: the credentials, the endpoint or the proxy of the AWS configuration hold "
            "a character that HTTP cannot carry, such as a line end; set them again without it"
        )
    words = configuration_words(error)
    if words is None:
        return None
    return NoCredentials(f"the AWS credentials or configuration cannot be used: {words}; {CREDENTIALS_HELP}")


def configuration_words(error: Exception) -> str | None:
    """Return what is wrong with the credentials or AWS's configuration, None for an error that is about neither."""
    words = next((words for kind, words in _CONFIGURATION.items() if isinstance(error, kind)), None)
    places = {name: redact(shortened(value)) for name, value in getattr(error, "kwargs", {}).items()}
    return words and words.format_map(defaultdict(lambda: "?", places))


def refusal_words(error: ClientError) -> str:
    """Return the code and text with which a service of AWS refused a request."""
    return f"it refused ({filtered(code_of(error))}): {_server_text(error)}"


def failed_exchange(error: Exception) -> str:
    """Return how a request to a service of AWS failed that brought no answer of it."""
    if isinstance(error, aws.SSLError):
        return f"no trusted TLS connection: {_tls_detail(error)}"
    if kind_of(error) is FailureKind.UNSENT:
        return _connection_detail(error)
    return _lost_reply_detail(error)


def _tls_detail(error: aws.SSLError) -> str:
    cause = tls_cause(error)
    match getattr(cause, "reason", None):
        case _ if not isinstance(cause, ssl.SSLError):
            return f"the file of trusted certificates cannot be read ({cause and cause.strerror}); see AWS_CA_BUNDLE"
        case "NO_CERTIFICATE_OR_CRL_FOUND":
            return "the file of trusted certificates holds none; see AWS_CA_BUNDLE"
        case "WRONG_VERSION_NUMBER":
            return "it does not speak TLS; write http:// in the endpoint"
    words = getattr(cause, "verify_message", None) or tls_reason(error).replace("_", " ").lower()
    return filtered(words or "it failed")


def _connection_detail(error: Exception) -> str:
    match error:
        case aws.ConnectTimeoutError():
            return "no connection in time"
        case aws.ProxyConnectionError():
            return _proxy_detail(error)
    cause = cause_of(error) or error
    return getattr(cause.__cause__, "strerror", None) or "no connection"


def _proxy_detail(error: aws.ProxyConnectionError) -> str:
    proxy = f"the proxy {filtered(without_credentials(str(error.kwargs.get('proxy_url'))))}"
    if status := _refusal_of_proxy(error):
        return f"{proxy} refuses it (HTTP {status})"
    return f"{proxy} cannot be reached"


def _refusal_of_proxy(error: Exception) -> str | None:
    """Return the status with which a proxy refused to connect, which the standard library tells in a text alone."""
    refused = re.search(r"Tunnel connection failed: (\d{3})\b", str(getattr(cause_of(error), "original_error", "")))
    return refused[1] if refused else None


def _lost_reply_detail(error: Exception) -> str:
    match error:
        case ClientError():
            return f"{code_of(error)} {_server_text(error)}".strip()
        case aws.ReadTimeoutError():
            return "no reply in time"
        case aws.ConnectionClosedError():
            return "the connection was closed before the reply"
        case ReplyDamaged():
            return str(error)  # our own words
        case ResponseParserError() | aws.IncompleteReadError():
            return "the reply is not DynamoDB's"
    return "the connection failed before the reply"


def _busy_detail(error: Exception) -> str:
    codes = {str(reason.get("Code")) for reason in reasons_of(error)} & BUSY_REASONS
    return ", ".join(sorted(codes)) or code_of(error)


def _old_item(reason: dict[str, Any]) -> Item | None:
    return decode_item(reason["Item"]) if reason.get("Item") else None


def _denied_action(error: ClientError, text: str, endpoint: Endpoint) -> str:
    named = re.search(r"perform: (\S+)", text)
    return named[1] if named else f"{endpoint.service.lower()}:{error.operation_name}"


def _server_text(error: ClientError) -> str:
    return filtered(error.response.get("Error", {}).get("Message", ""))


def filtered(text: object) -> str:
    """Return the text of a server or library in one line and without secrets."""
    return redact(" ".join(str(text).split()))[:500]
