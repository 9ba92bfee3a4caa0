"""Who waits for an answer: which messages begin the waiting and which end it. Senders of any other kind do neither."""

from collections.abc import Sequence

from commercive_cli.domain.models import Message

ASKING = "user"
ANSWERING = "admin"
AUTOMATIC = "ai"
"""The sender of automatic answers. They are answers until the user asks for a person."""


def ends_waiting(sender_type: str, *, human_requested: bool | None) -> bool:
    """Return whether a message of this sender answers the user."""
    return sender_type == ANSWERING or (sender_type == AUTOMATIC and not human_requested)


def unanswered(messages: Sequence[Message], *, human_requested: bool | None) -> list[int]:
    """Return the times of the user's messages behind the last answer, oldest first; `messages` are in order of time."""
    times: list[int] = []
    for message in reversed(messages):
        if ends_waiting(message.sender_type, human_requested=human_requested):
            break
        if message.sender_type == ASKING:
            times.append(message.created_at)
    return times[::-1]
