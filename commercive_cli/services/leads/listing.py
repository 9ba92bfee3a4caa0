"""The filter of lead lists, and the index partitions that a list is read from."""

from dataclasses import dataclass, replace

from commercive_cli.domain.limits import LARGEST_LIMIT
from commercive_cli.domain.models import LEAD_STATUSES, Lead
from commercive_cli.domain.text import alike
from commercive_cli.services.access.paging import IndexQuery, check_span
from commercive_cli.store.port import Query
from commercive_cli.store.schema import LEADS


@dataclass(frozen=True)
class LeadFilter:
    """Which leads an admin lists. `status` is pending, approved, rejected or all; times are ms, `since` inclusive."""

    status: str = "all"
    affiliate_id: str | None = None
    link_id: str | None = None
    search: str | None = None
    since: int | None = None
    until: int | None = None

    def __post_init__(self) -> None:
        check_span(self.since, self.until)

    @property
    def looks_within(self) -> bool:
        """Return whether there is a filter that no index answers, so that some of what is read may not pass."""
        named = (self.status != "all", self.affiliate_id is not None, self.link_id is not None)
        return self.search is not None or sum(named) > 1

    def keeps(self, lead: Lead) -> bool:
        """Return whether the lead passes the filters that no index answers."""
        return (
            self.status in ("all", lead.status)
            and self.affiliate_id in (None, lead.affiliate_id)
            and self.link_id in (None, lead.link_id)
            and (self.search is None or any(alike(self.search) in alike(text) for text in _searched(lead)))
        )

    def feed(self) -> IndexQuery:
        """Return the index partitions that hold these leads."""
        index, partitions = self._partitions()
        since = None if self.since is None else self.since - 1
        return IndexQuery(LEADS, index, partitions, since, self.until, label=repr(self))

    def oldest_first(self) -> Query:
        """Return the query of these leads oldest first, for a filter that one index partition answers."""
        feed = self.feed()
        [partition] = feed.partitions
        return replace(feed.of_partition(partition, None, LARGEST_LIMIT), descending=False)

    def _partitions(self) -> tuple[str, tuple[str, ...]]:
        if self.affiliate_id is not None:
            return "AffiliateLeadsIndex", (self.affiliate_id,)
        if self.link_id is not None:
            return "LinkLeadsIndex", (self.link_id,)
        return "LeadStatusIndex", tuple(LEAD_STATUSES) if self.status == "all" else (self.status,)


def _searched(lead: Lead) -> tuple[str, ...]:
    return lead.lead_name, lead.lead_email, lead.lead_phone, lead.product_link, lead.business_name or ""
