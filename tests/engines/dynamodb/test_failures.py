"""Which error is raised when DynamoDB cannot be reached or refuses a request, and how soon."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from botocore.session import Session
from urllib3.exceptions import SSLError

from commercive_cli.domain.errors import (
    CommerciveError,
    Damaged,
    Invalid,
    Misconfigured,
    NotPermitted,
    NotTaken,
    Unauthenticated,
    Unavailable,
)
from commercive_cli.engines.dynamodb.connection import Connection
from commercive_cli.engines.dynamodb.endpoint import Endpoint
from commercive_cli.engines.dynamodb.errors import translated
from commercive_cli.engines.dynamodb.failure_kinds import FailureKind, kind_of
from commercive_cli.engines.dynamodb.live_source import READS
from commercive_cli.engines.dynamodb.request_sender import RequestSender
from commercive_cli.engines.dynamodb.retries import Timing
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.port import Query
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS
from commercive_cli.store.writes import Put, Update
from tests.engines.dynamodb.credential_sources import Service
from tests.engines.dynamodb.doubles import (
    ManualTime,
    Reply,
    Request,
    cancelled,
    described,
    isolated_session,
    refusal,
    script,
    serving,
    session_with_credentials,
    session_without_credentials,
    store_at,
    success,
)

KEY = {"affiliate_id": "ann"}
FOUND = success(Item={"affiliate_id": {"S": "ann"}})


def refused_by(reply: Reply | None, expected: type[Exception]) -> tuple[str, int]:
    """Return the message of a get's error when the server always replies so, and how often the item was asked for."""
    with serving(script(reply)) as server:
        store = store_at(server.url, prefix="shop_")
        with pytest.raises(expected) as refused:
            store.get(AFFILIATE_STATS, KEY)
        store.close()
        return str(refused.value).replace(server.url, "URL"), server.operations.count("GetItem")


@pytest.mark.parametrize(
    "reply",
    [
        None,
        refusal("ThrottlingException"),
        refusal("ProvisionedThroughputExceededException"),
        refusal("RequestLimitExceeded"),
        refusal("InternalServerError", status=500),
        Reply(b"<html>bad gateway</html>", 502),
        Reply(b'{"Item": {"affiliate_id": {"S": "ann"}}}', whole=False),
        Reply(b"<html>please log in</html>"),
        Reply(b'{"Item": {"affiliate_id": {"S": }}'),
        Reply(b'{"Item": {}}', headers={"x-amz-crc32": "1"}),
    ],
)
def test_temporary_failures_are_tried_again(reply: Reply | None) -> None:
    """After throttling, a server error, or a reply that is lost, truncated, damaged or a proxy's, the read succeeds."""
    time = ManualTime()
    with serving(script(reply, reply, FOUND)) as server:
        store = store_at(server.url, time)
        found = store.get(AFFILIATE_STATS, KEY)
        store.close()

    assert KEY == found
    assert 2 == len(time.pauses)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (refusal("ThrottlingException"), "dynamodb eu-west-1 at URL is throttled or contended (ThrottlingException)"),
        (None, "dynamodb eu-west-1 at URL did not answer GetItem: the connection was closed before the reply"),
        (Reply(b"<html>"), "dynamodb eu-west-1 at URL did not answer GetItem: the reply is not DynamoDB's"),
        (Reply(b"down", 503), "dynamodb eu-west-1 at URL did not answer GetItem: 503 down"),
    ],
)
def test_lasting_failures_end_in_unavailable(reply: Reply | None, expected: str) -> None:
    """After twelve tries the message names the server and the failure; for a read it mentions no unknown outcome."""
    message, requests = refused_by(reply, Unavailable)

    assert message.startswith(expected)
    assert "outcome" not in message
    assert 12 == requests


