"""Small items of the tables, and how the tests read all of a listing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Page, Query, Store
from commercive_cli.store.schema import MESSAGES

_MOST_PAGES = 1_000


def message(place: str, message_id: str = "m", **attributes: Any) -> Item:
    return {"conversation_id": place, "message_id": message_id, **attributes}


def message_key(place: str, message_id: str = "m") -> Key:
    return {"conversation_id": place, "message_id": message_id}


def lead(place: str, created_at: int = 1, **attributes: Any) -> Item:
    return {"lead_id": place, "created_at": created_at, **attributes}


def read(store: Store, place: str, message_id: str = "m") -> Item | None:
    return store.get(MESSAGES, message_key(place, message_id))


def pages(store: Store, query: Query) -> Iterator[Page]:
    """Yield every page of a query, the empty ones too."""
    return _all_pages(lambda start: store.query(replace(query, start=start)))


def everything(store: Store, query: Query) -> list[Item]:
    """Return the items of all pages of a query."""
    return [item for page in pages(store, query) for item in page.items]


def _all_pages(one: Callable[[Key | None], Page]) -> Iterator[Page]:
    page = one(None)
    yield page
    for _ in range(_MOST_PAGES):
        if page.next is None:
            return
        page = one(page.next)
        yield page
    raise AssertionError("a listing without an end")
