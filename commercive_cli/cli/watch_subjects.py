"""What `chat watch` watches: its feed, the line that watches the same, and what people see of it."""

import shlex
from dataclasses import dataclass

from commercive_cli.bootstrap import Services
from commercive_cli.cli.render.watch_view import LAST_TURNS, LogScreen, ThreadScreen, WatchScreen
from commercive_cli.cli.session import Session
from commercive_cli.services.chat.feeds import Feed
from commercive_cli.services.chat.thread_feed import ThreadsFeed


@dataclass(frozen=True)
class Subject:
    """Conversations by their `names`, those that the acting user holds, what waits, or else all."""

    session: Session
    services: Services
    names: tuple[str, ...] = ()
    mine: bool = False
    waiting: bool = False

    def feed(self, cursor: str | None) -> Feed:
        """Return the feed from now on, or from a cursor on."""
        feeds = self.services.feeds
        if self.names:
            return feeds.threads(self.names, cursor)
        return feeds.held(self.session.actor, cursor) if self.mine else feeds.whole(cursor, waiting=self.waiting)

    def line(self) -> str:
        """Return the command line that watches the same."""
        flags = ["--mine"] if self.mine else ["--waiting"] if self.waiting else []
        return shlex.join(["commercive", *self.session.options.words(), "chat", "watch", *self.names, *flags])

    def screen(self, feed: Feed, cursor: str | None) -> WatchScreen:
        """Return what people see: of one conversation its thread, which without a cursor begins with its last turns."""
        if len(self.names) == 1 and isinstance(feed, ThreadsFeed):
            thread = self.services.desk_reader.show(self.names[0], tail=LAST_TURNS)
            self.session.log_access(thread)
            name = thread.conversation.conversation_id
            before = [each for each in thread.messages if cursor is None and feed.has_told(name, each.created_at)]
            self.session.saw(name, before)
            return ThreadScreen(thread.model_copy(update={"messages": before}))
        return LogScreen(f"Watching {self._what()}, as {self.session.actor}. Ctrl-C ends it.", queue=self.waiting)

    def _what(self) -> str:
        if self.names:
            return f"{len(self.names)} conversations"
        return "what you hold" if self.mine else "what waits" if self.waiting else "all conversations"
