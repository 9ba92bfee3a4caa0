"""What each code, reason and error means, as AWS's documentation has it: spelled out here, entry by entry."""

import ssl
from typing import Any

import pytest
from botocore import exceptions as aws
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import SSLError

from commercive_cli.domain.errors import (
    Conflict,
    Invalid,
    Misconfigured,
    NotFound,
    NotPermitted,
    NotTaken,
    Unauthenticated,
    Unavailable,
)
from commercive_cli.engines.dynamodb.endpoint import Endpoint
from commercive_cli.engines.dynamodb.errors import TableTooYoung, UnknownOperation, WriteRefused, translated
from commercive_cli.engines.dynamodb.failure_kinds import (
    SENDING_ERRORS,
    FailureKind,
    ReplyDamaged,
    is_about_time,
    is_throttled,
    kind_of,
)

AWS = Endpoint("eu-west-1")

THROTTLED = (
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
)
CONTENDED = ("ReplicatedWriteConflictException", "TransactionConflictException", "TransactionInProgressException")
BROKEN_OFF = (
    "InternalFailure",
    "InternalServerError",
    "OperationAborted",
    "RequestAbortedException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
)
BAD_CREDENTIALS = (
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
)
ABOUT_TIME = (
    "AuthFailure",
    "InvalidSignatureException",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
)
FINAL = {
    **dict.fromkeys(BAD_CREDENTIALS, (Unauthenticated, "dynamodb eu-west-1 does not accept these credentials")),
    **dict.fromkeys(
        ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"), (NotPermitted, "access denied for ")
    ),
    **dict.fromkeys(
        (
            "AuthFailure",
            "ForbiddenException",
            "KMSAccessDeniedException",
            "NotAuthorizedException",
            "OptInRequired",
            "SubscriptionRequiredException",
            "UnauthorizedException",
        ),
        (NotPermitted, "dynamodb eu-west-1 refused "),
    ),
    **dict.fromkeys(
        ("ItemCollectionSizeLimitExceededException", "SerializationException", "ValidationException"),
        (Invalid, "DynamoDB refused the request: because"),
    ),
    "BackupInUseException": (Conflict, "DynamoDB refused PutItem: because"),
    "BackupNotFoundException": (NotFound, "DynamoDB refused PutItem: because"),
    "ExportConflictException": (Conflict, "DynamoDB refused PutItem: because"),
    "ImportConflictException": (Conflict, "DynamoDB refused PutItem: because"),
    "InvalidExportTimeException": (Invalid, "DynamoDB refused PutItem: because"),
    "InvalidRestoreTimeException": (Invalid, "DynamoDB refused PutItem: because"),
    "PointInTimeRecoveryUnavailableException": (Invalid, "DynamoDB refused PutItem: because"),
    "TableAlreadyExistsException": (Conflict, "DynamoDB refused PutItem: because"),
    "TableInUseException": (Conflict, "DynamoDB refused PutItem: because"),
    "ResourceInUseException": (Conflict, "table leads exists already"),
    "ResourceNotFoundException": (Misconfigured, "table leads does not exist"),
    "TableNotFoundException": (Misconfigured, "table leads does not exist"),
    "ContinuousBackupsUnavailableException": (TableTooYoung, "table leads is too young"),
    "UnknownOperationException": (UnknownOperation, "PutItem is not supported"),
}
CONFIGURATION: tuple[tuple[Exception, str], ...] = (
    (aws.ProfileNotFound(profile="x"), r"the profile \(x\) could not be found"),
    (aws.ConfigNotFound(path="x"), "the file x could not be found"),
    (aws.ConfigParseError(path="x"), "the file x cannot be parsed"),
    (aws.PartialCredentialsError(provider="env", cred_var="key"), "key is missing in env"),
    (aws.CredentialRetrievalError(provider="env", error_msg=""), "env gave no credentials"),
    (aws.TokenRetrievalError(provider="sso", error_msg=""), "sso gave no token"),
    (aws.UnauthorizedSSOTokenError(), "the SSO session has expired"),
    (aws.SSOTokenLoadError(error_msg=""), "nobody is signed in there"),
    (aws.LoginError(), "nobody is signed in there"),
    (aws.MissingDependencyException(msg=""), r"pip install botocore\[crt\]"),
    (aws.InvalidConfigError(error_msg=""), "their settings contradict each other"),
    (aws.MetadataRetrievalError(error_msg=""), "the metadata service gave no answer"),
    (aws.NoAuthTokenError(), "there is no authorization token"),
    (aws.UnknownCredentialError(name="x"), "there is no kind of credentials of that name"),
)


