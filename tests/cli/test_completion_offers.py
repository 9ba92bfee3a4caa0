"""What a Tab offers: ids with previews from the store and from what was shown here, names, options, files."""

import os
import select
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.cli import quick_look_ups
from commercive_cli.cli.completers import OFFERED
from commercive_cli.cli.known_ids import Known, KnownIds
from commercive_cli.settings.resolve import ids_path
from commercive_cli.settings.store_url import parse_store_url
from tests.cli.conftest import Run
from tests.cli.process import PROGRAM, ROOT, done, environment, watch

TRIES = 300
SEEN = "01234567-89ab-7def-8123-456789abcde0"
OTHER = "01234567-89ab-7def-8123-00000000beef"
HOSTILE = "$(touch ran)`touch ran`\n\x1b[31m';touch ran;' \t\\\"; touch ran; #"


def asked(line: str, shell: str = "zsh", **more: Any) -> list[tuple[str, str]]:
    """Return the words and previews that are offered at the end of a line; nothing may be said beside them."""
    variables = {name: more.pop(name) for name in list(more) if name.isupper()}
    ran = done([*PROGRAM, f"commercive {line}"], env=environment(_COMMERCIVE_COMPLETE=shell, **variables), **more)

    assert (0, b"") == (ran.code, ran.err)
    kind, *offers = ran.out.decode().splitlines()
    assert kind in ("words", "files")
    return [(word, preview) for word, _, preview in (offer.partition("\t") for offer in offers)] or [(kind, "")]


def found(line: str, **more: Any) -> list[tuple[str, str]]:
    """Return what is offered as soon as the store was quick enough, or a look-up before was, whose answer is kept."""
    for _ in range(TRIES):
        offers = asked(line, **more)
        if offers != [("words", "")]:
            return offers
    pytest.fail(f"nothing was offered in {TRIES} tries")


def conversation(store: Run, user: str, text: str) -> str:
    sent = store("chat", "send", "--user", user, "--store-url", f"{user}.myshopify.com", text, "-o", "json")
    return str(sent.json["conversation_id"])


def remembered(store: str, known: dict[str, Known]) -> None:
    KnownIds(ids_path(parse_store_url(store, "a test", Path("store.db")))).remember(known)


@pytest.fixture
def remember(home: Path) -> Any:
    """Return what makes ids known as ids that were shown of a store."""
    del home
    return remembered


def test_those_who_wait_are_offered_first(store: Run) -> None:
    """`chat reply` offers the queue in its order, then the other open ones, with who, how long and what they want."""
    first, second, answered = (conversation(store, user, f"Text of {user}") for user in ("ann", "ben", "cem"))
    store("chat", "reply", answered, "Answer")
    closed = conversation(store, "dan", "Bye")
    store("chat", "close", closed)

    offers = found("chat reply ")
    assert [first[-8:], second[-8:], answered[-8:]] == [word for word, _ in offers]
    assert [("ann, waiting ", ": Text of ann"), ("ben, waiting ", ": Text of ben")] == [
        (preview[:13], preview[-13:]) for _, preview in offers[:2]
    ]
    assert "cem, open: Answer" == offers[2][1]


def test_each_command_offers_what_it_is_for(store: Run, home: Path) -> None:
    """`reopen` offers closed ones, `close` open ones; `approve` offers pending leads, `reset` any; codes."""
    opened, closed = conversation(store, "ann", "Hello"), conversation(store, "ben", "Bye")
    store("chat", "close", closed)
    code = store("affiliates", "create-link", "aff-1", "--email", "a@example.com", "-o", "json").json["link_id"]
    form = ("--name", "Ann Lee", "--email", "ann@example.com")
    lead = store("leads", "submit", "--link", code, *form, "-o", "json").json["lead_id"]

    def looked_up(line: str) -> list[tuple[str, str]]:
        return found(line, XDG_CACHE_HOME=str(home / line))  # each with a cache of its own, where nothing was shown

    assert [closed[-8:]] == [word for word, _ in looked_up("chat reopen ")]
    assert [opened[-8:]] == [word for word, _ in looked_up("chat close ")]
    assert [(lead[-8:], "Ann Lee, pending")] == looked_up("leads approve ")
    assert [(lead[-8:], "Ann Lee, pending")] == looked_up("leads reset ")
    assert [(code, "aff-1")] == looked_up("leads list --link ")
    assert [(code, "aff-1")] == looked_up("affiliates resolve-link ")
    assert [("aff-1", "1 lead, 1 pending")] == looked_up("leads list --affiliate ")


