"""A run: clients carry out a plan on the real services, one at a time; chance draws their order and what breaks."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from commercive_cli.domain.errors import NotTaken, Unavailable
from commercive_cli.domain.ids import CODE_ALPHABET, CODE_LENGTH, ENTROPY_BITS, uuid7
from commercive_cli.services.affiliates.recompute import RecomputeService
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.feeds import FeedService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.whole_feed import OVERLAP_MS
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from tests.proof.acts import ACTS, AGAIN, WEEK, Act, Parties
from tests.proof.answers import check_answer, check_effects, check_not_taken, check_refusal
from tests.proof.books import Books, Effect, Request, Violation
from tests.proof.chance import (
    CODE,
    CUT,
    EXPIRY,
    FAULT,
    ID,
    LAG,
    NEXT,
    SIDE,
    SKEW,
    SWITCH,
    TIME,
    TOLD,
    Chance,
    Site,
    mixed,
)
from tests.proof.crew import Crew
from tests.proof.faulty import LAG_MS, Change, Crash, FaultyStore, Stopped
from tests.proof.plans import Plan, Step

START = 1_760_000_000_000
_ATTEMPTS, _FAULTY_ATTEMPTS = 8, 4
_SKEW_MS = 20_000
_LONGEST_STAND_MS = 20_000
_LONG_MS = 8 * 86_400_000
"""Longer than any request key is remembered."""

_PAUSES = ((600, 1), (900, 40), (990, 2_000), (1000, 20 * 60_000))
"""How long pauses are: of a thousand, up to the first number last so many milliseconds at most."""

Left = TypeVar("Left")
Right = TypeVar("Right")


@dataclass(frozen=True)
class Subject:
    """What is tested: the store that services get, and the services over it. Planted faults replace a part."""

    store: Callable[["Run"], FaultyStore] = lambda run: FaultyStore(run, run.now, run.lag)
    seen: Callable[[Store], Store] = lambda store: store
    parties: Callable[["Run", Store], Parties] = lambda run, store: services(run, store)


@dataclass
class Outcome:
    """What came of a run: the violation that ended it, if any, and a hash of everything that happened."""

    plan: Plan
    violation: Violation | None
    trace: str
    happened: list[Site]
    history: list[str]
    requests: Counter[str]
    faults: Counter[str]


@dataclass
class Run:
    """One run of a plan. It is the place of the store, the clock of the clients, and their source of ids."""

    plan: Plan
    crew: Crew
    subject: Subject = field(default_factory=Subject)

    def __post_init__(self) -> None:
        self.chance = Chance(self.plan.seed, self.plan.only)
        self.history: list[str] = []
        self.faults: Counter[str] = Counter()
        self.violation: Violation | None = None
        self._time = START
        self._trace = hashlib.blake2b(digest_size=16)
        self._clients = self.plan.clients
        self._at: dict[int, Request] = {}
        self._calls = dict.fromkeys(self._clients, 0)
        self._made = dict.fromkeys(self._clients, 0)
        self._since: dict[int, int] = {}
        self._is_over = False
        self._is_watched = any(step.action == "watch" for step in self.plan.steps)
        self._skews = {each: self._skew(each) for each in self._clients}
        # Some runs switch at every other call, some rarely; some have many faults, some none.
        self._switches = (30, 150, 400)[self.chance.below(3, SWITCH)]
        self._breaks = (0, 30, 80, 200)[self.chance.below(4, FAULT)]
        self.store = self.subject.store(self)
        self.books = Books(self.store)
        self.parties = self.subject.parties(self, self.subject.seen(self.store))

    def carry_out(self) -> Outcome:
        """Carry out the plan to its end, or up to the first violation."""
        steps = {client: [step for step in self.plan.steps if step.client == client] for client in self._clients}
        self.crew.run([partial(self._work, steps[client]) for client in self._clients], self._choose_next)
        if self.violation is None:
            self._watch_to_the_end()
        for request in self.books.requests:
            self._note(f"{request.action} {request.answer!r} {request.error!r}")
        return Outcome(
            self.plan,
            self.violation,
            self._trace.hexdigest(),
            self.chance.happened,
            self.history,
            Counter(request.action for request in self.books.requests),
            self.faults,
        )

    # What the store asks of its place.

    def enter(self, what: str, faults: Sequence[str]) -> str | None:
        """Begin a call of the store: let others go on, let time go by; return what shall break, if anything."""
        self._check_going()
        if self._is_over:
            return None
        self._calls[self._client] += 1
        self._pass_time()
        self._let_things_expire()
        self._let_others_go_on(0)
        request = self._request
        self._note(f"{self._client} {request.step.number} {what}")
        if request.attempts > _FAULTY_ATTEMPTS or not self.chance.happens(self._breaks, FAULT, *self._site):
            return None
        fault = faults[self.chance.below(len(faults), FAULT, *self._site, 1)]
        self.faults[request.action] += 1
        self._tell(f"{what}: {fault}")
        return fault

    def leave(self, what: str) -> None:
        """End a call of the store: let others go on."""
        self._let_others_go_on(1)
        self._note(f"{self._client} {what}")

    def committed(self, changes: Sequence[Change]) -> None:
        """Note what was written, and end the run if that breaks a promise."""
        self._note(repr([(each.table.name, each.before, each.after) for each in changes]))
        request = self._request
        try:
            request.written += 1
            effect = self.books.commit(request, changes, self._time)
            request.effects.append(effect)
            self._tell(f"wrote {_told(effect)}")
            check_effects(request)
        except Violation as violation:
            self._end(violation)

    def cut(self, limit: int | None) -> int | None:
        """Return how many items a page may have: a server may return less than was asked for."""
        if self._is_over or not self.chance.happens(100, CUT, *self._site):
            return limit
        few = 1 + self.chance.below(2, CUT, *self._site, 1)
        return few if limit is None else min(few, limit)

    def partly_told(self, count: int) -> int | None:
        """Return the one failure out of so many that is told, None for all of them."""
        if count < 2 or not self.chance.happens(300, TOLD, *self._site):
            return None
        return self.chance.below(count, TOLD, *self._site, 1)

    # Time and chance for the services.

    def now(self) -> int:
        """Return the store's time (ms)."""
        return self._time

    def clock(self) -> int:
        """Return what the clock of the present client shows (ms)."""
        client = self._client
        return self._at[client].told(self._time + self._skews[client])

    def sleep(self, seconds: float) -> None:
        """Wait: others go on meanwhile."""
        self._let_others_go_on(3)
        self._time += int(seconds * 1000)
        self._let_others_go_on(4)

    def lag(self) -> int:
        """Return after how many milliseconds the indexes show what is being written."""
        return self.chance.below(LAG_MS, LAG, *self._site, 1) if self.chance.happens(500, LAG, *self._site) else 0

    def new_id(self, at: int) -> str:
        """Return an id that follows from the seed and from who makes it."""
        site = (ID, *self._site, self._count())
        return uuid7(at, (self.chance.number(*site, 0) << 64 | self.chance.number(*site, 1)) >> (128 - ENTROPY_BITS))

    def new_code(self) -> str:
        """Return a link code; some are drawn from so few that they are taken already."""
        number = self.chance.number(CODE, *self._site, self._count())
        number = number % 3 if number % 4 == 0 else number
        return "".join(CODE_ALPHABET[number >> 5 * place & 31] for place in range(CODE_LENGTH))

    def side_by_side(self, left: Callable[[], Left], right: Callable[[], Right]) -> tuple[Left, Right]:
        """Make two calls one after the other, in an order that chance draws: what a real runner may come to."""
        if self.chance.happens(500, SIDE, *self._site):
            found = right()
            return left(), found
        return left(), right()

    @property
    def _client(self) -> int:
        return self._clients[self.crew.current]

    @property
    def _request(self) -> Request:
        return self._at[self._client]

    @property
    def _site(self) -> Site:
        """Return where the present client is: its step, attempt and call."""
        request = self._request
        return request.step.number, request.attempts, self._calls[self._client]

    def _count(self) -> int:
        self._made[self._client] += 1
        return self._made[self._client]

    def _skew(self, client: int) -> int:
        if not self.chance.happens(300, SKEW, client):
            return 0
        return self.chance.below(2 * _SKEW_MS, SKEW, client, 1) - _SKEW_MS

    def _drawn_skew(self) -> int:
        return self.chance.below(2 * _SKEW_MS, SKEW, *self._site, 1) - _SKEW_MS

    # What a client does.

    def _work(self, steps: Sequence[Step]) -> None:
        try:
            for step in steps:
                self._carry_out(step)
        except Stopped:
            pass
        except Exception as error:  # noqa: BLE001 - whatever a client meets is what the run has found
            self.violation = self.violation or Violation("unexpected-error", f"{type(error).__name__}: {error}")

    def _carry_out(self, step: Step) -> None:
        if step.action == WEEK:
            self._let_a_week_pass(step)
            return
        ask = AGAIN.get(step.action) or ACTS[step.action].ask
        asked = ask(step, self.books)
        if asked is None:
            return
        action = asked.pop("action", step.action)
        act = ACTS[action]
        if not act.reads and step.pick(5, 3):
            asked.setdefault("key", f"k{step.number}")
        request = Request(step, action, asked, self.books.moment)
        if repeated := asked.pop("repeats", None):
            request.began, request.effects, request.answers = repeated.began, repeated.effects, repeated.answers
        self.books.requests.append(request)
        self._at[self._client] = request
        self._tell(f"asks {_words(asked)}")
        for attempt in range(1, _ATTEMPTS + 1):
            request.attempts, self._calls[self._client], self._made[self._client] = attempt, 0, 0
            self._check_going()
            self._let_others_go_on(2)
            if self.chance.happens(60, SKEW, *self._site):
                self._skews[self._client] = self._drawn_skew()
            if self._attempt(request, act, may_repeat=act.reads or "key" in asked):
                return
        self._end(Violation("never-answered", f"{request.action} failed {_ATTEMPTS} times"))

    def _attempt(self, request: Request, act: Act, *, may_repeat: bool) -> bool:
        """Ask once; return whether that settles the request."""
        client = self._client
        request.tried, request.began_at, request.written = self.books.moment, self._time, 0
        self._since[client] = self._time
        try:
            answer = act.call(self.parties, request.asked)
        except Violation as violation:
            self._end(violation)
        except Crash:
            if "watch" in request.asked:
                request.asked["watch"].feed = None
            self._tell("crashed" + (", asks again with the same key" if may_repeat else ""))
            return not may_repeat
        except NotTaken as error:
            self._tell(f"is told: {error}")
            self._judge(partial(check_not_taken, request, error))
            return False
        except Unavailable as error:
            self._tell(f"is told: {error}")
            return not may_repeat
        except Exception as error:  # noqa: BLE001 - the checker tells refusals from what must not happen
            request.error, request.ended = error, self.books.moment
            self._tell(f"is refused: {type(error).__name__}: {error}")
            self._judge(lambda: check_refusal(self.books, request))
            return True
        finally:
            del self._since[client]
        request.answer, request.ended = answer, self.books.moment
        request.answers.append(answer)
        self._tell(f"is told {_answered(answer)}")
        self._judge(lambda: check_answer(self.books, request))
        return True

    def _watch_to_the_end(self) -> None:
        """Let time go by until all indexes have caught up, and then all who watch look once more."""
        self._time += 2 * OVERLAP_MS
        self._is_over = True
        try:
            for client, watch in self.books.watches.items():
                self.crew.current = self._clients.index(client)
                self._tell(f"watches to the end: {watch.poll(self.parties.feeds, self.books)} news")
                self._judge(partial(watch.check, self.books, self._time))
        except Violation as violation:
            self._tell(f"VIOLATION {violation}")
            self.violation = violation
        except Stopped:
            pass

    def _judge(self, check: Callable[[], None]) -> None:
        try:
            check()
        except Violation as violation:
            self._end(violation)

    def _end(self, violation: Violation) -> None:
        if self.violation is None:
            self._tell(f"VIOLATION {violation}")
            self.violation = violation
        raise Stopped

    def _check_going(self) -> None:
        if self.violation is not None:
            raise Stopped

    def _pass_time(self) -> None:
        if self.chance.happens(300, TIME, *self._site):
            drawn = self.chance.below(1000, TIME, *self._site, 1)
            most = next(length for share, length in _PAUSES if drawn < share)
            pause = 1 + self.chance.below(most, TIME, *self._site, 2)
            # A feed of all conversations is told late of what is written long after its time, so nobody stands still.
            stood = self._time + pause - min(self._since.values(), default=self._time)
            if not self._is_watched or stood < _LONGEST_STAND_MS:
                self._time += pause

    def _let_a_week_pass(self, step: Step) -> None:
        """Let so much time go by that every request key is forgotten, unless somebody asks for something meanwhile.

        Who uses the key of another request would be right to do so then, so nobody who does waits for that.
        """
        misused = any("misused" in each.asked and each.ended < 0 for each in self.books.requests)
        if not self._since and not self._is_watched and not misused:
            self._time += _LONG_MS
            self.books.forget()
            self.history.append(f"client {self._client}, step {step.number}: eight days go by")

    def _let_things_expire(self) -> None:
        """Let the server delete some of what has expired."""
        if self.chance.happens(30, EXPIRY, *self._site):
            drawn = self.chance.number(EXPIRY, *self._site, 1)
            gone = self.store.expire(lambda each: mixed(drawn, *each["pk"].encode()) % 2 == 0)
            self._note(f"{gone} expired")

    def _let_others_go_on(self, where: int) -> None:
        working = self.crew.working
        if len(working) > 1 and self.chance.happens(self._switches, SWITCH, *self._site, where):
            self.crew.switch(working[self.chance.below(len(working), SWITCH, *self._site, where, 1)])
            self._check_going()

    def _choose_next(self, last: int, working: Sequence[int]) -> int:
        return working[self.chance.below(len(working), NEXT, last + 1)]

    def _tell(self, words: str) -> None:
        if self.violation is not None:
            return
        request = self._request
        self.history.append(f"client {self._client}, step {request.step.number}, {request.action}: {words}")

    def _note(self, words: str) -> None:
        self._trace.update(f"{self._time} {words}\n".encode())


def services(run: Run, store: Store) -> Parties:
    """Return the real services over a store, with what they take from outside: the one place where they are made."""
    chat = ChatService(store, run.clock, run.new_id, run.side_by_side)
    return Parties(
        chat,
        DeskService(chat),
        FeedService(store, run.clock),
        LeadService(store, run.clock, run.new_id),
        AffiliateService(store, run.clock, run.new_code, new_id=run.new_id),
        RecomputeService(store, run.clock, run.new_id, run.sleep),
    )


def _words(asked: dict[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in asked.items() if name not in ("watch", "books"))


def _answered(answer: object) -> str:
    return str(answer)[:300]


def _told(effect: Effect) -> str:
    return ", ".join(
        f"{'put' if each.before is None else 'deleted' if each.after is None else 'changed'} {each.table.name}"
        + (f" {(each.after or each.before or {}).get('pk', '')}" if each.table.name == "ops" else "")
        for each in effect.changes
    )