def refused(code: str, status: int = 400, reasons: tuple[str, ...] = ()) -> ClientError:
    parts: Any = {"Error": {"Code": code, "Message": "because"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    if reasons:
        parts["CancellationReasons"] = [{"Code": each} for each in reasons]
    return ClientError(parts, "PutItem")


def cancelled(*reasons: str) -> ClientError:
    return refused("TransactionCanceledException", reasons=reasons)


def tls(reason: str) -> aws.SSLError:
    cause = ssl.SSLError(1, reason)
    cause.reason = reason
    return aws.SSLError(endpoint_url="https://x", error=SSLError(cause))


def raised(error: Exception) -> Exception:
    return translated(error, AWS, "PutItem", ("leads",))


@pytest.mark.parametrize("code", [*THROTTLED, *CONTENDED])
def test_what_is_refused_for_now_was_not_done_and_is_tried_again(code: str) -> None:
    """Only where there are too many requests is it worth to send fewer; who contends for an item just tries again."""
    assert (FailureKind.BUSY, NotTaken) == (kind_of(refused(code)), type(raised(refused(code))))
    assert (code in THROTTLED) == is_throttled(refused(code))
    assert FailureKind.BUSY is kind_of(refused("of another service", status=429))


@pytest.mark.parametrize("code", BROKEN_OFF)
def test_what_broke_off_is_tried_again_and_may_have_been_done(code: str) -> None:
    """Whether it was carried out, nobody knows, so the error does not say that it was not."""
    assert (FailureKind.LOST, Unavailable) == (kind_of(refused(code)), type(raised(refused(code))))
    assert FailureKind.LOST is kind_of(refused("of another service", status=500))


@pytest.mark.parametrize("code", FINAL)
def test_a_refusal_that_lasts_says_what_to_do(code: str) -> None:
    """It is not tried again; by its code, whoever reads it learns what to set right."""
    kind, words = FINAL[code]
    error = raised(refused(code))

    assert FailureKind.FINAL is kind_of(refused(code))
    assert (kind, True) == (type(error) if kind is not Misconfigured else Misconfigured, isinstance(error, kind))
    assert str(error).startswith(words)


def test_what_a_wrong_clock_may_have_caused() -> None:
    """These codes are signed again with the server's time, and no others."""
    codes = [*THROTTLED, *CONTENDED, *BROKEN_OFF, *FINAL, "RequestInTheFuture", "RequestTimeTooSkewed"]

    assert sorted(ABOUT_TIME) == sorted({code for code in codes if is_about_time(refused(code))})


@pytest.mark.parametrize(
    "reason", ["ProvisionedThroughputExceeded", "RequestLimitExceeded", "ThrottlingError", "TransactionConflict"]
)
def test_a_transaction_that_was_cancelled_for_now_is_tried_again(reason: str) -> None:
    """One write that met another one, or throttling, cancels all; nothing was written."""
    error = cancelled("None", reason)

    assert (FailureKind.BUSY, reason != "TransactionConflict") == (kind_of(error), is_throttled(error))
    assert reason in str(raised(error))
    assert FailureKind.FINAL is kind_of(cancelled("ConditionalCheckFailed", reason))


@pytest.mark.parametrize("reason", ["ItemCollectionSizeLimitExceeded", "ValidationError"])
def test_a_transaction_with_a_write_that_is_refused_is_not_tried_again(reason: str) -> None:
    """The error says which write it was, whatever befell the others."""
    error = raised(cancelled("TransactionConflict", reason))

    assert FailureKind.FINAL is kind_of(cancelled("TransactionConflict", reason))
    assert isinstance(error, WriteRefused)
    assert 1 == error.position


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("NO_CERTIFICATE_OR_CRL_FOUND", Misconfigured),
        ("NO_PROTOCOLS_AVAILABLE", Misconfigured),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", Misconfigured),
        ("TLSV1_ALERT_PROTOCOL_VERSION", Misconfigured),
        ("UNSUPPORTED_PROTOCOL", Misconfigured),
        ("WRONG_VERSION_NUMBER", Misconfigured),
        ("UNEXPECTED_EOF_WHILE_READING", Unavailable),
        ("BAD_RECORD_MAC", Unavailable),
        ("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", Unavailable),
        ("TLSV1_ALERT_INTERNAL_ERROR", NotTaken),
    ],
)
def test_what_breaks_tls(reason: str, kind: type[Exception]) -> None:
    """What can never connect is for people to set right; what broke later may have been done; the rest was not."""
    error = tls(reason)

    assert kind is type(raised(error))
    assert (FailureKind.LOST if kind is Unavailable else FailureKind.FINAL) is kind_of(error)


@pytest.mark.parametrize(
    "error",
    [
        aws.HTTPClientError(error=OSError("gone")),
        aws.IncompleteReadError(actual_bytes=1, expected_bytes=2),
        ResponseParserError("odd"),
        ReplyDamaged("cut off"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_reply_that_is_lost_or_damaged_may_belong_to_what_was_done(error: Exception) -> None:
    """It is tried again, and the error does not say that nothing was done."""
    assert (FailureKind.LOST, Unavailable) == (kind_of(error), type(raised(error)))
    assert isinstance(error, SENDING_ERRORS)


@pytest.mark.parametrize(("error", "words"), CONFIGURATION, ids=[type(each).__name__ for each, _ in CONFIGURATION])
def test_what_is_wrong_with_the_configuration_is_told_in_our_words(error: Exception, words: str) -> None:
    """Whoever reads it learns which file, profile or provider it is about."""
    with pytest.raises(Unauthenticated, match=words):
        raise raised(error)
