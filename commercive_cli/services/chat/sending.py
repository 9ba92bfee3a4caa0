"""Stores messages: one transaction puts the message and updates the conversation, and happens once per request key."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from commercive_cli.domain.answers.chat import Sent
from commercive_cli.domain.clock import Clock
from commercive_cli.domain.errors import Conflict, ConversationClosed, NotTaken, WrittenSince
from commercive_cli.domain.ids import NewId
from commercive_cli.domain.models import WAITING_FOR, Conversation, ConversationClaim, Message, SenderType
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import preview
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import key_of_id, query_by_id
from commercive_cli.services.chat.claims import held_by_other, released, released_unless_others, valid_claim
from commercive_cli.services.chat.messages import latest_time, newest_message, since_message
from commercive_cli.services.chat.reading import conversation_not_found
from commercive_cli.services.chat.waiting import ends_waiting
from commercive_cli.services.records.audit_log import AuditEntry
from commercive_cli.services.records.change_times import behind, times_of
from commercive_cli.services.records.idempotency import KeyedRequest, answer_found
from commercive_cli.services.records.rate_limits import UNLIMITED, Limits, TooMany
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import ConditionFailed, Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES
from commercive_cli.store.writes import Absent, All, Below, Condition, Equals, Put, Update, Write, unchanged

AI: Literal["ai"] = "ai"
_COUNTERS = {"user": "unread_admin", "admin": "unread_user"}
"""Who has not read a message; nobody counts those of other senders, so they are stored as read."""

_CONVERSATION, _MESSAGE, _CLAIM = 0, 1, 2

STEAL = "to answer all the same, reply with --steal"


@dataclass(frozen=True)
class NewMessage:
    """A message for a conversation that exists, and what must be true of the conversation.

    `owner` refuses conversations of other users, `if_last` those where somebody wrote since. `reopen` lets the message
    into a closed conversation and opens it, `close` closes it behind the message. `request_human` notes that the user
    wants a person to answer. An admin's message ends whatever claim there is; with `heed_claims` it is refused where
    somebody else has one.
    """

    conversation_id: str
    sender_type: SenderType | Literal["ai"]
    sender_id: str
    text: str
    owner: str | None = None
    if_last: str | None = None
    reopen: bool = False
    close: bool = False
    request_human: bool = False
    heed_claims: bool = False
    request: KeyedRequest | None = None
    limits: Limits = UNLIMITED

    @property
    def claim_position(self) -> int:
        """Return where among the writes the one stands that ends a claim."""
        return _CLAIM if self.request is None else _CLAIM + 1


@dataclass(frozen=True)
class _Attempt:
    """One attempt to store a message: its time and id, and the key, status and guard of the conversation.

    `now` is what the clock says; the message's time is later where the last one's was ahead of that. `overtaken` is an
    `updated_at` that is still to come, and that nothing bears out. `no_claim` is what lies in the place of a claim and
    is none.
    """

    draft: NewMessage
    now: int
    at: int
    key: Key
    message_id: str
    status: str = "open"
    human_requested: bool = False
    guard: Condition = field(default_factory=All)
    no_claim: Item | None = None
    overtaken: int | None = None


class MessageSender:
    """Stores messages in conversations, and creates conversations."""

    def __init__(self, store: Store, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id

    def post(self, draft: NewMessage) -> Sent:
        """Store the message; costs one transaction unless there are concurrent writes.

        Raises NotFound, Conflict (closed, newer message, key used for another request), TooMany and Unavailable.
        """
        attempt = self._first_attempt(draft)
        for _ in range(TRIES):
            try:
                draft.limits.transact(self._store, self._clock, *self._writes(attempt))
                return self._sent(attempt)
            except (ConditionFailed, TooMany) as refused:
                claim = refused.failures.get(_CLAIM)
                repeated = answer_found(self._store, attempt.now, draft.request, claim, Sent)
                if repeated:
                    return repeated
                if isinstance(refused, TooMany):
                    raise
                attempt = self._next_attempt(attempt, refused)
        raise NotTaken("too many messages are entering this conversation at once; nothing was written, try again")

    def start(
        self,
        sender_id: str,
        store_url: str,
        text: str,
        request: KeyedRequest | None,
        *,
        request_human: bool = False,
        limits: Limits = UNLIMITED,
    ) -> Sent:
        """Open a conversation with its first message, in one transaction."""
        at = self._clock()
        conversation_id, message_id = self._new_id(at), self._new_id(at)
        sent = Sent(conversation_id=conversation_id, message_id=message_id, created_at=at)
        conversation = Conversation(
            conversation_id=conversation_id,
            user_id=sender_id,
            store_url=store_url,
            status="open",
            created_at=at,
            updated_at=at,
            last_message=preview(text),
            unread_admin=1,
            last_message_at=at,
            last_message_id=message_id,
            waiting_since=at,
            waiting_for=WAITING_FOR,
            human_requested=request_human or None,
        )
        writes: list[Write] = [
            Put(CONVERSATIONS, conversation.item(), when=Absent()),
            _message_put(sent, "user", sender_id, text),
        ]
        if request:
            writes.append(request.claim(at, _answer_item(sent)))
        for _ in range(2):  # the second time without an earlier claim that has expired
            try:
                limits.transact(self._store, self._clock, *writes)
            except (ConditionFailed, TooMany) as refused:
                repeated = answer_found(self._store, at, request, refused.failures.get(_CLAIM), Sent)
                if repeated:
                    return repeated
                if isinstance(refused, TooMany):
                    raise
            else:
                return sent
        raise NotTaken("the message was not stored; send it again")

    def key_of(self, conversation_id: str) -> Key:
        """Return a conversation's key: without a read for our own ids, by one query for imported ones."""
        return key_of_id(CONVERSATIONS, conversation_id) or self._imported_key(conversation_id)

    def _first_attempt(self, draft: NewMessage) -> _Attempt:
        at = self._clock()
        key = self.key_of(draft.conversation_id)
        last = Equals("last_message_id", draft.if_last) if draft.if_last else All()
        return _Attempt(draft, at, at, key, self._new_id(at), guard=All(last, _as_requested(draft, {})))

    def _imported_key(self, conversation_id: str) -> Key:
        item = query_by_id(self._store, CONVERSATIONS, conversation_id)
        if item is None:
            raise conversation_not_found(conversation_id)
        return CONVERSATIONS.key_of(item)

    def _writes(self, attempt: _Attempt) -> list[Write]:
        draft, sent = attempt.draft, self._sent(attempt)
        writes: list[Write] = [
            _conversation_update(attempt),
            _message_put(sent, draft.sender_type, draft.sender_id, draft.text),
        ]
        if draft.request:
            writes.append(draft.request.claim(attempt.at, _answer_item(sent)))
        return writes + _claim_ended(attempt) + [change.row(attempt.at, self._new_id) for change in _changes(attempt)]

    def _sent(self, attempt: _Attempt) -> Sent:
        return Sent(conversation_id=attempt.draft.conversation_id, message_id=attempt.message_id, created_at=attempt.at)

    def _next_attempt(self, attempt: _Attempt, failed: ConditionFailed) -> _Attempt:
        """Return the next attempt, adapted to the conversation as it was; raise when no attempt can succeed."""
        if held := _claim_of_other(attempt, failed):
            raise held_by_other(held, attempt.now, STEAL)
        attempt = replace(attempt, no_claim=_no_claim(attempt, failed))
        if _CONVERSATION not in failed.failures:
            return self._later(attempt, attempt.at)
        item = failed.failures[_CONVERSATION]
        if item is None:
            return replace(attempt, key=self._other_key(attempt))
        draft, found = attempt.draft, Conversation.of(item)
        if draft.owner not in (None, found.user_id):
            raise conversation_not_found(draft.conversation_id)
        status = found.require("status", "updated_at", *_needed(draft)).status
        if status == "closed" and not draft.reopen:
            raise conversation_closed(draft.conversation_id, draft.sender_type)
        guard = All(self._guard(draft, item), _as_requested(draft, item))
        later = self._behind(attempt, item, found.updated_at)
        return replace(later, status=status, human_requested=found.human_requested is True, guard=guard)

    def _later(self, attempt: _Attempt, last: int) -> _Attempt:
        now = self._clock()
        at = max(now, last + 1)
        return replace(attempt, now=now, at=at, message_id=self._new_id(at))

    def _behind(self, attempt: _Attempt, item: Item, last: int) -> _Attempt:
        now = self._clock()
        at = behind_last(self._store, item, last, now)
        overtaken = last if last >= at else None
        return replace(attempt, now=now, at=at, message_id=self._new_id(at), overtaken=overtaken)

    def _other_key(self, attempt: _Attempt) -> Key:
        key = self._imported_key(attempt.draft.conversation_id)
        if key == attempt.key:
            raise NotTaken(
                f"conversation {shortened(attempt.draft.conversation_id)} was being created just now; try again"
            )
        return key

    def _guard(self, draft: NewMessage, item: Item) -> Condition:
        if draft.if_last is None:
            return All()
        if item.get("last_message_id") == draft.if_last:
            return Equals("last_message_id", draft.if_last)
        newest = newest_message(self._store, draft.conversation_id)
        if "last_message_id" not in item and newest and newest.message_id == draft.if_last:
            return Equals("updated_at", item["updated_at"])  # every message moves it
        if draft.sender_type == "ai":
            # Whoever answers automatically need not be allowed to read what users write.
            told = f"somebody wrote since {shortened(draft.if_last)}, so nothing was sent"
            raise Conflict(f"{told}; an automatic answer is to the last message alone")
        raise written_since(self._store, draft.conversation_id, draft.if_last)


