"""What was written in a run, kept in plain dictionaries, and what must hold of it after every single write.

Nothing here knows how the services work: it looks at the items that they leave, and at who was asked for what.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from commercive_cli.store.items import Item
from commercive_cli.store.schema import (
    AFFILIATE_LINKS,
    AFFILIATE_STATS,
    CONVERSATIONS,
    LEADS,
    MESSAGES,
    OPS,
    Table,
)
from tests.proof.faulty import Change
from tests.proof.memory import MemoryStore
from tests.proof.plans import Step

_DESK_EVENTS = {"claim": "claim", "next": "claim", "release": "release", "snooze": "snooze", "note": "note"}

_REMEMBERED_MS = 7 * 86_400_000
_CLOCKS_DIFFER_MS = 60_000


class Violation(Exception):
    """Something that we promise did not hold; `name` is what kind of thing it is."""

    def __init__(self, name: str, told: str) -> None:
        super().__init__(f"{name}: {told}")
        self.name = name
        self.told = told


@dataclass
class Request:
    """What a client asked for: `asked` are the arguments; `began` and `ended` count the writes that came before.

    `clocks` are the earliest and the latest time that the client's clock told meanwhile. A request that repeats another
    one shares its `effects` and `answers` with it: together they are carried out once. `tried` is when the last attempt
    began, `began_at` at which time of the store (ms), and `written` how many writes were its own.
    """

    step: Step
    action: str
    asked: dict[str, Any]
    began: int
    attempts: int = 0
    ended: int = -1
    answer: Any = None
    error: Exception | None = None
    effects: list["Effect"] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    tried: int = 0
    began_at: int = 0
    written: int = 0
    clocks: tuple[int, int] = (1 << 60, 0)

    @property
    def actor(self) -> str:
        return str(self.asked.get("actor", ""))

    def told(self, now: int) -> int:
        """Note what the client's clock told."""
        self.clocks = (min(self.clocks[0], now), max(self.clocks[1], now))
        return now


class Trails:
    """The states of many subjects over time, which is counted in writes."""

    def __init__(self) -> None:
        self._states: defaultdict[str, list[tuple[int, Any]]] = defaultdict(list)

    def note(self, subject: str, moment: int, state: Any) -> None:
        self._states[subject].append((moment, state))

    def of(self, subject: str) -> list[tuple[int, Any]]:
        """Return the states that a subject had, each with the moment since which it had it."""
        return self._states[subject]

    def during(self, subject: str, began: int, ended: int) -> Iterator[Any]:
        """Yield each state that the subject had between two moments, None for the time before its first one."""
        before: Any = None
        for moment, state in self._states[subject]:
            if moment > ended:
                break
            if moment > began:
                yield before
            before = state
        yield before


@dataclass(frozen=True)
class Effect:
    """One transaction, by what it changed: pairs of an item before and after."""

    moment: int
    now: int
    changes: Sequence[Change]

    def of(self, table: Table, kind: str = "") -> list[tuple[Item | None, Item | None]]:
        """Return the changes of a table; `kind` is what the partition key of `ops` begins with."""
        found = [(each.before, each.after) for each in self.changes if each.table is table]
        return [pair for pair in found if not kind or (pair[1] or pair[0] or {})["pk"].startswith(f"{kind}#")]

    def named(self, attribute: str, *tables: Table) -> list[str]:
        """Return the values that an attribute has in what these tables hold now, each once."""
        return list(dict.fromkeys(after[attribute] for table in tables for _, after in self.of(table) if after))

    @property
    def messages(self) -> list[Item]:
        """Return the messages that are new."""
        return [after for before, after in self.of(MESSAGES) if before is None and after is not None]

    @property
    def flips(self) -> list[Item]:
        """Return the messages that were marked read."""
        pairs = self.of(MESSAGES)
        return [after for before, after in pairs if before and after and before["is_read"] != after["is_read"]]

    @property
    def statuses(self) -> list[tuple[Item, Item]]:
        """Return the conversations whose status changed."""
        pairs = self.of(CONVERSATIONS)
        return [(before, after) for before, after in pairs if before and after and before["status"] != after["status"]]

    @property
    def decided(self) -> list[tuple[Item, Item]]:
        """Return the leads that were there and changed."""
        return [(before, after) for before, after in self.of(LEADS) if before and after]

    @property
    def submitted(self) -> list[Item]:
        """Return the leads that are new."""
        return [after for before, after in self.of(LEADS) if before is None and after]

    def rows(self, kind: str) -> list[Item]:
        """Return the new audit rows of a kind."""
        return [after for before, after in self.of(OPS, f"audit#{kind}") if before is None and after]


