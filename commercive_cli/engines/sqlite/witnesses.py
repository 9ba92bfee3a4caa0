"""Which time is over for sure, by what all who wrote to a file showed: a file has no clock that is nobody's own.

Each write that can drop expired items leaves its time, at most every six hours. A write of an earlier time takes back
all later ones: either those clocks were ahead, or this one is behind, and then what it writes is younger than it says.
So what stands there has risen from one write to the next, in steps of hours, and nobody has contradicted it since.

A lifetime counts as over when its end is before the 31st newest of these times and seven days. Whoever wrote the item
took back what was later then, so thirty of them came after it: by the clocks of all who have written since, the file
was in use for more than seven days. How far those clocks are ahead or behind, each for itself or all together, does not
matter. Only a clock that is set forward thirty times, while nobody writes the right time, can end a lifetime of seven
days too early. The price is that a file that is rarely written to keeps for longer what has expired.
"""

import sqlite3

from commercive_cli.domain.clock import CLOCKS_DIFFER_MS
from commercive_cli.engines.sqlite.table_sql import quoted

STEP_MS = 6 * 3_600_000
"""How much later a time is than the one before it, at least."""

STEPS = 31
"""How many times stand for seven days: 28 steps, and as many more as a wrong time and one near the item's can be."""

LIFETIME_MS = 7 * 86_400_000
"""The longest lifetime of an item that nobody may drop too early: a request key's."""


class Witnesses:
    """The times that writers left in a file, for the tables of one prefix."""

    def __init__(self, prefix: str) -> None:
        self._table = quoted(f"{prefix}witnesses")

    def leave(self, connection: sqlite3.Connection, now: int) -> None:
        """Leave the time (ms) of the write that is under way."""
        table = self._table
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table} (at INTEGER PRIMARY KEY)")
        connection.execute(f"DELETE FROM {table} WHERE at > ?", (now + CLOCKS_DIFFER_MS,))  # noqa: S608 - a quoted name
        connection.execute(
            f"INSERT INTO {table} SELECT ? WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE at > ?)",  # noqa: S608
            (now, now - STEP_MS),
        )

    def passed(self, connection: sqlite3.Connection, now: int) -> int | None:
        """Return the time (ms) that is over for sure, `now` at most; None while too few have written."""
        try:
            found = connection.execute(
                f"SELECT at FROM {self._table} ORDER BY at DESC LIMIT 1 OFFSET {STEPS - 1}"  # noqa: S608
            ).fetchone()
        except sqlite3.OperationalError:  # an older version made the file, and nobody has written since
            return None
        return None if found is None else min(now, found[0] + LIFETIME_MS)

    def drop(self, connection: sqlite3.Connection) -> None:
        """Forget all of them, as the items are deleted, too."""
        connection.execute(f"DROP TABLE IF EXISTS {self._table}")
