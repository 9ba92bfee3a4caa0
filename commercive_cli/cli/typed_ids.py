"""The id that a user means: whole in any case, or its first or last characters, as far as one record has them."""

import re
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Literal

from commercive_cli.cli.confirm import ask
from commercive_cli.cli.render.short_ids import SHORTEST
from commercive_cli.domain.errors import Invalid, NotFound
from commercive_cli.domain.quoting import quoted

if TYPE_CHECKING:
    from commercive_cli.cli.known_ids import Known

Kind = Literal["conversation", "lead", "affiliate"]

SHORTEST_TYPED = 6
"""Characters of an id that are enough, where one record alone has them."""
LOOKED_AT = 2_000
"""Newest records among which a short id is looked for that was not shown here."""
CANDIDATES = 5

_AROUND = " \t#,;"
"""What stands around an id in an e-mail or a list, and is not part of it."""
_SHORT = re.compile(rf"[0-9a-f-]{{{SHORTEST_TYPED},35}}", re.ASCII)


@dataclass
class TypedIds:
    """Finds the ids of one kind of record that a user typed.

    `known` returns the ids that were shown here; `exists` says whether a record has exactly that id; `newest` yields
    the ids of the newest records with a few words about each. For a command that writes, `asks` is what it would do: an
    id that was not shown here needs eight characters and a yes, for which it asks if the id is `alone` on the line.
    """

    kind: Kind
    known: Callable[[], "Mapping[str, Known]"]
    exists: Callable[[str], bool]
    newest: Callable[[], Iterable[tuple[str, str]]]
    asks: str | None = None
    alone: bool = True
    _looked: dict[str, str] | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def whole(self, typed: str) -> str:
        """Return the whole id. Texts that are no part of a UUID are returned as they are.

        Raises NotFound when no record has it, and Invalid when several have it or the user does not agree.
        """
        text = typed.strip(_AROUND)
        if not text or (text != typed and self.exists(typed)):
            return typed
        short = text.lower()
        if not _SHORT.fullmatch(short) or self.exists(text):
            return text
        known = self.known()
        shown = {each: what.label for each, what in known.items() if what.kind == self.kind}
        if found := _with_part(short, shown):
            return self._only(typed, found)
        found = _with_part(short, self._newest())
        if not found:
            raise self._unknown(typed, short)
        one = self._only(typed, found)
        if self.asks is not None:
            self._agree(typed, short, one, found[one])
        return one

    def _newest(self) -> dict[str, str]:
        with self._lock:  # many ids are looked for at once, among the same records
            if self._looked is None:
                self._looked = dict(islice(self.newest(), LOOKED_AT))
            return self._looked

    def _only(self, typed: str, found: Mapping[str, str]) -> str:
        if len(found) == 1:
            return next(iter(found))
        length = _telling(found)
        lines = "; ".join(f"{each[-length:]} {label}".strip() for each, label in islice(found.items(), CANDIDATES))
        more = f"; and {len(found) - CANDIDATES} more" if len(found) > CANDIDATES else ""
        raise Invalid(f"{quoted(typed)} is {len(found)} {self.kind}s: {lines}{more}")

    def _unknown(self, typed: str, short: str) -> NotFound:
        known = self.known()
        others = {each: what.kind for each, what in known.items() if what.kind != self.kind}
        other = next((others[each] for each in _with_part(short, dict.fromkeys(others, ""))), None)
        nothing = f"there is no {self.kind} {quoted(typed)}"
        if other:
            return NotFound(f"{nothing}; it is {'an' if other[0] == 'a' else 'a'} {other}")
        return NotFound(f"{nothing} among those shown here and the newest {LOOKED_AT:,}; give the whole id")

    def _agree(self, typed: str, short: str, found: str, label: str) -> None:
        which = f"{self.kind} {found} ({label})" if label else f"{self.kind} {found}"
        if len(short) < SHORTEST or not self.alone or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise Invalid(f"{quoted(typed)} was not shown here and may be {which}; give the whole id to {self.asks} it")
        answer = ask(f"{quoted(typed)} is {which}. Go on to {self.asks} it? [y/N] ", "give the whole id")
        if answer.strip().lower() not in ("y", "yes"):
            raise Invalid("cancelled; nothing was written")


def _with_part(short: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Return the ids that begin or end with the text, and what is said of them."""
    return {
        each: label for each, label in ids.items() if each.lower().startswith(short) or each.lower().endswith(short)
    }


def _telling(ids: Iterable[str]) -> int:
    """Return how many last characters tell the ids from each other, at least eight."""
    whole = list(ids)
    length = SHORTEST
    while length < max(map(len, whole)) and len({each[-length:] for each in whole}) < len(whole):
        length += 1
    return length
