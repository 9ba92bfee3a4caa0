"""Conversations: marking read, closing, reopening, listing, and imported conversations."""

import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commercive_cli.domain.errors import Conflict, Invalid, NotFound, Unavailable
from commercive_cli.domain.ids import first_id
from commercive_cli.domain.models import Conversation
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.waiting_index import fill_waiting
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, TABLES
from tests.services.chat.imported import MINUTE, V4, import_thread
from tests.services.fakes import START, Intervening, ManualClock
from tests.services.raw_data import errors_in, everything


def talk(chat: ChatService, users: int = 250) -> str:
    """Open a conversation and send `users` messages in all; return its id."""
    name = chat.send("user-1", "0").conversation_id
    for number in range(1, users):
        chat.send("user-1", str(number), conversation_id=name)
    return name


def unread(chat: ChatService, name: str) -> list[str]:
    return [m.message_text for m in chat.messages(name).messages if not m.is_read]


@pytest.mark.parametrize("count", [1, 99, 100, 250])
def test_marking_read_reads_everything(
    chat: ChatService, meddled: Intervening, clock: ManualClock, store: Store, count: int
) -> None:
    """However many messages are unread, all become read, in transactions of 99, and `updated_at` stays."""
    name = talk(chat, count)
    chat.reply(name, "admin-1", "mine stays unread for the user")
    before = chat.conversation(name)
    marked = ChatService(meddled, clock).mark_read(name, "admin")
    after = chat.conversation(name)

    assert count == marked.marked
    assert (0, 1) == (after.unread_admin, after.unread_user)
    assert before.updated_at == after.updated_at
    assert ["mine stays unread for the user"] == unread(chat, name)
    assert -(-count // 99) == meddled.calls.count("transact")
    assert [] == errors_in(store)


def test_marking_read_again_changes_nothing(chat: ChatService, meddled: Intervening, clock: ManualClock) -> None:
    """Without unread messages, marking costs one read and no write."""
    name = talk(chat, 2)
    chat.mark_read(name, "admin")
    marked = ChatService(meddled, clock).mark_read(name, "admin")

    assert 0 == marked.marked
    assert ["get"] == meddled.calls


def test_each_side_marks_the_others_messages(chat: ChatService, store: Store) -> None:
    """A user marks the messages of admins, an admin those of the user; other readers are refused."""
    name = talk(chat, 2)
    chat.reply(name, "admin-1", "a")
    chat.reply(name, "admin-1", "b")

    assert 2 == chat.mark_read(name, "user", owner="user-1").marked
    assert ["0", "1"] == unread(chat, name)
    assert 2 == chat.mark_read(name, "admin").marked
    assert [] == unread(chat, name)
    with pytest.raises(Invalid, match="did you mean admin"):
        chat.mark_read(name, "admn")
    assert [] == errors_in(store)


@pytest.mark.parametrize("call", ["query", "transact"])
@pytest.mark.parametrize("imported", [False, True])
def test_a_message_that_arrives_meanwhile_stays_unread(
    chat: ChatService, meddled: Intervening, clock: ManualClock, store: Store, call: str, imported: bool
) -> None:
    """Marking read changes the messages that existed when the conversation was read, and no later message."""
    name = V4 if imported else talk(chat, 3)
    if imported:
        import_thread(store)
        clock.advance(10 * MINUTE)
    # The reader of an imported conversation asks for its key first, by a query.
    if imported and call == "query":
        meddled.before("query", lambda: None)
    meddled.before(call, lambda: chat.send("user-1", "late", conversation_id=name))
    marked = ChatService(meddled, clock).mark_read(name, "admin")

    assert 3 == marked.marked
    assert ["late"] == unread(chat, name)
    assert 1 == chat.conversation(name).unread_admin


def test_two_readers_at_once_count_each_message_once(
    chat: ChatService, meddled: Intervening, clock: ManualClock, store: Store
) -> None:
    """When two admins mark the same messages at once, both succeed, and each message is marked and counted once."""
    name = talk(chat, 120)
    other: list[int] = []
    meddled.before("transact", lambda: other.append(chat.mark_read(name, "admin").marked))
    mine = ChatService(meddled, clock).mark_read(name, "admin").marked

    assert [120] == other
    assert 0 == mine
    assert 0 == chat.conversation(name).unread_admin
    assert [] == errors_in(store)


def test_an_interrupted_marking_goes_on(
    chat: ChatService, meddled: Intervening, clock: ManualClock, store: Store
) -> None:
    """When marking is interrupted between two transactions, the counter is exact, and marking again finishes it."""

    def fail() -> None:
        raise Unavailable("the network is gone")

    name = talk(chat, 150)
    meddled.before("transact", lambda: None)
    meddled.before("transact", fail)

    with pytest.raises(Unavailable):
        ChatService(meddled, clock).mark_read(name, "admin")
    assert 51 == chat.conversation(name).unread_admin == len(unread(chat, name))
    assert 51 == chat.mark_read(name, "admin").marked
    assert [] == errors_in(store)


def test_closing_and_reopening(chat: ChatService, clock: ManualClock, store: Store) -> None:
    """Closing stores when and by whom, reopening removes that, and both are in the history, oldest first."""
    name = chat.send("user-1", "Hello").conversation_id
    chat.reply(name, "admin-1", "Hi")
    clock.now = START + 1_000
    closed = chat.close(name, "admin-1")
    as_closed = chat.conversation(name)
    clock.now = START + 2_000
    opened = chat.reopen(name, "admin-2")
    as_opened = chat.conversation(name)

    assert ("closed", True) == (closed.status, closed.changed)
    assert ("closed", START + 1_000, "admin-1") == (as_closed.status, as_closed.closed_at, as_closed.closed_by)
    assert START + 1_000 == as_closed.updated_at
    assert ("open", True) == (opened.status, opened.changed)
    assert ("open", None, None) == (as_opened.status, as_opened.closed_at, as_opened.closed_by)
    assert [
        (START + 1_000, "admin-1", "close", {"status": "open"}, {"status": "closed"}),
        (START + 2_000, "admin-2", "reopen", {"status": "closed"}, {"status": "open"}),
    ] == [(row.at, row.actor, row.event, row.before, row.after) for row in chat.history(name).history]
    assert {name} == {row.subject for row in chat.history(name).history}
    assert [] == errors_in(store)


def test_closing_twice_changes_nothing(chat: ChatService, store: Store) -> None:
    """Closing a closed conversation and reopening an open one succeed with `changed` False, and write nothing."""
    name = chat.send("user-1", "Hello").conversation_id
    before = everything(store)

    assert not chat.reopen(name, "admin-1").changed
    assert before == everything(store)
    chat.close(name, "admin-1")
    before = everything(store)
    assert not chat.close(name, "admin-2").changed
    assert not chat.close(name, "admin-2", as_of=1).changed
    assert before == everything(store)


@pytest.mark.parametrize(
    ("write", "way_out"),
    [
        ("send", "send without --conversation"),
        ("reply", "reply with --reopen, or open it with `commercive chat reopen"),
        ("answer", "open it with `commercive chat reopen"),
    ],
)
def test_a_closed_conversation_takes_no_message(chat: ChatService, store: Store, write: str, way_out: str) -> None:
    """A message into a closed conversation is refused with a message that says what to do; nothing is written."""
    name = chat.send("user-1", "Hello").conversation_id
    chat.close(name, "admin-1")
    before = everything(store)

    attempts: dict[str, Callable[[], object]] = {
        "send": lambda: chat.send("user-1", "x", conversation_id=name),
        "reply": lambda: chat.reply(name, "admin-1", "x"),
        "answer": lambda: chat.answer(name, "x", if_last="m"),
    }

    with pytest.raises(Conflict, match=f"is closed; .*{way_out}"):
        attempts[write]()
    assert before == everything(store)


def test_a_closed_conversation_may_be_read(chat: ChatService, store: Store) -> None:
    """Closed conversations are shown, and marked read, like open ones."""
    name = talk(chat, 3)
    chat.close(name, "admin-1")

    assert 3 == chat.mark_read(name, "admin").marked
    assert "closed" == chat.show(name).conversation.status
    assert [] == errors_in(store)


def test_closing_as_seen(chat: ChatService, store: Store) -> None:
    """Closing with `as_of` succeeds while the conversation is as it was seen, and is refused after a newer message."""
    first = chat.send("user-1", "Hello")
    name = first.conversation_id
    second = chat.send("user-1", "one more thing", conversation_id=name)
    before = everything(store)

    with pytest.raises(Conflict, match="stays open"):
        chat.close(name, "admin-1", as_of=first.created_at)
    assert before == everything(store)
    assert chat.close(name, "admin-1", as_of=second.created_at).changed


@pytest.mark.parametrize("status", ["open", "closed"])
@pytest.mark.parametrize("reopen", [False, True])
@pytest.mark.parametrize("close", [False, True])
def test_replies_that_open_and_close(chat: ChatService, store: Store, status: str, reopen: bool, close: bool) -> None:
    """`reopen` allows a reply in a closed conversation, `close` closes it with the reply; the history has both."""
    name = chat.send("user-1", "Hello").conversation_id
    if status == "closed":
        chat.close(name, "admin-1")
    rows = len(chat.history(name).history)
    if status == "closed" and not reopen:
        with pytest.raises(Conflict):
            chat.reply(name, "admin-2", "Hi", reopen=reopen, close=close)
        return
    sent = chat.reply(name, "admin-2", "Hi", reopen=reopen, close=close)
    conversation = chat.conversation(name)
    new = [(row.event, row.actor, row.before, row.after) for row in chat.history(name).history[rows:]]
    after = "closed" if close else "open"
    event = "close" if close else "reopen"

    assert after == conversation.status
    assert ((sent.created_at, "admin-2") if close else (None, None)) == (conversation.closed_at, conversation.closed_by)
    expected = (
        [] if (status, after) == ("open", "open") else [(event, "admin-2", {"status": status}, {"status": after})]
    )
    assert expected == new
    assert [] == errors_in(store)


@pytest.mark.parametrize("action", ["close", "reopen"])
def test_a_status_changed_by_two_at_once(
    chat: ChatService, meddled: Intervening, clock: ManualClock, store: Store, action: str
) -> None:
    """When two admins close or reopen at once, the second gets `changed` False, and one row is written."""
    name = chat.send("user-1", "Hello").conversation_id
    if action == "reopen":
        chat.close(name, "admin-0")
    rows = len(chat.history(name).history)
    first: Callable[[], object] = lambda: getattr(chat, action)(name, "admin-1")  # noqa: E731 - a plan, not a function
    meddled.before("transact", first)
    second = getattr(ChatService(meddled, clock), action)(name, "admin-2")

    assert not second.changed
    assert ["admin-1"] == [row.actor for row in chat.history(name).history[rows:]]
    assert [] == errors_in(store)


def test_a_status_survives_a_message_in_flight(
    chat: ChatService, meddled: Intervening, clock: ManualClock, store: Store
) -> None:
    """A concurrent message makes the closing retry, does not prevent it, and gets another time."""
    name = chat.send("user-1", "Hello").conversation_id
    meddled.before("transact", lambda: chat.send("user-1", "wait", conversation_id=name))

    assert ChatService(meddled, clock).close(name, "admin-1").changed
    assert "closed" == chat.conversation(name).status
    assert [] == errors_in(store)


@pytest.mark.parametrize("created_at", [START, START - 1])
@pytest.mark.parametrize("name", [V4, "legacy/42", first_id(START - MINUTE)])
def test_an_imported_conversation_works_like_any_other(
    chat: ChatService, clock: ManualClock, store: Store, name: str, created_at: int
) -> None:
    """Conversations with other ids than UUIDv7, or with UUIDv7 of another time, can be used like native ones."""
    native = name not in (V4, "legacy/42")
    import_thread(store, name, count=0 if native else 3, created_at=created_at)
    clock.advance(10 * MINUTE)
    sent = chat.send("user-1", "new", conversation_id=name)
    reply = chat.reply(name, "admin-1", "re", if_last=sent.message_id)
    old = [] if native else ["old 0", "old 1", "old 2"]

    assert [*old, "new", "re"] == [m.message_text for m in chat.messages(name).messages]
    assert ["new", "re"] == [m.message_text for m in chat.messages(name, since=START + 3 * MINUTE).messages]
    assert ["new", "re"] == [m.message_text for m in chat.show(name, tail=2).messages]
    assert created_at == chat.conversation(name).created_at
    assert len(old) + 1 == chat.mark_read(name, "admin").marked
    assert 1 == chat.mark_read(name, "user", owner="user-1").marked
    assert chat.close(name, "admin-1", as_of=reply.created_at).changed
    assert chat.reopen(name, "admin-1").changed
    assert 2 == len(chat.history(name).history)
    with pytest.raises(NotFound):
        chat.send("user-2", "x", conversation_id=name)
    conversation = chat.conversation(name)
    assert (0, 0, "open") == (conversation.unread_admin, conversation.unread_user, conversation.status)
    assert 1 == len(everything(store)["conversations"])


def test_an_imported_thread_in_pages(chat: ChatService, store: Store) -> None:
    """Messages with other ids than UUIDv7 are read in order of their times, all at once, in pages and from the end."""
    ids = import_thread(store, count=7)

    assert ids == [m.message_id for m in chat.messages(V4).messages]
    assert ids[4:] == [m.message_id for m in chat.messages(V4, since=START + 3 * MINUTE).messages]
    assert ids[5:] == [m.message_id for m in chat.show(V4, tail=2).messages]
    for limit in (1, 3, 7):
        found: list[str] = []
        cursor = None
        while True:
            page = chat.messages(V4, limit=limit, cursor=cursor)
            found += [m.message_id for m in page.messages]
            if (cursor := page.next_cursor) is None:
                break
        assert ids == found


def test_if_last_in_an_imported_conversation(chat: ChatService, clock: ManualClock, store: Store) -> None:
    """In an imported conversation without a last message id, `if_last` is compared with the messages."""
    ids = import_thread(store)
    clock.advance(10 * MINUTE)

    with pytest.raises(Conflict, match="1 new"):
        chat.reply(V4, "admin-1", "Hi", if_last=ids[1])
    assert chat.reply(V4, "admin-1", "Hi", if_last=ids[2]).message_id == chat.conversation(V4).last_message_id


def test_a_user_lists_their_conversations(chat: ChatService) -> None:
    """A user sees their own conversations, open and closed, the most recently changed first, whole or in pages."""
    names = [chat.send("user-1", "x").conversation_id for _ in range(5)]
    chat.send("user-2", "x")
    chat.close(names[0], "admin-1")
    expected = [names[0], *reversed(names[1:])]
    page = chat.conversations("user-1", limit=2)
    rest = chat.conversations("user-1", cursor=page.next_cursor)

    assert expected == [c.conversation_id for c in chat.conversations("user-1").conversations]
    assert expected == [c.conversation_id for c in (*page.conversations, *rest.conversations)]
    assert rest.next_cursor is None
    assert [] == chat.conversations("nobody").conversations
    with pytest.raises(Invalid, match="cursor"):
        chat.conversations("user-2", cursor=page.next_cursor)


def test_admin_filters(chat: ChatService) -> None:
    """Status, user, shop and unread narrow a list, alone and together, and unknown words suggest the nearest."""
    a = chat.send("user-1", "x", store="a.example").conversation_id
    b = chat.send("user-2", "x", store="b.example").conversation_id
    c = chat.send("user-1", "x", store="b.example").conversation_id
    chat.mark_read(b, "admin")
    chat.close(a, "admin-1")

    def listed(**wanted: object) -> list[str]:
        found = chat.list_conversations(ConversationFilter(**wanted)).conversations  # type: ignore[arg-type] # by name
        assert found == list(chat.stream_conversations(ConversationFilter(**wanted)))  # type: ignore[arg-type] # too
        return [conversation.conversation_id for conversation in found]

    assert [a, c, b] == listed()
    assert [c, b] == listed(status="open")
    assert [a] == listed(status="closed")
    assert [a, c] == listed(user_id="user-1")
    assert [c, b] == listed(store_url="b.example") == listed(store_url="https://B.Example.:443/admin?x=1")
    assert [a, c] == listed(unread=True)
    assert [c] == listed(status="open", user_id="user-1", store_url="b.example", unread=True)
    assert [] == listed(status="closed", user_id="user-2")
    for wanted in (ConversationFilter("opn"), ConversationFilter(sort="recnt")):
        with pytest.raises(Invalid, match="did you mean"):
            chat.list_conversations(wanted)
        with pytest.raises(Invalid, match="did you mean"):
            chat.stream_conversations(wanted)
    with pytest.raises(Invalid):
        chat.list_conversations(ConversationFilter(user_id=""))


@pytest.mark.parametrize("limit", [0, -1, 501])
@pytest.mark.parametrize("sort", ["recent", "waiting"])
def test_an_admin_page_has_1_to_500(chat: ChatService, limit: int, sort: str) -> None:
    """A limit outside 1 to 500 is refused in either order."""
    with pytest.raises(Invalid, match="limit"):
        chat.list_conversations(ConversationFilter(sort=sort), limit=limit)


def test_waiting_lists_the_longest_unanswered_first(chat: ChatService, clock: ManualClock) -> None:
    """The longest waiting comes first, by its first unanswered message; answered and closed ones do not wait."""
    names = []
    for number in range(5):
        names.append(chat.send(f"user-{number}", "x").conversation_id)
        clock.advance(MINUTE)
    chat.send("user-0", "still waiting", conversation_id=names[0])
    chat.reply(names[1], "admin-1", "answered, though not marked read")
    chat.reply(names[2], "admin-1", "answered")
    clock.advance(MINUTE)
    chat.send("user-2", "again", conversation_id=names[2])
    chat.close(names[3], "admin-1")
    wanted = ConversationFilter(sort="waiting")
    expected = [names[0], names[4], names[2]]
    found: list[str] = []
    cursor = None
    while True:
        page = chat.list_conversations(wanted, limit=1, cursor=cursor)
        found += [c.conversation_id for c in page.conversations]
        if (cursor := page.next_cursor) is None:
            break

    assert expected == [c.conversation_id for c in chat.list_conversations(wanted).conversations]
    assert expected == found
    first = chat.list_conversations(wanted, limit=1).next_cursor
    with pytest.raises(Invalid, match="cursor"):
        chat.list_conversations(ConversationFilter("open", sort="waiting"), cursor=first)


def test_imported_unread_conversations_wait(chat: ChatService, store: Store, clock: ManualClock) -> None:
    """An imported conversation with unread messages waits since its last change, until an admin answers."""
    import_thread(store)
    assert 1 == fill_waiting(store)
    clock.advance(10 * MINUTE)
    new = chat.send("user-2", "x").conversation_id
    waiting = ConversationFilter(sort="waiting")

    assert [V4, new] == [c.conversation_id for c in chat.list_conversations(waiting).conversations]
    chat.reply(V4, "admin-1", "Hi")
    assert [new] == [c.conversation_id for c in chat.list_conversations(waiting).conversations]


def test_idle_conversations(chat: ChatService, clock: ManualClock, store: Store) -> None:
    """Idle conversations are open ones without a message since a time, if wanted with the last from one side."""
    asked = chat.send("user-1", "x").conversation_id
    answered = chat.send("user-2", "x").conversation_id
    chat.reply(answered, "admin-1", "y")
    closed = chat.send("user-3", "x").conversation_id
    chat.close(closed, "admin-1")
    import_thread(store)
    clock.advance(10 * MINUTE)
    fresh = chat.send("user-4", "x").conversation_id
    chat.mark_read(asked, "admin")

    def idle(last_from: str | None = None) -> set[str]:
        return {c.conversation_id for c in chat.idle(clock.now - 5 * MINUTE, last_from)}

    assert {asked, answered, V4} == idle()
    assert {asked, V4} == idle("user")
    assert {answered} == idle("admin")
    assert fresh in {c.conversation_id for c in chat.idle(clock.now + 1)}
    with pytest.raises(Invalid, match="last-from"):
        list(chat.idle(0, "bot"))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(["open", "closed"]), st.integers(0, 3)), max_size=25),
    st.integers(1, 9),
    st.sampled_from(["all", "open", "closed"]),
    st.booleans(),
)
def test_pages_neither_lose_nor_repeat(
    conversations: list[tuple[str, int]], limit: int, status: str, only_unread: bool
) -> None:
    """Pages of a list merged from both statuses hold each conversation once, newest first, also at equal times."""
    with tempfile.TemporaryDirectory() as directory, closing(SQLiteStore(Path(directory) / "store.db")) as store:
        store.create_table(CONVERSATIONS)
        records = [
            Conversation(
                conversation_id=f"c{number}",
                user_id="u",
                status="open" if state == "open" else "closed",
                created_at=number,
                updated_at=updated,
                unread_admin=number % 2,
            )
            for number, (state, updated) in enumerate(conversations)
        ]
        store.batch_put(CONVERSATIONS, [record.item() for record in records])
        chat = ChatService(store)
        wanted = ConversationFilter(status, unread=only_unread)
        found: list[Conversation] = []
        cursor = None
        while True:
            page = chat.list_conversations(wanted, limit=limit, cursor=cursor)
            found += page.conversations
            assert len(page.conversations) <= limit
            if (cursor := page.next_cursor) is None:
                break
        expected = [r for r in records if status in ("all", r.status) and (r.unread_admin or not only_unread)]

        assert sorted(r.conversation_id for r in expected) == sorted(c.conversation_id for c in found)
        assert sorted((c.updated_at for c in found), reverse=True) == [c.updated_at for c in found]
        assert found == list(chat.stream_conversations(wanted))


def test_a_store_without_conversations_lists_none(chat: ChatService) -> None:
    """Lists of an empty store are empty, which is no error."""
    assert [] == chat.list_conversations(ConversationFilter()).conversations
    assert [] == chat.list_conversations(ConversationFilter(sort="waiting")).conversations
    assert [] == list(chat.idle(START))
    assert len(TABLES) == 6
