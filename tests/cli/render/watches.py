"""What is watched on a terminal, and what happens while somebody looks at it."""

from collections.abc import Callable

from commercive_cli.cli.render.watch_view import LogScreen, ThreadScreen, WatchScreen
from commercive_cli.domain.answers.changes import Change, Event
from commercive_cli.domain.answers.threads import Thread
from commercive_cli.domain.models import Conversation, Message
from tests.cli.render.answers import CLOSED, HELD, HOUR, MINUTE, NOTES, NOW, QUEUE, TURNS, conversation, message

NEW = conversation(
    "01a21e1c-0000-7000-8000-00002e7740cd", "pixel-pots", "Do you ship", 0, created_at=NOW - MINUTE, unread_admin=1
)  # fmt: skip
HALF_READ = QUEUE[0].model_copy(update={"unread_user": 2})


def told(event: Event, talk: Conversation, age: int, what: Message | None = None) -> Change:
    return Change(event=event, cursor="", at=NOW - age, conversation=talk, message=what)


def written(talk: Conversation, age: int, sender: str, who: str, text: str) -> Change:
    one = message(7, NOW - age, sender, who, text, read=sender == "ai")
    return told("message", talk, age, one.model_copy(update={"conversation_id": talk.conversation_id}))


LOG = [
    written(QUEUE[1], 9 * HOUR + 40 * MINUTE, "user", "u", "From the evening before."),
    written(QUEUE[0], 4 * MINUTE, "user", "u", "ありがとうございます! 追跡番号を教えてください 📦 注文1001がまだ。"),
    written(QUEUE[1], 3 * MINUTE, "admin", "jonas", "It is a 56, \x1b[31m and [bold]red[/bold].\nOr 54."),
    written(NEW, MINUTE, "user", "u", "Do you ship to Malta?\n\nIf so,\nwhen?"),
    written(QUEUE[2], MINUTE, "ai", "ai-assistant", "Thank you. A person answers on weekdays from 9 to 17."),
    told("closed", CLOSED, 3_000),
    told("reopened", QUEUE[2], 2_000),
    told("read", QUEUE[1], 1_000),
    told("read", HALF_READ, 0),
]  # fmt: skip
GROWING = [
    written(QUEUE[0], MINUTE, "admin", "mira", "番号は EZ-4471-JP です。明日届きます。"),
    told("read", QUEUE[0], MINUTE),
    written(QUEUE[0], 0, "user", "u", "ありがとうございます!"),
    told("closed", CLOSED, 0),
    told("reopened", QUEUE[0], 0),
]
WATCHES: dict[str, tuple[Callable[[], WatchScreen], list[Change]]] = {
    "chat-watch": (lambda: LogScreen("Watching all conversations, as mira. Ctrl-C ends it."), LOG),
    "chat-watch-waiting": (lambda: LogScreen("Watching what waits, as mira. Ctrl-C ends it.", queue=True), LOG),
    "chat-watch-thread": (lambda: ThreadScreen(Thread(conversation=HELD, messages=TURNS[2:5], notes=NOTES)), GROWING),
}
"""The screens of watches, and what happens while they are looked at."""
