"""The answer of `chat search`: the messages that hold a text."""

from commercive_cli.domain.answers.base import Listing
from commercive_cli.domain.models import Sparse


class Hit(Sparse):
    """A message that holds the text; it is the one numbered `turn` of its conversation's `turns`, from 1."""

    conversation_id: str
    message_id: str
    created_at: int
    turn: int
    turns: int
    sender_type: str
    sender_id: str
    store_url: str
    user_id: str
    message_text: str


class Hits(Listing):
    """Messages, those of the conversation that changed last first, within one the oldest first."""

    hits: list[Hit]
