"""What a client may be told: each answer and each refusal must follow from what was written, and when."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from commercive_cli.domain.errors import (
    CommerciveError,
    Conflict,
    ConversationClosed,
    HeldByOther,
    NotFound,
    NotTaken,
    RateLimited,
    WrittenSince,
)
from commercive_cli.domain.models import Record
from commercive_cli.store.items import Item
from commercive_cli.store.schema import AFFILIATE_LINKS, OPS
from tests.proof.books import Books, Effect, Request, Violation
from tests.proof.faulty import LAG_MS

Check = Callable[[Books, Request], None]


def check_effects(request: Request) -> None:
    """Raise Violation when a request did more than once what it was to do once."""
    done = [each for each in request.effects if not _is_waking(each)]
    if len(done) > 1:
        raise Violation("request-doubled", f"{request.action} was carried out {len(done)} times")
    if done:
        _check_effect(request, done[0])


def check_answer(books: Books, request: Request) -> None:
    """Raise Violation unless the answer to a request follows from what was written."""
    if "misused" in request.asked:
        raise Violation("key-used-twice", f"{request.action} with the key of another request was not refused")
    told = [each for each in request.answers if each is not None]
    if "key" in request.asked and any(each != told[0] for each in told):
        raise Violation("answer-of-another", f"{told[0]} was told first, and then {told[-1]}")
    check = ANSWERS.get(request.action)
    if check is not None:
        check(books, request)


def check_refusal(books: Books, request: Request) -> None:
    """Raise Violation unless there was a reason for the refusal, and nothing was done."""
    error = request.error
    assert error is not None
    if not isinstance(error, CommerciveError):
        raise Violation("unexpected-error", f"{type(error).__name__}: {error}")
    if _written(request):
        raise Violation("refused-and-done", f"{type(error).__name__} was told, and it was done: {error}")
    if any(not _is_waking(each) and each.moment <= request.tried for each in request.effects):
        raise Violation("retry-refused", f"{request.action} was done, and its repetition refused: {error}")
    if not any(_reasons(books, request, error)):
        raise Violation("refused-without-reason", f"{request.action}: {error}")


def check_not_taken(request: Request, error: NotTaken) -> None:
    """Raise Violation when a request that was told as not done was done."""
    if _written(request):
        raise Violation("refused-and-done", f"{request.action}: {error}")


def _written(request: Request) -> bool:
    """Return whether the last attempt did something; that it forgot a key that had expired is nothing."""
    own = request.effects[len(request.effects) - request.written :] if request.written else []
    return any(not _forgets(effect) for effect in own)


def _forgets(effect: Effect) -> bool:
    return all(each.after is None for each in effect.changes) and bool(effect.of(OPS, "request"))


def _is_waking(effect: Effect) -> bool:
    """Return whether a write only moved back what had been put off, or forgot that or a key: part of no request."""
    keys = any(after for _, after in effect.of(OPS, "request"))
    desk = keys or any(effect.of(OPS, kind) for kind in ("claim", "note", "audit"))
    return not desk and not effect.messages and not effect.flips and not effect.decided and not effect.submitted


def _check_effect(request: Request, effect: Effect) -> None:
    """Raise Violation when what was written is not what was asked for."""
    told = [(each["message_text"], each["sender_id"], each["sender_type"]) for each in effect.messages]
    wanted = []
    if request.action in ("start", "send", "reply", "answer"):
        side = {"reply": "admin", "answer": "ai"}.get(request.action, "user")
        wanted = [(request.asked["text"], request.actor, side)] if told or effect.statuses else []
    if told != wanted:
        raise Violation("wrong-write", f"{request.action} wrote {told}, not {wanted}")
    if effect.flips:
        reader = request.asked.get("reader")
        if reader is None or any(each["sender_type"] == reader for each in effect.flips):
            raise Violation("wrong-write", f"{request.action} marked {len(effect.flips)} messages read")
    if effect.decided:
        _, after = effect.decided[0]
        asked = request.action in ("decide", "lead-note")
        if not asked or after["status"] != request.asked["status"] or len(effect.decided) > 1:
            raise Violation("wrong-write", f"{request.action} made a lead {after['status']}")


def _reasons(books: Books, request: Request, error: CommerciveError) -> Iterator[bool]:
    """Yield for each kind of reason whether it was one at some moment of the request."""
    states = list(_states(books, request))
    span = (_name(request), request.began, request.ended)
    claims, snoozes = list(books.claims.during(*span)), list(books.snoozes.during(*span))
    match error:
        case Conflict() if "misused" in request.asked:
            yield True
        case RateLimited():
            yield books.kept[request.actor] >= request.asked.get("most", 1 << 60)
        case ConversationClosed():
            yield any(state and state["status"] == "closed" for state in states)
        case WrittenSince():
            yield any(state and state["last_message_id"] != request.asked.get("if_last") for state in states)
        case HeldByOther():
            yield any(each and each["holder"] != request.actor and each["until"] > request.clocks[0] for each in claims)
        case NotFound():
            asks_user = request.action == "send"
            yield any(state is None or (asks_user and state["user_id"] != request.actor) for state in states)
        case Conflict() if request.action == "answer":
            yield any(state and state["last_message_id"] != request.asked["if_last"] for state in states)
        case Conflict() if request.action in ("decide", "lead-note"):
            leads = list(books.leads.during(request.asked["lead_id"], request.began, request.ended))
            yield any(lead is None or lead["status"] != "pending" for lead in leads) and not request.asked.get("amend")
            yield any(lead != request.asked.get("seen", lead) for lead in leads)
        case Conflict() if request.action in ("claim", "snooze"):
            yield len(states) > 1 or len(claims) > 1 or len(snoozes) > 1
            yield any(not state or state["status"] == "closed" or "waiting_since" not in state for state in states)


def _name(request: Request) -> str:
    return str(request.asked.get("conversation_id", ""))


def _states(books: Books, request: Request) -> Iterator[Item | None]:
    if _name(request):
        yield from books.conversations.during(_name(request), request.began, request.ended)


def _one_effect(request: Request, has: Callable[[Effect], Sequence[Any]]) -> Any:
    """Return the one thing that an acknowledged request wrote; raise Violation when there is none."""
    found = [each for effect in request.effects for each in has(effect)]
    if not found:
        raise Violation("acknowledged-and-lost", f"{request.action} was acknowledged as {request.answer}")
    return found[0]


def _sent(_books: Books, request: Request) -> None:
    """A sender is told of the message that was stored, also when asking again."""
    message = _one_effect(request, lambda effect: effect.messages)
    told = (request.answer.conversation_id, request.answer.message_id, request.answer.created_at)
    stored = (message["conversation_id"], message["message_id"], message["created_at"])
    if told != stored:
        raise Violation("answer-of-another", f"{told} was told, {stored} is stored")


def _marked_read(books: Books, request: Request) -> None:
    """Who marks read is told how many, and nothing stays unread that was there before."""
    flips = [each for effect in request.effects for each in effect.flips]
    if request.answer.marked != len(flips):
        raise Violation("answer-wrong", f"{request.answer.marked} marked read, it were {len(flips)}")
    side, last = {"admin": "user", "user": "admin"}[request.asked["reader"]], request.asked.get("up_to")
    for message in books.threads[_name(request)]:
        there = books.came[message["message_id"]] <= request.began and message["sender_type"] == side
        if there and (last is None or message["message_id"] <= last) and message["message_id"] not in books.read:
            raise Violation("left-unread", f"{message['message_text']!r} was there and is unread")


def _with_status(books: Books, request: Request) -> None:
    """Who closes or opens is told whether that changed something."""
    changes = [pair for effect in request.effects for pair in effect.statuses]
    wanted = "closed" if request.action == "close" else "open"
    if request.answer.changed != bool(changes):
        raise Violation("answer-wrong", f"changed is {request.answer.changed}, {len(changes)} changes were made")
    if not changes and not any(state and state["status"] == wanted for state in _states(books, request)):
        raise Violation("acknowledged-and-lost", f"it was told to be {wanted} already, and never was")


def _messages(books: Books, request: Request) -> None:
    """A reader sees messages in the one order in which they came, all that came before, and none twice."""
    shown = [message for page in request.answer for message in page.messages]
    thread = [each for each in books.threads[_name(request)] if each["created_at"] > request.asked.get("since", -1)]
    told = [(each.message_id, each.message_text, each.created_at, each.sender_id) for each in shown]
    stored = [(m["message_id"], m["message_text"], m["created_at"], m["sender_id"]) for m in thread]
    if told != stored[: len(told)]:
        raise Violation("read-out-of-order", f"{[each[1] for each in told]} was shown of {[e[1] for e in stored]}")
    before = sum(books.came[each["message_id"]] <= request.began for each in thread)
    if len(told) < before:
        raise Violation("message-missed", f"{len(told)} were shown, {before} were there")
    for each in shown:
        counts = each.sender_type in ("user", "admin")
        if counts and each.is_read and each.message_id not in books.read:
            raise Violation("read-unexplained", f"{each.message_text!r} was shown as read, and nobody read it")


def _next(books: Books, request: Request) -> None:
    """Who asks for the next conversation gets the one that waits longest and nobody holds, None only without one."""
    if request.answer is None:
        taken: tuple[int, str] = (1 << 60, "")
    else:
        _claimed(books, request)
        if not any(each.moment > request.tried and each.of(OPS, "claim") for each in request.effects):
            return  # it was claimed by an earlier attempt, whose answer this is
        name = request.answer.conversation_id
        waits = books.conversations.during(name, request.tried, request.ended)
        taken = (max(state["waiting_since"] for state in waits if state and "waiting_since" in state), name)
    for name in books.owners:
        since = _waited_unheld(books, request, name)
        if since is not None and (since, name) < taken:
            raise Violation("queue-jumped", f"{name} has waited since {since} and nobody held it, {taken} was taken")


def _waited_unheld(books: Books, request: Request, name: str) -> int | None:
    """Return since when a conversation waited, if it did all the time, was free, and every index knew of it."""
    states = list(books.conversations.during(name, request.tried, request.ended))
    claims = list(books.claims.during(name, request.tried, request.ended))
    state = states[0]
    if len(states) > 1 or any(claims) or state is None or state.get("waiting_for") != "admin":
        return None
    moment, _ = next(each for each in reversed(books.conversations.of(name)) if each[0] <= request.tried)
    if books.times[moment] + LAG_MS > request.began_at:
        return None
    return int(state["waiting_since"])


def _claimed(books: Books, request: Request) -> None:
    """Who claims is told what they hold."""
    after = _one_effect(request, lambda effect: [after for _, after in effect.of(OPS, "claim") if after])
    told = (request.answer.conversation_id, request.answer.holder, request.answer.until)
    if told != (after["conversation_id"], after["holder"], after["until"]):
        raise Violation("answer-of-another", f"{told} was told, {after} was written")
    states = books.conversations.during(after["conversation_id"], request.began, request.ended)
    if not any(state and state["status"] == "open" for state in states):
        raise Violation("closed-is-held", after["conversation_id"])


def _released(_books: Books, request: Request) -> None:
    """Who releases is told whether they held it."""
    ended = [before for effect in request.effects for before, after in effect.of(OPS, "claim") if after is None]
    if request.answer.changed != bool(ended):
        raise Violation("answer-wrong", f"changed is {request.answer.changed}, and {ended} ended")


def _noted(_books: Books, request: Request) -> None:
    """A note that was acknowledged is stored."""
    note = _one_effect(request, lambda effect: [after for _, after in effect.of(OPS, "note") if after])
    if (note["note_id"], note["text"], note["author"]) != (
        request.answer.note_id,
        request.asked["text"],
        request.actor,
    ):
        raise Violation("answer-of-another", f"{request.answer} was told, {note} is stored")


def _snoozed(_books: Books, request: Request) -> None:
    """What was put off is kept."""
    kept = _one_effect(request, lambda effect: [after for _, after in effect.of(OPS, "snooze") if after])
    if kept["until"] != request.answer.until:
        raise Violation("answer-of-another", f"{request.answer} was told, {kept} is stored")


def _linked(books: Books, request: Request) -> None:
    """An affiliate is always told the same link for a shop."""
    place = (request.actor, request.asked["shop"])
    known = [code for code, found in books.links.items() if found == place]
    if request.answer.link_id not in known or len(known) != 1:
        raise Violation("two-links-for-one-shop", f"{request.answer.link_id} was told, {known} are stored")


def _addressed(books: Books, request: Request) -> None:
    """Who sets an address is told which links got it; every link that was there has it, or had until the next one."""
    changed = [after["link_id"] for effect in request.effects for before, after in effect.of(AFFILIATE_LINKS) if after]
    if sorted(request.answer.link_ids) != sorted(changed) or request.answer.changed != bool(changed):
        raise Violation("answer-wrong", f"{changed} got the address, {request.answer} was told")
    for code in [code for code, (owner, _) in books.links.items() if owner == request.asked["affiliate"]]:
        addresses = list(books.addresses.during(code, request.began, request.ended))
        if addresses[0] is not None and request.asked["email"] not in addresses:
            raise Violation("address-missed", f"{code} has {addresses}")


def _submitted(_books: Books, request: Request) -> None:
    """A visitor's lead that was acknowledged is stored."""
    lead = _one_effect(request, lambda effect: effect.submitted)
    if (lead["lead_id"], lead["lead_name"]) != (request.answer.lead_id, request.asked["text"]):
        raise Violation("answer-of-another", f"{request.answer} was told, {lead} is stored")


