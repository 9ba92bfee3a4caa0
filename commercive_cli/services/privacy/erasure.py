"""What has to be written so that an item no longer shows a person, while counters, money and claims stay true.

Every change is conditional on what was read. What moves to another key moves in one transaction with what counts it or
points to it, so the books are right after each one, and a run that died left nothing half-done. Items may hold
anything, since other programs wrote some: what is no number does not count, what is no text names nobody.
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
from commercive_cli.store.writes import Absent, All, Check, Condition, Delete, Exists, Put, Update, Write, unchanged

_COUNTS = ("total_leads", "approved_leads", "pending_leads", "rejected_leads", "total_commission")
Counts = dict[str, int | Decimal]


@dataclass(frozen=True)
class Eraser:
    """Makes the writes that erase a person. `leads` are the ids of the person's own leads, as far as they are known."""

    store: Store
    clock: Clock
    traces: PIIMatcher
    leads: set[str]

    def writes(self, table: Table, items: Sequence[Item]) -> list[Write]:
        """Return the writes for some items of a table; nothing when the person is in none of them."""
        if table is LEADS:
            return self._lead_writes(items)
        return [write for item in items for write in self._item_writes(table, item)]

    def _item_writes(self, table: Table, item: Item) -> Iterator[Write]:
        if table is AFFILIATE_LINKS:
            return self._link_writes(item)
        if table is AFFILIATE_STATS:
            return self._stats_writes(item)
        return self._ops_writes(item) if table is OPS else self._changed(table, item)

    def _changed(self, table: Table, item: Item, **more: int) -> Iterator[Update]:
        """Yield the change of the attributes that show the person, if any do, unless those changed since."""
        new = self.traces.without(table, item)
        changes = {name: value for name, value in new.items() if value != item[name]}
        if changes:
            as_read = unchanged(item, *changes, *more)
            yield Update(table, table.key_of(item), set={**changes, **more}, when=as_read)

    def _lead_writes(self, items: Sequence[Item]) -> list[Write]:
        """Change leads, and take those that change their affiliate from one row of stats to the other."""
        writes: list[Write] = []
        moved: dict[str, Counts] = defaultdict(lambda: dict.fromkeys(_COUNTS, 0))
        for item in items:
            # A lead's time moves with every change of it: that is what a decision made meanwhile goes by.
            at = max(self.clock(), int(_number(item, "updated_at")) + 1)
            updates = list(self._changed(LEADS, item, updated_at=at))
            writes += updates
            if updates and text_in(item, "affiliate_id") in self.traces.aliases:
                _count(moved[item["affiliate_id"]], item)
        for affiliate_id, counts in moved.items():
            writes.append(self._added(affiliate_id, {name: -count for name, count in counts.items()}))
            writes.append(self._added(self.traces.aliases[affiliate_id], counts))
        return writes

    def _stats_writes(self, item: Item) -> Iterator[Write]:
        """Hand the row to the pseudonym with what is left on it: nothing, unless the books were wrong before."""
        alias = self.traces.aliases.get(item["affiliate_id"])
        if alias is not None:
            yield Delete(AFFILIATE_STATS, AFFILIATE_STATS.key_of(item), when=All(Exists(), unchanged(item, "version")))
            yield self._added(alias, {name: _number(item, name) for name in _COUNTS})

    def _added(self, affiliate_id: str, counts: Counts) -> Update:
        changes = {name: count for name, count in counts.items() if count} | {"version": 1}
        zeros = AffiliateStats(affiliate_id=affiliate_id).item()
        default = {name: zeros[name] for name in _COUNTS if name not in changes}
        key = {"affiliate_id": affiliate_id}
        return Update(AFFILIATE_STATS, key, set={"last_updated": self.clock()}, default=default, add=changes)

    def _link_writes(self, item: Item) -> Iterator[Write]:
        """Move a link of the person with its claims; in links of others, only texts change."""
        owner = item["affiliate_id"]
        new = self.traces.without(AFFILIATE_LINKS, item)
        if new["affiliate_id"] == owner:
            yield from self._changed(AFFILIATE_LINKS, item)
            return
        as_read = unchanged(item, *(name for name in item if name not in AFFILIATE_LINKS.key_names))
        yield Delete(AFFILIATE_LINKS, AFFILIATE_LINKS.key_of(item), when=All(Exists(), as_read))
        yield Put(AFFILIATE_LINKS, new, when=Absent())
        code = code_claim_key(item["link_id"])
        yield from self._moved_claim(item, code, code, new["affiliate_id"])
        before, after = (primary_claim_key(each["affiliate_id"], text_in(each, "store_url")) for each in (item, new))
        yield from self._moved_claim(item, before, after, new["affiliate_id"])

    def _moved_claim(self, link: Item, before: Key, after: Key, alias: str) -> Iterator[Write]:
        """Yield what hands a link's claim to the pseudonym; others' claims stay, and so does there being none."""
        claim = self.store.get(OPS, before)
        if claim is None:
            yield Check(OPS, before, Absent())
            return
        owned = _owned(claim)
        if (claim.get("affiliate_id"), claim.get("link_id")) != (link["affiliate_id"], link["link_id"]):
            yield Check(OPS, before, owned)
        elif before == after:
            yield Update(OPS, before, set={"affiliate_id": alias}, when=owned)
        else:
            yield Delete(OPS, before, when=owned)
            yield Put(OPS, {**claim, **after, "affiliate_id": alias}, when=Absent())

    def _ops_writes(self, item: Item) -> Iterator[Write]:
        kind, _, rest = str(item["pk"]).partition("#")
        if is_journal_entry(item):
            return
        if kind == "request":
            yield from self._request_writes(item, rest.partition("#")[2])
        elif kind in ("link", "primary") and self._is_theirs(item):
            yield from self._dangling(item)
        else:
            yield from self._row_writes(item)

    def _request_writes(self, item: Item, caller: str) -> Iterator[Write]:
        """Drop claims of the person's own requests; let those that brought a lead of theirs refuse a repetition."""
        if caller in self.traces.aliases or self.traces.without(OPS, item) != item:
            yield Delete(OPS, OPS.key_of(item), when=unchanged(item, "created_at"))
        elif _answered_lead(item) in self.leads and item.get("fingerprint") != MARKER:
            # The fingerprint is a hash of the name, address and number; they could be guessed from it.
            yield Update(OPS, OPS.key_of(item), set={"fingerprint": MARKER}, when=unchanged(item, "created_at"))

    def _is_theirs(self, claim: Item) -> bool:
        return text_in(claim, "affiliate_id") in self.traces.aliases and bool(text_in(claim, "link_id"))

    def _dangling(self, claim: Item) -> Iterator[Write]:
        """Drop a claim whose link is gone; claims of links move with them."""
        link = AFFILIATE_LINKS.key_of(claim)
        if self.store.get(AFFILIATE_LINKS, link) is None:
            yield Delete(OPS, OPS.key_of(claim), when=_owned(claim))

    def _row_writes(self, item: Item) -> Iterator[Write]:
        new = self.traces.without(OPS, item)
        if OPS.key_of(new) == OPS.key_of(item):
            yield from self._changed(OPS, item)
        else:
            yield Delete(OPS, OPS.key_of(item), when=Exists())
            yield Put(OPS, new, when=Absent())


def _owned(claim: Item) -> Condition:
    return All(Exists(), unchanged(claim, "affiliate_id", "link_id"))


def _answered_lead(request: Item) -> str:
    answer = request.get("answer")
    return text_in(answer, "lead_id") if isinstance(answer, dict) else ""


def _number(item: Item, name: str) -> int | Decimal:
    value = item.get(name)
    return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else 0


def _count(counts: Counts, lead: Item) -> None:
    counts["total_leads"] += 1
    counts["total_commission"] += counted_commission(lead.get("status"), lead.get("commission_amount"))
    status = f"{lead.get('status')}_leads"
    if status in counts:
        counts[status] += 1
