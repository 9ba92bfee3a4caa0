"""Messages: sending, replying, polling, and their strict order of time."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commercive_cli.domain.answers.chat import Sent
from commercive_cli.domain.errors import (
    CommerciveError,
    Conflict,
    Invalid,
    Misconfigured,
    NotFound,
    NotTaken,
    Unavailable,
)
from commercive_cli.domain.ids import created_at_of, first_id, new_id
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.chat.service import ChatService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS
from tests.e2e.embedded import file_store
from tests.services.fakes import DAY, START, Intervening, ManualClock, a_week_passes
from tests.services.raw_data import errors_in, everything, rows


def test_a_first_message_opens_a_conversation(chat: ChatService) -> None:
    """A message without a conversation creates one that is open, unread by admins, and waiting since then."""
    sent = chat.send("user-1", "  Hello  ", store="shop.example")
    conversation = chat.conversation(sent.conversation_id)
    (message,) = chat.messages(sent.conversation_id).messages

    assert START == sent.created_at == created_at_of(sent.conversation_id) == created_at_of(sent.message_id)
    assert {
        "conversation_id": sent.conversation_id,
        "user_id": "user-1",
        "store_url": "shop.example",
        "status": "open",
        "created_at": START,
        "updated_at": START,
        "last_message": "Hello",
        "unread_admin": 1,
        "unread_user": 0,
        "last_message_at": START,
        "last_message_id": sent.message_id,
        "waiting_since": START,
        "waiting_for": "admin",
    } == conversation.item()
    assert {
        "message_id": sent.message_id,
        "conversation_id": sent.conversation_id,
        "sender_type": "user",
        "sender_id": "user-1",
        "message_text": "Hello",
        "created_at": START,
        "is_read": False,
    } == message.item()


def test_a_user_goes_on_in_a_conversation(chat: ChatService, clock: ManualClock) -> None:
    """A further message counts as unread, becomes the preview of at most 200 characters, and keeps the wait."""
    first = chat.send("user-1", "one")
    clock.now = START + 5_000
    second = chat.send("user-1", "x" * 300, conversation_id=first.conversation_id)
    conversation = chat.conversation(first.conversation_id)

    assert (2, 0) == (conversation.unread_admin, conversation.unread_user)
    assert START == conversation.waiting_since
    assert START + 5_000 == second.created_at == conversation.updated_at == conversation.last_message_at
    assert "x" * 199 + "…" == conversation.last_message
    assert ["one", "x" * 300] == [m.message_text for m in chat.messages(first.conversation_id).messages]


def test_a_reply_counts_for_the_user_and_ends_the_wait(chat: ChatService, store: Store) -> None:
    """An admin's reply is unread for the user, keeps what is unread for admins, and ends the wait."""
    sent = chat.send("user-1", "Hello")
    reply = chat.reply(sent.conversation_id, "admin-1", "Hi there")
    conversation = chat.conversation(sent.conversation_id)

    assert (1, 1) == (conversation.unread_admin, conversation.unread_user)
    assert conversation.waiting_since is None
    assert reply.message_id == conversation.last_message_id
    assert ["user", "admin"] == [m.sender_type for m in chat.messages(sent.conversation_id).messages]
    assert [] == errors_in(store)


def test_another_users_conversation_is_not_found(chat: ChatService, store: Store) -> None:
    """A user cannot write into, read or mark another's conversation, nor learn that it exists."""
    sent = chat.send("user-1", "Hello")
    before = everything(store)
    unknown = new_id(START)
    attempts: list[Callable[[str], object]] = [
        lambda name: chat.send("user-2", "x", conversation_id=name),
        lambda name: chat.messages(name, owner="user-2"),
        lambda name: chat.conversation(name, owner="user-2"),
        lambda name: chat.mark_read(name, "user", owner="user-2"),
    ]

    for attempt in attempts:
        with pytest.raises(NotFound) as other:
            attempt(sent.conversation_id)
        with pytest.raises(NotFound) as none:
            attempt(unknown)
        assert none.value.message == other.value.message.replace(sent.conversation_id, unknown)
    assert before == everything(store)


