"""Conversations with their messages, as `chat export` writes them."""

from commercive_cli.domain.answers.base import Answer, Listing
from commercive_cli.domain.models import Conversation, Message, Note, Sparse


class Transcript(Sparse):
    """A conversation, its messages and, where they were asked for, the notes of the support staff, oldest first."""

    conversation: Conversation
    messages: list[Message]
    notes: list[Note] | None = None


class Transcripts(Listing):
    """Transcripts, in no promised order."""

    transcripts: list[Transcript]


class Exported(Answer):
    """How much was written to a file."""

    file: str
    format: str
    conversations: int
    messages: int
