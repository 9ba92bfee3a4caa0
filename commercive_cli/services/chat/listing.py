"""The filter of conversation lists, and the index partitions that a list is read from."""

from dataclasses import dataclass

from commercive_cli.domain.models import CONVERSATION_STATUSES, Conversation
from commercive_cli.domain.text import alike, normal_store_url
from commercive_cli.services.access.paging import IndexQuery, check_span
from commercive_cli.store.schema import CONVERSATIONS


@dataclass(frozen=True)
class ConversationFilter:
    """Which conversations an admin lists. `status` is open, closed or all; `sort` is recent or waiting.

    `store_url` is compared by its host. `since` and `until` (ms, inclusive) are about the last change. `search` is
    looked for in shop, user id and last message, as far as lists show that, in any case.
    """

    status: str = "all"
    user_id: str | None = None
    store_url: str | None = None
    unread: bool = False
    sort: str = "recent"
    search: str | None = None
    since: int | None = None
    until: int | None = None

    def __post_init__(self) -> None:
        check_span(self.since, self.until)

    @property
    def looks_within(self) -> bool:
        """Return whether there is a filter that no index answers, so that some of what is read may not pass."""
        by_user = self.user_id is not None and self.status != "all"
        return by_user or self.unread or self.store_url is not None or self.search is not None

    def keeps(self, conversation: Conversation) -> bool:
        """Return whether the conversation passes the filters that no index answers."""
        return (
            self.status in ("all", conversation.status)
            and self.user_id in (None, conversation.user_id)
            and (self.store_url is None or _is_shop(self.store_url, conversation.store_url))
            and (not self.unread or conversation.unread_admin > 0)
            and (self.since or 0) <= conversation.updated_at
            and (self.until is None or conversation.updated_at <= self.until)
            and (self.search is None or _holds(conversation, alike(self.search)))
        )

    def feed(self) -> IndexQuery:
        """Return the index partitions that hold these conversations."""
        index, partitions = self._partitions()
        since = None if self.since is None else self.since - 1
        return IndexQuery(CONVERSATIONS, index, partitions, since, self.until, label=repr(self))

    def _partitions(self) -> tuple[str, tuple[str, ...]]:
        if self.user_id is not None:
            return "UserConversationsIndex", (self.user_id,)
        statuses = CONVERSATION_STATUSES if self.status == "all" else (self.status,)
        return "ConversationStatusIndex", tuple(statuses)


def _is_shop(wanted: str, store_url: str) -> bool:
    return normal_store_url(wanted) == normal_store_url(store_url)


def _holds(conversation: Conversation, words: str) -> bool:
    return any(
        words in alike(text) for text in (conversation.store_url, conversation.user_id, conversation.last_message)
    )
