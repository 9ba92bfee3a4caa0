"""Reading page after page ends, whatever the store replies."""

from itertools import chain, cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.errors import Unavailable
from commercive_cli.store.pages import pages
from commercive_cli.store.port import Page

LETTERS = st.text("abc", max_size=3)


@given(LETTERS, LETTERS.filter(bool))
def test_a_store_that_repeats_itself_is_left(before: str, repeated: str) -> None:
    """Whether one page comes again or a round of them, now or after others: an error, and no page is read thrice."""
    starts = ({"pk": each} for each in chain(before, cycle(repeated)))
    read: list[object] = []

    def page(start: object) -> Page:
        read.append(start)
        return Page([], next(starts))

    with pytest.raises(Unavailable, match="never end"):
        list(pages(page))

    assert len(set(map(str, read))) == len(read)


def test_each_page_is_read_once() -> None:
    """Pages follow one another to the last, from the one that is asked for."""
    last = {0: 1, 1: 2, 2: None}

    def page(start: dict[str, int] | None) -> Page:
        at = 0 if start is None else start["pk"]
        onward = last[at]
        return Page([{"pk": at}], None if onward is None else {"pk": onward})

    assert [[0, 1, 2], [1, 2], [0]] == [
        [item["pk"] for each in found for item in each.items]
        for found in (pages(page), pages(page, {"pk": 1}), islice(pages(page), 1))
    ]
