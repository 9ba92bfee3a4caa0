"""Answers that show conversations and messages: the seed's response fields (section 2)."""

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


class Notes(Answer):
    """The notes of the support staff about one conversation, oldest first."""

    notes: list[Note]
