"""Answers about conversations that were closed long ago: what is due, and what an archive has taken."""

from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.models import Sparse


class LeftConversation(Sparse):
    """A conversation that stays in the store, and why."""

    conversation_id: str
    reason: str


class Due(Answer):
    """What has been closed since `closed_before` (ms) or longer; `oldest` and `newest` are times of closing.

    `left` names the first of the conversations that may be as old and are left alone, `left_count` counts them all.
    """

    closed_before: int
    conversations: int
    oldest: int | None
    newest: int | None
    left: list[LeftConversation]
    left_count: int


class ArchivePreview(Due):
    """What an archive would take."""

    messages: int
    notes: int


class Archived(ArchivePreview):
    """What an archive holds, and the store no more."""

    directory: str


class Retention(Due):
    """What the policy of the config file would take; without a policy, nothing. `command` is what takes it."""

    policy: str | None
    command: str | None
