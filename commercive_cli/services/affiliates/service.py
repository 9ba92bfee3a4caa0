"""Affiliates: their links, stats and leads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from commercive_cli.domain.answers.affiliates import (
    Affiliates,
    AffiliateShown,
    EmailSet,
    LinkCreated,
    LinkFound,
    RankedBy,
    Stats,
    TopAffiliates,
)
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import NotFound
from commercive_cli.domain.ids import NewCode, NewId, new_code, new_id
from commercive_cli.domain.limits import DEFAULT_LIMIT, LARGEST_LIMIT, TOP
from commercive_cli.domain.links import DASHBOARD_URL
from commercive_cli.domain.models import AffiliateLink, AffiliateStats, Lead
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import STORE_URL_LENGTH, actor_id, email, normal_store_url, store_url, text
from commercive_cli.services.access.paging import IndexQuery, check_limit, read_page
from commercive_cli.services.access.stored_ids import StoredIds
from commercive_cli.services.affiliates.contacts import ContactChanger
from commercive_cli.services.affiliates.link_uses import link_uses
from commercive_cli.services.affiliates.links import LinkCreator, read_link, read_links
from commercive_cli.services.affiliates.ranking import top_affiliates
from commercive_cli.services.records.idempotency import keyed, once
from commercive_cli.services.records.link_claims import resolve_code
from commercive_cli.services.records.rate_limits import UNLIMITED, Limits
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
    new_id: NewId = new_id

    def create_link(
        self,
        affiliate_id: str,
        affiliate_email: str,
        store: str = "",
        *,
        actor: str | None = None,
        key: str | None = None,
        announce: Callable[[LinkCreated], object] = lambda _link: None,
        limits: Limits = UNLIMITED,
    ) -> LinkCreated:
        """Return the affiliate's primary link for a store; create it when there is none.

        An existing link keeps what it holds, which `kept` names. A repeated `key` of an `actor` (7 days) gets the first
        answer, and nothing is announced: `announce` is called with what this request made or found. Raises Conflict
        when five random codes in a row were taken, TooMany for a new link at one of the `limits`.
        """
        affiliate, address = self._id(affiliate_id), email(affiliate_email, "affiliate_email")
        shop = store_url(store)
        request = keyed("affiliate/create-link", actor or affiliate, key, affiliate, address, shop)

        def create() -> LinkCreated:
            creator = LinkCreator(self.store, self.clock, self.new_code, self.dashboard_url, request)
            link = creator.create(affiliate, address, shop, limits)
            announce(link)
            return link

        return once(self.store, self.clock, request, LinkCreated, create)

    def set_email(self, affiliate_id: str, affiliate_email: str, actor: str, *, key: str | None = None) -> EmailSet:
        """Give all links of an affiliate this e-mail address, with an audit row; raise NotFound when there is none.

        A repeated `key` (7 days) gets the first answer.
        """
        affiliate, address = self._id(affiliate_id), email(affiliate_email, "affiliate_email")
        by = actor_id(actor)
        request = keyed("affiliates/set-email", by, key, affiliate, address)
        changer = ContactChanger(self.store, self.clock, self.new_id, request)
        return once(self.store, self.clock, request, EmailSet, lambda: changer.set_email(affiliate, address, by))

    def get_link(self, affiliate_id: str, store: str | None = None) -> LinkFound:
        """Return the affiliate's oldest link, or the oldest for `store`; None when there is none."""
        links = read_links(self.store, self._id(affiliate_id))
        shop = None if store is None else normal_store_url(text(store, "store_url", STORE_URL_LENGTH, shortest=0))
        fitting = [link for link in links if shop in (None, normal_store_url(link.store_url))]
        return LinkFound(affiliate_link=min(fitting, key=lambda link: (link.created_at, link.link_id), default=None))

    def link_to_show(self, affiliate_id: str, store: str) -> AffiliateLink | None:
        """Return the link to show where one is shown: the oldest for `store`, else the newest; None without any.

        `store` may be any text, as other programs keep it.
        """
        links = sorted(read_links(self.store, self._id(affiliate_id)), key=lambda each: (each.created_at, each.link_id))
        shop = normal_store_url(store)
        return next((each for each in links if normal_store_url(each.store_url) == shop), links[-1] if links else None)

    def resolve_link(self, link_id: str) -> LinkFound:
        """Return the link with a code, in any spelling of it; raise NotFound when there is none."""
        affiliate_id, code = resolve_code(self.store, link_id)
        return LinkFound(affiliate_link=read_link(self.store, affiliate_id, code))

    def stats(self, affiliate_id: str) -> Stats:
        """Return an affiliate's stats; zeros for an unknown affiliate."""
        return Stats(stats=self._stats(self._id(affiliate_id)))

    def show(self, affiliate_id: str) -> AffiliateShown:
        """Return an affiliate's links, stats, ten latest leads, and what came through which link.

        The latter counts the latest 500 leads, as a page of a list has. Raises NotFound when there is none of these.
        """
        affiliate = StoredIds(self.store).credited(affiliate_id)
        stats = self.store.get(AFFILIATE_STATS, {"affiliate_id": affiliate})
        links = list(read_links(self.store, affiliate))
        feed = IndexQuery(LEADS, "AffiliateLeadsIndex", (affiliate,))
        leads, more = read_page(self.store, feed, Lead, limit=LARGEST_LIMIT)
        if stats is None and not (links or leads):
            raise NotFound(f"there is no affiliate {shortened(affiliate)}")
        return AffiliateShown(
            affiliate_id=affiliate,
            stats=AffiliateStats.of(stats or {"affiliate_id": affiliate}),
            affiliate_links=links,
            leads=leads[:LATEST_LEADS],
            link_uses=link_uses(links, leads),
            counted_leads=len(leads),
            counted_all=more is None,
        )

    def known_id(self, typed: str) -> str:
        """Return the id of an affiliate who has stats, links or leads; raise NotFound when nobody has it."""
        return StoredIds(self.store).known_affiliate(typed)

    def top(self, by: RankedBy, *, limit: int = TOP) -> TopAffiliates:
        """Return the 1-500 affiliates with most commission, approved leads or leads, as their stats count them."""
        return top_affiliates(self.store, by, limit)

    def list_affiliates(self, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Affiliates:
        """Return a page of 1-500 affiliates with their stats, in the order in which the store scans them.

        Those who have links and no stats, as other programs make them, come last, with zeros.
        """
        check_limit(limit)
        position = decode_cursor("affiliates", cursor) if cursor else None
        found = list(islice(self._listed(position, limit + 1), limit + 1))
        more = encode_cursor("affiliates", found[limit - 1][0]) if len(found) > limit else None
        return Affiliates(affiliates=[AffiliateStats.of(item) for _, item in found[:limit]], next_cursor=more)

    def _listed(self, position: dict[str, Any] | None, page: int) -> Iterator[tuple[Key, Item]]:
        """Yield what stats hold of every affiliate, with the place in the list behind which to go on.

        `page` is how many are read at once.
        """
        after_stats = position is not None and "link_id" in position
        if not after_stats:
            start = None if position is None else decode_key(AFFILIATE_STATS, position)
            yield from ((AFFILIATE_STATS.key_of(item), item) for item in self._scan(start, page=page))
        yield from self._linked_only(decode_key(AFFILIATE_LINKS, position) if after_stats else None)

    def _linked_only(self, start: Key | None) -> Iterator[tuple[Key, Item]]:
        last = None if start is None else start["affiliate_id"]
        for page in pages(lambda after: self.store.scan(AFFILIATE_LINKS, start=after), start):
            # The links of one affiliate lie side by side, also across pages.
            first = {each["affiliate_id"]: AFFILIATE_LINKS.key_of(each) for each in reversed(page.items)}
            owners = [{"affiliate_id": each} for each in reversed(first) if each != last]
            counted = self.store.batch_get(AFFILIATE_STATS, owners) if owners else []
            known = {each["affiliate_id"] for each in counted}
            yield from ((first[each["affiliate_id"]], each) for each in owners if each["affiliate_id"] not in known)
            last = page.items[-1]["affiliate_id"] if page.items else last

    def links(self) -> Iterator[AffiliateLink]:
        """Yield every link, page by page, in the order in which the store scans them."""
        return map(AffiliateLink.of, self._scan(None, AFFILIATE_LINKS))

    def linked_affiliates(self) -> list[str]:
        """Return the ids of all affiliates who have a link, each once."""
        return list(dict.fromkeys(str(item["affiliate_id"]) for item in self._scan(None, AFFILIATE_LINKS)))

    def _id(self, typed: str) -> str:
        return StoredIds(self.store).affiliate(typed)

    def _scan(self, start: Key | None, table: Table = AFFILIATE_STATS, *, page: int | None = None) -> Iterator[Item]:
        for found in pages(lambda after: self.store.scan(table, start=after, limit=page), start):
            yield from found.items

    def _stats(self, affiliate_id: str) -> AffiliateStats:
        key = {"affiliate_id": affiliate_id}
        return AffiliateStats.of(self.store.get(AFFILIATE_STATS, key) or key)
