"""On a terminal an answer goes behind what its author was shown, and behind nothing else."""

from contextlib import closing
from io import FileIO
from pathlib import Path

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from tests.cli.commands.conftest import Make, conversation
from tests.cli.conftest import Run
from tests.cli.process import PROGRAM, done, environment, on_terminal, run_on_terminal, watch
from tests.services.chat.imported import V4, import_thread

__all__ = ["conversation"]

USER = "user-1"
SHOWN = {
    "show": ("chat", "show", "ID"),
    "the last turn": ("chat", "show", "ID", "--tail", "1"),
    "as json": ("chat", "show", "ID", "-o", "json"),
    "next": ("chat", "next"),
    "watch": ("chat", "watch", "ID", "--limit", "0"),
}


def texts(run: Run, one: str) -> list[str]:
    return [each["message_text"] for each in run("chat", "show", one, "-o", "json").json["messages"]]


def unread(run: Run, one: str) -> int:
    return int(run("chat", "show", one, "-o", "json").json["conversation"]["unread_admin"])


def write(run: Run, one: str, text: str) -> None:
    assert 0 == run("chat", "send", "--user", USER, "--conversation", one, text).code


@pytest.mark.parametrize("command", SHOWN.values(), ids=SHOWN)
def test_an_answer_goes_behind_what_was_shown(store: Run, conversation: Make, command: tuple[str, ...]) -> None:
    """Whatever came since refuses it, exit 6, and is told; having read that, the same line is sent."""
    one = conversation(USER)
    assert 0 == run_on_terminal([one if word == "ID" else word for word in command]).code
    write(store, one, "Found it")
    line = ["chat", "reply", one, "Still looking", "--key", "k"]
    refused = run_on_terminal(line, columns=400)

    assert (6, True) == (refused.code, "saw. 1 new: user user-1: 'Found it'" in refused.screen), refused.screen
    assert ["Where is it?", "Found it"] == texts(store, one)
    assert 0 == run_on_terminal(line).code
    assert 0 == run_on_terminal(line).code
    assert ["Where is it?", "Found it", "Still looking"] == texts(store, one)


def test_what_a_watch_shows_is_seen(store: Run, conversation: Make) -> None:
    """An answer goes behind a message that came while its author watched that thread."""
    one = conversation(USER)
    run_on_terminal(["chat", "show", one])
    start = store("chat", "watch", one, "-o", "jsonl", "--limit", "0").json
    write(store, one, "Found it")
    run_on_terminal(["chat", "watch", one, "--cursor", start["cursor"], "--limit", "1"])

    assert 0 == run_on_terminal(["chat", "reply", one, "Good"]).code


def test_an_answer_may_follow_an_answer(store: Run, conversation: Make) -> None:
    """Whoever answers behind what they saw has seen their own answer, too, and nothing that came after it."""
    one = conversation(USER)
    for text in ("One moment", "Here it is"):
        assert 0 == run_on_terminal(["chat", "reply", one, text]).code
    write(store, one, "Thanks")

    assert 6 == run_on_terminal(["chat", "reply", one, "Anything else?"]).code
    assert ["Where is it?", "One moment", "Here it is", "Thanks"] == texts(store, one)


def test_what_another_agent_saw_is_not_seen(store: Run, conversation: Make) -> None:
    """Each agent's answer goes behind what they themselves were shown."""
    one = conversation(USER)
    run_on_terminal(["--as", "jonas", "chat", "show", one])
    write(store, one, "Found it")
    run_on_terminal(["--as", "mira", "chat", "show", one])

    assert 6 == run_on_terminal(["--as", "jonas", "chat", "reply", one, "Still looking"]).code
    assert 0 == run_on_terminal(["--as", "mira", "chat", "reply", one, "Good"]).code


