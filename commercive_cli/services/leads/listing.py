"""The filter of lead lists, and the index partitions that a list is read from."""

from dataclasses import dataclass

from commercive_cli.domain.models import LEAD_STATUSES
from commercive_cli.services.access.paging import IndexQuery
from commercive_cli.store.items import Item
from commercive_cli.store.schema import LEADS

_SEARCHED = ("lead_name", "lead_email", "lead_phone", "product_link")


@dataclass(frozen=True)
class LeadFilter:
    """Which leads an admin lists. `status` is pending, approved, rejected or all; times are ms, `since` inclusive."""

    status: str = "all"
    affiliate_id: str | None = None
    link_id: str | None = None
    search: str | None = None
    since: int | None = None
    until: int | None = None

    def keeps(self, item: Item) -> bool:
        """Return whether the lead passes the filters, apart from those by time, which the index query applies."""
        return (
            self.status in ("all", item["status"])
            and self.affiliate_id in (None, item["affiliate_id"])
            and self.link_id in (None, item["link_id"])
            and (self.search is None or any(self.search.casefold() in item.get(n, "").casefold() for n in _SEARCHED))
        )

    def feed(self) -> IndexQuery:
        """Return the index partitions that hold these leads."""
        index, partitions = self._partitions()
        since = None if self.since is None else self.since - 1
        return IndexQuery(LEADS, index, partitions, since, self.until, label=repr(self))

    def _partitions(self) -> tuple[str, tuple[str, ...]]:
        if self.affiliate_id is not None:
            return "AffiliateLeadsIndex", (self.affiliate_id,)
        if self.link_id is not None:
            return "LinkLeadsIndex", (self.link_id,)
        return "LeadStatusIndex", tuple(LEAD_STATUSES) if self.status == "all" else (self.status,)
