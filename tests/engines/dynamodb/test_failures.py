"""What people hear when DynamoDB cannot be reached or refuses, and how soon."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from commercive_cli.domain.errors import (
    CommerciveError,
    Damaged,
    Invalid,
    Misconfigured,
    NotPermitted,
    Unauthenticated,
    Unavailable,
)
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.port import Query
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS
from commercive_cli.store.writes import Put, Update
from tests.engines.dynamodb.doubles import (
    ManualTime,
    Reply,
    Request,
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
    """Return what a get raises when the server always answers so, as text, and how often the item was asked for."""
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
def test_what_passes_is_waited_out(reply: Reply | None) -> None:
    """Throttling, server errors, and replies that are lost, cut short, damaged or a proxy's cost a pause, no more."""
    time = ManualTime()
    with serving(script(reply, reply, FOUND)) as server:
        store = store_at(server.url, time)
        found = store.get(AFFILIATE_STATS, KEY)
        store.close()

    assert KEY == found
    assert 2 == len(time.pauses)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (refusal("ThrottlingException"), "dynamodb eu-west-1 at URL is throttled or contended (ThrottlingException)"),
        (None, "dynamodb eu-west-1 at URL did not answer GetItem: the connection was closed before the reply"),
        (Reply(b"<html>"), "dynamodb eu-west-1 at URL did not answer GetItem: the reply is not DynamoDB's"),
        (Reply(b"down", 503), "dynamodb eu-west-1 at URL did not answer GetItem: 503 down"),
    ],
)
def test_what_does_not_pass_ends_in_unavailable(reply: Reply | None, told: str) -> None:
    """After twelve tries the message says who did not answer, and why; a read has no unknown outcome."""
    message, requests = refused_by(reply, Unavailable)

    assert message.startswith(told)
    assert "outcome" not in message
    assert 12 == requests


@pytest.mark.parametrize(
    ("reply", "expected", "told"),
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
            Unavailable,
            "dynamodb eu-west-1 at URL did not answer as DynamoDB does (HTTP 404); check the endpoint",
        ),
    ],
)
def test_a_refusal_is_said_at_once_and_in_words(reply: Reply, expected: type[CommerciveError], told: str) -> None:
    """What another try cannot mend is not tried again; the message is one line and names the thing to look at."""
    message, requests = refused_by(reply, expected)

    assert message.startswith(told)
    assert "\n" not in message
    assert 1 == requests


def test_an_error_that_nobody_knows_is_passed_on_unchanged() -> None:
    """A new kind of error is not dressed up as a known one."""
    with serving(script(refusal("SomethingNewException"))) as server:
        store = store_at(server.url)
        with pytest.raises(ClientError, match="SomethingNewException"):
            store.get(AFFILIATE_STATS, KEY)
        store.close()


def test_a_missing_table_among_several_is_named() -> None:
    """DynamoDB does not say which table of a transaction is missing, so all of them are named."""
    with serving(script(refusal("ResourceNotFoundException"))) as server:
        store = store_at(server.url, prefix="shop_")
        with pytest.raises(Misconfigured, match="table shop_affiliate_stats or shop_leads does not exist"):
            store.transact(
                Update(AFFILIATE_STATS, KEY, add={"total_leads": 1}), Put(LEADS, {"lead_id": "l", "created_at": 1})
            )
        store.close()


def test_a_missing_table_on_a_real_server(real_endpoint: str) -> None:
    """Reads, queries and writes all say which table is missing and how to make it."""
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
    """With nobody listening a command ends at once, names the endpoint, and knows that nothing happened."""
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


