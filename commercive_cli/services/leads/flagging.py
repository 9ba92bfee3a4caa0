"""Looks for flags: of one lead among those of its affiliate, or of all leads in one pass over the tables."""

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from commercive_cli.domain.answers.flags import Compared, Flag, FlaggedLead, in_words
from commercive_cli.domain.answers.leads import FlaggedLeads, LeadShown
from commercive_cli.domain.limits import DEFAULT_LIMIT
from commercive_cli.domain.models import AffiliateLink, Lead
from commercive_cli.domain.quoting import shortened
from commercive_cli.services.access.paging import check_limit, check_span
from commercive_cli.services.access.scan import OnItems, ignore_items, scan_items
from commercive_cli.services.leads.flags import Ref, Sightings, ref_of
from commercive_cli.services.leads.likeness import may_be_one_phone
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.leads.reading import LeadReader
from commercive_cli.store.cursor import decode_cursor, decode_key, encode_cursor
from commercive_cli.store.pages import first_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, LEADS, Table

if TYPE_CHECKING:
    from commercive_cli.domain.answers.affiliates import AffiliateFlagged, AffiliateShown

ON_EITHER_SIDE = 500
"""Leads of an affiliate with which one of them is compared: that many before it, and as many after it."""

MOST_LINKS = 500
"""Links of an affiliate that one of its leads is compared with."""

_DUPLICATES = "leads duplicates"


@dataclass(frozen=True)
class LookedAt:
    """The flags of a lead, the first of the others that they name, and with what it was compared."""

    flags: tuple[Flag, ...]
    named: tuple[Lead, ...]
    compared: Compared


