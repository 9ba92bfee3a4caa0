"""What `chat watch` shows: of one conversation its thread as it grows, of many a log with a line for each event."""

from typing import Protocol

from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.roles import Role
from commercive_cli.cli.render.short_ids import SHORTEST
from commercive_cli.cli.render.terminal import GAP, label_of, shop_name
from commercive_cli.cli.render.thread import draw_head, draw_turns, speaker
from commercive_cli.cli.render.views import VIEWS, View
from commercive_cli.domain.answers.changes import Change, Changes
from commercive_cli.domain.answers.threads import Thread
from commercive_cli.domain.models import Conversation, Message

LAST_TURNS = 3
"""Turns of a thread that stand before those that are new."""
_SHOP, _ROOMY_SHOP, _ROOMY = 13, 20, 100
_NARROWEST_TEXT = 20


class WatchScreen(Protocol):
    """What people see of a watch, with `whole` texts or the beginning of each."""

    whole: bool

    def begin(self, display: Display) -> None:
        """Write what stands at the top."""
        ...

    def draw(self, display: Display, change: Change) -> None:
        """Write one event."""
        ...


class ThreadScreen:
    """A thread with the turns that it had, to which new ones are added; what else happens is an indented grey line."""

    whole = True

    def __init__(self, thread: Thread) -> None:
        self._thread = thread
        self._day = ""

    def begin(self, display: Display) -> None:
        """Write the head and the last turns."""
        conversation = self._thread.conversation
        _meet(display, conversation)
        draw_head(display, conversation)
        self._day = draw_turns(display, conversation, self._thread.messages)

    def draw(self, display: Display, change: Change) -> None:
        """Write a turn, or what happened."""
        conversation = change.conversation or self._thread.conversation
        _meet(display, conversation)
        if change.message is not None:
            self._day = draw_turns(display, conversation, [change.message], self._day)
            return
        display.gap()
        words = f"{display.moments.in_thread(change.at or 0)}  {_what(conversation, change)}"
        display.sentence((words, "quiet"), indent=2)


class LogScreen:
    """A log: it scrolls, and is never drawn over. `sentence` says what is watched; answers may end a `queue`."""

    whole = False

    def __init__(self, sentence: str, *, queue: bool = False) -> None:
        self._sentence = sentence
        self._queue = queue
        self._day = ""

    def begin(self, display: Display) -> None:
        """Write the sentence."""
        self._day = display.moments.day(display.now)
        display.sentence(self._sentence)

    def draw(self, display: Display, change: Change) -> None:
        """Write a line with time, id, shop and what happened; when it is narrow, the shop goes first, then the id."""
        conversation, at = change.conversation, change.at
        if conversation is None or at is None:
            return
        _meet(display, conversation)
        self._begin_day(display, display.moments.day(at))
        line = display.text((display.moments.in_log(at), "quiet"), " " * GAP)
        for cell, width in _cells(display, conversation, line.cell_len):
            shown = display.text(cell)
            shown.truncate(width, overflow="ellipsis")
            line += shown + display.text(" " * (width - shown.cell_len + GAP))
        words, role, more = self._words(conversation, change)
        rest = display.text((more, "quiet"))
        if display.width - line.cell_len - rest.cell_len < _NARROWEST_TEXT:
            rest = display.text(("…" if more else "", "quiet"))
        told = display.text((words, role))
        told.truncate(max(display.width - line.cell_len - rest.cell_len, 1), overflow="ellipsis")
        display.write(line + told + rest)

    def _begin_day(self, display: Display, day: str) -> None:
        if day != self._day:
            display.rule(day)
            self._day = day

    def _words(self, conversation: Conversation, change: Change) -> tuple[str, Role, str]:
        message = change.message
        if message is None:
            return _what(conversation, change), "quiet", ""
        if self._queue and message.sender_type != "user":
            return f"{speaker(conversation, message)} answered, waits no longer", "quiet", ""
        first, *others = message.message_text.strip().split("\n")
        more = f" ({len(others)} more line{'' if len(others) == 1 else 's'})" if others else ""
        return _who(conversation, message) + first, "quiet" if message.sender_type == "ai" else "", more


def _meet(display: Display, conversation: Conversation) -> None:
    display.meet("conversation", conversation.conversation_id, label_of(conversation))
    display.meet("user", conversation.user_id)


def _who(conversation: Conversation, message: Message) -> str:
    """Return what stands before a text: who wrote it, unless that is the user, whose shop stands there."""
    if message.sender_type != "user":
        return f"{speaker(conversation, message)}: "
    return "new: " if message.created_at == conversation.created_at else ""


def _what(conversation: Conversation, change: Change) -> str:
    match change.event:
        case "closed":
            return f"closed by {conversation.closed_by}" if conversation.closed_by else "closed"
        case "reopened":
            return "open again"
        case "read" if conversation.unread_user:
            return f"✓ {shop_name(conversation)} has read some, {conversation.unread_user} are unread"
    return f"✓ {shop_name(conversation)} has read it"


def _cells(display: Display, conversation: Conversation, taken: int) -> list[tuple[str, int]]:
    """Return id and shop with their widths, as far as a text has room beside them."""
    name = display.id(conversation.conversation_id)
    id_width = max(display.text(name).cell_len, SHORTEST)
    shop_width = _ROOMY_SHOP if display.width >= _ROOMY else _SHOP
    cells = [(name, id_width), (shop_name(conversation), shop_width)]
    while cells and display.width - taken - sum(width + GAP for _, width in cells) < _NARROWEST_TEXT:
        cells.pop()
    return cells


def ending(count: int, took: str) -> str:
    """Return what a watch says in the end: how much happened in which time."""
    return f"{count:,} event{'' if count == 1 else 's'} in {took}."


VIEWS[Changes] = View(
    lambda answer: answer.changes,
    (
        Column("at", "time"),
        Column("event", "status"),
        Column("conversation_id", "id", "conversation.conversation_id", names=True),
        Column("message_id", "id", "message.message_id"),
        Column("sender_type", path="message.sender_type"),
        Column("sender_id", "id", "message.sender_id"),
        Column("store_url", path="conversation.store_url"),
        Column("user_id", "id", "conversation.user_id"),
        Column("message_text", "prose", "message.message_text"),
    ),
)
