"""Answers to what changes conversations: the seed's response fields (section 2)."""

from pydantic import Field

from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.answers.threads import Thread
from commercive_cli.domain.models import Message, Note


class Sent(Answer):
    """A stored message; a repeated request with the same key gets the first answer again."""

    conversation_id: str
    message_id: str
    created_at: int


class UserMessageSent(Sent):
    """A stored message of a user; `is_new_conversation` is True when it began one."""

    is_new_conversation: bool


class MarkedRead(Answer):
    """How many messages changed from unread to read."""

    conversation_id: str
    marked: int


class ConversationChanged(Answer):
    """A conversation's status after closing or reopening it; `changed` is False when it had that status before."""

    conversation_id: str
    status: str
    changed: bool


class Claimed(Answer):
    """Who holds a conversation, and until when (ms)."""

    conversation_id: str
    holder: str
    until: int


class ClaimedNext(Claimed):
    """Who holds the conversation that waited longest, and how many others wait: `3`, `99 or more`, empty for none."""

    others: str = ""


class Released(Answer):
    """A conversation that nobody holds; `changed` is False when nobody held it before."""

    conversation_id: str
    changed: bool


class Noted(Answer):
    """A stored note."""

    conversation_id: str
    note_id: str
    created_at: int


class Snoozed(Answer):
    """Until when (ms) a conversation is put off."""

    conversation_id: str
    until: int


class NextUp(Thread):
    """A conversation that was claimed just now, longest waiting first; `others` tell people how many more wait."""

    others: str = Field(default="", exclude=True)


class NothingWaits(Answer):
    """No conversation waits that nobody holds; the attributes are those of a thread."""

    conversation: None = None
    messages: list[Message] = Field(default_factory=list)
    notes: list[Note] = Field(default_factory=list)