@dataclass(frozen=True)
class FlagService:
    """Flags of leads. They are computed whenever they are asked for, and stored nowhere."""

    store: Store
    leads: LeadReader

    READS: ClassVar[tuple[Table, ...]] = (AFFILIATE_LINKS, LEADS)
    """What a pass over all leads reads."""

    def show(self, lead_id: str) -> LeadShown:
        """Return one lead with the stats of its affiliate, and its flags among the leads of that affiliate."""
        shown = self.leads.show(lead_id)
        found = self.look_at(shown.lead)
        return shown.model_copy(update={"flags": found.flags, "named": found.named, "compared": found.compared})

    def look_at(self, lead: Lead) -> LookedAt:
        """Return the flags of one lead among those of its affiliate, at most 500 on either side of it."""
        around, complete = self._around(lead)
        others = {ref: each for ref, each in around.items() if ref != ref_of(lead)}
        # What reads numbers is a large library, and most leads share theirs with nobody.
        sightings = Sightings(
            phones=any(may_be_one_phone(lead.lead_phone, each.lead_phone) for each in others.values())
        )
        for link in self._links(lead.affiliate_id):
            sightings.add_link(link)
        for each in around.values():
            sightings.add_lead(each)
        flags = sightings.finished().flags(lead)
        first = dict.fromkeys(flag.others[0] for flag in flags if flag.names_another)
        named = {each.lead_id: each for each in others.values() if each.lead_id in first}
        return LookedAt(flags, tuple(named.values()), Compared(leads=len(others), all_of_affiliate=complete))

    def of_affiliate(self, shown: "AffiliateShown") -> "AffiliateFlagged":
        """Return an affiliate with the flags of the latest leads, among the latest 500 of that affiliate."""
        from commercive_cli.domain.answers.affiliates import AffiliateFlagged  # imported late: the rest is about leads

        sightings, latest = Sightings(), Query(LEADS, shown.affiliate_id, "AffiliateLeadsIndex", descending=True)
        items, left = first_items(self.store, latest, ON_EITHER_SIDE)
        for link in self._links(shown.affiliate_id):
            sightings.add_link(link)
        for item in items:
            sightings.add_lead(Lead.of(item))
        found = sightings.finished()
        flagged = [_flagged(each, found) for each in shown.leads]
        told = {"leads": flagged, "compared": len(items), "compared_all": left is None}
        return AffiliateFlagged(**{**dict(shown), **told})

    def among_all(self, on_items: OnItems = ignore_items) -> Sightings:
        """Return what is needed to tell the flags of any lead: one pass over all links and leads.

        A lead that is stored meanwhile may be missed.
        """
        sightings = Sightings()
        scan_items(self.store, AFFILIATE_LINKS, lambda item: sightings.add_link(AffiliateLink.of(item)), on_items)
        scan_items(self.store, LEADS, lambda item: sightings.add_lead(Lead.of(item)), on_items)
        return sightings.finished()

    def objection(self, sightings: Sightings, lead_id: str) -> str | None:
        """Return the objection to approving a lead among many: its flags among all leads; None when it has none.

        Raises NotFound where there is no such lead.
        """
        lead = self.leads.lead(lead_id)
        if not (flags := sightings.flags(lead)):
            return None
        return (
            f"lead {shortened(lead.lead_id)} is flagged: {in_words(flags)}; nothing was written. "
            "Look at it: commercive leads show; to approve it all the same, pass --despite-flags"
        )

    def list_leads(
        self, sightings: Sightings, wanted: LeadFilter, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> FlaggedLeads:
        """Return a page of 1-500 leads with their flags, newest first."""
        page = self.leads.list_leads(wanted, limit=limit, cursor=cursor)
        return FlaggedLeads(leads=[_flagged(each, sightings) for each in page.leads], next_cursor=page.next_cursor)

    def duplicates(
        self,
        sightings: Sightings,
        *,
        since: int | None = None,
        until: int | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> FlaggedLeads:
        """Return a page of 1-500 leads that have flags, newest first; times are ms, both inclusive.

        Leads of any time are compared. `since` and `until` only say which are returned.
        """
        check_limit(limit)
        check_span(since, until)
        refs = sightings.flagged
        begin = 0 if since is None else bisect_left(refs, (since, ""))
        end = len(refs) if until is None else bisect_left(refs, (until + 1, ""))
        if cursor is not None:
            end = min(end, bisect_left(refs, _position(cursor)))
        keys = [LEADS.key_of(ref._asdict()) for ref in refs[max(begin, end - limit) : end]]
        leads = sorted(map(Lead.of, self.store.batch_get(LEADS, keys) if keys else ()), key=ref_of, reverse=True)
        more = encode_cursor(_DUPLICATES, keys[0]) if end - limit > begin else None
        return FlaggedLeads(leads=[_flagged(each, sightings) for each in leads], next_cursor=more)

    def _around(self, lead: Lead) -> tuple[dict[Ref, Lead], bool]:
        """Return a lead and those of its affiliate on either side of it, and whether these are all."""
        if not lead.affiliate_id:
            return {ref_of(lead): lead}, True
        of_affiliate = (LEADS, lead.affiliate_id, "AffiliateLeadsIndex")
        before = Query(*of_affiliate, until=lead.created_at, descending=True)
        after = Query(*of_affiliate, since=lead.created_at)
        older, older_left = first_items(self.store, before, ON_EITHER_SIDE + 1)
        newer, newer_left = first_items(self.store, after, ON_EITHER_SIDE)
        found = [lead, *map(Lead.of, older), *map(Lead.of, newer)]
        return {ref_of(each): each for each in found}, older_left is None and newer_left is None

    def _links(self, affiliate_id: str) -> list[AffiliateLink]:
        if not affiliate_id:
            return []
        items, _ = first_items(self.store, Query(AFFILIATE_LINKS, affiliate_id), MOST_LINKS)
        return [AffiliateLink.of(item) for item in items]


def _flagged(lead: Lead, sightings: Sightings) -> FlaggedLead:
    return FlaggedLead(**{**dict(lead), "flags": sightings.flags(lead)})


def _position(cursor: str) -> Ref:
    key = decode_key(LEADS, decode_cursor(_DUPLICATES, cursor))
    return Ref(key["created_at"], key["lead_id"])
