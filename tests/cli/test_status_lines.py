"""What takes long is told line by line, and Ctrl-C stops the telling where nothing is cut short."""

import signal

import pytest
import typer

from commercive_cli.cli.status_lines import status_lines


def test_news_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Polling says the same a thousand times; people read it once."""
    with status_lines() as hear:
        for words in ("building", "building", "ready"):
            hear(words)

    assert ["commercive: building", "commercive: ready"] == capsys.readouterr().err.splitlines()


def interrupted(*before: str, after: tuple[str, ...] = ()) -> None:
    """Follow some news with Ctrl-C between them."""
    with status_lines() as hear:
        for words in before:
            hear(words)
        signal.raise_signal(signal.SIGINT)
        for words in after:
            hear(words)


def test_ctrl_c_ends_the_waiting_at_the_next_word() -> None:
    """The request in flight is finished, then the command ends as interrupted."""
    with pytest.raises(KeyboardInterrupt):
        interrupted(after=("building",))


def test_ctrl_c_after_the_last_word_still_shows() -> None:
    """The work was done to its end; exit code 130 says that somebody wanted out."""
    with pytest.raises(typer.Exit) as left:
        interrupted("ready")

    assert 130 == left.value.exit_code
