"""What can be told before a reply is written, and what became of one whose answer was lost."""

import pytest

from commercive_cli.domain.errors import ConversationClosed, NotFound, WrittenSince
from commercive_cli.services.chat.service import ChatService
from tests.services.fakes import ManualClock, a_week_passes


def test_the_end_of_the_thread_is_returned(chat: ChatService) -> None:
    """Its last messages, oldest first; their last one is what a reply may be guarded by."""
    sent = chat.send("u", "one")
    last = chat.send("u", "two", conversation_id=sent.conversation_id)
    thread = chat.before_reply(sent.conversation_id, tail=1, if_last=last.message_id)

    assert ["two"] == [message.message_text for message in thread.messages]
    assert sent.conversation_id == thread.conversation.conversation_id


def test_what_a_reply_would_raise_is_raised(chat: ChatService) -> None:
    """No such conversation, a later message, a closed one unless it is to be reopened: as `reply` says it."""
    sent = chat.send("u", "one")
    name = sent.conversation_id
    chat.send("u", "two", conversation_id=name)
    with pytest.raises(NotFound):
        chat.before_reply("nope", tail=5)
    with pytest.raises(WrittenSince) as early:
        chat.before_reply(name, tail=5, if_last=sent.message_id)
    with pytest.raises(WrittenSince) as late:
        chat.reply(name, "admin-1", "three", if_last=sent.message_id)
    assert (early.value.message, early.value.new, early.value.last) == (
        late.value.message,
        "1 new: user u: 'two'",
        late.value.last,
    )
    chat.close(name, "admin-1")
    with pytest.raises(ConversationClosed) as early_closed:
        chat.before_reply(name, tail=5)
    with pytest.raises(ConversationClosed) as late_closed:
        chat.reply(name, "admin-1", "three")

    assert early_closed.value.message == late_closed.value.message
    assert "two" == chat.before_reply(name, tail=1, reopen=True).messages[0].message_text


def test_a_reply_is_found_by_its_key(chat: ChatService, clock: ManualClock) -> None:
    """For 7 days, by the admin who sent it; somebody else's key, or one that was not used, finds nothing."""
    sent = chat.send("u", "one")
    name = sent.conversation_id
    reply = chat.reply(name, "admin-1", "two", key="k")
    found = chat.reply_with_key(name, "admin-1", "k")

    assert found is not None
    assert (reply.message_id, "two") == (found.message_id, found.message_text)
    assert None is chat.reply_with_key(name, "admin-2", "k")
    assert None is chat.reply_with_key(name, "admin-1", "other")
    a_week_passes(chat.store, clock)
    assert None is chat.reply_with_key(name, "admin-1", "k")
