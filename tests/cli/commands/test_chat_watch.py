"""`chat watch` from the command line: formats, cursors, limits, outages, Ctrl-C, and what is refused."""

import json
import os
import re
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer

from commercive_cli.cli.global_options import GlobalOptions
from commercive_cli.cli.render.escape import escape
from commercive_cli.cli.render.formats import Format
from commercive_cli.cli.session import Session
from commercive_cli.cli.watching import Watch
from commercive_cli.domain.answers.changes import Change
from commercive_cli.domain.errors import Denied, Unavailable
from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run
from tests.cli.process import PROGRAM, environment, on_terminal, started
from tests.cli.render.answers import QUEUE
from tests.cli.render.watches import told, written

TEXT = "red \x1b[31m \u202e \u2066 \x07 \x9b2J [bold]x[/b]"
"""A text that a terminal would obey."""
RAW = set("\x1b\u202e\u2066\x07\x9b")


@pytest.fixture
def begun(store: Run, conversation: Make) -> tuple[str, dict[str, str]]:
    """Return a conversation, and the cursors of the watches that began before a message came to it."""
    name = conversation(text="old")
    store("chat", "claim", name)
    kinds = {"id": (name,), "mine": ("--mine",), "all": (), "waiting": ("--waiting",)}
    cursors = {kind: cursor(store, *words) for kind, words in kinds.items()}
    store("chat", "note", name, "never to be seen")
    store("chat", "send", "--user", "u-1", "--conversation", name, f"new {TEXT}")
    return name, cursors


def cursor(run: Run, *words: str) -> str:
    ran = run("chat", "watch", *words, "-o", "jsonl", "--limit", "0")
    assert (0, "") == (ran.code, ran.err)
    start = json.loads(ran.out)
    assert {"event": "start", "cursor": start["cursor"]} == start
    return str(start["cursor"])


def words_of(kind: str, name: str) -> tuple[str, ...]:
    return {"id": (name,), "mine": ("--mine",), "all": (), "waiting": ("--waiting",)}[kind]


@pytest.mark.parametrize("kind", ["id", "mine", "all", "waiting"])
def test_a_watch_goes_on_from_its_cursor(store: Run, begun: tuple[str, dict[str, str]], kind: str) -> None:
    """The first line is where it begins, then there is one for each event, with the message and its conversation."""
    name, cursors = begun
    words = ("chat", "watch", *words_of(kind, name), "--cursor", cursors[kind])
    ran = store(*words, "-o", "jsonl", "--limit", "1")
    start, event = map(json.loads, ran.out.splitlines())

    assert (0, "") == (ran.code, ran.err)
    assert "start" == start["event"]
    assert ("message", f"new {TEXT}") == (event["event"], event["message"]["message_text"])
    assert (name, "shop.example.com") == (event["conversation"]["conversation_id"], event["conversation"]["store_url"])
    assert event["at"] == event["message"]["created_at"]
    assert RAW.isdisjoint(ran.out)


@pytest.mark.parametrize("output", ["table", "csv", "ids", "wide"])
def test_a_pipe_gets_rows(store: Run, begun: tuple[str, dict[str, str]], output: str) -> None:
    """With whole ids; the line to go on with is on stderr, and not with --quiet."""
    name, cursors = begun
    words = ("chat", "watch", "--cursor", cursors["all"], "--limit", "1", "-o", output)
    ran, quiet = store(*words), store(*words, "-q")

    assert name in ran.out
    assert RAW.isdisjoint(ran.out)
    assert re.match(r"commercive: 1 event in \d+s\. Go on from here: commercive chat watch --cursor ", ran.err)
    assert (ran.out, "") == (quiet.out, quiet.err)


@pytest.mark.parametrize("kind", ["id", "all", "waiting"])
def test_people_see_a_thread_or_a_log(
    store: Run, begun: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Notes are never shown as messages; what others wrote is inert; the last line goes on from there."""
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "1000")
    name, cursors = begun
    words = words_of(kind, name)
    ran = store("--as", "mira", "chat", "watch", *words, "--cursor", cursors[kind], "--limit", "1", "--no-color")

    assert (0, "") == (ran.code, ran.err)
    assert escape(f"new {TEXT}") in ran.out
    assert "never to be seen" not in ran.out
    assert RAW.isdisjoint(re.sub("\x1b\\[[0-9;]*m", "", ran.out))
    go_on = " ".join(["commercive --as mira chat watch", *words, "--cursor"])
    assert re.search(rf"1 event in \d+s\. Go on from here: {go_on} ", ran.out)


def test_a_thread_begins_with_its_last_turns(store: Run, conversation: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of them, so that a new one is read in its place."""
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "80")
    name = conversation(text="one")
    for text in ("two", "three", "four"):
        store("chat", "reply", name, text)
    ran = store("chat", "watch", name, "--limit", "0", "--no-color")

    assert [False, True, True, True] == [f"  {text}\n" in ran.out for text in ("one", "two", "three", "four")]