def test_a_command_takes_what_was_offered(store: Run) -> None:
    """A short id that a Tab inserted counts as shown here: no question, also in a command that writes."""
    one = conversation(store, "ann", "Hello")
    (word, _), *_ = found("chat reply ")

    assert 0 == store("chat", "reply", word, "Answer").code
    assert [one] == store("chat", "list", "-o", "ids").ids


def test_what_was_shown_is_offered_without_a_store(home: Path, remember: Any) -> None:
    """The ids shown last come first, those in the command's state before others; of its kind alone; whole ids, too."""
    remember(
        f"sqlite:///{home}/store.db",
        {
            SEEN: Known("conversation", "kobe-tea, open: Hi"),
            OTHER: Known("conversation", "bergrad, closed: Bye"),
            "lead-1": Known("lead", "Ann, pending"),
        },
    )

    assert [("0000beef", "bergrad, closed: Bye"), ("9abcde0", "kobe-tea, open: Hi")] == [
        (word[-8:] if word[0] == "0" else word[1:], preview) for word, preview in asked("chat show ")
    ]
    assert "kobe-tea, open: Hi" == asked("chat reply ")[0][1]
    assert [SEEN, OTHER] == [word for word, _ in asked("chat reply 0123")]
    assert [("lead-1", "Ann, pending")] == asked("leads show le")


def test_a_list_of_offers_ends(home: Path, remember: Any) -> None:
    """A shell lists one screen of ids; a few characters more find the others."""
    known = {f"id-{number:03}": Known("lead", "") for number in range(OFFERED + 10)}
    remember(f"sqlite:///{home}/store.db", known)

    assert OFFERED == len(asked("leads show "))
    assert [("id-000", "")] == asked("leads show id-000")


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("api call chat/rep", {"chat/reply"}),
        ("api call affiliate/submit-lead lead_data.na", {"lead_data.name="}),
        ("api call chat/close as", {"as_of="}),
        ("chat list --stat", {"--status"}),
        ("chat list --prof", {"--profile"}),
        ("chat list -o json --status cl", {"closed"}),
        ("chat list --json --sort w", {"waiting"}),
        ("chat list -o csv -o js", {"json", "jsonl"}),
        ("chat list --status=cl", {"--status=closed"}),
        ("--time r", {"relative"}),
        ("chat show --time=r", {"--time=relative"}),
        ("tables describe conv", {"conversations"}),
        ("completion in", {"install"}),
        ("'chat' rep", {"reply", "report"}),
        ("chat 're", {"release", "reply", "reopen", "report"}),
        ("chat reply ID te", {"words"}),
        ("chat reply ID -- --te", {"words"}),
        ("--version ch", {"chat"}),
        ("api call nothing ", {"words"}),
        ("--profile ", {"words"}),
        ("x' \"", {"words"}),
        ("chat reply ID -F ", {"files"}),
        ("chat list --access-log ", {"files"}),
        ("tables import ", {"files"}),
        ("leads decide ", {"files"}),
        ("leads approve ID --commission st", {"standard"}),
    ],
)
def test_words_are_offered_where_they_stand(home: Path, line: str, offers: set[str]) -> None:
    """Names, choices and options of all commands, before and behind the command; file names only where they belong."""
    (home / "config.toml").write_text("[commission]\nmin = 5\nstandard = 25.50\n")

    assert offers == {word for word, _ in asked(line)}


