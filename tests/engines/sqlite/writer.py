"""A process that writes to a store until it is killed: `python -m tests.engines.sqlite.writer PATH NAME`.

Each transaction puts a pair of messages and counts it. Then a line on stdout acknowledges it.
"""

import os
import sys
from itertools import count
from pathlib import Path

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import AFFILIATE_STATS, MESSAGES
from commercive_cli.store.writes import Put, Update


def write_for_ever(path: Path, name: str) -> None:
    store = SQLiteStore(path, deadline=60)
    for number in count():
        pair = f"{name}-{number}"
        store.transact(
            Put(MESSAGES, {"conversation_id": "left", "message_id": pair, "text": "x" * 3_000}),
            Update(AFFILIATE_STATS, {"affiliate_id": "all"}, add={"pairs": 1}),
            Put(MESSAGES, {"conversation_id": "right", "message_id": pair, "text": "y" * 3_000, "created_at": number}),
        )
        os.write(sys.stdout.fileno(), f"{pair}\n".encode())


if __name__ == "__main__":
    write_for_ever(Path(sys.argv[1]), sys.argv[2])
