"""A made-up week of support, 16 to 22 November 2026 in Berlin, whose figures are computed by hand where it is used."""

from datetime import datetime
from itertools import count
from zoneinfo import ZoneInfo

from commercive_cli.domain.business_hours import BusinessHours
from commercive_cli.domain.ids import uuid7
from commercive_cli.domain.models import Note, Snooze
from commercive_cli.services.chat.notes import note_put
from commercive_cli.services.chat.snoozing import snooze_writes
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS
from commercive_cli.store.writes import Put, Write
from tests.services.chat.imported import V4, v4

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = BusinessHours(frozenset(range(5)), 9 * 60, 17 * 60, BERLIN)
_DAYS = {"Mon": 16, "Tue": 17, "Wed": 18, "Thu": 19, "Fri": 20, "Sat": 21, "Sun": 22}


def at(day: str | int, clock: str) -> int:
    """Return the time in ms of a day of that week, or of November, and a time in Berlin."""
    hour, minute = map(int, clock.split(":"))
    moment = datetime(2026, 11, _DAYS[day] if isinstance(day, str) else day, hour, minute, tzinfo=BERLIN)
    return int(moment.timestamp() * 1000)


Turn = tuple[str, str | int, str]
"""Who wrote (`user`, `auto` or an agent), and when."""


def _conversation(number: int, turns: list[Turn], name: str = "", **more: object) -> tuple[Item, list[Item]]:
    times = [at(day, clock) for _, day, clock in turns]
    imported, identifier = bool(name), name or uuid7(times[0], number)
    numbers = count()
    messages = [_message(identifier, *turn, imported=imported, number=next(numbers)) for turn in turns]
    waits = {"waiting_since": times[-1], "waiting_for": "admin"} if turns[-1][0] == "user" else {}
    item = {
        "conversation_id": identifier,
        "created_at": times[0],
        "user_id": f"u-{number}",
        "store_url": f"shop-{number}.myshopify.com",
        "status": "open",
        "updated_at": more.get("closed_at", times[-1]),
        "last_message": messages[-1]["message_text"],
        "last_message_at": times[-1],
        "unread_admin": 0,
        "unread_user": 0,
    }
    return {**item, **({} if "status" in more else waits), **more}, messages


def _message(conversation_id: str, who: str, day: str | int, clock: str, *, imported: bool, number: int) -> Item:
    time = at(day, clock)
    sender, sender_id = {"user": ("user", "u"), "auto": ("ai", "ai-assistant")}.get(who, ("admin", who))
    return {
        "message_id": v4(number) if imported else uuid7(time, number),
        "conversation_id": conversation_id,
        "sender_type": sender,
        "sender_id": sender_id,
        "message_text": f"{who} on {day} at {clock}",
        "created_at": time,
        "is_read": True,
    }


def _note(thread: tuple[Item, list[Item]], author: str, day: str | int, clock: str) -> Note:
    time, name = at(day, clock), thread[0]["conversation_id"]
    return Note(note_id=uuid7(time, 0), conversation_id=name, author=author, text="noted", created_at=time)


def _closed(by: str, day: str, clock: str) -> Item:
    return {"status": "closed", "closed_at": at(day, clock), "closed_by": by}


ANSWERED = _conversation(
    1,
    [
        ("user", "Mon", "10:00"),
        ("auto", "Mon", "10:01"),
        ("jonas", "Mon", "10:30"),
        ("user", "Mon", "11:00"),
        ("jonas", "Mon", "11:10"),
    ],
    **_closed("jonas", "Mon", "12:00"),
)
OUT_OF_HOURS = _conversation(2, [("user", "Wed", "18:00"), ("mira", "Thu", "09:15")], **_closed("mira", "Fri", "10:00"))
CLOSED_AGAIN = _conversation(
    3,
    [("user", "Tue", "09:00"), ("mira", "Tue", "09:40"), ("user", "Tue", "16:00"), ("jonas", "Tue", "16:20")],
    **_closed("jonas", "Wed", "11:00"),
)
"""It was closed on Tuesday at 10:00 and reopened at 15:00, of which only its audit rows know."""
REOPENED = _conversation(4, [("user", "Mon", "13:00"), ("jonas", "Mon", "13:05"), ("user", "Sat", "20:00")])
"""It was closed after the answer, and reopened on Saturday."""
ANSWER_FIRST = _conversation(5, [("mira", "Thu", "12:00"), ("user", "Thu", "12:30"), ("mira", "Thu", "13:00")])
AUTOMATIC = _conversation(6, [("user", "Fri", "16:58"), ("auto", "Fri", "16:59")])
ASKED_BEFORE = _conversation(7, [("user", 13, "16:00"), ("jonas", "Mon", "09:30")])
BEFORE = _conversation(8, [("user", 10, "10:00"), ("jonas", 10, "10:05")])
AFTER = _conversation(9, [("user", 23, "11:30")])
PUT_OFF = _conversation(12, [("user", 23, "10:00")], waiting_for="snoozed")
BACK = _conversation(13, [("user", 23, "09:00")], waiting_for="snoozed")
"""It was put off until 11:00, and nobody has moved it back yet."""
IMPORTED = _conversation(10, [("user", "Tue", "12:00"), ("jonas", "Tue", "12:02")], V4, status="closed")
"""The old system did not say when it was closed; the ids of its messages are not in order of time."""
UNREADABLE = _conversation(11, [("jonas", "Wed", "11:00"), ("user", "Wed", "12:00")])
UNREADABLE[1][0]["sender_type"] = 7

WEEK = (
    ANSWERED,
    OUT_OF_HOURS,
    CLOSED_AGAIN,
    REOPENED,
    ANSWER_FIRST,
    AUTOMATIC,
    ASKED_BEFORE,
    BEFORE,
    AFTER,
    IMPORTED,
    UNREADABLE,
    PUT_OFF,
    BACK,
)
NOTES = (
    (ANSWERED, "mira", "Mon", "10:05"),
    (OUT_OF_HOURS, "jonas", "Wed", "19:00"),
    (AUTOMATIC, "jonas", "Fri", "17:30"),
    (ASKED_BEFORE, "mira", 13, "16:10"),
)
"""Before a first answer, after hours, where nobody has answered, and before the week."""
SINCE, UNTIL, NOW = at("Mon", "00:00"), at(23, "00:00") - 1, at(23, "12:00")


def fill(store: Store) -> None:
    """Store the week, with its notes, and until when somebody put what off."""
    puts: list[Write] = [note_put(note) for note in map(_note, *zip(*NOTES, strict=True))]
    for thread, until in ((PUT_OFF, at(25, "09:00")), (BACK, at(23, "11:00"))):
        place = {name: thread[0][name] for name in ("conversation_id", "created_at", "waiting_since")}
        puts += snooze_writes(Snooze(**place, until=until), None)
    store.batch_put(OPS, [put.item for put in puts if isinstance(put, Put)])
    store.batch_put(CONVERSATIONS, [conversation for conversation, _ in WEEK])
    store.batch_put(MESSAGES, [message for _, messages in WEEK for message in messages])