@pytest.mark.parametrize(
    ("reply", "error", "expected"),
    [
        (
            refusal("ResourceNotFoundException", "Requested resource not found"),
            Misconfigured,
            "table shop_affiliate_stats does not exist in dynamodb eu-west-1 at URL; "
            "create it with `commercive tables create`",
        ),
        (
            refusal("AccessDeniedException", "User: arn:x is not authorized to perform: dynamodb:GetItem on it"),
            NotPermitted,
            "access denied for dynamodb:GetItem on dynamodb eu-west-1 at URL: User: arn:x is not authorized",
        ),
        (refusal("AccessDeniedException", "no"), NotPermitted, "access denied for dynamodb:GetItem"),
        (
            refusal("UnrecognizedClientException", "The security token is invalid."),
            Unauthenticated,
            "dynamodb eu-west-1 at URL does not accept these credentials (UnrecognizedClientException",
        ),
        (refusal("ExpiredTokenException"), Unauthenticated, "dynamodb eu-west-1 at URL does not accept"),
        (refusal("InvalidSignatureException"), Unauthenticated, "dynamodb eu-west-1 at URL does not accept"),
        (refusal("ValidationException", "The key\n is odd"), Invalid, "DynamoDB refused the request: The key is odd"),
        (
            Reply(b"<h1>Not found</h1>", 404),
            Misconfigured,
            "dynamodb eu-west-1 at URL is not DynamoDB (it answers HTTP 404); check the endpoint",
        ),
    ],
)
def test_a_refusal_is_not_tried_again(reply: Reply, error: type[CommerciveError], expected: str) -> None:
    """A request that DynamoDB refuses is sent once; the message is one line and names the cause."""
    message, requests = refused_by(reply, error)

    assert message.startswith(expected)
    assert "\n" not in message
    assert 1 == requests


def test_a_missing_table_among_several_is_named() -> None:
    """DynamoDB does not say which table of a transaction is missing, so the error names all of them."""
    with serving(script(refusal("ResourceNotFoundException"))) as server:
        store = store_at(server.url, prefix="shop_")
        with pytest.raises(Misconfigured, match="table shop_affiliate_stats or shop_leads does not exist"):
            store.transact(
                Update(AFFILIATE_STATS, KEY, add={"total_leads": 1}), Put(LEADS, {"lead_id": "l", "created_at": 1})
            )
        store.close()


def test_a_missing_table_on_a_real_server(real_endpoint: str) -> None:
    """Reads, queries and writes all raise an error that names the missing table."""
    store = store_at(real_endpoint, prefix="never_made_")
    attempts: list[Callable[[], object]] = [
        lambda: store.get(AFFILIATE_STATS, KEY),
        lambda: store.query(Query(AFFILIATE_STATS, "ann")),
        lambda: store.scan(AFFILIATE_STATS),
        lambda: store.transact(Put(AFFILIATE_STATS, KEY)),
        lambda: store.batch_put(AFFILIATE_STATS, [KEY]),
        lambda: store.delete_table(AFFILIATE_STATS),
    ]
    for attempt in attempts:
        with pytest.raises(
            Misconfigured, match="table never_made_affiliate_stats does not exist in dynamodb eu-west-1"
        ):
            attempt()
    store.close()


def test_a_refused_connection_ends_within_half_a_second() -> None:
    """When nothing listens at the endpoint, a write fails within 0.5 s, names the endpoint, and has a known outcome."""
    time = ManualTime()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        store = store_at(f"http://127.0.0.1:{closed.getsockname()[1]}", time)
        with pytest.raises(Unavailable, match="cannot connect to dynamodb eu-west-1 at http://") as refused:
            store.transact(Put(AFFILIATE_STATS, KEY))
        store.close()

    assert time.seconds <= 0.5
    assert "Connection refused" in str(refused.value)
    assert "outcome" not in str(refused.value)