class Books:
    """What was written so far, and the state of everything at each moment."""

    def __init__(self, store: MemoryStore) -> None:
        self.moment = 0
        self.threads: defaultdict[str, list[Item]] = defaultdict(list)
        self.came: dict[str, int] = {}
        """At which moment each message came."""
        self.read: dict[str, int] = {}
        """At which moment each message was marked read."""
        self.conversations, self.leads, self.stats = Trails(), Trails(), Trails()
        self.claims, self.snoozes, self.addresses = Trails(), Trails(), Trails()
        self.links: dict[str, tuple[str, str]] = {}
        """Whose each link code is, and for which shop."""
        self.origins: dict[str, int] = {}
        """The step that made each conversation, lead and link."""
        self.owners: dict[str, str] = {}
        self.lead_owners: dict[str, str] = {}
        self.watches: dict[int, Any] = {}
        """What each client watches."""
        self.kept: defaultdict[str, int] = defaultdict(int)
        """How many messages of each user were counted at a limit."""
        self.times = [0]
        """The store's time (ms) at each moment."""
        self.waits: dict[str, int | None] = {}
        """Since when each conversation waits for an answer."""
        self.requests: list[Request] = []
        """What was asked for so far."""
        self._store = store

    def commit(self, request: Request, changes: Sequence[Change], now: int) -> Effect:
        """Note one transaction; raise Violation when something does not hold after it."""
        self.moment += 1
        self.times.append(now)
        effect = Effect(self.moment, now, changes)
        self._note(effect)
        for table, name in ((CONVERSATIONS, "conversation_id"), (LEADS, "lead_id"), (AFFILIATE_LINKS, "link_id")):
            self.origins |= {
                after[name]: request.step.number
                for _, after in effect.of(table)
                if after and after[name] not in self.origins
            }
        for each in _CHECKS:
            each(self, request, effect)
        return effect

    def forget(self) -> None:
        """Forget what was asked for: so long ago that nobody remembers its keys, and every limit begins anew."""
        self.kept.clear()
        for request in self.requests:
            request.effects.clear()
            request.answers.clear()

    def conversation(self, name: str) -> Item:
        """Return a conversation as it is stored."""
        (found,) = [each for each in self._store.raw(CONVERSATIONS) if each["conversation_id"] == name]
        return found

    def changed_at(self, name: str) -> int:
        """Return the moment at which a conversation got the status that it has."""
        states = self.conversations.of(name)
        status = states[-1][1]["status"]
        return next((at for at, state in reversed(states) if state["status"] != status), 0) + 1

    def settled(self, at: int) -> int:
        """Return the last moment that was over at a time (ms)."""
        return max(moment for moment, time in enumerate(self.times) if time <= max(at, 0))

    def op(self, pk: str, sk: str) -> Item | None:
        return self._store.raw_at(OPS, {"pk": pk, "sk": sk})

    def messages(self, name: str) -> list[Item]:
        """Return the messages of a conversation as they are stored, by id."""
        found = [each for each in self._store.raw(MESSAGES) if each["conversation_id"] == name]
        return sorted(found, key=lambda each: str(each["message_id"]))

    def counted(self, affiliate: str) -> tuple[int, int, int, int, Decimal]:
        """Return how many leads an affiliate has, how many approved, pending and rejected ones, and what they bring."""
        leads = [each for each in self._store.raw(LEADS) if each["affiliate_id"] == affiliate]
        by_status = [sum(each["status"] == status for each in leads) for status in ("approved", "pending", "rejected")]
        paid = (each["commission_amount"] for each in leads if each["status"] == "approved")
        return len(leads), *by_status, sum(map(Decimal, paid), Decimal(0))

    def stored_stats(self, affiliate: str) -> tuple[int, int, int, int, Decimal]:
        """Return the same as the stats have it."""
        found = self._store.raw_at(AFFILIATE_STATS, {"affiliate_id": affiliate}) or {}
        names = ("total_leads", "approved_leads", "pending_leads", "rejected_leads")
        return *(found.get(name, 0) for name in names), Decimal(found.get("total_commission", 0))

    def links_of(self, affiliate: str) -> list[Item]:
        return [each for each in self._store.raw(AFFILIATE_LINKS) if each["affiliate_id"] == affiliate]

    def _wait(self, message: Item, effect: Effect) -> None:
        """Note since when a conversation waits: an answer ends that, a machine's only if nobody asked for a person."""
        name, sender = message["conversation_id"], message["sender_type"]
        before = next((before for before, _ in effect.of(CONVERSATIONS) if before), {})
        if sender == "user":
            self.waits[name] = self.waits.get(name) or message["created_at"]
        elif sender == "admin" or not before.get("human_requested"):
            self.waits[name] = None

    def _note(self, effect: Effect) -> None:
        for message in effect.messages:
            self._wait(message, effect)
            self.threads[message["conversation_id"]].append(message)
            self.came[message["message_id"]] = effect.moment
        for message in effect.flips:
            self.read[message["message_id"]] = effect.moment
        for _, after in effect.of(CONVERSATIONS):
            if after:
                self.conversations.note(after["conversation_id"], effect.moment, after)
                self.owners[after["conversation_id"]] = after["user_id"]
        for _, after in effect.of(LEADS):
            if after:
                self.leads.note(after["lead_id"], effect.moment, after)
                self.lead_owners[after["lead_id"]] = after["affiliate_id"]
        for _, after in effect.of(AFFILIATE_LINKS):
            if after:
                self.links[after["link_id"]] = (after["affiliate_id"], after["store_url"])
                self.addresses.note(after["link_id"], effect.moment, after["affiliate_email"])
        for before, after in effect.of(OPS, "claim"):
            self.claims.note((after or before or {})["pk"].removeprefix("claim#"), effect.moment, after)
        for before, after in effect.of(OPS, "snooze"):
            self.snoozes.note((after or before or {})["pk"].removeprefix("snooze#"), effect.moment, after)
        for _, after in effect.of(AFFILIATE_STATS):
            if after:
                self.stats.note(after["affiliate_id"], effect.moment, self.stored_stats(after["affiliate_id"]))


