"""What two runs leave behind, made comparable: ids, times and codes that each run draws anew count as the same."""

import re
from collections.abc import Iterator
from pathlib import Path

from commercive_cli.store.items import item_text
from commercive_cli.store.schema import TABLES
from tests.proof.memory import MemoryStore

_DRAWN = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # ids
    r"|\b[0-9a-f]{16,}\b"  # fingerprints and salts
    r"|\berased-[0-9a-f]{12}\b"
    r"|\d{4}-\d\d-\d\dT[\d:.]+Z"
    r"|(?<![\d.])\d{10,}(?![\d.])"  # times, in seconds or milliseconds
    r"|\b[0-9A-HJKMNP-TV-Z]{8}\b"  # codes of links
)


class Likeness:
    """Compares texts with the values left out that were drawn after a beginning. What was there then stays as it is."""

    def __init__(self, beginning: str) -> None:
        self._known = set(_DRAWN.findall(beginning))

    def of(self, text: str) -> str:
        """Return a text without what was drawn."""
        return _DRAWN.sub(lambda found: found[0] if found[0] in self._known else "*", text)

    def of_lines(self, lines: Iterator[str]) -> list[str]:
        """Return lines without what was drawn, in no order that depends on it."""
        return sorted(map(self.of, lines))


def items_of(store: MemoryStore) -> Iterator[str]:
    """Yield a line for each table, and for each item in it."""
    for table in TABLES:
        info = store.describe_table(table)
        if info is not None:
            yield f"{table.name}: {sorted(info.indexes)} {info.ttl}"
            yield from (f"{table.name} {item_text(item)}" for item in store.raw(table))


def files_of(directory: Path) -> Iterator[str]:
    """Yield a line for each line of each file."""
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            name = path.relative_to(directory)
            yield from (f"{name}: {line}" for line in path.read_text(errors="replace").splitlines() or [""])
