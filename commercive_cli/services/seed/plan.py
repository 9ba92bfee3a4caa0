"""The plan of generated data, and the random values derived from it: equal plans give equal data."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.ids import CODE_ALPHABET, CODE_LENGTH, ENTROPY_BITS, uuid7

MOST_ITEMS = 10_000_000
FIXED_UNTIL = 1_767_225_600_000
"""2026-01-01T00:00:00Z: the end of plans that name no time, so that they do not depend on when they run."""
DAY = 86_400_000
SPAN_DAYS = 90
DEMO_DAYS = 7


@dataclass(frozen=True)
class Plan:
    """How many items to generate from the random seed `rng`, all within `days` days before `until` (ms)."""

    conversations: int = 100
    messages: int = 1_000
    affiliates: int = 20
    leads: int = 200
    rng: int = 0
    until: int = FIXED_UNTIL
    days: int = SPAN_DAYS

    def check(self) -> None:
        """Raise Invalid when numbers are out of range or contradict each other."""
        for field in ("messages", "conversations", "affiliates", "leads"):
            if not 0 <= getattr(self, field) <= MOST_ITEMS:
                raise Invalid(f"--{field} must be between 0 and {MOST_ITEMS:,}", field=field)
        if self.messages < self.conversations or (self.messages and not self.conversations):
            raise Invalid("--messages must be at least as many as --conversations, and need one", field="messages")
        if self.leads and not self.affiliates:
            raise Invalid("leads need an affiliate: --affiliates must be at least 1", field="affiliates")

    @property
    def items(self) -> int:
        """Return how many items are generated, without the claims and audit rows that belong to them."""
        links_and_stats = 2 * self.affiliates
        return self.conversations + self.messages + links_and_stats + self.leads

    @property
    def name(self) -> str:
        """Return what identifies this plan, apart from its time."""
        return f"{self.rng}-{self.conversations}-{self.messages}-{self.affiliates}-{self.leads}"


def usual_conversations(messages: int) -> int:
    """Return the usual number of conversations for so many messages: one for every ten."""
    return -(-messages // 10)


def demo_plan(until: int) -> Plan:
    """Return the demo data set: 12 conversations, 60 messages, 6 affiliates and 30 leads in the week before `until`.

    It is the same on every machine and day, but for its times and the ids that carry them.
    """
    return Plan(conversations=12, messages=60, affiliates=6, leads=30, rng=1, until=until, days=DEMO_DAYS)


class SeededRandom:
    """Random ids, codes and times, seeded by the plan; for a plan that ends at another time, the times are shifted."""

    def __init__(self, plan: Plan, purpose: str) -> None:
        self.random = random.Random(f"{plan.name}/{FIXED_UNTIL}/{purpose}")  # noqa: S311 - repeatable, not secret
        self._until = plan.until
        self._span = plan.days * DAY

    def id_at(self, at: int) -> str:
        """Return a UUIDv7 for the millisecond `at`."""
        return uuid7(at, self.random.getrandbits(ENTROPY_BITS))

    def person(self) -> str:
        """Return an id such as the identity provider gives to users."""
        bits = f"{self.random.getrandbits(128):032x}"
        return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}"

    def code(self) -> str:
        """Return a link code."""
        return "".join(self.random.choices(CODE_ALPHABET, k=CODE_LENGTH))

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self.random.random() < probability

    def working_time(self) -> int:
        """Return a moment within the span, mostly on weekdays from 8 to 18 o'clock UTC where the end is FIXED_UNTIL."""
        while True:
            before_end = self.random.randrange(self._span // 90, self._span)
            at = FIXED_UNTIL - before_end
            hour, weekday = at // 3_600_000 % 24, (at // DAY + 3) % 7
            if self.chance((1.0 if 8 <= hour < 18 else 0.1) * (1.0 if weekday < 5 else 0.3)):
                return self._until - before_end


def zipf_shares(total: int, places: int, *, least: int) -> Iterator[int]:
    """Yield the share of each place in `total`: at least `least`, and of the rest a part in proportion to 1/rank."""
    spare = total - least * places
    harmonic = sum(1 / rank for rank in range(1, places + 1))
    given, due = 0, 0.0
    for rank in range(1, places + 1):
        # Rounding errors are carried over to the next places, so that no share is off by more than one.
        due += spare / harmonic / rank
        share = (spare if rank == places else round(due)) - given
        given += share
        yield least + share