@pytest.mark.parametrize(("scheme", "variable"), [("https", "HTTPS_PROXY"), ("http", "http_proxy")])
def test_a_proxy_that_wants_a_password_is_told(monkeypatch: pytest.MonkeyPatch, scheme: str, variable: str) -> None:
    """It is asked once, and the message says where its password goes, and holds none."""
    with Service("wanting a password") as proxy:
        monkeypatch.setenv(variable, proxy.url.replace("//", "//ann:hunter2hunter2@"))
        store = store_at(f"{scheme}://dynamodb.test")
        with pytest.raises(Misconfigured, match=r"HTTP 407.*write its user and password before an @") as refused:
            store.get(AFFILIATE_STATS, KEY)
        store.close()

    assert "hunter2" not in str(refused.value)


def test_a_proxy_that_refuses_is_not_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the proxy and its answer; another one says that nobody listens where it should be."""
    with Service("refusing") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        store = store_at("https://dynamodb.test")
        with pytest.raises(NotTaken, match=rf"the proxy {proxy.url} refuses it \(HTTP 403\)"):
            store.get(AFFILIATE_STATS, KEY)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(NotTaken, match=r"the proxy http://127\.0\.0\.1:9 cannot be reached"):
        store_at("https://dynamodb.test").get(AFFILIATE_STATS, KEY)


@pytest.mark.parametrize("kind", ["junk", "refusing", "wanting a password"])
def test_a_proxy_that_answers_in_its_own_words_is_named(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Nothing in such an answer is DynamoDB's, so the one who reads of it hears who else may have given it."""
    with Service(kind) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//ann:hunter2hunter2@"))
        with closing(store_at("http://dynamodb.test", ManualTime())) as store, pytest.raises(CommerciveError) as told:
            store.get(AFFILIATE_STATS, KEY)
        expected = f"; it was asked through the proxy {proxy.url}, which may be the cause"

    assert expected in str(told.value)
    assert "hunter2" not in str(told.value)


def test_what_dynamodb_itself_says_is_blamed_on_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answers have the number of the request; and where an address is asked directly, no proxy is named."""
    own = Reply(refusal("AccessDeniedException").body, 400, {"x-amzn-RequestId": "r"})
    with serving(script(own, Reply(b"<html>"))) as server, closing(store_at(server.url, ManualTime())) as direct:
        monkeypatch.setenv("http_proxy", server.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with closing(store_at("http://dynamodb.test")) as store, pytest.raises(NotPermitted) as refused:
            store.get(AFFILIATE_STATS, KEY)
        with pytest.raises(Unavailable) as lost:
            direct.get(AFFILIATE_STATS, KEY)

    assert "proxy" not in f"{refused.value} {lost.value}"


def test_an_address_that_drops_packets_ends_in_unavailable() -> None:
    """An address that drops packets costs one connection timeout: 2 s, or less with a short deadline."""
    with socket.socket() as full, socket.socket() as first:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        first.connect(full.getsockname())  # the backlog is full now: the kernel drops further connections
        store = DynamoDBStore(
            "eu-west-1",
            endpoint=f"http://127.0.0.1:{full.getsockname()[1]}",
            session=session_with_credentials(),
            deadline=0.2,
        )
        with pytest.raises(Unavailable, match="no connection in time; check the network"):
            store.get(AFFILIATE_STATS, KEY)
        store.close()


def test_a_server_that_never_replies_is_given_up() -> None:
    """When no reply comes, the call ends within its deadline."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        store = DynamoDBStore("eu-west-1", endpoint=url, session=session_with_credentials(), deadline=0.2)
        with pytest.raises(Unavailable, match="did not answer GetItem: no reply in time"):
            store.get(AFFILIATE_STATS, KEY)
        store.close()


def test_a_parallel_scan_has_more_time() -> None:
    """A page of a parallel scan may take longer than other calls, since test servers read the whole table for it.

    It is waited for while another call, which began after it, is given up.
    """
    scanning, given_up = threading.Event(), threading.Event()

    def answer(request: Request) -> Reply:
        if request.operation == "DescribeTable":
            return described(AFFILIATE_STATS)
        if request.operation == "Scan":
            scanning.set()
        given_up.wait(60)
        return success(Items=[{"affiliate_id": {"S": "ann"}}])

    with serving(answer) as server, ThreadPoolExecutor(1) as thread:
        store = DynamoDBStore("eu-west-1", endpoint=server.url, session=session_with_credentials(), deadline=3)
        page = thread.submit(store.scan, AFFILIATE_STATS, segment=0, segments=4)
        assert scanning.wait(60)
        with pytest.raises(Unavailable, match="no reply in time"):
            store.get(AFFILIATE_STATS, KEY)
        given_up.set()
        assert [KEY] == page.result().items
        store.close()

    assert 1 == server.operations.count("Scan")