def test_what_was_answered_counts_as_read(store: Run, conversation: Make) -> None:
    """Up to the message that the answer went behind, unless --keep-unread."""
    one, two = conversation(USER), conversation("u-2")
    assert 0 == run_on_terminal(["chat", "reply", one, "Hi"]).code
    assert 0 == run_on_terminal(["chat", "reply", two, "Hi", "--keep-unread"]).code

    assert [0, 1] == [unread(store, each) for each in (one, two)]


@pytest.mark.parametrize("imported", [False, True])
def test_what_was_not_shown_is_as_when_the_command_began(
    store: Run, conversation: Make, home: Path, imported: bool
) -> None:
    """What comes while an answer is looked over refuses it, and is told; also in conversations of the old system."""
    one = V4 if imported else conversation(USER)
    with closing(SQLiteStore(home / "store.db")) as raw:
        import_thread(raw)
    (home / "templates").mkdir()
    (home / "templates" / "looking.txt").write_text("Still looking")
    before = texts(store, one)
    with on_terminal([*PROGRAM, "chat", "reply", one, "--template", "looking"], env=environment(COLUMNS="400")) as (
        process,
        screen,
    ):
        told = read_until(screen, b"Send this?")
        write(store, one, "Found it")
        screen.write(b"y\n")
        told += read_until(screen, b"run the same line again")

    assert (6, True) == (process.wait(60), b"saw. 1 new: user user-1: 'Found it'" in told), told
    assert [*before, "Found it"] == texts(store, one)


def read_until(screen: FileIO, words: bytes) -> bytes:
    seen = b""
    while words not in seen and (chunk := screen.read(65536)):
        seen += chunk
    return seen


def test_what_came_through_a_pipe_on_a_terminal_is_guarded(store: Run, conversation: Make) -> None:
    """It is a person who reads the answer, wherever the text came from."""
    one = conversation(USER)
    run_on_terminal(["chat", "show", one])
    write(store, one, "Found it")
    line = f"echo Still looking | {' '.join(PROGRAM)} chat reply {one} -"

    assert 6 == watch(["sh", "-c", line], env=environment(COLUMNS="100")).code
    assert ["Where is it?", "Found it"] == texts(store, one)


def test_scripts_guard_themselves(store: Run, conversation: Make) -> None:
    """Without a terminal nothing was shown: an answer goes behind whatever there is, unless --if-last."""
    one = conversation(USER)
    run_on_terminal(["chat", "show", one])
    write(store, one, "Found it")
    assert 0 == done([*PROGRAM, "chat", "reply", one, "Hi"], env=environment()).code

    assert 2 == unread(store, one)


def test_a_rehearsal_is_refused_as_the_answer_would_be(store: Run, conversation: Make) -> None:
    """And a rehearsed answer shows nobody anything, nor does a rehearsed look at what is next."""
    one = conversation(USER)
    assert 0 == run_on_terminal(["chat", "next", "--dry-run"]).code
    write(store, one, "Found it")
    assert 0 == run_on_terminal(["chat", "reply", one, "Hi", "--dry-run"]).code
    run_on_terminal(["chat", "show", one])
    write(store, one, "Really")

    assert 6 == run_on_terminal(["chat", "reply", one, "Hi", "--dry-run"]).code


def test_an_outage_at_the_start_loses_no_text(home: Path) -> None:
    """The store is asked before the text is read, and what it does not answer is told when the text is kept."""
    environ = environment(
        COMMERCIVE_STORE="dynamodb://us-east-1?endpoint=http://127.0.0.1:1",
        AWS_ACCESS_KEY_ID="x",
        AWS_SECRET_ACCESS_KEY="x",
        COLUMNS="400",
    )
    line = f"echo Typed | {' '.join(PROGRAM)} chat reply some-id -"
    seen = watch(["sh", "-c", line], env=environ)

    assert (75, True) == (seen.code, "Your text is in " in seen.screen), seen.screen
    assert ["Typed"] == [file.read_text().strip() for file in home.glob("state/**/*.txt")]
