"""Ids as they are stored: a UUID means the same in capitals, and what stands there exactly as it was typed comes first.

A new item gets a UUID in lower case, so whoever types it in another case later finds that item and makes no second one.
Only a UUID with capitals costs anything: the look whether something is stored under it.
"""

from dataclasses import dataclass

from commercive_cli.domain.errors import NotFound
from commercive_cli.domain.ids import usual_id
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import identifier
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, Table

_Place = tuple[Table, str | None]
"""A table, or one of its indexes, in which an id is the partition key."""

_CREDITED: tuple[_Place, ...] = ((AFFILIATE_STATS, None), (AFFILIATE_LINKS, None), (LEADS, "AffiliateLeadsIndex"))
"""Where an affiliate is found."""


@dataclass(frozen=True)
class StoredIds:
    """Finds the stored spelling of what was typed; raises Invalid, which names `field`, when that is no id."""

    store: Store

    def conversation(self, typed: object, field: str = "conversation_id") -> str:
        """Return the id of a conversation, also of one of which only messages are left."""
        return self._stored(typed, field, (CONVERSATIONS, None), (MESSAGES, None))

    def message(self, conversation_id: str, typed: object, field: str) -> str:
        """Return the id of a message of a conversation."""
        exact = identifier(typed, field)
        newest = Query(MESSAGES, conversation_id, until=exact, descending=True, limit=1)
        if exact == usual_id(exact) or [exact] == [item["message_id"] for item in self.store.query(newest).items]:
            return exact
        return usual_id(exact)

    def lead(self, typed: object) -> str:
        """Return the id of a lead."""
        return self._stored(typed, "lead_id", (LEADS, None))

    def user(self, typed: object) -> str:
        """Return the id of a user who has conversations."""
        return self._stored(typed, "user_id", (CONVERSATIONS, "UserConversationsIndex"))

    def affiliate(self, typed: object) -> str:
        """Return the id of an affiliate who has stats or links."""
        return self._stored(typed, "affiliate_id", (AFFILIATE_STATS, None), (AFFILIATE_LINKS, None))

    def credited(self, typed: object, field: str = "affiliate_id") -> str:
        """Return the id of an affiliate who has stats, links or leads."""
        return self._stored(typed, field, *_CREDITED)

    def known_affiliate(self, typed: object) -> str:
        """Return the id of an affiliate who has stats, links or leads; raise NotFound when nobody has that id."""
        found = self.credited(typed)
        if not any(self._holds(found, *place) for place in _CREDITED):
            raise NotFound(f"there is no affiliate {shortened(found)}")
        return found

    def _stored(self, typed: object, field: str, *places: _Place) -> str:
        exact = identifier(typed, field)
        usual = usual_id(exact)
        return exact if exact == usual or any(self._holds(exact, *place) for place in places) else usual

    def _holds(self, partition: str, table: Table, index: str | None) -> bool:
        if table.sort is None:
            return self.store.get(table, {table.partition.name: partition}) is not None
        return bool(self.store.query(Query(table, partition, index, limit=1)).items)