def behind_last(store: Store, item: Item, last: int, now: int) -> int:
    """Return the time (ms) of a change at `now` of a conversation whose `updated_at` is `last`."""
    name = item["conversation_id"]
    return behind(last, now, lambda: [*times_of(store, "conversation", name, item), latest_time(store, name)])


def moves_on(at: int, overtaken: int | None = None) -> Condition:
    """Return the condition that a change at `at` (ms) moves `updated_at` on, or overtakes one that is to come."""
    return Below("updated_at", at) if overtaken is None else Equals("updated_at", overtaken)


def written_since(store: Store, conversation_id: str, last: str) -> WrittenSince:
    """Return the error for a message that came after others than its sender had read, and tell those."""
    new = since_message(store, conversation_id, last)
    shown = "; ".join(f"{m.sender_type} {m.sender_id}: {preview(m.message_text)!r}" for m in new[-3:])
    told = f"{len(new)} new: {shown or 'see the conversation'}"
    refusal = f"somebody wrote since {shortened(last)}, so nothing was sent. {told}"
    if not new:
        return WrittenSince(refusal, new=told, last=None)
    newest = new[-1].message_id
    advice = f"having read them, reply with --if-last {newest} (if_last in the API)"
    return WrittenSince(f"{refusal}; {advice}", new=told, last=newest)


