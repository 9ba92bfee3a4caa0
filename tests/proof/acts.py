"""What clients ask of the services: for each kind of request, about what, with which arguments, and the call itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from commercive_cli.domain.answers.affiliates import Stats
from commercive_cli.domain.answers.threads import Messages
from commercive_cli.domain.models import AI_SENDER, LEAD_STATUSES, Record
from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.feeds import FeedService
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.leads.service import LeadService
from commercive_cli.services.records.rate_limits import UNLIMITED, RateLimits
from commercive_cli.services.records.rates import DAY, MINUTE, Quota
from tests.proof.books import Books
from tests.proof.chance import mixed
from tests.proof.plans import Step
from tests.proof.watches import Watch

Asked = dict[str, Any]
USERS, ADMINS, AFFILIATES = ("user-1", "user-2"), ("ann", "bob", "cy"), ("aff-1", "aff-2")
SHOPS = ("a.example", "b.example")
AMOUNTS = ("0", "0.01", "12.34", "999.99", "1000000")
MOST = 2
"""How many messages a user may send a day where that is limited: few, so that the limit is reached."""

FORM = {"name": "Jane", "email": "jane@example.com"}
_LIMITS = RateLimits(b"simulated", {"send": Quota(MOST, DAY)})


@dataclass(frozen=True)
class Parties:
    """The services that clients call."""

    chat: ChatService
    desk: DeskService
    feeds: FeedService
    leads: LeadService
    affiliates: AffiliateService
    recompute: RecomputeService


@dataclass(frozen=True)
class Act:
    """A kind of request: `ask` returns the arguments of one, None where there is nothing to ask about yet."""

    ask: Callable[[Step, Books], Asked | None]
    call: Callable[[Parties, Asked], Any]
    reads: bool = False
    """Whether it changes nothing, so that it may be asked again without a key."""


def _user(step: Step) -> str:
    return USERS[step.pick(0, len(USERS))]


def _admin(step: Step) -> str:
    return ADMINS[step.client % len(ADMINS)]


def _one(step: Step, books: Books, names: Iterable[str]) -> str | None:
    """Return the name that a step is about; which one does not depend on what else there is (rendezvous hashing)."""
    return max(names, key=lambda name: mixed(step.picks[1], books.origins[name]), default=None)


def _conversation(step: Step, books: Books) -> str | None:
    return _one(step, books, books.owners)


def _about(step: Step, books: Books, **others: Any) -> Asked | None:
    """Return arguments about a conversation that is there, asked for by an admin."""
    name = _conversation(step, books)
    return None if name is None else {"conversation_id": name, "actor": _admin(step), **others}


def _start(step: Step, _books: Books) -> Asked:
    return {"actor": _user(step), "text": f"m{step.number}"}


def _send(step: Step, books: Books) -> Asked:
    name = _conversation(step, books)
    if name is None:
        return _start(step, books)
    limited: Asked = {"limited": True, "most": MOST} if step.pick(2, 3) == 0 else {}
    if step.pick(4, 5) == 0:
        limited["request_human"] = True
    owner = books.owners[name] if step.pick(3, 8) else _user(step)
    return {"conversation_id": name, "actor": owner, "text": f"m{step.number}", **limited}


def _call_send(parties: Parties, asked: Asked) -> Any:
    return parties.chat.send(
        asked["actor"],
        asked["text"],
        conversation_id=asked.get("conversation_id"),
        request_human=asked.get("request_human", False),
        key=asked.get("key"),
        limits=_LIMITS.of_user("send", asked["actor"], "messages") if asked.get("limited") else UNLIMITED,
    )


def _reply(step: Step, books: Books) -> Asked | None:
    asked = _about(step, books, text=f"m{step.number}")
    if asked is not None:
        options = enumerate(("reopen", "close", "heed_claims"), 2)
        asked |= {name: True for place, name in options if step.pick(place, 4) == 0}
        if step.pick(0, 4) == 0:
            asked["if_last"] = books.threads[asked["conversation_id"]][-1]["message_id"]
    return asked


def _call_reply(parties: Parties, asked: Asked) -> Any:
    guards = {name: asked[name] for name in ("if_last", "reopen", "close", "heed_claims", "key") if name in asked}
    return parties.chat.reply(asked["conversation_id"], asked["actor"], asked["text"], **guards)


def _answer(step: Step, books: Books) -> Asked | None:
    asked = _about(step, books, text=f"m{step.number}")
    if asked is None:
        return None
    return asked | {"actor": AI_SENDER, "if_last": books.threads[asked["conversation_id"]][-1]["message_id"]}


def _mark_read(step: Step, books: Books) -> Asked | None:
    asked = _about(step, books, reader=("admin", "user")[step.pick(2, 2)])
    if asked is not None and step.pick(3, 3) == 0:
        asked["up_to"] = books.threads[asked["conversation_id"]][-1]["message_id"]
    return asked


def _call_mark_read(parties: Parties, asked: Asked) -> Any:
    return parties.chat.mark_read(
        asked["conversation_id"],
        asked["reader"],
        up_to=asked.get("up_to"),
        actor=asked["actor"],
        key=asked.get("key"),
    )


def _read(step: Step, books: Books) -> Asked | None:
    asked = _about(step, books)
    if asked is None:
        return None
    if step.pick(2, 2):
        asked["owner"] = books.owners[asked["conversation_id"]]
    return asked | ({"limit": 1 + step.pick(3, 3)} if step.pick(4, 2) else {})


def _poll(step: Step, books: Books) -> Asked | None:
    asked = _about(step, books)
    if asked is not None:
        thread = books.threads[asked["conversation_id"]]
        asked["since"] = thread[step.pick(2, len(thread))]["created_at"]
    return asked


def _call_read(parties: Parties, asked: Asked) -> list[Messages]:
    """Read page by page up to the end, as a dashboard does."""
    options = {name: asked[name] for name in ("since", "limit", "owner") if name in asked}
    pages = [parties.chat.messages(asked["conversation_id"], **options)]
    while pages[-1].next_cursor is not None:
        pages.append(parties.chat.messages(asked["conversation_id"], cursor=pages[-1].next_cursor, **options))
    return pages


def _claim(step: Step, books: Books) -> Asked | None:
    return _about(step, books, **({"steal": True} if step.pick(2, 5) == 0 else {}))


def _next(step: Step, _books: Books) -> Asked:
    return {"actor": _admin(step)}


def _note(step: Step, books: Books) -> Asked | None:
    return _about(step, books, text=f"n{step.number}")


def _snooze(step: Step, books: Books) -> Asked | None:
    return _about(step, books, minutes=1 + step.pick(2, 20))


def _call_snooze(parties: Parties, asked: Asked) -> Any:
    until = parties.chat.clock() + asked["minutes"] * MINUTE * 1000
    wanted = f"{asked['minutes']}m"  # the time follows from that, and is another one when it is asked again
    return parties.desk.snooze(asked["conversation_id"], asked["actor"], until, asked=wanted, key=asked.get("key"))


def _create_link(step: Step, _books: Books) -> Asked:
    return {"actor": AFFILIATES[step.pick(0, len(AFFILIATES))], "shop": SHOPS[step.pick(2, len(SHOPS))]}


def _submit(step: Step, books: Books) -> Asked | None:
    code = _one(step, books, books.links)
    return None if code is None else {"code": code, "text": f"v{step.number}"}


def _decide(step: Step, books: Books) -> Asked | None:
    name = _one(step, books, books.lead_owners)
    if name is None:
        return None
    asked: Asked = {"lead_id": name, "actor": _admin(step)}
    match step.pick(0, 4):
        case 0:
            return asked | {"status": "rejected", "amend": step.pick(3, 2) == 0}
        case 1:
            return asked | {"status": "pending"}
    return asked | {
        "status": "approved",
        "commission": AMOUNTS[step.pick(2, len(AMOUNTS))],
        "amend": step.pick(3, 2) == 0,
    }


def _call_decide(parties: Parties, asked: Asked) -> Any:
    if asked["status"] == "pending":
        return parties.leads.reset(asked["lead_id"], asked["actor"], key=asked.get("key"))
    return parties.leads.decide(
        asked["lead_id"],
        asked["status"],
        asked["actor"],
        commission=asked.get("commission"),
        amend=asked["amend"],
        key=asked.get("key"),
    )


def _recompute(step: Step, books: Books) -> Asked | None:
    known = [each for each in AFFILIATES if any(owner == each for owner, _ in books.links.values())]
    return {"affiliate": known[step.pick(0, len(known))], "actor": _admin(step)} if known else None


def _stats(step: Step, _books: Books) -> Asked:
    return {"affiliate": AFFILIATES[step.pick(0, len(AFFILIATES))]}


def _call_stats(parties: Parties, asked: Asked) -> Stats:
    return parties.affiliates.stats(asked["affiliate"])


THEMES: tuple[tuple[str, ...], ...] = (
    ("start", "send", "reply", "answer", "mark-read", "close", "reopen", "read", "poll", "list", "repeat", "misuse"),
    (
        "start",
        "start",
        "send",
        "reply",
        "answer",
        "close",
        "claim",
        "next",
        "next",
        "release",
        "note",
        "snooze",
        "repeat",
    ),
    ("create-link", "submit", "submit", "decide", "decide", "decide", "decide", "stats", "list", "recompute", "repeat"),
    ("start", "send", "send", "reply", "close", "reopen", "claim", "claim", "watch", "watch"),
)
"""What is asked for together: runs of one theme have requests meet more often than runs of everything."""


def _repeat(step: Step, books: Books) -> Asked | None:
    """Ask again for what somebody asks for, perhaps at the same time: a form that is sent twice."""
    asked = [each for each in books.requests if "key" in each.asked and "misused" not in each.asked]
    if not asked:
        return None
    found = max(asked, key=lambda each: mixed(step.picks[1], each.step.number))
    return {**found.asked, "action": found.action, "repeats": found}


def _misuse(step: Step, books: Books) -> Asked | None:
    """Use the key of a message that was stored for another message."""
    done = [each for each in books.requests if each.action in ("send", "reply", "note") and each.answers]
    keyed = [each for each in done if "key" in each.asked and "conversation_id" in each.asked]
    if not keyed:
        return None
    found = max(keyed, key=lambda each: mixed(step.picks[1], each.step.number))
    return {**found.asked, "action": found.action, "text": f"m{step.number}", "misused": True}


def _list(step: Step, _books: Books) -> Asked:
    match step.pick(1, 3):
        case 0:
            return {"table": "conversations", "attribute": "user_id", "value": _user(step)}
        case 1:
            return {"table": "conversations", "attribute": "status", "value": ("open", "closed")[step.pick(2, 2)]}
    return {"table": "leads", "attribute": "status", "value": LEAD_STATUSES[step.pick(2, len(LEAD_STATUSES))]}


def _call_list(parties: Parties, asked: Asked) -> list[Record]:
    """List page by page, with two on each, up to the end."""
    found: list[Record] = []
    cursor = None
    while True:
        if asked["table"] == "leads":
            leads = parties.leads.list_leads(LeadFilter(status=asked["value"]), limit=2, cursor=cursor)
            found, cursor = [*found, *leads.leads], leads.next_cursor
        elif asked["attribute"] == "user_id":
            page = parties.chat.conversations(asked["value"], limit=2, cursor=cursor)
            found, cursor = [*found, *page.conversations], page.next_cursor
        else:
            page = parties.chat.list_conversations(ConversationFilter(asked["value"]), limit=2, cursor=cursor)
            found, cursor = [*found, *page.conversations], page.next_cursor
        if cursor is None:
            return found


def _watch(step: Step, books: Books) -> Asked:
    watch = books.watches.get(step.client)
    if watch is None:
        kinds = (Watch(), Watch(ids=tuple(books.owners)), Watch(holder=_admin(step)))
        watch = books.watches[step.client] = kinds[step.pick(1, 3)]
    if step.pick(2, 3) == 0:
        watch.feed = None  # the program was started again
    return {"watch": watch, "books": books}


ACTS: dict[str, Act] = {
    "start": Act(_start, _call_send),
    "send": Act(_send, _call_send),
    "reply": Act(_reply, _call_reply),
    "answer": Act(
        _answer,
        lambda p, a: p.chat.answer(a["conversation_id"], a["text"], if_last=a["if_last"], key=a.get("key")),
    ),
    "mark-read": Act(_mark_read, _call_mark_read),
    "close": Act(_about, lambda p, a: p.chat.close(a["conversation_id"], a["actor"], key=a.get("key"))),
    "reopen": Act(_about, lambda p, a: p.chat.reopen(a["conversation_id"], a["actor"], key=a.get("key"))),
    "read": Act(_read, _call_read, reads=True),
    "poll": Act(_poll, _call_read, reads=True),
    "claim": Act(
        _claim,
        lambda p, a: p.desk.claim(a["conversation_id"], a["actor"], steal=a.get("steal", False), key=a.get("key")),
    ),
    "next": Act(_next, lambda p, a: p.desk.claim_next(a["actor"], key=a.get("key"))),
    "release": Act(_about, lambda p, a: p.desk.release(a["conversation_id"], a["actor"], key=a.get("key"))),
    "note": Act(_note, lambda p, a: p.desk.note(a["conversation_id"], a["actor"], a["text"], key=a.get("key"))),
    "snooze": Act(_snooze, _call_snooze),
    "create-link": Act(
        _create_link,
        lambda p, a: p.affiliates.create_link(a["actor"], "aff@example.com", a["shop"], key=a.get("key")),
    ),
    "submit": Act(_submit, lambda p, a: p.leads.submit(a["code"], FORM | {"name": a["text"]}, key=a.get("key"))),
    "decide": Act(_decide, _call_decide),
    "stats": Act(_stats, _call_stats, reads=True),
    "recompute": Act(_recompute, lambda p, a: p.recompute.one(a["affiliate"], a["actor"], key=a.get("key"))),
    "list": Act(_list, _call_list, reads=True),
    "watch": Act(_watch, lambda p, a: a["watch"].poll(p.feeds, a["books"]), reads=True),
}
"""Every kind of request that the simulator makes."""

AGAIN: dict[str, Callable[[Step, Books], Asked | None]] = {"repeat": _repeat, "misuse": _misuse}
"""What is made of an earlier request: the arguments of one, of which `action` is the kind."""