@pytest.mark.parametrize("name", ["no-such", first_id(START), "x" * 128, "é'\";--"])
def test_an_unknown_conversation_is_not_found(chat: ChatService, store: Store, name: str) -> None:
    """Every operation on an unknown conversation raises NotFound and writes nothing."""
    before = everything(store)
    attempts: list[Callable[[], object]] = [
        lambda: chat.send("user-1", "x", conversation_id=name),
        lambda: chat.reply(name, "admin-1", "x"),
        lambda: chat.reply(name, "admin-1", "x", if_last="m", reopen=True, close=True, key="k"),
        lambda: chat.answer(name, "x", if_last="m"),
        lambda: chat.mark_read(name, "admin"),
        lambda: chat.close(name, "admin-1"),
        lambda: chat.close(name, "admin-1", as_of=1),
        lambda: chat.reopen(name, "admin-1"),
        lambda: chat.conversation(name),
        lambda: chat.show(name),
        lambda: chat.messages(name),
        lambda: chat.history(name),
    ]

    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()
    assert before == everything(store)


BAD_TEXT = ["", " \n ", "x" * 10_001, "a\0b", "\ud800"]
BAD_ID = ["", " ", "x" * 129, "a\0b", "\udfff"]


@pytest.mark.parametrize("bad", BAD_TEXT)
def test_a_bad_message_is_refused(chat: ChatService, store: Store, bad: str) -> None:
    """An empty, overlong or malformed message is refused before anything is written."""
    sent = chat.send("user-1", "Hello")
    before = everything(store)

    attempts: list[Callable[[], object]] = [
        lambda: chat.send("user-1", bad),
        lambda: chat.send("user-1", bad, conversation_id=sent.conversation_id),
        lambda: chat.reply(sent.conversation_id, "admin-1", bad),
        lambda: chat.answer(sent.conversation_id, bad, if_last=sent.message_id),
    ]

    for attempt in attempts:
        with pytest.raises(Invalid) as refused:
            attempt()
        assert "message" == refused.value.field
    assert before == everything(store)


@pytest.mark.parametrize("bad", BAD_ID)
def test_a_bad_id_is_refused(chat: ChatService, store: Store, bad: str) -> None:
    """An id, key, actor or `if_last` that is empty, longer than 128 characters or malformed is refused everywhere."""
    sent = chat.send("user-1", "Hello")
    name = sent.conversation_id
    before = everything(store)
    attempts: list[Callable[[], object]] = [
        lambda: chat.send(bad, "x"),
        lambda: chat.send("user-1", "x", conversation_id=bad),
        lambda: chat.send("user-1", "x", key=bad),
        lambda: chat.reply(bad, "admin-1", "x"),
        lambda: chat.reply(name, bad, "x"),
        lambda: chat.reply(name, "admin-1", "x", key=bad),
        lambda: chat.reply(name, "admin-1", "x", if_last=bad),
        lambda: chat.answer(bad, "x", if_last="m"),
        lambda: chat.answer(name, "x", if_last=bad),
        lambda: chat.answer(name, "x", if_last=sent.message_id, key=bad),
        lambda: chat.close(name, bad),
        lambda: chat.close(bad, "admin-1"),
        lambda: chat.reopen(name, bad),
        lambda: chat.mark_read(bad, "admin"),
        lambda: chat.conversations(bad),
        lambda: chat.messages(bad),
        lambda: chat.history(bad),
    ]

    for attempt in attempts:
        with pytest.raises(Invalid):
            attempt()
    assert before == everything(store)


@pytest.mark.parametrize("steps", [[0, 0, 0], [-5_000, -5_000, 1], [1, -1, 0], [-START, 0, 2 * START]])
def test_message_times_increase_whatever_the_clock_does(
    chat: ChatService, store: Store, clock: ManualClock, steps: list[int]
) -> None:
    """With a clock that stands still or runs backwards, every message is later than the one before it."""
    clock.step = 0
    sent = chat.send("user-1", "0")
    for number, step in enumerate(steps, 1):
        clock.advance(step)
        chat.send("user-1", str(number), conversation_id=sent.conversation_id)
        chat.reply(sent.conversation_id, "admin-1", f"re {number}")
    messages = chat.messages(sent.conversation_id).messages
    times = [message.created_at for message in messages]

    assert sorted(set(times)) == times
    assert times == [created_at_of(message.message_id) for message in messages]
    assert [] == errors_in(store)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(["send", "reply", "poll", "close"]), st.integers(-20, 20)), min_size=1, max_size=25
    ),
    st.sampled_from([0, 1]),
)
def test_polling_never_misses_a_message(events: list[tuple[str, int]], pace: int) -> None:
    """Polling with the time of the last message seen returns every message once, in order, on any clock."""
    with tempfile.TemporaryDirectory() as directory, file_store(Path(directory) / "store.db") as store:
        clock = ManualClock(step=pace)
        chat = ChatService(store, clock)
        first = chat.send("user-1", "first")
        name, seen, last = first.conversation_id, [first.message_id], first.created_at
        written = [first.message_id]
        for event, step in [*events, ("poll", 0)]:
            clock.advance(step)
            if event == "poll":
                new = chat.messages(name, since=last).messages
                seen += [message.message_id for message in new]
                last = new[-1].created_at if new else last
            elif event == "close":
                chat.close(name, "admin-1")
                chat.reopen(name, "admin-1")
            else:
                sent = chat.send("user-1", "x", conversation_id=name) if event == "send" else None
                written.append((sent or chat.reply(name, "admin-1", "x")).message_id)

        assert written == seen
        assert [] == errors_in(store)


