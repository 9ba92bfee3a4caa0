"""How many items one may ask for at once."""

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.services.access.paging import check_limit
from commercive_cli.services.chat.service import ChatService


def test_a_page_holds_1_to_500_items() -> None:
    """What is beyond is refused by name, and whoever does not say how many leaves it open."""
    assert [1, 500, None] == [check_limit(1), check_limit(500), check_limit(None)]
    for limit in (0, -1, 501):
        with pytest.raises(Invalid, match="500") as refused:
            check_limit(limit)
        assert "limit" == refused.value.field


def test_the_end_of_a_conversation_is_shown_up_to_10_000_messages(chat: ChatService) -> None:
    """A longer end is refused, and a shorter one is what there is."""
    name = chat.send("user-1", "Hello").conversation_id

    assert 1 == len(chat.show(name, tail=10_000).messages)
    with pytest.raises(Invalid):
        chat.show(name, tail=10_001)
