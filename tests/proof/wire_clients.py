"""Clients of the real services over a wire that fails: careful ones, who ask again with the same key until they know.

Each writes down what it asked for and what it was told; whoever reads the tables afterwards holds them to that.
"""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from commercive_cli.bootstrap import Services, bootstrap
from commercive_cli.domain.errors import CommerciveError, NotTaken, Unavailable
from commercive_cli.settings.resolve import Settings
from commercive_cli.settings.store_url import parse_store_url

TOLD, REFUSED, OPEN = "told", "refused", "open"
"""How a request ends: with an answer, with a refusal, or without that anybody knows."""

USERS, ADMINS = ("user-1", "user-2"), ("ann", "bob", "cy")
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
_ATTEMPTS = 30
_SHARED = 10
"""One request of so many is made by all clients at about the same time, with the same key."""

_WEIGHTS = {
    "send": 28,
    "start": 8,
    "reply": 18,
    "mark-read": 8,
    "close": 4,
    "reopen": 8,
    "note": 4,
    "submit": 10,
    "decide": 12,
}
_TOLD = ("conversation_id", "message_id", "lead_id", "note_id", "changed", "marked")


@dataclass
class Asked:
    """A request with its key, and what came of it; `amount` is of money."""

    kind: str
    key: str
    one: str
    actor: str
    amount: str = ""
    end: str = OPEN
    told: dict[str, Any] = field(default_factory=dict)
    tries: int = 0


@dataclass(frozen=True)
class Plan:
    """What the clients of one process do: which they are, how many requests each makes, and about what."""

    url: str
    seed: int
    clients: Sequence[int]
    requests: int
    conversations: Sequence[tuple[str, str]]
    """Each with its user."""
    codes: Sequence[str]
    leads: Sequence[str]


def services_at(url: str) -> Services:
    """Return the services over the store at a URL, as the program opens it; the environment has credentials for it."""
    return bootstrap(Settings(store=parse_store_url(url, "the proof", Path()), actor="proof"))


def work(plan: Plan) -> list[Asked]:
    """Let the clients of this process, which does nothing else, make their requests; return them with the answers."""
    os.environ.update(CREDENTIALS)
    services = services_at(plan.url)
    try:
        with ThreadPoolExecutor(len(plan.clients)) as threads:
            found = threads.map(lambda client: _client(services, plan, client), plan.clients)
            return [each for of_client in found for each in of_client]
    finally:
        services.store.close()


def _client(services: Services, plan: Plan, client: int) -> list[Asked]:
    asked: list[Asked] = []
    dice = Random(f"{plan.seed} {client}")
    for number in range(plan.requests):
        if number % _SHARED == 0:
            asked.append(_request(Random(f"{plan.seed} shared {number}"), plan, f"shared-{number}"))
        elif asked and dice.random() < 0.05:
            before = dice.choice(asked)  # a form that is sent twice
            asked.append(Asked(before.kind, before.key, before.one, before.actor, before.amount))
        else:
            asked.append(_request(dice, plan, f"{client}-{number}"))
        _settle(services, asked[-1])
    return asked


def _request(dice: Random, plan: Plan, key: str) -> Asked:
    [kind] = dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
    conversation, user = dice.choice(plan.conversations)
    match kind:
        case "start":
            return Asked(kind, key, "", dice.choice(USERS))
        case "send":
            return Asked(kind, key, conversation, user)
        case "submit":
            return Asked(kind, key, dice.choice(plan.codes), "")
        case "decide":
            cents = dice.randrange(100_000)
            return Asked(kind, key, dice.choice(plan.leads), dice.choice(ADMINS), f"{cents // 100}.{cents % 100:02}")
    return Asked(kind, key, conversation, dice.choice(ADMINS))


def _settle(services: Services, asked: Asked) -> None:
    """Ask, and again with the same key while nobody knows what came of it."""
    for _ in range(_ATTEMPTS):
        asked.tries += 1
        try:
            answer = _ACTS[asked.kind](services, asked)
        except (NotTaken, Unavailable):
            time.sleep(0.05)
        except CommerciveError as refusal:
            asked.end, asked.told = REFUSED, {"error": refusal.message}
            return
        else:
            asked.end, asked.told = TOLD, _in_short(answer)
            return


def _in_short(answer: Any) -> dict[str, Any]:
    told = {name: getattr(answer, name) for name in _TOLD if hasattr(answer, name)}
    if hasattr(answer, "lead"):
        told["amount"] = str(answer.lead.commission_amount)
    return told


_ACTS: dict[str, Callable[[Services, Asked], Any]] = {
    "start": lambda s, a: s.chat.send(a.actor, a.key, key=a.key),
    "send": lambda s, a: s.chat.send(a.actor, a.key, conversation_id=a.one, key=a.key),
    "reply": lambda s, a: s.chat.reply(a.one, a.actor, a.key, key=a.key),
    "mark-read": lambda s, a: s.chat.mark_read(a.one, "admin", actor=a.actor, key=a.key),
    "close": lambda s, a: s.chat.close(a.one, a.actor, key=a.key),
    "reopen": lambda s, a: s.chat.reopen(a.one, a.actor, key=a.key),
    "note": lambda s, a: s.desk.note(a.one, a.actor, a.key, key=a.key),
    "submit": lambda s, a: s.leads.submit(a.one, {"name": a.key, "email": "a@example.com"}, key=a.key),
    "decide": lambda s, a: s.leads.decide(a.one, "approved", a.actor, commission=a.amount, amend=True, key=a.key),
}