def conversation_closed(one: str, sender_type: str = "admin") -> ConversationClosed:
    """Return the error for a message into a closed conversation; only admins may open it again."""
    name = shortened(one)
    reopening = f"open it with `commercive chat reopen {name}`"
    ways_out = {
        "user": "to start a new one, send without --conversation (conversation_id in the API)",
        "admin": f"reply with --reopen, or {reopening}",
    }
    return ConversationClosed(f"conversation {name} is closed; {ways_out.get(sender_type, reopening)}")


def _answer_item(sent: Sent) -> dict[str, Any]:
    return sent.model_dump(exclude={"success"})


def _message_put(sent: Sent, sender_type: str, sender_id: str, text: str) -> Put:
    message = Message(
        message_id=sent.message_id,
        conversation_id=sent.conversation_id,
        sender_type=sender_type,
        sender_id=sender_id,
        message_text=text,
        created_at=sent.created_at,
        is_read=sender_type not in _COUNTERS,
    )
    return Put(MESSAGES, message.item(), when=Absent())


def _conversation_update(attempt: _Attempt) -> Update:
    draft, at = attempt.draft, attempt.at
    counter = _COUNTERS.get(draft.sender_type)
    requested = {"human_requested": True} if draft.request_human else {}
    state, dropped = _status_change(attempt)
    answered = ends_waiting(draft.sender_type, human_requested=attempt.human_requested)
    as_found = Equals("status", attempt.status)
    owned = Equals("user_id", draft.owner) if draft.owner is not None else All()
    return Update(
        CONVERSATIONS,
        attempt.key,
        set={
            "last_message": preview(draft.text),
            "updated_at": at,
            "last_message_at": at,
            "last_message_id": attempt.message_id,
            **({"waiting_for": WAITING_FOR} if draft.sender_type == "user" else {}),
            **requested,
            **state,
        },
        default={"waiting_since": at} if draft.sender_type == "user" else {},
        add={counter: 1} if counter else {},
        remove=(*dropped, "waiting_since", "waiting_for") if answered else dropped,
        # Every change of a conversation moves `updated_at`, so time increases strictly from message to message.
        when=All(as_found, owned, moves_on(at, attempt.overtaken), attempt.guard),
    )


def _claim_ended(attempt: _Attempt) -> list[Write]:
    """Return the write that ends the claim of whoever is answered now: an answer leaves nobody waiting."""
    draft = attempt.draft
    if draft.sender_type != "admin":
        return []
    if draft.heed_claims:
        return [released_unless_others(draft.conversation_id, draft.sender_id, attempt.now, attempt.no_claim)]
    return [released(draft.conversation_id)]


def _claim_of_other(attempt: _Attempt, failed: ConditionFailed) -> ConversationClaim | None:
    position = attempt.draft.claim_position
    return valid_claim(failed.failures.get(position), attempt.now) if attempt.draft.heed_claims else None


def _no_claim(attempt: _Attempt, failed: ConditionFailed) -> Item | None:
    return failed.failures.get(attempt.draft.claim_position) if attempt.draft.heed_claims else None


def _needed(draft: NewMessage) -> tuple[str, ...]:
    """Return the attribute on which it depends whether a machine's message ends the wait."""
    return ("human_requested",) if draft.sender_type == AI else ()


def _as_requested(draft: NewMessage, item: Item) -> Condition:
    """Return the condition that what a machine's message depends on is as read; at first it is taken for absent."""
    return unchanged(item, *_needed(draft))


def _status_change(attempt: _Attempt) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the attributes to set and to remove for the status that the conversation shall have."""
    if attempt.draft.close:
        return {"status": "closed", "closed_at": attempt.at, "closed_by": attempt.draft.sender_id}, ()
    if attempt.status == "closed":
        return {"status": "open"}, ("closed_at", "closed_by")
    return {}, ()


def _changes(attempt: _Attempt) -> list[AuditEntry]:
    draft, before = attempt.draft, attempt.status
    after = "closed" if draft.close else "open"
    if (before, after) == ("open", "open"):
        return []
    event = "close" if draft.close else "reopen"
    subject, actor = draft.conversation_id, draft.sender_id
    return [AuditEntry("conversation", subject, event, actor, {"status": before}, {"status": after})]