@pytest.mark.parametrize("operation", sorted(READS))
def test_no_outcome_of_a_read_is_unknown(operation: str) -> None:
    """Of whatever is read, a lost reply matters no more: nothing has to be tried with the same key."""
    time = ManualTime()
    with serving(script(None, refusal("ExpiredTokenException"))) as server:
        connection = Connection(Endpoint("eu-west-1", server.url), deadline=5, session=session_with_credentials())
        with closing(connection), pytest.raises(Unauthenticated) as refused:
            RequestSender(connection, Timing(now=time.now, sleep=time.sleep, random=time.random))(operation, {})

    assert ([operation] * 2, False) == (server.operations, refused.value.outcome_unknown)
    assert "outcome" not in str(refused.value)


def test_the_last_error_says_that_an_earlier_try_may_have_worked() -> None:
    """When credentials expire between tries, the message still says that the first try may have worked."""
    with serving(script(None, refusal("ExpiredTokenException"))) as server:
        store = store_at(server.url)
        with pytest.raises(Unauthenticated, match="outcome unknown, retry with the same key") as refused:
            store.transact(Put(AFFILIATE_STATS, KEY))
        store.close()

    assert refused.value.outcome_unknown


def test_the_error_for_missing_credentials_says_how_to_give_some() -> None:
    """Without credentials nothing is sent, and the message names three ways to give them."""
    with serving(script(success())) as server:
        store = store_at(server.url, session=session_without_credentials())
        with pytest.raises(Unauthenticated, match=r"aws configure.*AWS_PROFILE.*AWS_ACCESS_KEY_ID.*any value will do"):
            store.get(AFFILIATE_STATS, KEY)
        store.close()

    assert [] == server.requests


def test_an_unknown_profile_is_unauthenticated() -> None:
    """A profile that is not in AWS's configuration files is an error that names it."""
    store = store_at(None, session=isolated_session(profile="nobody"))
    with pytest.raises(Unauthenticated, match=r"profile \(nobody\) could not be found"):
        store.get(AFFILIATE_STATS, KEY)


def test_a_broken_configuration_file_is_named(tmp_path: Path) -> None:
    """The error for an AWS configuration file that cannot be parsed names the file."""
    broken = tmp_path / "config"
    broken.write_text("[default\n")
    with pytest.raises(Unauthenticated, match=r"cannot be used.*config"):
        store_at(None, session=isolated_session(config_file=str(broken))).get(AFFILIATE_STATS, KEY)


def test_the_metadata_service_is_not_asked() -> None:
    """The instance metadata service, which exists only on EC2, is asked for credentials only with `metadata`."""
    asked = {}
    for metadata in (True, False):
        session = session_with_credentials()
        with serving(script(FOUND)) as server:
            store = store_at(server.url, session=session, metadata=metadata)
            store.get(AFFILIATE_STATS, KEY)
            store.close()
        asked[metadata] = {each.METHOD for each in session.get_component("credential_provider").providers}

    assert {"iam-role"} == asked[True] - asked[False]
    assert {"env", "sso", "container-role"} <= asked[False]