def test_bash_gets_words_as_it_splits_them(home: Path) -> None:
    """Bash splits at `=`, so the part behind it is offered; help of commands and options stands in no column."""
    del home

    assert [("closed", "")] == asked("chat list --status=cl", "bash")
    assert [("reply", "")] == asked("chat repl", "bash")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_customers_wrote_is_inert(shell: str, store: Run, home: Path) -> None:
    """No shell runs, splits or obeys a preview, whatever stands in it."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    conversation(store, "ann", HOSTILE)
    conversation(store, "ben", HOSTILE)
    found("chat reply ")
    ask = {
        "bash": "source {0}.bash; COMP_LINE='commercive chat reply '; COMP_POINT=${{#COMP_LINE}}; COMP_TYPE=63;"
        " COLUMNS=200; _commercive_completion commercive; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        "zsh": 'COLUMNS=200; compdef() {{ }}; source {0}; words=(commercive chat reply ""); CURRENT=4; PREFIX="";'
        " compadd() {{ print -rl -- $shown }}; _commercive_completion",
        "fish": "source {0}.fish; complete -C 'commercive chat reply '",
    }[shell]
    script = ROOT / "completions" / ("_commercive" if shell == "zsh" else "commercive")
    program = home / "commercive"
    program.write_text(f'#!/bin/sh\nexec {PROGRAM[0]} -m commercive_cli "$@"\n')
    program.chmod(0o755)
    path = f"{home}:{os.environ['PATH']}"
    ran = done(
        [shell, *(["-f"] if shell == "zsh" else []), "-c", ask.format(script)],
        cwd=home,
        env=environment(PATH=path, COLUMNS="200"),
    )

    lines = ran.out.decode().splitlines()
    assert 2 == len(lines)
    assert all(
        r"waiting" in line and r"$(touch ran)`touch ran`" in line and r"\x1b[31m';touch" in line for line in lines
    )
    assert not (home / "ran").exists()


def test_previews_fit_the_terminal(store: Run) -> None:
    """A preview is cut to the columns that the shell names, wide characters counted as two."""
    conversation(store, "kobe-tea", "追跡番号を教えてください" * 5)
    (word, preview), *_ = found("chat reply ", COLUMNS="40")

    assert preview.endswith("…")
    assert len(word) + len(preview) < 40
    assert (word, "") not in asked("chat reply ", COLUMNS="no number")


@pytest.mark.parametrize(
    "broken",
    [
        {"COMMERCIVE_STORE": "nonsense://"},
        {"COMMERCIVE_STORE": "sqlite:////nowhere/store.db"},
        {"COMMERCIVE_PROFILE": "none"},
        {"COMMERCIVE_CONFIG": "/dev/null/config.toml"},
        {"XDG_CACHE_HOME": "/dev/null"},
        {"COMMERCIVE_STORE": "dynamodb://eu-west-1?endpoint=http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": ""},
    ],
    ids=str,
)
def test_a_failure_is_no_offer(home: Path, broken: dict[str, str]) -> None:
    """Wrong settings, no store, no cache: nothing is offered, nothing is said, and the exit code is 0."""
    del home

    assert [("words", "")] == asked("chat reply ", **broken)
    assert [("words", "")] == asked("leads list --link ", **broken)


@pytest.mark.parametrize("request_of", ["complete_zsh", "nonsense", ""])
def test_scripts_of_other_versions_get_words_they_cannot_run(home: Path, request_of: str) -> None:
    """A script that evaluates its answer, as earlier ones did, gets no text of customers from a request it makes."""
    del home
    ran = done(PROGRAM, env=environment(_COMMERCIVE_COMPLETE=request_of, _TYPER_COMPLETE_ARGS="commercive chat re"))

    assert (0, b"words\n", b"") == (ran.code, ran.out, ran.err)


@pytest.fixture
def silent_endpoint() -> Iterator[str]:
    """Yield the URL of a server that takes requests and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.usefixtures("home")
def test_a_silent_store_holds_nobody_up(silent_endpoint: str, remember: Any) -> None:
    """The answer is there, from what was shown here, while the look-up still waits; soon it is given up."""
    store = f"dynamodb://eu-west-1?endpoint={silent_endpoint}"
    remember(store, {SEEN: Known("conversation", "kobe-tea, open: Hi")})
    look_up, ours = os.pipe()
    os.set_blocking(look_up, False)
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "COMMERCIVE_STORE": store}
    offers = asked("chat reply ", pass_fds=(ours,), **keys)
    os.close(ours)

    assert [(SEEN[-8:], "kobe-tea, open: Hi")] == offers
    with pytest.raises(BlockingIOError):
        os.read(look_up, 1)
    os.set_blocking(look_up, True)
    assert b"" == os.read(look_up, 1)  # the process has ended
    os.close(look_up)


def test_a_look_up_is_given_up(tmp_path: Path) -> None:
    """A look-up that never ends holds the shell up for a moment, and its process ends by itself."""
    look_up, ours = os.pipe()
    endless = (
        "import pathlib, signal; from commercive_cli.cli import known_ids, quick_look_ups as q;"
        " print(q.looked_up(known_ids.KnownIds(pathlib.Path('ids.json')), signal.pause))"
    )
    ran = done([PROGRAM[0], "-c", endless], cwd=tmp_path, pass_fds=(ours,))
    os.close(ours)

    assert (b"{}\n", b"") == (ran.out, ran.err)
    assert [look_up] == select.select([look_up], [], [], 30)[0]
    assert b"" == os.read(look_up, 1)
    os.close(look_up)


