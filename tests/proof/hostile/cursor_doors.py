"""The door of cursors: of every listing and feed, forged with a right checksum, damaged, or of another listing."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from commercive_cli.bootstrap import Services
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.access.paging import IndexQuery
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.messages import MessageQuery
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.store.cursor import encode_cursor
from commercive_cli.store.schema import CONVERSATIONS
from tests.api.world import services_over
from tests.e2e.embedded import make_file
from tests.proof.hostile.door import Door, Room
from tests.proof.hostile.home import scratch
from tests.proof.hostile.odd import TEXTS, VALUES, json_of, paths_in, replaced
from tests.services.access.test_odd_cursors import wrong_field
from tests.services.audit import world as happened
from tests.services.fakes import ManualClock

Read = Callable[[str | None], Any]
_OPEN, _SPAN = ConversationFilter("open"), ConversationFilter("all", since=1_000, until=10**13)
_WAITING, _LEADS = ConversationFilter("open", sort="waiting"), LeadFilter("all")


def _reads(services: Services, there: happened.World) -> dict[str, tuple[str, Read]]:
    """Return of each listing its description, and how its next page is read; of feeds, how what is new is."""
    chat, feeds, target = services.chat, services.feeds, services.store.target

    def feed(*words: str) -> str:
        return json.dumps(["watch", target, *words])

    return {
        "user": (
            IndexQuery(CONVERSATIONS, "UserConversationsIndex", ("user-3",)).listing,
            lambda cursor: chat.conversations("user-3", limit=1, cursor=cursor).next_cursor,
        ),
        "open": (_OPEN.feed().listing, lambda at: chat.list_conversations(_OPEN, limit=1, cursor=at).next_cursor),
        "span": (_SPAN.feed().listing, lambda at: chat.list_conversations(_SPAN, limit=1, cursor=at).next_cursor),
        "waiting": (
            f"waiting|{_WAITING}",
            lambda at: chat.list_conversations(_WAITING, limit=1, cursor=at).next_cursor,
        ),
        "held": (
            f"held|admin-1|{_OPEN}",
            lambda at: services.desk.list_conversations(_OPEN, holder="admin-1", limit=1, cursor=at).next_cursor,
        ),
        "messages": (
            MessageQuery(there.open).listing,
            lambda at: chat.messages(there.open, limit=1, cursor=at).next_cursor,
        ),
        "legacy": (
            MessageQuery(happened.LEGACY).listing,
            lambda at: chat.messages(happened.LEGACY, limit=1, cursor=at).next_cursor,
        ),
        "leads": (_LEADS.feed().listing, lambda at: services.leads.list_leads(_LEADS, limit=1, cursor=at).next_cursor),
        "affiliates": ("affiliates", lambda at: services.affiliates.list_affiliates(limit=1, cursor=at).next_cursor),
        "threads": (feed("threads", there.open), lambda at: _told(feeds.threads([there.open], at))),
        "all": (feed("all"), lambda at: _told(feeds.whole(at))),
        "queue": (feed("waiting"), lambda at: _told(feeds.whole(at, waiting=True))),
        "mine": (feed("held", "admin-1"), lambda at: _told(feeds.held("admin-1", at))),
    }


def _told(feed: Any) -> str:
    """Let a feed tell what is new, and return where it is then."""
    list(feed.poll())
    return str(feed.cursor)


def _cursors(reads: dict[str, tuple[str, Read]]) -> st.SearchStrategy[tuple[str, str]]:
    sound = {name: str(read(None)) for name, (_, read) in reads.items()}
    listings = {name: listing for name, (listing, _) in reads.items()}

    def of(name: str) -> st.SearchStrategy[tuple[str, str]]:
        position = json.loads(base64.urlsafe_b64decode(sound[name] + "=" * (-len(sound[name]) % 4))[8:])
        assert encode_cursor(listings[name], position) == sound[name], "the listing is another one"
        odd = VALUES | st.integers(-1, 2**64) | TEXTS
        forged = st.builds(replaced, st.just(position), st.sampled_from(list(paths_in(position))), odd)
        twice = forged.flatmap(
            lambda once: st.builds(replaced, st.just(once), st.sampled_from(list(paths_in(once))), odd)
        )
        whole = (forged | forged | twice | VALUES).map(lambda each: _encoded(listings[name], each))
        others = st.sampled_from(sorted(sound.values()))
        return st.tuples(
            st.just(name), whole | whole | whole | others | TEXTS | st.builds(lambda a, b: a[:9] + b, others, TEXTS)
        )

    return st.sampled_from(sorted(reads)).flatmap(of)


def _encoded(listing: str, position: Any) -> str:
    return encode_cursor(listing, json.loads(json_of(position)))


@contextmanager
def cursors() -> Iterator[Room]:
    """Open all that reads cursors."""
    with scratch() as directory:
        path = Path(directory) / "store.db"
        make_file(path)
        with closing(SQLiteStore(path)) as store:
            clock = ManualClock()
            there = happened.made(store, clock)
            services = services_over(store, clock)
            for one in (there.open, there.answered):
                services.desk.claim(one, "admin-1")
            reads = _reads(services, there)

            def attempt(given: tuple[str, str]) -> None:
                name, cursor = given
                assert wrong_field(partial(reads[name][1], cursor)) in (None, "cursor")

            yield Room(_cursors(reads), attempt)


DOORS = (
    Door("cursors", "whatever stands in a cursor, it is read as one or refused as one", cursors, batch=100, few=60),
)