def nothing_is_deleted(_books: Books, _request: Request, effect: Effect) -> None:
    """Only what lies in `ops` may go."""
    for each in effect.changes:
        if each.after is None and each.table is not OPS:
            raise Violation("record-deleted", f"{each.table.name} {each.before}")


def counters_are_exact(books: Books, _request: Request, effect: Effect) -> None:
    """A conversation counts the unread messages of each side."""
    for name in effect.named("conversation_id", CONVERSATIONS, MESSAGES):
        found, messages = books.conversation(name), books.messages(name)
        for sender, counter in (("user", "unread_admin"), ("admin", "unread_user")):
            unread = sum(each["sender_type"] == sender and each["is_read"] is False for each in messages)
            if found.get(counter, 0) != unread:
                raise Violation("counter-drift", f"{counter} is {found.get(counter, 0)}, and {unread} are unread")


def messages_come_in_order(books: Books, _request: Request, effect: Effect) -> None:
    """Each message is later than all before it, and the conversation names it as the last one."""
    for message in effect.messages:
        thread = books.threads[message["conversation_id"]]
        if any(each["created_at"] >= message["created_at"] for each in thread[:-1]):
            raise Violation("message-out-of-order", f"{message['message_text']!r} is not later than those before it")
        stored = books.messages(message["conversation_id"])
        if [each["message_id"] for each in thread] != [each["message_id"] for each in stored]:
            raise Violation("message-out-of-order", "ids are not in the order in which messages came")
        found = books.conversation(message["conversation_id"])
        last = (found["last_message_id"], found["last_message_at"], found["last_message"])
        if last != (message["message_id"], message["created_at"], message["message_text"]):
            raise Violation("last-message-wrong", f"the conversation names {last}")


