"""Status lines of long operations, and Ctrl-C between them."""

import signal

import pytest
import typer

from commercive_cli.cli.status_lines import status_lines


def test_news_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A status that is reported several times is printed once."""
    with status_lines() as on_status:
        for status in ("building", "building", "ready"):
            on_status(status)

    assert ["commercive: building", "commercive: ready"] == capsys.readouterr().err.splitlines()


def interrupted(*before: str, after: tuple[str, ...] = ()) -> None:
    """Report statuses with Ctrl-C between them."""
    with status_lines() as on_status:
        for status in before:
            on_status(status)
        signal.raise_signal(signal.SIGINT)
        for status in after:
            on_status(status)


def test_ctrl_c_ends_the_waiting_at_the_next_word() -> None:
    """The running request is finished, then the command ends as interrupted."""
    with pytest.raises(KeyboardInterrupt):
        interrupted(after=("building",))


def test_ctrl_c_after_the_last_word_still_shows() -> None:
    """After the last status the operation is complete, and the exit code is 130 all the same."""
    with pytest.raises(typer.Exit) as exited:
        interrupted("ready")

    assert 130 == exited.value.exit_code
