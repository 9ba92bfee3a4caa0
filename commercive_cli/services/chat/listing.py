"""The filter of conversation lists, and the index partitions that a list is read from."""

from dataclasses import dataclass

from commercive_cli.domain.models import CONVERSATION_STATUSES, Conversation
from commercive_cli.domain.text import normal_store_url
from commercive_cli.services.access.paging import IndexQuery
from commercive_cli.store.schema import CONVERSATIONS


@dataclass(frozen=True)
class ConversationFilter:
    """Which conversations an admin lists. `status` is open, closed or all; `sort` is recent or waiting.

    `store_url` is compared by its host.
    """

    status: str = "all"
    user_id: str | None = None
    store_url: str | None = None
    unread: bool = False
    sort: str = "recent"

    def keeps(self, conversation: Conversation) -> bool:
        """Return whether the conversation passes the filters that no index answers."""
        return (
            self.status in ("all", conversation.status)
            and self.user_id in (None, conversation.user_id)
            and (self.store_url is None or _is_shop(self.store_url, conversation.store_url))
            and (not self.unread or conversation.unread_admin > 0)
        )

    def feed(self) -> IndexQuery:
        """Return the index partitions that hold these conversations."""
        if self.user_id is not None:
            return IndexQuery(CONVERSATIONS, "UserConversationsIndex", (self.user_id,), label=repr(self))
        statuses = CONVERSATION_STATUSES if self.status == "all" else (self.status,)
        return IndexQuery(CONVERSATIONS, "ConversationStatusIndex", tuple(statuses), label=repr(self))


def _is_shop(wanted: str, store_url: str) -> bool:
    return normal_store_url(wanted) == normal_store_url(store_url)
