"""What it costs a month that dashboards ask again and again whether anything is new, part by part.

The seed's load (section 13): a thousand users, each of whom asks every ten seconds for the conversations, and for the
messages of the one that is open. What they write costs next to nothing beside that, and is left out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from commercive_cli.domain.answers.tables import PollingCost, PollingCosts
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import Conversation, Message, Record
from commercive_cli.domain.prices import CALL_GB_SECOND, INTERNET_GB, LOG_GB, MILLION_CALLS, MILLION_READS
from commercive_cli.services.tables.cost_estimate import sampled
from commercive_cli.store.items import Item
from commercive_cli.store.limits import item_bytes
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, Table

USERS = 1_000
EVERY_SECONDS = 10
SAMPLE = 1_000
READS_LOGGED = 0.01
"""The share of successful reads that is logged where they are sampled (COMMERCIVE_LOG_READS)."""

MEMORY_GB = 1
"""Of the function, as in its template."""
CALL_SECONDS = Decimal("0.015")
"""How long a call is taken to last: one round trip to DynamoDB, and JSON."""
HEADERS_BYTES = 700
"""Of an answer over HTTPS, with what TLS adds."""
REQUEST_LOG_BYTES = 340
METRICS_LOG_BYTES = 540
"""Of the line of a request, and of the line of its metrics, with the 26 that CloudWatch adds to each."""
METRICS_TOGETHER_BYTES = 30
"""Of the metrics of a request that has no line of its own."""
RUNTIME_LOG_BYTES = 400
"""Of the lines that Lambda itself writes for a call: START, END and REPORT."""

_MONTH_SECONDS = 30 * 86_400
_READ_BYTES = 4096
_GB = 1024**3
_MILLION = 10**6
_CENT = Decimal("0.01")
_BASIS = (
    "USD for a month of 30 days and nights, us-east-1, prices of 2024 without free tiers; a call takes "
    f"{CALL_SECONDS} s of {MEMORY_GB} GB; writes, storage and preflights not counted"
)


@dataclass(frozen=True)
class PollingCostService:
    """Reads some conversations and messages, and works out what polling for the like of them costs."""

    store: Store

    def estimate(self, users: int | None = None, *, sample: int | None = None) -> PollingCosts:
        """Return the costs of `users` (1,000), from `sample` (1,000) items of both tables, or a few more.

        Raises Invalid where there is no conversation with a message.
        """
        users, sample = users or USERS, sample or SAMPLE
        conversations, messages = (list(sampled(self.store, table, sample)) for table in (CONVERSATIONS, MESSAGES))
        if not conversations or not messages:
            raise Invalid("there are no messages here from which to estimate; `commercive tables seed` makes some up")
        in_thread = max(1, round(self._count(MESSAGES, messages) / self._count(CONVERSATIONS, conversations)))
        thread, listed = _Answer.of(messages, Message, in_thread), _Answer.of(conversations, Conversation, 1)
        polls = users * _MONTH_SECONDS // EVERY_SECONDS
        ways = [
            _listing(polls, listed, 1.0) + _reading(polls, thread),
            _listing(polls, listed, 1.0),
            _listing(polls, listed, READS_LOGGED),
        ]
        columns = [way.costs() for way in ways]
        return PollingCosts(
            users=users,
            every_seconds=EVERY_SECONDS,
            thread_messages=in_thread,
            thread_bytes=thread.sent,
            parts=[_part(name, [costs[name] for costs in columns]) for name in columns[0]]
            + [_part("together", [sum(costs.values(), Decimal(0)) for costs in columns])],
            basis=_BASIS,
        )

    def _count(self, table: Table, read: Sequence[Item]) -> int:
        info = self.store.describe_table(table)
        return max(len(read), info.items if info else 0)


@dataclass(frozen=True)
class _Answer:
    """How many bytes an answer reads in DynamoDB, and sends."""

    read: int
    sent: int

    @classmethod
    def of(cls, items: Sequence[Item], kind: type[Record], count: int) -> "_Answer":
        """Return the size of an answer of `count` average records."""
        read, sent = sum(map(item_bytes, items)), sum(len(kind.of(item).model_dump_json()) for item in items)
        return cls(count * read // len(items), count * sent // len(items))


@dataclass(frozen=True)
class _Month:
    """What is used in a month: calls, DynamoDB's read units, bytes sent to the internet, and bytes logged."""

    calls: int
    units: Decimal
    sent: int
    logged: int

    def __add__(self, other: "_Month") -> "_Month":
        return _Month(
            self.calls + other.calls, self.units + other.units, self.sent + other.sent, self.logged + other.logged
        )

    def costs(self) -> dict[str, Decimal]:
        """Return the price of each part."""
        return {
            "calls": MILLION_CALLS * self.calls / _MILLION,
            "time": CALL_GB_SECOND * self.calls * CALL_SECONDS * MEMORY_GB,
            "reads": MILLION_READS * self.units / _MILLION,
            "internet": INTERNET_GB * self.sent / _GB,
            "logs": LOG_GB * self.logged / _GB,
        }


def _listing(polls: int, answer: _Answer, logged: float) -> _Month:
    """Return what the user's conversations take, read from an index, eventually consistent: half a unit for 4 KB."""
    return _Month(polls, polls * _units(answer) / 2, polls * (answer.sent + HEADERS_BYTES), polls * _log_bytes(logged))


def _reading(polls: int, answer: _Answer) -> _Month:
    """Return what a thread takes, read strongly consistent, with its conversation, to see whose it is."""
    return _Month(polls, polls * (_units(answer) + 1), polls * (answer.sent + HEADERS_BYTES), polls * _log_bytes(1.0))


def _units(answer: _Answer) -> Decimal:
    return Decimal(math.ceil(answer.read / _READ_BYTES))


def _log_bytes(share: float) -> int:
    """Return what a successful read leaves in the log, where that share of them has a line."""
    own = RUNTIME_LOG_BYTES + share * (REQUEST_LOG_BYTES + METRICS_LOG_BYTES)
    return round(own if share == 1 else own + METRICS_TOGETHER_BYTES)


def _part(name: str, amounts: Sequence[Decimal]) -> PollingCost:
    whole, new, logged = (amount.quantize(_CENT) for amount in amounts)
    return PollingCost(part=name, whole_usd=whole, new_usd=new, sampled_usd=logged)