def time_moves_on(_books: Books, _request: Request, effect: Effect) -> None:
    """Whoever looks for changes by `updated_at` misses none."""
    for before, after in effect.of(CONVERSATIONS):
        moves = before and after and (effect.messages or before["status"] != after["status"])
        if before and after and moves and after["updated_at"] <= before["updated_at"]:
            raise Violation("change-behind-its-time", f"{before['updated_at']} became {after['updated_at']}")


def nothing_enters_what_is_closed(_books: Books, request: Request, effect: Effect) -> None:
    """A closed conversation takes no message, unless an admin opens it again with it."""
    for before, _ in effect.of(CONVERSATIONS):
        if before and before["status"] == "closed" and effect.messages and not request.asked.get("reopen"):
            raise Violation("message-into-closed", f"{effect.messages[0]['message_text']!r}")


def statuses_leave_rows(_books: Books, request: Request, effect: Effect) -> None:
    """Every change of a status has its audit row in the same write, and no row tells what did not happen."""
    told = effect.rows("conversation")
    rows = [(each["subject"], each["before"]["status"], each["after"]["status"]) for each in told]
    pairs = [(before, after) for before, after in effect.of(CONVERSATIONS) if before and after]
    happened = [
        (after["conversation_id"], before["status"], after["status"])
        for before, after in pairs
        if before["status"] != after["status"] or (effect.messages and after["status"] == "closed")
    ]
    if rows != happened:
        raise Violation("audit-row-wrong", f"{happened} happened, the rows tell {rows}")
    if any(each["actor"] != request.actor for each in told):
        raise Violation("audit-row-wrong", f"it was {request.actor}")
    for before, after in effect.statuses:
        if after["status"] == "closed" and after["closed_by"] != request.actor:
            raise Violation("closed-by-wrong", f"{after['closed_by']}, and it was {request.actor}")
        if after["status"] == before["status"]:
            raise Violation("audit-row-wrong", "nothing changed")


def waiting_is_right(books: Books, _request: Request, effect: Effect) -> None:
    """A conversation waits since the first user's message behind the last answer; only an open one stands in line."""
    for _, after in effect.of(CONVERSATIONS):
        if after is None:
            continue
        since = books.waits.get(after["conversation_id"])
        if after.get("waiting_since") != since:
            raise Violation("wait-wrong", f"waits since {after.get('waiting_since')}, not {since}")
        stands = after.get("waiting_for")
        allowed = ("admin", "snoozed") if after["status"] == "open" and since is not None else (None,)
        if stands not in allowed:
            raise Violation("wait-wrong", f"stands in line as {stands}, may be {allowed}")


def stats_are_exact(books: Books, _request: Request, effect: Effect) -> None:
    """An affiliate's stats are what their leads add up to, to the cent."""
    for name in effect.named("affiliate_id", LEADS, AFFILIATE_STATS):
        if books.stored_stats(name) != books.counted(name):
            raise Violation("stats-drift", f"stats are {books.stored_stats(name)}, leads are {books.counted(name)}")


