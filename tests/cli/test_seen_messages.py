"""What an agent was shown last of a conversation: it helps, and its loss harms nothing."""

import os
import stat
from pathlib import Path

import pytest

from commercive_cli.cli.seen_messages import KEPT, SeenMessages


@pytest.fixture
def seen(tmp_path: Path) -> SeenMessages:
    return SeenMessages(tmp_path / "cache" / "seen", "mira")


def test_the_last_message_that_was_shown_is_known(seen: SeenMessages) -> None:
    """Of each conversation, in any case of its id, and for this agent alone; the files are private and hold no name."""
    seen.remember("Conversation-1", "first")
    seen.remember("conversation-1", "second")
    seen.remember("conversation-2", "other")

    assert ["second", "other", None] == [seen.last(f"CONVERSATION-{number}") for number in (1, 2, 3)]
    assert SeenMessages(seen.directory, "jonas").last("conversation-1") is None
    files = list(seen.directory.iterdir())
    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in files}
    assert [] == [file for file in files if "mira" in file.name + file.read_text()]


def test_the_latest_are_kept(seen: SeenMessages) -> None:
    """The directory does not grow without bound."""
    for number in range(KEPT + 1):
        file = seen.directory / f"old-{number:04}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("m")
        os.utime(file, (number, number))
    seen.remember("one", "message")

    assert (KEPT, "message") == (len(list(seen.directory.iterdir())), seen.last("one"))
    assert ["old-0002"] == sorted(file.name for file in seen.directory.iterdir() if file.name.startswith("old"))[:1]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b" \n"])
def test_a_damaged_file_says_nothing(seen: SeenMessages, content: bytes) -> None:
    """The next command writes it anew."""
    seen.remember("one", "message")
    [file] = seen.directory.iterdir()
    file.write_bytes(content)

    assert seen.last("one") is None
    seen.remember("one", "message")
    assert "message" == seen.last("one")


def test_a_place_that_cannot_be_written_is_left_out(tmp_path: Path) -> None:
    """No command fails for its sake."""
    (tmp_path / "file").write_text("")
    seen = SeenMessages(tmp_path / "file" / "seen", "mira")
    seen.remember("one", "message")

    assert seen.last("one") is None
