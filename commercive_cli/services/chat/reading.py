"""Reads conversations: lists of them, one of them, and one with its messages."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from commercive_cli.domain.answers.threads import Conversations, Thread
from commercive_cli.domain.choices import choose
from commercive_cli.domain.clock import Clock, system_clock
from commercive_cli.domain.errors import NotFound
from commercive_cli.domain.limits import DEFAULT_LIMIT, LONGEST_TAIL
from commercive_cli.domain.models import CONVERSATION_STATUSES, Conversation
from commercive_cli.domain.quoting import shortened
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.access.paging import IndexQuery, check_limit, read_page, stream_items
from commercive_cli.services.access.stored_ids import StoredIds
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.messages import MessageQuery, read_messages, read_tail
from commercive_cli.services.chat.waiting_index import read_waiting
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS

SORTS = ("recent", "waiting")


@dataclass(frozen=True)
class ConversationReader:
    """What users and admins see of conversations. Times are milliseconds; ids are up to 128 characters."""

    store: Store
    clock: Clock = system_clock

    @cached_property
    def _ids(self) -> StoredIds:
        return StoredIds(self.store)

    def conversations(self, user_id: str, *, limit: int | None = None, cursor: str | None = None) -> Conversations:
        """Return a user's conversations, newest first: all of them, or a page of `limit` (1-500)."""
        feed = IndexQuery(CONVERSATIONS, "UserConversationsIndex", (self._ids.user(user_id),))
        found, more = read_page(self.store, feed, Conversation, limit=check_limit(limit), cursor=cursor)
        return Conversations(conversations=found, next_cursor=more)

    def list_conversations(
        self, wanted: ConversationFilter, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Conversations:
        """Return a page of 1-500 conversations for admins, newest first or longest waiting for an answer first."""
        wanted = self.checked(wanted)
        check_limit(limit)
        if wanted.sort == "waiting":
            page = read_waiting(self.store, wanted, limit, cursor, self.clock())
            return Conversations(conversations=page.conversations, next_cursor=page.next_cursor)
        keep = wanted.keeps if wanted.looks_within else None
        found, more = read_page(self.store, wanted.feed(), Conversation, limit=limit, cursor=cursor, keep=keep)
        return Conversations(conversations=found, next_cursor=more)

    def stream_conversations(self, wanted: ConversationFilter) -> Iterator[Conversation]:
        """Yield every conversation that passes the filter, newest first, in constant memory."""
        wanted = self.checked(wanted)
        return filter(wanted.keeps, map(Conversation.of, stream_items(self.store, wanted.feed())))

    def conversation(self, conversation_id: str, *, owner: str | None = None) -> Conversation:
        """Return one conversation; raise NotFound when there is none, or it is not `owner`'s."""
        item = find_by_id(self.store, CONVERSATIONS, self._ids.conversation(conversation_id))
        found = None if item is None else Conversation.of(item)
        if found is None or owner not in (None, found.user_id):
            raise conversation_not_found(conversation_id)
        return found

    def show(self, conversation_id: str, *, tail: int | None = None, since: int | None = None) -> Thread:
        """Return a conversation with its messages: all, those after `since` (ms), or the last `tail` of them."""
        conversation = self.conversation(conversation_id)
        if tail is None:
            messages = read_messages(self.store, MessageQuery(conversation.conversation_id, since))[0]
        else:
            check_limit(tail, LONGEST_TAIL)
            messages = read_tail(self.store, conversation.conversation_id, tail, since)
        return Thread(conversation=conversation, messages=messages)

    def checked(self, wanted: ConversationFilter) -> ConversationFilter:
        """Return the filter with the user's id as it is stored; raise Invalid for words that it does not have."""
        choose(wanted.status, (*CONVERSATION_STATUSES, "all"), "status")
        choose(wanted.sort, SORTS, "sort")
        return wanted if wanted.user_id is None else replace(wanted, user_id=self._ids.user(wanted.user_id))


def conversation_not_found(conversation_id: str) -> NotFound:
    """Return the error for an unknown conversation, and for one that belongs to somebody else."""
    return NotFound(f"there is no conversation {shortened(conversation_id)}")