def _decided(books: Books, request: Request) -> None:
    """Who decides is told the lead as they left it, or as it was at some moment when there was nothing to do."""
    wanted = (request.asked["status"], _amount(request.asked.get("commission")))
    told = request.answer.lead
    if (told.status, told.commission_amount) != wanted:
        raise Violation("answer-wrong", f"{wanted} was asked for, {told.status} {told.commission_amount} was told")
    changes = [pair for effect in request.effects for pair in effect.decided]
    if request.answer.changed != bool(changes):
        raise Violation("answer-wrong", f"changed is {request.answer.changed}, {len(changes)} changes were made")
    words = {"admin_notes": request.asked.get("notes"), "rejection_reason": request.asked.get("reason")}
    if any(value is not None and getattr(told, name) != value for name, value in words.items()):
        raise Violation("answer-wrong", f"{words} was asked for, {told} was told")
    states = books.leads.during(request.asked["lead_id"], request.began, request.ended)
    if not any(lead and _is_so(lead, wanted, words) for lead in states):
        raise Violation("acknowledged-and-lost", f"it was told to be {wanted} already, and never was")


def _is_so(lead: Item, wanted: tuple[str, Decimal | None], words: Mapping[str, str | None]) -> bool:
    as_wanted = (lead["status"], _amount(lead.get("commission_amount"))) == wanted
    return as_wanted and all(value in (None, lead.get(name)) for name, value in words.items())


