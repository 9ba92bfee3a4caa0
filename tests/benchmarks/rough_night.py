"""A minute in which everything goes wrong: worker processes, whoever disturbs them, and what must hold afterwards.

A worker writes down each request before it sends it, and the answer behind it, as a careful client does: one that is
killed goes on where it was, with the same key. Started as `python -m tests.benchmarks.rough_night WORK LOG STORE`.
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

from commercive_cli.domain.clock import StoreTime
from commercive_cli.domain.errors import Conflict, NotTaken, Unavailable
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.port import Store
from commercive_cli.store.right_time import with_right_time

WORKERS = 8
CLOCKS = (-3600, -120, 0, 0, 0, 90, 86_400, 10 * 86_400, 30 * 86_400)
"""Seconds by which a worker's clock may be off."""

Request = dict[str, str]


def sleep(seconds: float) -> None:
    """Wait; under libfaketime, time.sleep is an error where the monotonic clock is left as it is."""
    Event().wait(seconds)


@contextmanager
def opened(where: str, time: StoreTime) -> Iterator[Store]:
    """Open the store at a path, or at `ENDPOINT PREFIX`, as the program does: by a time that its replies set right."""
    if " " not in where:
        from commercive_cli.engines.sqlite.store import SQLiteStore

        with closing(SQLiteStore(Path(where), clock=time)) as file:
            yield file
        return
    from botocore.session import Session

    from commercive_cli.engines.dynamodb.store import DynamoDBStore

    session = Session()
    session.set_credentials("test", "test")
    endpoint, prefix = where.split()
    with closing(
        DynamoDBStore("eu-west-1", prefix=prefix, endpoint=endpoint, session=session, clock=time, sleep=sleep)
    ) as tables:
        yield tables


def answered(store: Store, time: StoreTime, request: Request) -> str:
    """Send a request; return what tells its answer from any other."""
    return with_right_time(lambda: _answered(ChatService(store, time), LeadService(store, time), request))


def _answered(chat: ChatService, leads: LeadService, request: Request) -> str:
    one, key = request["one"], request["key"]
    match request["kind"]:
        case "send":
            return chat.send("user-1", key, conversation_id=one, key=key).message_id
        case "new":
            return chat.send(key, key, key=key).conversation_id
        case "reply":
            return chat.reply(one, "admin-1", key, reopen=True, key=key).message_id
        case "mark-read":
            return str(chat.mark_read(one, "admin", actor="admin-1", key=key).marked)
        case "close":
            return str(chat.close(one, "admin-1", key=key).changed)
        case "submit":
            return leads.submit(one, {"name": key, "email": "a@example.com"}, key=key).lead_id
        case _:
            decided = leads.decide(one, "approved", "admin-1", commission=request["amount"], amend=True, key=key)
            return f"{decided.lead.commission_amount:.2f} {decided.changed}"


@dataclass
class Log:
    """What a worker asked for and what it was told, one JSON line each."""

    path: Path
    asked: dict[str, Request] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for line in self.path.read_text().splitlines() if self.path.exists() else ():
            self._take(*json.loads(line))

    def write(self, word: str, content: Any) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps([word, content]) + "\n")
        self._take(word, content)

    def open_requests(self) -> list[Request]:
        """Return the requests whose outcome nobody knows."""
        return [self.asked[key] for key in self.asked.keys() - self.told.keys() - self.refused]

    def _take(self, word: str, content: Any) -> None:
        if word == "asked":
            self.asked[content["key"]] = content
        elif word == "told":
            self.told[content[0]] = content[1]
        else:
            self.refused.add(content)


def settle(store: Store, time: StoreTime, log: Log, request: Request) -> bool:
    """Send a request, and again with its key while the outcome is open; return whether it was answered at all."""
    for _ in range(20):
        try:
            log.write("told", [request["key"], answered(store, time, request)])
        except (NotTaken, Unavailable):
            sleep(0.05)
        except Conflict:
            log.write("refused", request["key"])
            return True
        else:
            return True
    return False


def work(log: Log, where: str) -> None:
    """Send requests for ever."""
    plan = json.loads((log.path.parent / "plan.json").read_text())
    dice = random.Random(f"{log.path.stem} {len(log.asked)}")
    while True:
        time = StoreTime()
        with opened(where, time) as store:
            for request in log.open_requests():
                settle(store, time, log, request)
            for _ in range(dice.randrange(1, 60)):
                request = _request(dice, plan, f"{log.path.stem}-{len(log.asked)}")
                log.write("asked", request)
                settle(store, time, log, request)


def _request(dice: random.Random, plan: dict[str, Sequence[str]], key: str) -> Request:
    kinds = {"send": 30, "new": 10, "reply": 20, "mark-read": 10, "close": 5, "submit": 15, "approve": 10}
    [kind] = dice.choices(list(kinds), list(kinds.values()))
    among = {"submit": "codes", "approve": "leads"}.get(kind, "conversations")
    amount = f"{dice.randrange(100_000) / 100:.2f}"
    return {"kind": kind, "key": key, "one": dice.choice(plan[among]), "amount": amount}


@dataclass
class Night:
    """Workers that are killed, whose clocks jump, and whose disk fills up."""

    directory: Path
    where: str
    clock_library: str
    disk: Path | None = None
    seed: int = 1
    kills: int = 0
    fills: int = 0

    def run(self, seconds: float) -> None:
        """Disturb the workers for that long, then end them all."""
        dice = random.Random(self.seed)
        end, workers = monotonic() + seconds, [self._start(number) for number in range(WORKERS)]
        try:
            while monotonic() < end:
                sleep(dice.random() / 4)
                number = dice.randrange(WORKERS)
                self._set_clock(number, dice.choice(CLOCKS))
                if dice.random() < 0.25:
                    workers[number].kill()
                    workers[number].wait()
                    workers[number] = self._start(number)
                    self.kills += 1
                if self.disk and dice.random() < 0.2:
                    self._fill(self.disk / "full", dice.random() / 2)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()

    def errors(self) -> list[str]:
        """Return what the workers wrote to stderr: nothing, as what is foreseen ends none."""
        return [text for path in self.directory.glob("*.err") if (text := path.read_text())]

    def logs(self) -> list[Log]:
        return [Log(self.directory / f"worker-{number}.jsonl") for number in range(WORKERS)]

    def _start(self, number: int) -> "subprocess.Popen[bytes]":
        clock = self.directory / f"clock-{number}"
        if not clock.exists():
            self._set_clock(number, 0)
        faked = {
            "LD_PRELOAD": self.clock_library,
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DISABLE_SHM": "1",
        }
        log = self.directory / f"worker-{number}.jsonl"
        with (self.directory / f"worker-{number}.err").open("ab") as errors:
            return subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", __name__, str(log), self.where], env=os.environ | faked, stderr=errors
            )

    def _set_clock(self, number: int, seconds: int) -> None:
        new = self.directory / f"clock-{number}.new"
        new.write_text(f"{seconds:+d}\n")
        new.rename(self.directory / f"clock-{number}")

    def _fill(self, path: Path, seconds: float) -> None:
        self.fills += 1
        try:
            with path.open("wb", buffering=0) as file:
                while file.write(bytes(1 << 20)):
                    pass
        except OSError:
            sleep(seconds)
        path.unlink()


if __name__ == "__main__":
    work(Log(Path(sys.argv[1])), sys.argv[2])
