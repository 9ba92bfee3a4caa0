"""A conversation as people read it: a head of two lines, then turns under their days, the newest last."""

import io
from collections.abc import Sequence
from dataclasses import replace

from commercive_cli.cli.render.columns import CONVERSATION, MESSAGE
from commercive_cli.cli.render.display import Display, Part, console_on
from commercive_cli.cli.render.moments import distance
from commercive_cli.cli.render.terminal import label_of, print_cards, shop_name
from commercive_cli.cli.render.views import NoteTurn, turns
from commercive_cli.domain.answers.chat import NextUp
from commercive_cli.domain.answers.threads import HeldConversation, Thread
from commercive_cli.domain.models import Conversation, Message


def draw_thread(display: Display, thread: Thread, *, full: bool = False) -> None:
    """Write a conversation and its messages; `full` adds every attribute, ids and exact times."""
    conversation = thread.conversation
    display.meet("conversation", conversation.conversation_id, label_of(conversation))
    display.meet("user", conversation.user_id)
    if full:
        display = replace(display, wide=True, moments=replace(display.moments, style=display.moments.style or "iso"))
        print_cards(display, CONVERSATION, [conversation])
        for message in turns(thread):
            display.gap()
            print_cards(display, MESSAGE, [message])
        return
    draw_head(display, conversation)
    draw_turns(display, conversation, turns(thread))
    _draw_end(display, conversation)


def draw_next(display: Display, thread: NextUp) -> None:
    """Write a conversation that was claimed just now: as many last turns as the screen holds, and the ways on.

    Those that are unread are there at least.
    """
    conversation, all_turns = thread.conversation, turns(thread)
    display.meet("conversation", conversation.conversation_id, label_of(conversation))
    display.meet("user", conversation.user_id)
    count = max(_since_unread(all_turns), 1)
    while count < len(all_turns) and _height(display, thread, all_turns, count + 1) < display.console.height:
        count += 1
    _draw_claimed(display, thread, all_turns, count)


def _height(display: Display, thread: NextUp, all_turns: Sequence[Message], count: int) -> int:
    """Return how many lines so many turns take with all that stands around them."""
    drawn = io.StringIO()
    scratch = replace(display, console=console_on(drawn, colour=False, width=display.console.width))
    _draw_claimed(scratch, thread, all_turns, count)
    return drawn.getvalue().count("\n")


def _draw_claimed(display: Display, thread: NextUp, all_turns: Sequence[Message], count: int) -> None:
    conversation = thread.conversation
    which, earlier, since = display.id(conversation.conversation_id), len(all_turns) - count, conversation.waits_since
    until = conversation.held_until if isinstance(conversation, HeldConversation) else None
    yours = f"Yours until {display.moments.until(until or display.now)}"
    waiting = "" if since is None else f", waiting {distance(max(display.now - since, 0))}"
    others = f" {thread.others} more {'waits' if thread.others == '1' else 'wait'}." if thread.others else ""
    display.sentence(f"{yours}{waiting}, the longest that nobody held.{others}")
    display.gap()
    draw_head(display, conversation)
    more = f"{earlier} earlier turn{'' if earlier == 1 else 's'}: commercive chat show {which}" if earlier > 0 else ""
    draw_turns(display, conversation, all_turns[-count:], more=more)
    display.gap()
    for word, way in (
        ("answer", f"reply {which}"),
        ("later", f"snooze {which} --until tomorrow"),
        ("back", f"release {which}"),
    ):
        display.sentence((f"{word:8}commercive chat {way}", "quiet"))


def _since_unread(messages: Sequence[Message]) -> int:
    """Return how many messages there are from the first one on that is unread by us."""
    unread = (place for place, each in enumerate(messages) if each.sender_type == "user" and not each.is_read)
    return len(messages) - next(unread, len(messages))