@pytest.mark.parametrize("since", [-1, 0, -(2**70), START - 1, START, 2**48, 2**63, 2**200])
def test_any_since_is_answered(chat: ChatService, since: int) -> None:
    """Messages since any time at all, long past or far ahead, are those after it."""
    sent = chat.send("user-1", "Hello")
    expected = [sent.message_id] if since < START else []

    assert expected == [m.message_id for m in chat.messages(sent.conversation_id, since=since).messages]
    assert expected == [m.message_id for m in chat.show(sent.conversation_id, since=since).messages]
    assert expected == [m.message_id for m in chat.show(sent.conversation_id, since=since, tail=5).messages]


def test_a_message_that_gets_in_first_delays_the_other(
    chat: ChatService, meddled: Intervening, clock: ManualClock, store: Store
) -> None:
    """Of two messages written at once, both are stored, one after the other."""
    clock.step = 0
    name = chat.send("user-1", "one").conversation_id
    clock.advance(1_000)
    meddled.before("transact", lambda: chat.reply(name, "admin-1", "two"))
    meddled.before("transact", lambda: chat.reply(name, "admin-1", "three"))
    sent = ChatService(meddled, clock).send("user-1", "four", conversation_id=name)

    assert ["one", "two", "three", "four"] == [m.message_text for m in chat.messages(name).messages]
    assert START + 1_002 == sent.created_at
    assert 3 == meddled.calls.count("transact")
    assert [] == errors_in(store)


def test_a_storm_of_messages_ends_in_a_clear_refusal(
    chat: ChatService, meddled: Intervening, clock: ManualClock, store: Store
) -> None:
    """After fifty concurrent messages, sending raises Unavailable and stores nothing; the others' messages are kept."""
    name = chat.send("user-1", "one").conversation_id
    for _ in range(50):
        meddled.before("transact", lambda: chat.reply(name, "admin-1", "noise"))

    with pytest.raises(NotTaken, match="nothing was written"):
        ChatService(meddled, clock).send("user-1", "lost", conversation_id=name)
    assert 51 == len(chat.messages(name).messages)
    assert [] == errors_in(store)


@pytest.mark.parametrize("closer", ["close", "reply"])
def test_a_conversation_closed_at_the_last_moment_refuses(
    chat: ChatService, meddled: Intervening, clock: ManualClock, store: Store, closer: str
) -> None:
    """A message is refused when the conversation is closed concurrently."""
    name = chat.send("user-1", "one").conversation_id
    close = {
        "close": lambda: chat.close(name, "admin-1"),
        "reply": lambda: chat.reply(name, "admin-1", "bye", close=True),
    }[closer]
    meddled.before("transact", close)

    with pytest.raises(Conflict, match="is closed"):
        ChatService(meddled, clock).send("user-1", "late", conversation_id=name)
    assert "late" not in [m.message_text for m in chat.messages(name).messages]
    assert [] == errors_in(store)


def test_the_whole_thread_in_pages(chat: ChatService) -> None:
    """Pages of any size hold every message once, oldest first; without a limit all come at once."""
    sent = chat.send("user-1", "0")
    for number in range(1, 23):
        chat.send("user-1", str(number), conversation_id=sent.conversation_id)
    expected = [str(number) for number in range(23)]

    assert expected == [m.message_text for m in chat.messages(sent.conversation_id).messages]
    for limit in (1, 7, 22, 23, 24):
        texts: list[str] = []
        cursor = None
        while True:
            page = chat.messages(sent.conversation_id, limit=limit, cursor=cursor)
            texts += [m.message_text for m in page.messages]
            cursor = page.next_cursor
            assert len(page.messages) <= limit
            if cursor is None:
                break
        assert expected == texts