def test_a_program_runs_for_each_event(store: Run, begun: tuple[str, dict[str, str]]) -> None:
    """Its output is on stderr, inert as everything."""
    name, cursors = begun
    command = f'{sys.executable} -c \'import sys, json; print(json.load(sys.stdin)["message"]["message_text"])\''
    ran = store("chat", "watch", name, "--cursor", cursors["id"], "--limit", "1", "-o", "ids", "--exec", command)

    assert f"{name}\n" == ran.out
    assert "new red" in ran.err
    assert RAW.isdisjoint(ran.err)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("ID", "--mine"), "one of these"),
        (("ID", "--waiting"), "one of these"),
        (("--mine", "--waiting"), "one of these"),
        (("--interval", "0"), "--interval"),
        (("--interval", "nan"), "--interval"),
        (("--interval", "3601"), "--interval"),
        (("--interval", "soon"), "interval"),
        (("--cursor", "abc"), "cursor"),
        (("--cursor", ""), "cursor"),
        (("--mine", "--cursor", "CURSOR"), "cursor"),
        (("ID", "--cursor", "CURSOR"), "cursor"),
        (("--limit", "-1"), "limit"),
        (("--exec", "no-such-program-here"), "no-such-program-here"),
        (("-o", "json"), "-o jsonl"),
    ],
)
def test_what_means_nothing_is_refused(store: Run, conversation: Make, words: Sequence[str], why: str) -> None:
    """Exit code 2 and one line, before anything is shown."""
    given = {"ID": conversation(), "CURSOR": cursor(store)}
    ran = store("chat", "watch", *(given.get(word, word) for word in words))

    assert (2, 1) == (ran.code, ran.err.count("\n"))
    assert why in ran.err
    assert "" == ran.out or "json" in words


def test_a_cursor_of_another_store_is_refused(
    store: Run, conversation: Make, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all conversations, and of what one holds; an id is not even there."""
    conversation()
    cursors = {words: cursor(store, *words) for words in ((), ("--mine",))}
    monkeypatch.setenv("COMMERCIVE_STORE", f"sqlite:///{home}/other.db")
    store("tables", "create")

    for words, token in cursors.items():
        ran = store("chat", "watch", *words, "--cursor", token, "--limit", "0")
        assert (2, "") == (ran.code, ran.out)
        assert "cursor is damaged or belongs to another listing" in ran.err


@pytest.mark.parametrize("width", ["", "80"])
@pytest.mark.parametrize("kind", ["id", "all"])
def test_what_is_shown_is_told_to_the_access_log(
    store: Run,
    begun: tuple[str, dict[str, str]],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    width: str,
) -> None:
    """Each event, on a terminal and in a pipe, and the thread that stands at the top."""
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", width)
    name, cursors = begun
    words = ("chat", "watch", *words_of(kind, name), "--cursor", cursors[kind], "--limit", "1")
    assert 0 == store(*words, "--access-log", str(home / "log")).code
    lines = [json.loads(line) for line in (home / "log").read_text().splitlines()]
    thread = width and kind == "id"

    assert ["started", *(["ok"] if thread else []), "ok"] == [line["outcome"] for line in lines]
    assert {"conversation": [name]} == lines[-1]["records"]


def test_columns_are_for_pipes(store: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log has none; CSV has those that are asked for."""
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "80")
    refused = store("chat", "watch", "--columns", "event", "--limit", "0")
    chosen = store("chat", "watch", "--columns", "event,message_text", "-o", "csv", "--limit", "0")

    assert (2, "") == (refused.code, refused.out)
    assert '"event","message_text"\r\n' == chosen.out


def test_a_conversation_that_is_not_there_is_not_found(store: Run) -> None:
    """As `chat show` says it."""
    assert 5 == store("chat", "watch", "nope").code


