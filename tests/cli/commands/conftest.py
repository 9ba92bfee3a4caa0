"""Fixtures that create conversations, links and leads through the program itself."""

from collections.abc import Callable
from itertools import count

import pytest

from tests.cli.conftest import Run

Make = Callable[..., str]


@pytest.fixture
def conversation(store: Run) -> Make:
    """Start a conversation and return its id."""

    def make(user: str = "u-1", text: str = "Where is it?", shop: str = "shop.example.com") -> str:
        ran = store("chat", "send", "--user", user, "--store-url", shop, "-o", "json", text)
        assert ran.code == 0, ran.err
        return str(ran.json["conversation_id"])

    return make


@pytest.fixture
def link(store: Run) -> str:
    """Return the code of affiliate aff-1's link."""
    return store("affiliates", "create-link", "aff-1", "--email", "a@example.com", "-o", "ids").out.strip()


@pytest.fixture
def lead(store: Run, link: str) -> Make:
    """Submit a lead and return its id; each has an e-mail address of its own, unless one is given."""
    addresses = (f"ann{number or ''}@example.com" for number in count())

    def make(name: str = "Ann Lee", email: str | None = None) -> str:
        address = email or next(addresses)
        ran = store("leads", "submit", "--link", link, "--name", name, "--email", address, "-o", "ids")
        assert ran.code == 0, ran.err
        return ran.out.strip()

    return make
