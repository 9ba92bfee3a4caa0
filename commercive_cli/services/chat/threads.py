"""Reads many conversations with their messages, one after the other; the pages of the next ones are read ahead."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from commercive_cli.domain.models import Conversation, Message, Note
from commercive_cli.domain.workers import Workers
from commercive_cli.services.chat.messages import MessageQuery, is_native, read_messages
from commercive_cli.services.chat.notes import read_notes
from commercive_cli.store.items import Item
from commercive_cli.store.pages import pages, query_pages
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES

READ_AHEAD = 4
"""Conversations whose first page is read while an earlier one is looked at, where a network lies between."""

Opened = TypeVar("Opened")


def scan_conversations(store: Store) -> Iterator[Conversation]:
    """Yield every conversation once, in no promised order, strongly consistent, with one page in memory.

    An index would be read in order, but whatever changes meanwhile takes another place in it, and would be missed.
    """
    for page in pages(lambda start: store.scan(CONVERSATIONS, start=start)):
        yield from map(Conversation.of, page.items)


def stream_threads(
    store: Store, conversations: Iterable[Conversation], opened: Callable[[Store, str], Opened]
) -> Iterator[tuple[Conversation, Opened]]:
    """Yield each conversation with what `opened` reads of it, such as its messages, in the order given."""
    if store.scans_at_once == 1:  # a file is read at once, and threads would wait for Python's lock
        yield from ((each, opened(store, each.conversation_id)) for each in conversations)
        return
    ahead: deque[tuple[Conversation, Future[Opened]]] = deque()
    with Workers(READ_AHEAD) as pool:
        for conversation in conversations:
            ahead.append((conversation, pool.submit(partial(opened, store, conversation.conversation_id))))
            if len(ahead) > READ_AHEAD:
                yield _next(ahead)
        while ahead:
            yield _next(ahead)


def _next(ahead: deque[tuple[Conversation, Future[Opened]]]) -> tuple[Conversation, Opened]:
    conversation, reading = ahead.popleft()
    return conversation, reading.result()


def open_messages(store: Store, conversation_id: str) -> Iterator[Message]:
    """Return the messages of a conversation, oldest first; the first page, or all of an imported one, is read at once.

    A conversation that this program made is read page by page, so that its length takes no memory. An imported one,
    whose messages have to be sorted, is held whole.
    """
    if not is_native(conversation_id):
        return iter(read_messages(store, MessageQuery(conversation_id))[0])
    following = query_pages(store, Query(MESSAGES, conversation_id))
    first: list[Item] = next(following).items
    rest: Iterator[Any] = (item for page in following for item in page.items)
    return map(Message.of, chain(first, rest))


def open_both(store: Store, conversation_id: str) -> tuple[Iterator[Message], list[Note]]:
    """Return the messages of a conversation and the notes about it, each oldest first."""
    return open_messages(store, conversation_id), list(read_notes(store, conversation_id))
