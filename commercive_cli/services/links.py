"""Whom a link code credits: by its claim in `ops`, or by the index for links that were made elsewhere."""

from commercive_cli.domain.errors import NotFound
from commercive_cli.domain.text import identifier
from commercive_cli.services.ledger import code_place
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, OPS


def resolve_code(store: Store, link_id: str) -> tuple[str, str]:
    """Return (affiliate_id, link_id as stored) for a code as typed: one read, one more for links without a claim.

    Codes of ours are read as Crockford reads them, so `abc1o` finds ABC10. Raises NotFound for unknown codes.
    """
    typed = identifier(link_id, "link_id")
    claim = store.get(OPS, code_place(typed))
    if claim is not None:
        return claim["affiliate_id"], claim["link_id"]
    page = store.query(Query(AFFILIATE_LINKS, typed, "LinkIdIndex", limit=1))
    if not page.items:
        raise NotFound(f"there is no affiliate link with the code {typed}")
    return page.items[0]["affiliate_id"], typed
