"""Writes of an adoption: none in a rehearsal, and with patience where the store is throttled."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from commercive_cli.domain.clock import Sleep
from commercive_cli.domain.errors import Unavailable
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import Table
from commercive_cli.store.writes import Write

PATIENCE_S = 600.0
"""How long nothing may go through before an adoption gives up; the same command goes on later."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0

Result = TypeVar("Result")
Say = Callable[[str], None]
"""Tells the user what cannot wait for the end."""


@dataclass(frozen=True)
class Writer:
    """Writes to a store, or pretends to; `rehearsed` says which."""

    store: Store
    sleep: Sleep
    say: Say
    rehearsed: bool

    def transact(self, *writes: Write) -> None:
        """Apply the writes. Where nobody knows whether the last try did, the next one says that it cannot any more."""
        if not self.rehearsed:
            self.patiently(lambda: self.store.transact(*writes))

    def batch_put(self, table: Table, items: Iterable[Item]) -> None:
        """Store items that nothing else knows of yet."""
        listed = list(items)
        if not self.rehearsed and listed:
            self.patiently(lambda: self.store.batch_put(table, listed))

    def patiently(self, call: Callable[[], Result]) -> Result:
        """Return the result of a call that is harmless to repeat, and wait while the store is not available."""
        waited, pause = 0.0, _FIRST_PAUSE_S
        while True:
            try:
                return call()
            except Unavailable as refused:
                if waited >= PATIENCE_S:
                    told = f"{refused.message}; nothing went through for {PATIENCE_S / 60:.0f} minutes"
                    raise Unavailable(f"{told}; run the same command again to go on") from refused
                self.say(f"throttled, waiting {pause:.0f} s: {refused.message}")
            self.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, _LONGEST_PAUSE_S)
