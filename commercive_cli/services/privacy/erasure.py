"""The writes that remove a person's data from items, while counters, sums of money and claims stay correct.

Every write is conditional on what was read. An item that gets another key moves in one transaction with the counters
and claims that refer to it, so every invariant holds after each transaction, even when a run is killed. Attributes may
have any type, since other programs wrote some items: what is not a number counts as 0, what is not text as empty.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from commercive_cli.domain.clock import Clock
from commercive_cli.domain.models import AffiliateStats
from commercive_cli.domain.money import counted_commission
from commercive_cli.services.privacy.erasure_journal import is_journal_entry
from commercive_cli.services.privacy.identity import text_in
from commercive_cli.services.privacy.pii_matching import MARKER, PIIMatcher
from commercive_cli.services.records.link_claims import code_claim_key, primary_claim_key
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, LEADS, OPS, Table
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


@dataclass(frozen=True)
class Eraser:
    """Makes the writes that erase a person. `leads` are the ids of the person's own leads; the caller adds them."""

    store: Store
    clock: Clock
    matcher: PIIMatcher
    leads: set[str]

    def writes(self, table: Table, items: Sequence[Item]) -> list[Write]:
        """Return the writes for some items of a table; none when no item holds the person's data."""
        if table is LEADS:
            return self._lead_writes(items)
        return [write for item in items for write in self._item_writes(table, item)]

    def _item_writes(self, table: Table, item: Item) -> Iterator[Write]:
        if table is AFFILIATE_LINKS:
            return self._link_writes(item)
        if table is AFFILIATE_STATS:
            return self._stats_writes(item)
        return self._ops_writes(item) if table is OPS else self._attribute_update(table, item)

    def _attribute_update(self, table: Table, item: Item, **more: int) -> Iterator[Update]:
        """Yield the update of the attributes that hold personal data, if any, on condition that they are as read."""
        new = self.matcher.redact(table, item)
        changes = {name: value for name, value in new.items() if value != item[name]}
        if changes:
            as_read = unchanged(item, *changes, *more)
            yield Update(table, table.key_of(item), set={**changes, **more}, when=as_read)

    def _lead_writes(self, items: Sequence[Item]) -> list[Write]:
        """Return the updates of leads, and move those whose affiliate changes from one item of stats to the other."""
        writes: list[Write] = []
        moved: dict[str, Counts] = defaultdict(lambda: dict.fromkeys(_COUNTS, 0))
        for item in items:
            # Every change of a lead increases `updated_at`; a concurrent decision detects the change by it.
            at = max(self.clock(), int(_number(item, "updated_at")) + 1)
            updates = list(self._attribute_update(LEADS, item, updated_at=at))
            writes += updates
            if updates and text_in(item, "affiliate_id") in self.matcher.pseudonyms:
                _count_lead(moved[item["affiliate_id"]], item)
        for affiliate_id, counts in moved.items():
            writes.append(self._stats_update(affiliate_id, {name: -count for name, count in counts.items()}))
            writes.append(self._stats_update(self.matcher.pseudonyms[affiliate_id], counts))
        return writes

    def _stats_writes(self, item: Item) -> Iterator[Write]:
        """Move what the stats still count to the pseudonym: only zeros, unless the stats were wrong before."""
        pseudonym = self.matcher.pseudonyms.get(item["affiliate_id"])
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
        """Move a link of the person with its claims; in links of others, change only attributes."""
        owner = item["affiliate_id"]
        new = self.matcher.redact(AFFILIATE_LINKS, item)
        if new["affiliate_id"] == owner:
            yield from self._attribute_update(AFFILIATE_LINKS, item)
            return
        yield _deletion_as_read(AFFILIATE_LINKS, item)
        yield Put(AFFILIATE_LINKS, new, when=Absent())
        code = code_claim_key(item["link_id"])
        yield from self._claim_writes(item, code, code, new["affiliate_id"])
        before, after = (primary_claim_key(each["affiliate_id"], text_in(each, "store_url")) for each in (item, new))
        yield from self._claim_writes(item, before, after, new["affiliate_id"])

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
        kind, _, rest = str(item["pk"]).partition("#")
        if is_journal_entry(item):
            return
        if kind == "request":
            yield from self._request_writes(item, rest.partition("#")[2])
        elif kind in ("link", "primary") and self._is_own_claim(item):
            yield from self._dangling_claim_deletion(item)
        else:
            yield from self._other_ops_writes(item)

    def _request_writes(self, item: Item, scope: str) -> Iterator[Write]:
        """Delete the claim of a request of the person; keep those of others about a lead of theirs, without the data.

        A decision about a lead is kept, so that sending it again does not undo a later one.
        """
        rest, decided = _parted(item)
        if scope in self.matcher.pseudonyms or self.matcher.redact(OPS, rest) != rest:
            yield Delete(OPS, OPS.key_of(item), when=unchanged(item, "created_at"))
        elif decided is not None:
            lead = self.matcher.redact(LEADS, decided)
            if lead != decided:
                answer = {**item["answer"], "lead": lead}
                changes = {"answer": answer, "fingerprint": MARKER}
                yield Update(OPS, OPS.key_of(item), set=changes, when=unchanged(item, "created_at"))
        elif _lead_of_answer(item) in self.leads and item.get("fingerprint") != MARKER:
            # Guesses of name, address and number could be checked by this hash. Without it, a repetition is refused.
            yield Update(OPS, OPS.key_of(item), set={"fingerprint": MARKER}, when=unchanged(item, "created_at"))

    def _is_own_claim(self, claim: Item) -> bool:
        return text_in(claim, "affiliate_id") in self.matcher.pseudonyms and bool(text_in(claim, "link_id"))

    def _dangling_claim_deletion(self, claim: Item) -> Iterator[Write]:
        """Delete a claim whose link does not exist; the claims of existing links move with them."""
        link = AFFILIATE_LINKS.key_of(claim)
        if self.store.get(AFFILIATE_LINKS, link) is None:
            yield Delete(OPS, OPS.key_of(claim), when=_same_link(claim))

    def _other_ops_writes(self, item: Item) -> Iterator[Write]:
        new = self.matcher.redact(OPS, item)
        if OPS.key_of(new) == OPS.key_of(item):
            yield from self._attribute_update(OPS, item)
        else:
            yield _deletion_as_read(OPS, item)
            yield Put(OPS, new, when=Absent())


def _deletion_as_read(table: Table, item: Item) -> Delete:
    """Return the deletion of an item that was copied to another key, on condition that it is as read."""
    return Delete(table, table.key_of(item), when=wholly_unchanged(table, item))


def _same_link(claim: Item) -> Condition:
    return unchanged(claim, "affiliate_id", "link_id")


def _parted(request: Item) -> tuple[Item, Item | None]:
    """Return a request's claim without the lead that its answer shows, and that lead; None when it shows none."""
    answer = request.get("answer")
    if not isinstance(answer, dict) or not isinstance(answer.get("lead"), dict):
        return request, None
    return {**request, "answer": {name: value for name, value in answer.items() if name != "lead"}}, answer["lead"]


def _lead_of_answer(request: Item) -> str:
    answer = request.get("answer")
    return text_in(answer, "lead_id") if isinstance(answer, dict) else ""


def _number(item: Item, name: str) -> int | Decimal:
    value = item.get(name)
    return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else 0


def _count_lead(counts: Counts, lead: Item) -> None:
    counts["total_leads"] += 1
    counts["total_commission"] += counted_commission(lead.get("status"), lead.get("commission_amount"))
    status = f"{lead.get('status')}_leads"
    if status in counts:
        counts[status] += 1
