"""Automatic answers of another program, users who want a person instead, and messages of senders unknown here."""

import pytest

from commercive_cli.domain.errors import Conflict, Damaged
from commercive_cli.domain.models import Conversation
from commercive_cli.services.chat.service import ChatService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES
from commercive_cli.store.writes import Update
from tests.services.fakes import START
from tests.services.raw_data import errors_in, everything


def mark(store: Store, conversation: Conversation, **attributes: object) -> None:
    """Write attributes as another backend may have."""
    key = {"conversation_id": conversation.conversation_id, "created_at": conversation.created_at}
    store.transact(Update(CONVERSATIONS, key, set=attributes))


def test_an_automatic_answer_is_shown_as_one_and_counts_nowhere(chat: ChatService, store: Store) -> None:
    """It is the last message, of sender type `ai`; neither side has more to read, and nobody waits any more."""
    sent = chat.send("user-1", "Hello")
    answered = chat.answer(sent.conversation_id, " I am a machine ", if_last=sent.message_id)
    conversation = chat.conversation(sent.conversation_id)
    message = chat.messages(sent.conversation_id).messages[-1]

    assert ("ai", "ai-assistant", "I am a machine", answered.message_id, True) == (
        message.sender_type,
        message.sender_id,
        message.message_text,
        message.message_id,
        message.is_read,
    )
    assert (1, 0, "I am a machine") == (
        conversation.unread_admin,
        conversation.unread_user,
        conversation.last_message,
    )
    assert (answered.message_id, answered.created_at) == (conversation.last_message_id, conversation.updated_at)
    assert conversation.waiting_since is None
    assert [] == errors_in(store)


def test_an_answer_to_what_is_no_longer_the_last_message_is_refused(chat: ChatService, store: Store) -> None:
    """Whoever wrote meanwhile, a person or another machine, is not talked over; nothing is written."""
    first = chat.send("user-1", "Hello")
    chat.reply(first.conversation_id, "admin-1", "I am here")
    before = everything(store)

    with pytest.raises(Conflict, match="somebody wrote since"):
        chat.answer(first.conversation_id, "I am a machine", if_last=first.message_id)
    assert before == everything(store)


def test_a_refused_answer_learns_nothing(chat: ChatService) -> None:
    """The token for automatic answers opens no text of a user, not even in what refuses it."""
    first = chat.send("user-1", "Hello")
    later = chat.send("user-1", "My card is 4111", conversation_id=first.conversation_id)

    for seen in (first.message_id, "made up"):
        with pytest.raises(Conflict) as refused:
            chat.answer(first.conversation_id, "I am a machine", if_last=seen)
        for secret in ("4111", "Hello", "user-1", later.message_id):
            assert secret not in str(refused.value)


def test_a_repeated_answer_is_one(chat: ChatService) -> None:
    """With the same key the first answer comes back; with another text it is a conflict."""
    sent = chat.send("user-1", "Hello")
    answered = chat.answer(sent.conversation_id, "Hi", if_last=sent.message_id, key="k")

    assert answered == chat.answer(sent.conversation_id, "Hi", if_last=sent.message_id, key="k")
    with pytest.raises(Conflict, match="used for another request"):
        chat.answer(sent.conversation_id, "Ho", if_last=sent.message_id, key="k")
    assert 2 == len(chat.messages(sent.conversation_id).messages)


@pytest.mark.parametrize("in_first_message", [True, False])
def test_who_asks_for_a_person_waits_until_one_answers(chat: ChatService, store: Store, in_first_message: bool) -> None:
    """The wish is noted with the message, in a new conversation or an old one, and outlasts automatic answers."""
    name = chat.send("user-1", "Hello", request_human=in_first_message).conversation_id
    wish = chat.send("user-1", "A person, please", conversation_id=name, request_human=not in_first_message)

    chat.answer(name, "One moment", if_last=wish.message_id)

    waiting = chat.conversation(name)
    assert (True, START, 2) == (waiting.human_requested, waiting.waiting_since, waiting.unread_admin)
    chat.reply(name, "admin-1", "I am a person")
    assert chat.conversation(name).waiting_since is None
    assert [] == errors_in(store)


def test_a_message_says_whether_it_began_a_conversation(chat: ChatService) -> None:
    """The first one did, those after it did not, and a repeated request hears what the first one heard."""
    first = chat.send("user-1", "Hello", key="k")
    second = chat.send("user-1", "again", conversation_id=first.conversation_id)

    assert (True, False) == (first.is_new_conversation, second.is_new_conversation)
    assert first == chat.send("user-1", "Hello", key="k")


def test_a_key_is_for_one_wish(chat: ChatService) -> None:
    """The same message with and without the wish for a person are two requests."""
    chat.send("user-1", "Hello", key="k")

    with pytest.raises(Conflict, match="used for another request"):
        chat.send("user-1", "Hello", request_human=True, key="k")


@pytest.mark.parametrize(("stored", "waits"), [(True, True), (False, False)])
def test_wishes_noted_by_another_backend_count(chat: ChatService, store: Store, stored: bool, waits: bool) -> None:
    """`human_requested` may be there and false, too."""
    sent = chat.send("user-1", "Hello")
    mark(store, chat.conversation(sent.conversation_id), human_requested=stored)

    chat.answer(sent.conversation_id, "Hi", if_last=sent.message_id)

    assert waits == (chat.conversation(sent.conversation_id).waiting_since is not None)


def test_a_wish_that_cannot_be_read_stops_the_machine_alone(chat: ChatService, store: Store) -> None:
    """Whether the user wants a person is not guessed; people go on writing."""
    sent = chat.send("user-1", "Hello")
    mark(store, chat.conversation(sent.conversation_id), human_requested="yes")
    before = everything(store)

    with pytest.raises(Damaged, match="human_requested"):
        chat.answer(sent.conversation_id, "Hi", if_last=sent.message_id)
    assert before == everything(store)
    assert chat.reply(sent.conversation_id, "admin-1", "Hi").message_id


@pytest.mark.parametrize("sender", ["ai", "bot", "System"])
def test_messages_of_other_senders_are_shown_and_counted_nowhere(chat: ChatService, store: Store, sender: str) -> None:
    """Another backend's messages keep their sender type, unread as they may be, and marking read passes them over."""
    sent = chat.send("user-1", "Hello")
    foreign = {
        "conversation_id": sent.conversation_id,
        "message_id": "MSG-1",
        "sender_type": sender,
        "sender_id": "elsewhere",
        "message_text": "from elsewhere",
        "created_at": sent.created_at + 1,
        "is_read": False,
    }
    store.batch_put(MESSAGES, [foreign])

    assert (0, 1) == tuple(chat.mark_read(sent.conversation_id, side).marked for side in ("user", "admin"))

    shown = {m.message_id: m.sender_type for m in chat.messages(sent.conversation_id).messages}
    assert {sent.message_id: "user", "MSG-1": sender} == shown