@pytest.mark.parametrize(
    ("region", "endpoint", "message"),
    [
        ("", None, "no AWS region is set"),
        ("eu-west-1", "localhost:8000", "endpoint 'localhost:8000' is not a URL such as http://127.0.0.1:8000"),
        ("eu-west-1", "http://", "endpoint 'http://' is not a URL"),
        ("eu-west-1", "ftp://127.0.0.1", "is not a URL"),
        ("eu-west-1", "http://ann:secret@127.0.0.1:99999", "endpoint 'http://127.0.0.1:99999' is not a URL"),
    ],
)
def test_a_malformed_region_or_endpoint_is_invalid(region: str, endpoint: str | None, message: str) -> None:
    """Region and endpoint are checked before anything is sent; the error does not show secrets in an endpoint."""
    with pytest.raises(Invalid) as refused:
        DynamoDBStore(region, endpoint=endpoint, session=session_with_credentials()).get(AFFILIATE_STATS, KEY)

    assert message in str(refused.value)


def test_an_unknown_region_is_named() -> None:
    """The error for a mistyped region names it, and the nearest one that exists."""
    with pytest.raises(Misconfigured) as refused:
        DynamoDBStore("eu west-1", session=session_with_credentials()).get(AFFILIATE_STATS, KEY)

    assert "'eu west-1' is not an AWS region; did you mean eu-west-1?" == str(refused.value)


def test_the_target_names_region_endpoint_and_prefix() -> None:
    """The target shows people which region, endpoint and prefix they work on, without a password."""
    local = DynamoDBStore("eu-west-1", endpoint="http://ann:secret@127.0.0.1:8000", session=session_with_credentials())
    aws = DynamoDBStore("eu-west-1", prefix="p_", session=session_with_credentials())

    assert "dynamodb eu-west-1 at http://127.0.0.1:8000 prefix commercive_v2_" == local.target
    assert (True, 0) == (local.local, local.index_lag_ms)
    assert "dynamodb eu-west-1 prefix p_" == aws.target
    assert (False, 2000) == (aws.local, aws.index_lag_ms)


@pytest.mark.parametrize("tagged", [{"X": "a"}, {"M": {"x": {"NS": ["a"]}}}])
def test_an_item_that_is_none_is_named(tagged: dict[str, object]) -> None:
    """What no DynamoDB can have sent stops whoever reads it, with table and key."""
    found = {"affiliate_id": {"S": "ann"}, "odd": tagged}
    with serving(script(success(Item=found), success(Items=[found]), success(Items=[found]))) as server:
        store = store_at(server.url)
        reads: list[Callable[[], object]] = [
            lambda: store.get(AFFILIATE_STATS, KEY),
            lambda: store.scan(AFFILIATE_STATS),
            lambda: store.scan_text(AFFILIATE_STATS),
        ]
        for read in reads:
            with pytest.raises(Damaged, match="the stored item ann of affiliate_stats is damaged: "):
                read()
        store.close()


def test_a_credential_that_breaks_later_is_no_unknown_outcome() -> None:
    """A renewed token with a line end: nothing was sent, and the message holds nothing of it."""
    session = session_with_credentials()
    with serving(script(success())) as server:
        store = store_at(server.url, session=session)
        store.batch_put(AFFILIATE_STATS, [])
        store.get(LEADS, {"lead_id": "l", "created_at": 1})
        sent = len(server.requests)
        credentials = session.get_credentials()
        assert credentials is not None
        credentials.token = "made-up-token\n"
        with pytest.raises(Misconfigured, match="nothing was sent") as refused:
            store.transact(Put(AFFILIATE_STATS, KEY))
        store.close()

    assert sent == len(server.requests)
    assert "made-up" not in str(refused.value)
    assert "unknown" not in str(refused.value)


def http_error(error: Exception) -> Exception:
    return aws.HTTPClientError(error=error)


