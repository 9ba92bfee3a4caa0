"""The desk of the support staff: who works on which conversation, so that nobody is answered twice."""

from dataclasses import dataclass

from commercive_cli.domain.answers.chat import Claimed, Released
from commercive_cli.domain.errors import Conflict, Invalid, Unavailable
from commercive_cli.domain.models import Conversation
from commercive_cli.domain.text import actor_id
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import find_by_id, key_of_id
from commercive_cli.services.access.stored_ids import StoredIds
from commercive_cli.services.chat.claims import (
    DESK,
    LONGEST,
    SHORTEST,
    USUAL,
    FoundClaim,
    held_by_other,
    new_claim,
    read_claim,
    released_by,
    valid_claim,
)
from commercive_cli.services.chat.sending import conversation_not_found
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.services.records.idempotency import KeyedRequest, keyed, nothing_to_do, once, write_once
from commercive_cli.store.items import Key
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import CONVERSATIONS
from commercive_cli.store.writes import Check, Equals

_OPEN, _FREE = 0, 0


@dataclass(frozen=True)
class DeskService:
    """What support agents do with conversations beside reading and answering them. Times are milliseconds."""

    chat: ChatService

    @property
    def store(self) -> Store:
        """Return the store."""
        return self.chat.store

    def claim(
        self,
        conversation_id: str,
        holder: str,
        *,
        duration: int = USUAL,
        steal: bool = False,
        key: str | None = None,
    ) -> Claimed:
        """Claim an open conversation from now on for `duration` (1 minute to 24 hours); one's own claim is renewed.

        Raises NotFound, Conflict when it is closed, and HeldByOther when somebody else holds it, unless `steal`. A
        repeated `key` (7 days) gets the first answer.
        """
        target, by = StoredIds(self.store).conversation(conversation_id), actor_id(holder)
        if not SHORTEST <= duration <= LONGEST:
            raise Invalid("a conversation can be claimed for 1 minute to 24 hours", field="for")
        request = keyed("chat/claim", by, key, target, duration, f"{steal:d}")
        return once(
            self.store,
            self.chat.clock,
            request,
            Claimed,
            lambda: self._claim(target, by, duration, request, steal=steal),
        )

    def release(self, conversation_id: str, holder: str, *, key: str | None = None) -> Released:
        """End one's own claim; `changed` is False when nobody held the conversation.

        Raises NotFound, and HeldByOther when somebody else holds it. A repeated `key` (7 days) gets the first answer.
        """
        target, by = StoredIds(self.store).conversation(conversation_id), actor_id(holder)
        request = keyed("chat/release", by, key, target)
        return once(self.store, self.chat.clock, request, Released, lambda: self._release(target, by, request))

    def _claim(self, target: str, by: str, duration: int, request: KeyedRequest | None, *, steal: bool) -> Claimed:
        place = key_of_id(CONVERSATIONS, target) or self._place(target)
        for _ in range(TRIES):
            found = read_claim(self.store, target, self.chat.clock())
            held = found.valid
            if held is not None and held.holder != by and not steal:
                raise held_by_other(held, found.at, "to take it over, claim it with --steal")
            try:
                return self._take(place, found, by, duration, request)
            except ConditionFailed as failed:
                if _OPEN in failed.failures:
                    place = self._place(target)
        raise Unavailable(f"conversation {target} is changing too fast; nothing was written, try again")

    def _take(self, place: Key, found: FoundClaim, by: str, duration: int, request: KeyedRequest | None) -> Claimed:
        """Write a claim over what was found in its place; raise ConditionFailed when something else lies there now."""
        claim = new_claim(place["conversation_id"], by, found.at, duration)
        answer = Claimed(conversation_id=claim.conversation_id, holder=by, until=claim.until)
        before = {} if found.valid is None else {"holder": found.valid.holder}
        change = AuditEntry(DESK, claim.conversation_id, "claim", by, before, {"holder": by})
        is_open = Check(CONVERSATIONS, place, Equals("status", "open"))
        row = change.row(found.at, self.chat.new_id)
        write_once(self.store, request, found.at, answer, is_open, *found.put(claim), row)
        return answer

    def _place(self, target: str) -> Key:
        """Return the key of an open conversation; raise NotFound, and Conflict when it is closed."""
        item = find_by_id(self.store, CONVERSATIONS, target)
        if item is None:
            raise conversation_not_found(target)
        if Conversation.of(item).require("status").status == "closed":
            raise Conflict(f"conversation {target} is closed, so there is nothing to work on; nothing was written")
        return CONVERSATIONS.key_of(item)

    def _release(self, target: str, by: str, request: KeyedRequest | None) -> Released:
        at = self.chat.clock()
        change = AuditEntry(DESK, target, "release", by, {"holder": by}, {})
        answer = Released(conversation_id=target, changed=True)
        try:
            row = change.row(at, self.chat.new_id)
            write_once(self.store, request, at, answer, *released_by(target, by), row)
        except ConditionFailed as failed:
            held = valid_claim(failed.failures.get(_FREE), at)
            if held is not None:
                raise held_by_other(held, at, "it is theirs to release") from None
            self.chat.conversation(target)  # there must be one that nobody holds
            unchanged = Released(conversation_id=target, changed=False)
            return nothing_to_do(self.store, request, at, unchanged)
        return answer
