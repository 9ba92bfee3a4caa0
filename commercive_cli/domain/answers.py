"""What services answer: the seed's response fields (section 2), one shape for the API and for `-o json`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, SerializeAsAny

from commercive_cli.domain.models import AffiliateLink, AffiliateStats, AuditRow, Conversation, Lead, Message, Record
from commercive_cli.domain.money import Money


class Answer(BaseModel):
    """An answer to a request that succeeded."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    success: Literal[True] = True


class Listing(Answer):
    """One page of a list; `next_cursor` is the token for the next page, or None on the last."""

    next_cursor: str | None = None


class Conversations(Listing):
    """Conversations, most recently updated first."""

    conversations: list[Conversation]


class Messages(Listing):
    """Messages of one conversation, oldest first."""

    messages: list[Message]


class Leads(Listing):
    """Leads, newest first."""

    leads: list[Lead]


class Affiliates(Listing):
    """Affiliates with their stats, in no particular order."""

    affiliates: list[AffiliateStats]


class History(Listing):
    """Audit rows of one lead or conversation, oldest first."""

    history: list[AuditRow]


class Thread(Answer):
    """A conversation and its messages, oldest first."""

    conversation: Conversation
    messages: list[Message]


class Sent(Answer):
    """A stored message; a repeated request with the same key gets the first answer again."""

    conversation_id: str
    message_id: str
    created_at: int


class MarkedRead(Answer):
    """How many messages changed from unread to read."""

    conversation_id: str
    marked: int


class ConversationChanged(Answer):
    """A conversation's status after a request to close or reopen it; `changed` is False when it was so already."""

    conversation_id: str
    status: str
    changed: bool


class LeadSubmitted(Answer):
    """The id of a stored lead."""

    lead_id: str


class LeadShown(Answer):
    """One lead and the stats of the affiliate it credits."""

    lead: Lead
    stats: AffiliateStats


class LeadDecided(Answer):
    """A lead after a decision; `changed` is False when it had been decided so already."""

    lead: Lead
    changed: bool


class LinkFound(Answer):
    """An affiliate's link, or None."""

    affiliate_link: AffiliateLink | None


class LinkCreated(Answer):
    """An affiliate's link for a store; `created` is False when it existed."""

    affiliate_url: str
    link_id: str
    affiliate_id: str
    created: bool


class Stats(Answer):
    """One affiliate's counts and commissions."""

    stats: AffiliateStats


class AffiliateShown(Answer):
    """An affiliate: links, stats and the latest leads."""

    affiliate_id: str
    stats: AffiliateStats
    affiliate_links: list[AffiliateLink]
    leads: list[Lead]


class Recomputed(Record):
    """One affiliate's stats before and after counting its leads again; equal when nothing was wrong."""

    affiliate_id: str
    changed: bool
    before: AffiliateStats
    after: AffiliateStats


class Recomputation(Answer):
    """The result of recomputing stats: how many affiliates were checked, and each one that was wrong.

    `damaged` are ids of leads that cannot be read; the stats of their affiliates were left alone.
    """

    checked: int
    changed: list[Recomputed]
    damaged: tuple[str, ...] = ()


class TableState(Record):
    """A table as it is, and how it compares with what is declared.

    `state` is created, unchanged, different, missing or deleted; `differences` says what differs, in words.
    """

    table: str
    state: str
    status: str | None = None
    items: int | None = None
    bytes: int | None = None
    billing: str | None = None
    keys: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    ttl: str | None = None
    point_in_time_recovery: bool | None = None
    deletion_protection: bool | None = None
    encryption: str | None = None
    differences: tuple[str, ...] = ()


class Tables(Answer):
    """The six tables, and what the server could not do for them."""

    tables: list[TableState]
    unsupported: tuple[str, ...] = ()


class Seeded(Answer):
    """How many items a seed run stored; `changed` is False when the same data had been loaded already."""

    changed: bool
    conversations: int
    messages: int
    affiliates: int
    leads: int


class Exported(Answer):
    """A finished export: where it is, and how many items of each table it holds."""

    directory: str
    items: dict[str, int]


class Finding(Record):
    """One broken invariant: which rule, in which table, on which item, what is wrong, and whether it was repaired."""

    invariant: str
    table: str
    id: str
    problem: str
    fixed: bool = False


class Audit(Answer):
    """The result of checking every invariant: items read by table, and each finding."""

    checked: dict[str, int]
    findings: list[Finding]


class Imported(Answer):
    """A finished import: how many items each table got, how many were there already, and what the audit found."""

    stored: dict[str, int]
    skipped: dict[str, int]
    audit: Audit


class ImportForecast(Answer):
    """What an import would meet: new items, such as are there already, and such as are there otherwise.

    `places` are the files and lines of the first hundred that differ.
    """

    new: dict[str, int]
    equal: dict[str, int]
    different: dict[str, int]
    places: list[str]


class Failed(BaseModel):
    """An answer to a request that failed; `code` is one of the error codes of the documentation."""

    success: Literal[False] = False
    error: str
    code: str


class BulkResult(BaseModel):
    """What became of one id of a bulk command: its answer, or its failure."""

    id: str
    result: SerializeAsAny[Answer] | Failed


class Bulk(BaseModel):
    """A bulk command's results in the order of the ids."""

    success: bool
    results: list[BulkResult]


class TableSize(Record):
    """A table's size, reckoned from the items that were `read`, and its cost on DynamoDB in USD.

    `storage_usd` (with indexes) and `recovery_usd` (point-in-time) are per month, `load_usd` is for writing all items
    once, `scan_usd` for reading them once.
    """

    table: str
    items: int
    read: int
    bytes: int
    storage_usd: Money
    recovery_usd: Money
    load_usd: Money
    scan_usd: Money


class HotKey(Record):
    """A conversation with many messages, or an affiliate with many leads: how many `items` of all that were `read`."""

    table: str
    id: str
    items: int
    read: int


class Sized(Answer):
    """Sizes, hot keys and costs from a sample; `monthly_usd` is storage and recovery, `basis` says at which prices."""

    tables: list[TableSize]
    hot: list[HotKey]
    monthly_usd: Money
    basis: str


class PersonExported(Answer):
    """How many items of each table are about a person."""

    items: dict[str, int]


class PersonErased(Answer):
    """An erasure: the pseudonyms that stand for the person's ids now, and how many items of each table were changed.

    `remaining` names items that still show an id or address: as part of an id that cannot change, or because the store
    refuses the item without it;
    `namesakes` counts leads of others with the same name, which stay as they are.
    """

    pseudonyms: list[str]
    items: dict[str, int]
    remaining: list[str] = []
    namesakes: int = 0
