"""Support chat: conversations and messages, as users and admins read, write, close and reopen them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import attrgetter

from commercive_cli.domain.answers.chat import ConversationChanged, MarkedRead, Sent, UserMessageSent
from commercive_cli.domain.answers.history import History
from commercive_cli.domain.answers.threads import Messages, Thread
from commercive_cli.domain.choices import choose
from commercive_cli.domain.clock import CLOCKS_DIFFER_MS
from commercive_cli.domain.errors import Conflict, NotFound, NotTaken
from commercive_cli.domain.ids import NewId, new_id
from commercive_cli.domain.models import (
    AI_SENDER,
    SENDER_TYPES,
    WAITING_FOR,
    Conversation,
    ConversationStatus,
    Message,
)
from commercive_cli.domain.quoting import shortened
from commercive_cli.domain.text import actor_id, message_text, store_url
from commercive_cli.services.access.contention import TRIES
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.access.paging import check_limit
from commercive_cli.services.access.parallel import Both, both
from commercive_cli.services.access.scan import OnItems, ignore_items
from commercive_cli.services.chat.claims import DESK, held_by_other, read_claim, released
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.mark_read import READ_SIDES, ReadMarker
from commercive_cli.services.chat.messages import MessageQuery, latest_time, newest_message, read_messages
from commercive_cli.services.chat.reading import ConversationReader, conversation_not_found
from commercive_cli.services.chat.sending import (
    STEAL,
    MessageSender,
    NewMessage,
    behind_last,
    conversation_closed,
    moves_on,
    written_since,
)
from commercive_cli.services.records.audit_log import AuditEntry, read_audit_log
from commercive_cli.services.records.idempotency import (
    NO_GUARD,
    KeyedRequest,
    earlier_claim,
    keyed,
    nothing_to_do,
    once,
    write_once,
)
from commercive_cli.services.records.rate_limits import UNLIMITED, Limits
from commercive_cli.store.items import Key
from commercive_cli.store.port import ConditionFailed
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES
from commercive_cli.store.writes import All, Condition, Equals, Missing, Update, Write, unchanged

_ACTIONS: dict[ConversationStatus, str] = {"closed": "chat/close", "open": "chat/reopen"}
"""The action that gives a conversation a status."""


@dataclass(frozen=True)
class ChatService(ConversationReader):
    """The operations of users and admins on conversations. Times are milliseconds; ids are up to 128 characters.

    `side_by_side` makes two reads of which neither has to wait for the other.
    """

    new_id: NewId = new_id
    side_by_side: Both = both
    _sender: MessageSender = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sender", MessageSender(self.store, self.clock, self.new_id))

    def idle(
        self, since: int, last_from: str | None = None, *, on_items: OnItems = ignore_items
    ) -> Iterator[Conversation]:
        """Yield open conversations without a message since `since` (ms), whose last message came from `last_from`."""
        side = None if last_from is None else choose(last_from, SENDER_TYPES, "last-from")
        for conversation in self.stream_conversations(ConversationFilter("open")):
            on_items(1)
            if self._last_message_at(conversation) < since and side in (None, self._last_sender(conversation)):
                yield conversation

    def messages(
        self,
        conversation_id: str,
        *,
        since: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        owner: str | None = None,
    ) -> Messages:
        """Return messages oldest first: all, those after `since` (ms), or a page of `limit` (1-500).

        With `owner`, the conversation must be that user's; it is read in parallel with the messages.
        """
        wanted = MessageQuery(self._ids.conversation(conversation_id), since, check_limit(limit), cursor)
        if owner is None:
            messages, more = read_messages(self.store, wanted)
        else:
            _, (messages, more) = self.side_by_side(
                lambda: self.conversation(wanted.conversation_id, owner=owner),
                lambda: read_messages(self.store, wanted),
            )
        if not messages and since is None and cursor is None:
            raise conversation_not_found(conversation_id)
        latest = messages[-1].created_at if messages else since
        return Messages(messages=messages, next_cursor=more, latest=latest)

    def send(
        self,
        user_id: str,
        message: str,
        *,
        store: str = "",
        conversation_id: str | None = None,
        request_human: bool = False,
        key: str | None = None,
        limits: Limits = UNLIMITED,
    ) -> UserMessageSent:
        """Store a user's message, in a conversation of theirs that is open, or as the first of a new one.

        `request_human` marks the conversation as one that automatic answers do not settle. A repeated `key` (7 days)
        gets the first answer, also at one of the `limits`. Raises NotFound, Conflict when closed, Invalid, TooMany.
        """
        user, text = self._ids.user(user_id), message_text(message)
        target = None if conversation_id is None else self._ids.conversation(conversation_id)
        shop = store_url(store) if target is None else ""  # a conversation that is there has its shop
        asked = ("request_human",) if request_human else ()  # keys of messages without it keep their meaning
        request = keyed("chat/send", user, key, target, None if target else shop, text, *asked)
        if target is None:
            sent = self._sender.start(user, shop, text, request, request_human=request_human, limits=limits)
        else:
            draft = NewMessage(target, "user", user, text, owner=user, request_human=request_human, request=request)
            sent = self._sender.post(replace(draft, limits=limits))
        return UserMessageSent(**sent.model_dump(), is_new_conversation=target is None)

    def reply(
        self,
        conversation_id: str,
        admin_id: str,
        message: str,
        *,
        if_last: str | None = None,
        reopen: bool = False,
        close: bool = False,
        heed_claims: bool = False,
        key: str | None = None,
    ) -> Sent:
        """Store an admin's reply in an open conversation, and end the claim of whoever holds it.

        With `if_last`, raises Conflict when the last message is another one; with `heed_claims`, when somebody else
        holds the conversation. `reopen` allows a closed conversation and opens it; `close` closes it with the same
        write. A repetition with `key` within 7 days returns the first answer.
        """
        target, admin = self._ids.conversation(conversation_id), actor_id(admin_id, "admin_id")
        text = message_text(message)
        last = None if if_last is None else self._ids.message(target, if_last, "if_last")
        request = keyed("chat/reply", admin, key, target, NO_GUARD, f"{reopen:d}{close:d}", text)
        draft = NewMessage(target, "admin", admin, text, if_last=last, reopen=reopen, close=close, request=request)
        return self._sender.post(replace(draft, heed_claims=heed_claims))

    def before_reply(
        self,
        conversation_id: str,
        *,
        tail: int,
        if_last: str | None = None,
        reopen: bool = False,
        heeding: str | None = None,
    ) -> Thread:
        """Return a conversation with its last `tail` messages; raise what a reply to it would raise now.

        `heeding` is the admin who would answer, if they heed the claims of others.
        """
        thread = self.show(conversation_id, tail=tail)
        if heeding is not None:
            self._check_free(thread.conversation.conversation_id, actor_id(heeding, "admin_id"))
        if thread.conversation.status == "closed" and not reopen:
            raise conversation_closed(conversation_id)
        if if_last is not None and if_last not in [message.message_id for message in thread.messages[-1:]]:
            raise written_since(self.store, conversation_id, if_last)
        return thread

    def _check_free(self, conversation_id: str, admin: str) -> None:
        at = self.clock()
        claim = read_claim(self.store, conversation_id, at).valid
        if claim is not None and claim.holder != admin:
            raise held_by_other(claim, at, STEAL)

    def reply_with_key(self, conversation_id: str, admin_id: str, key: str) -> Message | None:
        """Return the reply that an admin sent with a key in the last 7 days, None when none came through."""
        request = KeyedRequest("chat/reply", admin_id, key, ())
        claim = earlier_claim(self.store, self.clock(), request)
        if claim is None:
            return None
        message_id = request.answer_in(claim, Sent).message_id
        item = self.store.get(MESSAGES, {"conversation_id": conversation_id, "message_id": message_id})
        return None if item is None else Message.of(item)

    def answer(self, conversation_id: str, message: str, *, if_last: str, key: str | None = None) -> Sent:
        """Store an automatic answer in an open conversation whose last message is `if_last`.

        It counts as unread nowhere, and ends the user's wait unless the user has asked for a person. A repeated `key`
        (7 days) gets the first answer.
        """
        target, text = self._ids.conversation(conversation_id), message_text(message)
        last = self._ids.message(target, if_last, "if_last")
        request = keyed("chat/answer", AI_SENDER, key, target, NO_GUARD, text)
        return self._sender.post(NewMessage(target, "ai", AI_SENDER, text, if_last=last, request=request))

    def mark_shown(self, thread: Thread) -> MarkedRead:
        """Mark the user's messages read for admins, up to the last one of a thread that `show` returned."""
        return ReadMarker(self.store, self.clock, READ_SIDES["admin"]).mark(thread.conversation)

    def mark_read(
        self,
        conversation_id: str,
        reader: str,
        *,
        owner: str | None = None,
        up_to: str | None = None,
        actor: str | None = None,
        key: str | None = None,
        limits: Limits = UNLIMITED,
    ) -> MarkedRead:
        """Mark the other side's messages read for `reader` (user or admin); later messages stay unread.

        `up_to` is the id of the last message that the reader saw: those behind it stay unread, too. A repeated `key` of
        an `actor` (7 days) gets the first answer; with a key the request is counted in the `limits`.
        """
        side = READ_SIDES[choose(reader, SENDER_TYPES, "reader_type")]
        target = self._ids.conversation(conversation_id)
        last = None if up_to is None else self._ids.message(target, up_to, "up_to")
        request = keyed("chat/mark-read", actor or reader, key, target, reader, last)

        def mark() -> MarkedRead:
            conversation = self.conversation(target, owner=owner)
            seen = None if last is None else self._message(target, last)
            return ReadMarker(self.store, self.clock, side, request, limits).mark(conversation, seen)

        return once(self.store, self.clock, request, MarkedRead, mark)

    def close(
        self, conversation_id: str, actor: str, *, as_of: int | None = None, key: str | None = None
    ) -> ConversationChanged:
        """Close a conversation; `changed` is False when it was already closed.

        `as_of` is the `updated_at` (ms) that the admin saw; raises Conflict when the conversation changed since. A
        repeated `key` (7 days) gets the first answer.
        """
        return self._set_status(conversation_id, "closed", actor, as_of, key)

    def reopen(self, conversation_id: str, actor: str, *, key: str | None = None) -> ConversationChanged:
        """Open a closed conversation again; `changed` is False when it was open already.

        A repeated `key` (7 days) gets the first answer.
        """
        return self._set_status(conversation_id, "open", actor, None, key)

    def history(self, conversation_id: str) -> History:
        """Return the audit rows of a conversation, oldest first: its states, who held it, and who archived it.

        They stay when the conversation is gone. Raises NotFound when there is neither.
        """
        target = self._ids.conversation(conversation_id)
        trails = (read_audit_log(self.store, kind, target) for kind in ("conversation", DESK))
        history = sorted(chain(*trails), key=attrgetter("at"))
        if not history:
            self.conversation(target)
        return History(history=history)

    def _last_message_at(self, conversation: Conversation) -> int:
        """Return since when (ms) nobody wrote; what is still to come does not tell it, then the messages do."""
        told = conversation.last_message_at or conversation.updated_at
        if told <= self.clock() + CLOCKS_DIFFER_MS:
            return told
        return latest_time(self.store, conversation.conversation_id) or conversation.created_at

    def _last_sender(self, conversation: Conversation) -> str | None:
        if conversation.last_message_at is not None:
            return "user" if conversation.waiting_since is not None else "admin"
        newest = newest_message(self.store, conversation.conversation_id)
        return newest.sender_type if newest else None

    def _message(self, conversation_id: str, message_id: str) -> Message:
        """Return the message; an id that is none could lie behind every message, and have all of them marked."""
        item = self.store.get(MESSAGES, {"conversation_id": conversation_id, "message_id": message_id})
        if item is None:
            where = f"conversation {shortened(conversation_id)}"
            raise NotFound(f"there is no message {shortened(message_id)} in {where}; nothing was marked")
        return Message.of(item)

    def _set_status(
        self, conversation_id: str, status: ConversationStatus, actor: str, as_of: int | None, key: str | None
    ) -> ConversationChanged:
        target, by = self._ids.conversation(conversation_id), actor_id(actor)
        request = keyed(_ACTIONS[status], by, key, target, NO_GUARD)
        return once(
            self.store,
            self.clock,
            request,
            ConversationChanged,
            lambda: self._with_status(target, status, by, as_of, request),
        )

    def _with_status(
        self, target: str, status: ConversationStatus, by: str, as_of: int | None, request: KeyedRequest | None
    ) -> ConversationChanged:
        changed = ConversationChanged(conversation_id=target, status=status, changed=True)
        key, at, waits = self._sender.key_of(target), self.clock(), False
        # Whether a user waits again in what is reopened, the conversation tells; mostly none does.
        guard: Condition = Missing("waiting_since") if status == "open" else All()
        moved = moves_on(at)
        for _ in range(TRIES):
            try:
                writes = self._status_writes(key, status, by, at, All(moved, guard, _as_seen(as_of)), waits=waits)
                write_once(self.store, request, self.clock(), changed, *writes)
            except ConditionFailed as failed:
                item = failed.failures.get(0) or find_by_id(self.store, CONVERSATIONS, target)
            else:
                return changed
            if item is None:
                raise conversation_not_found(target)
            found = Conversation.of(item).require("status", "updated_at", "created_at", "waiting_since")
            if found.status == status:
                return nothing_to_do(self.store, request, self.clock(), changed.model_copy(update={"changed": False}))
            if as_of not in (None, found.updated_at):
                raise Conflict(f"conversation {shortened(target)} changed since; it stays {found.status}")
            key, at = CONVERSATIONS.key_of(item), behind_last(self.store, item, found.updated_at, self.clock())
            moved = moves_on(at, found.updated_at if found.updated_at >= at else None)
            if status == "open":
                waits, guard = found.waiting_since is not None, unchanged(item, "waiting_since")
        raise NotTaken(f"conversation {shortened(target)} is changing too fast; nothing was written, try again")

    def _status_writes(
        self, key: Key, status: ConversationStatus, actor: str, at: int, guard: All, *, waits: bool
    ) -> tuple[Write, ...]:
        before = "open" if status == "closed" else "closed"
        closed = {"closed_at": at, "closed_by": actor} if status == "closed" else {}
        waiting = {"waiting_for": WAITING_FOR} if waits else {}
        change = AuditEntry(
            "conversation",
            key["conversation_id"],
            "close" if closed else "reopen",
            actor,
            {"status": before},
            {"status": status},
        )
        return (
            Update(
                CONVERSATIONS,
                key,
                set={"status": status, "updated_at": at, **closed, **waiting},
                remove=("waiting_for",) if closed else ("closed_at", "closed_by"),
                when=All(Equals("status", before), guard),
            ),
            change.row(at, self.new_id),
            *([released(key["conversation_id"])] if closed else []),
        )


def _as_seen(as_of: int | None) -> Condition:
    return All() if as_of is None else Equals("updated_at", as_of)
