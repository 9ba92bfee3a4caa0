"""Runs many seeds one after the other, counts what they held each claim to, and shrinks what fails."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from tests.proof.acts import THEMES
from tests.proof.crew import Crew
from tests.proof.parts import Findings, Part, Row
from tests.proof.plans import Plan, made
from tests.proof.shrinking import shrunk
from tests.proof.simulation import Outcome, Run, Subject

_CHAT = ("start", "send", "reply", "answer", "mark-read", "close", "reopen")
_DESK = ("claim", "next", "release", "note", "snooze")
_WRITES = (*_CHAT, *_DESK, "create-link", "set-email", "submit", "decide", "lead-note")


@dataclass(frozen=True)
class Claim:
    """Something that we promise: in words, the requests that are held to it, and the names of what breaks it."""

    words: str
    acts: tuple[str, ...]
    violations: tuple[str, ...]


CLAIMS = (
    Claim(
        "one order of messages explains every read; nothing since T is missed",
        ("start", "send", "reply", "answer", "read", "poll"),
        ("message-out-of-order", "last-message-wrong", "read-out-of-order", "message-missed", "read-unexplained"),
    ),
    Claim("a list shows what was so a lag ago, and misses nothing", ("list",), ("listing-missed",)),
    Claim("no message enters what is closed", ("send", "reply", "close", "reopen"), ("message-into-closed",)),
    Claim("unread counters and who waits are exact", _CHAT, ("counter-drift", "wait-wrong", "left-unread")),
    Claim("stats are the sum of the leads, to the cent", ("submit", "decide", "stats", "recompute"), ("stats-drift",)),
    Claim("a code and a shop have one link", ("create-link",), ("link-without-claim", "two-links-for-one-shop")),
    Claim("all links of an affiliate get a new address", ("set-email",), ("address-wrong", "address-missed")),
    Claim(
        "changes of money and status leave their audit row",
        ("close", "reopen", "reply", "decide", "lead-note", "set-email", *_DESK),
        ("audit-row-wrong", "closed-by-wrong", "change-behind-its-time"),
    ),
    Claim(
        "whoever saw another state of a lead changes nothing; words stay until there are others",
        ("decide", "lead-note"),
        ("guard-not-heeded", "words-lost", "reviewer-wrong"),
    ),
    Claim("a request is carried out once, whoever dies", _WRITES, ("request-doubled", "wrong-write", "record-deleted")),
    Claim(
        "what was acknowledged is there; a retry gets the first answer",
        _WRITES,
        (
            "acknowledged-and-lost",
            "answer-of-another",
            "answer-wrong",
            "retry-refused",
            "key-used-twice",
            "key-forgotten",
        ),
    ),
    Claim(
        "what is refused has a reason and was not done",
        _WRITES,
        ("refused-and-done", "refused-without-reason", "never-answered", "unexpected-error"),
    ),
    Claim(
        "claims are heeded, snoozes come back in time, the longest waits first",
        _DESK,
        (
            "claim-taken",
            "claim-not-heeded",
            "claim-of-another",
            "closed-is-held",
            "snooze-lost",
            "woken-early",
            "queue-jumped",
        ),
    ),
    Claim(
        "a feed tells everything, once and in order",
        ("watch",),
        ("feed-missed", "feed-repeated", "feed-out-of-order", "feed-untrue"),
    ),
    Claim("a limit counts what is stored, once", ("send",), ("rate-miscounted", "rate-exceeded")),
)


@dataclass
class Tally:
    """What many runs did: their requests and faults by kind of request, and which of them failed."""

    seeds: list[int] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    failed: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count a run in."""
        self.seeds.append(outcome.plan.seed)
        self.requests.update(outcome.requests)
        self.faults.update(outcome.faults)
        if outcome.violation is not None:
            self.failed.append(outcome)

    def rows(self) -> list[Row]:
        """Return a row for each claim."""
        seeds = f"{self.seeds[0]}-{self.seeds[-1]}" if self.seeds else "none"
        return [
            Row(
                claim.words,
                sum(self.requests[act] for act in claim.acts),
                sum(self.faults[act] for act in claim.acts),
                sum(each.violation is not None and each.violation.name in claim.violations for each in self.failed),
                seeds,
            )
            for claim in CLAIMS
        ]


class Simulator:
    """Runs seeds on a subject: the real services, or others that have a fault planted."""

    def __init__(self, subject: Subject | None = None) -> None:
        self._subject = subject or Subject()
        self._crew = Crew()

    def seed(self, seed: int) -> Outcome:
        """Run one seed."""
        return self.run(made(seed, THEMES))

    def run(self, plan: Plan) -> Outcome:
        """Run a plan."""
        return Run(plan, self._crew, self._subject).carry_out()

    def seeds(self, seeds: Iterable[int]) -> Tally:
        """Run several seeds."""
        tally = Tally()
        for seed in seeds:
            tally.add(self.seed(seed))
        return tally

    def for_minutes(self, minutes: float, first: int = 0) -> Tally:
        """Run seeds from a first one on until the time is over."""
        end = time.monotonic() + minutes * 60

        def until_then() -> Iterator[int]:
            for seed in count(first):
                if time.monotonic() >= end:
                    return
                yield seed

        return self.seeds(until_then())

    def first_failure(self, seeds: Iterable[int]) -> Outcome | None:
        """Return the first run that fails, None when none does."""
        return next((outcome for each in seeds if (outcome := self.seed(each)).violation), None)

    def shrunk(self, failed: Outcome) -> Outcome:
        """Return the smallest failing run that is found in a failed one."""
        return shrunk(failed, self.run)


def told(failed: Outcome, smallest: Outcome, command: str) -> str:
    """Return a failure in words: what went wrong, the command that replays it, and the smallest history."""
    steps, faults = len(smallest.plan.steps), len(smallest.happened)
    return "\n".join(
        [
            f"{failed.violation}",
            f"replay: {command}",
            f"shrunk from {len(failed.plan.steps)} steps to {steps}, with {faults} things that chance did:",
            *(f"  {line}" for line in smallest.history),
        ]
    )


def findings(simulator: Simulator, tally: Tally, options: str = "", show: int = 3) -> Findings:
    """Return what a tally showed, with its first failures shrunk and told."""
    violations = [
        told(failed, simulator.shrunk(failed), f"python -m tests.proof{options} --seed {failed.plan.seed}")
        for failed in tally.failed[:show]
    ]
    return Findings(tally.rows(), violations)


def prove(minutes: float, seed: int) -> Findings:
    """Run as many seeds as there is time for, from one on."""
    simulator = Simulator()
    return findings(simulator, simulator.for_minutes(minutes, seed))


PART = Part("simulator", "clients over a store in memory, where all chance comes from the seed", prove)
