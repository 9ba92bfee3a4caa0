"""Replies that were not sent: whatever comes between writing and sending, the text is kept, told of, and offered."""

import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.cli.drafts import Draft, Drafts
from commercive_cli.cli.editor_file import SCISSORS
from commercive_cli.domain.clock import system_clock
from commercive_cli.domain.ids import new_id
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.settings.state import drafts_directory
from commercive_cli.settings.store_url import parse_store_url
from commercive_cli.store.port import Query
from commercive_cli.store.schema import CONVERSATIONS
from tests.cli.commands.conftest import Make, conversation
from tests.cli.conftest import Run
from tests.cli.process import PROGRAM, environment, run_on_terminal, started
from tests.cli.render.csv_reading import read_rows

__all__ = ["conversation"]

Write = Callable[..., None]
SAVE = """
import os, pathlib, signal, subprocess, sys
file = pathlib.Path(sys.argv[-1])
pathlib.Path(r"{opened}").write_bytes(file.read_bytes())
text = {text!r}
if text is not None:
    file.write_text({before!r} + text + file.read_text("utf-8"), "utf-8")
{then}
"""


@pytest.fixture
def opened(home: Path) -> Path:
    """What the editor was given; there is no such file before an editor has run."""
    return home / "opened.txt"


@pytest.fixture
def editor(home: Path, opened: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Make an editor that puts a text above what it was given, and then does something else."""

    def make(text: str | None, then: str = "", before: str = "") -> None:
        script = home / "an editor.py"
        script.write_text(SAVE.format(opened=opened, text=text, then=then, before=before), encoding="utf-8")
        monkeypatch.setenv("VISUAL", shlex.join([sys.executable, str(script)]))

    return make


@pytest.fixture
def drafts(home: Path) -> Drafts:
    """The drafts of the store of these tests."""
    return Drafts(drafts_directory(parse_store_url(f"sqlite:///{home}/store.db", "test", home)))


def texts(run: Run, one: str) -> list[str]:
    """Return the texts of a conversation, oldest first."""
    return [each["message_text"] for each in run("chat", "show", one, "-o", "json").json["messages"]]


def meanwhile(*arguments: str) -> str:
    """Return the line of an editor that runs another command before it ends."""
    return f"subprocess.run({[*PROGRAM, *arguments]!r}, check=True, stdout=subprocess.DEVNULL)"


def listed(run: Run) -> list[dict[str, Any]]:
    """Return the drafts as `chat drafts` lists them."""
    found: list[dict[str, Any]] = run("chat", "drafts", "-o", "json").json["drafts"]
    return found


def test_a_reply_without_a_text_opens_the_editor(
    store: Run, conversation: Make, editor: Write, opened: Path, drafts: Drafts
) -> None:
    """The last turns stand below a line that cuts, with who wrote and to whom it goes; what is above is sent."""
    one = conversation("u-1", "Where is it?\nOrder #7")
    editor("It has shipped.\n#1001 is next.")
    seen = run_on_terminal(["chat", "reply", one])
    given = opened.read_text(encoding="utf-8")

    assert (0, "It has shipped.\n#1001 is next.") == (seen.code, texts(store, one)[-1])
    assert given.startswith(f"\n\n{SCISSORS}\nSave and quit sends; an empty text sends nothing.\n\nTo shop.")
    assert "\nTo shop.example.com, as admin-1.\n" in given
    assert given.endswith("  shop.example.com\n> Where is it?\n> Order #7\n\n\n\n\n\n")
    assert [] == [*drafts.directory.iterdir()]


def test_users_give_no_orders_to_the_editor(conversation: Make, home: Path, editor: Write, opened: Path) -> None:
    """Vim obeys modelines in the first and last five lines of a file: none of them is a user's."""
    one = conversation("vim: set x:", "vim: set y:")
    with closing(SQLiteStore(home / "store.db")) as file:  # we take no such shop, but others may have stored it
        [item] = file.query(Query(CONVERSATIONS, one)).items
        file.batch_put(CONVERSATIONS, [{**item, "store_url": "vim: set z:"}])
    editor("x")
    run_on_terminal(["chat", "reply", one])
    lines = opened.read_text(encoding="utf-8").removesuffix("\n").split("\n")

    assert 3 == sum(line.count("vim:") for line in lines)
    assert [] == [line for line in [*lines[:5], *lines[-5:]] if "vim:" in line]


def test_thirty_lines_are_quoted(store: Run, conversation: Make, editor: Write, opened: Path) -> None:
    """The newest turns are whole, the oldest that is begun says what it leaves out; what users wrote is inert."""
    one = conversation(text="\n".join(f"old {number}" for number in range(40)))
    store("chat", "reply", one, "new\x1b[2J\n" * 10)
    editor("x")
    run_on_terminal(["chat", "reply", one])
    quoted = [line for line in opened.read_text(encoding="utf-8").split("\n") if line.startswith(">")]

    assert ["> old 0", "> old 19", "> … (20 more lines)"] == [quoted[0], quoted[19], quoted[20]]
    assert [r"> new\x1b[2J"] * 10 == quoted[21:]


@pytest.mark.parametrize(
    ("more", "code"),
    [(("nope",), 5), (("{closed}",), 6), (("{open}", "--if-last", "m"), 6), (("{open}", "--profile", "ro"), 4)],
)
def test_what_is_cheap_to_check_is_checked_before(
    store: Run, conversation: Make, home: Path, editor: Write, opened: Path, more: tuple[str, ...], code: int
) -> None:
    """Nobody writes a text for a conversation that is not there, is closed, has gone on, or may not be written to."""
    (home / "config.toml").write_text("[profiles.ro]\nread_only = true\n")
    ids = {"open": conversation(), "closed": conversation()}
    store("chat", "close", ids["closed"])
    editor("text")
    seen = run_on_terminal(["chat", "reply", *(word.format(**ids) for word in more)])

    assert (code, False) == (seen.code, opened.exists())
    assert [] == listed(store)


def test_a_conversation_that_closed_meanwhile(store: Run, conversation: Make, editor: Write, drafts: Drafts) -> None:
    """The text is in a file that only its owner can read, and the line that is told sends it."""
    one = conversation()
    editor("Too late?", meanwhile("chat", "close", one))
    seen = run_on_terminal(["chat", "reply", one], columns=400)
    (draft,) = drafts.of(one)

    assert 6 == seen.code
    assert f"  Your text is in {draft.path}\r\n" in seen.screen
    assert f"  Go on with it: commercive chat reply {one} --draft --reopen\r\n" in seen.screen
    assert ("Too late?", 0o600) == (draft.path.read_text(), stat.S_IMODE(draft.path.stat().st_mode))
    assert [0o700] * 3 == [stat.S_IMODE(each.stat().st_mode) for each in [*draft.path.parents][:3]]
    assert 0 == store("chat", "reply", one, "--draft", "--reopen").code
    assert ["Where is it?", "Too late?"] == texts(store, one)
    assert [] == [*drafts.directory.iterdir()]


def test_somebody_wrote_meanwhile(store: Run, conversation: Make, editor: Write) -> None:
    """A reply answers what its author saw: it is refused, what is new is shown, and the draft then answers that."""
    one = conversation()
    editor("Still looking", meanwhile("chat", "send", "--user", "u-1", "--conversation", one, "Found it"))
    seen = run_on_terminal(["chat", "reply", one], columns=400)

    assert (6, True) == (seen.code, "somebody wrote after what you saw. 1 new: user u-1: 'Found it'" in seen.screen)
    assert [(one, "somebody wrote meanwhile", "Still looking")] == [
        (each["conversation_id"], each["reason"], each["text"]) for each in listed(store)
    ]
    store("chat", "send", "--user", "u-1", "--conversation", one, "Really")
    again = store("chat", "reply", one, "--draft")
    assert (6, True) == (again.code, "1 new: user u-1: 'Really'" in again.err)
    assert 0 == store("chat", "reply", one, "--draft").code
    assert ["Where is it?", "Found it", "Really", "Still looking"] == texts(store, one)


def test_the_way_on_names_the_store(conversation: Make, editor: Write, home: Path) -> None:
    """The line that is told leads to the same store, as the same person, and does what was asked for."""
    one = conversation()
    editor("Too late?", meanwhile("chat", "close", one))
    url = f"sqlite:///{home}/store.db"
    seen = run_on_terminal(["chat", "reply", one, "--close", "--store", url, "--as", "o'neill"], columns=400)
    line = seen.screen.partition("Go on with it: commercive ")[2].partition("\r\n")[0]

    assert ["--store", url, "--as", "o'neill", "chat", "reply", one, "--draft", "--reopen", "--close"] == shlex.split(
        line
    )


@pytest.mark.parametrize(
    ("typed", "code", "sent", "left"),
    [
        ("\n", 0, ["Now: kept"], 0),
        ("y\n", 0, ["Now: kept"], 0),
        ("n\n", 0, ["Now: "], 1),
        ("delete\n", 0, ["Now: "], 0),
        ("maybe\n", 2, [], 1),
        ("\x04", 2, [], 1),
    ],
)
def test_the_next_reply_offers_it(
    store: Run,
    conversation: Make,
    editor: Write,
    drafts: Drafts,
    typed: str,
    code: int,
    sent: list[str],
    left: int,
) -> None:
    """On a terminal, `chat reply ID` asks: go on with it in the editor, leave it for later, or delete it."""
    one = conversation()
    drafts.new(one, "admin-1", None, "kept").note(reason="the conversation is closed")
    editor("Now: ")
    seen = run_on_terminal(["chat", "reply", one], typed, columns=200)

    assert (code, left) == (seen.code, len(drafts.of(one)))
    assert "was not sent: the conversation is closed" in seen.screen
    assert ["Where is it?", *(text.strip() for text in sent)] == texts(store, one)


def test_a_draft_is_edited_on_a_terminal(store: Run, conversation: Make, editor: Write, drafts: Drafts) -> None:
    """--draft asks nothing; what is quoted below, and checked, is what is the last message by now."""
    one = conversation()
    drafts.new(one, "admin-1", None, "the rest").note(if_last="older")
    editor("First, ")

    assert 0 == run_on_terminal(["chat", "reply", one, "--draft"]).code
    assert "First, the rest" == texts(store, one)[-1]


@pytest.mark.parametrize("text", ["kept", None])
def test_an_editor_that_saves_nothing_sends_nothing(
    store: Run, conversation: Make, editor: Write, drafts: Drafts, text: str | None
) -> None:
    """Quitting without saving sends nothing, and a draft stays as it was."""
    one = conversation()
    if text:
        drafts.new(one, "admin-1", None, text)
    editor(None)
    seen = run_on_terminal(["chat", "reply", one, "--yes"], columns=200)

    assert (2, True) == (seen.code, "no text was saved in the editor" in seen.screen)
    assert [text] * bool(text) == [each["text"] for each in listed(store)]
    assert ["Where is it?"] == texts(store, one)


@pytest.mark.parametrize(
    ("then", "code", "told"),
    [
        ("sys.exit(1)", 2, "failed with exit code 1; nothing was sent"),
        ("os.kill(os.getpid(), signal.SIGHUP)", 2, "nothing was sent"),
        ("os.killpg(0, signal.SIGINT)", 2, "nothing was sent"),
        ("file.write_text(file.read_text().partition('-----')[0])", 2, "the cut-off line is gone"),
        ("file.write_bytes(b'caf\\xe9')", 2, "is not UTF-8 text; convert it to UTF-8"),
    ],
)
def test_an_editor_that_fails_sends_nothing(
    store: Run, conversation: Make, editor: Write, drafts: Drafts, then: str, code: int, told: str
) -> None:
    """It fails, hangs up, is interrupted, or leaves what cannot be cut: nothing is sent, what it saved is kept."""
    one = conversation()
    editor("Half", then)
    seen = run_on_terminal(["chat", "reply", one], columns=400)

    assert (code, True) == (seen.code, told in seen.screen), seen.screen
    assert ["Where is it?"] == texts(store, one)
    (draft,) = drafts.of(one)
    assert f"Your text is in {draft.path}" in seen.screen
    assert draft.path.read_bytes()[:3] in (b"Hal", b"caf")


@pytest.mark.parametrize("then", ["sys.exit(1)", "file.write_text('')", "file.unlink()"])
def test_an_empty_file_leaves_nothing(store: Run, conversation: Make, editor: Write, drafts: Drafts, then: str) -> None:
    """Where nothing was written, nothing is kept; a draft from before stays."""
    one = conversation()
    editor(None, then)
    assert 2 == run_on_terminal(["chat", "reply", one]).code
    assert [] == [*drafts.directory.iterdir()]
    drafts.new(one, "admin-1", None, "from before")
    assert 2 == run_on_terminal(["chat", "reply", one, "--draft"]).code

    assert ["from before"] == [each["text"] for each in listed(store)]
    assert ["Where is it?"] == texts(store, one)


def test_a_thread_never_goes_out(store: Run, conversation: Make, editor: Write) -> None:
    """Where the line is gone, the draft is sent only after it was on a terminal, with a line of its own."""
    one = conversation()
    editor("Mine", f"file.write_text(file.read_text().replace({SCISSORS!r}, '').replace('Save', 'save'))")
    run_on_terminal(["chat", "reply", one])
    refused = store("chat", "reply", one, "--draft")

    assert (2, True) == (refused.code, "the cut-off line is gone" in refused.err)
    assert ["Where is it?"] == texts(store, one)


@pytest.mark.parametrize(
    ("command", "code"),
    [("no-such-editor", 78), ("no-such-editor --wait", 78), ("'/etc/passwd' -w", 78), ("exit 3;", 2)],
)
def test_an_editor_that_cannot_be_started(
    store: Run, conversation: Make, monkeypatch: pytest.MonkeyPatch, command: str, code: int
) -> None:
    """The name of an editor that is not there is told, with what to set and how to do without."""
    one = conversation()
    monkeypatch.setenv("EDITOR", command)
    ran = store("chat", "reply", one, "--editor")

    assert code == ran.code
    assert ("set VISUAL or EDITOR, or pass TEXT, - or -F FILE" in ran.err) == (code == 78)
    assert ([], ["Where is it?"]) == (listed(store), texts(store, one))


def test_editors_are_named_as_for_git(
    store: Run, conversation: Make, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quotes, variables and options in VISUAL and EDITOR mean what they mean to a shell; VISUAL goes first."""
    one = conversation()
    script = home / "my editor.sh"
    script.write_text('printf "%s" "$1" | cat - "$2" > "$2.new" && mv "$2.new" "$2"\n')
    monkeypatch.setenv("EDITOR", "false")
    monkeypatch.setenv("MINE", str(script))
    monkeypatch.setenv("VISUAL", 'sh "$MINE" "from a shell"')

    assert 0 == store("chat", "reply", one, "--editor").code
    assert "from a shell" == texts(store, one)[-1]


def test_a_killed_program_leaves_a_draft(store: Run, conversation: Make, editor: Write) -> None:
    """Whatever the editor has saved is there when program and terminal are gone; the next reply offers it."""
    one = conversation()
    editor("Unfinished", "os.killpg(0, signal.SIGKILL)")

    assert -signal.SIGKILL == run_on_terminal(["chat", "reply", one]).code
    assert ["Unfinished"] == [each["text"] for each in listed(store)]
    editor("No longer ")
    assert 0 == run_on_terminal(["chat", "reply", one], "y\n").code
    assert "No longer Unfinished" == texts(store, one)[-1]


def test_what_was_sent_is_not_sent_again(store: Run, conversation: Make, drafts: Drafts) -> None:
    """When the answer to a reply was lost, its draft finds that it came through, and ends."""
    one = conversation()
    draft = drafts.new(one, "admin-1", None, "Once")
    first = store("chat", "reply", one, "Once", "--key", draft.record.key, "-o", "json")
    store("chat", "close", one)
    again = store("chat", "reply", one, "--draft", "-o", "json")

    assert (0, first.json) == (again.code, again.json)
    assert "this text was sent before; it is not sent again" in again.err
    assert (["Where is it?", "Once"], []) == (texts(store, one), listed(store))


def test_what_was_changed_since_it_was_sent_is_another_text(store: Run, conversation: Make, drafts: Drafts) -> None:
    """The user is told that the earlier form came through, and the new one goes under a key of its own."""
    one = conversation()
    draft = drafts.new(one, "admin-1", None, "Once")
    store("chat", "reply", one, "Once", "--key", draft.record.key)
    draft.write("Once, and this")
    again = store("chat", "reply", one, "--draft")

    assert (0, True) == (again.code, "an earlier form of this text was sent" in again.err)
    assert ["Where is it?", "Once", "Once, and this"] == texts(store, one)


def test_what_may_have_been_sent_long_ago_is_looked_at_first(
    store: Run, conversation: Make, drafts: Drafts, editor: Write
) -> None:
    """Keys are remembered for 7 days; after that, only the editor, which shows the thread, sends what was tried."""
    one = conversation()
    draft = drafts.new(one, "admin-1", None, "Once")
    draft.note(tried_at=system_clock() - 8 * 86_400_000)
    refused = store("chat", "reply", one, "--draft")
    editor("")

    assert (6, True) == (refused.code, "this text of 8d ago may have been sent" in refused.err)
    assert 0 == run_on_terminal(["chat", "reply", one, "--draft"]).code
    assert ["Where is it?", "Once"] == texts(store, one)


def test_a_refusal_is_no_doubt(store: Run, conversation: Make, drafts: Drafts) -> None:
    """A text that the store refused was not sent."""
    one = conversation()
    store("chat", "close", one)
    store("chat", "reply", one, "-", stdin="refused")

    assert [0] == [each.record.tried_at for each in drafts.of(one)]


def test_a_draft_keeps_its_key(store: Run, conversation: Make, drafts: Drafts) -> None:
    """Each try of one text has the same key, so that two programs which try it at once send it once."""
    one = conversation()
    store("chat", "close", one)
    store("chat", "reply", one, "-", stdin="Hello")
    (draft,) = drafts.of(one)
    store("chat", "reply", one, "--draft")

    assert [draft.record.key] == [each.record.key for each in drafts.of(one)]
    assert 0 == store("chat", "reply", one, "--draft", "--reopen").code
    repeated = store("chat", "reply", one, "Other", "--key", draft.record.key)
    assert (6, True) == (repeated.code, "was used for another request" in repeated.err)


@pytest.mark.parametrize("source", [("-",), ("-F", "-")])
def test_a_text_from_stdin_is_kept(store: Run, conversation: Make, source: tuple[str, ...]) -> None:
    """What came through a pipe exists nowhere else."""
    one = conversation()
    store("chat", "close", one)
    refused = store("chat", "reply", one, *source, stdin="From a pipe\r\n")

    assert (6, 3) == (refused.code, refused.err.count("\n"))
    assert ["From a pipe"] == [each["text"] for each in listed(store)]
    assert 1 == store("chat", "reply", one, *source, "-o", "json", stdin="Another").err.count("\n")
    assert ["Another", "From a pipe"] == [each["text"] for each in listed(store)]
    assert "Another" == read_rows(store("chat", "drafts", "-o", "csv").out)[1][3]


def test_what_exists_elsewhere_is_not_kept(store: Run, conversation: Make, home: Path) -> None:
    """Scripts that pass a text or a file leave no files behind; a text typed on a terminal is kept."""
    one = conversation()
    store("chat", "close", one)
    (home / "a.txt").write_text("a")
    store("chat", "reply", one, "-F", str(home / "a.txt"))
    store("chat", "reply", one, "from a script")
    assert [] == listed(store)
    run_on_terminal(["chat", "reply", one, "typed"])

    assert ["typed"] == [each["text"] for each in listed(store)]


def test_bytes_of_another_encoding_are_kept(conversation: Make, drafts: Drafts) -> None:
    """What the locale cannot hold is refused with its cause, and lies in the draft as it was typed."""
    one = conversation()
    seen = run_on_terminal(["chat", "reply", one, os.fsdecode(b"caf\xe9")], columns=400)
    (draft,) = drafts.of(one)

    assert (2, b"caf\xe9") == (seen.code, draft.path.read_bytes())
    assert "set LC_ALL" in seen.screen
    assert f"Your text is in {draft.path}" in seen.screen


def test_an_outage_keeps_it(store: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 75, and the text is there for when the store is."""
    monkeypatch.setenv("COMMERCIVE_STORE", "dynamodb://us-east-1?endpoint=http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    ran = store("chat", "reply", "some-id", "-", stdin="Hello")
    (draft,) = listed(store)

    assert (75, "Hello", "some-id") == (ran.code, draft["text"], draft["conversation_id"])
    assert "Go on with it: commercive chat reply some-id --draft" in ran.err
    assert json.loads(Path(draft["path"]).with_suffix(".json").read_text())["tried_at"] > 0
    again = store("chat", "reply", "some-id", "--draft")
    assert (75, True) == (again.code, "Go on with it: commercive chat reply some-id --draft" in again.err)
    monkeypatch.setenv("COMMERCIVE_STORE", "dynamodb://us-east-1?endpoint=http://127.0.0.1:2")
    assert [] == listed(store)


@pytest.mark.usefixtures("home")
def test_ctrl_c_keeps_it() -> None:
    """A store that does not answer can be given up; whether the reply came through is found out later."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"dynamodb://us-east-1?endpoint=http://127.0.0.1:{silent.getsockname()[1]}"
        environ = environment(COMMERCIVE_STORE=url, AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
        line = [*PROGRAM, "chat", "reply", new_id(system_clock()), "-"]
        with started(line, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environ) as program:
            assert program.stdin
            assert program.stderr
            program.stdin.write(b"Hello")
            program.stdin.close()
            connection, _ = silent.accept()
            program.send_signal(signal.SIGINT)
            told = program.stderr.readline()
            program.send_signal(signal.SIGINT)
            told += program.stderr.read()
            connection.close()

    assert (130, True) == (program.returncode, b"Go on with it: " in told), told


def test_a_dry_run_keeps_it(store: Run, conversation: Make, editor: Write) -> None:
    """What was written for a dry run can be sent afterwards."""
    one = conversation()
    editor("Rehearsed")
    ran = run_on_terminal(["chat", "reply", one, "--dry-run"], columns=400)

    assert (0, True) == (ran.code, "Go on with it: commercive chat reply" in ran.screen)
    assert ["Where is it?"] == texts(store, one)
    assert 0 == store("chat", "reply", one, "--draft").code
    assert ["Where is it?", "Rehearsed"] == texts(store, one)


def test_a_dry_run_of_a_text_from_the_line_leaves_nothing(conversation: Make) -> None:
    """The text is in the shell's history; a draft would be offered, and sent twice, after the real reply."""
    one = conversation()
    ran = run_on_terminal(["chat", "reply", one, "Rehearsed", "--dry-run"], columns=400)

    assert (0, False) == (ran.code, "Go on with it" in ran.screen)
    assert "There are no drafts." in run_on_terminal(["chat", "drafts"]).screen


def test_where_nothing_can_be_kept_the_text_is_told(
    store: Run, conversation: Make, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a place for drafts a text is sent all the same, or stands whole on stderr; no editor opens."""
    (home / "full").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "full"))
    monkeypatch.setenv("EDITOR", "false")
    one = conversation()
    assert 0 == store("chat", "reply", one, "-", stdin="one").code
    assert "exit code" not in store("chat", "reply", one, "--editor").err
    store("chat", "close", one)
    refused = store("chat", "reply", one, "-", stdin="two\nPassword: opensesame\x1b")

    assert (6, True) == (refused.code, refused.err.endswith("kept nowhere:\n  two\n  Password: opensesame\\x1b\n"))
    assert ["Where is it?", "one"] == texts(store, one)


def test_there_must_be_a_draft(store: Run, conversation: Make) -> None:
    """--draft without one says where to look."""
    ran = store("chat", "reply", conversation(), "--draft")

    assert (5, True) == (ran.code, "see `commercive chat drafts`" in ran.err)


def test_a_draft_in_another_terminal_is_left_alone(
    store: Run, conversation: Make, editor: Write, drafts: Drafts
) -> None:
    """An editor elsewhere has it: it is neither offered nor sent; once its program has ended, it is."""
    one = conversation()
    draft = drafts.new(one, "admin-1", None, "elsewhere")
    draft.note(process=os.getppid())
    editor("mine")

    assert (6, True) == (store("chat", "reply", one, "--draft").code, drafts.of(one)[0].is_open_elsewhere)
    assert 0 == run_on_terminal(["chat", "reply", one]).code
    assert ["Where is it?", "mine"] == texts(store, one)
    draft.note(process=2**22 + 1)
    assert 0 == store("chat", "reply", one, "--draft").code


@pytest.mark.parametrize("record", [None, b"{", b'{"key": 5}', b"\xff"])
def test_a_lost_record_hides_no_text(store: Run, conversation: Make, drafts: Drafts, record: bytes | None) -> None:
    """The text alone is enough: it is listed, and can be sent."""
    one = conversation()
    path = drafts.new(one, "admin-1", None, "text").path
    path.with_suffix(".json").unlink() if record is None else path.with_suffix(".json").write_bytes(record)

    assert [(one, "text")] == [(each["conversation_id"], each["text"]) for each in listed(store)]
    assert 0 == store("chat", "reply", one, "--draft").code
    assert "text" == texts(store, one)[-1]


@pytest.mark.parametrize("name", ["../../x", "a/b", "..", "é" * 128, "x.2", "con\nversation"])
def test_any_id_has_a_file(drafts: Drafts, name: str) -> None:
    """Ids of others may be anything; their drafts lie in the directory, under names of their own."""
    first, second = drafts.new(name, "a", None, "one"), drafts.new(name, "a", None, "two")

    assert {drafts.directory} == {first.path.parent, second.path.parent}
    assert ["one", "two"] == sorted(draft.text for draft in drafts.of(name))


def test_a_draft_that_cannot_be_read_is_listed(store: Run, drafts: Drafts) -> None:
    """Its file is named, so that its owner can look at it."""
    draft: Draft = drafts.new("one", "a", None, "text")
    draft.path.write_bytes(b"caf\xe9")

    assert [(str(draft.path), None)] == [(each["path"], each.get("text")) for each in listed(store)]
