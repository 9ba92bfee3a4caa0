"""Mixed traffic of users, visitors and admins: seeded, counted, and importable by worker processes."""

import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from commercive_cli.domain.errors import Conflict, Unavailable
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from tests.e2e.embedded import file_store
from tests.forkserver import FORKSERVER

OPERATIONS = int(os.environ.get("COMMERCIVE_TEST_OPERATIONS", "1000"))
THREADS = 24
PROCESSES = 8
KEYS = 40
FORM = {"name": "Jane", "email": "jane@example.com"}
AMOUNTS = ("0", "0.01", "0.10", "33.33", "12.34", "999.99")

Act = Callable[[random.Random], None]


@dataclass
class Traffic:
    """What became of the operations: how many by name and outcome, and the ids that were acknowledged."""

    outcomes: Counter[str] = field(default_factory=Counter)
    stored: set[str] = field(default_factory=set)

    def add(self, other: "Traffic") -> None:
        self.outcomes += other.outcomes
        self.stored |= other.stored

    @property
    def unavailable(self) -> int:
        return sum(count for name, count in self.outcomes.items() if name.endswith("unavailable"))


@dataclass
class ChatTraffic:
    """Sends, replies, mark-reads, closes and reopens on a few conversations; half the sends carry a contested key."""

    chat: ChatService
    names: Sequence[str]
    traffic: Traffic = field(default_factory=Traffic)

    def acts(self) -> dict[str, tuple[int, Act]]:
        """Return the operations with their weights."""
        return {
            "send": (40, self.send),
            "reply": (30, self.reply),
            "mark-read": (15, self.mark_read),
            "close": (7, self.close),
            "reopen": (8, self.reopen),
        }

    def send(self, dice: random.Random) -> None:
        number = dice.randrange(KEYS)
        name = self.names[number % len(self.names)]
        key = f"key-{number}" if dice.random() < 0.1 else None
        text = f"keyed {number}" if key else f"unkeyed {dice.random()}"
        self.traffic.stored.add(self.chat.send("user-1", text, conversation_id=name, key=key).message_id)

    def reply(self, dice: random.Random) -> None:
        name, close, reopen = dice.choice(self.names), dice.random() < 0.05, dice.random() < 0.5
        sent = self.chat.reply(name, f"admin-{dice.randrange(3)}", "Hi", close=close, reopen=reopen)
        self.traffic.stored.add(sent.message_id)

    def mark_read(self, dice: random.Random) -> None:
        self.chat.mark_read(dice.choice(self.names), dice.choice(("user", "admin")))

    def close(self, dice: random.Random) -> None:
        self.chat.close(dice.choice(self.names), "admin-1")

    def reopen(self, dice: random.Random) -> None:
        self.chat.reopen(dice.choice(self.names), "admin-2")


@dataclass
class LeadTraffic:
    """Submissions, approvals, rejections, resets and amendments over a few affiliates and contested leads."""

    leads: LeadService
    codes: Sequence[str]
    shared: Sequence[str]
    traffic: Traffic = field(default_factory=Traffic)

    def acts(self) -> dict[str, tuple[int, Act]]:
        """Return the operations with their weights."""
        return {
            "submit": (30, self.submit),
            "approve": (25, self.approve),
            "reject": (15, self.reject),
            "reset": (15, self.reset),
            "amend": (15, self.amend),
        }

    def submit(self, dice: random.Random) -> None:
        number = dice.randrange(KEYS)
        key = f"key-{number}" if dice.random() < 0.2 else None
        code = self.codes[number % len(self.codes)]
        self.traffic.stored.add(self.leads.submit(code, FORM, key=key).lead_id)

    def approve(self, dice: random.Random) -> None:
        self.leads.decide(self._one(dice), "approved", "admin-1", commission=dice.choice(AMOUNTS))

    def reject(self, dice: random.Random) -> None:
        self.leads.decide(self._one(dice), "rejected", "admin-2")

    def reset(self, dice: random.Random) -> None:
        self.leads.reset(self._one(dice), "admin-3")

    def amend(self, dice: random.Random) -> None:
        if dice.random() < 0.3:
            self.leads.decide(self._one(dice), "rejected", "admin-4", amend=True)
        else:
            amount = Decimal(dice.randrange(100_000)).scaleb(-2)
            self.leads.decide(self._one(dice), "approved", "admin-4", commission=amount, amend=True)

    def _one(self, dice: random.Random) -> str:
        own = sorted(self.traffic.stored)
        return dice.choice(own if own and dice.random() < 0.5 else self.shared)


def drive(work: ChatTraffic | LeadTraffic, operations: int, seed: int) -> Traffic:
    """Do that many operations; one that loses a race, or finds the store too busy, counts as done."""
    dice = random.Random(seed)
    acts = work.acts()
    names, weights = list(acts), [weight for weight, _ in acts.values()]
    for name in dice.choices(names, weights, k=operations):
        try:
            acts[name][1](dice)
            outcome = "done"
        except Conflict:
            outcome = "conflict"
        except Unavailable as busy:
            outcome = "unavailable"
            print(f"{name}: {busy.message}", file=sys.stderr)  # noqa: T201 - pytest shows it when the test fails
        work.traffic.outcomes[f"{name} {outcome}"] += 1
    return work.traffic


def shares(operations: int, workers: int) -> list[int]:
    """Return how many operations each worker does."""
    return [operations // workers + (number < operations % workers) for number in range(workers)]


def opened_conversations(store: Store, count: int = 6) -> list[str]:
    """Open a handful of conversations of one user."""
    chat = ChatService(store)
    return [chat.send("user-1", "first").conversation_id for _ in range(count)]


def opened_leads(store: Store, affiliates: int = 5, leads: int = 20) -> tuple[list[str], list[str]]:
    """Make a few affiliates and leads; return the link codes and the lead ids."""
    service = AffiliateService(store)
    codes = [service.create_link(f"aff-{number}", "a@example.com").link_id for number in range(affiliates)]
    submitter = LeadService(store)
    return codes, [submitter.submit(codes[number % affiliates], FORM).lead_id for number in range(leads)]


def chat_process(path: Path, names: Sequence[str], operations: int, seed: int) -> Traffic:
    """Do chat traffic from a process of its own."""
    with file_store(path) as store:
        return drive(ChatTraffic(ChatService(store), names), operations, seed)


def lead_process(path: Path, codes: Sequence[str], shared: Sequence[str], operations: int, seed: int) -> Traffic:
    """Do lead traffic from a process of its own."""
    with file_store(path) as store:
        return drive(LeadTraffic(LeadService(store), codes, shared), operations, seed)


def in_threads(works: Iterable[Callable[[], Traffic]]) -> Traffic:
    """Run the works at once, one thread each, and add up what became of them."""
    total = Traffic()
    works = list(works)
    with ThreadPoolExecutor(len(works)) as pool:
        for traffic in pool.map(lambda work: work(), works):
            total.add(traffic)
    return total


def in_processes(work: Callable[..., Traffic], arguments: Sequence[tuple[object, ...]]) -> Traffic:
    """Run the work at once in processes of their own, and add up what became of them."""
    total = Traffic()
    with ProcessPoolExecutor(len(arguments), mp_context=FORKSERVER) as pool:
        for future in [pool.submit(work, *each) for each in arguments]:
            total.add(future.result())
    return total
