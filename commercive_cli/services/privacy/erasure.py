"""The writes that remove a person's data from items, while counters, sums of money and claims stay correct.

Every write is conditional on what was read. An item that gets another key moves in one transaction with the counters
and claims that refer to it, so every invariant holds after each transaction, even when a run is killed. Attributes may
have any type, since other programs wrote some items: what is not a number counts as 0, what is not text as empty.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from commercive_cli.domain.clock import Clock
from commercive_cli.domain.models import AffiliateStats
from commercive_cli.domain.money import counted_commission
from commercive_cli.domain.text import preview
from commercive_cli.services.chat.messages import is_native
from commercive_cli.services.privacy.identifiers import MARKER
from commercive_cli.services.privacy.identity import text_in
from commercive_cli.services.privacy.rules import Rules, is_request, parted_key
from commercive_cli.services.records.change_times import behind, times_of
from commercive_cli.services.records.link_claims import code_claim_key, primary_claim_key
from commercive_cli.store.items import Item, Key
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, Table
from commercive_cli.store.writes import (
    Absent,
    Check,
    Condition,
    Delete,
    Put,
    Update,
    Write,
    unchanged,
    wholly_unchanged,
)

_COUNTS = ("total_leads", "approved_leads", "pending_leads", "rejected_leads", "total_commission")
Counts = dict[str, int | Decimal]

_COUNTED_BY = ("status", "commission_amount")
"""What of a lead its affiliate's stats depend on."""


