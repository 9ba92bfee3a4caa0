"""A forged cursor that has the right shape: whatever stands in it, it is refused as a cursor or read as one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.messages import MessageQuery, read_messages
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.cursor import encode_cursor
from commercive_cli.store.port import Store
from tests.services.fakes import ManualClock

OURS = "01977420-dc00-7809-9d6b-e9fe1e000000"
ODD: list[Any] = [0, -1, 10**12, 2**63, -(2**63), 10**30, 10**200, "a", "\0", "x" * 1_025, "é" * 1_025, "\ud800", "999"]


def changed(position: Any) -> Iterator[Any]:
    """Yield the position with each of its leaves replaced by each odd value, of whatever type."""
    match position:
        case dict():
            for name, part in position.items():
                yield from ({**position, name: other} for other in changed(part))
        case list():
            for at, part in enumerate(position):
                yield from ([*position[:at], other, *position[at + 1 :]] for other in changed(part))
        case _:
            yield from ODD


def wrong_field(read: Callable[[], object]) -> str | None:
    """Return the field that is refused as invalid, None when nothing is."""
    try:
        read()
    except Invalid as refused:
        return refused.field or "unnamed"
    return None


def test_whatever_stands_in_a_cursor_is_no_words_of_the_store(either: Store) -> None:
    """Numbers and texts that no key can hold, and keys beyond the span of the listing, are an invalid cursor."""
    clock = ManualClock()
    chat, leads, affiliates = ChatService(either, clock), LeadService(either, clock), AffiliateService(either)
    span = ConversationFilter("open", since=1_000, until=2_000)
    pending = LeadFilter("pending", since=1_000, until=2_000)
    waiting = ConversationFilter("open", sort="waiting")
    later = MessageQuery(OURS, since=1_800_000_000_000)
    conversation = {"conversation_id": "c", "created_at": 1, "updated_at": 1_500}
    link = {"affiliate_id": "a", "link_id": "l"}
    cases: list[tuple[str, Any, Callable[[str], object]]] = [
        (
            span.feed().listing,
            {"open": {**conversation, "status": "open"}},
            lambda cursor: chat.list_conversations(span, cursor=cursor),
        ),
        (
            pending.feed().listing,
            {"pending": {"status": "pending", "created_at": 1_500, "lead_id": "l"}},
            lambda cursor: leads.list_leads(pending, cursor=cursor),
        ),
        (
            f"waiting|{waiting}",
            {"after": [1, "c"], "due": ["a", "b"]},
            lambda cursor: chat.list_conversations(waiting, cursor=cursor),
        ),
        (
            later.listing,
            {"conversation_id": OURS, "message_id": "z"},
            lambda cursor: read_messages(either, replace(later, cursor=cursor)),
        ),
        ("affiliates", {"affiliate_id": "a"}, lambda cursor: affiliates.list_affiliates(cursor=cursor)),
        ("affiliates", link, lambda cursor: affiliates.list_affiliates(cursor=cursor)),
    ]
    beyond = {"status": "open", **conversation, "updated_at": 3_000}
    refused = {"open": beyond}, {"open": {**beyond, "updated_at": 999}}

    for listing, position, read in cases:
        read(encode_cursor(listing, position))
        wrong = {wrong_field(partial(read, encode_cursor(listing, odd))) for odd in changed(position)}
        assert wrong <= {None, "cursor"}
    for odd in refused:
        with pytest.raises(Invalid, match="cursor is damaged"):
            chat.list_conversations(span, cursor=encode_cursor(span.feed().listing, odd))
