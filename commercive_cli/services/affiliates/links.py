"""Affiliate links: creating one with its claims, and reading those of an affiliate."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from commercive_cli.domain.answers.affiliates import LinkCreated
from commercive_cli.domain.clock import Clock
from commercive_cli.domain.errors import Conflict, Unavailable
from commercive_cli.domain.ids import NewCode
from commercive_cli.domain.links import address_to_open, affiliate_url
from commercive_cli.domain.models import AffiliateLink, AffiliateStats, LinkClaim
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import alike, normal_store_url
from commercive_cli.services.records.idempotency import KeyedRequest, nothing_to_do, write_once
from commercive_cli.services.records.link_claims import code_claim_key, primary_claim_key
from commercive_cli.services.records.rate_limits import Limits, TooMany
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import ConditionFailed, Query, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, AFFILIATE_STATS, OPS
from commercive_cli.store.writes import Absent, Put, Update

CODE_TRIES = 5
_PRIMARY = 2
_SAME: dict[str, Callable[[str], str]] = {
    "affiliate_email": lambda address: alike(address.strip()),
    "store_url": normal_store_url,
}
"""What was given for a link, and what is equal for all spellings of it."""


@dataclass(frozen=True)
class LinkCreator:
    """Creates the primary link of an affiliate for a store; affiliate URLs begin with `dashboard_url`.

    A `request` with a key is carried out once.
    """

    store: Store
    clock: Clock
    new_code: NewCode
    dashboard_url: str
    request: KeyedRequest | None = None

    def create(self, affiliate_id: str, email: str, shop: str, limits: Limits) -> LinkCreated:
        """Return the affiliate's primary link for a store; create it when there is none.

        An existing link stays as it is, and the answer says what it holds where that is not what was given, in whatever
        spelling. It is found also at a
        limit, and counted only if a key is claimed for it. Raises Conflict when five random codes in a row were taken,
        TooMany for a new link or key.
        """
        for _ in range(CODE_TRIES):
            link = self._new_link(affiliate_id, email, shop)
            try:
                return self._write(link, limits)
            except (ConditionFailed, TooMany) as refused:
                claim = refused.failures.get(_PRIMARY) or self.store.get(OPS, primary_claim_key(affiliate_id, shop))
                if claim is None and isinstance(refused, TooMany):
                    raise
            if claim is not None:
                link_id = LinkClaim.of(claim).require("link_id").link_id
                found = self._existing(read_link(self.store, affiliate_id, link_id), link)
                return nothing_to_do(limits.counting(self.store, self.clock), self.request, self.clock(), found)
        raise Conflict(f"{CODE_TRIES} random link codes were all taken; nothing was written, try again")

    def _new_link(self, affiliate_id: str, email: str, shop: str) -> AffiliateLink:
        at, code = self.clock(), self.new_code()
        return AffiliateLink(
            affiliate_id=affiliate_id,
            link_id=code,
            affiliate_email=email,
            affiliate_url=affiliate_url(self.dashboard_url, code),
            store_url=shop,
            created_at=at,
            updated_at=at,
        )

    def _write(self, link: AffiliateLink, limits: Limits) -> LinkCreated:
        """Store the link with its two claims, and stats of zero, so that the affiliate is listed."""
        owner = {"affiliate_id": link.affiliate_id, "link_id": link.link_id, "created_at": link.created_at}
        zeros = AffiliateStats(affiliate_id=link.affiliate_id, last_updated=link.created_at).item()
        created = self._created(link)
        write_once(
            limits.counting(self.store, self.clock),
            self.request,
            link.created_at,
            created,
            Put(AFFILIATE_LINKS, link.item(), when=Absent()),
            Put(OPS, {**code_claim_key(link.link_id), **owner}, when=Absent()),
            Put(OPS, {**primary_claim_key(link.affiliate_id, link.store_url), **owner}, when=Absent()),
            Update(AFFILIATE_STATS, AFFILIATE_STATS.key_of(zeros), default=_without_key(zeros), add={"version": 1}),
        )
        return created

    def _created(self, link: AffiliateLink) -> LinkCreated:
        address = address_to_open(link.affiliate_url, self.dashboard_url, link.link_id)
        return LinkCreated(affiliate_url=address, link_id=link.link_id, affiliate_id=link.affiliate_id, created=True)

    def _existing(self, link: AffiliateLink, wanted: AffiliateLink) -> LinkCreated:
        stored = {name: str(getattr(link, name)) for name in _SAME}
        kept = {name: held for name, held in stored.items() if _SAME[name](held) != _SAME[name](getattr(wanted, name))}
        return self._created(link).model_copy(update={"created": False, "kept": kept})


def read_link(store: Store, affiliate_id: str, link_id: str) -> AffiliateLink:
    """Return the link that a claim names; raise Unavailable when there is no such link."""
    item = store.get(AFFILIATE_LINKS, {"affiliate_id": affiliate_id, "link_id": link_id})
    if item is None:
        raise Unavailable(
            f"there is a claim of link {shortened(link_id)}, but no such link; run `commercive tables audit --fix`"
        )
    return AffiliateLink.of(item)


def read_links(store: Store, affiliate_id: str) -> Iterator[AffiliateLink]:
    """Yield the links of an affiliate, in the order of their codes."""
    return map(AffiliateLink.of, query_items(store, Query(AFFILIATE_LINKS, affiliate_id)))


def _without_key(stats: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in stats.items() if name not in AFFILIATE_STATS.key_names}