def decisions_leave_rows(_books: Books, request: Request, effect: Effect) -> None:
    """Every change of a lead has its audit row in the same write, and its time moves on."""
    rows = [(each["subject"], _money(each["before"]), _money(each["after"])) for each in effect.rows("lead")]
    happened = [(after["lead_id"], _money(before), _money(after)) for before, after in effect.decided]
    if rows != happened:
        raise Violation("audit-row-wrong", f"{happened} happened, the rows tell {rows}")
    if any(each["actor"] != request.actor for each in effect.rows("lead")):
        raise Violation("audit-row-wrong", f"it was {request.actor}")
    if any(after["updated_at"] <= before["updated_at"] for before, after in effect.decided):
        raise Violation("change-behind-its-time", "a lead")


def _money(state: Item) -> tuple[str, Decimal | None]:
    amount = state.get("commission_amount")
    return state["status"], None if amount is None else Decimal(amount)


def words_are_kept(_books: Books, request: Request, effect: Effect) -> None:
    """A lead keeps the words of admins until there are others; whoever only adds words did not decide."""
    for before, after in effect.decided:
        notes = request.asked.get("notes", before.get("admin_notes"))
        reason = request.asked.get("reason", before.get("rejection_reason")) if after["status"] == "rejected" else None
        if (after.get("admin_notes"), after.get("rejection_reason")) != (notes, reason):
            raise Violation("words-lost", f"{notes!r} and {reason!r} are not what is stored: {after}")
        decided = request.actor if _money(before) != _money(after) else before.get("reviewed_by")
        if after.get("reviewed_by") != (None if after["status"] == "pending" else decided):
            raise Violation("reviewer-wrong", f"{after.get('reviewed_by')}, and it was {decided}")


def guards_are_heeded(_books: Books, request: Request, effect: Effect) -> None:
    """Whoever says which state of a lead they saw changes no other one."""
    for before, _ in effect.decided:
        seen = request.asked.get("seen")
        if seen is not None and before != seen:
            raise Violation("guard-not-heeded", f"{seen} was seen, and it was {before}")


def links_have_claims(books: Books, _request: Request, effect: Effect) -> None:
    """A link's code is claimed for its affiliate, and an affiliate has one link for each shop."""
    for before, after in effect.of(AFFILIATE_LINKS):
        if before is not None or after is None:
            continue
        code = books.op(f"link#{after['link_id']}", "claim")
        primary = books.op(f"primary#{after['affiliate_id']}", after["store_url"])
        for claim in (code, primary):
            if claim is None or (claim["affiliate_id"], claim["link_id"]) != (after["affiliate_id"], after["link_id"]):
                raise Violation("link-without-claim", f"{after['link_id']} of {after['affiliate_id']}: {claim}")
        shops = [each["store_url"] for each in books.links_of(after["affiliate_id"])]
        if len(shops) != len(set(shops)):
            raise Violation("two-links-for-one-shop", f"{after['affiliate_id']}: {shops}")


def addresses_are_set(_books: Books, request: Request, effect: Effect) -> None:
    """Of a link that is there only the address changes, to the one that was asked for; a row tells of how many."""
    changed = [(before, after) for before, after in effect.of(AFFILIATE_LINKS) if before and after]
    for before, after in changed:
        kept = {**before, "affiliate_email": request.asked.get("email"), "updated_at": after["updated_at"]}
        if after != kept or after["updated_at"] <= before["updated_at"]:
            raise Violation("address-wrong", f"{before} became {after}")
    told = [each["after"] for each in effect.rows("affiliate")]
    if told != ([{"links": str(len(changed))}] if changed else []):
        raise Violation("audit-row-wrong", f"{len(changed)} addresses were set, the rows tell {told}")


def limits_count_what_is_stored(books: Books, request: Request, effect: Effect) -> None:
    """At a limit, each stored message counts once and nothing else does."""
    hits = [((before or {}).get("hits", 0), (after or {}).get("hits", 0)) for before, after in effect.of(OPS, "rate")]
    counted = sum(after - before for before, after in hits)
    stored = len(effect.messages) if request.asked.get("limited") else 0
    if counted != stored:
        raise Violation("rate-miscounted", f"{stored} stored, {counted} counted")
    most = request.asked.get("most", 0)
    if any(after > most for _, after in hits):
        raise Violation("rate-exceeded", f"more than {most}")
    books.kept[request.actor] += counted


