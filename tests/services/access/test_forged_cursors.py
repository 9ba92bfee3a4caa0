"""A cursor that somebody made up is refused like a damaged one, however well it is sealed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.access.paging import IndexQuery
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.messages import MessageQuery
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.cursor import encode_cursor
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS

Read = Callable[[str], object]
USER = "user-123"
IMPORTED = "imported-1"
NATIVE = "01977420-dc00-7809-9d6b-e9fe1e000000"
PLACES: list[Any] = [
    5,
    "x",
    [],
    {},
    {"conversation_id": 1},
    {"user_id": "other", "updated_at": 1, "conversation_id": "c", "created_at": 1},
    {"status": "closed", "updated_at": 1, "conversation_id": "c", "created_at": 1},
    {"status": "open", "updated_at": True, "conversation_id": "c", "created_at": 1},
    {"status": "pending", "created_at": 1, "lead_id": ""},
    ["x", 1],
    [True, "x"],
    [1],
    "",
]


@pytest.mark.parametrize("place", PLACES, ids=range(len(PLACES)))
def test_a_sealed_cursor_of_another_shape_is_invalid(store: Store, place: Any) -> None:
    """Every listing answers a forged place with invalid input: no crash, and no store asked."""
    chat, leads, affiliates = ChatService(store), LeadService(store), AffiliateService(store)
    pending, opened = LeadFilter("pending"), ConversationFilter("open")
    waiting = ConversationFilter("open", sort="waiting")
    user = IndexQuery(CONVERSATIONS, "UserConversationsIndex", (USER,))
    listings: list[tuple[str, str, Read]] = [
        (user.listing, USER, lambda cursor: chat.conversations(USER, cursor=cursor)),
        (opened.feed().listing, "open", lambda cursor: chat.list_conversations(opened, cursor=cursor)),
        (f"waiting|{waiting}", "after", lambda cursor: chat.list_conversations(waiting, cursor=cursor)),
        (pending.feed().listing, "pending", lambda cursor: leads.list_leads(pending, cursor=cursor)),
        (MessageQuery(NATIVE).listing, "message_id", lambda cursor: chat.messages(NATIVE, cursor=cursor)),
        (MessageQuery(IMPORTED).listing, "after", lambda cursor: chat.messages(IMPORTED, cursor=cursor)),
        ("affiliates", "affiliate_id", lambda cursor: affiliates.list_affiliates(cursor=cursor)),
    ]

    for listing, name, read in listings:
        if (name, place) == ("affiliate_id", "x"):
            continue  # which is a place: affiliates are not ours to tell
        forged: list[Any] = [{name: place}, {name: None, "other": place}, [place], place]
        for position in forged:
            with pytest.raises(Invalid, match="cursor"):
                read(encode_cursor(listing, position))


def test_a_place_in_somebody_elses_conversation_is_invalid(store: Store) -> None:
    """A page of messages goes on in the same conversation or nowhere."""
    elsewhere = {"conversation_id": "other", "message_id": "m"}

    with pytest.raises(Invalid, match="cursor"):
        ChatService(store).messages(NATIVE, cursor=encode_cursor(MessageQuery(NATIVE).listing, elsewhere))


def test_deep_nesting_is_invalid(store: Store) -> None:
    """A position nested beyond what a parser bears is refused, too."""
    listing = IndexQuery(CONVERSATIONS, "UserConversationsIndex", (USER,)).listing
    deep: Any = []
    for _ in range(400):
        deep = [deep]

    assert len(json.dumps(deep)) < 3_000
    with pytest.raises(Invalid, match="cursor"):
        ChatService(store).conversations(USER, cursor=encode_cursor(listing, deep))
