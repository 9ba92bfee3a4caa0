"""How the program ends when stdout or stderr is a full disk, a pipe that nobody reads, or closed."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.cli.commands.conftest import Make, conversation, lead, link
from tests.cli.conftest import Run
from tests.cli.process import PROGRAM, Done, done, environment

__all__ = ["conversation", "lead", "link"]

FULL = Path("/dev/full")
NO_SPACE = b"commercive: No space left on device\n"
LOST = b"commercive: it is done, but the answer could not be written: No space left on device\n"
RESULTS = (
    "--help",
    "--version",
    "completion zsh",
    "config path",
    "tables template",
    "api openapi",
    "api call health",
    "chat list",
    "chat list -o json",
    "chat list -o json --all",
    "chat list -o jsonl",
    "chat list -o csv",
    "chat list -o ids",
)


@contextmanager
def full_disk() -> Iterator[int]:
    """Yield a file on a full disk."""
    if not FULL.exists():
        pytest.skip("this system has no /dev/full")
    with FULL.open("wb") as file:
        yield file.fileno()


@contextmanager
def unread_pipe() -> Iterator[int]:
    """Yield a pipe whose reader is closed."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        yield writer
    finally:
        os.close(writer)


Sink = Callable[[], AbstractContextManager[int]]


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def env(request: pytest.FixtureRequest, home: Path) -> dict[str, str]:
    """Return an environment in which Python keeps output back until there is much of it, and one where it does not."""
    del home  # is what the environment leads to
    return environment(PYTHONUNBUFFERED=request.param)


@pytest.fixture
def buffered(home: Path) -> dict[str, str]:
    """Return the environment of an ordinary machine."""
    del home
    return environment(PYTHONUNBUFFERED="")


def closed(streams: str, env: dict[str, str], *arguments: str) -> Done:
    """Run the program with streams that the shell has closed."""
    return done(["sh", "-c", f'exec "$@"{streams}', "sh", *PROGRAM, *arguments], env=env)


@pytest.mark.parametrize("words", RESULTS)
def test_results_that_find_no_room_are_one_line_and_exit_75(
    words: str, env: dict[str, str], conversation: Make
) -> None:
    """In every format, a full disk is an error in one line with exit code 75."""
    conversation()
    with full_disk() as full:
        ran = done([*PROGRAM, *words.split()], env=env, stdout=full)

    assert (75, NO_SPACE) == (ran.code, ran.err)


@pytest.mark.parametrize("words", RESULTS)
def test_results_that_nobody_reads_end_in_silence(words: str, env: dict[str, str], conversation: Make) -> None:
    """A closed pipe, as of `head`, is not an error of any command."""
    conversation()
    with unread_pipe() as pipe:
        ran = done([*PROGRAM, *words.split()], env=env, stdout=pipe)

    assert (0, b"") == (ran.code, ran.err)


@pytest.mark.parametrize(("sink", "ends"), [(full_disk, (75, NO_SPACE)), (unread_pipe, (0, b""))])
def test_completions_end_as_results_do(sink: Sink, ends: tuple[int, bytes], env: dict[str, str]) -> None:
    """The output of completions behaves the same."""
    asked = env | {"_COMMERCIVE_COMPLETE": "bash"}
    with sink() as stdout:
        ran = done([*PROGRAM, "commercive ch"], env=asked, stdout=stdout)

    assert ends == (ran.code, ran.err)


@pytest.mark.parametrize(
    "words",
    [
        "chat send --user u-1 Hello",
        "chat send --user u-1 Hello -o json",
        "api call chat/send user_id=u-1 store_url=shop.example.com message=Hello",
    ],
)
def test_a_change_whose_answer_finds_no_room_exits_74(words: str, env: dict[str, str], store: Run) -> None:
    """The message is stored once, and the exit code is 74, since 75 would make scripts send it again."""
    with full_disk() as full:
        ran = done([*PROGRAM, *words.split()], env=env, stdout=full)

    assert (74, LOST) == (ran.code, ran.err)
    assert [1] == [each["unread_admin"] for each in store("chat", "list", "-o", "json").json["conversations"]]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("api call chat/conversations user_id=u-1", 75),
        ("api call chat/send user_id=u-1", 75),
        ("chat send --user u-1 Hello --dry-run", 75),
        ("tables seed --messages 3", 74),
        ("tables backup", 74),
        ("tables delete --confirm commercive_", 74),
    ],
)
@pytest.mark.usefixtures("store")
def test_74_means_that_the_command_did_its_work(words: str, code: int, buffered: dict[str, str]) -> None:
    """Reads, refused writes and dry runs can be repeated, so they exit 75."""
    with full_disk() as full:
        ran = done([*PROGRAM, *words.split()], env=buffered, stdout=full)

    assert (code, LOST if code == 74 else NO_SPACE) == (ran.code, ran.err.splitlines(keepends=True)[-1])


def test_a_new_store_is_filled_though_its_tables_find_no_room(buffered: dict[str, str], home: Path, run: Run) -> None:
    """`tables create --seed` shows the tables when the demo data is loaded, too."""
    del home
    with full_disk() as full:
        ran = done([*PROGRAM, "tables", "create", "--seed"], env=buffered, stdout=full)

    assert (74, LOST) == (ran.code, ran.err.splitlines(keepends=True)[-1])
    assert 12 == len(run("chat", "list", "-o", "ids").ids)


