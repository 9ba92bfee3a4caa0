"""A process that dies at one of its calls of the store: whatever it does afterwards changes nothing any more."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar, cast

from commercive_cli.domain.errors import SAME_KEY, Unavailable
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store, StoreClock
from commercive_cli.store.schema import Table
from tests.services.fakes import Intervening

Answer = TypeVar("Answer")

BEFORE, AFTER, LOST, NEVER = "cut before", "cut after", "reply lost", "request lost"
KINDS = (BEFORE, AFTER, LOST, NEVER)
"""What may happen at a call: the process dies before it or behind it, or no reply comes, and it was made or was not."""

WRITES = ("transact", "put", "create_table", "change_table", "delete_table")
"""The calls that change something."""

_CALLS = (
    "clock",
    "get",
    "batch_get",
    "query",
    "scan",
    "scan_text",
    "describe_table",
    "overwrite_old",
    "transact",
    "create_table",
    "change_table",
    "delete_table",
)


class Died(BaseException):
    """The process dies here; nothing in it may handle that."""


@dataclass(frozen=True)
class Cut:
    """What happens at which call, counted from 1."""

    at: int
    kind: str


class Mortal(Intervening):
    """The store of one process. It counts the calls and, at one of them, may be cut off.

    The calls are made one after the other, so that what is stored when the process dies is known. `on_death` is called
    at that moment.
    """

    def __init__(self, store: Store, cut: Cut | None = None, on_death: Callable[[], object] = lambda: None) -> None:
        super().__init__(store)
        self.made: list[str] = []
        """The calls so far, by name."""
        self.dead = False
        self._cut = cut
        self._on_death = on_death
        self._one = RLock()

    def clock(self) -> StoreClock:
        """Tell the time as DynamoDB does, which has a clock of its own that is right."""
        now = super().clock().now
        return StoreClock(now, passed=now)

    def batch_put(self, table: Table, items: Iterable[Item]) -> int:
        """Store the items one by one: such a load may end anywhere."""
        listed = list(items)
        for each in listed:
            self.call("put", lambda each=each: self._store.batch_put(table, [each]))  # type: ignore[misc]
        return len(listed)

    def call(self, name: str, make: Callable[[], Answer]) -> Answer:
        """Make a call, unless the process has died; die or lose the reply where that is its fate."""
        with self._one:
            if self.dead:
                raise Died
            self.made.append(name)
            kind = self._cut.kind if self._cut is not None and self._cut.at == len(self.made) else None
            if kind == BEFORE:
                self._die()
            answer = None if kind == NEVER else make()
            if kind == AFTER:
                self._die()
            if kind in (LOST, NEVER):
                raise Unavailable(f"no reply came; outcome unknown, {SAME_KEY}")
            return cast("Answer", answer)

    def _die(self) -> None:
        self.dead = True
        self._on_death()
        raise Died


def _counted(name: str) -> Any:
    made = getattr(Mortal, name)

    @wraps(made)
    def call(self: Mortal, *given: Any, **named: Any) -> Any:
        return self.call(name, lambda: made(self, *given, **named))

    return call


for _name in _CALLS:
    setattr(Mortal, _name, _counted(_name))


class Files:
    """The files of a process: what it wrote up to its death stays, and what came after is taken back."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._kept = directory.with_name(directory.name + "-kept")

    def keep(self) -> None:
        """Keep the files as they are now."""
        shutil.copytree(self.directory, self._kept, symlinks=True)

    def bring_back(self) -> None:
        """Make the files what they were when they were kept, if they were."""
        if self._kept.exists():
            shutil.rmtree(self.directory)
            self._kept.rename(self.directory)
