"""Limits of what a user writes: counted with the message, by the one transaction that a message costs."""

from collections.abc import Iterator

import pytest

from commercive_cli.domain.errors import Conflict, NotFound
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.records.rate_limits import Limits, RateLimits, TooMany
from commercive_cli.services.records.rates import DEFAULT_RATES, MINUTE, Bucket, Quota, Rate
from commercive_cli.store.port import Store
from commercive_cli.store.schema import MESSAGES
from tests.e2e.stores import ENGINES, server_store
from tests.services.fakes import Intervening, ManualClock, Reticent
from tests.services.raw_data import errors_in, everything, rows

KINDS: list[Rate] = [Quota(2, 3_600), Bucket(2, 1, MINUTE)]


@pytest.fixture(params=ENGINES)
def asked(request: pytest.FixtureRequest) -> Iterator[Intervening]:
    """Both engines, one after the other, each saying what it was asked."""
    if request.param == "sqlite":
        yield Intervening(request.getfixturevalue("store"))
        return
    with server_store(request.getfixturevalue("real_endpoint")) as store:
        yield Intervening(store)


def limits(rate: Rate = KINDS[0], user: str = "user-1") -> Limits:
    return RateLimits(b"key", {**DEFAULT_RATES, "send": rate}).of_user("send", user, "messages")


@pytest.mark.parametrize("rate", KINDS, ids=str)
@pytest.mark.parametrize("existing", [False, True], ids=["new conversation", "existing conversation"])
def test_a_message_beyond_the_limit_is_not_stored(
    asked: Intervening, clock: ManualClock, rate: Rate, existing: bool
) -> None:
    """Neither it nor anything else; what was sent before with its key is answered again, and not counted."""
    chat = ChatService(asked, clock)
    name = chat.send("user-1", "Hello").conversation_id if existing else None

    def send(key: str) -> str:
        return chat.send("user-1", "hi", conversation_id=name, key=key, limits=limits(rate)).message_id

    first = send("k1")
    assert first == send("k1")
    second, before = send("k2"), everything(asked)

    with pytest.raises(TooMany, match="too many messages: 2"):
        send("k3")
    assert [first, second] == [send("k1"), send("k2")]
    assert before == everything(asked)
    assert chat.send("user-2", "hi", limits=limits(rate, "user-2")).success
    clock.advance(3_600_000)
    assert send("k3")
    assert [] == errors_in(asked)


@pytest.mark.parametrize("existing", [False, True], ids=["new conversation", "existing conversation"])
def test_counting_costs_no_round_trip(asked: Intervening, clock: ManualClock, existing: bool) -> None:
    """One transaction while there is room; the refusal is one, too."""
    chat = ChatService(asked, clock)
    name = chat.send("user-1", "Hello").conversation_id if existing else None
    for expected in (True, True, False):
        asked.calls.clear()
        try:
            assert chat.send("user-1", "hi", conversation_id=name, limits=limits()).success == expected
        except TooMany:
            assert not expected
        assert ["transact"] == asked.calls


def test_what_is_wrong_with_a_message_is_told_first(asked: Intervening, clock: ManualClock) -> None:
    """At the limit, too, a closed conversation is closed, and another's is not there."""
    chat = ChatService(asked, clock)
    ours = [chat.send("user-1", "Hello", limits=limits()).conversation_id for _ in range(2)]
    theirs = chat.send("user-2", "Hello").conversation_id
    chat.close(ours[0], "admin-1")

    with pytest.raises(Conflict, match="is closed"):
        chat.send("user-1", "hi", conversation_id=ours[0], limits=limits())
    with pytest.raises(NotFound):
        chat.send("user-1", "hi", conversation_id=theirs, limits=limits())
    with pytest.raises(TooMany):
        chat.send("user-1", "hi", conversation_id=ours[1], limits=limits())


