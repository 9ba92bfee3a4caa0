"""Clients that watch: what a feed tells them must be each thing once, in order, and in the end everything."""

from dataclasses import dataclass, field

from commercive_cli.domain.answers.changes import Change
from commercive_cli.services.chat.feeds import Feed, FeedService
from tests.proof.books import Books, Violation

_CLOCKS_DIFFER_MS = 60_000


@dataclass
class Watch:
    """What one client watches: all conversations, those of `ids` or those that `holder` holds; and what it was told.

    It goes on from the cursor of the last thing that it was told, as a program does that was started again.
    """

    ids: tuple[str, ...] = ()
    holder: str | None = None
    cursor: str | None = None
    began: int = -1
    feed: Feed | None = None
    messages: dict[str, int] = field(default_factory=dict)
    """The messages that were told, with their times."""
    latest: dict[str, int] = field(default_factory=dict)
    """The time of the last message that was told of each conversation."""
    closed: set[tuple[str, int]] = field(default_factory=set)

    def poll(self, feeds: FeedService, books: Books) -> int:
        """Look for news once, and return how much there was."""
        if self.feed is None:
            self.feed = self._opened(feeds)
            if self.cursor is None:
                self.began = books.moment
            self.cursor = self.feed.cursor
        count = 0
        for change in self.feed.poll():
            self._tell(change, books)
            self.cursor = change.cursor
            count += 1
        self.cursor = self.feed.cursor
        return count

    def _opened(self, feeds: FeedService) -> Feed:
        if self.holder is not None:
            return feeds.held(self.holder, self.cursor)
        return feeds.threads(self.ids, self.cursor) if self.ids else feeds.whole(self.cursor)

    def _tell(self, change: Change, books: Books) -> None:
        message, conversation = change.message, change.conversation
        if conversation is not None and change.event == "closed":
            self.closed.add((conversation.conversation_id, change.at or 0))
        if message is None:
            return
        name = message.conversation_id
        # A feed of what somebody holds begins anew with each claim, at what was last seen before that.
        begins_anew = self.holder is not None
        if message.message_id in self.messages and not begins_anew:
            raise Violation("feed-repeated", f"{message.message_text!r}")
        if message.message_id not in books.came:
            raise Violation("feed-untrue", f"{message.message_text!r} was told and never written")
        if message.created_at <= self.latest.get(name, -1) and not begins_anew:
            raise Violation("feed-out-of-order", f"{message.message_text!r}")
        self.messages[message.message_id] = self.latest[name] = message.created_at

    def check(self, books: Books, now: int) -> None:
        """Raise Violation unless everything was told that happened since the watch began, or since it was held."""
        for name, thread in books.threads.items():
            since = self._watched_since(name, books, now)
            if since is None:
                continue
            for each in thread:
                is_news = books.came[each["message_id"]] > since
                if is_news and each["message_id"] not in self.messages:
                    raise Violation("feed-missed", f"{each['message_text']!r} was not told")
            *_, (moment, last) = books.conversations.of(name)
            closing = last["status"] == "closed" and books.changed_at(name) > since and self.holder is None
            if closing and (name, last["closed_at"]) not in self.closed:
                raise Violation("feed-missed", f"at moment {moment} it was closed, which was not told")

    def _watched_since(self, name: str, books: Books, now: int) -> int | None:
        """Return the moment since which a conversation was watched up to the end, None when it was not."""
        if self.holder is None:
            return self.began if not self.ids or name in self.ids else None
        since = None
        for moment, claim in books.claims.of(name):
            holds = claim is not None and claim["holder"] == self.holder and claim["until"] > now + _CLOCKS_DIFFER_MS
            since = None if not holds else moment if since is None else since
        return since if since is not None and since > self.began else None
