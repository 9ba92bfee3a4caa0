"""Somebody else is faster by a moment: what they did counts, even when their clock is behind ours."""

from collections.abc import Callable
from functools import partial

import pytest

from commercive_cli.domain.errors import Conflict, NotFound, NotTaken
from commercive_cli.services.chat.service import ChatService
from commercive_cli.store.items import Key
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS
from commercive_cli.store.writes import Delete, Update
from tests.services.chat.imported import MINUTE, V4, import_thread
from tests.services.fakes import DAY, START, Ids, Intervening, ManualClock, a_week_passes
from tests.services.raw_data import errors_in, everything, rows

HOUR = 60 * MINUTE


@pytest.fixture
def behind(store: Store) -> ChatService:
    """What a machine sees whose clock is behind: the times it writes do not stand in the way of what is on its way."""
    return ChatService(store, ManualClock(START + 10 * MINUTE))


@pytest.fixture
def ours(meddled: Intervening, clock: ManualClock) -> ChatService:
    """What a machine does that others get in front of, an hour later by its own clock."""
    clock.now = START + HOUR
    return ChatService(meddled, clock)


@pytest.fixture
def name(store: Store) -> str:
    """Return the id of a conversation of `user-1` with one message."""
    return ChatService(store, ManualClock()).send("user-1", "Hello").conversation_id


def place(store: Store) -> Key:
    """Return the key of the one conversation there is."""
    [item] = rows(store, CONVERSATIONS)
    return CONVERSATIONS.key_of(item)


def texts(chat: ChatService, name: str) -> list[str]:
    return [message.message_text for message in chat.messages(name).messages]


@pytest.mark.parametrize("sender", ["user", "admin"])
def test_no_message_enters_a_conversation_that_was_closed_by_a_clock_behind(
    ours: ChatService, behind: ChatService, meddled: Intervening, store: Store, name: str, sender: str
) -> None:
    """Closed is closed, however early the clock of whoever closed it."""
    writes: dict[str, Callable[[], object]] = {
        "user": lambda: ours.send("user-1", "late", conversation_id=name),
        "admin": lambda: ours.reply(name, "admin-2", "late"),
    }
    meddled.before("transact", lambda: behind.close(name, "admin-1"))

    with pytest.raises(Conflict, match="is closed"):
        writes[sender]()
    assert ["Hello"] == texts(behind, name)
    assert [] == errors_in(store)


def test_a_conversation_that_two_reopen_by_writing_is_reopened_once(
    ours: ChatService, behind: ChatService, meddled: Intervening, store: Store, name: str
) -> None:
    """The history tells one reopening, by whoever came first; both replies are kept."""
    behind.close(name, "admin-0")
    # The first try learns that the conversation is closed, the second one meets it open again.
    meddled.before("transact", lambda: None)
    meddled.before("transact", lambda: behind.reply(name, "admin-1", "first", reopen=True))
    ours.reply(name, "admin-2", "second", reopen=True)

    assert ["Hello", "first", "second"] == texts(behind, name)
    assert ["close", "reopen"] == [row.event for row in behind.history(name).history]
    assert [] == errors_in(store)


def test_a_conversation_that_changes_hands_takes_no_message_of_its_former_owner(
    ours: ChatService, meddled: Intervening, store: Store, name: str
) -> None:
    """An erasure gives a conversation to a pseudonym, and leaves its time; then the person is nobody there."""
    handed = Update(CONVERSATIONS, place(store), set={"user_id": "erased-1"})
    meddled.before("transact", lambda: store.transact(handed))

    with pytest.raises(NotFound):
        ours.send("user-1", "still me", conversation_id=name)
    assert ["Hello"] == texts(ours, name)


def test_if_last_sees_a_message_of_a_clock_behind(
    ours: ChatService, behind: ChatService, meddled: Intervening, store: Store, name: str
) -> None:
    """A message that got in first refuses the reply to the one before it, whatever time it bears."""
    seen = behind.conversation(name).last_message_id
    meddled.before("transact", lambda: behind.send("user-1", "wait", conversation_id=name))

    with pytest.raises(Conflict, match="'wait'"):
        ours.reply(name, "admin-1", "Hi", if_last=seen)
    assert ["Hello", "wait"] == texts(behind, name)
    assert [] == errors_in(store)