class Script:
    """A feed whose every look is planned: events, an error, or Ctrl-C."""

    def __init__(self, *looks: list[Change] | BaseException) -> None:
        self._looks = list(looks)
        self.cursor = "begin"

    def poll(self) -> Iterator[Change]:
        look = self._looks.pop(0)
        if isinstance(look, BaseException):
            raise look
        for change in look:
            self.cursor = change.cursor
            yield change


class Context:
    """What a session needs of Typer's context."""

    obj = GlobalOptions(no_color=True)


class Waits:
    """Waits by moving the clock; tests read what was waited."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.waited: list[float] = []

    def __call__(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += round(seconds * 1_000)


def watched(*looks: list[Change] | BaseException, limit: int | None = None, output: Format = "jsonl") -> Waits:
    """Run a watch over a script."""
    context: Any = Context()
    waits, session = Waits(1_795_768_260_000), Session(context, output)
    session.screen.clock = waits
    Watch(session, Script(*looks), waits.sleep, 32.0, "commercive chat watch", limit).run(None)
    return waits


ONE = written(QUEUE[0], 0, "user", "u", "one").model_copy(update={"cursor": "c-1"})
TWO = told("closed", QUEUE[0], 0).model_copy(update={"cursor": "c-2"})


def test_an_outage_is_told_once_and_so_is_its_end(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However often it tries; the end is told before what came meanwhile, and nothing is lost."""
    del home
    lost = [Unavailable("timed out; try again"), Unavailable("refused")]
    waits = watched([ONE], *lost, [TWO], limit=2)
    out, err = capsys.readouterr()

    assert ["begin", "c-1", "c-2"] == [json.loads(line)["cursor"] for line in out.splitlines()]
    assert [
        "commercive: no contact with the store (timed out), trying again",
        "commercive: back after 1m 04s, nothing was missed",
    ] == err.splitlines()
    assert [32.0] * 3 == waits.waited


def test_what_trying_again_does_not_help_ends_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Credentials that were taken away, say; what was told stands there with its cursor."""
    del home
    with pytest.raises(Denied):
        watched([ONE], Denied("no more"))

    assert ["begin", "c-1"] == [json.loads(line)["cursor"] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("end", [KeyboardInterrupt(), Denied("no more")])
def test_however_it_ends_it_says_how_to_go_on(
    home: Path, capsys: pytest.CaptureFixture[str], end: BaseException
) -> None:
    """Behind the last event that was shown, with how long it took."""
    del home
    with pytest.raises((typer.Exit, Denied)):
        watched([ONE], [], end, output="ids")
    out, err = capsys.readouterr()

    assert f"{QUEUE[0].conversation_id}\n" == out
    assert "commercive: 1 event in 1m 04s. Go on from here: commercive chat watch --cursor c-1\n" == err


@pytest.mark.parametrize("output", ["table", "jsonl", "csv"])
def test_ctrl_c_ends_it_quietly(store: Run, conversation: Make, output: str) -> None:
    """With exit code 130; stderr says how to go on, but for JSON lines, which have it in each line."""
    del store
    command = [*PROGRAM, "chat", "watch", conversation(), "-o", output, "--interval", "0.1"]
    with started(command, env=environment(), stdout=-1, stderr=-1) as process:
        assert process.stdout is not None
        if output == "jsonl":
            process.stdout.readline()
        else:
            select.select([process.stdout], [], [], 60)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert 130 == process.returncode
    assert (b"" == err) == (output == "jsonl")
    assert err.count(b"\n") <= 1


def test_a_terminal_has_the_short_ids_of_what_it_shows(store: Run, conversation: Make) -> None:
    """Another terminal may answer at once, while the watch goes on."""
    name = conversation()
    with on_terminal([*PROGRAM, "chat", "watch", "--interval", "0.1"], env=environment()) as (process, screen):
        _read_until(screen, b"Ctrl-C ends it.")
        store("chat", "send", "--user", "u-1", "--conversation", name, "new")
        _read_until(screen, b" new")
        patience = time.monotonic() + 60
        while (answered := store("chat", "reply", name[-8:], "It has shipped")).code and time.monotonic() < patience:
            pass
        os.kill(process.pid, signal.SIGINT)
        rest = _read_until(screen, b"--cursor")

        assert 0 == answered.code
        assert b"events in" in rest or b"event in" in rest
        assert 130 == process.wait(60)


def _read_until(screen: Any, text: bytes) -> bytes:
    seen = b""
    with suppress(OSError):
        while text not in seen and select.select([screen], [], [], 60)[0]:
            seen += screen.read(65_536)
    assert text in seen
    return seen
