"""A forged cursor is refused like a damaged one, even if its checksum is right."""

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
OURS = "01977420-dc00-7809-9d6b-e9fe1e000000"
POSITIONS: list[Any] = [
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


@pytest.mark.parametrize("forged", POSITIONS, ids=range(len(POSITIONS)))
def test_a_forged_position_is_invalid(store: Store, forged: Any) -> None:
    """In every listing, a cursor with a forged position is invalid input and no internal error."""
    chat, leads, affiliates = ChatService(store), LeadService(store), AffiliateService(store)
    pending, opened = LeadFilter("pending"), ConversationFilter("open")
    waiting = ConversationFilter("open", sort="waiting")
    user = IndexQuery(CONVERSATIONS, "UserConversationsIndex", (USER,))
    listings: list[tuple[str, str, Read]] = [
        (user.listing, USER, lambda cursor: chat.conversations(USER, cursor=cursor)),
        (opened.feed().listing, "open", lambda cursor: chat.list_conversations(opened, cursor=cursor)),
        (f"waiting|{waiting}", "after", lambda cursor: chat.list_conversations(waiting, cursor=cursor)),
        (pending.feed().listing, "pending", lambda cursor: leads.list_leads(pending, cursor=cursor)),
        (MessageQuery(OURS).listing, "message_id", lambda cursor: chat.messages(OURS, cursor=cursor)),
        (MessageQuery(IMPORTED).listing, "after", lambda cursor: chat.messages(IMPORTED, cursor=cursor)),
        ("affiliates", "affiliate_id", lambda cursor: affiliates.list_affiliates(cursor=cursor)),
    ]

    for listing, name, read in listings:
        if (name, forged) == ("affiliate_id", "x"):
            continue  # this is a valid position: any text may be the id of an affiliate
        positions: list[Any] = [{name: forged}, {name: None, "other": forged}, [forged], forged]
        for position in positions:
            with pytest.raises(Invalid, match="cursor"):
                read(encode_cursor(listing, position))


def test_a_position_in_another_conversation_is_invalid(store: Store) -> None:
    """A cursor of messages cannot point into another conversation."""
    elsewhere = {"conversation_id": "other", "message_id": "m"}

    with pytest.raises(Invalid, match="cursor"):
        ChatService(store).messages(OURS, cursor=encode_cursor(MessageQuery(OURS).listing, elsewhere))


def test_a_deeply_nested_position_is_invalid(store: Store) -> None:
    """A position that is nested too deeply for the parser is invalid input too."""
    listing = IndexQuery(CONVERSATIONS, "UserConversationsIndex", (USER,)).listing
    deep: Any = []
    for _ in range(400):
        deep = [deep]

    assert len(json.dumps(deep)) < 3_000
    with pytest.raises(Invalid, match="cursor"):
        ChatService(store).conversations(USER, cursor=encode_cursor(listing, deep))