@dataclass(frozen=True)
class Eraser:
    """Makes the writes that erase a person, as the rules say what is left of each item."""

    store: Store
    clock: Clock
    rules: Rules

    def writes(self, table: Table, items: Sequence[Item]) -> list[Write]:
        """Return the writes for some items of a table; none when no item holds the person's data."""
        if table is LEADS:
            return self._lead_writes(items)
        return [write for item in items for write in self._item_writes(table, item)]

    def _item_writes(self, table: Table, item: Item) -> Iterator[Write]:
        if table is CONVERSATIONS:
            return self._conversation_writes(item)
        if table is AFFILIATE_LINKS:
            return self._link_writes(item)
        if table is AFFILIATE_STATS:
            return self._stats_writes(item)
        return self._ops_writes(item) if table is OPS else self._update(table, item, self.rules.erased(table, item))

    def _update(self, table: Table, item: Item, left: Item, *also: str, **more: int) -> Iterator[Update]:
        """Yield the update to what is left of an item, if it differs, as long as those words and `also` are as read.

        With it go `more` attributes. What is dropped is dropped whatever it is by then.
        """
        changed = {name: value for name, value in left.items() if value != item.get(name)}
        dropped = tuple(name for name in item if name not in left)
        if changed or dropped:
            as_read = unchanged(item, *changed, *also, *more)
            yield Update(table, table.key_of(item), set={**changed, **more}, remove=dropped, when=as_read)

    def _conversation_writes(self, item: Item) -> Iterator[Write]:
        left = self.rules.erased(CONVERSATIONS, item)
        if left.get("last_message") != item.get("last_message"):
            left["last_message"] = self._preview(item, left["last_message"])
        return self._update(CONVERSATIONS, item, left, "last_message_id")

    def _preview(self, conversation: Item, otherwise: str) -> str:
        """Return the preview of what is left of a conversation's last message: it need not be the person's."""
        last = self._last_message(conversation)
        if last is None:
            return otherwise
        return preview(text_in(self.rules.erased(MESSAGES, last), "message_text"))

    def _last_message(self, conversation: Item) -> Item | None:
        one = conversation["conversation_id"]
        last = text_in(conversation, "last_message_id")
        found = self.store.get(MESSAGES, {"conversation_id": one, "message_id": last}) if last else None
        if found is not None:
            return found
        index = None if is_native(one) else "MessageTimestampIndex"
        return next(query_items(self.store, Query(MESSAGES, one, index, descending=True, limit=1)), None)

    def _lead_writes(self, items: Sequence[Item]) -> list[Write]:
        """Return the updates of leads, and move those whose affiliate changes from one item of stats to the other."""
        writes: list[Write] = []
        counts: dict[str, Counts] = defaultdict(lambda: dict.fromkeys(_COUNTS, 0))
        for item in items:
            # Every change of a lead increases `updated_at`; a concurrent decision detects the change by it.
            told = partial(times_of, self.store, "lead", item["lead_id"], item)
            at = behind(int(_number(item, "updated_at")), self.clock(), told)
            updates = list(self._update(LEADS, item, self.rules.erased(LEADS, item), *_COUNTED_BY, updated_at=at))
            writes += updates
            pseudonym = self._pseudonym(item)
            if updates and pseudonym is not None:
                _count_lead(counts[item["affiliate_id"]], item, -1)
                _count_lead(counts[pseudonym], item, 1)
        return writes + [self._stats_update(each, counted) for each, counted in counts.items()]

    def _pseudonym(self, item: Item) -> str | None:
        """Return the pseudonym of the affiliate of an item who is erased, None for anybody else."""
        owner, identifiers = item.get("affiliate_id"), self.rules.identifiers
        return identifiers.pseudonym(owner) if isinstance(owner, str) and identifiers.identity.has_id(owner) else None

    def _stats_writes(self, item: Item) -> Iterator[Write]:
        """Move what the stats still count to the pseudonym: only zeros, unless the stats were wrong before."""
        pseudonym = self._pseudonym(item)
        if pseudonym is not None:
            yield _deletion_as_read(AFFILIATE_STATS, item)
            yield self._stats_update(pseudonym, {name: _number(item, name) for name in _COUNTS})

    def _stats_update(self, affiliate_id: str, counts: Counts) -> Update:
        changes = {name: count for name, count in counts.items() if count} | {"version": 1}
        zeros = AffiliateStats(affiliate_id=affiliate_id).item()
        default = {name: zeros[name] for name in _COUNTS if name not in changes}
        key = {"affiliate_id": affiliate_id}
        return Update(AFFILIATE_STATS, key, set={"last_updated": self.clock()}, default=default, add=changes)

    def _link_writes(self, item: Item) -> Iterator[Write]:
        """Move a link of the person with its claims; in links of others, change nothing but words."""
        pseudonym, left = self._pseudonym(item), self.rules.erased(AFFILIATE_LINKS, item)
        if pseudonym is None:
            yield from self._update(AFFILIATE_LINKS, item, left)
            return
        new = {**left, "affiliate_id": pseudonym}
        yield _deletion_as_read(AFFILIATE_LINKS, item)
        yield Put(AFFILIATE_LINKS, new, when=Absent())
        code = code_claim_key(item["link_id"])
        yield from self._claim_writes(item, code, code, pseudonym)
        before, after = (primary_claim_key(each["affiliate_id"], text_in(each, "store_url")) for each in (item, new))
        yield from self._claim_writes(item, before, after, pseudonym)

    def _claim_writes(self, link: Item, before: Key, after: Key, pseudonym: str) -> Iterator[Write]:
        """Yield the writes that move a link's claim to the pseudonym; a check alone if it is none of this link's."""
        claim = self.store.get(OPS, before)
        if claim is None:
            yield Check(OPS, before, Absent())
            return
        same_link = _same_link(claim)
        if (claim.get("affiliate_id"), claim.get("link_id")) != (link["affiliate_id"], link["link_id"]):
            yield Check(OPS, before, same_link)
        elif before == after:
            yield Update(OPS, before, set={"affiliate_id": pseudonym}, when=same_link)
        else:
            yield Delete(OPS, before, when=same_link)
            yield Put(OPS, {**claim, **after, "affiliate_id": pseudonym}, when=Absent())

    def _ops_writes(self, item: Item) -> Iterator[Write]:
        kind = str(item["pk"]).partition("#")[0]
        if is_request(OPS, item):
            yield from self._request_writes(item)
        elif kind in ("link", "primary") and self._pseudonym(item) is not None and text_in(item, "link_id"):
            yield from self._dangling_claim_deletion(item)
        else:
            yield from self._moved(item, self.rules.moved(item))

    def _moved(self, item: Item, new: Item) -> Iterator[Write]:
        """Yield the writes that leave `new` of an item of `ops`, under its new key if that is another."""
        if OPS.key_of(new) == OPS.key_of(item):
            yield from self._update(OPS, item, new)
        else:
            yield _deletion_as_read(OPS, item)
            yield Put(OPS, new, when=Absent())

    def _request_writes(self, item: Item) -> Iterator[Write]:
        """Delete the claim of a request of the person; keep those of others, without the data.

        A decision about a lead is kept, so that sending it again does not undo a later one. Guesses of name, address
        and number could be checked by the hash of a request about the person; without it, a repetition is refused.
        """
        if self.rules.identifiers.identity.has_id(parted_key(item)[1]):
            yield Delete(OPS, OPS.key_of(item))  # whatever lies there by then is theirs, too
            return
        answer, new = item.get("answer"), self.rules.erased(OPS, item)
        if "fingerprint" in item and (self.rules.is_about(answer) or self.rules.identifiers.mentioned_in(answer)):
            new["fingerprint"] = MARKER
        yield from self._update(OPS, item, new, "created_at")

    def _dangling_claim_deletion(self, claim: Item) -> Iterator[Write]:
        """Delete a claim whose link does not exist; the claims of existing links move with them."""
        link = AFFILIATE_LINKS.key_of(claim)
        if self.store.get(AFFILIATE_LINKS, link) is None:
            yield Delete(OPS, OPS.key_of(claim), when=_same_link(claim))


def _deletion_as_read(table: Table, item: Item) -> Delete:
    """Return the deletion of an item that was copied to another key, on condition that it is as read."""
    return Delete(table, table.key_of(item), when=wholly_unchanged(table, item))


def _same_link(claim: Item) -> Condition:
    return unchanged(claim, "affiliate_id", "link_id")


def _number(item: Item, name: str) -> int | Decimal:
    value = item.get(name)
    return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else 0


def _count_lead(counts: Counts, lead: Item, sign: int) -> None:
    counts["total_leads"] += sign
    counts["total_commission"] += sign * counted_commission(lead.get("status"), lead.get("commission_amount"))
    status = f"{lead.get('status')}_leads"
    if status in counts:
        counts[status] += sign