def test_a_cursor_of_another_thread_is_refused(chat: ChatService) -> None:
    """A page token works for its conversation and its `since` alone."""
    one, other = chat.send("user-1", "a"), chat.send("user-1", "a")
    chat.send("user-1", "b", conversation_id=one.conversation_id)
    cursor = chat.messages(one.conversation_id, limit=1).next_cursor

    assert cursor is not None
    with pytest.raises(Invalid):
        chat.messages(other.conversation_id, cursor=cursor)
    with pytest.raises(Invalid):
        chat.messages(one.conversation_id, cursor=cursor, since=1)
    with pytest.raises(Invalid):
        chat.messages(one.conversation_id, cursor=cursor[:-2])


@pytest.mark.parametrize("limit", [0, -1, 501, 10**9])
def test_a_page_has_1_to_500_messages(chat: ChatService, limit: int) -> None:
    """A limit outside 1 to 500 is refused."""
    sent = chat.send("user-1", "a")

    with pytest.raises(Invalid, match="limit"):
        chat.messages(sent.conversation_id, limit=limit)
    with pytest.raises(Invalid, match="limit"):
        chat.conversations("user-1", limit=limit)


@pytest.mark.parametrize(
    ("tail", "expected"), [(1, ["4"]), (3, ["2", "3", "4"]), (5, list("01234")), (9, list("01234"))]
)
def test_the_end_of_a_thread(chat: ChatService, tail: int, expected: list[str]) -> None:
    """The last N messages are shown oldest first; all messages when there are fewer."""
    name = chat.send("user-1", "0").conversation_id
    for number in range(1, 5):
        chat.send("user-1", str(number), conversation_id=name)
    since = chat.messages(name).messages[2].created_at

    assert expected == [m.message_text for m in chat.show(name, tail=tail).messages]
    assert expected[-2:] == [m.message_text for m in chat.show(name, tail=tail, since=since).messages]
    assert name == chat.show(name, tail=tail).conversation.conversation_id
    with pytest.raises(Invalid, match="limit"):
        chat.show(name, tail=0)


def test_if_last_lets_an_answer_through_that_fits(chat: ChatService) -> None:
    """A reply with `if_last` is stored while that message is still the last."""
    sent = chat.send("user-1", "Hello")
    reply = chat.reply(sent.conversation_id, "admin-1", "Hi", if_last=sent.message_id)

    assert reply.message_id == chat.conversation(sent.conversation_id).last_message_id


def test_if_last_refuses_and_shows_what_was_written(chat: ChatService, store: Store) -> None:
    """After a newer message, `if_last` refuses the reply; the error shows the last three newer messages."""
    sent = chat.send("user-1", "Hello")
    name = sent.conversation_id
    chat.send("user-1", "never mind", conversation_id=name)
    chat.reply(name, "admin-2", "I took this")
    before = everything(store)

    with pytest.raises(Conflict) as refused:
        chat.reply(name, "admin-1", "Hi", if_last=sent.message_id)
    assert "2 new" in refused.value.message
    assert "user user-1: 'never mind'" in refused.value.message
    assert "admin admin-2: 'I took this'" in refused.value.message
    assert before == everything(store)

    for number in range(4):
        chat.send("user-1", f"more {number}", conversation_id=name)
    with pytest.raises(Conflict) as refused:
        chat.reply(name, "admin-1", "Hi", if_last=sent.message_id)
    assert "6 new" in refused.value.message
    assert "more 3" in refused.value.message
    assert "more 0" not in refused.value.message


def test_if_last_holds_against_a_message_in_flight(
    chat: ChatService, meddled: Intervening, clock: ManualClock, store: Store
) -> None:
    """A concurrent message makes `if_last` refuse the reply, too; a concurrent mark-read does not."""
    sent = chat.send("user-1", "Hello")
    name = sent.conversation_id
    meddled.before("transact", lambda: chat.mark_read(name, "admin"))
    reply = ChatService(meddled, clock).reply(name, "admin-1", "Hi", if_last=sent.message_id)
    meddled.before("transact", lambda: chat.send("user-1", "wait", conversation_id=name))

    with pytest.raises(Conflict, match="'wait'"):
        ChatService(meddled, clock).reply(name, "admin-1", "Bye", if_last=reply.message_id)
    assert ["Hello", "Hi", "wait"] == [m.message_text for m in chat.messages(name).messages]
    assert [] == errors_in(store)