def tls_error(error: Exception) -> Exception:
    return aws.SSLError(endpoint_url="https://x", error=SSLError(error))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (http_error(ValueError("Invalid header value b'secret\\n'")), FailureKind.FINAL),
        (http_error(UnicodeEncodeError("latin-1", "€", 0, 1, "no")), FailureKind.FINAL),
        (http_error(RuntimeError("odd")), FailureKind.LOST),
        (http_error(OSError("gone")), FailureKind.LOST),
        (
            tls_error(ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] no (_ssl.c:1)")),
            FailureKind.FINAL,
        ),
        (aws.ConnectionClosedError(endpoint_url="http://x"), FailureKind.LOST),
        (aws.ReadTimeoutError(endpoint_url="http://x"), FailureKind.LOST),
        (aws.EndpointConnectionError(endpoint_url="http://x"), FailureKind.UNSENT),
        (aws.ProxyConnectionError(proxy_url="http://x"), FailureKind.UNSENT),
        (aws.ConnectTimeoutError(endpoint_url="http://x"), FailureKind.UNSENT),
        (aws.NoCredentialsError(), FailureKind.FINAL),
        (aws.ProfileNotFound(profile="x"), FailureKind.FINAL),
    ],
)
def test_what_was_never_sent_is_told_from_what_may_have_been(error: Exception, kind: FailureKind) -> None:
    """Only what may have reached the server is called unknown."""
    assert kind is kind_of(error)


LIBRARY_ERRORS = [
    http_error(ValueError("Invalid header value b'hunter2hunter2'")),
    http_error(RuntimeError("hunter2hunter2")),
    tls_error(ssl.SSLError(1, "hunter2hunter2")),
    aws.EndpointConnectionError(endpoint_url="http://a:hunter2hunter2@x", error=RuntimeError("hunter2hunter2")),
    aws.ProxyConnectionError(proxy_url="http://a:hunter2hunter2@x", error=RuntimeError("hunter2hunter2")),
    aws.CredentialRetrievalError(provider="custom-process", error_msg="hunter2hunter2"),
    aws.TokenRetrievalError(provider="sso", error_msg="hunter2hunter2"),
    aws.SSOTokenLoadError(error_msg="hunter2hunter2"),
    aws.InvalidConfigError(error_msg="hunter2hunter2"),
    aws.MetadataRetrievalError(error_msg="hunter2hunter2"),
    aws.MissingDependencyException(msg="hunter2hunter2"),
    aws.InvalidRegionError(region_name="hunter2hunter2"),
    ResponseParserError("hunter2hunter2"),
    aws.IncompleteReadError(actual_bytes=1, expected_bytes=2),
]


@pytest.mark.parametrize("error", LIBRARY_ERRORS, ids=[type(each).__name__ for each in LIBRARY_ERRORS])
def test_no_text_of_the_library_is_passed_on(error: Exception) -> None:
    """Its texts quote headers, URLs and what other programs printed; ours say what happened and what to do."""
    told = translated(error, Endpoint("eu-west-1"), "GetItem")

    assert isinstance(told, CommerciveError)
    assert "hunter2" not in told.message


def every_code() -> Iterator[str]:
    """Yield the codes of all errors that botocore knows of DynamoDB, and those that other AWS services share."""
    model = Session().get_service_model("dynamodb")
    for operation in model.operation_names:
        yield from (shape.error_code for shape in model.operation_model(operation).error_shapes)  # type: ignore[attr-defined]
    yield from THROTTLES + TRANSIENT
    yield from ("OptInRequired", "KMSAccessDeniedException", "RequestAbortedException", "SomethingNew", "400", "")


THROTTLES: list[str] = vars(ThrottledRetryableChecker)["_THROTTLED_ERROR_CODES"]
TRANSIENT: list[str] = vars(TransientRetryableChecker)["_TRANSIENT_ERROR_CODES"]


