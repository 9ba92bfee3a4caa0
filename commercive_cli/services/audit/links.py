"""Invariant 3: a link code belongs to one affiliate, and an affiliate has one primary link per store."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

from commercive_cli.domain.answers.audit import Finding
from commercive_cli.domain.ids import NewCode, new_code
from commercive_cli.domain.models import AffiliateLink
from commercive_cli.domain.text import normal_store_url
from commercive_cli.services.audit.check import Repairs
from commercive_cli.services.records.link_claims import code_claim_key, primary_claim_key
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import AFFILIATE_LINKS, OPS, Table
from commercive_cli.store.writes import (
    Absent,
    All,
    AnyOf,
    Check,
    Condition,
    Delete,
    Equals,
    Exists,
    Put,
    Write,
    wholly_unchanged,
)


@dataclass(frozen=True, order=True)
class _Link:
    """A link as the claims see it; the oldest of several sorts first."""

    created_at: int
    affiliate_id: str
    link_id: str
    store: str

    @property
    def key(self) -> Key:
        return {"affiliate_id": self.affiliate_id, "link_id": self.link_id}

    @property
    def owner(self) -> Item:
        return {**self.key, "created_at": self.created_at}


@dataclass
class LinkCheck:
    """Every link has a claim of its code and of its store, and every such claim has its link."""

    tables: ClassVar[tuple[Table, ...]] = (AFFILIATE_LINKS, OPS)

    new_code: NewCode = new_code
    _links: dict[tuple[str, str], _Link] = field(default_factory=dict)
    _codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    _primaries: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def visit(self, table: Table, items: list[Item]) -> None:
        """Remember links, or claims of them."""
        for item in items:
            self._remember(table, item)

    def _remember(self, table: Table, item: Item) -> None:
        if table is AFFILIATE_LINKS:
            owner = (item["affiliate_id"], item["link_id"])
            store = normal_store_url(item.get("store_url", "")) or "-"
            self._links[owner] = _Link(item.get("created_at", 0), *owner, store)
        elif item["pk"].startswith("link#"):
            self._codes[item["pk"].partition("#")[2]] = (item["affiliate_id"], item["link_id"])
        elif item["pk"].startswith("primary#"):
            place = (item["pk"].partition("#")[2], item["sk"])
            self._primaries[place] = (item["affiliate_id"], item["link_id"])

    def findings(self, repairs: Repairs) -> Iterator[Finding]:
        """Yield claims of what is not theirs, missing claims, and codes that several affiliates have."""
        for code, owner in list(self._codes.items()):
            if not (owner in self._links and owner[1] == code):
                del self._codes[code]
                yield from self._dropped(repairs, code_claim_key(code), owner)
        for place, owner in list(self._primaries.items()):
            if not (owner in self._links and place == (owner[0], self._links[owner].store)):
                del self._primaries[place]
                yield from self._dropped(repairs, primary_claim_key(*place), owner)
        by_code: dict[str, list[_Link]] = defaultdict(list)
        by_store: dict[tuple[str, str], list[_Link]] = defaultdict(list)
        for link in sorted(self._links.values()):
            by_code[link.link_id].append(link)
            by_store[link.affiliate_id, link.store].append(link)
        for code, links in by_code.items():
            yield from self._code_findings(repairs, code, links)
        for place, links in by_store.items():
            if place not in self._primaries:
                claim = _claim(primary_claim_key(*place), links[0])
                yield from _repaired(repairs, "primary-link", links[0], "its store has no primary link", *claim)

    def _dropped(self, repairs: Repairs, place: Key, owner: tuple[str, str]) -> Iterator[Finding]:
        lost = _Link(0, *owner, store="")
        dropped: list[Write] = [Delete(OPS, place, when=_owned(lost))]
        if owner in self._links:
            problem = f"claim {place['pk']} {place['sk']} names a link that is not the one it is for"
        else:
            problem = f"claim {place['pk']} has no link"
            dropped.append(Check(AFFILIATE_LINKS, lost.key, Absent()))
        yield from _repaired(repairs, "link-claim", lost, problem, *dropped)

    def _code_findings(self, repairs: Repairs, code: str, links: list[_Link]) -> Iterator[Finding]:
        owner = self._codes.get(code)
        if owner is None:
            claim = _claim(code_claim_key(code), links[0])
            yield from _repaired(repairs, "link-code", links[0], "its code is claimed by nobody", *claim)
            owner = (links[0].affiliate_id, code)
        for link in links:
            if (link.affiliate_id, code) != owner:
                fresh = replace(link, link_id=self.new_code())
                yield from _recoded(repairs, link, fresh, owner[0], primary=self._primaries)


def _claim(place: Key, link: _Link) -> tuple[Write, ...]:
    """Return what claims a place for a link, while it is nobody's and the link is there."""
    return Put(OPS, {**place, **link.owner}, when=Absent()), Check(AFFILIATE_LINKS, link.key, Exists())


def _owned(link: _Link) -> Condition:
    return All(Equals("affiliate_id", link.affiliate_id), Equals("link_id", link.link_id))


def _repaired(repairs: Repairs, invariant: str, link: _Link, problem: str, *writes: Write) -> Iterator[Finding]:
    found = repairs.finding(invariant, AFFILIATE_LINKS, f"{link.affiliate_id}/{link.link_id}", problem)
    try:
        yield from repairs.apply([found], *writes)
    except ConditionFailed:
        return


def _recoded(
    repairs: Repairs, link: _Link, fresh: _Link, owner: str, primary: dict[tuple[str, str], tuple[str, str]]
) -> Iterator[Finding]:
    """Give a link a code of its own: visitors with the old one are, and always were, credited to the owner."""
    item = repairs.store.get(AFFILIATE_LINKS, link.key)
    if item is None:
        return
    url = AffiliateLink.of(item).affiliate_url.replace(link.link_id, fresh.link_id)
    recoded = {**item, "link_id": fresh.link_id, "affiliate_url": url}
    writes: list[Write] = [
        Delete(AFFILIATE_LINKS, link.key, when=wholly_unchanged(AFFILIATE_LINKS, item)),
        Put(AFFILIATE_LINKS, recoded, when=Absent()),
        Put(OPS, {**code_claim_key(fresh.link_id), **fresh.owner}, when=Absent()),
    ]
    place = (link.affiliate_id, link.store)
    if primary.get(place, (link.affiliate_id, link.link_id)) == (link.affiliate_id, link.link_id):
        free = AnyOf(Absent(), _owned(link))
        writes.append(Put(OPS, {**primary_claim_key(*place), **fresh.owner}, when=free))
        primary[place] = (link.affiliate_id, fresh.link_id)
    problem = f"its code belongs to {owner}" + (f"; its code is now {fresh.link_id}" if repairs.fix else "")
    yield from _repaired(repairs, "link-code", link, problem, *writes)
