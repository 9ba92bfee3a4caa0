"""Canned replies from the command line."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def conversation(store: Run, home: Path) -> str:
    """A conversation, and one canned reply beside the config file."""
    (home / "templates").mkdir()
    (home / "templates" / "shipped.txt").write_text("Order {{order}} has shipped, {{name}}.", encoding="utf-8")
    sent = store("chat", "send", "--user", "u", "--store-url", "s.com", "Where is it?", "-o", "json")
    found: str = sent.json["conversation_id"]
    return found


def test_a_canned_reply_goes_out_filled(store: Run, conversation: str) -> None:
    """--template sends the text with each variable's value."""
    ran = store("chat", "reply", conversation, "--template", "shipped", "--var", "order=#7", "--var", "name=Ana")
    shown = store("chat", "show", conversation, "-o", "json").json

    assert 0 == ran.code
    assert "Order #7 has shipped, Ana." == shown["messages"][-1]["message_text"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--template", "shipped", "--var", "order=#7"), "name"),
        (("--template", "shipped", "--var", "order"), "NAME=VALUE"),
        (("--template", "shiped", "--var", "order=1"), "shipped"),
        (("--template", "../config", "--var", "order=1"), "no template"),
        (("--template", "shipped", "text"), "exactly one"),
        (("text", "--var", "order=1"), "--template"),
    ],
)
def test_a_reply_that_cannot_be_filled_is_not_sent(
    store: Run, conversation: str, arguments: tuple[str, ...], told: str
) -> None:
    """An unfilled variable, an unknown template or a second source of text: exit code 2, and nothing is sent."""
    ran = store("chat", "reply", conversation, *arguments)
    shown = store("chat", "show", conversation, "-o", "json").json

    assert (2, 1) == (ran.code, ran.err.count("\n"))
    assert told in ran.err
    assert 1 == len(shown["messages"])
