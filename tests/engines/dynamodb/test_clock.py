"""DynamoDB's clock is the header `Date` of its replies."""

import pytest

from commercive_cli.domain.errors import NotPermitted, Unauthenticated, Unavailable
from tests.engines.dynamodb.doubles import (
    Reply,
    refusal,
    script,
    serving,
    session_without_credentials,
    store_at,
    success,
)

DATE = {"Date": "Fri, 27 Nov 2026 08:31:07 GMT"}
NOW = 1_795_768_267_000


@pytest.mark.parametrize(
    ("reply", "refused"),
    [
        (success(), type(None)),
        (refusal("AccessDeniedException"), NotPermitted),
        (refusal("InvalidSignatureException"), Unauthenticated),
        (refusal("InternalServerError", status=500), Unavailable),
    ],
)
def test_every_reply_tells_the_time(reply: Reply, refused: type) -> None:
    """A refusal tells it too: above all one whose cause is that the clocks differ."""
    with serving(script(Reply(reply.body, reply.status, DATE))) as server:
        store = store_at(server.url)
        clock = store.clock()
        store.close()

    assert (NOW, refused) == (clock.now, type(clock.refusal))


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 27 Nov 2026"])
def test_no_date_is_no_time(date: str) -> None:
    """What is no date is not guessed at; the read itself counts."""
    with serving(script(Reply(headers={"Date": date}))) as server:
        store = store_at(server.url)
        clock = store.clock()
        store.close()

    assert (None, None) == (clock.now, clock.refusal)


def test_silence_is_an_error_and_no_earlier_time() -> None:
    """The time of an earlier reply is not told again when the store has fallen silent."""
    with serving(script(Reply(headers=DATE), None)) as server:
        store = store_at(server.url)
        assert store.clock().now == NOW
        with pytest.raises(Unavailable):
            store.clock()
        store.close()


def test_nobody_is_asked_without_credentials() -> None:
    """There is no reply to take the time from."""
    with serving(script(Reply(headers=DATE))) as server:
        store = store_at(server.url, session=session_without_credentials())
        with pytest.raises(Unauthenticated):
            store.clock()
        store.close()

    assert [] == server.operations
