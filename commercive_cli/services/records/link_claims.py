"""Finds the affiliate whom a link code credits: by the code's claim in `ops`, or by an index for imported links."""

from commercive_cli.domain.errors import NotFound
from commercive_cli.domain.ids import normal_code
from commercive_cli.domain.models import LinkClaim
from commercive_cli.domain.text import identifier, normal_store_url
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, OPS

CODE_CLAIM = "claim"


def code_claim_key(link_id: str) -> Key:
    """Return the key in `ops` that claims a link code for one affiliate."""
    return {"pk": f"link#{link_id}", "sk": CODE_CLAIM}


def primary_claim_key(affiliate_id: str, store_url: str) -> Key:
    """Return the key in `ops` that claims the primary link of one affiliate and store."""
    return {"pk": f"primary#{affiliate_id}", "sk": normal_store_url(store_url) or "-"}


def resolve_code(store: Store, link_id: str) -> tuple[str, str]:
    """Return (affiliate_id, link_id as stored) for a code as typed; one read for codes that this program made.

    Codes are read as Crockford reads them: `abc1o234` finds ABC10234, unless an imported link has exactly this code.
    Raises NotFound for unknown codes.
    """
    typed = identifier(link_id, "link_id")
    normal = normal_code(typed)
    found = (_imported_link(store, typed) if typed != normal else None) or _claim_of(store, normal)
    if found is None and typed == normal:
        found = _imported_link(store, typed)
    if found is None:
        raise NotFound(f"there is no affiliate link with the code {typed}")
    claim = LinkClaim.of(found).require("affiliate_id", "link_id")
    return claim.affiliate_id, claim.link_id


def _claim_of(store: Store, code: str) -> Item | None:
    return store.get(OPS, code_claim_key(code))


def _imported_link(store: Store, code: str) -> Item | None:
    page = store.query(Query(AFFILIATE_LINKS, code, "LinkIdIndex", limit=1))
    return page.items[0] if page.items else None
