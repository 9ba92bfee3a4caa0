"""Reads leads: lists of them, and one with the stats of its affiliate."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from commercive_cli.domain.answers.leads import Leads, LeadShown
from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Damaged, NotFound
from commercive_cli.domain.limits import DEFAULT_LIMIT
from commercive_cli.domain.models import LEAD_STATUSES, AffiliateStats, Lead
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import identifier
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.access.paging import check_limit, read_page
from commercive_cli.services.access.stored_ids import StoredIds
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.records.link_claims import resolve_code
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS


@dataclass(frozen=True)
class LeadReader:
    """What admins see of leads. Times are milliseconds, money is USD."""

    store: Store

    def list_leads(self, wanted: LeadFilter, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Leads:
        """Return a page of 1-500 leads, newest first."""
        wanted = self._checked(wanted)
        check_limit(limit)
        keep = wanted.keeps if wanted.looks_within else None
        found, more = read_page(self.store, wanted.feed(), Lead, limit=limit, cursor=cursor, keep=keep)
        return Leads(leads=found, next_cursor=more)

    def oldest_pending(self, wanted: LeadFilter) -> Iterator[Lead]:
        """Yield the pending leads of a filter, oldest first; they are read as far as they are asked for."""
        wanted = self._checked(replace(wanted, status="pending"))
        yield from filter(wanted.keeps, map(Lead.of, query_items(self.store, wanted.oldest_first())))

    def _checked(self, wanted: LeadFilter) -> LeadFilter:
        choose(wanted.status, (*LEAD_STATUSES, "all"), "status")
        if wanted.affiliate_id is not None:
            credited = StoredIds(self.store).credited(wanted.affiliate_id, "affiliate")
            wanted = replace(wanted, affiliate_id=credited)
        if wanted.link_id is None:
            return wanted
        try:
            return replace(wanted, link_id=resolve_code(self.store, wanted.link_id, "link")[1])
        except (NotFound, Damaged):  # leads can name a link that is gone, or whose claim is not readable
            return replace(wanted, link_id=identifier(wanted.link_id, "link"))

    def lead(self, lead_id: str) -> Lead:
        """Return one lead; raise NotFound when there is none."""
        item = find_by_id(self.store, LEADS, StoredIds(self.store).lead(lead_id))
        if item is None:
            raise NotFound(f"there is no lead {shortened(lead_id)}")
        return Lead.of(item)

    def show(self, lead_id: str) -> LeadShown:
        """Return one lead with the stats of the affiliate it credits."""
        lead = self.lead(lead_id)
        return LeadShown(lead=lead, stats=self._stats(lead))

    def _stats(self, lead: Lead) -> AffiliateStats:
        key = {"affiliate_id": lead.affiliate_id}
        found = self.store.get(AFFILIATE_STATS, key) if lead.affiliate_id else None  # others may have named nobody
        return AffiliateStats.of(found or key)
