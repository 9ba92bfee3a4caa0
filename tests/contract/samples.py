"""Small items of the tables, and functions that read whole listings."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Page, Query, Store
from commercive_cli.store.schema import MESSAGES

_MOST_PAGES = 1_000


def message(partition: str, message_id: str = "m", **attributes: Any) -> Item:
    return {"conversation_id": partition, "message_id": message_id, **attributes}


def message_key(partition: str, message_id: str = "m") -> Key:
    return {"conversation_id": partition, "message_id": message_id}


def lead(partition: str, created_at: int = 1, **attributes: Any) -> Item:
    return {"lead_id": partition, "created_at": created_at, **attributes}


def read(store: Store, partition: str, message_id: str = "m") -> Item | None:
    return store.get(MESSAGES, message_key(partition, message_id))


def pages(store: Store, query: Query) -> Iterator[Page]:
    """Yield every page of a query, the empty ones too."""
    return _all_pages(lambda start: store.query(replace(query, start=start)))


def everything(store: Store, query: Query) -> list[Item]:
    """Return the items of all pages of a query."""
    return [item for page in pages(store, query) for item in page.items]


def _all_pages(read_page: Callable[[Key | None], Page]) -> Iterator[Page]:
    page = read_page(None)
    yield page
    for _ in range(_MOST_PAGES):
        if page.next is None:
            return
        page = read_page(page.next)
        yield page
    raise AssertionError("the listing does not end")