def _amount(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _listed(books: Books, request: Request) -> None:
    """A list shows each thing as it was, at most the lag of an index ago, and misses none that has long been so."""
    of_leads = request.asked["table"] == "leads"
    trails, names = (books.leads, books.lead_owners) if of_leads else (books.conversations, books.owners)
    attribute, value = request.asked["attribute"], request.asked["value"]
    shown = {_id(each): each.item() for each in request.answer}
    began = books.settled(request.began_at - LAG_MS)
    for name in names:
        states = list(trails.during(name, began, request.ended))
        if name in shown and not any(state and _same(state, shown[name]) for state in states):
            raise Violation("read-unexplained", f"{name} was listed as {shown[name]}, and never was so")
        if name not in shown and len(states) == 1 and states[0] and states[0][attribute] == value:
            raise Violation("listing-missed", f"{name} is not listed")


def _id(record: Record) -> str:
    return str(next(iter(record.item().values())))


def _same(state: Item, found: Item) -> bool:
    names = ("status", "updated_at", "unread_admin", "unread_user", "commission_amount", "waiting_since")
    return all(state.get(name) == found.get(name) for name in names)


def _recounted(_books: Books, request: Request) -> None:
    """Stats that are right are found to be right."""
    if request.answer.changed:
        raise Violation("answer-wrong", f"stats that were right were recounted: {request.answer}")


def _counted(books: Books, request: Request) -> None:
    """Stats are those of some moment between question and answer."""
    told = request.answer.stats.counts()
    states = books.stats.during(request.asked["affiliate"], request.began, request.ended)
    if not any(told == (state or (0, 0, 0, 0, Decimal(0))) for state in states):
        raise Violation("read-unexplained", f"stats of {told} never were")


ANSWERS: dict[str, Check] = {
    "start": _sent,
    "send": _sent,
    "reply": _sent,
    "answer": _sent,
    "mark-read": _marked_read,
    "close": _with_status,
    "reopen": _with_status,
    "read": _messages,
    "poll": _messages,
    "claim": _claimed,
    "next": _next,
    "release": _released,
    "note": _noted,
    "snooze": _snoozed,
    "create-link": _linked,
    "set-email": _addressed,
    "submit": _submitted,
    "decide": _decided,
    "lead-note": _decided,
    "stats": _counted,
    "recompute": _recounted,
    "list": _listed,
}
"""What must hold of the answer to each kind of request."""
