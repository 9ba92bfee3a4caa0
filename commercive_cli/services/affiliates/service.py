"""Affiliates: their links, stats and leads."""

from collections.abc import Iterator
from dataclasses import dataclass

from commercive_cli.domain.answers.affiliates import Affiliates, AffiliateShown, LinkCreated, LinkFound, Stats
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import NotFound
from commercive_cli.domain.ids import NewCode, new_code
from commercive_cli.domain.limits import DEFAULT_LIMIT
from commercive_cli.domain.links import DASHBOARD_URL
from commercive_cli.domain.models import AffiliateStats, Lead
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import STORE_URL_LENGTH, email, identifier, normal_store_url, store_url, text
from commercive_cli.services.access.paging import IndexQuery, check_limit, read_page
from commercive_cli.services.affiliates.links import LinkCreator, read_link, read_links
from commercive_cli.services.records.link_claims import resolve_code
from commercive_cli.store.cursor import decode_cursor, decode_key, encode_cursor
from commercive_cli.store.items import Item, Key
from commercive_cli.store.pages import pages
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, LEADS, Table

LATEST_LEADS = 10


@dataclass(frozen=True)
class AffiliateService:
    """The operations on affiliates. Affiliate URLs begin with `dashboard_url`."""

    store: Store
    clock: Clock = system_clock
    new_code: NewCode = new_code
    dashboard_url: str = DASHBOARD_URL

    def create_link(self, affiliate_id: str, affiliate_email: str, store: str = "") -> LinkCreated:
        """Return the affiliate's primary link for a store; create it when there is none.

        Raises Conflict when five random codes in a row were taken.
        """
        affiliate, address = identifier(affiliate_id, "affiliate_id"), email(affiliate_email, "affiliate_email")
        creator = LinkCreator(self.store, self.clock, self.new_code, self.dashboard_url)
        return creator.create(affiliate, address, store_url(store))

    def get_link(self, affiliate_id: str, store: str | None = None) -> LinkFound:
        """Return the affiliate's oldest link, or the oldest for `store`; None when there is none."""
        links = read_links(self.store, identifier(affiliate_id, "affiliate_id"))
        shop = None if store is None else normal_store_url(text(store, "store_url", STORE_URL_LENGTH, shortest=0))
        fitting = [link for link in links if shop in (None, normal_store_url(link.store_url))]
        return LinkFound(affiliate_link=min(fitting, key=lambda link: (link.created_at, link.link_id), default=None))

    def resolve_link(self, link_id: str) -> LinkFound:
        """Return the link with a code, in any spelling of it; raise NotFound when there is none."""
        affiliate_id, code = resolve_code(self.store, link_id)
        return LinkFound(affiliate_link=read_link(self.store, affiliate_id, code))

    def stats(self, affiliate_id: str) -> Stats:
        """Return an affiliate's stats; zeros for an unknown affiliate."""
        return Stats(stats=self._stats(identifier(affiliate_id, "affiliate_id")))

    def show(self, affiliate_id: str) -> AffiliateShown:
        """Return an affiliate's links, stats and ten latest leads; raise NotFound when there is none of these."""
        affiliate = identifier(affiliate_id, "affiliate_id")
        stats, links = self._stats(affiliate), list(read_links(self.store, affiliate))
        feed = IndexQuery(LEADS, "AffiliateLeadsIndex", (affiliate,))
        leads, _ = read_page(self.store, feed, Lead, limit=LATEST_LEADS)
        if not (links or leads or stats.total_leads):
            raise NotFound(f"there is no affiliate {shortened(affiliate)}")
        return AffiliateShown(affiliate_id=affiliate, stats=stats, affiliate_links=links, leads=leads)

    def list_affiliates(self, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Affiliates:
        """Return a page of 1-500 affiliates with their stats, in the order in which the store scans them."""
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

    def linked_affiliates(self) -> list[str]:
        """Return the ids of all affiliates who have a link, each once."""
        return list(dict.fromkeys(str(item["affiliate_id"]) for item in self._scan(None, AFFILIATE_LINKS)))

    def _scan(self, start: Key | None, table: Table = AFFILIATE_STATS) -> Iterator[Item]:
        for page in pages(lambda after: self.store.scan(table, start=after), start):
            yield from page.items

    def _stats(self, affiliate_id: str) -> AffiliateStats:
        key = {"affiliate_id": affiliate_id}
        return AffiliateStats.of(self.store.get(AFFILIATE_STATS, key) or key)