def claims_are_heeded(_books: Books, request: Request, effect: Effect) -> None:
    """Nobody takes a claim that holds by all that the taker's clock told, unless they say that they do."""
    for before, after in effect.of(OPS, "claim"):
        holds = before is not None and before["until"] > request.clocks[1]
        others = before is not None and before["holder"] != request.actor
        answers = request.action in ("reply", "close")
        if holds and others and not answers and not request.asked.get("steal"):
            raise Violation("claim-taken", f"{before} became {after}")
        if holds and others and request.asked.get("heed_claims"):
            raise Violation("claim-not-heeded", f"{before} became {after}")
        if after is not None and after["holder"] != request.actor:
            raise Violation("claim-of-another", f"{after} was asked for by {request.actor}")


def closed_is_nobodys(books: Books, _request: Request, effect: Effect) -> None:
    """Nobody holds a conversation that was closed."""
    for _, closed in effect.statuses:
        if closed["status"] == "closed" and books.op(f"claim#{closed['conversation_id']}", "claim"):
            raise Violation("closed-is-held", closed["conversation_id"])
    for _, claim in effect.of(OPS, "claim"):
        if claim is not None and books.conversation(claim["conversation_id"])["status"] != "open":
            raise Violation("closed-is-held", claim["conversation_id"])


def snoozes_are_kept(books: Books, request: Request, effect: Effect) -> None:
    """What is put off is known to be, so it comes back, and not before its time."""
    for before, after in effect.of(CONVERSATIONS):
        name = (after or {})["conversation_id"]
        was, stands = (before or {}).get("waiting_for"), (after or {}).get("waiting_for")
        kept = books.op(f"snooze#{name}", "snooze")
        if stands == "snoozed" and (kept is None or books.op("snoozes", f"{kept['until']:015d}#{name}") is None):
            raise Violation("snooze-lost", name)
        if was == "snoozed" and stands == "admin" and not effect.messages and not effect.statuses:
            gone = [each["until"] for each, left in effect.of(OPS, "snooze") if each and left is None]
            if any(until > request.clocks[1] for until in gone) or not gone:
                raise Violation("woken-early", f"{gone} is ahead of {request.clocks[1]}")


def the_desk_leaves_rows(_books: Books, request: Request, effect: Effect) -> None:
    """Who claimed, released, put off or noted something is told by an audit row."""
    events = [each["event"] for each in effect.rows("desk")]
    happened = _DESK_EVENTS.get(request.action)
    if happened is None:
        if events:
            raise Violation("audit-row-wrong", f"{events}")
        return
    ours = any(effect.of(OPS, kind) for kind in ("claim", "note")) or events
    if ours and events != [happened]:
        raise Violation("audit-row-wrong", f"{happened} happened, the rows tell {events}")


def keys_are_remembered(_books: Books, request: Request, effect: Effect) -> None:
    """A request key is forgotten after seven days, by the clocks of the store and of who asks, and not before."""
    for before, after in effect.of(OPS, "request"):
        if before is None or after is not None:
            continue
        until = before["created_at"] + _REMEMBERED_MS
        if until > effect.now + _CLOCKS_DIFFER_MS or until > request.clocks[1] + _CLOCKS_DIFFER_MS:
            raise Violation("key-forgotten", f"{before} at {effect.now}")


_CHECKS = (
    nothing_is_deleted,
    keys_are_remembered,
    counters_are_exact,
    messages_come_in_order,
    time_moves_on,
    nothing_enters_what_is_closed,
    statuses_leave_rows,
    waiting_is_right,
    stats_are_exact,
    decisions_leave_rows,
    words_are_kept,
    guards_are_heeded,
    links_have_claims,
    addresses_are_set,
    limits_count_what_is_stored,
    claims_are_heeded,
    closed_is_nobodys,
    snoozes_are_kept,
    the_desk_leaves_rows,
)