def test_a_message_that_waits_for_another_is_counted_once(store: Store, clock: ManualClock) -> None:
    """Somebody writes at the same time, so it is tried again with a later time: one message, one place taken."""
    name = ChatService(store, clock).send("user-1", "Hello").conversation_id
    meddled = Intervening(store)
    # The other one's clock is ahead, so that our first time is too early.
    ahead = ChatService(store, ManualClock(clock.now + 60_000))
    meddled.before("transact", lambda: ahead.reply(name, "admin-1", "Hi"))
    chat = ChatService(meddled, clock)
    chat.send("user-1", "one", conversation_id=name, limits=limits())
    chat.send("user-1", "two", conversation_id=name, limits=limits())

    with pytest.raises(TooMany):
        chat.send("user-1", "three", conversation_id=name, limits=limits())
    assert 4 == len(rows(store, MESSAGES))


@pytest.mark.parametrize("existing", [False, True], ids=["new conversation", "existing conversation"])
def test_a_repeated_message_is_known_where_the_store_tells_of_the_limit_alone(
    store: Store, clock: ManualClock, existing: bool
) -> None:
    """An engine need not report every failed condition: the key is looked up before anybody is refused."""
    chat = ChatService(Reticent(store), clock)
    name = chat.send("user-1", "Hello").conversation_id if existing else None
    sent = [chat.send("user-1", "hi", conversation_id=name, key=key, limits=limits()) for key in ("k1", "k2")]

    assert sent == [chat.send("user-1", "hi", conversation_id=name, key=key, limits=limits()) for key in ("k1", "k2")]


def test_the_twin_that_took_the_last_place_answers_for_both(store: Store, clock: ManualClock) -> None:
    """An equal request gets in first and reaches the limit: both are answered with the one message."""
    meddled, twin = Intervening(store), ChatService(store, clock)
    sent: list[str] = []
    twin.send("user-1", "zero", limits=limits())
    meddled.before("transact", lambda: sent.append(twin.send("user-1", "one", key="k", limits=limits()).message_id))

    ours = ChatService(meddled, clock).send("user-1", "one", key="k", limits=limits()).message_id

    assert [ours] == sent
    assert 2 == len(rows(store, MESSAGES))


@pytest.mark.parametrize("unread", [0, 1, 120])
def test_keys_for_marking_read_do_not_pile_up(asked: Intervening, clock: ManualClock, unread: int) -> None:
    """Each key is kept for seven days, so requests with one are counted; without a key nobody is refused."""
    chat = ChatService(asked, clock)
    name = chat.send("user-1", "Hello").conversation_id
    for number in range(unread):
        chat.reply(name, "ann", f"answer {number}")

    def mark(key: str | None) -> int:
        marked = RateLimits(b"key", {**DEFAULT_RATES, "mark-read": Quota(2, 3_600)}).of_user("mark-read", "u", "keys")
        return chat.mark_read(name, "user", actor="user-1", key=key, limits=marked).marked

    assert [unread, 0] == [mark("k1"), mark("k2")]
    with pytest.raises(TooMany, match="too many keys: 2"):
        mark("k3")
    assert [unread, 0, 0] == [mark("k1"), mark("k2"), mark(None)]
    assert [] == errors_in(asked)


def test_what_takes_several_transactions_is_refused_before_the_first(asked: Intervening, clock: ManualClock) -> None:
    """At the limit nothing is marked read, however much there is to mark; a key that was answered is answered again."""
    chat = ChatService(asked, clock)
    name = chat.send("user-1", "Hello").conversation_id
    full = RateLimits(b"key", {**DEFAULT_RATES, "mark-read": Quota(1, 3_600)}).of_user("mark-read", "u", "keys")
    first = chat.mark_read(name, "user", actor="user-1", key="k1", limits=full)
    for number in range(120):
        chat.reply(name, "ann", f"answer {number}")
    before = everything(asked)

    with pytest.raises(TooMany, match="too many keys: 1"):
        chat.mark_read(name, "user", actor="user-1", key="k2", limits=full)
    assert first == chat.mark_read(name, "user", actor="user-1", key="k1", limits=full)
    assert before == everything(asked)
