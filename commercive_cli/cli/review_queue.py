"""The order in which a review shows the pending leads, and its place among them."""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

COUNTED = 500
"""Leads that are read before the first is shown, to say how many there are."""


class ReviewQueue:
    """Leads by id; `skipped` ones of earlier reviews come last. More than `COUNTED` are read as they are needed.

    `place` is that of the present lead, -1 before the first.
    """

    def __init__(self, ids: Iterable[str], skipped: Collection[str] = ()) -> None:
        self._unread = _skipped_last(ids, frozenset(skipped))
        self._ids = list(islice(self._unread, COUNTED + 1))
        self.place = -1

    @property
    def number(self) -> int:
        """Return the place of the present lead, counted from 1."""
        return self.place + 1

    @property
    def present(self) -> str:
        """Return the lead that was gone to last."""
        return self._ids[self.place]

    @property
    def total(self) -> str:
        """Return how many leads there are, as far as that is known."""
        return f"{len(self._ids):,}" if len(self._ids) <= COUNTED else f"over {COUNTED:,}"

    def forward(self) -> str | None:
        """Go to the next lead and return it; None behind the last one."""
        self.place = min(self.place + 1, len(self._ids))
        if self.place == len(self._ids):
            self._ids += islice(self._unread, 1)
        return self._ids[self.place] if self.place < len(self._ids) else None

    def back(self) -> str | None:
        """Go to the lead before and return it; None when there is none."""
        self.place = max(self.place - 1, -1)
        return self._ids[self.place] if self.place >= 0 else None

    def go_to(self, lead_id: str) -> None:
        """Go to a lead that was returned before."""
        self.place = self._ids.index(lead_id)


def _skipped_last(ids: Iterable[str], skipped: Collection[str]) -> Iterator[str]:
    later = []
    for each in ids:
        if each in skipped:
            later.append(each)
        else:
            yield each
    yield from later
