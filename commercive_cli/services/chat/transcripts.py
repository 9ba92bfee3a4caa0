"""Transcripts: conversations with their messages, one at a time, on demand without what points to a person."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from commercive_cli.domain.answers.transcripts import Transcript
from commercive_cli.domain.models import Conversation, Message, Note
from commercive_cli.domain.redaction import redacted, without_emails
from commercive_cli.services.chat.threads import open_both, open_messages, scan_conversations, stream_threads
from commercive_cli.store.port import Store

_TEXTS = ("message_text", "last_message", "text")
_NAMES = ("user_id", "store_url", "closed_by", "sender_id", "author")
_Opened = tuple[Iterator[Message], list[Note] | None]


@dataclass(frozen=True)
class TranscriptService:
    """Reads transcripts; one is in memory at a time."""

    store: Store

    def transcripts(
        self,
        conversations: Iterable[Conversation] | None = None,
        *,
        since: int | None = None,
        redact: bool = False,
        notes: bool = False,
    ) -> Iterator[Transcript]:
        """Yield the transcripts of these conversations, None for all, each once, and with `notes` those about them.

        With `since` (ms, inclusive), only messages and notes from then on, and no conversation without messages.
        `redact` replaces e-mail addresses, phone numbers and long ids in texts, and e-mail addresses in names.
        """
        chosen = scan_conversations(self.store) if conversations is None else conversations
        opened: Callable[[Store, str], _Opened] = open_both if notes else _open_messages_alone
        for conversation, (messages, noted) in stream_threads(
            self.store, filter(lambda each: _may_hold(each, since), chosen), opened
        ):
            wanted = [each for each in messages if since is None or each.created_at >= since]
            if wanted or since is None:
                transcript = Transcript(conversation=conversation, messages=wanted, notes=_since(noted, since))
                yield _redacted(transcript) if redact else transcript


def _open_messages_alone(store: Store, conversation_id: str) -> _Opened:
    return open_messages(store, conversation_id), None


def _since(notes: list[Note] | None, since: int | None) -> list[Note] | None:
    return notes if notes is None or since is None else [each for each in notes if each.created_at >= since]


def _may_hold(conversation: Conversation, since: int | None) -> bool:
    return since is None or conversation.updated_at >= since or "updated_at" in conversation.damaged


def _redacted(transcript: Transcript) -> Transcript:
    conversation = transcript.conversation
    return Transcript(
        conversation=conversation.model_copy(update=_changes(conversation)),
        messages=[each.model_copy(update=_changes(each)) for each in transcript.messages],
        notes=transcript.notes and [each.model_copy(update=_changes(each)) for each in transcript.notes],
    )


def _changes(record: Conversation | Message | Note) -> dict[str, Any]:
    values = record.model_dump()
    return {name: redacted(values[name]) for name in _TEXTS if name in values} | {
        name: without_emails(values[name]) for name in _NAMES if name in values
    }
