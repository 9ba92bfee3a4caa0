"""Finds the affiliate whom a link code credits: by the code's claim in `ops`, or by an index for imported links."""

from collections.abc import Callable
from dataclasses import dataclass

from commercive_cli.domain.errors import NotFound
from commercive_cli.domain.ids import CANONICAL_CODE, PASTED_LENGTH, code_spellings
from commercive_cli.domain.models import LinkClaim
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import identifier, normal_store_url, text
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, OPS
from commercive_cli.store.writes import Check, Exists, unchanged

CODE_CLAIM = "claim"


def code_claim_key(link_id: str) -> Key:
    """Return the key in `ops` that claims a link code for one affiliate."""
    return {"pk": f"link#{link_id}", "sk": CODE_CLAIM}


def primary_claim_key(affiliate_id: str, store_url: str) -> Key:
    """Return the key in `ops` that claims the primary link of one affiliate and store."""
    return {"pk": f"primary#{affiliate_id}", "sk": normal_store_url(store_url) or "-"}


def resolve_code(store: Store, link_id: str, field: str = "link_id") -> tuple[str, str]:
    """Return (affiliate_id, link_id as stored) for a code as typed; one read for codes that this program made.

    What was pasted is read as `code_spellings` says, an exact code first. Raises NotFound for unknown codes.
    """
    credited = credited_by(store, link_id, field)
    return credited.affiliate_id, credited.link_id


@dataclass(frozen=True)
class Credited:
    """Whom a link code credits, the code as stored, and the check that it still does when something is written."""

    affiliate_id: str
    link_id: str
    check: Check


def credited_by(
    store: Store, link_id: str, field: str = "link_id", claim_of: Callable[[Key], Item | None] | None = None
) -> Credited:
    """Return whom a code credits, as `resolve_code` does.

    With `claim_of`, the claims were read before: those of `claim_keys`.
    """
    read = claim_of or (lambda key: store.get(OPS, key))
    for code in codes_typed(link_id, field):
        found = read(code_claim_key(code)) if CANONICAL_CODE.fullmatch(code) else None
        found = found or _imported_link(store, code)
        if found is not None:
            claim = LinkClaim.of(found).require("affiliate_id", "link_id")
            return Credited(claim.affiliate_id, claim.link_id, _still(found))
    typed = text(link_id, field, PASTED_LENGTH)
    raise NotFound(f"there is no affiliate link with the code {shortened(typed)}")


def _still(found: Item) -> Check:
    """Return the check that a claim, or a link without one, still says whom its code credits: an erasure moves it."""
    if "pk" in found:
        return Check(OPS, OPS.key_of(found), unchanged(found, "affiliate_id", "link_id"))
    return Check(AFFILIATE_LINKS, AFFILIATE_LINKS.key_of(found), Exists())


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