def test_if_last_sees_a_message_in_an_imported_conversation(
    ours: ChatService, behind: ChatService, meddled: Intervening, store: Store
) -> None:
    """Also where the old system kept no last message, and the reply was compared with the messages before."""
    ids = import_thread(store)
    # The first try learns that no last message is told; then the messages are looked at; the second one writes.
    meddled.before("transact", lambda: None)
    meddled.before("transact", lambda: behind.send("user-1", "wait", conversation_id=V4))

    with pytest.raises(Conflict, match="'wait'"):
        ours.reply(V4, "admin-1", "Hi", if_last=ids[-1])
    assert ["old 0", "old 1", "old 2", "wait"] == texts(behind, V4)


def test_if_last_is_looked_at_again_with_each_try(
    ours: ChatService, behind: ChatService, meddled: Intervening, store: Store, name: str
) -> None:
    """A reply that reopens learns first that it has to; an answer that comes then, and closes again, refuses it."""
    behind.close(name, "admin-0")
    seen = behind.conversation(name).last_message_id
    meddled.before("transact", lambda: None)
    meddled.before("transact", lambda: behind.reply(name, "admin-1", "Bye", reopen=True, close=True))

    with pytest.raises(Conflict, match="'Bye'"):
        ours.reply(name, "admin-2", "Hi", if_last=seen, reopen=True)
    assert ["Hello", "Bye"] == texts(behind, name)
    assert [] == errors_in(store)


def test_a_wish_for_a_person_is_heeded_with_each_try(
    ours: ChatService, meddled: Intervening, store: Store, name: str
) -> None:
    """An automatic answer that was held up ends no wait of a user who has asked for a person since."""
    key, seen = place(store), ours.conversation(name).last_message_id
    moved = Update(CONVERSATIONS, key, set={"updated_at": START + 2 * HOUR})
    asked = Update(CONVERSATIONS, key, set={"human_requested": True})
    meddled.before("transact", lambda: store.transact(moved))
    meddled.before("transact", lambda: store.transact(asked))
    ours.answer(name, "Hi", if_last=seen or "")

    assert ours.conversation(name).waiting_since is not None


@pytest.mark.parametrize("action", ["close", "reopen"])
def test_a_status_is_changed_once_whatever_the_clocks_say(
    ours: ChatService, behind: ChatService, meddled: Intervening, store: Store, name: str, action: str
) -> None:
    """Of two who close, or reopen, at once, one does, and the history names that one."""
    if action == "reopen":
        behind.close(name, "admin-0")
    told = len(behind.history(name).history)
    meddled.before("transact", lambda: getattr(behind, action)(name, "admin-1"))
    changed = getattr(ours, action)(name, "admin-2").changed

    assert not changed
    assert ["admin-1"] == [row.actor for row in behind.history(name).history[told:]]
    assert [] == errors_in(store)


@pytest.mark.parametrize("imported", [False, True])
def test_closing_as_seen_sees_a_message_of_a_clock_behind(
    ours: ChatService, behind: ChatService, meddled: Intervening, store: Store, name: str, imported: bool
) -> None:
    """Nobody closes a conversation over a message that they have not seen."""
    if imported:
        import_thread(store)
        name = V4
    seen = behind.conversation(name).updated_at
    meddled.before("transact", lambda: behind.send("user-1", "wait", conversation_id=name))

    with pytest.raises(Conflict, match="changed since; it stays open"):
        ours.close(name, "admin-1", as_of=seen)
    assert "open" == behind.conversation(name).status
    assert [] == behind.history(name).history


def test_a_conversation_is_closed_behind_a_message_of_a_clock_ahead(
    ours: ChatService, meddled: Intervening, store: Store, name: str
) -> None:
    """A message that got in first bears a later time; the closing bears a later one still."""
    ahead = ChatService(store, ManualClock(START + DAY))
    meddled.before("transact", lambda: ahead.send("user-1", "early", conversation_id=name))

    assert ours.close(name, "admin-1").changed
    assert START + DAY + 1 == ours.conversation(name).closed_at
    assert [] == errors_in(store)


def test_a_conversation_is_closed_behind_the_last_of_many_messages(
    ours: ChatService, meddled: Intervening, store: Store, name: str
) -> None:
    """However many messages of clocks ahead get in first, the closing is behind them all."""
    for days in (1, 2):
        ahead = ChatService(store, ManualClock(START + days * DAY))
        meddled.before("transact", partial(ahead.send, "user-1", "early", conversation_id=name))

    assert ours.close(name, "admin-1").changed
    assert START + 2 * DAY + 1 == ours.conversation(name).closed_at
    assert [] == errors_in(store)


