"""Since when a conversation is closed, as far as that can be proven."""

from commercive_cli.domain.attributes import UNREADABLE
from commercive_cli.domain.clock import CLOCKS_DIFFER_MS
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.ids import created_at_of
from commercive_cli.domain.quoting import shortened
from commercive_cli.store.items import Item

SHORTEST, LONGEST = 86_400_000, 36_500 * 86_400_000
"""For how long a conversation must be closed at least before it can be archived, and the longest that can be asked."""

_TIMES = ("created_at", "updated_at", "last_message_at", "closed_at")


def check_age(older_than: int) -> int:
    """Return the time (ms) for which conversations must be closed; raise Invalid unless it is 1 to 36,500 days."""
    if not SHORTEST <= older_than <= LONGEST:
        raise Invalid("--older-than takes 1d to 36500d: conversations are kept for a day at least", field="older_than")
    return older_than


class LeftAlone(Exception):
    """A conversation that may be due and stays where it is; the text says why."""


def closed_since(item: Item, now: int) -> int | None:
    """Return since when (ms) a conversation is closed and nothing has changed in it; None when it is not closed.

    That is the latest of its times: its close, or where others closed it and kept no time of that, its last change.
    Raises LeftAlone when a time is missing, is none, or is still to come at `now` (ms).
    """
    if UNREADABLE in item:
        raise LeftAlone("it cannot be read; see `tables audit`")
    if item.get("status") != "closed":
        return None
    times = {name: item[name] for name in _TIMES if item.get(name) is not None}
    for name, at in times.items():
        if type(at) is not int:
            raise LeftAlone(f"{name} is {shortened(repr(at))}, which is no time; set it with `tables mend`")
        if at > now + CLOCKS_DIFFER_MS:
            raise LeftAlone(f"{name} is {at}, which is still to come; set it with `tables mend`")
    if "updated_at" not in times:
        raise LeftAlone("it has no updated_at; set it with `tables mend`")
    if "closed_at" not in times and created_at_of(item["conversation_id"]) is not None:
        raise LeftAlone("it does not say since when it is closed; `tables audit --fix` looks for that")
    return last_change(item)


def last_change(item: Item) -> int:
    """Return the latest time (ms) that a conversation tells of itself."""
    return max(int(item[name]) for name in _TIMES if type(item.get(name)) is int)
