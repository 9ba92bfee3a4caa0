"""Answers about conversations and messages: the seed's response fields (section 2)."""

from pydantic import Field, SerializeAsAny

from commercive_cli.domain.answers.base import Answer, Listing
from commercive_cli.domain.models import Conversation, Message, Note, Person, Time


class HeldConversation(Conversation):
    """A conversation, and who works on it until when (ms), if anybody does."""

    held_by: Person | None = None
    held_until: Time | None = None


class Conversations(Listing):
    """Conversations, most recently updated first."""

    conversations: list[SerializeAsAny[Conversation]]


class Messages(Listing):
    """Messages of one conversation, oldest first; `latest` (ms) as the next `since` brings what comes after them."""

    messages: list[Message]
    latest: int | None = None


class Thread(Answer):
    """A conversation, its messages and the notes of the support staff, oldest first."""

    conversation: SerializeAsAny[Conversation]
    messages: list[Message]
    notes: list[Note] = Field(default_factory=list)


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


class Notes(Answer):
    """The notes of the support staff about one conversation, oldest first."""

    notes: list[Note]


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
