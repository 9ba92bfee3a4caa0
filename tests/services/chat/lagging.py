"""A store whose index lags behind its tables, by another time for each change, and whose clock tells seconds."""

from collections import defaultdict
from dataclasses import dataclass
from operator import itemgetter

from commercive_cli.domain.errors import Unavailable
from commercive_cli.store.items import Item
from commercive_cli.store.port import Page, Query, Store, StoreClock
from commercive_cli.store.schema import CONVERSATIONS
from commercive_cli.store.writes import Write
from tests.services.fakes import START, Intervening

SECOND = 1_000


@dataclass(frozen=True)
class Copy:
    """A conversation as it was written, and the time (ms) from which the index shows it or a later one."""

    shown_from: int
    item: Item


class Lagging(Intervening):
    """Answers queries of the index of statuses as of some time before `now` (ms), which tests move.

    What is written next is shown there after `lag` ms; a newer copy that is shown earlier takes its place. Once, the
    query times out after which `queries_left` would be none.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.now = START
        self.lag = 0
        self.queries_left: int | None = None
        self._copies: defaultdict[str, list[Copy]] = defaultdict(list)

    def clock(self) -> StoreClock:
        super().clock()
        return StoreClock(self.now // SECOND * SECOND)

    def transact(self, *writes: Write) -> None:
        super().transact(*writes)
        for write in writes:
            item = self._store.get(CONVERSATIONS, write.key) if write.table is CONVERSATIONS else None
            if item is not None:
                self._copies[item["conversation_id"]].append(Copy(self.now + self.lag, item))

    def query(self, query: Query) -> Page:
        if self.queries_left is not None:
            self.queries_left -= 1
            if self.queries_left < 0:
                self.queries_left = None
                raise Unavailable("timed out")
        if query.index is None:
            return super().query(query)
        assert isinstance(query.since, int)
        since = query.since
        found = [item for item in map(self._shown, self._copies) if item is not None]
        return Page(
            sorted(
                (item for item in found if item["status"] == query.partition and item["updated_at"] > since),
                key=itemgetter("updated_at"),
            )
        )

    def _shown(self, name: str) -> Item | None:
        shown = [copy.item for copy in self._copies[name] if copy.shown_from <= self.now]
        return shown[-1] if shown else None