def test_if_last_with_a_standing_clock(chat: ChatService, meddled: Intervening, clock: ManualClock) -> None:
    """A concurrent reopening at the same time does not refuse the reply, which gets a later time."""
    clock.step = 0
    sent = chat.send("user-1", "Hello")
    name = sent.conversation_id
    chat.close(name, "admin-1")
    meddled.before("transact", lambda: chat.reopen(name, "admin-2"))
    reply = ChatService(meddled, clock).reply(name, "admin-1", "Hi", if_last=sent.message_id)

    assert reply.message_id == chat.conversation(name).last_message_id


def test_a_repeated_send_changes_nothing(chat: ChatService, store: Store, clock: ManualClock) -> None:
    """A request sent again with its key gets the first answer and writes nothing, also days later."""
    first = chat.send("user-1", "Hello", store="shop.example", key="k1")
    second = chat.send("user-1", "again", conversation_id=first.conversation_id, key="k2")
    reply = chat.reply(first.conversation_id, "admin-1", "Hi", key="k1")
    before = everything(store)
    clock.advance(7 * DAY - 1_000)

    assert first == chat.send("user-1", "Hello", store="shop.example", key="k1")
    assert second == chat.send("user-1", "again", conversation_id=first.conversation_id, key="k2")
    assert reply == chat.reply(first.conversation_id, "admin-1", "Hi", key="k1")
    assert before == everything(store)


def test_a_repeated_request_is_answered_whatever_happened_since(chat: ChatService, store: Store) -> None:
    """A repeated key returns the first answer also after the conversation was closed or a newer message came."""
    opened = chat.send("user-1", "Hello")
    name = opened.conversation_id
    sent = chat.send("user-1", "again", conversation_id=name, key="k")
    reply = chat.reply(name, "admin-1", "Hi", if_last=sent.message_id, key="k")
    chat.send("user-1", "thanks", conversation_id=name)
    closing_reply = chat.reply(name, "admin-1", "Bye", close=True, key="k2")
    before = everything(store)

    assert sent == chat.send("user-1", "again", conversation_id=name, key="k")
    assert reply == chat.reply(name, "admin-1", "Hi", if_last=sent.message_id, key="k")
    assert closing_reply == chat.reply(name, "admin-1", "Bye", close=True, key="k2")
    assert before == everything(store)


def test_a_key_for_another_request_is_a_conflict(chat: ChatService, store: Store) -> None:
    """A key names one request: with another text, shop, conversation or flag it is refused, nothing written."""
    first = chat.send("user-1", "Hello", store="a.example", key="k")
    name = first.conversation_id
    chat.reply(name, "admin-1", "Hi", key="k")
    before = everything(store)
    attempts: list[Callable[[], object]] = [
        lambda: chat.send("user-1", "Hallo", store="a.example", key="k"),
        lambda: chat.send("user-1", "Hello", store="b.example", key="k"),
        lambda: chat.send("user-1", "Hello", conversation_id=name, key="k"),
        lambda: chat.reply(name, "admin-1", "Ho", key="k"),
        lambda: chat.reply(name, "admin-1", "Hi", close=True, key="k"),
        lambda: chat.reply(name, "admin-1", "Hi", reopen=True, key="k"),
    ]

    for attempt in attempts:
        with pytest.raises(Conflict, match="key 'k'"):
            attempt()
    assert before == everything(store)


def test_keys_of_different_callers_are_different(chat: ChatService) -> None:
    """Two users, or two admins, may happen to choose the same key."""
    name = chat.send("user-1", "Hello", key="k").conversation_id
    other = chat.send("user-2", "Hello", key="k").conversation_id
    chat.reply(name, "admin-1", "Hi", key="k")
    chat.reply(name, "admin-2", "Ho", key="k")

    assert name != other
    assert ["Hello", "Hi", "Ho"] == [m.message_text for m in chat.messages(name).messages]


def test_an_expired_key_is_new_again(chat: ChatService, clock: ManualClock, store: Store) -> None:
    """After seven days a key can be used anew, whether or not the store has deleted its claim."""
    first = chat.send("user-1", "Hello", key="k")
    second = chat.send("user-1", "x", conversation_id=first.conversation_id, key="k2")
    a_week_passes(store, clock)
    third = chat.send("user-1", "y", conversation_id=first.conversation_id, key="k2")
    fourth = chat.send("user-1", "Hello", key="k")

    assert third.message_id != second.message_id
    assert fourth.conversation_id != first.conversation_id
    assert third == chat.send("user-1", "y", conversation_id=first.conversation_id, key="k2")
    a_week_passes(store, clock)
    fifth = chat.send("user-1", "Hello", key="k")
    assert 1 == sum(row["sk"] == "k" for row in rows(store, OPS))
    assert len({first.message_id, fourth.message_id, fifth.message_id}) == 3
    assert [] == errors_in(store)


