"""The desk of the support staff: who works on which conversation, so that nobody is answered twice."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from commercive_cli.domain.answers.chat import Claimed, ClaimedNext, Noted, Released, Snoozed
from commercive_cli.domain.errors import CommerciveError, Conflict, Invalid, NotFound, Unavailable
from commercive_cli.domain.limits import DEFAULT_LIMIT
from commercive_cli.domain.models import SNOOZED, Conversation, Note, Snooze
from commercive_cli.domain.text import NOTES_LENGTH, actor_id, text
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import find_by_id, key_of_id
from commercive_cli.services.access.stored_ids import StoredIds
from commercive_cli.services.chat.claims import (
    DESK,
    LONGEST,
    SHORTEST,
    USUAL,
    FoundClaim,
    claim_key,
    held_by_other,
    new_claim,
    read_claim,
    read_claims,
    released_by,
    released_unless_others,
    valid_claim,
)
from commercive_cli.services.chat.desk_reading import DeskReader
from commercive_cli.services.chat.happenings import changed_at
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.notes import note_put
from commercive_cli.services.chat.reading import conversation_not_found
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.snoozing import LONGEST as LONGEST_SNOOZE
from commercive_cli.services.chat.snoozing import MOST_WOKEN, snooze_key, snooze_writes, wake
from commercive_cli.services.chat.waiting_index import (
    WaitingPage,
    is_waiting,
    read_waiting,
)
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.services.records.idempotency import KeyedRequest, keyed, nothing_to_do, once, write_once
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import CONVERSATIONS, OPS
from commercive_cli.store.writes import All, Check, Condition, Equals, Exists, Update, unchanged

_CONVERSATION, _CLAIM = 0, 1
Taken = TypeVar("Taken", bound=Claimed)
_IS_OPEN = Equals("status", "open")
_QUEUE = ConversationFilter(sort="waiting")


class _NothingWaits(NotFound):
    """Nothing waits that nobody holds."""


@dataclass(frozen=True)
class DeskService(DeskReader):
    """What support agents do with conversations beside reading and answering them. Times are milliseconds."""

    chat: ChatService

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
        request = keyed("chat/claim", by, key, target, _checked(duration), f"{steal:d}")
        return once(
            self.store,
            self.chat.clock,
            request,
            Claimed,
            lambda: self._claim(target, by, duration, request, steal=steal),
        )

    def claim_next(self, holder: str, *, duration: int = USUAL, key: str | None = None) -> ClaimedNext | None:
        """Claim the conversation that waits longest and nobody holds; return None when there is none.

        Four requests, what is due, a page of the waiting index, its items and their claims, and the write; another page
        only where all of one is held. A repeated `key` (7 days) gets the first answer.
        """
        by = actor_id(holder)
        request = keyed("chat/next", by, key, duration)
        try:
            return once(
                self.store,
                self.chat.clock,
                request,
                ClaimedNext,
                lambda: self._claim_next(by, _checked(duration), request),
            )
        except _NothingWaits:
            return None

    def release(self, conversation_id: str, holder: str, *, key: str | None = None) -> Released:
        """End one's own claim; `changed` is False when nobody held the conversation.

        Raises NotFound, and HeldByOther when somebody else holds it. A repeated `key` (7 days) gets the first answer.
        """
        target, by = StoredIds(self.store).conversation(conversation_id), actor_id(holder)
        request = keyed("chat/release", by, key, target)
        return once(self.store, self.chat.clock, request, Released, lambda: self._release(target, by, request))

    def note(self, conversation_id: str, author: str, remark: str, *, key: str | None = None) -> Noted:
        """Store a note about a conversation, of 1 to 2,000 characters, which its user never gets to see.

        Raises NotFound. A repeated `key` (7 days) gets the first answer.
        """
        target, by = StoredIds(self.store).conversation(conversation_id), actor_id(author)
        words = text(remark, "note", NOTES_LENGTH)
        request = keyed("chat/note", by, key, target, words)
        return once(self.store, self.chat.clock, request, Noted, lambda: self._note(target, by, words, request))

    def snooze(
        self, conversation_id: str, actor: str, until: int, *, asked: str | None = None, key: str | None = None
    ) -> Snoozed:
        """Put a conversation that waits off until a time (ms), or until its user writes; one's claim of it ends.

        Raises NotFound, Conflict when it is closed, nobody waits or it changes meanwhile, HeldByOther, and Invalid for
        a time that has passed or is more than 366 days away. A repeated `key` (7 days) gets the first answer; `asked`
        is what was asked for, where the time follows from that and the present.
        """
        target, by = StoredIds(self.store).conversation(conversation_id), actor_id(actor)
        request = keyed("chat/snooze", by, key, target, asked or until)

        def snooze() -> Snoozed:
            now = self.chat.clock()
            if not now < until <= now + LONGEST_SNOOZE:
                raise Invalid("a conversation can be put off until a time ahead, of the next 366 days", field="until")
            return self._snooze(target, by, until, request)

        return once(self.store, self.chat.clock, request, Snoozed, snooze)

    def _snooze(self, target: str, by: str, until: int, request: KeyedRequest | None) -> Snoozed:
        item = self._found(target)
        found = Conversation.of(item).require("status", "updated_at", "created_at", "waiting_since")
        if not is_waiting(found):
            why = "it is closed" if found.status == "closed" else "nobody waits for an answer"
            raise Conflict(f"conversation {target} cannot be put off: {why}; nothing was written")
        at, since = self.chat.clock(), found.waiting_since or found.updated_at
        snooze = Snooze(conversation_id=target, created_at=found.created_at, waiting_since=since, until=until)
        put_off = Update(
            CONVERSATIONS,
            CONVERSATIONS.key_of(item),
            set={"waiting_for": SNOOZED, "waiting_since": since},
            when=unchanged(item, "status", "updated_at", "waiting_for", "waiting_since"),
        )
        places = (claim_key(target), snooze_key(target))
        there = {each["pk"]: each for each in self.store.batch_get(OPS, places)}
        claim, earlier = (there.get(each["pk"]) for each in places)
        free = released_unless_others(target, by, at, claim if valid_claim(claim, at) is None else None)
        kept = snooze_writes(snooze, earlier)
        told = {"until": datetime.fromtimestamp(until // 1000, UTC).isoformat()}
        row = AuditEntry(DESK, target, "snooze", by, {}, told).row(at, self.chat.new_id)
        answer = Snoozed(conversation_id=target, until=until)
        try:
            write_once(self.store, request, at, answer, put_off, free, *kept, row)
        except ConditionFailed as failed:
            held = valid_claim(failed.failures.get(_CLAIM), at)
            if held is not None:
                raise held_by_other(held, at, "to put it off, claim it with --steal") from None
            raise Conflict(f"conversation {target} changed meanwhile; look at it again, nothing was written") from None
        return answer

    def _note(self, target: str, by: str, words: str, request: KeyedRequest | None) -> Noted:
        place = key_of_id(CONVERSATIONS, target) or self._place(target)
        for _ in range(TRIES):
            at = self.chat.clock()
            note = Note(note_id=self.chat.new_id(at), conversation_id=target, author=by, text=words, created_at=at)
            answer = Noted(conversation_id=target, note_id=note.note_id, created_at=at)
            row = AuditEntry(DESK, target, "note", by, {}, {"note_id": note.note_id}).row(at, self.chat.new_id)
            try:
                is_there = Check(CONVERSATIONS, place, Exists())
                write_once(self.store, request, at, answer, is_there, note_put(note), row)
            except ConditionFailed as failed:
                if _CONVERSATION in failed.failures:
                    place = self._place(target)
            else:
                return answer
        raise Unavailable(f"conversation {target} is changing too fast; nothing was written, try again")

    def _claim(self, target: str, by: str, duration: int, request: KeyedRequest | None, *, steal: bool) -> Claimed:
        for _ in range(TRIES):
            item = self._open(target)
            found = read_claim(self.store, target, self.chat.clock())
            held = found.valid
            if held is not None and held.holder != by and not steal:
                raise held_by_other(held, found.at, "to take it over, claim it with --steal")
            with suppress(ConditionFailed):  # the conversation or its claim is another meanwhile
                return self._take(item, found, by, duration, request, Claimed)
        raise Unavailable(f"conversation {target} is changing too fast; nothing was written, try again")

    def _claim_next(self, by: str, duration: int, request: KeyedRequest | None) -> ClaimedNext:
        at = self.chat.clock()
        page = first = read_waiting(self.store, _QUEUE, DEFAULT_LIMIT, None, at)
        answered = partial(ClaimedNext, others=_others(first))
        while (taken := self._first_free(page.conversations, by, duration, request, at, answered)) is None:
            if page.next_cursor is None:
                self._wake(first.due)
                raise _NothingWaits("nothing waits that nobody holds")
            page = read_waiting(self.store, _QUEUE, DEFAULT_LIMIT, page.next_cursor, at)
        self._wake(first.due)
        return taken

    def _first_free(
        self,
        found: list[Conversation],
        by: str,
        duration: int,
        request: KeyedRequest | None,
        at: int,
        answered: Callable[..., Taken],
    ) -> Taken | None:
        """Claim the first conversation that nobody holds; None when somebody holds each."""
        claims = read_claims(self.store, (each.conversation_id for each in found), at)
        for each in found:
            claim = claims.get(each.conversation_id)
            if claim is None or claim.valid is not None:
                continue
            with suppress(ConditionFailed):  # somebody was faster; the next one is free
                return self._take(dict(each), claim, by, duration, request, answered, _waits(each))
        return None

    def _wake(self, due: list[Snooze]) -> None:
        with suppress(CommerciveError):  # they are shown as waiting all the same, and the claim stands
            wake(self.store, due[:MOST_WOKEN])

    def _take(
        self,
        item: Item,
        found: FoundClaim,
        by: str,
        duration: int,
        request: KeyedRequest | None,
        answered: Callable[..., Taken],
        still: Condition = _IS_OPEN,
    ) -> Taken:
        """Write a claim over what was found in its place, while conversation `item` is `still` so; `answered` tells it.

        Raises ConditionFailed when something else lies there now, or the conversation is another.
        """
        place, seen_at = CONVERSATIONS.key_of(item), changed_at(Conversation.of(item), found.at)
        claim = new_claim(place["conversation_id"], by, found.at, duration, seen_at, found.valid)
        answer = answered(conversation_id=claim.conversation_id, holder=by, until=claim.until)
        before = {} if found.valid is None else {"holder": found.valid.holder}
        change = AuditEntry(DESK, claim.conversation_id, "claim", by, before, {"holder": by})
        row = change.row(found.at, self.chat.new_id)
        write_once(self.store, request, found.at, answer, Check(CONVERSATIONS, place, still), *found.put(claim), row)
        return answer

    def _found(self, target: str) -> Item:
        """Return a conversation as it is stored; raise NotFound when there is none."""
        item = find_by_id(self.store, CONVERSATIONS, target)
        if item is None:
            raise conversation_not_found(target)
        return item

    def _place(self, target: str) -> Key:
        return CONVERSATIONS.key_of(self._found(target))

    def _open(self, target: str) -> Item:
        """Return a conversation as it is stored; raise NotFound, and Conflict when it is closed."""
        item = self._found(target)
        if Conversation.of(item).require("status").status == "closed":
            raise Conflict(f"conversation {target} is closed, so there is nothing to work on; nothing was written")
        return item

    def _release(self, target: str, by: str, request: KeyedRequest | None) -> Released:
        at = self.chat.clock()
        change = AuditEntry(DESK, target, "release", by, {"holder": by}, {})
        answer = Released(conversation_id=target, changed=True)
        try:
            row = change.row(at, self.chat.new_id)
            write_once(self.store, request, at, answer, *released_by(target, by), row)
        except ConditionFailed as failed:
            held = valid_claim(failed.failures.get(0), at)
            if held is not None:
                raise held_by_other(held, at, "it is theirs to release") from None
            self.chat.conversation(target)  # there must be one that nobody holds
            unchanged = Released(conversation_id=target, changed=False)
            return nothing_to_do(self.store, request, at, unchanged)
        return answer


def _checked(duration: int) -> int:
    if not SHORTEST <= duration <= LONGEST:
        raise Invalid("a conversation can be claimed for 1 minute to 24 hours", field="for")
    return duration


def _others(page: WaitingPage) -> str:
    """Return how many wait beside the one that is claimed, as far as the first page tells."""
    count = len(page.conversations) - 1
    return f"{count} or more" if page.next_cursor else str(max(count, 0) or "")


def _waits(conversation: Conversation) -> Condition:
    """Return the condition that nobody has answered or closed a conversation since it was read."""
    return All(_IS_OPEN, unchanged(conversation.item(), "waiting_since", "waiting_for"))