def draw_head(display: Display, conversation: Conversation) -> None:
    """Write who, in which state and since when, and what is unread."""
    state = _state(display, conversation)
    subject = ("conversation " + display.id(conversation.conversation_id), "quiet")
    display.halves([(shop_name(conversation), "strong"), "  ", *state], [subject])  # type: ignore[list-item]
    unread: list[Part] = [
        (f"unread {conversation.unread_admin} by us", "attention" if conversation.unread_admin else ""),
        f", {conversation.unread_user} by them",
    ]
    if conversation.human_requested:
        unread.append("; wants a person")
    unread += _held(display, conversation)
    display.halves(unread, [("user " + display.id(conversation.user_id), "quiet")])
    if conversation.damaged:
        display.sentence(("! damaged: " + ", ".join(conversation.damaged), "bad"))


def _state(display: Display, conversation: Conversation) -> list[Part]:
    since = conversation.waits_since
    begun = conversation.closed_at if conversation.status == "closed" else conversation.created_at
    parts: list[Part] = [f"{conversation.status} since {display.moments.day(begun or conversation.updated_at)}"]
    if since is not None:
        late = display.now - since >= 86_400_000
        parts += [", ", (f"waiting {distance(max(display.now - since, 0))}", "attention" if late else "")]
    return parts


def _held(display: Display, conversation: Conversation) -> list[Part]:
    if not isinstance(conversation, HeldConversation) or conversation.held_by is None:
        return []
    mine = conversation.held_by == display.you
    until = display.moments.until(conversation.held_until or 0)
    return ["; ", (f"held by {'you' if mine else conversation.held_by} until {until}", "" if mine else "attention")]


def draw_turns(
    display: Display, conversation: Conversation, messages: Sequence[Message], day: str = "", more: str = ""
) -> str:
    """Write the messages as turns, with a separator where another day than `day` begins; return the last one's day.

    `more` stands beside the first separator.
    """
    for message in messages:
        today = display.moments.day(message.created_at)
        if today != day:
            display.gap()
            display.rule(today, "" if day else more)
            day = today
        display.gap()
        _draw_turn(display, conversation, message)
    return day


def _draw_turn(display: Display, conversation: Conversation, message: Message) -> None:
    if isinstance(message, NoteTurn):
        _draw_note(display, message)
        return
    parts: list[Part] = [(speaker(conversation, message), "strong"), "  "]
    parts += [(display.moments.in_thread(message.created_at), "quiet"), *_read_mark(message)]
    if message.damaged:
        parts.append((f"  ! damaged: {', '.join(message.damaged)}", "bad"))
    display.sentence(*parts)
    display.sentence((message.message_text, "quiet" if message.sender_type == "ai" else ""), indent=2)


def _draw_note(display: Display, note: Message) -> None:
    when = display.moments.in_thread(note.created_at)
    display.sentence((f"note by {note.sender_id}", "strong"), "  ", (f"{when}  never shown to the user", "quiet"))
    for line in display.wrapped(display.text_of_lines((note.message_text, "")), display.width - 4):
        display.write(display.text(("  │ ", "quiet")) + line)


def speaker(conversation: Conversation, message: Message) -> str:
    """Return who wrote a message, as people know them."""
    match message.sender_type:
        case "user":
            return shop_name(conversation)
        case "admin":
            return message.sender_id or "admin"
        case "ai":
            return "automatic"
    return f"{message.sender_type} {message.sender_id}".strip() or "unknown"


def _read_mark(message: Message) -> Sequence[Part]:
    if message.sender_type == "user" and not message.is_read:
        return (("  ! new", "attention"),)
    if message.sender_type == "admin" and message.is_read:
        return (("  ✓ read", "quiet"),)
    return ()


def _draw_end(display: Display, conversation: Conversation) -> None:
    if conversation.status != "closed":
        return
    when = display.moments.exact(conversation.closed_at) if conversation.closed_at else ""
    by = f"by {conversation.closed_by}" if conversation.closed_by else ""
    display.gap()
    display.rule(" ".join(filter(None, ("closed", when, by))))
    display.line((f"commercive chat reply {display.id(conversation.conversation_id)} --reopen", "quiet"))
