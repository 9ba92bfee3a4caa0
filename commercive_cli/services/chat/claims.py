"""Claims of conversations: who works on one, and until when. They lie in `ops` and expire by themselves."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from commercive_cli.domain.errors import HeldByOther
from commercive_cli.domain.models import ConversationClaim
from commercive_cli.domain.text import ID_LENGTH
from commercive_cli.store.items import Item, Key
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import OPS
from commercive_cli.store.writes import Absent, AnyOf, Below, Condition, Delete, Equals, Put, Write, wholly_unchanged

_MINUTE = 60_000
SHORTEST, USUAL, LONGEST = _MINUTE, 15 * _MINUTE, 24 * 60 * _MINUTE
"""For how long a conversation can be claimed, in milliseconds."""

DESK = "desk"
"""The kind of audit rows that tell who worked on a conversation; its states have rows of another kind."""

_ONE = "claim"
"""The sort key of a conversation's claim: there is one place for it, so nobody else can hold it at the same time."""


@dataclass(frozen=True)
class FoundClaim:
    """What lay in the place of a conversation's claim when it was read at `at` (ms); `item` is None for nothing."""

    item: Item | None
    at: int

    @property
    def valid(self) -> ConversationClaim | None:
        """Return the claim, None when nobody holds the conversation."""
        return valid_claim(self.item, self.at)

    def put(self, claim: ConversationClaim) -> tuple[Write, ...]:
        """Return the writes that put another claim into this place, if nobody else did; the first one can fail.

        The second copy is the list of what somebody holds. It is compared with the claim when it is read, so it may
        outlive it.
        """
        as_found: Condition = Absent() if self.item is None else wholly_unchanged(OPS, self.item)
        if self.valid is None:  # the store may drop a claim that has expired, which is nobody's before and after
            as_found = AnyOf(Absent(), as_found)
        return (
            Put(OPS, {**claim_key(claim.conversation_id), **claim.item()}, when=as_found),
            Put(OPS, {**_held_key(claim.holder, claim.conversation_id), **claim.item()}),
        )


def new_claim(
    conversation_id: str,
    holder: str,
    at: int,
    duration: int,
    seen_at: int,
    before: ConversationClaim | None = None,
) -> ConversationClaim:
    """Return a claim at `at` for `duration` milliseconds of a conversation whose last change was at `seen_at`.

    One that renews the holder's own `before` began with that.
    """
    until = at + duration
    own = before if before is not None and before.holder == holder else None
    return ConversationClaim(
        conversation_id=conversation_id,
        holder=holder,
        until=until,
        claimed_at=own.claimed_at if own else at,
        expires_at=until // 1000 + 1,
        seen_at=own.seen_at if own else seen_at,
    )


def claim_key(conversation_id: str) -> Key:
    """Return the key of a conversation's claim in `ops`."""
    return {"pk": f"claim#{conversation_id}", "sk": _ONE}


def valid_claim(item: Item | None, at: int) -> ConversationClaim | None:
    """Return the claim that an item is at `at` (ms), None when it has expired or is none."""
    claim = None if item is None else ConversationClaim.of(item)
    return claim if claim is not None and claim.until > at else None


def released(conversation_id: str) -> Delete:
    """Return the write that ends a claim, whoever has it."""
    return Delete(OPS, claim_key(conversation_id))


def released_by(conversation_id: str, holder: str) -> tuple[Delete, Delete]:
    """Return the writes that end a claim of `holder`; the first one fails when they have none."""
    return (
        Delete(OPS, claim_key(conversation_id), when=Equals("holder", holder)),
        Delete(OPS, _held_key(holder, conversation_id)),
    )


def released_unless_others(conversation_id: str, holder: str, at: int, no_claim: Item | None = None) -> Delete:
    """Return the write that ends a claim of `holder`; it fails when somebody else holds the conversation at `at`.

    `no_claim` is what was found in the claim's place and is none, as it tells no time until when it holds.
    """
    free: list[Condition] = [Absent(), Equals("holder", holder), Below("until", at + 1)]
    found = [] if no_claim is None else [wholly_unchanged(OPS, no_claim)]
    return Delete(OPS, claim_key(conversation_id), when=AnyOf(*free, *found))


def read_claim(store: Store, conversation_id: str, at: int) -> FoundClaim:
    """Return what lies in the place of a conversation's claim."""
    return FoundClaim(store.get(OPS, claim_key(conversation_id)), at)


def read_claims(store: Store, conversation_ids: Iterable[str], at: int) -> dict[str, FoundClaim]:
    """Return what lies in the places of the claims of some conversations, with one request per hundred."""
    # Longer ids, which others made, cannot be typed, so nobody can claim such a conversation.
    ids = list(dict.fromkeys(each for each in conversation_ids if len(each) <= ID_LENGTH))
    items = store.batch_get(OPS, list(map(claim_key, ids))) if ids else []
    places = {item["pk"]: item for item in items}
    return {each: FoundClaim(places.get(claim_key(each)["pk"]), at) for each in ids}


def held_by(store: Store, holder: str, at: int) -> Iterator[ConversationClaim]:
    """Yield the valid claims of somebody."""
    listed = [item["sk"] for item in query_items(store, Query(OPS, _held_key(holder, "")["pk"]))]
    for found in read_claims(store, listed, at).values():
        if found.valid is not None and found.valid.holder == holder:
            yield found.valid


def held_by_other(claim: ConversationClaim, at: int, advice: str) -> HeldByOther:
    """Return the error for what would come between somebody and the conversation that they hold."""
    minutes = -(-(claim.until - at) // _MINUTE)
    still = "1 more minute" if minutes == 1 else f"{minutes:,} more minutes"
    return HeldByOther(f"conversation {claim.conversation_id} is held by {claim.holder} for {still}; {advice}")


def _held_key(holder: str, conversation_id: str) -> Key:
    return {"pk": f"held#{holder}", "sk": conversation_id}
