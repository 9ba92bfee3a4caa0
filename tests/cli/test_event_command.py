"""`chat watch --exec`: the program that runs for each event, what it gets, and what happens when it fails."""

import json
import sys
from pathlib import Path

import pytest

from commercive_cli.cli.event_command import EventCommand
from commercive_cli.domain.answers.changes import Change
from commercive_cli.domain.errors import Invalid
from tests.cli.render.answers import QUEUE
from tests.cli.render.watches import told, written

HOSTILE = "$(touch pwned); `touch pwned`\n'\"\x1b[31m\u202e"
CHANGE = written(QUEUE[0], 0, "user", "u", HOSTILE)


def python(script: str) -> EventCommand:
    return EventCommand((sys.executable, "-c", script, "$HOME; touch pwned"))


def test_the_event_is_its_stdin_and_the_ids_are_in_its_environment(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words stay as they were typed, and no shell reads them or anything of the event."""
    monkeypatch.chdir(tmp_path)
    names = "COMMERCIVE_EVENT", "COMMERCIVE_CONVERSATION_ID", "COMMERCIVE_MESSAGE_ID", "HOME"
    python(
        f"import json, os, sys; print(json.dumps([json.load(sys.stdin), [os.environ[n] for n in {names}], sys.argv]))"
    ).run(CHANGE)
    out, err = capfd.readouterr()
    event, environment, arguments = json.loads(err)

    assert "" == out
    assert CHANGE == Change.model_validate(event)
    assert CHANGE.message is not None
    assert ["message", QUEUE[0].conversation_id, CHANGE.message.message_id] == environment[:3]
    assert ["-c", "$HOME; touch pwned"] == arguments
    assert [] == list(tmp_path.iterdir())


def test_an_event_without_a_message_has_no_id_of_one(capfd: pytest.CaptureFixture[str]) -> None:
    """The variable is there, and empty."""
    python("import os; print(repr(os.environ['COMMERCIVE_MESSAGE_ID']))").run(told("closed", QUEUE[0], 0))

    assert "''\n" == capfd.readouterr().err


def test_an_id_that_no_environment_can_hold_is_escaped(capfd: pytest.CaptureFixture[str]) -> None:
    """Others may have stored anything; the event on stdin has the id as it is."""
    odd = QUEUE[0].model_copy(update={"conversation_id": "a\0b\n"})
    python("import os; print(os.environ['COMMERCIVE_CONVERSATION_ID'])").run(told("closed", odd, 0))

    assert "a\\x00b\\n\n" == capfd.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (python("print('no'); raise SystemExit(3)"), "no\ncommercive: --exec ended with exit code 3"),
        (
            python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
            "commercive: --exec ended with exit code -9",
        ),
        (EventCommand(("/nonexistent",)), "commercive: --exec could not be started (No such file or directory)"),
        (
            EventCommand((sys.executable, "-c", "import signal; signal.pause()"), seconds=0.2),
            "commercive: --exec took longer than 0.2 s and was ended",
        ),
    ],
)
def test_a_failure_is_said_and_the_watch_goes_on(
    capfd: pytest.CaptureFixture[str], command: EventCommand, said: str
) -> None:
    """Whatever it is: an exit code, a signal, a program that is gone meanwhile, one that hangs."""
    command.run(CHANGE)

    assert f"{said} for the event message of conversation {QUEUE[0].conversation_id}; the watch goes on\n" == (
        capfd.readouterr().err
    )


def test_a_program_need_not_read_its_stdin(capfd: pytest.CaptureFixture[str]) -> None:
    """Also where the event is longer than a pipe holds."""
    python("").run(written(QUEUE[0], 0, "user", "u", "x" * 200_000))

    assert "" == capfd.readouterr().err


@pytest.mark.parametrize("line", ["", "  ", "'", "no-such-program-here -x", "./nowhere"])
def test_what_is_no_program_is_refused(line: str) -> None:
    """Before anything is watched."""
    with pytest.raises(Invalid, match="--exec"):
        EventCommand.of(line)


def test_a_line_is_divided_into_words_as_a_shell_would() -> None:
    """Quotes hold words together; nothing else has a meaning."""
    assert ("sh", "-c", "echo $COMMERCIVE_EVENT", "*") == EventCommand.of("sh -c 'echo $COMMERCIVE_EVENT' *").words
