"""What an access log tells of records: their kinds and ids, and nothing of what is in them."""

import re
from functools import cache, lru_cache
from typing import Any

from pydantic import BaseModel

from commercive_cli.domain.models import AffiliateLink, AffiliateStats, Conversation, Lead, Message, Note

MOST_IDS = 500
"""The most ids in one line, as many as a page of a list has; `count` tells how many there were."""

UNNAMED = "?"
"""What stands for an id that could be something else: a text, a name, an address."""

_ID = re.compile(r"[A-Za-z0-9_.:/#~-]{1,128}", re.ASCII)
_IDS = {"conversation": "conversation_id", "lead": "lead_id", "affiliate": "affiliate_id"}
"""The attribute of parameters and answers that holds the id of a record of each kind."""

_KINDS: dict[type[BaseModel], str] = {
    Conversation: "conversation",
    Message: "conversation",
    Note: "conversation",
    Lead: "lead",
    AffiliateLink: "affiliate",
    AffiliateStats: "affiliate",
}


class Records:
    """The records that a request is about, by kind, each once and in order."""

    def __init__(self) -> None:
        self._ids: dict[str, dict[str, None]] = {}

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._ids)

    def add(self, kind: str, record_id: str) -> None:
        """Add one record."""
        self._ids.setdefault(kind, {})[loggable(record_id)] = None

    def add_from(self, value: object) -> "Records":
        """Add the records that parameters or an answer name or show, and return all of them."""
        if isinstance(value, BaseModel):
            self._add_from_model(value)
        elif isinstance(value, list | tuple):
            for each in value:
                self.add_from(each)
        return self

    def _add_from_model(self, model: BaseModel) -> None:
        own, fields = _kind_of(type(model)), vars(model)
        if own is not None:
            self._add_named(own, fields.get(_IDS[own]))
            return
        for kind, name in _IDS.items():
            self._add_named(kind, fields.get(name))
        self._add_named(fields.get("table", ""), fields.get("id"))
        self.add_from(list(fields.values()))

    def _add_named(self, kind: str, record_id: object) -> None:
        if kind and isinstance(record_id, str) and record_id:
            self.add(kind, record_id.partition(" ")[0] if kind not in _IDS else record_id)

    def document(self) -> dict[str, Any]:
        """Return the part of a log record that tells them: `records` by kind, at most 500, and their `count`."""
        told: dict[str, list[str]] = {}
        left = MOST_IDS
        for kind, ids in self._ids.items():
            told[kind] = list(ids)[:left]
            left -= len(told[kind])
        return {"records": told, "count": sum(map(len, self._ids.values()))}


@cache
def _kind_of(model: type[BaseModel]) -> str | None:
    """Return the kind of record that a model is, None for one that names or shows others."""
    return next((_KINDS[base] for base in model.__mro__ if base in _KINDS), None)


@lru_cache(MOST_IDS)
def loggable(record_id: str) -> str:
    """Return an id as it may stand in a log; what does not look like one could be anything that was typed."""
    return record_id if _ID.fullmatch(record_id) else UNNAMED
