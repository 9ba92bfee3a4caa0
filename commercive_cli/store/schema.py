"""The declaration of the six tables: keys, indexes and protections (seed document, sections 1 and 5).

`tables create`, `diff`, `apply` and `template` all read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from commercive_cli.domain import models


@dataclass(frozen=True)
class Attribute:
    """A key attribute: its name and whether it holds a string (S) or an integer number (N)."""

    name: str
    type: Literal["S", "N"]


@dataclass(frozen=True)
class Index:
    """A global secondary index; items without its key attributes are not in it.

    `projection` is what it holds of an item: ALL, so that no listing needs a second read, or KEYS_ONLY, the key
    attributes of index and table, where an index shall cost little and few items are read through it.
    """

    name: str
    partition: Attribute
    sort: Attribute
    projection: Literal["ALL", "KEYS_ONLY"] = "ALL"

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        """Return the names and types of its key attributes, partition first."""
        return tuple((each.name, each.type) for each in (self.partition, self.sort))


@dataclass(frozen=True)
class Protections:
    """How DynamoDB bills, protects and tags a table; none of this applies to a SQLite file.

    Tables are encrypted with the key that AWS owns, DynamoDB's default: it costs nothing, adds no calls that KMS could
    throttle, and no key policy can lock anybody out of the data. An operator who must be able to revoke the key
    declares `KMS` here, the account's key `aws/dynamodb` (DynamoDB Developer Guide, "Encryption at rest").
    A live table may have more tags than these.
    """

    billing: Literal["PAY_PER_REQUEST"] = "PAY_PER_REQUEST"
    point_in_time_recovery: bool = True
    deletion_protection: bool = True
    encryption: Literal["AWS owned key", "KMS"] = "AWS owned key"
    tags: tuple[tuple[str, str], ...] = (("application", "commercive"),)


@dataclass(frozen=True)
class Table:
    """A table with its key, its indexes and its time to live.

    `ttl` is the attribute that holds the time, in seconds since the epoch, after which an item may be deleted. Only
    what nothing counts or refers to may go like that: messages are archived instead, as counters would outlive them.
    `record` is the model of its items, None where that depends on the item.
    """

    name: str
    partition: Attribute
    sort: Attribute | None = None
    indexes: tuple[Index, ...] = ()
    ttl: str | None = None
    protections: Protections = Protections()
    record: type[models.Record] | None = None

    @cached_property
    def key_names(self) -> tuple[str, ...]:
        """Return the names of the table's key attributes, partition first."""
        return tuple(attribute.name for attribute in self.key_attributes())

    @cached_property
    def index_keys(self) -> tuple[tuple[Attribute, Attribute], ...]:
        """Return the partition and sort key of every index, each pair once."""
        return tuple(dict.fromkeys((index.partition, index.sort) for index in self.indexes))

    def record_of(self, item: Mapping[str, Any]) -> type[models.Record] | None:
        """Return the model of an item of this table, None for an item for which none is declared."""
        return self.record or models.OPS_RECORDS.get(str(item[self.partition.name]).partition("#")[0])

    def key_of(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Return the key of an item of this table."""
        return {name: item[name] for name in self.key_names}

    def index(self, name: str) -> Index:
        """Return the index of that name; KeyError when there is none."""
        return {index.name: index for index in self.indexes}[name]

    def key_attributes(self, index: str | None = None) -> tuple[Attribute, ...]:
        """Return the attributes by which items are sorted: the index's key, then the rest of the table's key."""
        own = tuple(a for a in (self.partition, self.sort) if a is not None)
        if index is None:
            return own
        found = self.index(index)
        first = (found.partition, found.sort)
        return first + tuple(a for a in own if a not in first)


def _s(name: str) -> Attribute:
    return Attribute(name, "S")


def _n(name: str) -> Attribute:
    return Attribute(name, "N")


CONVERSATIONS = Table(
    "conversations",
    _s("conversation_id"),
    _n("created_at"),
    (
        Index("UserConversationsIndex", _s("user_id"), _n("updated_at")),
        Index("ConversationStatusIndex", _s("status"), _n("updated_at")),
        Index("ConversationWaitingIndex", _s("waiting_for"), _n("waiting_since"), "KEYS_ONLY"),
    ),
    record=models.Conversation,
)
MESSAGES = Table(
    "messages",
    _s("conversation_id"),
    _s("message_id"),
    (Index("MessageTimestampIndex", _s("conversation_id"), _n("created_at")),),
    record=models.Message,
)
LEADS = Table(
    "leads",
    _s("lead_id"),
    _n("created_at"),
    (
        Index("AffiliateLeadsIndex", _s("affiliate_id"), _n("created_at")),
        Index("LeadStatusIndex", _s("status"), _n("created_at")),
        Index("LinkLeadsIndex", _s("link_id"), _n("created_at")),
    ),
    record=models.Lead,
)
AFFILIATE_LINKS = Table(
    "affiliate_links",
    _s("affiliate_id"),
    _s("link_id"),
    (Index("LinkIdIndex", _s("link_id"), _s("affiliate_id")),),
    record=models.AffiliateLink,
)
AFFILIATE_STATS = Table("affiliate_stats", _s("affiliate_id"), record=models.AffiliateStats)
OPS = Table("ops", _s("pk"), _s("sk"), ttl="expires_at")

TABLES = (CONVERSATIONS, MESSAGES, LEADS, AFFILIATE_LINKS, AFFILIATE_STATS, OPS)
DEFAULT_PREFIX = "commercive_"
"""What the names of tables in a SQLite file start with, unless the store URL says otherwise."""

DYNAMODB_PREFIX = "commercive_v2_"
"""The same on DynamoDB, where the backend before this one has tables behind the other prefix, with other keys."""