def test_a_request_repeated_while_the_first_is_in_flight(
    chat: ChatService, meddled: Intervening, clock: ManualClock, store: Store
) -> None:
    """Two equal requests at once are one message and two equal answers."""
    answers: list[Sent] = []
    meddled.before("transact", lambda: answers.append(chat.send("user-1", "Hello", key="k")))
    answers.append(ChatService(meddled, clock).send("user-1", "Hello", key="k"))
    name = answers[0].conversation_id
    meddled.before("transact", lambda: answers.append(chat.reply(name, "admin-1", "Hi", key="k")))
    answers.append(ChatService(meddled, clock).reply(name, "admin-1", "Hi", key="k"))

    assert answers[0] == answers[1]
    assert answers[2] == answers[3]
    assert ["Hello", "Hi"] == [m.message_text for m in chat.messages(name).messages]
    assert [] == errors_in(store)


def test_a_refused_request_does_not_use_up_its_key(chat: ChatService) -> None:
    """A refused request can be repeated with its key, and succeeds once the reason is gone."""
    name = chat.send("user-1", "Hello").conversation_id
    chat.close(name, "admin-1")
    with pytest.raises(Conflict):
        chat.send("user-1", "x", conversation_id=name, key="k")
    chat.reopen(name, "admin-1")
    sent = chat.send("user-1", "x", conversation_id=name, key="k")

    assert sent == chat.send("user-1", "x", conversation_id=name, key="k")


@pytest.mark.parametrize(
    "junk", ["\x1b[2J\x1b]0;x\x07", "[/b]", "\u202eabc\u2066", "\x01\x7f\x9b", "a\nb\tc", "👩‍👩‍👧"]
)
def test_strange_text_is_kept_as_written(chat: ChatService, junk: str) -> None:
    """Escape sequences, markup and bidi overrides are data: stored and given back unchanged."""
    sent = chat.send("user-1", f"<{junk}>")

    assert f"<{junk}>" == chat.messages(sent.conversation_id).messages[0].message_text
    assert f"<{junk}>" == chat.conversation(sent.conversation_id).last_message


def test_the_largest_message_fits(chat: ChatService) -> None:
    """10,000 characters of any script are one message, and come back whole."""
    text = "👍" * 10_000
    sent = chat.send("user-1", text)

    assert text == chat.messages(sent.conversation_id).messages[0].message_text


def test_errors_of_a_store_reach_the_caller(clock: ManualClock, tmp_path: Path) -> None:
    """Without tables, every request raises an error of one line that says so."""
    chat = ChatService(SQLiteStore(tmp_path / "none.db"), clock)

    for attempt in (lambda: chat.send("user-1", "x"), lambda: chat.conversations("user-1"), lambda: chat.show("c")):
        with pytest.raises(CommerciveError, match="tables create") as refused:
            attempt()
        assert isinstance(refused.value, Misconfigured)


def test_a_failed_send_leaves_no_trace(meddled: Intervening, clock: ManualClock, store: Store) -> None:
    """When the store fails in the middle, neither a message nor a conversation nor a claim is left behind."""

    def fail() -> None:
        raise Unavailable("the disk is full")

    before = everything(store)
    meddled.before("transact", fail)

    with pytest.raises(Unavailable, match="the disk is full"):
        ChatService(meddled, clock).send("user-1", "Hello", key="k")
    assert before == everything(store)
    assert [] == rows(store, MESSAGES) == rows(store, CONVERSATIONS)


def test_only_what_was_shown_is_marked_read(chat: ChatService) -> None:
    """A message that arrives while an admin looks at a thread stays unread, however long the look takes."""
    first = chat.send("user-1", "shown")
    thread = chat.show(first.conversation_id)
    chat.send("user-1", "too late", conversation_id=first.conversation_id)
    marked = chat.mark_shown(thread).marked

    assert 1 == marked
    assert [True, False] == [message.is_read for message in chat.messages(first.conversation_id).messages]
    assert 1 == chat.conversation(first.conversation_id).unread_admin