def test_a_black_hole_ends_in_unavailable() -> None:
    """An address that swallows packets costs one connection timeout, 2 s by default and less with a short deadline."""
    with socket.socket() as full, socket.socket() as first:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        first.connect(full.getsockname())  # the backlog is full now: the kernel drops whoever comes next
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
    """A connection that goes silent is a lost reply; a call does not outlast its deadline."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        store = DynamoDBStore("eu-west-1", endpoint=url, session=session_with_credentials(), deadline=0.2)
        with pytest.raises(Unavailable, match="did not answer GetItem: no reply in time"):
            store.get(AFFILIATE_STATS, KEY)
        store.close()


def test_a_scan_of_a_large_table_is_given_more_time() -> None:
    """Test servers look through a whole table for each page of a segment; bulk work waits for them, people need not."""
    given_up = threading.Event()

    def answer(_: Request) -> Reply:
        given_up.wait(10)
        return success(Items=[{"affiliate_id": {"S": "ann"}}])

    with serving(answer) as server, ThreadPoolExecutor(1) as beside:
        store = DynamoDBStore("eu-west-1", endpoint=server.url, session=session_with_credentials(), deadline=0.5)
        page = beside.submit(store.scan, AFFILIATE_STATS, segment=0, segments=4)
        with pytest.raises(Unavailable, match="no reply in time"):
            store.get(AFFILIATE_STATS, KEY)
        given_up.set()
        assert [KEY] == page.result().items
        store.close()


def test_an_earlier_lost_reply_is_not_forgotten() -> None:
    """When credentials expire between tries, the message still says that the first try may have worked."""
    with serving(script(None, refusal("ExpiredTokenException"))) as server:
        store = store_at(server.url)
        with pytest.raises(Unauthenticated, match="outcome unknown, retry with the same key"):
            store.transact(Put(AFFILIATE_STATS, KEY))
        store.close()


def test_missing_credentials_say_how_to_give_some() -> None:
    """Without credentials nothing is sent, nothing is waited for, and the message names the three ways."""
    with serving(script(success())) as server:
        store = store_at(server.url, session=session_without_credentials())
        with pytest.raises(Unauthenticated, match=r"aws configure.*AWS_PROFILE.*AWS_ACCESS_KEY_ID.*any value will do"):
            store.get(AFFILIATE_STATS, KEY)
        store.close()

    assert [] == server.requests


def test_an_unknown_profile_is_said_so() -> None:
    """A profile that no AWS file knows is a matter of credentials."""
    store = store_at(None, session=isolated_session(profile="nobody"))
    with pytest.raises(Unauthenticated, match=r"profile \(nobody\) could not be found"):
        store.get(AFFILIATE_STATS, KEY)


def test_a_broken_configuration_file_is_said_so(tmp_path: Path) -> None:
    """A file that cannot be parsed is named."""
    broken = tmp_path / "config"
    broken.write_text("[default\n")
    with pytest.raises(Unauthenticated, match=r"cannot be used.*config"):
        store_at(None, session=isolated_session(config_file=str(broken))).get(AFFILIATE_STATS, KEY)


def test_the_metadata_service_is_not_asked() -> None:
    """Away from EC2 nothing waits for a service that is not there; `metadata` keeps it, for servers that have one."""
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
    ("region", "endpoint", "told"),
    [
        ("", None, "no AWS region is set"),
        ("eu-west-1", "localhost:8000", "endpoint 'localhost:8000' is not a URL such as http://127.0.0.1:8000"),
        ("eu-west-1", "http://", "endpoint 'http://' is not a URL"),
        ("eu-west-1", "ftp://127.0.0.1", "is not a URL"),
        ("eu-west-1", "http://ann:secret@127.0.0.1:99999", "endpoint 'http://127.0.0.1:99999' is not a URL"),
    ],
)
def test_a_malformed_place_is_invalid(region: str, endpoint: str | None, told: str) -> None:
    """Region and endpoint are checked before anything is sent; secrets in an endpoint are not repeated."""
    with pytest.raises(Invalid) as refused:
        DynamoDBStore(region, endpoint=endpoint, session=session_with_credentials()).get(AFFILIATE_STATS, KEY)

    assert told in str(refused.value)


def test_a_region_that_does_not_exist_is_told_from_one_that_does_not_answer() -> None:
    """A mistyped region is named with the nearest one."""
    with pytest.raises(Misconfigured) as refused:
        DynamoDBStore("eu west-1", session=session_with_credentials()).get(AFFILIATE_STATS, KEY)

    assert "'eu west-1' is not an AWS region; did you mean eu-west-1?" == str(refused.value)


def test_the_target_names_the_place() -> None:
    """People see which region, endpoint and prefix they work on, and never a password."""
    here = DynamoDBStore("eu-west-1", endpoint="http://ann:secret@127.0.0.1:8000", session=session_with_credentials())
    there = DynamoDBStore("eu-west-1", prefix="p_", session=session_with_credentials())

    assert "dynamodb eu-west-1 at http://127.0.0.1:8000 prefix commercive_v2_" == here.target
    assert (True, 0) == (here.local, here.index_lag_ms)
    assert "dynamodb eu-west-1 prefix p_" == there.target
    assert (False, 2000) == (there.local, there.index_lag_ms)


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