def test_of_many_those_that_failed_are_named_anyhow(buffered: dict[str, str], store: Run, conversation: Make) -> None:
    """The report is lost, but stderr has the error of each id."""
    one = conversation()
    with full_disk() as full:
        ran = done([*PROGRAM, "chat", "close", one, "nope"], env=buffered, stdout=full)

    assert (74, b"commercive: nope: there is no conversation nope\n" + LOST) == (ran.code, ran.err)
    assert "closed" == store("chat", "show", one, "-o", "json").json["conversation"]["status"]


def test_what_could_not_be_shown_is_not_marked_read(buffered: dict[str, str], store: Run, conversation: Make) -> None:
    """Nothing has changed by then, so the command can be repeated: exit 75."""
    one = conversation()
    with full_disk() as full:
        ran = done([*PROGRAM, "chat", "show", one, "--mark-read"], env=buffered, stdout=full)

    assert (75, NO_SPACE) == (ran.code, ran.err)
    assert 1 == store("chat", "show", one, "-o", "json").json["conversation"]["unread_admin"]


def test_data_about_a_person_is_not_said_to_be_written_before_it_is(buffered: dict[str, str], lead: Make) -> None:
    """The number of items is printed after the last item is written."""
    line = ["-q", "tables", "person", "ann@example.com", "--include", lead(), "--export", "-"]
    with full_disk() as full:
        ran = done([*PROGRAM, *line], env=buffered, stdout=full)

    assert (75, NO_SPACE) == (ran.code, ran.err)


def test_a_file_about_a_person_that_is_written_is_done(buffered: dict[str, str], home: Path, lead: Make) -> None:
    """The file exists then, so a repetition would fail, and the exit code is not 75."""
    words = ["-q", "tables", "person", "ann@example.com", "--include", lead(), "--export", str(home / "ann.jsonl")]
    with full_disk() as full:
        ran = done([*PROGRAM, *words], env=buffered, stdout=full)

    assert (74, LOST) == (ran.code, ran.err)
    assert "ann@example.com" in (home / "ann.jsonl").read_text()


TALKING = (
    ("chat list --limit 1", 0),
    ("-v chat list", 0),
    ("chat close nope", 5),
    ("chat close nope -", 7),
    ("chat lst", 2),
    ("--debug chat show nope", 5),
    ("tables delete", 2),
    ("chat send --user u-1 Hello --dry-run", 0),
    ("-v api call health", 0),
)


@pytest.mark.parametrize("sink", [full_disk, unread_pipe])
@pytest.mark.parametrize(("words", "code"), TALKING)
def test_what_stderr_cannot_take_is_lost_and_nothing_else(
    sink: Sink, words: str, code: int, buffered: dict[str, str], store: Run, conversation: Make
) -> None:
    """Results and exit code do not depend on whether stderr can be written."""
    conversation("u-1"), conversation("u-2")
    heard = store(*words.split(), stdin="nope-2\n")
    with sink() as stderr:
        unheard = done([*PROGRAM, *words.split()], env=buffered, stdin=b"nope-2\n", stderr=stderr)

    assert (code, code) == (heard.code, unheard.code)
    assert (True, len(heard.out)) == (heard.err != "", len(unheard.out.decode()))


def test_a_write_is_made_though_its_target_cannot_be_named(
    buffered: dict[str, str], store: Run, home: Path, conversation: Make
) -> None:
    """The line that names the store of a protected profile may be lost; the write is done."""
    one = conversation()
    (home / "config.toml").write_text("[profiles.prod]\nprotected = true\n")
    with full_disk() as full:
        ran = done([*PROGRAM, "--profile", "prod", "chat", "close", one, "--yes"], env=buffered, stderr=full)

    assert (0, True) == (ran.code, one.encode() in ran.out)
    assert "closed" == store("chat", "show", one, "-o", "json").json["conversation"]["status"]


@pytest.mark.parametrize(
    ("words", "code"), [("chat list", 75), ("chat send --user u-1 Hello", 74), ("chat show nope", 5), ("chat lst", 2)]
)
@pytest.mark.usefixtures("store")
def test_the_exit_code_tells_when_nothing_else_can(words: str, code: int, buffered: dict[str, str]) -> None:
    """With both streams on the full disk, as in `> log 2>&1`, scripts still learn how it ended."""
    with full_disk() as full:
        ran = done([*PROGRAM, *words.split()], env=buffered, stdout=full, stderr=full)

    assert code == ran.code


@pytest.mark.parametrize("streams", [" >&-", " 2>&-", " <&- >&- 2>&-"])
@pytest.mark.parametrize(("words", "code"), [("chat list", 0), ("--help", 0), ("chat show nope", 5)])
def test_streams_that_are_closed_are_not_missed(
    streams: str, words: str, code: int, buffered: dict[str, str], store: Run
) -> None:
    """With one stream closed, the command ends as usual, and the other stream gets its output."""
    usual, ran = store(*words.split()), closed(streams, buffered, *words.split())

    assert (code, code) == (usual.code, ran.code)
    assert ("" if " >&-" in streams else usual.out) == ran.out.decode()
    assert ("" if " 2>&-" in streams else usual.err) == ran.err.decode()


def test_a_closed_stream_is_not_mistaken_for_a_file_of_the_store(buffered: dict[str, str], store: Run) -> None:
    """A file may get the descriptor of a closed stream; nothing is printed into the store's file."""
    ran = closed(" <&- >&- 2>&-", buffered, "chat", "send", "--user", "u-1", "Hello")

    assert 0 == ran.code
    assert 0 == store("tables", "audit").code
    assert 1 == len(store("chat", "list", "-o", "ids").ids)