def refused(code: str, status: int = 400) -> ClientError:
    parts: Any = {"Error": {"Code": code, "Message": "because"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(parts, "PutItem")


def test_no_error_of_aws_is_internal() -> None:
    """Whatever code comes, of botocore's own list or a new one, it is an error of ours that names what was refused."""
    told = {code: translated(refused(code), Endpoint("eu-west-1"), "PutItem", ("leads",)) for code in every_code()}

    assert [] == [code for code, error in told.items() if not isinstance(error, CommerciveError)]
    assert all(error.message for error in told.values() if isinstance(error, CommerciveError))


@pytest.mark.parametrize("code", THROTTLES)
def test_throttling_by_any_name_is_waited_out(code: str) -> None:
    """AWS's services have many words for it, and botocore lists them."""
    assert (FailureKind.BUSY, NotTaken) == (
        kind_of(refused(code)),
        type(translated(refused(code), Endpoint("eu-west-1"), "PutItem")),
    )


@pytest.mark.parametrize("code", [*sorted({*TRANSIENT} - {*THROTTLES}), "RequestAbortedException"])
def test_what_was_broken_off_is_tried_again(code: str) -> None:
    """Nobody knows whether it was carried out."""
    assert FailureKind.LOST is kind_of(refused(code))


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("OptInRequired", 400, NotPermitted),
        ("KMSAccessDeniedException", 400, NotPermitted),
        ("AuthFailure", 400, NotPermitted),
        ("SomethingNew", 403, NotPermitted),
        ("SomethingNew", 401, NotPermitted),
        ("SomethingNew", 400, Misconfigured),
        ("IdempotentParameterMismatchException", 400, Misconfigured),
    ],
)
def test_a_code_that_nobody_listed_is_said(code: str, status: int, kind: type[Exception]) -> None:
    """The code is named, with what AWS says; nothing is tried again."""
    reply = refusal(code, "for a good reason", status)
    message, tries = refused_by(reply, kind)

    assert f"refused GetItem ({code}): for a good reason" in message
    assert 1 == tries


def test_a_cancellation_without_a_known_reason_is_said() -> None:
    """A transaction that was cancelled for what nobody listed, or for nothing at all, is an error that says so."""
    for codes, words in ((("None", "DuplicateItem"), "DuplicateItem"), ((), "it does not say why")):
        with serving(script(cancelled(*codes))) as server:
            store = store_at(server.url)
            with closing(store), pytest.raises(Misconfigured, match=words):
                store.transact(Put(AFFILIATE_STATS, KEY))


def library_errors() -> Iterator[BotoCoreError]:
    """Yield one of each kind of error that botocore itself raises."""
    for kind in vars(aws).values():
        if isinstance(kind, type) and issubclass(kind, BotoCoreError) and kind is not aws.WaiterError:
            names = {name.partition(".")[0] for _, name, _, _ in Formatter().parse(kind.fmt) if name}
            yield kind(**dict.fromkeys(names, "hunter2hunter2"))


def test_no_error_of_the_library_is_internal() -> None:
    """Each becomes an error of ours, without the library's words."""
    found = list(library_errors())
    told = [translated(each, Endpoint("eu-west-1"), "GetItem") for each in found]

    assert len(found) > 80
    assert [] == [each for each, ours in zip(found, told, strict=True) if not isinstance(ours, CommerciveError)]


def test_a_server_that_repeats_the_token_is_cut_short() -> None:
    """The text of a wrong signature holds the request as it was signed, with its token; no word of it is passed on."""
    canonical = "The Canonical String should have been 'POST / host:x x-amz-security-token:FwoGZXIvYXdzEXAMPLE'"
    for code in ("InvalidSignatureException", "ValidationException", "AccessDeniedException"):
        with serving(script(refusal(code, canonical))) as server:
            store = store_at(server.url)
            with pytest.raises(CommerciveError) as refused:
                store.get(AFFILIATE_STATS, KEY)
            store.close()

        assert "FwoGZXIv" not in str(refused.value)


def test_busy_and_unreachable_are_told_from_unknown() -> None:
    """A write that was throttled to the end was not taken; one whose reply was lost once may have been."""
    for replies, kind in (
        ((refusal("ThrottlingException"),), NotTaken),
        ((None, refusal("ThrottlingException")), Unavailable),
    ):
        with serving(script(*replies)) as server:
            store = store_at(server.url)
            with pytest.raises(Unavailable) as refused:
                store.transact(Put(AFFILIATE_STATS, KEY))
            store.close()

        assert kind is type(refused.value)
        assert (kind is Unavailable) == ("outcome unknown" in str(refused.value)) == refused.value.outcome_unknown