def test_impatient_tabs_ask_once(tmp_path: Path) -> None:
    """While one look-up for a listing goes on, another Tab starts none, and gets what was found last at once."""
    found, asked = KnownIds(tmp_path / "ids.json"), tmp_path / "asked"

    def look() -> dict[str, Known]:
        asked.touch()
        return {SEEN: Known("conversation", "ann, open: Hi")}

    with found.only_reader() as first:
        assert (True, {}) == (first, quick_look_ups.looked_up(found, look, 30))
        assert not asked.exists()
    assert ([SEEN], True) == ([*quick_look_ups.looked_up(found, look, 30)], asked.exists())


def test_what_was_found_last_is_offered_for_a_while(home: Path) -> None:
    """While the store does not answer, the queue is that of the last look-up, for ten minutes."""
    store = parse_store_url(f"sqlite:///{home}/store.db", "a test", Path("store.db"))
    (home / "store.db").write_text("no database")
    KnownIds(ids_path(store)).of_listing("waiting").replace({SEEN: Known("conversation", "ann, open: Hi", 1)})
    (listing,) = (home / "cache").rglob("*-waiting.json")
    (word, preview), *others = asked("chat reply ")
    KnownIds(ids_path(store)).forget()
    KnownIds(ids_path(store)).of_listing("waiting").replace({SEEN: Known("conversation", "ann, open: Hi", 1)})
    os.utime(listing, (0, 0))

    assert (SEEN[-8:], True, []) == (word, preview.startswith("ann, waiting "), others)
    assert [("words", "")] == asked("chat reply ")


def test_ids_that_a_terminal_would_obey_are_not_offered(home: Path, remember: Any) -> None:
    """Whoever else wrote an id, no shell inserts control characters or line breaks from it."""
    remember(f"sqlite:///{home}/store.db", {"a\x1b[31m": Known("lead", ""), "a\nb": Known("lead", "")})

    assert [("words", "")] == asked("leads show ")


def test_dynamodb_is_asked_in_the_same_way(run: Run, real_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the real server, too: what comes too late for one Tab is there at the next."""
    monkeypatch.setenv("COMMERCIVE_STORE", f"dynamodb://eu-west-1?endpoint={real_endpoint}&prefix=tab_")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert 0 == run("tables", "create").code
    one = conversation(run, "ann", "Hello")

    assert one[-8:] == found("chat reply ")[0][0]


def test_a_tab_reads_nothing_that_must_be_logged(store: Run, home: Path) -> None:
    """Where an access log says who read what, a Tab offers what was shown here and looks nothing up."""
    conversation(store, "ann", "Hello")

    assert [("words", "")] == asked("chat reply ", COMMERCIVE_ACCESS_LOG=str(home / "log"))
    assert [("words", "")] == asked(f"--access-log {home}/log chat reply ")
    assert not (home / "log").exists()


def test_an_erased_person_is_in_no_offer(store: Run, home: Path) -> None:
    """Words about a person who was erased are kept nowhere for a Tab."""
    conversation(store, "ann", "Hello")
    found("chat reply ")
    assert 0 == store("tables", "person", "ann", "--erase", "--yes").code

    assert [] == [each.name for each in (home / "cache").rglob("*.json") if "Hello" in each.read_text()]


def test_bash_inserts_and_lists_on_a_terminal(store: Run, home: Path) -> None:
    """In an interactive bash, two Tabs list ids with previews, and one inserts what is the only one."""
    first, second = conversation(store, "ann", "Hello there"), conversation(store, "ben", "Good day")
    found("chat reply ")
    program = home / "commercive"
    program.write_text(f'#!/bin/sh\nexec {PROGRAM[0]} -m commercive_cli "$@"\n')
    program.chmod(0o755)
    (home / "rc").write_text(
        f"PATH={home}:$PATH\nsource {ROOT}/completions/commercive.bash\nbind 'set bell-style none'\n"
    )
    typed = f"commercive chat reply \t\t{first[-8:-1]}\t\x01: \x05\rexit\r"
    with suppress(FileNotFoundError):
        seen = watch(["bash", "--noprofile", "--rcfile", str(home / "rc"), "-i"], typed, env=environment(COLUMNS="100"))

    assert f"{first[-8:]}  ann, waiting " in seen.screen
    assert f"{second[-8:]}  ben, waiting " in seen.screen