def test_nobody_waits_in_what_was_answered_before_it_was_reopened(
    ours: ChatService, behind: ChatService, meddled: Intervening, store: Store, name: str
) -> None:
    """Reopening learns first that somebody waits; an answer that comes then, and closes again, ends that."""
    behind.close(name, "admin-0")
    meddled.before("transact", lambda: None)
    meddled.before("transact", lambda: behind.reply(name, "admin-1", "Bye", reopen=True, close=True))

    assert ours.reopen(name, "admin-2").changed
    assert (None, None) == (ours.conversation(name).waiting_since, ours.conversation(name).waiting_for)
    assert [] == errors_in(store)


def test_a_message_is_put_behind_one_of_a_clock_ahead(
    ours: ChatService, meddled: Intervening, store: Store, name: str
) -> None:
    """Whoever gets in first is first, also when theirs is the later time."""
    ahead = ChatService(store, ManualClock(START + DAY))
    meddled.before("transact", lambda: ahead.send("user-1", "early", conversation_id=name))
    sent = ours.reply(name, "admin-1", "Hi")

    assert ["Hello", "early", "Hi"] == texts(ours, name)
    assert START + DAY + 1 == sent.created_at
    assert [] == errors_in(store)


def test_a_message_id_that_repeats_replaces_no_message(store: Store, clock: ManualClock) -> None:
    """Should chance hand out an id twice, the second message gets another one, and both are kept."""
    first = ChatService(store, clock).send("user-1", "Hello")
    chat = ChatService(store, clock, Ids(first.message_id))
    sent = chat.send("user-1", "again", conversation_id=first.conversation_id)

    assert ["Hello", "again"] == texts(chat, first.conversation_id)
    assert first.message_id != sent.message_id
    assert [] == errors_in(store)


def test_a_conversation_id_that_repeats_replaces_no_conversation(store: Store, clock: ManualClock) -> None:
    """Should chance hand out an id twice, the user hears that nothing was stored, and nothing is."""
    clock.step = 0
    first = ChatService(store, clock).send("user-1", "Hello").conversation_id
    before = everything(store)

    with pytest.raises(NotTaken, match="the message was not stored; send it again"):
        ChatService(store, clock, Ids(first)).send("user-2", "Mine")
    assert before == everything(store)


def test_an_expired_key_answers_for_no_conversation_whose_id_repeats(store: Store, clock: ManualClock) -> None:
    """Should chance hand out an id twice, a key that was used a week ago does not pass that for the first answer."""
    ChatService(store, clock).send("user-1", "Hello", key="k")
    a_week_passes(store, clock)
    clock.step = 0
    first = ChatService(store, clock).send("user-2", "Hello").conversation_id
    before = [rows(store, table) for table in (CONVERSATIONS, MESSAGES)]

    with pytest.raises(NotTaken, match="not stored"):
        ChatService(store, clock, Ids(first)).send("user-1", "Hello", key="k")
    assert before == [rows(store, table) for table in (CONVERSATIONS, MESSAGES)]
    assert [] == rows(store, OPS)


def test_an_expired_key_does_not_answer_for_a_closed_conversation(chat: ChatService, clock: ManualClock) -> None:
    """A key that was used a week ago is forgotten: the message is refused as closed, not passed for the first one."""
    name = chat.send("user-1", "Hello").conversation_id
    chat.send("user-1", "x", conversation_id=name, key="k")
    a_week_passes(chat.store, clock)
    chat.close(name, "admin-1")

    with pytest.raises(Conflict, match="is closed"):
        chat.send("user-1", "x", conversation_id=name, key="k")
    assert ["Hello", "x"] == texts(chat, name)


def test_a_conversation_that_is_gone_is_not_marked_read(
    ours: ChatService, meddled: Intervening, store: Store, name: str
) -> None:
    """Where somebody deleted it by hand meanwhile, nothing of it is made again, not even a counter."""
    gone = Delete(CONVERSATIONS, place(store))
    meddled.before("transact", lambda: store.transact(gone))

    with pytest.raises(NotFound, match=name):
        ours.mark_read(name, "admin")
    assert [] == rows(store, CONVERSATIONS)
    assert [False] == [message.is_read for message in ours.messages(name).messages]


def test_a_message_that_was_marked_meanwhile_is_counted_once(
    ours: ChatService, behind: ChatService, meddled: Intervening, store: Store, name: str
) -> None:
    """When another admin marks it at the same moment, the counter goes down by one and not by two."""
    meddled.before("transact", lambda: behind.mark_read(name, "admin"))

    assert 0 == ours.mark_read(name, "admin").marked
    assert 0 == ours.conversation(name).unread_admin
    assert [] == errors_in(store)
