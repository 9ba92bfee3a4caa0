"""Transcripts as Markdown, JSON and CSV. What people wrote is text in each: no Markdown, no HTML, no formula."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from commercive_cli.cli.render import documents, rows
from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.escape import escape, escape_lines
from commercive_cli.cli.render.moments import rfc3339
from commercive_cli.cli.render.terminal import shop_name
from commercive_cli.cli.render.thread import speaker
from commercive_cli.cli.render.views import VIEWS, View
from commercive_cli.domain.answers.transcripts import Exported, Transcript, Transcripts
from commercive_cli.domain.models import Conversation, Message

TranscriptFormat = Literal["md", "json", "csv"]

_PLAIN = re.compile(r"(?!.*www\.)[^\W_](?:[^\W_]|[ .-])*", re.IGNORECASE)
"""Names that mean nothing in Markdown; all others are written as code."""


def transcript_text(form: TranscriptFormat, transcripts: Iterable[Transcript], *, notes: bool = False) -> Iterator[str]:
    """Yield the text of transcripts, one after the other; with `notes`, CSV has a column for them."""
    match form:
        case "json":
            return documents.streamed_document(Transcripts.field(), transcripts)
        case "csv":
            return rows.comma_separated((*_COLUMNS, _NOTES) if notes else _COLUMNS, transcripts)
    return (part for transcript in transcripts for part in _markdown(transcript))


def _markdown(transcript: Transcript) -> Iterator[str]:
    """Yield a heading with the shop, facts, and a heading for each message, whose text is a block of code.

    Notes follow under a heading of their own, never among the messages.
    """
    conversation = transcript.conversation
    yield f"# {_inert(shop_name(conversation))}, conversation {_inert(conversation.conversation_id)}\n\n"
    yield "".join(f"- {name} {value}\n" for name, value in _facts(transcript)) + "\n"
    for message in transcript.messages:
        yield f"## {rfc3339(message.created_at)} {_inert(speaker(conversation, message))}\n\n"
        yield _code(message.message_text)
    if transcript.notes:
        yield "## Notes, never shown to the user\n\n"
    for note in transcript.notes or ():
        yield f"### {rfc3339(note.created_at)} {_inert(note.author)}\n\n{_code(note.text)}"


def _code(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in escape_lines(text).split("\n")) + "\n\n"


def _facts(transcript: Transcript) -> Iterator[tuple[str, str]]:
    conversation = transcript.conversation
    yield "user", _inert(conversation.user_id)
    if conversation.store_url:
        yield "shop", _inert(conversation.store_url)
    yield "opened", rfc3339(conversation.created_at)
    if conversation.status == "closed" and conversation.closed_at is not None:
        by = f" by {_inert(conversation.closed_by)}" if conversation.closed_by else ""
        yield "closed", rfc3339(conversation.closed_at) + by
    else:
        yield "is", _inert(conversation.status)
    yield "messages", str(len(transcript.messages))
    if transcript.notes is not None:
        yield "notes", str(len(transcript.notes))
    damaged = [*conversation.damaged, *(name for each in transcript.messages for name in each.damaged)]
    damaged += [name for each in transcript.notes or () for name in each.damaged]
    if damaged:
        yield "damaged in", ", ".join(map(_inert, dict.fromkeys(damaged)))


def _inert(name: str) -> str:
    """Return a name so that Markdown shows it as it is."""
    text = escape(name) or "-"
    if _PLAIN.fullmatch(text):
        return text
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if "`" in text or not text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _count_of(sender_type: str) -> Callable[[Transcript], int]:
    return lambda transcript: sum(each.sender_type == sender_type for each in transcript.messages)


def _in_one_cell(transcript: Transcript) -> str:
    return "\n".join(_told(transcript.conversation, message) for message in transcript.messages)


def _told(conversation: Conversation, message: Message) -> str:
    return f"{rfc3339(message.created_at)} {speaker(conversation, message)}: {message.message_text}"


def _time_of(place: int) -> Callable[[Transcript], Any]:
    return lambda transcript: transcript.messages[place].created_at if transcript.messages else None


_COLUMNS = (
    Column("conversation_id", "id", "conversation.conversation_id"),
    Column("user_id", "id", "conversation.user_id"),
    Column("store_url", "text", "conversation.store_url"),
    Column("status", "status", "conversation.status"),
    Column("created_at", "time", "conversation.created_at"),
    Column("closed_at", "time", "conversation.closed_at"),
    Column("closed_by", "id", "conversation.closed_by"),
    Column("by_user", "count", "*", words=_count_of("user")),
    Column("by_admin", "count", "*", words=_count_of("admin")),
    Column("automatic", "count", "*", words=_count_of("ai")),
    Column("first_message_at", "time", "*", words=_time_of(0)),
    Column("last_message_at", "time", "*", words=_time_of(-1)),
    Column("transcript", "prose", "*", words=_in_one_cell),
)
_NOTES = Column(
    "notes",
    "prose",
    "*",
    words=lambda transcript: "\n".join(
        f"{rfc3339(note.created_at)} {note.author}: {note.text}" for note in transcript.notes or ()
    ),
)
VIEWS[Transcripts] = View(lambda answer: answer.transcripts, _COLUMNS)
VIEWS[Exported] = View(
    lambda answer: (answer,),
    (
        Column("file", "id", names=True),
        Column("format"),
        Column("conversations", "count"),
        Column("messages", "count"),
    ),
)
