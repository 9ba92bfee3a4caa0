"""Short ids for people: the last eight characters of a UUID, or as many as tell it from the others."""

import re
from collections.abc import Iterable

SHORTEST = 8
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


class ShortIds:
    """Shortens the ids that it was told of. With `whole`, every id is shown whole."""

    def __init__(self, *, whole: bool = False) -> None:
        self._whole = whole
        self._tails: dict[str, set[str]] = {}

    def know(self, ids: Iterable[str]) -> None:
        """Take ids into account that are shown or known, so that a short id means one of them."""
        for each in ids:
            if _UUID.fullmatch(each):
                self._tails.setdefault(each[-SHORTEST:].lower(), set()).add(each)

    def short(self, identifier: str) -> str:
        """Return the id as it is shown; ids that are no UUIDs are shown whole."""
        if self._whole or not _UUID.fullmatch(identifier):
            return identifier
        others = self._tails.get(identifier[-SHORTEST:].lower(), set()) - {identifier}
        length = SHORTEST
        while any(other[-length:].lower() == identifier[-length:].lower() for other in others):
            length += 1
        return identifier[-length:].lstrip("-")
