"""The answer of `chat watch`: what happens in conversations, one thing after the other."""

from typing import Literal

from pydantic import SerializeAsAny

from commercive_cli.domain.answers.base import Listing
from commercive_cli.domain.models import Conversation, Message, Sparse

Event = Literal["start", "message", "closed", "reopened", "read"]


class Change(Sparse):
    """What happened at a time (ms); a watch that goes on from `cursor` begins behind it.

    `start` is where a watch begins, `read` that the user has read what admins wrote. `conversation` is as it was when
    it was looked at, which may be after the message.
    """

    event: Event
    cursor: str
    at: int | None = None
    message: Message | None = None
    conversation: SerializeAsAny[Conversation] | None = None


class Changes(Listing):
    """What happened, in order."""

    changes: list[Change]
