"""Finds the affiliate whom a link code credits: by the code's claim in `ops`, or by an index for imported links."""

from collections.abc import Callable

from commercive_cli.domain.errors import NotFound
from commercive_cli.domain.ids import CANONICAL_CODE, PASTED_LENGTH, code_spellings
from commercive_cli.domain.models import LinkClaim
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import identifier, normal_store_url, text
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


def resolve_code(
    store: Store, link_id: str, field: str = "link_id", claim_of: Callable[[Key], Item | None] | None = None
) -> tuple[str, str]:
    """Return (affiliate_id, link_id as stored) for a code as typed; one read for codes that this program made.

    What was pasted is read as `code_spellings` says, an exact code first. Raises NotFound for unknown codes. With
    `claim_of`, the claims were read before: those of `claim_keys`.
    """
    read = claim_of or (lambda key: store.get(OPS, key))
    for code in codes_typed(link_id, field):
        found = read(code_claim_key(code)) if CANONICAL_CODE.fullmatch(code) else None
        found = found or _imported_link(store, code)
        if found is not None:
            claim = LinkClaim.of(found).require("affiliate_id", "link_id")
            return claim.affiliate_id, claim.link_id
    typed = text(link_id, field, PASTED_LENGTH)
    raise NotFound(f"there is no affiliate link with the code {shortened(typed)}")


def codes_typed(link_id: str, field: str = "link_id") -> tuple[str, ...]:
    """Return the codes that a text can mean, best first; raise Invalid when it is none."""
    typed = text(link_id, field, PASTED_LENGTH)
    return code_spellings(typed) or (identifier(typed, field),)


def claim_keys(codes: tuple[str, ...]) -> list[Key]:
    """Return the keys of the claims that these codes can have."""
    return [code_claim_key(code) for code in codes if CANONICAL_CODE.fullmatch(code)]


def _imported_link(store: Store, code: str) -> Item | None:
    page = store.query(Query(AFFILIATE_LINKS, code, "LinkIdIndex", limit=1))
    return page.items[0] if page.items else None
