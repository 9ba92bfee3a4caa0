"""Affiliates: their tracking links and what their leads earned."""

from collections.abc import Iterator
from dataclasses import dataclass

from commercive_cli.domain.answers.affiliates import Affiliates, AffiliateShown, LinkCreated, LinkFound, Stats
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import Conflict, NotFound, Unavailable
from commercive_cli.domain.ids import NewCode, new_code
from commercive_cli.domain.models import AffiliateLink, AffiliateStats, Lead
from commercive_cli.domain.text import email, identifier, normal_store_url, store_url
from commercive_cli.services.access.paging import DEFAULT_LIMIT, IndexQuery, check_limit, read_page
from commercive_cli.services.records.link_claims import code_claim_key, primary_claim_key, resolve_code
from commercive_cli.store.cursor import decode_cursor, decode_key, encode_cursor
from commercive_cli.store.items import Item, Key
from commercive_cli.store.pages import pages, query_items
from commercive_cli.store.port import ConditionFailed, Query, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, LEADS, OPS
from commercive_cli.store.writes import Absent, Put, Update

DASHBOARD_URL = "https://dashboard.commercive.co"
CODE_TRIES = 5
LATEST_LEADS = 10
_PRIMARY = 2


@dataclass(frozen=True)
class AffiliateService:
    """What affiliates have: links, stats, leads. `dashboard_url` is where their referral forms live."""

    store: Store
    clock: Clock = system_clock
    new_code: NewCode = new_code
    dashboard_url: str = DASHBOARD_URL

    def create_link(self, affiliate_id: str, affiliate_email: str, store: str = "") -> LinkCreated:
        """Return the affiliate's primary link for a store, making it first when there is none yet.

        Raises Conflict when five random codes in a row were taken.
        """
        affiliate, address = identifier(affiliate_id, "affiliate_id"), email(affiliate_email, "affiliate_email")
        shop = store_url(store)
        for _ in range(CODE_TRIES):
            link = self._draft(affiliate, address, shop)
            try:
                self._write_link(link)
                return _created(link, created=True)
            except ConditionFailed as failed:
                claim = failed.failures.get(_PRIMARY) or self.store.get(OPS, primary_claim_key(affiliate, shop))
            if claim is not None:
                return _created(self._link(affiliate, claim["link_id"]), created=False)
        raise Conflict(f"{CODE_TRIES} random link codes were all taken; nothing was written, try again")

    def get_link(self, affiliate_id: str, store: str | None = None) -> LinkFound:
        """Return the affiliate's oldest link, of one store if named, or None."""
        links = self._links(identifier(affiliate_id, "affiliate_id"))
        shop = None if store is None else normal_store_url(store_url(store))
        fitting = [link for link in links if shop in (None, normal_store_url(link.store_url))]
        return LinkFound(affiliate_link=min(fitting, key=lambda link: (link.created_at, link.link_id), default=None))

    def resolve_link(self, link_id: str) -> LinkFound:
        """Return the link behind a code as typed; raise NotFound for an unknown one."""
        affiliate_id, code = resolve_code(self.store, link_id)
        return LinkFound(affiliate_link=self._link(affiliate_id, code))

    def stats(self, affiliate_id: str) -> Stats:
        """Return an affiliate's stats; zeros for one that nothing is known of."""
        return Stats(stats=self._stats(identifier(affiliate_id, "affiliate_id")))

    def show(self, affiliate_id: str) -> AffiliateShown:
        """Return an affiliate's links, stats and ten latest leads; raise NotFound when there is nothing at all."""
        affiliate = identifier(affiliate_id, "affiliate_id")
        stats, links = self._stats(affiliate), self._links(affiliate)
        feed = IndexQuery(LEADS, "AffiliateLeadsIndex", (affiliate,))
        leads, _ = read_page(self.store, feed, limit=LATEST_LEADS)
        if not (links or leads or stats.total_leads):
            raise NotFound(f"there is no affiliate {affiliate}")
        return AffiliateShown(
            affiliate_id=affiliate, stats=stats, affiliate_links=links, leads=[Lead.of(item) for item in leads]
        )

    def list_affiliates(self, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Affiliates:
        """Return a page of 1-500 affiliates with their stats, in the order the store keeps them."""
        check_limit(limit)
        start = decode_key(AFFILIATE_STATS, decode_cursor("affiliates", cursor)) if cursor else None
        items: list[Item] = []
        for item in self._scan(start):
            items.append(item)
            if len(items) > limit:
                break
        shown = [AffiliateStats.of(item) for item in items[:limit]]
        more = encode_cursor("affiliates", {"affiliate_id": shown[-1].affiliate_id}) if len(items) > limit else None
        return Affiliates(affiliates=shown, next_cursor=more)

    def _scan(self, start: Key | None) -> Iterator[Item]:
        for page in pages(lambda after: self.store.scan(AFFILIATE_STATS, start=after), start):
            yield from page.items

    def _draft(self, affiliate_id: str, address: str, shop: str) -> AffiliateLink:
        at, code = self.clock(), self.new_code()
        return AffiliateLink(
            affiliate_id=affiliate_id,
            link_id=code,
            affiliate_email=address,
            affiliate_url=f"{self.dashboard_url.rstrip('/')}/affiliate-form?ref={code}",
            store_url=shop,
            created_at=at,
            updated_at=at,
        )

    def _write_link(self, link: AffiliateLink) -> None:
        """Store the link with its two claims, and an empty row of stats, so that the affiliate is listed."""
        owner = {"affiliate_id": link.affiliate_id, "link_id": link.link_id, "created_at": link.created_at}
        zeros = AffiliateStats(affiliate_id=link.affiliate_id, last_updated=link.created_at).item()
        self.store.transact(
            Put(AFFILIATE_LINKS, link.item(), when=Absent()),
            Put(OPS, {**code_claim_key(link.link_id), **owner}, when=Absent()),
            Put(OPS, {**primary_claim_key(link.affiliate_id, link.store_url), **owner}, when=Absent()),
            Update(
                AFFILIATE_STATS,
                {"affiliate_id": zeros.pop("affiliate_id")},
                default=zeros,
                add={"version": 1},
            ),
        )

    def _link(self, affiliate_id: str, link_id: str) -> AffiliateLink:
        item = self.store.get(AFFILIATE_LINKS, {"affiliate_id": affiliate_id, "link_id": link_id})
        if item is None:
            raise Unavailable(f"the claim of link {link_id} has lost its link; run `commercive tables audit --fix`")
        return AffiliateLink.of(item)

    def _links(self, affiliate_id: str) -> list[AffiliateLink]:
        return [AffiliateLink.of(item) for item in query_items(self.store, Query(AFFILIATE_LINKS, affiliate_id))]

    def _stats(self, affiliate_id: str) -> AffiliateStats:
        key = {"affiliate_id": affiliate_id}
        return AffiliateStats.of(self.store.get(AFFILIATE_STATS, key) or key)


def _created(link: AffiliateLink, *, created: bool) -> LinkCreated:
    return LinkCreated(
        affiliate_url=link.affiliate_url, link_id=link.link_id, affiliate_id=link.affiliate_id, created=created
    )
